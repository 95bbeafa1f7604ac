//! Strategy discussions, section 47 enquiries, assessments.

use super::coded::coded;
use super::{Attendance, EntryRef, Tri, WordsRef};
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::domain::time::When;

coded! {
    /// How an enquiry ended.
    EnquiryOutcome {
        /// Substantiated, continuing risk.
        SubstantiatedRisk = 1 => "substantiated_risk",
        /// Substantiated, no continuing risk.
        SubstantiatedNoRisk = 2 => "substantiated_no_risk",
        /// Not substantiated.
        NotSubstantiated = 3 => "not_substantiated",
        /// Discontinued.
        Discontinued = 4 => "discontinued",
    }
}

coded! {
    /// Why an enquiry ended.
    EnquiryEndReason {
        /// Completed.
        Completed = 1 => "completed",
        /// The family did not cooperate.
        NonCooperation = 2 => "non_cooperation",
        /// The child did not repeat it.
        ChildDenied = 3 => "child_denied",
        /// No further evidence.
        NoEvidence = 4 => "no_evidence",
        /// The family moved.
        MovedAway = 5 => "moved_away",
        /// Any other.
        Other = 6 => "other",
    }
}

coded! {
    /// Which assessment.
    AssessmentKind {
        /// Child and family assessment.
        Single = 1 => "single",
        /// Initial assessment.
        Initial = 2 => "initial",
        /// Core assessment.
        Core = 3 => "core",
        /// Pre-birth assessment.
        PreBirth = 4 => "pre_birth",
        /// Risk assessment.
        Risk = 5 => "risk",
        /// Parenting assessment.
        Parenting = 6 => "parenting",
        /// Expert assessment.
        Expert = 7 => "expert",
        /// Early help assessment.
        EarlyHelp = 8 => "early_help",
    }
}

coded! {
    /// What an assessment led to.
    AssessmentOutcome {
        /// No further action.
        NoFurtherAction = 1 => "no_further_action",
        /// Child in need plan.
        ChildInNeed = 2 => "child_in_need",
        /// Child protection.
        ChildProtection = 3 => "child_protection",
        /// Early help.
        EarlyHelp = 4 => "early_help",
        /// Court proceedings.
        Court = 5 => "court",
        /// Any other.
        Other = 6 => "other",
    }
}

/// What an agency brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyInformation {
    /// The agency.
    pub agency: AgencyId,
    /// The entries.
    pub items: Vec<EntryRef>,
}

/// `strategy.held`: agencies discussed whether the child is suffering harm.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StrategyHeld {
    /// Each agency's part.
    pub attendance: Vec<Attendance>,
    /// What each brought.
    pub shared: Vec<AgencyInformation>,
    /// The entries considered.
    pub items_considered: Vec<EntryRef>,
    /// What was decided.
    pub decision: String,
    /// Whether enquiries were to begin.
    pub section_47: Tri,
}

/// `strategy.not_held`: it was decided not to hold a strategy discussion.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StrategyNotHeld {
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: Option<StaffId>,
    /// The entries it was about.
    pub about: Vec<EntryRef>,
}

/// `s47.started`: enquiries into harm began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct S47Started {
    /// Whether jointly with police.
    pub joint: Tri,
    /// The entries that led to it.
    pub about: Vec<EntryRef>,
}

/// `s47.ended`: enquiries into harm ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct S47Ended {
    /// How.
    pub outcome: EnquiryOutcome,
    /// Why.
    pub end_reason: EnquiryEndReason,
    /// Whether other ways were considered.
    pub alternatives_considered: Tri,
    /// Why, in words.
    pub rationale: String,
}

/// `assessment.started`: an assessment began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AssessmentStarted {
    /// Which.
    pub kind: AssessmentKind,
}

/// `assessment.completed`: an assessment was completed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AssessmentCompleted {
    /// Which.
    pub kind: AssessmentKind,
    /// What it led to.
    pub outcome: AssessmentOutcome,
    /// The period assessed.
    pub period: Option<When>,
    /// Agencies that contributed.
    pub contributors: Vec<AgencyId>,
    /// The entries it used.
    pub items: Vec<EntryRef>,
    /// Where each child's words were used.
    pub child_words: Vec<WordsRef>,
    /// The tool used.
    pub tool: String,
}

/// `police.interview_sought`: an interview was sought.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PoliceInterviewSought {
    /// Of whom.
    pub of: Option<PersonRef>,
    /// By which agency.
    pub sought_by: Option<AgencyId>,
    /// What for.
    pub purpose: String,
}

/// `police.interview_declined`: an interview was declined.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PoliceInterviewDeclined {
    /// Of whom.
    pub of: Option<PersonRef>,
    /// By whom.
    pub declined_by: String,
    /// Why.
    pub reason: String,
}

/// Strategy discussions, section 47 enquiries, assessments. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnquiryContent {
    /// `strategy.held`.
    StrategyHeld(StrategyHeld),
    /// `strategy.not_held`.
    StrategyNotHeld(StrategyNotHeld),
    /// `s47.started`.
    S47Started(S47Started),
    /// `s47.ended`.
    S47Ended(S47Ended),
    /// `assessment.started`.
    AssessmentStarted(AssessmentStarted),
    /// `assessment.completed`.
    AssessmentCompleted(AssessmentCompleted),
    /// `police.interview_sought`.
    PoliceInterviewSought(PoliceInterviewSought),
    /// `police.interview_declined`.
    PoliceInterviewDeclined(PoliceInterviewDeclined),
}

impl EnquiryContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::StrategyHeld(_) => "strategy.held",
            Self::StrategyNotHeld(_) => "strategy.not_held",
            Self::S47Started(_) => "s47.started",
            Self::S47Ended(_) => "s47.ended",
            Self::AssessmentStarted(_) => "assessment.started",
            Self::AssessmentCompleted(_) => "assessment.completed",
            Self::PoliceInterviewSought(_) => "police.interview_sought",
            Self::PoliceInterviewDeclined(_) => "police.interview_declined",
        }
    }
}
