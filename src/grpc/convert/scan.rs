//! What the typed decoder would pass over in silence: fields that it does not know, and a second
//! body. Reads the records of the envelope and of the body, one level each.

use super::At;
use crate::domain::check::Refusal;
use crate::domain::event::wire;

/// What a scan found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The number of a body that this program does not know.
    pub(super) unknown_body: Option<u32>,
    /// How many fields of the envelope and body this program does not know.
    pub(super) unknown_fields: u32,
}

impl Found {
    fn count(&mut self, body: u32, number: u32) {
        self.add(u32::from(!wire::is_known(body, number)));
    }

    fn add(&mut self, fields: u32) {
        self.unknown_fields = self.unknown_fields.saturating_add(fields);
    }
}

/// Scans the bytes of an event, and of the one that a correction carries. Runs before any decoder
/// that recurses, so that nested corrections cannot exhaust its stack.
pub(super) fn scan(bytes: &[u8]) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let mut body = None;
    for record in Records(bytes) {
        let record = record?;
        if wire::is_body(record.number) {
            if body.replace(record).is_some() {
                return Err(two_bodies());
            }
        } else {
            found.count(0, record.number);
        }
    }
    let Some(body) = body else { return Ok(found) };
    if !wire::is_known(0, body.number) {
        found.unknown_body = Some(body.number);
        return Ok(found);
    }
    for field in Records(body.payload) {
        let field = field?;
        found.count(body.number, field.number);
        if (body.number, field.number) == wire::CORRECTED {
            found.add(scan_corrected(field.payload)?);
        }
    }
    Ok(found)
}

/// Scans the event inside a correction; gives how many fields are not known.
fn scan_corrected(bytes: &[u8]) -> Result<u32, Refusal> {
    let about_record = Records(bytes)
        .flatten()
        .any(|record| wire::is_about_record(record.number));
    if about_record {
        return Err(At::ROOT.inside("event_corrected.corrected").refuse(
            "is itself an entry about the record",
            "send the whole corrected event, and the original as the target",
        ));
    }
    scan(bytes).map(|found| found.unknown_fields)
}

fn malformed() -> Refusal {
    At::ROOT.inside("event").refuse(
        "is not a protobuf message",
        "send the bytes as the encoder gave them",
    )
}

/// The refusal of a second body.
pub(super) fn two_bodies() -> Refusal {
    At::ROOT
        .inside("body")
        .refuse("is there twice", "send one event for each kind of content")
}

struct Record<'a> {
    number: u32,
    payload: &'a [u8],
}

/// The records of a message in order; ends after the first that is malformed.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = record(&mut self.0);
        if taken.is_none() {
            self.0 = &[];
        }
        Some(taken.ok_or_else(malformed))
    }
}

/// Takes one record off the front; none when the bytes are malformed or hold a group.
fn record<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let key = varint(rest)?;
    let number = u32::try_from(key >> 3)
        .ok()
        .filter(|n| (1..(1 << 29)).contains(n))?;
    let length = match key & 7 {
        0 => {
            varint(rest)?;
            0
        }
        1 => 8,
        2 => usize::try_from(varint(rest)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (payload, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(Record { number, payload })
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
