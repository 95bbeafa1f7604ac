//! The chain and event-id indexes: followers behind the acknowledgement.
//!
//! A row is first in the *tail* in memory, put there inside the append that brought its entry; a thread writes the tail
//! to sled as sorted runs, each together with the cursor that says how far it got. Who asks looks in the tail first and
//! in the runs then, so an answer never depends on where a row is. The tail is bounded by a limit above which appends
//! are refused. Nothing here needs a sync of its own: what a crash loses is read from the log again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ::sled::Tree;

use super::log::Place;
use super::marks::{self, Told, Waiting};
use super::replay::Snapshots;
use super::runs::{Pending, Progress, Runs, Stop};
use crate::journal::{AppendError, ReadError, Record};

/// Entries that make a run worth writing.
const RUN_ENTRIES: usize = 4_096;

/// Of how many pages of fresh rows a merge goes on by one page more than they are: it must go on by as many, to end before
/// the next is due at its level, and by few more, or merges of several levels would hold the fresh rows up.
const FRESH_PER_MORE: usize = 4;

/// Pages by which each merge goes on at least, and between two looks whether there are fresh rows.
const MERGED_AT_ONCE: usize = 64;

pub(super) const CHAIN: u8 = 1;
const CHAIN_BYTES: usize = 1 + 32;
pub(super) const EVENT: u8 = 2;

fn chain_key(tag: &[u8; 32], seq: u64) -> Vec<u8> {
    [&[CHAIN], tag.as_slice(), &seq.to_be_bytes()].concat()
}

fn event_key(agency: &str, event_id: &[u8; 16]) -> Vec<u8> {
    [&[EVENT], event_id.as_slice(), agency.as_bytes()].concat()
}

fn seq_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |seq| u64::from_be_bytes(*seq))
}

/// What a filter looks at: the chain of a chain's key, all of an event's.
pub(super) fn filtered(key: &[u8]) -> &[u8] {
    match key.first() {
        Some(&CHAIN) => key.get(..CHAIN_BYTES).unwrap_or(key),
        Some(_) | None => key,
    }
}

/// A sum over rows in whatever order: two are equal when they are of the same rows, and otherwise by no chance that
/// matters (256 bits; it looks for damage, not for forgers, who could as well forge the rows).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RowSum {
    rows: u64,
    lanes: [u64; 4],
}

impl RowSum {
    fn add(&mut self, key: &[u8], place: &Place) {
        let mut hash = blake3::Hasher::new();
        hash.update(key);
        hash.update(&place.position.to_be_bytes());
        hash.update(&place.commit.to_be_bytes());
        hash.update(&place.offset.to_be_bytes());
        hash.update(&place.length.to_be_bytes());
        let digest = hash.finalize();
        let (words, _) = digest.as_bytes().as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*word));
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// Adds the rows that an entry makes.
    pub(super) fn add_entry(&mut self, record: &Record, place: &Place) {
        self.add(&chain_key(&record.tag, record.chain_seq), place);
        if record.is_findable() {
            self.add(&event_key(&record.agency, &record.event_id), place);
        }
    }
}

/// Rows of entries that follow each other.
#[derive(Default)]
struct Rows {
    places: BTreeMap<Vec<u8>, Place>,
    entries: usize,
    /// Bytes of these entries.
    bytes: u64,
    /// The position after the last entry.
    end: u64,
}

#[derive(Default)]
struct Tail {
    /// Rows added since the follower last took some.
    fresh: Rows,
    /// Rows the follower is writing.
    taken: Option<Arc<Rows>>,
    /// Write also a small run: somebody waits until nothing is left.
    settling: bool,
    /// Write also a small run, once: an append was refused.
    pressed: bool,
    failed: bool,
    /// Most entries that ever waited at once.
    most: usize,
    /// Merges under way.
    merges: usize,
    /// Marks that are not yet in a row.
    marks: Waiting,
    /// Places of the entries added last, for those of them that turn out to be landmarks.
    latest: Vec<Place>,
}

impl Tail {
    fn waiting(&self) -> usize {
        self.fresh.entries + self.taken.as_ref().map_or(0, |taken| taken.entries)
    }

