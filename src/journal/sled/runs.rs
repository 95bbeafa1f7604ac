//! Sorted runs: the shape in which index rows lie in sled, cheap to write and bounded in number.
//!
//! A row is a key and a place. Rows are packed, in order of key, into pages of at most 6,500 bytes; the pages of one
//! batch of rows are a *run*. Eight runs of about one size are merged into one. Each run has a filter in memory, so that
//! a key that is nowhere costs no read. The *manifest* names the runs that count and the cursor: it changes in one
//! value, after the pages it names are written; pages it does not name are swept away at the start.

mod filter;
mod run;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use ::sled::{Batch, IVec, Tree};

use self::filter::{Filter, hash};
use self::run::{FAN, PAGES_PER_BATCH, Row, Run, Writer};
pub(super) use self::run::{FILTER, PAGE, decode_row, page_key, store};
use super::log::Place;
use crate::journal::ReadError;

pub(super) const MANIFEST: [u8; 1] = [0];
const VERSION: u8 = 1;

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

impl From<ReadError> for Stop {
    fn from(_: ReadError) -> Self {
        Self::Failed
    }
}

/// All runs of a journal. Written by one thread.
pub(super) struct Runs {
    tree: Tree,
    list: RwLock<Vec<Run>>,
}

/// What only the writing thread needs to know.
pub(super) struct Progress {
    /// Every entry below is in the runs.
    pub(super) cursor: u64,
    next_id: u32,
}

impl Runs {
    /// Opens the runs; anything unreadable, or ahead of a log of `size` entries, empties them.
    pub(super) fn open(tree: Tree, size: u64) -> Result<(Self, Progress), ReadError> {
        let manifest = tree.get(MANIFEST).map_err(store)?;
        let manifest = manifest.and_then(|bytes| decode_manifest(&bytes));
        let manifest = manifest.filter(|(progress, _)| progress.cursor <= size);
        let counted = match manifest {
            Some((progress, runs)) => load_runs(&tree, &runs)?.map(|list| (progress, list)),
            None => None,
        };
        let (progress, list) = counted.unwrap_or_else(|| {
            (
                Progress {
                    cursor: 0,
                    next_id: 0,
                },
                Vec::new(),
            )
        });
        let runs = Self {
            tree,
            list: RwLock::new(list),
        };
        runs.sweep().map_err(store)?;
        Ok((runs, progress))
    }

    /// Removes the pages of runs that do not count.
    fn sweep(&self) -> ::sled::Result<()> {
        for kind in [PAGE, FILTER] {
            let mut from = vec![kind];
            while let Some((key, _)) = self.tree.range(from..vec![kind + 1]).next().transpose()? {
                let id = key.get(1..).and_then(|rest| rest.first_chunk()).copied();
                let id = id.map_or(u32::MAX, u32::from_be_bytes);
                if self.list().iter().all(|run| run.id != id) {
                    self.remove(id)?;
                    self.tree.remove(&key)?;
                }
                from = id
                    .checked_add(1)
                    .map_or(vec![kind + 1], |id| page_key(kind, id, &[]));
            }
        }
        Ok(())
    }

    fn remove(&self, id: u32) -> ::sled::Result<()> {
        for kind in [PAGE, FILTER] {
            let range = page_key(kind, id, &[])..page_key(kind, id.saturating_add(1), &[]);
            loop {
                let keys = self.tree.range(range.clone()).keys().take(PAGES_PER_BATCH);
                let keys = keys.collect::<Result<Vec<IVec>, _>>()?;
                if keys.is_empty() {
                    break;
                }
                let mut batch = Batch::default();
                for key in keys {
                    batch.remove(key);
                }
                self.tree.apply_batch(batch)?;
            }
        }
        Ok(())
    }

    fn list(&self) -> RwLockReadGuard<'_, Vec<Run>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree, for what lies in it besides the runs.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Rows in all runs.
    pub(super) fn rows(&self) -> u64 {
        self.list().iter().map(|run| run.rows).sum()
    }

    /// The place of one key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Place>, ReadError> {
        let hash = hash(key);
        for run in self.list().iter().filter(|run| run.filter.may_have(&hash)) {
            match run.last_up_to(&self.tree, key)? {
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
            for row in run.rows_from(&self.tree, low)?.take(limit) {
                let row = row?;
                if row.0.as_slice() > high {
                    break;
                }
                found.push(row);
            }
        }
        Ok(found)
    }

