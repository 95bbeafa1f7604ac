//! Wire to domain: who holds the case: allocation, absence, handover, supervision.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::allocation::{
    AbsenceKind, AllocationBasis, AllocationEnded, AllocationStarted, AllocationTransferred,
    ChangeReason, Cover, CoverKind, DocumentHeld, Explained, FileReadAttested, HandoverCompleted,
    ManagementOversight, ReadScope, StaffingContext, SupervisionHeld, UnallocatedReasonRecorded,
    WorkerAbsent, WorkerReturned,
};
use crate::domain::event::{Employment, Role, Tri};
use crate::grpc::pb;

impl FromWire<pb::Explained> for Explained {
    fn from_wire(m: pb::Explained, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            explained: Tri::from_code(m.explained),
            by: at.opt_id("by", &m.by)?,
            when: at.opt_msg("when", m.when)?,
            how: at.text("how", m.how)?,
        })
    }
}

impl FromWire<pb::Cover> for Cover {
    fn from_wire(m: pb::Cover, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: CoverKind::from_code(m.kind),
            worker: at.opt_id("worker", &m.worker)?,
        })
    }
}

impl FromWire<pb::DocumentHeld> for DocumentHeld {
    fn from_wire(m: pb::DocumentHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            name: at.line("name", m.name)?,
            current: Tri::from_code(m.current),
        })
    }
}

impl FromWire<pb::AllocationStarted> for AllocationStarted {
    fn from_wire(m: pb::AllocationStarted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            role: Role::from_code(m.role),
            basis: AllocationBasis::from_code(m.basis),
            worker: at.opt_id("worker", &m.worker)?,
            team: at.line("team", m.team)?,
            employment: Employment::from_code(m.employment),
            reason: ChangeReason::from_code(m.reason),
            reason_text: at.text("reason_text", m.reason_text)?,
            explained_to_child: at.opt_msg("explained_to_child", m.explained_to_child)?,
            explained_to_family: at.opt_msg("explained_to_family", m.explained_to_family)?,
            cover: at.opt_msg("cover", m.cover)?,
        })
    }
}

impl FromWire<pb::AllocationEnded> for AllocationEnded {
    fn from_wire(m: pb::AllocationEnded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            role: Role::from_code(m.role),
            worker: at.opt_id("worker", &m.worker)?,
            reason: ChangeReason::from_code(m.reason),
            reason_text: at.text("reason_text", m.reason_text)?,
            explained_to_child: at.opt_msg("explained_to_child", m.explained_to_child)?,
            explained_to_family: at.opt_msg("explained_to_family", m.explained_to_family)?,
        })
    }
}

impl FromWire<pb::AllocationTransferred> for AllocationTransferred {
    fn from_wire(m: pb::AllocationTransferred, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            role: Role::from_code(m.role),
            from: at.opt_id("from", &m.from)?,
            to: at.id("to", &m.to)?,
            team: at.line("team", m.team)?,
            employment: Employment::from_code(m.employment),
            reason: ChangeReason::from_code(m.reason),
            reason_text: at.text("reason_text", m.reason_text)?,
            explained_to_child: at.opt_msg("explained_to_child", m.explained_to_child)?,
            explained_to_family: at.opt_msg("explained_to_family", m.explained_to_family)?,
        })
    }
}

impl FromWire<pb::HandoverCompleted> for HandoverCompleted {
    fn from_wire(m: pb::HandoverCompleted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            role: Role::from_code(m.role),
            from: at.id("from", &m.from)?,
            to: at.id("to", &m.to)?,
            items: at.list("items", m.items)?,
            open_actions: at.list("open_actions", m.open_actions)?,
            documents: at.list("documents", m.documents)?,
            joint_visit: Tri::from_code(m.joint_visit),
            child_introduced: Tri::from_code(m.child_introduced),
        })
    }
}

impl FromWire<pb::UnallocatedReasonRecorded> for UnallocatedReasonRecorded {
    fn from_wire(m: pb::UnallocatedReasonRecorded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            role: Role::from_code(m.role),
            reason: at.text("reason", m.reason)?,
            cover: at.opt_msg("cover", m.cover)?,
            review_due: at.opt_msg("review_due", m.review_due)?,
        })
    }
}

impl FromWire<pb::WorkerAbsent> for WorkerAbsent {
    fn from_wire(m: pb::WorkerAbsent, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.id("worker", &m.worker)?,
            kind: AbsenceKind::from_code(m.kind),
            from: at.opt_msg("from", m.from)?,
            until: at.opt_msg("until", m.until)?,
            cover: at.opt_msg("cover", m.cover)?,
        })
    }
}

impl FromWire<pb::WorkerReturned> for WorkerReturned {
    fn from_wire(m: pb::WorkerReturned, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.id("worker", &m.worker)?,
        })
    }
}

impl FromWire<pb::SupervisionHeld> for SupervisionHeld {
    fn from_wire(m: pb::SupervisionHeld, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.id("worker", &m.worker)?,
            manager: at.opt_id("manager", &m.manager)?,
            decisions: at.list("decisions", m.decisions)?,
            reflective: Tri::from_code(m.reflective),
        })
    }
}

impl FromWire<pb::ManagementOversight> for ManagementOversight {
    fn from_wire(m: pb::ManagementOversight, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            manager: at.opt_id("manager", &m.manager)?,
            decision: at.text("decision", m.decision)?,
            rationale: at.text("rationale", m.rationale)?,
        })
    }
}

impl FromWire<pb::FileReadAttested> for FileReadAttested {
    fn from_wire(m: pb::FileReadAttested, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            worker: at.id("worker", &m.worker)?,
            scope: ReadScope::from_code(m.scope),
            up_to: at.when("up_to", m.up_to)?,
            items: at.list("items", m.items)?,
        })
    }
}

impl FromWire<pb::StaffingContext> for StaffingContext {
    fn from_wire(m: pb::StaffingContext, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            team: at.line("team", m.team)?,
            posts: m.posts,
            vacancies: m.vacancies,
            agency_staff: m.agency_staff,
            average_caseload: m.average_caseload,
            words: at.text("words", m.words)?,
        })
    }
}
