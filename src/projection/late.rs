//! Late corrections: findings under both readings (`semantics.md` 2).
//!
//! A record error recorded long after its entry, or after a review began, is late. Findings are then computed under
//! the current words and under those before, as first recorded and corrected in time; one that exists under only one
//! of them stays listed, marked, so that neither backdating nor a clerical slip can silently make or unmake it.
//!
//! ```text
//! current ──── differs? ──── first: no late correction applied
//!                  │
//!                  └─ on which? ─ each: the current words without those of one entry, the first words with them alone
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::cut::{At, Basis, Cut, Reading, Readings, cut_with};
use super::placed::Log;
use super::statement::late_errors;

/// Entries that are read again, at most, to tell on which of the late corrections a finding depends: the entries of
/// the log twice for each corrected one. Where that is more, a finding of one reading only names all of them.
pub const SINGLED_OUT_ENTRIES: usize = 20_000;

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

/// What a case with late corrections says without them: cuts, or what is read or answered from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier<A> {
    /// Positions of the late corrections, ascending.
    pub corrections: Vec<u64>,
    /// By the words first recorded: with none of them. What was corrected in time is.
    pub first: A,
    /// Where more than one entry has late corrections, each such entry. Empty where that would be more than
    /// [`SINGLED_OUT_ENTRIES`].
    pub each: Vec<OfEntry<A>>,
}

/// The late corrections of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfEntry<A> {
    /// Their positions, ascending.
    pub corrections: Vec<u64>,
    /// What is said by the current words without them.
    pub without: A,
    /// What is said by the words first recorded with them, and no other late one.
    pub alone: A,
}

impl<A> Earlier<A> {
    /// What is made of each.
    pub fn map<'a, B>(&'a self, of: impl Fn(&'a A) -> B) -> Earlier<B> {
        let each = self.each.iter();
        Earlier {
            corrections: self.corrections.clone(),
            first: of(&self.first),
            each: each
                .map(|entry| OfEntry {
                    corrections: entry.corrections.clone(),
                    without: of(&entry.without),
                    alone: of(&entry.alone),
                })
                .collect(),
        }
    }

    /// On which corrections a finding depends that exists under one reading only: those of each entry that alone
    /// unmake it, left out of the current words or put into the first. When none does so alone, all.
    pub fn dependence(&self, first_words: bool, has: impl Fn(&A) -> bool) -> Dependence {
        let unmake = |entry: &&OfEntry<A>| {
            let turned = if first_words {
                &entry.alone
            } else {
                &entry.without
            };
            !has(turned)
        };
        let entries = self.each.iter().filter(unmake);
        let mut corrections: Vec<u64> = entries
            .flat_map(|entry| entry.corrections.iter().copied())
            .collect();
        corrections.sort_unstable();
        if corrections.is_empty() {
            corrections.clone_from(&self.corrections);
        }
        Dependence {
            corrections,
            first_words,
        }
    }
}

/// The cuts without late corrections, when the current cut or the one by the first words has some: a correction may
/// move its entry out of either. `through` gives them the eyes of the question.
pub fn earlier(
    log: &Log,
    (basis, at): (Basis, At),
    current: &Cut,
    through: impl Fn(Cut) -> Cut,
) -> Option<Earlier<Cut>> {
    let late = late_errors(log, basis, current.review());
    if late.is_empty() {
        return None;
    }
    let without = |left_out: &BTreeSet<u64>| {
        let words = Readings::without(left_out.iter().copied());
        through(cut_with(log, basis, at, &words))
    };
    let first = without(&late);
    let by_entry = of_cuts(current, &first);
    let corrections: BTreeSet<u64> = by_entry.values().flatten().copied().collect();
    if corrections.is_empty() {
        return None;
    }
    let twice = by_entry.len().saturating_mul(2);
    let again = twice.saturating_mul(log.entries().len());
    let single = by_entry.len() > 1 && again <= SINGLED_OUT_ENTRIES;
    let each = by_entry.values().filter(|_| single);
    Some(Earlier {
        each: each
            .map(|of| OfEntry {
                corrections: of.iter().copied().collect(),
                without: without(of),
                alone: without(&late.difference(of).copied().collect()),
            })
            .collect(),
        corrections: corrections.into_iter().collect(),
        first,
    })
}

/// The corrections that the first words leave out, by the entry that they are of, as far as they are in either cut.
/// One that may not belong before the as-at date is none.
fn of_cuts(current: &Cut, first: &Cut) -> BTreeMap<u64, BTreeSet<u64>> {
    let mut found: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let readings = current.readings().iter().chain(first.readings());
    for (entry, correction) in readings.flat_map(|reading| {
        let corrections = reading.corrections().iter();
        corrections.map(|correction| (Reading::position(reading), correction))
    }) {
        if !correction.possible && first.words().leaves_out(correction.position) {
            found.entry(entry).or_default().insert(correction.position);
        }
    }
    found
}
