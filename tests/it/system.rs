//! What a real system refuses: a disk without room, a disk that turned read-only, no descriptor left. The program says
//! so, keeps what it acknowledged, and works again when the system does.
//!
//! The disks are mounts of their own, so these need to be root; elsewhere nothing is checked, and that is said.
//! `MOUNTS_REQUIRED` makes that a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::kill::server::{Server, refused};
use crate::world::{check_receipt, concern, opened, reason, request, temp};

/// Runs a tool of the system; what it said when it failed.
fn tool(name: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(name).args(arguments).output();
    let done = done.map_err(|error| format!("{name}: {error}"))?;
    if done.status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&done.stderr)))
    }
}

/// A mount that goes with the test.
struct Mount {
    point: PathBuf,
    _dir: TempDir,
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A server that was killed may hold it a moment longer.
        tool("umount", &["--lazy", self.point.to_str().unwrap()]).unwrap();
    }
}

impl Mount {
    /// Mounts something on a new directory; `None`, said aloud, where that is not allowed.
    fn new(arguments: &[&str]) -> Option<Self> {
        let dir = temp();
        let point = dir.path().join("disk");
        std::fs::create_dir(&point).unwrap();
        let arguments = [arguments, &[point.to_str().unwrap()]].concat();
        match tool("mount", &arguments) {
            Ok(()) => Some(Self { point, _dir: dir }),
            Err(why) => {
                let required = std::env::var_os("MOUNTS_REQUIRED").is_some();
                assert!(!required, "{why}");
                println!("NOTHING WAS CHECKED: {why}");
                None
            }
        }
    }

    fn store(&self) -> PathBuf {
        self.point.join("ledger")
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        tool("mount", &["-o", &options, self.point.to_str().unwrap()]).unwrap();
    }
}

async fn client(server: &Server) -> Client {
    Client::connect(&server.address, Some(&"csc".parse().unwrap()))
        .await
        .unwrap()
}

/// Opens a case and appends to it until the ledger refuses, or that many events are there.
async fn fill(client: &mut Client, most: u64) -> (Vec<pb::Receipt>, Option<Status>) {
    let mut receipts = Vec::new();
    for n in 0..most {
        let event = if n == 0 {
            opened("CH-1")
        } else {
            concern("CH-1", &"words ".repeat(2_000))
        };
        match client.append(request(n, &event)).await {
            Ok(receipt) => receipts.push(receipt),
            Err(status) => return (receipts, Some(status)),
        }
    }
    (receipts, None)
}

/// Refused in doubt, for good, and what was acknowledged can be read meanwhile.
async fn poisoned(client: &mut Client, receipts: &[pb::Receipt], status: &Status) {
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::Unavailable, "COMMIT_IN_DOUBT"),
        "{status:?}"
    );
    let again = client
        .append(request(900, &concern("CH-1", "again")))
        .await
        .unwrap_err();
    assert_eq!(reason(&again), "COMMIT_IN_DOUBT");
    let last = receipts.last().unwrap();
    let by = pb::get_entry_request::By::Position(last.position);
    let read = client
        .ledger
        .get_entry(pb::GetEntryRequest { by: Some(by) });
    match read.await {
        Ok(_entry) => check_receipt(client, last).await,
        // Once a write has failed sled reads only what it has in memory; that is said, and nothing else shown.
        Err(status) => assert_eq!(reason(&status), "STORE", "{status:?}"),
    }
}

/// The start is refused with the words of the system, and nothing is called damaged.
fn is_refused_for(store: &Path, words: &str) {
    let (code, said) = refused(store, None);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains(words) && !said.contains("damaged") && !said.contains("panicked"),
        "{said}"
    );
}

