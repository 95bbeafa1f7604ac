//! Wire to domain: what each agency's feed carries, so that an absence can be judged.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::feed::{
    FeedConfirmedTo, FeedDeclared, FeedInterrupted, FeedResumed, RecordsConfirmed,
};
use crate::grpc::pb;

impl FromWire<pb::FeedDeclared> for FeedDeclared {
    fn from_wire(m: pb::FeedDeclared, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kinds: at.list("kinds", m.kinds)?,
            fields_not_collected: at.list("fields_not_collected", m.fields_not_collected)?,
            live_from: at.when("live_from", m.live_from)?,
        })
    }
}

impl FromWire<pb::FeedInterrupted> for FeedInterrupted {
    fn from_wire(m: pb::FeedInterrupted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kinds: at.list("kinds", m.kinds)?,
        })
    }
}

impl FromWire<pb::FeedResumed> for FeedResumed {
    fn from_wire(m: pb::FeedResumed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kinds: at.list("kinds", m.kinds)?,
        })
    }
}

impl FromWire<pb::FeedConfirmedTo> for FeedConfirmedTo {
    fn from_wire(m: pb::FeedConfirmedTo, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kinds: at.list("kinds", m.kinds)?,
            through: at.when("through", m.through)?,
        })
    }
}

impl FromWire<pb::RecordsConfirmed> for RecordsConfirmed {
    fn from_wire(m: pb::RecordsConfirmed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            for_children: at.list("for_children", m.for_children)?,
            kinds: at.list("kinds", m.kinds)?,
            from: at.when("from", m.from)?,
            to: at.when("to", m.to)?,
            by: at.line("by", m.by)?,
        })
    }
}
