//! `LedgerService`: appending and reading. The event of a request arrives here as its exact bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::domain::id::{AgencyId, CaseId, EventId};
use crate::ledger::digest::Link;
use crate::ledger::entry::EntryKind;
use crate::ledger::statement::Seen;
use crate::service::Service;
use crate::service::access::Caller;
use crate::service::error::Refused;
use crate::service::limits;
use crate::service::prepare::{Expected, Submission};
use crate::service::read::{Entries, Read, Shown, Which};
use crate::service::submit::{Queued, Receipt};

use super::auth::{caller, time_left};
use super::edge::reword;
use super::integrity::joined;
use super::pb;
use super::pb::append_outcome::Outcome;
use super::pb::get_entry_request::By;
use super::pb::ledger_service_server::LedgerService;
use super::status::{bad_field, code, status};

/// The handlers.
pub struct Ledger {
    service: Arc<Service>,
}

impl Ledger {
    /// Over an open ledger.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

/// Answers that come one after the other.
type Answers<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl LedgerService for Ledger {
    type AppendStreamStream = Answers<pb::AppendOutcome>;
    type ReadCaseStream = Answers<pb::Entry>;
    type SubscribeStream = Answers<pb::Entry>;

    async fn append(
        &self,
        request: Request<pb::AppendRequest>,
    ) -> Result<Response<pb::Receipt>, Status> {
        let (caller, within) = (caller(&request)?, time_left(&request)?);
        let submission = submission(request.into_inner()).map_err(|refused| status(&refused))?;
        let event_id = submission.event_id;
        let append = self.service.append(&caller, submission, within);
        let receipt = in_time(within, append).await?;
        Ok(Response::new(receipt_message(&receipt, event_id)))
    }

    async fn append_batch(
        &self,
        request: Request<pb::AppendBatchRequest>,
    ) -> Result<Response<pb::AppendBatchResponse>, Status> {
        let (caller, within) = (caller(&request)?, time_left(&request)?);
        let numbered = request.into_inner().events.into_iter().enumerate();
        let submissions: Result<Vec<Submission>, Refused> = numbered
            .map(|(index, event)| {
                submission(event).map_err(|cause| Refused::Batch {
                    index,
                    cause: Box::new(cause),
                })
            })
            .collect();
        let submissions = submissions.map_err(|refused| status(&refused))?;
        let ids: Vec<EventId> = submissions
            .iter()
            .map(|submission| submission.event_id)
            .collect();
        let append = self.service.append_batch(&caller, submissions, within);
        let receipts = in_time(within, append).await?;
        let receipts = receipts
            .iter()
            .zip(ids)
            .map(|(receipt, id)| receipt_message(receipt, id));
        Ok(Response::new(pb::AppendBatchResponse {
            receipts: receipts.collect(),
        }))
    }

    async fn append_stream(
        &self,
        request: Request<Streaming<pb::AppendRequest>>,
    ) -> Result<Response<Self::AppendStreamStream>, Status> {
        let caller = caller(&request)?;
        caller.agency().map_err(|refused| status(&refused))?;
        let (to, outcomes) = mpsc::channel(limits::STREAM_IN_FLIGHT);
        let service = Arc::clone(&self.service);
        tokio::spawn(pump(service, caller, request.into_inner(), to));
        Ok(Response::new(Box::pin(ReceiverStream::new(outcomes))))
    }

    async fn get_entry(
        &self,
        request: Request<pb::GetEntryRequest>,
    ) -> Result<Response<pb::Entry>, Status> {
        let (caller, within) = (caller(&request)?, time_left(&request)?);
        let which = which(&caller, request.into_inner())?;
        let read = in_time(within, self.service.entry(which)).await?;
        Ok(Response::new(entry_message(read)))
    }

    async fn read_case(
        &self,
        request: Request<pb::ReadCaseRequest>,
    ) -> Result<Response<Self::ReadCaseStream>, Status> {
        let pb::ReadCaseRequest {
            case_id,
            from_seq,
            limit,
        } = request.into_inner();
        let id = case(&case_id)?;
        let entries = self.service.read_case(&id, from_seq, limit);
        Ok(Response::new(answers(
            entries.map_err(|refused| status(&refused))?,
        )))
    }

    async fn subscribe(
        &self,
        request: Request<pb::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let pb::SubscribeRequest {
            from_position,
            case_id,
            stop_at_end,
        } = request.into_inner();
        let only = if case_id.is_empty() {
            None
        } else {
            Some(case(&case_id)?)
        };
        let entries = self
            .service
            .subscribe(from_position, only.as_ref(), stop_at_end);
        Ok(Response::new(answers(
            entries.map_err(|refused| status(&refused))?,
        )))
    }
}

/// Reads a client's events, queues each, and answers them in order, with at most
/// [`limits::STREAM_IN_FLIGHT`] on the way. A full queue stops the reading for a moment instead of refusing: the client
/// of a stream is slowed down by HTTP/2 itself.
async fn pump(
    service: Arc<Service>,
    caller: Caller,
    mut events: Streaming<pb::AppendRequest>,
    to: mpsc::Sender<Result<pb::AppendOutcome, Status>>,
) {
    let mut waiting: VecDeque<(u64, EventId, Result<Queued, Refused>)> = VecDeque::new();
    let mut index = 0_u64;
    let mut open = true;
    while open || !waiting.is_empty() {
        let room = waiting.len() < limits::STREAM_IN_FLIGHT;
        tokio::select! {
            biased;
            next = events.next(), if open && room => match next {
                Some(Ok(event)) => {
                    waiting.push_back(enqueue(&service, &caller, event, index).await);
                    index = index.saturating_add(1);
                }
                Some(Err(broken)) => {
                    // The client is gone, or sent what is no message: answer what was taken, then say so.
                    open = false;
                    answer_all(&service, &mut waiting, &to).await;
                    drop(to.send(Err(reword(&broken).unwrap_or(broken))).await);
                }
                None => open = false,
            },
            sent = answer_first(&service, &mut waiting, &to), if !waiting.is_empty() => {
                if !sent {
                    return;
                }
            }
        }
    }
}

async fn enqueue(
    service: &Service,
    caller: &Caller,
    event: pb::AppendRequest,
    index: u64,
) -> (u64, EventId, Result<Queued, Refused>) {
    let submission = match submission(event) {
        Ok(submission) => submission,
        Err(refused) => return (index, EventId([0; 16]), Err(refused)),
    };
    let id = submission.event_id;
    let ready = service.ready(caller, vec![submission], false, limits::UNARY_CEILING);
    let mut ready = match ready.await {
        Ok(ready) => ready,
        Err(refused) => return (index, id, Err(refused)),
    };
    for _ in 0..QUEUE_TRIES {
        let not = match service.queue(ready) {
            Ok(queued) => return (index, id, Ok(queued)),
            Err(not) => *not,
        };
        match (not.refused, not.again) {
            (Refused::QueueFull { retry }, Some(again)) => {
                ready = again;
                tokio::time::sleep(retry).await;
            }
            (refused, _) => return (index, id, Err(refused)),
        }
    }
    let retry = limits::RETRY_QUEUE;
    (index, id, Err(Refused::QueueFull { retry }))
}

/// How often a stream waits for room in the queue before it refuses an event: about ten seconds.
const QUEUE_TRIES: u32 = 40;

/// Answers the oldest event; false when the client is gone. Safe to drop half-way: the event stays in front.
async fn answer_first(
    service: &Service,
    waiting: &mut VecDeque<(u64, EventId, Result<Queued, Refused>)>,
    to: &mpsc::Sender<Result<pb::AppendOutcome, Status>>,
) -> bool {
    let Ok(permit) = to.reserve().await else {
        return false;
    };
    let outcome = match waiting.front_mut() {
        None => return true,
        Some((index, id, Ok(queued))) => {
            let result = service.receipt(queued).await;
            (*index, *id, result)
        }
        Some((index, id, Err(refused))) => (*index, *id, Err(refused.clone())),
    };
    waiting.pop_front();
    let (index, id, result) = outcome;
    let outcome = Some(match result {
        Ok(receipt) => Outcome::Receipt(receipt_message(&receipt, id)),
        Err(refused) => Outcome::Refusal(refusal_message(&refused)),
    });
    permit.send(Ok(pb::AppendOutcome { index, outcome }));
    true
}

async fn answer_all(
    service: &Service,
    waiting: &mut VecDeque<(u64, EventId, Result<Queued, Refused>)>,
    to: &mpsc::Sender<Result<pb::AppendOutcome, Status>>,
) {
    while !waiting.is_empty() && answer_first(service, waiting, to).await {}
}

/// Ends a call at its deadline. What the writer has taken by then may still be committed: the status says so.
async fn in_time<T>(
    within: Duration,
    call: impl Future<Output = Result<T, Refused>>,
) -> Result<T, Status> {
    match tokio::time::timeout(within, call).await {
        Ok(answer) => answer.map_err(|refused| status(&refused)),
        Err(_elapsed) => Err(status(&Refused::DeadlineUnknown)),
    }
}

fn submission(request: pb::AppendRequest) -> Result<Submission, Refused> {
    if !request.signature.is_empty() || !request.key_id.is_empty() {
        let reason = "is not taken by this version: no agency is registered as signing";
        return Err(Refused::field("signature", reason));
    }
    let event_id: EventId = request
        .event_id
        .parse()
        .map_err(|error| Refused::field("event_id", format!("{error}; send a random UUID")))?;
    let seen = match (request.seen_seq, request.seen_head.as_slice()) {
        (0, []) => Seen::Blind,
        _ if request.blind => {
            return Err(Refused::field(
                "blind",
                "contradicts seen_seq and seen_head",
            ));
        }
        (case_seq, link) => {
            let link = thirty_two("seen_head", link)?.unwrap_or_default();
            if case_seq == 0 {
                return Err(Refused::field("seen_seq", "is missing beside seen_head"));
            }
            Seen::Entry {
                case_seq,
                link: Link::new(link),
            }
        }
    };
    let expected = request.expected_head.map(|head| Expected {
        seq: head.seq,
        link: head.link,
    });
    Ok(Submission {
        event_id,
        event: request.event,
        secret: thirty_two("secret", &request.secret)?,
        case_tag: thirty_two("case_tag", &request.case_tag)?,
        expected,
        seen,
        imported: request.by_import,
    })
}

fn thirty_two(field: &str, bytes: &[u8]) -> Result<Option<[u8; 32]>, Refused> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let bytes: [u8; 32] = bytes.try_into().map_err(|_length| {
        Refused::field(
            field,
            format!("has {} bytes; send 32, or none", bytes.len()),
        )
    })?;
    Ok(Some(bytes))
}

