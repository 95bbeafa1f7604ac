//! Random histories of four agencies with everything that the answers read: items, telling, meetings, corrections,
//! disputes, holders, requests, links; late, back-loaded, uncertain and out of order.

use caseledger::domain::event::allocation::{
    AbsenceKind, AllocationBasis, AllocationContent, AllocationEnded, AllocationStarted,
    HandoverCompleted, WorkerAbsent,
};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::contact::{ContactContent, VisitMade};
use caseledger::domain::event::enquiry::{EnquiryContent, StrategyHeld};
use caseledger::domain::event::meeting::{MeetingContent, MinutesSent};
use caseledger::domain::event::record::{
    CorrectionKind, DisputedBy, EventDisputed, EventRetracted, MatterLinked, RecordContent,
    RetractionReason,
};
use caseledger::domain::event::sharing::{
    AcknowledgementKind, InfoRequested, InfoResponded, ShareAcknowledged, ShareMade,
    ShareReceiptDisputed, ShareWithheld, SharingContent, WithholdReason,
};
use caseledger::domain::event::{
    Actor, AssertionKind, Attendance, Channel, Content, Employment, EntryRef, Harm, Level,
    Presence, Recipient, Role, Significance, SourceKind, Told, Tri,
};
use caseledger::domain::time::{When, day_start};
use caseledger::projection::cut::Readings;
use caseledger::projection::placed::{Ingest, Log};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use proptest::prelude::*;

use crate::knowledge_history::{Entry, History, agency, concern, disclosure, entry, staff, when};

/// Days that the histories run over, from 1 January 2013.
pub(crate) const DAYS: u16 = 300;
const AGENCIES: [&str; 4] = ["csc", "police", "school", "health"];
const CHANNELS: [Channel; 4] = [
    Channel::Telephone,
    Channel::Email,
    Channel::NotStated,
    Channel::InPerson,
];

/// One random step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    op: u8,
    a: usize,
    b: usize,
    worker: u8,
    day: u16,
    record_after: Option<u16>,
    append_after: u16,
    backload: bool,
    blur: u8,
    known_after: Option<u16>,
    hearsay: bool,
    target: usize,
    x: usize,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let about = (
        0..32_u8,
        0..4_usize,
        0..4_usize,
        0..3_u8,
        0..DAYS,
        0..80_usize,
        0..64_usize,
    );
    let times = (
        prop_oneof![4 => (0..3_u16).prop_map(Some), 1 => (5..90_u16).prop_map(Some), 1 => Just(None)],
        prop_oneof![4 => 0..2_u16, 1 => 2..300_u16],
        prop::bool::weighted(0.2),
        0..10_u8,
        prop_oneof![5 => Just(None), 1 => (0..150_u16).prop_map(Some)],
        prop::bool::weighted(0.15),
    );
    (about, times).prop_map(|(about, times)| {
        let (op, a, b, worker, day, target, x) = about;
        let (record_after, append_after, backload, blur, known_after, hearsay) = times;
        Step {
            op,
            a,
            b,
            worker,
            day,
            record_after,
            append_after,
            backload,
            blur,
            known_after,
            hearsay,
            target,
            x,
        }
    })
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 6..45)
}

/// The readings of a log: current, without any record error, without every other entry's.
pub(crate) fn words(log: &Log) -> [Readings; 3] {
    let of = |which: fn(u64) -> bool| {
        let entries = log.entries().iter();
        let errors = entries.filter(|entry| {
            matches!(&entry.event.content, Content::Record(RecordContent::EventCorrected(it))
                if it.kind == CorrectionKind::RecordError)
        });
        Readings::without(errors.map(|entry| entry.position).filter(|at| which(*at)))
    };
    [
        Readings::Current,
        of(|_| true),
        of(|position| position % 2 == 0),
    ]
}

pub(crate) fn date_of(day: u16) -> Date {
    jiff::civil::date(2013, 1, 1)
        .checked_add(Span::new().days(i64::from(day)))
        .unwrap()
}

