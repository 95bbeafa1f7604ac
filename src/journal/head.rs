//! The head file: the newest checkpoint handed out, in two slots written in place (`proto/FORMAT.md` section 9).
//!
//! This module reads and writes slots. What a head means beside the store it stands next to (new, equal, smaller,
//! larger, refused) is for the service to decide; how a note is checked is handed in.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of one slot.
pub const SLOT_BYTES: usize = 4_096;

/// Bytes of the whole file.
pub const FILE_BYTES: usize = 2 * SLOT_BYTES;

/// Longest checkpoint note a slot holds, in bytes.
pub const MAX_NOTE_BYTES: usize = HASHED_BYTES - FIXED_BYTES;

const MAGIC: [u8; 16] = *b"caseledger head\n";
const VERSION: u16 = 1;
const HASHED_BYTES: usize = SLOT_BYTES - 32;
const FIXED_BYTES: usize = 16 + 2 + 8 + 16 + 4;
const CONTEXT: &str = "caseledger v1 head slot";

/// Why a head file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file could not be read or written.
    #[error("{}: {doing} failed", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file has another length than a head file.
    #[error("{} has {bytes} bytes; a head file has {FILE_BYTES}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Both slots are valid and contradict each other.
    #[error("the head file's two slots disagree: {0}")]
    Disagree(&'static str),
    /// The note does not fit in a slot.
    #[error("the checkpoint has {bytes} bytes; a slot holds {MAX_NOTE_BYTES}")]
    Note {
        /// Its length.
        bytes: usize,
    },
    /// No generation is left.
    #[error("the head file has no generation left")]
    Generation,
}

/// What one slot says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Counts the writes, from 1; generation g stands in slot g mod 2.
    pub generation: u64,
    /// The machine's start in which it was written; all zero if unknown.
    pub boot_id: [u8; 16],
    /// The signed checkpoint, verbatim.
    pub note: String,
}

/// A slot as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All zero: never written.
    Blank,
    /// Not a slot; what does not check.
    Damaged(&'static str),
    /// Checksum, layout and generation check; the note has not been looked at.
    Slot(Slot),
}

/// What a checked note names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The ledger's size.
    pub size: u64,
    /// Its root hash.
    pub root: [u8; 32],
}

/// The slot that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The slot.
    pub slot: Slot,
    /// What its note names.
    pub named: Named,
}

/// The bytes of a slot.
///
/// # Errors
/// [`HeadError::Note`] if the note is empty or too long.
pub fn encode(slot: &Slot) -> Result<Vec<u8>, HeadError> {
    let bytes = slot.note.len();
    let length = u32::try_from(bytes)
        .ok()
        .filter(|_| (1..=MAX_NOTE_BYTES).contains(&bytes));
    let length = length.ok_or(HeadError::Note { bytes })?;
    let mut out = Vec::with_capacity(SLOT_BYTES);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&slot.generation.to_be_bytes());
    out.extend_from_slice(&slot.boot_id);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(slot.note.as_bytes());
    out.resize(HASHED_BYTES, 0);
    let digest = blake3::derive_key(CONTEXT, &out);
    out.extend_from_slice(&digest);
    Ok(out)
}

/// Reads slot `index` (0 or 1) from its bytes.
pub fn decode(index: u64, bytes: &[u8]) -> Found {
    if bytes.len() == SLOT_BYTES && bytes.iter().all(|byte| *byte == 0) {
        return Found::Blank;
    }
    match decode_slot(bytes) {
        Ok(slot) if slot.generation == 0 => Found::Damaged("generation"),
        Ok(slot) if slot.generation % 2 != index => Found::Damaged("generation in the wrong slot"),
        Ok(slot) => Found::Slot(slot),
        Err(what) => Found::Damaged(what),
    }
}

fn decode_slot(bytes: &[u8]) -> Result<Slot, &'static str> {
    let (hashed, digest) = bytes.split_at_checked(HASHED_BYTES).ok_or("length")?;
    if blake3::derive_key(CONTEXT, hashed) != digest {
        return Err("checksum");
    }
    let (magic, rest) = hashed.split_first_chunk::<16>().ok_or("length")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or("length")?;
    let (generation, rest) = rest.split_first_chunk::<8>().ok_or("length")?;
    let (boot_id, rest) = rest.split_first_chunk::<16>().ok_or("length")?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or("length")?;
    if *magic != MAGIC {
        return Err("magic");
    }
    if u16::from_be_bytes(*version) != VERSION {
        return Err("format version");
    }
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_large| "note length")?;
    let (note, padding) = rest.split_at_checked(length).ok_or("note length")?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err("padding");
    }
    let note = std::str::from_utf8(note).map_err(|_not_text| "note")?;
    let generation = u64::from_be_bytes(*generation);
    Ok(Slot {
        generation,
        boot_id: *boot_id,
        note: note.to_owned(),
    })
}

