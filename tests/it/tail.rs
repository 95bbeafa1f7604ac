//! A start that verifies the tail first and everything else while it serves: it knows the same as one that verifies
//! everything first, marks that are wrong never stand, and a damaged entry ends the service by name.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use caseledger::journal::memory::Disk;
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::journal::{Journal, Mark};
use caseledger::service::Service;
use caseledger::service::read::Which;
use caseledger::service::start::{StartError, read_record};
use tonic::Code;

use crate::changed::Changed;
use crate::world::{ORIGIN, Setup, World, concern, open, opened, request, temp};

/// A thread that checks a handful of entries and takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

fn setup(disk: &Disk, at_tail: bool) -> Setup {
    Setup {
        journal: Some(Arc::new(disk.open())),
        at_tail,
        ..Setup::default()
    }
}

/// Two cases, in commits of their own.
async fn filled(dir: &Path, disk: &Disk) {
    let world = World::with(dir, setup(disk, false)).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    csc.append(request(2, &concern("CH-1", "hungry")))
        .await
        .unwrap();
    csc.append(request(3, &opened("CH-2"))).await.unwrap();
    for n in 4..=8 {
        csc.append(request(n, &concern("CH-2", "x"))).await.unwrap();
    }
    world.stop().await;
}

fn known(service: &Service) -> String {
    format!("{:?} {:?}", service.head(), service.registry())
}

/// Serves a ledger until the program ends or so much time has passed: its exit code, if it ended, and what it said.
fn run(ledger: &Path, options: &[&str], most: Duration) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_caseledger"))
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(ledger)
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let look = Duration::from_millis(20);
    for _ in 0..most.as_millis() / look.as_millis() {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(look);
    }
    let code = child
        .try_wait()
        .unwrap()
        .map(|status| status.code().unwrap());
    if code.is_none() {
        child.kill().unwrap();
    }
    let said = child.wait_with_output().unwrap().stderr;
    (code, String::from_utf8(said).unwrap())
}

