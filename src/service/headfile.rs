//! The head file beside a service: the newest checkpoint that was shown to anybody.
//!
//! Written, in place, before an answer shows the checkpoint; synced at most [`super::limits::HEAD_SYNC`] later. It is what
//! tells a store that was rolled back from one that is whole. Slots and layout are [`crate::journal::head`]'s.

use std::path::{Path, PathBuf};

use crate::journal::head::{self, Found, HeadError, Named};
use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::note::VerifierKey;

/// Where the writer puts each new checkpoint.
pub trait HeadSink: Send {
    /// Writes the checkpoint over the older slot. It survives a crash of the process on return.
    ///
    /// # Errors
    /// [`HeadError`].
    fn write(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), HeadError>;

    /// Makes the last write survive a power cut.
    ///
    /// # Errors
    /// [`HeadError`].
    fn sync(&mut self) -> Result<(), HeadError>;
}

/// Why the head file beside a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadFileError {
    /// It could not be read or written, or its slots disagree.
    #[error(transparent)]
    File(#[from] HeadError),
    /// Something was written to it, and no slot is valid for this ledger and key.
    #[error(
        "the head file {} holds no valid checkpoint of this ledger and key: restore it from a copy, \
         or compare the store with a checkpoint kept elsewhere", path.display()
    )]
    NotValid {
        /// The file.
        path: PathBuf,
    },
}

/// The file, and this start of the machine.
#[derive(Debug)]
pub(super) struct HeadFile {
    file: head::HeadFile,
    boot_id: [u8; 16],
}

impl HeadFile {
    /// Reads the file; `None` when there is none, or one that was never written.
    ///
    /// # Errors
    /// [`HeadFileError`].
    pub(super) fn open(
        path: &Path,
        log: &VerifierKey,
        boot_id: [u8; 16],
    ) -> Result<Option<(Self, Option<head::Head>)>, HeadFileError> {
        let Some(mut file) = head::HeadFile::open(path)? else {
            return Ok(None);
        };
        let checked = |note: &str| {
            SignedCheckpoint::open(note, log).map(|signed| {
                let checkpoint = signed.checkpoint();
                Named {
                    size: checkpoint.size,
                    root: *checkpoint.root.as_bytes(),
                }
            })
        };
        let head = file.read(checked)?;
        if head.is_none() && file.slots()?.iter().any(|slot| *slot != Found::Blank) {
            return Err(HeadFileError::NotValid {
                path: path.to_owned(),
            });
        }
        Ok(Some((Self { file, boot_id }, head)))
    }

    /// Makes the file of a new ledger.
    ///
    /// # Errors
    /// [`HeadFileError`].
    pub(super) fn create(path: &Path, boot_id: [u8; 16]) -> Result<Self, HeadFileError> {
        Ok(Self {
            file: head::HeadFile::create(path)?,
            boot_id,
        })
    }
}

impl HeadSink for HeadFile {
    fn write(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), HeadError> {
        self.file.write(self.boot_id, checkpoint.note()).map(drop)
    }

    fn sync(&mut self) -> Result<(), HeadError> {
        self.file.sync()
    }
}
