//! Roles of which no rule says when they are expected (`semantics.md` 5.1.3, 5.1.11 and the last line of 5.2): spells
//! and changes, and no gaps.

use crate::history::*;
use caseledger::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationEnded, AllocationStarted,
};
use caseledger::domain::event::registry::AgencyKind;
use caseledger::domain::event::{CaseEvent, Content, Role};
use caseledger::projection::allocation::succession::holder_changes;
use caseledger::projection::allocation::{Allocation, Question, allocation};
use caseledger::projection::cut::{Basis, cut};
use caseledger::rules::pack::Pack;

fn begins(role: Role, day: &str, worker: &str) -> CaseEvent {
    let started = AllocationStarted {
        role,
        basis: AllocationBasis::Named,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    let content = AllocationContent::AllocationStarted(started);
    fact(day, Content::Allocation(content))
}

fn ends(role: Role, day: &str, worker: &str) -> CaseEvent {
    let ended = AllocationEnded {
        role,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    let content = AllocationContent::AllocationEnded(ended);
    fact(day, Content::Allocation(content))
}

/// The answer about one role of health that W1 held, and then W2.
fn answer(role: Role, first_ends: Option<&str>) -> Allocation {
    let mut h = social_care(&["C1"], "2013-01-01");
    h.register("health", AgencyKind::Health, "2005-01-03");
    h.feed("health", "2005-01-03");
    h.same_day("health", "2013-02-01", begins(role, "2013-02-01", "W1"));
    if let Some(day) = first_ends {
        h.same_day("health", day, ends(role, day, "W1"));
    }
    h.same_day("health", "2013-09-16", begins(role, "2013-09-16", "W2"));
    h.confirm_to("health", "2013-12-31");
    let cut = cut(&h.log(), Basis::Then, &at("2013-12-31"));
    allocation(&cut, &Question::new(Pack::england()))
}

fn changes(answer: &Allocation) -> (usize, usize, usize) {
    let row = answer
        .rows
        .iter()
        .find(|row| row.agency.as_str() == "health");
    let row = row.unwrap();
    assert!(row.gaps.is_empty() && row.unknown.is_empty() && row.window.is_none());
    let left = holder_changes(answer);
    assert_eq!(left.len(), row.changes.len());
    (row.totals.distinct, row.totals.changes, row.changes.len())
}

#[test]
fn one_school_nurse_after_another_is_a_change() {
    let answer = answer(Role::SchoolNurse, Some("2013-08-30"));
    assert_eq!(changes(&answer), (2, 1, 1));
}

#[test]
fn two_at_once_without_a_recorded_end_are_no_change() {
    assert_eq!(changes(&answer(Role::SchoolNurse, None)), (2, 0, 0));
    let overlapping = answer(Role::SchoolNurse, Some("2013-10-01"));
    assert_eq!(changes(&overlapping), (2, 0, 0));
}

#[test]
fn co_workers_covers_and_roles_not_named_follow_nobody() {
    for role in [
        Role::CoWorker,
        Role::CoverWorker,
        Role::DutyWorker,
        Role::Other,
    ] {
        let answer = answer(role, Some("2013-08-30"));
        assert_eq!(changes(&answer), (2, 0, 0), "{role:?}");
    }
}
