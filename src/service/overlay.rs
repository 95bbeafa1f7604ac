//! What a commit would change, kept aside until it is durable.
//!
//! The writer stages each request of a commit on a [`Overlay`] of its own, over the one of the commit, over what is
//! durable. A refused request is dropped with its overlay, so nothing of it is half-applied.

use std::collections::BTreeMap;

use crate::domain::id::{AgencyId, CaseId};

use super::registry::Registry;

/// The newest entry of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Entries in the chain.
    pub seq: u64,
    /// Link of the newest one; the genesis link while there is none.
    pub link: [u8; 32],
    /// Position of the newest one; none while there is none.
    pub position: Option<u64>,
}

/// One entry that is sealed and not yet durable, with what an answer about it needs.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) record: crate::journal::Record,
    pub(super) header: Vec<u8>,
    pub(super) placed: super::append::Placement,
    pub(super) root: [u8; 32],
    pub(super) secret: [u8; 32],
}

/// The changes of one request, or of all requests of a commit so far.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) staged: Vec<Staged>,
    pub(super) heads: BTreeMap<[u8; 32], ChainHead>,
    pub(super) ids: BTreeMap<(AgencyId, [u8; 16]), usize>,
    pub(super) cases: BTreeMap<CaseId, [u8; 32]>,
    pub(super) registry: Option<Registry>,
}

impl Overlay {
    /// Takes over the changes of a request that was staged on top of this one.
    pub(super) fn merge(&mut self, above: Self) {
        let base = self.staged.len();
        self.staged.extend(above.staged);
        self.heads.extend(above.heads);
        self.ids.extend(above.ids.into_iter().map(|(id, index)| (id, base + index)));
        self.cases.extend(above.cases);
        self.registry = above.registry.or(self.registry.take());
    }
}
