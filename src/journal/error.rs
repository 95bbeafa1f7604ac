//! What can go wrong with a journal. Texts name positions, files and limits; never content, agencies or cases.

use std::error::Error;
use std::path::PathBuf;

/// The cause of a failure inside a store, in its own words.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a batch was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The journal has another size than the caller expected; nothing was stored.
    #[error("the journal's size is {actual}, another than expected")]
    HeadMoved {
        /// The size now.
        actual: u64,
    },
    /// An entry with this agency and event id exists, in the journal or earlier in the batch; nothing was stored.
    #[error("an entry with this agency and event id exists at position {position}")]
    Duplicate {
        /// The event id that was used twice.
        event_id: [u8; 16],
        /// Where the earlier one stands.
        position: u64,
    },
    /// The batch breaks a rule of the port; nothing was stored.
    #[error("the batch cannot be stored: {what}")]
    Invalid {
        /// Which rule.
        what: String,
    },
    /// The indexes are too far behind; nothing was stored. Try again shortly.
    #[error("the indexes are {waiting} entries behind, limit {limit}: try again shortly")]
    IndexLag {
        /// Entries not yet indexed.
        waiting: usize,
        /// The limit on them.
        limit: usize,
    },
    /// What the append rests on could not be read; nothing was stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An earlier write failed; nothing was stored. Open the journal anew.
    #[error("an earlier write failed; the journal takes no more until it is opened anew")]
    Poisoned,
    /// The store failed while it committed: the batch may be stored or not. Nothing may be answered or retried
    /// before the journal is opened anew and read.
    #[error("the outcome of the append is unknown: {doing} failed")]
    InDoubt {
        /// The step that failed.
        doing: &'static str,
        /// What the store said.
        #[source]
        source: Cause,
    },
}

/// Why a read could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Stored bytes do not check, or are missing, at a position below the size.
    #[error("the journal is damaged at position {position}: {what}; run `verify store`")]
    Damaged {
        /// The position asked for, or the first of the commit that does not check.
        position: u64,
        /// What does not check.
        what: String,
    },
    /// The store failed.
    #[error("the journal could not be read: {doing} failed")]
    Store {
        /// The step that failed.
        doing: &'static str,
        /// What the store said.
        #[source]
        source: Cause,
    },
}

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the store open.
    #[error("{} is in use by another process: stop it first", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// The directory lies on a file system whose syncs cannot be relied on.
    #[error("{} is on {kind}, whose syncs cannot be relied on: use a local disk", path.display())]
    FileSystem {
        /// The store's directory.
        path: PathBuf,
        /// The kind of file system.
        kind: &'static str,
    },
    /// The store keeps values in files that are never synced.
    #[error("{} is not empty, and files there are never synced: salvage the store", path.display())]
    Blobs {
        /// The directory that should be empty.
        path: PathBuf,
    },
    /// The file that is synced is not the one that is written.
    #[error("{} was replaced while it was opened", path.display())]
    OtherFile {
        /// The file.
        path: PathBuf,
    },
    /// The store belongs to another ledger.
    #[error("the store belongs to the origin {found:?}, not {expected:?}")]
    Origin {
        /// The origin asked for.
        expected: String,
        /// The origin of the blocks found.
        found: String,
    },
    /// The origin cannot be written into blocks.
    #[error("an origin has 1 to {limit} bytes")]
    OriginLength {
        /// The most bytes.
        limit: usize,
    },
    /// The store crashed while it opened its files.
    #[error(
        "the store in {} is damaged ({panic}): copy its directory before anything else, \
         then let `verify store` locate the damage", path.display()
    )]
    Crashed {
        /// The store's directory.
        path: PathBuf,
        /// The store's last words.
        panic: String,
    },
    /// Stored bytes do not check.
    #[error(transparent)]
    Damaged(#[from] ReadError),
    /// The store could not be opened.
    #[error("{} could not be opened: {doing} failed", path.display())]
    Store {
        /// The store's directory.
        path: PathBuf,
        /// The step that failed.
        doing: &'static str,
        /// What the store said.
        #[source]
        source: Cause,
    },
}
