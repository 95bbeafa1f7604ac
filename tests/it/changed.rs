//! A changed byte in a stored entry: no start accepts it, and both the start and `verify store` name the entry.

use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;

use caseledger::journal::memory::{Disk, MemoryJournal};
use caseledger::journal::{Journal, ReadError, Stored};
use caseledger::ledger::chain::ChainHead;
use caseledger::ledger::commitment::Secret;
use caseledger::ledger::digest::Link;
use caseledger::ledger::entry::{Place, SealedEntry, Unsealed, seal};
use caseledger::ledger::fields::Singular;
use caseledger::ledger::statement::{Seen, Statement};
use caseledger::service::start::{StartError, read_record};
use caseledger::vault::Vault;
use caseledger::vault::keyring::Keyring;

use crate::journal::left_to_inner;
use crate::world::{ORIGIN, Setup, World, concern, open, opened, request, temp};

/// A journal on which one bit of the entry at a position reads differently.
pub(crate) struct Changed {
    pub(crate) inner: MemoryJournal,
    pub(crate) position: u64,
    pub(crate) byte: usize,
    pub(crate) bit: u8,
}

impl Changed {
    fn change(&self, mut page: Vec<Stored>) -> Vec<Stored> {
        for stored in &mut page {
            if stored.position == self.position {
                stored.bytes[self.byte] ^= 1 << self.bit;
            }
        }
        page
    }
}

impl Journal for Changed {
    left_to_inner!(size append read_chain chain_len find marks);

    fn read(&self, from: u64, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.inner.read(from, limit).map(|page| self.change(page))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_refuses_a_changed_byte_of_an_entry_wherever_it_is_and_names_the_entry() {
    let dir = temp();
    let disk = Disk::new();
    let setup = || Setup {
        journal: Some(Arc::new(disk.open())),
        ..Setup::default()
    };
    let world = World::with(dir.path(), setup()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    for n in 2..=4 {
        csc.append(request(n, &concern("CH-1", "hungry")))
            .await
            .unwrap();
    }
    world.stop().await;
    for position in [2, 3] {
        let length = disk.open().read(position, 1).unwrap()[0].bytes.len();
        // Every 17th, so that each field is met and the test stays short.
        for byte in (0..length).step_by(17) {
            let changed = Changed {
                inner: disk.open(),
                position,
                byte,
                bit: u8::try_from(byte % 8).unwrap(),
            };
            let setup = Setup {
                journal: Some(Arc::new(changed)),
                ..Setup::default()
            };
            let Err(refused) = open(dir.path(), setup) else {
                panic!("byte {byte} of entry {position} was changed and the ledger opened");
            };
            let names_it =
                matches!(refused, StartError::Damaged { position: at, .. } if at == position);
            assert!(names_it, "byte {byte} of entry {position}: {refused}");
        }
    }
    World::with(dir.path(), setup()).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_refuses_an_entry_that_claims_to_have_seen_what_its_chain_never_had() {
    let dir = temp();
    let disk = Disk::new();
    let setup = || Setup {
        journal: Some(Arc::new(disk.open())),
        ..Setup::default()
    };
    let world = World::with(dir.path(), setup()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    csc.append(request(2, &concern("CH-1", "x"))).await.unwrap();
    world.stop().await;
    // Sealed by whoever runs the ledger, with its own keys: everything else about it is right.
    let journal = disk.open();
    let last = SealedEntry::decode(&journal.read(1, 1).unwrap()[0].bytes).unwrap();
    let header = last.parsed();
    let unsealed = Unsealed {
        kind: last.kind(),
        statement: Statement {
            event_id: [9; 16],
            seen: Seen::Entry {
                case_seq: 1,
                link: Link::new([3; 32]),
            },
            fields_root: caseledger::ledger::digest::FieldsRoot::ZERO,
            ..header.statement.clone()
        },
        signature: None,
        secret: Secret::new([8; 32]).unwrap(),
        event: vec![0x0a, 1, b'x'],
        ingest: last.ingest(),
        authenticated: header.fields.authenticated,
    };
    let keys = Keyring::open(&dir.path().join("keys"), &ORIGIN.parse().unwrap(), false).unwrap();
    let place = Place {
        position: 2,
        appended: last.appended() + 1,
        head: &ChainHead::at(header),
        key: &keys.key(2).unwrap(),
    };
    let (entry, _) = seal(&unsealed.prepare(&Singular::default()).unwrap(), &place).unwrap();
    drop(keys);
    let record = read_record(&entry.encode()).unwrap();
    journal.append(2, &[record]).unwrap();
    let refused = open(dir.path(), setup()).err().unwrap();
    assert!(
        matches!(refused, StartError::Damaged { position: 2, .. }),
        "{refused}"
    );
}

fn verify(dir: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caseledger"))
        .args([
            "verify",
            "store",
            "--format",
            "json",
            "--no-progress",
            "--store",
        ])
        .arg(dir)
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_store_names_the_entry_whose_stored_byte_was_changed() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    for n in 2..=5 {
        csc.append(request(n, &concern("CH-1", "hungry")))
            .await
            .unwrap();
    }
    let vkey = world.service.verifier_key().to_owned();
    let entry = world
        .service
        .entry(caseledger::service::read::Which::Position(3));
    let entry: SealedEntry = entry.await.unwrap().entry;
    world.stop().await;
    // The layout of a ledger directory.
    fs::rename(dir.path().join("store"), dir.path().join("journal")).unwrap();
    fs::write(dir.path().join("origin"), ORIGIN).unwrap();
    fs::write(dir.path().join("vkey"), vkey).unwrap();
    let whole = verify(dir.path());
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let db = dir.path().join("journal").join("db");
    let good = fs::read(&db).unwrap();
    for part in [entry.header(), entry.content()] {
        // The store may hold older copies of a page: all of them are changed.
        let mut bytes = good.clone();
        let places: Vec<usize> = (0..bytes.len())
            .filter(|at| bytes[*at..].starts_with(part))
            .collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at + part.len() / 2] ^= 1;
        }
        fs::write(&db, bytes).unwrap();
        let found = verify(dir.path());
        assert_eq!(found.status.code(), Some(3), "{found:?}");
        let text = String::from_utf8(found.stdout).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut faults = value["items"].as_array().unwrap().iter();
        let first = faults.find(|row| row["check"] == "fault").unwrap();
        let detail = first["detail"].as_str().unwrap();
        assert!(detail.starts_with("entry 3: "), "{text}");
    }
    fs::write(&db, good).unwrap();
    assert_eq!(verify(dir.path()).status.code(), Some(0));
}
