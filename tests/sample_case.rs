//! The two invented cases under `src/cli/sample`: that they are events, and what they must answer.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first thing that is wrong"
)]

use std::collections::{BTreeMap, BTreeSet};

use caseledger::domain::check;
use caseledger::domain::event::{CaseEvent, Content};
use caseledger::domain::id::AgencyId;
use caseledger::grpc::convert::{decode_event, event_from_json};
use jiff::Timestamp;

const REGISTRY: &str = include_str!("../src/cli/sample/registry.jsonl");
const FAMILY_A: &str = include_str!("../src/cli/sample/family_a.jsonl");
const WELL_RUN: &str = include_str!("../src/cli/sample/well_run.jsonl");

/// One line of a sample file, read.
struct Line {
    agency: AgencyId,
    id: String,
    event: CaseEvent,
}

/// Reads a sample file the way an import does: JSON, protobuf bytes, words of the field, checks.
fn read(file: &str) -> Vec<Line> {
    let appended: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    file.lines()
        .enumerate()
        .map(|(index, line)| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| value.get(key).and_then(|v| v.as_str()).unwrap().to_owned();
            let json = value.get("event").unwrap().to_string();
            let bytes = event_from_json(&json)
                .unwrap_or_else(|problem| panic!("line {}: {problem}", index + 1));
            let event = decode_event(&bytes)
                .unwrap_or_else(|problem| panic!("line {}: {problem}", index + 1));
            check::event(&event, appended)
                .unwrap_or_else(|problem| panic!("line {}: {problem}", index + 1));
            Line {
                agency: text("agency").parse().unwrap(),
                id: text("eventId"),
                event,
            }
        })
        .collect()
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
                let author = here.get(id.as_str()).map(|author| author.to_string());
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
        _ => {}
    }
}
