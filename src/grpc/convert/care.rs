//! Wire to domain: looked after, missing.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::care::{
    LegalBasis, LookedAfterEnded, LookedAfterStarted, MissingReported, MissingReturned,
};
use crate::grpc::pb;

impl FromWire<pb::LookedAfterStarted> for LookedAfterStarted {
    fn from_wire(m: pb::LookedAfterStarted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            basis: LegalBasis::from_code(m.basis),
            placement: at.line("placement", m.placement)?,
        })
    }
}

impl FromWire<pb::LookedAfterEnded> for LookedAfterEnded {
    fn from_wire(m: pb::LookedAfterEnded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            reason: at.text("reason", m.reason)?,
            destination: at.line("destination", m.destination)?,
        })
    }
}

impl FromWire<pb::MissingReported> for MissingReported {
    fn from_wire(m: pb::MissingReported, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            from: at.line("from", m.from)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::MissingReturned> for MissingReturned {
    fn from_wire(m: pb::MissingReturned, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            report: at.opt_msg("report", m.report)?,
            words: at.text("words", m.words)?,
        })
    }
}