fn case(id: &str) -> Result<CaseId, Status> {
    CaseId::new(id).map_err(|error| bad_field("case_id", &error.to_string()))
}

fn which(caller: &Caller, request: pb::GetEntryRequest) -> Result<Which, Status> {
    match request.by {
        None => Err(bad_field(
            "by",
            "is missing; name a position, a case position or an event id",
        )),
        Some(By::Position(position)) => Ok(Which::Position(position)),
        Some(By::InCase(at)) if at.case_seq == 0 => Err(bad_field(
            "in_case.case_seq",
            "is 0; the entries of a case are numbered from 1",
        )),
        Some(By::InCase(at)) => Ok(Which::InCase(case(&at.case_id)?, at.case_seq)),
        Some(By::EventId(id)) => {
            let agency: AgencyId = caller.agency().map_err(|refused| status(&refused))?.clone();
            let id = id
                .parse()
                .map_err(|e| bad_field("event_id", &format!("{e}")))?;
            Ok(Which::Event(agency, id))
        }
    }
}

fn answers(entries: Entries) -> Answers<pb::Entry> {
    let stream = ReceiverStream::new(entries);
    Box::pin(stream.map(|read| read.map(entry_message).map_err(|refused| status(&refused))))
}

fn appended_time(micros: u64) -> Option<prost_types::Timestamp> {
    let micros = i64::try_from(micros).ok()?;
    let nanos = i32::try_from(micros.rem_euclid(1_000_000))
        .ok()?
        .checked_mul(1_000)?;
    Some(prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos,
    })
}

