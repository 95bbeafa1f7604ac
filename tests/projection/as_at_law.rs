//! The as-at law of `semantics.md` 3.4 over random histories: laws 1, 2, 3, 6 and 7 for the cut and for the
//! allocation answer. (4 and 5 are about knowledge and are tested there.)

use std::collections::BTreeMap;

use crate::history::*;
use crate::random::words;
use caseledger::domain::event::allocation::{
    AbsenceKind, AllocationBasis, AllocationContent, WorkerAbsent,
};
use caseledger::domain::event::contact::{ContactContent, VisitMade};
use caseledger::domain::event::plan::{PlanContent, PlanEnded, PlanType};
use caseledger::domain::event::record::{
    CorrectionKind, DisputedBy, EventDisputed, EventRetracted, MatterLinked, RecordContent,
    RetractionReason,
};
use caseledger::domain::event::registry::AgencyKind;
use caseledger::domain::event::sharing::{ShareMade, ShareReceiptDisputed, SharingContent};
use caseledger::domain::event::{
    AssertionKind, CaseEvent, Channel, Content, EntryRef, Recipient, Role, SourceKind,
};
use caseledger::domain::time::{When, day_start};
use caseledger::projection::allocation::{Allocation, Question, allocation};
use caseledger::projection::cut::{At, Basis, Cut, cut, cut_with};
use caseledger::projection::placed::{Ingest, Log, Placed};
use caseledger::rules::pack::Pack;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const ALL: [Basis; 4] = [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now];
const AGENCIES: [&str; 3] = ["csc", "police", "school"];
/// Days that the histories run over, from 1 January 2013.
const DAYS: u16 = 400;

