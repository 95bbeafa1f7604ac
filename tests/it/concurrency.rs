//! Many at once: 64 writers on one case and on many, subscribers that stall, vanish and come back, and the limits that
//! bound what all of them can hold in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use caseledger::journal::memory::{Disk, MemoryJournal};
use caseledger::journal::{Journal, ReadError, Stored};
use caseledger::service::access::Caller;
use caseledger::service::error::Refused;
use caseledger::service::prepare::Submission;
use caseledger::service::submit::Queued;
use caseledger::service::{Service, limits};
use prost::Message;
use tokio::task::JoinSet;
use tonic::Code;

use crate::journal::left_to_inner;
use crate::refusals::{Gate, Gated};
use crate::world::{Setup, World, check_receipt, concern, id, open, opened, reason, request, temp};

const WRITERS: u64 = 64;

/// Longest to wait for an entry that must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes `count` entries from position `next` on; after every `leg` of them it vanishes, and comes back where it was.
async fn follow(mut client: Client, case: String, count: u64, leg: u64) -> Vec<pb::Entry> {
    let (mut taken, mut next) = (Vec::new(), 0);
    while (taken.len() as u64) < count {
        let ask = pb::SubscribeRequest {
            from_position: next,
            case_id: case.clone(),
            stop_at_end: false,
        };
        let mut entries = client.subscribe(ask).await.unwrap();
        for _ in 0..leg.min(count - taken.len() as u64) {
            let entry = tokio::time::timeout(PATIENCE, entries.message()).await;
            let entry = entry.unwrap().unwrap().unwrap();
            next = entry.position + 1;
            taken.push(entry);
        }
    }
    taken
}

