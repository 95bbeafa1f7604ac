//! What is verified of every stored entry: its own bytes, and that it follows those before it.

use std::collections::BTreeMap;

use crate::domain::check::Refusal;
use crate::journal::Stored;
use crate::ledger::chain::{Break, ChainWalk};
use crate::ledger::codec::DecodeError;
use crate::ledger::digest::{ChainTag, TreeHash};
use crate::ledger::entry::SealedEntry;
use crate::ledger::statement::Origin;

/// A pass over entries in order.
pub(super) struct Checks {
    origin: Origin,
    /// The position that is due.
    pub(super) next: u64,
    /// When the entry before it was sealed, microseconds UTC; 0 without one.
    pub(super) appended: u64,
    pub(super) chains: BTreeMap<ChainTag, ChainWalk>,
}

impl Checks {
    /// From the first entry on.
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            next: 0,
            appended: 0,
            chains: BTreeMap::new(),
        }
    }

    /// Takes the next entry.
    pub(super) fn take(&mut self, stored: &Stored, seen: &Seen) -> Result<(), Fault> {
        let entry = &seen.entry;
        if entry.position() != self.next || stored.position != self.next {
            return Err(Fault::Position);
        }
        // One time a commit, and strictly later in the next one.
        let later = entry.appended() > self.appended;
        let first = stored.commit == stored.position;
        if (first && !later && stored.position > 0) || (!first && entry.appended() != self.appended)
        {
            return Err(Fault::Time);
        }
        if !seen.intact {
            return Err(Fault::Content);
        }
        let tag = *entry.tag();
        let start = || ChainWalk::new(&self.origin, tag);
        self.chains
            .entry(tag)
            .or_insert_with(start)
            .next(entry.parsed())?;
        self.appended = entry.appended();
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}

/// What one entry shows by itself, whatever stands around it.
pub(super) struct Seen {
    pub(super) entry: SealedEntry,
    pub(super) leaf: TreeHash,
    /// The content is what the header commits to.
    pub(super) intact: bool,
}

/// Looks at one entry.
pub(super) fn look(stored: &Stored) -> Result<Seen, DecodeError> {
    let entry = SealedEntry::decode(&stored.bytes)?;
    Ok(Seen {
        leaf: entry.leaf_hash(),
        intact: entry.content_intact(),
        entry,
    })
}

/// Looks at entries on all cores, in order.
pub(super) fn look_at_all(page: &[Stored]) -> Vec<Result<Seen, DecodeError>> {
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
pub(super) enum Fault {
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
    #[error("the entry before it in its chain is not there or does not check")]
    Before,
    #[error("the key file has no seed for it: it is older than the store; restore its other copy")]
    NoSeed,
}
