//! Late corrections (`semantics.md` 2): findings under both readings, each on the corrections that it depends on.

use crate::knowledge_history::{Entry, History, concern, disclosure, entry, staff};
use caseledger::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationEnded, AllocationStarted,
};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::record::{CorrectionKind, RecordContent};
use caseledger::domain::event::{Channel, Content, Harm, Role, Significance};
use caseledger::domain::id::Practitioner;
use caseledger::domain::time::AsAt;
use caseledger::projection::allocation::succession::{effective_holders, holder_changes};
use caseledger::projection::allocation::{Question, allocation};
use caseledger::projection::cut::{At, Basis, Cut, cut};
use caseledger::projection::knowledge::{
    self, Cell, CellState, Knowledge, KnowledgeAnswer, State, Timing, Turnover, turnover,
    turnover_of_both, who_knew_what,
};
use caseledger::projection::late::{self, Dependence, Earlier};
use caseledger::projection::need::Case;
use caseledger::projection::sharing::{self, RowKind, SharingAnswer, SharingRow, sharing};
use caseledger::rules::Pack;

const DAY: &str = "2013-06-01";
/// 95 days after the earliest share, 54 after the latest.
const LATE: &str = "2013-04-15";

/// A disclosure of a day in January that the school passed to social care by telephone; record errors say that it did
/// so on other days. Gives the item and the corrections.
fn shared(
    history: &mut History,
    (disclosed, first): (&str, &str),
    corrected: &[(&str, &str)],
) -> (u64, Vec<u64>) {
    let item = history.push(disclosure("school", disclosed, "T1"));
    let share = |history: &History, on: &str| {
        let to = [("csc", Some("SW2"))];
        history.share("school", &to, &[item], (Channel::Telephone, on))
    };
    let position = history.push(share(history, first));
    let corrections = corrected.iter().map(|(on, made)| {
        let mut correction = history.correct(position, CorrectionKind::RecordError, made);
        if let Content::Record(RecordContent::EventCorrected(content)) =
            &mut correction.event.content
        {
            *content.corrected = share(history, on).event;
        }
        history.push(correction)
    });
    (item, corrections.collect())
}

fn at() -> At {
    At::from(&DAY.parse::<AsAt>().unwrap())
}

/// The cut, and those without late corrections, if there are some.
fn cuts(history: &History) -> (Cut, Option<Earlier<Cut>>) {
    let current = cut(&history.log(), Basis::Then, at());
    let earlier = late::earlier(&history.log(), (Basis::Then, at()), &current, |cut| cut);
    (current, earlier)
}

/// The sharing answer of both readings.
fn both(history: &History) -> SharingAnswer {
    let (current, earlier) = cuts(history);
    let answer = |cut: &Cut| sharing(cut, Pack::england(), false);
    sharing::both_readings(answer(&current), &earlier.unwrap().map(answer))
}

/// The row about an item that social care got too late.
fn too_late(answer: &SharingAnswer, item: u64) -> &SharingRow {
    let of = |row: &&SharingRow| {
        row.kind == RowKind::Late && row.item == item && row.agency.as_str() == "csc"
    };
    let rows: Vec<&SharingRow> = answer.rows.iter().filter(of).collect();
    assert_eq!(rows.len(), 1, "{rows:?} of {answer:?}");
    rows[0]
}

/// The knowledge answer of both readings.
fn known(history: &History) -> KnowledgeAnswer {
    let (current, earlier) = cuts(history);
    let answer = |cut: &Cut| who_knew_what(cut, Pack::england(), false);
    knowledge::both_readings(answer(&current), &earlier.unwrap().map(answer))
}

/// The cells of an item and social care.
fn cells(answer: &KnowledgeAnswer, item: u64) -> Vec<&Cell> {
    let cells = answer.cells.iter();
    cells
        .filter(|cell| cell.item == item && cell.agency.as_str() == "csc")
        .collect()
}

fn in_time(cell: &Cell) -> bool {
    matches!(&cell.state, CellState::Knows { timing, .. } if *timing == Timing::InTime)
}

fn on(corrections: &[u64], first_words: bool) -> Dependence {
    Dependence {
        corrections: corrections.to_vec(),
        first_words,
    }
}

