//! The single writer: bounded queue → one commit → settle repeats → admit → one appended time → seal → journal → sign →
//! head file → answers.
//!
//! Everything that decides about an append happens on one thread, so there is nothing to lock and nothing to race.
//! *Acknowledged means durable*: an answer is sent only after the journal has synced and the head file holds the
//! checkpoint. When the outcome of a commit is unknown the writer answers `InDoubt`, and refuses everything until a
//! restart has re-read the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::journal::error::Cause;
use crate::journal::head::HeadFile;
use crate::journal::{AppendError, ReadError, Record};
use crate::ledger::chain::ChainHead;
use crate::ledger::digest::{ChainTag, Link};
use crate::ledger::entry::SealedEntry;

use super::clock::Guard;
use super::error::Refused;
use super::limits;
use super::overlay::Overlay;
use super::prepare::{Deadline, Prepared};
use super::shared::Shared;
use super::signer::Signer;

/// Where an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Number in the whole ledger, from 0.
    pub position: u64,
    /// Number in its chain, from 1.
    pub case_seq: u64,
    /// Tag of its chain.
    pub tag: ChainTag,
    /// Link of the chain at this entry.
    pub link: Link,
    /// Appended time, microseconds UTC.
    pub appended: u64,
    /// It stood there already: the same event was sent before.
    pub repeat: bool,
}

impl Placement {
    /// Where a sealed entry stands.
    pub fn of(entry: &SealedEntry) -> Self {
        Self {
            position: entry.position(),
            case_seq: entry.case_seq(),
            tag: *entry.tag(),
            link: entry.link(),
            appended: entry.appended(),
            repeat: false,
        }
    }
}

/// One request that waits for the writer.
pub(super) struct Job {
    pub(super) items: Vec<Prepared>,
    pub(super) is_batch: bool,
    pub(super) bytes: usize,
    pub(super) deadline: Deadline,
    pub(super) answer: oneshot::Sender<Answered>,
}

/// What the writer says to a request.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) outcome: Result<Vec<Placement>, Refused>,
    /// What was prepared goes back to who prepared it: dropping it takes longer than many another step of the writer.
    _spent: Vec<Prepared>,
}

/// What the writer thread is sent.
pub(super) enum Message {
    /// One request.
    Append(Box<Job>),
    /// Finish what is queued, sync the head file and end.
    Stop,
}

/// The writer's own state. Nobody else has it.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) guard: Guard,
    pub(super) signer: Signer,
    pub(super) head_file: HeadFile,
    /// This start of the machine, as it stands beside each checkpoint in the head file.
    pub(super) boot_id: [u8; 16],
    pub(super) unsynced_since: Option<Duration>,
    /// Heads of chains as they are stored, of those written to lately.
    pub(super) heads: BTreeMap<ChainTag, ChainHead>,
    /// Why everything is refused, once it is.
    pub(super) doubt: Option<Cause>,
    /// The indexes were waited for in vain, and have had no room since.
    pub(super) indexes_stand: bool,
}

