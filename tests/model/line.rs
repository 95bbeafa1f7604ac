//! What a ledger is asked and how it answers, the same whether it is called directly or over the wire.

use std::time::Duration;

use caseledger::domain::id::EventId;
use caseledger::grpc::pb;
use caseledger::ledger::digest::TreeHash;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::command::{Agency, Event, How};
use crate::model::Sent;

/// Longest to wait for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A request in the bytes of the interface.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) id: EventId,
    pub(crate) event: Vec<u8>,
    /// The number of entries and the last link that the case should have.
    pub(crate) expected: Option<(u64, Vec<u8>)>,
    pub(crate) imported: bool,
}

/// A receipt.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) position: u64,
    pub(crate) case_seq: u64,
    pub(crate) repeat: bool,
    pub(crate) link: Vec<u8>,
    pub(crate) appended: u64,
    pub(crate) note: String,
    pub(crate) path: Vec<TreeHash>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: String,
    pub(crate) code: Code,
    pub(crate) index: Option<u64>,
    pub(crate) position: Option<u64>,
    pub(crate) actual_seq: Option<u64>,
    pub(crate) actual_link: Option<String>,
}

/// An entry as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) position: u64,
    pub(crate) case_seq: u64,
    pub(crate) agency: String,
    pub(crate) event_id: String,
    pub(crate) event: Vec<u8>,
    pub(crate) case: Option<String>,
    pub(crate) kind: u32,
    pub(crate) imported: bool,
    pub(crate) link: Vec<u8>,
    pub(crate) appended: u64,
    pub(crate) header: Vec<u8>,
}

/// An answer to a question about a case.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Positions that it rests on; over the wire the newest of the case alone.
    pub(crate) positions: Positions,
    /// Entries of the case that there are now.
    pub(crate) case_seq: u64,
    /// The link of the last of them.
    pub(crate) case_head: Vec<u8>,
    /// The ledger's size when it was asked.
    pub(crate) size: u64,
    /// All that must be the same whenever it is asked as at the same position.
    pub(crate) whole: String,
}

/// What an answer says of the positions that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Positions {
    /// All, in order.
    All(Vec<u64>),
    /// How many are of the case, and which are the newest twenty.
    Newest(u64, Vec<u64>),
}

/// A consistency proof.
#[derive(Clone, Debug)]
pub(crate) struct Consistency {
    pub(crate) from_root: TreeHash,
    pub(crate) to_root: TreeHash,
    pub(crate) path: Vec<TreeHash>,
}

/// A subscription.
pub(crate) trait Feed {
    /// The next entry; waits for it. None at the end.
    fn next(&mut self) -> Option<Result<Seen, Refused>>;

    /// Whether something waits, as far as can be told without waiting.
    fn waits(&mut self) -> bool;
}

/// A ledger that is open.
pub(crate) trait Line {
    /// One answer for each event; for a refused batch one in all.
    fn send(&mut self, by: Agency, how: How, events: Vec<Raw>) -> Vec<Result<Receipt, Refused>>;
    fn position(&mut self, position: u64) -> Result<Seen, Refused>;
    fn in_case(&mut self, case: &str, seq: u64) -> Result<Seen, Refused>;
    fn sent(&mut self, by: Agency, id: EventId) -> Result<Seen, Refused>;
    fn read_case(&mut self, case: &str, from: u64, most: u64) -> Result<Vec<Seen>, Refused>;
    fn follow(&mut self, from: u64, only: Option<&str>) -> Result<Box<dyn Feed>, Refused>;
    fn ask(&mut self, case: &str, position: Option<u64>) -> Result<Told, Refused>;
    /// The newest checkpoint.
    fn note(&mut self) -> String;
    fn consistency(&mut self, from: u64, to: u64) -> Consistency;
    /// A clean stop begins: subscriptions end.
    fn begin_stop(&mut self);
    /// It ends; the reason if it was not clean.
    fn end_stop(self: Box<Self>) -> Result<(), String>;
    /// Everything is dropped where it stands.
    fn crash(self: Box<Self>);
}

/// The name of a case.
pub(crate) fn case_name(case: u8) -> String {
    format!("CH-{case}")
}

/// The id under which something is sent.
pub(crate) fn event_id(number: u64) -> EventId {
    let mut bytes = [0xe0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    EventId(bytes)
}

/// The bytes of an event.
pub(crate) fn bytes(sent: &Sent) -> Vec<u8> {
    let words = format!("note {}", sent.words);
    let (case, body) = match sent.event {
        Event::Open(case) => {
            let opened = pb::CaseOpened { reason: words };
            (Some(case), pb::case_event::Body::CaseOpened(opened))
        }
        Event::Concern(case) | Event::Sourceless(case) => {
            let topic = String::new();
            let raised = pb::ConcernRaised { words, topic };
            (Some(case), pb::case_event::Body::ConcernRaised(raised))
        }
        Event::Register => {
            let agency = pb::AgencyRegistered {
                agency: sent.names.name().to_owned(),
                kind: 1,
                name: words,
                ..Default::default()
            };
            (None, pb::case_event::Body::AgencyRegistered(agency))
        }
    };
    let source = pb::SourceOfInformation {
        kind: 1,
        ..Default::default()
    };
    let has_source = !matches!(sent.event, Event::Sourceless(_));
    let event = pb::CaseEvent {
        case_id: case.map(case_name).unwrap_or_default(),
        source: has_source.then_some(source),
        occurred: Some(pb::When {
            edtf: "2013-01-09".to_owned(),
            ..Default::default()
        }),
        body: Some(body),
        ..Default::default()
    };
    if !sent.reordered {
        return event.encode_to_vec();
    }
    let first = pb::CaseEvent {
        source: event.source.clone(),
        ..Default::default()
    };
    let rest = pb::CaseEvent {
        source: None,
        ..event
    };
    [first.encode_to_vec(), rest.encode_to_vec()].concat()
}

/// A refusal from the status that carries it.
pub(crate) fn refused(status: &Status) -> Refused {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    let number = |name: &str| info.metadata.get(name).map(|text| text.parse().unwrap());
    Refused {
        reason: info.reason.clone(),
        code: status.code(),
        index: number("batch_index"),
        position: number("position"),
        actual_seq: number("actual_case_seq"),
        actual_link: info.metadata.get("actual_link").cloned(),
    }
}

/// A refusal in a stream of answers, which says less.
pub(crate) fn refused_in_stream(reason: String, code: Code) -> Refused {
    Refused {
        reason,
        code,
        index: None,
        position: None,
        actual_seq: None,
        actual_link: None,
    }
}
