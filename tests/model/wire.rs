//! A client of a real server on a loopback port.

use std::sync::Arc;

use caseledger::domain::id::EventId;
use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::pb;
use caseledger::grpc::pb::append_outcome::Outcome;
use caseledger::grpc::pb::get_entry_request::By;
use caseledger::grpc::server::{ServeError, serve};
use caseledger::ledger::digest::TreeHash;
use caseledger::service::Service;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Code, Status, Streaming};

use crate::command::{Agency, How};
use crate::line::{
    Consistency, Feed, Line, PATIENCE, Positions, Raw, Receipt, Refused, Seen, Told, refused,
    refused_in_stream,
};

/// A server and a connection to it. The server has a runtime of its own, so that it can be killed.
pub(crate) struct Wire {
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), ServeError>>,
    runtime: Runtime,
    server: Runtime,
}

impl Wire {
    pub(crate) fn over(service: Arc<Service>) -> Box<dyn Line> {
        let runtime = || {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().unwrap()
        };
        let (runtime, server) = (runtime(), runtime());
        let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let served = server.spawn(serve(listener, service, shutdown));
        let client = runtime.block_on(Client::connect(&address, None)).unwrap();
        Box::new(Self {
            client,
            stop: Some(stop),
            served,
            runtime,
            server,
        })
    }

    fn as_agency(&self, by: Agency) -> Client {
        self.client.as_agency(&by.name().parse().unwrap()).unwrap()
    }

    fn entry(&self, mut client: Client, by: By) -> Result<Seen, Refused> {
        let request = client.request(pb::GetEntryRequest { by: Some(by) });
        let entry = self.runtime.block_on(client.ledger.get_entry(request));
        entry
            .map(|entry| seen(entry.into_inner()))
            .map_err(|status| refused(&status))
    }
}

fn micros(time: Option<prost_types::Timestamp>) -> u64 {
    let time = time.unwrap();
    u64::try_from(time.seconds * 1_000_000 + i64::from(time.nanos / 1_000)).unwrap()
}

fn hashes(bytes: &[u8]) -> Vec<TreeHash> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    assert!(rest.is_empty());
    hashes.iter().map(|hash| TreeHash::new(*hash)).collect()
}

fn receipt(from: pb::Receipt) -> Receipt {
    Receipt {
        position: from.position,
        case_seq: from.case_seq,
        repeat: from.duplicate,
        appended: micros(from.appended_time),
        path: hashes(&from.inclusion_path),
        link: from.link,
        note: from.checkpoint,
    }
}

fn seen(entry: pb::Entry) -> Seen {
    assert_eq!(entry.content_state(), pb::ContentState::Proven);
    Seen {
        position: entry.position,
        case_seq: entry.case_seq,
        agency: entry.agency,
        event_id: entry.event_id,
        // The ledger's own entries are no events of the interface: they stand in a field of their own.
        event: if entry.own_content.is_empty() {
            entry.event
        } else {
            entry.own_content
        },
        case: Some(entry.case_id).filter(|case| !case.is_empty()),
        kind: entry.kind,
        imported: entry.backloaded,
        link: entry.link,
        appended: micros(entry.appended_time),
        header: entry.header,
    }
}

fn request(raw: Raw) -> pb::AppendRequest {
    let (by_import, expected) = (raw.imported, raw.expected);
    pb::AppendRequest {
        expected_head: expected.map(|(seq, link)| pb::ExpectedHead { seq, link }),
        by_import,
        ..append_request(raw.id, raw.event)
    }
}

async fn stream(
    client: &mut Client,
    events: Vec<pb::AppendRequest>,
) -> Vec<Result<Receipt, Refused>> {
    let count = events.len() as u64;
    let mut outcomes = client
        .append_stream(tokio_stream::iter(events))
        .await
        .unwrap();
    let mut answers = Vec::new();
    for index in 0..count {
        let outcome = outcomes.message().await.unwrap().unwrap();
        assert_eq!(outcome.index, index, "answers come in order");
        answers.push(match outcome.outcome.unwrap() {
            Outcome::Receipt(of) => Ok(receipt(of)),
            Outcome::Refusal(why) => Err(refused_in_stream(why.reason, Code::from(why.code))),
        });
    }
    assert!(outcomes.message().await.unwrap().is_none());
    answers
}

impl Line for Wire {
    fn send(&mut self, by: Agency, how: How, events: Vec<Raw>) -> Vec<Result<Receipt, Refused>> {
        let mut client = self.as_agency(by);
        let events: Vec<pb::AppendRequest> = events.into_iter().map(request).collect();
        let why = |status: Status| refused(&status);
        self.runtime.block_on(async {
            match how {
                How::Singly => {
                    let mut answers = Vec::new();
                    for event in events {
                        answers.push(client.append(event).await.map(receipt).map_err(why));
                    }
                    answers
                }
                How::Batch => match client.append_batch(events).await {
                    Ok(receipts) => receipts.into_iter().map(receipt).map(Ok).collect(),
                    Err(status) => vec![Err(why(status))],
                },
                How::Stream => stream(&mut client, events).await,
            }
        })
    }

