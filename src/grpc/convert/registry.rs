//! Wire to domain: agencies and practitioners.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::registry::{AgencyKind, AgencyRegistered, PractitionerRegistered};
use crate::domain::event::{Role, Tri};
use crate::grpc::pb;

impl FromWire<pb::AgencyRegistered> for AgencyRegistered {
    fn from_wire(m: pb::AgencyRegistered, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            kind: AgencyKind::from_code(m.kind),
            name: at.line("name", m.name)?,
            signs: Tri::from_code(m.signs),
        })
    }
}

impl FromWire<pb::PractitionerRegistered> for PractitionerRegistered {
    fn from_wire(m: pb::PractitionerRegistered, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            staff: at.id("staff", &m.staff)?,
            role_code: at.line("role_code", m.role_code)?,
            role: Role::from_code(m.role),
        })
    }
}
