//! Finds blocks in the bytes of a store's file without the store: read only, and deaf to everything the store says.
//!
//! A store rewrites its pages, so one block can stand in the file several times, and stale remains of a page can hold
//! parts of blocks. Identical copies count once. Bytes that look like a block of this ledger and do not check are
//! *suspects*: with an intact copy elsewhere the content is whole all the same.

mod commit;
mod found;
mod joined;
mod parts;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::{ControlFlow, Range};

use self::search::Begin;
use super::block::{self, Block, BlockError, MAX_BLOCK_BYTES};

pub use self::commit::{CommitReader, read_commit};
pub use self::found::{Commit, Conflict, Copied, Gap, Place, Scan, Suspect, Tail, Unused};
pub use self::joined::Joined;
pub use self::parts::{Parts, scan_parts};

const WINDOW_BYTES: usize = 1024 * 1024;

/// Why a scan gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file could not be read.
    #[error("the file could not be read")]
    Read(#[from] io::Error),
    /// The caller stopped it.
    #[error("the scan was stopped")]
    Stopped,
    /// A commit found by the scan no longer reads the same.
    #[error("the commit at position {first} does not check: {error}")]
    Commit {
        /// First position of the commit.
        first: u64,
        /// What does not check.
        error: BlockError,
    },
}

/// One block as found, with where it first stood.
#[derive(Debug)]
struct Copy {
    place: Place,
    digest: [u8; 32],
}

/// First position, number of entries, number of parts: what the parts of one commit share.
type Group = (u64, u32, u32);

/// Scans `file` for blocks of the ledger `origin`. `progress` is told the bytes done and may stop the scan.
///
/// # Errors
/// [`ScanError::Read`] or [`ScanError::Stopped`].
pub fn scan(
    mut file: impl Read,
    origin: &str,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Scan, ScanError> {
    let search = Search::new(origin);
    let (mut window, mut met) = (Vec::new(), Vec::new());
    let mut base = 0_u64;
    loop {
        let read = (&mut file)
            .take(WINDOW_BYTES as u64)
            .read_to_end(&mut window)?;
        let at_end = read == 0;
        let keep = if at_end { 0 } else { MAX_BLOCK_BYTES };
        let end = window.len().saturating_sub(keep);
        let used = search.window(&window, base, 0..end, &mut met);
        window.drain(..used);
        base = base.saturating_add(used as u64);
        if progress(base).is_break() {
            return Err(ScanError::Stopped);
        }
        if at_end {
            return Ok(conclude(met, base));
        }
    }
}

/// What a scan meets on its way.
#[derive(Debug)]
enum Met {
    /// An intact block of this ledger.
    Block { group: Group, part: u32, copy: Copy },
    /// An intact block of another.
    Foreign(Place),
    /// What looks like a block and does not check.
    Suspect(Suspect),
}

impl Met {
    fn offset(&self) -> u64 {
        match self {
            Self::Block { copy, .. } => copy.place.offset,
            Self::Foreign(place) => place.offset,
            Self::Suspect(suspect) => suspect.offset,
        }
    }
}

/// What was met in a whole file of so many bytes, put in order.
fn conclude(met: impl IntoIterator<Item = Met>, bytes: u64) -> Scan {
    let mut finder = Finder::default();
    met.into_iter().for_each(|met| finder.take(met));
    finder.conclude(bytes)
}

/// Looks for blocks of one ledger.
struct Search<'o> {
    origin: &'o str,
    begin: Begin,
}

impl<'o> Search<'o> {
    fn new(origin: &'o str) -> Self {
        let begin = Begin::new(origin);
        Self { origin, begin }
    }

