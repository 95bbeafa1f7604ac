//! Writing many values to a tree: each of them once, and never much between two syncs.
//!
//! sled divides a page of more than 16 keys and writes both halves anew: values written key by key in rising order are
//! written three times. So the keys are written first, with nothing under them. The pages divide while they are small,
//! each keeps 9 keys, and 9 values are fewer changes than the 10 at which sled writes a page anew. (A page that also has
//! keys of others is divided with their values.)
//!
//! sled takes what `sync_file_range` wrote for durable: it says so in the headers of later segments, stops looking for
//! tears below it, and uses segments again whose pages were moved. So that a power cut cannot belie it, what is many
//! values is synced on the way and not only with the commit after it.

use std::sync::Arc;

use ::sled::{Batch, IVec, Tree};

use super::alarm::Slot;
use super::log::cause;
use super::sync::SyncedFile;
use crate::journal::error::Cause;

/// Values from which on their keys are written first.
const KEYS_FIRST: usize = 10;

/// Values written between two syncs: below one of sled's segments of 512 KiB, at 7,000 bytes each.
pub(super) const AT_ONCE: usize = 64;

/// A tree that one thread writes to.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    tree: Tree,
    synced: Arc<SyncedFile>,
    slot: Arc<Slot>,
}

impl Sink {
    pub(super) fn new(tree: Tree, synced: Arc<SyncedFile>, slot: Arc<Slot>) -> Self {
        Self { tree, synced, slot }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Writes keys that follow all others near them, in rising order, with their values. Cut off in the middle it leaves
    /// keys with empty values: the reader must know a key with an empty value for an unfinished one. The last values may
    /// be unsynced.
    pub(super) fn insert(
        &self,
        rows: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)],
    ) -> Result<(), Cause> {
        if rows.len() >= KEYS_FIRST {
            for (key, _) in rows {
                self.tree.insert(key, &[]).map_err(cause)?;
            }
        }
        for (at, (key, value)) in rows.iter().enumerate() {
            if at > 0 && at.is_multiple_of(AT_ONCE) {
                self.settle()?;
            }
            self.tree.insert(key, value.as_ref()).map_err(cause)?;
        }
        Ok(())
    }

    /// Removes keys, at most [`AT_ONCE`].
    pub(super) fn remove(&self, keys: Vec<IVec>) -> Result<(), Cause> {
        let mut batch = Batch::default();
        for key in keys {
            batch.remove(key);
        }
        self.tree.apply_batch(batch).map_err(cause)?;
        self.settle()
    }

    /// Makes durable what was written.
    pub(super) fn settle(&self) -> Result<(), Cause> {
        let under_way = self.slot.under_way();
        self.tree.flush().map_err(cause)?;
        drop(under_way);
        Ok(self.synced.sync_beside()?)
    }
}
