//! Blocks: the self-describing values of at most 7,000 bytes in which a commit is stored (`proto/FORMAT.md` section 12).
//!
//! A commit's *stream* is its entries' bytes, one after the other; an entry delimits itself, being two length-prefixed
//! strings. The stream is cut every [`capacity`] bytes, and each piece becomes one block that names its commit and ends
//! with its own checksum, so that blocks can be found in a file without the store that wrote it.

/// Most bytes a block takes: larger values would make the store put them in files it never syncs.
pub const MAX_BLOCK_BYTES: usize = 7_000;

/// Most bytes of an origin.
pub const MAX_ORIGIN_BYTES: usize = 128;

/// First bytes of every block.
pub const MAGIC: [u8; 8] = *b"\xa7CLBLK\x01\n";

/// The format version written.
pub const VERSION: u16 = 1;

/// Bytes of a block's key in the store: first position `u64`, part `u32`.
pub const KEY_BYTES: usize = 12;

/// Bytes of a block besides origin and payload.
const FIXED_BYTES: usize = 8 + 2 + 4 + 8 + 4 + 4 + 4 + 4 + DIGEST_BYTES;
const DIGEST_BYTES: usize = 32;
const CONTEXT: &str = "caseledger v1 block";

/// Why bytes are not a block, or blocks not a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes do not begin with the magic.
    #[error("not a block")]
    Magic,
    /// A format version this program does not know.
    #[error("block format version {0} is not known")]
    Version(u16),
    /// The bytes end before the block does.
    #[error("the block is cut short")]
    Short,
    /// The checksum does not match.
    #[error("the block's checksum does not match")]
    Checksum,
    /// A field has a value no writer makes.
    #[error("the block's {0} is impossible")]
    Field(&'static str),
    /// Bytes follow the block.
    #[error("{0} bytes follow the block")]
    Trailing(usize),
    /// The parts of a commit do not fit together.
    #[error("the commit does not fit together: {0}")]
    Commit(&'static str),
    /// The commit needs more parts than can be numbered.
    #[error("the commit is too large")]
    TooLarge,
}

/// The fields of a block before its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The ledger the block belongs to.
    pub origin: &'a str,
    /// First position of the commit.
    pub first: u64,
    /// Entries in the commit, at least 1.
    pub count: u32,
    /// Which part this is, from 0.
    pub part: u32,
    /// Of how many parts.
    pub parts: u32,
    /// Bytes of payload.
    pub payload: u32,
}

/// One block whose checksum matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The fields before the payload.
    pub header: Header<'a>,
    /// This part of the commit's stream.
    pub payload: &'a [u8],
    /// The checksum: equal for identical copies.
    pub digest: [u8; 32],
}

/// Stream bytes in each part but the last, for this origin.
pub fn capacity(origin: &str) -> usize {
    MAX_BLOCK_BYTES
        .saturating_sub(FIXED_BYTES)
        .saturating_sub(origin.len())
}

/// The store's key of a block.
pub fn key(first: u64, part: u32) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    let (left, right) = key.split_at_mut(8);
    left.copy_from_slice(&first.to_be_bytes());
    right.copy_from_slice(&part.to_be_bytes());
    key
}

/// First position and part of a block's key; `None` if it is no such key.
pub fn parse_key(key: &[u8]) -> Option<(u64, u32)> {
    let (first, part) = key.split_first_chunk::<8>()?;
    Some((
        u64::from_be_bytes(*first),
        u32::from_be_bytes(part.try_into().ok()?),
    ))
}

/// How many bytes the entry at the front of a stream takes; `None` if the bytes end before it does.
pub fn entry_length(stream: &[u8]) -> Option<usize> {
    let header = prefixed(stream)?;
    let content = prefixed(stream.get(header..)?)?;
    let length = header.checked_add(content)?;
    (length <= stream.len()).then_some(length)
}

fn prefixed(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?);
    usize::try_from(length).ok()?.checked_add(4)
}

