//! The journal on sled 0.34.7, made durable.
//!
//! One commit is its blocks, one sled insert each, a blocking flush, and a sync of our own descriptor of sled's file, in that
//! order, by one thread at a time; only then is its size published. Any failure on the way poisons the journal: a sync
//! that failed is never tried again. `flush_async` is never used (it can stall), and values stay below the size at
//! which sled moves pages into files it never syncs.

mod alarm;
mod index;
mod last;
mod log;
mod runs;
mod sync;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::sled::{Config, Db, Mode};

use self::alarm::Alarm;
use self::index::{Index, RowSum};
use self::last::{LastHandle, panic_text};
use self::log::{Log, cause, places};
use self::sync::{SyncedFile, check_medium, clear};
use super::error::Cause;
use super::{
    AppendError, Decode, Journal, MAX_PAGE_BYTES, OpenError, ReadError, Record, Stored, block,
    check_batch,
};

pub use self::sync::{Medium, SyncFault};

/// Entries that may wait for the indexes before appends are refused, unless configured.
pub const INDEX_LAG_MAX: usize = 262_144;

/// Bytes of sled's page cache, unless configured.
pub const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Commits after which it is checked again that sled still writes the file we sync, and no other.
pub const COMMITS_PER_CHECK: u64 = 1_000;

const LOG_TREE: &str = "log";
const INDEX_TREE: &str = "index";
const REBUILD_PAGE: usize = 1_000;
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

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
    /// Bytes of the store on disk.
    pub disk_bytes: u64,
    /// What kind of place the store is in.
    pub medium: Medium,
}

/// The journal in a directory on a local disk.
pub struct SledJournal {
    // Dropped first: its thread uses the trees.
    index: Index,
    alarm: Alarm,
    log: Log,
    db: Db,
    dir: PathBuf,
    synced: SyncedFile,
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
        clear(dir, options.after_power_cut).map_err(|error| OpenError::Store {
            path: dir.to_path_buf(),
            doing: "removing what sled did not sync",
            source: error.into(),
        })?;
        // sled panics on much damage; the panic becomes an error with a remedy.
        let opened = catch_unwind(AssertUnwindSafe(|| open_trees(dir, &options)));
        let (db, log, index_tree, size) = opened.unwrap_or_else(|panic| {
            Err(OpenError::Crashed {
                path: dir.to_path_buf(),
                panic: panic_text(&*panic),
            })
        })?;
        let synced = SyncedFile::open(dir, options.fault.clone())?;
        let (index, cursor) = Index::open(index_tree, size, options.index_lag_max)?;
        let alarm = Alarm::start(&db).map_err(|error| OpenError::Store {
            path: dir.to_path_buf(),
            doing: "starting the thread that wakes commits",
            source: error.into(),
        })?;
        let journal = Self {
            index,
            alarm,
            log,
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
            disk_bytes,
            medium: self.medium,
        })
    }

    /// Counts the indexes against the log: every entry is found by its keys, and no row is left over. Answers how many
    /// entries were looked at. `progress` is told (entries done, entries in all). Not while something is appended.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first position that does not fit.
    pub fn recount(&self, mut progress: impl FnMut(u64, u64)) -> Result<u64, ReadError> {
        if !self.index.settle() {
            return Err(index_stopped());
        }
        let (size, mut next, mut due) = (self.size()?, 0_u64, RowSum::default());
        while next < size {
            for (place, bytes) in self.log.read(next, REBUILD_PAGE, size)? {
                let record = self.decode(place.position, &bytes)?;
                due.add_entry(&record, &place);
                next = place.position.saturating_add(1);
            }
            progress(next, size);
        }
        if self.index.sum()? == due {
            return Ok(size);
        }
        self.find_fault(size)
    }

    /// The first position whose rows are not as the log makes them, when not all are.
    fn find_fault(&self, size: u64) -> Result<u64, ReadError> {
        let (mut next, mut due) = (0_u64, 0_u64);
        while next < size {
            for (place, bytes) in self.log.read(next, REBUILD_PAGE, size)? {
                let position = place.position;
                let missing = |what: &str| ReadError::Damaged {
                    position,
                    what: what.to_owned(),
                };
                let record = self.decode(position, &bytes)?;
                let row = self.index.chain(&record.tag, record.chain_seq, 1)?;
                if row.first() != Some(&(record.chain_seq, place)) {
                    return Err(missing("the chain index does not have it"));
                }
                due = due.saturating_add(1);
                if record.is_findable() {
                    if self.index.find(&record.agency, &record.event_id)? != Some(place) {
                        return Err(missing("the event index does not have it"));
                    }
                    due = due.saturating_add(1);
                }
                next = position.saturating_add(1);
            }
        }
        let what = match self.index.rows() {
            rows if rows == due => "the indexes have other rows than the log makes".to_owned(),
            rows => format!("the indexes have {rows} rows, the log makes {due}"),
        };
        Err(ReadError::Damaged {
            position: size,
            what,
        })
    }

    /// Insert, flush, sync: everything between the checks and the publication.
    fn commit(&self, blocks: Vec<Vec<u8>>, first: u64, commits: u64) -> Result<(), AppendError> {
        let doubt = |doing: &'static str, source: Cause| {
            self.poisoned.store(true, Ordering::Release);
            AppendError::InDoubt { doing, source }
        };
        let under_way = self.alarm.under_way(commits);
        let written = catch_unwind(AssertUnwindSafe(|| {
            self.log.apply(blocks, first)?;
            self.db.flush().map(drop)
        }));
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(doubt("writing the log", cause(error))),
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

/// Opens sled and its trees, and brings the tail of the log in order.
fn open_trees(dir: &Path, options: &Options) -> Result<(Db, Log, ::sled::Tree, u64), OpenError> {
    let store = |doing: &'static str| {
        move |error: ::sled::Error| OpenError::Store {
            path: dir.to_path_buf(),
            doing,
            source: cause(error),
        }
    };
    let db = open_db(dir, options)?;
    let log = db.open_tree(LOG_TREE).map_err(store("opening the log"))?;
    let log = Log::new(log, options.origin.clone());
    let size = log.recover()?;
    let index = db
        .open_tree(INDEX_TREE)
        .map_err(store("opening the indexes"))?;
    db.flush().map_err(store("flushing after the start"))?;
    Ok((db, log, index, size))
}

/// Opens sled. Its lock is let go by threads of its own, a little after the last handle is dropped: wait for that.
fn open_db(dir: &Path, options: &Options) -> Result<Db, OpenError> {
    let config = Config::new()
        .path(dir)
        .mode(Mode::HighThroughput)
        .flush_every_ms(None)
        .cache_capacity(options.cache_bytes)
        .use_compression(false);
    let mut tries = 0;
    loop {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(error) if error.to_string().contains("could not acquire lock") => {
                tries += 1;
                if tries == LOCK_TRIES {
                    return Err(OpenError::Locked {
                        path: dir.to_path_buf(),
                    });
                }
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(error) => {
                let (path, source) = (dir.to_path_buf(), cause(error));
                return Err(OpenError::Store {
                    path,
                    doing: "opening sled",
                    source,
                });
            }
        }
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
}
