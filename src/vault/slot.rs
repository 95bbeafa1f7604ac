//! The bytes of the key file: two slots, interleaved in pages so that both can grow in place (FORMAT.md section 11.1).

use zeroize::Zeroizing;

use super::derive::{CoverError, KeyNodes, Node};
use crate::ledger::codec::{DecodeError, Reader, Writer};
use crate::ledger::digest::{Purpose, derive};
use crate::ledger::entry::FORMAT_VERSION;
use crate::ledger::statement::{ORIGIN_MAX, Origin};

/// Length of a page, bytes.
pub const PAGE: usize = 4_096;
const MAGIC: &[u8; 16] = b"caseledger keys\n";
const NODE: usize = 43;
const SUM: usize = 32;

/// What a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Counts the changes, from 1.
    pub generation: u64,
    /// Every erasure order at a position below this has been carried out.
    pub erased_up_to: u64,
    /// The keys themselves.
    pub nodes: KeyNodes,
}

/// Why a slot is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Its bytes.
    #[error(transparent)]
    Form(#[from] DecodeError),
    /// It is another ledger's.
    #[error("the key file belongs to another ledger")]
    Origin,
    /// Its nodes.
    #[error(transparent)]
    Cover(#[from] CoverError),
}

impl Keys {
    /// A slot's content: from the magic to the checksum.
    ///
    /// # Errors
    /// [`SlotError`] when the nodes do not cover exactly what is not erased; then nothing may be written.
    pub fn encode(&self, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, SlotError> {
        self.nodes.check()?;
        let origin = origin.as_str().as_bytes();
        let count = self.nodes.nodes().len();
        let total = MAGIC.len() + 2 + 4 + 8 + 4 + origin.len() + 28 + count * NODE + SUM;
        let number = |n: usize, what| u32::try_from(n).ok().ok_or(DecodeError::Invalid(what));
        let mut out = Writer::with_capacity(total);
        out.bytes(MAGIC)
            .u16(FORMAT_VERSION)
            .u32(number(total, "length")?);
        out.u64(self.generation).lp(origin).u64(self.erased_up_to);
        out.u64(self.nodes.segments()).u64(self.nodes.erased());
        out.u32(number(count, "number of nodes")?);
        for node in self.nodes.nodes() {
            out.u64(node.segment())
                .u8(node.depth())
                .u16(node.prefix())
                .bytes(node.value());
        }
        let sum = derive(Purpose::KeySlot, out.as_slice());
        out.bytes(&sum);
        Ok(Zeroizing::new(out.into_vec()))
    }

    /// Reads a slot's pages, joined.
    ///
    /// # Errors
    /// [`SlotError`].
    pub fn decode(slot: &[u8], origin: &Origin) -> Result<Self, SlotError> {
        let mut reader = Reader::new(slot);
        reader.expect(MAGIC, "key file's first bytes")?;
        if reader.u16("format version")? != FORMAT_VERSION {
            return Err(DecodeError::Invalid("format version").into());
        }
        let total = usize::try_from(reader.u32("length")?).ok();
        let cut = total.and_then(|total| {
            let (content, padding) = slot.split_at_checked(total)?;
            let (checked, sum) = content.split_at_checked(total.checked_sub(SUM)?)?;
            Some((checked, sum, padding))
        });
        let (checked, sum, padding) = cut.ok_or(DecodeError::Truncated("slot"))?;
        if sum != derive(Purpose::KeySlot, checked) {
            return Err(DecodeError::Checksum("slot").into());
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(DecodeError::LeftOver("slot").into());
        }
        let mut reader = Reader::new(checked);
        reader.take(MAGIC.len() + 2 + 4, "slot")?;
        let generation = reader.number("generation")?;
        if generation == 0 {
            return Err(DecodeError::Invalid("generation").into());
        }
        if reader.lp(ORIGIN_MAX, "origin")? != origin.as_str().as_bytes() {
            return Err(SlotError::Origin);
        }
        let erased_up_to = reader.number("erased-up-to position")?;
        let segments = reader.number("number of segments")?;
        let erased = reader.number("number of erased positions")?;
        let count = reader.u32("number of nodes")?;
        let mut nodes = Vec::new();
        for _ in 0..count {
            let (segment, depth) = (reader.number("node")?, reader.u8("node")?);
            let (prefix, value) = (reader.u16("node")?, reader.array("node")?);
            let node = Node::new(segment, depth, prefix, value);
            nodes.push(node.ok_or(DecodeError::Invalid("node"))?);
        }
        reader.finish("slot")?;
        let nodes = KeyNodes::from_nodes(segments, erased, nodes)?;
        Ok(Self {
            generation,
            erased_up_to,
            nodes,
        })
    }
}

/// Where page `page` of slot `slot` (0 or 1) starts in the file.
#[must_use]
pub const fn page_offset(slot: usize, page: usize) -> usize {
    (2 * page + slot) * PAGE
}

/// The pages of one slot out of the whole file, joined.
#[must_use]
pub fn slot_of(file: &[u8], slot: usize) -> Zeroizing<Vec<u8>> {
    let pages = file.chunks(PAGE).skip(slot).step_by(2);
    Zeroizing::new(pages.flatten().copied().collect())
}

/// Two slots of one generation that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the two slots of the key file have one generation but differ")]
pub struct Disagree;

/// The keys that count, out of the whole file, and whether the other slot must be overwritten before anything is served;
/// `None` when neither slot is valid.
///
/// # Errors
/// [`Disagree`].
pub fn choose(file: &[u8], origin: &Origin) -> Result<Option<(Keys, bool)>, Disagree> {
    let read = |slot| Keys::decode(&slot_of(file, slot), origin).ok();
    match (read(0), read(1)) {
        (None, None) => Ok(None),
        (Some(only), None) | (None, Some(only)) => Ok(Some((only, true))),
        (Some(a), Some(b)) if a == b => Ok(Some((a, false))),
        (Some(a), Some(b)) if a.generation == b.generation => {
            drop((a, b));
            Err(Disagree)
        }
        (Some(a), Some(b)) => {
            let newer = if a.generation > b.generation { a } else { b };
            Ok(Some((newer, true)))
        }
    }
}
