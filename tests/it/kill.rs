//! kill -9: the program serves under load from four agencies and is killed, again and again, over one ledger. What a
//! client has a receipt for is in the ledger afterwards, once, with a proof under the newest checkpoint; there is no
//! gap; and what the server answers is what a fresh fold over the blocks in the file gives.
//!
//! `KILL_ROUNDS` is the number of rounds, `KILL_SEED` repeats the moments at which the server is killed.

mod agency;
mod fresh;
pub(crate) mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::digest::{Link, TreeHash};
use caseledger::ledger::note::VerifierKey;
use caseledger::ledger::receipt::Receipt;
use caseledger::ledger::tree::{MemoryTree, leaf_hash, verify_consistency, verify_inclusion};

use self::agency::{Agency, NAMES};
use self::server::Server;
use crate::world::temp;

/// Rounds unless the environment says otherwise.
const ROUNDS: u64 = 25;
/// A server that takes longer for so few events hangs.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(1);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// splitmix64, so that a seed repeats a run's choices.
fn drawn(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % below
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_under_load_again_and_again_every_receipt_holds_and_answers_are_a_fresh_fold()
{
    let rounds = number("KILL_ROUNDS").unwrap_or(ROUNDS);
    let first_seed = number("KILL_SEED").unwrap_or_else(|| std::process::id().into());
    println!("KILL_SEED={first_seed} KILL_ROUNDS={rounds} (KILL_ROUNDS=100 for the whole of it)");
    let (dir, mut seed) = (temp(), first_seed);
    let store = dir.path().join("ledger");
    let mut agencies: Vec<Agency> = NAMES.iter().map(|name| Agency::new(name)).collect();
    let mut shown: Vec<SignedCheckpoint> = Vec::new();
    for round in 0..rounds {
        let server = Server::over(&store);
        let client = Client::connect(&server.address, None).await.unwrap();
        shown.push(newest(&mut client.clone()).await);
        let answered = Arc::new(AtomicU64::new(0));
        let mut load = tokio::task::JoinSet::new();
        for agency in agencies.drain(..) {
            load.spawn(agency.work(client.clone(), round, Arc::clone(&answered)));
        }
        // At least so many answers, then any moment.
        let enough = 3 + drawn(&mut seed, 60);
        let waited = async {
            while answered.load(Ordering::SeqCst) < enough {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.unwrap();
        tokio::time::sleep(Duration::from_micros(drawn(&mut seed, 3_000))).await;
        server.kill_9();
        while let Some(agency) = load.join_next().await {
            agencies.push(agency.unwrap());
        }
        agencies.sort_by_key(Agency::name);
    }
    settle(&store, &mut agencies, shown, rounds).await;
}

/// The newest checkpoint, its signature verified.
async fn newest(client: &mut Client) -> SignedCheckpoint {
    let newest = client.checkpoint().await.unwrap();
    let key: VerifierKey = newest.verifier_key.parse().unwrap();
    SignedCheckpoint::open(&newest.checkpoint, &key).unwrap()
}

/// Everything is sent once more and then looked at.
async fn settle(store: &Path, agencies: &mut [Agency], shown: Vec<SignedCheckpoint>, rounds: u64) {
    let server = Server::over(store);
    let mut client = Client::connect(&server.address, None).await.unwrap();
    let (mut again, mut doubted) = (0, 0);
    for agency in &mut *agencies {
        again += agency.send_all_again(&client).await;
        doubted += agency.doubted;
    }
    let signed = newest(&mut client).await;
    let entries = all(&mut client).await;
    let tree = gapless(&entries, &signed);
    for earlier in &shown {
        let (from, to) = (earlier.checkpoint().head(), signed.checkpoint().head());
        let proof = tree.consistency(from.size, to.size).unwrap();
        assert!(
            verify_consistency(&from, &to, &proof),
            "size {} has another root",
            from.size
        );
    }
    let key: VerifierKey = client
        .checkpoint()
        .await
        .unwrap()
        .verifier_key
        .parse()
        .unwrap();
    let receipts = held(agencies, &entries, &tree, (&key, &signed));
    let cases: Vec<String> = agencies
        .iter()
        .flat_map(|agency| agency.cases.clone())
        .collect();
    let answers = fresh::answers(&mut client, &cases).await;
    server.kill_9();
    let folded = fresh::fold(store, &cases).await;
    assert_eq!(answers.len(), folded.len());
    for (answer, fold) in answers.iter().zip(&folded) {
        assert_eq!(answer, fold, "the server's answer is not a fresh fold's");
    }
    println!(
        "{rounds} rounds: {} entries, {receipts} receipts verified, {doubted} events without an answer when the server \
         was killed, {again} events sent again, {} answers equal to a fresh fold",
        entries.len(),
        answers.len()
    );
    assert!(receipts > rounds && doubted > 0 && answers.len() > 4);
}

/// Every receipt holds, and every event that was sent is there once; answers how many receipts there are.
fn held(
    agencies: &[Agency],
    entries: &[pb::Entry],
    tree: &MemoryTree,
    newest: (&VerifierKey, &SignedCheckpoint),
) -> u64 {
    let (mut receipts, mut once) = (0, BTreeMap::new());
    for agency in agencies {
        for (id, held) in &agency.receipts {
            for receipt in held {
                check(receipt, entries, tree, newest);
                receipts += 1;
            }
            let entry = &entries[usize::try_from(held[0].position).unwrap()];
            assert_eq!((&entry.event_id, &entry.agency), (id, &agency.name()));
        }
    }
    for entry in entries.iter().filter(|entry| !entry.case_id.is_empty()) {
        let key = (entry.agency.clone(), entry.event_id.clone());
        let before = once.insert(key, entry.position);
        assert!(
            before.is_none(),
            "an event is there twice: {} and {before:?}",
            entry.position
        );
    }
    let sent: usize = agencies.iter().map(|agency| agency.receipts.len()).sum();
    assert_eq!(
        once.len(),
        sent,
        "an event that nobody sent, or one that was sent and lost"
    );
    receipts
}

/// Every entry, in order of position.
async fn all(client: &mut Client) -> Vec<pb::Entry> {
    let ask = pb::SubscribeRequest {
        from_position: 0,
        stop_at_end: true,
        ..Default::default()
    };
    let mut stream = client.subscribe(ask).await.unwrap();
    let mut entries = Vec::new();
    while let Some(entry) = stream.message().await.unwrap() {
        entries.push(entry);
    }
    entries
}

/// The tree over the entries, which are numbered without a gap and are those that the checkpoint is of.
fn gapless(entries: &[pb::Entry], signed: &SignedCheckpoint) -> MemoryTree {
    let mut tree = MemoryTree::new();
    let mut chains: BTreeMap<&[u8], u64> = BTreeMap::new();
    for (position, entry) in (0..).zip(entries) {
        assert_eq!(entry.position, position, "a position is missing");
        let seq = chains.entry(&entry.case_tag).or_default();
        *seq += 1;
        assert_eq!(
            entry.case_seq, *seq,
            "a number of a chain is missing at {position}"
        );
        tree.append(leaf_hash(&entry.header));
    }
    assert_eq!(tree.size(), signed.checkpoint().size);
    assert_eq!(tree.root(), signed.checkpoint().root);
    tree
}

/// A receipt holds by itself, and its entry is in the newest checkpoint.
fn check(
    message: &pb::Receipt,
    entries: &[pb::Entry],
    tree: &MemoryTree,
    (key, signed): (&VerifierKey, &SignedCheckpoint),
) {
    let position = message.position;
    let entry = entries.get(usize::try_from(position).unwrap());
    let header = &entry.unwrap_or_else(|| panic!("{position} is lost")).header;
    let time = message.appended_time.unwrap();
    let appended = time.seconds * 1_000_000 + i64::from(time.nanos / 1_000);
    let (hashes, rest) = message.inclusion_path.as_chunks::<32>();
    assert!(rest.is_empty());
    let receipt = Receipt {
        position,
        case_seq: message.case_seq,
        link: Link::new(message.link.as_slice().try_into().unwrap()),
        appended: u64::try_from(appended).unwrap(),
        checkpoint: SignedCheckpoint::open(&message.checkpoint, key).unwrap(),
        proof: hashes.iter().map(|hash| TreeHash::new(*hash)).collect(),
    };
    receipt.check(header).unwrap();
    let head = receipt.checkpoint.checkpoint().head();
    assert_eq!(
        tree.root_at(head.size),
        Some(head.root),
        "size {} has two roots",
        head.size
    );
    let head = signed.checkpoint().head();
    let path = tree.inclusion(position, head.size).unwrap();
    assert!(verify_inclusion(
        &leaf_hash(header),
        position,
        head.size,
        &path,
        &head.root
    ));
}
