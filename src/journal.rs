//! The port to disk for sealed entries: append if the head is as expected, durable on return.
//!
//! The port knows bytes, positions, chains and event ids, never what an entry says: whoever opens a journal passes a
//! [`Decode`] that reads a [`Record`] back from stored bytes. Every adapter passes the suite in [`contract`].
//!
//! Calls block. One thread appends at a time; any number of threads read meanwhile and see only what is durable.

pub mod block;
pub mod contract;
pub mod error;
pub mod head;
pub mod memory;
pub mod scan;
#[cfg(feature = "server")]
pub mod sled;

use std::time::Duration;

pub use error::{AppendError, OpenError, ReadError};

/// Most entries one commit may hold.
pub const MAX_COMMIT_ENTRIES: usize = 65_536;

/// Most bytes of entries one commit may hold.
pub const MAX_COMMIT_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of entries after which a page ends, even below the limit asked for. A page always holds at least one entry.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Longest agency name in a record, in bytes.
pub const MAX_AGENCY_BYTES: usize = 32;

/// One sealed entry with the keys under which it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number in the whole ledger, from 0.
    pub position: u64,
    /// The chain (a case, registry, access, ledger) the entry belongs to.
    pub tag: [u8; 32],
    /// Number in that chain, from 1.
    pub chain_seq: u64,
    /// Who appended it; with `event_id` the key of [`Journal::find`]. At most [`MAX_AGENCY_BYTES`].
    pub agency: String,
    /// The event id; all zero for an entry that cannot be looked up by one.
    pub event_id: [u8; 16],
    /// The entry as stored: two length-prefixed strings (`proto/FORMAT.md` section 7), else opaque to the journal.
    pub bytes: Vec<u8>,
}

impl Record {
    /// Whether [`Journal::find`] knows this record: see [`is_findable`].
    pub fn is_findable(&self) -> bool {
        is_findable(&self.event_id)
    }
}

/// Whether [`Journal::find`] knows an entry of this event id: it is not all zero.
pub fn is_findable(event_id: &[u8; 16]) -> bool {
    event_id != &[0; 16]
}

/// One entry as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Number in the whole ledger, from 0.
    pub position: u64,
    /// First position of the commit that brought it: commit boundaries are where this equals `position`.
    pub commit: u64,
    /// Exactly the bytes that were appended.
    pub bytes: Vec<u8>,
}

/// What a start needs of one entry without reading it, told by who appended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The hash of its leaf in the tree over the ledger.
    pub leaf: [u8; 32],
    /// Whether a start has to read it all the same.
    pub is_landmark: bool,
}

/// The marks that were kept, of the first entries without a hole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Leaf hashes, from position 0 on.
    pub leaves: Vec<[u8; 32]>,
    /// The landmarks among them, in order, as they are stored.
    pub landmarks: Vec<Stored>,
}

/// Reads a record back from stored bytes; used when indexes are rebuilt from the log. The text of an error names what
/// is wrong with the bytes and no personal data.
pub type Decode = fn(&[u8]) -> Result<Record, String>;

/// Where sealed entries are kept.
///
/// To be correct an adapter must keep these promises, which [`contract::run`] checks:
///
/// * when [`append`](Self::append) returns `Ok`, the whole batch survives kill -9, power loss and a full disk;
/// * a batch is in the journal whole or not at all, also after a crash;
/// * positions have no holes, and an entry once readable never changes;
/// * reads answer from durable entries only, and answer the same whatever an index has caught up with;
/// * after an append that ended in [`AppendError::InDoubt`], every later append is refused until the journal is opened
///   anew: what the store kept is then read from the store, never guessed.
pub trait Journal: Send + Sync {
    /// How many entries are durable; the next position.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read.
    fn size(&self) -> Result<u64, ReadError>;

    /// Adds a batch as one commit and returns the new size, durable on return.
    ///
    /// The batch holds 1 to [`MAX_COMMIT_ENTRIES`] records, at most [`MAX_COMMIT_BYTES`], numbered from
    /// `expected_size` without holes.
    ///
    /// # Errors
    /// [`AppendError`]. Only [`AppendError::InDoubt`] leaves open whether the batch is stored; all others say that
    /// nothing of it is.
    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError>;

    /// Entries from position `from` on, in order, at most `limit` and about [`MAX_PAGE_BYTES`]. Empty only at the end,
    /// or with a limit of 0.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read or bytes do not check.
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Stored>, ReadError>;

    /// Entries of one chain from number `from_seq` on, in order, bounded as in [`read`](Self::read).
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read or bytes do not check.
    fn read_chain(
        &self,
        tag: &[u8; 32],
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, ReadError>;

    /// The newest number in a chain; 0 for a chain with no entry.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read.
    fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, ReadError>;

    /// The position of the entry with this agency and event id.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read.
    fn find(&self, agency: &str, event_id: &[u8; 16]) -> Result<Option<u64>, ReadError>;

    /// Waits, at most so long, until a batch of so many entries would not be refused with [`AppendError::IndexLag`];
    /// false when it would still be. An adapter whose indexes never lag has nothing to wait for.
    fn wait_for_room(&self, _entries: usize, _within: Duration) -> bool {
        true
    }

    /// Entries that the indexes have yet to take in: bounded, and no concern of who asks.
    fn index_lag(&self) -> usize {
        0
    }

    /// Keeps the marks of the entries from position `from` on, behind the acknowledgement and when it suits: how many are
    /// there after a restart is not promised. They are no evidence; who uses them proves them first. Unless it says
    /// otherwise an adapter keeps none.
    fn remember(&self, _from: u64, _marks: &[Mark]) {}

    /// The marks that are kept, of at most all entries; none after they could not be read.
    ///
    /// # Errors
    /// [`ReadError`] if the store or a landmark cannot be read.
    fn remembered(&self) -> Result<Marks, ReadError> {
        Ok(Marks::default())
    }

    /// Gives up all marks: they turned out to be wrong.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be written.
    fn forget(&self) -> Result<(), ReadError> {
        Ok(())
    }
}

/// Checks what every adapter must refuse before it writes anything.
fn check_batch(actual: u64, expected: u64, batch: &[Record]) -> Result<(), AppendError> {
    if actual != expected {
        return Err(AppendError::HeadMoved { actual });
    }
    let invalid = |what: String| Err(AppendError::Invalid { what });
    if batch.is_empty() {
        return invalid("the batch is empty".to_owned());
    }
    if batch.len() > MAX_COMMIT_ENTRIES {
        return invalid(format!(
            "{} entries, limit {MAX_COMMIT_ENTRIES}",
            batch.len()
        ));
    }
    let bytes: usize = batch.iter().map(|record| record.bytes.len()).sum();
    if bytes > MAX_COMMIT_BYTES {
        return invalid(format!(
            "{bytes} bytes of entries, limit {MAX_COMMIT_BYTES}"
        ));
    }
    let mut ids = std::collections::BTreeMap::new();
    for (record, position) in batch.iter().zip(expected..) {
        if record.position != position {
            return invalid(format!(
                "position {} where {position} was due",
                record.position
            ));
        }
        if block::entry_length(&record.bytes) != Some(record.bytes.len()) {
            return invalid(format!("the bytes at position {position} are not an entry"));
        }
        if record.agency.len() > MAX_AGENCY_BYTES {
            return invalid(format!("the agency at position {position} is too long"));
        }
        if record.is_findable()
            && let Some(first) = ids.insert((record.event_id, record.agency.as_str()), position)
        {
            return Err(AppendError::Duplicate {
                event_id: record.event_id,
                position: first,
            });
        }
    }
    Ok(())
}
