//! Wakes a commit that sled has forgotten.
//!
//! When a write fails that sled 0.34.7 does on a thread of its own as the last writer leaves a buffer, it notes the error
//! and does not tell those who wait for that buffer: a flush then waits for ever. Any later flush finds the error and
//! tells everybody. So a thread looks once a second whether one commit is still under way, and flushes beside it: that
//! writes nothing that would not have been written, and no sync rests on it.
//!
//! It does the same when nothing is committed for a while after rows of the indexes were written: they wait in sled's
//! buffer for the next commit, and a batch of them of which kill -9 leaves only the begin would make the next start try
//! the store on a copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use ::sled::Db;

/// How often it looks; a commit that is under way at two looks has lasted at least this long.
const LOOK: Duration = Duration::from_secs(1);

const IDLE: u64 = 0;

/// The thread that looks, ended when dropped.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Number of the commit under way, from 1.
    under_way: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// While this lives a commit is under way.
pub(super) struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(IDLE, Ordering::Release);
    }
}

impl Alarm {
    /// Starts the thread. `rows` is set by whoever writes rows of the indexes.
    pub(super) fn start(db: &Db, rows: Arc<AtomicBool>) -> std::io::Result<Self> {
        let under_way = Arc::new(AtomicU64::new(IDLE));
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("journal-alarm".to_owned());
        let thread = thread.spawn({
            let (under_way, db) = (Arc::clone(&under_way), db.clone());
            move || {
                let mut before = IDLE;
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
                    let now = under_way.load(Ordering::Acquire);
                    let lasts = now != IDLE && now == before;
                    let rests = now == IDLE && before == IDLE;
                    if lasts || (rests && rows.swap(false, Ordering::AcqRel)) {
                        flush_beside(&db);
                    }
                    before = now;
                }
            }
        })?;
        Ok(Self {
            under_way,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Says that this commit, numbered from 1, is under way.
    pub(super) fn under_way(&self, commit: u64) -> UnderWay<'_> {
        self.under_way.store(commit, Ordering::Release);
        UnderWay(&self.under_way)
    }
}

/// On a thread of its own, because it may have to wait as the commit does.
fn flush_beside(db: &Db) {
    let db = db.clone();
    let thread = std::thread::Builder::new().name("journal-wake".to_owned());
    let spawned = thread.spawn(move || {
        if let Err(error) = db.flush() {
            tracing::debug!(%error, "what sled holds could not be written");
        }
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread could be had to write what sled holds");
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only looks; that it panicked changes nothing.
            drop(thread.join());
        }
    }
}
