//! The head file on disk: the newest checkpoint handed out, in two slots written in place. The bytes of a slot, and
//! which slot counts, are [`crate::ledger::head`]'s.
//!
//! What a head means beside the store it stands next to (new, equal, smaller, larger, refused) is for the service to
//! decide.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::codec::NUMBER_MAX;
use crate::ledger::head::{self, Disagree, FILE, Head, TooLong};
use crate::ledger::note::VerifierKey;

/// Why a head file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file could not be read or written.
    #[error("{}: {doing} failed", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file has another length than a head file.
    #[error("{} has {bytes} bytes; a head file has {FILE}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Both slots are valid and contradict each other.
    #[error(transparent)]
    Disagree(#[from] Disagree),
    /// Something was written to it, and no slot is valid for this ledger and key.
    #[error(
        "the head file {} holds no valid checkpoint of this ledger and key: restore it from a copy, \
         or compare the store with a checkpoint kept elsewhere", path.display()
    )]
    NotValid {
        /// The file.
        path: PathBuf,
    },
    /// The checkpoint does not fit in a slot.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// No generation is left.
    #[error("the head file has no generation left")]
    Generation,
}

/// An open head file.
#[derive(Debug)]
pub struct HeadFile {
    file: File,
    path: PathBuf,
    /// Generation of the slot that counts; 0 when nothing was ever written.
    newest: u64,
    /// The newest generation that a power cut cannot take.
    synced: u64,
}

impl HeadFile {
    /// Makes a blank head file, durable on return. It gets its name when it is whole: a power cut leaves none or this.
    ///
    /// # Errors
    /// [`HeadError::File`], also if the file exists.
    pub fn create(path: &Path) -> Result<Self, HeadError> {
        let unnamed = Self::unnamed(path)?;
        unnamed.named(path)
    }

    /// Makes a head file that holds this checkpoint, durable on return, in the same way: it never has its name and no
    /// checkpoint.
    ///
    /// # Errors
    /// [`HeadError`], also if the file exists.
    pub fn begin(
        path: &Path,
        boot_id: [u8; 16],
        checkpoint: &SignedCheckpoint,
    ) -> Result<Self, HeadError> {
        let mut unnamed = Self::unnamed(path)?;
        unnamed.write(boot_id, checkpoint)?;
        unnamed.named(path)
    }

    /// A blank file under another name.
    fn unnamed(path: &Path) -> Result<Self, HeadError> {
        let failed = failed(path, "creating it");
        if path.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(true);
        let file = options.open(path.with_extension("new")).map_err(&failed)?;
        file.write_all_at(&[0; FILE], 0).map_err(&failed)?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            newest: 0,
            synced: 0,
        })
    }

    /// Syncs it and gives it its name.
    fn named(mut self, path: &Path) -> Result<Self, HeadError> {
        let failed = failed(path, "creating it");
        self.file.sync_all().map_err(&failed)?;
        self.synced = self.newest;
        std::fs::rename(path.with_extension("new"), path).map_err(&failed)?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(&failed)?;
        directory.sync_all().map_err(&failed)?;
        Ok(self)
    }

    /// Opens a head file and reads the head that counts; no head if it was never written. `None` if there is no file.
    ///
    /// # Errors
    /// [`HeadError`] if it cannot be read, its slots disagree, or something other than a head of this log stands there.
    pub fn open(path: &Path, log: &VerifierKey) -> Result<Option<(Self, Option<Head>)>, HeadError> {
        let failed = failed(path, "reading it");
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(&failed)?,
        };
        let path = path.to_path_buf();
        let bytes = file.metadata().map_err(&failed)?.len();
        if bytes != FILE as u64 {
            return Err(HeadError::Length { path, bytes });
        }
        // What a process that was killed wrote last may be in memory only.
        file.sync_data().map_err(&failed)?;
        let mut bytes = [0; FILE];
        file.read_exact_at(&mut bytes, 0).map_err(&failed)?;
        let head = head::choose(&bytes, log)?;
        if head.is_none() && bytes.iter().any(|byte| *byte != 0) {
            return Err(HeadError::NotValid { path });
        }
        let newest = head.as_ref().map_or(0, |head| head.generation);
        let synced = newest;
        let opened = Self {
            file,
            path,
            newest,
            synced,
        };
        Ok(Some((opened, head)))
    }

    /// Writes the checkpoint as the next generation over the slot that was not synced last and answers that generation.
    /// The other slot stays as it was until [`sync`](Self::sync): a power cut may tear every write since the last one,
    /// and must leave a head. It survives a crash of the process on return, a power cut only after that sync.
    ///
    /// # Errors
    /// [`HeadError`] if the checkpoint does not fit or the file cannot be written.
    pub fn write(
        &mut self,
        boot_id: [u8; 16],
        checkpoint: &SignedCheckpoint,
    ) -> Result<u64, HeadError> {
        let step = if self.newest == self.synced { 1 } else { 2 };
        let generation = self.newest.saturating_add(step);
        if generation > NUMBER_MAX {
            return Err(HeadError::Generation);
        }
        let next = Head {
            generation,
            boot_id,
            checkpoint: checkpoint.clone(),
        };
        let bytes = next.encode()?;
        let written = self.file.write_all_at(&bytes, next.offset() as u64);
        written.map_err(failed(&self.path, "writing it"))?;
        self.newest = generation;
        Ok(generation)
    }

    /// Makes what was written durable. After a failure nothing more may be trusted: start anew.
    ///
    /// # Errors
    /// [`HeadError::File`].
    pub fn sync(&mut self) -> Result<(), HeadError> {
        self.file
            .sync_data()
            .map_err(failed(&self.path, "syncing it"))?;
        self.synced = self.newest;
        Ok(())
    }
}

fn failed(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> HeadError {
    move |source| HeadError::File {
        path: path.to_path_buf(),
        doing,
        source,
    }
}
