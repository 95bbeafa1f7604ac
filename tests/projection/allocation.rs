//! The worked allocation histories of `semantics.md` 5.3, and the traps of section 9.

use crate::history::*;
use caseledger::domain::event::allocation::{
    AbsenceKind, AllocationBasis, AllocationContent, WorkerAbsent,
};
use caseledger::domain::event::case::{CaseClosed, CaseContent};
use caseledger::domain::event::contact::{ContactContent, VisitMade};
use caseledger::domain::event::record::CorrectionKind;
use caseledger::domain::event::referral::{ReferralContent, ReferralDecided, ReferralOutcome};
use caseledger::domain::event::{CaseEvent, Content, Role};
use caseledger::projection::allocation::gap::{Gap, GapEnd, GapKind};
use caseledger::projection::allocation::late::parted;
use caseledger::projection::allocation::mark::EndReason;
use caseledger::projection::allocation::{Allocation, Question, Row, allocation};
use caseledger::projection::cut::{At, Basis, Reading, Readings, cut_with};
use caseledger::projection::late;
use caseledger::rules::pack::Pack;
use jiff::civil::{Date, date};

const ALL: [Basis; 4] = [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now];
const LATEST: &str = "2016-06-30";

fn answer(history: &History, basis: Basis, day: &str) -> Allocation {
    first_or_current(history, basis, day, &Readings::Current)
}

fn first_or_current(history: &History, basis: Basis, day: &str, words: &Readings) -> Allocation {
    let cut = cut_with(&history.log(), basis, &at(day), words);
    allocation(&cut, &Question::new(Pack::england()))
}

fn social_worker(answer: &Allocation) -> Row {
    row_of(answer, "C1")
}

fn row_of(answer: &Allocation, name: &str) -> Row {
    answer
        .rows
        .iter()
        .find(|row| row.role == Role::SocialWorker && row.children.contains(&child(name)))
        .cloned()
        .unwrap()
}

fn decided(day: &str, outcome: ReferralOutcome) -> CaseEvent {
    fact(
        day,
        Content::Referral(ReferralContent::ReferralDecided(ReferralDecided {
            outcome,
            ..Default::default()
        })),
    )
}

fn closed(day: &str) -> CaseEvent {
    fact(
        day,
        Content::Case(CaseContent::CaseClosed(CaseClosed::default())),
    )
}

fn absent(day: &str, worker: &str, kind: AbsenceKind) -> CaseEvent {
    fact(
        day,
        Content::Allocation(AllocationContent::WorkerAbsent(WorkerAbsent {
            worker: staff(worker),
            kind,
            from: None,
            until: None,
            cover: None,
        })),
    )
}

fn visit(day: &str, worker: &str) -> CaseEvent {
    fact(
        day,
        Content::Contact(ContactContent::VisitMade(VisitMade {
            worker: Some(staff(worker)),
            role: Role::SocialWorker,
            ..Default::default()
        })),
    )
}

/// From, end, days, working days, and the kinds of a gap.
fn shape(gap: &Gap) -> (Date, GapEnd, i64, u32, Vec<GapKind>) {
    let kinds = gap.stretches.iter().map(|stretch| stretch.kind).collect();
    let extent = gap.at_least;
    (
        extent.from,
        extent.to,
        extent.days,
        extent.working_days,
        kinds,
    )
}

#[test]
fn a1_a_weekend_handover_and_a_missing_end_make_no_gap() {
    let mut h = social_care(&["C1"], "2012-01-03");
    h.same_day(
        "csc",
        "2012-01-03",
        decided("2012-01-03", ReferralOutcome::Section17),
    );
    h.same_day("csc", "2012-01-04", started("2012-01-04", "SW1"));
    h.same_day("csc", "2012-07-06", ended("2012-07-06", "SW1"));
    h.same_day("csc", "2012-07-09", started("2012-07-09", "SW2"));
    h.same_day("csc", "2012-09-03", started("2012-09-03", "SW3"));
    h.same_day("csc", "2012-11-30", closed("2012-11-30"));
    h.confirm_to("csc", LATEST);
    for basis in ALL {
        let row = social_worker(&answer(&h, basis, LATEST));
        let spells: Vec<_> = row
            .spells
            .iter()
            .map(|s| {
                (
                    s.holder.named().unwrap().to_string(),
                    s.days.unwrap().at_least,
                    s.to.unwrap().reason,
                )
            })
            .collect();
        assert_eq!(
            spells,
            [
                ("SW1".to_owned(), 184, EndReason::Recorded),
                ("SW2".to_owned(), 56, EndReason::Superseded),
                ("SW3".to_owned(), 88, EndReason::WindowClosed),
            ],
            "{basis:?}"
        );
        assert!(
            row.spells
                .iter()
                .all(|spell| spell.days.unwrap().is_exact())
        );
        assert_eq!(row.gaps, [], "{basis:?}");
        assert_eq!(row.unknown, [], "{basis:?}");
        assert_eq!(row.totals.changes, 2);
        assert_eq!(row.totals.distinct, 3);
        assert_eq!(row.overlaps, []);
    }
}

