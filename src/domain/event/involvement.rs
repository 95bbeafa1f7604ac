//! Which agencies deal with a child.

use super::coded::coded;
use crate::domain::id::AgencyId;

coded! {
    /// In what way an agency is involved.
    InvolvementKind {
        /// Pupil on roll.
        Enrolled = 1 => "enrolled",
        /// Registered patient.
        Registered = 2 => "registered",
        /// Police investigation.
        Investigation = 3 => "investigation",
        /// Receives a service.
        Service = 4 => "service",
    }
}

/// `involvement.started`: an agency became involved with a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvolvementStarted {
    /// The agency.
    pub agency: AgencyId,
    /// In what way.
    pub kind: InvolvementKind,
}

/// `involvement.ended`: an agency is no longer involved with a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvolvementEnded {
    /// The agency.
    pub agency: AgencyId,
    /// In what way.
    pub kind: InvolvementKind,
    /// Why.
    pub reason: String,
}

/// Which agencies deal with a child. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvolvementContent {
    /// `involvement.started`.
    InvolvementStarted(InvolvementStarted),
    /// `involvement.ended`.
    InvolvementEnded(InvolvementEnded),
}

impl InvolvementContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::InvolvementStarted(_) => "involvement.started",
            Self::InvolvementEnded(_) => "involvement.ended",
        }
    }
}