    fn position(&mut self, position: u64) -> Result<Seen, Refused> {
        self.entry(self.client.clone(), By::Position(position))
    }

    fn in_case(&mut self, case: &str, case_seq: u64) -> Result<Seen, Refused> {
        let case_id = case.to_owned();
        let by = By::InCase(pb::CasePosition { case_id, case_seq });
        self.entry(self.client.clone(), by)
    }

    fn sent(&mut self, by: Agency, id: EventId) -> Result<Seen, Refused> {
        self.entry(self.as_agency(by), By::EventId(id.to_string()))
    }

    fn read_case(&mut self, case: &str, from: u64, most: u64) -> Result<Vec<Seen>, Refused> {
        let entries = self
            .runtime
            .block_on(self.client.read_case(case, from, most));
        let entries = entries.map_err(|status| refused(&status))?;
        Ok(entries.into_iter().map(seen).collect())
    }

    fn follow(&mut self, from: u64, only: Option<&str>) -> Result<Box<dyn Feed>, Refused> {
        let request = pb::SubscribeRequest {
            from_position: from,
            case_id: only.unwrap_or_default().to_owned(),
            stop_at_end: false,
        };
        let entries = self.runtime.block_on(self.client.subscribe(request));
        Ok(Box::new(WireFeed {
            entries: entries.map_err(|status| refused(&status))?,
            runtime: self.runtime.handle().clone(),
        }))
    }

    fn ask(&mut self, case: &str, position: Option<u64>) -> Result<Told, Refused> {
        let question = pb::CaseQuestion {
            case_id: case.to_owned(),
            as_at: Some(pb::AsAt {
                basis: pb::Basis::Ledger.into(),
                position,
                ..Default::default()
            }),
        };
        let mut inquiry = self.client.inquiry.clone();
        let answers = self.runtime.block_on(async {
            let shown = inquiry.show_case(question.clone()).await?.into_inner();
            Ok((shown, inquiry.at(question).await?.into_inner()))
        });
        let (mut shown, mut at) = answers.map_err(|status: Status| refused(&status))?;
        let (stamp, other) = (shown.stamp.take().unwrap(), at.stamp.take().unwrap());
        assert_eq!(stamp.case_seq, other.case_seq);
        let newest = at.recent.iter().map(|row| row.position).collect();
        Ok(Told {
            positions: Positions::Newest(stamp.entries_in_cut, newest),
            case_seq: stamp.case_seq,
            case_head: stamp.case_head,
            size: stamp.position,
            whole: format!("{shown:?} {at:?}"),
        })
    }

    fn note(&mut self) -> String {
        let checkpoint = self.runtime.block_on(self.client.checkpoint());
        checkpoint.unwrap().checkpoint
    }

    fn consistency(&mut self, from_size: u64, to_size: u64) -> Consistency {
        let request = pb::GetConsistencyProofRequest { from_size, to_size };
        let proof = self.client.integrity.get_consistency_proof(request);
        let proof = self.runtime.block_on(proof).unwrap().into_inner();
        let root = |bytes: &[u8]| TreeHash::new(bytes.try_into().unwrap());
        Consistency {
            from_root: root(&proof.from_root),
            to_root: root(&proof.to_root),
            path: hashes(&proof.path),
        }
    }

    fn begin_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    fn end_stop(self: Box<Self>) -> Result<(), String> {
        let Self {
            client,
            served,
            runtime,
            server,
            ..
        } = *self;
        drop(client);
        runtime.shutdown_timeout(PATIENCE);
        let stopped = server.block_on(served).unwrap();
        server.shutdown_timeout(PATIENCE);
        stopped.map_err(|error| match error {
            ServeError::Stop(why) => why.reason().to_owned(),
            other => other.to_string(),
        })
    }

    fn crash(self: Box<Self>) {
        self.server.shutdown_timeout(PATIENCE);
        self.runtime.shutdown_timeout(PATIENCE);
    }
}

struct WireFeed {
    entries: Streaming<pb::Entry>,
    runtime: Handle,
}

impl Feed for WireFeed {
    fn next(&mut self) -> Option<Result<Seen, Refused>> {
        let next = async { tokio::time::timeout(PATIENCE, self.entries.message()).await };
        let next = self
            .runtime
            .block_on(next)
            .expect("an entry is not delivered");
        match next {
            Ok(entry) => entry.map(|entry| Ok(seen(entry))),
            Err(status) => Some(Err(refused(&status))),
        }
    }

    fn waits(&mut self) -> bool {
        false
    }
}
