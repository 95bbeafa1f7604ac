//! A time as an agency claims it.

use std::sync::Arc;

use edtf_core::{Bound, BoundDate, Date as EdtfDate, Edtf, IntervalEndpoint, Precision, TimeShift};
use jiff::{SignedDuration, Span, Timestamp, civil};

use super::{Interval, day_start, london, tick_after};

/// The longest EDTF text that is read, in bytes.
pub(super) const MAX_EDTF: usize = 60;

/// Why a claimed time is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not EDTF, or a date that no calendar has.
    #[error("not a real date in EDTF form")]
    NotADate,
    /// Longer than any EDTF date needs to be.
    #[error("longer than an EDTF date may be")]
    TooLong,
    /// A set of dates (`[a,b]` or `{a,b}`): EDTF has it, a moment has not.
    #[error("a set of dates is not one time")]
    Set,
    /// Beyond the years the calendar covers.
    #[error("outside the years that can be computed with")]
    OutOfRange,
    /// The latest bound lies before the earliest.
    #[error("ends before it begins")]
    Reversed,
}

/// When something was, as claimed: EDTF text, explicit bounds, or unknown (the default).
///
/// A date is that Europe/London day, a month or a year likewise. `?` changes nothing but is shown.
/// `~` widens a day by 7 days each side, a month or season by 1 month, a year by 1 year. A time
/// without an offset is London time; a minute or a second is a span of that length. Explicit bounds
/// win over the text. Nothing known is (no bound, appended). Rules: `semantics.md` 1.3.
///
/// Copies share what was claimed: an event has four times, most of them unknown or equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct When(Option<Arc<Claim>>);

/// What is known of a time; something is.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
struct Claim {
    edtf: Option<Box<str>>,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    uncertain: bool,
    approximate: bool,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl When {
    /// Nothing known.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// One known instant.
    pub fn instant(at: Timestamp) -> Self {
        Self(Some(Arc::new(Claim {
            earliest: Some(at),
            latest: Some(tick_after(at)),
            ..Claim::default()
        })))
    }

    /// A London day.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] for a day beyond the calendar.
    pub fn day(day: civil::Date) -> Result<Self, TimeError> {
        Self::edtf(&day.to_string())
    }

    /// From EDTF text alone.
    ///
    /// # Errors
    /// [`TimeError`] when the text is no time.
    pub fn edtf(text: &str) -> Result<Self, TimeError> {
        Self::new(Some(text), None, None)
    }

    /// From what an agency sent. Equal explicit bounds mean that one instant.
    ///
    /// # Errors
    /// [`TimeError`] when the text is no time or the bounds are reversed.
    pub fn new(
        edtf: Option<&str>,
        earliest: Option<Timestamp>,
        latest: Option<Timestamp>,
    ) -> Result<Self, TimeError> {
        let edtf = edtf.map(str::trim).filter(|text| !text.is_empty());
        if edtf.is_none() && earliest.is_none() && latest.is_none() {
            return Ok(Self::unknown());
        }
        let mut claim = Claim {
            earliest,
            latest,
            ..Claim::default()
        };
        if earliest.is_some() && earliest == latest {
            claim.latest = earliest.map(tick_after);
        }
        if let Some(text) = edtf {
            if let Some((from, until)) = plain_day(text) {
                (claim.from, claim.until) = (Some(from), Some(until));
            } else {
                let (parsed, width) = parse(text)?;
                claim.uncertain = parsed.is_uncertain();
                claim.approximate = parsed.is_approximate();
                (claim.from, claim.until) = span(&parsed, width)?;
            }
            claim.edtf = Some(text.into());
        }
        if let (Some(from), Some(until)) = (claim.lower(), claim.upper())
            && until <= from
        {
            return Err(TimeError::Reversed);
        }
        Ok(Self(Some(Arc::new(claim))))
    }

    fn claim(&self) -> Option<&Claim> {
        self.0.as_deref()
    }

    /// The EDTF text, as sent.
    pub fn text(&self) -> Option<&str> {
        self.claim()?.edtf.as_deref()
    }

    /// The lower bound: explicit, else from the text.
    pub fn lower(&self) -> Option<Timestamp> {
        self.claim()?.lower()
    }

    /// The exclusive upper bound: explicit, else from the text.
    pub fn upper(&self) -> Option<Timestamp> {
        self.claim()?.upper()
    }

    /// Marked uncertain (`?`).
    pub fn is_uncertain(&self) -> bool {
        self.claim().is_some_and(|claim| claim.uncertain)
    }

    /// Marked approximate (`~`).
    pub fn is_approximate(&self) -> bool {
        self.claim().is_some_and(|claim| claim.approximate)
    }

    /// Nothing at all was said.
    pub fn is_unknown(&self) -> bool {
        self.lower().is_none() && self.upper().is_none()
    }

    /// The span of instants, given when the entry was appended: a missing upper bound is that.
    pub fn resolve(&self, appended: Timestamp) -> Interval {
        let earliest = self.lower();
        let latest = self.upper().unwrap_or_else(|| match earliest {
            Some(from) if from >= appended => tick_after(from),
            _ => appended,
        });
        Interval { earliest, latest }
    }
}

impl Claim {
    fn lower(&self) -> Option<Timestamp> {
        self.earliest.or(self.from)
    }

