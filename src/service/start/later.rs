//! What is verified while the ledger is served already: every entry that the start took from its marks.
//!
//! One thread goes over all of them as a start with `--verify-first` does. Nothing that is damaged is shown meanwhile,
//! because every read checks what it reads; but nobody may go on writing to a record that does not hold. So a fault
//! poisons the service and is told to whoever serves it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::ledger::tree::Nodes;
use crate::service::error::Refused;
use crate::service::limits;
use crate::service::shared::{Shared, is_landmark};

use super::StartError;
use super::checks::{Checks, look};

/// Parts of the whole after which the log says how far it is.
const TOLD: u64 = 10;

/// The thread, ended when dropped.
pub(in crate::service) struct Later {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Later {
    /// Begins to verify the first `size` entries, of which these are the landmarks that the start has read.
    pub(super) fn begin(
        shared: Arc<Shared>,
        size: u64,
        landmarks: BTreeSet<u64>,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("verify".to_owned());
        let thread = thread.spawn({
            let stop = Arc::clone(&stop);
            move || {
                if let Err(fault) = check(&shared, size, &landmarks, &stop) {
                    tracing::error!(
                        %fault,
                        "the record does not check: nothing more is appended, and serving ends"
                    );
                    shared.poisoned.store(true, Ordering::SeqCst);
                    shared.fault.send_replace(Some(Arc::new(fault)));
                }
            }
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the thread that verified the record panicked");
        }
    }
}

/// Names the first entry of a page that cannot be read, when it is one of them.
fn unread(shared: &Shared, from: u64, why: Refused) -> StartError {
    let page = from..from.saturating_add(limits::START_PAGE as u64);
    for position in page {
        if let Err(error) = shared.journal.read(position, 1) {
            let what = Refused::from(error).to_string();
            return StartError::Damaged { position, what };
        }
    }
    StartError::Store(why)
}

fn check(
    shared: &Shared,
    size: u64,
    landmarks: &BTreeSet<u64>,
    stop: &AtomicBool,
) -> Result<(), StartError> {
    tracing::info!(entries = size, "the record is checked while it is served");
    let mut checks = Checks::new(&shared.origin);
    let mut due = size / TOLD;
    while checks.next < size {
        let page = shared.journal.read(checks.next, limits::START_PAGE);
        let page = page.map_err(|error| unread(shared, checks.next, error.into()))?;
        if page.is_empty() {
            let (position, what) = (checks.next, "it is missing".to_owned());
            return Err(StartError::Damaged { position, what });
        }
        for stored in page.iter().take_while(|stored| stored.position < size) {
            if stop.load(Ordering::Acquire) {
                return Ok(());
            }
            let damaged = |what: String| StartError::Damaged {
                position: stored.position,
                what,
            };
            let seen = look(stored).map_err(|error| damaged(error.to_string()))?;
            if shared.tree().node(0, stored.position) != Ok(seen.leaf) {
                return Err(damaged(
                    "its header is another than the checkpoint promises".to_owned(),
                ));
            }
            checks
                .take(stored, &seen)
                .map_err(|fault| damaged(fault.to_string()))?;
            if is_landmark(&seen.entry) && !landmarks.contains(&stored.position) {
                let known = shared.journal.forget();
                tracing::warn!(forgotten = known.is_ok(), "the marks of entries were wrong");
                return Err(damaged(
                    "the start did not read it, because the index leaves it out; the next start reads every entry"
                        .to_owned(),
                ));
            }
        }
        if checks.next >= due && checks.next < size {
            tracing::info!(
                checked = checks.next,
                entries = size,
                "checked while serving"
            );
            due = due.saturating_add((size / TOLD).max(1));
        }
    }
    tracing::info!(entries = size, "every entry is checked; all hold");
    Ok(())
}
