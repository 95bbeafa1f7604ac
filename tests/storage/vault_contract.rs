//! Both adapters keep the promises of the vault port.
#![expect(clippy::unwrap_used, reason = "a test helper may panic")]

use caseledger::vault::Vault;
use caseledger::vault::contract::{self, Store};
use caseledger::vault::keyring::{Keyring, Seeds};
use caseledger::vault::memory::{Disk, Fault};
use tempfile::TempDir;

struct Memory(Disk);

impl Store for Memory {
    fn open(&self) -> Result<Box<dyn Vault>, String> {
        Ok(Box::new(self.0.open()))
    }

    fn fail_next(&self, fault: Fault) -> bool {
        self.0.fail_next(fault);
        true
    }
}

#[test]
fn the_memory_vault_keeps_the_contract() {
    contract::run(|| Memory(Disk::new())).unwrap();
}

struct OnDisk(TempDir);

/// Seeds that differ from one another and from one opening to the next.
fn seeds(opening: u8) -> Seeds {
    let mut next = 0;
    Box::new(move || {
        next += 1;
        let mut seed = [opening; 32];
        seed[31] = next;
        seed
    })
}

impl Store for OnDisk {
    fn open(&self) -> Result<Box<dyn Vault>, String> {
        let path = self.0.path().join("keys");
        let origin = "ledger.example/contract".parse().unwrap();
        let new = !path.exists();
        let seeds = seeds(if new { 1 } else { 2 });
        let vault = Keyring::with_seeds(&path, &origin, new, seeds);
        Ok(Box::new(vault.map_err(|error| error.to_string())?))
    }

    fn fail_next(&self, _fault: Fault) -> bool {
        false
    }
}

#[test]
fn the_key_file_keeps_the_contract() {
    contract::run(|| OnDisk(tempfile::tempdir().unwrap())).unwrap();
}
