//! Referral and the front door.

use super::coded::coded;
use super::{Channel, EntryRef, Tri};
use crate::domain::id::{AgencyId, StaffId};

coded! {
    /// What was decided on a referral.
    ReferralOutcome {
        /// No further action.
        NoFurtherAction = 1 => "no_further_action",
        /// Early help.
        EarlyHelp = 2 => "early_help",
        /// Assessment of need, section 17.
        Section17 = 3 => "section_17",
        /// Enquiries into harm, section 47.
        Section47 = 4 => "section_47",
        /// Kept for information.
        InformationOnly = 5 => "information_only",
    }
}

/// `referral.received`: a referral reached the author agency.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReferralReceived {
    /// The referring agency; none for the public.
    pub referrer: Option<AgencyId>,
    /// Whether the referrer stayed anonymous.
    pub anonymous: Tri,
    /// The entries it was about.
    pub about: Vec<EntryRef>,
    /// What was referred.
    pub concern: String,
}

/// `referral.acknowledged`: the author agency acknowledged a referral.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReferralAcknowledged {
    /// The referral.
    pub referral: Option<EntryRef>,
    /// To whom.
    pub to: Option<AgencyId>,
}

/// `referral.decided`: the author agency decided what to do with a referral.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReferralDecided {
    /// The referral.
    pub referral: Option<EntryRef>,
    /// The decision.
    pub outcome: ReferralOutcome,
    /// Why.
    pub rationale: String,
    /// Who decided.
    pub decided_by: Option<StaffId>,
    /// What was seen before deciding.
    pub information_seen: Vec<EntryRef>,
}

/// `referral.feedback_given`: the author agency told the referrer the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralFeedbackGiven {
    /// The referral.
    pub referral: Option<EntryRef>,
    /// The referring agency.
    pub to: AgencyId,
    /// How.
    pub channel: Channel,
}

/// Referral and the front door. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferralContent {
    /// `referral.received`.
    ReferralReceived(ReferralReceived),
    /// `referral.acknowledged`.
    ReferralAcknowledged(ReferralAcknowledged),
    /// `referral.decided`.
    ReferralDecided(ReferralDecided),
    /// `referral.feedback_given`.
    ReferralFeedbackGiven(ReferralFeedbackGiven),
}

impl ReferralContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ReferralReceived(_) => "referral.received",
            Self::ReferralAcknowledged(_) => "referral.acknowledged",
            Self::ReferralDecided(_) => "referral.decided",
            Self::ReferralFeedbackGiven(_) => "referral.feedback_given",
        }
    }
}
