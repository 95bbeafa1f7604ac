//! Blocks: the self-describing pieces of at most 7,000 bytes in which a commit is stored.
//!
//! A commit's *stream* is, for each entry in order, `u32be length ‖ entry bytes`. The stream is cut every
//! [`capacity`] bytes; piece `part` of `parts` is stored as (all numbers big-endian)
//!
//! ```text
//! "CLB1" ‖ version u16 = 1 ‖ lp(origin) ‖ first u64 ‖ count u32 ‖ part u16 ‖ parts u16
//!        ‖ payload length u32 ‖ payload ‖ BLAKE3-32 of all before
//! payload = commit id [16] ‖ start u32 ‖ skip u32 ‖ stream bytes
//! ```
//!
//! `first` and `count` are the commit's first position and number of entries. The *commit id* is the first 16 bytes of
//! the BLAKE3 of the stream: pieces of two attempts at one position cannot be mixed. `start` is the number, within the
//! commit, of the first entry that begins in this piece or later, and `skip` how many stream bytes come before it here:
//! an entry can be found, and a piece salvaged, without the pieces before it. The store's key is `first u64 ‖ part u16`.

/// Most bytes a block takes: larger values would make the store put them in files it never syncs.
pub const MAX_BLOCK_BYTES: usize = 7_000;

/// Most bytes of an origin.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// First bytes of every block.
pub const MAGIC: [u8; 4] = *b"CLB1";

/// The format version written.
pub const VERSION: u16 = 1;

/// Bytes of a block's key in the store.
pub const KEY_BYTES: usize = 10;

const FIXED_BYTES: usize = 4 + 2 + 4 + 8 + 4 + 2 + 2 + 4 + 32;
const PREFIX_BYTES: usize = 16 + 4 + 4;

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
    /// The pieces of a commit do not fit together.
    #[error("the commit does not fit together: {0}")]
    Commit(&'static str),
    /// The commit needs more blocks than can be numbered.
    #[error("the commit is too large for its blocks")]
    TooLarge,
}

/// The fields of a block before its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The ledger the block belongs to.
    pub origin: &'a str,
    /// First position of the commit.
    pub first: u64,
    /// Entries in the commit.
    pub count: u32,
    /// Which piece this is, from 0.
    pub part: u16,
    /// Of how many pieces.
    pub parts: u16,
    /// Bytes of payload that follow.
    pub payload: u32,
}

/// One block that checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// The fields before the payload.
    pub header: Header<'a>,
    /// The same in every piece of a commit.
    pub commit_id: [u8; 16],
    /// Number, within the commit, of the first entry that begins here or later.
    pub start: u32,
    /// Stream bytes here before that entry; all of them when none begins here.
    pub skip: u32,
    /// This piece of the stream.
    pub stream: &'a [u8],
    /// The block's checksum: equal for identical copies.
    pub digest: [u8; 32],
}

/// Stream bytes in each piece but the last, for this origin.
pub fn capacity(origin: &str) -> usize {
    MAX_BLOCK_BYTES
        .saturating_sub(FIXED_BYTES + PREFIX_BYTES)
        .saturating_sub(origin.len())
}

/// The store's key of a block.
pub fn key(first: u64, part: u16) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    let (left, right) = key.split_at_mut(8);
    left.copy_from_slice(&first.to_be_bytes());
    right.copy_from_slice(&part.to_be_bytes());
    key
}

/// First position and part of a block's key; `None` if it is no such key.
pub fn parse_key(key: &[u8]) -> Option<(u64, u16)> {
    let (first, part) = key.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*first), u16::from_be_bytes(part.try_into().ok()?)))
}

