//! Checks records from their stored bytes. Checking nothing is never a pass.
//!
//! A [`Checker`] is shown every entry of a ledger in order of position, as bytes, and rehashes all of it: the form of
//! the entry, the digest of its content, its chain, its leaf of the tree, and that the chain and the tree agree (the
//! leaf holds the link). With the key of an entry the content is opened too and its fields root recomputed. It needs no
//! secret, no network and no server, and cannot write.

pub mod case;
pub mod checkpoint;
mod look;
mod report;

use std::collections::{BTreeMap, BTreeSet};

pub use self::look::{Look, Looker, look};
pub use self::report::{Contents, Fault, FaultKind, Outcome, Report};

use self::look::ContentLook;
use crate::ledger::chain::ChainWalk;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::content::EntryKey;
use crate::ledger::digest::{ChainTag, Link, TreeHash};
use crate::ledger::entry::{Chain, Header};
use crate::ledger::statement::{Origin, verify_signature};
use crate::ledger::tree::MemoryTree;

/// Most faults that are kept; what comes after is counted only.
pub const FAULTS_MAX: usize = 100;

/// Entries for which room is made beforehand; more have to be seen first.
pub const ROOM_MAX: u64 = 1 << 24;

/// What is known of the key of an entry.
#[derive(Clone, Debug)]
pub enum KeyState {
    /// It is here.
    Key(EntryKey),
    /// It was destroyed.
    Erased,
    /// This verifier has no keys.
    NotHere,
}

/// Checks a ledger entry by entry.
#[derive(Debug)]
pub struct Checker {
    origin: Origin,
    tree: MemoryTree,
    chains: BTreeMap<ChainTag, ChainWalk>,
    /// Public keys by key id, for signed statements.
    signers: BTreeMap<[u8; 32], [u8; 32]>,
    appended: u64,
    /// Whether the next entry begins a commit; `None` when commits are not known.
    begins: Option<bool>,
    /// Where the next entry stands.
    next: u64,
    /// Positions whose key was destroyed, with the link of the entry there.
    keyless: BTreeMap<u64, Link>,
    /// What the erasure orders name: position and link.
    ordered: BTreeSet<(u64, Link)>,
    contents: Contents,
    signatures_unchecked: u64,
    whole: bool,
    faults: Vec<Fault>,
    faults_more: u64,
}

