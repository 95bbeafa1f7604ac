//! Agencies and practitioners.

use super::coded::coded;
use super::{Role, Tri};
use crate::domain::id::{AgencyId, StaffId};

coded! {
    /// What an agency is; kinds are only columns.
    AgencyKind {
        /// Children's social care.
        ChildrenSocialCare = 1 => "children_social_care",
        /// Police.
        Police = 2 => "police",
        /// School or college.
        School = 3 => "school",
        /// Health.
        Health = 4 => "health",
        /// General practice.
        Gp = 5 => "gp",
        /// Cafcass.
        Cafcass = 6 => "cafcass",
        /// Court.
        Court = 7 => "court",
        /// Early help.
        EarlyHelp = 8 => "early_help",
        /// Probation.
        Probation = 9 => "probation",
        /// Housing.
        Housing = 10 => "housing",
        /// Voluntary organisation.
        Voluntary = 11 => "voluntary",
        /// Legal service.
        Legal = 12 => "legal",
        /// Any other.
        Other = 13 => "other",
    }
}

/// `agency.registered`: an agency takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyRegistered {
    /// The agency.
    pub agency: AgencyId,
    /// What it is.
    pub kind: AgencyKind,
    /// Its name.
    pub name: String,
    /// Whether it signs its statements.
    pub signs: Tri,
}

/// `practitioner.registered`: a practitioner gets a role code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PractitionerRegistered {
    /// The agency.
    pub agency: AgencyId,
    /// The agency's own id.
    pub staff: StaffId,
    /// The code shown, such as SW1.
    pub role_code: String,
    /// The usual role.
    pub role: Role,
}

/// Agencies and practitioners. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryContent {
    /// `agency.registered`.
    AgencyRegistered(AgencyRegistered),
    /// `practitioner.registered`.
    PractitionerRegistered(PractitionerRegistered),
}

impl RegistryContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::AgencyRegistered(_) => "agency.registered",
            Self::PractitionerRegistered(_) => "practitioner.registered",
        }
    }
}
