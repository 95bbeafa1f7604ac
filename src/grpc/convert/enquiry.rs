//! Wire to domain: strategy discussions, section 47 enquiries, assessments.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::Tri;
use crate::domain::event::enquiry::{
    AgencyInformation, AssessmentCompleted, AssessmentKind, AssessmentOutcome, AssessmentStarted,
    EnquiryEndReason, EnquiryOutcome, PoliceInterviewDeclined, PoliceInterviewSought, S47Ended,
    S47Started, StrategyHeld, StrategyNotHeld,
};
use crate::grpc::pb;

impl FromWire<pb::AgencyInformation> for AgencyInformation {
    fn from_wire(m: pb::AgencyInformation, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            items: at.list("items", m.items)?,
        })
    }
}

impl FromWire<pb::StrategyHeld> for StrategyHeld {
    fn from_wire(m: pb::StrategyHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            attendance: at.list("attendance", m.attendance)?,
            shared: at.list("shared", m.shared)?,
            items_considered: at.list("items_considered", m.items_considered)?,
            decision: at.text("decision", m.decision)?,
            section_47: Tri::from_code(m.section_47),
        })
    }
}

impl FromWire<pb::StrategyNotHeld> for StrategyNotHeld {
    fn from_wire(m: pb::StrategyNotHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            reason: at.text("reason", m.reason)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
            about: at.list("about", m.about)?,
        })
    }
}

impl FromWire<pb::S47Started> for S47Started {
    fn from_wire(m: pb::S47Started, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            joint: Tri::from_code(m.joint),
            about: at.list("about", m.about)?,
        })
    }
}

impl FromWire<pb::S47Ended> for S47Ended {
    fn from_wire(m: pb::S47Ended, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            outcome: EnquiryOutcome::from_code(m.outcome),
            end_reason: EnquiryEndReason::from_code(m.end_reason),
            alternatives_considered: Tri::from_code(m.alternatives_considered),
            rationale: at.text("rationale", m.rationale)?,
        })
    }
}

impl FromWire<pb::AssessmentStarted> for AssessmentStarted {
    fn from_wire(m: pb::AssessmentStarted, _at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: AssessmentKind::from_code(m.kind),
        })
    }
}

impl FromWire<pb::AssessmentCompleted> for AssessmentCompleted {
    fn from_wire(m: pb::AssessmentCompleted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: AssessmentKind::from_code(m.kind),
            outcome: AssessmentOutcome::from_code(m.outcome),
            period: at.opt_msg("period", m.period)?,
            contributors: at.list("contributors", m.contributors)?,
            items: at.list("items", m.items)?,
            child_words: at.list("child_words", m.child_words)?,
            tool: at.line("tool", m.tool)?,
        })
    }
}

impl FromWire<pb::PoliceInterviewSought> for PoliceInterviewSought {
    fn from_wire(m: pb::PoliceInterviewSought, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            of: at.opt_id("of", &m.of)?,
            sought_by: at.opt_id("sought_by", &m.sought_by)?,
            purpose: at.text("purpose", m.purpose)?,
        })
    }
}

impl FromWire<pb::PoliceInterviewDeclined> for PoliceInterviewDeclined {
    fn from_wire(m: pb::PoliceInterviewDeclined, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            of: at.opt_id("of", &m.of)?,
            declined_by: at.line("declined_by", m.declined_by)?,
            reason: at.text("reason", m.reason)?,
        })
    }
}
