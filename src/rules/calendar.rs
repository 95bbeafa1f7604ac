//! Working days of England and Wales, and the counting conventions of `semantics.md` 1.6.
//!
//! A working day is Monday to Friday and no bank holiday. The bank holidays are dated data
//! (`packs/bank_holidays_england_wales.toml`). All dates are Europe/London civil dates. No function fails or
//! loops on an extreme date: sums stop at the last date that can be written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use thiserror::Error;

const BANK_HOLIDAYS: &str = include_str!("packs/bank_holidays_england_wales.toml");

/// Bank holidays of one country's calendar, and the counting of days with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    name: String,
    version: String,
    first: Date,
    last: Date,
    holidays: BTreeMap<Date, String>,
}

/// Why a list of bank holidays was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// Not the expected TOML; the text names the key.
    #[error("the bank holidays cannot be read: {0}")]
    Parse(String),
    /// A key of `[holidays]` is no date.
    #[error("bank holiday {0:?} is no date (write YYYY-MM-DD)")]
    NoDate(String),
    /// A bank holiday lies outside the years that the list claims to cover.
    #[error("bank holiday {0} lies outside first_year to last_year")]
    OutsideYears(Date),
    /// A bank holiday on a Saturday or Sunday; the list must name the substitute day.
    #[error("bank holiday {0} is on a weekend: name the substitute day")]
    Weekend(Date),
    /// `first_year` or `last_year` cannot be used.
    #[error("first_year and last_year do not make a range of years")]
    Years,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalendar {
    calendar: String,
    version: String,
    first_year: i16,
    last_year: i16,
    holidays: BTreeMap<String, String>,
}

