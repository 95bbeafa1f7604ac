//! Bad input: each refused with a code, a reason and the field, and nothing of it lands.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use caseledger::grpc::client::append_request;
use caseledger::grpc::pb;
use caseledger::journal::memory::{Disk, Fault, MemoryJournal};
use caseledger::journal::{AppendError, Record};
use proptest::prelude::*;
use prost::Message;
use tonic::Code;
use tonic_types::StatusExt;

use crate::journal::left_to_inner;
use crate::world::{
    HandClock, Setup, World, concern, event, fields, id, on, opened, reason, request, temp,
};

const YEAR_2026: i64 = 1_780_000_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn missing_source_bad_dates_and_future_dates_are_refused_naming_the_field() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    let mut sourceless = concern("CH-1", "x");
    sourceless.source = None;
    let dated = |date: &str| pb::CaseEvent {
        occurred: Some(on(date)),
        ..concern("CH-1", "x")
    };
    for (wrong, field) in [
        (sourceless, "event.source"),
        (dated("2013-02-30"), "event.occurred"),
        (dated("02/14/2013"), "event.occurred"),
        (dated("2999-01-01"), "event.occurred"),
        (
            pb::CaseEvent {
                case_id: String::new(),
                ..concern("CH-1", "x")
            },
            "event.case_id",
        ),
        (
            pb::CaseEvent {
                case_id: "no spaces".to_owned(),
                ..concern("CH-1", "x")
            },
            "event.case_id",
        ),
    ] {
        let status = csc.append(request(1, &wrong)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(reason(&status), "INVALID_FIELD");
        let named = fields(&status);
        assert!(
            named.len() == 1 && named[0].starts_with(field),
            "{named:?} for {field}"
        );
        assert!(
            !status.message().contains("no spaces"),
            "the value is never repeated"
        );
    }
    assert_eq!(csc.checkpoint().await.unwrap().size, 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_case_a_taken_one_and_a_caller_without_a_name_are_refused() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let status = csc
        .append(request(1, &concern("CH-1", "x")))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::NotFound, "UNKNOWN_CASE")
    );
    csc.append(request(2, &opened("CH-1"))).await.unwrap();
    let status = csc.append(request(3, &opened("CH-1"))).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "CASE_EXISTS")
    );
    let mut nobody = caseledger::grpc::client::Client::connect(&world.address, None)
        .await
        .unwrap();
    let status = nobody
        .append(request(4, &concern("CH-1", "x")))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "UNAUTHENTICATED");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_cannot_write_as_another_nor_as_the_ledger() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut police = world.client("police").await;
    let declared = pb::FeedDeclared {
        agency: "school".to_owned(),
        live_from: Some(on("2013-01-01")),
        ..Default::default()
    };
    let registered = pb::AgencyRegistered {
        agency: "school".to_owned(),
        kind: 3,
        name: "A school".to_owned(),
        ..Default::default()
    };
    for body in [
        pb::case_event::Body::FeedDeclared(declared),
        pb::case_event::Body::AgencyRegistered(registered.clone()),
    ] {
        let status = police
            .append(request(1, &event("", body)))
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "OTHER_AGENCY")
        );
    }
    let mut school = world.client("school").await;
    let body = pb::case_event::Body::AgencyRegistered(registered);
    school.append(request(1, &event("", body))).await.unwrap();
    let mut ledger = world.client("ledger").await;
    let status = ledger
        .append(request(1, &opened("CH-1")))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversize_event_and_an_oversize_message_are_refused_and_the_connection_survives() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let status = csc
        .append(request(2, &concern("CH-1", &"x".repeat(1 << 20))))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "TOO_LARGE")
    );
    assert!(status.get_error_details().quota_failure().is_some());
    let status = csc
        .append(request(3, &concern("CH-1", &"x".repeat(5 << 20))))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "TOO_LARGE")
    );
    let large = vec![request(3, &concern("CH-1", &"x".repeat(5 << 20)))];
    let mut answers = csc.append_stream(tokio_stream::iter(large)).await.unwrap();
    let status = answers.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "TOO_LARGE")
    );
    let many = (10..10 + 513)
        .map(|n| request(n, &concern("CH-1", "x")))
        .collect();
    let status = csc.append_batch(many).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "TOO_MANY")
    );
    assert_eq!(
        csc.append(request(4, &concern("CH-1", "x")))
            .await
            .unwrap()
            .position,
        1
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_truncation_of_an_event_is_refused_or_sealed_and_never_breaks_the_server() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let whole = concern("CH-1", "hungry").encode_to_vec();
    for cut in 0..whole.len() {
        let bytes = whole[..cut].to_vec();
        let status = csc.append(append_request(id(2), bytes)).await.unwrap_err();
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "cut at {cut}: {status:?}"
        );
        assert_eq!(reason(&status), "INVALID_FIELD");
    }
    assert_eq!(
        csc.append(append_request(id(2), whole))
            .await
            .unwrap()
            .position,
        1
    );
    world.stop().await;
}

