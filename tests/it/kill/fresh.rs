//! The same questions to a server that never ran before: over a journal in memory, filled from the blocks that a scan
//! finds in the store's file, without the store and its indexes.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use caseledger::grpc::client::Client;
use caseledger::grpc::convert::decode_event;
use caseledger::grpc::pb;
use caseledger::grpc::schema::singular;
use caseledger::grpc::server::serve;
use caseledger::journal::memory::Disk;
use caseledger::journal::scan::{read_commit, scan};
use caseledger::journal::{Journal, Record};
use caseledger::ledger::statement::Origin;
use caseledger::service::clock::SystemClock;
use caseledger::service::start::{Parts, boot_id, read_record, start};
use caseledger::vault::keyring::Keyring;
use prost::Message;
use tokio::net::TcpListener;

/// Cases that are asked about, at most.
const CASES: usize = 12;

/// Allocation and knowledge of some cases, as bytes. Equal questions have equal answers.
pub(crate) async fn answers(client: &mut Client, cases: &[String]) -> Vec<Vec<u8>> {
    let every = cases.len().div_ceil(CASES).max(1);
    let (mut answers, mut spells) = (Vec::new(), 0);
    for case in cases.iter().step_by(every) {
        let as_at = Some(pb::AsAt {
            date: "2013-06-01".to_owned(),
            basis: i32::from(pb::Basis::Now),
            ..Default::default()
        });
        let question = pb::AllocationQuestion {
            case_id: case.clone(),
            as_at: as_at.clone(),
            ..Default::default()
        };
        let allocation = client
            .inquiry
            .allocation(question)
            .await
            .unwrap()
            .into_inner();
        spells += allocation.spells.len();
        answers.push(allocation.encode_to_vec());
        let question = pb::KnowledgeQuestion {
            case_id: case.clone(),
            as_at,
            practitioners: true,
            ..Default::default()
        };
        let knowledge = client
            .inquiry
            .knowledge(question)
            .await
            .unwrap()
            .into_inner();
        answers.push(knowledge.encode_to_vec());
    }
    assert!(spells > 0, "nothing to compare");
    answers
}

/// The answers of a fresh server over the same entries.
pub(crate) async fn fold(store: &Path, cases: &[String]) -> Vec<Vec<u8>> {
    let origin: Origin = fs::read_to_string(store.join("origin"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let file = File::open(store.join("journal/db")).unwrap();
    let found = scan(&file, origin.as_str(), |_done| ControlFlow::Continue(())).unwrap();
    assert!(found.is_sound());
    let disk = Disk::new();
    let journal = disk.open();
    for commit in &found.commits {
        let entries = read_commit(&file, commit).unwrap();
        let records: Vec<Record> = entries
            .iter()
            .map(|bytes| read_record(bytes).unwrap())
            .collect();
        journal.append(commit.first, &records).unwrap();
    }
    let parts = Parts {
        vault: Arc::new(Keyring::open(&store.join("keys"), &origin, false).unwrap()),
        origin,
        journal: Arc::new(journal),
        clock: Arc::new(SystemClock::new()),
        log_key: fs::read(store.join("log.key")).unwrap().try_into().unwrap(),
        head_file: store.join("head"),
        boot_id: boot_id(),
        decoder: decode_event,
        singular: singular().unwrap(),
    };
    // Not after an unclean stop, as far as it knows: one more entry would change what the answers rest on.
    fs::remove_file(store.join("head.running")).unwrap();
    let service = Arc::new(start(parts, &mut |_done, _all| {}).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, service, async {
        stopped.await.unwrap_or_default();
    }));
    let mut client = Client::connect(&address, None).await.unwrap();
    let answers = answers(&mut client, cases).await;
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    answers
}
