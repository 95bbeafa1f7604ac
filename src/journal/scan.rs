//! Finds blocks in the bytes of a store's file without the store: read only, and deaf to everything the store says.
//!
//! A store rewrites its pages, so one block can stand in the file several times, and stale remains of a page can hold
//! parts of blocks. Identical copies count once. Bytes that look like a block of this ledger and do not check are
//! *suspects*: with an intact copy elsewhere the content is whole all the same.

mod commit;
mod found;
mod joined;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::{ControlFlow, Range};

use self::search::Begin;
use super::block::{self, BlockError, MAX_BLOCK_BYTES};

pub use self::commit::{CommitReader, read_commit};
pub use self::found::{Commit, Conflict, Gap, Place, Scan, Suspect, Tail, Unused};
pub use self::joined::Joined;

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
    let mut finder = Finder::new(origin);
    let mut window: Vec<u8> = Vec::new();
    let mut base = 0_u64;
    loop {
        let read = (&mut file)
            .take(WINDOW_BYTES as u64)
            .read_to_end(&mut window)?;
        let at_end = read == 0;
        let keep = if at_end { 0 } else { MAX_BLOCK_BYTES };
        let used = finder.search(&window, base, window.len().saturating_sub(keep));
        window.drain(..used);
        base = base.saturating_add(used as u64);
        if progress(base).is_break() {
            return Err(ScanError::Stopped);
        }
        if at_end {
            return Ok(finder.conclude(base));
        }
    }
}

struct Finder<'o> {
    origin: &'o str,
    begin: Begin,
    groups: BTreeMap<Group, BTreeMap<u32, Vec<Copy>>>,
    covered: Vec<Range<u64>>,
    found: Scan,
}

impl<'o> Finder<'o> {
    fn new(origin: &'o str) -> Self {
        let (groups, covered) = (BTreeMap::new(), Vec::new());
        Self {
            origin,
            begin: Begin::new(origin),
            groups,
            covered,
            found: Scan::default(),
        }
    }

    /// Looks for blocks that begin below `end`; answers how many bytes are done with.
    fn search(&mut self, window: &[u8], base: u64, end: usize) -> usize {
        let mut at = 0;
        while let Some(found) = self.begin.find(window, at, end) {
            at = found;
            let rest = window.get(at..).unwrap_or_default();
            let offset = base.saturating_add(at as u64);
            at += match block::decode_front(rest) {
                Ok((block, length)) => {
                    self.add(&block, offset, length);
                    length
                }
                Err(error) => {
                    self.suspect(rest, offset, error);
                    1
                }
            };
        }
        at.max(end)
    }

    fn add(&mut self, block: &block::Block<'_>, offset: u64, length: usize) {
        let header = &block.header;
        if header.origin != self.origin {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            self.found.foreign.push(Place { offset, length });
            return;
        }
        self.covered
            .push(offset..offset.saturating_add(length as u64));
        let group = (header.first, header.count, header.parts);
        let copies = self
            .groups
            .entry(group)
            .or_default()
            .entry(header.part)
            .or_default();
        if copies.iter().any(|copy| copy.digest == block.digest) {
            self.found.copies += 1;
        } else {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            copies.push(Copy {
                place: Place { offset, length },
                digest: block.digest,
            });
        }
    }

    fn suspect(&mut self, bytes: &[u8], offset: u64, error: BlockError) {
        let claims = block::claim(bytes).ok();
        if claims.is_some_and(|header| header.origin != self.origin) {
            // Its magic may be right and its origin damaged: still a suspect, claiming nothing.
            self.push_suspect(offset, error, None);
        } else {
            let claims = claims.map(|header| (header.first, header.part));
            self.push_suspect(offset, error, claims);
        }
    }

    fn push_suspect(&mut self, offset: u64, error: BlockError, claims: Option<(u64, u32)>) {
        self.found.suspects.push(Suspect {
            offset,
            error,
            claims,
            intact_elsewhere: false,
        });
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
