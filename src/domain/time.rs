//! Time: what agencies claim, what the ledger proves, and how a question names its moment.
//!
//! A claimed time is a [`When`]: EDTF text, explicit bounds, or unknown. Resolved against the
//! appended time it becomes an [`Interval`] of instants. The four clocks of the design are four
//! types ([`Occurred`], [`Known`], [`Recorded`], [`Appended`]) that cannot be swapped. People's
//! dates are Europe/London; data are UTC. The zone's rules are compiled in: no I/O.

mod as_at;
mod claimed;
mod london;

pub use as_at::{AsAt, AsAtError};
pub use claimed::{TimeError, When};
pub use london::{day_start, days_between, london, london_date};

use jiff::{SignedDuration, Timestamp};

/// One microsecond: the resolution of the ledger, and the width of a known instant.
pub const TICK: SignedDuration = SignedDuration::from_micros(1);

/// A span of instants `[earliest, latest)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first instant at which it may have been; none when nothing bounds it from below.
    pub earliest: Option<Timestamp>,
    /// The first instant at which it certainly was over.
    pub latest: Timestamp,
}

impl Interval {
    /// One known instant, one microsecond wide.
    pub fn instant(at: Timestamp) -> Self {
        Self {
            earliest: Some(at),
            latest: tick_after(at),
        }
    }

    /// Certainly before the exclusive instant `t`.
    pub fn certain_before(&self, t: Timestamp) -> bool {
        self.latest <= t
    }

    /// May have been before the exclusive instant `t` (certain included).
    pub fn may_precede(&self, t: Timestamp) -> bool {
        self.earliest.is_none_or(|earliest| earliest < t)
    }

    /// Bound by bound the earlier of two (a missing lower bound is the earliest of all).
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            earliest: match (self.earliest, other.earliest) {
                (Some(a), Some(b)) => Some(a.min(b)),
                _ => None,
            },
            latest: self.latest.min(other.latest),
        }
    }

    /// Bound by bound the later of two: no fact is earlier than what it rests on.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            earliest: match (self.earliest, other.earliest) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            },
            latest: self.latest.max(other.latest),
        }
    }
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By earliest (no bound first), then latest: a date-only entry sorts before a timed one later
/// that day.
impl Ord for Interval {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.earliest
            .cmp(&other.earliest)
            .then(self.latest.cmp(&other.latest))
    }
}

/// The next instant the ledger can tell apart; the last one of all has none and is kept.
pub fn tick_after(at: Timestamp) -> Timestamp {
    at.checked_add(TICK).unwrap_or(Timestamp::MAX)
}

macro_rules! clock {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);
    };
}

clock! {
    /// When the thing that the event type names took place, in the child's life. A claim.
    Occurred(Interval)
}
clock! {
    /// When this agency or person learned it. A claim.
    Known(Interval)
}
clock! {
    /// When it was entered in the agency's own system. A claim.
    Recorded(Interval)
}
clock! {
    /// When the ledger sealed it; strictly later than the batch before. The only proven time.
    Appended(Timestamp)
}
