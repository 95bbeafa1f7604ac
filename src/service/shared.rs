//! What the writer and the readers share: the ports, the tree, the directory of cases, the registry and the newest
//! checkpoint. The writer changes it after a commit is durable; readers see a consistent pair of size and checkpoint.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::domain::id::{AgencyId, CaseId};
use crate::journal::{Journal, Mark, ReadError, Stored};
use crate::ledger::chain::ChainHead;
use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::content::{Content, EntryKey};
use crate::ledger::digest::{ChainTag, Link, TreeHash};
use crate::ledger::entry::{EntryKind, SealedEntry};
use crate::ledger::fields::Singular;
use crate::ledger::statement::Origin;
use crate::ledger::tree::MemoryTree;
use crate::vault::Vault;
use crate::vault::derive::NoKey;

use super::clock::Clock;
use super::error::Refused;
use super::overlay::Overlay;
use super::prepare::Decoder;
use super::registry::{Registry, Reported};
use super::signer::Signer;
use super::start::StartError;

/// The newest signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Entries in the ledger.
    pub size: u64,
    /// Root of the tree over them.
    pub root: TreeHash,
    /// The signed checkpoint.
    pub signed: Arc<SignedCheckpoint>,
}

/// The state that all parts of the service share.
pub(super) struct Shared {
    pub(super) origin: Origin,
    pub(super) singular: Singular,
    pub(super) decoder: Decoder,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) clock: Arc<dyn Clock>,
    /// The log's verifier key line.
    pub(super) verifier: String,
    pub(super) head: watch::Sender<Head>,
    pub(super) stopping: watch::Sender<bool>,
    pub(super) poisoned: AtomicBool,
    /// What does not check of the record, found while it is served.
    pub(super) fault: watch::Sender<Option<Arc<StartError>>>,
    pub(super) queued_bytes: AtomicUsize,
    pub(super) tree: RwLock<MemoryTree>,
    pub(super) cases: RwLock<Cases>,
    pub(super) registry: RwLock<Registry>,
}

/// Case ids and the tags of their chains, both ways. Held in memory only: case ids are content.
#[derive(Debug, Default)]
pub(super) struct Cases {
    tags: BTreeMap<CaseId, ChainTag>,
    ids: BTreeMap<ChainTag, CaseId>,
    order: Vec<CaseId>,
}

impl Cases {
    pub(super) fn insert(&mut self, id: CaseId, tag: ChainTag) {
        self.order.push(id.clone());
        self.ids.insert(tag, id.clone());
        self.tags.insert(id, tag);
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged { position, .. } => Self::Damaged { position },
            ReadError::Store { doing, .. } => Self::Store(format!("{doing} failed")),
        }
    }
}

impl Shared {
    /// Entries that are durable and signed for.
    pub(super) fn size(&self) -> u64 {
        self.head.borrow().size
    }

    /// The newest checkpoint.
    pub(super) fn head(&self) -> Head {
        self.head.borrow().clone()
    }

