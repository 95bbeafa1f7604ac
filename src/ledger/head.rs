//! The bytes of the head file: two slots, the newer valid one counts (FORMAT.md section 9). The file itself is
//! the journal's part.

use super::checkpoint::SignedCheckpoint;
use super::codec::{DecodeError, NUMBER_MAX, Reader, Writer};
use super::digest::{Purpose, derive};
use super::entry::FORMAT_VERSION;
use super::note::VerifierKey;

/// Length of one slot, bytes.
pub const SLOT: usize = 4_096;
/// Length of the file, bytes.
pub const FILE: usize = 2 * SLOT;
const CHECKED: usize = SLOT - 32;
const MAGIC: &[u8; 16] = b"caseledger head\n";
/// Magic, version, generation, boot id and the note's length.
const BEFORE_NOTE: usize = 16 + 2 + 8 + 16 + 4;
/// Longest note that fits, bytes.
pub const NOTE_MAX: usize = CHECKED - BEFORE_NOTE;

/// What a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Counts the writes, from 1.
    pub generation: u64,
    /// The machine's start in which it was written; zero when unknown.
    pub boot_id: [u8; 16],
    /// The newest checkpoint.
    pub checkpoint: SignedCheckpoint,
}

/// The two slots contradict each other: the file was put together from others, or its key signed two histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the two slots of the head file contradict each other")]
pub struct Disagree;

/// A checkpoint note with too many signatures for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint is too long for the head file")]
pub struct TooLong;

impl Head {
    /// Where in the file this generation is written.
    #[must_use]
    pub const fn offset(&self) -> usize {
        if self.generation.is_multiple_of(2) {
            0
        } else {
            SLOT
        }
    }

    /// The slot's bytes.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let note = self.checkpoint.note().as_bytes();
        if note.len() > NOTE_MAX {
            return Err(TooLong);
        }
        let mut out = Writer::with_capacity(SLOT);
        out.bytes(MAGIC)
            .u16(FORMAT_VERSION)
            .u64(self.generation)
            .bytes(&self.boot_id)
            .lp(note);
        let mut bytes = out.into_vec();
        bytes.resize(CHECKED, 0);
        bytes.extend_from_slice(&derive(Purpose::HeadSlot, &bytes));
        Ok(bytes)
    }

    /// Reads a slot and verifies its checkpoint.
    ///
    /// # Errors
    /// [`DecodeError`] naming what is not valid.
    pub fn decode(slot: &[u8], log: &VerifierKey) -> Result<Self, DecodeError> {
        let (checked, sum) = slot
            .split_at_checked(CHECKED)
            .ok_or(DecodeError::Truncated("slot"))?;
        if sum != derive(Purpose::HeadSlot, checked) {
            return Err(DecodeError::Checksum("slot"));
        }
        let mut reader = Reader::new(checked);
        reader.expect(MAGIC, "head file's first bytes")?;
        if reader.u16("format version")? != FORMAT_VERSION {
            return Err(DecodeError::Invalid("format version"));
        }
        let generation = reader.u64("generation")?;
        if generation == 0 || generation > NUMBER_MAX {
            return Err(DecodeError::Invalid("generation"));
        }
        let boot_id = reader.array("boot id")?;
        let note = reader.lp(NOTE_MAX, "checkpoint")?;
        let note = std::str::from_utf8(note)
            .ok()
            .ok_or(DecodeError::Invalid("checkpoint"))?;
        if reader.rest().iter().any(|byte| *byte != 0) {
            return Err(DecodeError::LeftOver("checkpoint"));
        }
        let checkpoint = SignedCheckpoint::open(note, log)
            .ok()
            .ok_or(DecodeError::Invalid("checkpoint"))?;
        Ok(Self {
            generation,
            boot_id,
            checkpoint,
        })
    }
}

/// Offsets of the slots that are neither valid nor blank: torn by a power cut, or changed. Only beside generation 1 is a
/// blank slot one that was never written.
#[must_use]
pub fn damaged(file: &[u8], log: &VerifierKey) -> Vec<usize> {
    let is_first = choose(file, log).is_ok_and(|head| head.is_none_or(|head| head.generation == 1));
    let is_sound = |offset: usize| {
        let slot = file.get(offset..).and_then(|rest| rest.get(..SLOT));
        slot.is_some_and(|slot| {
            let is_blank = is_first && slot.iter().all(|byte| *byte == 0);
            is_blank || Head::decode(slot, log).is_ok_and(|head| head.offset() == offset)
        })
    };
    let slots = [0, SLOT].into_iter();
    slots.filter(|offset| !is_sound(*offset)).collect()
}

/// The head that counts, out of the whole file; `None` when neither slot is valid. A torn write leaves the other slot.
///
/// # Errors
/// [`Disagree`].
pub fn choose(file: &[u8], log: &VerifierKey) -> Result<Option<Head>, Disagree> {
    let Some((first, second)) = file.split_at_checked(SLOT).filter(|_| file.len() == FILE) else {
        return Ok(None);
    };
    let read = |slot, offset| {
        Head::decode(slot, log)
            .ok()
            .filter(|head| head.offset() == offset)
    };
    let (older, newer) = match (read(first, 0), read(second, SLOT)) {
        (None, None) => return Ok(None),
        (Some(only), None) | (None, Some(only)) => return Ok(Some(only)),
        (Some(a), Some(b)) if a.generation < b.generation => (a, b),
        (Some(a), Some(b)) => (b, a),
    };
    let (old, new) = (older.checkpoint.checkpoint(), newer.checkpoint.checkpoint());
    let follows = old.size <= new.size && (old.size != new.size || old.root == new.root);
    if follows {
        Ok(Some(newer))
    } else {
        Err(Disagree)
    }
}
