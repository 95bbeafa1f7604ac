//! Working days of England and Wales and the counting conventions, against dates known from the calendar
//! and the worked histories of the semantics.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use caseledger::rules::calendar::{
    Calendar, CalendarError, add_days, add_months, add_weeks, age, birthday, days,
};
use caseledger::rules::{Limit, Unit};
use jiff::civil::Date;
use proptest::prelude::*;

fn d(text: &str) -> Date {
    text.parse().unwrap()
}

fn cal() -> &'static Calendar {
    Calendar::england_wales()
}

#[test]
fn special_bank_holidays_and_moved_days_are_no_working_days() {
    for day in [
        "1995-05-08",
        "1999-12-31",
        "2002-06-03",
        "2002-06-04",
        "2009-12-28",
        "2010-12-27",
        "2010-12-28",
        "2011-01-03",
        "2011-04-29",
        "2012-01-02",
        "2012-06-04",
        "2012-06-05",
        "2015-12-28",
        "2016-12-27",
        "2020-05-08",
        "2020-12-28",
        "2021-12-27",
        "2021-12-28",
        "2022-01-03",
        "2022-06-02",
        "2022-06-03",
        "2022-09-19",
        "2022-12-27",
        "2023-01-02",
        "2023-05-01",
        "2023-05-08",
        "2024-03-29",
        "2024-04-01",
        "2025-04-18",
        "2026-12-28",
        "2027-12-27",
        "2027-12-28",
        "2028-01-03",
        "2030-12-26",
    ] {
        assert!(!cal().is_working_day(d(day)), "{day}");
        assert!(cal().bank_holiday(d(day)).is_some(), "{day}");
    }
    // The Mondays that the moved days would have been on, and days that a wrong substitute would take.
    for day in [
        "2002-05-27",
        "2012-05-28",
        "2020-05-04",
        "2022-05-30",
        "1995-05-01",
        "2020-12-29",
        "2015-12-29",
        "2012-12-24",
        "2009-12-29",
        "2022-06-06",
        "2011-12-28",
        "2010-12-29",
    ] {
        assert!(cal().is_working_day(d(day)), "{day}");
    }
}

#[test]
fn every_year_has_eight_bank_holidays_and_the_extra_ones_that_were_proclaimed() {
    for year in 1990..=2030 {
        let extra = match year {
            1999 | 2002 | 2011 | 2012 | 2023 => 1,
            2022 => 2,
            _ => 0,
        };
        let first = Date::new(year, 1, 1).unwrap();
        let found = (0..366)
            .map(|n| add_days(first, n))
            .filter(|day| day.year() == year && cal().bank_holiday(*day).is_some())
            .count();
        assert_eq!(found, 8 + extra, "{year}");
    }
}

#[test]
fn the_calendar_says_which_days_it_covers() {
    assert!(cal().covers(d("1990-01-01"), d("2030-12-31")));
    assert!(!cal().covers(d("1989-12-31"), d("2000-01-01")));
    assert!(!cal().covers(d("2030-12-31"), d("2031-01-01")));
    assert_eq!(cal().name(), "england-wales");
}

#[test]
fn a_limit_of_working_days_does_not_count_its_start_day() {
    for (start, n, due) in [
        ("2013-01-09", 1, "2013-01-10"), // K1: the school's limit
        ("2013-03-11", 1, "2013-03-12"), // K2
        ("2013-07-04", 5, "2013-07-11"), // K5: correction not passed on
        ("2014-06-05", 5, "2014-06-12"), // K6: limit from the link
        ("2012-07-06", 1, "2012-07-09"), // Friday
        ("2012-07-07", 1, "2012-07-09"), // Saturday
        ("2013-03-28", 1, "2013-04-02"), // over Easter
        ("2012-06-01", 1, "2012-06-06"), // over the jubilee
        ("2012-12-24", 3, "2012-12-31"),
        ("2013-01-09", 0, "2013-01-09"),
    ] {
        assert_eq!(cal().add_working_days(d(start), n), d(due), "{start} + {n}");
    }
    assert_eq!(
        cal().subtract_working_days(d("2013-04-02"), 1),
        d("2013-03-28")
    );
    assert_eq!(
        cal().subtract_working_days(d("2013-04-02"), 0),
        d("2013-04-02")
    );
}

