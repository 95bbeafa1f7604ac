//! All that sled will show of a store: every row of its two trees, page by page.
//!
//! Each page is checked by its message's checksum and found in the way in which a search for its keys would find it: the
//! pages of a level follow each other without a gap, and those above name them by their lowest keys.

use std::collections::BTreeMap;

use super::Doubt;
use super::tree::{Pages, Row, Rows as PageRows};
use crate::journal::block;
use crate::journal::scan::Scan;
use crate::journal::sled::log::Place;
use crate::journal::sled::marks::{self, MARKS};
use crate::journal::sled::row::RowSum;
use crate::journal::sled::runs::{
    FILTER, MANIFEST, PAGE, decode_manifest, decode_row, filter_bytes,
};

/// Most pages of one level that are looked at.
const MAX_PAGES: usize = 1 << 26;

const UNFIT: Doubt = Doubt::Form("a tree's pages do not fit together");
const UNINDEXED: Doubt = Doubt::Form("the indexes would be made anew");

/// What sled will show, read from its pages.
#[derive(Debug)]
pub struct Seen {
    /// Entries of the log.
    size: u64,
    /// Its blocks in order: key, offset in the file, bytes.
    blocks: Vec<((u64, u32), u64, u32)>,
    /// Every entry below has its rows in the indexes.
    cursor: u64,
    rows: RowSum,
    leaves: Vec<[u8; 32]>,
    /// Places of landmarks, in order of position.
    landmarks: Vec<Place>,
}

/// Under what an entry is found.
#[derive(Debug, Clone, Copy)]
pub struct Indexed<'e> {
    /// Its position in the ledger.
    pub position: u64,
    /// First position of its commit.
    pub commit: u64,
    /// Where in the stream of its commit it begins.
    pub offset: u32,
    /// Its bytes.
    pub length: u32,
    /// Its chain.
    pub tag: &'e [u8; 32],
    /// Its number there.
    pub chain_seq: u64,
    /// Its author.
    pub agency: &'e str,
    /// The author's id of it.
    pub event_id: &'e [u8; 16],
    /// The hash of its leaf.
    pub leaf: &'e [u8; 32],
}

/// What entries of the log make of index rows, and whether the marks are theirs. The entries may be told to several.
#[derive(Debug)]
pub struct Tally<'s> {
    seen: &'s Seen,
    entries: u64,
    rows: RowSum,
    /// Entries whose mark is not theirs.
    strays: u64,
}

impl<'s> Tally<'s> {
    /// Of no entry yet.
    #[must_use]
    pub fn new(seen: &'s Seen) -> Self {
        Self {
            seen,
            entries: 0,
            rows: RowSum::default(),
            strays: 0,
        }
    }

    /// Takes an entry in.
    pub fn entry(&mut self, entry: &Indexed<'_>) {
        let place = Place {
            position: entry.position,
            commit: entry.commit,
            offset: entry.offset,
            length: entry.length,
        };
        self.entries = self.entries.saturating_add(1);
        if entry.position < self.seen.cursor {
            self.rows.add_chain(entry.tag, entry.chain_seq, &place);
            if entry.event_id != &[0; 16] {
                self.rows.add_event(entry.agency, entry.event_id, &place);
            }
        }
        let at = usize::try_from(entry.position).unwrap_or(usize::MAX);
        let leaf = self.seen.leaves.get(at);
        let landmarks = &self.seen.landmarks;
        let landmark = landmarks.binary_search_by_key(&entry.position, |mark| mark.position);
        let landmark = landmark.ok().and_then(|at| landmarks.get(at));
        if leaf.is_some_and(|leaf| leaf != entry.leaf) || landmark.is_some_and(|it| *it != place) {
            self.strays = self.strays.saturating_add(1);
        }
    }

    /// Takes in what another was told.
    pub fn join(&mut self, other: &Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.rows.join(&other.rows);
        self.strays = self.strays.saturating_add(other.strays);
    }
}

impl Seen {
    /// Whether sled will show exactly the entries that a scan of its file found, every block the one that was found, and
    /// whether the index rows and marks are those that the entries make, all of which were tallied.
    #[must_use]
    pub fn is_of(&self, found: &Scan, tally: &Tally<'_>) -> bool {
        let due = found.commits.iter().flat_map(|commit| {
            let parts = commit.parts.iter().zip(0_u32..);
            let key = |part| (commit.first, part);
            parts.map(move |(place, part)| (key(part), place.offset, place.length))
        });
        let shown = self.blocks.iter();
        let shown = shown.map(|(key, at, length)| (*key, found.first_copy(*at), *length));
        let same = shown.eq(due);
        same && found.is_sound()
            && (found.size(), tally.entries) == (self.size, self.size)
            && tally.strays == 0
            && tally.rows == self.rows
    }
}

/// Reads both trees whole.
pub(super) fn see(pages: &Pages<'_>, (log, index): (&str, &str), size: u64) -> Result<Seen, Doubt> {
    let mut seen = Seen {
        size,
        blocks: Vec::new(),
        cursor: 0,
        rows: RowSum::default(),
        leaves: Vec::new(),
        landmarks: Vec::new(),
    };
    if let Some(log) = pages.root(log)? {
        pages.each(log, |key, row| {
            let key = block::parse_key(key).ok_or(UNFIT)?;
            // Of a commit that is not all there: opening the journal drops it.
            if key.0 >= size {
                return Ok(());
            }
            let length = u32::try_from(row.value.len()).map_err(|_large| UNFIT)?;
            seen.blocks.push((key, row.at, length));
            Ok(())
        })?;
    }
    if let Some(index) = pages.root(index)? {
        let mut reader = Reader::new(&mut seen);
        pages.each(index, |key, row| reader.row(key, &row.value))?;
        reader.finish()?;
    }
    Ok(seen)
}

