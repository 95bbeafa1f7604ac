//! Reading entries: one, a case in order, and everything from a position on.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::domain::id::{AgencyId, CaseId, EventId};
use crate::journal::Stored;
use crate::ledger::content::Content;
use crate::ledger::digest::ChainTag;
use crate::ledger::entry::{Chain, SealedEntry};

use super::Service;
use super::error::Refused;
use super::limits;
use super::shared::{Shared, decode};

/// What can be said of an entry's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It is what was sealed.
    Proven(Box<Content>),
    /// Its ciphertext is intact and its key was destroyed.
    Erased,
}

/// An entry as it is shown to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The sealed entry.
    pub entry: SealedEntry,
    /// Its content.
    pub shown: Shown,
    /// The case, for an entry of a case.
    pub case_id: Option<CaseId>,
}

/// How to name one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By number in the ledger.
    Position(u64),
    /// By number in a case.
    InCase(CaseId, u64),
    /// By the event id that an agency gave.
    Event(AgencyId, EventId),
}

/// Entries on their way to a reader; ends at the end, or with one refusal.
pub type Entries = mpsc::Receiver<Result<Read, Refused>>;

impl Service {
    /// One entry.
    ///
    /// # Errors
    /// [`Refused::UnknownCase`], [`Refused::UnknownEntry`]; [`Refused::Damaged`] when stored bytes do not check.
    pub async fn entry(&self, which: Which) -> Result<Read, Refused> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let stored = match which {
                Which::Position(position) => shared.journal.read(position, 1)?,
                Which::InCase(id, seq) => {
                    let tag = shared.case_tag(&id).ok_or(Refused::UnknownCase)?;
                    shared.journal.read_chain(tag.as_bytes(), seq.max(1), 1)?
                }
                Which::Event(agency, id) => {
                    let found = shared.journal.find(agency.as_str(), &id.0)?;
                    shared
                        .journal
                        .read(found.ok_or(Refused::UnknownEntry)?, 1)?
                }
            };
            let first = stored
                .first()
                .filter(|stored| stored.position < shared.size());
            shared.show(decode(first.ok_or(Refused::UnknownEntry)?)?)
        })
        .await
    }

    /// The entries of a case from number `from_seq` on, at most `limit` (0 = all there are now).
    ///
    /// # Errors
    /// [`Refused::UnknownCase`].
    pub fn read_case(&self, id: &CaseId, from_seq: u64, limit: u64) -> Result<Entries, Refused> {
        let tag = self.shared.case_tag(id).ok_or(Refused::UnknownCase)?;
        let shared = Arc::clone(&self.shared);
        let (to, entries) = mpsc::channel(limits::SUBSCRIBE_BUFFER);
        let end = shared.size();
        let mut left = if limit == 0 { u64::MAX } else { limit };
        let mut next = from_seq.max(1);
        tokio::spawn(async move {
            while left > 0 {
                let page = shared.page_of_case(tag, next, end).await;
                let Some(page) = deliver_refusal(page, &to).await else {
                    return;
                };
                if page.is_empty() {
                    return;
                }
                for read in page
                    .into_iter()
                    .take(usize::try_from(left).unwrap_or(usize::MAX))
                {
                    next = read.entry.case_seq().saturating_add(1);
                    left = left.saturating_sub(1);
                    if to.send(Ok(read)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(entries)
    }

    /// Every entry from position `from` on, those of the access chain left out: first those there are, then, unless
    /// `stop_at_end`, those to come, each once it is durable and none skipped. A slow reader slows only itself.
    ///
    /// # Errors
    /// [`Refused::UnknownCase`] when it is asked for one case that there is not.
    pub fn subscribe(
        &self,
        from: u64,
        only: Option<&CaseId>,
        stop_at_end: bool,
    ) -> Result<Entries, Refused> {
        let known = |id| self.shared.case_tag(id).ok_or(Refused::UnknownCase);
        let tag = only.map(known).transpose()?;
        let shared = Arc::clone(&self.shared);
        let (to, entries) = mpsc::channel(limits::SUBSCRIBE_BUFFER);
        tokio::spawn(async move { follow(&shared, from, tag, stop_at_end, &to).await });
        Ok(entries)
    }
}

/// Delivers from `next` on until the reader goes away, the service stops, or (if so asked) the end is reached.
async fn follow(
    shared: &Arc<Shared>,
    mut next: u64,
    only: Option<ChainTag>,
    stop_at_end: bool,
    to: &mpsc::Sender<Result<Read, Refused>>,
) {
    let mut head = shared.head.subscribe();
    let mut stopping = shared.stopping.subscribe();
    loop {
        // The size is read first and the journal after it, so a commit in between is seen in the next round.
        let end = head.borrow_and_update().size;
        while next < end {
            let page = shared.page(next, end, only).await;
            let Some((page, reached)) = deliver_refusal(page, to).await else {
                return;
            };
            for read in page {
                if to.send(Ok(read)).await.is_err() {
                    return;
                }
            }
            next = reached;
        }
        if stop_at_end {
            return;
        }
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return },
            () = stopped(&mut stopping) => {
                deliver_refusal(Err::<(), _>(Refused::Stopping), to).await;
                return;
            }
            () = to.closed() => return,
        }
    }
}

/// Waits until the service stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the service is gone, which is a stop too.
    drop(stopping.wait_for(|stop| *stop).await);
}

/// The value; or none after the refusal was handed to the reader.
async fn deliver_refusal<T>(
    result: Result<T, Refused>,
    to: &mpsc::Sender<Result<Read, Refused>>,
) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(refused) => {
            drop(to.send(Err(refused)).await);
            None
        }
    }
}

