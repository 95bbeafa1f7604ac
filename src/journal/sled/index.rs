//! The chain and event-id indexes: followers behind the acknowledgement.
//!
//! A row is first in the *tail* in memory, inside the append that brought its entry; a thread moves rows to a sled tree
//! of their own, each batch together with the cursor that says how far it got. Who asks looks in the tail first and in
//! the tree then, so an answer never depends on where a row is. The tail is bounded by a limit above which appends are
//! refused. Nothing here needs a sync of its own: what a crash loses is read from the log again.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use ::sled::{Batch, IVec, Tree};

use super::log::Place;
use crate::journal::{ReadError, Record};

/// Entries whose rows go into one batch: few, since sled holds up commits while it applies one.
const BATCH_ENTRIES: usize = 128;

const CURSOR: [u8; 1] = [0];
const CHAIN: u8 = 1;
const EVENT: u8 = 2;

fn chain_key(tag: &[u8; 32], seq: u64) -> Vec<u8> {
    [&[CHAIN], tag.as_slice(), &seq.to_be_bytes()].concat()
}

fn event_key(agency: &str, event_id: &[u8; 16]) -> Vec<u8> {
    [&[EVENT], event_id.as_slice(), agency.as_bytes()].concat()
}

fn encode_place(place: &Place) -> [u8; 24] {
    let mut row = [0; 24];
    let fields = [place.position.to_be_bytes(), place.commit.to_be_bytes()].concat();
    let fields = [
        fields,
        [place.offset.to_be_bytes(), place.length.to_be_bytes()].concat(),
    ]
    .concat();
    row.copy_from_slice(&fields);
    row
}

fn decode_place(row: &[u8]) -> Option<Place> {
    let (position, row) = row.split_first_chunk()?;
    let (commit, row) = row.split_first_chunk()?;
    let (offset, row) = row.split_first_chunk()?;
    Some(Place {
        position: u64::from_be_bytes(*position),
        commit: u64::from_be_bytes(*commit),
        offset: u32::from_be_bytes(*offset),
        length: u32::from_be_bytes(row.try_into().ok()?),
    })
}

fn store(doing: &'static str) -> impl Fn(::sled::Error) -> ReadError {
    move |error| ReadError::Store {
        doing,
        source: error.into(),
    }
}

/// The keys of one entry that is not in the tree yet.
struct Waiting {
    place: Place,
    chain: Vec<u8>,
    event: Option<Vec<u8>>,
}

#[derive(Default)]
struct Tail {
    rows: BTreeMap<Vec<u8>, Place>,
    queue: VecDeque<Arc<Waiting>>,
    stop: bool,
    failed: bool,
}

struct Shared {
    tree: Tree,
    tail: Mutex<Tail>,
    /// Told when the queue grows, shrinks, fails or stops.
    changed: Condvar,
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

    /// Moves rows from the tail to the tree until stopped.
    fn follow(&self) {
        loop {
            let mut tail = self.tail();
            while tail.queue.is_empty() && !tail.stop {
                tail = self.wait(tail);
            }
            if tail.stop {
                return;
            }
            let batch: Vec<Arc<Waiting>> = tail.queue.iter().take(BATCH_ENTRIES).cloned().collect();
            drop(tail);
            let applied =
                catch_unwind(AssertUnwindSafe(|| self.tree.apply_batch(to_batch(&batch))));
            let mut tail = self.tail();
            if !matches!(applied, Ok(Ok(()))) {
                tail.failed = true;
                self.changed.notify_all();
                return;
            }
            for waiting in &batch {
                tail.rows.remove(&waiting.chain);
                if let Some(event) = &waiting.event {
                    tail.rows.remove(event);
                }
                tail.queue.pop_front();
            }
            self.changed.notify_all();
        }
    }
}

fn to_batch(waiting: &[Arc<Waiting>]) -> Batch {
    let mut batch = Batch::default();
    for waiting in waiting {
        let row = encode_place(&waiting.place);
        batch.insert(waiting.chain.as_slice(), row.as_slice());
        if let Some(event) = &waiting.event {
            batch.insert(event.as_slice(), row.as_slice());
        }
        let next = waiting.place.position.saturating_add(1);
        batch.insert(CURSOR.as_slice(), next.to_be_bytes().as_slice());
    }
    batch
}

/// Both indexes of one journal, with the thread that writes them.
pub(super) struct Index {
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
    limit: usize,
}