fn a2() -> History {
    let mut h = social_care(&["C1"], "2013-02-01");
    h.same_day("csc", "2013-02-01", cp_plan("2013-02-01"));
    h.same_day("csc", "2013-02-01", started("2013-02-01", "SW1"));
    h.same_day(
        "csc",
        "2013-03-04",
        absent("2013-03-04", "SW1", AbsenceKind::Sickness),
    );
    h.confirm_to("csc", "2013-03-08");
    h.confirm_to("csc", "2013-03-12");
    h.same_day("csc", "2013-04-02", visit("2013-04-02", "SW1"));
    h.confirm_to("csc", LATEST);
    h
}

#[test]
fn a2_an_absence_counts_from_its_first_day_once_it_is_over_five_working_days() {
    for basis in ALL {
        let row = social_worker(&answer(&a2(), basis, "2013-03-08"));
        assert_eq!(row.gaps, [], "{basis:?}");
        assert_eq!(row.spells[0].absences[0].working_days, 5, "{basis:?}");
        assert!(!row.spells[0].absences[0].counted);

        let row = social_worker(&answer(&a2(), basis, "2013-03-12"));
        let so_far = GapEnd::SoFar(date(2013, 3, 12));
        assert_eq!(
            row.gaps.iter().map(shape).collect::<Vec<_>>(),
            [(date(2013, 3, 4), so_far, 8, 7, vec![GapKind::Absent])],
            "{basis:?}"
        );

        let row = social_worker(&answer(&a2(), basis, LATEST));
        let end = GapEnd::Before(date(2013, 4, 2));
        assert_eq!(
            row.gaps.iter().map(shape).collect::<Vec<_>>(),
            [(date(2013, 3, 4), end, 29, 19, vec![GapKind::Absent])],
            "{basis:?}"
        );
        assert_eq!((row.totals.nobody_days, row.totals.absent_days), (0, 29));
        assert_eq!(row.spells.len(), 1);
    }
}

fn a3(end_names: &[&str]) -> History {
    let mut h = social_care(&["C1", "C2", "C3"], "2013-05-01");
    h.same_day("csc", "2013-05-01", cp_plan("2013-05-01"));
    h.same_day("csc", "2013-05-01", started("2013-05-01", "SW1"));
    h.same_day(
        "csc",
        "2013-06-03",
        children(started("2013-06-03", "SW2"), &["C3"]),
    );
    h.same_day(
        "csc",
        "2013-06-28",
        children(ended("2013-06-28", "SW1"), end_names),
    );
    let tray = nobody("2013-06-28", AllocationBasis::DutyTray);
    h.same_day("csc", "2013-06-28", children(tray, &["C1", "C2"]));
    h.same_day(
        "csc",
        "2013-07-22",
        children(started("2013-07-22", "SW3"), &["C1", "C2"]),
    );
    h.confirm_to("csc", LATEST);
    h
}

#[test]
fn a3_siblings_with_different_workers_are_no_overlap_and_share_a_row_when_equal() {
    for basis in ALL {
        let answer = answer(&a3(&["C1", "C2"]), basis, LATEST);
        assert_eq!(
            answer.rows.len(),
            2 + 1,
            "social worker twice, team manager once: {basis:?}"
        );
        let third = row_of(&answer, "C3");
        assert_eq!(third.children, [child("C3")]);
        assert_eq!(
            (third.gaps.len(), third.totals.changes, third.overlaps.len()),
            (0, 1, 0)
        );
        let end = third.spells[0].to.unwrap();
        assert_eq!(
            (end.day.latest, end.reason),
            (date(2013, 6, 3), EndReason::Superseded)
        );

        let both = row_of(&answer, "C1");
        assert_eq!(both.children, [child("C1"), child("C2")]);
        let end = GapEnd::Before(date(2013, 7, 22));
        assert_eq!(
            both.gaps.iter().map(shape).collect::<Vec<_>>(),
            [(date(2013, 6, 28), end, 24, 15, vec![GapKind::DutyOrTeam])],
            "{basis:?}"
        );
        assert_eq!((both.totals.nobody_days, both.totals.distinct), (24, 2));
        assert_eq!(third.totals.distinct, 2);
        assert_eq!(answer.distinct[&(agency("csc"), Role::SocialWorker)], 3);
    }
}

