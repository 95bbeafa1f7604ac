//! The asynchronous half of an append: prepare off the writer's path, queue, wait, prove.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::TrySendError;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::digest::TreeHash;

use super::Service;
use super::access::Caller;
use super::append::{Answered, Job, Message, Placement};
use super::error::Refused;
use super::limits;
use super::prepare::{self, Context, Prepared, Submission};
use super::shared::{Head, Shared, timestamp};

/// The proof that an event was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where it stands.
    pub placement: Placement,
    /// A signed checkpoint of a tree that holds it.
    pub checkpoint: Arc<SignedCheckpoint>,
    /// Size of that tree.
    pub size: u64,
    /// Inclusion proof in that tree, hash next to the leaf first.
    pub path: Vec<TreeHash>,
}

/// A request that is checked and committed to, and not yet queued.
pub struct Ready {
    job: Box<Job>,
    wait: oneshot::Receiver<Answered>,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// A request that was not queued.
#[derive(Debug)]
pub struct NotQueued {
    /// Why.
    pub refused: Refused,
    /// The request as it was, when trying again may help.
    pub again: Option<Ready>,
}

/// An append that is queued: wait for it, or drop it (it is committed or not all the same).
#[derive(Debug)]
pub struct Queued {
    answer: oneshot::Receiver<Answered>,
}

impl Service {
    /// Appends one event and waits until it is durable.
    ///
    /// `within` is how long the call may still take; an event whose time is up before it is sealed is not appended.
    ///
    /// # Errors
    /// [`Refused`]; nothing was appended, except that after [`Refused::InDoubt`] it may have been.
    pub async fn append(
        &self,
        caller: &Caller,
        submission: Submission,
        within: Duration,
    ) -> Result<Receipt, Refused> {
        let queued = self
            .enqueue(caller, vec![submission], false, within)
            .await?;
        let mut receipts = self.receipts(queued).await?;
        receipts.pop().ok_or(Refused::InDoubt)
    }

    /// Appends all events, in this order and in one commit, or none.
    ///
    /// # Errors
    /// [`Refused::Batch`] naming the event that was refused; others as for [`Service::append`].
    pub async fn append_batch(
        &self,
        caller: &Caller,
        submissions: Vec<Submission>,
        within: Duration,
    ) -> Result<Vec<Receipt>, Refused> {
        if submissions.is_empty() {
            return Err(Refused::field("events", "is empty; send at least one"));
        }
        if submissions.len() > limits::BATCH_EVENTS {
            return Err(Refused::TooMany {
                what: "the batch",
                actual: submissions.len(),
                limit: limits::BATCH_EVENTS,
            });
        }
        let queued = self.enqueue(caller, submissions, true, within).await?;
        self.receipts(queued).await
    }

    /// Checks a request and puts it into the writer's queue, without waiting for the commit. Requests that one task
    /// queues one after the other are sealed in that order.
    ///
    /// # Errors
    /// [`Refused`]; nothing was queued.
    pub async fn enqueue(
        &self,
        caller: &Caller,
        submissions: Vec<Submission>,
        is_batch: bool,
        within: Duration,
    ) -> Result<Queued, Refused> {
        let ready = self.ready(caller, submissions, is_batch, within).await?;
        self.queue(ready).map_err(|not| not.refused)
    }

    /// The first half of [`Service::enqueue`]: all that can be decided before the queue.
    ///
    /// # Errors
    /// [`Refused`]; nothing was queued.
    pub async fn ready(
        &self,
        caller: &Caller,
        submissions: Vec<Submission>,
        is_batch: bool,
        within: Duration,
    ) -> Result<Ready, Refused> {
        if within.is_zero() {
            return Err(Refused::DeadlinePassed);
        }
        if *self.shared.stopping.borrow() {
            return Err(Refused::Stopping);
        }
        if self.shared.poisoned.load(Ordering::SeqCst) {
            return Err(Refused::InDoubt);
        }
        let deadline = Some(self.shared.clock.monotonic().saturating_add(within));
        let (shared, caller) = (Arc::clone(&self.shared), caller.clone());
        let bytes: usize = submissions
            .iter()
            .map(|submission| submission.event.len())
            .sum();
        let prepare = move || prepare_all(&shared, &caller, submissions, is_batch);
        // A small event is prepared in microseconds: not worth a trip to another thread.
        let items = if bytes <= limits::PREPARE_INLINE_BYTES {
            prepare()?
        } else {
            let done = tokio::task::spawn_blocking(prepare).await;
            done.map_err(|_stopped| Refused::Stopping)??
        };
        let (answer, wait) = oneshot::channel();
        let job = Job {
            items,
            is_batch,
            bytes,
            deadline,
            answer,
        };
        let job = Box::new(job);
        Ok(Ready { job, wait })
    }