impl Calendar {
    /// The calendar of England and Wales that is compiled in.
    pub fn england_wales() -> &'static Self {
        static ENGLAND_WALES: LazyLock<Calendar> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled-in data; a test loads it")]
            Calendar::parse(BANK_HOLIDAYS).expect("the compiled-in bank holidays are well formed")
        });
        &ENGLAND_WALES
    }

    /// The text of the bank holidays that [`Calendar::england_wales`] is read from.
    pub fn england_wales_source() -> &'static str {
        BANK_HOLIDAYS
    }

    /// Reads a list of bank holidays.
    ///
    /// # Errors
    /// An unknown key, a key that is no date, a date on a weekend or outside the years named.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let raw: RawCalendar =
            toml::from_str(text).map_err(|e| CalendarError::Parse(e.message().to_owned()))?;
        let (first, last) = match (
            Date::new(raw.first_year, 1, 1),
            Date::new(raw.last_year, 12, 31),
        ) {
            (Ok(first), Ok(last)) if first < last => (first, last),
            _ => return Err(CalendarError::Years),
        };
        let mut holidays = BTreeMap::new();
        for (key, name) in raw.holidays {
            let Ok(date) = key.parse::<Date>() else {
                return Err(CalendarError::NoDate(key));
            };
            if date < first || date > last {
                return Err(CalendarError::OutsideYears(date));
            }
            if is_weekend(date) {
                return Err(CalendarError::Weekend(date));
            }
            holidays.insert(date, name);
        }
        Ok(Self {
            name: raw.calendar,
            version: raw.version,
            first,
            last,
            holidays,
        })
    }

    /// Name of the calendar, e.g. `england-wales`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version of its data.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether bank holidays are known for every day from `from` to `to`, both included. Outside them only
    /// weekends are left out, and an answer that counts there must say so.
    pub fn covers(&self, from: Date, to: Date) -> bool {
        self.first <= from && from <= to && to <= self.last
    }

    /// The name of the bank holiday on `date`.
    pub fn bank_holiday(&self, date: Date) -> Option<&str> {
        self.holidays.get(&date).map(String::as_str)
    }

    /// Whether `date` is Monday to Friday and no bank holiday.
    pub fn is_working_day(&self, date: Date) -> bool {
        !is_weekend(date) && !self.holidays.contains_key(&date)
    }

    /// The first working day on or after `date`.
    pub fn on_or_after(&self, date: Date) -> Date {
        let mut day = date;
        while !self.is_working_day(day) {
            let next = add_days(day, 1);
            if next == day {
                break;
            }
            day = next;
        }
        day
    }

    /// The `n`-th working day after `start`, which is not counted (whatever day it is). A limit of `n`
    /// working days is kept until the end of the day returned. `n` = 0 gives `start`.
    pub fn add_working_days(&self, start: Date, n: u32) -> Date {
        let mut day = start;
        for _ in 0..n {
            let next = self.on_or_after(add_days(day, 1));
            if next == day {
                break;
            }
            day = next;
        }
        day
    }

    /// The `n`-th working day before `start`, which is not counted. `n` = 0 gives `start`.
    pub fn subtract_working_days(&self, start: Date, n: u32) -> Date {
        let mut day = start;
        for _ in 0..n {
            let from = day;
            loop {
                let before = day.saturating_sub(Span::new().days(1));
                if before == day {
                    return from;
                }
                day = before;
                if self.is_working_day(day) {
                    break;
                }
            }
        }
        day
    }

    /// Working days d with `a` < d < `b`: those wholly inside a gap whose last day held is `a` and whose next
    /// holder starts on `b` (`semantics.md` 5.1.6).
    pub fn working_days_between(&self, a: Date, b: Date) -> u32 {
        let after = add_days(a, 1);
        if after == a {
            0
        } else {
            self.working_days_from(after, b)
        }
    }

    /// Working days d with `a` <= d < `b`: those of an absence that began on `a` (`semantics.md` 5.1.6).
    pub fn working_days_from(&self, a: Date, b: Date) -> u32 {
        if a >= b {
            return 0;
        }
        let all = i64::from(days(a, b));
        let start = i64::from(a.weekday().to_monday_zero_offset());
        let rest: i64 = (0..all % 7)
            .map(|offset| i64::from((start + offset) % 7 < 5))
            .sum();
        let weekdays = all / 7 * 5 + rest;
        let holidays = i64::try_from(self.holidays.range(a..b).count()).unwrap_or(i64::MAX);
        u32::try_from(weekdays.saturating_sub(holidays)).unwrap_or(0)
    }

    /// Working days from `start`, not counted, to `end`, counted: how many have been used up of a limit that
    /// began on `start`, when `end` is over. Zero when `end` is not after `start`.
    pub fn working_days_used(&self, start: Date, end: Date) -> u32 {
        let after = add_days(end, 1);
        self.working_days_between(start, after)
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// `days(a, b)`: the difference of two dates, so the days of [a, b). Negative when `b` is before `a`.
pub fn days(a: Date, b: Date) -> i32 {
    let duration = b.duration_since(a);
    i32::try_from(duration.as_hours() / 24).unwrap_or(i32::MAX)
}

/// The date `n` days after `start`.
pub fn add_days(start: Date, n: u32) -> Date {
    start.saturating_add(Span::new().days(clamp(n, 4_000_000)))
}

/// The date `n` weeks after `start`, on the same day of the week.
pub fn add_weeks(start: Date, n: u32) -> Date {
    start.saturating_add(Span::new().weeks(clamp(n, 600_000)))
}

/// The same day `n` months later, or the last day of that month when it is shorter: 31 January and one month
/// is 28 or 29 February.
pub fn add_months(start: Date, n: u32) -> Date {
    start.saturating_add(Span::new().months(clamp(n, 120_000)))
}

/// The `n`-th birthday of a child born on `born`; 1 March in common years for 29 February (England and Wales:
/// an age is reached at the start of the day, Family Law Reform Act 1969 s9).
pub fn birthday(born: Date, n: u32) -> Date {
    let same_month = add_months(born, n.saturating_mul(12).min(120_000));
    if same_month.day() == born.day() {
        same_month
    } else {
        add_days(same_month, 1)
    }
}

/// Completed years of age on `on`; `None` before birth.
pub fn age(born: Date, on: Date) -> Option<u32> {
    let years = u32::try_from(i32::from(on.year()) - i32::from(born.year())).ok()?;
    if on < born {
        return None;
    }
    if on < birthday(born, years) {
        years.checked_sub(1)
    } else {
        Some(years)
    }
}

/// The largest number of units that the date library takes is above `most`, and `most` already reaches the
/// last date.
fn clamp(n: u32, most: i32) -> i32 {
    i32::try_from(n).unwrap_or(most).min(most)
}
