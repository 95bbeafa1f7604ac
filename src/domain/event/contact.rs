//! Contact with the child and family.

use super::{Role, Tri};
use crate::domain::id::{PersonRef, StaffId};
use crate::domain::time::When;

/// Whether one child was seen on a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChild {
    /// The child.
    pub child: PersonRef,
    /// Whether seen.
    pub seen: Tri,
    /// Whether seen alone.
    pub alone: Tri,
    /// Whether the child declined to be seen or to speak.
    pub declined: Tri,
    /// The child's words.
    pub words: String,
}

/// `visit.made`: a practitioner visited.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VisitMade {
    /// Who visited.
    pub worker: Option<StaffId>,
    /// In which role.
    pub role: Role,
    /// Whether announced.
    pub announced: Tri,
    /// Where: home, school, other.
    pub place: String,
    /// Each child, and whether seen.
    pub seen: Vec<SeenChild>,
    /// Whether the child's bedroom was seen.
    pub bedroom_seen: Tri,
    /// What was observed.
    pub words: String,
}

/// `visit.no_access`: a visit did not get in.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VisitNoAccess {
    /// Who visited.
    pub worker: Option<StaffId>,
    /// No reply, refused, wrong address.
    pub reason: String,
    /// Attempts so far.
    pub attempts: Option<u32>,
    /// What will be done.
    pub next_step: String,
    /// By when.
    pub due: Option<When>,
}

/// `access_to_child.refused`: seeing the child was refused.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AccessToChildRefused {
    /// Who asked.
    pub asked_by: Option<StaffId>,
    /// Who refused.
    pub refused_by: Option<PersonRef>,
    /// The words used.
    pub words: String,
}

/// `worker.threatened`: a practitioner was threatened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct WorkerThreatened {
    /// Who.
    pub worker: Option<StaffId>,
    /// By whom.
    pub by: Option<PersonRef>,
    /// What happened.
    pub words: String,
}

/// `consent.refused`: consent was refused.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConsentRefused {
    /// By whom.
    pub by: Option<PersonRef>,
    /// For what.
    pub for_what: String,
    /// Whether overridden.
    pub overridden: Tri,
    /// On what basis.
    pub override_basis: String,
}

/// Contact with the child and family. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactContent {
    /// `visit.made`.
    VisitMade(VisitMade),
    /// `visit.no_access`.
    VisitNoAccess(VisitNoAccess),
    /// `access_to_child.refused`.
    AccessToChildRefused(AccessToChildRefused),
    /// `worker.threatened`.
    WorkerThreatened(WorkerThreatened),
    /// `consent.refused`.
    ConsentRefused(ConsentRefused),
}

impl ContactContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::VisitMade(_) => "visit.made",
            Self::VisitNoAccess(_) => "visit.no_access",
            Self::AccessToChildRefused(_) => "access_to_child.refused",
            Self::WorkerThreatened(_) => "worker.threatened",
            Self::ConsentRefused(_) => "consent.refused",
        }
    }
}
