//! The port to disk for what may be erased: the keys of entries.
//!
//! One random seed a segment of 65,536 positions, one key an entry, derived down a binary tree; destroying a key
//! leaves all others derivable (a puncturable pseudo-random function, Goldreich, Goldwasser and Micali 1986).

pub mod derive;
#[cfg(feature = "server")]
pub mod file;

use std::io;
use std::path::PathBuf;

use crate::ledger::content::EntryKey;

/// Segments that have a seed ahead of the one in use.
pub const SEGMENTS_AHEAD: u64 = 2;

/// Why keys cannot be had or changed. Texts name files and positions, never keys.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file could not be read or written.
    #[error("the key file {} could not be used: {doing} failed", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        doing: &'static str,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// There are entries and no key file. A fresh one would make their content unreadable for ever without saying so.
    #[error(
        "there is no key file at {} but the store is not empty: restore it from its backup", path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Neither slot is valid, or the two contradict each other.
    #[error("the key file {} is not valid ({what}): restore it from its backup", path.display())]
    NotValid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The key file may be read by others than its owner.
    #[error("the key file {} may be read by others: set its mode to 0600", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// An earlier change of the file failed; it is not known what the disk holds.
    #[error("an earlier change of the key file failed: open the vault anew")]
    Poisoned,
    /// A key was asked for a position that has no seed yet.
    #[error("no seed exists yet for position {position}")]
    NoSeed {
        /// The position.
        position: u64,
    },
    /// The operating system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

/// Keys of entries: derived, never listed; destroyed, never undone.
pub trait Vault: Send + Sync {
    /// The key of an entry; `None` when it was destroyed.
    ///
    /// # Errors
    /// [`VaultError::NoSeed`] for a position that has never been covered.
    fn key(&self, position: u64) -> Result<Option<EntryKey>, VaultError>;

    /// Makes the seeds of the segment of `position` and of the next [`SEGMENTS_AHEAD`] durable. Cheap when they exist.
    ///
    /// # Errors
    /// [`VaultError`]; nothing may be sealed at a position that was not ensured.
    fn ensure(&self, position: u64) -> Result<(), VaultError>;

    /// Destroys the keys of these positions, and records that every erasure order below `up_to` has been carried out.
    /// Durable on return. Destroying again changes nothing.
    ///
    /// # Errors
    /// [`VaultError`].
    fn destroy(&self, positions: &[u64], up_to: u64) -> Result<(), VaultError>;

    /// Every erasure order at a position below this has been carried out.
    ///
    /// # Errors
    /// [`VaultError`].
    fn erased_up_to(&self) -> Result<u64, VaultError>;
}
