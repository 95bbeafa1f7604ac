//! The two invented cases under `src/cli/sample`: that they are events, and what they must answer.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use caseledger::domain::check;
use caseledger::domain::event::{CaseEvent, Content, Role};
use caseledger::domain::id::{AgencyId, PersonRef};
use caseledger::grpc::convert::{decode_event, event_from_json};
use caseledger::projection::allocation::change::{Change, ExplainedState};
use caseledger::projection::allocation::gap::{Extent, GapEnd, GapKind};
use caseledger::projection::allocation::{Allocation, Question, Row, allocation};
use caseledger::projection::coverage::Absence;
use caseledger::projection::cut::{Basis, cut};
use caseledger::projection::knowledge::State;
use caseledger::projection::need::{Case, Item};
use caseledger::projection::placed::{Ingest, Log, Placed};
use caseledger::projection::sharing::{RowKind, SharingAnswer, SharingRow, sharing_of};
use caseledger::rules::Pack;
use caseledger::rules::need::Figure;
use jiff::Timestamp;
use jiff::civil::{Date, date};

const REGISTRY: &str = include_str!("../../src/cli/sample/registry.jsonl");
const FAMILY_A: &str = include_str!("../../src/cli/sample/family_a.jsonl");
const WELL_RUN: &str = include_str!("../../src/cli/sample/well_run.jsonl");
const EXPECTED: &str = include_str!("../../src/cli/sample/expected.toml");

/// One line of a sample file, read.
#[derive(Clone)]
struct Line {
    agency: AgencyId,
    id: String,
    event: CaseEvent,
}

/// Reads a sample file the way an import does: JSON, protobuf bytes, words of the field, checks. A line is read once,
/// however many files it stands in.
fn read(file: &str) -> Vec<Line> {
    static READ: Mutex<BTreeMap<String, Line>> = Mutex::new(BTreeMap::new());
    file.lines()
        .map(|line| {
            let known = READ.lock().unwrap().get(line).cloned();
            known.unwrap_or_else(|| {
                let read = read_line(line);
                READ.lock().unwrap().insert(line.to_owned(), read.clone());
                read
            })
        })
        .collect()
}

fn read_line(line: &str) -> Line {
    let appended: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| value.get(key).and_then(|v| v.as_str()).unwrap().to_owned();
    let id = text("eventId");
    let json = value.get("event").unwrap().to_string();
    let bytes = event_from_json(&json).unwrap_or_else(|problem| panic!("{id}: {problem}"));
    let event = decode_event(&bytes).unwrap_or_else(|problem| panic!("{id}: {problem}"));
    check::event(&event, appended).unwrap_or_else(|problem| panic!("{id}: {problem}"));
    Line {
        agency: text("agency").parse().unwrap(),
        id,
        event,
    }
}

#[test]
fn every_line_of_the_sample_is_an_event_that_the_ledger_would_accept() {
    for file in [REGISTRY, FAMILY_A, WELL_RUN] {
        for line in read(file) {
            assert_eq!(line.event.unknown_fields, 0, "{}", line.id);
            assert!(
                !matches!(line.event.content, Content::Unrecognised { .. }),
                "{}",
                line.id
            );
            assert!(
                line.event.recorded.is_some(),
                "{}: a claimed recorded date",
                line.id
            );
        }
    }
    assert!((150..=250).contains(&read(FAMILY_A).len()));
    assert!((60..=100).contains(&read(WELL_RUN).len()));
}

#[test]
fn each_case_begins_by_saying_that_it_is_invented_and_comes_from_seven_agencies() {
    for file in [FAMILY_A, WELL_RUN] {
        assert!(file.lines().next().unwrap().contains("INVENTED CASE"));
        let lines = read(file);
        let cases: BTreeSet<_> = lines
            .iter()
            .map(|line| line.event.case_id.clone())
            .collect();
        assert_eq!(cases.len(), 1);
        let agencies: BTreeSet<_> = lines.iter().map(|line| line.agency.to_string()).collect();
        let seven = [
            "cafcass", "court", "csc", "health", "pfsa", "police", "school",
        ];
        assert_eq!(agencies.into_iter().collect::<Vec<_>>(), seven);
    }
}

#[test]
fn event_ids_are_unique_and_every_reference_names_an_entry_of_the_same_file() {
    let mut seen = BTreeSet::new();
    for file in [REGISTRY, FAMILY_A, WELL_RUN] {
        let lines = read(file);
        let here: BTreeMap<&str, &AgencyId> = lines
            .iter()
            .map(|line| (line.id.as_str(), &line.agency))
            .collect();
        for line in &lines {
            assert!(seen.insert(line.id.clone()), "{} twice", line.id);
        }
        for text in file.lines() {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            let mut refs = Vec::new();
            references(value.get("event").unwrap(), &mut refs);
            for (agency, id) in refs {
                let author = here.get(id.as_str()).map(ToString::to_string);
                assert_eq!(author.as_deref(), Some(agency.as_str()), "{id}");
            }
        }
    }
}

