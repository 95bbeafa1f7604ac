//! What no client of ours would send: messages that are no protobuf, deadlines that are over, unknown kinds and values.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use caseledger::grpc::client::append_request;
use caseledger::grpc::ledger::Ledger;
use caseledger::grpc::pb;
use caseledger::grpc::pb::ledger_service_server::LedgerService;
use proptest::prelude::*;
use prost::Message;
use prost::bytes::{Buf, BufMut};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::refusals::{Gate, Gated};
use crate::world::{Setup, World, concern, fields, id, opened, reason, request, temp};

/// Sends and receives bytes as they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// Calls a method with these bytes as its request.
async fn call(channel: &Channel, method: &'static str, bytes: Vec<u8>) -> Result<(), Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let mut request = Request::new(bytes);
    let metadata = request.metadata_mut();
    metadata.insert("caseledger-agency", "csc".parse().unwrap());
    let path = PathAndQuery::from_static(method);
    if method.ends_with("AppendStream") {
        let stream = request.map(|bytes| tokio_stream::iter([bytes]));
        let mut answers = grpc.streaming(stream, path, Raw).await?.into_inner();
        while answers.message().await?.is_some() {}
        return Ok(());
    }
    if method.ends_with("Subscribe") || method.ends_with("ReadCase") {
        let mut answers = grpc
            .server_streaming(request, path, Raw)
            .await?
            .into_inner();
        // One answer is enough: a subscription has no end.
        return answers.message().await.map(drop);
    }
    grpc.unary(request, path, Raw).await.map(drop)
}