fn receipt_message(receipt: &Receipt, event_id: EventId) -> pb::Receipt {
    let placed = &receipt.placement;
    pb::Receipt {
        position: placed.position,
        case_seq: placed.case_seq,
        link: placed.link.as_bytes().to_vec(),
        appended_time: appended_time(placed.appended),
        checkpoint: receipt.checkpoint.note().to_owned(),
        inclusion_path: joined(&receipt.path),
        duplicate: placed.repeat,
        event_id: event_id.to_string(),
    }
}

fn refusal_message(refused: &Refused) -> pb::AppendRefusal {
    let (field, remedy) = if let Refused::Invalid(faults) = refused
        && let Some(fault) = faults.first()
    {
        let remedy = fault
            .reason
            .split_once("; ")
            .map_or("", |(_what, do_so)| do_so);
        (fault.field.clone(), remedy.to_owned())
    } else {
        (
            String::new(),
            super::status::remedy(refused)
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let status = status(refused);
    let wait = super::status::retry_after(&status).map_or(0, |wait| wait.as_secs().max(1));
    pb::AppendRefusal {
        code: i32::from(code(refused)),
        message: super::status::words(refused),
        reason: refused.reason().to_owned(),
        field,
        remedy,
        retry_after_seconds: u32::try_from(wait).unwrap_or(u32::MAX),
    }
}

fn entry_message(read: Read) -> pb::Entry {
    let Read {
        entry,
        shown,
        case_id,
    } = read;
    let header = entry.parsed();
    let (state, content, secret) = match shown {
        Shown::Proven(content) => (
            pb::ContentState::Proven,
            content.event,
            content.secret.as_bytes().to_vec(),
        ),
        Shown::Erased => (pb::ContentState::Erased, Vec::new(), Vec::new()),
    };
    // Content that the ledger itself made is no `CaseEvent`: in that field it would break every typed client.
    let (event, own_content) = match entry.kind() {
        EntryKind::CaseEvent | EntryKind::RegistryEvent => (content, Vec::new()),
        EntryKind::AccessQuestion
        | EntryKind::AccessOpen
        | EntryKind::AccessClose
        | EntryKind::ErasureOrder
        | EntryKind::Heads
        | EntryKind::Reopened
        | EntryKind::KeyChange
        | EntryKind::ClockAcceptance => (Vec::new(), content),
    };
    pb::Entry {
        position: entry.position(),
        case_seq: entry.case_seq(),
        header: entry.header().to_vec(),
        signature: header
            .signature
            .map(|bytes| bytes.to_vec())
            .unwrap_or_default(),
        content_state: i32::from(state),
        event,
        secret,
        agency: entry.agency().to_owned(),
        event_id: EventId(entry.event_id()).to_string(),
        appended_time: appended_time(entry.appended()),
        kind: u32::from(entry.kind().number()),
        backloaded: entry.ingest() == crate::ledger::entry::Ingest::Backload,
        link: entry.link().as_bytes().to_vec(),
        case_id: case_id.map(|id| id.to_string()).unwrap_or_default(),
        case_tag: entry.tag().as_bytes().to_vec(),
        own_content,
    }
}
