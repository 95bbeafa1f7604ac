//! `bench`: every shape runs against a server of its own, says what it measured and never judges a quick run.

use std::fs;

use serde_json::Value;

use crate::running::{Place, Server, program, told};

fn column<'r>(row: &'r Value, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap()
}

/// The number a figure begins with.
fn number(text: &str) -> u64 {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap()
}

/// A time in microseconds.
fn micros(text: &str) -> u64 {
    let scale = if text.ends_with(" ms") { 1_000 } else { 1 };
    number(text) * scale
}

#[test]
fn every_shape_is_measured_nothing_is_judged_in_a_quick_run_and_nothing_is_left_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["bench", "--quick", "--alone", "--format", "json", "--dir"];
    let mut command = program(&arguments);
    command.arg(temporary.path());
    let output = assert_cmd::Command::from_std(command).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer.get("kind").unwrap(), "Bench");
    let rows = answer.get("items").and_then(Value::as_array).unwrap();
    assert_eq!(rows.len(), 14, "{rows:?}");
    for row in rows {
        let shape = column(row, "shape");
        let verdict = column(row, "verdict");
        assert!(
            verdict == "-" || verdict.starts_with("not judged: "),
            "{row}"
        );
        if !shape.starts_with("memory") {
            assert!(number(column(row, "measured")) > 0, "{row}");
        }
    }
    for row in rows.iter().take(6) {
        assert!(
            micros(column(row, "p50")) <= micros(column(row, "p99")),
            "{row}"
        );
        assert!(column(row, "cpuEvent").ends_with(" us"), "{row}");
        assert!(number(column(row, "sync")) > 0, "{row}");
        assert_eq!(column(row, "umadb"), "-", "{row}");
    }
    let shape = |text: &str| rows.iter().find(|row| column(row, "shape").contains(text));
    let target = |text: &str| column(shape(text).unwrap(), "target").to_owned();
    assert_eq!(target("1 client,"), "1.00x of UmaDB");
    assert_eq!(target("1 stream"), "70000/s");
    assert_eq!(target("verify store"), "200000/s");
    assert_eq!(target("both"), "150 ms");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_running_server_is_measured_where_it_is_and_keeps_what_was_sent_to_it() {
    let place = Place::new();
    let server = Server::over(&place);
    let bench = [
        "bench",
        "one",
        "store",
        "--quick",
        "--alone",
        "--running",
        "--format",
        "json",
    ];
    let told = server.told(&bench);
    assert_eq!(told.code, 0, "{}", told.err);
    let answer: Value = serde_json::from_str(&told.out).unwrap();
    let rows = answer.get("items").and_then(Value::as_array).unwrap();
    assert_eq!(rows.len(), 1);
    // Nobody said which process it is.
    assert_eq!(column(rows.first().unwrap(), "cpuEvent"), "-");
    assert!(answer.to_string().contains("store is left out"), "{answer}");
    assert!(server.size() > 64);
    server.stop();
    assert_eq!(place.verify_store().code, 0);
}

#[test]
fn a_load_of_its_own_rate_is_not_judged_and_only_the_sustained_one_has_it() {
    let bench = ["bench", "--quick", "--alone", "--rate", "200"];
    let said = told(&[bench.as_slice(), &["sustained", "--format", "json"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    let row = answer.pointer("/items/0").unwrap();
    assert!(column(row, "shape").contains("200/s"), "{row}");
    assert_eq!(
        column(row, "verdict"),
        "not judged: a load of its own rate",
        "{row}"
    );
    assert!(
        column(row, "measured").contains("indexes seen at most "),
        "{row}"
    );
    let refused = told(&[bench.as_slice(), &["stream", "one"]].concat());
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--rate: "), "{}", refused.err);
}

#[test]
fn a_program_that_is_not_there_cannot_be_compared_with() {
    let refused = told(&["bench", "one", "--quick", "--umadb", "/nowhere/umadb"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("/nowhere/umadb"), "{}", refused.err);
}
