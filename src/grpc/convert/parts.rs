//! Wire to domain: parts that events of every group are made of.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::{
    Actor, AgeBand, Attendance, Channel, Employment, Handling, HandlingCode, OtherPerson,
    PersonRelation, Presence, Recipient, Relation, RelationKind, Role, SourceKind,
    SourceOfInformation, Told, Tri, WordsRef,
};
use crate::grpc::pb;

impl FromWire<pb::Actor> for Actor {
    fn from_wire(m: pb::Actor, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            staff: at.id("staff", &m.staff)?,
            role: Role::from_code(m.role),
            employment: Employment::from_code(m.employment),
        })
    }
}

impl FromWire<pb::SourceOfInformation> for SourceOfInformation {
    fn from_wire(m: pb::SourceOfInformation, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: SourceKind::from_code(m.kind),
            text: at.text("text", m.text)?,
            agency: at.opt_id("agency", &m.agency)?,
            person: at.opt_id("person", &m.person)?,
        })
    }
}

impl FromWire<pb::OtherPerson> for OtherPerson {
    fn from_wire(m: pb::OtherPerson, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            relation: PersonRelation::from_code(m.relation),
            age_band: AgeBand::from_code(m.age_band),
            person: at.opt_id("person", &m.person)?,
        })
    }
}

impl FromWire<pb::Handling> for Handling {
    fn from_wire(m: pb::Handling, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            code: HandlingCode::from_code(m.code),
            shareable_with: at.list("shareable_with", m.shareable_with)?,
            marking: at.line("marking", m.marking)?,
        })
    }
}

impl FromWire<pb::Told> for Told {
    fn from_wire(m: pb::Told, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            staff: at.opt_id("staff", &m.staff)?,
            channel: Channel::from_code(m.channel),
            when: at.when("when", m.when)?,
        })
    }
}

impl FromWire<pb::Relation> for Relation {
    fn from_wire(m: pb::Relation, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: RelationKind::from_code(m.kind),
            target: at.msg("target", m.target)?,
        })
    }
}

impl FromWire<pb::WordsRef> for WordsRef {
    fn from_wire(m: pb::WordsRef, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            child: at.id("child", &m.child)?,
            entries: at.list("entries", m.entries)?,
        })
    }
}

impl FromWire<pb::Attendance> for Attendance {
    fn from_wire(m: pb::Attendance, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            staff: at.opt_id("staff", &m.staff)?,
            presence: Presence::from_code(m.presence),
            report_received: Tri::from_code(m.report_received),
            report_items: at.list("report_items", m.report_items)?,
        })
    }
}

impl FromWire<pb::Recipient> for Recipient {
    fn from_wire(m: pb::Recipient, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            staff: at.opt_id("staff", &m.staff)?,
        })
    }
}
