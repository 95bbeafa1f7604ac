//! Sorted runs: the shape in which index rows lie in sled, cheap to write and bounded in number.
//!
//! A row is a key and a place. Rows are packed, in order of key, into pages of at most 6,500 bytes; the pages of one
//! batch of rows are a *run*. Eight runs of about one size are merged into one, in steps between which fresh rows become
//! runs. Each run has a filter in memory, so that a key that is nowhere costs no read. The *manifest* names the runs that
//! count and the cursor: it changes in one value, after the pages it names are durable; pages it does not name are removed
//! at the pace of merging.

mod check;
mod filter;
mod merge;
mod run;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use ::sled::{IVec, Tree};

pub(super) use self::check::{Check, Misfit, ROW_BYTES_MIN};
use self::filter::{Filter, hash};
pub(super) use self::merge::Pending;
use self::merge::{Merge, Stepped};
use self::run::{FAN, Row, Run, Writer};
pub(super) use self::run::{FILTER, PAGE, page_key, run_of, store};
use super::log::Place;
use super::sink::{AT_ONCE, Sink};
use crate::journal::ReadError;
use crate::journal::error::Cause;

pub(super) const MANIFEST: [u8; 1] = [0];
const VERSION: u8 = 2;

/// Runs of one level at which no rows are taken before some of them are merged: the pace of merging does not let it come
/// to that, but starts that end before a merge does could.
const LEVEL_RUNS_MAX: usize = 4 * FAN;

/// Why rows could not be written.
pub(super) enum Stop {
    /// Asked to.
    Asked,
    /// The store failed.
    Failed,
}

impl From<::sled::Error> for Stop {
    fn from(_: ::sled::Error) -> Self {
        Self::Failed
    }
}

impl From<Cause> for Stop {
    fn from(_: Cause) -> Self {
        Self::Failed
    }
}

impl From<ReadError> for Stop {
    fn from(_: ReadError) -> Self {
        Self::Failed
    }
}

/// All runs of a journal. Written by one thread.
pub(super) struct Runs {
    sink: Sink,
    list: RwLock<Vec<Run>>,
}

/// What only the writing thread needs to know.
pub(super) struct Progress {
    /// Every entry below is in the runs.
    pub(super) cursor: u64,
    next_id: u32,
}

impl Progress {
    fn take_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        id
    }
}

impl Runs {
    /// Opens the runs; anything unreadable, or ahead of a log of `size` entries, empties them. What is then left of runs
    /// that do not count is to be removed: nothing is written here.
    pub(super) fn open(sink: Sink, size: u64) -> Result<(Self, Progress, Pending), ReadError> {
        let manifest = sink.tree().get(MANIFEST).map_err(store)?;
        let manifest = manifest.and_then(|bytes| decode_manifest(&bytes));
        let manifest = manifest.filter(|(progress, _)| progress.cursor <= size);
        let counted = match manifest {
            Some((progress, runs)) => load_runs(sink.tree(), &runs)?.map(|list| (progress, list)),
            None => None,
        };
        let (mut progress, list) = counted.unwrap_or_else(|| {
            (
                Progress {
                    cursor: 0,
                    next_id: 0,
                },
                Vec::new(),
            )
        });
        let mut left = ids(sink.tree()).map_err(store)?;
        left.retain(|id| list.iter().all(|run| run.id != *id));
        for id in &left {
            // No new run gets in among their pages.
            progress.next_id = progress.next_id.max(id.wrapping_add(1));
        }
        let mut pending = Pending::default();
        pending.replace(left.into_iter().collect());
        let list = RwLock::new(list);
        Ok((Self { sink, list }, progress, pending))
    }

    /// Removes some pages of a run that does not count; answers how many.
    fn remove_some(&self, id: u32) -> Result<usize, Cause> {
        let mut removed = 0;
        for kind in [PAGE, FILTER] {
            let keys = self.tree().scan_prefix(page_key(kind, id, &[])).keys();
            let keys = keys.take(AT_ONCE.saturating_sub(removed));
            let keys = keys.collect::<Result<Vec<IVec>, _>>()?;
            if keys.is_empty() {
                continue;
            }
            removed += keys.len();
            self.sink.remove(keys)?;
        }
        Ok(removed)
    }