    /// Looks for blocks that begin in a part of a window, which begins at offset `base`. Answers where in the window the
    /// search goes on: behind the part, or behind the last block when that reaches further.
    fn window(&self, window: &[u8], base: u64, part: Range<usize>, met: &mut Vec<Met>) -> usize {
        let (mut at, mut intact) = (part.start, Vec::new());
        while let Some(found) = self.begin.find(window, at, part.end) {
            at = found;
            let rest = window.get(at..).unwrap_or_default();
            let offset = base.saturating_add(at as u64);
            at += match decode(window, &intact, rest) {
                Ok((block, length)) => {
                    met.push(self.block(&block, offset, length));
                    intact.push(at..at.saturating_add(length));
                    length
                }
                Err(error) => {
                    met.push(Met::Suspect(self.suspect(rest, offset, error)));
                    1
                }
            };
        }
        at.max(part.end)
    }

    fn block(&self, block: &Block<'_>, offset: u64, length: usize) -> Met {
        let (header, digest) = (&block.header, block.digest);
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let place = Place { offset, length };
        if header.origin != self.origin {
            return Met::Foreign(place);
        }
        Met::Block {
            group: (header.first, header.count, header.parts),
            part: header.part,
            copy: Copy { place, digest },
        }
    }

    fn suspect(&self, bytes: &[u8], offset: u64, error: BlockError) -> Suspect {
        let claims = block::claim(bytes).ok();
        // With another origin its magic may be right and its origin damaged: still a suspect, claiming nothing.
        let claims = claims.filter(|header| header.origin == self.origin);
        Suspect {
            offset,
            error,
            claims: claims.map(|header| (header.first, header.part)),
            intact_elsewhere: false,
        }
    }
}

/// Reads the block at the front of `rest`. Most copies of a block stand near the first, and those that are equal to a
/// block of the window that was found intact are intact.
fn decode<'w>(
    window: &[u8],
    intact: &[Range<usize>],
    rest: &'w [u8],
) -> Result<(Block<'w>, usize), BlockError> {
    if let Ok((block, length)) = block::split_front(rest) {
        let bytes = rest.get(..length);
        let others = intact.iter().map(|range| window.get(range.clone()));
        let mut alike = others.filter(|other| other.is_some_and(|it| it.ends_with(&block.digest)));
        if alike.any(|other| other == bytes) {
            return Ok((block, length));
        }
    }
    block::decode_front(rest)
}

/// Puts together what was met.
#[derive(Default)]
struct Finder {
    groups: BTreeMap<Group, BTreeMap<u32, Vec<Copy>>>,
    covered: Vec<Range<u64>>,
    found: Scan,
}

impl Finder {
    fn take(&mut self, met: Met) {
        match met {
            Met::Block { group, part, copy } => self.add(group, part, copy),
            Met::Foreign(place) => self.found.foreign.push(place),
            Met::Suspect(suspect) => self.found.suspects.push(suspect),
        }
    }

    fn add(&mut self, group: Group, part: u32, copy: Copy) {
        let Place { offset, length } = copy.place;
        self.covered
            .push(offset..offset.saturating_add(u64::from(length)));
        let copies = self.groups.entry(group).or_default();
        let copies = copies.entry(part).or_default();
        match copies.iter().find(|other| other.digest == copy.digest) {
            Some(first) => self.found.copies.push(Copied {
                offset,
                first: first.place.offset,
            }),
            None => copies.push(copy),
        }
    }

    fn conclude(mut self, bytes: u64) -> Scan {
        self.found.bytes = bytes;
        self.found.uncovered = uncovered(&self.covered, bytes);
        let intact: BTreeSet<(u64, u32)> = self
            .groups
            .iter()
            .flat_map(|((first, _, _), parts)| parts.keys().map(|part| (*first, *part)))
            .collect();
        for suspect in &mut self.found.suspects {
            suspect.intact_elsewhere = suspect
                .claims
                .is_some_and(|claims| intact.contains(&claims));
        }
        self.walk();
        self.found.unused = self.unused();
        self.found
    }

