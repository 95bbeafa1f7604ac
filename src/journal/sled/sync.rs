//! The sync sled does not do: our own descriptor of its `db` file, and the checks that make syncing it enough.
//!
//! sled 0.34.7 calls `sync_file_range` on Linux and never fsync, so what its `flush` acknowledges is not on the disk.
//! After each flush the adapter calls `sync_data` on a second descriptor of the same file. That is sound only if
//! this is the file sled writes, if sled writes to no other file, and if the directory entry is durable.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::journal::OpenError;

/// Makes the next sync of a journal fail, once, or every sync a lie: for tests.
#[derive(Debug, Clone, Default)]
pub struct SyncFault {
    armed: Arc<AtomicBool>,
    omitted: Arc<AtomicBool>,
}

impl SyncFault {
    /// Arms the fault.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::Release);
    }

    /// From now on each sync says that it was done and is not: what sled's own flush is worth shows.
    pub fn omit(&self) {
        self.omitted.store(true, Ordering::Release);
    }

    fn is_omitted(&self) -> bool {
        self.omitted.load(Ordering::Acquire)
    }
}

/// File systems on which a sync promises nothing about a power cut here: the server decides.
const REMOTE: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x7375_7245, "Coda"),
    (0x5346_414F, "AFS"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
];

/// File systems that live in memory.
const VOLATILE: [u64; 2] = [0x0102_1994, 0x8584_58F6];

/// What kind of place the store is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A file system of a disk, as far as can be told.
    Local,
    /// A file system in memory: gone after a power cut. Allowed, for tests.
    Volatile,
}

/// Our own descriptor of sled's file, and how often it was synced for a commit.
#[derive(Debug)]
pub(super) struct SyncedFile {
    file: File,
    /// A second descriptor, for syncs that are no commit's: the system tells each descriptor once that writing failed, and
    /// whoever else is told, the commit must be.
    beside: File,
    blobs: PathBuf,
    syncs: AtomicU64,
    fault: SyncFault,
}

impl SyncedFile {
    /// Opens and checks sled's file in `dir`, after sled has opened it, and syncs the directories once.
    pub(super) fn open(dir: &Path, fault: SyncFault) -> Result<Self, OpenError> {
        let path = dir.join("db");
        let store = |doing: &'static str| {
            let path = dir.to_path_buf();
            move |error: io::Error| OpenError::Store {
                path,
                doing,
                source: error.into(),
            }
        };
        let file = File::open(&path).map_err(store("opening the synced file"))?;
        let beside = File::open(&path).map_err(store("opening the synced file"))?;
        let (ours, named) = (
            file.metadata()
                .map_err(store("looking at the synced file"))?,
            fs::metadata(&path).map_err(store("looking at the synced file"))?,
        );
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return Err(OpenError::OtherFile { path });
        }
        File::open(dir.join("conf"))
            .and_then(|conf| conf.sync_all())
            .map_err(store("syncing sled's settings"))?;
        for directory in [Some(dir), dir.parent()].into_iter().flatten() {
            let directory = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                directory
            };
            File::open(directory)
                .and_then(|directory| directory.sync_all())
                .map_err(store("syncing the directory"))?;
        }
        let synced = Self {
            file,
            beside,
            blobs: dir.join("blobs"),
            syncs: AtomicU64::new(0),
            fault,
        };
        if !synced.blobs_empty().map_err(store("listing blobs"))? {
            return Err(OpenError::Blobs { path: synced.blobs });
        }
        synced
            .sync_file(&synced.file)
            .map_err(store("syncing the log"))?;
        Ok(synced)
    }

    /// Whether the file at sled's path is still the one we sync, and sled still keeps everything in it.
    pub(super) fn still_sound(&self, dir: &Path) -> io::Result<bool> {
        let (ours, named) = (self.file.metadata()?, fs::metadata(dir.join("db"))?);
        Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino()) && self.blobs_empty()?)
    }

    fn blobs_empty(&self) -> io::Result<bool> {
        match fs::read_dir(&self.blobs) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Makes everything sled has written durable, for a commit.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.fault.armed.swap(false, Ordering::AcqRel) {
            return Err(io::Error::other("a fault was asked for"));
        }
        self.sync_file(&self.file)?;
        self.syncs.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Makes everything sled has written durable, without a commit.
    pub(super) fn sync_beside(&self) -> io::Result<()> {
        self.sync_file(&self.beside)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        if self.fault.is_omitted() {
            return Ok(());
        }
        file.sync_data()
    }

    /// Syncs of commits that succeeded since the file was opened.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Acquire)
    }
}

/// Removes what sled cannot start with: snapshots that it had not finished writing, which it takes for whole; after a
/// power cut all snapshots, because it syncs a snapshot before the log that it is of; and its settings, which it never
/// syncs. Without a snapshot it reads its log from the beginning; its settings are always the same, and it writes
/// them anew. Answers whether it could: not while another process has the store.
pub(super) fn clear(dir: &Path, after_power_cut: bool) -> io::Result<bool> {
    // Held to the end: sled locks the same file in the same way.
    let db = match File::open(dir.join("db")) {
        Ok(db) if db.try_lock().is_err() => return Ok(false),
        Ok(db) => Some(db),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        let unfinished = text.starts_with("snap.") && text.ends_with(".generating");
        let unsynced = text == "conf" || text.starts_with("snap.");
        if unfinished || (after_power_cut && unsynced) {
            fs::remove_file(dir.join(&name))?;
        }
    }
    drop(db);
    Ok(true)
}

/// Refuses a directory on a network file system.
pub(super) fn check_medium(dir: &Path) -> Result<Medium, OpenError> {
    let stat = rustix::fs::statfs(dir).map_err(|error| OpenError::Store {
        path: dir.to_path_buf(),
        doing: "looking at the file system",
        source: io::Error::from(error).into(),
    })?;
    // The kernel's numbers have 32 bits; the field is wider and signed on some machines.
    let kind = u64::try_from(i128::from(stat.f_type) & 0xFFFF_FFFF).unwrap_or_default();
    if let Some((_, kind)) = REMOTE.iter().find(|(number, _)| *number == kind) {
        return Err(OpenError::FileSystem {
            path: dir.to_path_buf(),
            kind,
        });
    }
    Ok(if VOLATILE.contains(&kind) {
        Medium::Volatile
    } else {
        Medium::Local
    })
}