#[test]
fn a_late_share_that_a_late_correction_makes_or_unmakes_stays_listed_and_says_so() {
    for (first, corrected, first_words) in [
        ("2013-01-09", "2013-02-20", false),
        ("2013-02-20", "2013-01-09", true),
    ] {
        let mut history = History::new();
        let (item, correction) = shared(&mut history, ("2013-01-09", first), &[(corrected, LATE)]);
        let answer = both(&history);
        let row = too_late(&answer, item);
        assert_eq!(row.depends_on, on(&correction, first_words));
        let end = format!("; depends on correction #{}", correction[0]);
        assert!(row.sentence.ends_with(&end), "{}", row.sentence);
        assert_eq!(
            answer.figures.late + answer.figures.unconfirmed,
            1,
            "{answer:?}"
        );
        let others = answer
            .rows
            .iter()
            .filter(|row| row.agency.as_str() != "csc");
        for other in others {
            assert_eq!(other.depends_on, Dependence::default(), "{other:?}");
        }
    }
}

#[test]
fn a_record_error_made_in_time_gives_no_second_reading() {
    let mut history = History::new();
    let corrected = [("2013-01-09", "2013-03-01")];
    let (item, _) = shared(&mut history, ("2013-01-09", "2013-02-20"), &corrected);
    let (current, earlier) = cuts(&history);
    assert!(earlier.is_none());
    let answer = sharing(&current, Pack::england(), false);
    let late = |row: &&SharingRow| row.kind == RowKind::Late && row.item == item;
    assert_eq!(answer.rows.iter().filter(late).count(), 0);
}

#[test]
fn what_turns_on_a_correction_made_in_time_names_no_late_one() {
    for (first, corrected) in [("2013-01-09", "2013-01-31"), ("2013-01-31", "2013-01-09")] {
        let mut history = History::new();
        let timely_made = [(corrected, "2013-02-01")];
        let (timely, _) = shared(&mut history, ("2013-01-09", first), &timely_made);
        let late = [("2013-02-20", LATE)];
        let (item, correction) = shared(&mut history, ("2013-01-15", "2013-01-15"), &late);
        let answer = both(&history);
        assert_eq!(too_late(&answer, item).depends_on, on(&correction, false));
        let about = |row: &&SharingRow| row.item == timely;
        for row in answer.rows.iter().filter(about) {
            assert_eq!(row.depends_on, Dependence::default(), "{row:?}");
        }
        let too_late = answer
            .rows
            .iter()
            .filter(about)
            .any(|row| row.kind == RowKind::Late);
        assert_eq!(too_late, corrected == "2013-01-31");
        let answer = known(&history);
        let [cell] = cells(&answer, timely)[..] else {
            panic!("one reading: {answer:?}")
        };
        assert_eq!(cell.depends_on, Dependence::default());
        assert_eq!(in_time(cell), corrected == "2013-01-09");
    }
}

#[test]
fn the_words_corrected_in_time_are_what_a_later_correction_is_held_against() {
    let mut history = History::new();
    let corrected = [("2013-01-31", "2013-02-01"), ("2013-02-20", LATE)];
    let (item, corrections) = shared(&mut history, ("2013-01-09", "2013-01-10"), &corrected);
    let answer = both(&history);
    // Late by either: only by the words of the first day it was in time.
    assert_eq!(too_late(&answer, item).depends_on, Dependence::default());
    let answer = known(&history);
    let cells = cells(&answer, item);
    let said: Vec<_> = cells.iter().map(|cell| cell.depends_on.clone()).collect();
    let late = &corrections[1..];
    assert_eq!(said, [on(late, false), on(late, true)], "days late differ");
}

#[test]
fn of_several_late_corrections_each_row_names_those_of_the_entry_that_decides() {
    let mut history = History::new();
    let (one, first) = shared(
        &mut history,
        ("2013-01-09", "2013-01-09"),
        &[("2013-02-20", LATE)],
    );
    let twice = [("2013-02-25", LATE), ("2013-01-15", "2013-05-02")];
    let (two, second) = shared(&mut history, ("2013-01-15", "2013-02-20"), &twice);
    let answer = both(&history);
    assert_eq!(too_late(&answer, one).depends_on, on(&first, false));
    assert_eq!(too_late(&answer, two).depends_on, on(&second, true));
    let answer = known(&history);
    for (item, late) in [(one, &first), (two, &second)] {
        let cells = cells(&answer, item);
        let said: Vec<_> = cells.iter().map(|cell| cell.depends_on.clone()).collect();
        assert_eq!(said, [on(late, false), on(late, true)]);
    }
}