    fn upper(&self) -> Option<Timestamp> {
        self.latest.or(self.until)
    }
}

/// The span of a day written out and nothing else (`2013-03-14`), as most are: what [`span`] gives for it, without the
/// whole grammar. None for any other text, also for one that is no day.
fn plain_day(text: &str) -> Option<(Timestamp, Timestamp)> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    let two = |tens: u8, ones: u8| Some(digit(tens)? * 10 + digit(ones)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let month = i8::try_from(two(m1, m2)?).ok()?;
    let first = civil::Date::new(year, month, i8::try_from(two(d1, d2)?).ok()?).ok()?;
    Some((day_start(first)?, day_start(first.tomorrow().ok()?)?))
}

/// Reads EDTF, and as an extension a local time without seconds. The second value is the width of
/// a time of day.
fn parse(text: &str) -> Result<(Edtf, SignedDuration), TimeError> {
    if text.len() > MAX_EDTF {
        return Err(TimeError::TooLong);
    }
    if let Ok(edtf) = Edtf::parse(text) {
        return Ok((edtf, SignedDuration::from_secs(1)));
    }
    let (Some(head), Some(tail)) = (text.get(..16), text.get(16..)) else {
        return Err(TimeError::NotADate);
    };
    if !head.contains('T') || tail.starts_with(':') {
        return Err(TimeError::NotADate);
    }
    Edtf::parse(&format!("{head}:00{tail}"))
        .map(|edtf| (edtf, SignedDuration::from_mins(1)))
        .map_err(|_no_detail| TimeError::NotADate)
}

type Span2 = (Option<Timestamp>, Option<Timestamp>);

fn span(edtf: &Edtf, width: SignedDuration) -> Result<Span2, TimeError> {
    match edtf {
        Edtf::Date(date) => {
            let (from, until) = date_span(date)?;
            Ok((Some(from), Some(until)))
        }
        Edtf::DateTime(at) => {
            let from = instant(at)?;
            let until = from
                .checked_add(width)
                .map_err(|_no_detail| TimeError::OutOfRange)?;
            Ok((Some(from), Some(until)))
        }
        Edtf::Interval(interval) => {
            let from = match &interval.start {
                IntervalEndpoint::Date(date) | IntervalEndpoint::OnOrAfter(date) => {
                    Some(date_span(date)?.0)
                }
                IntervalEndpoint::Open
                | IntervalEndpoint::Unknown
                | IntervalEndpoint::OnOrBefore(_) => None,
            };
            let until = match &interval.end {
                IntervalEndpoint::Date(date) | IntervalEndpoint::OnOrBefore(date) => {
                    Some(date_span(date)?.1)
                }
                IntervalEndpoint::Open
                | IntervalEndpoint::Unknown
                | IntervalEndpoint::OnOrAfter(_) => None,
            };
            Ok((from, until))
        }
        Edtf::Set(_) => Err(TimeError::Set),
    }
}

/// The London span of a date, widened when it is approximate.
fn date_span(date: &EdtfDate) -> Result<(Timestamp, Timestamp), TimeError> {
    let bounds = Edtf::Date(*date).bounds();
    let (Bound::Date(first), Bound::Date(last)) = (bounds.earliest, bounds.latest) else {
        return Err(TimeError::OutOfRange);
    };
    let widen = match (date.is_approximate(), date.precision()) {
        (false, _) => Span::new(),
        (true, Precision::Day) => Span::new().days(7),
        (true, Precision::Month | Precision::Season) => Span::new().months(1),
        (true, Precision::Year) => Span::new().years(1),
    };
    let out = |_no_detail: jiff::Error| TimeError::OutOfRange;
    let first = civil_date(first)?.checked_sub(widen).map_err(out)?;
    let after = civil_date(last)?
        .tomorrow()
        .map_err(out)?
        .checked_add(widen)
        .map_err(out)?;
    match (day_start(first), day_start(after)) {
        (Some(from), Some(until)) => Ok((from, until)),
        _ => Err(TimeError::OutOfRange),
    }
}

fn civil_date(day: BoundDate) -> Result<civil::Date, TimeError> {
    let (Ok(year), Ok(month), Ok(date)) = (
        i16::try_from(day.year),
        i8::try_from(day.month),
        i8::try_from(day.day),
    ) else {
        return Err(TimeError::OutOfRange);
    };
    civil::Date::new(year, month, date).map_err(|_no_detail| TimeError::OutOfRange)
}

fn instant(at: &edtf_core::DateTime) -> Result<Timestamp, TimeError> {
    let Bound::Date(day) = Edtf::Date(at.date).bounds().earliest else {
        return Err(TimeError::OutOfRange);
    };
    let part = |n: u8| i8::try_from(n).map_err(|_no_detail| TimeError::NotADate);
    let time = civil::Time::new(
        part(at.time.hour)?,
        part(at.time.minute)?,
        part(at.time.second.min(59))?,
        0,
    )
    .map_err(|_no_detail| TimeError::NotADate)?;
    let local = civil_date(day)?.to_datetime(time);
    let zone = match at.time.shift {
        None => london(),
        Some(TimeShift::Utc) => jiff::tz::TimeZone::UTC,
        Some(TimeShift::Offset { minutes, .. }) => {
            jiff::tz::Offset::from_seconds(i32::from(minutes) * 60)
                .map_err(|_no_detail| TimeError::OutOfRange)?
                .to_time_zone()
        }
    };
    local
        .to_zoned(zone)
        .map(|zoned| zoned.timestamp())
        .map_err(|_no_detail| TimeError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_written_out_is_the_day_that_the_grammar_reads() {
        let by_grammar = |text: &str| {
            let (parsed, width) = parse(text).ok()?;
            let (from, until) = span(&parsed, width).ok()?;
            Some((from?, until?))
        };
        let mut days = 0;
        for year in [
            0, 1, 1582, 1846, 1847, 1916, 1968, 1971, 2013, 2024, 2037, 2038, 9998, 9999,
        ] {
            for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02}");
                let plain = plain_day(&text);
                assert_eq!(plain, by_grammar(&text), "{text}");
                days += usize::from(plain.is_some());
            }
        }
        // Four leap years; the last two days of the calendar have no end that can be computed with.
        assert_eq!(days, 14 * 365 + 4 - 2);
        for text in [
            "2013-3-14",
            "2013-03-14~",
            "2013-03-1X",
            "+013-03-14",
            "-2013-03-1",
            "2013/03/14",
        ] {
            assert_eq!(plain_day(text), None, "{text}");
        }
    }
}
