//! One run: rows packed into pages, written once and read by key.

use std::ops::Range;

use ::sled::{IVec, Tree};

use super::filter::Filter;
use crate::journal::ReadError;
use crate::journal::error::Cause;
use crate::journal::sled::log::Place;
use crate::journal::sled::sink::{AT_ONCE, Sink};

/// Most bytes of a page: below what sled keeps in its one file.
const PAGE_BYTES: usize = 6_500;

pub(in crate::journal::sled) const PAGE: u8 = 1;
pub(in crate::journal::sled) const FILTER: u8 = 2;
const PLACE_BYTES: usize = 24;

/// Runs of one level that are merged.
pub(super) const FAN: usize = 8;

/// Rows up to which a run is of level 0, times [`FAN`].
const LEVEL_ROWS: u64 = 8_192;

/// A key with the place it leads to.
pub(in crate::journal::sled) type Row = (Vec<u8>, Place);

pub(in crate::journal::sled) fn store(error: ::sled::Error) -> ReadError {
    ReadError::Store {
        doing: "reading the indexes",
        source: crate::journal::sled::log::cause(error),
    }
}

fn malformed() -> ReadError {
    ReadError::Store {
        doing: "reading the indexes",
        source: "a row is malformed: let the indexes be rebuilt".into(),
    }
}

pub(in crate::journal::sled) fn page_key(kind: u8, run: u32, row: &[u8]) -> Vec<u8> {
    [&[kind], run.to_be_bytes().as_slice(), row].concat()
}

/// The run that a page's key is of.
pub(in crate::journal::sled) fn run_of(key: &[u8]) -> Option<u32> {
    let (_, rest) = key.split_first()?;
    rest.first_chunk().map(|id| u32::from_be_bytes(*id))
}

fn encode_row(page: &mut Vec<u8>, key: &[u8], place: &Place) {
    page.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    page.extend_from_slice(key);
    page.extend_from_slice(&place.position.to_be_bytes());
    page.extend_from_slice(&place.commit.to_be_bytes());
    page.extend_from_slice(&place.offset.to_be_bytes());
    page.extend_from_slice(&place.length.to_be_bytes());
}

/// The row at the front of a page, and the rest of the page.
pub(in crate::journal::sled) fn decode_row(page: &[u8]) -> Option<(&[u8], Place, &[u8])> {
    let (length, rest) = page.split_first()?;
    let (key, rest) = rest.split_at_checked(usize::from(*length))?;
    let (position, rest) = rest.split_first_chunk()?;
    let (commit, rest) = rest.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    let (bytes, rest) = rest.split_first_chunk()?;
    let place = Place {
        position: u64::from_be_bytes(*position),
        commit: u64::from_be_bytes(*commit),
        offset: u32::from_be_bytes(*offset),
        length: u32::from_be_bytes(*bytes),
    };
    Some((key, place, rest))
}

/// One sorted run.
pub(super) struct Run {
    pub(super) id: u32,
    pub(super) rows: u64,
    pub(super) filter: Filter,
}

impl Run {
    pub(super) fn level(&self) -> u32 {
        let (mut rows, mut level) = (self.rows / LEVEL_ROWS, 0);
        while rows >= FAN as u64 {
            rows /= FAN as u64;
            level += 1;
        }
        level
    }

    /// Rows from a key on, in order.
    pub(super) fn rows_from<'k>(
        &self,
        tree: &Tree,
        key: &'k [u8],
    ) -> Result<impl Iterator<Item = Result<Row, ReadError>> + use<'k>, ReadError> {
        let (low, high) = (page_key(PAGE, self.id, &[]), page_key(PAGE, self.id, key));
        let before = tree
            .range(low..=high.clone())
            .next_back()
            .transpose()
            .map_err(store)?;
        let start = before.map_or_else(|| IVec::from(high), |(page, _)| page);
        let next = self.id.checked_add(1);
        let end = next.map_or(vec![PAGE + 1], |id| page_key(PAGE, id, &[]));
        let pages = tree.range(start..IVec::from(end));
        let rows = pages.flat_map(move |page| match page {
            Ok((_, page)) => match written(&page) {
                Ok(page) => unpack(page, key),
                Err(error) => vec![Err(error)],
            },
            Err(error) => vec![Err(store(error))],
        });
        Ok(rows)
    }

    /// The last row not above a key.
    pub(super) fn last_up_to(&self, tree: &Tree, key: &[u8]) -> Result<Option<Row>, ReadError> {
        let range = page_key(PAGE, self.id, &[])..=page_key(PAGE, self.id, key);
        let Some((_, page)) = tree.range(range).next_back().transpose().map_err(store)? else {
            return Ok(None);
        };
        let (mut rest, mut last) = (written(&page)?, None);
        while !rest.is_empty() {
            let (row, place, more) = decode_row(rest).ok_or_else(malformed)?;
            if row > key {
                break;
            }
            last = Some((row, place));
            rest = more;
        }
        Ok(last.map(|(row, place)| (row.to_vec(), place)))
    }
}

/// The bytes of a page: a run that counts has none of which only the key was written.
fn written(page: &IVec) -> Result<&[u8], ReadError> {
    if page.is_empty() {
        return Err(malformed());
    }
    Ok(page)
}

