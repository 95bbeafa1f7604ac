//! Looked after, missing.

use super::EntryRef;
use super::coded::coded;

coded! {
    /// On what basis a child is looked after.
    LegalBasis {
        /// By agreement, section 20.
        Section20 = 1 => "section_20",
        /// Interim care order.
        InterimCareOrder = 2 => "interim_care_order",
        /// Care order.
        CareOrder = 3 => "care_order",
        /// Emergency protection.
        EmergencyProtection = 4 => "emergency_protection",
        /// Police protection.
        PoliceProtection = 5 => "police_protection",
    }
}

/// `looked_after.started`: a child became looked after.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LookedAfterStarted {
    /// On what basis.
    pub basis: LegalBasis,
    /// The kind of placement.
    pub placement: String,
}

/// `looked_after.ended`: a child stopped being looked after.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LookedAfterEnded {
    /// Why.
    pub reason: String,
    /// Where the child went.
    pub destination: String,
}

/// `missing.reported`: a child was reported missing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MissingReported {
    /// From where: home, school, placement.
    pub from: String,
    /// Anything else.
    pub words: String,
}

/// `missing.returned`: a missing child came back.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MissingReturned {
    /// The report.
    pub report: Option<EntryRef>,
    /// Anything else.
    pub words: String,
}

/// Looked after, missing. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CareContent {
    /// `looked_after.started`.
    LookedAfterStarted(LookedAfterStarted),
    /// `looked_after.ended`.
    LookedAfterEnded(LookedAfterEnded),
    /// `missing.reported`.
    MissingReported(MissingReported),
    /// `missing.returned`.
    MissingReturned(MissingReturned),
}

impl CareContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::LookedAfterStarted(_) => "looked_after.started",
            Self::LookedAfterEnded(_) => "looked_after.ended",
            Self::MissingReported(_) => "missing.reported",
            Self::MissingReturned(_) => "missing.returned",
        }
    }
}
