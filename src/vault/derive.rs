//! The tree of keys: derivation, destruction, and the assertion that what is stored covers exactly what is not erased
//! (FORMAT.md section 11). Pure; the key file is elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::ledger::content::EntryKey;
use crate::ledger::digest::{Purpose, derive};

/// Positions in a segment.
pub const SEGMENT: u64 = 1 << DEPTH;
/// Depth of a segment's tree: a node at this depth is the leaf of one position.
pub const DEPTH: u8 = 16;
/// Most segments the format's positions allow.
const SEGMENTS_MAX: u64 = 1 << 47;

/// A secret node of a segment's tree; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
struct Value(Zeroizing<[u8; 32]>);

impl Value {
    fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn child(&self, right: bool) -> Self {
        let purpose = if right {
            Purpose::KeyTreeRight
        } else {
            Purpose::KeyTreeLeft
        };
        Self::new(derive(purpose, self.0.as_slice()))
    }

    fn entry_key(&self) -> EntryKey {
        EntryKey::new(derive(Purpose::EntryKey, self.0.as_slice()))
    }
}

/// A node: the keys of all positions below it can be derived from its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    segment: u64,
    depth: u8,
    prefix: u16,
    value: Value,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({} {}/{})", self.segment, self.prefix, self.depth)
    }
}

impl Node {
    /// A node as it stands in the key file; `None` when depth or prefix are out of range.
    #[must_use]
    pub fn new(segment: u64, depth: u8, prefix: u16, value: [u8; 32]) -> Option<Self> {
        let fits = segment < SEGMENTS_MAX && depth <= DEPTH && u32::from(prefix) >> depth == 0;
        fits.then(|| Self {
            segment,
            depth,
            prefix,
            value: Value::new(value),
        })
    }

    /// Its segment.
    #[must_use]
    pub const fn segment(&self) -> u64 {
        self.segment
    }

    /// 0 for a seed, 16 for the leaf of one position.
    #[must_use]
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// The first `depth` bits of the leaf numbers below it.
    #[must_use]
    pub const fn prefix(&self) -> u16 {
        self.prefix
    }

    /// The secret itself, for the key file.
    #[must_use]
    pub fn value(&self) -> &[u8; 32] {
        &self.value.0
    }

    /// The first position below it.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.segment * SEGMENT + ((self.prefix as u64) << (DEPTH - self.depth))
    }

    /// How many positions are below it.
    #[must_use]
    pub const fn width(&self) -> u64 {
        1 << (DEPTH - self.depth)
    }

    /// The position after the last one below it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first() + self.width()
    }

    const fn covers(&self, position: u64) -> bool {
        self.first() <= position && position < self.end()
    }

    /// Its child; only for depths below 16.
    fn child(&self, right: bool) -> Self {
        Self {
            segment: self.segment,
            depth: self.depth + 1,
            prefix: (self.prefix << 1) | u16::from(right),
            value: self.value.child(right),
        }
    }

    /// On the way down to a position below this node: is it under the right child?
    const fn goes_right(&self, position: u64) -> bool {
        (position >> (DEPTH - self.depth - 1)) & 1 == 1
    }
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// It was destroyed.
    #[error("the key of this entry was destroyed")]
    Erased,
    /// The segment has no seed yet.
    #[error("no seed exists yet for this position")]
    NotYet,
}

/// The nodes of a key file do not cover exactly what is not erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverError {
    /// Two nodes cover the same position, or a node is out of order.
    #[error("two nodes of the key file overlap or are out of order")]
    Overlap,
    /// A node is of a segment that has no seed yet.
    #[error("a node of the key file is beyond its segments")]
    Beyond,
    /// The positions not covered are not as many as were erased.
    #[error("the key file leaves {uncovered} positions without a key, but {erased} were erased")]
    Uncovered {
        /// Positions without a key.
        uncovered: u64,
        /// Positions erased, as the file counts them.
        erased: u64,
    },
}

/// All keys that are not erased: disjoint nodes, by first position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNodes {
    nodes: BTreeMap<u64, Node>,
    segments: u64,
    erased: u64,
}

