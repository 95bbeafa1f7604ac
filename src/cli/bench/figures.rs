//! Figures as a person reads them, the targets, and what is judged.

use std::time::Duration;

use crate::cli::args::Shape;

/// Percent of the CPUs that others may use before nothing is judged.
pub(super) const FOREIGN_MAX: u64 = 10;

/// What a figure is held to: the first column of the table that the project works towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Events a second, in percent of UmaDB's in the same run.
    OfUmadb(u64),
    /// Events or entries a second.
    Rate(u64),
    /// At most so long.
    Within(Duration),
    /// At most so many bytes.
    Bytes(u64),
}

impl Target {
    /// The target of an append shape.
    pub(super) const fn of(shape: Shape) -> Option<Self> {
        match shape {
            Shape::One | Shape::Eight => Some(Self::OfUmadb(100)),
            Shape::SixtyFour => Some(Self::OfUmadb(110)),
            Shape::Batch => Some(Self::OfUmadb(80)),
            Shape::Stream => Some(Self::Rate(70_000)),
            Shape::Sustained => Some(Self::Rate(30_000)),
            Shape::Case | Shape::Store => None,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::OfUmadb(percent) => format!("{} of UmaDB", times(percent)),
            Self::Rate(rate) => format!("{rate}/s"),
            Self::Within(time) => duration(time),
            Self::Bytes(bytes) => mebibytes(bytes),
        }
    }
}

/// A figure against its target.
pub(super) fn verdict(reached: bool, unjudged: Option<&str>) -> String {
    match unjudged {
        Some(why) => format!("not judged: {why}"),
        None if reached => "met".to_owned(),
        None => "missed".to_owned(),
    }
}

/// `110` as `1.10x`.
pub(super) fn times(percent: u64) -> String {
    format!("{}.{:02}x", percent / 100, percent % 100)
}

/// Microseconds below ten milliseconds, else milliseconds.
pub(super) fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    if micros < 10_000 {
        format!("{micros} us")
    } else {
        format!("{} ms", micros / 1_000)
    }
}

pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// A share of CPU time, for one event.
pub(super) fn per_event(cpu: Duration, events: u64) -> String {
    let nanos = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
    let tenths = nanos / events.max(1) / 100;
    format!("{}.{} us", tenths / 10, tenths % 10)
}

/// What is absent.
pub(super) fn none() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_they_are() {
        assert_eq!(times(80), "0.80x");
        assert_eq!(times(105), "1.05x");
        assert_eq!(duration(Duration::from_micros(9_999)), "9999 us");
        assert_eq!(duration(Duration::from_micros(150_900)), "150 ms");
        assert_eq!(mebibytes(600 << 20), "600 MiB");
        assert_eq!(per_event(Duration::from_micros(1_234), 100), "12.3 us");
    }

    #[test]
    fn a_figure_is_never_judged_when_there_is_a_reason_not_to() {
        assert_eq!(verdict(true, None), "met");
        assert_eq!(verdict(false, None), "missed");
        assert_eq!(verdict(true, Some("busy")), "not judged: busy");
    }
}