/// One random step of a history.
#[derive(Debug, Clone)]
struct Step {
    kind: u8,
    agency: usize,
    worker: u8,
    day: u16,
    /// Days from the happening to the recording; none: not recorded.
    record_after: Option<u16>,
    /// Days from the recording to the appending.
    append_after: u16,
    backload: bool,
    blur: u8,
    hearsay: bool,
    known_after: Option<u16>,
    target: u16,
    choice: u8,
    by_record_id: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let about = (
        0..20_u8,
        0..AGENCIES.len(),
        0..4_u8,
        0..DAYS,
        any::<u16>(),
        any::<u8>(),
    );
    let times = (
        prop_oneof![3 => (0..5_u16).prop_map(Some), 1 => (5..120_u16).prop_map(Some), 1 => Just(None)],
        prop_oneof![3 => 0..2_u16, 1 => 2..300_u16],
        prop::bool::weighted(0.25),
        0..8_u8,
        prop::bool::weighted(0.2),
        prop_oneof![4 => Just(None), 1 => (0..200_u16).prop_map(Some)],
        any::<bool>(),
    );
    (about, times).prop_map(|(about, times)| {
        let (kind, agency, worker, day, target, choice) = about;
        let (record_after, append_after, backload, blur, hearsay, known_after, by_record_id) =
            times;
        Step {
            kind,
            agency,
            worker,
            day,
            record_after,
            append_after,
            backload,
            blur,
            hearsay,
            known_after,
            target,
            choice,
            by_record_id,
        }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 4..40)
}

fn date_of(day: u16) -> Date {
    jiff::civil::date(2013, 1, 1)
        .checked_add(Span::new().days(i64::from(day)))
        .unwrap()
}

fn noon(day: u16) -> Timestamp {
    day_start(date_of(day))
        .unwrap()
        .checked_add(Span::new().hours(12))
        .unwrap()
}

/// Exact mostly; else a month, a rough day, a range, a time of day, or unknown.
fn blurred(day: u16, blur: u8) -> When {
    let date = date_of(day);
    match blur {
        0 => when(&format!("{:04}-{:02}", date.year(), date.month())),
        1 => when(&format!("{date}~")),
        2 => when(&format!("{date}/{}", date_of(day + 9))),
        3 => When::instant(noon(day)),
        4 if day.is_multiple_of(7) => When::unknown(),
        _ => when(&date.to_string()),
    }
}

/// The history that the steps make. Appended times rise, as in a ledger.
fn build(steps: &[Step]) -> History {
    let mut h = History::default();
    for (id, kind) in [
        ("csc", AgencyKind::ChildrenSocialCare),
        ("police", AgencyKind::Police),
        ("school", AgencyKind::School),
    ] {
        h.register(id, kind, "2013-01-01");
    }
    h.feed("csc", "2013-03-01");
    h.feed("police", "2013-01-01");
    h.subject("C1", "2013-01-01");
    h.subject("C2", "2013-01-02");
    h.same_day("csc", "2013-01-03", cp_plan("2013-01-03"));
    for (entry, second) in h.entries.iter_mut().zip(0_i64..) {
        entry.appended = noon(0).checked_add(Span::new().seconds(second)).unwrap();
    }
    let mut timed: Vec<(u16, &Step)> = steps
        .iter()
        .map(|step| {
            (
                step.day + step.record_after.unwrap_or(1) + step.append_after,
                step,
            )
        })
        .collect();
    timed.sort_by_key(|(day, _)| *day);
    for (appended, step) in timed {
        let event = event_of(step, &h);
        let author = AGENCIES[step.agency];
        let position = h.push(
            author,
            if step.backload {
                Ingest::Backload
            } else {
                Ingest::Live
            },
            "2013-01-01",
            event,
        );
        // Strictly rising, whatever falls on one day.
        let at = noon(appended + 4)
            .checked_add(Span::new().seconds(i64::try_from(position).unwrap()))
            .unwrap();
        h.entries.last_mut().unwrap().appended = at;
    }
    h
}

fn event_of(step: &Step, h: &History) -> CaseEvent {
    let day = date_of(step.day).to_string();
    let mut event = fact(&day, content_of(step, h));
    event.occurred = blurred(step.day, step.blur);
    event.recorded = step
        .record_after
        .map(|after| when(&date_of(step.day + after).to_string()));
    event.known = step
        .known_after
        .map(|after| when(&date_of(step.day + after).to_string()));
    if step.hearsay {
        event.assertion = AssertionKind::Hearsay;
        event.source.kind = SourceKind::Parent;
    }
    if step.choice.is_multiple_of(3) {
        event.children = vec![child(if step.choice.is_multiple_of(2) {
            "C1"
        } else {
            "C2"
        })];
    }
    event.source_record_id = format!("R{}", h.entries.len());
    event
}

fn worker(step: &Step) -> String {
    format!("W{}", step.worker)
}

/// An earlier entry, or now and then one that is still to come.
fn target(step: &Step, h: &History) -> EntryRef {
    let count = h.entries.len();
    let place = usize::from(step.target) % (count + 3);
    let position = u64::try_from(place).unwrap();
    let author = h
        .entries
        .get(place)
        .map_or(agency(AGENCIES[step.agency]), |e| e.agency.clone());
    if step.by_record_id || place >= count {
        EntryRef::Source {
            agency: author,
            record_id: format!("R{place}"),
        }
    } else {
        h.reference(position)
    }
}

fn content_of(step: &Step, h: &History) -> Content {
    let day = date_of(step.day).to_string();
    let allocated = |event: CaseEvent| event.content;
    match step.kind {
        0..=3 => allocated(started(&day, &worker(step))),
        4 | 5 => allocated(ended(&day, &worker(step))),
        6 => allocated(nobody(
            &day,
            [
                AllocationBasis::DutyTray,
                AllocationBasis::Vacant,
                AllocationBasis::ManagerHolding,
                AllocationBasis::Team,
            ][usize::from(step.choice) % 4],
        )),
        7 => Content::Allocation(AllocationContent::WorkerAbsent(WorkerAbsent {
            worker: staff(&worker(step)),
            kind: if step.choice.is_multiple_of(2) {
                AbsenceKind::Sickness
            } else {
                AbsenceKind::AnnualLeave
            },
            from: None,
            until: None,
            cover: None,
        })),
        8 | 9 => Content::Contact(ContactContent::VisitMade(VisitMade {
            worker: Some(staff(&worker(step))),
            role: Role::SocialWorker,
            ..Default::default()
        })),
        10 => Content::Plan(PlanContent::PlanEnded(PlanEnded {
            plan_type: PlanType::ChildProtection,
            ..Default::default()
        })),
        11 => Content::Sharing(SharingContent::ShareMade(ShareMade {
            to: vec![Recipient {
                agency: agency(AGENCIES[usize::from(step.choice) % 3]),
                staff: None,
            }],
            items: vec![target(step, h)],
            channel: if step.choice.is_multiple_of(2) {
                Channel::Telephone
            } else {
                Channel::Email
            },
            ..Default::default()
        })),
        _ => about_the_record(step, h),
    }
}

/// Disputes, links, retractions, corrections.
fn about_the_record(step: &Step, h: &History) -> Content {
    let day = date_of(step.day).to_string();
    match step.kind {
        12 => Content::Sharing(SharingContent::ShareReceiptDisputed(ShareReceiptDisputed {
            share: target(step, h),
            words: String::new(),
        })),
        13 => Content::Record(RecordContent::EventDisputed(EventDisputed {
            target: target(step, h),
            by: DisputedBy::DataSubject,
            words: String::new(),
        })),
        14 => Content::Record(RecordContent::MatterLinked(MatterLinked {
            a: target(step, h),
            b: EntryRef::Source {
                agency: agency(AGENCIES[usize::from(step.choice) % 3]),
                record_id: format!("R{}", step.worker + 8),
            },
        })),
        15 => Content::Record(RecordContent::EventRetracted(EventRetracted {
            target: target(step, h),
            reason: [
                RetractionReason::Duplicate,
                RetractionReason::NeverHappened,
                RetractionReason::WrongChild,
                RetractionReason::NotStated,
            ][usize::from(step.choice) % 4],
            words: String::new(),
        })),
        _ => {
            let kind = [
                CorrectionKind::RecordError,
                CorrectionKind::RecordError,
                CorrectionKind::NewUnderstanding,
                CorrectionKind::NotStated,
            ][usize::from(step.choice) % 4];
            let moved = u16::from(step.choice) % 60;
            let corrected = started(
                &date_of(step.day.saturating_sub(moved)).to_string(),
                &worker(step),
            );
            correction(&day, kind, target(step, h), corrected).content
        }
    }
}

fn moment(day: u16) -> At {
    At {
        instant: day_start(date_of(day)).unwrap(),
        position: None,
    }
}

fn answer(cut: &Cut) -> Allocation {
    allocation(cut, &Question::new(Pack::england()))
}

fn positions(cut: &Cut) -> Vec<u64> {
    cut.log()
        .entries()
        .iter()
        .map(|entry| entry.position)
        .collect()
}

/// What a history had, by name.
fn traits_of(steps: &[Step]) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut when = |name, has: bool| {
        if has {
            found.push(name);
        }
    };
    let has = |test: &dyn Fn(&Step) -> bool| steps.iter().any(test);
    when("corrections", has(&|s| s.kind >= 16));
    when("record errors", has(&|s| s.kind >= 16 && s.choice % 4 < 2));
    when(
        "new understanding",
        has(&|s| s.kind >= 16 && s.choice % 4 >= 2),
    );
    when("retractions", has(&|s| s.kind == 15));
    when("disputes", has(&|s| s.kind == 13));
    when("disputes of receipt", has(&|s| s.kind == 12));
    when(
        "late recording",
        has(&|s| s.record_after.is_some_and(|after| after > 7)),
    );
    when("missing recorded", has(&|s| s.record_after.is_none()));
    when("uncertain dates", has(&|s| s.blur <= 2));
    when("absences", has(&|s| s.kind == 7));
    when("back-loading", has(&|s| s.backload));
    when(
        "third-party or late learning",
        has(&|s| s.hearsay || s.known_after.is_some()),
    );
    found
}

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: 160,
        failure_persistence: None,
        ..Config::default()
    })
}