fn noon(day: u16) -> Timestamp {
    let start = day_start(date_of(day)).unwrap();
    start.checked_add(Span::new().hours(12)).unwrap()
}

fn blurred(day: u16, blur: u8) -> When {
    let date = date_of(day);
    match blur {
        0 => when(&format!("{:04}-{:02}", date.year(), date.month())),
        1 => when(&format!("{date}~")),
        2 => when(&format!("{date}/{}", date_of(day + 9))),
        3 => When::instant(noon(day)),
        4 if day.is_multiple_of(5) => When::unknown(),
        _ => when(&date.to_string()),
    }
}

/// The history of these steps in the order in which they were appended.
pub(crate) fn build(steps: &[Step]) -> History {
    let mut sorted = steps.to_vec();
    sorted.sort_by_key(appended);
    in_order(&sorted)
}

fn appended(step: &Step) -> u16 {
    step.day + step.record_after.unwrap_or(1) + step.append_after
}

/// The history of these steps in this order; each appended after the one before.
pub(crate) fn in_order(steps: &[Step]) -> History {
    let mut history = History::registered();
    for id in ["csc", "school", "police"] {
        history.connect(id);
    }
    history.plan();
    let subject = PersonRecorded {
        person: "C1".parse().unwrap(),
        role: PersonRole::SubjectChild,
        born: None,
        school_stage: String::new(),
    };
    history.push(entry(
        "csc",
        "2012-01-01",
        Content::Case(CaseContent::PersonRecorded(subject)),
    ));
    for (placed, second) in history.entries.iter_mut().zip(0_i64..) {
        placed.appended = noon(0).checked_add(Span::new().seconds(second)).unwrap();
    }
    let mut last = noon(1);
    for step in steps {
        let Some(made) = made(step, &history) else {
            continue;
        };
        let made = dated(step, &history, made);
        history.push(made);
        let second = Span::new().seconds(1);
        let at = noon(appended(step) + 4).max(last.checked_add(second).unwrap());
        history.entries.last_mut().unwrap().appended = at;
        last = at;
    }
    history
}

fn dated(step: &Step, history: &History, mut made: Entry) -> Entry {
    if step.backload {
        made.ingest = Ingest::Backload;
    }
    made.with(|event| {
        event.occurred = blurred(step.day, step.blur);
        let after = |days: u16| when(&date_of(step.day + days).to_string());
        event.recorded = step.record_after.map(after);
        event.known = step.known_after.map(after);
        if step.hearsay {
            event.assertion = AssertionKind::Hearsay;
            event.source.kind = SourceKind::Parent;
        }
        if step.x.is_multiple_of(2) {
            event.significance = Significance::Key;
        }
        event.actor = Some(Actor {
            staff: worker(step),
            role: Role::SocialWorker,
            employment: Employment::NotStated,
        });
        event.source_record_id = format!("R{}", history.entries.len());
    })
}

fn worker(step: &Step) -> caseledger::domain::id::StaffId {
    staff(&format!("W{}", step.worker))
}

/// An earlier entry of the case, or now and then one that is still to come.
fn target(step: &Step, history: &History) -> EntryRef {
    const FIRST: usize = 10;
    let count = history.entries.len();
    let place = FIRST + step.target % (count + 2 - FIRST);
    match history.entries.get(place) {
        Some(placed) => history.refer(placed.position),
        None => EntryRef::Source {
            agency: agency(AGENCIES[step.a]),
            record_id: format!("R{place}"),
        },
    }
}

/// The last entry of a kind before the step's target, if any.
fn of_kind(step: &Step, history: &History, is: fn(&Content) -> bool) -> Option<u64> {
    let found: Vec<u64> = history
        .entries
        .iter()
        .filter(|placed| is(&placed.event.content))
        .map(|placed| placed.position)
        .collect();
    (!found.is_empty()).then(|| found[step.target % found.len()])
}

fn is_share(content: &Content) -> bool {
    matches!(
        content,
        Content::Sharing(SharingContent::ShareMade(_) | SharingContent::InfoResponded(_))
            | Content::Meeting(MeetingContent::MinutesSent(_))
    )
}