    fn list(&self) -> RwLockReadGuard<'_, Vec<Run>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree, for what lies in it besides the runs.
    pub(super) fn tree(&self) -> &Tree {
        self.sink.tree()
    }

    /// Rows in all runs.
    pub(super) fn rows(&self) -> u64 {
        self.list().iter().map(|run| run.rows).sum()
    }

    /// The place of one key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Place>, ReadError> {
        let hash = hash(key);
        for run in self.list().iter().filter(|run| run.filter.may_have(&hash)) {
            match run.last_up_to(self.tree(), key)? {
                Some((found, place)) if found == key => return Ok(Some(place)),
                Some(_) | None => {}
            }
        }
        Ok(None)
    }

    /// Rows between two keys of one chain, in order in each run, at most `limit` of each run.
    pub(super) fn range(
        &self,
        low: &[u8],
        high: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let (hash, mut found) = (hash(low), Vec::new());
        for run in self.list().iter().filter(|run| run.filter.may_have(&hash)) {
            for row in run.rows_from(self.tree(), low)?.take(limit) {
                let row = row?;
                if row.0.as_slice() > high {
                    break;
                }
                found.push(row);
            }
        }
        Ok(found)
    }

    /// Checks that in every run each row is found by its key, and hands all to `take`, in no order that means anything.
    /// Answers what does not hold; then not all were handed over.
    pub(super) fn check(
        &self,
        mut take: impl FnMut(&[u8], &Place),
    ) -> Result<Result<(), Misfit>, ReadError> {
        for run in self.list().iter() {
            let checked = run.check(self.tree(), &mut take)?;
            if checked.is_err() {
                return Ok(checked);
            }
        }
        Ok(Ok(()))
    }

    /// The greatest key between two keys of one chain.
    pub(super) fn last(&self, low: &[u8], high: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let (hash, mut last) = (hash(low), None);
        for run in self.list().iter().filter(|run| run.filter.may_have(&hash)) {
            let row = run.last_up_to(self.tree(), high)?;
            last = last.max(row.map(|(key, _)| key).filter(|key| key.as_slice() >= low));
        }
        Ok(last)
    }

    /// Runs in all.
    pub(super) fn count(&self) -> usize {
        self.list().len()
    }

    /// Whether there are runs to be merged.
    pub(super) fn is_crowded(&self) -> bool {
        self.has_level_of(FAN)
    }

    /// Whether there are so many runs that merging comes first.
    pub(super) fn is_full(&self) -> bool {
        self.has_level_of(LEVEL_RUNS_MAX)
    }

    fn has_level_of(&self, runs: usize) -> bool {
        let list = self.list();
        let of_level = |level| list.iter().filter(|run| run.level() == level).count();
        levels(&list).any(|level| of_level(level) >= runs)
    }

    /// Adds rows, sorted by key, as a run that ends at `cursor`; answers how many pages that took.
    pub(super) fn add<'r>(
        &self,
        progress: &mut Progress,
        rows: impl ExactSizeIterator<Item = (&'r Vec<u8>, &'r Place)>,
        cursor: u64,
    ) -> Result<usize, Stop> {
        let mut writer = Writer::new(&self.sink, progress.take_id(), rows.len() as u64);
        for (key, place) in rows {
            writer.push(key, place)?;
        }
        writer.finish_within(usize::MAX)?;
        let pages = writer.pages();
        progress.cursor = cursor;
        self.publish(progress, writer.into_run()?, &[])?;
        Ok(pages)
    }

    /// Goes on with every merge by so many pages, and with the removal of what was replaced. Answers whether anything is
    /// left to do.
    pub(super) fn merge(
        &self,
        progress: &mut Progress,
        pending: &mut Pending,
        pages: usize,
        stop: &AtomicBool,
    ) -> Result<bool, Stop> {
        self.begin_merges(progress, pending)?;
        let (mut at, mut to_remove) = (0, pages);
        while let Some(stepped) = pending.step(at, pages, stop)? {
            to_remove += pages;
            match stepped {
                Stepped::Further => at += 1,
                Stepped::Ended(run, old) => {
                    self.publish(progress, run, &old)?;
                    pending.replace(old);
                }
            }
        }
        self.remove_replaced(pending, to_remove)?;
        self.begin_merges(progress, pending)?;
        Ok(!pending.is_empty())
    }

    /// Begins a merge at each level that has too many runs and no merge under way.
    fn begin_merges(&self, progress: &mut Progress, pending: &mut Pending) -> Result<(), Stop> {
        let list = self.list();
        for level in levels(&list) {
            if pending.has_level(level) {
                continue;
            }
            let of_level: Vec<&Run> = list.iter().filter(|run| run.level() == level).collect();
            if of_level.len() >= FAN {
                pending.add(Merge::begin(&self.sink, progress.take_id(), &of_level)?);
            }
        }
        Ok(())
    }

    /// Removes about so many pages of runs that were replaced.
    fn remove_replaced(&self, pending: &mut Pending, pages: usize) -> Result<(), Stop> {
        let mut removed = 0;
        while let Some(id) = pending.next_replaced()
            && removed < pages
        {
            match self.remove_some(id)? {
                0 => pending.removed(),
                some => removed += some,
            }
        }
        Ok(())
    }

    /// Makes a run count, in place of others, in one step.
    fn publish(&self, progress: &Progress, run: Run, instead_of: &[u32]) -> ::sled::Result<()> {
        let kept = |other: &Run| !instead_of.contains(&other.id);
        let manifest = {
            let list = self.list();
            let runs = list.iter().filter(|other| kept(other)).chain([&run]);
            encode_manifest(progress, runs)
        };
        self.tree().insert(MANIFEST, manifest)?;
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        list.retain(kept);
        list.push(run);
        Ok(())
    }
}