impl Checker {
    /// A checker of the ledger of this name, before its first entry.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            tree: MemoryTree::new(),
            chains: BTreeMap::new(),
            signers: BTreeMap::new(),
            appended: 0,
            begins: None,
            next: 0,
            keyless: BTreeMap::new(),
            ordered: BTreeSet::new(),
            contents: Contents::default(),
            signatures_unchecked: 0,
            whole: true,
            faults: Vec::new(),
            faults_more: 0,
        }
    }

    /// Makes room for so many entries, which somebody said there would be: at most [`ROOM_MAX`] are believed.
    #[must_use]
    pub fn with_room(mut self, entries: u64) -> Self {
        let entries = usize::try_from(entries.min(ROOM_MAX)).unwrap_or_default();
        self.tree.reserve(entries);
        self
    }

    /// Gives the public key of an agency that signs; statements under a key that was not given are counted, not passed.
    #[must_use]
    pub fn with_signer(mut self, key_id: [u8; 32], public_key: [u8; 32]) -> Self {
        self.signers.insert(key_id, public_key);
        self
    }

    /// Notes that the next entry begins a commit: all of a commit has one appended time, later than that of the one
    /// before. Whoever does not know the commits never calls this.
    pub fn commit(&mut self) {
        self.begins = Some(true);
    }

    /// Checks the next entry. `key` is asked for its key by position.
    pub fn entry(&mut self, bytes: &[u8], key: impl FnOnce(u64) -> KeyState) {
        let key = key(self.next);
        self.looked(look(bytes, &key));
    }

    /// Checks the next entry, which was looked at alone before.
    pub fn looked(&mut self, look: Look) {
        let position = self.next;
        match look.entry {
            Ok(entry) => {
                self.sealed(position, &entry);
                self.content(position, entry.link, look.content);
            }
            Err(what) => self.fault(position, FaultKind::Form, what),
        }
        // Without a form it is a leaf of zeros, and the root cannot come out right any more.
        self.leaf(look.leaf);
        self.next = position.saturating_add(1);
    }

    /// The tree ends at the first position that is missing: what follows has no root to be compared with.
    fn leaf(&mut self, hash: TreeHash) {
        if self.tree.size() == self.next {
            self.tree.append(hash);
        }
    }

    /// Notes that every entry from the next position up to `until`, not included, is missing.
    pub fn missing(&mut self, until: u64) {
        let from = self.next;
        if from >= until {
            return;
        }
        let last = until.saturating_sub(1);
        self.fault(
            from,
            FaultKind::Missing,
            format!("positions {from} to {last} are missing"),
        );
        self.next = until;
    }

    fn sealed(&mut self, position: u64, entry: &Header) {
        let (says, appended) = (entry.fields.position, entry.fields.appended);
        if says != position {
            let says = format!("the entry says that it is number {says}");
            self.fault(position, FaultKind::Position, says);
        }
        let fits = match self.begins {
            None => appended >= self.appended,
            Some(true) => appended > self.appended || position == 0,
            Some(false) => appended == self.appended,
        };
        if !fits {
            let says = "its appended time does not fit that of the entry in front of it".to_owned();
            self.fault(position, FaultKind::Time, says);
        }
        self.begins = self.begins.map(|_begins| false);
        self.appended = self.appended.max(appended);
        self.chain(position, entry);
        self.signature(position, entry);
    }

    fn chain(&mut self, position: u64, entry: &Header) {
        let tag = entry.statement.tag;
        if Chain::of(&self.origin, &tag) != entry.fields.kind.chain() {
            let says = "its kind does not belong to its chain".to_owned();
            self.fault(position, FaultKind::Chain, says);
        }
        let origin = &self.origin;
        let walk = self
            .chains
            .entry(tag)
            .or_insert_with(|| ChainWalk::new(origin, tag));
        if let Err(broken) = walk.next(entry) {
            // A chain has no more entries than the ledger: what says more is not followed.
            if entry.fields.case_seq <= position.saturating_add(1) {
                walk.resume_at(entry);
            }
            self.fault(position, FaultKind::Chain, broken.to_string());
        }
    }

    fn signature(&mut self, position: u64, header: &Header) {
        let (Some(signature), Some(key_id)) = (header.signature, header.statement.key_id) else {
            return;
        };
        let Some(public) = self.signers.get(key_id.as_bytes()) else {
            self.signatures_unchecked = self.signatures_unchecked.saturating_add(1);
            return;
        };
        if !verify_signature(&header.statement.encode(), &signature, public) {
            let says = "the agency's signature does not verify".to_owned();
            self.fault(position, FaultKind::Signature, says);
        }
    }

    fn content(&mut self, position: u64, link: Link, content: ContentLook) {
        match content {
            ContentLook::Proven(order) => {
                self.contents.proven += 1;
                self.ordered.extend(order);
            }
            ContentLook::Erased => {
                self.contents.erased += 1;
                self.keyless.insert(position, link);
            }
            ContentLook::NoKey => self.contents.no_key += 1,
            ContentLook::Wrong(what) => self.fault(position, FaultKind::Content, what),
        }
    }

    /// A key that is gone without an order is content lost, not erased.
    fn unordered(&mut self) {
        for (position, link) in std::mem::take(&mut self.keyless) {
            if !self.ordered.contains(&(position, link)) {
                let says = "its key is gone, and no erasure order names it".to_owned();
                self.fault(position, FaultKind::Content, says);
            }
        }
    }

    fn fault(&mut self, position: u64, kind: FaultKind, what: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                position,
                kind,
                what,
            });
        } else {
            self.faults_more = self.faults_more.saturating_add(1);
        }
    }

    /// The position up to which everything shown so far holds: that of the first fault, else the next one.
    #[must_use]
    pub fn holds_up_to(&self) -> u64 {
        let faults = self.faults.iter().map(|fault| fault.position);
        faults.min().map_or(self.next, |first| first.min(self.next))
    }

    /// Root of the tree over the first `size` entries; `None` when fewer were shown without a gap.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<TreeHash> {
        self.tree.root_at(size)
    }

    /// Notes that the record of the store that begins at this position is not made of the entries that it says: it has none.
    pub fn broken(&mut self, position: u64, what: String) {
        self.fault(position, FaultKind::Form, what);
    }

    /// Notes that two intact records of the store say different things of one position.
    pub fn contradiction(&mut self, position: u64, what: String) {
        self.fault(position, FaultKind::Position, what);
    }

    /// Checks that the ledger contains a checkpoint that somebody kept.
    pub fn holds(&mut self, checkpoint: &Checkpoint) {
        self.promised(checkpoint);
    }

    /// Notes that the store would show something else than its files hold: it must not be served.
    pub fn store_differs(&mut self, what: String) {
        self.fault(self.next, FaultKind::Store, what);
    }

    /// Notes that something that belongs to the ledger's files could not be checked or is not as it was written, though no
    /// entry is known to be lost: the outcome is partial at best.
    pub fn not_whole(&mut self) {
        self.whole = false;
    }

    /// Ends the check. `promised` is a checkpoint that the ledger must contain: its newest, from the head file or kept by
    /// somebody else. Without one the outcome is at best partial: nothing says that the end is there.
    pub fn finish(mut self, promised: Option<&Checkpoint>) -> Report {
        let size = self.next;
        self.unordered();
        if let Some(checkpoint) = promised {
            self.promised(checkpoint);
        }
        let outcome = if !self.faults.is_empty() {
            Outcome::Failed
        } else if size == 0 {
            Outcome::Nothing
        } else if promised.is_none()
            || self.signatures_unchecked > 0
            || self.contents.no_key > 0
            || !self.whole
        {
            Outcome::Partial
        } else {
            Outcome::Verified
        };
        Report {
            outcome,
            size,
            root: self.tree.root(),
            chains: self.chains.len() as u64,
            contents: self.contents,
            checkpoint: promised.map(|checkpoint| checkpoint.size),
            signatures_unchecked: self.signatures_unchecked,
            faults: self.faults,
            faults_more: self.faults_more,
        }
    }

    fn promised(&mut self, checkpoint: &Checkpoint) {
        let size = self.next;
        if checkpoint.origin != self.origin {
            let says = "the checkpoint is another ledger's".to_owned();
            self.fault(size, FaultKind::Checkpoint, says);
        } else if checkpoint.size > size {
            let says = format!(
                "a checkpoint of {} entries was given out; entries {size} to {} are missing",
                checkpoint.size,
                checkpoint.size.saturating_sub(1)
            );
            self.fault(size, FaultKind::Missing, says);
        } else if self.tree.root_at(checkpoint.size) != Some(checkpoint.root) {
            let says = format!(
                "the first {} entries are not those of the checkpoint that was given out",
                checkpoint.size
            );
            self.fault(checkpoint.size, FaultKind::Checkpoint, says);
        }
    }
}
