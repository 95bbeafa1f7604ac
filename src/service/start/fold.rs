//! One pass over the stored entries: each is verified, and what a service holds in memory is collected.

use std::collections::BTreeMap;

use crate::domain::check::Refusal;
use crate::domain::event::CaseEvent;
use crate::journal::Stored;
use crate::ledger::chain::{Break, ChainWalk};
use crate::ledger::codec::DecodeError;
use crate::ledger::digest::{ChainTag, TreeHash};
use crate::ledger::entry::{EntryKind, SealedEntry};
use crate::ledger::tree::MemoryTree;
use crate::service::limits;
use crate::service::registry::Registry;
use crate::service::shared::{Cases, timestamp};
use crate::vault::derive::NoKey;

use super::{Parts, StartError};

/// Everything that is folded from the entries while they are verified.
pub(super) struct Fold<'a> {
    parts: &'a Parts,
    pub(super) tree: MemoryTree,
    /// When the newest entry was sealed, microseconds UTC; 0 without one.
    pub(super) appended: u64,
    /// Every erasure order.
    pub(super) orders: Vec<SealedEntry>,
    /// Positions whose key was destroyed.
    pub(super) keyless: Vec<u64>,
    chains: BTreeMap<ChainTag, ChainWalk>,
    kept: Vec<Kept>,
}

/// An event whose content is held in memory: an opening of a case, or one of the registry.
struct Kept {
    position: u64,
    kind: EntryKind,
    tag: ChainTag,
    appended: u64,
    event: CaseEvent,
}