#[test]
fn history_a1_has_spells_of_184_56_and_88_days_and_no_working_day_unheld() {
    assert_eq!(days(d("2012-01-04"), d("2012-07-06")), 184);
    assert_eq!(days(d("2012-07-09"), d("2012-09-03")), 56);
    assert_eq!(days(d("2012-09-03"), d("2012-11-30")), 88);
    assert_eq!(days(d("2012-07-06"), d("2012-07-09")), 3);
    assert_eq!(
        cal().working_days_between(d("2012-07-06"), d("2012-07-09")),
        0
    );
    // 3 January is the day of the decision; its grace of one working day ends with 4 January.
    assert_eq!(cal().add_working_days(d("2012-01-03"), 1), d("2012-01-04"));
}

#[test]
fn history_a2_is_absent_for_5_7_and_19_working_days() {
    let from = d("2013-03-04");
    // As at 8 and 12 March means the start of the day after.
    assert_eq!(cal().working_days_from(from, d("2013-03-09")), 5);
    assert_eq!(cal().working_days_from(from, d("2013-03-13")), 7);
    assert_eq!(days(from, d("2013-03-12")), 8);
    assert_eq!(days(from, d("2013-04-02")), 29);
    assert_eq!(cal().working_days_from(from, d("2013-04-02")), 19);
}

#[test]
fn history_a3_has_a_gap_of_24_days_with_15_working_days() {
    assert_eq!(days(d("2013-06-28"), d("2013-07-22")), 24);
    assert_eq!(
        cal().working_days_between(d("2013-06-28"), d("2013-07-22")),
        15
    );
}

#[test]
fn history_a4_has_at_least_10_days_7_working_and_at_most_39_days_27_working() {
    let (least, most, end) = (d("2013-06-30"), d("2013-06-01"), d("2013-07-10"));
    assert_eq!(days(least, end), 10);
    assert_eq!(cal().working_days_between(least, end), 7);
    assert_eq!(days(most, end), 39);
    assert_eq!(cal().working_days_between(most, end), 27);
}

#[test]
fn history_a5_has_a_gap_of_10_days_5_working_then_28_17_and_49_days() {
    let end = d("2013-02-01");
    assert_eq!(days(end, d("2013-02-11")), 10);
    assert_eq!(cal().working_days_between(end, d("2013-02-11")), 5);
    assert_eq!(days(end, d("2013-03-01")), 28);
    assert_eq!(days(end, d("2013-02-18")), 17);
    assert_eq!(days(d("2013-02-18"), d("2013-04-08")), 49);
    assert_eq!(days(d("2013-04-08"), d("2013-06-03")), 56);
}

#[test]
fn a_gap_leaves_out_its_first_day_and_an_absence_does_not() {
    let (monday, tuesday) = (d("2013-03-04"), d("2013-03-05"));
    assert_eq!(cal().working_days_between(monday, tuesday), 0);
    assert_eq!(cal().working_days_from(monday, tuesday), 1);
    assert_eq!(cal().working_days_from(monday, monday), 0);
    assert_eq!(cal().working_days_between(tuesday, monday), 0);
    assert_eq!(cal().working_days_used(monday, tuesday), 1);
    assert_eq!(cal().working_days_used(monday, monday), 0);
}

#[test]
fn months_are_clamped_to_the_end_of_a_shorter_month() {
    assert_eq!(add_months(d("2013-01-31"), 1), d("2013-02-28"));
    assert_eq!(add_months(d("2012-01-31"), 1), d("2012-02-29"));
    assert_eq!(add_months(d("2013-01-31"), 3), d("2013-04-30"));
    assert_eq!(add_months(d("2013-11-30"), 3), d("2014-02-28"));
    assert_eq!(add_weeks(d("2014-04-22"), 26), d("2014-10-21"));
    assert_eq!(days(d("2013-03-05"), d("2013-03-01")), -4);
    assert_eq!(days(d("2013-03-30"), d("2013-04-01")), 2);
}

