//! Plans, actions, agreements.

use super::coded::coded;
use super::{EntryRef, Harm, Role, WordsRef};
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::domain::time::When;

coded! {
    /// Which plan.
    PlanType {
        /// Early help.
        EarlyHelp = 1 => "early_help",
        /// Child in need.
        ChildInNeed = 2 => "child_in_need",
        /// Child protection.
        ChildProtection = 3 => "child_protection",
        /// Care plan.
        LookedAfter = 4 => "looked_after",
    }
}

coded! {
    /// What a decision rests on.
    BasisKind {
        /// Observed change.
        Observed = 1 => "observed",
        /// Assurance by the family.
        Assurance = 2 => "assurance",
        /// An assessment.
        Assessment = 3 => "assessment",
        /// Attendance and compliance.
        Compliance = 4 => "compliance",
        /// Something else.
        Other = 5 => "other",
    }
}

coded! {
    /// The grade of an audit.
    AuditGrade {
        /// Good.
        Good = 1 => "good",
        /// Requires improvement.
        RequiresImprovement = 2 => "requires_improvement",
        /// Inadequate.
        Inadequate = 3 => "inadequate",
    }
}

coded! {
    /// Whether an item was met.
    CheckResult {
        /// Met.
        Met = 1 => "met",
        /// Partly met.
        Partly = 2 => "partly",
        /// Not met.
        NotMet = 3 => "not_met",
    }
}

/// A member of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanMember {
    /// The agency.
    pub agency: AgencyId,
    /// Who.
    pub staff: Option<StaffId>,
    /// In which role.
    pub role: Role,
}

/// One thing a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanBasis {
    /// Which kind.
    pub kind: BasisKind,
    /// The entries.
    pub evidence: Vec<EntryRef>,
    /// In words.
    pub words: String,
}

/// One thing expected of the family.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AgreementItem {
    /// Its number in the agreement.
    pub code: String,
    /// What is expected.
    pub words: String,
    /// How it will be measured.
    pub measure: String,
    /// By when.
    pub due: Option<When>,
}

/// Who has to do it: the role outlasts the person.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ActionOwner {
    /// The agency.
    pub agency: Option<AgencyId>,
    /// The role.
    pub role: Role,
    /// The person.
    pub staff: Option<StaffId>,
}

/// `plan.started`: a plan began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanStarted {
    /// Which.
    pub plan_type: PlanType,
    /// Its category.
    pub category: Harm,
    /// Its members.
    pub members: Vec<PlanMember>,
    /// What it rests on.
    pub basis: Vec<PlanBasis>,
    /// Where each child's words were used.
    pub child_words: Vec<WordsRef>,
    /// Who decided.
    pub decided_by: Option<StaffId>,
}

/// `plan.changed`: a plan was changed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanChanged {
    /// Which.
    pub plan_type: PlanType,
    /// Its category.
    pub category: Harm,
    /// Its members, when they changed.
    pub members: Vec<PlanMember>,
    /// Where each child's words were used.
    pub child_words: Vec<WordsRef>,
    /// What changed.
    pub words: String,
}

/// `plan.stepped_down`: a plan was replaced by a lesser one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanSteppedDown {
    /// Which.
    pub from: PlanType,
    /// Replaced by.
    pub to: PlanType,
    /// What it rests on.
    pub basis: Vec<PlanBasis>,
    /// Who decided.
    pub decided_by: Option<StaffId>,
}

/// `plan.ended`: a plan ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanEnded {
    /// Which.
    pub plan_type: PlanType,
    /// What it rests on.
    pub basis: Vec<PlanBasis>,
    /// Why.
    pub reason: String,
}

/// `plan.contingency_set`: what will be done if the plan fails.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanContingencySet {
    /// The condition.
    pub condition: String,
    /// What will be done.
    pub consequence: String,
    /// Its type, as an event type name.
    pub consequence_type: String,
    /// Who has to do it.
    pub owner: Option<ActionOwner>,
}

/// `plan.condition_failed`: the condition of a contingency came about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanConditionFailed {
    /// The contingency.
    pub contingency: Option<EntryRef>,
    /// Who judged so.
    pub judged_by: Option<StaffId>,
    /// What happened.
    pub words: String,
}

/// `plan.audited`: a plan was audited.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PlanAudited {
    /// Who audited.
    pub auditor: Option<StaffId>,
    /// The grade.
    pub grade: AuditGrade,
    /// What was found.
    pub findings: String,
}

/// `action.assigned`: somebody was given something to do.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ActionAssigned {
    /// What.
    pub words: String,
    /// Who has to do it.
    pub owner: Option<ActionOwner>,
    /// By when.
    pub due: Option<When>,
    /// The meeting or plan it came from.
    pub origin: Option<EntryRef>,
}

/// `action.completed`: an action was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCompleted {
    /// The action.
    pub action: EntryRef,
    /// How.
    pub words: String,
}

/// `agreement.signed`: a written agreement was signed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AgreementSigned {
    /// What is expected.
    pub items: Vec<AgreementItem>,
    /// Who signed.
    pub signed_by: Vec<PersonRef>,
}

/// `agreement.item_checked`: an item of an agreement was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementItemChecked {
    /// The agreement.
    pub agreement: EntryRef,
    /// The item's number.
    pub code: String,
    /// Whether met.
    pub result: CheckResult,
    /// On what evidence.
    pub evidence: String,
}

/// `tool.used`: a tool was used with the family.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ToolUsed {
    /// Which.
    pub tool: String,
    /// The result.
    pub result: String,
}

/// Plans, actions, agreements. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanContent {
    /// `plan.started`.
    PlanStarted(PlanStarted),
    /// `plan.changed`.
    PlanChanged(PlanChanged),
    /// `plan.stepped_down`.
    PlanSteppedDown(PlanSteppedDown),
    /// `plan.ended`.
    PlanEnded(PlanEnded),
    /// `plan.contingency_set`.
    PlanContingencySet(PlanContingencySet),
    /// `plan.condition_failed`.
    PlanConditionFailed(PlanConditionFailed),
    /// `plan.audited`.
    PlanAudited(PlanAudited),
    /// `action.assigned`.
    ActionAssigned(ActionAssigned),
    /// `action.completed`.
    ActionCompleted(ActionCompleted),
    /// `agreement.signed`.
    AgreementSigned(AgreementSigned),
    /// `agreement.item_checked`.
    AgreementItemChecked(AgreementItemChecked),
    /// `tool.used`.
    ToolUsed(ToolUsed),
}

impl PlanContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::PlanStarted(_) => "plan.started",
            Self::PlanChanged(_) => "plan.changed",
            Self::PlanSteppedDown(_) => "plan.stepped_down",
            Self::PlanEnded(_) => "plan.ended",
            Self::PlanContingencySet(_) => "plan.contingency_set",
            Self::PlanConditionFailed(_) => "plan.condition_failed",
            Self::PlanAudited(_) => "plan.audited",
            Self::ActionAssigned(_) => "action.assigned",
            Self::ActionCompleted(_) => "action.completed",
            Self::AgreementSigned(_) => "agreement.signed",
            Self::AgreementItemChecked(_) => "agreement.item_checked",
            Self::ToolUsed(_) => "tool.used",
        }
    }
}