#[test]
fn law_1_and_3_a_cut_of_a_cut_is_the_same_cut_and_gives_the_same_answer() {
    let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut rows = 0_usize;
    let mut gaps = 0_usize;
    let counted = std::cell::RefCell::new((&mut counts, &mut rows, &mut gaps));
    runner()
        .run(&(steps(), 0..DAYS + 60), |(steps, day)| {
            let log = build(&steps).log();
            let mut counted = counted.borrow_mut();
            for name in traits_of(&steps) {
                *counted.0.entry(name).or_default() += 1;
            }
            for basis in ALL {
                for words in words(&log) {
                    let once = cut_with(&log, basis, moment(day), &words);
                    let twice = cut_with(once.log(), basis, moment(day), &words);
                    prop_assert_eq!(
                        positions(&once),
                        positions(&twice),
                        "{:?} {:?}",
                        basis,
                        words
                    );
                    for (a, b) in once.readings().iter().zip(twice.readings()) {
                        prop_assert_eq!(a, b, "{:?} {:?}", basis, words);
                    }
                    prop_assert!(once == twice, "{basis:?} {words:?}");
                    let first = answer(&once);
                    *counted.1 += first.rows.len();
                    *counted.2 += first.rows.iter().map(|row| row.gaps.len()).sum::<usize>();
                    prop_assert_eq!(first, answer(&twice));
                }
            }
            Ok(())
        })
        .unwrap();
    eprintln!("histories with: {counts:?}; rows {rows}, gaps {gaps}");
    for name in [
        "corrections",
        "record errors",
        "new understanding",
        "retractions",
        "disputes",
        "disputes of receipt",
        "late recording",
        "missing recorded",
        "uncertain dates",
        "absences",
        "back-loading",
        "third-party or late learning",
    ] {
        assert!(
            counts.get(name).is_some_and(|count| *count > 0),
            "no history had {name}"
        );
    }
    assert!(
        rows > 0 && gaps > 0,
        "the answers were empty: the law says nothing"
    );
}