/// The slot that counts: the valid one of the greater generation. `check` parses a note, verifies its origin and
/// signature, and says what it names; a slot whose note it refuses is not valid. `None` if no slot is valid.
///
/// # Errors
/// [`HeadError::Disagree`] if two valid slots contradict each other.
pub fn newest<E>(
    slots: [Found; 2],
    mut check: impl FnMut(&str) -> Result<Named, E>,
) -> Result<Option<Head>, HeadError> {
    let mut heads: Vec<Head> = Vec::new();
    for found in slots {
        if let Found::Slot(slot) = found
            && let Ok(named) = check(&slot.note)
        {
            heads.push(Head { slot, named });
        }
    }
    heads.sort_by_key(|head| head.slot.generation);
    let newest = heads.pop();
    if let (Some(old), Some(new)) = (heads.pop(), &newest) {
        if new.named.size < old.named.size {
            return Err(HeadError::Disagree("the later has the smaller size"));
        }
        if new.named.size == old.named.size && new.named.root != old.named.root {
            return Err(HeadError::Disagree("one size has two roots"));
        }
    }
    Ok(newest)
}

/// An open head file.
#[derive(Debug)]
pub struct HeadFile {
    file: File,
    path: PathBuf,
    newest: u64,
    /// The newest generation that a power cut cannot take.
    synced: u64,
}

impl HeadFile {
    /// Makes a blank head file, durable on return. It gets its name when it is whole: a power cut leaves none or this.
    ///
    /// # Errors
    /// [`HeadError::File`], also if the file exists.
    pub fn create(path: &Path) -> Result<Self, HeadError> {
        let failed = failed(path, "creating it");
        if path.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let unnamed = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unnamed)
            .map_err(&failed)?;
        file.write_all_at(&[0; FILE_BYTES], 0).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        std::fs::rename(&unnamed, path).map_err(&failed)?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(&failed)?;
        directory.sync_all().map_err(&failed)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            newest: 0,
            synced: 0,
        })
    }

    /// Opens a head file; `None` if there is none.
    ///
    /// # Errors
    /// [`HeadError::File`] or [`HeadError::Length`].
    pub fn open(path: &Path) -> Result<Option<Self>, HeadError> {
        let failed = failed(path, "opening it");
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(&failed)?,
        };
        let bytes = file.metadata().map_err(&failed)?.len();
        if bytes != FILE_BYTES as u64 {
            return Err(HeadError::Length {
                path: path.to_path_buf(),
                bytes,
            });
        }
        Ok(Some(Self {
            file,
            path: path.to_path_buf(),
            newest: 0,
            synced: 0,
        }))
    }

    /// Reads both slots.
    ///
    /// # Errors
    /// [`HeadError::File`] if the file cannot be read.
    pub fn slots(&self) -> Result<[Found; 2], HeadError> {
        Ok([self.slot(0)?, self.slot(1)?])
    }

    fn slot(&self, index: u64) -> Result<Found, HeadError> {
        let mut bytes = [0; SLOT_BYTES];
        let read = self.file.read_exact_at(&mut bytes, offset(index));
        read.map_err(failed(&self.path, "reading it"))?;
        Ok(decode(index, &bytes))
    }

    /// The slot that counts, as [`newest`] says. To be called once before [`write`](Self::write): it sets the
    /// generation that is followed.
    ///
    /// # Errors
    /// [`HeadError`] if the file cannot be read or its slots disagree.
    pub fn read<E>(
        &mut self,
        check: impl FnMut(&str) -> Result<Named, E>,
    ) -> Result<Option<Head>, HeadError> {
        // What a process that was killed wrote last may be in memory only.
        self.sync()?;
        let head = newest(self.slots()?, check)?;
        self.newest = head.as_ref().map_or(0, |head| head.slot.generation);
        self.synced = self.newest;
        Ok(head)
    }

    /// Writes the next generation over the slot that was not synced last and answers it. The other slot stays as it was
    /// until [`sync`](Self::sync), so that a power cut, which may tear every write since then, leaves a head. Not durable
    /// before that.
    ///
    /// # Errors
    /// [`HeadError`] if the note does not fit or the file cannot be written.
    pub fn write(&mut self, boot_id: [u8; 16], note: &str) -> Result<u64, HeadError> {
        let step = if self.newest == self.synced { 1 } else { 2 };
        let generation = self.newest.checked_add(step).ok_or(HeadError::Generation)?;
        let bytes = encode(&Slot {
            generation,
            boot_id,
            note: note.to_owned(),
        })?;
        let written = self.file.write_all_at(&bytes, offset(generation % 2));
        written.map_err(failed(&self.path, "writing it"))?;
        self.newest = generation;
        Ok(generation)
    }

    /// Makes what was written durable. After a failure nothing more may be trusted: start anew.
    ///
    /// # Errors
    /// [`HeadError::File`].
    pub fn sync(&mut self) -> Result<(), HeadError> {
        self.file
            .sync_data()
            .map_err(failed(&self.path, "syncing it"))?;
        self.synced = self.newest;
        Ok(())
    }
}

fn offset(index: u64) -> u64 {
    index * SLOT_BYTES as u64
}

fn failed(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> HeadError {
    move |source| HeadError::File {
        path: path.to_path_buf(),
        doing,
        source,
    }
}
