//! Salted commitments to the fields of an event, and disclosure of some of them (FORMAT.md section 4).

use std::fmt;

use zeroize::Zeroizing;

use super::codec::{DecodeError, Reader, Writer};
use super::digest::{Commitment, Deriver, FieldsRoot, Purpose, derive};
use super::fields::{
    EVENT_BYTES_MAX, FIELDS_MAX, Field, FieldRefusal, FieldRoom, Path, Singular, split,
};

mod order;

/// The 32 random bytes from which an event's salts come. Whoever has it can open every field.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<[u8; 32]>);

/// A secret of all zeros: a client that forgot to fill it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event's secret is all zero; send 32 random bytes, or none")]
pub struct ZeroSecret;

impl Secret {
    /// Takes 32 random bytes.
    ///
    /// # Errors
    /// [`ZeroSecret`] when they are all zero.
    pub fn new(bytes: [u8; 32]) -> Result<Self, ZeroSecret> {
        if bytes == [0; 32] {
            Err(ZeroSecret)
        } else {
            Ok(Self(Zeroizing::new(bytes)))
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A field shown with its salt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// 32 bytes that hide the value until they are shown.
    pub salt: [u8; 32],
    /// Where the field stands.
    pub path: Path,
    /// Wire type and payload; empty for a marker.
    pub value: Vec<u8>,
}

impl Opened {
    /// The field's commitment.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let (wire_type, payload) = match self.value.split_first() {
            None => (None, [].as_slice()),
            Some((wire_type, payload)) => (Some(*wire_type), payload),
        };
        commitment(
            &mut Short::default(),
            &self.salt,
            &self.path,
            wire_type,
            payload,
        )
    }
}

/// Commitment of one field: salt, `lp(path)`, `lp(value)`, where the value is the wire type and the payload, or nothing
/// for a marker. `input` is room to put them together in.
fn commitment(
    input: &mut Short,
    salt: &[u8; 32],
    path: &Path,
    wire_type: Option<u8>,
    payload: &[u8],
) -> Commitment {
    input.used = 0;
    input.put_whole(salt);
    let outer = path.outer.encode();
    match path.inner {
        None => input.put_whole(&12_u32.to_be_bytes()).put_whole(&outer),
        Some(inner) => input
            .put_whole(&24_u32.to_be_bytes())
            .put_whole(&outer)
            .put_whole(&inner.encode()),
    };
    let length = payload
        .len()
        .saturating_add(usize::from(wire_type.is_some()));
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    input.put_whole(&length.to_be_bytes());
    if let Some(wire_type) = wire_type {
        input.put_whole(&[wire_type]);
    }
    let before = input.used;
    if input.put(payload).used == before.saturating_add(payload.len()) {
        return Commitment::new(derive(Purpose::FieldCommitment, input.as_slice()));
    }
    let mut hash = Deriver::new(Purpose::FieldCommitment);
    Commitment::new(hash.bytes(input.as_slice()).bytes(payload).finish())
}

/// A short input, put together to be hashed in one piece: piece by piece takes twice as long. What it holds is secret.
struct Short {
    bytes: Zeroizing<[u8; 256]>,
    used: usize,
}

impl Default for Short {
    fn default() -> Self {
        let (bytes, used) = (Zeroizing::new([0; 256]), 0);
        Self { bytes, used }
    }
}

impl Short {
    /// Adds bytes; adds none when not all of them fit.
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        let end = self.used.saturating_add(bytes.len());
        if let Some(place) = self.bytes.get_mut(self.used..end) {
            place.copy_from_slice(bytes);
            self.used = end;
        }
        self
    }

    /// The same for bytes whose number is known beforehand.
    fn put_whole<const N: usize>(&mut self, bytes: &[u8; N]) -> &mut Self {
        let rest = self.bytes.get_mut(self.used..);
        if let Some(place) = rest.and_then(|rest| rest.first_chunk_mut()) {
            *place = *bytes;
            self.used = self.used.saturating_add(N);
        }
        self
    }

    /// Forgets the last input.
    fn wipe(&mut self) {
        self.bytes.fill(0);
        self.used = 0;
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

/// All fields of an event with their salts, and the sorted commitments with decoys among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    opened: Vec<Opened>,
    commitments: Vec<Commitment>,
    root: FieldsRoot,
}

/// How many commitments an event of this many fields has: the next multiple of 8.
const fn padded(fields: usize) -> usize {
    fields.next_multiple_of(8)
}