/// Cuts one commit into blocks, in order of their parts.
///
/// # Errors
/// [`BlockError::Field`] for an impossible origin, no entries, or bytes that are no entry;
/// [`BlockError::TooLarge`] if the parts cannot be numbered.
pub fn encode<'e>(
    origin: &str,
    first: u64,
    entries: impl IntoIterator<Item = &'e [u8]>,
) -> Result<Vec<Vec<u8>>, BlockError> {
    if origin.is_empty() || origin.len() > MAX_ORIGIN_BYTES {
        return Err(BlockError::Field("origin"));
    }
    let entries: Vec<&[u8]> = entries.into_iter().collect();
    let mut length = 0_usize;
    for entry in &entries {
        if entry_length(entry) != Some(entry.len()) {
            return Err(BlockError::Field("entry"));
        }
        length = length
            .checked_add(entry.len())
            .ok_or(BlockError::TooLarge)?;
    }
    let count = to_u32(entries.len())?;
    if count == 0 || first.checked_add(u64::from(count)).is_none() {
        return Err(BlockError::Field("count"));
    }
    let capacity = capacity(origin);
    let parts = to_u32(length.div_ceil(capacity))?;
    // The stream is never put together: each block takes its piece from the entries.
    let mut stream = Pieces {
        entries: entries.into_iter(),
        rest: &[],
    };
    let mut left = length;
    let mut blocks = Vec::with_capacity(usize::try_from(parts).unwrap_or(0));
    for part in 0..parts {
        let payload = left.min(capacity);
        left = left.saturating_sub(payload);
        let header = Header {
            origin,
            first,
            count,
            part,
            parts,
            payload: to_u32(payload)?,
        };
        blocks.push(encode_block(&header, &mut stream)?);
    }
    Ok(blocks)
}

/// A commit's stream, as it lies in its entries.
struct Pieces<'e> {
    entries: std::vec::IntoIter<&'e [u8]>,
    rest: &'e [u8],
}

impl Pieces<'_> {
    /// Adds the next `length` bytes of the stream, or all that are left.
    fn take_into(&mut self, out: &mut Vec<u8>, mut length: usize) {
        while length > 0 {
            if self.rest.is_empty() {
                let Some(next) = self.entries.next() else {
                    return;
                };
                self.rest = next;
            }
            let (piece, rest) = self.rest.split_at(length.min(self.rest.len()));
            out.extend_from_slice(piece);
            self.rest = rest;
            length = length.saturating_sub(piece.len());
        }
    }
}

fn to_u32(length: usize) -> Result<u32, BlockError> {
    u32::try_from(length).map_err(|_large| BlockError::TooLarge)
}

fn encode_block(header: &Header<'_>, stream: &mut Pieces<'_>) -> Result<Vec<u8>, BlockError> {
    let payload = usize::try_from(header.payload).map_err(|_large| BlockError::TooLarge)?;
    let mut out = Vec::with_capacity(FIXED_BYTES + header.origin.len() + payload);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&to_u32(header.origin.len())?.to_be_bytes());
    out.extend_from_slice(header.origin.as_bytes());
    out.extend_from_slice(&header.first.to_be_bytes());
    out.extend_from_slice(&header.count.to_be_bytes());
    out.extend_from_slice(&header.part.to_be_bytes());
    out.extend_from_slice(&header.parts.to_be_bytes());
    out.extend_from_slice(&header.payload.to_be_bytes());
    stream.take_into(&mut out, payload);
    let digest = checksum(&out);
    out.extend_from_slice(&digest);
    Ok(out)
}

fn checksum(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    blake3::derive_key(CONTEXT, bytes)
}

/// Takes fields off the front of bytes.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BlockError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(BlockError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BlockError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(BlockError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, BlockError> {
        self.array().map(u32::from_be_bytes)
    }
}

/// Reads the fields before the payload without the magic and the checksum: what damaged bytes claim to be.
///
/// # Errors
/// [`BlockError`] if a field is impossible or cut short.
pub fn claim(bytes: &[u8]) -> Result<Header<'_>, BlockError> {
    let mut reader = Reader { rest: bytes };
    reader.array::<8>()?;
    match u16::from_be_bytes(reader.array()?) {
        VERSION => {}
        other => return Err(BlockError::Version(other)),
    }
    let length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_ORIGIN_BYTES {
        return Err(BlockError::Field("origin"));
    }
    let origin = reader.take(length)?;
    let Ok(origin) = std::str::from_utf8(origin) else {
        return Err(BlockError::Field("origin"));
    };
    let first = u64::from_be_bytes(reader.array()?);
    let (count, part, parts) = (reader.u32()?, reader.u32()?, reader.u32()?);
    if count == 0 || first.checked_add(u64::from(count)).is_none() {
        return Err(BlockError::Field("count"));
    }
    if parts <= part {
        return Err(BlockError::Field("part"));
    }
    let payload = reader.u32()?;
    let full = capacity(origin);
    let last = part.checked_add(1) == Some(parts);
    let fits = usize::try_from(payload)
        .is_ok_and(|payload| payload == full || (last && (1..full).contains(&payload)));
    if !fits {
        return Err(BlockError::Field("payload length"));
    }
    Ok(Header {
        origin,
        first,
        count,
        part,
        parts,
        payload,
    })
}

