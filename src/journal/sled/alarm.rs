//! Wakes a commit that sled has forgotten.
//!
//! When a write fails that sled 0.34.7 does on a thread of its own as the last writer leaves a buffer, it notes the error
//! and does not tell those who wait for that buffer: a flush then waits for ever. Any later flush finds the error and
//! tells everybody. So a thread looks once a second whether one flush is still under way, and flushes beside it: that
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

/// How often it looks; a flush that is under way at two looks has lasted at least this long.
const LOOK: Duration = Duration::from_secs(1);

const IDLE: u64 = 0;

/// Where one thread says that it flushes.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Number of the flush under way, from 1.
    now: AtomicU64,
    flushes: AtomicU64,
}

impl Slot {
    /// Says that a flush is under way, until what is answered is dropped.
    pub(super) fn under_way(&self) -> UnderWay<'_> {
        let number = self.flushes.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        self.now.store(number, Ordering::Release);
        UnderWay(&self.now)
    }
}

/// The thread that looks, ended when dropped.
#[derive(Debug)]
pub(super) struct Alarm {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// While this lives a flush is under way.
pub(super) struct UnderWay<'a>(&'a AtomicU64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(IDLE, Ordering::Release);
    }
}

impl Alarm {
    /// Starts the thread. `rows` is set by whoever writes rows of the indexes.
    pub(super) fn start<const N: usize>(
        db: &Db,
        slots: [Arc<Slot>; N],
        rows: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("journal-alarm".to_owned());
        let thread = thread.spawn({
            let db = db.clone();
            move || {
                let mut before = [IDLE; N];
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
                    let now = slots
                        .each_ref()
                        .map(|slot| slot.now.load(Ordering::Acquire));
                    let mut both = now.iter().zip(&before);
                    let lasts = both.any(|(now, before)| *now != IDLE && now == before);
                    let rests = now == [IDLE; N] && before == [IDLE; N];
                    if lasts || (rests && rows.swap(false, Ordering::AcqRel)) {
                        flush_beside(&db);
                    }
                    before = now;
                }
            }
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
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
