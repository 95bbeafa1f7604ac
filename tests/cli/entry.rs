//! `entry …`: files of events in, entries out, and each kind of bad line told with its place, its field and a remedy.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use caseledger::ledger::entry::Header;
use caseledger::ledger::note::VerifierKey;
use caseledger::ledger::receipt::TlogProof;
use caseledger::ledger::tree::leaf_hash;
use serde_json::Value;

use crate::running::{Place, SAMPLE, Server, interrupt, program, told};

const OPENED: &str = r#"{"agency":"csc","eventId":"e0000000-0000-4000-8000-000000000001","event":{"caseId":"CH-1","occurred":{"edtf":"2013-01-09"},"source":{"kind":"SOURCE_KIND_OWN_STAFF"},"caseOpened":{}}}"#;
const CONCERN: &str = r#"{"agency":"school","eventId":"e0000000-0000-4000-8000-000000000002","event":{"caseId":"CH-1","occurred":{"edtf":"2013-01-10"},"source":{"kind":"SOURCE_KIND_OWN_STAFF"},"concernRaised":{"words":"PRIVATE"}}}"#;

fn field(row: &Value, name: &str) -> String {
    row.get(name).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_file_that_is_imported_twice_is_in_the_ledger_once() {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    let first = server.import("family_a");
    assert_eq!(
        first.err.lines().last().unwrap(),
        "appended 250 events of 7 agencies; 0 were there already"
    );
    let rows = first.rows();
    assert_eq!(rows.len(), 250);
    assert!(rows.iter().all(|row| field(row, "state") == "appended"));
    let positions: Vec<u64> = rows
        .iter()
        .map(|row| field(row, "position").parse().unwrap())
        .collect();
    assert_eq!(
        positions,
        (70..320).collect::<Vec<_>>(),
        "in the order of the file"
    );

    let again = server.import("family_a");
    assert_eq!(
        again.err.lines().last().unwrap(),
        "appended 0 events of 7 agencies; 250 were there already"
    );
    for (first, again) in rows.iter().zip(again.rows()) {
        for name in ["position", "caseSeq", "link", "appended", "eventId"] {
            assert_eq!(field(first, name), field(&again, name), "{name}");
        }
        assert_eq!(field(&again, "state"), "there already");
    }
    assert_eq!(server.size(), 320);
    server.stop();
}

#[test]
fn a_dry_run_checks_and_writes_nothing_with_or_without_a_server() {
    let place = Place::new();
    let server = Server::over(&place);
    let file = format!("{SAMPLE}/family_a.jsonl");
    let dry = server.told(&["entry", "import", "--dry-run", &file]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert_eq!(dry.out, "");
    assert!(
        dry.err
            .contains("250 events of 7 agencies are ready; nothing was written")
    );
    assert_eq!(server.size(), 0);
    let adds = place.file("adds.jsonl", CONCERN);
    let nowhere = ["--server", "http://127.0.0.1:9"];
    let alone = told(&[&["entry", "import", "--dry-run", &adds], &nowhere[..]].concat());
    assert_eq!(alone.code, 0, "{}", alone.err);
    assert!(
        alone
            .err
            .contains("1 cases that the file does not open were not looked up")
    );
    let real = told(&[&["entry", "import", &adds], &nowhere[..]].concat());
    assert_eq!(real.code, 6, "{}", real.err);
}

/// What is wrong, the second line of a file, and how its refusal begins.
fn bad_lines() -> Vec<(&'static str, String, &'static str)> {
    let source = r#","source":{"kind":"SOURCE_KIND_OWN_STAFF"}"#;
    vec![
        (
            "missing source",
            CONCERN.replace(source, ""),
            ":2: event.source",
        ),
        (
            "US order",
            CONCERN.replace("2013-01-10", "01/10/2013"),
            ":2: event.occurred",
        ),
        (
            "no such day",
            CONCERN.replace("2013-01-10", "2013-02-30"),
            ":2: event.occurred",
        ),
        (
            "future",
            CONCERN.replace("2013-01-10", "2113-01-10"),
            ":2: event.occurred: lies in the future",
        ),
        (
            "unknown case",
            CONCERN.replace("CH-1", "CH-2"),
            ":2: event.case_id: names a case that does not exist",
        ),
        (
            "unknown field",
            CONCERN.replace("concernRaised", "concernRased"),
            ":2: event: unrecognized field name 'concernRased'",
        ),
        (
            "opened twice",
            OPENED.replace("000001", "000003"),
            ":2: event.case_id: is opened on line 1 already",
        ),
        (
            "another event under an id of the file",
            CONCERN.replace("school", "csc").replace("000002", "000001"),
            ":2: eventId: stands on line 1 with another event",
        ),
        (
            "not JSON",
            CONCERN.replace("}}}", "}}"),
            ":2: line: is not JSON",
        ),
        (
            "no such agency id",
            CONCERN.replace("school", "The School"),
            ":2: agency: an agency id may hold only",
        ),
        (
            "no id",
            CONCERN.replace("e0000000-0000-4000-8000-000000000002", "17"),
            ":2: eventId: ",
        ),
    ]
}

#[test]
fn each_bad_line_is_named_with_its_field_and_nothing_is_written() {
    let place = Place::new();
    let server = Server::over(&place);
    for (name, line, expected) in bad_lines() {
        let file = place.file("bad.jsonl", &format!("{OPENED}\n{line}\n"));
        for arguments in [&["entry", "import"][..], &["entry", "import", "--dry-run"]] {
            let told = server.told(&[arguments, &[&file]].concat());
            assert_eq!(told.code, 9, "{name}: {}", told.err);
            assert!(
                told.err.contains(&format!("{file}{expected}")),
                "{name}: {}",
                told.err
            );
            assert!(told.err.contains("; "), "{name}: a remedy: {}", told.err);
            assert!(
                told.err
                    .contains("nothing was written: 1 problems in 2 lines")
            );
            assert!(!told.err.contains("PRIVATE"), "{name}: {}", told.err);
            assert_eq!(told.out, "");
        }
    }
    assert_eq!(server.size(), 0);
}

#[test]
fn many_problems_are_shown_up_to_a_limit_and_counted() {
    let place = Place::new();
    let file = place.file("bad.jsonl", &"{}\n".repeat(50));
    let told = told(&["entry", "import", "--dry-run", &file]);
    assert_eq!(told.code, 9);
    assert_eq!(
        told.err.matches("missing field").count(),
        20,
        "{}",
        told.err
    );
    assert!(told.err.contains("and 30 more"));
    assert!(told.err.contains("50 problems in 50 lines"));
}

#[test]
fn a_file_without_an_event_is_no_success() {
    let place = Place::new();
    let file = place.file("empty.jsonl", "\n\n");
    let told = told(&["entry", "import", "--dry-run", &file]);
    assert_eq!(told.code, 9, "{}", told.err);
}

#[test]
fn an_agency_cannot_send_anothers_line() {
    let place = Place::new();
    let server = Server::over(&place);
    let file = place.file("two.jsonl", &format!("{OPENED}\n{CONCERN}\n"));
    let told = server.told(&["entry", "import", &file, "--agency", "csc"]);
    assert_eq!(told.code, 9, "{}", told.err);
    assert!(
        told.err.contains(":2: agency: is another than --agency"),
        "{}",
        told.err
    );
    assert_eq!(server.size(), 0);
    let told = server.told(&["entry", "import", &file]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(server.size(), 2);
}

#[test]
fn what_only_the_server_can_refuse_names_its_line_and_stops_the_import() {
    let place = Place::new();
    let server = Server::over(&place);
    let file = place.file("good.jsonl", &format!("{OPENED}\n{CONCERN}\n"));
    assert_eq!(server.told(&["entry", "import", &file]).code, 0);
    let more = CONCERN.replace("000002", "000004");
    let other = CONCERN.replace("PRIVATE", "another");
    let file = place.file("other.jsonl", &format!("{more}\n{other}\n"));
    let told = server.told(&["entry", "import", &file]);
    assert_eq!(told.code, 9, "{}", told.err);
    let expected =
        format!("{file}:2: this event id was used before with other content, at position 1");
    assert!(told.err.contains(&expected), "{}", told.err);
    assert!(told.err.contains("appended 1 events"), "{}", told.err);
    assert_eq!(server.size(), 3);
}

#[test]
fn an_event_is_appended_from_standard_input_and_may_be_sent_again() {
    let place = Place::new();
    let server = Server::over(&place);
    let event = r#"{"caseId":"CH-1","occurred":{"edtf":"2013-01-09"},"source":{"kind":"SOURCE_KIND_OWN_STAFF"},"caseOpened":{}}"#;
    let tag = "5a".repeat(32);
    let id = "e0000000-0000-4000-8000-00000000000a";
    let as_csc = [
        "entry",
        "append",
        "--agency",
        "csc",
        "--event-id",
        id,
        "--format",
        "jsonl",
    ];
    let whole = [&as_csc[..], &["--case-tag", &tag]].concat();
    let first = server.told_with(&whole, event);
    assert_eq!(first.code, 0, "{}", first.err);
    let again = server.told_with(&whole, event);
    let (first, again) = (first.rows().remove(0), again.rows().remove(0));
    assert_eq!(field(&first, "state"), "appended");
    assert_eq!(field(&again, "state"), "there already");
    assert_eq!(field(&first, "link"), field(&again, "link"));
    let shown = server.told(&["entry", "show", "0", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(field(shown.get("entry").unwrap(), "chain"), tag);

    let other = server.told_with(&as_csc, &event.replace("2013", "2012"));
    assert_eq!(other.code, 9, "{}", other.err);
    let nobody = server.told_with(&["entry", "append"], event);
    assert_eq!(nobody.code, 2, "{}", nobody.err);
    let us = server.told_with(&as_csc, &event.replace("2013-01-09", "01/09/2013"));
    assert_eq!(us.code, 9);
    assert!(us.err.contains("event.occurred"), "{}", us.err);
    let twice = server.told_with(&as_csc, &event.replacen('{', r#"{"caseId":"CH-2","#, 1));
    assert!(
        twice
            .err
            .contains("a name stands twice in one object: caseId"),
        "{}",
        twice.err
    );
}

#[test]
fn an_entry_is_shown_and_its_proof_holds_without_the_server() {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    server.import("family_a");
    let shown = server.told(&["entry", "show", "80"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    for expected in [
        "concern.raised",
        "FAMILY-A",
        "what the header commits to (checked here)",
        "event.concernRaised.words",
        "event.source.kind",
    ] {
        assert!(shown.out.contains(expected), "{expected}: {}", shown.out);
    }
    let proof = server.told(&["entry", "show", "80", "--proof"]);
    server.stop();
    let file = format!("{}\n", proof.out.trim_end());
    let proof = TlogProof::parse(&file).unwrap();
    let header = proof.extra.clone().unwrap();
    let key: VerifierKey = place.vkey().parse().unwrap();
    let signed = proof.verify(&leaf_hash(&header), &key).unwrap();
    assert_eq!(signed.checkpoint().size, 320);
    assert_eq!(Header::decode(&header).unwrap().fields.position, 80);
}

#[test]
fn an_entry_that_is_not_there_is_not_found() {
    let place = Place::new();
    let server = Server::over(&place);
    for arguments in [
        &["entry", "show", "7"][..],
        &["entry", "show", "7", "--proof"],
    ] {
        let told = server.told(arguments);
        assert_eq!(told.code, 5, "{}", told.err);
    }
}

#[test]
fn a_tail_shows_every_entry_in_order_as_it_comes_and_ends_quietly() {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    let arguments = [
        "entry", "tail", "FAMILY-A", "--from", "0", "--format", "jsonl",
    ];
    let mut child = program(&[&arguments[..], &["--server", &server.address]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    // The case does not exist yet, so there is nothing to follow.
    assert_eq!(child.as_mut().unwrap().wait().unwrap().code(), Some(5));
    let arguments = ["entry", "tail", "--from", "70", "--format", "jsonl"];
    let mut child = program(&[&arguments[..], &["--server", &server.address]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.import("family_a");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = 70;
    for line in lines.take(250) {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(field(&row, "position"), next.to_string());
        assert!(row.get("event").unwrap().get("source").is_some());
        next += 1;
    }
    assert_eq!(next, 320);
    assert!(interrupt(&mut child).success());

    // A reader that goes away ends it without a word.
    let arguments = ["entry", "tail", "FAMILY-A", "--from", "0"];
    let mut child = program(&[&arguments[..], &["--server", &server.address]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut waited = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(waited < 100, "it goes on without a reader");
        std::thread::sleep(Duration::from_millis(100));
        waited += 1;
    };
    assert_eq!(status.code(), Some(0));
    let said = BufReader::new(child.stderr.take().unwrap()).lines().count();
    assert_eq!(said, 1, "only what it follows");
}