#[test]
fn a3_a_recorded_later_end_wins_over_the_next_start_and_is_an_overlap() {
    let answer = answer(&a3(&["C1", "C2", "C3"]), Basis::Then, LATEST);
    let third = row_of(&answer, "C3");
    assert_eq!(third.overlaps.len(), 1);
    let overlap = &third.overlaps[0];
    assert_eq!(
        (overlap.from, overlap.to),
        (date(2013, 6, 3), Some(date(2013, 6, 28)))
    );
    assert_eq!(third.gaps, []);
}

fn a4() -> History {
    let mut h = social_care(&["C1"], "2013-01-07");
    h.same_day(
        "csc",
        "2013-01-07",
        decided("2013-01-07", ReferralOutcome::Section17),
    );
    h.same_day("csc", "2013-01-07", started("2013-01-07", "SW1"));
    h.live(
        "csc",
        "2013-06-19",
        recorded(ended("2013-06", "SW1"), "2013-06-19"),
    );
    h.confirm_to("csc", "2013-06-20");
    h.same_day("csc", "2013-07-10", started("2013-07-10", "SW2"));
    h.confirm_to("csc", LATEST);
    h
}

#[test]
fn a4_an_uncertain_end_gives_at_least_and_at_most() {
    for basis in ALL {
        let row = social_worker(&answer(&a4(), basis, LATEST));
        assert_eq!(row.gaps.len(), 1, "{basis:?}");
        let gap = &row.gaps[0];
        let least = (
            gap.at_least.from,
            gap.at_least.days,
            gap.at_least.working_days,
        );
        let most = (gap.at_most.from, gap.at_most.days, gap.at_most.working_days);
        assert_eq!(least, (date(2013, 6, 30), 10, 7), "{basis:?}");
        assert_eq!(most, (date(2013, 6, 1), 39, 27), "{basis:?}");
        assert_eq!(row.totals.nobody_days, 10);

        let row = social_worker(&answer(&a4(), basis, "2013-06-20"));
        assert_eq!(row.gaps, [], "not counted: {basis:?}");
        assert_eq!(row.totals.nobody_days, 0);
        assert_eq!(row.maybe.len(), 1, "may have begun: {basis:?}");
        assert_eq!(row.maybe[0].extent.from, date(2013, 6, 1));
        assert_eq!(row.maybe[0].extent.to, GapEnd::SoFar(date(2013, 6, 20)));
    }
}

fn a5() -> History {
    let mut h = social_care(&["C1"], "2012-12-03");
    h.same_day("csc", "2012-12-03", cp_plan("2012-12-03"));
    h.same_day("csc", "2012-12-03", started("2012-12-03", "SW1"));
    h.same_day("csc", "2013-02-01", ended("2013-02-01", "SW1"));
    h.confirm_to("csc", "2013-03-01");
    let late = h.live(
        "csc",
        "2013-04-09",
        recorded(started("2013-02-18", "SW2"), "2013-04-08"),
    );
    h.confirm_to("csc", "2013-05-01");
    let reference = h.reference(late);
    let corrected = started("2013-02-11", "SW2");
    h.same_day(
        "csc",
        "2013-06-03",
        correction(
            "2013-06-03",
            CorrectionKind::RecordError,
            reference,
            corrected,
        ),
    );
    h.confirm_to("csc", "2013-07-01");
    h
}

/// Where the record error stands.
fn errors_of(history: &History) -> Vec<u64> {
    let log = history.log();
    let entries = log.entries().iter();
    let errors = entries.filter(|entry| matches!(&entry.event.content, Content::Record(_)));
    errors.map(|entry| entry.position).collect()
}

#[test]
fn a5_a_late_entry_and_a_record_error_give_each_basis_its_own_answer() {
    let h = a5();
    let gap = |basis, day| {
        let row = social_worker(&answer(&h, basis, day));
        assert_eq!(row.gaps.len(), 1, "{basis:?} {day}");
        (
            row.gaps[0].at_least.to,
            row.gaps[0].at_least.days,
            row.gaps[0].at_least.working_days,
        )
    };
    let by = |day| GapEnd::Before(day);
    for basis in [Basis::Then, Basis::Now] {
        assert_eq!(gap(basis, "2013-03-01"), (by(date(2013, 2, 11)), 10, 5));
        assert_eq!(gap(basis, "2013-05-01").1, 10);
    }
    for basis in [Basis::Recorded, Basis::Ledger] {
        let so_far = GapEnd::SoFar(date(2013, 3, 1));
        assert_eq!(
            (gap(basis, "2013-03-01").0, gap(basis, "2013-03-01").1),
            (so_far, 28)
        );
        let closed = gap(basis, "2013-05-01");
        assert_eq!((closed.0, closed.1), (by(date(2013, 2, 18)), 17));
    }
    for basis in ALL {
        assert_eq!(gap(basis, "2013-07-01").1, 10, "{basis:?}");
        let first = first_or_current(&h, basis, "2013-07-01", &Readings::without(errors_of(&h)));
        assert_eq!(social_worker(&first).gaps[0].at_least.days, 17, "{basis:?}");
        let cut = cut_with(&h.log(), basis, &at("2013-07-01"), &Readings::Current);
        let late = cut
            .readings()
            .iter()
            .find_map(|r| r.late_correction())
            .unwrap();
        assert_eq!((late.days, late.applied), (56, true));
        let delays: Vec<_> = cut
            .facts()
            .filter_map(Reading::recording_delay_days)
            .max()
            .into_iter()
            .collect();
        assert_eq!(delays, [49], "{basis:?}");
    }
}