#[test]
fn where_no_entry_decides_alone_all_late_corrections_are_named() {
    let mut history = History::new();
    let late = [("2013-02-20", LATE)];
    let (item, mut all) = shared(&mut history, ("2013-01-09", "2013-01-09"), &late);
    // A second call about the same item: either call in time would do.
    let share = |history: &History, on: &str| {
        let to = [("csc", Some("SW2"))];
        history.share("school", &to, &[item], (Channel::Telephone, on))
    };
    let again = history.push(share(&history, "2013-01-10"));
    let mut correction = history.correct(again, CorrectionKind::RecordError, LATE);
    if let Content::Record(RecordContent::EventCorrected(content)) = &mut correction.event.content {
        *content.corrected = share(&history, "2013-02-21").event;
    }
    all.push(history.push(correction));
    assert_eq!(too_late(&both(&history), item).depends_on, on(&all, false));
}

#[test]
fn in_a_case_too_long_to_try_each_entry_all_late_corrections_are_named() {
    let mut history = History::new();
    let mut all = Vec::new();
    for _ in 0..2 {
        let late = [("2013-02-20", LATE)];
        all.extend(shared(&mut history, ("2013-01-09", "2013-01-09"), &late).1);
    }
    let least = late::SINGLED_OUT_ENTRIES / 4;
    while history.entries.len() < least {
        history.push(concern("police", "2013-01-02", Harm::Neglect));
    }
    let each = |history: &History| cuts(history).1.unwrap().each;
    let tried = each(&history).into_iter();
    let tried: Vec<Vec<u64>> = tried.map(|entry| entry.corrections).collect();
    assert_eq!(tried, [[all[0]], [all[1]]]);
    history.push(concern("police", "2013-01-02", Harm::Neglect));
    assert_eq!(each(&history), []);
    let (_, earlier) = cuts(&history);
    let earlier = earlier.unwrap();
    assert_eq!(earlier.dependence(true, |_| true), on(&all, true));
}

#[test]
fn a_cell_that_a_late_correction_changes_stands_under_both_readings_and_says_so() {
    for (first, corrected) in [("2013-01-09", "2013-02-20"), ("2013-02-20", "2013-01-09")] {
        let mut history = History::new();
        let (item, correction) = shared(&mut history, ("2013-01-09", first), &[(corrected, LATE)]);
        let answer = known(&history);
        let [current, before] = cells(&answer, item)[..] else {
            panic!("{answer:?}")
        };
        assert_eq!(in_time(current), corrected == "2013-01-09");
        assert_eq!(in_time(before), first == "2013-01-09");
        assert_eq!(current.depends_on, on(&correction, false));
        assert_eq!(before.depends_on, on(&correction, true));
        let end = format!("depends on correction #{}", correction[0]);
        assert!(current.words.ends_with(&format!("; {end}")), "{current:?}");
        let end = format!("; by the words first recorded; {end}");
        assert!(before.words.ends_with(&end), "{before:?}");
        let (now, earlier) = cuts(&history);
        let plain = who_knew_what(&now, Pack::england(), false);
        assert_eq!((plain.held, plain.existed), (answer.held, answer.existed));
        let earlier = earlier.unwrap();
        let before = who_knew_what(&earlier.first, Pack::england(), false);
        for (now, before) in plain.cells.iter().zip(&before.cells) {
            let mut both = answer.cells.iter();
            let of = |cell: &&Cell| (cell.item, &cell.agency) == (now.item, &now.agency);
            let marked = both.any(|cell| of(&cell) && cell.depends_on != Dependence::default());
            assert_eq!(marked, now.state != before.state, "{now:?} {before:?}");
        }
        let (now, earlier) = (Knowledge::of(&now), earlier.map(Knowledge::of));
        let of = |who: &str| {
            let who: Practitioner = who.parse().unwrap();
            let both = knowledge::practitioner(&now, Some(&earlier.map(|of| of)), (&who, item));
            let both = both.into_iter().map(|(standing, depends)| {
                assert_eq!(standing.state, State::Knows);
                depends
            });
            both.collect::<Vec<_>>()
        };
        assert_eq!(
            of("csc/SW2"),
            [on(&correction, false), on(&correction, true)]
        );
        assert_eq!(of("school/T1"), [Dependence::default()]);
        assert_eq!(of("csc/SW9"), []);
    }
}

