//! Wire to domain: concerns, disclosures and what agencies came to know.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::concern::{
    AppointmentKind, ConcernRaised, DisclosureMade, EducationAbsence, EducationExclusion,
    FamilyConcernReported, HealthAttendance, HealthMeasure, HealthMissed, IncidentKind,
    IndicatorObserved, InjuryRecorded, ParentalStatement, PoliceIncident, PoliceIntelligence,
    PupilLeft,
};
use crate::domain::event::{PersonRelation, Tri};
use crate::grpc::pb;

impl FromWire<pb::ConcernRaised> for ConcernRaised {
    fn from_wire(m: pb::ConcernRaised, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            words: at.text("words", m.words)?,
            topic: at.line("topic", m.topic)?,
        })
    }
}

impl FromWire<pb::IndicatorObserved> for IndicatorObserved {
    fn from_wire(m: pb::IndicatorObserved, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            indicator: at.line("indicator", m.indicator)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::DisclosureMade> for DisclosureMade {
    fn from_wire(m: pb::DisclosureMade, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            by_child: Tri::from_code(m.by_child),
            by: at.opt_id("by", &m.by)?,
            to: at.opt_id("to", &m.to)?,
            about: at.opt_id("about", &m.about)?,
            words: at.text("words", m.words)?,
            action: at.text("action", m.action)?,
        })
    }
}

impl FromWire<pb::InjuryRecorded> for InjuryRecorded {
    fn from_wire(m: pb::InjuryRecorded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            injury: at.text("injury", m.injury)?,
            explanation: at.text("explanation", m.explanation)?,
            explained_by: at.opt_id("explained_by", &m.explained_by)?,
        })
    }
}

impl FromWire<pb::PoliceIncident> for PoliceIncident {
    fn from_wire(m: pb::PoliceIncident, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: IncidentKind::from_code(m.kind),
            grade: at.line("grade", m.grade)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::PoliceIntelligence> for PoliceIntelligence {
    fn from_wire(m: pb::PoliceIntelligence, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            grading: at.line("grading", m.grading)?,
            words: at.text("words", m.words)?,
            bears_on_child: Tri::from_code(m.bears_on_child),
        })
    }
}

impl FromWire<pb::FamilyConcernReported> for FamilyConcernReported {
    fn from_wire(m: pb::FamilyConcernReported, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            relation: PersonRelation::from_code(m.relation),
            by: at.opt_id("by", &m.by)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::HealthMissed> for HealthMissed {
    fn from_wire(m: pb::HealthMissed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: AppointmentKind::from_code(m.kind),
            reason: at.text("reason", m.reason)?,
            in_a_row: m.in_a_row,
        })
    }
}

impl FromWire<pb::HealthAttendance> for HealthAttendance {
    fn from_wire(m: pb::HealthAttendance, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: AppointmentKind::from_code(m.kind),
            safeguarding: Tri::from_code(m.safeguarding),
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::HealthMeasure> for HealthMeasure {
    fn from_wire(m: pb::HealthMeasure, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            measure: at.line("measure", m.measure)?,
            value: at.line("value", m.value)?,
            safeguarding: Tri::from_code(m.safeguarding),
        })
    }
}

impl FromWire<pb::EducationAbsence> for EducationAbsence {
    fn from_wire(m: pb::EducationAbsence, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            code: at.line("code", m.code)?,
            sessions_missed: m.sessions_missed,
            sessions_possible: m.sessions_possible,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::EducationExclusion> for EducationExclusion {
    fn from_wire(m: pb::EducationExclusion, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            permanent: Tri::from_code(m.permanent),
            sessions: m.sessions,
            reason: at.text("reason", m.reason)?,
        })
    }
}

impl FromWire<pb::PupilLeft> for PupilLeft {
    fn from_wire(m: pb::PupilLeft, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            destination: at.line("destination", m.destination)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::ParentalStatement> for ParentalStatement {
    fn from_wire(m: pb::ParentalStatement, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            by: at.opt_id("by", &m.by)?,
            words: at.text("words", m.words)?,
            assurance: Tri::from_code(m.assurance),
            tested: Tri::from_code(m.tested),
            evidence: at.list("evidence", m.evidence)?,
        })
    }
}