#[expect(clippy::too_many_lines, reason = "one arm a kind of step")]
fn made(step: &Step, history: &History) -> Option<Entry> {
    let (from, to) = (AGENCIES[step.a], AGENCIES[step.b]);
    let on = date_of(step.day).to_string();
    let channel = CHANNELS[step.x / 2 % 4];
    let to = if step.x.is_multiple_of(3) { "csc" } else { to };
    let person = step.x.is_multiple_of(2).then(|| worker(step));
    let recipient = || Recipient {
        agency: agency(to),
        staff: person.clone(),
    };
    let sharing = |content| Some(entry(from, &on, Content::Sharing(content)));
    match step.op {
        0..=2 => Some(
            concern(from, &on, [Harm::Neglect, Harm::Physical][step.x % 2]).with(|event| {
                if step.x.is_multiple_of(5) {
                    event.codes.level = Level::SignificantHarmSuspected;
                }
                if from != to && step.x.is_multiple_of(3) {
                    event.told.push(Told {
                        agency: agency(to),
                        staff: person.clone(),
                        channel,
                        when: blurred(step.day, step.blur),
                    });
                }
            }),
        ),
        3 | 4 => Some(
            disclosure(from, &on, &format!("W{}", step.worker)).with(|event| {
                if from != to && step.x.is_multiple_of(2) {
                    event.told.push(Told {
                        agency: agency(to),
                        staff: Some(worker(step)),
                        channel: Channel::Telephone,
                        when: when(&on),
                    });
                }
            }),
        ),
        5..=8 => sharing(SharingContent::ShareMade(ShareMade {
            to: vec![recipient()],
            items: vec![target(step, history)],
            channel,
            from: step
                .x
                .is_multiple_of(7)
                .then(|| agency(AGENCIES[(step.b + 1) % 4])),
            ..Default::default()
        })),
        9 | 10 => {
            let share = of_kind(step, history, is_share)?;
            sharing(SharingContent::ShareAcknowledged(ShareAcknowledged {
                share: history.refer(share),
                by: if step.x.is_multiple_of(5) {
                    AcknowledgementKind::Automatic
                } else {
                    AcknowledgementKind::Person
                },
                staff: person,
                items: Vec::new(),
            }))
        }
        11 => {
            let share = of_kind(step, history, is_share)?;
            sharing(SharingContent::ShareReceiptDisputed(ShareReceiptDisputed {
                share: history.refer(share),
                words: String::new(),
            }))
        }
        12 => sharing(SharingContent::ShareWithheld(ShareWithheld {
            item: target(step, history),
            to: agency(to),
            reason: WithholdReason::LegalPrivilege,
            reason_text: String::new(),
            decided_by: None,
            review: None,
        })),
        13 => sharing(SharingContent::InfoRequested(InfoRequested {
            to: agency(to),
            what: String::new(),
            about: Vec::new(),
            due: None,
        })),
        14 => {
            let request = of_kind(step, history, |content| {
                matches!(content, Content::Sharing(SharingContent::InfoRequested(_)))
            })?;
            sharing(SharingContent::InfoResponded(InfoResponded {
                request: history.refer(request),
                to: agency(to),
                items: vec![target(step, history)],
                complete: Tri::NotStated,
                reason: String::new(),
            }))
        }
        15 | 16 => Some(meeting(step, history, &on)),
        17 => {
            let held = of_kind(step, history, |content| {
                matches!(content, Content::Enquiry(_))
            })?;
            let minutes = MinutesSent {
                meeting: history.refer(held),
                to: vec![recipient()],
                channel: Channel::Email,
                items: Vec::new(),
            };
            let content = Content::Meeting(MeetingContent::MinutesSent(minutes));
            Some(entry(from, &on, content))
        }
        _ => of_holders(step, history).or_else(|| about_the_record(step, history)),
    }
}