#[test]
fn a5_a_gap_of_one_reading_only_stays_listed_and_depends_on_the_late_correction() {
    let h = a5();
    for basis in ALL {
        let (log, at) = (h.log(), At::from(&at("2013-07-01")));
        let current = cut_with(&log, basis, at, &Readings::Current);
        let earlier = late::earlier(&log, (basis, at), &current, |cut| cut).unwrap();
        assert_eq!(earlier.corrections, errors_of(&h));
        let first = earlier.first;
        assert_eq!(*first.words(), Readings::without(errors_of(&h)));
        let question = Question::new(Pack::england());
        let (current, first) = (
            allocation(&current, &question),
            allocation(&first, &question),
        );
        let days = |rows: &[Row]| -> Vec<i64> {
            let rows = rows.iter().filter(|row| row.role == Role::SocialWorker);
            let gaps = rows.flat_map(|row| &row.gaps);
            gaps.map(|gap| gap.at_least.days).collect()
        };
        let started = |rows: &[Row]| -> Vec<Date> {
            let rows = rows.iter().filter(|row| row.role == Role::SocialWorker);
            let changes = rows.flat_map(|row| &row.changes);
            changes.map(|change| change.day.latest).collect()
        };
        let (both, alone) = parted(&current, &first);
        assert_eq!((days(&both), days(&alone)), (vec![], vec![10]), "{basis:?}");
        assert_eq!(started(&both), []);
        assert_eq!(started(&alone), [date(2013, 2, 11)]);
        let (both, alone) = parted(&first, &current);
        assert_eq!((days(&both), days(&alone)), (vec![], vec![17]), "{basis:?}");
        assert_eq!(started(&both), []);
        assert_eq!(started(&alone), [date(2013, 2, 18)]);
        let (both, alone) = parted(&current, &current);
        assert_eq!((days(&both), days(&alone)), (vec![10], vec![]), "{basis:?}");
    }
}

#[test]
fn before_it_was_made_a_late_correction_gives_no_second_reading_to_the_record_as_it_stood() {
    let log = a5().log();
    for (basis, has) in [
        (Basis::Then, true),
        (Basis::Now, true),
        (Basis::Recorded, false),
        (Basis::Ledger, false),
    ] {
        let at = At::from(&at("2013-05-01"));
        let current = cut_with(&log, basis, at, &Readings::Current);
        let first = late::earlier(&log, (basis, at), &current, |cut| cut);
        assert_eq!(first.is_some(), has, "{basis:?}");
    }
}

#[test]
fn a6_a_backloaded_time_that_is_not_confirmed_cannot_be_known() {
    let mut h = History::default();
    h.register(
        "csc",
        caseledger::domain::event::registry::AgencyKind::ChildrenSocialCare,
        "2012-01-03",
    );
    h.feed("csc", "2012-01-03");
    h.back(
        "csc",
        "2012-01-03",
        children(recorded(ended("2010-03-15", "SW0"), "2010-03-15"), &["C1"]),
    );
    h.same_day(
        "csc",
        "2012-01-04",
        children(started("2012-01-04", "SW1"), &["C1"]),
    );
    h.confirm_to("csc", LATEST);
    for opened in [false, true] {
        let mut h = h.clone();
        if opened {
            let plan = children(cp_plan("2009-06-01"), &["C1"]);
            h.back("csc", "2016-06-01", recorded(plan, "2009-06-01"));
        }
        for basis in ALL {
            let row = social_worker(&answer(&h, basis, LATEST));
            assert_eq!(row.gaps, [], "{basis:?}");
            assert_eq!(
                row.unknown
                    .iter()
                    .map(|unknown| unknown.sentence.as_str())
                    .collect::<Vec<_>>()
                    .last(),
                Some(
                    &"15 March 2010 to 4 January 2012 cannot be known: social care has not confirmed its \
                      allocations for this period"
                ),
                "{basis:?} {opened}"
            );
        }
    }
}