/// Cuts one commit into blocks, in order of their parts.
///
/// # Errors
/// [`BlockError::TooLarge`] if 65,535 blocks do not hold it; [`BlockError::Field`] for an impossible origin, no
/// entries or an empty entry.
pub fn encode<'e>(
    origin: &str,
    first: u64,
    entries: impl IntoIterator<Item = &'e [u8]>,
) -> Result<Vec<Vec<u8>>, BlockError> {
    if origin.is_empty() || origin.len() > MAX_ORIGIN_BYTES {
        return Err(BlockError::Field("origin"));
    }
    let (stream, begins) = to_stream(entries)?;
    let count = u32::try_from(begins.len()).map_err(|_too_many| BlockError::TooLarge)?;
    if count == 0 || first.checked_add(u64::from(count)).is_none() {
        return Err(BlockError::Field("count"));
    }
    let capacity = capacity(origin);
    let parts = u16::try_from(stream.len().div_ceil(capacity)).map_err(|_many| BlockError::TooLarge)?;
    let commit_id = commit_id(&stream);
    let mut next_begin = begins.iter().copied().zip(0_u32..).peekable();
    let mut blocks = Vec::with_capacity(usize::from(parts));
    for (piece, part) in stream.chunks(capacity).zip(0_u16..) {
        let from = usize::from(part) * capacity;
        while next_begin.next_if(|(begin, _)| *begin < from).is_some() {}
        let (skip, start) = next_begin.peek().map_or((piece.len(), count), |(begin, number)| {
            ((begin - from).min(piece.len()), *number)
        });
        let header = Header { origin, first, count, part, parts, payload: 0 };
        blocks.push(encode_block(&header, &commit_id, (start, to_u32(skip)?), piece)?);
    }
    Ok(blocks)
}

fn to_stream<'e>(
    entries: impl IntoIterator<Item = &'e [u8]>,
) -> Result<(Vec<u8>, Vec<usize>), BlockError> {
    let (mut stream, mut begins) = (Vec::new(), Vec::new());
    for entry in entries {
        if entry.is_empty() {
            return Err(BlockError::Field("entry length"));
        }
        begins.push(stream.len());
        stream.extend_from_slice(&to_u32(entry.len())?.to_be_bytes());
        stream.extend_from_slice(entry);
    }
    Ok((stream, begins))
}

fn to_u32(length: usize) -> Result<u32, BlockError> {
    u32::try_from(length).map_err(|_large| BlockError::TooLarge)
}

fn commit_id(stream: &[u8]) -> [u8; 16] {
    blake3::hash(stream).as_bytes().first_chunk().copied().unwrap_or_default()
}

fn encode_block(
    header: &Header<'_>,
    commit_id: &[u8; 16],
    (start, skip): (u32, u32),
    piece: &[u8],
) -> Result<Vec<u8>, BlockError> {
    let mut out = Vec::with_capacity(FIXED_BYTES + PREFIX_BYTES + header.origin.len() + piece.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&to_u32(header.origin.len())?.to_be_bytes());
    out.extend_from_slice(header.origin.as_bytes());
    out.extend_from_slice(&header.first.to_be_bytes());
    out.extend_from_slice(&header.count.to_be_bytes());
    out.extend_from_slice(&header.part.to_be_bytes());
    out.extend_from_slice(&header.parts.to_be_bytes());
    out.extend_from_slice(&to_u32(PREFIX_BYTES + piece.len())?.to_be_bytes());
    out.extend_from_slice(commit_id);
    out.extend_from_slice(&start.to_be_bytes());
    out.extend_from_slice(&skip.to_be_bytes());
    out.extend_from_slice(piece);
    let digest = blake3::hash(&out);
    out.extend_from_slice(digest.as_bytes());
    Ok(out)
}

/// Takes fields off the front of bytes.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BlockError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(BlockError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BlockError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(BlockError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, BlockError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, BlockError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, BlockError> {
        self.array().map(u64::from_be_bytes)
    }

    fn length(&mut self, limit: usize, field: &'static str) -> Result<usize, BlockError> {
        match usize::try_from(self.u32()?) {
            Ok(length) if length <= limit => Ok(length),
            Ok(_) | Err(_) => Err(BlockError::Field(field)),
        }
    }
}

/// Reads the fields before the payload without checking the checksum: what damaged bytes claim to be.
///
/// # Errors
/// [`BlockError`] if a field is impossible or cut short.
pub fn claim(bytes: &[u8]) -> Result<Header<'_>, BlockError> {
    let mut reader = Reader { rest: bytes };
    if reader.array::<4>()? != MAGIC {
        return Err(BlockError::Magic);
    }
    read_header(&mut reader)
}

