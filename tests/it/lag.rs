//! Appends while the indexes lag: slowed down as long as the indexes get on, refused when they do not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caseledger::grpc::pb::append_outcome::Outcome;
use caseledger::journal::memory::{Disk, MemoryJournal};
use caseledger::journal::{AppendError, Journal, Record};
use caseledger::service::limits;

use crate::journal::left_to_inner;
use crate::world::{Setup, World, concern, opened, reason, request, temp};

/// A journal whose indexes have no room until it was waited for so many times.
struct Lagging {
    inner: MemoryJournal,
    waits: Arc<AtomicU32>,
    /// What a wait is.
    wait: Wait,
}

type Wait = Box<dyn Fn() + Send + Sync>;

/// A wait that lasts so long.
fn pause(millis: u64) -> Wait {
    Box::new(move || std::thread::sleep(Duration::from_millis(millis)))
}

impl Journal for Lagging {
    left_to_inner!(size read read_chain chain_len find);

    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError> {
        if self.waits.load(Ordering::SeqCst) > 0 {
            let (waiting, limit) = (1_000, 1_000);
            return Err(AppendError::IndexLag { waiting, limit });
        }
        self.inner.append(expected_size, batch)
    }

    fn wait_for_room(&self, _entries: usize, _within: Duration) -> bool {
        let left = self
            .waits
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if left.is_ok() {
            (self.wait)();
        }
        left.is_err()
    }

    fn index_lag(&self) -> usize {
        17
    }
}

/// A ledger with the case CH-1, and how often its indexes are to be waited for from then on.
async fn lagging(dir: &std::path::Path, wait: Wait) -> (World, Arc<AtomicU32>) {
    let waits = Arc::new(AtomicU32::new(0));
    let journal = Lagging {
        inner: Disk::new().open(),
        waits: Arc::clone(&waits),
        wait,
    };
    let setup = Setup {
        journal: Some(Arc::new(journal)),
        ..Setup::default()
    };
    let world = World::with(dir, setup).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    (world, waits)
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_and_streams_wait_for_indexes_that_get_on() {
    let dir = temp();
    let (world, waits) = lagging(dir.path(), pause(1)).await;
    let mut csc = world.client("csc").await;
    waits.store(limits::INDEX_WAITS - 1, Ordering::SeqCst);
    let receipt = csc.append(request(1, &concern("CH-1", "x"))).await;
    assert_eq!(receipt.unwrap().position, 1);
    waits.store(limits::INDEX_WAITS - 1, Ordering::SeqCst);
    let events: Vec<_> = (2..600)
        .map(|n| request(n, &concern("CH-1", "x")))
        .collect();
    let mut answers = csc.append_stream(tokio_stream::iter(events)).await.unwrap();
    let mut sealed = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(matches!(answer.outcome, Some(Outcome::Receipt(_))));
        sealed += 1;
    }
    assert_eq!(sealed, 598);
    // Who runs the ledger is told how far the indexes are behind.
    assert_eq!(csc.checkpoint().await.unwrap().index_lag, 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_that_do_not_get_on_refuse_an_append_and_nothing_of_it_is_there() {
    let dir = temp();
    let (world, waits) = lagging(dir.path(), pause(0)).await;
    let mut csc = world.client("csc").await;
    let mut refused = async |n| {
        waits.store(u32::MAX, Ordering::SeqCst);
        let refused = csc.append(request(n, &concern("CH-1", "x"))).await;
        assert_eq!(reason(&refused.unwrap_err()), "QUEUE_FULL");
        u32::MAX - waits.load(Ordering::SeqCst)
    };
    assert_eq!(refused(1).await, limits::INDEX_WAITS);
    // They stand still: the next ones are told sooner.
    assert_eq!((refused(2).await, refused(1).await), (1, 1));
    waits.store(0, Ordering::SeqCst);
    let mut again = world.client("csc").await;
    let receipt = again.append(request(1, &concern("CH-1", "x"))).await;
    assert_eq!(receipt.unwrap().position, 1);
    assert_eq!(refused(2).await, limits::INDEX_WAITS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_indexes_that_do_not_get_on() {
    let dir = temp();
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let wait = Box::new(move || {
        entered.send(()).unwrap();
        // Until nobody holds it any more.
        held.lock().unwrap().recv().unwrap_err();
    });
    let (world, waits) = lagging(dir.path(), wait).await;
    let mut csc = world.client("csc").await;
    waits.store(u32::MAX, Ordering::SeqCst);
    let concern = request(1, &concern("CH-1", "x"));
    let append = tokio::spawn(async move { csc.append(concern).await });
    entries.recv().await.unwrap();
    world.service.begin_stop();
    drop(hold);
    let refused = append.await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "QUEUE_FULL");
    assert_eq!(u32::MAX - waits.load(Ordering::SeqCst), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_entry_after_an_unclean_stop_waits_for_the_indexes() {
    let dir = temp();
    let disk = Disk::new();
    let over = |waits| {
        let journal = Lagging {
            inner: disk.open(),
            waits: Arc::new(AtomicU32::new(waits)),
            wait: pause(0),
        };
        Setup {
            journal: Some(Arc::new(journal)),
            ..Setup::default()
        }
    };
    let world = World::with(dir.path(), over(0)).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    world.stop().await;
    std::fs::write(dir.path().join("head.running"), []).unwrap();
    let world = World::with(dir.path(), over(2 * limits::INDEX_WAITS)).await;
    let mut csc = world.client("csc").await;
    let next = csc.append(request(1, &concern("CH-1", "x"))).await.unwrap();
    assert_eq!(next.position, 2, "after the entry of the start");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_time_is_up_while_it_waits_for_the_indexes_is_not_made() {
    let dir = temp();
    let (world, waits) = lagging(dir.path(), pause(60)).await;
    let mut csc = world.client("csc").await;
    waits.store(2, Ordering::SeqCst);
    let mut hasty = world
        .client("csc")
        .await
        .with_deadline(Duration::from_millis(20));
    let late = hasty.append(request(1, &concern("CH-1", "x"))).await;
    late.unwrap_err();
    // Behind it in the queue: the event that was given up was not taken.
    let next = csc.append(request(2, &concern("CH-1", "y"))).await.unwrap();
    assert_eq!(next.position, 1);
}