/// Every receipt holds, the event in doubt is there once at most, and more is appended.
async fn whole_again(store: &Path, receipts: &[pb::Receipt]) {
    let server = Server::over(store);
    let mut client = client(&server).await;
    for receipt in receipts.iter().step_by(1 + receipts.len() / 20) {
        check_receipt(&mut client, receipt).await;
    }
    let entries = client.read_case("CH-1", 0, 0).await.unwrap();
    assert!(entries.len() >= receipts.len());
    for (entry, receipt) in entries.iter().zip(receipts) {
        assert_eq!(
            (entry.position, &entry.link),
            (receipt.position, &receipt.link)
        );
    }
    let most = receipts.len() as u64;
    for n in [most, most + 1] {
        let receipt = client
            .append(request(n, &concern("CH-1", &"words ".repeat(2_000))))
            .await
            .unwrap();
        check_receipt(&mut client, &receipt).await;
    }
    let entries = client.read_case("CH-1", 0, 0).await.unwrap();
    assert_eq!(entries.len() as u64, most + 2);
    server.kill_9();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_with_room_again_everything_acknowledged_is_there() {
    let Some(disk) = Mount::new(&["-t", "tmpfs", "-o", "size=6m", "none"]) else {
        return;
    };
    let server = Server::over(&disk.store());
    let mut csc = client(&server).await;
    let (receipts, status) = fill(&mut csc, 5_000).await;
    poisoned(&mut csc, &receipts, &status.unwrap()).await;
    server.kill_9();
    println!("full after {} events", receipts.len());
    is_refused_for(&disk.store(), "No space left on device");
    disk.remount("size=64m");
    whole_again(&disk.store(), &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_is_told_and_mounted_again_everything_acknowledged_is_there() {
    let images = temp();
    let image = images.path().join("image");
    let image = image.to_str().unwrap();
    tool("truncate", &["-s", "64M", image]).unwrap();
    if let Err(why) = tool("mkfs.ext4", &["-q", "-F", image]) {
        println!("NOTHING WAS CHECKED: {why}");
        return;
    }
    let Some(disk) = Mount::new(&["-o", "loop", image]) else {
        return;
    };
    let server = Server::over(&disk.store());
    let mut csc = client(&server).await;
    let (receipts, status) = fill(&mut csc, 30).await;
    assert!(status.is_none(), "{status:?}");
    // As the kernel does when the device fails under the file system.
    disk.remount("abort");
    let status = csc
        .append(request(30, &concern("CH-1", "late")))
        .await
        .unwrap_err();
    poisoned(&mut csc, &receipts, &status).await;
    server.kill_9();
    is_refused_for(&disk.store(), "Read-only file system");
    drop(disk);
    let disk = Mount::new(&["-o", "loop", image]).unwrap();
    whole_again(&disk.store(), &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_left_the_server_goes_on_and_takes_connections_again_later() {
    let dir = temp();
    let store = dir.path().join("ledger");
    let server = Server::with_descriptors(&store, 64);
    let mut csc = client(&server).await;
    let (mut receipts, status) = fill(&mut csc, 10).await;
    assert!(status.is_none(), "{status:?}");
    let address = server.address.strip_prefix("http://").unwrap();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(address).await.unwrap());
    }
    // Over the connection that is there: enough commits that the store is looked at again.
    for n in 10..40 {
        receipts.push(
            csc.append(request(n, &concern("CH-1", "crowded")))
                .await
                .unwrap(),
        );
    }
    drop(crowd);
    let mut late = client(&server).await;
    receipts.push(
        late.append(request(40, &concern("CH-1", "later")))
            .await
            .unwrap(),
    );
    check_receipt(&mut late, receipts.last().unwrap()).await;
    server.kill_9();
    whole_again(&store, &receipts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_too_few_descriptors_is_refused_with_that_reason_and_changes_nothing() {
    let dir = temp();
    let store = dir.path().join("ledger");
    let server = Server::over(&store);
    let (receipts, _) = fill(&mut client(&server).await, 30).await;
    server.kill_9();
    let mut refusals = 0;
    // With fewer the program's runtime has none for itself.
    for descriptors in 8..40 {
        let (code, said) = refused(&store, Some(descriptors));
        if code < 0 {
            // It serves.
            continue;
        }
        assert_eq!(code, 1, "with {descriptors}: {said}");
        assert!(
            said.contains("Too many open files")
                && !said.contains("damaged")
                && !said.contains("panicked"),
            "with {descriptors}: {said}"
        );
        refusals += 1;
    }
    println!("{refusals} of 32 starts were refused");
    assert!(refusals > 5);
    whole_again(&store, &receipts).await;
}
