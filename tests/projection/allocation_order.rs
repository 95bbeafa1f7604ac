//! The order of changes on one day (`semantics.md` 1.5), and what a sentence may say (3.4).

use crate::history::*;
use caseledger::domain::event::Role;
use caseledger::projection::allocation::gap::GapKind;
use caseledger::projection::allocation::{Question, Row, allocation};
use caseledger::projection::cut::{Basis, cut};
use caseledger::rules::pack::Pack;

fn row(h: &History, day: &str) -> Row {
    let cut = cut(&h.log(), Basis::Then, &at(day));
    let rows = allocation(&cut, &Question::new(Pack::england())).rows;
    let mut rows = rows.into_iter();
    rows.find(|row| row.role == Role::SocialWorker).unwrap()
}

#[test]
fn of_two_starts_on_one_day_the_agencys_own_number_decides_who_came_last() {
    let mut h = social_care(&["C1"], "2013-01-01");
    h.same_day("csc", "2013-01-02", cp_plan("2013-01-02"));
    for (worker, number) in [("SW2", 8), ("SW1", 7)] {
        let mut event = started("2013-01-03", worker);
        event.agency_sequence = Some(number);
        h.same_day("csc", "2013-01-03", event);
    }
    h.confirm_to("csc", "2013-02-01");
    let row = row(&h, "2013-02-01");
    let named = |spell: &caseledger::projection::allocation::spell::Spell| {
        (
            spell.holder.named().unwrap().to_string(),
            spell.to.is_none(),
        )
    };
    let spells: Vec<_> = row.spells.iter().map(named).collect();
    assert_eq!(
        spells,
        [("SW1".to_owned(), false), ("SW2".to_owned(), true)]
    );
}

#[test]
fn no_kind_of_gap_says_never() {
    for kind in [
        GapKind::NeverAllocated,
        GapKind::BetweenHolders,
        GapKind::DutyOrTeam,
        GapKind::Vacant,
        GapKind::HeldByManager,
        GapKind::Absent,
    ] {
        assert!(!kind.words().contains("never"), "{kind:?}");
    }
}