    /// Intact blocks that are neither in a commit that was chosen nor in an unfinished one at the end.
    fn unused(&self) -> Vec<Unused> {
        let chosen = self.found.commits.iter().flat_map(|commit| &commit.parts);
        let chosen: BTreeSet<u64> = chosen.map(|place| place.offset).collect();
        let size = self.found.size();
        let mut unused = Vec::new();
        for ((first, count, _), parts) in self.groups.iter().filter(|(group, _)| group.0 < size) {
            for (part, copy) in parts
                .iter()
                .flat_map(|(part, copies)| copies.iter().map(move |copy| (part, copy)))
            {
                if !chosen.contains(&copy.place.offset) {
                    unused.push(Unused {
                        place: copy.place,
                        first: *first,
                        count: *count,
                        part: *part,
                    });
                }
            }
        }
        unused
    }

    /// Follows whole commits from position 0, each to where it ends.
    fn walk(&mut self) {
        let best = self.best();
        let mut next = 0_u64;
        while let Some((first, choice)) = best.range(next..).next() {
            if *first > next {
                let gap = self.gap(next..*first, choice);
                self.found.gaps.push(gap);
            }
            if !choice.rivals.is_empty() {
                let offsets = choice.rivals.clone();
                self.found.conflicts.push(Conflict {
                    first: *first,
                    offsets,
                });
            }
            self.found.commits.push(choice.commit.clone());
            next = choice.commit.end();
        }
        for ((first, count, parts), found) in self.groups.range((next, 0, 0)..) {
            let found = u32::try_from(found.len()).unwrap_or(u32::MAX);
            let tail = Tail {
                first: *first,
                count: *count,
                found,
                parts: *parts,
            };
            self.found.tails.push(tail);
        }
    }

    /// For each position at which a whole commit begins, the one that leads furthest.
    fn best(&self) -> BTreeMap<u64, Choice> {
        let mut best: BTreeMap<u64, Choice> = BTreeMap::new();
        for ((first, count, parts), found) in self.groups.iter().rev() {
            if u32::try_from(found.len()) != Ok(*parts) {
                continue;
            }
            let places = found
                .values()
                .filter_map(|copies| Some(copies.first()?.place))
                .collect();
            let commit = Commit {
                first: *first,
                count: *count,
                parts: places,
            };
            let reach = best
                .get(&commit.end())
                .map_or(commit.end(), |choice| choice.reach);
            let differing = found.values().filter(|copies| copies.len() > 1).flatten();
            let mut rivals: Vec<u64> = differing.map(|copy| copy.place.offset).collect();
            match best.get_mut(first) {
                Some(other) if other.reach > reach => {}
                Some(other) if other.reach == reach => {
                    rivals.extend(
                        commit
                            .parts
                            .iter()
                            .chain(&other.commit.parts)
                            .map(|p| p.offset),
                    );
                    rivals.append(&mut other.rivals);
                    rivals.sort_unstable();
                    rivals.dedup();
                    other.rivals = rivals;
                }
                Some(_) | None => {
                    best.insert(
                        *first,
                        Choice {
                            commit,
                            reach,
                            rivals,
                        },
                    );
                }
            }
        }
        best
    }

    fn gap(&self, positions: Range<u64>, next: &Choice) -> Gap {
        let claims = |suspect: &&Suspect| {
            suspect
                .claims
                .is_some_and(|(first, _)| positions.contains(&first))
        };
        let suspects = self
            .found
            .suspects
            .iter()
            .filter(claims)
            .map(|suspect| suspect.offset);
        let suspects = suspects.collect();
        let last = self
            .found
            .commits
            .last()
            .and_then(|commit| commit.parts.last());
        let after = last.map(|place| place.offset.saturating_add(u64::from(place.length)));
        let before = next.commit.parts.first().map(|place| place.offset);
        Gap {
            positions,
            suspects,
            after,
            before,
        }
    }
}

struct Choice {
    commit: Commit,
    /// How far whole commits lead from here.
    reach: u64,
    /// Offsets of blocks that contradict it or each other.
    rivals: Vec<u64>,
}

fn uncovered(covered: &[Range<u64>], bytes: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut next = 0;
    for range in covered {
        if range.start > next {
            ranges.push(next..range.start);
        }
        next = next.max(range.end);
    }
    if next < bytes {
        ranges.push(next..bytes);
    }
    ranges
}