#[test]
fn an_item_that_a_late_correction_moves_past_the_moment_is_shown_by_its_first_words() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let mut correction = history.correct(item, CorrectionKind::RecordError, LATE);
    if let Content::Record(RecordContent::EventCorrected(content)) = &mut correction.event.content {
        *content.corrected = disclosure("school", "2013-07-09", "T1").event;
    }
    let correction = history.push(correction);
    let (current, _) = cuts(&history);
    let items = |answer: &KnowledgeAnswer| {
        let items = answer.items.iter();
        items.filter(|of| of.position == item).count()
    };
    assert_eq!(items(&who_knew_what(&current, Pack::england(), false)), 0);
    let answer = known(&history);
    assert_eq!(items(&answer), 1);
    let cells: Vec<&Cell> = answer.cells.iter().filter(|of| of.item == item).collect();
    assert_eq!(cells.len(), answer.holders.len());
    for cell in cells {
        assert_eq!(cell.depends_on, on(&[correction], true), "{cell:?}");
    }
}

fn allocated(worker: &str, from: &str) -> Entry {
    let started = AllocationStarted {
        role: Role::SocialWorker,
        basis: AllocationBasis::Named,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    let content = AllocationContent::AllocationStarted(started);
    entry("csc", from, Content::Allocation(content))
}

fn ended(worker: &str, on: &str) -> Entry {
    let ended = AllocationEnded {
        role: Role::SocialWorker,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    let content = AllocationContent::AllocationEnded(ended);
    entry("csc", on, Content::Allocation(content))
}

/// What changes of holder left behind, by both readings.
fn left_behind(history: &History) -> Turnover {
    let of = |cut: &Cut| {
        let found = allocation(cut, &Question::new(Pack::england()));
        let case = Case::of(cut, Pack::england());
        turnover(&case, &holder_changes(&found), &effective_holders(&found))
    };
    let (current, earlier) = cuts(history);
    turnover_of_both(of(&current), &earlier.unwrap().map(of))
}

/// SW2 held and was told of an item by telephone, and recorded another; SW3 follows. The end of the one and the start
/// of the other are corrected, and elsewhere something else.
#[test]
fn what_a_change_left_behind_is_listed_by_both_readings_and_names_the_correction_of_the_change() {
    let mut history = History::new();
    let child = CaseContent::PersonRecorded(PersonRecorded {
        person: "C1".parse().unwrap(),
        role: PersonRole::SubjectChild,
        born: None,
        school_stage: String::new(),
    });
    history.push(entry("csc", "2013-01-02", Content::Case(child)));
    history.push(allocated("SW2", "2013-01-02"));
    let own = history.push(disclosure("csc", "2013-01-10", "SW2").by("SW2"));
    let key = concern("police", "2013-01-11", Harm::Neglect);
    let told = history.push(key.with(|event| event.significance = Significance::Key));
    let share = history.share(
        "police",
        &[("csc", Some("SW2"))],
        &[told],
        (Channel::Telephone, "2013-01-14"),
    );
    history.push(share);
    let end = history.push(ended("SW2", "2013-02-01"));
    let start = history.push(allocated("SW3", "2013-02-04"));
    let mut correct = |target: u64, made: Entry| {
        let mut correction = history.correct(target, CorrectionKind::RecordError, LATE);
        if let Content::Record(RecordContent::EventCorrected(content)) =
            &mut correction.event.content
        {
            *content.corrected = made.event;
        }
        history.push(correction)
    };
    let of_start = correct(start, allocated("SW3", "2013-02-11"));
    let of_end = correct(end, ended("SW2", "2013-02-08"));
    let (_, _) = shared(
        &mut history,
        ("2013-01-15", "2013-01-15"),
        &[("2013-02-20", LATE)],
    );
    let left = left_behind(&history);
    let rows: Vec<_> = left
        .on_file
        .iter()
        .filter(|row| row.items.contains(&own))
        .map(|row| {
            (
                row.change.to.as_ref().unwrap().1.to_string(),
                row.depends_on.clone(),
            )
        })
        .collect();
    let expected = [
        ("2013-02-11".to_owned(), on(&[of_start, of_end], false)),
        ("2013-02-04".to_owned(), on(&[of_start, of_end], true)),
    ];
    assert_eq!(rows, expected, "{left:?}");
    let lost: Vec<_> = left
        .left
        .iter()
        .filter(|row| row.item == told)
        .map(|row| (row.since.to_string(), row.depends_on.clone()))
        .collect();
    let expected = [
        ("2013-02-08".to_owned(), on(&[of_end], false)),
        ("2013-02-01".to_owned(), on(&[of_end], true)),
    ];
    assert_eq!(lost, expected, "{left:?}");
}