/// The levels that there are, and those below.
fn levels(list: &[Run]) -> impl Iterator<Item = u32> + use<> {
    let highest = list.iter().map(Run::level).max();
    (0..).take_while(move |level| highest.is_some_and(|highest| *level <= highest))
}

fn encode_manifest<'r>(progress: &Progress, runs: impl Iterator<Item = &'r Run>) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&progress.cursor.to_be_bytes());
    bytes.extend_from_slice(&progress.next_id.to_be_bytes());
    for run in runs {
        bytes.extend_from_slice(&run.id.to_be_bytes());
        bytes.extend_from_slice(&run.rows.to_be_bytes());
    }
    bytes
}

pub(super) fn decode_manifest(bytes: &[u8]) -> Option<(Progress, Vec<(u32, u64)>)> {
    let rest = bytes.strip_prefix(&[VERSION])?;
    let (cursor, rest) = rest.split_first_chunk()?;
    let (next_id, mut rest) = rest.split_first_chunk()?;
    let (cursor, next_id) = (u64::from_be_bytes(*cursor), u32::from_be_bytes(*next_id));
    let mut runs = Vec::new();
    while !rest.is_empty() {
        let (id, more) = rest.split_first_chunk()?;
        let (rows, more) = more.split_first_chunk()?;
        runs.push((u32::from_be_bytes(*id), u64::from_be_bytes(*rows)));
        rest = more;
    }
    Some((Progress { cursor, next_id }, runs))
}

/// The ids of all runs of which anything is there.
fn ids(tree: &Tree) -> ::sled::Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    for kind in [PAGE, FILTER] {
        let mut from = vec![kind];
        while let Some((key, _)) = tree.range(from..vec![kind + 1]).next().transpose()? {
            let id = run_of(&key).unwrap_or(u32::MAX);
            found.insert(id);
            from = match id.checked_add(1) {
                Some(next) => page_key(kind, next, &[]),
                None => break,
            };
        }
    }
    Ok(found)
}

/// The runs a manifest names; `None` if one is not all there.
fn load_runs(tree: &Tree, named: &[(u32, u64)]) -> Result<Option<Vec<Run>>, ReadError> {
    let mut list = Vec::new();
    for (id, rows) in named {
        let mut bytes = Vec::new();
        for chunk in tree.scan_prefix(page_key(FILTER, *id, &[])) {
            bytes.extend_from_slice(&chunk.map_err(store)?.1);
        }
        match Filter::from_bytes(bytes, *rows) {
            Some(filter) => list.push(Run {
                id: *id,
                rows: *rows,
                filter,
            }),
            None => return Ok(None),
        }
    }
    Ok(Some(list))
}
