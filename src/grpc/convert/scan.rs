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

/// Scans the bytes of an event.
pub(super) fn scan(bytes: &[u8]) -> Result<Found, Refusal> {
    let mut found = Found::default();
    let mut bodies = 0_u32;
    let mut rest = bytes;
    while !rest.is_empty() {
        let record = record(&mut rest).ok_or_else(malformed)?;
        if wire::is_body(record.number) {
            bodies = bodies.saturating_add(1);
            if bodies > 1 {
                return Err(two_bodies());
            }
            scan_body(&record, &mut found)?;
        } else if !wire::is_known(0, record.number) {
            found.unknown_fields = found.unknown_fields.saturating_add(1);
        }
    }
    Ok(found)
}

fn scan_body(body: &Record<'_>, found: &mut Found) -> Result<(), Refusal> {
    if !wire::is_known(0, body.number) {
        found.unknown_body = Some(body.number);
        return Ok(());
    }
    let mut rest = body.payload;
    while !rest.is_empty() {
        let field = record(&mut rest).ok_or_else(malformed)?;
        if !wire::is_known(body.number, field.number) {
            found.unknown_fields = found.unknown_fields.saturating_add(1);
        }
    }
    Ok(())
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
