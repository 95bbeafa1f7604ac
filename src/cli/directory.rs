//! The files of one ledger in a directory, and opening them: the composition of journal, vault, clock and keys.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::grpc::convert::decode_event;
use crate::grpc::schema::singular;
use crate::journal::Journal;
use crate::journal::scan::{ScanError, read_commit, scan};
use crate::journal::sled::{INDEX_LAG_MAX, Options, SledJournal, SyncFault};
use crate::ledger::head;
use crate::ledger::note::{NoteSigner, VerifierKey};
use crate::ledger::statement::Origin;
use crate::service::Service;
use crate::service::clock::SystemClock;
use crate::service::start::{Parts, boot_id, read_record, start};
use crate::vault::keyring::Keyring;

use super::error::Failure;
use super::exit::Exit;

/// A failure of the store, with the advice that goes with it.
type Broken<'f> = dyn Fn(&dyn std::fmt::Display) -> Failure + 'f;

/// What stands in the store's file, whatever sled shows of it.
#[derive(Default)]
struct InFile {
    /// Entries.
    size: u64,
    /// First position and entries of the last commit: the only one that may be torn, because the one before it was synced
    /// when it was written.
    last: Option<(u64, Vec<Vec<u8>>)>,
}

/// The machine a ledger stands on, as far as a test may exchange it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Identity of this start of the machine; all zero when unknown.
    pub boot_id: [u8; 16],
    /// Entries that may wait for the indexes.
    pub index_lag_max: usize,
    /// Makes syncs of the store fail or lie.
    pub fault: SyncFault,
}

impl Machine {
    /// This machine, as it is.
    pub fn real() -> Self {
        Self {
            boot_id: boot_id(),
            index_lag_max: INDEX_LAG_MAX,
            fault: SyncFault::default(),
        }
    }
}

/// Where the files of a ledger are.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    root: PathBuf,
    machine: Machine,
}

impl Directory {
    pub(super) fn new(root: &Path) -> Self {
        Self::on(root, Machine::real())
    }

    pub(super) fn on(root: &Path, machine: Machine) -> Self {
        Self {
            root: root.to_owned(),
            machine,
        }
    }

    /// The ledger's name, one line of text.
    fn origin_file(&self) -> PathBuf {
        self.root.join("origin")
    }

    /// The public key that checkpoints are signed with, as a C2SP vkey.
    fn vkey_file(&self) -> PathBuf {
        self.root.join("vkey")
    }

    /// The Ed25519 seed of the checkpoint key: 32 bytes, for the ledger only.
    fn log_key_file(&self) -> PathBuf {
        self.root.join("log.key")
    }

    /// The keys of entries.
    pub(super) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The newest checkpoint.
    pub(super) fn head(&self) -> PathBuf {
        self.root.join("head")
    }

    /// sled's directory.
    pub(super) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// sled's main file, where the blocks are.
    pub(super) fn blocks(&self) -> PathBuf {
        self.journal().join("db")
    }