async fn fault(service: &Service) -> Arc<StartError> {
    tokio::time::timeout(PATIENCE, service.faulty())
        .await
        .unwrap();
    service.fault().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_at_the_tail_knows_what_a_start_that_verifies_everything_knows() {
    let (dir, disk) = (temp(), Disk::new());
    filled(dir.path(), &disk).await;
    let marks = disk.open().remembered().unwrap();
    assert_eq!(marks.leaves.len() as u64, disk.open().size().unwrap());
    assert_eq!(marks.landmarks.len(), 2, "the two openings");
    let whole = open(dir.path(), setup(&disk, false)).unwrap();
    let first = known(&whole);
    whole.stop().await.unwrap();
    drop(whole);
    let world = World::with(dir.path(), setup(&disk, true)).await;
    assert_eq!(known(&world.service), first);
    let mut csc = world.client("csc").await;
    csc.append(request(20, &concern("CH-1", "y")))
        .await
        .unwrap();
    csc.append(request(21, &concern("CH-2", "y")))
        .await
        .unwrap();
    let again = csc.append(request(22, &opened("CH-2"))).await;
    assert!(again.is_err(), "the case is known");
    assert!(world.service.fault().is_none());
    world.stop().await;
    // Marks that end before the log does: the rest is the tail.
    for kept in [1, 2, 5] {
        let journal = disk.open();
        let marks = journal.remembered().unwrap();
        let landmarks: Vec<u64> = marks.landmarks.iter().map(|it| it.position).collect();
        let told = marks.leaves.iter().zip(0..).map(|(leaf, position)| Mark {
            leaf: *leaf,
            is_landmark: landmarks.contains(&position),
        });
        let told: Vec<Mark> = told.take(kept).collect();
        journal.forget().unwrap();
        journal.remember(0, &told);
        drop(journal);
        let service = open(dir.path(), setup(&disk, true)).unwrap();
        assert_eq!(service.head().size, disk.open().size().unwrap());
        service.stop().await.unwrap();
        assert_eq!(disk.open().remembered().unwrap(), marks, "told again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_below_the_tail_ends_appends_and_is_told_with_its_entry() {
    let (dir, disk) = (temp(), Disk::new());
    filled(dir.path(), &disk).await;
    for byte in [8, 60, 200] {
        let changed = Changed {
            inner: disk.open(),
            position: 4,
            byte,
            bit: 3,
        };
        let setup = Setup {
            journal: Some(Arc::new(changed)),
            at_tail: true,
            ..Setup::default()
        };
        let world = World::with(dir.path(), setup).await;
        let fault = fault(&world.service).await;
        assert!(
            matches!(*fault, StartError::Damaged { position: 4, .. }),
            "byte {byte}: {fault}"
        );
        let mut csc = world.client("csc").await;
        let refused = csc.append(request(30, &concern("CH-1", "z"))).await;
        assert!(refused.is_err());
        assert_ne!(refused.unwrap_err().code(), Code::Ok);
        assert!(world.service.stop().await.is_err(), "no clean stop");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_that_was_kept_wrong_is_found_at_the_start_and_mended() {
    let (dir, disk) = (temp(), Disk::new());
    filled(dir.path(), &disk).await;
    let right = disk.open().remembered().unwrap();
    let mut told: Vec<Mark> = right
        .leaves
        .iter()
        .zip(0_u64..)
        .map(|(leaf, position)| Mark {
            leaf: *leaf,
            is_landmark: right.landmarks.iter().any(|it| it.position == position),
        })
        .collect();
    told[3].leaf[7] ^= 1;
    disk.open().remember(0, &told);
    let service = open(dir.path(), setup(&disk, true)).unwrap();
    service.stop().await.unwrap();
    assert!(service.fault().is_none());
    assert_eq!(disk.open().remembered().unwrap(), right);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_landmark_that_was_left_out_ends_the_service_and_the_next_start_reads_everything() {
    let (dir, disk) = (temp(), Disk::new());
    filled(dir.path(), &disk).await;
    let right = disk.open().remembered().unwrap();
    let told = right.leaves.iter().map(|leaf| Mark {
        leaf: *leaf,
        is_landmark: false,
    });
    disk.open().remember(0, &told.collect::<Vec<_>>());
    let service = open(dir.path(), setup(&disk, true)).unwrap();
    let fault = fault(&service).await;
    assert!(
        matches!(*fault, StartError::Damaged { position, .. } if position == right.landmarks[0].position),
        "{fault}"
    );
    assert!(service.stop().await.is_err());
    drop(service);
    let world = World::with(dir.path(), setup(&disk, true)).await;
    let mut csc = world.client("csc").await;
    csc.append(request(40, &concern("CH-1", "y")))
        .await
        .unwrap();
    assert!(world.service.fault().is_none());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_an_old_block_ends_the_server_with_3_and_names_the_entry() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let batches = 20;
    for batch in 0..batches {
        let requests = (0..512).map(|n| request(2 + batch * 512 + n, &concern("CH-1", "x")));
        csc.append_batch(requests.collect()).await.unwrap();
    }
    let vkey = world.service.verifier_key().to_owned();
    let entry = world
        .service
        .entry(Which::Position(700))
        .await
        .unwrap()
        .entry;
    world.stop().await;
    let ledger = dir.path();
    // The layout of a ledger directory.
    fs::write(ledger.join("origin"), ORIGIN).unwrap();
    fs::write(ledger.join("vkey"), vkey).unwrap();
    fs::write(ledger.join("log.key"), [7; 32]).unwrap();
    fs::set_permissions(ledger.join("log.key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(ledger.join("store"), ledger.join("journal")).unwrap();
    let journal =
        SledJournal::open(&ledger.join("journal"), Options::new(ORIGIN, read_record)).unwrap();
    let kept = journal.remembered().unwrap();
    assert!(kept.leaves.len() > 4_000, "{}", kept.leaves.len());
    drop(journal);
    let (code, said) = run(ledger, &[], Duration::from_secs(4));
    assert_eq!(code, None, "it goes on: {said}");
    // An entry of one of the first commits, below what sled reads when it starts: each copy of it.
    let path = ledger.join("journal/db");
    let mut bytes = fs::read(&path).unwrap();
    let copies: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(entry.header()))
        .collect();
    assert!(!copies.is_empty());
    for at in copies {
        bytes[at + 90] ^= 4;
    }
    fs::write(&path, bytes).unwrap();
    let (code, said) = run(ledger, &[], PATIENCE);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("serving "), "{said}");
    assert!(said.contains("the entry at position "), "{said}");
    assert!(said.contains("verify store"), "{said}");
    let (code, said) = run(ledger, &["--verify-first"], PATIENCE);
    assert_eq!(code, Some(3), "{said}");
    assert!(!said.contains("serving "), "{said}");
}
