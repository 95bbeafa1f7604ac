//! The RFC 6962 Merkle tree with SHA-256: append, root, proofs and their verification (FORMAT.md section 8).
//!
//! Stock transparency-log tooling verifies all of it.

use sha2::{Digest, Sha256};

use super::digest::TreeHash;

/// Hash of a leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> TreeHash {
    let hash = Sha256::new().chain_update([0]).chain_update(leaf);
    TreeHash::new(hash.finalize().into())
}

/// Hash of an inner node.
#[must_use]
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let hash = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes());
    TreeHash::new(hash.chain_update(right.as_bytes()).finalize().into())
}

/// Root of no leaves.
#[must_use]
pub fn empty_root() -> TreeHash {
    TreeHash::new(Sha256::digest([]).into())
}

/// The complete subtrees of a tree that grows: enough to append and to tell the root. At most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // Roots of the complete subtrees, largest first: one for each bit set in `size`.
    subtrees: Vec<TreeHash>,
}

impl Frontier {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            subtrees: Vec::new(),
        }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        let mut right_to_left = self.subtrees.iter().rev();
        let Some(last) = right_to_left.next() else {
            return empty_root();
        };
        right_to_left.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Gives roots of complete subtrees: the subtree of `2^level` leaves that starts at leaf `index * 2^level`. It is asked
/// only for subtrees below the size in question.
pub trait Nodes {
    /// Why a node could not be read.
    type Error;

    /// The root of that subtree.
    ///
    /// # Errors
    /// When it cannot be had.
    fn node(&self, level: u32, index: u64) -> Result<TreeHash, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// The index or size asked for is not in the tree.
    #[error("there is no such leaf or size in this tree")]
    Range,
    /// A node could not be read.
    #[error("a node of the tree could not be read")]
    Node(#[source] E),
}

/// Largest power of two below `n`, for `n` ≥ 2.
const fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

/// MTH of the leaves `start .. start + n`, `n` ≥ 1; `start` is a multiple of the power of two that holds `n`.
fn range_hash<N: Nodes>(nodes: &N, start: u64, n: u64) -> Result<TreeHash, N::Error> {
    if n.is_power_of_two() {
        let level = n.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let k = split(n);
    let left = range_hash(nodes, start, k)?;
    let right = range_hash(nodes, start + k, n - k)?;
    Ok(node_hash(&left, &right))
}

/// Root of the first `size` leaves.
///
/// # Errors
/// When a node cannot be read.
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<TreeHash, N::Error> {
    if size == 0 {
        Ok(empty_root())
    } else {
        range_hash(nodes, 0, size)
    }
}

/// What all inclusion proofs in a tree of one size share: the roots of the ranges that end where it ends. At most 64
/// hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    // Where the complete subtrees begin, largest first, each with the root of all leaves from there on.
    ranges: Vec<(u64, TreeHash)>,
}

impl RightEdge {
    /// Of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// When a node cannot be read.
    pub fn of<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut ranges: Vec<(u64, TreeHash)> = Vec::new();
        let mut left = size;
        while left > 0 {
            let level = left.trailing_zeros();
            left &= left - 1;
            let mut root = nodes.node(level, left >> level)?;
            if let Some((_, right)) = ranges.last() {
                root = node_hash(&root, right);
            }
            ranges.push((left, root));
        }
        ranges.reverse();
        Ok(Self { size, ranges })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root over all leaves.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        self.ranges
            .first()
            .map_or_else(empty_root, |(_, root)| *root)
    }

    /// Inclusion proof of leaf `index`, hash next to the leaf first; `nodes` are those this edge was made of.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn inclusion<N: Nodes>(
        &self,
        nodes: &N,
        index: u64,
    ) -> Result<Vec<TreeHash>, ProofError<N::Error>> {
        if index >= self.size {
            return Err(ProofError::Range);
        }
        // The complete subtree that holds the leaf, and how many stand before it.
        let before = self.ranges.partition_point(|(start, _)| *start <= index);
        let before = before.saturating_sub(1);
        let bits = (0..u64::BITS)
            .rev()
            .filter(|level| (self.size >> level) & 1 == 1);
        let mut levels: Vec<u32> = bits.take(before + 1).collect();
        let height = levels.pop().unwrap_or(0);
        let mut proof = Vec::with_capacity(self.ranges.len() + 32);
        for level in 0..height {
            let sibling = nodes.node(level, (index >> level) ^ 1);
            proof.push(sibling.map_err(ProofError::Node)?);
        }
        proof.extend(self.ranges.get(before + 1).map(|(_, root)| *root));
        for (level, (start, _)) in levels.iter().zip(&self.ranges).rev() {
            let subtree = nodes.node(*level, start >> level);
            proof.push(subtree.map_err(ProofError::Node)?);
        }
        Ok(proof)
    }
}

/// Inclusion proof of leaf `index` in the tree of the first `size` leaves, hash next to the leaf first.
///
/// # Errors
/// [`ProofError`].
pub fn inclusion_proof<N: Nodes>(
    nodes: &N,
    index: u64,
    size: u64,
) -> Result<Vec<TreeHash>, ProofError<N::Error>> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let edge = RightEdge::of(nodes, size).map_err(ProofError::Node)?;
    edge.inclusion(nodes, index)
}

