//! What outlives a restart: directories, or their likeness in memory; and a clock that never goes back.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use caseledger::grpc::convert::decode_event;
use caseledger::grpc::schema::singular;
use caseledger::journal::sled::{Options, SledJournal, SyncFault};
use caseledger::journal::{Journal, memory};
use caseledger::ledger::statement::Origin;
use caseledger::service::Service;
use caseledger::service::clock::Clock;
use caseledger::service::start::{Parts, boot_id, read_record, start};
use caseledger::vault::file::VaultError;
use caseledger::vault::keyring::{Keyring, KeyringError};
use caseledger::vault::{Vault, memory as vault_memory};
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "ledger.example/model";

/// What kind of ledger a story is told to.
pub(crate) trait Kind: 'static {
    const NAME: &'static str;
    /// On sled, not in memory.
    const SLED: bool;
    /// Through a client of a server.
    const WIRE: bool;
    /// Stories told unless the environment says otherwise.
    const STORIES: u32;
}

/// A clock that moves on by a microsecond each time that it is read: answers depend on nothing outside the story.
#[derive(Debug, Default)]
pub(crate) struct Ticking(AtomicI64);

/// 2026-03-02, noon.
const NOON: i64 = 1_772_452_800_000_000;

impl Clock for Ticking {
    fn wall(&self) -> i64 {
        NOON + self.0.fetch_add(1, Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// The disk of a story.
#[derive(Debug)]
pub(crate) struct Disk {
    sled: bool,
    dir: TempDir,
    journal: memory::Disk,
    vault: vault_memory::Disk,
    sync: SyncFault,
    clock: Arc<Ticking>,
    /// The head file as it was last known to be synced.
    synced_head: Option<Vec<u8>>,
}

/// An open ledger and its ports.
pub(crate) struct Open {
    pub(crate) service: Arc<Service>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) vault: Arc<dyn Vault>,
}

impl Disk {
    pub(crate) fn new(sled: bool) -> Self {
        Self {
            sled,
            dir: tempfile::tempdir().unwrap(),
            journal: memory::Disk::new(),
            vault: vault_memory::Disk::new(),
            sync: SyncFault::default(),
            clock: Arc::default(),
            synced_head: None,
        }
    }

    fn head(&self) -> PathBuf {
        self.dir.path().join("head")
    }

    /// Opens the ledger.
    pub(crate) fn open(&mut self) -> Open {
        let origin: Origin = ORIGIN.parse().unwrap();
        let journal: Arc<dyn Journal> = if self.sled {
            let mut options = Options::new(ORIGIN, read_record);
            options.fault = self.sync.clone();
            Arc::new(SledJournal::open(&self.dir.path().join("store"), options).unwrap())
        } else {
            Arc::new(self.journal.open())
        };
        let vault: Arc<dyn Vault> = if self.sled {
            Arc::new(self.keyring(&origin, journal.size().unwrap() == 0))
        } else {
            Arc::new(self.vault.open())
        };
        let before = fs::read(self.head()).ok();
        let clock: Arc<dyn Clock> = Arc::<Ticking>::clone(&self.clock);
        let parts = Parts {
            origin,
            journal: Arc::clone(&journal),
            vault: Arc::clone(&vault),
            clock,
            log_key: [7; 32],
            head_file: self.head(),
            boot_id: boot_id(),
            decoder: decode_event,
            singular: singular().unwrap(),
        };
        let service = Arc::new(start(parts, &mut |_done, _all| {}).unwrap());
        self.synced_head = before.or_else(|| fs::read(self.head()).ok());
        Open {
            service,
            journal,
            vault,
        }
    }

    /// A writer that was not stopped may hold the key file a moment longer.
    fn keyring(&self, origin: &Origin, empty: bool) -> Keyring {
        for _ in 0..1000 {
            match Keyring::open(&self.dir.path().join("keys"), origin, empty) {
                Err(KeyringError::Vault(VaultError::Locked)) => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("the key file stays locked");
    }

    /// Makes the next commit fail.
    pub(crate) fn fail_next(&self, kept: bool) {
        if self.sled {
            assert!(kept, "sled has written what it could not sync");
            self.sync.arm();
        } else if kept {
            self.journal.fail_next(memory::Fault::FailAndKeep);
        } else {
            self.journal.fail_next(memory::Fault::FailAndLose);
        }
    }

    /// What was written to the head file since it was last synced is gone.
    pub(crate) fn lose_head(&self) {
        fs::write(self.head(), self.synced_head.as_ref().unwrap()).unwrap();
    }
}
