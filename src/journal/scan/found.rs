//! What a scan finds.

use std::ops::Range;

use crate::journal::block::BlockError;

/// Where one intact block stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Offset of its first byte.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u32,
}

/// A commit all of whose parts are intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Position of its first entry.
    pub first: u64,
    /// Number of entries.
    pub count: u32,
    /// Its parts in order, each at its first intact copy.
    pub parts: Vec<Place>,
}

impl Commit {
    /// The position after its last entry.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count))
    }
}

/// Positions between intact commits that no intact commit covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The positions missing.
    pub positions: Range<u64>,
    /// Offsets of suspects that claim to belong there.
    pub suspects: Vec<u64>,
    /// Offset at which the last block before the gap ends, if any.
    pub after: Option<u64>,
    /// Offset at which the first block after the gap begins.
    pub before: Option<u64>,
}

/// A commit above all whole ones of which only some parts are intact: never acknowledged, or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// Position of its first entry.
    pub first: u64,
    /// Number of entries it says it has.
    pub count: u32,
    /// Parts found intact, of how many.
    pub found: u32,
    /// Parts it says it has.
    pub parts: u32,
}

/// Two intact commits that say different things of one position, neither of which leads further than the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The position.
    pub first: u64,
    /// Offsets of the differing blocks.
    pub offsets: Vec<u64>,
}

/// Bytes that look like a block of this ledger and do not check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Offset of the first byte.
    pub offset: u64,
    /// What does not check.
    pub error: BlockError,
    /// First position and part it claims, when that can be read.
    pub claims: Option<(u64, u32)>,
    /// Whether an intact block with these claims stands elsewhere: stale remains, or a damaged copy.
    pub intact_elsewhere: bool,
}

/// An intact block that is in no commit of the log: of a commit that has lost another part, of an attempt that was given
/// up, or put there by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Where it stands first.
    pub place: Place,
    /// First position of the commit it names.
    pub first: u64,
    /// Entries in that commit.
    pub count: u32,
    /// Which part it is, from 0.
    pub part: u32,
}

/// An intact block that only repeats another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Offset of its first byte.
    pub offset: u64,
    /// Offset of the first block with the same bytes.
    pub first: u64,
}

/// What a scan found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Bytes scanned.
    pub bytes: u64,
    /// Whole commits in order of position, each position once.
    pub commits: Vec<Commit>,
    /// What is missing between them and before the first.
    pub gaps: Vec<Gap>,
    /// Commits that were set aside: see [`set_aside`](Self::set_aside). A scan alone finds none.
    pub broken: Vec<Commit>,
    /// Unfinished commits after the last whole one.
    pub tails: Vec<Tail>,
    /// Contradictions.
    pub conflicts: Vec<Conflict>,
    /// Bytes that look like blocks and do not check, in order of offset.
    pub suspects: Vec<Suspect>,
    /// Where intact blocks of other origins stand: no part of this ledger.
    pub foreign: Vec<Place>,
    /// Intact blocks of this origin below its size that are in no commit.
    pub unused: Vec<Unused>,
    /// Intact blocks that only repeat another, in order of offset.
    pub copies: Vec<Copied>,
    /// Byte ranges no intact block of this ledger covers: the store's own bookkeeping, or damage.
    pub uncovered: Vec<Range<u64>>,
}

impl Scan {
    /// The position after the last whole commit.
    pub fn size(&self) -> u64 {
        self.commits.last().map_or(0, Commit::end)
    }

    /// Sets commits aside, by their first positions in rising order: whoever read them found that they are not made of the
    /// entries that they say, which a scan does not look at.
    pub fn set_aside(&mut self, firsts: &[u64]) {
        let is_one = |commit: &mut Commit| firsts.binary_search(&commit.first).is_ok();
        self.broken.extend(self.commits.extract_if(.., is_one));
    }

    /// Where the first copy of an intact block stands, of which one begins at this offset.
    pub fn first_copy(&self, offset: u64) -> u64 {
        let copy = self.copies.binary_search_by_key(&offset, |it| it.offset);
        let copy = copy.ok().and_then(|at| self.copies.get(at));
        copy.map_or(offset, |copy| copy.first)
    }

    /// Every position below [`size`](Self::size) is there, intact and without contradiction. Whether the size is right,
    /// and so whether an unfinished tail was acknowledged, only a checkpoint can say.
    pub fn is_sound(&self) -> bool {
        self.gaps.is_empty() && self.conflicts.is_empty() && self.broken.is_empty()
    }
}
