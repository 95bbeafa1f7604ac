//! The journal on sled 0.34.7, made durable.
//!
//! One commit is its blocks (their keys first when they are many), a blocking flush, and a sync of our own descriptor of sled's file, in that
//! order, by one thread at a time; only then is its size published. Any failure on the way poisons the journal: a sync
//! that failed is never tried again. `flush_async` is never used (it can stall), and values stay below the size at
//! which sled moves pages into files it never syncs.

mod alarm;
mod index;
mod last;
mod log;
mod marks;
mod open;
mod recount;
mod replay;
mod row;
mod runs;
mod sink;
mod sync;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::sled::Db;

use self::alarm::{Alarm, Slot};
use self::index::Index;
use self::last::{LastHandle, panic_text};
use self::log::{Log, cause, keyed, places};
use self::open::{clear_store, open_trees};
use self::replay::Snapshots;
use self::sink::Sink;
use self::sync::{SyncedFile, check_medium};
use super::error::Cause;
use super::{
    AppendError, Decode, Journal, MAX_PAGE_BYTES, Mark, Marks, OpenError, ReadError, Record,
    Stored, block, check_batch,
};

pub use self::replay::{Doubt, Foreseen, Indexed, Seen, Tally};
pub use self::sync::{Medium, SyncFault};

/// Entries that may wait for the indexes before appends are refused, unless configured.
pub const INDEX_LAG_MAX: usize = 262_144;

/// Bytes of sled's page cache, unless configured.
pub const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of sled's log after which a snapshot of its table of pages is taken, unless configured: a start after kill -9
/// reads no more than about so many.
pub const SNAPSHOT_BYTES: u64 = 64 * 1024 * 1024;

/// Commits after which it is checked again that sled still writes the file we sync, and no other.
pub const COMMITS_PER_CHECK: u64 = 1_000;

const LOG_TREE: &str = "log";
const INDEX_TREE: &str = "index";
const REBUILD_PAGE: usize = 1_000;

/// How a journal on sled is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The ledger the store belongs to: 1 to [`block::MAX_ORIGIN_BYTES`] bytes, never changed.
    pub origin: String,
    /// Reads entries back when indexes are rebuilt.
    pub decode: Decode,
    /// Entries that may wait for the indexes before appends are refused.
    pub index_lag_max: usize,
    /// Bytes of sled's page cache.
    pub cache_bytes: u64,
    /// Bytes of sled's log after which a snapshot is taken.
    pub snapshot_bytes: u64,
    /// Told (entries done, entries in all) while entries above the indexes are read at the start.
    pub progress: fn(u64, u64),
    /// The machine was started anew since the store was written: nothing that sled did not sync is relied on.
    pub after_power_cut: bool,
    /// Makes a sync fail, for tests.
    pub fault: SyncFault,
}

impl Options {
    /// The usual options for a ledger.
    pub fn new(origin: impl Into<String>, decode: Decode) -> Self {
        Self {
            origin: origin.into(),
            decode,
            index_lag_max: INDEX_LAG_MAX,
            cache_bytes: CACHE_BYTES,
            snapshot_bytes: SNAPSHOT_BYTES,
            progress: |_done, _all| {},
            after_power_cut: false,
            fault: SyncFault::default(),
        }
    }
}

/// Figures for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Commits since the journal was opened; each was synced once.
    pub commits: u64,
    /// Entries that wait for the indexes.
    pub index_lag: usize,
    /// Sorted runs that the indexes consist of.
    pub index_runs: usize,
    /// Merges of such runs that are under way.
    pub index_merges: usize,
    /// Runs that count no more and are still to be removed.
    pub index_removals: usize,
    /// Bytes of the store on disk.
    pub disk_bytes: u64,
    /// What kind of place the store is in.
    pub medium: Medium,
}

/// The journal in a directory on a local disk.
pub struct SledJournal {
    // Dropped first: its thread uses the trees.
    index: Index,
    _alarm: Alarm,
    log: Log,
    /// Where commits are written, and where it is said that one is.
    sink: Sink,
    slot: Arc<Slot>,
    db: Db,
    dir: PathBuf,
    synced: Arc<SyncedFile>,
    medium: Medium,
    options: Options,
    size: AtomicU64,
    poisoned: AtomicBool,
    /// Commits so far; held while one is made.
    commits: Mutex<u64>,
    // Dropped last.
    _last: LastHandle,
}

