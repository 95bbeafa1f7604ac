//! Late corrections: findings under both readings (`semantics.md` 2).
//!
//! A record error recorded long after its entry, or after a review began, is late. Findings are then computed under
//! the current and under the first words; one that exists under only one of them stays listed, marked, so that
//! neither backdating nor a clerical slip can silently make or unmake it.

use std::collections::BTreeSet;

use super::cut::{At, Basis, Cut, Reading, Readings, cut_with};
use super::placed::Log;
use crate::domain::event::Content;
use crate::domain::event::record::{CorrectionKind, RecordContent};

/// On which late corrections a finding depends; by default on none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependence {
    /// Positions of the late corrections, ascending; empty when the finding exists under both readings.
    pub corrections: Vec<u64>,
    /// It exists under the words first recorded only, not under the corrected ones.
    pub first_words: bool,
}

impl Dependence {
    /// `; depends on correction #188`; empty when it depends on none. Ends a sentence.
    pub fn clause(&self) -> String {
        clause(&self.corrections, self.first_words)
    }
}

/// The same of its parts.
pub fn clause(corrections: &[u64], first_words: bool) -> String {
    if corrections.is_empty() {
        return String::new();
    }
    let named: Vec<String> = corrections.iter().map(|n| format!("#{n}")).collect();
    let by = if first_words {
        "; by the words first recorded"
    } else {
        ""
    };
    format!("{by}; depends on correction {}", named.join(", "))
}

/// The cut under the first words, when it or the current cut has a late correction: a correction may move its entry
/// out of either. `through` gives it the eyes of the question.
pub fn first_readings(
    log: &Log,
    (basis, at): (Basis, At),
    current: &Cut,
    through: impl FnOnce(Cut) -> Cut,
) -> Option<Cut> {
    let corrects = log.entries().iter().any(|entry| {
        matches!(&entry.event.content, Content::Record(RecordContent::EventCorrected(correction))
            if correction.kind == CorrectionKind::RecordError)
    });
    if !corrects {
        return None;
    }
    let first = through(cut_with(log, basis, at, Readings::First));
    (!corrections(current, &first).is_empty()).then_some(first)
}

/// Positions of the late corrections in either cut, ascending. One that may not belong before the as-at date is none.
pub fn corrections(current: &Cut, first: &Cut) -> Vec<u64> {
    let readings = current.readings().iter().chain(first.readings());
    let late: BTreeSet<u64> = readings
        .flat_map(Reading::corrections)
        .filter(|correction| correction.late && !correction.possible)
        .map(|correction| correction.position)
        .collect();
    late.into_iter().collect()
}