    /// The second half of [`Service::enqueue`]. What a full queue refuses comes back, to be tried again as it is.
    ///
    /// # Errors
    /// [`Refused::QueueFull`] with the request, [`Refused::Stopping`]; nothing was queued.
    pub fn queue(&self, ready: Ready) -> Result<Queued, Box<NotQueued>> {
        let Ready { job, wait } = ready;
        match self.push(job) {
            Ok(()) => Ok(Queued { answer: wait }),
            Err((refused, job)) => {
                let again = job.map(|job| Ready { job, wait });
                Err(Box::new(NotQueued { refused, again }))
            }
        }
    }

    /// Waits for a queued append and proves each of its events.
    ///
    /// # Errors
    /// [`Refused`] as the writer answered.
    pub async fn receipts(&self, queued: Queued) -> Result<Vec<Receipt>, Refused> {
        // The writer answers every job it takes; it drops them only when it has stopped.
        let answered = queued.answer.await;
        let placements = answered.map_err(|_dropped| Refused::Stopping)?.outcome?;
        let head = self.shared.head();
        placements
            .into_iter()
            .map(|placement| prove(&self.shared, &head, placement))
            .collect()
    }

    /// Waits for a queued append of one event. Dropping this call and calling again loses nothing.
    ///
    /// # Errors
    /// [`Refused`] as the writer answered.
    pub async fn receipt(&self, queued: &mut Queued) -> Result<Receipt, Refused> {
        let answered = (&mut queued.answer).await;
        let placements = answered.map_err(|_dropped| Refused::Stopping)?.outcome?;
        let placement = placements.into_iter().next().ok_or(Refused::InDoubt)?;
        prove(&self.shared, &self.shared.head(), placement)
    }

    fn push(&self, job: Box<Job>) -> Result<(), (Refused, Option<Box<Job>>)> {
        let bytes = job.bytes;
        let full = Refused::QueueFull {
            retry: limits::RETRY_QUEUE,
        };
        let before = self.shared.queued_bytes.fetch_add(bytes, Ordering::SeqCst);
        let sent = if before.saturating_add(bytes) > limits::QUEUE_BYTES {
            Err((full, Some(job)))
        } else {
            let sent = self.queue.try_send(Message::Append(job));
            sent.map_err(|error| match error {
                TrySendError::Full(Message::Append(job)) => (full, Some(job)),
                TrySendError::Full(Message::Stop) | TrySendError::Disconnected(_) => {
                    (Refused::Stopping, None)
                }
            })
        };
        if sent.is_err() {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::SeqCst);
        }
        sent
    }
}

fn prepare_all(
    shared: &Shared,
    caller: &Caller,
    submissions: Vec<Submission>,
    is_batch: bool,
) -> Result<Vec<Prepared>, Refused> {
    let now = u64::try_from(shared.clock.wall()).unwrap_or(0);
    let context = Context {
        origin: &shared.origin,
        decoder: shared.decoder,
        singular: &shared.singular,
        now: timestamp(now),
        guess_tag: &|id| shared.case_tag(id),
        guess_backload: &|agency, reported| shared.is_backload(agency, reported),
    };
    let numbered = submissions.into_iter().enumerate();
    let prepared = numbered.map(|(index, submission)| {
        prepare::prepare(&context, caller, submission).map_err(|cause| {
            if is_batch {
                let cause = Box::new(cause);
                Refused::Batch { index, cause }
            } else {
                cause
            }
        })
    });
    prepared.collect()
}

/// The receipt of an entry under a head that holds it.
fn prove(shared: &Shared, head: &Head, placement: Placement) -> Result<Receipt, Refused> {
    let path = shared.tree().inclusion(placement.position, head.size);
    let path = path.ok_or(Refused::InDoubt)?;
    Ok(Receipt {
        placement,
        checkpoint: Arc::clone(&head.signed),
        size: head.size,
        path,
    })
}
