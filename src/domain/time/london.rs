//! Europe/London dates.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// The zone in which people's dates are meant. Compiled in.
pub fn london() -> TimeZone {
    LONDON.clone()
}

static LONDON: TimeZone = jiff::tz::get!("Europe/London");

/// The London calendar date of an instant.
pub fn london_date(at: Timestamp) -> civil::Date {
    LONDON.to_datetime(at).date()
}

/// The first instant of a London day. None outside the calendar's range (years -9999 to 9999).
pub fn day_start(day: civil::Date) -> Option<Timestamp> {
    LONDON.to_timestamp(day.to_datetime(civil::Time::MIN)).ok()
}

/// Difference of two London dates in days; negative when `to` is before `from`.
pub fn days_between(from: civil::Date, to: civil::Date) -> i64 {
    i64::from(from.until(to).map_or(0, |span| span.get_days()))
}
