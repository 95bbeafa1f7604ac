//! The files of one ledger in a directory, and opening them: the composition of journal, vault, clock and keys.

mod beside;
mod rehearse;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::grpc::convert::decode_event;
use crate::grpc::schema::singular;
use crate::journal::Journal;
use crate::journal::scan::{ScanError, read_commit, scan};
use crate::journal::sled::{INDEX_LAG_MAX, Options, SledJournal, SyncFault};
use crate::ledger::head::{self, Head};
use crate::ledger::note::{NoteSigner, VerifierKey};
use crate::ledger::statement::Origin;
use crate::service::Service;
use crate::service::clock::SystemClock;
use crate::service::limits::INDEX_WAIT;
use crate::service::start::{Parts, StartError, boot_id, read_record, start, start_at_tail};
use crate::vault::keyring::Keyring;

use super::error::{Failure, causes, is_of_system};
use super::exit::Exit;

/// A small file of a ledger that cannot be used.
fn lost(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::IntegrityBroken, format!("{}: {why}", path.display()))
        .advise("restore this file from a copy of the ledger; never make a new one")
}

/// A small file of a ledger that cannot be read: gone, or not to be had now.
fn unread(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        return lost(path, error);
    }
    let what = format!("{}: {error}", path.display());
    Failure::new(Exit::Other, what).advise("see to the disk and the permissions, then start again")
}

/// Whether two boot ids are certainly of one start of the machine: an unknown one never is.
fn is_same_start(before: [u8; 16], now: [u8; 16]) -> bool {
    before == now && now != [0; 16]
}

