//! The chain and event-id indexes: followers behind the acknowledgement.
//!
//! A row is first in the *tail* in memory, put there inside the append that brought its entry; a thread writes the tail
//! to sled as sorted runs, and after each the cursor that says how far it got. Who asks looks in the tail first and
//! in the runs then, so an answer never depends on where a row is. The tail is bounded by a limit above which appends
//! are refused. No answer rests on a sync of these rows: what a crash loses is read from the log again.

mod follower;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::follower::{Rows, Shared, Tail};
use super::log::Place;
use super::marks::{self, Told, Waiting};
use super::replay::Snapshots;
use super::row::{RowSum, chain_key, event_key, seq_of};
use super::runs::{Misfit, Runs};
use super::sink::Sink;
use crate::journal::{AppendError, ReadError, Record};

/// Both indexes of one journal, with the thread that writes them.
pub(super) struct Index {
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
}

impl Index {
    /// Takes the tree over and starts the follower. Answers also the position up to which the runs are complete; runs
    /// that claim to be ahead of the log, or cannot be read, are emptied.
    pub(super) fn open(
        sink: Sink,
        size: u64,
        limit: usize,
        snapshots: Snapshots,
    ) -> Result<(Self, u64), ReadError> {
        let (runs, progress, pending) = Runs::open(sink, size)?;
        let cursor = progress.cursor;
        let tail = Tail {
            removals: pending.removals(),
            ..Tail::default()
        };
        let shared = Arc::new(Shared {
            runs,
            tail: Mutex::new(tail),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            written: Arc::default(),
            limit,
        });
        let follower = std::thread::Builder::new()
            .name("journal-index".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.follow(progress, pending, snapshots)
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
        let lacks = |tail: &mut Tail| {
            let lacks = !tail.failed && !self.shared.has_room(tail, entries);
            if lacks {
                tail.pressed = true;
                self.shared.changed.notify_all();
            }
            lacks
        };
        let (tail, changed) = (self.shared.tail(), &self.shared.changed);
        let waited = changed.wait_timeout_while(tail, within, lacks);
        let (_tail, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
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

    /// Runs still to be removed.
    pub(super) fn removals(&self) -> usize {
        self.shared.tail().removals
    }

    /// Rows in all runs.
    pub(super) fn rows(&self) -> u64 {
        self.shared.runs.rows()
    }

    /// The sum of all rows in runs, or why one of them would not be found.
    pub(super) fn sum(&self) -> Result<Result<RowSum, Misfit>, ReadError> {
        let mut sum = RowSum::default();
        let checked = self.shared.runs.check(|key, place| sum.add(key, place))?;
        Ok(checked.map(|()| sum))
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