/// Every `{agency, eventId}` inside a JSON value.
fn references(value: &serde_json::Value, into: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(|v| v.as_str()).map(str::to_owned);
            if let (Some(agency), Some(id)) = (text("agency"), text("eventId")) {
                into.push((agency, id));
            }
            map.values().for_each(|inner| references(inner, into));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|inner| references(inner, into)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

/// The two bounds of the count: "2012-2015".
const WINDOW: (Date, Date) = (date(2012, 1, 1), date(2015, 12, 31));

/// The answers of a case by name, each a list of lines.
type Answers = BTreeMap<String, Vec<String>>;

/// What is expected of the sample.
#[derive(serde::Deserialize)]
struct Expected {
    answer: Vec<Answer>,
    trap: Vec<Trap>,
}

/// A trap of the well-run case, what would be found, and the entries by which it is not.
#[derive(serde::Deserialize)]
struct Trap {
    name: String,
    found: String,
    evidence: Vec<Evidence>,
}

/// One answer and what it rests on.
#[derive(serde::Deserialize)]
struct Answer {
    name: String,
    is: Vec<String>,
    evidence: Vec<Evidence>,
}

/// One entry; taken away, and altered (its day moved, or these words replaced), it changes the answer.
#[derive(serde::Deserialize)]
struct Evidence {
    id: String,
    what: String,
    replace: Option<(String, String)>,
}

/// Everything the ledger would hold of one case, as a back-load of 2026 leaves it.
fn log(case: &str) -> (Log, Vec<String>) {
    let lines: Vec<Line> = read(REGISTRY).into_iter().chain(read(case)).collect();
    let live: Timestamp = "2018-01-01T00:00:00Z".parse().unwrap();
    let start: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    let mut ids = Vec::new();
    let entries = lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let position = u64::try_from(index).unwrap();
            let appended = start + jiff::SignedDuration::from_millis(i64::try_from(index).unwrap());
            let recorded = line.event.recorded.as_ref().unwrap().resolve(appended);
            let ingest = if recorded.latest < live {
                Ingest::Backload
            } else {
                Ingest::Live
            };
            ids.push(line.id.clone());
            Placed {
                position,
                case_seq: position + 1,
                appended,
                ingest,
                agency: line.agency,
                event_id: line.id.parse().unwrap(),
                event: Arc::new(line.event),
            }
        })
        .collect();
    (Log::new(entries), ids)
}

/// The as-at of every answer here: the newest moment there is.
fn latest() -> Timestamp {
    "2026-01-06T00:00:00Z".parse().unwrap()
}

/// The allocation answer, with what each agency knew for what arrived in a gap.
fn allocation_of(case: &Case<'_>) -> Allocation {
    let known = |agency: &AgencyId, child: &PersonRef| {
        let about = |item: &&Item| item.children.is_empty() || item.children.contains(child);
        let since = |item: &Item| {
            let standing = case.knowledge().agency(agency, item.position)?;
            (standing.state == State::Knows).then_some((item.position, standing.since))
        };
        case.items()
            .iter()
            .filter(about)
            .filter_map(since)
            .collect::<Vec<_>>()
    };
    let mut question = Question::new(Pack::england());
    question.window = Some(WINDOW);
    question.items_known = &known;
    allocation(case.cut(), &question)
}

/// The row of one role for the youngest child.
fn row<'a>(answer: &'a Allocation, agency: &str, role: Role) -> &'a Row {
    let child: PersonRef = "C3".parse().unwrap();
    answer
        .rows
        .iter()
        .find(|row| {
            row.agency.as_str() == agency && row.role == role && row.children.contains(&child)
        })
        .unwrap()
}

/// `2012-05-04 to 2012-06-18, 45 days`.
fn extent(extent: &Extent) -> String {
    format!(
        "{} to {}, {} days",
        extent.from,
        extent.to.day(),
        extent.days
    )
}

/// The gaps of a row in which every stretch is of a wanted kind, with the kinds where asked.
fn gaps(row: &Row, wanted: impl Fn(GapKind) -> bool, kinds: bool) -> Vec<String> {
    row.gaps
        .iter()
        .filter(|gap| gap.stretches.iter().all(|stretch| wanted(stretch.kind)))
        .map(|gap| {
            let words: Vec<&str> = gap.stretches.iter().map(|s| s.kind.words()).collect();
            let extent = extent(&gap.at_least);
            if kinds {
                format!("{extent}, {}", words.join(", "))
            } else {
                extent
            }
        })
        .collect()
}

