//! What of each chain (a case, the registry, access, the ledger itself) came back: counted by its tag, which is in the
//! headers. What an entry says is not looked at.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::ledger::digest::ChainTag;
use crate::ledger::entry::{Chain, SealedEntry};
use crate::ledger::statement::Origin;

/// Hexadecimal digits of a tag that are shown.
const TAG_DIGITS: usize = 16;

/// The chains met so far.
#[derive(Debug, Default)]
pub(super) struct Chains(BTreeMap<ChainTag, Found>);

/// One chain.
#[derive(Debug, Default)]
struct Found {
    /// Number of its last entry that is kept; they are kept from 1 on.
    kept: u64,
    /// Position of the first of its intact entries after the first that is lost.
    first_left: u64,
    /// Numbers of its intact entries after the first that is lost, in order, joined.
    left: Vec<RangeInclusive<u64>>,
}

impl Chains {
    /// Notes an entry that is intact; `kept` when nothing before it is missing.
    pub(super) fn note(&mut self, entry: &SealedEntry, kept: bool) {
        let found = self.0.entry(*entry.tag()).or_default();
        let number = entry.case_seq();
        if kept {
            found.kept = found.kept.max(number);
            return;
        }
        if found.left.is_empty() {
            found.first_left = entry.position();
        }
        match found.left.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(number) => {
                *last = *last.start()..=number;
            }
            _ => found.left.push(number..=number),
        }
    }

    /// How many chains have an entry that is kept.
    pub(super) fn kept(&self) -> usize {
        self.0.values().filter(|found| found.kept > 0).count()
    }

    /// Of each chain that is not kept to its end, in order of position: its name, what is kept, and what is known of the
    /// rest.
    pub(super) fn broken(&self, origin: &Origin) -> impl Iterator<Item = [String; 3]> {
        let origin = origin.clone();
        let broken = self.0.iter().filter(|(_, found)| !found.left.is_empty());
        let mut broken: Vec<_> = broken.collect();
        broken.sort_by_key(|(_, found)| found.first_left);
        broken.into_iter().map(move |(tag, found)| {
            let kept = match found.kept {
                0 => "nothing kept".to_owned(),
                1 => "1 kept".to_owned(),
                kept => format!("1 to {kept} kept"),
            };
            [name(&origin, tag), kept, found.rest()]
        })
    }
}

impl Found {
    /// What is between its last kept entry and the last one known: lost, or intact and left.
    fn rest(&self) -> String {
        let (mut lost, mut left, mut next) = (Vec::new(), Vec::new(), self.kept.saturating_add(1));
        for range in &self.left {
            if *range.start() > next {
                lost.push(words(next, range.start().saturating_sub(1)));
            }
            left.push(words(*range.start(), *range.end()));
            next = range.end().saturating_add(1);
        }
        let left = format!("{} left in the old files", left.join(", "));
        if lost.is_empty() {
            left
        } else {
            format!("{} lost; {left}", lost.join(", "))
        }
    }
}

fn words(from: u64, to: u64) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from} to {to}")
    }
}

/// A chain without anything personal: what it is, and the beginning of its random tag.
fn name(origin: &Origin, tag: &ChainTag) -> String {
    match Chain::of(origin, tag) {
        Chain::Case => {
            let tag: String = tag.to_string().chars().take(TAG_DIGITS).collect();
            format!("case {tag}…")
        }
        Chain::Registry => "registry".to_owned(),
        Chain::Access => "access".to_owned(),
        Chain::Ledger => "the ledger's own".to_owned(),
    }
}
