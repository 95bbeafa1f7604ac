//! The pages of a tree, read without sled.

use std::fs::File;

use super::Doubt;
use super::pages::{Page, Table};
use super::segment::{Body, body};
use super::wire::{Bytes, COUNTER, Kind, META};
use crate::journal::block;
use crate::journal::sled::runs::{FILTER, MANIFEST, PAGE, decode_manifest, page_key, run_of};

/// Deepest tree, and most pages at the end of the log, that are looked at.
const MAX_STEPS: usize = 100_000;

/// A key and its value.
pub(super) struct Row {
    /// On its page: without the page's prefix.
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// Where in the file the value stands.
    pub(super) at: u64,
}

/// A whole key and its value.
type KeyValue = (Vec<u8>, Vec<u8>);

/// A page of a tree with its changes applied.
pub(super) struct Node {
    /// The page after it; 0 for none.
    pub(super) next: u64,
    /// No key on it is below this one; empty on the first page.
    pub(super) lowest: Vec<u8>,
    /// Every key on it is below this one; empty on the last page.
    pub(super) highest: Vec<u8>,
    pub(super) prefix: Vec<u8>,
    pub(super) rows: Rows,
    /// The page below that is being merged into its neighbour.
    merging: Option<u64>,
}

pub(super) enum Rows {
    /// Keys without the prefix, and the pages below.
    Index(Vec<(Vec<u8>, u64)>),
    /// Keys without the prefix, and values.
    Leaf(Vec<Row>),
}

const UNFIT: Doubt = Doubt::Form("the end of the log is not whole");
const MERGING: Doubt = Doubt::Form("a page is being merged");

fn node(body: &Body) -> Result<Node, Doubt> {
    let mut bytes = body.bytes();
    let next = bytes.number()?;
    let (child, merging) = (bytes.number()?, bytes.u8()?);
    if merging != 0 {
        return Err(MERGING);
    }
    let prefix = usize::from(bytes.u8()?);
    let lowest = bytes.string()?;
    let prefix = lowest
        .get(..prefix)
        .ok_or(Doubt::Form("a page's prefix is none"))?
        .to_vec();
    let highest = bytes.string()?.to_vec();
    let kind = bytes.u8()?;
    let count = bytes.number()?;
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(bytes.string()?.to_vec());
    }
    let rows = match kind {
        0 => {
            let rows = keys.into_iter().map(|key| body.row(key, &mut bytes));
            Rows::Leaf(rows.collect::<Result<_, Doubt>>()?)
        }
        1 => {
            let pages = keys.into_iter().map(|key| Ok((key, bytes.number()?)));
            Rows::Index(pages.collect::<Result<_, Doubt>>()?)
        }
        _ => return Err(Doubt::Form("a page is of no known kind")),
    };
    Ok(Node {
        next,
        lowest: lowest.to_vec(),
        highest,
        prefix,
        rows,
        merging: Some(child).filter(|child| *child != 0),
    })
}

impl Body {
    /// The row of a key whose value is next in the body.
    fn row(&self, key: Vec<u8>, rest: &mut Bytes<'_>) -> Result<Row, Doubt> {
        let value = rest.string()?.to_vec();
        let at = self.place_of(value.len(), rest);
        Ok(Row { key, value, at })
    }
}

impl Node {
    /// The whole of a key of this page.
    pub(super) fn full(&self, key: &[u8]) -> Vec<u8> {
        [self.prefix.as_slice(), key].concat()
    }

    fn change(&mut self, body: &Body) -> Result<(), Doubt> {
        let mut bytes = body.bytes();
        let kind = bytes.u8()?;
        let rows = match (&mut self.rows, kind) {
            (Rows::Leaf(rows), 0 | 1) => rows,
            (Rows::Index(_), 2) if self.merging.is_none() => {
                self.merging = Some(bytes.number()?);
                return Ok(());
            }
            (Rows::Index(rows), 3) => {
                let merged = self.merging.take();
                let at = rows.iter().position(|(_, page)| Some(*page) == merged);
                drop(rows.remove(at.ok_or(MERGING)?));
                return Ok(());
            }
            _ => return Err(MERGING),
        };
        let key = bytes.string()?;
        let at = rows.binary_search_by(|row| row.key.as_slice().cmp(key));
        match (kind, at) {
            (0, Ok(at)) => {
                if let Some(row) = rows.get_mut(at) {
                    *row = body.row(key.to_vec(), &mut bytes)?;
                }
            }
            (0, Err(at)) => rows.insert(at, body.row(key.to_vec(), &mut bytes)?),
            (_, Ok(at)) => drop(rows.remove(at)),
            (_, Err(_)) => {}
        }
        Ok(())
    }
}

/// The pages of a file.
pub(super) struct Pages<'t> {
    pub(super) file: &'t File,
    pub(super) table: &'t Table,
}

