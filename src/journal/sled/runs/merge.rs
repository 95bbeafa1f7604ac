//! Merging in steps, so that fresh rows never wait for a long merge.
//!
//! Each level has at most one merge, and for every four pages of fresh rows each merge goes on by five. So a merge has
//! ended before as many fresh rows have come, whatever their rate: fewer runs gather at its level meanwhile than it
//! merges, as long as they are no smaller, and there is no debt of merging that grows. What was replaced is removed at the
//! same pace.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Stop;
use super::run::{Run, Source, Writer};
use crate::journal::ReadError;
use crate::journal::sled::sink::Sink;

/// Several runs on their way into one.
pub(super) struct Merge {
    level: u32,
    /// The runs that it takes the place of.
    old: Vec<u32>,
    sources: Vec<Source>,
    writer: Writer,
}

impl Merge {
    /// Begins a merge of runs of one level; nothing is written yet.
    pub(super) fn begin(sink: &Sink, id: u32, runs: &[&Run]) -> Result<Self, ReadError> {
        let sources = runs.iter().map(|run| Source::new(sink.tree(), run.id));
        Ok(Self {
            level: runs.iter().map(|run| run.level()).min().unwrap_or(0),
            old: runs.iter().map(|run| run.id).collect(),
            sources: sources.collect::<Result<_, _>>()?,
            writer: Writer::new(sink, id, runs.iter().map(|run| run.rows).sum()),
        })
    }

    /// Writes so many pages, or what is left; true when nothing is left.
    fn step(&mut self, pages: usize, stop: &AtomicBool) -> Result<bool, Stop> {
        let until = self.writer.pages().saturating_add(pages);
        while self.writer.pages() < until {
            if stop.load(Ordering::Acquire) {
                return Err(Stop::Asked);
            }
            let heads = self.sources.iter_mut();
            let heads = heads.filter(|source| !source.is_empty());
            let Some(least) = heads.min_by(|one, other| one.key().cmp(other.key())) else {
                return Ok(self.writer.finish_within(until)?);
            };
            self.writer.push_encoded(least.key(), least.row())?;
            least.advance()?;
        }
        Ok(false)
    }
}

/// What is left to do about the runs, besides the rows that are to come.
#[derive(Default)]
pub(in crate::journal::sled) struct Pending {
    /// At most one of each level, the lowest level first.
    merges: Vec<Merge>,
    /// Runs that count no more, whose pages are to be removed.
    replaced: VecDeque<u32>,
}

impl Pending {
    pub(super) fn has_level(&self, level: u32) -> bool {
        self.merges.iter().any(|merge| merge.level == level)
    }

    pub(super) fn add(&mut self, merge: Merge) {
        self.merges.push(merge);
        self.merges.sort_by_key(|merge| merge.level);
    }

    pub(in crate::journal::sled) fn is_empty(&self) -> bool {
        self.merges.is_empty() && self.replaced.is_empty()
    }

    /// Merges under way.
    pub(in crate::journal::sled) fn merges(&self) -> usize {
        self.merges.len()
    }

    /// Runs still to be removed.
    pub(in crate::journal::sled) fn removals(&self) -> usize {
        self.replaced.len()
    }

    /// Goes on with the merge at a place in the list. `None` when there is none there; a merge that has ended is taken
    /// out, and answered with what it takes the place of.
    pub(super) fn step(
        &mut self,
        at: usize,
        pages: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Stepped>, Stop> {
        let Some(merge) = self.merges.get_mut(at) else {
            return Ok(None);
        };
        if !merge.step(pages, stop)? {
            return Ok(Some(Stepped::Further));
        }
        let ended = self.merges.remove(at);
        Ok(Some(Stepped::Ended(ended.writer.into_run()?, ended.old)))
    }

    pub(super) fn replace(&mut self, old: Vec<u32>) {
        self.replaced.extend(old);
    }

    /// The run whose pages are to be removed next.
    pub(super) fn next_replaced(&self) -> Option<u32> {
        self.replaced.front().copied()
    }

    pub(super) fn removed(&mut self) {
        self.replaced.pop_front();
    }
}

/// How far a merge has come.
pub(super) enum Stepped {
    /// There is more to write.
    Further,
    /// It is all written: the new run, and those that it takes the place of.
    Ended(Run, Vec<u32>),
}
