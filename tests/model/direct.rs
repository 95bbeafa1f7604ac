//! The service called directly.

use std::sync::Arc;

use caseledger::domain::id::{AgencyId, CaseId, EventId};
use caseledger::grpc::status::status;
use caseledger::ledger::entry::Ingest;
use caseledger::ledger::statement::Seen as Shown;
use caseledger::projection::cut::Basis;
use caseledger::service::access::Caller;
use caseledger::service::error::Refused as Why;
use caseledger::service::inquiry::Question;
use caseledger::service::prepare::{Expected, Submission};
use caseledger::service::read::{Entries, Read, Shown as Content, Which};
use caseledger::service::{Service, limits, submit};
use tokio::runtime::{Handle, Runtime};

use crate::command::{Agency, How};
use crate::line::{
    Consistency, Feed, Line, PATIENCE, Positions, Raw, Receipt, Refused, Seen, Told, refused,
    refused_in_stream,
};

/// An open service, and what its tasks run on.
pub(crate) struct Direct {
    service: Arc<Service>,
    runtime: Runtime,
}

impl Direct {
    pub(crate) fn over(service: Arc<Service>) -> Box<dyn Line> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Box::new(Self { service, runtime })
    }

    fn entry(&self, which: Which) -> Result<Seen, Refused> {
        let read = self.runtime.block_on(self.service.entry(which));
        read.map(seen).map_err(why)
    }

    async fn stream(
        service: &Service,
        caller: &Caller,
        events: Vec<Submission>,
    ) -> Vec<Result<Receipt, Refused>> {
        let stripped = |why: Why| refused_in_stream(why.reason().to_owned(), status(&why).code());
        let mut queued = Vec::new();
        for event in events {
            let one = service.enqueue(caller, vec![event], false, limits::UNARY_CEILING);
            queued.push(one.await);
        }
        let mut answers = Vec::new();
        for one in queued {
            let answer = match one {
                Ok(one) => service.receipts(one).await,
                Err(why) => Err(why),
            };
            let answer = answer.map(|receipts| receipts.iter().map(receipt).next_back().unwrap());
            answers.push(answer.map_err(stripped));
        }
        answers
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn why(why: Why) -> Refused {
    refused(&status(&why))
}

fn case(name: &str) -> CaseId {
    CaseId::new(name).unwrap()
}

fn receipt(from: &submit::Receipt) -> Receipt {
    Receipt {
        position: from.placement.position,
        case_seq: from.placement.case_seq,
        repeat: from.placement.repeat,
        link: from.placement.link.as_bytes().to_vec(),
        appended: from.placement.appended,
        note: from.checkpoint.note().to_owned(),
        path: from.path.clone(),
    }
}

fn seen(read: Read) -> Seen {
    let Content::Proven(content) = read.shown else {
        panic!("nothing was erased");
    };
    Seen {
        position: read.entry.position(),
        case_seq: read.entry.case_seq(),
        agency: read.entry.agency().to_owned(),
        event_id: EventId(read.entry.event_id()).to_string(),
        event: content.event,
        case: read.case_id.map(|case| case.to_string()),
        kind: u32::from(read.entry.kind().number()),
        imported: read.entry.ingest() == Ingest::Backload,
        link: read.entry.link().as_bytes().to_vec(),
        appended: read.entry.appended(),
        header: read.entry.header().to_vec(),
    }
}

fn submission(raw: Raw) -> Submission {
    Submission {
        event_id: raw.id,
        event: raw.event,
        secret: None,
        case_tag: None,
        expected: raw.expected.map(|(seq, link)| Expected { seq, link }),
        seen: Shown::Blind,
        imported: raw.imported,
    }
}

impl Line for Direct {
    fn send(&mut self, by: Agency, how: How, events: Vec<Raw>) -> Vec<Result<Receipt, Refused>> {
        let agency: AgencyId = by.name().parse().unwrap();
        let caller = Caller::development(Some(agency));
        let events: Vec<Submission> = events.into_iter().map(submission).collect();
        let (service, within) = (&self.service, limits::UNARY_CEILING);
        self.runtime.block_on(async {
            match how {
                How::Singly => {
                    let mut answers = Vec::new();
                    for event in events {
                        let answer = service.append(&caller, event, within).await;
                        answers.push(answer.map(|it| receipt(&it)).map_err(why));
                    }
                    answers
                }
                How::Batch => match service.append_batch(&caller, events, within).await {
                    Ok(receipts) => receipts.iter().map(receipt).map(Ok).collect(),
                    Err(refused) => vec![Err(why(refused))],
                },
                How::Stream => Self::stream(service, &caller, events).await,
            }
        })
    }

    fn position(&mut self, position: u64) -> Result<Seen, Refused> {
        self.entry(Which::Position(position))
    }

    fn in_case(&mut self, name: &str, seq: u64) -> Result<Seen, Refused> {
        self.entry(Which::InCase(case(name), seq))
    }

    fn sent(&mut self, by: Agency, id: EventId) -> Result<Seen, Refused> {
        self.entry(Which::Event(by.name().parse().unwrap(), id))
    }

    fn read_case(&mut self, name: &str, from: u64, most: u64) -> Result<Vec<Seen>, Refused> {
        let entries = {
            let _inside = self.runtime.enter();
            self.service.read_case(&case(name), from, most)
        };
        let mut entries = entries.map_err(why)?;
        let mut read = Vec::new();
        while let Some(entry) = self.runtime.block_on(entries.recv()) {
            read.push(entry.map(seen).map_err(why)?);
        }
        Ok(read)
    }

    fn follow(&mut self, from: u64, only: Option<&str>) -> Result<Box<dyn Feed>, Refused> {
        let _inside = self.runtime.enter();
        let entries = self.service.subscribe(from, only.map(case).as_ref(), false);
        Ok(Box::new(DirectFeed {
            entries: entries.map_err(why)?,
            runtime: self.runtime.handle().clone(),
        }))
    }

    fn ask(&mut self, name: &str, position: Option<u64>) -> Result<Told, Refused> {
        let question = Question {
            basis: Basis::Ledger,
            position,
            ..Question::latest(case(name))
        };
        let asked = self.runtime.block_on(self.service.ask(question));
        let asked = asked.map_err(why)?;
        let log = asked.cut.log();
        Ok(Told {
            positions: Positions::All(log.entries().iter().map(|entry| entry.position).collect()),
            case_seq: asked.stamp.case_seq,
            case_head: asked.stamp.case_head.as_bytes().to_vec(),
            size: asked.stamp.position,
            whole: format!("{log:?} {:?}", asked.cut.readings()),
        })
    }

    fn note(&mut self) -> String {
        self.service.head().signed.note().to_owned()
    }

    fn consistency(&mut self, from: u64, to: u64) -> Consistency {
        let proof = self.service.consistency(from, to).unwrap();
        Consistency {
            from_root: proof.from_root,
            to_root: proof.to_root,
            path: proof.path,
        }
    }

    fn begin_stop(&mut self) {
        self.service.begin_stop();
    }

    fn end_stop(self: Box<Self>) -> Result<(), String> {
        let stopped = self.runtime.block_on(self.service.stop());
        self.runtime.shutdown_timeout(PATIENCE);
        stopped.map_err(|why| why.reason().to_owned())
    }

    fn crash(self: Box<Self>) {
        self.runtime.shutdown_timeout(PATIENCE);
    }
}

struct DirectFeed {
    entries: Entries,
    runtime: Handle,
}

impl Feed for DirectFeed {
    fn next(&mut self) -> Option<Result<Seen, Refused>> {
        let next = async { tokio::time::timeout(PATIENCE, self.entries.recv()).await };
        let next = self
            .runtime
            .block_on(next)
            .expect("an entry is not delivered");
        next.map(|read| read.map(seen).map_err(why))
    }

    fn waits(&mut self) -> bool {
        !self.entries.is_empty()
    }
}
