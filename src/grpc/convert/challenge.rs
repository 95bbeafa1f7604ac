//! Wire to domain: professional disagreement.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::challenge::{
    DisagreementEscalated, DisagreementRaised, DisagreementResolved, DisagreementResponded,
    ReasonKind, ResponseKind,
};
use crate::grpc::pb;

impl FromWire<pb::DisagreementRaised> for DisagreementRaised {
    fn from_wire(m: pb::DisagreementRaised, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            about: at.opt_msg("about", m.about)?,
            with: at.opt_id("with", &m.with)?,
            stage: m.stage,
            words: at.text("words", m.words)?,
            remedy: at.text("remedy", m.remedy)?,
        })
    }
}

impl FromWire<pb::DisagreementResponded> for DisagreementResponded {
    fn from_wire(m: pb::DisagreementResponded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            disagreement: at.opt_msg("disagreement", m.disagreement)?,
            response: ResponseKind::from_code(m.response),
            reason_kind: ReasonKind::from_code(m.reason_kind),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::DisagreementEscalated> for DisagreementEscalated {
    fn from_wire(m: pb::DisagreementEscalated, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            disagreement: at.opt_msg("disagreement", m.disagreement)?,
            stage: m.stage,
            to: at.line("to", m.to)?,
        })
    }
}

impl FromWire<pb::DisagreementResolved> for DisagreementResolved {
    fn from_wire(m: pb::DisagreementResolved, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            disagreement: at.opt_msg("disagreement", m.disagreement)?,
            words: at.text("words", m.words)?,
        })
    }
}