    /// Hands every row of every run to `take`, in no order that means anything.
    pub(super) fn each(&self, mut take: impl FnMut(&[u8], &Place)) -> Result<(), ReadError> {
        for run in self.list().iter() {
            run.each(&self.tree, &mut take)?;
        }
        Ok(())
    }

    /// The greatest key between two keys of one chain.
    pub(super) fn last(&self, low: &[u8], high: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let (hash, mut last) = (hash(low), None);
        for run in self.list().iter().filter(|run| run.filter.may_have(&hash)) {
            let row = run.last_up_to(&self.tree, high)?;
            last = last.max(row.map(|(key, _)| key).filter(|key| key.as_slice() >= low));
        }
        Ok(last)
    }

    /// Adds rows, sorted by key, as a run that ends at `cursor`.
    pub(super) fn add<'r>(
        &self,
        progress: &mut Progress,
        rows: impl ExactSizeIterator<Item = (&'r Vec<u8>, &'r Place)>,
        cursor: u64,
    ) -> Result<(), Stop> {
        let mut writer = Writer::new(&self.tree, progress.next_id, rows.len() as u64);
        for (key, place) in rows {
            writer.push(key, place)?;
        }
        progress.cursor = cursor;
        self.publish(progress, writer.finish()?, &[])?;
        Ok(())
    }

    /// Merges runs until no level has too many.
    pub(super) fn merge(&self, progress: &mut Progress, stop: &AtomicBool) -> Result<(), Stop> {
        while let Some(old) = self.crowded() {
            let list = self.list();
            let chosen = list.iter().filter(|run| old.contains(&run.id));
            let mut writer = Writer::new(
                &self.tree,
                progress.next_id,
                chosen.clone().map(|run| run.rows).sum(),
            );
            let mut sources = Vec::new();
            for run in chosen {
                sources.push(run.rows_from(&self.tree, &[])?);
            }
            drop(list);
            let mut heads = Vec::new();
            for source in &mut sources {
                heads.push(source.next().transpose()?);
            }
            loop {
                let keyed = heads.iter().enumerate();
                let keyed = keyed.filter_map(|(at, head)| Some((&head.as_ref()?.0, at)));
                let Some(at) = keyed.min().map(|(_, at)| at) else {
                    break;
                };
                let next = sources.get_mut(at).and_then(Iterator::next).transpose()?;
                if let Some((key, place)) = heads
                    .get_mut(at)
                    .and_then(|head| std::mem::replace(head, next))
                {
                    writer.push(&key, &place)?;
                }
                if writer.is_between_pages() && stop.load(Ordering::Acquire) {
                    return Err(Stop::Asked);
                }
            }
            self.publish(progress, writer.finish()?, &old)?;
            for id in old {
                self.remove(id)?;
            }
        }
        Ok(())
    }

    /// The runs of the lowest level that has too many.
    fn crowded(&self) -> Option<Vec<u32>> {
        let list = self.list();
        let highest = list.iter().map(Run::level).max()?;
        (0..=highest).find_map(|level| {
            let of_level = list.iter().filter(|run| run.level() == level);
            let ids: Vec<u32> = of_level.map(|run| run.id).collect();
            (ids.len() >= FAN).then_some(ids)
        })
    }

    /// Makes a run count, in place of others, in one step.
    fn publish(
        &self,
        progress: &mut Progress,
        (run, mut batch): (Run, Batch),
        instead_of: &[u32],
    ) -> ::sled::Result<()> {
        progress.next_id = progress.next_id.wrapping_add(1);
        let kept = |other: &Run| !instead_of.contains(&other.id);
        let manifest = {
            let list = self.list();
            let runs = list.iter().filter(|other| kept(other)).chain([&run]);
            encode_manifest(progress, runs)
        };
        batch.insert(MANIFEST.as_slice(), manifest);
        self.tree.apply_batch(batch)?;
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        list.retain(kept);
        list.push(run);
        Ok(())
    }
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

/// Bytes of the filter of a run of so many rows.
pub(super) fn filter_bytes(rows: u64) -> usize {
    Filter::for_rows(rows).bytes().len()
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