impl Index {
    /// Takes the tree over and starts the follower. Answers also the position up to which the tree is complete; a
    /// tree that claims to be ahead of the log is emptied.
    pub(super) fn open(tree: Tree, size: u64, limit: usize) -> Result<(Self, u64), ReadError> {
        let doing = "reading the indexes";
        let cursor = tree.get(CURSOR).map_err(store(doing))?;
        let cursor = cursor
            .as_deref()
            .and_then(|row| Some(u64::from_be_bytes(row.try_into().ok()?)));
        let cursor = match cursor {
            Some(cursor) if cursor <= size => cursor,
            Some(_) | None => {
                tree.clear().map_err(store("emptying the indexes"))?;
                0
            }
        };
        let shared = Shared {
            tree,
            tail: Mutex::default(),
            changed: Condvar::new(),
        };
        let shared = Arc::new(shared);
        let follower = std::thread::Builder::new()
            .name("journal-index".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.follow()
            });
        let follower = follower.map_err(|error| ReadError::Store {
            doing: "starting the index follower",
            source: error.into(),
        })?;
        Ok((
            Self {
                shared,
                follower: Some(follower),
                limit,
            },
            cursor,
        ))
    }

    /// Entries not yet in the tree, and the limit on them.
    pub(super) fn lag(&self) -> (usize, usize) {
        (self.shared.tail().queue.len(), self.limit)
    }

    /// Whether the follower has stopped on an error.
    pub(super) fn has_failed(&self) -> bool {
        self.shared.tail().failed
    }

    /// Waits until the tail is below its limit; `false` if the follower has failed.
    pub(super) fn wait_for_room(&self) -> bool {
        let mut tail = self.shared.tail();
        while tail.queue.len() >= self.limit && !tail.failed {
            tail = self.shared.wait(tail);
        }
        !tail.failed
    }

    /// Waits until every row is in the tree; `false` if the follower has failed.
    pub(super) fn settle(&self) -> bool {
        let mut tail = self.shared.tail();
        while !tail.queue.is_empty() && !tail.failed {
            tail = self.shared.wait(tail);
        }
        !tail.failed
    }

    /// Adds rows and, before anybody can see them, publishes the size that goes with them.
    pub(super) fn add<'r>(
        &self,
        rows: impl Iterator<Item = (&'r Record, Place)>,
        size: &AtomicU64,
        new_size: u64,
    ) {
        let waiting: Vec<Arc<Waiting>> = rows
            .map(|(record, place)| {
                let chain = chain_key(&record.tag, record.chain_seq);
                let event = record.is_findable();
                let event = event.then(|| event_key(&record.agency, &record.event_id));
                Arc::new(Waiting {
                    place,
                    chain,
                    event,
                })
            })
            .collect();
        let mut tail = self.shared.tail();
        for waiting in waiting {
            tail.rows.insert(waiting.chain.clone(), waiting.place);
            if let Some(event) = &waiting.event {
                tail.rows.insert(event.clone(), waiting.place);
            }
            tail.queue.push_back(waiting);
        }
        size.store(new_size, Ordering::Release);
        self.shared.changed.notify_all();
    }

    /// The entry with this agency and event id.
    pub(super) fn find(
        &self,
        agency: &str,
        event_id: &[u8; 16],
    ) -> Result<Option<Place>, ReadError> {
        let key = event_key(agency, event_id);
        if let Some(place) = self.shared.tail().rows.get(&key) {
            return Ok(Some(*place));
        }
        let row = self
            .shared
            .tree
            .get(&key)
            .map_err(store("looking up an event"))?;
        row.map(|row| to_place(&row)).transpose()
    }

    /// The newest number in a chain; 0 if it has none.
    pub(super) fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, ReadError> {
        let range = chain_key(tag, 0)..=chain_key(tag, u64::MAX);
        let newest = self
            .shared
            .tail()
            .rows
            .range(range.clone())
            .next_back()
            .map(|(key, _)| key.clone());
        if let Some(key) = newest {
            return Ok(seq_of(&key));
        }
        let newest = self.shared.tree.range(range).next_back().transpose();
        let newest = newest.map_err(store("looking up a chain"))?;
        Ok(newest.map_or(0, |(key, _)| seq_of(&key)))
    }

    /// Numbers and places of a chain's entries from a number on, in order, at most `limit`.
    pub(super) fn chain(
        &self,
        tag: &[u8; 32],
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Place)>, ReadError> {
        let range = chain_key(tag, from_seq)..=chain_key(tag, u64::MAX);
        // The tail first: a row that moves meanwhile is then seen twice, never missed.
        let mut rows: BTreeMap<u64, Place> = {
            let tail = self.shared.tail();
            let rows = tail.rows.range(range.clone()).take(limit);
            rows.map(|(key, place)| (seq_of(key), *place)).collect()
        };
        for row in self.shared.tree.range(range).take(limit) {
            let (key, row) = row.map_err(store("looking up a chain"))?;
            rows.insert(seq_of(&key), to_place(&row)?);
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    /// Rows in the tree, the cursor left out.
    pub(super) fn rows(&self) -> usize {
        self.shared.tree.len().saturating_sub(usize::from(
            self.shared.tree.contains_key(CURSOR).unwrap_or(false),
        ))
    }
}

fn seq_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |seq| u64::from_be_bytes(*seq))
}

fn to_place(row: &IVec) -> Result<Place, ReadError> {
    decode_place(row).ok_or_else(|| ReadError::Store {
        doing: "reading an index row",
        source: "it is malformed: let the indexes be rebuilt".into(),
    })
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.tail().stop = true;
        self.shared.changed.notify_all();
        if let Some(follower) = self.follower.take() {
            // A follower that panicked has already marked the index as failed.
            drop(follower.join());
        }
    }
}
