//! Nothing that is not durable is ever told: neither that it is there, nor that something else is refused because of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use caseledger::journal::memory::{Disk, Fault, MemoryJournal};
use caseledger::journal::{AppendError, Journal, Record};
use tokio::task::JoinHandle;
use tonic::Status;

use crate::journal::left_to_inner;
use crate::world::{Setup, World, concern, opened, reason, request, temp};

/// How an append ends.
enum End {
    Kept,
    Lost,
}

/// A journal of which each append waits to be told how it ends.
struct Told {
    inner: MemoryJournal,
    disk: Disk,
    ends: Mutex<Receiver<End>>,
    waits: Arc<AtomicBool>,
}

impl Journal for Told {
    left_to_inner!(size read read_chain chain_len find);

    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError> {
        self.waits.store(true, Ordering::SeqCst);
        let end = self.ends.lock().unwrap().recv().unwrap();
        self.waits.store(false, Ordering::SeqCst);
        if matches!(end, End::Lost) {
            self.disk.fail_next(Fault::FailAndLose);
        }
        self.inner.append(expected_size, batch)
    }
}

type Answer = JoinHandle<Result<pb::Receipt, Status>>;

/// Sends an event and gives the server time to queue it.
async fn queued(client: &Client, request: pb::AppendRequest) -> Answer {
    let mut client = client.clone();
    let answer = tokio::spawn(async move { client.append(request).await });
    tokio::time::sleep(Duration::from_millis(60)).await;
    answer
}

async fn refused(answer: Answer) -> String {
    reason(&answer.await.unwrap().unwrap_err())
}

/// A server with case CH-1, one commit under way, and behind it in one further commit: an opening of CH-2, a second
/// opening of CH-2, and an event that expects CH-1 with the entry before it left out. Their answers, in this order.
async fn one_commit(dir: &Path, end: End) -> (World, Vec<Answer>) {
    let disk = Disk::new();
    let (tell, ends): (Sender<End>, _) = channel();
    let waits = Arc::new(AtomicBool::new(false));
    let told = Told {
        inner: disk.open(),
        disk,
        ends: Mutex::new(ends),
        waits: Arc::clone(&waits),
    };
    let setup = Setup {
        journal: Some(Arc::new(told)),
        ..Setup::default()
    };
    let world = World::with(dir, setup).await;
    let (mut csc, police) = (world.client("csc").await, world.client("police").await);
    tell.send(End::Kept).unwrap();
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let first = queued(&csc, request(2, &concern("CH-1", "a"))).await;
    while !waits.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut answers = vec![
        queued(&csc, request(3, &opened("CH-2"))).await,
        queued(&csc, request(4, &concern("CH-1", "b"))).await,
        queued(&police, request(5, &opened("CH-2"))).await,
    ];
    let mut late = request(6, &concern("CH-1", "c"));
    late.expected_head = Some(pb::ExpectedHead {
        seq: 2,
        link: Vec::new(),
    });
    answers.push(queued(&police, late).await);
    tell.send(End::Kept).unwrap();
    tell.send(end).unwrap();
    assert_eq!(first.await.unwrap().unwrap().position, 1);
    (world, answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_rests_on_an_event_of_the_same_commit_is_answered_when_that_event_is_durable()
 {
    let dir = temp();
    let (world, answers) = one_commit(dir.path(), End::Kept).await;
    let mut answers = answers.into_iter();
    for position in [2, 3] {
        let sealed = answers.next().unwrap().await.unwrap().unwrap();
        assert_eq!(sealed.position, position);
    }
    assert_eq!(refused(answers.next().unwrap()).await, "CASE_EXISTS");
    assert_eq!(refused(answers.next().unwrap()).await, "HEAD_MOVED");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_because_of_an_event_that_was_lost_in_the_same_commit() {
    let dir = temp();
    let (world, answers) = one_commit(dir.path(), End::Lost).await;
    for (at, answer) in answers.into_iter().enumerate() {
        assert_eq!(refused(answer).await, "COMMIT_IN_DOUBT", "answer {at}");
    }
    world.stop_unclean().await;
}
