//! The only place that reads time, and the rule that decides which reading may become an appended time.
//!
//! An appended time is the one time in the ledger that is witnessed, so it is refused rather than guessed: up to
//! [`limits::CLOCK_BEHIND`] behind the last one it becomes that one plus 1 µs; further behind, or a step of more than
//! [`limits::CLOCK_STEP`] against the monotonic clock, and the writer refuses until the clock agrees again.

use std::time::Duration;

use super::limits;

/// A source of time. The service reads time through this alone; tests inject their own.
pub trait Clock: Send + Sync {
    /// Wall clock: microseconds since 1970-01-01T00:00:00Z.
    fn wall(&self) -> i64;
    /// Time since some fixed instant of this process; never goes back.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the operating system.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "time enters here, and only here")]
    pub fn new() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "time enters here, and only here")]
    fn wall(&self) -> i64 {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -micros(before.duration()),
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A duration in whole microseconds, saturating (584,942 years).
fn micros(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX)
}

/// Why a reading of the clock cannot become an appended time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// The wall clock is further behind the last appended time than the tolerated second.
    #[error(
        "the server's clock is {by_ms} ms behind the newest entry; appends resume when the clock agrees again"
    )]
    Behind {
        /// How far, in milliseconds.
        by_ms: i64,
    },
    /// The wall clock moved against the monotonic clock by more than the tolerated step.
    #[error(
        "the server's clock was set by {by_ms} ms while it ran; appends resume when the clock agrees again or the server is restarted"
    )]
    Stepped {
        /// By how much, in milliseconds; negative = backwards.
        by_ms: i64,
    },
}

/// Hands out appended times: strictly increasing, never from a clock that was set.
#[derive(Debug)]
pub struct Guard {
    last: i64,
    anchor: Option<(i64, i64)>,
}

impl Guard {
    /// A guard that goes on after `last`, the newest appended time in the journal (microseconds UTC); `i64::MIN` for an
    /// empty one.
    #[must_use]
    pub fn after(last: i64) -> Self {
        Self { last, anchor: None }
    }

    /// The next appended time, strictly later than the one before.
    ///
    /// # Errors
    /// [`ClockFault`] when the clock is too far behind, or was set.
    pub fn next(&mut self, clock: &dyn Clock) -> Result<i64, ClockFault> {
        let (wall, mono) = (clock.wall(), micros(clock.monotonic()));
        if let Some((wall0, mono0)) = self.anchor {
            let step = wall
                .saturating_sub(wall0)
                .saturating_sub(mono.saturating_sub(mono0));
            if step.unsigned_abs()
                > limits::CLOCK_STEP
                    .as_micros()
                    .try_into()
                    .unwrap_or(u64::MAX)
            {
                return Err(ClockFault::Stepped { by_ms: step / 1000 });
            }
        }
        let behind = self.last.saturating_sub(wall);
        if behind > micros(limits::CLOCK_BEHIND) {
            return Err(ClockFault::Behind {
                by_ms: behind / 1000,
            });
        }
        self.anchor = Some((wall, mono));
        self.last = if wall > self.last {
            wall
        } else {
            self.last.saturating_add(1)
        };
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Set {
        wall: AtomicI64,
        mono: AtomicI64,
    }

    impl Set {
        fn to(&self, wall: i64, mono: i64) -> &Self {
            self.wall.store(wall, Ordering::SeqCst);
            self.mono.store(mono, Ordering::SeqCst);
            self
        }
    }

    impl Clock for Set {
        fn wall(&self) -> i64 {
            self.wall.load(Ordering::SeqCst)
        }
        fn monotonic(&self) -> Duration {
            Duration::from_micros(self.mono.load(Ordering::SeqCst).unsigned_abs())
        }
    }

    const S: i64 = 1_000_000;

    #[test]
    fn a_clock_that_stands_still_still_yields_strictly_later_times() {
        let (c, mut g) = (Set::default(), Guard::after(i64::MIN));
        c.to(5 * S, 0);
        assert_eq!(g.next(&c), Ok(5 * S));
        assert_eq!(g.next(&c), Ok(5 * S + 1));
    }

    #[test]
    fn exactly_one_second_behind_is_tolerated_and_one_microsecond_more_is_not() {
        let (c, mut g) = (Set::default(), Guard::after(100 * S));
        assert_eq!(g.next(c.to(99 * S, 0)), Ok(100 * S + 1));
        let mut g = Guard::after(100 * S);
        assert_eq!(
            g.next(c.to(99 * S - 1, 0)),
            Err(ClockFault::Behind { by_ms: 1000 })
        );
        assert_eq!(
            g.next(c.to(101 * S, S)),
            Ok(101 * S),
            "it resumes when the clock agrees"
        );
    }

    #[test]
    fn a_step_of_more_than_ten_seconds_either_way_is_refused_until_undone() {
        let (c, mut g) = (Set::default(), Guard::after(i64::MIN));
        assert_eq!(g.next(c.to(1000 * S, 0)), Ok(1000 * S));
        assert_eq!(
            g.next(c.to(1011 * S + 1, S)),
            Err(ClockFault::Stepped { by_ms: 10_000 })
        );
        assert_eq!(
            g.next(c.to(980 * S, S)),
            Err(ClockFault::Stepped { by_ms: -21_000 })
        );
        assert_eq!(g.next(c.to(1002 * S, 2 * S)), Ok(1002 * S));
        assert_eq!(
            g.next(c.to(5002 * S, 4002 * S)),
            Ok(5002 * S),
            "time that passed is no step"
        );
    }
}
