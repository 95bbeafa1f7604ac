//! Uncertain days and how they are counted: `semantics.md` 1.6 and 5.1.9.

use jiff::civil::Date;

use crate::domain::time::{Interval, TICK, days_between, london_date};

/// The London days on which something may have been, both bounds included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayRange {
    /// The first possible day; none when nothing bounds it from below.
    pub earliest: Option<Date>,
    /// The last possible day.
    pub latest: Date,
}

impl DayRange {
    /// One known day.
    pub fn exact(day: Date) -> Self {
        Self {
            earliest: Some(day),
            latest: day,
        }
    }

    /// The days that an interval of instants touches.
    pub fn of(interval: Interval) -> Self {
        let last = interval.latest.checked_sub(TICK).unwrap_or(interval.latest);
        let earliest = interval.earliest.map(london_date);
        let latest = london_date(last);
        Self {
            earliest,
            latest: earliest.map_or(latest, |first| first.max(latest)),
        }
    }

    /// One day and no doubt about it.
    pub fn is_exact(&self) -> bool {
        self.earliest == Some(self.latest)
    }

    /// The first possible day, or the beginning of the calendar.
    pub fn first(&self) -> Date {
        self.earliest.unwrap_or(Date::MIN)
    }
}

/// A half-open span of days `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first day.
    pub from: Date,
    /// The first day after it.
    pub to: Date,
}

impl Span {
    /// The span, or none when it holds no day.
    pub fn new(from: Date, to: Date) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// The part inside another span.
    pub fn within(&self, other: Span) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Whether the day lies in it.
    pub fn contains(&self, day: Date) -> bool {
        self.from <= day && day < self.to
    }
}

/// Sorts and joins spans that touch or overlap.
pub fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

/// What is left of `whole` when every span of `holes` is taken out. Both sorted and joined.
pub fn subtract(whole: &[Span], holes: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in whole {
        let mut from = span.from;
        for hole in holes {
            if hole.to <= from || hole.from >= span.to {
                continue;
            }
            left.extend(Span::new(from, hole.from));
            from = from.max(hole.to);
        }
        left.extend(Span::new(from, span.to));
    }
    left
}

/// The days that lie in a span of both. Both sorted and joined.
pub fn intersect(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut common = Vec::new();
    for left in a {
        common.extend(b.iter().filter_map(|right| left.within(*right)));
    }
    union(common)
}

/// The day before; the beginning of the calendar has none and is kept.
pub fn day_before(day: Date) -> Date {
    day.yesterday().unwrap_or(Date::MIN)
}

/// The day after; the end of the calendar has none and is kept.
pub fn day_after(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

/// How many working days lie in `[from, to)`.
pub fn working_days(is_working: &dyn Fn(Date) -> bool, from: Date, to: Date) -> i64 {
    let mut count = 0;
    let mut day = from;
    while day < to {
        count += i64::from(is_working(day));
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_end_of_calendar) => break,
        }
    }
    count
}

/// From a day on, the last day that the agency's records cover; none when they cover none.
pub(super) type LastCovered<'a> = dyn Fn(Date) -> Option<Date> + 'a;

/// The day to which something still open is counted: the as-at date, or the last day covered when that is earlier
/// (`semantics.md` 1.7). Its own beginning is recorded, so it is never earlier than that.
/// The second is the same day when it cut the count short.
pub(super) fn open_end(
    from: DayRange,
    today: Date,
    covered: &LastCovered<'_>,
) -> (Date, Option<Date>) {
    let last = covered(from.latest).map_or(from.latest, |last| last.max(from.latest));
    if last < today {
        (last, Some(last))
    } else {
        (today, None)
    }
}

/// A number of days between two bounds: the least and the most it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bounds {
    /// At least this many.
    pub at_least: i64,
    /// At most this many.
    pub at_most: i64,
}

impl Bounds {
    /// Days from one uncertain day to another, never below zero. An unknown beginning leaves no
    /// upper bound: the least is then given for both.
    pub fn between(from: DayRange, to: DayRange) -> Self {
        let at_least = to
            .earliest
            .map_or(0, |end| days_between(from.latest, end).max(0));
        let at_most = from
            .earliest
            .map_or(at_least, |start| days_between(start, to.latest));
        Self {
            at_least,
            at_most: at_most.max(at_least),
        }
    }

    /// Whether both bounds are the same.
    pub fn is_exact(&self) -> bool {
        self.at_least == self.at_most
    }
}