impl<'a> Fold<'a> {
    /// Verifies the first `size` entries; `progress` is told (entries checked, entries in all).
    ///
    /// # Errors
    /// [`StartError::Damaged`] naming the entry, [`StartError::Store`].
    pub(super) fn of_all(
        parts: &'a Parts,
        size: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StartError> {
        let mut fold = Self {
            parts,
            tree: MemoryTree::new(),
            appended: 0,
            orders: Vec::new(),
            keyless: Vec::new(),
            chains: BTreeMap::new(),
            kept: Vec::new(),
        };
        let read = |from: u64| {
            let limit = usize::try_from(size.saturating_sub(from)).unwrap_or(usize::MAX);
            let page = parts.journal.read(from, limit.min(limits::START_PAGE));
            page.map_err(|error| StartError::Store(error.into()))
        };
        let mut page = read(0)?;
        while fold.tree.size() < size {
            if page.is_empty() {
                let (position, what) = (fold.tree.size(), "it is missing".to_owned());
                return Err(StartError::Damaged { position, what });
            }
            // The next page is read while this one is looked at.
            let after = page
                .last()
                .map_or(0, |last| last.position.saturating_add(1));
            let (seen, next) = std::thread::scope(|scope| {
                let next = scope.spawn(|| read(after));
                (
                    look_at_all(&page),
                    next.join().unwrap_or_else(|_panic| read(after)),
                )
            });
            for (stored, seen) in page.iter().zip(seen) {
                fold.take(stored, seen)
                    .map_err(|what| StartError::Damaged {
                        position: stored.position,
                        what: what.to_string(),
                    })?;
            }
            progress(fold.tree.size(), size);
            page = next?;
        }
        Ok(fold)
    }

    /// The directory of cases and the registry, of what still has its key: to be called after the erasures.
    ///
    /// # Errors
    /// [`StartError::Damaged`] when a key is missing that was never destroyed.
    pub(super) fn learned(self) -> Result<(MemoryTree, Cases, Registry), StartError> {
        let (mut cases, mut registry) = (Cases::default(), Registry::default());
        for kept in self.kept {
            match self.parts.vault.key(kept.position) {
                Err(NoKey::Erased) => continue,
                Err(none @ NoKey::NotYet) => {
                    return Err(StartError::Damaged {
                        position: kept.position,
                        what: none.to_string(),
                    });
                }
                Ok(_) => {}
            }
            if kept.kind == EntryKind::RegistryEvent {
                registry.apply(&kept.event, timestamp(kept.appended));
            } else if let Some(id) = kept.event.case_id {
                cases.insert(id, kept.tag);
            }
        }
        Ok((self.tree, cases, registry))
    }

    fn take(&mut self, stored: &Stored, seen: Result<Seen, DecodeError>) -> Result<(), Fault> {
        let Seen {
            entry,
            leaf,
            intact,
        } = seen?;
        if entry.position() != self.tree.size() || stored.position != self.tree.size() {
            return Err(Fault::Position);
        }
        // One time a commit, and strictly later in the next one.
        let later = entry.appended() > self.appended;
        let first = stored.commit == stored.position;
        if (first && !later && stored.position > 0) || (!first && entry.appended() != self.appended)
        {
            return Err(Fault::Time);
        }
        if !intact {
            return Err(Fault::Content);
        }
        let tag = *entry.tag();
        let start = || ChainWalk::new(&self.parts.origin, tag);
        self.chains
            .entry(tag)
            .or_insert_with(start)
            .next(entry.parsed())?;
        self.appended = entry.appended();
        self.tree.append(leaf);
        self.keep(entry)
    }

    /// Looks whether the entry has its key, and keeps openings of cases, the registry and erasure orders.
    fn keep(&mut self, entry: SealedEntry) -> Result<(), Fault> {
        let (position, kind) = (entry.position(), entry.kind());
        let key = match self.parts.vault.key(position) {
            Ok(key) => Some(key),
            Err(NoKey::Erased) => None,
            Err(NoKey::NotYet) => return Err(Fault::NoSeed),
        };
        if key.is_none() {
            self.keyless.push(position);
        }
        if kind == EntryKind::ErasureOrder {
            self.orders.push(entry);
            return Ok(());
        }
        let opening = kind == EntryKind::CaseEvent && entry.case_seq() == 1;
        if !opening && kind != EntryKind::RegistryEvent {
            return Ok(());
        }
        let Some(key) = key else { return Ok(()) };
        let content = entry
            .open(&key)
            .map_err(|_not_what_was_sealed| Fault::Sealed)?;
        self.kept.push(Kept {
            position,
            kind,
            tag: *entry.tag(),
            appended: entry.appended(),
            event: (self.parts.decoder)(&content.event)?,
        });
        Ok(())
    }
}

/// What one entry shows by itself, whatever stands around it.
struct Seen {
    entry: SealedEntry,
    leaf: TreeHash,
    /// The content is what the header commits to.
    intact: bool,
}

fn look(stored: &Stored) -> Result<Seen, DecodeError> {
    let entry = SealedEntry::decode(&stored.bytes)?;
    Ok(Seen {
        leaf: entry.leaf_hash(),
        intact: entry.content_intact(),
        entry,
    })
}

/// Looks at entries on all cores, in order.
fn look_at_all(page: &[Stored]) -> Vec<Result<Seen, DecodeError>> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = page.len().div_ceil(cores).max(1);
    let look_at = |part: &[Stored]| part.iter().map(look).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let parts: Vec<_> = page
            .chunks(share)
            .map(|part| (part, scope.spawn(move || look_at(part))))
            .collect();
        parts
            .into_iter()
            .flat_map(|(part, seen)| seen.join().unwrap_or_else(|_panic| look_at(part)))
            .collect()
    })
}

/// What does not check in a stored entry.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Form(#[from] DecodeError),
    #[error(transparent)]
    Chain(#[from] Break),
    #[error("it stands at another position than it says")]
    Position,
    #[error("its appended time does not fit those around it")]
    Time,
    #[error("its content is not what was sealed")]
    Content,
    #[error(
        "its key does not open its content: the key file is another ledger's; restore the one of this ledger"
    )]
    Sealed,
    #[error("its event cannot be read: {0}")]
    Event(#[from] Refusal),
    #[error("the key file has no seed for it: it is older than the store; restore its other copy")]
    NoSeed,
}
