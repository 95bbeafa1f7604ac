//! Wire to domain: plans, actions, agreements.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::plan::{
    ActionAssigned, ActionCompleted, ActionOwner, AgreementItem, AgreementItemChecked,
    AgreementSigned, AuditGrade, BasisKind, CheckResult, PlanAudited, PlanBasis, PlanChanged,
    PlanConditionFailed, PlanContingencySet, PlanEnded, PlanMember, PlanStarted, PlanSteppedDown,
    PlanType, ToolUsed,
};
use crate::domain::event::{Harm, Role};
use crate::grpc::pb;

impl FromWire<pb::PlanMember> for PlanMember {
    fn from_wire(m: pb::PlanMember, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.id("agency", &m.agency)?,
            staff: at.opt_id("staff", &m.staff)?,
            role: Role::from_code(m.role),
        })
    }
}

impl FromWire<pb::PlanBasis> for PlanBasis {
    fn from_wire(m: pb::PlanBasis, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            kind: BasisKind::from_code(m.kind),
            evidence: at.list("evidence", m.evidence)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::AgreementItem> for AgreementItem {
    fn from_wire(m: pb::AgreementItem, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            code: at.line("code", m.code)?,
            words: at.text("words", m.words)?,
            measure: at.text("measure", m.measure)?,
            due: at.opt_msg("due", m.due)?,
        })
    }
}

impl FromWire<pb::ActionOwner> for ActionOwner {
    fn from_wire(m: pb::ActionOwner, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agency: at.opt_id("agency", &m.agency)?,
            role: Role::from_code(m.role),
            staff: at.opt_id("staff", &m.staff)?,
        })
    }
}

impl FromWire<pb::PlanStarted> for PlanStarted {
    fn from_wire(m: pb::PlanStarted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            plan_type: PlanType::from_code(m.plan_type),
            category: Harm::from_code(m.category),
            members: at.list("members", m.members)?,
            basis: at.list("basis", m.basis)?,
            child_words: at.list("child_words", m.child_words)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
        })
    }
}

impl FromWire<pb::PlanChanged> for PlanChanged {
    fn from_wire(m: pb::PlanChanged, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            plan_type: PlanType::from_code(m.plan_type),
            category: Harm::from_code(m.category),
            members: at.list("members", m.members)?,
            child_words: at.list("child_words", m.child_words)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::PlanSteppedDown> for PlanSteppedDown {
    fn from_wire(m: pb::PlanSteppedDown, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            from: PlanType::from_code(m.from),
            to: PlanType::from_code(m.to),
            basis: at.list("basis", m.basis)?,
            decided_by: at.opt_id("decided_by", &m.decided_by)?,
        })
    }
}

impl FromWire<pb::PlanEnded> for PlanEnded {
    fn from_wire(m: pb::PlanEnded, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            plan_type: PlanType::from_code(m.plan_type),
            basis: at.list("basis", m.basis)?,
            reason: at.text("reason", m.reason)?,
        })
    }
}

impl FromWire<pb::PlanContingencySet> for PlanContingencySet {
    fn from_wire(m: pb::PlanContingencySet, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            condition: at.text("condition", m.condition)?,
            consequence: at.text("consequence", m.consequence)?,
            consequence_type: at.line("consequence_type", m.consequence_type)?,
            owner: at.opt_msg("owner", m.owner)?,
        })
    }
}

impl FromWire<pb::PlanConditionFailed> for PlanConditionFailed {
    fn from_wire(m: pb::PlanConditionFailed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            contingency: at.opt_msg("contingency", m.contingency)?,
            judged_by: at.opt_id("judged_by", &m.judged_by)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::PlanAudited> for PlanAudited {
    fn from_wire(m: pb::PlanAudited, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            auditor: at.opt_id("auditor", &m.auditor)?,
            grade: AuditGrade::from_code(m.grade),
            findings: at.text("findings", m.findings)?,
        })
    }
}

impl FromWire<pb::ActionAssigned> for ActionAssigned {
    fn from_wire(m: pb::ActionAssigned, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            words: at.text("words", m.words)?,
            owner: at.opt_msg("owner", m.owner)?,
            due: at.opt_msg("due", m.due)?,
            origin: at.opt_msg("origin", m.origin)?,
        })
    }
}

impl FromWire<pb::ActionCompleted> for ActionCompleted {
    fn from_wire(m: pb::ActionCompleted, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            action: at.msg("action", m.action)?,
            words: at.text("words", m.words)?,
        })
    }
}

impl FromWire<pb::AgreementSigned> for AgreementSigned {
    fn from_wire(m: pb::AgreementSigned, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            items: at.list("items", m.items)?,
            signed_by: at.list("signed_by", m.signed_by)?,
        })
    }
}

impl FromWire<pb::AgreementItemChecked> for AgreementItemChecked {
    fn from_wire(m: pb::AgreementItemChecked, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            agreement: at.msg("agreement", m.agreement)?,
            code: at.line("code", m.code)?,
            result: CheckResult::from_code(m.result),
            evidence: at.text("evidence", m.evidence)?,
        })
    }
}

impl FromWire<pb::ToolUsed> for ToolUsed {
    fn from_wire(m: pb::ToolUsed, at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            tool: at.line("tool", m.tool)?,
            result: at.text("result", m.result)?,
        })
    }
}
