//! Conferences, core groups and their minutes.

use super::coded::coded;
use super::{Attendance, Channel, EntryRef, Harm, Recipient, Tri};
use crate::domain::id::{AgencyId, StaffId};

coded! {
    /// Which conference.
    ConferenceKind {
        /// Initial.
        Initial = 1 => "initial",
        /// Review.
        Review = 2 => "review",
        /// Transfer.
        Transfer = 3 => "transfer",
        /// Pre-birth.
        PreBirth = 4 => "pre_birth",
    }
}

coded! {
    /// What an agency thought should happen.
    View {
        /// A child protection plan.
        Plan = 1 => "plan",
        /// No plan.
        NoPlan = 2 => "no_plan",
        /// A lesser plan.
        StepDown = 3 => "step_down",
        /// Undecided.
        Undecided = 4 => "undecided",
        /// Something else.
        Other = 5 => "other",
    }
}

coded! {
    /// What a conference decided.
    ConferenceDecision {
        /// Plan made.
        PlanMade = 1 => "plan_made",
        /// Plan continued.
        PlanContinued = 2 => "plan_continued",
        /// Plan ended.
        PlanEnded = 3 => "plan_ended",
        /// Stepped down.
        SteppedDown = 4 => "stepped_down",
        /// No plan made.
        NoPlan = 5 => "no_plan",
        /// Adjourned.
        Adjourned = 6 => "adjourned",
    }
}

coded! {
    /// The agreement that the record claims.
    Consensus {
        /// Unanimous.
        Unanimous = 1 => "unanimous",
        /// Majority.
        Majority = 2 => "majority",
        /// Decided by the chair.
        Chair = 3 => "chair",
    }
}

/// `conference.held`: a child protection conference was held.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConferenceHeld {
    /// Which.
    pub kind: ConferenceKind,
    /// Who chaired.
    pub chair: Option<StaffId>,
    /// Each agency's part.
    pub attendance: Vec<Attendance>,
    /// The entries considered.
    pub items_considered: Vec<EntryRef>,
    /// Whether the record lists what was considered.
    pub items_listed: Tri,
    /// The minutes.
    pub minutes: Option<EntryRef>,
    /// Whether quorate.
    pub quorate: Tri,
}

/// `conference.view_recorded`: an agency's view was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceViewRecorded {
    /// The conference.
    pub conference: Option<EntryRef>,
    /// Whose view.
    pub agency: AgencyId,
    /// The view.
    pub view: View,
    /// Advice given.
    pub advice: String,
    /// The words used.
    pub words: String,
}

/// `conference.outcome`: what a conference decided.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConferenceOutcome {
    /// The conference.
    pub conference: Option<EntryRef>,
    /// The decision.
    pub decision: ConferenceDecision,
    /// The agreement claimed.
    pub claimed_consensus: Consensus,
    /// The category of the plan.
    pub category: Harm,
    /// In words.
    pub words: String,
}

/// `core_group.held`: a core group met.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CoreGroupHeld {
    /// Each agency's part.
    pub attendance: Vec<Attendance>,
    /// The entries considered.
    pub items_considered: Vec<EntryRef>,
    /// Progress recorded.
    pub progress: String,
}

/// `minutes.sent`: minutes were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinutesSent {
    /// Of which meeting.
    pub meeting: EntryRef,
    /// To whom.
    pub to: Vec<Recipient>,
    /// How.
    pub channel: Channel,
    /// The entries they list.
    pub items: Vec<EntryRef>,
}

/// Conferences, core groups and their minutes. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeetingContent {
    /// `conference.held`.
    ConferenceHeld(ConferenceHeld),
    /// `conference.view_recorded`.
    ConferenceViewRecorded(ConferenceViewRecorded),
    /// `conference.outcome`.
    ConferenceOutcome(ConferenceOutcome),
    /// `core_group.held`.
    CoreGroupHeld(CoreGroupHeld),
    /// `minutes.sent`.
    MinutesSent(MinutesSent),
}

impl MeetingContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ConferenceHeld(_) => "conference.held",
            Self::ConferenceViewRecorded(_) => "conference.view_recorded",
            Self::ConferenceOutcome(_) => "conference.outcome",
            Self::CoreGroupHeld(_) => "core_group.held",
            Self::MinutesSent(_) => "minutes.sent",
        }
    }
}
