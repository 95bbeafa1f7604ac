//! Files of events, one a line: `{"agency": …, "eventId": …, "event": {proto3 JSON}}`. Read as a stream, and each line
//! checked for everything that the ledger would refuse whatever stands before it.

use std::io::{self, BufRead, Read};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::check::{self, Refusal};
use crate::domain::event::Content;
use crate::domain::event::case::CaseContent;
use crate::domain::id::{AgencyId, CaseId, EventId};
use crate::grpc::convert::{JsonError, decode_event, event_from_json};
use crate::ledger::fields::{self, Singular};
use crate::service::limits;

mod unique;

use self::unique::Unique;

/// Longest line that is read, in bytes: the largest event, with every byte of it escaped.
pub(super) const LINE_BYTES: u64 = 8 * 1024 * 1024;

/// One line, found to be an event that the ledger takes.
#[derive(Debug)]
pub(super) struct Line {
    /// Number in the file, from 1.
    pub(super) number: u64,
    /// The author.
    pub(super) agency: AgencyId,
    /// Its id.
    pub(super) event_id: EventId,
    /// The bytes to be sealed.
    pub(super) event: Vec<u8>,
    /// The case, if it belongs to one.
    pub(super) case_id: Option<CaseId>,
    /// It opens that case.
    pub(super) opens: bool,
}

/// What is wrong with a line; never holds the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The field, as a dotted path.
    pub(super) field: String,
    /// What is wrong.
    pub(super) what: String,
    /// What to do.
    pub(super) remedy: String,
}

impl Problem {
    pub(super) fn new(
        field: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    fn refused(refusal: Refusal) -> Self {
        Self::new(
            format!("event.{}", refusal.field),
            refusal.problem,
            refusal.remedy,
        )
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{}", self.what)?;
        if self.remedy.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.remedy)
    }
}

/// What a line is checked against.
pub(super) struct Checks {
    /// Which fields may stand once only.
    pub(super) singular: Singular,
    /// The present time: an event cannot lie in the future.
    pub(super) now: Timestamp,
}

/// Reads a file line by line; never holds more than one.
pub(super) struct Lines<'a, R> {
    from: R,
    checks: &'a Checks,
    number: u64,
    bytes: u64,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(from: R, checks: &'a Checks) -> Self {
        Self {
            from,
            checks,
            number: 0,
            bytes: 0,
        }
    }

    /// Bytes read so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of the line read last.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Line, Problem>>> {
        loop {
            let mut line = Vec::new();
            let limit = LINE_BYTES.saturating_add(1);
            let read = self
                .from
                .by_ref()
                .take(limit)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number = self.number.saturating_add(1);
            self.bytes = self.bytes.saturating_add(read as u64);
            if read as u64 == limit && !line.ends_with(b"\n") {
                let skipped = self.from.skip_until(b'\n')?;
                self.bytes = self.bytes.saturating_add(skipped as u64);
                let what = format!("is longer than {LINE_BYTES} bytes");
                return Ok(Some(Err(Problem::new(
                    "line",
                    what,
                    "one event is one line",
                ))));
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(parse(&line, self.number, self.checks)));
        }
    }
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    agency: String,
    #[serde(rename = "eventId")]
    event_id: String,
    event: Unique,
}

fn parse(line: &[u8], number: u64, checks: &Checks) -> Result<Line, Problem> {
    let written: Written = serde_json::from_slice(line).map_err(|error| form(&error))?;
    let agency = AgencyId::new(&written.agency)
        .map_err(|error| Problem::new("agency", error.to_string(), "name the author's id"))?;
    let event_id: EventId = written.event_id.parse().map_err(|error| {
        let what = format!("{error}");
        Problem::new("eventId", what, "give each event a random UUID and keep it")
    })?;
    if event_id.0 == [0; 16] {
        let remedy = "give each event a random UUID and keep it";
        return Err(Problem::new("eventId", "is all zero", remedy));
    }
    let (event, case_id, opens) = event(&written.event.0, checks)?;
    Ok(Line {
        number,
        agency,
        event_id,
        event,
        case_id,
        opens,
    })
}

/// One JSON value in which no name stands twice in one object.
pub(super) fn json(text: &[u8]) -> Result<Value, Problem> {
    let Unique(value) = serde_json::from_slice(text).map_err(|error| form(&error))?;
    Ok(value)
}

/// The bytes of an event in proto3 JSON, its case, and whether it opens that.
pub(super) fn event(
    json: &Value,
    checks: &Checks,
) -> Result<(Vec<u8>, Option<CaseId>, bool), Problem> {
    let bytes = event_from_json(&json.to_string()).map_err(|error| match error {
        JsonError::Form { problem, .. } => Problem::new(
            "event",
            problem,
            "see proto/caseledger/v1/event.proto for the fields of an event",
        ),
        JsonError::NotAnEvent | JsonError::NoDescriptor => {
            Problem::new("event", error.to_string(), "")
        }
    })?;
    if bytes.len() > limits::EVENT_BYTES {
        let what = format!(
            "has {} bytes; the limit is {}",
            bytes.len(),
            limits::EVENT_BYTES
        );
        return Err(Problem::new(
            "event",
            what,
            "send a summary of a long document",
        ));
    }
    fields::split(&bytes, &checks.singular)
        .map_err(|refusal| Problem::new("event", refusal.to_string(), ""))?;
    let event = decode_event(&bytes).map_err(Problem::refused)?;
    check::event(&event, checks.now).map_err(Problem::refused)?;
    let opens = matches!(event.content, Content::Case(CaseContent::CaseOpened(_)));
    Ok((bytes, event.case_id, opens))
}

/// Keeps of a parser's message what names a field of the line, and leaves out what may repeat a value.
fn form(error: &serde_json::Error) -> Problem {
    let remedy = r#"a line is {"agency": …, "eventId": …, "event": {…}}"#;
    let words = error.to_string();
    let words = words.split(" at line").next().unwrap_or_default();
    let named = [
        "missing field",
        "unknown field",
        "duplicate field",
        unique::TWICE,
    ];
    let what = if error.is_syntax() || error.is_eof() {
        format!("is not JSON (column {})", error.column())
    } else if named.iter().any(|name| words.starts_with(name)) {
        words.to_owned()
    } else {
        format!(
            "a value has another type than it must (column {})",
            error.column()
        )
    };
    Problem::new("line", what, remedy)
}

#[cfg(test)]
mod tests;
