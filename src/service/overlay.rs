//! What a commit would change, kept aside until it is durable.
//!
//! The writer stages each request of a commit on an [`Overlay`] of its own, over the one of the commit, over what is
//! durable. A refused request is dropped with its overlay, so nothing of it is half-applied.

use std::collections::BTreeMap;

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

/// The changes of one request, or of all requests of a commit so far.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) staged: Vec<Staged>,
    pub(super) heads: BTreeMap<ChainTag, ChainHead>,
    pub(super) ids: BTreeMap<(AgencyId, [u8; 16]), usize>,
    pub(super) cases: BTreeMap<CaseId, ChainTag>,
    pub(super) registry: Option<Registry>,
}

impl Overlay {
    /// Takes over the changes of a request that was staged on top of this one.
    pub(super) fn merge(&mut self, above: Self) {
        let base = self.staged.len();
        self.staged.extend(above.staged);
        self.heads.extend(above.heads);
        self.ids.extend(
            above
                .ids
                .into_iter()
                .map(|(id, index)| (id, base.saturating_add(index))),
        );
        self.cases.extend(above.cases);
        self.registry = above.registry.or(self.registry.take());
    }
}
