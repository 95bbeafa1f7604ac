//! The log tree: blocks by first position and part.

use ::sled::{Batch, IVec, Tree};

use crate::journal::block::{self, Block, BlockError};
use crate::journal::error::Cause;
use crate::journal::{MAX_PAGE_BYTES, OpenError, ReadError, Record, Stored};

/// Where an entry's bytes lie: enough to read them without walking their commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The entry's position.
    pub(super) position: u64,
    /// First position of its commit.
    pub(super) commit: u64,
    /// Where, in the commit's stream, the entry begins.
    pub(super) offset: u32,
    /// How many bytes it has.
    pub(super) length: u32,
}

/// The log tree of one ledger.
#[derive(Debug, Clone)]
pub(super) struct Log {
    tree: Tree,
    origin: String,
}

fn store(doing: &'static str) -> impl Fn(::sled::Error) -> ReadError {
    move |error| ReadError::Store {
        doing,
        source: cause(error),
    }
}

/// What sled says; of a failed call of the system, what the system said.
pub(in crate::journal::sled) fn cause(error: ::sled::Error) -> Cause {
    use ::sled::Error::{CollectionNotFound, Corruption, Io, ReportableBug, Unsupported};
    match error {
        Io(error) => of_system(error).into(),
        other @ (CollectionNotFound(_) | Corruption { .. } | ReportableBug(_) | Unsupported(_)) => {
            other.into()
        }
    }
}

/// sled hands an error of the system on as the text of its debugging form: made an error of the system again.
fn of_system(error: std::io::Error) -> std::io::Error {
    let text = error.to_string();
    let code = text.strip_prefix("Os { code: ");
    let code = code.and_then(|rest| rest.split_once(',')?.0.parse().ok());
    code.map_or(error, std::io::Error::from_raw_os_error)
}

fn damaged(position: u64, what: impl std::fmt::Display) -> ReadError {
    ReadError::Damaged {
        position,
        what: what.to_string(),
    }
}

/// The places of a batch's entries in their commit's stream.
pub(super) fn places(batch: &[Record]) -> impl Iterator<Item = Place> + '_ {
    let commit = batch.first().map_or(0, |record| record.position);
    let mut offset = 0_u32;
    batch.iter().map(move |record| {
        let length = u32::try_from(record.bytes.len()).unwrap_or(u32::MAX);
        let place = Place {
            position: record.position,
            commit,
            offset,
            length,
        };
        offset = offset.saturating_add(length);
        place
    })
}

/// The parts of one commit, under their keys, as they are handed to sled; durable only after a flush and a sync.
///
/// One insert each, not one sled batch: a batch has a manifest that sled writes by itself first, which doubles the writes
/// and the waits of a small commit. Nothing rests on a batch: a commit says how many parts it has, and one of which a part
/// is missing was never acknowledged and is dropped.
pub(super) fn keyed(blocks: Vec<Vec<u8>>, first: u64) -> Vec<([u8; block::KEY_BYTES], Vec<u8>)> {
    let keyed = blocks.into_iter().zip(0_u32..);
    keyed
        .map(|(value, part)| (block::key(first, part), value))
        .collect()
}