/// The number of different holders in the window, and each holder's spells that touch it.
fn holders(answer: &Allocation, role: Role) -> Vec<String> {
    let csc: AgencyId = "csc".parse().unwrap();
    let mut lines = vec![answer.distinct.get(&(csc, role)).unwrap().to_string()];
    for spell in &row(answer, "csc", role).spells {
        let Some(staff) = spell.holder.named() else {
            continue;
        };
        let from = spell
            .from
            .map_or("?".to_owned(), |from| from.first().to_string());
        let to = spell.to.map(|to| to.day.latest);
        let before = spell.from.is_none_or(|from| from.first() <= WINDOW.1);
        if before && to.is_none_or(|to| to > WINDOW.0) {
            let to = to.map_or("?".to_owned(), |to| to.to_string());
            lines.push(format!("{staff}, {from} to {to}"));
        }
    }
    lines
}

fn in_window(change: &Change) -> bool {
    WINDOW.0 <= change.day.first() && change.day.latest <= WINDOW.1
}

/// Changes in the window, with how they were explained to child or family unless that is `None`.
fn changes(row: &Row, explained: Option<fn(&Change) -> ExplainedState>) -> Vec<String> {
    row.changes
        .iter()
        .filter(|change| in_window(change))
        .filter_map(|change| {
            let pair = format!("{} to {}", change.from, change.to);
            match explained.map(|state| state(change)) {
                None => Some(pair),
                Some(ExplainedState::No) => Some(format!("{pair}, no")),
                Some(ExplainedState::NoRecord) => Some(format!("{pair}, no record")),
                Some(_) => None,
            }
        })
        .collect()
}

/// Every answer that expected.toml names.
fn answers(case: &str) -> Answers {
    let (log, ids) = log(case);
    let cut = cut(&log, Basis::Then, latest());
    let case = Case::of(&cut, Pack::england());
    let allocation = allocation_of(&case);
    let mut all = allocation_answers(&allocation, &ids);
    all.extend(sharing_answers(&sharing_of(&case, true), &ids));
    all
}

fn allocation_answers(answer: &Allocation, ids: &[String]) -> Answers {
    let worker = row(answer, "csc", Role::SocialWorker);
    let duty = worker.gaps.iter().find(|gap| {
        gap.stretches
            .iter()
            .any(|stretch| stretch.kind == GapKind::DutyOrTeam)
    });
    let mut arrived: Vec<String> = duty
        .iter()
        .flat_map(|gap| &gap.arrived)
        .map(|(position, on)| format!("{}, {on}", id(ids, *position)))
        .collect();
    arrived.sort();
    let lead = row(answer, "school", Role::SafeguardingLead);
    let all = |_| true;
    [
        (
            "distinct_social_workers",
            holders(answer, Role::SocialWorker),
        ),
        ("distinct_team_managers", holders(answer, Role::TeamManager)),
        ("social_worker_changes", changes(worker, None)),
        ("social_worker_gaps", gaps(worker, GapKind::is_nobody, true)),
        (
            "days_with_nobody",
            vec![worker.totals.nobody_days.to_string()],
        ),
        (
            "held_by_manager",
            gaps(worker, |kind| kind == GapKind::HeldByManager, false),
        ),
        (
            "absent_without_cover",
            gaps(worker, |kind| kind == GapKind::Absent, false),
        ),
        (
            "team_manager_gaps",
            gaps(row(answer, "csc", Role::TeamManager), all, true),
        ),
        ("safeguarding_lead_gaps", gaps(lead, all, true)),
        (
            "unexplained_to_child",
            changes(worker, Some(|change| change.child.state)),
        ),
        (
            "unexplained_to_family",
            changes(worker, Some(|change| change.family.state)),
        ),
        (
            "explained_to_family",
            worker
                .changes
                .iter()
                .filter(|change| in_window(change) && change.family.state == ExplainedState::Yes)
                .map(|change| format!("{} to {}", change.from, change.to))
                .collect(),
        ),
        ("arrived_in_duty_gap", arrived),
    ]
    .into_iter()
    .map(|(name, lines)| (name.to_owned(), lines))
    .collect()
}