    /// A read of the tree.
    pub(super) fn tree(&self) -> RwLockReadGuard<'_, MemoryTree> {
        read(&self.tree)
    }

    /// The registry as it stands.
    pub(super) fn registry(&self) -> Registry {
        read(&self.registry).clone()
    }

    pub(super) fn is_backload(&self, agency: &AgencyId, reported: &Reported) -> bool {
        read(&self.registry).is_backload(agency, reported)
    }

    /// The tag of a case's chain.
    pub(super) fn case_tag(&self, id: &CaseId) -> Option<ChainTag> {
        read(&self.cases).tags.get(id).copied()
    }

    /// The case whose chain has this tag.
    pub(super) fn case_id(&self, tag: &ChainTag) -> Option<CaseId> {
        read(&self.cases).ids.get(tag).cloned()
    }

    /// Every case, in order of opening.
    pub(super) fn case_ids(&self) -> Vec<CaseId> {
        read(&self.cases).order.clone()
    }

    /// The entry at a position.
    ///
    /// # Errors
    /// [`Refused::UnknownEntry`]; [`Refused::Damaged`] when its bytes do not check.
    pub(super) fn entry(&self, position: u64) -> Result<SealedEntry, Refused> {
        let page = self.journal.read(position, 1)?;
        decode(page.first().ok_or(Refused::UnknownEntry)?)
    }

    /// The head of a chain, from the journal.
    ///
    /// # Errors
    /// [`Refused`] when the journal cannot be read.
    pub(super) fn chain_head(&self, tag: ChainTag) -> Result<ChainHead, Refused> {
        let seq = self.journal.chain_len(tag.as_bytes())?;
        if seq == 0 {
            return Ok(ChainHead::genesis(&self.origin, tag));
        }
        let page = self.journal.read_chain(tag.as_bytes(), seq, 1)?;
        let entry = decode(page.first().ok_or(Refused::UnknownEntry)?)?;
        Ok(ChainHead::at(entry.parsed()))
    }

    /// The link of one entry of a chain.
    ///
    /// # Errors
    /// [`Refused::UnknownEntry`]; [`Refused`] when the journal cannot be read.
    pub(super) fn link_at(&self, tag: &ChainTag, seq: u64) -> Result<Link, Refused> {
        let page = self.journal.read_chain(tag.as_bytes(), seq, 1)?;
        Ok(decode(page.first().ok_or(Refused::UnknownEntry)?)?.link())
    }

    /// The key under which the entry at this position is sealed.
    ///
    /// # Errors
    /// [`Refused::Store`] when there is none: a position is never sealed under a key that was destroyed.
    pub(super) fn key_to_seal(&self, position: u64) -> Result<EntryKey, Refused> {
        let none = |none: NoKey| Refused::Store(format!("position {position}: {none}"));
        self.vault.key(position).map_err(none)
    }

    /// Content of an entry; `None` when its key is gone.
    ///
    /// # Errors
    /// [`Refused::Damaged`] when it is not what was sealed.
    pub(super) fn open(&self, entry: &SealedEntry) -> Result<Option<Content>, Refused> {
        let position = entry.position();
        let Some(key) = kept(self.vault.key(position))? else {
            return Ok(None);
        };
        entry
            .open(&key)
            .map(Some)
            .map_err(|_not_what_was_sealed| Refused::Damaged { position })
    }

    /// Takes a durable commit into the tree and signs the new head, which nobody is shown yet.
    ///
    /// # Errors
    /// [`Refused`] when the tree does not fit the journal any more.
    pub(super) fn extend(&self, commit: &Overlay, signer: &Signer) -> Result<Head, Refused> {
        // Hashed and signed outside the lock, which receipts wait for.
        let leaves: Vec<TreeHash> = commit
            .staged
            .iter()
            .map(|staged| staged.entry.leaf_hash())
            .collect();
        let marks = leaves
            .iter()
            .zip(&commit.staged)
            .map(|(leaf, staged)| Mark {
                leaf: *leaf.as_bytes(),
                is_landmark: is_landmark(&staged.entry),
            });
        let marks: Vec<Mark> = marks.collect();
        let (size, root) = {
            let mut tree = write(&self.tree);
            for leaf in leaves {
                tree.append(leaf);
            }
            (tree.size(), tree.root())
        };
        let from = size.saturating_sub(marks.len() as u64);
        self.journal.remember(from, &marks);
        signer
            .sign(size, root)
            .map_err(|error| Refused::Store(error.to_string()))
    }

    /// Shows a commit and its head to readers and wakes followers. Whoever finds a case of it in the directory finds a
    /// head that has its entries.
    pub(super) fn publish(&self, commit: &mut Overlay, head: Head) {
        // Held until the head is there, and only when a case was opened: readers need not wait for other commits.
        let mut cases = (!commit.opened.is_empty()).then(|| write(&self.cases));
        for (id, tag) in commit.opened.drain(..) {
            if let Some(cases) = &mut cases {
                cases.insert(id, tag);
            }
        }
        if let Some(registry) = commit.registry.take() {
            *write(&self.registry) = registry;
        }
        self.head.send_replace(head);
    }
}

/// Whether a start must read this entry, however much it knows of the others: it opens a case, is of the registry, or
/// orders an erasure.
pub(super) fn is_landmark(entry: &SealedEntry) -> bool {
    let kind = entry.kind();
    let opens = kind == EntryKind::CaseEvent && entry.case_seq() == 1;
    opens || kind == EntryKind::RegistryEvent || kind == EntryKind::ErasureOrder
}

/// The key of an entry, of what the vault answered; `None` when it was destroyed.
///
/// # Errors
/// [`Refused::Store`] when the vault has no seed for it.
pub(super) fn kept(key: Result<EntryKey, NoKey>) -> Result<Option<EntryKey>, Refused> {
    match key {
        Ok(key) => Ok(Some(key)),
        Err(NoKey::Erased) => Ok(None),
        Err(none @ NoKey::NotYet) => Err(Refused::Store(none.to_string())),
    }
}

/// An appended time as an instant. Times beyond what can be shown become the last one that can.
pub(super) fn timestamp(micros: u64) -> Timestamp {
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// An entry from its stored bytes.
///
/// # Errors
/// [`Refused::Damaged`] when they are no entry, or another one.
pub(super) fn decode(stored: &Stored) -> Result<SealedEntry, Refused> {
    let damaged = Refused::Damaged {
        position: stored.position,
    };
    match SealedEntry::decode(&stored.bytes) {
        Ok(entry) if entry.position() == stored.position => Ok(entry),
        Ok(_) | Err(_) => Err(damaged),
    }
}
