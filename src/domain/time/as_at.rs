//! The moment of a question, as a person writes it.

use std::str::FromStr;

use jiff::{Timestamp, civil};

use super::{When, day_start};

/// An as-at moment: an exclusive instant. A date means the start of the London day after it, so
/// "as at 14 March" includes 14 March; a month or year means the start of the next; a time of day
/// means itself. *Latest* is resolved before this type exists.
///
/// Reads `2013-03-14`, `14/3/2013`, `14 mar 2013`, `2013-03-14T09:00`, `2013-03` and other EDTF.
/// Day comes before month, as in Britain; the American order is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AsAt {
    text: String,
    instant: Timestamp,
}

/// Why a text is no as-at date, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AsAtError {
    /// The month stands before the day.
    #[error("the month cannot be {month}: dates are day/month/year; write {suggestion}")]
    UsOrder {
        /// What was read as a month.
        month: i64,
        /// The date in the accepted order.
        suggestion: String,
    },
    /// No calendar has this day.
    #[error("there is no such date; write it as 2013-03-14, 14/3/2013 or 14 mar 2013")]
    NoSuchDate,
    /// Not in any of the accepted forms.
    #[error(
        "not a date; write it as 2013-03-14, 14/3/2013, 14 mar 2013, 2013-03-14T09:00 or 2013-03"
    )]
    NotADate,
    /// The date has no end (`2013/..`), so nothing says up to when.
    #[error("the date has no end; name one day, month or year")]
    OpenEnded,
}

impl AsAt {
    /// The exclusive instant T: what happened at T is not in the answer.
    pub fn instant(&self) -> Timestamp {
        self.instant
    }

    /// The moment in ISO form, as it will be printed: `2013-03-14`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole of this London day.
    ///
    /// # Errors
    /// [`AsAtError::NoSuchDate`] at the end of the calendar.
    pub fn day(day: civil::Date) -> Result<Self, AsAtError> {
        let next = day
            .tomorrow()
            .ok()
            .and_then(day_start)
            .ok_or(AsAtError::NoSuchDate)?;
        Ok(Self {
            text: day.to_string(),
            instant: next,
        })
    }

    /// Exactly this instant, exclusive.
    pub fn exactly(instant: Timestamp) -> Self {
        Self {
            text: instant.to_string(),
            instant,
        }
    }
}

impl std::fmt::Display for AsAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for AsAt {
    type Err = AsAtError;

    fn from_str(text: &str) -> Result<Self, AsAtError> {
        let text = text.trim();
        if let Some((first, second, year)) = british_parts(text) {
            return british(first, second, year);
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self {
                text: text.to_owned(),
                instant,
            });
        }
        let when = When::edtf(text).map_err(|_no_detail| {
            if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-') {
                AsAtError::NoSuchDate
            } else {
                AsAtError::NotADate
            }
        })?;
        let moment = if text.contains('T') {
            when.lower()
        } else {
            when.upper()
        };
        let instant = moment.ok_or(AsAtError::OpenEnded)?;
        Ok(Self {
            text: text.to_owned(),
            instant,
        })
    }
}

/// What stands in the middle of `14/3/2013` or `14 mar 2013`.
#[derive(Clone, Copy)]
enum Middle {
    Number(i64),
    Month(i64),
}

fn british_parts(text: &str) -> Option<(i64, Middle, i64)> {
    let mut parts = text
        .split(|c: char| c == '/' || c == '.' || c.is_whitespace())
        .filter(|p| !p.is_empty());
    let (first, middle, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || first.len() > 2 {
        return None;
    }
    let middle = match middle.parse() {
        Ok(number) if middle.len() <= 2 => Middle::Number(number),
        _ => Middle::Month(month_named(middle)?),
    };
    Some((first.parse().ok()?, middle, year.parse().ok()?))
}

fn month_named(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_ascii_lowercase();
    if word.len() < 3 {
        return None;
    }
    (1..)
        .zip(NAMES)
        .find(|(_, name)| name.starts_with(&word) || word == "sept" && *name == "september")
        .map(|(n, _)| n)
}

fn british(first: i64, middle: Middle, year: i64) -> Result<AsAt, AsAtError> {
    let month = match middle {
        Middle::Month(month) | Middle::Number(month) => month,
    };
    let date = |day: i64, month: i64| {
        civil::Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok()
    };
    match date(first, month) {
        Some(day) => AsAt::day(day),
        None if month > 12 && date(month, first).is_some() => Err(AsAtError::UsOrder {
            month,
            suggestion: format!("{month}/{first}/{year}"),
        }),
        None => Err(AsAtError::NoSuchDate),
    }
}