impl KeyNodes {
    /// No segment yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodes: BTreeMap::new(),
            segments: 0,
            erased: 0,
        }
    }

    /// Takes the nodes of a key file, in order, and asserts that they are disjoint and leave exactly `erased`
    /// positions uncovered.
    ///
    /// # Errors
    /// [`CoverError`].
    pub fn from_nodes(
        segments: u64,
        erased: u64,
        nodes: impl IntoIterator<Item = Node>,
    ) -> Result<Self, CoverError> {
        if segments > SEGMENTS_MAX {
            return Err(CoverError::Beyond);
        }
        let mut end = 0;
        let mut kept = BTreeMap::new();
        for node in nodes {
            if node.first() < end {
                return Err(CoverError::Overlap);
            }
            end = node.end();
            kept.insert(node.first(), node);
        }
        let all = Self {
            nodes: kept,
            segments,
            erased,
        };
        all.check()?;
        Ok(all)
    }

    /// Asserts that the nodes are disjoint, lie within the segments, and leave exactly the erased positions uncovered.
    /// Called at every load and before every save.
    ///
    /// # Errors
    /// [`CoverError`].
    pub fn check(&self) -> Result<(), CoverError> {
        let mut end = 0;
        let mut covered = 0_u64;
        for (first, node) in &self.nodes {
            if *first != node.first() || *first < end {
                return Err(CoverError::Overlap);
            }
            end = node.end();
            // Disjoint nodes below 2^63 positions cannot overflow.
            covered = covered.saturating_add(node.width());
        }
        let whole = self.segments.saturating_mul(SEGMENT);
        if end > whole {
            return Err(CoverError::Beyond);
        }
        let uncovered = whole.saturating_sub(covered);
        let erased = self.erased;
        if uncovered == erased {
            Ok(())
        } else {
            Err(CoverError::Uncovered { uncovered, erased })
        }
    }

    /// Gives the next segment its seed: 32 bytes from the operating system. Returns the segment's number.
    pub fn add_segment(&mut self, seed: [u8; 32]) -> u64 {
        let segment = self.segments;
        let node = Node {
            segment,
            depth: 0,
            prefix: 0,
            value: Value::new(seed),
        };
        self.nodes.insert(node.first(), node);
        self.segments = self.segments.saturating_add(1);
        segment
    }

    /// How many segments have been given a seed.
    #[must_use]
    pub const fn segments(&self) -> u64 {
        self.segments
    }

    /// How many positions are erased.
    #[must_use]
    pub const fn erased(&self) -> u64 {
        self.erased
    }

    /// The nodes, in order of first position.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.nodes.values()
    }

    /// The stored node above a position.
    fn above(&self, position: u64) -> Result<&Node, NoKey> {
        let below = self
            .nodes
            .range(..=position)
            .next_back()
            .map(|(_, node)| node);
        match below.filter(|node| node.covers(position)) {
            Some(node) => Ok(node),
            None if position / SEGMENT < self.segments => Err(NoKey::Erased),
            None => Err(NoKey::NotYet),
        }
    }

    /// The key of a position: 1 to 17 hashes.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn key(&self, position: u64) -> Result<EntryKey, NoKey> {
        let mut node = self.above(position)?.clone();
        while node.depth < DEPTH {
            node = node.child(node.goes_right(position));
        }
        Ok(node.value.entry_key())
    }

    /// The positions of a segment that are erased, as ranges `from..end`.
    #[must_use]
    pub fn erased_ranges(&self) -> Vec<std::ops::Range<u64>> {
        let mut gaps = Vec::new();
        let mut end = 0;
        for node in self.nodes.values() {
            if node.first() > end {
                gaps.push(end..node.first());
            }
            end = node.end();
        }
        let whole = self.segments.saturating_mul(SEGMENT);
        if end < whole {
            gaps.push(end..whole);
        }
        gaps
    }

    /// Destroys the key of a position: the node above it is replaced by the siblings along the path. All other keys
    /// stay. Says whether anything changed; destroying again changes nothing.
    ///
    /// # Errors
    /// [`NoKey::NotYet`] when the segment has no seed.
    pub fn puncture(&mut self, position: u64) -> Result<bool, NoKey> {
        let mut node = match self.above(position) {
            Ok(node) => node.clone(),
            Err(NoKey::Erased) => return Ok(false),
            Err(NoKey::NotYet) => return Err(NoKey::NotYet),
        };
        self.nodes.remove(&node.first());
        while node.depth < DEPTH {
            let right = node.goes_right(position);
            let sibling = node.child(!right);
            self.nodes.insert(sibling.first(), sibling);
            node = node.child(right);
        }
        self.erased = self.erased.saturating_add(1);
        Ok(true)
    }
}

/// Derives the keys of successive positions with about two hashes each, by keeping the path to the last leaf. The
/// first call after a [`KeyNodes::puncture`] wipes what was kept; [`KeyWalk::forget`] wipes it at once.
#[derive(Clone, Debug, Default)]
pub struct KeyWalk {
    path: Vec<Node>,
    // How many positions had been erased when the path was derived.
    erased: u64,
}

impl KeyWalk {
    /// Holds nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            path: Vec::new(),
            erased: 0,
        }
    }

    /// Wipes what is kept.
    pub fn forget(&mut self) {
        self.path.clear();
    }

    /// The key of a position; cheap when positions follow one another.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn key(&mut self, nodes: &KeyNodes, position: u64) -> Result<EntryKey, NoKey> {
        if self.erased != nodes.erased {
            self.forget();
            self.erased = nodes.erased;
        }
        while self.path.last().is_some_and(|node| !node.covers(position)) {
            self.path.pop();
        }
        let mut node = if let Some(node) = self.path.last() {
            node.clone()
        } else {
            let node = nodes.above(position)?.clone();
            self.path.push(node.clone());
            node
        };
        while node.depth < DEPTH {
            node = node.child(node.goes_right(position));
            self.path.push(node.clone());
        }
        Ok(node.value.entry_key())
    }
}
