//! Reading the ledger's own events back, strictly: every field of the kind, once each and in order, nothing else.

use super::{CloseReason, Erased, KeyFate, OwnEvent};
use crate::ledger::codec::{DecodeError, Reader};
use crate::ledger::digest::{ChainTag, Link, TreeHash};
use crate::ledger::entry::EntryKind;

impl OwnEvent {
    /// Reads the event bytes of an entry of this kind. What is accepted encodes to the very same bytes again.
    ///
    /// # Errors
    /// [`DecodeError`] naming the field, or the kind when it is not one that the ledger writes itself.
    pub fn decode(kind: EntryKind, event: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Records(Reader::new(event));
        let own = match kind {
            EntryKind::CaseEvent | EntryKind::RegistryEvent => {
                return Err(DecodeError::Invalid("entry kind"));
            }
            EntryKind::AccessQuestion => question(&mut from)?,
            EntryKind::AccessOpen => Self::Open {
                stream: from.array(1, "stream id")?,
                reader: from.text(2, "reader")?,
                method: from.text(3, "method")?,
                from: from.varint(4, "from position")?,
            },
            EntryKind::AccessClose => close(&mut from)?,
            EntryKind::ErasureOrder => erasure(&mut from)?,
            EntryKind::Heads => Self::Heads {
                size: from.varint(1, "size")?,
                chains: from.varint(2, "number of chains")?,
                root: TreeHash::new(from.array(3, "root")?),
            },
            EntryKind::Reopened => Self::Reopened {
                size: from.varint(1, "size found")?,
                root: TreeHash::new(from.array(2, "root found")?),
                boot_before: from.array(3, "boot id in the head file")?,
                boot_now: from.array(4, "boot id now")?,
            },
            EntryKind::KeyChange => key_change(&mut from)?,
            EntryKind::ClockAcceptance => Self::ClockAcceptance {
                last: from.varint(1, "last appended time")?,
                accepted: from.varint(2, "clock reading accepted")?,
                operator: from.text(3, "operator")?,
                reason: from.text(4, "reason")?,
            },
        };
        from.0.finish("event of the ledger")?;
        Ok(own)
    }
}

fn question(from: &mut Records<'_>) -> Result<OwnEvent, DecodeError> {
    let (person, role) = (from.text(1, "person")?, from.text(2, "role")?);
    let (purpose, method) = (from.text(3, "purpose")?, from.text(4, "method")?);
    let mut cases = Vec::new();
    while from.next_is(5) {
        cases.push(ChainTag::new(from.array(5, "case tag")?));
    }
    Ok(OwnEvent::Question {
        person,
        role,
        purpose,
        method,
        cases,
        request: from.bytes(6, "request")?.to_vec(),
        pinned: from.varint(7, "ledger size of the answer")?,
    })
}

fn close(from: &mut Records<'_>) -> Result<OwnEvent, DecodeError> {
    let stream = from.array(1, "stream id")?;
    let reason = match from.varint(2, "reason")? {
        1 => CloseReason::Closed,
        2 => CloseReason::Hourly,
        3 => CloseReason::Broken,
        _ => return Err(DecodeError::Invalid("reason")),
    };
    Ok(OwnEvent::Close {
        stream,
        reason,
        up_to: from.varint(3, "up to position")?,
        delivered: from.varint(4, "entries delivered")?,
    })
}

fn erasure(from: &mut Records<'_>) -> Result<OwnEvent, DecodeError> {
    let position = from.varint(1, "position")?;
    let link = Link::new(from.array(2, "link")?);
    let what = from.varint(3, "what is erased")?;
    let (authority, basis) = (from.text(4, "authority")?, from.text(5, "legal basis")?);
    let approvers = [from.text(6, "approver")?, from.text(6, "approver")?];
    let fields_gone = from.varint(7, "number of fields")?;
    let kept = from.bytes(8, "disclosure of what stays")?;
    let what = match what {
        1 if kept.is_empty() => Erased::Entry,
        2 => Erased::Fields(kept.to_vec()),
        _ => return Err(DecodeError::Invalid("what is erased")),
    };
    Ok(OwnEvent::ErasureOrder {
        position,
        link,
        what,
        authority,
        basis,
        approvers,
        fields_gone,
    })
}

fn key_change(from: &mut Records<'_>) -> Result<OwnEvent, DecodeError> {
    let fate = match from.varint(1, "what happens to the key")? {
        1 => KeyFate::Added,
        2 => KeyFate::Retired,
        3 => KeyFate::Revoked,
        _ => return Err(DecodeError::Invalid("what happens to the key")),
    };
    Ok(OwnEvent::KeyChange {
        fate,
        vkey: from.text(2, "vkey")?,
        from: from.varint(3, "in force from")?,
    })
}

/// The records of a protobuf message whose field numbers are below 16, each asked for by number.
struct Records<'a>(Reader<'a>);

impl<'a> Records<'a> {
    fn next_is(&self, number: u8) -> bool {
        self.0.rest().first() == Some(&(number << 3 | 2))
    }

    fn varint(&mut self, number: u8, what: &'static str) -> Result<u64, DecodeError> {
        self.0.expect(&[number << 3], what)?;
        self.raw(what)
    }

    fn bytes(&mut self, number: u8, what: &'static str) -> Result<&'a [u8], DecodeError> {
        self.0.expect(&[number << 3 | 2], what)?;
        let length = usize::try_from(self.raw(what)?).ok();
        self.0
            .take(length.ok_or(DecodeError::Truncated(what))?, what)
    }

    fn array<const N: usize>(
        &mut self,
        number: u8,
        what: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let bytes = self.bytes(number, what)?;
        bytes.try_into().ok().ok_or(DecodeError::Invalid(what))
    }

    fn text(&mut self, number: u8, what: &'static str) -> Result<String, DecodeError> {
        let bytes = self.bytes(number, what)?.to_vec();
        String::from_utf8(bytes)
            .ok()
            .ok_or(DecodeError::Invalid(what))
    }

    /// A varint of 64 bits in its shortest form.
    fn raw(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.0.u8(what)?;
            let low = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if low << shift >> shift != low || (byte == 0 && shift > 0) {
                return Err(DecodeError::Invalid(what));
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Invalid(what))
    }
}
