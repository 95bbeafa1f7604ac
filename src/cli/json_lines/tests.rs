//! Each kind of bad line is told apart, and the sample is read whole.

use super::*;
use crate::grpc::schema::singular;

fn checks() -> Checks {
    Checks {
        singular: singular().unwrap(),
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn first(file: &str) -> Result<Line, Problem> {
    let checks = checks();
    Lines::new(file.as_bytes(), &checks)
        .next()
        .unwrap()
        .unwrap()
}

const GOOD: &str = r#"{"agency":"csc","eventId":"fa000000-0000-4000-8000-000000000001","event":{"caseId":"CH-1","occurred":{"edtf":"2010-03-15"},"source":{"kind":"SOURCE_KIND_OWN_STAFF"},"caseOpened":{}}}"#;

#[test]
fn a_good_line_is_read_with_its_case() {
    let line = first(GOOD).unwrap();
    assert_eq!(line.number, 1);
    assert_eq!(line.case_id.unwrap().as_str(), "CH-1");
    assert!(line.opens);
}

#[test]
fn each_bad_line_names_its_field_and_what_to_do() {
    let bad = [
        ("2010-03-15", "03/15/2010", "event.occurred"),
        ("2010-03-15", "2010-02-31", "event.occurred"),
        ("2010-03-15", "2031-01-01", "event.occurred"),
        (
            r#","source":{"kind":"SOURCE_KIND_OWN_STAFF"}"#,
            "",
            "event.source",
        ),
        ("caseOpened", "caseOpend", "event"),
        ("fa000000-0000-4000-8000-000000000001", "17", "eventId"),
        (r#""csc""#, r#""C S C""#, "agency"),
        (r#""agency":"csc","#, "", "line"),
        (r#""agency":"#, r#""author":"x","agency":"#, "line"),
        (
            r#""caseId":"CH-1""#,
            r#""caseId":"CH-1","caseId":"CH-2""#,
            "line",
        ),
        ("}}}", "}}", "line"),
    ];
    for (old, new, field) in bad {
        assert!(GOOD.contains(old));
        let problem = first(&GOOD.replace(old, new)).unwrap_err();
        assert!(problem.field.starts_with(field), "{new}: {problem}");
        assert!(!problem.remedy.is_empty(), "{problem}");
        assert!(
            !problem.to_string().contains("CH-1"),
            "no value is repeated"
        );
    }
}

#[test]
fn an_overlong_line_is_refused_and_the_next_one_is_read() {
    let file = format!(
        "{}\n\n{GOOD}\n",
        "x".repeat(usize::try_from(LINE_BYTES).unwrap() + 5)
    );
    let checks = checks();
    let mut lines = Lines::new(file.as_bytes(), &checks);
    assert_eq!(lines.next().unwrap().unwrap().unwrap_err().field, "line");
    assert_eq!(lines.next().unwrap().unwrap().unwrap().number, 3);
    assert!(lines.next().unwrap().is_none());
    assert_eq!(lines.bytes(), file.len() as u64);
}