fn sharing_answers(answer: &SharingAnswer, ids: &[String]) -> Answers {
    let mut all = Answers::new();
    for row in &answer.rows {
        assert_eq!(row.outcome, Absence::NoRecord, "{}", row.sentence);
        let name = match (row.kind, row.figure) {
            (RowKind::NotShared, Figure::Separate) => "core_group_not_told",
            (RowKind::NotShared, _) => "not_shared",
            (RowKind::Late, _) => "shared_late",
            (RowKind::SentWithoutReceipt, _) => "sent_without_receipt",
            (RowKind::NoActRecorded, _) => "received_not_acted",
            (RowKind::Withheld, _) => "withheld",
            (RowKind::CorrectionNotPassedOn, _) => "correction_not_passed_on",
            (RowKind::ReferralWithoutFeedback, _) => "referrals_without_feedback",
            (RowKind::RequestWithoutAnswer, _) => "requests_without_answer",
            (RowKind::Met, _) => panic!("kept rows stand apart: {}", row.sentence),
        };
        let done = row.done.map_or(String::new(), |on| format!(", done {on}"));
        let (item, agency) = (id(ids, row.item), &row.agency);
        let line = format!("{item} {agency}, {} to {}{done}", row.start, row.due);
        all.entry(name.to_owned()).or_default().push(line);
    }
    for lines in all.values_mut() {
        lines.sort();
    }
    all
}

fn id(ids: &[String], position: u64) -> String {
    ids.get(usize::try_from(position).unwrap()).unwrap().clone()
}

