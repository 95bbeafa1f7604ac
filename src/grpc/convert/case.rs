//! Wire to domain: the case, its people and the household.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::case::{
    CaseClosed, CaseOpened, ChildBorn, HouseholdMemberJoined, HouseholdMemberLeft, MemberChecked,
    MoveKnown, PersonRecorded, PersonRole,
};
use crate::domain::event::{AgeBand, PersonRelation};
use crate::grpc::pb;

impl FromWire<pb::CaseOpened> for CaseOpened {
    fn from_wire(m: pb::CaseOpened, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            reason: at.text("reason", m.reason)?,
        })
    }
}

impl FromWire<pb::CaseClosed> for CaseClosed {
    fn from_wire(m: pb::CaseClosed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            reason_code: at.line("reason_code", m.reason_code)?,
            reason: at.text("reason", m.reason)?,
            authorised_by: at.opt_id("authorised_by", &m.authorised_by)?,
        })
    }
}

impl FromWire<pb::PersonRecorded> for PersonRecorded {
    fn from_wire(m: pb::PersonRecorded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            person: at.id("person", &m.person)?,
            role: PersonRole::from_code(m.role),
            born: at.opt_msg("born", m.born)?,
            school_stage: at.line("school_stage", m.school_stage)?,
        })
    }
}

impl FromWire<pb::ChildBorn> for ChildBorn {
    fn from_wire(m: pb::ChildBorn, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            child: at.id("child", &m.child)?,
            born: at.opt_msg("born", m.born)?,
        })
    }
}

impl FromWire<pb::HouseholdMemberJoined> for HouseholdMemberJoined {
    fn from_wire(m: pb::HouseholdMemberJoined, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            person: at.id("person", &m.person)?,
            relation: PersonRelation::from_code(m.relation),
            age_band: AgeBand::from_code(m.age_band),
            checked: MemberChecked::from_code(m.checked),
            note: at.text("note", m.note)?,
        })
    }
}

impl FromWire<pb::HouseholdMemberLeft> for HouseholdMemberLeft {
    fn from_wire(m: pb::HouseholdMemberLeft, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            person: at.id("person", &m.person)?,
            note: at.text("note", m.note)?,
        })
    }
}

impl FromWire<pb::MoveKnown> for MoveKnown {
    fn from_wire(m: pb::MoveKnown, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            who: at.list("who", m.who)?,
            area: at.line("area", m.area)?,
            note: at.text("note", m.note)?,
        })
    }
}