/// Hash over the sorted commitments.
fn root_of(commitments: &[[u8; 32]]) -> FieldsRoot {
    let count = u32::try_from(commitments.len()).unwrap_or(u32::MAX);
    let mut hash = Deriver::new(Purpose::FieldsRoot);
    hash.bytes(&count.to_be_bytes())
        .bytes(commitments.as_flattened());
    FieldsRoot::new(hash.finish())
}

/// Room for what is made on the way to the root of one event, used again for the next. Neither salts nor values stay in it.
#[derive(Default)]
pub struct Room {
    fields: FieldRoom,
    /// Salts and decoys, in order.
    blocks: Zeroizing<Vec<[u8; 32]>>,
    input: Short,
    unsorted: Vec<[u8; 32]>,
    order: Vec<u64>,
    commitments: Vec<[u8; 32]>,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Room(..)")
    }
}

impl Room {
    /// The root of an event's commitments, without keeping what is needed to disclose a field.
    ///
    /// # Errors
    /// A [`FieldRefusal`] when the bytes cannot be split.
    pub fn fields_root(
        &mut self,
        event: &[u8],
        secret: &Secret,
        singular: &Singular,
    ) -> Result<FieldsRoot, FieldRefusal> {
        let fields = self.fields.split(event, singular)?;
        self.commit(&fields, secret);
        self.fields.take_back(fields);
        // The room is seen again, so this is never optimised away; and a byte at a time, as `zeroize` does it, would take
        // as long as a third of the hashing.
        self.blocks.fill([0; 32]);
        Ok(root_of(&self.commitments))
    }

    /// The commitments to these fields and the decoys among them, sorted.
    fn commit(&mut self, fields: &[Field<'_>], secret: &Secret) {
        let padded = padded(fields.len());
        if self.blocks.capacity() < padded {
            // What the old ones hold is wiped; growing would leave it behind.
            self.blocks = Zeroizing::new(Vec::with_capacity(padded));
        }
        self.blocks.resize(padded, [0; 32]);
        Deriver::new(Purpose::FieldSalts)
            .bytes(secret.as_bytes())
            .fill(self.blocks.as_flattened_mut());
        let (salts, decoys) = self.blocks.split_at(fields.len().min(padded));
        let input = &mut self.input;
        let real = fields.iter().zip(salts).map(|(field, salt)| {
            let (path, payload) = (&field.path, field.payload);
            *commitment(input, salt, path, field.wire_type, payload).as_bytes()
        });
        self.unsorted.clear();
        self.unsorted.extend(real.chain(decoys.iter().copied()));
        // The last salt and value. In the room, which is seen again, this is never optimised away.
        self.input.wipe();
        order::sort(&self.unsorted, &mut self.order, &mut self.commitments);
    }
}

/// The root of an event's commitments, without keeping what is needed to disclose a field.
///
/// # Errors
/// A [`FieldRefusal`] when the bytes cannot be split.
pub fn fields_root(
    event: &[u8],
    secret: &Secret,
    singular: &Singular,
) -> Result<FieldsRoot, FieldRefusal> {
    Room::default().fields_root(event, secret, singular)
}

/// Splits an event and commits to each field. The same content and secret give the same root, in whatever order
/// different fields were sent.
///
/// # Errors
/// A [`FieldRefusal`] when the bytes cannot be split.
pub fn commit(
    event: &[u8],
    secret: &Secret,
    singular: &Singular,
) -> Result<Committed, FieldRefusal> {
    let fields = split(event, singular)?;
    let mut room = Room::default();
    room.commit(&fields, secret);
    let opened = fields
        .iter()
        .zip(room.blocks.iter())
        .map(|(field, salt)| Opened {
            salt: *salt,
            path: field.path,
            value: field.value(),
        });
    Ok(Committed {
        opened: opened.collect(),
        root: root_of(&room.commitments),
        commitments: room.commitments.into_iter().map(Commitment::new).collect(),
    })
}

impl Committed {
    /// The root that stands in the statement.
    #[must_use]
    pub const fn root(&self) -> FieldsRoot {
        self.root
    }

    /// Every field with its salt, in order of path.
    #[must_use]
    pub fn opened(&self) -> &[Opened] {
        &self.opened
    }

    /// All commitments, decoys among them, sorted.
    #[must_use]
    pub fn commitments(&self) -> &[Commitment] {
        &self.commitments
    }