impl Log {
    pub(super) fn new(tree: Tree, origin: String) -> Self {
        Self { tree, origin }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The size of the log, after dropping a tail commit of which a part is missing: it was never acknowledged.
    /// The caller then flushes and syncs. Nothing is dropped from a log that is damaged below it.
    pub(super) fn recover(&self) -> Result<u64, OpenError> {
        let Some(last) = self.last_commit(u64::MAX)? else {
            return Ok(0);
        };
        if let Some((end, parts)) = last.whole {
            self.check_tail(last.first, parts)?;
            return Ok(end);
        }
        // The commit before was synced before this one began, so at most one is unfinished.
        let size = match self.last_commit(last.first)? {
            None => 0,
            Some(LastCommit { whole, first, .. }) => match whole {
                Some((end, _)) => end,
                None => return Err(damaged(first, "a part is missing").into()),
            },
        };
        if size != last.first {
            return Err(damaged(size, "no block covers it").into());
        }
        let mut batch = Batch::default();
        for key in last.keys {
            batch.remove(key);
        }
        self.tree
            .apply_batch(batch)
            .map_err(store("dropping an unfinished commit"))?;
        // sled takes pages away that became empty when it next comes by.
        self.last_commit(u64::MAX)?;
        Ok(size)
    }

    /// The last commit that begins below a position, as its last block describes it.
    fn last_commit(&self, below: u64) -> Result<Option<LastCommit>, OpenError> {
        let reading = || store("reading the tail of the log");
        let before = self.tree.range(..block::key(below, 0)).next_back();
        let Some((key, value)) = before.transpose().map_err(reading())? else {
            return Ok(None);
        };
        let Some((first, part)) = block::parse_key(&key) else {
            return Err(damaged(0, "a key that is not one of the log").into());
        };
        let parts = self.tree.range(block::key(first, 0).as_slice()..=&*key);
        let parts: Vec<(IVec, IVec)> = parts.collect::<Result<_, _>>().map_err(reading())?;
        let written = parts.iter().filter(|(_, value)| !value.is_empty()).count();
        let keys: Vec<IVec> = parts.into_iter().map(|(key, _)| key).collect();
        // A key under which nothing is yet: a part is missing.
        if value.is_empty() {
            let whole = None;
            return Ok(Some(LastCommit { first, whole, keys }));
        }
        let block = block::decode(&value).map_err(|error| damaged(first, error))?;
        if block.header.origin != self.origin {
            let (expected, found) = (self.origin.clone(), block.header.origin.to_owned());
            return Err(OpenError::Origin { expected, found });
        }
        self.check(&block, first, part)?;
        let end = first.saturating_add(u64::from(block.header.count));
        let parts = block.header.parts;
        let is_whole = u32::try_from(written) == Ok(parts) && written == keys.len();
        let whole = is_whole.then_some((end, parts));
        Ok(Some(LastCommit { first, whole, keys }))
    }

    fn check_tail(&self, first: u64, parts: u32) -> Result<(), ReadError> {
        let mut values = Vec::new();
        for part in 0..parts {
            values.push(self.value(first, part)?);
        }
        let blocks = values
            .iter()
            .map(|value| block::decode(value))
            .collect::<Result<Vec<_>, _>>();
        let checked = blocks.and_then(block::assemble);
        checked.map(drop).map_err(|error| damaged(first, error))
    }

    fn check(&self, block: &Block<'_>, first: u64, part: u32) -> Result<(), ReadError> {
        let header = &block.header;
        if header.origin == self.origin && header.first == first && header.part == part {
            Ok(())
        } else {
            Err(damaged(first, "a block under the key of another"))
        }
    }

    fn value(&self, first: u64, part: u32) -> Result<IVec, ReadError> {
        self.tree
            .get(block::key(first, part))
            .map_err(store("reading the log"))?
            .ok_or_else(|| damaged(first, format_args!("part {part} is missing")))
    }

    /// Reads one block and hands it to `read`.
    fn with_block<T>(
        &self,
        first: u64,
        part: u32,
        read: impl FnOnce(&Block<'_>) -> Result<T, BlockError>,
    ) -> Result<T, ReadError> {
        let value = self.value(first, part)?;
        let block = block::decode(&value).map_err(|error| damaged(first, error))?;
        self.check(&block, first, part)?;
        read(&block).map_err(|error| damaged(first, error))
    }

    /// Entries from `from` up to `size`, at most `limit` and about a page of bytes, with their places.
    pub(super) fn read(
        &self,
        from: u64,
        limit: usize,
        size: u64,
    ) -> Result<Vec<(Place, Vec<u8>)>, ReadError> {
        let mut page = Page {
            next: from,
            size,
            limit,
            bytes: 0,
            entries: Vec::new(),
        };
        if !page.open() {
            return Ok(page.entries);
        }
        let range = ..=block::key(from, u32::MAX);
        let before = self.tree.range(range).next_back().transpose();
        let mut commit = before
            .map_err(store("reading the log"))?
            .and_then(|(key, _)| block::parse_key(&key))
            .map(|(first, _)| first)
            .ok_or_else(|| damaged(from, "no block covers it"))?;
        while page.open() {
            let end = self.read_commit(commit, &mut page)?;
            if page.open() && page.next != end {
                return Err(damaged(page.next, "no block covers it"));
            }
            commit = end;
        }
        Ok(page.entries)
    }

    /// Adds entries of one commit to the page, from the page's next position on; answers the commit's end.
    fn read_commit(&self, commit: u64, page: &mut Page) -> Result<u64, ReadError> {
        let (parts, count) = self.with_block(commit, 0, |block| {
            Ok((block.header.parts, block.header.count))
        })?;
        let end = commit.saturating_add(u64::from(count));
        if !(commit..end).contains(&page.next) {
            return Err(damaged(page.next, "no block covers it"));
        }
        let wanted = page.next - commit;
        let mut stream = Stream::default();
        let (mut part, mut number) = (0_u32, 0_u64);
        while number < u64::from(count) && page.open() {
            if let Some((offset, bytes)) = stream.next_entry() {
                if number >= wanted {
                    let position = commit.saturating_add(number);
                    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    page.push(
                        Place {
                            position,
                            commit,
                            offset,
                            length,
                        },
                        bytes.to_vec(),
                    );
                }
                number = number.saturating_add(1);
            } else if part < parts {
                self.with_block(commit, part, |block| {
                    stream.extend(block.payload);
                    Ok(())
                })?;
                part = part.saturating_add(1);
            } else {
                return Err(damaged(commit, "the commit ends inside an entry"));
            }
        }
        Ok(end)
    }

    /// The place of the entry at a position.
    pub(super) fn place(&self, position: u64, size: u64) -> Result<Option<Place>, ReadError> {
        let page = self.read(position, 1, size)?;
        Ok(page.first().map(|(place, _)| *place))
    }

    /// Reads entries by their places.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            log: self,
            last: None,
        }
    }
}

