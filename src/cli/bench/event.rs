//! The event of the bench: 700 bytes with 20 committed fields, a number in its words that differs from event to event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::domain::id::EventId;
use crate::grpc::client::append_request;
use crate::grpc::convert::event_from_json;
use crate::grpc::pb;

/// Bytes of every event.
pub(super) const BYTES: usize = 700;
/// Fields that are committed to, the body's marker among them.
pub(super) const FIELDS: usize = 20;
/// Cases that the events are spread over.
pub(super) const CASES: u64 = 64;

/// Stands where the number goes.
const NUMBER: &str = "00000000000000000000";

/// Makes events; clones share the numbers, so that none is given twice.
#[derive(Clone)]
pub(super) struct Events {
    run: [u8; 8],
    next: Arc<AtomicU64>,
    /// One template for each case.
    templates: Arc<Vec<Template>>,
}

struct Template {
    bytes: Vec<u8>,
    number_at: usize,
}

/// The name of one of the cases of a run.
fn case_id(run: [u8; 8], number: u64) -> String {
    format!("BENCH-{:016x}-{number:02}", u64::from_be_bytes(run))
}

fn unusable(what: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Other, format!("the bench's event: {what}"))
}

impl Events {
    /// For a run of its own: cases and event ids that no other run has.
    pub(super) fn new() -> Result<Self, Failure> {
        let mut run = [0; 8];
        getrandom::fill(&mut run).map_err(unusable)?;
        let templates: Result<Vec<Template>, Failure> = (0..CASES)
            .map(|case| Template::new(&case_id(run, case)))
            .collect();
        Ok(Self {
            run,
            next: Arc::new(AtomicU64::new(0)),
            templates: Arc::new(templates?),
        })
    }

    /// The events that open the cases.
    pub(super) fn openings(&self) -> Result<Vec<pb::AppendRequest>, Failure> {
        let opening = |number| {
            let event = format!(
                r#"{{"caseId":"{}","occurred":{{"edtf":"2012-09-03"}},"source":{{"kind":"SOURCE_KIND_OWN_STAFF"}},"caseOpened":{{}}}}"#,
                case_id(self.run, number)
            );
            let bytes = event_from_json(&event).map_err(unusable)?;
            Ok(append_request(self.id(), bytes))
        };
        (0..CASES).map(opening).collect()
    }

    fn id(&self) -> EventId {
        self.numbered().1
    }

    fn numbered(&self) -> (u64, EventId) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 16];
        let (run, low) = id.split_at_mut(8);
        run.copy_from_slice(&self.run);
        low.copy_from_slice(&number.to_be_bytes());
        (number, EventId(id))
    }

    /// The next event: the number of its case, its id, its bytes.
    pub(super) fn next(&self) -> (u64, EventId, Vec<u8>) {
        let (number, id) = self.numbered();
        let case = number % CASES;
        let template = usize::try_from(case)
            .ok()
            .and_then(|it| self.templates.get(it));
        (
            case,
            id,
            template.map_or_else(Vec::new, |it| it.with(number)),
        )
    }

    /// The next event as a request.
    pub(super) fn request(&self) -> pb::AppendRequest {
        let (_, id, event) = self.next();
        append_request(id, event)
    }
}

impl Template {
    fn new(case: &str) -> Result<Self, Failure> {
        let bare = event_from_json(&json(case, "")).map_err(unusable)?;
        // Words of more than 127 bytes, in a body of more than 127, have lengths of two bytes: found by trying.
        let room = BYTES.saturating_sub(bare.len());
        let fitting = (room.saturating_sub(8)..=room).find_map(|length| {
            let words = "w".repeat(length);
            let bytes = event_from_json(&json(case, &words)).ok()?;
            (bytes.len() == BYTES).then_some(bytes)
        });
        let bytes = fitting.ok_or_else(|| unusable("cannot be made of its size"))?;
        let found = bytes
            .windows(NUMBER.len())
            .position(|window| window == NUMBER.as_bytes());
        let number_at = found.ok_or_else(|| unusable("has no place for its number"))?;
        Ok(Self { bytes, number_at })
    }

    fn with(&self, number: u64) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let text = format!("{number:020}");
        if let Some(place) = bytes.get_mut(self.number_at..self.number_at + NUMBER.len()) {
            place.copy_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// A concern as a school records it, with most of what the envelope can hold.
fn json(case: &str, words: &str) -> String {
    format!(
        r#"{{"caseId":"{case}","children":[{{"person":"C1"}},{{"person":"C2"}}],
        "actor":{{"staff":"T2","role":"ROLE_TEACHER","employment":"EMPLOYMENT_PERMANENT"}},
        "occurred":{{"edtf":"2013-01-09"}},"known":{{"edtf":"2013-01-09"}},"recorded":{{"edtf":"2013-01-10"}},
        "source":{{"kind":"SOURCE_KIND_OWN_STAFF","text":"seen in class"}},
        "sourceSystem":"school-records","sourceRecordId":"{NUMBER}","agencySequence":"7",
        "assertion":"ASSERTION_KIND_OBSERVATION","significance":"SIGNIFICANCE_KEY",
        "handling":{{"code":"HANDLING_CODE_OPEN"}},
        "told":[{{"agency":"csc","staff":"DUTY1","channel":"CHANNEL_TELEPHONE","when":{{"edtf":"2013-01-09"}}}}],
        "harm":"HARM_NEGLECT","level":"LEVEL_OTHER",
        "concernRaised":{{"words":"{words}","topic":"neglect"}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::convert::decode_event;
    use crate::ledger::fields::{Singular, split};

    #[test]
    fn the_event_has_the_size_and_the_fields_that_the_figures_are_about() {
        let events = Events::new().unwrap();
        let (first, second) = (events.next(), events.next());
        assert_ne!(first.1, second.1);
        assert_ne!(first.2, second.2);
        for (_, _, bytes) in [first, second] {
            assert_eq!(bytes.len(), BYTES);
            assert_eq!(split(&bytes, &Singular::default()).unwrap().len(), FIELDS);
            assert!(decode_event(&bytes).is_ok());
        }
    }
}
