//! One agency's system: it sends, keeps each receipt, and sends again what was not answered, under the same event ids.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caseledger::domain::id::EventId;
use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::pb;
use pb::append_outcome::Outcome;
use pb::case_event::Body;
use prost::Message;

use crate::world::{concern, event, opened};

pub(crate) const NAMES: [&str; 4] = ["csc", "health", "police", "school"];

/// Events of one stream.
const STREAM: u64 = 12;

/// What an agency remembers while the server comes and goes.
pub(crate) struct Agency {
    number: u8,
    name: String,
    next: u64,
    /// Every receipt by event id.
    pub(crate) receipts: BTreeMap<String, Vec<pb::Receipt>>,
    /// Everything sent and not answered yet.
    open: Vec<pb::AppendRequest>,
    /// Everything ever answered.
    done: Vec<pb::AppendRequest>,
    /// Cases that it opened.
    pub(crate) cases: Vec<String>,
    /// Events that were under way when the server was killed.
    pub(crate) doubted: u64,
}

/// Whether the server still answers.
type Answered = Result<(), tonic::Status>;

impl Agency {
    pub(crate) fn new(name: &str) -> Self {
        let number = NAMES.iter().position(|it| *it == name).unwrap();
        Self {
            number: u8::try_from(number).unwrap(),
            name: name.to_owned(),
            next: 0,
            receipts: BTreeMap::new(),
            open: Vec::new(),
            done: Vec::new(),
            cases: Vec::new(),
            doubted: 0,
        }
    }

    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    fn request(&mut self, event: &pb::CaseEvent) -> pb::AppendRequest {
        let mut id = [0xe0 | self.number; 16];
        id[8..].copy_from_slice(&self.next.to_be_bytes());
        self.next += 1;
        append_request(EventId(id), event.encode_to_vec())
    }

    fn keep(&mut self, receipt: pb::Receipt) {
        let at = self
            .open
            .iter()
            .position(|it| it.event_id == receipt.event_id);
        if let Some(at) = at {
            self.done.push(self.open.remove(at));
        }
        self.receipts
            .entry(receipt.event_id.clone())
            .or_default()
            .push(receipt);
    }

    /// Sends until the server is gone.
    pub(crate) async fn work(
        mut self,
        client: Client,
        round: u64,
        answered: Arc<AtomicU64>,
    ) -> Self {
        let mut client = client.as_agency(&self.name.parse().unwrap()).unwrap();
        if let Ok(()) = self.send_open(&mut client).await {
            let killed = loop {
                if let Err(status) = self.shift(&mut client, round, &answered).await {
                    break status;
                }
            };
            assert!(
                matches!(
                    killed.code(),
                    tonic::Code::Unavailable
                        | tonic::Code::Unknown
                        | tonic::Code::Internal
                        | tonic::Code::Cancelled
                ),
                "{killed:?}"
            );
        }
        self.doubted += self.open.len() as u64;
        self
    }

    /// What was not answered, in the order in which it was first sent.
    async fn send_open(&mut self, client: &mut Client) -> Answered {
        for request in self.open.clone() {
            let receipt = client.append(request).await?;
            self.keep(receipt);
        }
        Ok(())
    }

    /// A case of its own in each round, filled one by one, in a batch and as a stream.
    async fn shift(&mut self, client: &mut Client, round: u64, answered: &AtomicU64) -> Answered {
        let case = format!("{}-{round}", self.name);
        if !self.cases.contains(&case) {
            self.cases.push(case.clone());
            self.one(client, &opened(&case), answered).await?;
        }
        let n = self.next;
        let worker = |role| pb::AllocationStarted {
            role,
            basis: i32::from(pb::AllocationBasis::Named),
            worker: format!("W{}", n % 5),
            ..Default::default()
        };
        let started = Body::AllocationStarted(worker(i32::from(pb::Role::SocialWorker)));
        let of_child = pb::CaseEvent {
            children: vec![pb::PersonCode {
                person: "C1".to_owned(),
            }],
            ..event(&case, started)
        };
        self.one(client, &of_child, answered).await?;
        let item = concern(&case, &format!("note {n}"));
        let request = self.request(&item);
        let id = request.event_id.clone();
        self.send(client, request, answered).await?;
        let share = Body::ShareMade(pb::ShareMade {
            to: vec![pb::Recipient {
                agency: NAMES[usize::from(self.number + 1) % NAMES.len()].to_owned(),
                ..Default::default()
            }],
            items: vec![pb::EntryRef {
                agency: self.name.clone(),
                event_id: id,
                ..Default::default()
            }],
            channel: i32::from(pb::Channel::Email),
            ..Default::default()
        });
        self.one(client, &event(&case, share), answered).await?;
        self.batch(client, &case, answered).await?;
        self.stream(client, &case, answered).await
    }

    async fn one(
        &mut self,
        client: &mut Client,
        event: &pb::CaseEvent,
        answered: &AtomicU64,
    ) -> Answered {
        let request = self.request(event);
        self.send(client, request, answered).await
    }

    async fn send(
        &mut self,
        client: &mut Client,
        request: pb::AppendRequest,
        answered: &AtomicU64,
    ) -> Answered {
        self.open.push(request.clone());
        let receipt = client.append(request).await?;
        self.keep(receipt);
        answered.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn batch(&mut self, client: &mut Client, case: &str, answered: &AtomicU64) -> Answered {
        let words = "words ".repeat(400);
        let batch: Vec<_> = (0..5)
            .map(|_| self.request(&concern(case, &words)))
            .collect();
        self.open.extend(batch.clone());
        for receipt in client.append_batch(batch).await? {
            self.keep(receipt);
            answered.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn stream(&mut self, client: &mut Client, case: &str, answered: &AtomicU64) -> Answered {
        let events: Vec<_> = (0..STREAM)
            .map(|n| self.request(&concern(case, &format!("streamed {n}"))))
            .collect();
        self.open.extend(events.clone());
        let mut outcomes = client.append_stream(tokio_stream::iter(events)).await?;
        while let Some(outcome) = outcomes.message().await? {
            match outcome.outcome.unwrap() {
                Outcome::Receipt(receipt) => self.keep(receipt),
                Outcome::Refusal(refusal) => panic!("{refusal:?}"),
            }
            answered.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Sends everything once more: what was never answered gets its place now, everything else the one it has.
    pub(crate) async fn send_all_again(&mut self, client: &Client) -> u64 {
        let mut client = client.as_agency(&self.name.parse().unwrap()).unwrap();
        self.send_open(&mut client).await.unwrap();
        assert!(self.open.is_empty());
        let mut again = 0;
        for request in self.done.clone() {
            let receipt = client.append(request).await.unwrap();
            let first = &self.receipts[&receipt.event_id][0];
            assert!(receipt.duplicate);
            assert_eq!(
                (receipt.position, &receipt.link),
                (first.position, &first.link)
            );
            self.keep(receipt);
            again += 1;
        }
        again
    }
}
