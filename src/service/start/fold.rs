//! One pass over the stored entries: each is verified, and what a service holds in memory is collected.
//!
//! The pass goes over all of them, or over the tail only: then the leaves below come from the marks that the journal has
//! kept, proven by the root of the newest checkpoint, and with them the landmarks that have to be read again.

use std::collections::BTreeSet;

use crate::domain::event::CaseEvent;
use crate::journal::{Mark, Marks, Stored};
use crate::ledger::chain::ChainWalk;
use crate::ledger::codec::DecodeError;
use crate::ledger::digest::{ChainTag, TreeHash};
use crate::ledger::entry::{EntryKind, SealedEntry};
use crate::ledger::tree::{MemoryTree, Nodes, TreeHead};
use crate::service::limits;
use crate::service::registry::Registry;
use crate::service::shared::{Cases, is_landmark, timestamp};
use crate::vault::derive::NoKey;

use super::checks::{Checks, Fault, Seen, look, look_at_all};
use super::{Parts, StartError};

/// Everything that is folded from the entries while they are verified.
pub(super) struct Fold<'a> {
    parts: &'a Parts,
    pub(super) tree: MemoryTree,
    /// Every erasure order.
    pub(super) orders: Vec<SealedEntry>,
    /// Positions whose key was destroyed.
    pub(super) keyless: Vec<u64>,
    /// Positions of the landmarks.
    pub(super) landmarks: BTreeSet<u64>,
    checks: Checks,
    kept: Vec<Kept>,
    /// Whether chains may have entries below the first one that is looked at.
    at_tail: bool,
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
    fn new(parts: &'a Parts) -> Self {
        Self {
            parts,
            tree: MemoryTree::new(),
            orders: Vec::new(),
            keyless: Vec::new(),
            landmarks: BTreeSet::new(),
            checks: Checks::new(&parts.origin),
            kept: Vec::new(),
            at_tail: false,
        }
    }

    /// Verifies the first `size` entries; `progress` is told (entries checked, entries in all).
    ///
    /// # Errors
    /// [`StartError::Damaged`] naming the entry, [`StartError::Store`].
    pub(super) fn of_all(
        parts: &'a Parts,
        size: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StartError> {
        let mut fold = Self::new(parts);
        fold.follow(size, progress)?;
        Ok(fold)
    }

    /// Takes the leaves of the promised entries from the marks and verifies the landmarks and the tail; `None` when the
    /// marks do not prove true, or anything else does not fit: only a pass over everything then tells what is wrong.
    pub(super) fn of_tail(
        parts: &'a Parts,
        size: u64,
        promised: &TreeHead,
        marks: &Marks,
    ) -> Option<Self> {
        let kept = marks.leaves.len() as u64;
        let start = kept.min(promised.size).min(size);
        let mut fold = Self::new(parts);
        for leaf in marks.leaves.iter().take(usize::try_from(start).ok()?) {
            fold.tree.append(TreeHash::new(*leaf));
        }
        for stored in marks.landmarks.iter().filter(|it| it.position < start) {
            let entry = fold.known(stored)?;
            if entry.case_seq() == 1 {
                let mut walk = ChainWalk::new(&parts.origin, *entry.tag());
                walk.next(entry.parsed()).ok()?;
            }
            fold.keep(entry).ok()?;
        }
        let gone = parts.vault.erased_below(start)?;
        fold.keyless = gone.into_iter().flatten().collect();
        if let Some(last) = start.checked_sub(1) {
            let page = parts.journal.read(last, 1).ok()?;
            fold.checks.appended = fold.known(page.first()?)?.appended();
        }
        fold.checks.next = start;
        fold.at_tail = true;
        fold.follow(size, &mut |_done, _all| {}).ok()?;
        (fold.tree.root_at(promised.size) == Some(promised.root)).then_some(fold)
    }

    /// An entry whose leaf is in the tree already, if it is that entry and its content is what was sealed.
    fn known(&self, stored: &Stored) -> Option<SealedEntry> {
        let seen = look(stored).ok()?;
        let leaf = self.tree.node(0, stored.position).ok()?;
        let fits = seen.leaf == leaf && seen.intact && seen.entry.position() == stored.position;
        fits.then_some(seen.entry)
    }

    /// Goes on up to `size` entries.
    fn follow(&mut self, size: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StartError> {
        let journal = &self.parts.journal;
        let read = |from: u64| {
            let limit = usize::try_from(size.saturating_sub(from)).unwrap_or(usize::MAX);
            let page = journal.read(from, limit.min(limits::START_PAGE));
            page.map_err(|error| StartError::Store(error.into()))
        };
        let mut page = read(self.tree.size())?;
        while self.tree.size() < size {
            if page.is_empty() {
                let (position, what) = (self.tree.size(), "it is missing".to_owned());
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
                self.take(stored, seen)
                    .map_err(|what| StartError::Damaged {
                        position: stored.position,
                        what: what.to_string(),
                    })?;
            }
            progress(self.tree.size(), size);
            page = next?;
        }
        Ok(())
    }

    /// When the newest entry was sealed, microseconds UTC; 0 without one.
    pub(super) fn appended(&self) -> u64 {
        self.checks.appended
    }

    /// Has the journal keep the marks of everything that is in the tree, as far as it has not kept them.
    pub(super) fn tell(&self, marks: &Marks) {
        let kept = marks.leaves.len() as u64;
        let leaf = |position: u64| self.tree.node(0, position).ok();
        let leaves = marks.leaves.iter().zip(0_u64..);
        let landmarks = self.landmarks.range(..kept).copied();
        let hold = leaves
            .into_iter()
            .all(|(mark, position)| leaf(position).is_some_and(|leaf| leaf.as_bytes() == mark))
            && landmarks.eq(marks.landmarks.iter().map(|stored| stored.position));
        if !hold && let Err(error) = self.parts.journal.forget() {
            tracing::warn!(%error, "marks of entries that are wrong could not be given up");
            return;
        }
        let mut from = if hold { kept } else { 0 };
        while from < self.tree.size() {
            let end = from.saturating_add(limits::START_PAGE as u64);
            let marks = (from..end.min(self.tree.size())).filter_map(|position| {
                Some(Mark {
                    leaf: *leaf(position)?.as_bytes(),
                    is_landmark: self.landmarks.contains(&position),
                })
            });
            self.parts
                .journal
                .remember(from, &marks.collect::<Vec<_>>());
            from = end;
        }
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
        let seen = seen?;
        self.resume(&seen.entry)?;
        self.checks.take(stored, &seen)?;
        self.tree.append(seen.leaf);
        self.keep(seen.entry)
    }

    /// Takes up the chain of an entry of the tail where the entries below the tail left it.
    fn resume(&mut self, entry: &SealedEntry) -> Result<(), Fault> {
        let (tag, before) = (*entry.tag(), entry.case_seq().saturating_sub(1));
        if !self.at_tail || before == 0 || self.checks.chains.contains_key(&tag) {
            return Ok(());
        }
        let page = self.parts.journal.read_chain(tag.as_bytes(), before, 1);
        let page = page.map_err(|_unread| Fault::Before)?;
        let last = page.first().and_then(|stored| self.known(stored));
        let last = last
            .filter(|last| last.tag() == entry.tag())
            .ok_or(Fault::Before)?;
        let mut walk = ChainWalk::new(&self.parts.origin, tag);
        walk.resume_at(last.parsed());
        self.checks.chains.insert(tag, walk);
        Ok(())
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
        if !is_landmark(&entry) {
            return Ok(());
        }
        self.landmarks.insert(position);
        if kind == EntryKind::ErasureOrder {
            self.orders.push(entry);
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
