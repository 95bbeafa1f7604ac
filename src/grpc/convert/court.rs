//! Wire to domain: court.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::Tri;
use crate::domain::event::court::{
    Attributable, CourtApplicationIssued, CourtDocumentDirected, CourtDocumentFiled,
    CourtFinalOrder, CourtHearingHeld, CourtJudicialRemark, CourtOrderMade, CourtPositionStated,
    CourtWithdrawn, LegalMeetingHeld, NotCovered, OrderKind, Party, Stance,
};
use crate::grpc::pb;

impl FromWire<pb::NotCovered> for NotCovered {
    fn from_wire(m: pb::NotCovered, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            child: at.id("child", &m.child)?,
            reason: at.text("reason", m.reason)?,
        })
    }
}

impl FromWire<pb::LegalMeetingHeld> for LegalMeetingHeld {
    fn from_wire(m: pb::LegalMeetingHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            decision: at.text("decision", m.decision)?,
            threshold_met: Tri::from_code(m.threshold_met),
            attendance: at.list("attendance", m.attendance)?,
        })
    }
}

impl FromWire<pb::CourtApplicationIssued> for CourtApplicationIssued {
    fn from_wire(m: pb::CourtApplicationIssued, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            order_sought: OrderKind::from_code(m.order_sought),
            covered: at.list("covered", m.covered)?,
            not_covered: at.list("not_covered", m.not_covered)?,
        })
    }
}

impl FromWire<pb::CourtPositionStated> for CourtPositionStated {
    fn from_wire(m: pb::CourtPositionStated, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            party: Party::from_code(m.party),
            order_sought: OrderKind::from_code(m.order_sought),
            reason: at.text("reason", m.reason)?,
            new_evidence: Tri::from_code(m.new_evidence),
        })
    }
}

impl FromWire<pb::CourtDocumentDirected> for CourtDocumentDirected {
    fn from_wire(m: pb::CourtDocumentDirected, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            document: at.line("document", m.document)?,
            party: Party::from_code(m.party),
            due: at.when("due", m.due)?,
        })
    }
}

impl FromWire<pb::CourtDocumentFiled> for CourtDocumentFiled {
    fn from_wire(m: pb::CourtDocumentFiled, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            document: at.line("document", m.document)?,
            party: Party::from_code(m.party),
            direction: at.opt_msg("direction", m.direction)?,
        })
    }
}

impl FromWire<pb::CourtHearingHeld> for CourtHearingHeld {
    fn from_wire(m: pb::CourtHearingHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: at.line("kind", m.kind)?,
            adjourned: Tri::from_code(m.adjourned),
            attributable_to: Attributable::from_code(m.attributable_to),
            reason: at.text("reason", m.reason)?,
        })
    }
}

impl FromWire<pb::CourtJudicialRemark> for CourtJudicialRemark {
    fn from_wire(m: pb::CourtJudicialRemark, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            stance: Stance::from_code(m.stance),
            topic: at.line("topic", m.topic)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::CourtOrderMade> for CourtOrderMade {
    fn from_wire(m: pb::CourtOrderMade, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            order: OrderKind::from_code(m.order),
            children: at.list("children", m.children)?,
            until: at.opt_msg("until", m.until)?,
        })
    }
}

impl FromWire<pb::CourtFinalOrder> for CourtFinalOrder {
    fn from_wire(m: pb::CourtFinalOrder, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            order: OrderKind::from_code(m.order),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::CourtWithdrawn> for CourtWithdrawn {
    fn from_wire(m: pb::CourtWithdrawn, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            reason: at.text("reason", m.reason)?,
        })
    }
}