#[test]
fn law_2_a_later_cut_holds_an_earlier_one() {
    runner()
        .run(&(steps(), 0..DAYS, 0..90_u16), |(steps, day, more)| {
            let log = build(&steps).log();
            for basis in ALL {
                let early = positions(&cut(&log, basis, moment(day)));
                let late = positions(&cut(&log, basis, moment(day + more)));
                prop_assert!(
                    early.iter().all(|position| late.contains(position)),
                    "{basis:?}"
                );
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn law_3_nothing_at_or_after_the_moment_shows() {
    runner()
        .run(&(steps(), 0..DAYS + 60), |(steps, day)| {
            let log = build(&steps).log();
            for basis in ALL {
                let cut = cut(&log, basis, moment(day));
                let t = cut.at().instant;
                for reading in cut.readings() {
                    let clock = reading.clock();
                    prop_assert!(clock.is_none_or(|clock| clock.may_precede(t)), "{basis:?}");
                    let shown = cut.shown(reading.occurred());
                    prop_assert!(shown.earliest.is_none_or(|at| at < t));
                    prop_assert!(shown.latest.is_none_or(|at| at <= t));
                    if reading.certain() && matches!(basis, Basis::Ledger | Basis::Recorded) {
                        prop_assert!(clock.is_none_or(|clock| clock.certain_before(t)));
                    }
                }
                for row in answer(&cut).rows {
                    for gap in &row.gaps {
                        prop_assert!(gap.at_least.to.day() <= cut.at().day());
                        prop_assert!(gap.at_most.to.day() <= cut.at().day());
                        prop_assert!(gap.at_least.days <= gap.at_most.days);
                    }
                    prop_assert!(row.unknown.iter().all(|u| u.to.day() <= cut.at().day()));
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn law_6_an_entry_outside_the_cut_changes_no_answer() {
    let untouched = std::cell::Cell::new(0_u32);
    runner()
        .run(&(steps(), step(), 0..DAYS), |(steps, extra, day)| {
            let with = {
                let mut h = build(&steps);
                let event = event_of(&extra, &h);
                h.push(
                    AGENCIES[extra.agency],
                    if extra.backload {
                        Ingest::Backload
                    } else {
                        Ingest::Live
                    },
                    "2015-12-01",
                    event,
                );
                h
            };
            let without = Log::new(with.entries[..with.entries.len() - 1].to_vec());
            let extra = with.entries.last().unwrap();
            let about_record = extra.event.content.is_about_record()
                || matches!(
                    &extra.event.content,
                    Content::Sharing(SharingContent::ShareReceiptDisputed(_))
                );
            for basis in ALL {
                let full = cut(&with.log(), basis, moment(day));
                let exempt = matches!(basis, Basis::Then | Basis::Now) && about_record;
                if exempt
                    || full
                        .log()
                        .entries()
                        .iter()
                        .any(|e| e.position == extra.position)
                {
                    continue;
                }
                untouched.set(untouched.get() + 1);
                let less = cut(&without, basis, moment(day));
                prop_assert_eq!(answer(&full), answer(&less), "{:?}", basis);
                prop_assert_eq!(full, less, "{:?}", basis);
            }
            Ok(())
        })
        .unwrap();
    assert!(untouched.get() > 50, "too few entries fell outside a cut");
}

#[test]
fn law_7_a_server_with_the_prefix_alone_answers_alike_and_order_of_arrival_is_no_matter_elsewhere()
{
    runner()
        .run(&(steps(), 0..DAYS + 60), |(steps, day)| {
            let h = build(&steps);
            let at = moment(day);
            let cut_here = cut(&h.log(), Basis::Ledger, at);
            let kept: Vec<Placed> = h
                .entries
                .iter()
                .filter(|entry| entry.appended < at.instant)
                .cloned()
                .collect();
            prop_assert_eq!(cut_here.log().entries(), &kept[..]);
            prop_assert_eq!(&h.entries[..kept.len()], &kept[..], "the cut is a prefix");
            let there = cut(&Log::new(kept), Basis::Ledger, at);
            prop_assert_eq!(answer(&cut_here), answer(&there));
            let mut shuffled = h.entries.clone();
            shuffled.reverse();
            for basis in ALL {
                let given = answer(&cut(&h.log(), basis, at));
                prop_assert_eq!(given, answer(&cut(&Log::new(shuffled.clone()), basis, at)));
            }
            Ok(())
        })
        .unwrap();
}
