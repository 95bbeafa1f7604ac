//! The tail of rows in memory, and the thread that writes it to sled as runs and merges them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::journal::sled::log::Place;
use crate::journal::sled::marks::{self, Waiting};
use crate::journal::sled::replay::Snapshots;
use crate::journal::sled::runs::{Pending, Progress, Runs, Stop};

/// Entries that make a run worth writing.
const RUN_ENTRIES: usize = 4_096;

/// Of how many pages of fresh rows a merge goes on by one page more than they are: it must go on by as many, to end before
/// the next is due at its level, and by few more, or merges of several levels would hold the fresh rows up.
const FRESH_PER_MORE: usize = 4;

/// Pages by which each merge goes on at least, and between two looks whether there are fresh rows.
const MERGED_AT_ONCE: usize = 64;

/// Rows of entries that follow each other.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) places: BTreeMap<Vec<u8>, Place>,
    pub(super) entries: usize,
    /// Bytes of these entries.
    pub(super) bytes: u64,
    /// The position after the last entry.
    pub(super) end: u64,
}

/// What is not yet in a run.
#[derive(Default)]
pub(super) struct Tail {
    /// Rows added since the follower last took some.
    pub(super) fresh: Rows,
    /// Rows the follower is writing.
    pub(super) taken: Option<Arc<Rows>>,
    /// Write also a small run: somebody waits until nothing is left.
    pub(super) settling: bool,
    /// Write also a small run, once: an append was refused.
    pub(super) pressed: bool,
    pub(super) failed: bool,
    /// Most entries that ever waited at once.
    pub(super) most: usize,
    /// Merges under way.
    pub(super) merges: usize,
    /// Runs that count no more and are still to be removed.
    pub(super) removals: usize,
    /// Marks that are not yet in a row.
    pub(super) marks: Waiting,
    /// Places of the entries added last, for those of them that turn out to be landmarks.
    pub(super) latest: Vec<Place>,
}

impl Tail {
    pub(super) fn waiting(&self) -> usize {
        self.fresh.entries + self.taken.as_ref().map_or(0, |taken| taken.entries)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Rows> {
        self.taken.as_deref().into_iter().chain([&self.fresh])
    }
}

/// What the follower shares with those who ask and add.
pub(super) struct Shared {
    pub(super) runs: Runs,
    pub(super) tail: Mutex<Tail>,
    /// Told when the tail grows, shrinks, fails or stops.
    pub(super) changed: Condvar,
    pub(super) stop: AtomicBool,
    /// Rows were written that no commit may have brought to the file.
    pub(super) written: Arc<AtomicBool>,
    pub(super) limit: usize,
}

impl Shared {
    pub(super) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait<'t>(&self, tail: MutexGuard<'t, Tail>) -> MutexGuard<'t, Tail> {
        self.changed
            .wait(tail)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the tail may take in so many entries.
    pub(super) fn has_room(&self, tail: &Tail, entries: usize) -> bool {
        let waiting = tail.waiting();
        waiting == 0 || waiting.saturating_add(entries) <= self.limit
    }

    /// Whether the tail is worth writing.
    pub(super) fn is_due(&self, tail: &Tail) -> bool {
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

    pub(super) fn follow(
        &self,
        mut progress: Progress,
        mut pending: Pending,
        mut snapshots: Snapshots,
    ) {
        // There may be merges that the last stop cut short.
        let mut merging = self.runs.is_crowded() || !pending.is_empty();
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
            let mut tail = self.tail();
            (tail.merges, tail.removals) = (pending.merges(), pending.removals());
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
