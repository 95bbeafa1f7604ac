//! Wire to domain: which agencies deal with a child.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::involvement::{InvolvementEnded, InvolvementKind, InvolvementStarted};
use crate::grpc::pb;

impl FromWire<pb::InvolvementStarted> for InvolvementStarted {
    fn from_wire(m: pb::InvolvementStarted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kind: InvolvementKind::from_code(m.kind),
        })
    }
}

impl FromWire<pb::InvolvementEnded> for InvolvementEnded {
    fn from_wire(m: pb::InvolvementEnded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kind: InvolvementKind::from_code(m.kind),
            reason: at.text("reason", m.reason)?,
        })
    }
}
