//! The use cases, the single writer, the clock and the limits.
//!
//! *Life of an append*: a [`access::Caller`] → [`prepare`] validates and commits to the fields, off the writer's path →
//! a bounded queue → the one writer thread ([`append`]) drains a batch, settles repeats, admits, takes one appended
//! time, seals, commits to the journal, signs the checkpoint, writes the head file → receipts → followers wake.
//!
//! Nothing here names gRPC, generated messages, the command line or sled: the journal and the vault arrive as ports, the
//! decoder of event bytes as a function.

pub mod access;
pub mod append;
pub mod clock;
pub mod error;
pub mod inquiry;
pub mod integrity;
pub mod limits;
mod overlay;
mod own;
pub mod prepare;
mod random;
pub mod read;
pub mod registry;
pub mod shared;
mod signer;
mod stage;
pub mod start;
pub mod submit;

use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use self::append::Message;
use self::error::Refused;
use self::shared::Shared;

/// An open ledger: the one way in for every edge. Made by [`start::start`].
pub struct Service {
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
    writer: Mutex<Option<JoinHandle<()>>>,
    marker: PathBuf,
    /// What is verified while serving.
    left: Mutex<Option<start::Later>>,
}

impl Service {
    fn new(
        shared: Arc<Shared>,
        queue: SyncSender<Message>,
        writer: JoinHandle<()>,
        (marker, left): (PathBuf, Option<start::Later>),
    ) -> Self {
        Self {
            shared,
            queue,
            writer: Mutex::new(Some(writer)),
            marker,
            left: Mutex::new(left),
        }
    }

    /// What was found not to check while the ledger is served; nothing is appended from then on. `None` until then.
    pub fn fault(&self) -> Option<Arc<start::StartError>> {
        self.shared.fault.borrow().clone()
    }

    /// Waits until something is found that does not check: for ever, in a sound ledger.
    pub async fn faulty(&self) {
        let mut fault = self.shared.fault.subscribe();
        // The sender lives in the service.
        if fault.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The log's verifier key, as a C2SP key line.
    pub fn verifier_key(&self) -> &str {
        &self.shared.verifier
    }

    /// Agencies, practitioners and feeds as registered today.
    pub fn registry(&self) -> registry::Registry {
        self.shared.registry()
    }

    /// Ends subscriptions, and refuses what has not been queued yet.
    pub fn begin_stop(&self) {
        self.shared.stopping.send_replace(true);
    }

    /// Finishes what is queued, syncs the head file, ends the writer. The stop counts as clean only if all of that
    /// worked; otherwise the next start writes a *reopened* entry.
    ///
    /// # Errors
    /// [`Refused::InDoubt`] when a commit had ended in doubt; [`Refused::Store`] when the writer died.
    pub async fn stop(&self) -> Result<(), Refused> {
        self.begin_stop();
        let left = self
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(left);
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(thread) = thread else { return Ok(()) };
        let queue = self.queue.clone();
        read::blocking(move || {
            // A full queue makes this wait for the writer; a writer that is gone needs no message.
            drop(queue.send(Message::Stop));
            thread
                .join()
                .map_err(|_panic| Refused::Store("the writer died".to_owned()))
        })
        .await?;
        if self
            .shared
            .poisoned
            .load(std::sync::atomic::Ordering::SeqCst)
        {
            return Err(Refused::InDoubt);
        }
        start::clear_marker(&self.marker).map_err(|error| Refused::Store(error.to_string()))
    }
}
