//! The head file on disk: the newest checkpoint that was shown to anybody (`proto/FORMAT.md` section 9).
//!
//! Written, in place, before an answer shows the checkpoint; synced at most [`super::limits::HEAD_SYNC`] later. It is what
//! tells a store that was rolled back from one that is whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::head::{self, FILE, Head};
use crate::ledger::note::VerifierKey;

/// Where the writer puts each new checkpoint.
pub trait HeadSink: Send {
    /// Writes the checkpoint over the older slot. It survives a crash of the process on return.
    ///
    /// # Errors
    /// What the file system said.
    fn write(&mut self, checkpoint: &SignedCheckpoint) -> io::Result<()>;

    /// Makes the last write survive a power cut.
    ///
    /// # Errors
    /// What the file system said.
    fn sync(&mut self) -> io::Result<()>;
}

/// What a head file says when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is no file, or one that was created and never written.
    Nothing,
    /// Its newest valid slot.
    Head(Box<Head>),
}

/// Why a head file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadFileError {
    /// It could not be read or written.
    #[error("the head file {} could not be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// It has no valid slot, or its slots contradict each other.
    #[error(
        "the head file {} holds no valid checkpoint of this ledger and key: restore it from a copy, \
         or compare the store with a checkpoint kept elsewhere", path.display()
    )]
    NotValid {
        /// The file.
        path: PathBuf,
    },
}

/// The two slots in one file.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    file: Option<File>,
    boot_id: [u8; 16],
    generation: u64,
}

impl HeadFile {
    /// Reads the file, if there is one. Nothing is written yet.
    ///
    /// # Errors
    /// [`HeadFileError`].
    pub fn open(
        path: &Path,
        log: &VerifierKey,
        boot_id: [u8; 16],
    ) -> Result<(Self, Found), HeadFileError> {
        let failed = |source| HeadFileError::Io { path: path.to_owned(), source };
        let mut head_file = Self { path: path.to_owned(), file: None, boot_id, generation: 0 };
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((head_file, Found::Nothing));
            }
            Err(error) => return Err(failed(error)),
        };
        let bytes = std::fs::read(path).map_err(failed)?;
        head_file.file = Some(file);
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok((head_file, Found::Nothing));
        }
        match head::choose(&bytes, log) {
            Ok(Some(head)) => {
                head_file.generation = head.generation;
                Ok((head_file, Found::Head(Box::new(head))))
            }
            Ok(None) | Err(_) => Err(HeadFileError::NotValid { path: path.to_owned() }),
        }
    }

    /// The file, created with its full length and synced with its directory when there is none yet.
    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create_new(true).mode(0o600).open(&self.path)?;
            file.set_len(FILE as u64)?;
            file.sync_all()?;
            if let Some(directory) = self.path.parent() {
                File::open(directory)?.sync_all()?;
            }
            self.file = Some(file);
        }
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl HeadSink for HeadFile {
    fn write(&mut self, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let generation = self.generation.saturating_add(1);
        let head = Head { generation, boot_id: self.boot_id, checkpoint: checkpoint.clone() };
        let bytes = head.encode().map_err(io::Error::other)?;
        self.file()?.write_all_at(&bytes, head.offset() as u64)?;
        self.generation = generation;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_data()
    }
}