/// Consistency proof between the trees of the first `from` and the first `to` leaves; empty from 0 and to the same.
///
/// # Errors
/// [`ProofError`].
pub fn consistency_proof<N: Nodes>(
    nodes: &N,
    from: u64,
    to: u64,
) -> Result<Vec<TreeHash>, ProofError<N::Error>> {
    if from > to {
        return Err(ProofError::Range);
    }
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut start, mut n, mut m) = (0, to, from);
    let mut whole = true;
    while m < n {
        let k = split(n);
        if m <= k {
            proof.push(range_hash(nodes, start + k, n - k).map_err(ProofError::Node)?);
            n = k;
        } else {
            proof.push(range_hash(nodes, start, k).map_err(ProofError::Node)?);
            (start, n, m) = (start + k, n - k, m - k);
            whole = false;
        }
    }
    if !whole {
        proof.push(range_hash(nodes, start, n).map_err(ProofError::Node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Is this leaf at `index` in the tree of `size` leaves with this root? (RFC 9162 2.1.3.2)
#[must_use]
pub fn verify_inclusion(
    leaf: &TreeHash,
    index: u64,
    size: u64,
    proof: &[TreeHash],
    root: &TreeHash,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Two heads of one tree, to be shown consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// Root over them.
    pub root: TreeHash,
}

/// Is the tree of `from` a prefix of the tree of `to`? (RFC 9162 2.1.4.2)
#[must_use]
pub fn verify_consistency(from: &TreeHead, to: &TreeHead, proof: &[TreeHash]) -> bool {
    if from.size > to.size {
        return false;
    }
    if from.size == to.size {
        return proof.is_empty() && from.root == to.root;
    }
    if from.size == 0 {
        return proof.is_empty() && from.root == empty_root();
    }
    let mut hashes = proof.iter();
    let (mut at, mut last) = (from.size - 1, to.size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let first = if from.size.is_power_of_two() {
        Some(&from.root)
    } else {
        hashes.next()
    };
    let Some(first) = first else { return false };
    let (mut old, mut new) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == from.root && new == to.root
}

/// Every complete subtree in memory: about 64 bytes a leaf.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    // levels[l][i]: root of the complete subtree of 2^l leaves that starts at leaf i * 2^l.
    levels: Vec<Vec<TreeHash>>,
}

impl MemoryTree {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Makes room for so many more leaves, and for what is above them.
    pub fn reserve(&mut self, leaves: usize) {
        let rows = std::iter::successors(Some(leaves), |row| Some(row / 2).filter(|row| *row > 0));
        for (row, level) in rows.zip(0..) {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            if let Some(level) = self.levels.get_mut(level) {
                level.reserve_exact(row);
            }
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else {
                return;
            };
            row.push(hash);
            let [.., left, right] = row.as_slice() else {
                return;
            };
            if !row.len().is_multiple_of(2) {
                return;
            }
            hash = node_hash(left, right);
        }
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> TreeHash {
        self.root_at(self.size()).unwrap_or_else(empty_root)
    }

    /// The right edge over all leaves.
    ///
    /// # Errors
    /// Never while the tree holds what it should.
    pub fn edge(&self) -> Result<RightEdge, NoSuchNode> {
        RightEdge::of(self, self.size())
    }

    /// Root of the first `size` leaves; `None` beyond the tree.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<TreeHash> {
        if size > self.size() {
            None
        } else {
            root_at(self, size).ok()
        }
    }

    /// Inclusion proof of a leaf in the first `size` leaves; `None` when there is no such leaf or size.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<TreeHash>> {
        if size > self.size() {
            None
        } else {
            inclusion_proof(self, index, size).ok()
        }
    }

    /// Consistency proof between two sizes; `None` when there are no such sizes.
    #[must_use]
    pub fn consistency(&self, from: u64, to: u64) -> Option<Vec<TreeHash>> {
        if to > self.size() {
            None
        } else {
            consistency_proof(self, from, to).ok()
        }
    }

    /// Drops every leaf from `size` on: a batch that did not reach the store.
    pub fn truncate(&mut self, size: u64) {
        for (level, row) in self.levels.iter_mut().enumerate() {
            let keep = usize::try_from(size >> level).unwrap_or(usize::MAX);
            row.truncate(keep);
        }
    }
}

/// A node beyond the tree was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such node in this tree")]
pub struct NoSuchNode;

impl Nodes for MemoryTree {
    type Error = NoSuchNode;

    fn node(&self, level: u32, index: u64) -> Result<TreeHash, NoSuchNode> {
        let row = usize::try_from(level)
            .ok()
            .and_then(|level| self.levels.get(level));
        let hash = usize::try_from(index)
            .ok()
            .and_then(|index| row?.get(index));
        hash.copied().ok_or(NoSuchNode)
    }
}

/// Root over a slice of leaves, without keeping anything.
#[must_use]
pub fn root_of<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> TreeHash {
    let mut frontier = Frontier::new();
    leaves
        .into_iter()
        .for_each(|leaf| frontier.append(leaf_hash(leaf)));
    frontier.root()
}
