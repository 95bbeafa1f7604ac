//! The inner nodes of the RFC 6962 tree, in memory: 64 bytes an entry, so that any proof at any size costs a few hashes.
//!
//! What is hashed, and how proofs are ordered, is `ledger::tree`'s; this only remembers. Level 0 holds leaf hashes; level
//! k the hashes of complete subtrees of 2^k leaves.

use crate::ledger::digest::TreeHash;
use crate::ledger::tree::{empty_root, node_hash};

/// Leaf hashes and the hashes of all complete subtrees above them.
#[derive(Debug, Clone, Default)]
pub struct TreeCache {
    levels: Vec<Vec<TreeHash>>,
}

impl TreeCache {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds the next leaf's hash.
    pub fn push(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() <= level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return };
            nodes.push(hash);
            if !nodes.len().is_multiple_of(2) {
                return;
            }
            let Some([left, right]) = nodes.last_chunk::<2>() else { return };
            hash = node_hash(left, right);
        }
    }

    /// The hash of one leaf.
    pub fn leaf(&self, position: u64) -> Option<TreeHash> {
        self.node(0, position)
    }

    /// The root of the tree of the first `size` leaves; `None` when there are fewer.
    pub fn root(&self, size: u64) -> Option<TreeHash> {
        if size == 0 { Some(empty_root()) } else { self.subtree(0, size) }
    }

    /// The inclusion proof of a leaf in the tree of the first `size` leaves, hash next to the leaf first.
    pub fn inclusion(&self, position: u64, size: u64) -> Option<Vec<TreeHash>> {
        if position >= size || size > self.size() {
            return None;
        }
        let (mut start, mut len) = (0, size);
        let mut path = Vec::new();
        while len > 1 {
            let left = split(len);
            if position < start + left {
                path.push(self.subtree(start + left, len - left)?);
                len = left;
            } else {
                path.push(self.subtree(start, left)?);
                start += left;
                len -= left;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the tree of `to` leaves begins with the tree of `from` leaves; empty from 0 or between equals.
    pub fn consistency(&self, from: u64, to: u64) -> Option<Vec<TreeHash>> {
        if from > to || to > self.size() {
            return None;
        }
        if from == 0 || from == to {
            return Some(Vec::new());
        }
        let (mut start, mut len) = (0, to);
        let mut path = Vec::new();
        let mut whole = true;
        while from - start != len {
            let left = split(len);
            if from - start <= left {
                path.push(self.subtree(start + left, len - left)?);
                len = left;
            } else {
                path.push(self.subtree(start, left)?);
                start += left;
                len -= left;
                whole = false;
            }
        }
        if !whole {
            path.push(self.subtree(start, len)?);
        }
        path.reverse();
        Some(path)
    }

    fn node(&self, level: usize, index: u64) -> Option<TreeHash> {
        self.levels.get(level)?.get(usize::try_from(index).ok()?).copied()
    }

    /// Root over `len` leaves from `start`, where `start` is a multiple of the power of two at or above `len`.
    fn subtree(&self, start: u64, len: u64) -> Option<TreeHash> {
        if len.is_power_of_two() {
            let level = len.trailing_zeros();
            return self.node(usize::try_from(level).ok()?, start >> level);
        }
        let left = split(len);
        let (a, b) = (self.subtree(start, left)?, self.subtree(start + left, len - left)?);
        Some(node_hash(&a, &b))
    }
}

/// The largest power of two below `len`, for `len` of at least 2.
fn split(len: u64) -> u64 {
    1 << (63 - (len - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tree;

    fn leaves(n: u8) -> Vec<TreeHash> {
        (0..n).map(|i| tree::leaf_hash(&[i])).collect()
    }

    #[test]
    fn roots_and_proofs_are_those_of_the_format_at_every_size() {
        let all = leaves(35);
        let mut cache = TreeCache::default();
        for leaf in &all {
            cache.push(*leaf);
        }
        for size in 0..=all.len() {
            let part = &all[..size];
            assert_eq!(cache.root(size as u64), Some(tree::root(part)), "size {size}");
            for i in 0..size {
                let proof = cache.inclusion(i as u64, size as u64).unwrap();
                assert_eq!(Some(proof), tree::inclusion_proof(part, i as u64), "{i} of {size}");
            }
            for from in 0..=size {
                let proof = cache.consistency(from as u64, size as u64).unwrap();
                assert_eq!(Some(proof), tree::consistency_proof(part, from as u64), "{from}");
            }
        }
        assert_eq!(cache.inclusion(35, 36), None);
    }
}