/// Reads entries by their places. The block read last is kept: entries of a chain often lie in one.
pub(super) struct Reader<'l> {
    log: &'l Log,
    /// First position and part of the block, and its payload.
    last: Option<((u64, u32), Vec<u8>)>,
}

impl Reader<'_> {
    /// The payload of a block, checked.
    fn payload(&mut self, first: u64, part: u32) -> Result<&[u8], ReadError> {
        let wanted = (first, part);
        let payload = match self.last.take() {
            Some((of, payload)) if of == wanted => payload,
            Some(_) | None => self
                .log
                .with_block(first, part, |block| Ok(block.payload.to_vec()))?,
        };
        Ok(&self.last.insert((wanted, payload)).1)
    }

    /// Reads one entry by its place.
    pub(super) fn read_at(&mut self, place: &Place) -> Result<Stored, ReadError> {
        let wrong = || damaged(place.position, "the index does not fit the log");
        let capacity = block::capacity(&self.log.origin);
        let offset = usize::try_from(place.offset).map_err(|_large| wrong())?;
        let length = usize::try_from(place.length).map_err(|_large| wrong())?;
        let mut bytes = Vec::with_capacity(length);
        let mut part = offset
            .checked_div(capacity)
            .and_then(|part| u32::try_from(part).ok());
        let mut skip = offset.checked_rem(capacity).unwrap_or_default();
        while bytes.len() < length {
            let number = part.ok_or_else(wrong)?;
            let payload = self.payload(place.commit, number)?;
            let rest = payload.get(skip..).unwrap_or_default();
            if rest.is_empty() {
                return Err(damaged(place.commit, BlockError::Short));
            }
            let wanted = rest.len().min(length - bytes.len());
            bytes.extend_from_slice(rest.get(..wanted).unwrap_or_default());
            part = number.checked_add(1);
            skip = 0;
        }
        Ok(Stored {
            position: place.position,
            commit: place.commit,
            bytes,
        })
    }
}

/// A commit at the end of the log.
struct LastCommit {
    first: u64,
    /// The position after its last entry and how many parts it has, when all of them are there.
    whole: Option<(u64, u32)>,
    /// Keys of the parts that are there.
    keys: Vec<IVec>,
}

/// A page being filled.
struct Page {
    next: u64,
    size: u64,
    limit: usize,
    bytes: usize,
    entries: Vec<(Place, Vec<u8>)>,
}

impl Page {
    fn open(&self) -> bool {
        self.next < self.size && self.entries.len() < self.limit && self.bytes < MAX_PAGE_BYTES
    }

    fn push(&mut self, place: Place, bytes: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.next = place.position.saturating_add(1);
        self.entries.push((place, bytes));
    }
}

/// A commit's stream, read from its front; what has been read is let go.
#[derive(Default)]
struct Stream {
    /// Offset in the commit's stream of the first byte held.
    base: usize,
    /// Bytes held that have been read.
    used: usize,
    bytes: Vec<u8>,
}

impl Stream {
    fn extend(&mut self, payload: &[u8]) {
        self.bytes.drain(..self.used);
        self.base = self.base.saturating_add(self.used);
        self.used = 0;
        self.bytes.extend_from_slice(payload);
    }

    /// The next entry if all of it is held, with its offset in the commit's stream.
    fn next_entry(&mut self) -> Option<(u32, &[u8])> {
        let rest = self.bytes.get(self.used..)?;
        let length = block::entry_length(rest)?;
        let offset = u32::try_from(self.base.saturating_add(self.used)).ok()?;
        self.used = self.used.saturating_add(length);
        Some((offset, rest.get(..length)?))
    }
}
