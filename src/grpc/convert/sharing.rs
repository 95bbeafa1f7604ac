//! Wire to domain: sharing of information, and not sharing it.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::sharing::{
    AcknowledgementKind, InfoRequested, InfoResponded, ReceiptState, ShareAcknowledged, ShareMade,
    ShareReceiptDisputed, ShareWithheld, WithholdReason,
};
use crate::domain::event::{Channel, Tri};
use crate::grpc::pb;

impl FromWire<pb::ShareMade> for ShareMade {
    fn from_wire(m: pb::ShareMade, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            to: at.list("to", m.to)?,
            items: at.list("items", m.items)?,
            channel: Channel::from_code(m.channel),
            receipt: ReceiptState::from_code(m.receipt),
            from: at.opt_id("from", &m.from)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::ShareAcknowledged> for ShareAcknowledged {
    fn from_wire(m: pb::ShareAcknowledged, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            share: at.msg("share", m.share)?,
            by: AcknowledgementKind::from_code(m.by),
            staff: at.opt_id("staff", &m.staff)?,
            items: at.list("items", m.items)?,
        })
    }
}

impl FromWire<pb::ShareWithheld> for ShareWithheld {
    fn from_wire(m: pb::ShareWithheld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            item: at.msg("item", m.item)?,
            to: at.id("to", &m.to)?,
            reason: WithholdReason::from_code(m.reason),
            reason_text: at.text("reason_text", m.reason_text)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
            review: at.opt_msg("review", m.review)?,
        })
    }
}

impl FromWire<pb::ShareReceiptDisputed> for ShareReceiptDisputed {
    fn from_wire(m: pb::ShareReceiptDisputed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            share: at.msg("share", m.share)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::InfoRequested> for InfoRequested {
    fn from_wire(m: pb::InfoRequested, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            to: at.id("to", &m.to)?,
            what: at.text("what", m.what)?,
            about: at.list("about", m.about)?,
            due: at.opt_msg("due", m.due)?,
        })
    }
}

impl FromWire<pb::InfoResponded> for InfoResponded {
    fn from_wire(m: pb::InfoResponded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            request: at.msg("request", m.request)?,
            to: at.id("to", &m.to)?,
            items: at.list("items", m.items)?,
            complete: Tri::from_code(m.complete),
            reason: at.text("reason", m.reason)?,
        })
    }
}
