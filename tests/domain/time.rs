//! Claimed times, as-at dates, London days: `semantics.md` section 1.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use caseledger::domain::time::{
    AsAt, AsAtError, Interval, TimeError, When, days_between, london_date,
};
use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

fn ts(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const APPENDED: &str = "2020-06-01T12:00:00Z";

fn span(edtf: &str) -> (String, String) {
    let interval = When::edtf(edtf).unwrap().resolve(ts(APPENDED));
    let earliest = interval.earliest.map_or("-".to_owned(), |t| t.to_string());
    (earliest, interval.latest.to_string())
}

fn is(edtf: &str, earliest: &str, latest: &str) {
    assert_eq!(
        span(edtf),
        (earliest.to_owned(), latest.to_owned()),
        "{edtf}"
    );
}

#[test]
fn a_date_is_that_london_day_in_winter_and_summer() {
    is("2013-03-14", "2013-03-14T00:00:00Z", "2013-03-15T00:00:00Z");
    is("2013-06-14", "2013-06-13T23:00:00Z", "2013-06-14T23:00:00Z");
    is("2013-03-31", "2013-03-31T00:00:00Z", "2013-03-31T23:00:00Z");
}

#[test]
fn a_month_and_a_year_are_that_month_and_year() {
    is("2013-06", "2013-05-31T23:00:00Z", "2013-06-30T23:00:00Z");
    is("2013", "2013-01-01T00:00:00Z", "2014-01-01T00:00:00Z");
}

#[test]
fn a_tilde_widens_by_seven_days_one_month_or_one_year_and_a_question_mark_by_nothing() {
    is(
        "2013-01-14~",
        "2013-01-07T00:00:00Z",
        "2013-01-22T00:00:00Z",
    );
    is("2013-01~", "2012-12-01T00:00:00Z", "2013-03-01T00:00:00Z");
    is("2013~", "2012-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
    is(
        "2013-01-14?",
        "2013-01-14T00:00:00Z",
        "2013-01-15T00:00:00Z",
    );
    assert!(When::edtf("2013-01-14?").unwrap().is_uncertain());
    assert!(!When::edtf("2013-01-14?").unwrap().is_approximate());
    assert!(When::edtf("2013-01-14~").unwrap().is_approximate());
}

#[test]
fn a_time_of_day_without_an_offset_is_london_time() {
    is(
        "2013-06-14T09:00:00",
        "2013-06-14T08:00:00Z",
        "2013-06-14T08:00:01Z",
    );
    is(
        "2013-06-14T09:00",
        "2013-06-14T08:00:00Z",
        "2013-06-14T08:01:00Z",
    );
    is(
        "2013-06-14T09:00:00Z",
        "2013-06-14T09:00:00Z",
        "2013-06-14T09:00:01Z",
    );
    is(
        "2013-06-14T09:00:00+02:00",
        "2013-06-14T07:00:00Z",
        "2013-06-14T07:00:01Z",
    );
}

#[test]
fn unknown_is_bounded_only_by_when_it_was_appended() {
    let unknown = When::unknown().resolve(ts(APPENDED));
    assert_eq!(
        unknown,
        Interval {
            earliest: None,
            latest: ts(APPENDED)
        }
    );
    assert!(When::new(Some(" "), None, None).unwrap().is_unknown());
    is("2013-03-14/..", "2013-03-14T00:00:00Z", APPENDED);
    is("../2013-03-14", "-", "2013-03-15T00:00:00Z");
    is(
        "2013-03-14/2013-03-16",
        "2013-03-14T00:00:00Z",
        "2013-03-17T00:00:00Z",
    );
}

#[test]
fn explicit_bounds_win_over_the_text() {
    let when = When::new(Some("2013"), Some(ts("2013-02-01T00:00:00Z")), None).unwrap();
    let interval = when.resolve(ts(APPENDED));
    assert_eq!(interval.earliest, Some(ts("2013-02-01T00:00:00Z")));
    assert_eq!(interval.latest, ts("2014-01-01T00:00:00Z"));
    assert_eq!(when.text(), Some("2013"));
    let at = ts("2013-02-01T10:00:00Z");
    assert_eq!(
        When::new(None, Some(at), Some(at)).unwrap(),
        When::instant(at)
    );
    assert!(
        When::instant(at)
            .resolve(ts(APPENDED))
            .certain_before(ts("2013-02-01T10:00:00.000001Z"))
    );
    assert!(!When::instant(at).resolve(ts(APPENDED)).may_precede(at));
}

#[test]
fn what_is_no_time_is_refused() {
    for bad in [
        "2013-02-30",
        "13/3/2013",
        "2013-13",
        "soon",
        "2013-02-05T25:00",
        "é013-02-05T09:00x",
    ] {
        assert_eq!(When::edtf(bad), Err(TimeError::NotADate), "{bad}");
    }
    assert_eq!(When::edtf("[2013-02-01,2013-02-03]"), Err(TimeError::Set));
    assert_eq!(When::edtf("Y170000002"), Err(TimeError::OutOfRange));
    assert_eq!(When::edtf("9999-12-31"), Err(TimeError::OutOfRange));
    let (early, late) = (ts("2013-01-01T00:00:00Z"), ts("2013-01-02T00:00:00Z"));
    assert_eq!(
        When::new(None, Some(late), Some(early)),
        Err(TimeError::Reversed)
    );
    assert_eq!(
        When::new(Some("2012"), Some(late), None),
        Err(TimeError::Reversed)
    );
}

#[test]
fn the_order_is_by_earliest_then_latest() {
    let at = |edtf: &str| When::edtf(edtf).unwrap().resolve(ts(APPENDED));
    assert!(at("2013-03-14") < at("2013-03-14T09:00"));
    assert!(at("2013-03-13T09:00") < at("2013-03-14"));
    assert!(When::unknown().resolve(ts(APPENDED)) < at("1900"));
    let (day, month) = (at("2013-03-14"), at("2013-03"));
    assert_eq!(
        day.min(month),
        Interval {
            earliest: month.earliest,
            latest: day.latest
        }
    );
    assert_eq!(
        day.max(month),
        Interval {
            earliest: day.earliest,
            latest: month.latest
        }
    );
    let unknown = When::unknown().resolve(ts(APPENDED));
    assert_eq!(day.min(unknown).earliest, None);
    assert_eq!(day.max(unknown).earliest, day.earliest);
}

#[test]
fn an_as_at_date_includes_its_day() {
    for text in [
        "2013-03-14",
        "14/3/2013",
        "14/03/2013",
        "14 mar 2013",
        "14 March 2013",
        " 14 MAR 2013 ",
    ] {
        let as_at: AsAt = text.parse().unwrap();
        assert_eq!(as_at.instant(), ts("2013-03-15T00:00:00Z"), "{text}");
    }
    assert_eq!("14/6/2013".parse::<AsAt>().unwrap().text(), "2013-06-14");
    let instant = |text: &str| text.parse::<AsAt>().unwrap().instant();
    assert_eq!(instant("2013-06-14"), ts("2013-06-14T23:00:00Z"));
    assert_eq!(instant("2013-03"), ts("2013-03-31T23:00:00Z"));
    assert_eq!(instant("2013"), ts("2014-01-01T00:00:00Z"));
    assert_eq!(instant("2013-06-14T09:00"), ts("2013-06-14T08:00:00Z"));
    assert_eq!(instant("2013-06-14T09:00:00Z"), ts("2013-06-14T09:00:00Z"));
    assert_eq!(instant("3/4/2013"), instant("2013-04-03"));
}

#[test]
fn the_american_order_is_refused_with_the_date_to_write() {
    let error = "03/14/2013".parse::<AsAt>().unwrap_err();
    assert_eq!(
        error,
        AsAtError::UsOrder {
            month: 14,
            suggestion: "14/3/2013".to_owned()
        }
    );
    assert!(error.to_string().contains("14/3/2013"));
    assert!("14/3/2013".parse::<AsAt>().is_ok());
}

#[test]
fn what_is_no_as_at_date_is_refused() {
    let fails = |text: &str| text.parse::<AsAt>().unwrap_err();
    assert_eq!(fails("30/2/2013"), AsAtError::NoSuchDate);
    assert_eq!(fails("2013-02-30"), AsAtError::NoSuchDate);
    assert_eq!(fails("30/40/2013"), AsAtError::NoSuchDate);
    assert_eq!(fails("14 ma 2013"), AsAtError::NotADate);
    assert_eq!(fails("14/3/13"), AsAtError::NotADate);
    assert_eq!(fails("yesterday"), AsAtError::NotADate);
    assert_eq!(fails(""), AsAtError::OpenEnded);
    assert_eq!(fails("2013-01-01/.."), AsAtError::OpenEnded);
}

#[test]
fn london_dates_change_at_london_midnight() {
    assert_eq!(london_date(ts("2013-06-14T22:59:59Z")), date(2013, 6, 14));
    assert_eq!(london_date(ts("2013-06-14T23:00:00Z")), date(2013, 6, 15));
    assert_eq!(days_between(date(2012, 1, 4), date(2012, 7, 6)), 184);
    assert_eq!(days_between(date(2012, 7, 6), date(2012, 1, 4)), -184);
}

proptest! {
    #[test]
    fn every_valid_day_resolves_to_a_span_that_holds_its_noon(year in 1900_i16..2100, month in 1_i8..=12, day in 1_i8..=28) {
        let day = date(year, month, day);
        let interval = When::day(day).unwrap().resolve(ts(APPENDED));
        let noon = day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        prop_assert!(interval.earliest.unwrap() < noon && noon < interval.latest);
        prop_assert_eq!(london_date(interval.earliest.unwrap()), day);
        prop_assert_eq!(day.to_string().parse::<AsAt>().unwrap().instant(), interval.latest);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,40}") {
        if let Ok(when) = When::edtf(&text) {
            let interval = when.resolve(ts(APPENDED));
            prop_assert!(interval.earliest.is_none_or(|from| from < interval.latest));
        }
        let _answer: Result<AsAt, _> = text.parse();
    }

    #[test]
    fn no_date_like_text_makes_the_readers_panic(text in "[0-9XY/.~?%T:Z+-]{0,24}") {
        if let Ok(when) = When::edtf(&text) {
            let interval = when.resolve(ts(APPENDED));
            prop_assert!(interval.earliest.is_none_or(|from| from < interval.latest));
        }
        let _answer: Result<AsAt, _> = text.parse();
    }
}
