//! Checkpoint, inclusion, consistency: what anybody needs to check the record without trusting this server.

use crate::ledger::digest::TreeHash;
use crate::ledger::tree::Nodes;

use super::Service;
use super::error::Refused;
use super::shared::Head;

/// That a leaf is in the tree of `size` leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The leaf.
    pub leaf: TreeHash,
    /// Leaves in the tree.
    pub size: u64,
    /// Its root.
    pub root: TreeHash,
    /// The proof, hash next to the leaf first.
    pub path: Vec<TreeHash>,
    /// The newest checkpoint, if it is of this very size.
    pub checkpoint: Option<Head>,
}

/// That the tree of `from` leaves is a prefix of that of `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The earlier size.
    pub from: u64,
    /// The later size.
    pub to: u64,
    /// Root at the earlier size.
    pub from_root: TreeHash,
    /// Root at the later size.
    pub to_root: TreeHash,
    /// The proof.
    pub path: Vec<TreeHash>,
}

impl Service {
    /// The newest signed checkpoint.
    pub fn head(&self) -> Head {
        self.shared.head()
    }

    /// Entries that the indexes of the store have yet to take in.
    pub fn index_lag(&self) -> u64 {
        u64::try_from(self.shared.journal.index_lag()).unwrap_or(u64::MAX)
    }

    /// Proves the entry at `position` in the tree of `size` leaves; 0 = the newest.
    ///
    /// # Errors
    /// [`Refused::UnknownEntry`] for a position or size that the ledger does not have.
    pub fn inclusion(&self, position: u64, size: u64) -> Result<Inclusion, Refused> {
        let head = self.shared.head();
        let size = if size == 0 { head.size } else { size };
        if size > head.size {
            return Err(Refused::field("size", "is above the size of the ledger"));
        }
        let tree = self.shared.tree();
        let path = tree
            .inclusion(position, size)
            .ok_or(Refused::UnknownEntry)?;
        let leaf = tree
            .node(0, position)
            .map_err(|_none| Refused::UnknownEntry)?;
        let root = tree.root_at(size).ok_or(Refused::UnknownEntry)?;
        let checkpoint = Some(head).filter(|head| head.size == size);
        Ok(Inclusion {
            leaf,
            size,
            root,
            path,
            checkpoint,
        })
    }

    /// Proves that the ledger at size `from` is a prefix of itself at size `to`; 0 for `to` = the newest.
    ///
    /// # Errors
    /// [`Refused::Invalid`] for sizes that the ledger does not have or that are the wrong way round.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Consistency, Refused> {
        let newest = self.shared.size();
        let to = if to == 0 { newest } else { to };
        if to > newest {
            return Err(Refused::field("to_size", "is above the size of the ledger"));
        }
        let tree = self.shared.tree();
        let wrong = || Refused::field("from_size", "is above to_size");
        let path = tree.consistency(from, to).ok_or_else(wrong)?;
        let from_root = tree.root_at(from).ok_or_else(wrong)?;
        let to_root = tree.root_at(to).ok_or_else(wrong)?;
        Ok(Consistency {
            from,
            to,
            from_root,
            to_root,
            path,
        })
    }
}