#[test]
fn random_bytes_as_an_event_never_break_the_server_and_leave_it_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = temp();
    let world = runtime.block_on(World::over(dir.path()));
    let mut csc = runtime.block_on(world.client("csc"));
    runtime
        .block_on(csc.append(request(1, &opened("CH-1"))))
        .unwrap();
    let whole = concern("CH-1", "hungry").encode_to_vec();
    let length = whole.len();
    let flipped = (0..length, any::<u8>()).prop_map(move |(at, to)| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        bytes
    });
    let wild = prop_oneof![prop::collection::vec(any::<u8>(), 0..200), flipped];
    let mut n = 100;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
    let (service, client) = (&world.service, std::cell::RefCell::new(csc));
    let counter = std::cell::RefCell::new(&mut n);
    runner
        .run(&wild, |bytes| {
            **counter.borrow_mut() += 1;
            let sent = append_request(id(**counter.borrow()), bytes);
            let before = service.head().size;
            match runtime.block_on(client.borrow_mut().append(sent)) {
                Ok(receipt) => prop_assert_eq!(receipt.position, before),
                Err(status) => {
                    prop_assert!(
                        matches!(
                            status.code(),
                            Code::InvalidArgument | Code::NotFound | Code::AlreadyExists
                        ),
                        "{:?}",
                        status
                    );
                    prop_assert_eq!(service.head().size, before);
                }
            }
            Ok(())
        })
        .unwrap();
    runtime.block_on(world.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_enum_value_and_an_unknown_field_are_kept_and_hashed() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let mut future = concern("CH-1", "x");
    future.harm = 4711;
    let mut bytes = future.encode_to_vec();
    // Field 90, a length-delimited record that no schema of today knows.
    bytes.extend([0xd2, 0x05, 3, b'n', b'e', b'w']);
    csc.append(append_request(id(2), bytes.clone()))
        .await
        .unwrap();
    let entries = csc.read_case("CH-1", 2, 1).await.unwrap();
    assert_eq!(entries[0].event, bytes);
    assert_eq!(
        pb::CaseEvent::decode(entries[0].event.as_slice())
            .unwrap()
            .harm,
        4711
    );
    // Hashed: another value of the unknown field is other content.
    let last = bytes.len() - 1;
    bytes[last] = b'X';
    let status = csc.append(append_request(id(2), bytes)).await.unwrap_err();
    assert_eq!(reason(&status), "EVENT_ID_REUSED");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_refuses_appends_until_it_agrees_and_repeats_are_still_answered() {
    let dir = temp();
    let clock = HandClock::at(YEAR_2026);
    let setup = Setup {
        clock: Arc::<HandClock>::clone(&clock),
        ..Setup::default()
    };
    let world = World::with(dir.path(), setup).await;
    let mut csc = world.client("csc").await;
    let first = csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let same_instant = csc.append(request(2, &concern("CH-1", "x"))).await.unwrap();
    let nanos = |receipt: &pb::Receipt| {
        let time = receipt.appended_time.unwrap();
        time.seconds * 1_000_000_000 + i64::from(time.nanos)
    };
    assert_eq!(
        nanos(&same_instant),
        nanos(&first) + 1_000,
        "one microsecond later"
    );
    clock.set(-2_000_000);
    let status = csc
        .append(request(3, &concern("CH-1", "y")))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "CLOCK")
    );
    assert!(status.get_error_details().retry_info().is_some());
    assert!(status.message().contains("clock"));
    assert!(
        csc.append(request(1, &opened("CH-1")))
            .await
            .unwrap()
            .duplicate
    );
    clock.advance(3_000_000);
    csc.append(request(3, &concern("CH-1", "y"))).await.unwrap();
    clock.set(11_000_000);
    let status = csc
        .append(request(4, &concern("CH-1", "z")))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "CLOCK");
    clock.set(-11_000_000);
    csc.append(request(4, &concern("CH-1", "z"))).await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_commit_of_unknown_outcome_nothing_is_appended_and_a_restart_settles_it() {
    for fault in [Fault::FailAndKeep, Fault::FailAndLose] {
        let dir = temp();
        let disk = Disk::new();
        let setup = || Setup {
            journal: Some(Arc::new(disk.open())),
            ..Setup::default()
        };
        let world = World::with(dir.path(), setup()).await;
        let mut csc = world.client("csc").await;
        csc.append(request(1, &opened("CH-1"))).await.unwrap();
        disk.fail_next(fault);
        for n in [2, 3] {
            let status = csc
                .append(request(n, &concern("CH-1", "x")))
                .await
                .unwrap_err();
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::Unavailable, "COMMIT_IN_DOUBT")
            );
            assert!(status.get_error_details().retry_info().is_some());
        }
        assert_eq!(
            csc.read_case("CH-1", 0, 0).await.unwrap().len(),
            1,
            "reading goes on"
        );
        world.stop_unclean().await;
        let world = World::with(dir.path(), setup()).await;
        let mut csc = world.client("csc").await;
        let receipt = csc.append(request(2, &concern("CH-1", "x"))).await.unwrap();
        assert_eq!(receipt.duplicate, fault == Fault::FailAndKeep);
        assert_eq!(
            csc.read_case("CH-1", 0, 0).await.unwrap().len(),
            2,
            "present once"
        );
        world.stop().await;
    }
}