impl std::fmt::Debug for SledJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledJournal")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl SledJournal {
    /// Opens the store in `dir`, creating it if there is none.
    ///
    /// A tail commit of which a part is missing was never acknowledged and is dropped. sled rewrites its files when it
    /// opens them, so after a power cut the store is to be scanned first.
    ///
    /// # Errors
    /// [`OpenError`], each with its remedy.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        if options.origin.is_empty() || options.origin.len() > block::MAX_ORIGIN_BYTES {
            return Err(OpenError::OriginLength {
                limit: block::MAX_ORIGIN_BYTES,
            });
        }
        std::fs::create_dir_all(dir).map_err(|error| OpenError::Store {
            path: dir.to_path_buf(),
            doing: "creating the directory",
            source: error.into(),
        })?;
        let medium = check_medium(dir)?;
        clear_store(dir, options.after_power_cut)?;
        // sled panics on much damage; the panic becomes an error with a remedy.
        let opened = catch_unwind(AssertUnwindSafe(|| open_trees(dir, &options)));
        let (db, log, index_tree, size) = opened.unwrap_or_else(|panic| {
            Err(OpenError::Crashed {
                path: dir.to_path_buf(),
                panic: panic_text(&*panic),
            })
        })?;
        let synced = Arc::new(SyncedFile::open(dir, options.fault.clone())?);
        let slots = [(); 3].map(|()| Arc::new(Slot::default()));
        let [slot, of_log, of_index] = slots.clone();
        let sink = Sink::new(log.tree().clone(), Arc::clone(&synced), of_log);
        let index_sink = Sink::new(index_tree, Arc::clone(&synced), of_index);
        let snapshots = Snapshots::new(dir, options.snapshot_bytes);
        let (index, cursor) = Index::open(index_sink, size, options.index_lag_max, snapshots)?;
        let alarm =
            Alarm::start(&db, slots, index.written()).map_err(|error| OpenError::Store {
                path: dir.to_path_buf(),
                doing: "starting the thread that wakes commits",
                source: error.into(),
            })?;
        let journal = Self {
            index,
            _alarm: alarm,
            log,
            sink,
            slot,
            _last: LastHandle(Some(db.clone())),
            db,
            dir: dir.to_path_buf(),
            synced,
            medium,
            options,
            size: AtomicU64::new(0),
            poisoned: AtomicBool::new(false),
            commits: Mutex::new(0),
        };
        journal.index_from(cursor, size)?;
        journal.size.store(size, Ordering::Release);
        Ok(journal)
    }

    /// What the store in `dir` will show when it is opened, found out by reading its files only: sled's log from its
    /// newest snapshot on, each checksum, and the end of the log of `origin`. Not after a power cut.
    ///
    /// # Errors
    /// [`Doubt`] when the files alone do not tell: the store is then to be tried on a copy.
    pub fn foresee(dir: &Path, origin: &str) -> Result<Foreseen, Doubt> {
        replay::foresee(dir, (LOG_TREE, INDEX_TREE), origin, SNAPSHOT_BYTES)
    }

    /// All that the store in `dir` will show when it is opened, as after a power cut or not, found out by reading its files
    /// only: every page of the log and of the indexes of `origin`.
    ///
    /// # Errors
    /// [`Doubt`] when the files alone do not tell: the store is then to be tried on a copy.
    pub fn see(dir: &Path, origin: &str, after_power_cut: bool) -> Result<Seen, Doubt> {
        replay::see(dir, (LOG_TREE, INDEX_TREE), origin, after_power_cut)
    }

    /// Reads the entries above the cursor into the tail.
    fn index_from(&self, cursor: u64, size: u64) -> Result<(), ReadError> {
        let mut next = cursor;
        while next < size {
            let page = self.log.read(next, REBUILD_PAGE, size)?;
            let mut rows = Vec::with_capacity(page.len());
            for (place, bytes) in page {
                rows.push((self.decode(place.position, &bytes)?, place));
            }
            next = next.saturating_add(rows.len() as u64);
            if !self.index.wait_for_room() {
                return Err(index_stopped());
            }
            let rows = rows.iter().map(|(record, place)| (record, *place));
            self.index.add(rows, &self.size, 0);
            (self.options.progress)(next, size);
        }
        Ok(())
    }

    fn decode(&self, position: u64, bytes: &[u8]) -> Result<Record, ReadError> {
        let damaged = |what| ReadError::Damaged { position, what };
        let record = (self.options.decode)(bytes).map_err(damaged)?;
        if record.position == position {
            Ok(record)
        } else {
            Err(damaged(format!(
                "the entry says position {}",
                record.position
            )))
        }
    }

    /// Figures for operators.
    ///
    /// # Errors
    /// [`ReadError`] if sled cannot say how much it uses.
    pub fn figures(&self) -> Result<Figures, ReadError> {
        let disk_bytes = self.db.size_on_disk().map_err(|error| ReadError::Store {
            doing: "measuring the store",
            source: cause(error),
        })?;
        Ok(Figures {
            commits: self.synced.syncs(),
            index_lag: self.index.lag(),
            index_runs: self.index.runs(),
            index_merges: self.index.merges(),
            index_removals: self.index.removals(),
            disk_bytes,
            medium: self.medium,
        })
    }

    /// Insert, flush, sync: everything between the checks and the publication.
    fn commit(&self, blocks: Vec<Vec<u8>>, first: u64, commits: u64) -> Result<(), AppendError> {
        let doubt = |doing: &'static str, source: Cause| {
            self.poisoned.store(true, Ordering::Release);
            AppendError::InDoubt { doing, source }
        };
        let under_way = self.slot.under_way();
        let written = catch_unwind(AssertUnwindSafe(|| {
            self.sink.insert(&keyed(blocks, first))?;
            self.db.flush().map(drop).map_err(cause)
        }));
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(doubt("writing the log", error)),
            Err(panic) => return Err(doubt("writing the log", panic_text(&*panic).into())),
        }
        drop(under_way);
        self.synced
            .sync()
            .map_err(|error| doubt("syncing the log", error.into()))?;
        if self.synced.syncs() != commits {
            return Err(doubt(
                "counting the syncs",
                "they are not one a commit".into(),
            ));
        }
        if commits.is_multiple_of(COMMITS_PER_CHECK) {
            let sound = self.synced.still_sound(&self.dir);
            if !sound.map_err(|error| doubt("checking the synced file", error.into()))? {
                let what = "sled writes to files that are not synced";
                return Err(doubt("checking the synced file", what.into()));
            }
        }
        Ok(())
    }
}

