//! Who holds the case: allocation, absence, handover, supervision.

use super::coded::coded;
use super::{Employment, EntryRef, Role, Tri};
use crate::domain::id::StaffId;
use crate::domain::time::When;

coded! {
    /// On what footing the role is held. Only *named* makes an effective holder.
    AllocationBasis {
        /// A named practitioner.
        Named = 1 => "named",
        /// The duty tray.
        DutyTray = 2 => "duty_tray",
        /// A team.
        Team = 3 => "team",
        /// Nobody.
        Vacant = 4 => "vacant",
        /// Held by the manager pending allocation.
        ManagerHolding = 5 => "manager_holding",
    }
}

coded! {
    /// Why a holder changed.
    ChangeReason {
        /// Left the agency.
        LeftEmployment = 1 => "left_employment",
        /// Moved to another team.
        MovedTeam = 2 => "moved_team",
        /// The case moved to another team.
        CaseMovedTeam = 3 => "case_moved_team",
        /// Sickness.
        Sickness = 4 => "sickness",
        /// Maternity or other family leave.
        FamilyLeave = 5 => "family_leave",
        /// End of a staffing agency's contract.
        AgencyContractEnded = 6 => "agency_contract_ended",
        /// Workload.
        Workload = 7 => "workload",
        /// Promotion.
        Promotion = 8 => "promotion",
        /// Asked for by the family.
        FamilyRequest = 9 => "family_request",
        /// A concern about practice.
        ConcernAboutPractice = 10 => "concern_about_practice",
        /// New school year.
        SchoolYear = 11 => "school_year",
        /// Reorganisation.
        Reorganisation = 12 => "reorganisation",
        /// Any other.
        Other = 13 => "other",
    }
}

coded! {
    /// Why a practitioner is away.
    AbsenceKind {
        /// Annual leave.
        AnnualLeave = 1 => "annual_leave",
        /// Training.
        Training = 2 => "training",
        /// Sickness.
        Sickness = 3 => "sickness",
        /// Suspension.
        Suspension = 4 => "suspension",
        /// Maternity or other family leave.
        FamilyLeave = 5 => "family_leave",
        /// Any other.
        Other = 6 => "other",
    }
}

coded! {
    /// What was recorded about cover.
    CoverKind {
        /// A named practitioner covers.
        Named = 1 => "named",
        /// The duty team covers.
        Duty = 2 => "duty",
        /// Recorded that nobody covers.
        None = 3 => "none",
    }
}

coded! {
    /// How much of the file was read.
    ReadScope {
        /// The whole file.
        WholeFile = 1 => "whole_file",
        /// The chronology.
        Chronology = 2 => "chronology",
        /// The entries listed.
        Listed = 3 => "listed",
        /// Since the last case summary.
        SinceLastSummary = 4 => "since_last_summary",
    }
}

/// Whether a change was explained.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Explained {
    /// Whether it was.
    pub explained: Tri,
    /// By whom.
    pub by: Option<StaffId>,
    /// When.
    pub when: Option<When>,
    /// How.
    pub how: String,
}

/// Who covers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cover {
    /// What was recorded.
    pub kind: CoverKind,
    /// The practitioner who covers.
    pub worker: Option<StaffId>,
}

/// A document at a handover.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DocumentHeld {
    /// Which document.
    pub name: String,
    /// Whether it was up to date.
    pub current: Tri,
}

/// `allocation.started`: somebody, or nobody, holds a role for a child from now on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AllocationStarted {
    /// The role.
    pub role: Role,
    /// On what footing.
    pub basis: AllocationBasis,
    /// The practitioner, when named.
    pub worker: Option<StaffId>,
    /// The team.
    pub team: String,
    /// How the worker is employed.
    pub employment: Employment,
    /// Why the holder changed.
    pub reason: ChangeReason,
    /// Why, in words.
    pub reason_text: String,
    /// Whether explained to the child.
    pub explained_to_child: Option<Explained>,
    /// Whether explained to the family.
    pub explained_to_family: Option<Explained>,
    /// Interim cover, when nobody is named.
    pub cover: Option<Cover>,
}

/// `allocation.ended`: a holding of a role ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AllocationEnded {
    /// The role.
    pub role: Role,
    /// The practitioner who held it.
    pub worker: Option<StaffId>,
    /// Why.
    pub reason: ChangeReason,
    /// Why, in words.
    pub reason_text: String,
    /// Whether explained to the child.
    pub explained_to_child: Option<Explained>,
    /// Whether explained to the family.
    pub explained_to_family: Option<Explained>,
}