/// A call that the system refused (no room, no descriptor left, a device that fails) is not a damaged record.
fn failed(error: &(dyn std::error::Error + 'static), broken: &Broken<'_>) -> Failure {
    let what = causes(error);
    if !is_of_system(error) {
        return broken(&what);
    }
    Failure::new(Exit::Other, what).advise(
        "nothing that was acknowledged is lost: see to the disk (room, permissions, open files), then start again",
    )
}

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

/// Name of a new ledger that was given none.
const NEW_ORIGIN: &str = "caseledger.example/development";

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
    pub(super) fn origin_file(&self) -> PathBuf {
        self.root.join("origin")
    }

    /// The public key that checkpoints are signed with, as a C2SP vkey.
    pub(super) fn vkey_file(&self) -> PathBuf {
        self.root.join("vkey")
    }

    /// The Ed25519 seed of the checkpoint key: 32 bytes, for the ledger only.
    pub(super) fn log_key_file(&self) -> PathBuf {
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
        if !self.is_begun() && !path.exists() {
            let what = format!("there is no ledger at {}", self.root.display());
            return Err(
                Failure::new(Exit::NotFound, what).advise("name its directory: --store DIR")
            );
        }
        let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
        text.trim().parse().map_err(|error| lost(&path, &error))
    }

    /// Whether anything of a ledger is here.
    fn is_begun(&self) -> bool {
        self.journal().exists() || self.keys().exists() || self.head().exists()
    }

    /// The public key of the ledger that is here.
    pub(super) fn vkey(&self) -> Result<VerifierKey, Failure> {
        let path = self.vkey_file();
        let text = fs::read_to_string(&path).map_err(|error| unread(&path, &error))?;
        text.trim().parse().map_err(|error| lost(&path, &error))
    }

    /// The seed of the checkpoint key: whole, readable by its owner only, and that of the public key beside it.
    fn log_key(&self, origin: &Origin) -> Result<[u8; 32], Failure> {
        let path = self.log_key_file();
        let bytes = fs::read(&path).map_err(|error| unread(&path, &error))?;
        let mode = fs::metadata(&path).map_err(|error| unread(&path, &error))?;
        if mode.permissions().mode() & 0o077 != 0 {
            let what = format!("{} can be read by others", path.display());
            return Err(Failure::new(Exit::IntegrityBroken, what).advise("set its mode to 0600"));
        }
        let length = bytes.len();
        let seed: [u8; 32] = bytes
            .try_into()
            .map_err(|_length| lost(&path, &format!("it has {length} bytes; a key has 32")))?;
        let signer =
            NoteSigner::new(origin.as_str(), &seed).map_err(|error| lost(&path, &error))?;
        if signer.verifier().to_string() != self.vkey()?.to_string() {
            return Err(lost(
                &path,
                &"it is not the key whose public half is in vkey, or the origin is another",
            ));
        }
        Ok(seed)
    }

    /// Makes the directory, the name and the checkpoint key of a new ledger; leaves those of one that is there.
    fn prepare(&self, origin: Option<&str>) -> Result<(Origin, [u8; 32]), Failure> {
        self.create()
            .and_then(|()| fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700)))
            .map_err(|error| self.unusable(&error))?;
        if !self.origin_file().exists() {
            if self.is_begun() {
                let what = format!(
                    "{} is missing beside a ledger",
                    self.origin_file().display()
                );
                return Err(Failure::new(Exit::IntegrityBroken, what)
                    .advise("restore it, and log.key and vkey, from a copy; never make new ones"));
            }
            let named: Origin = origin
                .unwrap_or(NEW_ORIGIN)
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
        let here = self.origin()?;
        if origin.is_some_and(|asked| asked != here.as_str()) {
            let what = format!("--origin: the ledger at {} is {here}", self.root.display());
            return Err(Failure::new(Exit::Usage, what)
                .advise("its name never changes: leave --origin out"));
        }
        let seed = self.log_key(&here)?;
        Ok((here, seed))
    }

    /// Makes the directory; synced as long as it is new, or a power cut could take it with everything in it.
    pub(super) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        if self.origin_file().exists() {
            return Ok(());
        }
        let parent = self.root.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }

    pub(super) fn unusable(&self, error: &io::Error) -> Failure {
        let what = format!("{}: {error}", self.root.display());
        Failure::new(Exit::Other, what)
            .advise("--store names a directory that this user may write to, on a disk with room")
    }

    /// Writes a small file whole, readable by its owner only, and makes it durable; a power cut leaves none or this.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let unnamed = self.root.join("unnamed");
        let mut options = OpenOptions::new();
        let options = options.create(true).write(true).truncate(true).mode(0o600);
        let written = options.open(&unnamed).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unnamed, path)?;
            File::open(&self.root)?.sync_all()
        });
        written.map_err(|error| self.unusable(&error))
    }

    /// What the head file says, before it is opened for good.
    fn newest(&self, broken: &Broken<'_>) -> Result<Option<Head>, Failure> {
        let bytes = match fs::read(self.head()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unread(&self.head(), &error))?,
        };
        head::choose(&bytes, &self.vkey()?).map_err(|error| broken(&error))
    }

    /// Whether the store may be as a power cut left it: the head file is not certainly of this start of the machine.
    fn after_power_cut(&self, broken: &Broken<'_>) -> Result<bool, Failure> {
        let head = self.newest(broken)?;
        let here = self.machine.boot_id;
        Ok(!head.is_some_and(|head| is_same_start(head.boot_id, here)))
    }

    /// The same for who only looks: what cannot be told may be so.
    pub(super) fn may_be_cut(&self) -> bool {
        let unknown = |error: &dyn std::fmt::Display| Failure::new(Exit::Other, error.to_string());
        self.after_power_cut(&unknown).unwrap_or(true)
    }

    /// After a power cut nobody knows what reached the disk: the blocks are looked for in the store's file before sled,
    /// which repairs what it opens, may touch it.
    fn look_into(&self, origin: &Origin, broken: &Broken<'_>) -> Result<InFile, Failure> {
        if !self.blocks().exists() {
            return Ok(InFile::default());
        }
        let file = File::open(self.blocks()).map_err(|error| unread(&self.blocks(), &error))?;
        let found = scan(&file, origin.as_str(), |_done| ControlFlow::Continue(()));
        let found = found.map_err(|error| failed(&error, broken))?;
        if !found.is_sound() {
            return Err(broken(&"blocks are missing in the store's file"));
        }
        let last = found.commits.last().map(|last| {
            let entries = read_commit(&file, last)?;
            Ok((last.first, entries))
        });
        let last = last
            .transpose()
            .map_err(|error: ScanError| failed(&error, broken))?;
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
        self.rehearse(origin, options.after_power_cut, broken)?;
        let journal = SledJournal::open(&self.journal(), options);
        let journal = journal.map_err(|error| failed(&error, broken))?;
        let size = journal.size().map_err(|error| broken(&error))?;
        if size >= in_file.size {
            return Ok((journal, size));
        }
        let Some((_, entries)) = in_file.last.filter(|(first, _)| *first == size) else {
            return Err(broken(&"the store shows fewer entries than its file holds"));
        };
        let records: Result<Vec<_>, _> = entries.iter().map(|bytes| read_record(bytes)).collect();
        let records = records.map_err(|error| broken(&error))?;
        // As long as it takes, as the opening waited: nobody is served yet.
        while !journal.wait_for_room(records.len(), INDEX_WAIT) {}
        let size = journal.append(size, &records);
        let size = size.map_err(|error| failed(&error, broken))?;
        Ok((journal, size))
    }

    /// A record that does not check, with the advice what to do.
    fn broken(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::new(Exit::IntegrityBroken, error.to_string()).advise(format!(
            "copy the directory before anything else, then check it: caseledger verify store --store {0}\n  \
             what is whole can be rebuilt in a new directory: caseledger admin salvage {0} NEW",
            self.root.display()
        ))
    }

    /// What was found not to check while the ledger was served.
    pub(super) fn faulty(&self, fault: &StartError) -> Failure {
        failed(fault, &|error| self.broken(error))
    }

    /// Opens the ledger for serving; every stored entry is verified first, or with `at_tail` only what no checkpoint
    /// proves, and the rest while it is served.
    pub(super) fn open(
        &self,
        origin: Option<&str>,
        at_tail: bool,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Arc<Service>, Failure> {
        let broken = |error: &dyn std::fmt::Display| self.broken(error);
        let (origin, log_key) = self.prepare(origin)?;
        self.check_beside(&origin, &broken)?;
        let (journal, size) = self.open_journal(&origin, &broken)?;
        // A store that is gone is no new ledger: its head file is still there.
        let is_new = size == 0 && !self.head().exists();
        let vault = Keyring::open(&self.keys(), &origin, is_new);
        let vault = vault.map_err(|error| failed(&error, &broken))?;
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
        let start = if at_tail { start_at_tail } else { start };
        start(parts, progress)
            .map(Arc::new)
            .map_err(|error| failed(&error, &broken))
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_start;

    #[test]
    fn a_start_of_the_machine_that_is_unknown_is_never_the_same() {
        assert!(is_same_start([7; 16], [7; 16]));
        assert!(!is_same_start([7; 16], [8; 16]));
        assert!(!is_same_start([0; 16], [0; 16]));
    }
}
