//! Entries about the record itself.

use super::coded::coded;
use super::{CaseEvent, EntryRef};
use crate::domain::id::{AgencyId, CaseId, PersonRef, StaffId};

coded! {
    /// What kind of correction; not stated means new understanding.
    CorrectionKind {
        /// The entry did not say what was then known or done.
        RecordError = 1 => "record_error",
        /// The entry said truly what was then believed.
        NewUnderstanding = 2 => "new_understanding",
    }
}

coded! {
    /// Why an entry is taken back.
    RetractionReason {
        /// Entered twice.
        Duplicate = 1 => "duplicate",
        /// It never happened.
        NeverHappened = 2 => "never_happened",
        /// It was about another child.
        WrongChild = 3 => "wrong_child",
        /// It was about another case.
        WrongCase = 4 => "wrong_case",
    }
}

coded! {
    /// Who disputes an entry.
    DisputedBy {
        /// The person it is about.
        DataSubject = 1 => "data_subject",
        /// A practitioner.
        Practitioner = 2 => "practitioner",
        /// Another agency.
        Agency = 3 => "agency",
    }
}

/// `event.corrected`: an entry is corrected; the whole corrected event is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCorrected {
    /// The entry.
    pub target: EntryRef,
    /// Which kind of correction.
    pub kind: CorrectionKind,
    /// Why.
    pub reason: String,
    /// The corrected event.
    pub corrected: Box<CaseEvent>,
}

/// `event.retracted`: an entry is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRetracted {
    /// The entry.
    pub target: EntryRef,
    /// Why.
    pub reason: RetractionReason,
    /// In words.
    pub words: String,
}

/// `event.disputed`: an entry's content is disputed. Changes no computation, is always shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDisputed {
    /// The entry.
    pub target: EntryRef,
    /// Who disputes it.
    pub by: DisputedBy,
    /// What they say.
    pub words: String,
}

/// `matter.linked`: two entries tell of one happening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatterLinked {
    /// One entry.
    pub a: EntryRef,
    /// The other.
    pub b: EntryRef,
}

/// `matter.unlinked`: two entries do not tell of one happening after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatterUnlinked {
    /// One entry.
    pub a: EntryRef,
    /// The other.
    pub b: EntryRef,
}

/// `identity.linked`: a person of another record is a person of this case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityLinked {
    /// The person of this case.
    pub person: PersonRef,
    /// The other case.
    pub other_case: Option<CaseId>,
    /// The person's code there.
    pub other_person: String,
    /// The agency whose record it is.
    pub other_agency: Option<AgencyId>,
    /// How it was decided.
    pub method: String,
    /// Who decided.
    pub decided_by: Option<StaffId>,
}

/// `identity.unlinked`: a person of another record is not a person of this case after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityUnlinked {
    /// The person of this case.
    pub person: PersonRef,
    /// The other case.
    pub other_case: Option<CaseId>,
    /// The person's code there.
    pub other_person: String,
    /// The agency whose record it is.
    pub other_agency: Option<AgencyId>,
    /// Why.
    pub reason: String,
}

/// Entries about the record itself. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordContent {
    /// `event.corrected`.
    EventCorrected(EventCorrected),
    /// `event.retracted`.
    EventRetracted(EventRetracted),
    /// `event.disputed`.
    EventDisputed(EventDisputed),
    /// `matter.linked`.
    MatterLinked(MatterLinked),
    /// `matter.unlinked`.
    MatterUnlinked(MatterUnlinked),
    /// `identity.linked`.
    IdentityLinked(IdentityLinked),
    /// `identity.unlinked`.
    IdentityUnlinked(IdentityUnlinked),
}

impl RecordContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::EventCorrected(_) => "event.corrected",
            Self::EventRetracted(_) => "event.retracted",
            Self::EventDisputed(_) => "event.disputed",
            Self::MatterLinked(_) => "matter.linked",
            Self::MatterUnlinked(_) => "matter.unlinked",
            Self::IdentityLinked(_) => "identity.linked",
            Self::IdentityUnlinked(_) => "identity.unlinked",
        }
    }
}