fn read_header<'a>(reader: &mut Reader<'a>) -> Result<Header<'a>, BlockError> {
    match reader.u16()? {
        VERSION => {}
        other => return Err(BlockError::Version(other)),
    }
    let origin = reader.length(MAX_ORIGIN_BYTES, "origin")?;
    let origin = match std::str::from_utf8(reader.take(origin)?) {
        Ok(origin) if !origin.is_empty() => origin,
        Ok(_) | Err(_) => return Err(BlockError::Field("origin")),
    };
    let (first, count) = (reader.u64()?, reader.u32()?);
    if count == 0 || first.checked_add(u64::from(count)).is_none() {
        return Err(BlockError::Field("count"));
    }
    let (part, parts) = (reader.u16()?, reader.u16()?);
    if parts <= part {
        return Err(BlockError::Field("part"));
    }
    let payload = reader.u32()?;
    let full = PREFIX_BYTES + capacity(origin);
    let fits = usize::try_from(payload).is_ok_and(|payload| {
        payload == full || (part + 1 == parts && payload > PREFIX_BYTES && payload < full)
    });
    if !fits {
        return Err(BlockError::Field("payload length"));
    }
    Ok(Header { origin, first, count, part, parts, payload })
}

/// Reads the block at the front of `bytes`, and how many bytes it takes.
///
/// # Errors
/// [`BlockError`] if the bytes do not begin with a block that checks.
pub fn decode_front(bytes: &[u8]) -> Result<(Block<'_>, usize), BlockError> {
    let header = claim(bytes)?;
    let payload = usize::try_from(header.payload).map_err(|_large| BlockError::Short)?;
    let hashed = FIXED_BYTES - 32 + header.origin.len() + payload;
    let mut reader = Reader { rest: bytes };
    let body = reader.take(hashed)?;
    let digest = reader.array::<32>()?;
    if blake3::hash(body) != digest {
        return Err(BlockError::Checksum);
    }
    let mut reader = Reader { rest: body.get(hashed - payload..).ok_or(BlockError::Short)? };
    let commit_id = reader.array()?;
    let (start, skip) = (reader.u32()?, reader.u32()?);
    let stream = reader.rest;
    let none_begins = usize::try_from(skip).is_ok_and(|skip| skip >= stream.len());
    if start > header.count || usize::try_from(skip).is_ok_and(|skip| skip > stream.len()) {
        return Err(BlockError::Field("start"));
    }
    if (!none_begins && start == header.count) || (header.part == 0 && (start, skip) != (0, 0)) {
        return Err(BlockError::Field("start"));
    }
    Ok((Block { header, commit_id, start, skip, stream, digest }, hashed + 32))
}

/// Reads a value that is one block and nothing else.
///
/// # Errors
/// [`BlockError`] if it is not.
pub fn decode(bytes: &[u8]) -> Result<Block<'_>, BlockError> {
    let (block, length) = decode_front(bytes)?;
    match bytes.len().saturating_sub(length) {
        0 => Ok(block),
        more => Err(BlockError::Trailing(more)),
    }
}

/// Puts a whole commit together from its blocks in order, and checks all of it: one commit, no part missing, the
/// commit id, every `start` and `skip`, exactly `count` entries. Re-encoding the result gives the same blocks.
///
/// # Errors
/// [`BlockError::Commit`] saying what does not fit.
pub fn assemble(blocks: &[Block<'_>]) -> Result<Vec<Vec<u8>>, BlockError> {
    let head = blocks.first().ok_or(BlockError::Commit("no part"))?;
    if blocks.len() != usize::from(head.header.parts) {
        return Err(BlockError::Commit("a part is missing"));
    }
    let mut stream = Vec::new();
    for (block, part) in blocks.iter().zip(0_u16..) {
        let expected = Header { part, payload: block.header.payload, ..head.header.clone() };
        if block.header != expected || block.commit_id != head.commit_id {
            return Err(BlockError::Commit("parts of different commits"));
        }
        stream.extend_from_slice(block.stream);
    }
    if commit_id(&stream) != head.commit_id {
        return Err(BlockError::Commit("the commit id does not match"));
    }
    let mut reader = Reader { rest: &stream };
    let mut entries = Vec::new();
    for _ in 0..head.header.count {
        let length = reader.length(stream.len(), "entry length")?;
        entries.push(reader.take(length)?.to_vec());
    }
    if !reader.rest.is_empty() {
        return Err(BlockError::Commit("bytes after the last entry"));
    }
    let again = encode(head.header.origin, head.header.first, entries.iter().map(Vec::as_slice))?;
    let same = again.iter().zip(blocks).all(|(bytes, block)| bytes.ends_with(&block.digest));
    if same { Ok(entries) } else { Err(BlockError::Commit("not as a writer makes it")) }
}
