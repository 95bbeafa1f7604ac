//! `case …`: every verb as a person reads it, in the other formats, and refused.

use serde_json::Value;

use crate::world::{Said, World, program, said};

/// What a command about the invented cases wrote, with what differs from run to run taken out.
fn read(arguments: &[&str]) -> String {
    let said = asked(arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.err, "");
    steady(&said.out)
}

fn asked(arguments: &[&str]) -> Said {
    let world = World::sample();
    let mut whole = vec!["case"];
    whole.extend(arguments);
    said(world.command(&whole))
}

fn json(arguments: &[&str]) -> Value {
    let said = asked(&[arguments, &["--format", "json"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

/// Hashes and the time of asking in words of their own.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_hexdigit() {
            word.push(c);
            continue;
        }
        out.push_str(if word.len() == 64 { "HASH" } else { &word });
        word.clear();
        out.push(c);
    }
    out.pop();
    match (out.find("as at now ("), out.find(" UTC)")) {
        (Some(from), Some(to)) => {
            let (head, tail) = (out.get(..from).unwrap(), out.get(to..).unwrap());
            format!("{head}as at now (TIME{tail}")
        }
        _ => out,
    }
}

/// The same with another word for the day of the test, which stands between two others.
fn any_day(text: &str, before: &str, after: &str) -> String {
    let (head, rest) = text.split_once(before).unwrap();
    let (_day, tail) = rest.split_once(after).unwrap();
    format!("{head}{before}TODAY{after}{tail}")
}

/// The widest line in characters.
fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn the_cases_are_listed_with_their_extent() {
    insta::assert_snapshot!("list", read(&["list"]));
    insta::assert_snapshot!("list_csv", read(&["list", "--format", "csv"]));
}

#[test]
fn a_case_is_shown_with_its_people_and_what_its_record_can_show() {
    insta::assert_snapshot!("show", read(&["show", "FAMILY-A", "--as-at", "2012"]));
}

#[test]
fn the_state_at_a_date_fits_a_screen_and_differs_by_basis_and_eyes() {
    insta::assert_snapshot!("at_then", read(&["at", "FAMILY-A", "20/5/2013"]));
    insta::assert_snapshot!(
        "at_recorded",
        read(&["at", "FAMILY-A", "2013-05-20", "--basis", "recorded"])
    );
    insta::assert_snapshot!(
        "at_school",
        read(&["at", "FAMILY-A", "2013-05-20", "--by", "school"])
    );
}

#[test]
fn a_view_of_a_ledger_that_held_nothing_yet_says_so() {
    insta::assert_snapshot!(
        "at_ledger",
        read(&["at", "FAMILY-A", "2013-05-20", "--basis", "ledger"])
    );
}

#[test]
fn allocation_shows_holders_and_gaps_in_order_of_time() {
    let page = read(&["allocation", "FAMILY-A", "--as-at", "2017"]);
    assert!(width(&page) <= 100, "{page}");
    insta::assert_snapshot!("allocation", page);
    let role = ["allocation", "FAMILY-A", "--role", "social-worker"];
    let then = [role.as_slice(), &["--as-at", "31 dec 2013"]].concat();
    insta::assert_snapshot!("allocation_then", read(&then));
    let school = [then.as_slice(), &["--by", "school"]].concat();
    insta::assert_snapshot!("allocation_school", read(&school));
    let csv = [then.as_slice(), &["--format", "csv"]].concat();
    insta::assert_snapshot!("allocation_csv", read(&csv));
}

#[test]
fn whoever_still_holds_is_counted_no_further_than_the_last_day_covered() {
    let role = ["allocation", "FAMILY-A", "--role", "school-nurse"];
    let later = [role.as_slice(), &["--as-at", "2023"]].concat();
    insta::assert_snapshot!("allocation_covered", read(&later));
}

#[test]
fn six_social_workers_and_nine_team_managers_held_the_case_in_2012_to_2015() {
    for (role, number) in [("social-worker", 6), ("team-manager", 9)] {
        let answer = json(&[
            "allocation",
            "FAMILY-A",
            "--role",
            role,
            "--window",
            "2012..2015",
        ]);
        assert_eq!(answer.pointer("/kind").unwrap(), "Allocation");
        let totals = answer.pointer("/totals").unwrap().as_array().unwrap();
        let whole = totals
            .iter()
            .find(|total| total.pointer("/child").unwrap() == "")
            .unwrap();
        assert_eq!(whole.pointer("/distinct").unwrap(), number, "{role}");
        assert_eq!(answer.pointer("/stamp/caseId").unwrap(), "FAMILY-A");
    }
}

#[test]
fn knowledge_is_a_matrix_of_items_and_agencies_and_one_item_is_shown_in_full() {
    let page = read(&["knowledge", "FAMILY-A", "--as-at", "2013-05-20"]);
    assert!(width(&page) <= 100, "{page}");
    insta::assert_snapshot!("knowledge", page);
    let one = [
        "knowledge",
        "FAMILY-A",
        "--as-at",
        "2013-06",
        "--item",
        "188",
    ];
    insta::assert_snapshot!("knowledge_item", read(&one));
    let lines = [one.as_slice(), &["--format", "jsonl"]].concat();
    insta::assert_snapshot!("knowledge_jsonl", read(&lines));
}

/// A record error of August 2014: the school told the manager on 18 September 2013, not on 15 October.
const LATE: &str = r#"{"agency":"school","eventId":"fa000000-0000-4000-8000-000000009004","event":{"caseId":"FAMILY-A","actor":{"staff":"DSL1","role":"ROLE_SAFEGUARDING_LEAD"},"occurred":{"edtf":"2014-08-05"},"recorded":{"edtf":"2014-08-05"},"source":{"kind":"SOURCE_KIND_OWN_STAFF","text":"DSL1"},"assertion":"ASSERTION_KIND_FACT","eventCorrected":{"target":{"agency":"school","eventId":"fa000000-0000-4000-8000-000000000134"},"kind":"CORRECTION_KIND_RECORD_ERROR","reason":"The day was entered wrong.","corrected":{"caseId":"FAMILY-A","children":[{"person":"C3"}],"actor":{"staff":"T2","role":"ROLE_TEACHER"},"occurred":{"edtf":"2013-09-18"},"recorded":{"edtf":"2013-10-15"},"source":{"kind":"SOURCE_KIND_OWN_STAFF","text":"T2"},"assertion":"ASSERTION_KIND_FACT","shareMade":{"to":[{"agency":"csc","staff":"TM5"}],"items":[{"agency":"school","eventId":"fa000000-0000-4000-8000-000000000131"}],"channel":"CHANNEL_TELEPHONE","words":"Told to the manager."}}}}}"#;

#[test]
fn knowledge_that_a_late_correction_changes_is_shown_under_both_readings() {
    let world = World::sample_and(LATE);
    let read = |more: &[&str]| {
        let asked = ["case", "knowledge", "FAMILY-A", "--as-at", "2013-12"];
        let said = said(world.command(&[asked.as_slice(), more].concat()));
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
        steady(&said.out)
    };
    let page = read(&["--only-problems"]);
    assert!(width(&page) <= 100, "{page}");
    insta::assert_snapshot!("knowledge_late", page);
    let csv = read(&["--only-problems", "--format", "csv"]);
    let lines = csv.lines().enumerate();
    let lines = lines.filter(|(number, line)| *number == 0 || line.contains("depends on"));
    let lines: Vec<&str> = lines.map(|(_, line)| line).collect();
    insta::assert_snapshot!("knowledge_late_csv", lines.join("\n"));
    let item = lines.get(1).unwrap().split(',').next().unwrap();
    let item = item.trim_start_matches('#');
    insta::assert_snapshot!("knowledge_late_item", read(&["--item", item]));
    let json: Value = serde_json::from_str(&read(&["--item", item, "--format", "json"])).unwrap();
    let cells = json.pointer("/cells").unwrap().as_array().unwrap().iter();
    let late = cells.filter(|cell| cell.pointer("/dependsOnCorrections/0").is_some());
    let first = |cell: &Value| cell.get("firstWordsOnly") == Some(&Value::Bool(true));
    let (before, now): (Vec<&Value>, Vec<&Value>) = late.partition(|cell| first(cell));
    assert_eq!((now.len(), before.len()), (1, 1), "that of social care");
}

#[test]
fn sharing_lists_by_kind_what_was_due_and_is_not_on_record() {
    let page = read(&["sharing", "FAMILY-A"]);
    assert!(width(&page) <= 100, "{page}");
    insta::assert_snapshot!("sharing", page);
    insta::assert_snapshot!(
        "sharing_then",
        read(&["sharing", "FAMILY-A", "--as-at", "2013-05-20"])
    );
    insta::assert_snapshot!(
        "sharing_csv",
        read(&[
            "sharing",
            "FAMILY-A",
            "--needing",
            "police",
            "--format",
            "csv"
        ])
    );
    let whole = json(&["sharing", "FAMILY-A", "--needing", "police"]);
    let rows = whole.pointer("/rows").unwrap().as_array().unwrap();
    assert!(!rows.is_empty());
    assert!(
        rows.iter()
            .all(|row| row.pointer("/needing").unwrap() == "police")
    );
    assert!(
        rows.iter()
            .all(|row| row.pointer("/evidence/0").unwrap().is_u64())
    );
}

#[test]
fn the_case_that_was_handled_well_has_no_row() {
    insta::assert_snapshot!("sharing_well_run", read(&["sharing", "WELL-RUN"]));
}

#[test]
fn findings_change_the_exit_code_only_when_asked() {
    let code = |arguments: &[&str]| asked(arguments).code;
    let social_workers = ["allocation", "FAMILY-A", "--role", "social-worker"];
    assert_eq!(code(&social_workers), 0);
    assert_eq!(
        code(&[social_workers.as_slice(), &["--fail-on-gaps"]].concat()),
        8
    );
    // What the school knew of no holder is no gap that was found.
    let by_school = ["--by", "school", "--fail-on-gaps"];
    assert_eq!(code(&[social_workers.as_slice(), &by_school].concat()), 0);
    assert_eq!(code(&["sharing", "FAMILY-A", "--fail-on-gaps"]), 8);
    assert_eq!(code(&["allocation", "WELL-RUN", "--fail-on-gaps"]), 0);
    assert_eq!(code(&["sharing", "WELL-RUN", "--fail-on-gaps"]), 0);
}

#[test]
fn the_entries_of_a_case_are_listed_in_the_order_they_were_sealed() {
    let page = read(&["entries", "FAMILY-A", "--format", "csv"]);
    let rows: Vec<&str> = page.lines().collect();
    assert_eq!(rows.len(), 251);
    assert!(
        rows.get(1)
            .unwrap()
            .starts_with("#70,1,2010-03-15,csc,case.opened,C1 C2 C3,")
    );
    let whole = json(&["entries", "FAMILY-A"]);
    let opened = whole.pointer("/items/0/event/caseOpened/reason").unwrap();
    assert!(opened.as_str().unwrap().starts_with("INVENTED"));
    assert!(width(&read(&["entries", "FAMILY-A"])) <= 100);
}

#[test]
fn a_question_that_cannot_be_answered_says_why_and_what_next() {
    let refused = |arguments: &[&str], code: i32| {
        let said = asked(arguments);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{}", said.err);
        said.err
    };
    insta::assert_snapshot!("refused_case", refused(&["show", "FAMILY-B"], 5));
    insta::assert_snapshot!("refused_case_entries", refused(&["entries", "FAMILY-B"], 5));
    insta::assert_snapshot!("refused_case_id", refused(&["show", "FAMILY A"], 2));
    let us = ["show", "FAMILY-A", "--as-at", "03/14/2013"];
    insta::assert_snapshot!("refused_us_order", refused(&us, 2));
    let no_day = ["at", "FAMILY-A", "31/2/2012"];
    insta::assert_snapshot!("refused_no_such_date", refused(&no_day, 2));
    let future = ["sharing", "FAMILY-A", "--as-at", "2999"];
    let said = any_day(&refused(&future, 2), "a day up to ", ", or latest");
    insta::assert_snapshot!("refused_future", said);
    let role = ["allocation", "FAMILY-A", "--role", "worker"];
    insta::assert_snapshot!("refused_role", refused(&role, 2));
    let window = ["allocation", "FAMILY-A", "--window", "2015..2012"];
    insta::assert_snapshot!("refused_window", refused(&window, 2));
    let eyes = ["show", "FAMILY-A", "--by", "School 1"];
    insta::assert_snapshot!("refused_eyes", refused(&eyes, 2));
    let needing = refused(&["sharing", "FAMILY-A", "--needing", "venus"], 2);
    assert!(needing.contains("--needing: is no agency"), "{needing}");
    let days = refused(&["allocation", "FAMILY-A", "--min-gap", "99999"], 2);
    assert!(days.contains("--min-gap: is above"), "{days}");
    let nowhere = refused(&["list", "--server", "127.0.0.1"], 2);
    assert!(nowhere.contains("http://HOST:PORT"), "{nowhere}");
    let at_once = refused(&["list", "--timeout", "0s"], 6);
    assert!(at_once.contains("--timeout 2m"), "{at_once}");
    let item = ["knowledge", "FAMILY-A", "--item", "1"];
    insta::assert_snapshot!("refused_item", refused(&item, 5));
}

#[test]
fn without_a_server_the_exit_code_says_try_again_and_the_message_how() {
    let said = said(program(&["case", "list", "--server", "http://127.0.0.1:9"]));
    assert_eq!((said.code, said.out.as_str()), (6, ""));
    insta::assert_snapshot!("refused_no_server", said.err);
}

#[test]
fn an_empty_ledger_has_no_case() {
    let world = World::empty();
    let said = said(world.command(&["case", "list"]));
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "No case in this ledger yet.\n")
    );
}