const METHODS: [&str; 10] = [
    "/caseledger.v1.LedgerService/Append",
    "/caseledger.v1.LedgerService/AppendStream",
    "/caseledger.v1.LedgerService/AppendBatch",
    "/caseledger.v1.LedgerService/GetEntry",
    "/caseledger.v1.LedgerService/ReadCase",
    "/caseledger.v1.IntegrityService/GetInclusionProof",
    "/caseledger.v1.InquiryService/ShowCase",
    "/caseledger.v1.InquiryService/Allocation",
    "/caseledger.v1.InquiryService/Sharing",
    "/caseledger.v1.InquiryService/At",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_truncation_of_a_request_is_refused_as_no_protobuf_or_as_incomplete() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let message = request(2, &concern("CH-1", "hungry"));
    let whole = message.encode_to_vec();
    // Cut between two fields, what is left may be a request of its own.
    let is_whole = |bytes: &[u8]| {
        pb::AppendRequest::decode(bytes)
            .is_ok_and(|left| left.event == message.event && left.event_id == message.event_id)
    };
    for method in [METHODS[0], METHODS[1]] {
        for cut in (0..whole.len()).filter(|cut| !is_whole(&whole[..*cut])) {
            let sent = call(&csc.channel(), method, whole[..cut].to_vec()).await;
            // A stream answers an event that is incomplete with an outcome, and goes on.
            let Err(status) = sent else {
                assert_eq!(method, METHODS[1], "cut at {cut} was taken");
                continue;
            };
            assert_eq!(
                status.code(),
                Code::InvalidArgument,
                "cut at {cut}: {status:?}"
            );
            assert_eq!(reason(&status), "INVALID_FIELD");
            assert_eq!(fields(&status).len(), 1, "{status:?}");
        }
    }
    assert_eq!(csc.checkpoint().await.unwrap().size, 1);
    call(&csc.channel(), METHODS[0], whole).await.unwrap();
    assert_eq!(csc.checkpoint().await.unwrap().size, 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_there_is_not_is_named_as_such() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let csc = world.client("csc").await;
    let path = "/caseledger.v1.LedgerService/Erase";
    let status = call(&csc.channel(), path, Vec::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(reason(&status), "NO_SUCH_METHOD");
    assert!(status.message().contains("no such method"), "{status:?}");
    world.stop().await;
}

#[test]
fn random_bytes_as_the_request_of_any_method_are_refused_and_the_server_goes_on() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = temp();
    let world = runtime.block_on(World::over(dir.path()));
    let mut csc = runtime.block_on(world.client("csc"));
    let opening = csc.append(request(1, &opened("CH-1")));
    runtime.block_on(opening).unwrap();
    let channel = csc.channel();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let sent = (
        prop::sample::select(METHODS.to_vec()),
        prop::collection::vec(any::<u8>(), 0..120),
    );
    runner
        .run(&sent, |(method, bytes)| {
            if let Err(status) = runtime.block_on(call(&channel, method, bytes)) {
                let known = matches!(
                    status.code(),
                    Code::InvalidArgument | Code::NotFound | Code::AlreadyExists
                );
                prop_assert!(known, "{}: {:?}", method, status);
                prop_assert!(!reason(&status).is_empty());
            }
            Ok(())
        })
        .unwrap();
    let receipt = runtime.block_on(csc.append(request(2, &concern("CH-1", "after"))));
    assert_eq!(receipt.unwrap().position, 1, "nothing of it was taken");
    runtime.block_on(world.stop());
}

/// The handler itself: a client library would stop such a call before it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_deadline_is_over_when_it_arrives_is_refused_by_the_server() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let handler = Ledger::new(Arc::clone(&world.service));
    let event = request(2, &concern("CH-1", "x"));
    let with_timeout = |timeout: &str| {
        let bytes = event.encode_to_vec();
        let mut late = Request::new(Message::decode(bytes.as_slice()).unwrap());
        let metadata = late.metadata_mut();
        metadata.insert("caseledger-agency", "csc".parse().unwrap());
        metadata.insert("grpc-timeout", timeout.parse().unwrap());
        late
    };
    for timeout in ["0m", "0n", "0H"] {
        let status = handler.append(with_timeout(timeout)).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::DeadlineExceeded, "DEADLINE_PASSED"),
            "{timeout}"
        );
    }
    assert_eq!(csc.checkpoint().await.unwrap().size, 1);
    handler.append(with_timeout("9S")).await.unwrap();
    assert_eq!(csc.checkpoint().await.unwrap().size, 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_deadline_passes_in_the_queue_never_lands() {
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
    // The first is in its commit, which waits; the second waits behind it, and its time passes.
    let mut first = csc.clone();
    let first = tokio::spawn(async move { first.append(request(1, &concern("CH-1", "a"))).await });
    gate.reached().await;
    let mut second = Request::new(request(2, &concern("CH-1", "b")));
    second.set_timeout(Duration::from_millis(200));
    let status = csc.ledger.append(second).await.unwrap_err();
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.open();
    assert_eq!(first.await.unwrap().unwrap().position, 1);
    let third = csc.append(request(3, &concern("CH-1", "c"))).await.unwrap();
    assert_eq!(third.position, 2, "the second took no place");
    assert_eq!(csc.read_case("CH-1", 0, 0).await.unwrap().len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_and_an_unknown_value_are_kept_counted_and_shown() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let mut future = concern("CH-1", "x");
    future.harm = 4711;
    csc.append(request(2, &future)).await.unwrap();
    // The body is record 998, a kind that no schema of today has.
    let mut envelope = concern("CH-1", "x");
    envelope.body = None;
    let mut bytes = envelope.encode_to_vec();
    bytes.extend([0xb2, 0x3e, 2, 0x08, 0x01]);
    csc.append(append_request(id(3), bytes.clone()))
        .await
        .unwrap();
    let kept = csc.read_case("CH-1", 3, 1).await.unwrap();
    assert_eq!(kept[0].event, bytes);
    let question = pb::CaseQuestion {
        case_id: "CH-1".to_owned(),
        ..Default::default()
    };
    let at = csc.inquiry.at(question).await.unwrap().into_inner();
    let shown: Vec<(u64, &str)> = at
        .recent
        .iter()
        .map(|row| (row.position, row.r#type.as_str()))
        .collect();
    assert!(shown.contains(&(2, "unrecognised")), "{shown:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_caseledger"))
        .args(["entry", "show", "1", "--format", "json", "--server"])
        .arg(&world.address)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["entry"]["event"]["harm"], 4711, "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_vanish_in_mid_stream_leave_the_server_free_to_stop() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    let batch = (1..400)
        .map(|n| request(n, &concern("CH-1", "note")))
        .collect();
    csc.append_batch(batch).await.unwrap();
    for _ in 0..20 {
        let mut gone = world.client("school").await;
        let mut follow = gone
            .subscribe(pb::SubscribeRequest::default())
            .await
            .unwrap();
        assert_eq!(follow.message().await.unwrap().unwrap().position, 0);
        // Stream and connection go at once, with most of it unread.
    }
    let after = csc.append(request(500, &concern("CH-1", "after"))).await;
    assert_eq!(after.unwrap().position, 400);
    drop(csc);
    let began = tokio::time::Instant::now();
    world.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5));
}