fn index_stopped() -> ReadError {
    ReadError::Store {
        doing: "writing the indexes",
        source: "the follower has stopped: open the journal anew".into(),
    }
}

impl Journal for SledJournal {
    fn size(&self) -> Result<u64, ReadError> {
        Ok(self.size.load(Ordering::Acquire))
    }

    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError> {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if self.poisoned.load(Ordering::Acquire) || self.index.has_failed() {
            return Err(AppendError::Poisoned);
        }
        check_batch(self.size.load(Ordering::Acquire), expected_size, batch)?;
        self.index.room_for(batch.len())?;
        for record in batch.iter().filter(|record| record.is_findable()) {
            if let Some(place) = self.index.find(&record.agency, &record.event_id)? {
                let (event_id, position) = (record.event_id, place.position);
                return Err(AppendError::Duplicate { event_id, position });
            }
        }
        let entries = batch.iter().map(|record| record.bytes.as_slice());
        let blocks = block::encode(&self.options.origin, expected_size, entries);
        let blocks = blocks.map_err(|error| AppendError::Invalid {
            what: error.to_string(),
        })?;
        self.commit(blocks, expected_size, commits.saturating_add(1))?;
        *commits = commits.saturating_add(1);
        let size = expected_size.saturating_add(batch.len() as u64);
        self.index
            .add(batch.iter().zip(places(batch)), &self.size, size);
        Ok(size)
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let page = self.log.read(from, limit, self.size()?)?;
        let stored = page.into_iter().map(|(place, bytes)| Stored {
            position: place.position,
            commit: place.commit,
            bytes,
        });
        Ok(stored.collect())
    }

    fn read_chain(
        &self,
        tag: &[u8; 32],
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let (mut page, mut bytes) = (Vec::new(), 0_usize);
        let mut reader = self.log.reader();
        for (seq, place) in self.index.chain(tag, from_seq, limit)? {
            if bytes >= MAX_PAGE_BYTES {
                break;
            }
            let stored = reader.read_at(&place)?;
            let record = self.decode(place.position, &stored.bytes)?;
            if (&record.tag, record.chain_seq) != (tag, seq) {
                let what = "the chain index does not fit the log".to_owned();
                return Err(ReadError::Damaged {
                    position: place.position,
                    what,
                });
            }
            bytes = bytes.saturating_add(stored.bytes.len());
            page.push(stored);
        }
        Ok(page)
    }

    fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, ReadError> {
        self.index.chain_len(tag)
    }

    fn find(&self, agency: &str, event_id: &[u8; 16]) -> Result<Option<u64>, ReadError> {
        Ok(self
            .index
            .find(agency, event_id)?
            .map(|place| place.position))
    }

    fn wait_for_room(&self, entries: usize, within: Duration) -> bool {
        self.index.room_within(entries, within)
    }

    fn index_lag(&self) -> usize {
        self.index.lag()
    }

    fn remember(&self, from: u64, marks: &[Mark]) {
        let size = self.size.load(Ordering::Acquire);
        let mut latest = self.index.latest(from).into_iter().peekable();
        let mut told = Vec::with_capacity(marks.len());
        for (mark, position) in marks.iter().zip(from..) {
            let known = latest.next_if(|place| place.position == position);
            let place = match (mark.is_landmark, known) {
                (false, _) => None,
                (true, Some(place)) => Some(place),
                (true, None) => match self.log.place(position, size) {
                    Ok(Some(place)) => Some(place),
                    // What cannot be read now is not kept, nor is anything after it.
                    Ok(None) | Err(_) => break,
                },
            };
            told.push((mark.leaf, place));
        }
        self.index.remember(from, told);
    }

    fn remembered(&self) -> Result<Marks, ReadError> {
        let (leaves, places) = self.index.remembered(self.size()?)?;
        let mut reader = self.log.reader();
        let landmarks = places.iter().map(|place| reader.read_at(place));
        Ok(Marks {
            leaves,
            landmarks: landmarks.collect::<Result<_, _>>()?,
        })
    }

    fn forget(&self) -> Result<(), ReadError> {
        self.index.forget()
    }
}