/// Reads the rows of the tree in which the indexes and marks are, in order of key.
struct Reader<'s> {
    seen: &'s mut Seen,
    /// Bytes of filter that each run still should have.
    runs: BTreeMap<u32, usize>,
    /// Whether the marks go on without a gap.
    marked: bool,
}

impl<'s> Reader<'s> {
    const fn new(seen: &'s mut Seen) -> Self {
        let runs = BTreeMap::new();
        Self {
            seen,
            runs,
            marked: true,
        }
    }

    fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), Doubt> {
        if key == MANIFEST {
            let (progress, runs) = decode_manifest(value).ok_or(UNINDEXED)?;
            if progress.cursor > self.seen.size {
                return Err(UNINDEXED);
            }
            self.seen.cursor = progress.cursor;
            for (id, rows) in runs {
                if self.runs.insert(id, filter_bytes(rows)).is_some() {
                    return Err(UNINDEXED);
                }
            }
            return Ok(());
        }
        match key.split_first() {
            Some((&PAGE, rest)) if self.run(rest).is_some() => self.page(value),
            Some((&FILTER, rest)) => {
                if let Some(left) = self.run(rest) {
                    *left = left.checked_sub(value.len()).ok_or(UNINDEXED)?;
                }
                Ok(())
            }
            Some((&MARKS, first)) => self.marks(first, value),
            // Of a run that does not count, or nobody's.
            Some(_) | None => Ok(()),
        }
    }

    /// The run that a key is of, if it is one that counts.
    fn run(&mut self, key: &[u8]) -> Option<&mut usize> {
        let id = key.first_chunk()?;
        self.runs.get_mut(&u32::from_be_bytes(*id))
    }

    fn page(&mut self, mut rest: &[u8]) -> Result<(), Doubt> {
        while !rest.is_empty() {
            let (key, place, more) = decode_row(rest).ok_or(Doubt::Form("an index row is none"))?;
            self.seen.rows.add(key, &place);
            rest = more;
        }
        Ok(())
    }

    fn marks(&mut self, first: &[u8], value: &[u8]) -> Result<(), Doubt> {
        let due = self.seen.leaves.len() as u64;
        let fits =
            first == due.to_be_bytes() && due.saturating_add(marks::ROW as u64) <= self.seen.size;
        let row = marks::decode(value, due).filter(|_| self.marked && fits);
        let Some((leaves, landmarks)) = row else {
            self.marked = false;
            return Ok(());
        };
        self.seen.leaves.extend_from_slice(leaves);
        for place in landmarks {
            let last = self.seen.landmarks.last();
            if last.is_some_and(|last| last.position >= place.position) {
                return Err(Doubt::Form("the marks are out of order"));
            }
            self.seen.landmarks.push(place);
        }
        Ok(())
    }

    /// Every run that counts must have its filter whole, or the indexes are made anew.
    fn finish(self) -> Result<(), Doubt> {
        let whole = self.runs.values().all(|left| *left == 0);
        whole.then_some(()).ok_or(UNINDEXED)
    }
}

impl Pages<'_> {
    /// Hands every row of a tree to `take`, in order, with its whole key. Each is where a search for its key ends.
    fn each(
        &self,
        root: u64,
        mut take: impl FnMut(&[u8], &Row) -> Result<(), Doubt>,
    ) -> Result<(), Doubt> {
        let mut level = vec![(root, Vec::new())];
        loop {
            let below = self.level(&level, &mut take)?;
            if below.is_empty() {
                return Ok(());
            }
            level = below;
        }
    }

    /// Goes along the pages of one level. `named` are pages with their lowest keys, as those above name them; they may leave
    /// some out, never the first. Answers the pages that these name.
    fn level(
        &self,
        named: &[(u64, Vec<u8>)],
        take: &mut impl FnMut(&[u8], &Row) -> Result<(), Doubt>,
    ) -> Result<Vec<(u64, Vec<u8>)>, Doubt> {
        let (mut page, _) = *named.first().ok_or(UNFIT)?;
        let mut named = named.iter().peekable();
        let (mut low, mut below, mut is_leaf) = (Vec::new(), Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let node = self.node(page)?;
            if let Some((_, lowest)) = named.next_if(|(name, _)| *name == page)
                && *lowest != node.lowest
            {
                return Err(UNFIT);
            }
            let ends = (node.next == 0, node.highest.is_empty());
            if node.lowest != low || ends.0 != ends.1 {
                return Err(UNFIT);
            }
            let leaf = matches!(node.rows, PageRows::Leaf(_));
            if *is_leaf.get_or_insert(leaf) != leaf {
                return Err(UNFIT);
            }
            match &node.rows {
                PageRows::Index(rows) => {
                    below.extend(rows.iter().map(|(key, page)| (*page, node.full(key))));
                }
                PageRows::Leaf(rows) => {
                    let mut key = node.lowest.clone();
                    for (row, number) in rows.iter().zip(0_usize..) {
                        let full = node.full(&row.key);
                        let rises = if number == 0 { key <= full } else { key < full };
                        if !rises || (!ends.1 && full >= node.highest) {
                            return Err(UNFIT);
                        }
                        take(&full, row)?;
                        key = full;
                    }
                }
            }
            if ends.0 {
                let whole = named.next().is_none() && (leaf || !below.is_empty());
                return whole.then_some(below).ok_or(UNFIT);
            }
            (page, low) = (node.next, node.highest);
        }
        Err(UNFIT)
    }
}