/// The rows of a page from a key on.
fn unpack(page: &[u8], from: &[u8]) -> Vec<Result<Row, ReadError>> {
    let (mut rows, mut rest) = (Vec::new(), page);
    while !rest.is_empty() {
        let Some((key, place, more)) = decode_row(rest) else {
            rows.push(Err(malformed()));
            break;
        };
        if key >= from {
            rows.push(Ok((key.to_vec(), place)));
        }
        rest = more;
    }
    rows
}

/// The rows of a run one after the other, as they are encoded.
pub(super) struct Source {
    pages: ::sled::Iter,
    page: IVec,
    /// Where in the page the next row is, and its key; both empty behind the last row.
    row: Range<usize>,
    key: Range<usize>,
}

impl Source {
    pub(super) fn new(tree: &Tree, run: u32) -> Result<Self, ReadError> {
        let mut source = Self {
            pages: tree.scan_prefix(page_key(PAGE, run, &[])),
            page: IVec::default(),
            row: 0..0,
            key: 0..0,
        };
        source.advance()?;
        Ok(source)
    }

    /// Whether no row is left.
    pub(super) fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// The next row's key.
    pub(super) fn key(&self) -> &[u8] {
        self.page.get(self.key.clone()).unwrap_or_default()
    }

    /// The next row, encoded.
    pub(super) fn row(&self) -> &[u8] {
        self.page.get(self.row.clone()).unwrap_or_default()
    }

    /// Goes on to the row after the next.
    pub(super) fn advance(&mut self) -> Result<(), ReadError> {
        let mut at = self.row.end;
        while at >= self.page.len() {
            let Some(page) = self.pages.next() else {
                (self.row, self.key) = (0..0, 0..0);
                self.page = IVec::default();
                return Ok(());
            };
            (_, self.page) = page.map_err(store)?;
            written(&self.page)?;
            at = 0;
        }
        let length = self.page.get(at).copied().ok_or_else(malformed)?;
        let key = at.saturating_add(1);
        let place = key.saturating_add(usize::from(length));
        let end = place.saturating_add(PLACE_BYTES);
        if end > self.page.len() {
            return Err(malformed());
        }
        (self.row, self.key) = (at..end, key..place);
        Ok(())
    }
}

/// Writes one run page by page.
pub(super) struct Writer {
    sink: Sink,
    run: Run,
    /// Pages with their keys that are still to be handed to sled.
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    /// Pages written, those of the filter among them.
    pages: usize,
    first: Vec<u8>,
    page: Vec<u8>,
    /// Pages of the filter handed to sled.
    filter_pages: u32,
}

impl Writer {
    pub(super) fn new(sink: &Sink, id: u32, rows: u64) -> Self {
        Self {
            sink: sink.clone(),
            run: Run {
                id,
                rows: 0,
                filter: Filter::for_rows(rows),
            },
            waiting: Vec::new(),
            pages: 0,
            first: Vec::new(),
            page: Vec::with_capacity(PAGE_BYTES),
            filter_pages: 0,
        }
    }

    pub(super) fn push(&mut self, key: &[u8], place: &Place) -> Result<(), Cause> {
        self.make_room(key, key.len() + 1 + PLACE_BYTES)?;
        encode_row(&mut self.page, key, place);
        Ok(())
    }

    /// Takes over a row as it is encoded.
    pub(super) fn push_encoded(&mut self, key: &[u8], row: &[u8]) -> Result<(), Cause> {
        self.make_room(key, row.len())?;
        self.page.extend_from_slice(row);
        Ok(())
    }

    fn make_room(&mut self, key: &[u8], bytes: usize) -> Result<(), Cause> {
        if self.page.len() + bytes > PAGE_BYTES {
            self.end_page()?;
        }
        if self.page.is_empty() {
            self.first.clear();
            self.first.extend_from_slice(key);
        }
        self.run.filter.add(key);
        self.run.rows += 1;
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), Cause> {
        if self.page.is_empty() {
            return Ok(());
        }
        let key = page_key(PAGE, self.run.id, &self.first);
        let page = std::mem::replace(&mut self.page, Vec::with_capacity(PAGE_BYTES));
        self.write(key, page)
    }

    fn write(&mut self, key: Vec<u8>, page: Vec<u8>) -> Result<(), Cause> {
        self.pages += 1;
        self.waiting.push((key, page));
        if self.waiting.len() == AT_ONCE {
            self.hand_over()?;
        }
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), Cause> {
        self.sink.insert(&self.waiting)?;
        self.waiting.clear();
        self.sink.settle()
    }

    /// Pages written so far.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Writes what is left when there are no more rows, until so many pages are written; true when nothing is left.
    pub(super) fn finish_within(&mut self, until: usize) -> Result<bool, Cause> {
        self.end_page()?;
        loop {
            let skip = usize::try_from(self.filter_pages).unwrap_or(usize::MAX);
            let Some(chunk) = self.run.filter.bytes().chunks(PAGE_BYTES).nth(skip) else {
                return Ok(true);
            };
            if self.pages >= until {
                return Ok(false);
            }
            let key = page_key(FILTER, self.run.id, &self.filter_pages.to_be_bytes());
            let chunk = chunk.to_vec();
            self.filter_pages += 1;
            self.write(key, chunk)?;
        }
    }

    /// The run, when there is nothing left to write. It is durable before anything names it.
    pub(super) fn into_run(mut self) -> Result<Run, Cause> {
        self.hand_over()?;
        Ok(self.run)
    }
}
