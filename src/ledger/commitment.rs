//! Salted commitments to the fields of an event, and disclosure of some of them (FORMAT.md section 4).

use std::fmt;

use zeroize::Zeroizing;

use super::codec::{DecodeError, Reader, Writer};
use super::digest::{Commitment, Deriver, FieldsRoot, Purpose, derive};
use super::fields::{EVENT_BYTES_MAX, FIELDS_MAX, Field, FieldRefusal, Path, Singular, split};

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
        let mut front = Writer::with_capacity(FRONT);
        match self.value.split_first() {
            None => commitment(&self.salt, &self.path, None, &[], &mut front),
            Some((wire_type, payload)) => {
                let wire_type = Some(*wire_type);
                commitment(&self.salt, &self.path, wire_type, payload, &mut front)
            }
        }
    }
}

/// Commitment of one field: salt, `lp(path)`, `lp(value)`, where the value is the wire type and the payload, or nothing
/// for a marker.
///
/// `front` is room for what stands before the payload: hashed in one piece, because twenty fields an event make many
/// small ones.
fn commitment(
    salt: &[u8; 32],
    path: &Path,
    wire_type: Option<u8>,
    payload: &[u8],
    front: &mut Writer,
) -> Commitment {
    front.clear();
    front.bytes(salt);
    let outer = path.outer.encode();
    match path.inner {
        None => front.lp(&outer),
        Some(inner) => front.lp_of(&[&outer, &inner.encode()]),
    };
    match wire_type {
        None => front.lp(&[]),
        Some(wire_type) => front
            .u32(u32::try_from(payload.len().saturating_add(1)).unwrap_or(u32::MAX))
            .u8(wire_type),
    };
    let mut hash = Deriver::new(Purpose::FieldCommitment);
    hash.bytes(front.as_slice()).bytes(payload);
    Commitment::new(hash.finish())
}

/// All fields of an event with their salts, and the sorted commitments with decoys among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    opened: Vec<Opened>,
    commitments: Vec<Commitment>,
    root: FieldsRoot,
}

/// Most bytes before a payload: salt, `lp(path)`, length and wire type of the value.
const FRONT: usize = 32 + 4 + 24 + 4 + 1;

/// How many commitments an event of this many fields has: the next multiple of 8.
const fn padded(fields: usize) -> usize {
    fields.next_multiple_of(8)
}

/// Hash over the sorted commitments.
fn root_of(commitments: &[Commitment]) -> FieldsRoot {
    let count = u32::try_from(commitments.len()).unwrap_or(u32::MAX);
    let mut input = Writer::with_capacity(commitments.len() * 32 + 4);
    input.u32(count);
    for commitment in commitments {
        input.bytes(commitment.as_bytes());
    }
    FieldsRoot::new(derive(Purpose::FieldsRoot, input.as_slice()))
}

/// Salts and decoys of an event of this many fields, one after the other.
fn blocks(secret: &Secret, fields: usize) -> Zeroizing<Vec<u8>> {
    let mut blocks = Zeroizing::new(vec![0; padded(fields) * 32]);
    let mut salts = Deriver::new(Purpose::FieldSalts);
    salts.bytes(secret.as_bytes()).fill(&mut blocks);
    blocks
}

/// The commitments to these fields and the decoys among them, sorted.
fn commitments(fields: &[Field<'_>], blocks: &[u8]) -> Vec<Commitment> {
    let (salts, _) = blocks.as_chunks::<32>();
    let (salts, decoys) = salts.split_at(fields.len().min(salts.len()));
    let mut front = Writer::with_capacity(FRONT);
    let real = fields.iter().zip(salts).map(|(field, salt)| {
        commitment(
            salt,
            &field.path,
            field.wire_type,
            field.payload,
            &mut front,
        )
    });
    let decoys = decoys.iter().map(|decoy| Commitment::new(*decoy));
    let mut commitments: Vec<Commitment> = real.chain(decoys).collect();
    // Two that differ nearly always differ in the first eight bytes, which compare as one number.
    commitments.sort_unstable_by(|a, b| front_of(a).cmp(&front_of(b)).then_with(|| a.cmp(b)));
    commitments
}

fn front_of(commitment: &Commitment) -> u64 {
    let bytes = commitment.as_bytes().first_chunk();
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
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
    let fields = split(event, singular)?;
    Ok(root_of(&commitments(
        &fields,
        &blocks(secret, fields.len()),
    )))
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
    let blocks = blocks(secret, fields.len());
    let commitments = commitments(&fields, &blocks);
    let (salts, _) = blocks.as_chunks::<32>();
    let opened = fields.iter().zip(salts).map(|(field, salt)| Opened {
        salt: *salt,
        path: field.path,
        value: field.value(),
    });
    Ok(Committed {
        opened: opened.collect(),
        root: root_of(&commitments),
        commitments,
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
        if root_of(&self.commitments) != root {
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
