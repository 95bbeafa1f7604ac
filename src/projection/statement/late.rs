//! Which record errors are late (`semantics.md` 2).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Effect, Statements, Tie};
use crate::domain::time::{Interval, days_between, london_date};
use crate::projection::cut::{Basis, LATE_CORRECTION_DAYS};
use crate::projection::placed::{Log, Placed};

/// Whole days from the recording of an entry to that of a correction of it; and whether more than
/// [`LATE_CORRECTION_DAYS`] of them, or a review begun before, make it late.
pub(in crate::projection) fn lateness(
    original: &Placed,
    correcting: &Placed,
    review: Option<Timestamp>,
) -> (i64, bool) {
    let made = correcting.recorded_or_appended();
    let first = original.recorded_or_appended();
    let day = |interval: Interval| london_date(interval.earliest.unwrap_or(interval.latest));
    let days = days_between(day(first), day(made));
    let after_review =
        review.is_some_and(|review| made.earliest.is_some_and(|made| made >= review));
    (days, days > LATE_CORRECTION_DAYS || after_review)
}

/// Positions of the record errors of a log that are late, when a review began at this moment.
pub(in crate::projection) fn late_errors(
    log: &Log,
    basis: Basis,
    review: Option<Timestamp>,
) -> BTreeSet<u64> {
    let statements = Statements::of(log, basis);
    let entries = log.entries();
    let late = entries.iter().enumerate().filter(|(index, entry)| {
        let error = matches!(
            statements.tie(*index),
            Tie::Member {
                effect: Effect::RecordError,
                ..
            }
        );
        let original = entries.get(statements.root(*index));
        error && original.is_some_and(|original| lateness(original, entry, review).1)
    });
    late.map(|(_, entry)| entry.position).collect()
}
