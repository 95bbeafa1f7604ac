//! Opening a ledger: compare with the head file, re-verify the entries, carry out erasures that a crash left behind,
//! rebuild what is held in memory, start the writer.
//!
//! [`start`] verifies every entry first. [`start_at_tail`] is bounded by the tail: the leaves that the journal has kept
//! are proven by the root of the newest checkpoint, the landmarks and the entries above are read and verified, and the
//! rest is verified while the ledger is served ([`Service::fault`]). Sizes, roll-back and forks are judged first by both.
//!
//! A store that is smaller than its head file, or has another root at that size, was rolled back or exchanged: the
//! service refuses to start, because everything it would sign from there on would be a fork.

mod checks;
mod erase;
mod fold;
mod later;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc;
use std::sync::{Arc, RwLock};

use tokio::sync::watch;

use crate::domain::id::EventId;
use crate::journal::error::Cause;
use crate::journal::head::{HeadError, HeadFile};
use crate::journal::{Journal, Marks, Record};
use crate::ledger::entry::Identity;
use crate::ledger::fields::Singular;
use crate::ledger::head::Head as Promised;
use crate::ledger::statement::Origin;
use crate::ledger::tree::{MemoryTree, TreeHead};
use crate::vault::Vault;
use crate::vault::file::VaultError;

use self::fold::Fold;
pub(in crate::service) use self::later::Later;
use super::Service;
use super::append::Writer;
use super::clock::{Clock, Guard};
use super::error::Refused;
use super::limits;
use super::own;
use super::prepare::Decoder;
use super::registry::Registry;
use super::shared::{Cases, Head, Shared};
use super::signer::{Signer, SignerError};

/// What a service is made of. The composition root opens the ports.
pub struct Parts {
    /// The ledger's name; never changes.
    pub origin: Origin,
    /// Sealed entries.
    pub journal: Arc<dyn Journal>,
    /// Keys of entries.
    pub vault: Arc<dyn Vault>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ed25519 seed of the log's key, used for checkpoints only.
    pub log_key: [u8; 32],
    /// The head file; created for a new ledger.
    pub head_file: PathBuf,
    /// Identity of this start of the machine; all zero when unknown.
    pub boot_id: [u8; 16],
    /// Reads event bytes.
    pub decoder: Decoder,
    /// Field numbers of an event that occur once.
    pub singular: Singular,
}

