//! kill -9 under load: this test program runs itself as the server, kills it, and opens what is left.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;

use crate::world::{World, check_receipt, concern, id, opened, request, temp};

const DIRECTORY: &str = "CASELEDGER_IT_SERVER_DIRECTORY";

/// Not a test by itself: the server process of the tests below.
#[tokio::test(flavor = "multi_thread")]
async fn server_process() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let world = World::over(Path::new(&dir)).await;
    println!("listening {}", world.address);
    std::future::pending::<()>().await;
}

/// A server process, killed with signal 9 when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn server(dir: &Path) -> (Running, String) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::server_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    for line in lines {
        let line = line.unwrap();
        if let Some((_, address)) = line.split_once("listening ") {
            return (running, address.trim().to_owned());
        }
    }
    panic!("the server process ended before it listened");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_under_load_every_acknowledged_event_is_there_once() {
    let dir = temp();
    let mut acknowledged: BTreeMap<u64, pb::Receipt> = BTreeMap::new();
    let mut next = 1;
    for round in 0..3_u64 {
        let (running, address) = server(dir.path());
        let agency = "csc".parse().unwrap();
        let mut csc = Client::connect(&address, Some(&agency)).await.unwrap();
        if round == 0 {
            acknowledged.insert(0, csc.append(request(0, &opened("CH-1"))).await.unwrap());
        }
        let mut load = tokio::task::JoinSet::new();
        for lane in 0..8_u64 {
            let mut csc = csc.clone();
            let first = next + lane * 10_000;
            load.spawn(async move {
                let mut done = Vec::new();
                for n in first..first + 10_000 {
                    match csc
                        .append(request(n, &concern("CH-1", &format!("note {n}"))))
                        .await
                    {
                        Ok(receipt) => done.push((n, receipt)),
                        Err(_killed) => break,
                    }
                }
                done
            });
        }
        tokio::time::sleep(Duration::from_millis(300 + 170 * round)).await;
        drop(running);
        while let Some(done) = load.join_next().await {
            acknowledged.extend(done.unwrap());
        }
        next += 100_000;
    }
    assert!(
        acknowledged.len() > 100,
        "only {} were acknowledged",
        acknowledged.len()
    );
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let mut found = BTreeMap::new();
    for entry in csc.read_case("CH-1", 0, 0).await.unwrap() {
        let before = found.insert(entry.event_id.clone(), (entry.position, entry.link));
        assert!(before.is_none(), "an event is there twice");
    }
    for (n, receipt) in &acknowledged {
        let place = found.get(&id(*n).to_string());
        assert_eq!(
            place,
            Some(&(receipt.position, receipt.link.clone())),
            "event {n}"
        );
    }
    let (_, last) = acknowledged.iter().next_back().unwrap();
    check_receipt(&mut csc, last).await;
    let again = csc.append(request(0, &opened("CH-1"))).await.unwrap();
    assert!(again.duplicate);
    world.stop().await;
}
