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
use crate::journal::scan::scan;
use crate::journal::sled::{Options, SledJournal};
use crate::ledger::head;
use crate::ledger::note::{NoteSigner, VerifierKey};
use crate::ledger::statement::Origin;
use crate::service::Service;
use crate::service::clock::SystemClock;
use crate::service::start::{Parts, boot_id, read_record, start};
use crate::vault::keyring::Keyring;

use super::error::Failure;
use super::exit::Exit;

/// Whether two boot ids are certainly of one start of the machine: an unknown one never is.
fn is_same_start(before: [u8; 16], now: [u8; 16]) -> bool {
    before == now && now != [0; 16]
}

/// Where the files of a ledger are.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
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
        fs::create_dir_all(&self.root)?;
        fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700))?;
        if !self.origin_file().exists() {
            if self.journal().exists() || self.keys().exists() || self.head().exists() {
                let what = format!(
                    "{} is missing beside a ledger",
                    self.origin_file().display()
                );
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

    /// Writes a small file whole, readable by its owner only, and makes it durable.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(File::open(&self.root)?.sync_all()?)
    }

    /// After the machine was started anew nobody knows what reached the disk: the blocks are looked for in the store's file
    /// before sled, which repairs what it opens, may touch it. Answers how many entries stand there; `None` when the
    /// head file is of this start of the machine.
    fn after_power_cut(
        &self,
        origin: &Origin,
        broken: &dyn Fn(&dyn std::fmt::Display) -> Failure,
    ) -> Result<Option<u64>, Failure> {
        let vkey: VerifierKey = self.vkey()?.parse().map_err(|error| broken(&error))?;
        let head = fs::read(self.head()).unwrap_or_default();
        let head = head::choose(&head, &vkey).map_err(|error| broken(&error))?;
        let is_same_start = head.is_some_and(|head| is_same_start(head.boot_id, boot_id()));
        if !self.blocks().exists() || is_same_start {
            return Ok(None);
        }
        let file = File::open(self.blocks())?;
        let found = scan(file, origin.as_str(), |_done| ControlFlow::Continue(()));
        let found = found.map_err(|error| broken(&error))?;
        if !found.is_sound() {
            return Err(broken(&"blocks are missing in the store's file"));
        }
        Ok(Some(found.size()))
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
        let in_file = self.after_power_cut(&origin, &broken)?;
        let options = Options::new(origin.as_str(), read_record);
        let journal =
            SledJournal::open(&self.journal(), options).map_err(|error| broken(&error))?;
        let size = journal.size().map_err(|error| broken(&error))?;
        if in_file.is_some_and(|in_file| in_file > size) {
            return Err(broken(&"the store shows fewer entries than its file holds"));
        }
        // A store that is gone is no new ledger: its head file is still there.
        let is_new = size == 0 && !self.head().exists();
        let vault = Keyring::open(&self.keys(), &origin, is_new).map_err(|error| broken(&error))?;
        let singular = singular().map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        let parts = Parts {
            origin,
            journal: Arc::new(journal),
            vault: Arc::new(vault),
            clock: Arc::new(SystemClock::new()),
            log_key,
            head_file: self.head(),
            boot_id: boot_id(),
            decoder: decode_event,
            singular,
        };
        start(parts, progress)
            .map(Arc::new)
            .map_err(|error| broken(&error))
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
