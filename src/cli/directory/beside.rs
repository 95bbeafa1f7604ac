//! What must stand beside a store that has entries, looked at before the store is opened: opening it rewrites its files,
//! and a refusal is to leave them as they were.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Broken, Directory, unread};
use crate::cli::error::Failure;
use crate::journal::block::MAGIC;
use crate::journal::head::HeadError;
use crate::ledger::head;
use crate::ledger::statement::Origin;
use crate::vault::file::VaultError;
use crate::vault::keyring::KeyringError;
use crate::vault::slot;

/// A store with entries has its first block within this many bytes.
const FRONT: u64 = 4 * 1024 * 1024;

/// The bytes of a file; `None` only when it is certain that there is none.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unread(path, &error)),
    }
}

impl Directory {
    /// Refuses a store that has entries and no head file or no keys that can be used.
    pub(super) fn check_beside(&self, origin: &Origin, broken: &Broken<'_>) -> Result<(), Failure> {
        if !self.has_entries()? {
            return Ok(());
        }
        let path = self.head();
        let Some(bytes) = read(&path)? else {
            let what = format!(
                "the store has entries but there is no head file at {}: restore it; without it a rolled-back store \
                 cannot be told from a whole one",
                path.display()
            );
            return Err(broken(&what));
        };
        let head = head::choose(&bytes, &self.vkey()?).map_err(|error| broken(&error))?;
        if head.is_none() {
            return Err(broken(&HeadError::NotValid { path }));
        }
        let path = self.keys();
        let Some(bytes) = read(&path)? else {
            return Err(broken(&KeyringError::Missing { path }));
        };
        let about = fs::metadata(&path).map_err(|error| unread(&path, &error))?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(broken(&VaultError::Mode));
        }
        let keys = slot::choose(&bytes, origin);
        match keys.map_err(|error| broken(&error))? {
            Some(_keys) => Ok(()),
            None => Err(broken(&VaultError::NoSlot)),
        }
    }

    /// Whether the key that signs checkpoints is here; what is wrong with it when it is of no use.
    pub(in crate::cli) fn signing_key(&self) -> Result<bool, String> {
        if !self.log_key_file().exists() {
            return Ok(false);
        }
        let key = self.origin().and_then(|origin| self.log_key(&origin));
        key.map(|_seed| true)
            .map_err(|failure| failure.what().to_owned())
    }

    /// Whether a block stands in the store's file: not so in one that was only just made. A file that cannot be read is
    /// not one without entries.
    fn has_entries(&self) -> Result<bool, Failure> {
        let mut front = Vec::new();
        let read =
            File::open(self.blocks()).and_then(|file| file.take(FRONT).read_to_end(&mut front));
        match read {
            Ok(_length) => Ok(front.windows(MAGIC.len()).any(|bytes| bytes == MAGIC)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unread(&self.blocks(), &error)),
        }
    }
}
