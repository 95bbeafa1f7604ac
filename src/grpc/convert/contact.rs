//! Wire to domain: contact with the child and family.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::contact::{
    AccessToChildRefused, ConsentRefused, SeenChild, VisitMade, VisitNoAccess, WorkerThreatened,
};
use crate::domain::event::{Role, Tri};
use crate::grpc::pb;

impl FromWire<pb::SeenChild> for SeenChild {
    fn from_wire(m: pb::SeenChild, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            child: at.id("child", &m.child)?,
            seen: Tri::from_code(m.seen),
            alone: Tri::from_code(m.alone),
            declined: Tri::from_code(m.declined),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::VisitMade> for VisitMade {
    fn from_wire(m: pb::VisitMade, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.opt_id("worker", &m.worker)?,
            role: Role::from_code(m.role),
            announced: Tri::from_code(m.announced),
            place: at.line("place", m.place)?,
            seen: at.list("seen", m.seen)?,
            bedroom_seen: Tri::from_code(m.bedroom_seen),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::VisitNoAccess> for VisitNoAccess {
    fn from_wire(m: pb::VisitNoAccess, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.opt_id("worker", &m.worker)?,
            reason: at.line("reason", m.reason)?,
            attempts: m.attempts,
            next_step: at.text("next_step", m.next_step)?,
            due: at.opt_msg("due", m.due)?,
        })
    }
}

impl FromWire<pb::AccessToChildRefused> for AccessToChildRefused {
    fn from_wire(m: pb::AccessToChildRefused, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            asked_by: at.opt_id("asked_by", &m.asked_by)?,
            refused_by: at.opt_id("refused_by", &m.refused_by)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::WorkerThreatened> for WorkerThreatened {
    fn from_wire(m: pb::WorkerThreatened, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.opt_id("worker", &m.worker)?,
            by: at.opt_id("by", &m.by)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::ConsentRefused> for ConsentRefused {
    fn from_wire(m: pb::ConsentRefused, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            by: at.opt_id("by", &m.by)?,
            for_what: at.text("for_what", m.for_what)?,
            overridden: Tri::from_code(m.overridden),
            override_basis: at.text("override_basis", m.override_basis)?,
        })
    }
}
