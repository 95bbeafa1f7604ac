//! Wire to domain: conferences, core groups and their minutes.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::meeting::{
    ConferenceDecision, ConferenceHeld, ConferenceKind, ConferenceOutcome, ConferenceViewRecorded,
    Consensus, CoreGroupHeld, MinutesSent, View,
};
use crate::domain::event::{Channel, Harm, Tri};
use crate::grpc::pb;

impl FromWire<pb::ConferenceHeld> for ConferenceHeld {
    fn from_wire(m: pb::ConferenceHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: ConferenceKind::from_code(m.kind),
            chair: at.opt_id("chair", &m.chair)?,
            attendance: at.list("attendance", m.attendance)?,
            items_considered: at.list("items_considered", m.items_considered)?,
            items_listed: Tri::from_code(m.items_listed),
            minutes: at.opt_msg("minutes", m.minutes)?,
            quorate: Tri::from_code(m.quorate),
        })
    }
}

impl FromWire<pb::ConferenceViewRecorded> for ConferenceViewRecorded {
    fn from_wire(m: pb::ConferenceViewRecorded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            conference: at.opt_msg("conference", m.conference)?,
            agency: at.id("agency", &m.agency)?,
            view: View::from_code(m.view),
            advice: at.text("advice", m.advice)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::ConferenceOutcome> for ConferenceOutcome {
    fn from_wire(m: pb::ConferenceOutcome, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            conference: at.opt_msg("conference", m.conference)?,
            decision: ConferenceDecision::from_code(m.decision),
            claimed_consensus: Consensus::from_code(m.claimed_consensus),
            category: Harm::from_code(m.category),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::CoreGroupHeld> for CoreGroupHeld {
    fn from_wire(m: pb::CoreGroupHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            attendance: at.list("attendance", m.attendance)?,
            items_considered: at.list("items_considered", m.items_considered)?,
            progress: at.text("progress", m.progress)?,
        })
    }
}

impl FromWire<pb::MinutesSent> for MinutesSent {
    fn from_wire(m: pb::MinutesSent, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            meeting: at.msg("meeting", m.meeting)?,
            to: at.list("to", m.to)?,
            channel: Channel::from_code(m.channel),
            items: at.list("items", m.items)?,
        })
    }
}