/// Why a ledger cannot be served. Nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The head file cannot be used.
    #[error(transparent)]
    HeadFile(#[from] HeadError),
    /// There are entries and no head file.
    #[error(
        "the store has {size} entries but there is no head file at {}: restore it; without it a rolled-back store \
         cannot be told from a whole one", path.display()
    )]
    HeadMissing {
        /// Entries found.
        size: u64,
        /// Where it should be.
        path: PathBuf,
    },
    /// The store is older than its head file.
    #[error(
        "the store has {found} entries, but a checkpoint of {promised} was already given out: the store is older than \
         its head file (rolled back, or restored from a backup). Restore the newer store"
    )]
    RolledBack {
        /// Entries found.
        found: u64,
        /// Entries in the checkpoint.
        promised: u64,
    },
    /// The store has another history than its head file.
    #[error(
        "the store's first {size} entries are not those of the checkpoint that was given out: this is another history"
    )]
    Forked {
        /// Size of the checkpoint.
        size: u64,
    },
    /// Stored bytes do not check.
    #[error(
        "the entry at position {position} does not check: {what}. Run `caseledger verify store`"
    )]
    Damaged {
        /// Where.
        position: u64,
        /// What does not check.
        what: String,
    },
    /// The store is older than its key file.
    #[error(
        "the store has {found} entries, but erasure orders up to position {done} were already carried out: the store is \
         older than its key file (rolled back, or restored from a backup). Restore the newer store"
    )]
    OlderThanKeys {
        /// Entries found.
        found: u64,
        /// The vault's mark.
        done: u64,
    },
    /// A key is gone that nobody ordered to be destroyed.
    #[error(
        "the key of the entry at position {position} is gone, and no erasure order names it: restore the key file from \
         its other copy, or the store that has the order"
    )]
    KeyGone {
        /// The entry.
        position: u64,
    },
    /// An erasure order cannot be carried out. No key was destroyed.
    #[error(
        "the erasure order at position {position} cannot be carried out, and until it is nothing may be served: {what}"
    )]
    Order {
        /// Where it stands.
        position: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The store could not be read.
    #[error("the store could not be read: {0}")]
    Store(Refused),
    /// Keys of entries.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The log's key.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The file that tells a start after an unclean stop could not be written.
    #[error("{} could not be written", path.display())]
    Marker {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The entry that says that the last stop was not clean could not be written.
    #[error("the first entry after an unclean stop could not be written")]
    Reopened(#[source] Cause),
    /// The writer could not be started.
    #[error("the ledger could not be opened for writing: {0}")]
    Writer(String),
}

/// Opens the ledger, verifying every stored entry; `progress` is told (entries checked, entries in all).
///
/// # Errors
/// [`StartError`].
pub fn start(parts: Parts, progress: &mut dyn FnMut(u64, u64)) -> Result<Service, StartError> {
    open(parts, false, progress)
}

/// Opens the ledger, verifying what is above the kept marks, and everything else while it is served. Where there are no
/// marks, or they do not prove true, it is [`start`].
///
/// # Errors
/// [`StartError`].
pub fn start_at_tail(
    parts: Parts,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Service, StartError> {
    open(parts, true, progress)
}

/// Everything of the stored entries that is needed, and whether some are still to be verified.
fn fold<'p>(
    parts: &'p Parts,
    (size, promised): (u64, Option<&Promised>),
    at_tail: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Fold<'p>, bool), StartError> {
    let marks = parts.journal.remembered().unwrap_or_else(|error| {
        tracing::warn!(%error, "the marks of entries could not be read: every entry is checked first");
        Marks::default()
    });
    let promised = promised.map(|head| head.checkpoint.checkpoint().head());
    let of_tail = promised
        .filter(|_head| at_tail && !marks.leaves.is_empty())
        .and_then(|head| Fold::of_tail(parts, size, &head, &marks));
    let (fold, is_left) = match of_tail {
        Some(fold) => (fold, true),
        None => (Fold::of_all(parts, size, progress)?, false),
    };
    fold.tell(&marks);
    Ok((fold, is_left))
}

fn open(
    parts: Parts,
    at_tail: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Service, StartError> {
    let signer = Signer::new(&parts.origin, &parts.log_key)?;
    let verifier = signer.verifier();
    let opened = HeadFile::open(&parts.head_file, &verifier)?;
    let size = parts
        .journal
        .size()
        .map_err(|error| StartError::Store(error.into()))?;
    let (file, promised) = opened.map_or((None, None), |(file, head)| (Some(file), head));
    if promised.is_none() && size > 0 {
        return Err(StartError::HeadMissing {
            size,
            path: parts.head_file.clone(),
        });
    }
    check_size(promised.as_ref(), size)?;
    let (mut fold, is_left) = fold(&parts, (size, promised.as_ref()), at_tail, progress)?;
    check_root(promised.as_ref(), &fold.tree)?;
    erase::carry_out(&parts, &fold, size)?;
    parts.vault.ensure(size)?;
    let head = signer.sign(fold.tree.edge().map_err(SignerError::Tree)?)?;
    let is_promised = promised
        .as_ref()
        .is_some_and(|promised| promised.checkpoint.checkpoint().size == head.size);
    let head_file = ready(file, &parts, (!is_promised).then_some(&head))?;
    let guard = Guard::after(if size == 0 {
        i64::MIN
    } else {
        i64::try_from(fold.appended()).unwrap_or(i64::MAX)
    });
    let marker = marker_path(&parts.head_file);
    let unclean = marker.exists();
    let boot_id = parts.boot_id;
    let landmarks = std::mem::take(&mut fold.landmarks);
    let learned = fold.learned()?;
    let shared = Arc::new(shared(parts, head, verifier.to_string(), learned));
    let mut writer = Writer {
        shared: Arc::clone(&shared),
        guard,
        signer,
        head_file,
        boot_id,
        unsynced_since: None,
        heads: BTreeMap::new(),
        doubt: None,
        indexes_stand: false,
    };
    set_marker(&marker).map_err(|source| StartError::Marker {
        path: marker.clone(),
        source,
    })?;
    if unclean && size > 0 {
        let before = promised.map_or([0; 16], |head| head.boot_id);
        let sealed = writer.append_own(&own::reopened(&shared.head(), before, boot_id));
        sealed.map_err(|refused| match writer.doubt.take() {
            Some(cause) => StartError::Reopened(cause),
            None => StartError::Writer(refused.to_string()),
        })?;
    }
    let (queue, jobs) = mpsc::sync_channel(limits::QUEUE_REQUESTS);
    let thread = std::thread::Builder::new().name("writer".to_owned());
    let thread = thread.spawn(move || writer.run(&jobs));
    let thread = thread.map_err(|error| StartError::Writer(error.to_string()))?;
    let left = is_left.then(|| Later::begin(Arc::clone(&shared), size, landmarks));
    let left = left.transpose();
    let left = left.map_err(|error| StartError::Writer(error.to_string()))?;
    Ok(Service::new(shared, queue, thread, (marker, left)))
}

/// The head file; with a checkpoint to be written to it first, when it does not yet promise all that will be shown.
fn ready(
    file: Option<HeadFile>,
    parts: &Parts,
    unwritten: Option<&Head>,
) -> Result<HeadFile, StartError> {
    match (file, unwritten) {
        (Some(file), None) => Ok(file),
        (Some(mut file), Some(head)) => {
            file.write(parts.boot_id, &head.signed)?;
            file.sync()?;
            Ok(file)
        }
        (None, Some(head)) => Ok(HeadFile::begin(
            &parts.head_file,
            parts.boot_id,
            &head.signed,
        )?),
        (None, None) => Ok(HeadFile::create(&parts.head_file)?),
    }
}

/// What the writer and the readers share from the first moment on.
fn shared(
    parts: Parts,
    head: Head,
    verifier: String,
    (tree, cases, registry): (MemoryTree, Cases, Registry),
) -> Shared {
    Shared {
        origin: parts.origin,
        singular: parts.singular,
        decoder: parts.decoder,
        journal: parts.journal,
        vault: parts.vault,
        clock: parts.clock,
        verifier,
        head: watch::Sender::new(head),
        stopping: watch::Sender::new(false),
        poisoned: AtomicBool::new(false),
        fault: watch::Sender::new(None),
        queued_bytes: AtomicUsize::new(0),
        tree: RwLock::new(tree),
        cases: RwLock::new(cases),
        registry: RwLock::new(registry),
    }
}

fn check_size(promised: Option<&Promised>, found: u64) -> Result<(), StartError> {
    let promised = promised.map_or(0, |head| head.checkpoint.checkpoint().size);
    if found < promised {
        Err(StartError::RolledBack { found, promised })
    } else {
        Ok(())
    }
}

fn check_root(promised: Option<&Promised>, tree: &MemoryTree) -> Result<(), StartError> {
    let Some(head) = promised else { return Ok(()) };
    let TreeHead { size, root } = head.checkpoint.checkpoint().head();
    if tree.root_at(size) == Some(root) {
        Ok(())
    } else {
        Err(StartError::Forked { size })
    }
}

/// Reads a journal record back from an entry's stored bytes, for a journal that rebuilds its indexes.
///
/// # Errors
/// What is wrong with the bytes.
pub fn read_record(bytes: &[u8]) -> Result<Record, String> {
    let entry = Identity::read(bytes).map_err(|error| error.to_string())?;
    Ok(Record {
        position: entry.position,
        tag: *entry.tag.as_bytes(),
        chain_seq: entry.case_seq,
        agency: entry.agency.as_str().to_owned(),
        event_id: entry.event_id,
        bytes: bytes.to_vec(),
    })
}

/// Identity of this start of the machine, from the kernel; all zero where it has none.
pub fn boot_id() -> [u8; 16] {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().parse().map_or([0; 16], |id: EventId| id.0)
}

/// The file that exists while a service runs: found at a start, it tells that the last stop was not clean.
fn marker_path(head_file: &Path) -> PathBuf {
    head_file.with_extension("running")
}

fn set_marker(path: &Path) -> io::Result<()> {
    File::create(path)?.sync_all()?;
    sync_directory_of(path)
}

/// Tells the next start that this stop was clean.
pub(super) fn clear_marker(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_directory_of(path)
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