/// What a subscriber is given is what was acknowledged: all of it, once, in order.
fn is_all(taken: &[pb::Entry], acknowledged: &BTreeMap<u64, pb::Receipt>) {
    let found: Vec<_> = taken.iter().map(|it| (it.position, &it.link)).collect();
    let due: Vec<_> = acknowledged
        .iter()
        .map(|(at, it)| (*at, &it.link))
        .collect();
    assert_eq!(found, due);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_writers_on_one_case_nothing_is_lost_doubled_or_reordered() {
    const EACH: u64 = 5;
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let first = csc.append(request(0, &opened("CH-1"))).await.unwrap();
    let all = WRITERS * EACH + 1;
    let mut readers = JoinSet::new();
    for (case, leg) in [("", all), ("CH-1", all), ("", 7), ("CH-1", 40)] {
        readers.spawn(follow(csc.clone(), case.to_owned(), all, leg));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut csc = csc.clone();
        writers.spawn(async move {
            let mut receipts = Vec::new();
            for n in 0..EACH {
                let send = request(1 + writer * EACH + n, &concern("CH-1", "note"));
                // Sent twice at once: one entry, whoever comes first.
                let mut again = csc.clone();
                let (one, two) = tokio::join!(csc.append(send.clone()), again.append(send));
                let (one, two) = (one.unwrap(), two.unwrap());
                assert_eq!((one.position, &one.link), (two.position, &two.link));
                assert!(one.duplicate != two.duplicate, "one of them is the first");
                receipts.push(one);
            }
            let in_order = receipts
                .windows(2)
                .all(|it| it[0].position < it[1].position);
            assert!(in_order, "a writer's own order is kept");
            receipts
        });
    }
    let mut acknowledged = BTreeMap::from([(first.position, first)]);
    while let Some(receipts) = writers.join_next().await {
        for receipt in receipts.unwrap() {
            let before = acknowledged.insert(receipt.position, receipt);
            assert!(before.is_none(), "two events have one position");
        }
    }
    assert!(acknowledged.keys().copied().eq(0..all), "no gap");
    let seqs = acknowledged.values().map(|receipt| receipt.case_seq);
    assert!(seqs.eq(1..=all), "one chain, in the order of the ledger");
    while let Some(taken) = readers.join_next().await {
        is_all(&taken.unwrap(), &acknowledged);
    }
    check_receipt(&mut csc, &acknowledged[&(all - 1)]).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_writers_on_64_cases_each_case_is_whole_and_in_its_writers_order() {
    const EACH: u64 = 4;
    let dir = temp();
    let world = World::over(dir.path()).await;
    let csc = world.client("csc").await;
    let all = WRITERS * (EACH + 1);
    let mut readers = JoinSet::new();
    for leg in [all, 50, 3] {
        readers.spawn(follow(csc.clone(), String::new(), all, leg));
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut csc = csc.clone();
        writers.spawn(async move {
            let case = format!("CH-{writer}");
            let mut receipts = vec![csc.append(request(writer, &opened(&case))).await.unwrap()];
            for n in 0..EACH {
                let last = receipts.last().unwrap();
                let send = pb::AppendRequest {
                    expected_head: Some(pb::ExpectedHead {
                        seq: last.case_seq,
                        link: last.link.clone(),
                    }),
                    ..request(1_000 * (writer + 1) + n, &concern(&case, "note"))
                };
                receipts.push(csc.append(send).await.unwrap());
            }
            let read = csc.read_case(&case, 0, 0).await.unwrap();
            let links: Vec<_> = read
                .iter()
                .map(|entry| (entry.case_seq, &entry.link))
                .collect();
            let due: Vec<_> = receipts.iter().map(|it| (it.case_seq, &it.link)).collect();
            assert_eq!(
                links, due,
                "a writer alone in a case is never told that it moved"
            );
            receipts
        });
    }
    let mut acknowledged = BTreeMap::new();
    while let Some(receipts) = writers.join_next().await {
        acknowledged.extend(receipts.unwrap().into_iter().map(|it| (it.position, it)));
    }
    assert!(acknowledged.keys().copied().eq(0..all));
    while let Some(taken) = readers.join_next().await {
        is_all(&taken.unwrap(), &acknowledged);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_writers_who_expect_one_head_exactly_one_wins_and_the_others_are_told_of_it() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let mut head = csc.append(request(0, &opened("CH-1"))).await.unwrap();
    for round in 1..=3 {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let mut csc = csc.clone();
            let send = pb::AppendRequest {
                expected_head: Some(pb::ExpectedHead {
                    seq: head.case_seq,
                    link: head.link.clone(),
                }),
                ..request(round * 1_000 + writer, &concern("CH-1", "mine"))
            };
            writers.spawn(async move { csc.append(send).await });
        }
        let (mut won, mut told) = (Vec::new(), Vec::new());
        while let Some(answer) = writers.join_next().await {
            match answer.unwrap() {
                Ok(receipt) => won.push(receipt),
                Err(status) => told.push(status),
            }
        }
        assert_eq!((won.len(), told.len() as u64), (1, WRITERS - 1));
        head = won.remove(0);
        assert_eq!(head.case_seq, round + 1);
        for status in told {
            let said = (status.code(), reason(&status));
            assert_eq!(said, (Code::Aborted, "HEAD_MOVED".to_owned()));
        }
    }
    world.stop().await;
}

/// A journal that counts the entries that were read from it in order of position.
struct Counted {
    inner: MemoryJournal,
    read: Arc<AtomicU64>,
}

impl Journal for Counted {
    left_to_inner!(size append read_chain chain_len find);

    fn read(&self, from: u64, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let page = self.inner.read(from, limit)?;
        self.read.fetch_add(page.len() as u64, Ordering::SeqCst);
        Ok(page)
    }
}

fn csc() -> Caller {
    Caller::development(Some("csc".parse().unwrap()))
}

fn submission(n: u64, event: &pb::CaseEvent) -> Submission {
    Submission {
        event_id: id(n),
        event: event.encode_to_vec(),
        secret: None,
        case_tag: None,
        expected: None,
        seen: caseledger::ledger::statement::Seen::Blind,
        imported: false,
    }
}

async fn append(service: &Service, from: u64, count: u64) {
    for first in (from..from + count).step_by(limits::BATCH_EVENTS) {
        let numbers = first..(first + limits::BATCH_EVENTS as u64).min(from + count);
        let events = numbers.map(|n| submission(n, &concern("CH-1", "note")));
        let (caller, within) = (csc(), limits::UNARY_CEILING);
        let batch = service.append_batch(&caller, events.collect(), within);
        batch.await.unwrap();
    }
}

/// Tasks that are alive on this runtime.
fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_that_stall_hold_one_buffer_and_one_page_and_hold_back_nobody() {
    const STALLED: usize = 32;
    let (dir, read) = (temp(), Arc::new(AtomicU64::new(0)));
    let journal = Counted {
        inner: Disk::new().open(),
        read: Arc::clone(&read),
    };
    let setup = Setup {
        journal: Some(Arc::new(journal)),
        ..Setup::default()
    };
    let service = open(dir.path(), setup).unwrap();
    let opening = submission(0, &opened("CH-1"));
    let within = limits::UNARY_CEILING;
    service.append(&csc(), opening, within).await.unwrap();
    let before = tasks();
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(service.subscribe(0, None, false).unwrap());
    }
    append(&service, 1, 1_200).await;
    // Each has read a page, put what fits into its buffer, and waits with the rest.
    while stalled.iter().any(|it| it.len() < limits::SUBSCRIBE_BUFFER) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mark = read.load(Ordering::SeqCst);
    append(&service, 1_201, 1_200).await;
    assert_eq!(read.load(Ordering::SeqCst), mark, "a stalled one reads on");
    let held = STALLED as u64 * (1 + limits::SUBSCRIBE_PAGE as u64);
    assert!(
        mark <= held,
        "{mark} entries were read for {STALLED} of them"
    );
    assert!(
        stalled
            .iter()
            .all(|it| it.len() == limits::SUBSCRIBE_BUFFER)
    );
    // Others are not held back: one beside them gets everything.
    let mut quick = service.subscribe(0, None, true).unwrap();
    for position in 0..2_401 {
        assert_eq!(
            quick.recv().await.unwrap().unwrap().entry.position(),
            position
        );
    }
    assert!(quick.recv().await.is_none());
    // One that wakes up is given everything, in order.
    let mut late = stalled.pop().unwrap();
    for position in 0..2_401 {
        assert_eq!(
            late.recv().await.unwrap().unwrap().entry.position(),
            position
        );
    }
    // Those that vanish leave nothing behind.
    drop((late, stalled));
    let gone = async {
        while tasks() > before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, gone).await;
    gone.expect("a subscriber that vanished is still served");
    service.stop().await.unwrap();
}

async fn enqueue(service: &Service, one: Submission, within: Duration) -> Result<Queued, Refused> {
    service.enqueue(&csc(), vec![one], false, within).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_writer_is_bounded_in_number_and_in_bytes_and_so_is_a_commit() {
    let (dir, gate, disk) = (temp(), Gate::default(), Disk::new());
    let setup = Setup {
        journal: Some(Arc::new(Gated::over(&disk, &gate))),
        ..Setup::default()
    };
    let service = open(dir.path(), setup).unwrap();
    let long = Duration::from_mins(10);
    let opening = submission(0, &opened("CH-1"));
    service.append(&csc(), opening, long).await.unwrap();
    gate.close();
    let mut queued = vec![enqueue(&service, submission(1, &concern("CH-1", "x")), long).await];
    gate.reached().await;
    // The writer is at work; so many requests wait, and no more.
    for n in 2.. {
        let one = enqueue(&service, submission(n, &concern("CH-1", "x")), long).await;
        let full = one.is_err();
        queued.push(one);
        if full {
            break;
        }
    }
    let refused = queued.pop().unwrap().unwrap_err();
    assert!(matches!(refused, Refused::QueueFull { .. }), "{refused}");
    assert_eq!(queued.len(), 1 + limits::QUEUE_REQUESTS);
    gate.open();
    let mut next = 1;
    for one in queued {
        let receipt = service.receipts(one.unwrap()).await.unwrap().remove(0);
        assert_eq!(
            receipt.placement.position, next,
            "in the order of the queue"
        );
        next += 1;
    }
    // What waited was committed in lots of at most so many, and the limit was reached.
    let mut lots: BTreeMap<u64, usize> = BTreeMap::new();
    let stored = disk.open().read(0, usize::MAX).unwrap();
    for entry in &stored {
        *lots.entry(entry.commit).or_default() += 1;
    }
    assert_eq!(lots.values().max(), Some(&limits::COMMIT_EVENTS));
    assert_eq!(stored.len() as u64, next);
    // So many bytes wait, and no more. Their time is up before the writer comes to them: none is sealed.
    gate.close();
    let behind = enqueue(&service, submission(9_000, &concern("CH-1", "x")), long).await;
    gate.reached().await;
    let large = concern("CH-1", &"x".repeat(19_900));
    let size = large.encode_to_vec().len();
    let (mut waiting, short) = (Vec::new(), Duration::from_millis(1));
    let refused = loop {
        let n = 10_000 + waiting.len() as u64;
        match enqueue(&service, submission(n, &large), short).await {
            Ok(one) => waiting.push(one),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, Refused::QueueFull { .. }), "{refused}");
    assert_eq!(waiting.len(), limits::QUEUE_BYTES / size);
    gate.open();
    service.receipts(behind.unwrap()).await.unwrap();
    for one in waiting {
        let late = service.receipts(one).await.unwrap_err();
        assert_eq!(late, Refused::DeadlinePassed);
    }
    // What was let go is free again.
    append(&service, 20_000, 10).await;
    service.stop().await.unwrap();
}