#[test]
fn a_child_born_on_29_february_is_a_year_older_on_1_march() {
    assert_eq!(birthday(d("2008-02-29"), 5), d("2013-03-01"));
    assert_eq!(birthday(d("2008-02-29"), 4), d("2012-02-29"));
    assert_eq!(age(d("2008-02-29"), d("2013-02-28")), Some(4));
    assert_eq!(age(d("2008-02-29"), d("2013-03-01")), Some(5));
    assert_eq!(age(d("2008-06-05"), d("2008-06-04")), None);
    assert_eq!(age(d("2008-06-05"), d("2008-06-05")), Some(0));
}

#[test]
fn sums_end_at_the_last_date_that_can_be_written() {
    assert_eq!(add_days(Date::MAX, u32::MAX), Date::MAX);
    assert_eq!(add_weeks(d("2013-01-01"), u32::MAX), Date::MAX);
    assert_eq!(add_months(d("2013-01-01"), u32::MAX), Date::MAX);
    assert_eq!(cal().add_working_days(Date::MAX, 3), Date::MAX);
    assert_eq!(cal().working_days_between(Date::MAX, Date::MAX), 0);
    assert!(cal().working_days_from(Date::MIN, Date::MAX) > 0);
}

#[test]
fn each_unit_gives_its_due_day_and_its_words() {
    let friday = d("2013-06-28");
    let limit = |n, unit| Limit { n, unit };
    assert_eq!(
        limit(5, Unit::WorkingDays).due(cal(), friday, None),
        d("2013-07-05")
    );
    assert_eq!(
        limit(5, Unit::Days).due(cal(), friday, None),
        d("2013-07-03")
    );
    assert_eq!(
        limit(1, Unit::NextSchoolDay).due(cal(), friday, None),
        d("2013-07-01")
    );
    let core = limit(10, Unit::NextCoreGroupOrWorkingDays);
    assert_eq!(core.due(cal(), friday, None), d("2013-07-12"));
    assert_eq!(
        core.due(cal(), friday, Some(d("2013-07-04"))),
        d("2013-07-04")
    );
    assert_eq!(
        core.due(cal(), friday, Some(d("2013-08-04"))),
        d("2013-07-12")
    );
    assert_eq!(
        core.due(cal(), friday, Some(d("2013-06-01"))),
        d("2013-07-12")
    );
    assert!(!core.rests_on_unknown_holidays(cal(), friday));
    assert!(core.rests_on_unknown_holidays(cal(), d("2030-12-30")));
}

#[test]
fn a_list_of_bank_holidays_with_a_fault_is_refused_by_name() {
    let head = "calendar = 'x'\nversion = '1'\nfirst_year = 2013\nlast_year = 2014\n";
    let parse = |tail: &str| Calendar::parse(&format!("{head}{tail}")).unwrap_err();
    assert_eq!(
        parse("[holidays]\n2013-01-05 = 'Saturday'"),
        CalendarError::Weekend(d("2013-01-05"))
    );
    assert_eq!(
        parse("[holidays]\n2015-01-01 = 'late'"),
        CalendarError::OutsideYears(d("2015-01-01"))
    );
    assert_eq!(
        parse("[holidays]\n2013-02-30 = 'never'"),
        CalendarError::NoDate("2013-02-30".to_owned())
    );
    assert!(parse("extra = 1\n[holidays]").to_string().contains("extra"));
}

proptest! {
    #[test]
    fn counting_by_weeks_gives_the_same_as_counting_day_by_day(start in 0u32..14_000, len in 0u32..900) {
        let a = add_days(d("1990-01-01"), start);
        let b = add_days(a, len);
        let one_by_one = (0..len).filter(|n| cal().is_working_day(add_days(a, *n))).count();
        prop_assert_eq!(cal().working_days_from(a, b) as usize, one_by_one);
    }

    #[test]
    fn the_nth_working_day_uses_up_exactly_n_and_there_is_none_earlier(start in 0u32..14_000, n in 1u32..60) {
        let a = add_days(d("1990-01-01"), start);
        let due = cal().add_working_days(a, n);
        prop_assert!(cal().is_working_day(due));
        prop_assert_eq!(cal().working_days_used(a, due), n);
        prop_assert_eq!(cal().working_days_between(a, due), n - 1);
    }
}