    fn parts(&self) -> impl Iterator<Item = &Rows> {
        self.taken.as_deref().into_iter().chain([&self.fresh])
    }
}

struct Shared {
    runs: Runs,
    tail: Mutex<Tail>,
    /// Told when the tail grows, shrinks, fails or stops.
    changed: Condvar,
    stop: AtomicBool,
    /// Rows were written that no commit may have brought to the file.
    written: Arc<AtomicBool>,
    limit: usize,
}

impl Shared {
    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'t>(&self, tail: MutexGuard<'t, Tail>) -> MutexGuard<'t, Tail> {
        self.changed
            .wait(tail)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the tail may take in so many entries.
    fn has_room(&self, tail: &Tail, entries: usize) -> bool {
        let waiting = tail.waiting();
        waiting == 0 || waiting.saturating_add(entries) <= self.limit
    }

    /// Whether the tail is worth writing.
    fn is_due(&self, tail: &Tail) -> bool {
        let enough = RUN_ENTRIES.min(self.limit / 2).max(1);
        let entries = tail.fresh.entries;
        entries >= enough
            || ((tail.settling || tail.pressed) && entries > 0)
            || tail.marks.is_much()
    }

    /// What is to be done next. Waits for it, unless there is merging to do.
    fn next(&self, merging: bool) -> Next {
        let full = merging && self.runs.is_full();
        let mut tail = self.tail();
        loop {
            if self.stop.load(Ordering::Acquire) {
                return Next::Stop;
            }
            if !full && self.is_due(&tail) {
                tail.pressed = false;
                let marks = tail.marks.take();
                let taken = Arc::new(std::mem::take(&mut tail.fresh));
                tail.taken = Some(Arc::clone(&taken));
                return Next::Write(taken, marks);
            }
            if merging {
                return Next::Merge;
            }
            tail = self.wait(tail);
        }
    }

    fn follow(&self, mut progress: Progress, mut snapshots: Snapshots) {
        let mut pending = Pending::default();
        // There may be merges that the last stop cut short.
        let mut merging = self.runs.is_crowded();
        loop {
            let mut pages = MERGED_AT_ONCE;
            match self.next(merging) {
                Next::Stop => return,
                Next::Merge => {}
                Next::Write(taken, marks) => {
                    let written = self.guarded(|| self.write(&mut progress, &taken, &marks));
                    let Some(written) = written else {
                        return;
                    };
                    let mut tail = self.tail();
                    tail.taken = None;
                    self.changed.notify_all();
                    drop(tail);
                    pages = pages.max(written.saturating_add(written / FRESH_PER_MORE));
                    snapshots.grow(taken.bytes);
                }
            }
            let merged = self.guarded(|| {
                let (progress, pending) = (&mut progress, &mut pending);
                self.runs.merge(progress, pending, pages, &self.stop)
            });
            match merged {
                Some(more) => merging = more,
                None => return,
            }
            self.written.store(true, Ordering::Release);
            self.tail().merges = pending.merges();
        }
    }

    /// Writes marks and rows; answers how many pages of rows that were.
    fn write(
        &self,
        progress: &mut Progress,
        taken: &Rows,
        marks: &marks::Rows,
    ) -> Result<usize, Stop> {
        marks::write(self.runs.tree(), marks)?;
        if taken.entries == 0 {
            return Ok(0);
        }
        self.runs.add(progress, taken.places.iter(), taken.end)
    }

    /// Does a step of the follower; `None` when it is to end: a stop was asked for, or the step failed, which is noted.
    fn guarded<T>(&self, step: impl FnOnce() -> Result<T, Stop>) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(step)) {
            Ok(Ok(done)) => Some(done),
            Ok(Err(Stop::Asked)) => None,
            Ok(Err(Stop::Failed)) | Err(_) => {
                self.tail().failed = true;
                self.changed.notify_all();
                None
            }
        }
    }
}

/// What the follower does next.
enum Next {
    /// Writes these rows and marks.
    Write(Arc<Rows>, marks::Rows),
    /// Goes on merging.
    Merge,
    /// Ends.
    Stop,
}

/// Both indexes of one journal, with the thread that writes them.
pub(super) struct Index {
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
}

