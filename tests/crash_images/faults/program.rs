//! The program in which one call fails: this test program runs itself with the shim before its C library.
//!
//! What it is told and what it answers stands in a file beside the disk, line by line, with the moment of the fault.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use caseledger::cli::open_directory;
use caseledger::service::Service;
use caseledger::service::access::Caller;
use caseledger::service::error::Refused;
use caseledger::service::limits;
use caseledger::service::prepare::Submission;

use crate::recorder::{Acks, ORIGIN, concern, disk, ledger, machine, opened, submission};

pub(crate) const PLACE: &str = "FAULT_PLACE";
/// Set when the head file is to be synced while the program runs.
pub(crate) const LINGER: &str = "FAULT_LINGER";

const WITHIN: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(5);
const CASE: &str = "FAULT-1";
/// Requests that are told to come again later do so this many times.
const TRIES: usize = 400;

/// Tells the shim what is being done.
fn step(name: &str) {
    let none = File::open(format!("/fault-step/{name}"));
    assert!(none.is_err());
}

/// Not a test by itself: the program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faulty_program() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let acks = Acks::open(&place);
    step("start");
    let service = match open_directory(&ledger(&disk(&place)), ORIGIN, machine()) {
        Ok(service) => service,
        Err((exit, text)) => {
            let text = text.replace('\n', " ");
            return acks.say(&format!("refused {} {text}", exit.code()));
        }
    };
    acks.say(&format!("key {}", service.verifier_key()));
    step("append");
    let send = |n: u64, length| submission(n, &concern(CASE, length));
    append(&service, &acks, vec![submission(1, &opened(CASE))]).await;
    append(&service, &acks, vec![send(2, 120)]).await;
    append(&service, &acks, vec![send(3, 9_000)]).await;
    append(&service, &acks, (4..9).map(|n| send(n, 600)).collect()).await;
    step("index");
    append(&service, &acks, (10..40).map(|n| send(n, 120)).collect()).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    append(&service, &acks, vec![send(40, 120)]).await;
    append(&service, &acks, vec![send(41, 120)]).await;
    if std::env::var_os(LINGER).is_some() {
        step("linger");
        tokio::time::sleep(limits::HEAD_SYNC + Duration::from_millis(100)).await;
        append(&service, &acks, vec![send(42, 120)]).await;
    }
    step("stop");
    match service.stop().await {
        Ok(()) => acks.say("stopped"),
        Err(why) => acks.say(&format!("unclean {why}")),
    }
    drop(service);
    acks.say("closed");
}

/// Sends a request; one that is refused is sent once more, as a client would.
async fn append(service: &Service, acks: &Acks, events: Vec<Submission>) {
    let caller = Caller::development(Some("csc".parse().unwrap()));
    let mut busy = 0;
    for again in [false, true] {
        let receipts = loop {
            match service.append_batch(&caller, events.clone(), WITHIN).await {
                Err(Refused::QueueFull { .. }) if busy < TRIES => busy += 1,
                receipts => break receipts,
            }
            tokio::time::sleep(PAUSE).await;
        };
        match receipts {
            Ok(receipts) => {
                for (event, receipt) in events.iter().zip(&receipts) {
                    acks.receipt("csc", &event.event_id, receipt);
                }
                return;
            }
            Err(Refused::InDoubt) => acks.say(&format!("doubt {again}")),
            Err(why) => acks.say(&format!("no {why}")),
        }
    }
}
