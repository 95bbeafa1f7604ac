//! Reads the allocation entries of a cut into marks, by child, agency and role.

use std::collections::BTreeMap;

use super::days::DayRange;
use super::mark::{Employed, EndReason, Explained2, Holder, Mark, Said, What, in_order};
use crate::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationStarted, ChangeReason, Explained,
};
use crate::domain::event::{Content, Employment, Role, Tri};
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::projection::cut::{Cut, Reading, ReadingKind};
use crate::projection::status::{Child, children_of};

/// Whose allocation: one role of one agency for one child.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) agency: AgencyId,
    pub(super) role: Role,
    pub(super) child: PersonRef,
}

/// Every mark of the cut, in order, certain and possible.
pub(super) fn marks(cut: &Cut, subjects: &[Child]) -> BTreeMap<Key, Vec<Mark>> {
    let mut marks: BTreeMap<Key, Vec<Mark>> = BTreeMap::new();
    for reading in cut.readings() {
        if reading.kind() != ReadingKind::Fact || reading.struck().is_some() {
            continue;
        }
        let Content::Allocation(content) = &reading.event().content else {
            continue;
        };
        for (role, reason, explained, what) in of(reading, content) {
            for child in children_of(reading.event(), subjects) {
                let key = Key {
                    agency: reading.agency().clone(),
                    role,
                    child,
                };
                marks.entry(key).or_default().push(Mark {
                    at: reading.occurred(),
                    day: DayRange::of(reading.occurred()),
                    position: reading.position(),
                    possible: !reading.certain(),
                    reason,
                    explained: explained.clone(),
                    what: what.clone(),
                });
            }
        }
    }
    for list in marks.values_mut() {
        in_order(list);
    }
    marks
}

type Act = (Role, ChangeReason, Explained2, What);

fn of(reading: &Reading, content: &AllocationContent) -> Vec<Act> {
    let said = |child: &Option<Explained>, family: &Option<Explained>| Explained2 {
        child: said(reading, child.as_ref()),
        family: said(reading, family.as_ref()),
    };
    match content {
        AllocationContent::AllocationStarted(started) => {
            let what = What::Start {
                holder: holder(started),
                employed: employed(started.employment),
            };
            let explained = said(&started.explained_to_child, &started.explained_to_family);
            vec![(started.role, started.reason, explained, what)]
        }
        AllocationContent::AllocationEnded(ended) => {
            let what = What::End {
                holder: ended.worker.clone().map(Holder::Named),
                reason: EndReason::Recorded,
            };
            let explained = said(&ended.explained_to_child, &ended.explained_to_family);
            vec![(ended.role, ended.reason, explained, what)]
        }
        AllocationContent::AllocationTransferred(moved) => {
            let end = What::End {
                holder: moved.from.clone().map(Holder::Named),
                reason: EndReason::Transferred,
            };
            let start = What::Start {
                holder: Holder::Named(moved.to.clone()),
                employed: employed(moved.employment),
            };
            let explained = said(&moved.explained_to_child, &moved.explained_to_family);
            vec![
                (moved.role, moved.reason, explained.clone(), end),
                (moved.role, moved.reason, explained, start),
            ]
        }
        AllocationContent::HandoverCompleted(_)
        | AllocationContent::UnallocatedReasonRecorded(_)
        | AllocationContent::WorkerAbsent(_)
        | AllocationContent::WorkerReturned(_)
        | AllocationContent::SupervisionHeld(_)
        | AllocationContent::ManagementOversight(_)
        | AllocationContent::FileReadAttested(_)
        | AllocationContent::StaffingContext(_) => Vec::new(),
    }
}

fn holder(started: &AllocationStarted) -> Holder {
    let worker: Option<StaffId> = started.worker.clone();
    match (started.basis, worker) {
        (AllocationBasis::Named | AllocationBasis::NotStated, Some(worker)) => {
            Holder::Named(worker)
        }
        (AllocationBasis::DutyTray, _) => Holder::DutyTray,
        (AllocationBasis::Team, _) => Holder::Team,
        (AllocationBasis::Vacant, _) => Holder::Vacant,
        (AllocationBasis::ManagerHolding, worker) => Holder::ManagerHolding(worker),
        (AllocationBasis::Named | AllocationBasis::NotStated, None)
        | (AllocationBasis::Unknown(_), _) => Holder::NotStated,
    }
}

fn employed(employment: Employment) -> Employed {
    match employment {
        Employment::Permanent | Employment::Acting | Employment::NewlyQualified => Employed::Own,
        Employment::Agency => Employed::AgencyStaff,
        Employment::NotStated | Employment::Unknown(_) => Employed::NotStated,
    }
}

fn said(reading: &Reading, explained: Option<&Explained>) -> (Said, Option<DayRange>) {
    let Some(explained) = explained else {
        return (Said::NotStated, None);
    };
    let said = match explained.explained {
        Tri::Yes => Said::Yes,
        Tri::No => Said::No,
        Tri::NotApplicable => Said::NotApplicable,
        Tri::NotStated | Tri::Unknown(_) => Said::NotStated,
    };
    let when = explained.when.as_ref().filter(|when| !when.is_unknown());
    (
        said,
        when.map(|when| DayRange::of(when.resolve(reading.root().appended))),
    )
}
