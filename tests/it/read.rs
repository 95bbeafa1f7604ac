//! Reading: one entry, a case, everything from a position on; proofs by size.

use std::sync::Arc;
use std::time::Duration;

use caseledger::grpc::pb;
use caseledger::grpc::pb::get_entry_request::By;
use caseledger::journal::memory::{Disk, Fault};
use caseledger::ledger::digest::TreeHash;
use caseledger::ledger::tree::{TreeHead, verify_consistency, verify_inclusion};
use prost::Message;
use tonic::Code;

use crate::world::{Setup, World, concern, fields, id, opened, reason, request, temp};

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_found_by_position_by_case_number_and_by_its_authors_event_id() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    csc.append(request(2, &concern("CH-1", "one")))
        .await
        .unwrap();
    let in_case = pb::CasePosition {
        case_id: "CH-1".to_owned(),
        case_seq: 2,
    };
    for by in [
        By::Position(1),
        By::InCase(in_case),
        By::EventId(id(2).to_string()),
    ] {
        let entry = csc
            .ledger
            .get_entry(pb::GetEntryRequest { by: Some(by) })
            .await
            .unwrap();
        assert_eq!(entry.into_inner().position, 1);
    }
    let mut police = world.client("police").await;
    let by = Some(By::EventId(id(2).to_string()));
    let status = police
        .ledger
        .get_entry(pb::GetEntryRequest { by })
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        "UNKNOWN_ENTRY",
        "an event id is its author's"
    );
    let by = Some(By::Position(2));
    let status = police
        .ledger
        .get_entry(pb::GetEntryRequest { by })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let status = police
        .ledger
        .get_entry(pb::GetEntryRequest { by: None })
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["by"]);
    let by = Some(By::InCase(pb::CasePosition {
        case_id: "CH-1".to_owned(),
        case_seq: 0,
    }));
    let status = police
        .ledger
        .get_entry(pb::GetEntryRequest { by })
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["in_case.case_seq"], "numbers begin at 1");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_itself_seals_never_stands_in_the_field_of_an_agencys_event() {
    let dir = temp();
    let disk = Disk::new();
    let setup = || Setup {
        journal: Some(Arc::new(disk.open())),
        ..Setup::default()
    };
    let world = World::with(dir.path(), setup()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    disk.fail_next(Fault::FailAndLose);
    csc.append(request(2, &concern("CH-1", "x")))
        .await
        .unwrap_err();
    world.stop_unclean().await;
    let world = World::with(dir.path(), setup()).await;
    let mut csc = world.client("csc").await;
    let all = pb::SubscribeRequest {
        stop_at_end: true,
        ..Default::default()
    };
    let mut entries = csc.subscribe(all).await.unwrap();
    let mut own = 0;
    while let Some(entry) = entries.message().await.unwrap() {
        let of_agency = entry.kind <= 2;
        assert_eq!(entry.event.is_empty(), !of_agency, "{entry:?}");
        assert_eq!(entry.own_content.is_empty(), of_agency, "{entry:?}");
        // As a client sees it whose stubs are made from the proto files.
        pb::CaseEvent::decode(entry.event.as_slice()).unwrap();
        own += u32::from(!of_agency);
    }
    assert_eq!(own, 1, "that it was opened after an unclean stop");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_read_in_order_across_pages_from_any_number_and_up_to_a_limit() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append_batch(vec![
        request(0, &opened("CH-1")),
        request(1, &opened("CH-2")),
    ])
    .await
    .unwrap();
    for batch in 0..3 {
        let events = (0..250).map(|n| {
            let case = if n % 5 == 0 { "CH-2" } else { "CH-1" };
            request(1000 * (batch + 1) + n, &concern(case, "note"))
        });
        csc.append_batch(events.collect()).await.unwrap();
    }
    let all = csc.read_case("CH-1", 0, 0).await.unwrap();
    let seqs: Vec<u64> = all.iter().map(|entry| entry.case_seq).collect();
    assert_eq!(seqs, (1..=601).collect::<Vec<u64>>());
    let part = csc.read_case("CH-1", 300, 10).await.unwrap();
    assert_eq!(
        part.iter().map(|e| e.case_seq).collect::<Vec<u64>>(),
        (300..310).collect::<Vec<_>>()
    );
    assert!(csc.read_case("CH-1", 602, 0).await.unwrap().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_catches_up_and_then_follows_without_skipping_from_any_position() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    for n in 1..300 {
        csc.append(request(n, &concern("CH-1", "before")))
            .await
            .unwrap();
    }
    let from = |from_position| pb::SubscribeRequest {
        from_position,
        ..Default::default()
    };
    let mut all = csc.subscribe(from(0)).await.unwrap();
    let mut late = csc.subscribe(from(420)).await.unwrap();
    let mut writer = csc.clone();
    let appends = tokio::spawn(async move {
        for n in 300..600 {
            writer
                .append(request(n, &concern("CH-1", "while following")))
                .await
                .unwrap();
        }
    });
    for position in 0..600 {
        assert_eq!(all.message().await.unwrap().unwrap().position, position);
    }
    for position in 420..600 {
        assert_eq!(late.message().await.unwrap().unwrap().position, position);
    }
    appends.await.unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(100), all.message()).await;
    assert!(silent.is_err(), "it waits for what is to come");
    let once = pb::SubscribeRequest {
        stop_at_end: true,
        ..from(598)
    };
    let mut once = csc.subscribe(once).await.unwrap();
    assert_eq!(once.message().await.unwrap().unwrap().position, 598);
    assert_eq!(once.message().await.unwrap().unwrap().position, 599);
    assert!(once.message().await.unwrap().is_none());
    drop((all, late));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inclusion_and_consistency_proofs_hold_at_every_size() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(0, &opened("CH-1"))).await.unwrap();
    for n in 1..9 {
        csc.append(request(n, &concern("CH-1", "note")))
            .await
            .unwrap();
    }
    let hash = |bytes: &[u8]| TreeHash::new(bytes.try_into().unwrap());
    let hashes = |bytes: &[u8]| {
        let (hashes, _) = bytes.as_chunks::<32>();
        hashes
            .iter()
            .map(|hash| TreeHash::new(*hash))
            .collect::<Vec<_>>()
    };
    for size in 1..=9 {
        for position in 0..size {
            let ask = pb::GetInclusionProofRequest { position, size };
            let proof = csc
                .integrity
                .get_inclusion_proof(ask)
                .await
                .unwrap()
                .into_inner();
            let (leaf, root) = (hash(&proof.leaf_hash), hash(&proof.root));
            assert!(verify_inclusion(
                &leaf,
                position,
                size,
                &hashes(&proof.path),
                &root
            ));
            assert_eq!(proof.checkpoint.is_empty(), size != 9);
        }
        for from in 0..=size {
            let ask = pb::GetConsistencyProofRequest {
                from_size: from,
                to_size: size,
            };
            let proof = csc
                .integrity
                .get_consistency_proof(ask)
                .await
                .unwrap()
                .into_inner();
            let old = TreeHead {
                size: from,
                root: hash(&proof.from_root),
            };
            let new = TreeHead {
                size,
                root: hash(&proof.to_root),
            };
            assert!(
                verify_consistency(&old, &new, &hashes(&proof.path)),
                "{from} to {size}"
            );
        }
    }
    let beyond = pb::GetInclusionProofRequest {
        position: 0,
        size: 10,
    };
    let status = csc.integrity.get_inclusion_proof(beyond).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    world.stop().await;
}
