//! Wire to domain: the review of the case.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::review::{IncidentKnownToLa, ReviewCommissioned};
use crate::grpc::pb;

impl FromWire<pb::ReviewCommissioned> for ReviewCommissioned {
    fn from_wire(m: pb::ReviewCommissioned, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: at.line("kind", m.kind)?,
            by: at.opt_id("by", &m.by)?,
            terms: at.text("terms", m.terms)?,
        })
    }
}

impl FromWire<pb::IncidentKnownToLa> for IncidentKnownToLa {
    fn from_wire(m: pb::IncidentKnownToLa, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            words: at.text("words", m.words)?,
        })
    }
}
