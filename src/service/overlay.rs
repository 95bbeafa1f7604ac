//! What a commit would change, kept aside until it is durable.
//!
//! The writer stages one request after the other over what is durable. A refused request takes back all that it had
//! staged, so nothing of it is half-applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{AgencyId, CaseId};
use crate::ledger::chain::ChainHead;
use crate::ledger::commitment::Secret;
use crate::ledger::digest::ChainTag;
use crate::ledger::entry::SealedEntry;

use super::append::Placement;
use super::registry::Registry;

/// One entry that is sealed and not yet durable, with what an answer about it needs.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) entry: SealedEntry,
    pub(super) secret: Secret,
}

impl Staged {
    /// Where it will stand.
    pub(super) fn placement(&self) -> Placement {
        Placement::of(&self.entry)
    }
}

/// The changes of all requests of a commit so far.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Entries, in order of position.
    pub(super) staged: Vec<Staged>,
    /// Cases opened, in order.
    pub(super) opened: Vec<(CaseId, ChainTag)>,
    /// The registry, if it changes.
    pub(super) registry: Option<Registry>,
    heads: BTreeMap<ChainTag, ChainHead>,
    cases: BTreeMap<CaseId, ChainTag>,
    /// Event ids, each with the index of its entry.
    ids: BTreeSet<([u8; 16], usize)>,
    /// What the request under way has replaced.
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    Head(ChainTag, Option<ChainHead>),
    Case(CaseId),
    Registry(Option<Registry>),
}

/// Where the overlay stood before a request.
pub(super) struct Mark {
    staged: usize,
    opened: usize,
}

impl Overlay {
    /// Begins a request.
    pub(super) fn begin(&mut self) -> Mark {
        self.undo.clear();
        Mark {
            staged: self.staged.len(),
            opened: self.opened.len(),
        }
    }

    /// Takes back everything since the mark.
    pub(super) fn take_back(&mut self, mark: &Mark) {
        for staged in self.staged.drain(mark.staged..).enumerate() {
            let (index, staged) = staged;
            let at = mark.staged.saturating_add(index);
            self.ids.remove(&(staged.entry.event_id(), at));
        }
        self.opened.truncate(mark.opened);
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Head(tag, Some(head)) => {
                    self.heads.insert(tag, head);
                }
                Undo::Head(tag, None) => {
                    self.heads.remove(&tag);
                }
                Undo::Case(id) => {
                    self.cases.remove(&id);
                }
                Undo::Registry(registry) => self.registry = registry,
            }
        }
    }

    /// Adds an entry, and the head of its chain after it.
    pub(super) fn add(&mut self, staged: Staged, head: ChainHead) {
        let (tag, index) = (*staged.entry.tag(), self.staged.len());
        let before = self.heads.insert(tag, head);
        self.undo.push(Undo::Head(tag, before));
        self.ids.insert((staged.entry.event_id(), index));
        self.staged.push(staged);
    }

    /// Notes that a case was opened.
    pub(super) fn open(&mut self, id: CaseId, tag: ChainTag) {
        self.undo.push(Undo::Case(id.clone()));
        self.opened.push((id.clone(), tag));
        self.cases.insert(id, tag);
    }

    /// Changes the registry.
    pub(super) fn register(&mut self, registry: Registry) {
        let before = self.registry.replace(registry);
        self.undo.push(Undo::Registry(before));
    }

    /// The head of a chain, if an entry of it is staged.
    pub(super) fn head(&self, tag: &ChainTag) -> Option<&ChainHead> {
        self.heads.get(tag)
    }

    /// The chain of a case that was opened.
    pub(super) fn case(&self, id: &CaseId) -> Option<ChainTag> {
        self.cases.get(id).copied()
    }

    /// The entry of this agency with this event id, if it is staged.
    pub(super) fn find(&self, agency: &AgencyId, event_id: [u8; 16]) -> Option<&Staged> {
        let of_id = self.ids.range((event_id, 0)..=(event_id, usize::MAX));
        of_id
            .filter_map(|(_, index)| self.staged.get(*index))
            .find(|staged| staged.entry.agency() == agency.as_str())
    }

    /// The heads of the chains that grow.
    pub(super) fn into_heads(self) -> BTreeMap<ChainTag, ChainHead> {
        self.heads
    }
}