    /// Shows the fields for which `show` says yes, and the commitments of all.
    #[must_use]
    pub fn disclose(&self, mut show: impl FnMut(&Path) -> bool) -> Disclosure {
        let fields = self
            .opened
            .iter()
            .filter(|field| show(&field.path))
            .cloned()
            .collect();
        Disclosure {
            commitments: self.commitments.clone(),
            fields,
        }
    }
}

/// All commitments of an event and some of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    commitments: Vec<Commitment>,
    fields: Vec<Opened>,
}

/// Why a disclosure does not belong to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// The commitments do not hash to the statement's fields root.
    #[error("the commitments are not those of the statement")]
    Root,
    /// A field that is shown was not committed to.
    #[error("field {0} is not among the commitments")]
    NotCommitted(u32),
    /// A field that occurs once is shown as one of several.
    #[error("field {0} occurs once but is shown as one of several")]
    SingularRepeated(u32),
}

impl Disclosure {
    /// The fields shown, in order of path.
    #[must_use]
    pub fn fields(&self) -> &[Opened] {
        &self.fields
    }

    /// All commitments, decoys among them, sorted.
    #[must_use]
    pub fn commitments(&self) -> &[Commitment] {
        &self.commitments
    }

    /// Checks that every field shown was committed to under this root.
    ///
    /// # Errors
    /// [`DisclosureError`] naming the first field that does not fit.
    pub fn check(&self, root: FieldsRoot, singular: &Singular) -> Result<(), DisclosureError> {
        let hashed: Vec<[u8; 32]> = self.commitments.iter().map(|it| *it.as_bytes()).collect();
        if root_of(&hashed) != root {
            return Err(DisclosureError::Root);
        }
        for field in &self.fields {
            if let Some(number) = field.path.repeats_singular(singular) {
                return Err(DisclosureError::SingularRepeated(number));
            }
            if self.commitments.binary_search(&field.commitment()).is_err() {
                return Err(DisclosureError::NotCommitted(field.path.outer.number));
            }
        }
        Ok(())
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.u32(u32::try_from(self.commitments.len()).unwrap_or(u32::MAX));
        for commitment in &self.commitments {
            out.bytes(commitment.as_bytes());
        }
        out.u32(u32::try_from(self.fields.len()).unwrap_or(u32::MAX));
        for field in &self.fields {
            out.bytes(&field.salt)
                .lp(&field.path.encode())
                .lp(&field.value);
        }
        out.into_vec()
    }

    /// Reads the bytes; says nothing yet about whether they are true (see [`Self::check`]).
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let what = "number of commitments";
        let count = reader.u32(what)? as usize;
        if count == 0 || count > FIELDS_MAX || !count.is_multiple_of(8) {
            return Err(DecodeError::Invalid(what));
        }
        let mut commitments = Vec::with_capacity(count);
        for _ in 0..count {
            commitments.push(Commitment::new(reader.array("commitments")?));
        }
        if !commitments.is_sorted_by(|a, b| a < b) {
            return Err(DecodeError::Invalid("order of commitments"));
        }
        let what = "number of disclosed fields";
        let shown = reader.u32(what)? as usize;
        if shown > count {
            return Err(DecodeError::Invalid(what));
        }
        let mut fields: Vec<Opened> = Vec::with_capacity(shown);
        for _ in 0..shown {
            let salt = reader.array("salt")?;
            let path = Path::decode(reader.lp(24, "path")?).ok_or(DecodeError::Invalid("path"))?;
            let value = reader.lp(EVENT_BYTES_MAX, "value")?;
            if path.is_marker() != value.is_empty() {
                return Err(DecodeError::Invalid("value"));
            }
            fields.push(Opened {
                salt,
                path,
                value: value.to_vec(),
            });
        }
        if !fields.is_sorted_by(|a, b| a.path < b.path) {
            return Err(DecodeError::Invalid("order of disclosed fields"));
        }
        reader.finish("disclosure")?;
        Ok(Self {
            commitments,
            fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_salts_nor_values_of_an_event_stay_in_the_room() {
        let mut room = Room::default();
        let secret = Secret::new([7; 32]).unwrap();
        let event = [&[0x0a, 3][..], b"C-1"].concat();
        let root = room.fields_root(&event, &secret, &Singular::default());
        let committed = commit(&event, &secret, &Singular::default()).unwrap();
        assert_eq!(root.unwrap(), committed.root());
        assert_eq!(room.input.bytes.as_slice(), [0; 256]);
        assert!(!room.blocks.is_empty());
        assert!(room.blocks.iter().all(|block| *block == [0; 32]));
    }
}