impl Index {
    /// Takes the tree over and starts the follower. Answers also the position up to which the runs are complete; runs
    /// that claim to be ahead of the log, or cannot be read, are emptied.
    pub(super) fn open(
        tree: Tree,
        size: u64,
        limit: usize,
        snapshots: Snapshots,
    ) -> Result<(Self, u64), ReadError> {
        let (runs, progress) = Runs::open(tree, size)?;
        let cursor = progress.cursor;
        let shared = Arc::new(Shared {
            runs,
            tail: Mutex::default(),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            written: Arc::default(),
            limit,
        });
        let follower = std::thread::Builder::new()
            .name("journal-index".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.follow(progress, snapshots)
            });
        let follower = follower.map_err(|error| ReadError::Store {
            doing: "starting the index follower",
            source: error.into(),
        })?;
        Ok((
            Self {
                shared,
                follower: Some(follower),
            },
            cursor,
        ))
    }

    /// Set when rows were written: they are in sled's hands until the next commit.
    pub(super) fn written(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.written)
    }

    /// Entries not yet in a run.
    pub(super) fn lag(&self) -> usize {
        self.shared.tail().waiting()
    }

    /// Refuses a batch that would take the tail above its limit, and sees to it that there is room soon.
    pub(super) fn room_for(&self, entries: usize) -> Result<(), AppendError> {
        let mut tail = self.shared.tail();
        if self.shared.has_room(&tail, entries) {
            return Ok(());
        }
        tail.pressed = true;
        self.shared.changed.notify_all();
        let (waiting, limit) = (tail.waiting(), self.shared.limit);
        Err(AppendError::IndexLag { waiting, limit })
    }

    /// Waits until there is room for a batch, or the follower has failed, and sees to it that there is room soon; false
    /// when nothing came of it for so long.
    pub(super) fn room_within(&self, entries: usize, within: Duration) -> bool {
        let mut tail = self.shared.tail();
        while !tail.failed && !self.shared.has_room(&tail, entries) {
            tail.pressed = true;
            self.shared.changed.notify_all();
            let waited = self.shared.changed.wait_timeout(tail, within);
            let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return false;
            }
            tail = again;
        }
        true
    }

    /// Whether the follower has stopped on an error.
    pub(super) fn has_failed(&self) -> bool {
        self.shared.tail().failed
    }

    /// Waits until the tail is below its limit; `false` if the follower has failed.
    pub(super) fn wait_for_room(&self) -> bool {
        let mut tail = self.shared.tail();
        while tail.waiting() >= self.shared.limit && !tail.failed {
            tail = self.shared.wait(tail);
        }
        !tail.failed
    }

    /// Waits until every row is in a run; `false` if the follower has failed.
    pub(super) fn settle(&self) -> bool {
        let mut tail = self.shared.tail();
        tail.settling = true;
        self.shared.changed.notify_all();
        while tail.waiting() > 0 && !tail.failed {
            tail = self.shared.wait(tail);
        }
        tail.settling = false;
        !tail.failed
    }

    /// Adds rows and, before anybody can see them, publishes the size that goes with them.
    pub(super) fn add<'r>(
        &self,
        rows: impl Iterator<Item = (&'r Record, Place)>,
        size: &AtomicU64,
        new_size: u64,
    ) {
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>, Place)> = rows
            .map(|(record, place)| {
                let event = record.is_findable();
                let event = event.then(|| event_key(&record.agency, &record.event_id));
                (chain_key(&record.tag, record.chain_seq), event, place)
            })
            .collect();
        let mut tail = self.shared.tail();
        tail.latest.clear();
        tail.latest.extend(rows.iter().map(|(_, _, place)| *place));
        let fresh = &mut tail.fresh;
        fresh.entries += rows.len();
        for (chain, event, place) in rows {
            fresh.end = place.position.saturating_add(1);
            fresh.bytes = fresh.bytes.saturating_add(u64::from(place.length));
            fresh.places.insert(chain, place);
            if let Some(event) = event {
                fresh.places.insert(event, place);
            }
        }
        tail.most = tail.most.max(tail.waiting());
        size.store(new_size, Ordering::Release);
        // The follower alone waits for a tail that grows: it is woken when it would take it, not by every commit.
        if self.shared.is_due(&tail) {
            self.shared.changed.notify_all();
        }
    }

    /// The places of entries that were added last, from a position on, if they are those.
    pub(super) fn latest(&self, from: u64) -> Vec<Place> {
        let tail = self.shared.tail();
        let latest = tail.latest.iter().skip_while(|place| place.position < from);
        latest.copied().collect()
    }

    /// Takes marks in, to be written with the rows.
    pub(super) fn remember(&self, from: u64, told: Vec<Told>) {
        let mut tail = self.shared.tail();
        tail.marks.add(from, told);
        if tail.marks.is_much() {
            self.shared.changed.notify_all();
        }
    }

    /// The marks that are in rows, of a log of `size` entries.
    pub(super) fn remembered(&self, size: u64) -> Result<(Vec<[u8; 32]>, Vec<Place>), ReadError> {
        marks::read(self.shared.runs.tree(), size)
    }

    /// Removes all marks.
    pub(super) fn forget(&self) -> Result<(), ReadError> {
        let mut tail = self.shared.tail();
        tail.marks = Waiting::default();
        marks::clear(self.shared.runs.tree()).map_err(super::runs::store)
    }

    /// The entry with this agency and event id.
    pub(super) fn find(
        &self,
        agency: &str,
        event_id: &[u8; 16],
    ) -> Result<Option<Place>, ReadError> {
        let key = event_key(agency, event_id);
        let waiting = self
            .shared
            .tail()
            .parts()
            .find_map(|part| part.places.get(&key).copied());
        match waiting {
            Some(place) => Ok(Some(place)),
            None => self.shared.runs.get(&key),
        }
    }

    /// The newest number in a chain; 0 if it has none.
    pub(super) fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, ReadError> {
        let (low, high) = (chain_key(tag, 0), chain_key(tag, u64::MAX));
        let newest = |part: &Rows| {
            let mut rows = part.places.range(low.clone()..=high.clone());
            rows.next_back().map(|(key, _)| seq_of(key))
        };
        let waiting = self.shared.tail().parts().filter_map(newest).max();
        match waiting {
            Some(seq) => Ok(seq),
            None => Ok(self
                .shared
                .runs
                .last(&low, &high)?
                .map_or(0, |key| seq_of(&key))),
        }
    }

    /// Numbers and places of a chain's entries from a number on, in order, at most `limit`.
    pub(super) fn chain(
        &self,
        tag: &[u8; 32],
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Place)>, ReadError> {
        let (low, high) = (chain_key(tag, from_seq), chain_key(tag, u64::MAX));
        // The tail first: a row that moves meanwhile is then seen twice, never missed.
        let mut found: BTreeMap<u64, Place> = BTreeMap::new();
        for part in self.shared.tail().parts() {
            let rows = part.places.range(low.clone()..=high.clone()).take(limit);
            found.extend(rows.map(|(key, place)| (seq_of(key), *place)));
        }
        let rows = self.shared.runs.range(&low, &high, limit)?;
        found.extend(rows.into_iter().map(|(key, place)| (seq_of(&key), place)));
        Ok(found.into_iter().take(limit).collect())
    }

    /// Runs in all.
    pub(super) fn runs(&self) -> usize {
        self.shared.runs.count()
    }

    /// Merges under way.
    pub(super) fn merges(&self) -> usize {
        self.shared.tail().merges
    }

    /// Rows in all runs.
    pub(super) fn rows(&self) -> u64 {
        self.shared.runs.rows()
    }

    /// The sum of all rows in runs.
    pub(super) fn sum(&self) -> Result<RowSum, ReadError> {
        let mut sum = RowSum::default();
        self.shared.runs.each(|key, place| sum.add(key, place))?;
        Ok(sum)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        {
            // Under the lock, so that the follower does not go to sleep between looking and waiting.
            let tail = self.shared.tail();
            self.shared.stop.store(true, Ordering::Release);
            let (entries, limit) = (tail.most, self.shared.limit);
            tracing::info!(entries, limit, "the indexes were at most so far behind");
        }
        self.shared.changed.notify_all();
        if let Some(follower) = self.follower.take() {
            // A follower that panicked has already marked the index as failed.
            drop(follower.join());
        }
    }
}