impl Writer {
    /// Runs until it is told to stop or every sender is gone.
    pub(super) fn run(mut self, queue: &Receiver<Message>) {
        loop {
            match queue.recv_timeout(self.sync_due_in()) {
                Ok(Message::Append(first)) => {
                    let (jobs, stop) = drain(*first, queue);
                    self.commit(jobs);
                    if stop {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.sync_head(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.sync_due_in().is_zero() {
                self.sync_head();
            }
        }
        self.sync_head();
    }

    /// How long the head file may still wait for its sync.
    fn sync_due_in(&self) -> Duration {
        time_left(self.unsynced_since, self.shared.clock.monotonic())
    }

    /// One commit: every job is answered, whatever happens.
    fn commit(&mut self, jobs: Vec<Job>) {
        let bytes: usize = jobs.iter().map(|job| job.bytes).sum();
        self.shared.queued_bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.wait_for_indexes(jobs.iter().map(|job| job.items.len()).sum());
        if self.shared.poisoned.load(Ordering::SeqCst) {
            return jobs
                .into_iter()
                .for_each(|job| answer(job.answer, Err(Refused::InDoubt), job.items));
        }
        if let Err(error) = self.shared.vault.ensure(self.shared.size()) {
            let cause: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(error = cause, "no key for what is to be appended");
            let refused = Refused::Store(error.to_string());
            return jobs
                .into_iter()
                .for_each(|job| answer(job.answer, Err(refused.clone()), job.items));
        }
        let now = self.shared.clock.monotonic();
        let time = self.guard.next(self.shared.clock.as_ref());
        let mut commit = Overlay::default();
        // A refusal may rest on what this commit has staged, so it too is told only when that is durable.
        let mut waiting = Vec::with_capacity(jobs.len());
        for job in jobs {
            if job.deadline.is_some_and(|deadline| deadline <= now) {
                answer(job.answer, Err(Refused::DeadlinePassed), job.items);
                continue;
            }
            let placed = self.stage(&job.items, job.is_batch, time, &mut commit);
            // A store that failed once answers nothing more, whatever is asked of it.
            if let Err(refused) = &placed
                && let Some(why) = refused.store_failure()
            {
                self.poison(why.into());
            }
            waiting.push((job.answer, placed, job.items));
        }
        let durable = self.make_durable(commit);
        for (to, with, spent) in waiting {
            let outcome = durable.as_ref().map_err(Clone::clone).and(with);
            answer(to, outcome, spent);
        }
    }

    /// Waits for room in the indexes, before anything is decided: who waits for the writer is slowed to their pace, and whose
    /// time is up by then is refused. When there is none for too long, the journal refuses the commit, and those after it
    /// soon, until there is room again. Whoever stops waits once, and nobody
    /// waits for a ledger that appends nothing more.
    fn wait_for_indexes(&mut self, entries: usize) {
        let waits = if self.indexes_stand {
            1
        } else {
            limits::INDEX_WAITS
        };
        for _ in 0..waits {
            if self.shared.poisoned.load(Ordering::SeqCst) {
                return;
            }
            let within = index_wait(self.sync_due_in());
            if self.shared.journal.wait_for_room(entries, within) {
                self.indexes_stand = false;
                return;
            }
            if self.sync_due_in().is_zero() {
                self.sync_head();
            }
            if *self.shared.stopping.borrow() {
                break;
            }
        }
        self.indexes_stand = true;
    }

    /// Journal, tree, checkpoint, head file, followers, in this order.
    pub(super) fn make_durable(&mut self, mut commit: Overlay) -> Result<(), Refused> {
        if commit.staged.is_empty() {
            return Ok(());
        }
        if self.shared.poisoned.load(Ordering::SeqCst) {
            return Err(Refused::InDoubt);
        }
        let size = self.shared.size();
        let records: Vec<Record> = commit
            .staged
            .iter()
            .map(|staged| record(&staged.entry))
            .collect();
        match self.shared.journal.append(size, &records) {
            Ok(_) => {}
            Err(AppendError::IndexLag { .. }) => {
                return Err(Refused::QueueFull {
                    retry: limits::RETRY_QUEUE,
                });
            }
            Err(AppendError::Invalid { what }) => return Err(Refused::Store(what)),
            Err(AppendError::Read(error @ ReadError::Damaged { .. })) => return Err(error.into()),
            Err(
                error @ (AppendError::Read(ReadError::Store { .. })
                | AppendError::HeadMoved { .. }
                | AppendError::Duplicate { .. }
                | AppendError::Poisoned
                | AppendError::InDoubt { .. }),
            ) => return Err(self.poison(error.into())),
        }
        let head = match self.shared.extend(&commit, &self.signer) {
            Ok(head) => head,
            Err(refused) => return Err(self.poison(refused.to_string().into())),
        };
        if let Err(error) = self.head_file.write(self.boot_id, &head.signed) {
            return Err(self.poison(error.into()));
        }
        self.unsynced_since
            .get_or_insert_with(|| self.shared.clock.monotonic());
        self.shared.publish(&mut commit, head);
        if self.heads.len() >= limits::HEADS_KEPT {
            self.heads.clear();
        }
        self.heads.extend(commit.into_heads());
        Ok(())
    }

    /// Refuses everything from now on: what the store kept is read again at the next start.
    fn poison(&mut self, cause: Cause) -> Refused {
        self.shared.poisoned.store(true, Ordering::SeqCst);
        let error: &(dyn std::error::Error + 'static) = &*cause;
        tracing::error!(
            error,
            "a commit ended in doubt: nothing more is appended until the server is restarted"
        );
        self.doubt = Some(cause);
        Refused::InDoubt
    }

    fn sync_head(&mut self) {
        if self.unsynced_since.take().is_some()
            && let Err(error) = self.head_file.sync()
        {
            self.poison(error.into());
        }
    }
}

/// What is left of the time that a written head file may stay unsynced; all of it when nothing is unsynced.
fn time_left(unsynced_since: Option<Duration>, now: Duration) -> Duration {
    let waited = unsynced_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
    limits::HEAD_SYNC.saturating_sub(waited)
}

/// How long the indexes are waited for at once, when the head file is to be synced in so long.
fn index_wait(sync_due_in: Duration) -> Duration {
    limits::INDEX_WAIT.min(sync_due_in)
}

/// The entry as the journal keeps it.
pub(super) fn record(entry: &SealedEntry) -> Record {
    Record {
        position: entry.position(),
        tag: *entry.tag().as_bytes(),
        chain_seq: entry.case_seq(),
        agency: entry.agency().to_owned(),
        event_id: entry.event_id(),
        bytes: entry.encode(),
    }
}

/// Requests that a commit has room for before it must grow.
const DRAINED: usize = 256;

/// Takes what waits, up to the limits of one commit; true when a stop was among it.
fn drain(first: Job, queue: &Receiver<Message>) -> (Vec<Job>, bool) {
    let (mut events, mut bytes) = (first.items.len(), first.bytes);
    let mut jobs = Vec::with_capacity(DRAINED);
    jobs.push(first);
    while events < limits::COMMIT_EVENTS && bytes < limits::COMMIT_BYTES {
        match queue.try_recv() {
            Ok(Message::Append(job)) => {
                events += job.items.len();
                bytes += job.bytes;
                jobs.push(*job);
            }
            Ok(Message::Stop) => return (jobs, true),
            Err(_) => break,
        }
    }
    (jobs, false)
}

/// Answers a caller; one that has gone away does not care.
fn answer(
    to: oneshot::Sender<Answered>,
    outcome: Result<Vec<Placement>, Refused>,
    spent: Vec<Prepared>,
) {
    let answered = Answered {
        outcome,
        _spent: spent,
    };
    drop(to.send(answered));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_of_the_writer_outlasts_the_time_the_head_file_may_stay_unsynced() {
        let ms = Duration::from_millis;
        assert_eq!(time_left(None, ms(70_000)), limits::HEAD_SYNC);
        assert_eq!(time_left(Some(ms(500)), ms(1_400)), ms(100));
        assert_eq!(time_left(Some(ms(500)), ms(1_500)), ms(0));
        assert_eq!(time_left(Some(ms(500)), ms(9_500)), ms(0));
        assert_eq!(index_wait(limits::HEAD_SYNC), limits::INDEX_WAIT);
        assert_eq!(index_wait(ms(100)), ms(100));
    }
}
