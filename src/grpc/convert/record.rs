//! Wire to domain: entries about the record itself.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::record::{
    CorrectionKind, DisputedBy, EventCorrected, EventDisputed, EventRetracted, IdentityLinked,
    IdentityUnlinked, MatterLinked, MatterUnlinked, RetractionReason,
};
use crate::grpc::pb;

impl FromWire<pb::EventCorrected> for EventCorrected {
    fn from_wire(m: pb::EventCorrected, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            target: at.msg("target", m.target)?,
            kind: CorrectionKind::from_code(m.kind),
            reason: at.text("reason", m.reason)?,
            corrected: Box::new(super::envelope::nested(at, m.corrected)?),
        })
    }
}

impl FromWire<pb::EventRetracted> for EventRetracted {
    fn from_wire(m: pb::EventRetracted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            target: at.msg("target", m.target)?,
            reason: RetractionReason::from_code(m.reason),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::EventDisputed> for EventDisputed {
    fn from_wire(m: pb::EventDisputed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            target: at.msg("target", m.target)?,
            by: DisputedBy::from_code(m.by),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::MatterLinked> for MatterLinked {
    fn from_wire(m: pb::MatterLinked, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            a: at.msg("a", m.a)?,
            b: at.msg("b", m.b)?,
        })
    }
}

impl FromWire<pb::MatterUnlinked> for MatterUnlinked {
    fn from_wire(m: pb::MatterUnlinked, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            a: at.msg("a", m.a)?,
            b: at.msg("b", m.b)?,
        })
    }
}

impl FromWire<pb::IdentityLinked> for IdentityLinked {
    fn from_wire(m: pb::IdentityLinked, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            person: at.id("person", &m.person)?,
            other_case: at.opt_id("other_case", &m.other_case)?,
            other_person: at.line("other_person", m.other_person)?,
            other_agency: at.opt_id("other_agency", &m.other_agency)?,
            method: at.line("method", m.method)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
        })
    }
}

impl FromWire<pb::IdentityUnlinked> for IdentityUnlinked {
    fn from_wire(m: pb::IdentityUnlinked, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            person: at.id("person", &m.person)?,
            other_case: at.opt_id("other_case", &m.other_case)?,
            other_person: at.line("other_person", m.other_person)?,
            other_agency: at.opt_id("other_agency", &m.other_agency)?,
            reason: at.text("reason", m.reason)?,
        })
    }
}