impl Pages<'_> {
    fn bodies(&self, page: u64) -> Result<Vec<Body>, Doubt> {
        let at = usize::try_from(page)
            .ok()
            .and_then(|at| self.table.pages.get(at));
        let Some(kept @ Page::Kept { .. }) = at else {
            return Err(Doubt::Form("a page is missing"));
        };
        let spots = kept.spots();
        spots.map(|spot| body(self.file, spot, page)).collect()
    }

    pub(super) fn node(&self, page: u64) -> Result<Node, Doubt> {
        let bodies = self.bodies(page)?;
        let based = bodies
            .split_first()
            .filter(|(base, _)| base.kind == Kind::Node);
        let (base, links) = based.ok_or(Doubt::Form("a page is none of a tree"))?;
        let mut node = node(base)?;
        for link in links {
            if link.kind != Kind::Link {
                return Err(Doubt::Form("a page's change is none"));
            }
            node.change(link)?;
        }
        if node.merging.is_some() {
            return Err(MERGING);
        }
        Ok(node)
    }

    /// The first page of a tree; `None` if there is no such tree.
    pub(super) fn root(&self, tree: &str) -> Result<Option<u64>, Doubt> {
        let counter = self.bodies(COUNTER)?;
        let meta = self.bodies(META)?;
        let ([counter], [meta]) = (counter.as_slice(), meta.as_slice()) else {
            return Err(Doubt::Form("the list of trees is none"));
        };
        if (counter.kind, meta.kind) != (Kind::Counter, Kind::Meta) {
            return Err(Doubt::Form("the list of trees is none"));
        }
        let (mut rest, mut root) = (meta.bytes(), None);
        while !rest.0.is_empty() {
            let (name, page) = (rest.string()?, rest.number()?);
            root = root.or((name == tree.as_bytes()).then_some(page));
        }
        Ok(root)
    }

    /// The last page of a tree from which on keys may be at or above `from`.
    fn leaf(&self, mut page: u64, from: &[u8]) -> Result<u64, Doubt> {
        for _ in 0..MAX_STEPS {
            let node = self.node(page)?;
            let Rows::Index(rows) = &node.rows else {
                return Ok(page);
            };
            let below = rows
                .iter()
                .rev()
                .find(|(key, _)| node.full(key).as_slice() <= from);
            page = below
                .or(rows.first())
                .ok_or(Doubt::Form("a page is empty"))?
                .1;
        }
        Err(Doubt::Form("a tree is too deep"))
    }

    /// Rows of a tree from a key on, to its end: whole keys and values.
    fn rows(&self, root: u64, from: &[u8]) -> Result<Vec<KeyValue>, Doubt> {
        let (mut found, mut page) = (Vec::new(), self.leaf(root, from)?);
        for _ in 0..MAX_STEPS {
            let node = self.node(page)?;
            let Rows::Leaf(rows) = node.rows else {
                return Err(Doubt::Form("a page is of another kind than its neighbour"));
            };
            let full = rows
                .into_iter()
                .map(|row| ([node.prefix.as_slice(), &row.key].concat(), row.value));
            found.extend(full.filter(|(key, _)| key.as_slice() >= from));
            if node.next == 0 {
                return Ok(found);
            }
            page = node.next;
        }
        Err(Doubt::Form("a tree is too wide"))
    }

    /// Entries that the log of a ledger shows, up to the last commit that is whole; 0 for no log. Everything that opening
    /// the journal reads is read: the log from the entry on up to which the indexes go, and what says how far they go.
    pub(super) fn size(&self, log: &str, index: &str, origin: &str) -> Result<u64, Doubt> {
        let cursor = match self.root(index)? {
            Some(index) => self.cursor(index)?,
            None => 0,
        };
        let Some(log) = self.root(log)? else {
            return if cursor == 0 { Ok(0) } else { Err(UNFIT) };
        };
        let Some(last) = self.last_key(log)? else {
            return if cursor == 0 { Ok(0) } else { Err(UNFIT) };
        };
        let (last, _) = block::parse_key(&last).ok_or(UNFIT)?;
        let from = self.commit_at(log, cursor.min(last))?;
        let (mut size, mut parts) = (from, Vec::new());
        let mut rows = self.rows(log, &block::key(from, 0))?.into_iter().peekable();
        while let Some((key, value)) = rows.next_if(|(_, value)| !value.is_empty()) {
            let block = block::decode(&value).map_err(|_error| UNFIT)?;
            let header = &block.header;
            if block::parse_key(&key) != Some((header.first, header.part))
                || (header.first, header.origin) != (size, origin)
            {
                return Err(UNFIT);
            }
            let is_last = header.part.checked_add(1) == Some(header.parts);
            parts.push(value);
            if is_last {
                let blocks = parts.iter().map(|value| block::decode(value));
                let blocks: Vec<_> = blocks.collect::<Result<_, _>>().map_err(|_error| UNFIT)?;
                let entries = block::assemble(blocks).map_err(|_error| UNFIT)?;
                size = size.saturating_add(entries.len() as u64);
                parts.clear();
            }
        }
        // What is left is of a commit that is not all there: opening the journal drops it.
        let of_it = |(key, value): &KeyValue| {
            value.is_empty() && block::parse_key(key).is_some_and(|(first, _)| first == size)
        };
        if rows.all(|row| of_it(&row)) && cursor <= size {
            Ok(size)
        } else {
            Err(UNFIT)
        }
    }

    /// The first position of the commit in which a position lies.
    fn commit_at(&self, log: u64, position: u64) -> Result<u64, Doubt> {
        let from = block::key(position, u32::MAX);
        let node = self.node(self.leaf(log, &from)?)?;
        let Rows::Leaf(rows) = node.rows else {
            return Err(UNFIT);
        };
        let keys = rows
            .iter()
            .rev()
            .map(|row| [node.prefix.as_slice(), &row.key].concat());
        let mut below = keys.filter(|key| key.as_slice() <= from.as_slice());
        let key = below
            .next()
            .ok_or(Doubt::Form("a commit begins on an earlier page"))?;
        block::parse_key(&key).map(|(first, _)| first).ok_or(UNFIT)
    }

    /// How far the indexes go. Reads what opening them reads.
    fn cursor(&self, index: u64) -> Result<u64, Doubt> {
        let manifest = self.row(index, &MANIFEST)?;
        let manifest = manifest.and_then(|bytes| decode_manifest(&bytes));
        let Some((progress, runs)) = manifest else {
            // The indexes are made anew, from the whole log.
            self.ids(index)?;
            return Ok(0);
        };
        for (id, _) in runs {
            drop(self.node(self.leaf(index, &page_key(PAGE, id, &[]))?)?);
            let mut chunk = 0_u32;
            while self
                .row(index, &page_key(FILTER, id, &chunk.to_be_bytes()))?
                .is_some()
            {
                chunk = chunk.saturating_add(1);
            }
        }
        self.ids(index)?;
        Ok(progress.cursor)
    }

    /// Reads what opening the indexes reads to find the runs of which anything is there.
    fn ids(&self, index: u64) -> Result<(), Doubt> {
        for kind in [PAGE, FILTER] {
            let mut from = vec![kind];
            while let Some(key) = self.key_from(index, &from)?
                && key.first() == Some(&kind)
                && let Some(next) = run_of(&key).and_then(|id| id.checked_add(1))
            {
                from = page_key(kind, next, &[]);
            }
        }
        Ok(())
    }

    /// The first key of a tree from a key on; `None` when there is none.
    fn key_from(&self, root: u64, from: &[u8]) -> Result<Option<Vec<u8>>, Doubt> {
        let mut page = self.leaf(root, from)?;
        for _ in 0..MAX_STEPS {
            let node = self.node(page)?;
            let Rows::Leaf(rows) = &node.rows else {
                return Err(UNFIT);
            };
            let mut keys = rows.iter().map(|row| node.full(&row.key));
            let found = keys.find(|key| key.as_slice() >= from);
            if found.is_some() || node.next == 0 {
                return Ok(found);
            }
            page = node.next;
        }
        Err(Doubt::Form("a tree is too wide"))
    }

    /// The value of a key.
    fn row(&self, root: u64, key: &[u8]) -> Result<Option<Vec<u8>>, Doubt> {
        let node = self.node(self.leaf(root, key)?)?;
        let Rows::Leaf(rows) = node.rows else {
            return Err(UNFIT);
        };
        let suffix = key.strip_prefix(node.prefix.as_slice());
        let row = rows
            .into_iter()
            .find(|row| Some(row.key.as_slice()) == suffix);
        Ok(row.map(|row| row.value))
    }

    /// The last key of a tree; `None` if it has none.
    fn last_key(&self, root: u64) -> Result<Option<Vec<u8>>, Doubt> {
        let mut page = self.node(self.leaf(root, &[u8::MAX; block::KEY_BYTES])?)?;
        for _ in 0..MAX_STEPS {
            if page.next != 0 {
                page = self.node(page.next)?;
                continue;
            }
            let Rows::Leaf(rows) = page.rows else {
                return Err(Doubt::Form("a page is of another kind than its neighbour"));
            };
            return match rows.into_iter().next_back() {
                Some(row) => Ok(Some([page.prefix, row.key].concat())),
                None if page.lowest.is_empty() => Ok(None),
                None => Err(Doubt::Form("the last page is empty")),
            };
        }
        Err(Doubt::Form("a tree is too wide"))
    }
}
