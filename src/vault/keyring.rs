//! The key file as the vault of a running ledger: behind a lock, its seeds from a source that the opener names.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Vault;
use super::derive::NoKey;
use super::file::{KeyFile, VaultError};
use crate::ledger::content::EntryKey;
use crate::ledger::statement::Origin;

/// Draws 32 random bytes for a seed; all zero when the source has failed, which the key file refuses.
pub type Seeds = Box<dyn FnMut() -> [u8; 32] + Send>;

/// Why the keys of a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There are entries and no key file. A fresh one would make their content unreadable without saying so.
    #[error(
        "there is no key file at {} but the ledger is not new: restore it from its other copy", path.display()
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

/// The keys of a ledger's entries, in its key file.
pub struct Keyring(Mutex<Open>);

struct Open {
    file: KeyFile,
    seeds: Seeds,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// Opens the key file, with seeds from the operating system; makes one only for a new ledger: one without entries,
    /// to which no checkpoint was ever given out.
    ///
    /// # Errors
    /// [`KeyringError`].
    #[cfg(feature = "server")]
    pub fn open(path: &Path, origin: &Origin, is_new: bool) -> Result<Self, KeyringError> {
        Self::with_seeds(path, origin, is_new, Box::new(from_system))
    }

    /// Opens the key file, with seeds from this source; makes one only for a new ledger, as in `open`.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn with_seeds(
        path: &Path,
        origin: &Origin,
        is_new: bool,
        seeds: Seeds,
    ) -> Result<Self, KeyringError> {
        let file = if path.exists() {
            KeyFile::open(path, origin)?
        } else if is_new {
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
        Ok(Self(Mutex::new(Open { file, seeds })))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for Keyring {
    fn ensure(&self, position: u64) -> Result<(), VaultError> {
        let Open { file, seeds } = &mut *self.lock();
        file.ensure(position, seeds)
    }

    fn key(&self, position: u64) -> Result<EntryKey, NoKey> {
        self.lock().file.key(position)
    }

    fn keys(&self, positions: &[u64]) -> Vec<Result<EntryKey, NoKey>> {
        // Under one lock, so that the walk goes forward whoever else asks meanwhile.
        let file = &mut self.lock().file;
        positions.iter().map(|one| file.key(*one)).collect()
    }

    fn destroy(&self, positions: &[u64], erased_up_to: u64) -> Result<(), VaultError> {
        let positions = positions.iter().copied();
        self.lock().file.destroy(positions, erased_up_to)
    }

    fn erased_up_to(&self) -> u64 {
        self.lock().file.erased_up_to()
    }

    fn erased_below(&self, size: u64) -> Option<Vec<Range<u64>>> {
        super::erased_below(self.lock().file.nodes(), size)
    }
}

#[cfg(feature = "server")]
fn from_system() -> [u8; 32] {
    let mut seed = [0; 32];
    if getrandom::fill(&mut seed).is_err() {
        // It may have been filled in part.
        seed = [0; 32];
    }
    seed
}