/// Runs blocking work on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_stopped| Refused::Stopping)?
}

impl Shared {
    /// An entry with its content, if that still has a key.
    ///
    /// # Errors
    /// [`Refused::Damaged`] when the content is not what was sealed.
    pub(super) fn show(&self, entry: SealedEntry) -> Result<Read, Refused> {
        if !entry.content_intact() {
            return Err(Refused::Damaged {
                position: entry.position(),
            });
        }
        let shown = match self.open(&entry)? {
            Some(content) => Shown::Proven(Box::new(content)),
            None => Shown::Erased,
        };
        let case_id = self.case_id(entry.tag());
        Ok(Read {
            entry,
            shown,
            case_id,
        })
    }

    async fn page_of_case(
        self: &Arc<Self>,
        tag: ChainTag,
        from_seq: u64,
        end: u64,
    ) -> Result<Vec<Read>, Refused> {
        let shared = Arc::clone(self);
        blocking(move || {
            let page =
                shared
                    .journal
                    .read_chain(tag.as_bytes(), from_seq, limits::SUBSCRIBE_PAGE)?;
            let durable = page.iter().filter(|stored| stored.position < end);
            durable.map(|stored| shared.show(decode(stored)?)).collect()
        })
        .await
    }

    /// Entries from position `from` on, of this chain or of all but the access chain, and the position reached.
    async fn page(
        self: &Arc<Self>,
        from: u64,
        end: u64,
        only: Option<ChainTag>,
    ) -> Result<(Vec<Read>, u64), Refused> {
        let shared = Arc::clone(self);
        blocking(move || {
            let stored = shared.journal.read(from, limits::SUBSCRIBE_PAGE)?;
            let stored: Vec<&Stored> = stored
                .iter()
                .filter(|stored| stored.position < end)
                .collect();
            let reached = stored
                .last()
                .ok_or(Refused::Damaged { position: from })?
                .position;
            let mut page = Vec::with_capacity(stored.len());
            for stored in stored {
                let entry = decode(stored)?;
                let wanted = match only {
                    Some(tag) => *entry.tag() == tag,
                    None => entry.kind().chain() != Chain::Access,
                };
                if wanted {
                    page.push(shared.show(entry)?);
                }
            }
            Ok((page, reached.saturating_add(1)))
        })
        .await
    }
}