/// A sample file in which one line is as `change` makes it; none: it is taken away.
fn with_line(file: &str, id: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let needle = format!("\"eventId\":\"{id}\",\"event\"");
    assert_eq!(file.matches(&needle).count(), 1, "{id}");
    let lines = file.lines().filter_map(|line| {
        if line.contains(&needle) {
            change(line)
        } else {
            Some(line.to_owned())
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A sample file without one line.
fn dropped(file: &str, evidence: &Evidence) -> String {
    with_line(file, &evidence.id, |_| None)
}

/// A sample file with the words of one line replaced or, where none are named, with its day moved by one.
fn altered(file: &str, evidence: &Evidence) -> String {
    let (old, new) = evidence
        .replace
        .clone()
        .unwrap_or_else(|| moved(file, &evidence.id));
    with_line(file, &evidence.id, |line| {
        assert!(line.contains(&old), "{}: {old}", evidence.id);
        Some(line.replace(&old, &new))
    })
}

/// The day on which an entry took place, and the day after it, as they stand in its line.
fn moved(file: &str, id: &str) -> (String, String) {
    let needle = format!("\"eventId\":\"{id}\",\"event\"");
    let line = file.lines().find(|line| line.contains(&needle)).unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let day = value.pointer("/event/occurred/edtf").unwrap();
    let day: Date = day.as_str().unwrap().parse().unwrap();
    let text = |day: Date| format!("\"edtf\":\"{day}\"");
    (text(day), text(day.tomorrow().unwrap()))
}

/// A sample file without one line, or with words of that line replaced where some are named.
fn without(file: &str, evidence: &Evidence) -> String {
    if evidence.replace.is_some() {
        altered(file, evidence)
    } else {
        dropped(file, evidence)
    }
}

#[test]
fn family_a_gives_the_numbers_of_the_article() {
    let expected: Expected = toml::from_str(EXPECTED).unwrap();
    let actual = answers(FAMILY_A);
    let wanted: Answers = expected
        .answer
        .into_iter()
        .map(|a| (a.name, a.is))
        .collect();
    assert_eq!(actual, wanted);
}

/// Answers that stay as they are when an entry of their evidence is changed.
fn unmoved(change: fn(&str, &Evidence) -> String) -> Vec<String> {
    let expected: Expected = toml::from_str(EXPECTED).unwrap();
    let mut seen: BTreeMap<String, Answers> = BTreeMap::new();
    let mut unmoved = Vec::new();
    for answer in &expected.answer {
        assert!(!answer.evidence.is_empty(), "{}", answer.name);
        for evidence in &answer.evidence {
            let file = change(FAMILY_A, evidence);
            assert_ne!(file, FAMILY_A, "{}", evidence.id);
            let now = seen.entry(file).or_insert_with_key(|file| answers(file));
            let lines = now.get(&answer.name).cloned().unwrap_or_default();
            if lines == answer.is {
                unmoved.push(format!(
                    "{}: {} ({})",
                    answer.name, evidence.what, evidence.id
                ));
            }
        }
    }
    unmoved
}

#[test]
fn each_entry_that_an_answer_rests_on_changes_it_when_dropped() {
    assert_eq!(unmoved(dropped), Vec::<String>::new());
}

#[test]
fn each_entry_that_an_answer_rests_on_changes_it_when_altered() {
    assert_eq!(unmoved(altered), Vec::<String>::new());
}

#[test]
fn without_both_entries_of_a_holder_one_fewer_is_counted() {
    let expected: Expected = toml::from_str(EXPECTED).unwrap();
    for name in ["distinct_social_workers", "distinct_team_managers"] {
        let answer = expected
            .answer
            .iter()
            .find(|answer| answer.name == name)
            .unwrap();
        let number: usize = answer.is.first().unwrap().parse().unwrap();
        assert_eq!(answer.evidence.len(), 2 * number);
        for pair in answer.evidence.chunks(2) {
            let file = pair
                .iter()
                .fold(FAMILY_A.to_owned(), |file, entry| without(&file, entry));
            let lines = answers(&file).remove(name).unwrap();
            let fewer = (number - 1).to_string();
            assert_eq!(
                lines.first(),
                Some(&fewer),
                "{name}: {}",
                pair.first().unwrap().what
            );
        }
    }
}

#[test]
fn as_at_20_may_2013_the_gap_is_open_and_the_disclosure_has_arrived_in_it() {
    let (log, ids) = log(FAMILY_A);
    let at: Timestamp = "2013-05-20T23:00:00Z".parse().unwrap();
    let cut = cut(&log, Basis::Then, at);
    let case = Case::of(&cut, Pack::england());
    let answer = allocation_of(&case);
    let gap = row(&answer, "csc", Role::SocialWorker).gaps.last().unwrap();
    assert_eq!(extent(&gap.at_least), "2013-04-19 to 2013-05-20, 31 days");
    assert_eq!(gap.at_least.to, GapEnd::SoFar(date(2013, 5, 20)));
    let arrived: Vec<String> = gap
        .arrived
        .iter()
        .map(|(position, _)| id(&ids, *position))
        .collect();
    assert_eq!(arrived, ["fa000000-0000-4000-8000-000000000119"]);
    let told = sharing_answers(&sharing_of(&case, false), &ids);
    assert!(
        !told.contains_key("received_not_acted"),
        "its five working days are not over"
    );
}

/// What allocation and sharing find in a case: nothing, when it was handled well.
fn found(file: &str, basis: Basis) -> Vec<String> {
    let (log, _) = log(file);
    let cut = cut(&log, basis, latest());
    let case = Case::of(&cut, Pack::england());
    let mut found = Vec::new();
    for row in &allocation_of(&case).rows {
        let who = format!("{} {:?} {:?}", row.agency, row.role, row.children);
        found.extend(
            row.gaps
                .iter()
                .map(|gap| format!("{who}: {}", extent(&gap.at_least))),
        );
        found.extend(row.maybe.iter().map(|maybe| format!("{who}: {maybe:?}")));
        found.extend(
            // That the record ends with somebody in a role is no gap in the record.
            row.unknown
                .iter()
                .filter(|unknown| unknown.last_holder.is_none())
                .map(|unknown| format!("{who}: {}", unknown.sentence)),
        );
        found.extend(
            row.overlaps
                .iter()
                .map(|overlap| format!("{who}: {overlap:?}")),
        );
        for change in &row.changes {
            let explained = [change.child.state, change.family.state];
            if explained != [ExplainedState::Yes; 2] {
                found.push(format!(
                    "{who}: {} to {} {explained:?}",
                    change.from, change.to
                ));
            }
        }
    }
    let answer = sharing_of(&case, true);
    assert!(answer.met > 20, "{} needs were met in time", answer.met);
    // A withholding with a reason, in time, is listed and is no gap.
    let listed = |row: &&SharingRow| row.kind != RowKind::Withheld || row.days_past_limit > 0;
    found.extend(
        answer
            .rows
            .iter()
            .filter(listed)
            .map(|row| row.sentence.clone()),
    );
    found
}

#[test]
fn a_case_that_was_handled_well_yields_nothing() {
    for basis in [Basis::Then, Basis::Recorded, Basis::Now] {
        assert_eq!(
            found(WELL_RUN, basis),
            Vec::<String>::new(),
            "{}",
            basis.name()
        );
    }
}

#[test]
fn each_trap_of_the_well_run_case_would_be_found_without_the_entries_that_answer_it() {
    let expected: Expected = toml::from_str(EXPECTED).unwrap();
    assert!(expected.trap.len() >= 10);
    for trap in &expected.trap {
        let file = trap
            .evidence
            .iter()
            .fold(WELL_RUN.to_owned(), |file, entry| without(&file, entry));
        let lines = found(&file, Basis::Then);
        assert!(
            lines.iter().any(|line| line.contains(&trap.found)),
            "{}: {lines:?}",
            trap.name
        );
    }
}
