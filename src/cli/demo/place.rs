//! The throw-away directory of the demonstration's ledger.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::cli::directory::Directory;
use crate::cli::error::Failure;

/// A new directory below the system's temporary one, for its owner only, removed at the end.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new() -> Result<Self, Failure> {
        let name = format!("caseledger-demo-{}", uuid::Uuid::new_v4());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn directory(&self) -> Directory {
        Directory::new(&self.0)
    }

    /// Removes it, and says so when that is not possible.
    pub(super) fn remove(mut self) -> Result<(), Failure> {
        fs::remove_dir_all(std::mem::take(&mut self.0))?;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // After an error: what cannot be removed is left to the system's own tidying of temporary files.
        if !self.0.as_os_str().is_empty() {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}