    /// The name of the ledger that is here.
    pub(super) fn origin(&self) -> Result<Origin, Failure> {
        let path = self.origin_file();
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure::new(
                Exit::NotFound,
                format!("no ledger at {}: {error}", self.root.display()),
            )
        })?;
        text.trim()
            .parse()
            .map_err(|error| Failure::new(Exit::Other, format!("{}: {error}", path.display())))
    }

    /// The public key of the ledger that is here.
    pub(super) fn vkey(&self) -> Result<String, Failure> {
        Ok(fs::read_to_string(self.vkey_file())?.trim().to_owned())
    }

    /// Makes the directory, the name and the checkpoint key of a new ledger; leaves those of one that is there.
    fn prepare(&self, origin: &str) -> Result<(Origin, [u8; 32]), Failure> {
        if !self.root.exists() {
            fs::create_dir_all(&self.root)?;
            // Or a power cut could take the directory with everything in it.
            let parent = self.root.parent().filter(|it| !it.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700))?;
        if !self.origin_file().exists() {
            if self.journal().exists() || self.keys().exists() {
                let what = format!("{} is missing beside a store", self.origin_file().display());
                return Err(Failure::new(Exit::IntegrityBroken, what)
                    .advise("restore it, and log.key and vkey, from a copy; never make new ones"));
            }
            let named: Origin = origin
                .parse()
                .map_err(|error| Failure::new(Exit::Usage, format!("--origin: {error}")))?;
            let mut seed = [0; 32];
            getrandom::fill(&mut seed)
                .map_err(|error| Failure::new(Exit::Other, format!("no random bytes: {error}")))?;
            self.write(&self.log_key_file(), &seed)?;
            let signer = NoteSigner::new(named.as_str(), &seed)
                .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
            self.write(
                &self.vkey_file(),
                format!("{}\n", signer.verifier()).as_bytes(),
            )?;
            // Last, because it is what makes a directory a ledger.
            self.write(&self.origin_file(), format!("{named}\n").as_bytes())?;
        }
        let mut seed = [0; 32];
        File::open(self.log_key_file())?.read_exact(&mut seed)?;
        Ok((self.origin()?, seed))
    }

    /// Writes a small file whole, readable by its owner only, and makes it durable; a power cut leaves none or this.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let unnamed = self.root.join("unnamed");
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&unnamed)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unnamed, path)?;
        Ok(File::open(&self.root)?.sync_all()?)
    }

    /// Whether the store may be as a power cut left it: the head file is not of this start of the machine.
    fn after_power_cut(&self, broken: &Broken<'_>) -> Result<bool, Failure> {
        let vkey: VerifierKey = self.vkey()?.parse().map_err(|error| broken(&error))?;
        let head = fs::read(self.head()).unwrap_or_default();
        let head = head::choose(&head, &vkey).map_err(|error| broken(&error))?;
        Ok(head.is_none_or(|head| head.boot_id != self.machine.boot_id))
    }

    /// After a power cut nobody knows what reached the disk: the blocks are looked for in the store's file before sled,
    /// which repairs what it opens, may touch it.
    fn look_into(&self, origin: &Origin, broken: &Broken<'_>) -> Result<InFile, Failure> {
        if !self.blocks().exists() {
            return Ok(InFile::default());
        }
        let file = File::open(self.blocks())?;
        let found = scan(&file, origin.as_str(), |_done| ControlFlow::Continue(()));
        let found = found.map_err(|error| broken(&error))?;
        if !found.is_sound() {
            return Err(broken(&"blocks are missing in the store's file"));
        }
        let last = found.commits.last().map(|last| {
            let entries = read_commit(&file, last)?;
            Ok((last.first, entries))
        });
        let last = last
            .transpose()
            .map_err(|error: ScanError| broken(&error))?;
        let size = found.size();
        Ok(InFile { size, last })
    }

    /// Opens the journal. When a power cut tore sled's framing of the last commit and left its blocks whole, sled drops
    /// it; it may have been acknowledged, so it is appended again as it was. Fewer entries than that are damage.
    fn open_journal(
        &self,
        origin: &Origin,
        broken: &Broken<'_>,
    ) -> Result<(SledJournal, u64), Failure> {
        let mut options = Options::new(origin.as_str(), read_record);
        options.index_lag_max = self.machine.index_lag_max;
        options.fault = self.machine.fault.clone();
        options.after_power_cut = self.after_power_cut(broken)?;
        let in_file = if options.after_power_cut {
            self.look_into(origin, broken)?
        } else {
            InFile::default()
        };
        let journal =
            SledJournal::open(&self.journal(), options).map_err(|error| broken(&causes(&error)))?;
        let size = journal.size().map_err(|error| broken(&error))?;
        if size >= in_file.size {
            return Ok((journal, size));
        }
        let Some((_, entries)) = in_file.last.filter(|(first, _)| *first == size) else {
            return Err(broken(&"the store shows fewer entries than its file holds"));
        };
        let records: Result<Vec<_>, _> = entries.iter().map(|bytes| read_record(bytes)).collect();
        let records = records.map_err(|error| broken(&error))?;
        let size = journal.append(size, &records);
        let size = size.map_err(|error| broken(&causes(&error)))?;
        Ok((journal, size))
    }

    /// Opens the ledger for serving; every stored entry is verified first.
    pub(super) fn open(
        &self,
        origin: &str,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Arc<Service>, Failure> {
        let broken = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::IntegrityBroken, error.to_string()).advise(format!(
                "copy the directory before anything else, then check it: caseledger verify store --store {}",
                self.root.display()
            ))
        };
        let (origin, log_key) = self.prepare(origin)?;
        let (journal, size) = self.open_journal(&origin, &broken)?;
        let empty = size == 0;
        let vault = Keyring::open(&self.keys(), &origin, empty).map_err(|error| broken(&error))?;
        let singular = singular().map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        let parts = Parts {
            origin,
            journal: Arc::new(journal),
            vault: Arc::new(vault),
            clock: Arc::new(SystemClock::new()),
            log_key,
            head_file: self.head(),
            boot_id: self.machine.boot_id,
            decoder: decode_event,
            singular,
        };
        start(parts, progress)
            .map(Arc::new)
            .map_err(|error| broken(&error))
    }
}

/// An error with everything that caused it, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
