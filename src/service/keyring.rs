//! The vault as the service uses it: one key file behind a lock, seeds from the operating system.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::content::EntryKey;
use crate::ledger::statement::Origin;
use crate::vault::derive::NoKey;
use crate::vault::file::{KeyFile, VaultError};

/// Why the keys of a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There are entries and no key file. A fresh one would make their content unreadable without saying so.
    #[error(
        "there is no key file at {} but the store is not empty: restore it from its other copy", path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Its directory could not be synced.
    #[error("the directory of the key file could not be synced")]
    Directory(#[source] std::io::Error),
}

/// The keys of a ledger's entries.
#[derive(Debug)]
pub struct Keyring {
    file: Mutex<KeyFile>,
}

impl Keyring {
    /// Opens the key file; makes one only beside an empty store.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn open(path: &Path, origin: &Origin, store_is_empty: bool) -> Result<Self, KeyringError> {
        let file = if path.exists() {
            KeyFile::open(path, origin)?
        } else if store_is_empty {
            let file = KeyFile::create(path, origin)?;
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            let directory = File::open(directory.unwrap_or(Path::new(".")));
            let synced = directory.and_then(|directory| directory.sync_all());
            synced.map_err(KeyringError::Directory)?;
            file
        } else {
            return Err(KeyringError::Missing {
                path: path.to_owned(),
            });
        };
        Ok(Self {
            file: Mutex::new(file),
        })
    }

    /// The key of an entry; `None` when it was destroyed.
    ///
    /// # Errors
    /// [`NoKey::NotYet`] for a position that was never covered.
    pub(super) fn key(&self, position: u64) -> Result<Option<EntryKey>, NoKey> {
        match self.lock().key(position) {
            Ok(key) => Ok(Some(key)),
            Err(NoKey::Erased) => Ok(None),
            Err(NoKey::NotYet) => Err(NoKey::NotYet),
        }
    }

    /// Makes the seeds of this position's segment and the next two durable. Cheap when they are.
    ///
    /// # Errors
    /// [`VaultError`]; nothing may be sealed then.
    pub(super) fn ensure(&self, position: u64) -> Result<(), VaultError> {
        self.lock().ensure(position, || {
            let mut seed = [0; 32];
            // The key file refuses a seed of zeros.
            if getrandom::fill(&mut seed).is_err() {
                seed = [0; 32];
            }
            seed
        })
    }

    fn lock(&self) -> MutexGuard<'_, KeyFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
