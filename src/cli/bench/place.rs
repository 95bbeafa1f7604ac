//! The throw-away directory of a bench, on the disk that is measured.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::cli::error::Failure;
use crate::cli::exit::Exit;

/// A new directory for its owner only, removed at the end whatever happened.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(below: Option<&Path>) -> Result<Self, Failure> {
        let below = below.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = below.join(format!("caseledger-bench-{}", uuid::Uuid::new_v4()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| {
                Failure::new(Exit::Usage, format!("--dir {}: {error}", below.display()))
            })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Whether it is on no disk at all: what is synced there costs nothing and keeps nothing.
    pub(super) fn is_in_memory(&self) -> bool {
        const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58F6];
        rustix::fs::statfs(&self.0).is_ok_and(|stat| {
            IN_MEMORY
                .iter()
                .any(|kind| i128::from(stat.f_type) == i128::from(*kind))
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own tidying of temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}