/// Reads the block at the front of `bytes`, and how many bytes it takes.
///
/// # Errors
/// [`BlockError`] if the bytes do not begin with a block that checks.
pub fn decode_front(bytes: &[u8]) -> Result<(Block<'_>, usize), BlockError> {
    let (block, length) = split_front(bytes)?;
    let hashed = length.checked_sub(DIGEST_BYTES);
    let hashed = hashed.and_then(|length| bytes.get(..length));
    if hashed.map(checksum) == Some(block.digest) {
        Ok((block, length))
    } else {
        Err(BlockError::Checksum)
    }
}

/// Reads the block at the front of `bytes`, and how many bytes it takes, without taking its checksum.
pub(super) fn split_front(bytes: &[u8]) -> Result<(Block<'_>, usize), BlockError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(BlockError::Magic);
    }
    let header = claim(bytes)?;
    let payload = usize::try_from(header.payload).map_err(|_large| BlockError::Short)?;
    let before = FIXED_BYTES - DIGEST_BYTES + header.origin.len();
    let mut reader = Reader { rest: bytes };
    let hashed = reader.take(before + payload)?;
    let digest = reader.array()?;
    let payload = hashed.get(before..).ok_or(BlockError::Short)?;
    Ok((
        Block {
            header,
            payload,
            digest,
        },
        hashed.len() + DIGEST_BYTES,
    ))
}

/// Reads a value that is one block and nothing else.
///
/// # Errors
/// [`BlockError`] if it is not.
pub fn decode(bytes: &[u8]) -> Result<Block<'_>, BlockError> {
    alone(bytes, decode_front(bytes)?)
}

/// Reads a value that is one block and nothing else, without taking its checksum: for whoever took it before, and proves
/// every entry by digests of its own.
///
/// # Errors
/// [`BlockError`] if it is not.
pub fn decode_again(bytes: &[u8]) -> Result<Block<'_>, BlockError> {
    alone(bytes, split_front(bytes)?)
}

fn alone<'b>(bytes: &[u8], (block, length): (Block<'b>, usize)) -> Result<Block<'b>, BlockError> {
    match bytes.len().saturating_sub(length) {
        0 => Ok(block),
        more => Err(BlockError::Trailing(more)),
    }
}

/// Puts a whole commit together from its blocks in order: one commit, no part missing, exactly `count` entries and no
/// byte more. That the entries' positions follow each other is for the reader of entries to check.
///
/// # Errors
/// [`BlockError::Commit`] saying what does not fit.
pub fn assemble<'b>(
    blocks: impl IntoIterator<Item = Block<'b>>,
) -> Result<Vec<Vec<u8>>, BlockError> {
    let mut stream = Vec::new();
    let count = join(blocks, &mut stream)?;
    let entries = Entries::new(&stream, count);
    entries.map(|entry| Ok(entry?.to_vec())).collect()
}

/// Puts the stream of a whole commit together in `stream`, from its blocks in order: one commit, no part missing.
/// Answers how many entries it says it has; [`Entries`] cuts them.
///
/// # Errors
/// [`BlockError::Commit`] saying what does not fit.
pub fn join<'b>(
    blocks: impl IntoIterator<Item = Block<'b>>,
    stream: &mut Vec<u8>,
) -> Result<u32, BlockError> {
    stream.clear();
    let mut blocks = blocks.into_iter().peekable();
    let head = blocks.peek().ok_or(BlockError::Commit("no part"))?.header;
    let mut next = 0_u32;
    for block in blocks {
        let due = Header {
            part: next,
            payload: block.header.payload,
            ..head
        };
        if block.header != due {
            return Err(BlockError::Commit("a part is missing or of another commit"));
        }
        stream.extend_from_slice(block.payload);
        next = next.saturating_add(1);
    }
    if next == head.parts {
        Ok(head.count)
    } else {
        Err(BlockError::Commit("the last part is missing"))
    }
}

/// The entries of a stream, in order: exactly so many, and no byte more. After an error there are no more.
#[derive(Debug)]
pub struct Entries<'s> {
    rest: &'s [u8],
    left: u32,
}

impl<'s> Entries<'s> {
    /// Cuts the entries of this stream, which should be `count`.
    pub const fn new(stream: &'s [u8], count: u32) -> Self {
        Self {
            rest: stream,
            left: count,
        }
    }

    fn end(&mut self, what: &'static str) -> BlockError {
        (self.rest, self.left) = (&[], 0);
        BlockError::Commit(what)
    }
}

impl<'s> Iterator for Entries<'s> {
    type Item = Result<&'s [u8], BlockError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            if self.rest.is_empty() {
                return None;
            }
            return Some(Err(self.end("bytes after its last entry")));
        }
        let entry = entry_length(self.rest).and_then(|length| self.rest.split_at_checked(length));
        let Some((entry, rest)) = entry else {
            return Some(Err(self.end("it ends inside an entry")));
        };
        (self.rest, self.left) = (rest, self.left.saturating_sub(1));
        Some(Ok(entry))
    }
}