fn meeting(step: &Step, history: &History, on: &str) -> Entry {
    let items = vec![target(step, history)];
    let part = |id: &str, presence| Attendance {
        agency: agency(id),
        staff: Some(worker(step)),
        presence,
        report_received: Tri::Yes,
        report_items: items.clone(),
    };
    let held = StrategyHeld {
        attendance: vec![
            part(AGENCIES[step.b], Presence::Full),
            part("health", [Presence::Part, Presence::Apologies][step.x % 2]),
        ],
        items_considered: items.clone(),
        ..Default::default()
    };
    let content = Content::Enquiry(EnquiryContent::StrategyHeld(held));
    entry(AGENCIES[step.a], on, content)
}

fn of_holders(step: &Step, history: &History) -> Option<Entry> {
    let from = AGENCIES[[0, 0, 0, 2][step.a]];
    let on = date_of(step.day).to_string();
    let role = if from == "csc" {
        Role::SocialWorker
    } else {
        Role::SchoolNurse
    };
    let content = match step.op {
        18..=20 => AllocationContent::AllocationStarted(AllocationStarted {
            role,
            basis: if step.x.is_multiple_of(6) {
                AllocationBasis::DutyTray
            } else {
                AllocationBasis::Named
            },
            worker: (!step.x.is_multiple_of(6)).then(|| worker(step)),
            ..Default::default()
        }),
        21 | 22 => AllocationContent::AllocationEnded(AllocationEnded {
            role,
            worker: Some(worker(step)),
            ..Default::default()
        }),
        23 => AllocationContent::WorkerAbsent(WorkerAbsent {
            worker: worker(step),
            kind: AbsenceKind::Sickness,
            from: None,
            until: None,
            cover: None,
        }),
        24 => AllocationContent::HandoverCompleted(HandoverCompleted {
            role,
            from: worker(step),
            to: staff(&format!("W{}", (step.worker + 1) % 3)),
            items: vec![target(step, history)],
            open_actions: Vec::new(),
            documents: Vec::new(),
            joint_visit: Tri::NotStated,
            child_introduced: Tri::NotStated,
        }),
        25 => return Some(History::attest(from, &format!("W{}", step.worker), &on)),
        26 => {
            let visit = VisitMade {
                worker: Some(worker(step)),
                role,
                ..Default::default()
            };
            return Some(entry(
                from,
                &on,
                Content::Contact(ContactContent::VisitMade(visit)),
            ));
        }
        _ => return None,
    };
    Some(entry(from, &on, Content::Allocation(content)))
}

fn about_the_record(step: &Step, history: &History) -> Option<Entry> {
    let position = 10 + step.target % (history.entries.len().max(11) - 10);
    let placed = history.entries.get(position)?;
    let author = AGENCIES
        .into_iter()
        .find(|id| *id == placed.agency.as_str())?;
    let on = date_of(step.day).to_string();
    let record = |content| Some(entry(author, &on, Content::Record(content)));
    let target = history.refer(placed.position);
    match step.op {
        27 | 28 => {
            let kind = [
                CorrectionKind::RecordError,
                CorrectionKind::NewUnderstanding,
                CorrectionKind::NotStated,
            ][step.x % 3];
            if matches!(placed.event.content, Content::Record(_)) {
                return None;
            }
            Some(history.correct(placed.position, kind, &on).with(|event| {
                if let Content::Record(RecordContent::EventCorrected(made)) = &mut event.content {
                    let earlier = u16::try_from(step.x).unwrap();
                    made.corrected.occurred = blurred(step.day.saturating_sub(earlier), step.blur);
                }
            }))
        }
        29 => record(RecordContent::EventRetracted(EventRetracted {
            target,
            reason: [
                RetractionReason::Duplicate,
                RetractionReason::NeverHappened,
                RetractionReason::WrongChild,
            ][step.x % 3],
            words: String::new(),
        })),
        30 => record(RecordContent::EventDisputed(EventDisputed {
            target,
            by: DisputedBy::DataSubject,
            words: String::new(),
        })),
        _ => record(RecordContent::MatterLinked(MatterLinked {
            a: target,
            b: self::target(
                &Step {
                    target: step.x,
                    ..step.clone()
                },
                history,
            ),
        })),
    }
}
