//! Both adapters keep the promises of the journal port.

use caseledger::journal::Journal;
use caseledger::journal::contract::{self, Store};
use caseledger::journal::memory::{Disk, Fault};

struct Memory(Disk);

impl Store for Memory {
    fn open(&self) -> Result<Box<dyn Journal>, String> {
        Ok(Box::new(self.0.open()))
    }

    fn fail_next(&self, fault: Fault) -> bool {
        self.0.fail_next(fault);
        true
    }
}

#[test]
fn the_memory_journal_keeps_the_contract() {
    contract::run(|| Memory(Disk::new())).unwrap();
}

#[cfg(feature = "server")]
mod on_sled {
    use super::*;
    use caseledger::journal::sled::{Options, SledJournal, SyncFault};

    struct OnDisk {
        dir: tempfile::TempDir,
        fault: SyncFault,
    }

    impl Store for OnDisk {
        fn open(&self) -> Result<Box<dyn Journal>, String> {
            let mut options = Options::new("ledger.example/contract", contract::decode);
            options.fault = self.fault.clone();
            let dir = self.dir.path().join("store");
            let journal = SledJournal::open(&dir, options).map_err(|error| error.to_string())?;
            Ok(Box::new(journal))
        }

        fn fail_next(&self, fault: Fault) -> bool {
            if fault == Fault::FailAndKeep {
                self.fault.arm();
            }
            fault == Fault::FailAndKeep
        }
    }

    #[test]
    fn the_sled_journal_keeps_the_contract() {
        let make = || OnDisk {
            dir: tempfile::tempdir().unwrap(),
            fault: SyncFault::default(),
        };
        contract::run(make).unwrap();
    }
}