/// `allocation.transferred`: a role passed from one practitioner to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationTransferred {
    /// The role.
    pub role: Role,
    /// Who held it.
    pub from: Option<StaffId>,
    /// Who holds it now.
    pub to: StaffId,
    /// The receiving team.
    pub team: String,
    /// How the new holder is employed.
    pub employment: Employment,
    /// Why.
    pub reason: ChangeReason,
    /// Why, in words.
    pub reason_text: String,
    /// Whether explained to the child.
    pub explained_to_child: Option<Explained>,
    /// Whether explained to the family.
    pub explained_to_family: Option<Explained>,
}

/// `handover.completed`: one practitioner handed the case to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverCompleted {
    /// The role handed over.
    pub role: Role,
    /// Who handed over.
    pub from: StaffId,
    /// Who received.
    pub to: StaffId,
    /// The entries handed over.
    pub items: Vec<EntryRef>,
    /// The open actions handed over.
    pub open_actions: Vec<EntryRef>,
    /// The documents handed over.
    pub documents: Vec<DocumentHeld>,
    /// Whether they visited together.
    pub joint_visit: Tri,
    /// Whether the child met the new worker then.
    pub child_introduced: Tri,
}

/// `unallocated.reason_recorded`: why nobody is allocated was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UnallocatedReasonRecorded {
    /// The role.
    pub role: Role,
    /// Why.
    pub reason: String,
    /// Interim cover.
    pub cover: Option<Cover>,
    /// When it will be looked at again.
    pub review_due: Option<When>,
}

/// `worker.absent`: a practitioner is away from work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerAbsent {
    /// Who.
    pub worker: StaffId,
    /// Why.
    pub kind: AbsenceKind,
    /// From when, when not when this happened.
    pub from: Option<When>,
    /// Expected return.
    pub until: Option<When>,
    /// What was recorded about cover.
    pub cover: Option<Cover>,
}

/// `worker.returned`: a practitioner came back to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerReturned {
    /// Who.
    pub worker: StaffId,
}

/// `supervision.held`: the case was discussed in supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisionHeld {
    /// Whose supervision.
    pub worker: StaffId,
    /// Who supervised.
    pub manager: Option<StaffId>,
    /// What was decided.
    pub decisions: Vec<String>,
    /// Whether recorded as reflective.
    pub reflective: Tri,
}

/// `management.oversight`: a manager looked at the case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ManagementOversight {
    /// Who.
    pub manager: Option<StaffId>,
    /// What was decided.
    pub decision: String,
    /// Why.
    pub rationale: String,
}

/// `file.read_attested`: a practitioner attests to having read the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReadAttested {
    /// Who.
    pub worker: StaffId,
    /// How much.
    pub scope: ReadScope,
    /// Up to which date of the agency's own record.
    pub up_to: When,
    /// The entries, when listed.
    pub items: Vec<EntryRef>,
}

/// `staffing.context`: how the team was staffed at the time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StaffingContext {
    /// The team.
    pub team: String,
    /// Posts.
    pub posts: Option<u32>,
    /// Vacant posts.
    pub vacancies: Option<u32>,
    /// Posts filled by agency staff.
    pub agency_staff: Option<u32>,
    /// Average caseload, in children.
    pub average_caseload: Option<u32>,
    /// Anything else.
    pub words: String,
}

/// Who holds the case: allocation, absence, handover, supervision. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllocationContent {
    /// `allocation.started`.
    AllocationStarted(AllocationStarted),
    /// `allocation.ended`.
    AllocationEnded(AllocationEnded),
    /// `allocation.transferred`.
    AllocationTransferred(AllocationTransferred),
    /// `handover.completed`.
    HandoverCompleted(HandoverCompleted),
    /// `unallocated.reason_recorded`.
    UnallocatedReasonRecorded(UnallocatedReasonRecorded),
    /// `worker.absent`.
    WorkerAbsent(WorkerAbsent),
    /// `worker.returned`.
    WorkerReturned(WorkerReturned),
    /// `supervision.held`.
    SupervisionHeld(SupervisionHeld),
    /// `management.oversight`.
    ManagementOversight(ManagementOversight),
    /// `file.read_attested`.
    FileReadAttested(FileReadAttested),
    /// `staffing.context`.
    StaffingContext(StaffingContext),
}

impl AllocationContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::AllocationStarted(_) => "allocation.started",
            Self::AllocationEnded(_) => "allocation.ended",
            Self::AllocationTransferred(_) => "allocation.transferred",
            Self::HandoverCompleted(_) => "handover.completed",
            Self::UnallocatedReasonRecorded(_) => "unallocated.reason_recorded",
            Self::WorkerAbsent(_) => "worker.absent",
            Self::WorkerReturned(_) => "worker.returned",
            Self::SupervisionHeld(_) => "supervision.held",
            Self::ManagementOversight(_) => "management.oversight",
            Self::FileReadAttested(_) => "file.read_attested",
            Self::StaffingContext(_) => "staffing.context",
        }
    }
}
