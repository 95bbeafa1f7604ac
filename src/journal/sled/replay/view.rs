//! All that sled will show of a store: every row of its two trees, page by page.
//!
//! Each page is checked by its message's checksum and found in the way in which a search for its keys would find it: the
//! pages of a level follow each other without a gap, and those above name them by their lowest keys. Each run of index rows is
//! checked as [`Check`] does: a row that a search would not find is as good as none.

use std::collections::BTreeMap;

use super::Doubt;
use super::tree::{Pages, Row, Rows as PageRows};
use crate::journal::scan::Scan;
use crate::journal::sled::log::Place;
use crate::journal::sled::marks::{self, MARKS};
use crate::journal::sled::row::RowSum;
use crate::journal::sled::runs::{
    Check, FILTER, MANIFEST, Misfit, PAGE, ROW_BYTES_MIN, decode_manifest,
};
use crate::journal::{block, is_findable};

/// Most levels of a tree that are looked at.
const MAX_LEVELS: usize = 100;

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
            if is_findable(entry.event_id) {
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
        let mut reader = Reader::new(&mut seen, pages.file.metadata()?.len());
        pages.each(index, |key, row| reader.row(key, &row.value))?;
        reader.finish()?;
    }
    Ok(seen)
}

/// Reads the rows of the tree in which the indexes and marks are, in order of key.
struct Reader<'s> {
    seen: &'s mut Seen,
    /// The runs that count.
    runs: BTreeMap<u32, Check>,
    /// Index rows for which there is room in the file, besides those of the runs.
    room: u64,
    /// Whether the marks go on without a gap.
    marked: bool,
}

impl<'s> Reader<'s> {
    const fn new(seen: &'s mut Seen, bytes: u64) -> Self {
        Self {
            seen,
            runs: BTreeMap::new(),
            room: bytes / ROW_BYTES_MIN,
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
                // What the file has no room for is not believed: memory is taken for as many rows as are told.
                self.room = self.room.checked_sub(rows).ok_or(UNINDEXED)?;
                if self.runs.insert(id, Check::new(rows)).is_some() {
                    return Err(UNINDEXED);
                }
            }
            return Ok(());
        }
        match key.split_first() {
            Some((&kind @ (PAGE | FILTER), rest)) => self.of_run(kind, rest, value),
            Some((&MARKS, first)) => self.marks(first, value),
            // Nobody's.
            Some(_) | None => Ok(()),
        }
    }

    /// A page of rows or a piece of a filter. Those of a run that does not count are nothing.
    fn of_run(&mut self, kind: u8, key: &[u8], value: &[u8]) -> Result<(), Doubt> {
        let Some((id, rest)) = key.split_first_chunk() else {
            return Ok(());
        };
        let Some(run) = self.runs.get_mut(&u32::from_be_bytes(*id)) else {
            return Ok(());
        };
        if kind == FILTER {
            return Ok(run.filter(value)?);
        }
        let rows = &mut self.seen.rows;
        Ok(run.page(rest, value, |key, place| rows.add(key, place))?)
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

    /// Every run that counts must be whole.
    fn finish(self) -> Result<(), Doubt> {
        let mut runs = self.runs.values();
        Ok(runs.try_for_each(Check::finish)?)
    }
}

impl From<Misfit> for Doubt {
    fn from(misfit: Misfit) -> Self {
        Self::Form(misfit.0)
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
        for _ in 0..MAX_LEVELS {
            let below = self.level(&level, &mut take)?;
            if below.is_empty() {
                return Ok(());
            }
            level = below;
        }
        Err(UNFIT)
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
        // Every page begins above the one before it, so none comes twice.
        loop {
            let node = self.node(page)?;
            if let Some((_, lowest)) = named.next_if(|(name, _)| *name == page)
                && *lowest != node.lowest
            {
                return Err(UNFIT);
            }
            let ends = (node.next == 0, node.highest.is_empty());
            let rises = ends.1 || node.highest > node.lowest;
            if node.lowest != low || ends.0 != ends.1 || !rises {
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
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::super::pages::{Page, Spot, Table};
    use super::super::wire::{crc, put_number};
    use super::*;

    /// A message of a leaf without rows, as sled writes it into the first segment of its log.
    fn leaf(page: u64, next: u64, lowest: &str, highest: &str) -> Vec<u8> {
        let mut body = Vec::new();
        put_number(&mut body, next);
        // No page below, none being merged, no prefix.
        body.extend([0, 0, 0]);
        for bound in [lowest, highest] {
            put_number(&mut body, bound.len() as u64);
            body.extend(bound.as_bytes());
        }
        // A leaf, and its number of rows.
        body.extend([0, 0]);
        // Its kind, bytes, segment and page.
        let mut head = vec![8];
        for number in [body.len() as u64, 0, page] {
            put_number(&mut head, number);
        }
        let sum = crc(&[body.as_slice(), &head].concat()) ^ u32::MAX;
        [&sum.swap_bytes().to_be_bytes(), head.as_slice(), &body].concat()
    }

    /// What is made of a tree of these leaves: the page after each, and its two bounds.
    fn read(leaves: &[(u64, &str, &str)]) -> Result<usize, Doubt> {
        let mut file: File = tempfile::tempfile().unwrap();
        let (mut table, mut place) = (Table::default(), 0);
        for ((next, lowest, highest), page) in leaves.iter().zip(0..) {
            let message = leaf(page, *next, lowest, highest);
            let size = message.len() as u64;
            let (base, links) = (
                Spot {
                    lsn: 0,
                    place,
                    size,
                },
                Vec::new(),
            );
            table.pages.push(Page::Kept { base, links });
            file.write_all(&message).unwrap();
            place += size;
        }
        let pages = Pages {
            file: &file,
            table: &table,
        };
        let mut rows = 0;
        pages.each(0, |_key, _row| {
            rows += 1;
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn a_page_that_is_its_own_neighbour_is_no_page_of_a_tree() {
        assert_eq!(read(&[(1, "", "k"), (0, "k", "")]).unwrap(), 0);
        let unfit = |leaves| read(leaves).is_err_and(|it| it.to_string() == UNFIT.to_string());
        assert!(unfit(&[(1, "", "k"), (1, "k", "k")]));
        assert!(unfit(&[(1, "", "k"), (0, "j", "")]));
    }
}
