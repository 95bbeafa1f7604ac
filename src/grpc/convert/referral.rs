//! Wire to domain: referral and the front door.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::referral::{
    ReferralAcknowledged, ReferralDecided, ReferralFeedbackGiven, ReferralOutcome, ReferralReceived,
};
use crate::domain::event::{Channel, Tri};
use crate::grpc::pb;

impl FromWire<pb::ReferralReceived> for ReferralReceived {
    fn from_wire(m: pb::ReferralReceived, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            referrer: at.opt_id("referrer", &m.referrer)?,
            anonymous: Tri::from_code(m.anonymous),
            about: at.list("about", m.about)?,
            concern: at.text("concern", m.concern)?,
        })
    }
}

impl FromWire<pb::ReferralAcknowledged> for ReferralAcknowledged {
    fn from_wire(m: pb::ReferralAcknowledged, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            referral: at.opt_msg("referral", m.referral)?,
            to: at.opt_id("to", &m.to)?,
        })
    }
}

impl FromWire<pb::ReferralDecided> for ReferralDecided {
    fn from_wire(m: pb::ReferralDecided, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            referral: at.opt_msg("referral", m.referral)?,
            outcome: ReferralOutcome::from_code(m.outcome),
            rationale: at.text("rationale", m.rationale)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
            information_seen: at.list("information_seen", m.information_seen)?,
        })
    }
}

impl FromWire<pb::ReferralFeedbackGiven> for ReferralFeedbackGiven {
    fn from_wire(m: pb::ReferralFeedbackGiven, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            referral: at.opt_msg("referral", m.referral)?,
            to: at.id("to", &m.to)?,
            channel: Channel::from_code(m.channel),
        })
    }
}
