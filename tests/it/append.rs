//! Appending: one, a stream, a batch; repeats; the proof in every receipt.

use caseledger::grpc::pb;
use caseledger::grpc::pb::append_outcome::Outcome;
use prost::Message;
use tonic::Code;

use crate::world::{World, check_receipt, concern, fields, id, opened, reason, request, temp};

#[tokio::test(flavor = "multi_thread")]
async fn an_appended_event_is_read_back_byte_for_byte_with_a_proof_that_holds() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let first = csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let event = concern("CH-1", "hungry at school");
    let second = csc.append(request(2, &event)).await.unwrap();
    assert_eq!(
        (first.position, first.case_seq, first.duplicate),
        (0, 1, false)
    );
    assert_eq!((second.position, second.case_seq), (1, 2));
    assert!(second.appended_time.unwrap().nanos != 0 || second.appended_time.unwrap().seconds > 0);
    check_receipt(&mut csc, &first).await;
    check_receipt(&mut csc, &second).await;
    let entries = csc.read_case("CH-1", 0, 0).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].event, event.encode_to_vec());
    assert_eq!(entries[1].content_state(), pb::ContentState::Proven);
    assert_eq!(
        (entries[1].agency.as_str(), entries[1].case_id.as_str()),
        ("csc", "CH-1")
    );
    assert_eq!(entries[1].event_id, id(2).to_string());
    let head = csc.checkpoint().await.unwrap();
    assert_eq!(head.size, 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_each_event_in_order_and_goes_on_after_a_refusal() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let mut events = vec![request(0, &opened("CH-1"))];
    for n in 1..200 {
        // Every tenth names a case that there is not.
        let case = if n % 10 == 0 { "CH-404" } else { "CH-1" };
        events.push(request(n, &concern(case, &format!("note {n}"))));
    }
    let mut answers = csc.append_stream(tokio_stream::iter(events)).await.unwrap();
    let (mut next, mut sealed) = (0, Vec::new());
    while let Some(outcome) = answers.message().await.unwrap() {
        assert_eq!(outcome.index, next);
        next += 1;
        match outcome.outcome.unwrap() {
            Outcome::Receipt(receipt) => sealed.push(receipt),
            Outcome::Refusal(refusal) => {
                assert_eq!(outcome.index % 10, 0, "{refusal:?}");
                assert_eq!(refusal.code, i32::from(Code::NotFound));
                assert_eq!(refusal.reason, "UNKNOWN_CASE");
            }
        }
    }
    assert_eq!((next, sealed.len()), (200, 181));
    for (index, receipt) in sealed.iter().enumerate() {
        assert_eq!(
            receipt.position, index as u64,
            "sealed in the order of sending"
        );
    }
    check_receipt(&mut csc, &sealed[0]).await;
    check_receipt(&mut csc, &sealed[180]).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_lands_whole_over_several_cases_and_a_bad_event_in_it_lands_none() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let good = vec![
        request(1, &opened("CH-1")),
        request(2, &opened("CH-2")),
        request(3, &concern("CH-1", "one")),
        request(4, &concern("CH-2", "two")),
    ];
    let receipts = csc.append_batch(good).await.unwrap();
    let seqs: Vec<u64> = receipts.iter().map(|receipt| receipt.case_seq).collect();
    assert_eq!(seqs, [1, 1, 2, 2]);
    assert!(
        receipts
            .windows(2)
            .all(|pair| pair[0].appended_time == pair[1].appended_time)
    );
    for receipt in &receipts {
        check_receipt(&mut csc, receipt).await;
    }
    let mut sourceless = concern("CH-1", "three");
    sourceless.source = None;
    let bad = vec![request(5, &opened("CH-3")), request(6, &sourceless)];
    let status = csc.append_batch(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(fields(&status), ["events[1].event.source"]);
    // Refused by the writer rather than by preparation: the same.
    let bad = vec![
        request(7, &opened("CH-3")),
        request(8, &concern("CH-404", "four")),
    ];
    let status = csc.append_batch(bad).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::NotFound, "UNKNOWN_CASE")
    );
    assert_eq!(csc.checkpoint().await.unwrap().size, 4);
    let status = csc.read_case("CH-3", 0, 0).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_gets_the_same_place_and_other_content_under_its_id_is_refused() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let event = concern("CH-1", "hungry");
    let first = csc.append(request(2, &event)).await.unwrap();
    csc.append(request(3, &concern("CH-1", "later")))
        .await
        .unwrap();
    let again = csc.append(request(2, &event)).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(
        (again.position, again.case_seq),
        (first.position, first.case_seq)
    );
    assert_eq!(
        (&again.link, again.appended_time),
        (&first.link, first.appended_time)
    );
    check_receipt(&mut csc, &again).await;
    // Field order does not matter: source (field 8) moved to the front.
    let mut source_only = pb::CaseEvent {
        source: event.source.clone(),
        ..Default::default()
    };
    let mut reordered = source_only.encode_to_vec();
    source_only = event.clone();
    source_only.source = None;
    reordered.extend(source_only.encode_to_vec());
    assert_ne!(reordered, event.encode_to_vec());
    let mut moved = request(2, &event);
    moved.event = reordered;
    assert!(csc.append(moved).await.unwrap().duplicate);
    let status = csc
        .append(request(2, &concern("CH-1", "thirsty")))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "EVENT_ID_REUSED")
    );
    // Another agency's ids are its own.
    let mut police = world.client("police").await;
    let other = police
        .append(request(2, &concern("CH-1", "called out")))
        .await
        .unwrap();
    assert_eq!((other.position, other.duplicate), (3, false));
    // Twice in one batch: one entry.
    let twice = concern("CH-1", "twice");
    let receipts = csc
        .append_batch(vec![request(9, &twice), request(9, &twice)])
        .await
        .unwrap();
    assert_eq!(receipts[0].position, receipts[1].position);
    assert_eq!(
        (receipts[0].duplicate, receipts[1].duplicate),
        (false, true)
    );
    let mixed = vec![request(10, &twice), request(10, &concern("CH-1", "other"))];
    let status = csc.append_batch(mixed).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(csc.checkpoint().await.unwrap().size, 5);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_expected_head_is_aborted_with_the_actual_one() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let expect = |n, event: &pb::CaseEvent, seq, link: &[u8]| pb::AppendRequest {
        expected_head: Some(pb::ExpectedHead {
            seq,
            link: link.to_vec(),
        }),
        ..request(n, event)
    };
    let first = csc
        .append(expect(1, &opened("CH-1"), 0, &[]))
        .await
        .unwrap();
    let event = concern("CH-1", "one");
    let second = csc.append(expect(2, &event, 1, &first.link)).await.unwrap();
    for stale in [
        expect(3, &event, 1, &first.link),
        expect(3, &event, 2, &first.link),
    ] {
        let status = csc.append(stale).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Aborted, "HEAD_MOVED")
        );
        let info = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
        assert_eq!(info.metadata["actual_case_seq"], "2");
        let link = data_encoding::HEXLOWER.encode(&second.link);
        assert_eq!(info.metadata["actual_link"], link);
        let details = tonic_types::StatusExt::get_error_details(&status);
        assert_eq!(details.precondition_failure().unwrap().violations.len(), 1);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_author_had_seen_must_be_an_entry_of_this_very_case() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let first = csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let other = csc.append(request(2, &opened("CH-2"))).await.unwrap();
    csc.append(request(3, &concern("CH-1", "one")))
        .await
        .unwrap();
    let seen = |n, seq, link: &[u8]| pb::AppendRequest {
        blind: false,
        seen_seq: seq,
        seen_head: link.to_vec(),
        ..request(n, &concern("CH-1", "two"))
    };
    csc.append(seen(4, 1, &first.link)).await.unwrap();
    for (seq, link, field) in [
        (1, &other.link, "seen_head"),
        (9, &first.link, "seen_seq"),
        (0, &first.link, "seen_seq"),
    ] {
        let status = csc.append(seen(5, seq, link)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field]);
    }
    world.stop().await;
}