/// Holds appends back while it is closed. Clones are the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    closed: bool,
    waiting: bool,
}

impl Gate {
    pub(crate) fn close(&self) {
        self.0.0.lock().unwrap().closed = true;
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().closed = false;
        self.0.1.notify_all();
    }

    /// Returns when an append waits at the closed gate.
    pub(crate) async fn reached(&self) {
        while !self.0.0.lock().unwrap().waiting {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        while state.closed {
            state.waiting = true;
            state = self.0.1.wait(state).unwrap();
        }
        state.waiting = false;
    }
}

/// A journal whose appends wait until the gate opens.
pub(crate) struct Gated {
    inner: MemoryJournal,
    gate: Gate,
}

impl Gated {
    pub(crate) fn behind(gate: &Gate) -> Self {
        Self::over(&Disk::new(), gate)
    }

    pub(crate) fn over(disk: &Disk, gate: &Gate) -> Self {
        Self {
            inner: disk.open(),
            gate: gate.clone(),
        }
    }
}

impl caseledger::journal::Journal for Gated {
    left_to_inner!(size read read_chain chain_len find);

    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError> {
        self.gate.pass();
        self.inner.append(expected_size, batch)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_with_a_delay_and_what_was_queued_still_lands() {
    let dir = temp();
    let gate = Gate::default();
    let setup = Setup {
        journal: Some(Arc::new(Gated::behind(&gate))),
        ..Setup::default()
    };
    let world = World::with(dir.path(), setup).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    gate.close();
    // 4,096 requests may wait. A stream has 256 on the way and is slowed down; a single call is refused.
    let mut streams = tokio::task::JoinSet::new();
    for stream in 1..=17 {
        let mut csc = csc.clone();
        let events = (0..260).map(move |n| request(1_000 * stream + n, &concern("CH-1", "x")));
        streams.spawn(async move {
            let events = tokio_stream::iter(events.collect::<Vec<_>>());
            let mut answers = csc.append_stream(events).await.unwrap();
            let mut sealed = 0;
            while let Some(answer) = answers.message().await.unwrap() {
                let outcome = answer.outcome.unwrap();
                assert!(
                    matches!(outcome, pb::append_outcome::Outcome::Receipt(_)),
                    "{outcome:?}"
                );
                sealed += 1;
            }
            sealed
        });
    }
    let mut calls = tokio::task::JoinSet::new();
    let mut refused = 0;
    for n in 1.. {
        let mut csc = csc.clone();
        calls.spawn(async move { csc.append(request(n, &concern("CH-1", "y"))).await });
        let pause = Duration::from_millis(100);
        let Ok(Some(answer)) = tokio::time::timeout(pause, calls.join_next()).await else {
            continue;
        };
        let status = answer.unwrap().unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::ResourceExhausted, "QUEUE_FULL")
        );
        assert!(status.get_error_details().retry_info().is_some());
        refused += 1;
        if refused == 10 {
            break;
        }
    }
    gate.open();
    let mut landed = 1;
    while let Some(answer) = calls.join_next().await {
        landed += u64::from(answer.unwrap().is_ok());
    }
    while let Some(sealed) = streams.join_next().await {
        assert_eq!(sealed.unwrap(), 260, "a stream loses nothing");
        landed += 260;
    }
    assert_eq!(csc.checkpoint().await.unwrap().size, landed);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_in_mid_stream_leaves_whole_events_and_can_send_all_again() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    let events: Vec<pb::AppendRequest> = (1..=60)
        .map(|n| request(n, &concern("CH-1", &format!("note {n}"))))
        .collect();
    {
        let mut gone = world.client("csc").await;
        let (send, receive) = tokio::sync::mpsc::channel(8);
        let stream = tokio_stream::wrappers::ReceiverStream::new(receive);
        let mut answers = gone.append_stream(stream).await.unwrap();
        for event in &events[..30] {
            send.send(event.clone()).await.unwrap();
        }
        for _ in 0..5 {
            answers.message().await.unwrap().unwrap();
        }
        // Stream, sender and connection go at once, without an end of the stream.
    }
    let mut answers = csc.append_stream(tokio_stream::iter(events)).await.unwrap();
    let mut answered = 0;
    while let Some(outcome) = answers.message().await.unwrap() {
        let outcome = outcome.outcome.unwrap();
        assert!(
            matches!(outcome, pb::append_outcome::Outcome::Receipt(_)),
            "{outcome:?}"
        );
        answered += 1;
    }
    assert_eq!(answered, 60);
    let entries = csc.read_case("CH-1", 0, 0).await.unwrap();
    let mut ids: Vec<&str> = entries
        .iter()
        .map(|entry| entry.event_id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((entries.len(), ids.len()), (61, 61), "each once");
    world.stop().await;
}
