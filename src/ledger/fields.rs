//! Splitting the exact bytes of an event into fields, without a schema (FORMAT.md section 3).
//!
//! The event stays as its author sent it. A field is one record of the protobuf message (or of its single *body*, the
//! record numbered 100–999), named by a [`Path`] that also tells how many records of its number there are.

use std::fmt;

/// Most fields an event may have, markers included.
pub const FIELDS_MAX: usize = 512;
/// Most bytes an event may have in the format; a server accepts less.
pub const EVENT_BYTES_MAX: usize = 16_000_000;

/// Field numbers known to be singular, as (body number or 0 for the top level, field number).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Singular(std::collections::BTreeSet<(u32, u32)>);

impl Singular {
    /// Makes the list.
    #[must_use]
    pub fn new(known: impl IntoIterator<Item = (u32, u32)>) -> Self {
        Self(known.into_iter().collect())
    }

    /// Is this number known to occur at most once at this level?
    #[must_use]
    pub fn contains(&self, body: u32, number: u32) -> bool {
        self.0.contains(&(body, number))
    }
}

/// One level of a path: the `index`-th (from 0) of `count` records of `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Field number, 1 to 2^29 − 1.
    pub number: u32,
    /// Which of the records of this number, from 0.
    pub index: u32,
    /// How many records of this number the message has.
    pub count: u32,
}

impl Step {
    /// The 12 bytes: number, index and count.
    pub(super) fn encode(self) -> [u8; 12] {
        let words = [self.number, self.index, self.count].map(u32::to_be_bytes);
        let mut out = [0; 12];
        out.copy_from_slice(words.as_flattened());
        out
    }

    fn decode(bytes: &[u8; 12]) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<4>();
        let [number, index, count] = <[[u8; 4]; 3]>::try_from(words)
            .ok()?
            .map(u32::from_be_bytes);
        let step = Self {
            number,
            index,
            count,
        };
        let real = (1..1 << 29).contains(&step.number) && step.index < step.count;
        real.then_some(step)
    }
}

/// Where a field stands. Ordered as its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// At the top level.
    pub outer: Step,
    /// In the body; `None` for a top-level field and for the body's marker.
    pub inner: Option<Step>,
}

impl Path {
    /// The bytes: 12 or 24.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        out.extend_from_slice(&self.outer.encode());
        if let Some(inner) = self.inner {
            out.extend_from_slice(&inner.encode());
        }
        out
    }

    /// Reads 12 or 24 bytes; `None` when they are no possible path.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (outer, rest) = bytes.split_first_chunk::<12>()?;
        let outer = Step::decode(outer)?;
        if rest.is_empty() {
            return Some(Self { outer, inner: None });
        }
        let inner = Step::decode(<&[u8; 12]>::try_from(rest).ok()?)?;
        is_body(outer.number).then_some(Self {
            outer,
            inner: Some(inner),
        })
    }

    /// Is this the marker of a body?
    #[must_use]
    pub const fn is_marker(&self) -> bool {
        self.inner.is_none() && is_body(self.outer.number)
    }

    /// A known singular number on this path that occurs more than once, if any: a verifier refuses such a field.
    #[must_use]
    pub fn repeats_singular(&self, singular: &Singular) -> Option<u32> {
        let outer = self.outer;
        // There is at most one body, so its count is 1 whatever the schema says.
        if (is_body(outer.number) || singular.contains(0, outer.number)) && outer.count != 1 {
            return Some(outer.number);
        }
        let inner = self.inner?;
        let wrong = singular.contains(outer.number, inner.number) && inner.count != 1;
        wrong.then_some(inner.number)
    }
}

/// A top-level record of this number is opened one level.
#[must_use]
pub const fn is_body(number: u32) -> bool {
    matches!(number, 100..=999)
}

/// One field of an event, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Where it stands.
    pub path: Path,
    /// Protobuf wire type (0, 1, 2 or 5); `None` for a marker.
    pub wire_type: Option<u8>,
    /// Payload, without the length of wire type 2; empty for a marker.
    pub payload: &'a [u8],
}

impl Field<'_> {
    /// The committed value: wire type and payload; empty for a marker.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        self.wire_type
            .into_iter()
            .chain(self.payload.iter().copied())
            .collect()
    }
}

/// Why event bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No bytes.
    Empty,
    /// More than [`EVENT_BYTES_MAX`] bytes.
    TooLong,
    /// They end inside a key, length, varint or payload.
    Truncated,
    /// A key, length or varint longer than need be.
    NonMinimal,
    /// A key, length or varint above its limit.
    VarintTooLarge,
    /// Field number 0.
    FieldZero,
    /// Wire type 3 or 4.
    Group,
    /// Wire type 6 or 7.
    WireType,
    /// A record numbered 100–999 that is not length-delimited.
    BodyWireType,
    /// A second body.
    TwoBodies,
    /// A second record of a number known to be singular.
    SingularRepeated,
    /// More than [`FIELDS_MAX`] fields.
    TooManyFields,
}

impl Reason {
    /// The name used in FORMAT.md and in the vectors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Truncated => "truncated",
            Self::NonMinimal => "non_minimal",
            Self::VarintTooLarge => "varint_too_large",
            Self::FieldZero => "field_zero",
            Self::Group => "group",
            Self::WireType => "wire_type",
            Self::BodyWireType => "body_wire_type",
            Self::TwoBodies => "two_bodies",
            Self::SingularRepeated => "singular_repeated",
            Self::TooManyFields => "too_many_fields",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Empty => "there are no event bytes",
            Self::TooLong => "the event is longer than the format allows",
            Self::Truncated => "the event's bytes end too early",
            Self::NonMinimal => "a key, length or varint is longer than need be",
            Self::VarintTooLarge => "a key, length or varint is too large",
            Self::FieldZero => "field number 0 is not allowed",
            Self::Group => "groups are not allowed",
            Self::WireType => "the wire type is unknown",
            Self::BodyWireType => "a body (number 100 to 999) must be a message",
            Self::TwoBodies => "an event has at most one body (number 100 to 999)",
            Self::SingularRepeated => "a field that occurs once was sent more than once",
            Self::TooManyFields => "the event has more than 512 fields",
        }
    }
}

/// A refusal of event bytes, naming the field as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FieldRefusal {
    /// Why.
    pub reason: Reason,
    /// The body it happened in.
    pub body: Option<u32>,
    /// The field's number, when its key could be read.
    pub number: Option<u32>,
}

impl fmt::Display for FieldRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.words())?;
        match (self.body, self.number) {
            (Some(body), Some(number)) => write!(f, " (field {body}.{number})"),
            (Some(body), None) => write!(f, " (in field {body})"),
            (None, Some(number)) => write!(f, " (field {number})"),
            (None, None) => Ok(()),
        }
    }
}

/// Reads the records of both levels in order.
struct Splitter<'a, 's> {
    singular: &'s Singular,
    /// The records so far; how many of a number there are is filled in at the end.
    fields: Vec<Field<'a>>,
    /// How many records of a number at a level there are, sorted.
    counts: Vec<((u32, u32), u32)>,
    body: Option<u32>,
}

/// Room for the fields of one event, used again for the next: it holds nothing in between.
#[derive(Debug, Default)]
pub(super) struct FieldRoom {
    fields: Vec<Field<'static>>,
    counts: Vec<((u32, u32), u32)>,
}

impl FieldRoom {
    /// Splits an event into fields in order of path, in this room; hand them back to [`Self::take_back`].
    pub(super) fn split<'a>(
        &mut self,
        event: &'a [u8],
        singular: &Singular,
    ) -> Result<Vec<Field<'a>>, FieldRefusal> {
        let mut splitter = Splitter {
            singular,
            fields: emptied(std::mem::take(&mut self.fields)),
            counts: std::mem::take(&mut self.counts),
            body: None,
        };
        splitter.counts.clear();
        let read = splitter.event(event);
        let Splitter { fields, counts, .. } = splitter;
        self.counts = counts;
        match read {
            Ok(()) => Ok(fields),
            Err(refusal) => {
                self.take_back(fields);
                Err(refusal)
            }
        }
    }

    /// Takes the room of fields back.
    pub(super) fn take_back(&mut self, fields: Vec<Field<'_>>) {
        self.fields = emptied(fields);
    }
}

/// The same room for other fields: the allocation is kept, the elements are gone.
fn emptied<'b>(mut fields: Vec<Field<'_>>) -> Vec<Field<'b>> {
    fields.clear();
    fields.into_iter().map_while(|_none| None).collect()
}

/// Splits event bytes into fields, in order of path.
///
/// # Errors
/// The first [`FieldRefusal`] reading from the left.
pub fn split<'a>(event: &'a [u8], singular: &Singular) -> Result<Vec<Field<'a>>, FieldRefusal> {
    FieldRoom {
        fields: Vec::with_capacity(32),
        counts: Vec::with_capacity(32),
    }
    .split(event, singular)
}

impl<'a> Splitter<'a, '_> {
    fn event(&mut self, event: &'a [u8]) -> Result<(), FieldRefusal> {
        let whole = |reason| FieldRefusal {
            reason,
            body: None,
            number: None,
        };
        if event.is_empty() {
            return Err(whole(Reason::Empty));
        }
        if event.len() > EVENT_BYTES_MAX {
            return Err(whole(Reason::TooLong));
        }
        self.message(event, None)?;
        self.count();
        if !self.fields.is_sorted_by_key(|field| field.path) {
            self.fields.sort_by_key(|field| field.path);
        }
        Ok(())
    }

    /// Reads the records of one message; `body` is set in the second level.
    fn message(&mut self, mut bytes: &'a [u8], body: Option<u32>) -> Result<(), FieldRefusal> {
        while !bytes.is_empty() {
            let refuse = |number| {
                move |reason| FieldRefusal {
                    reason,
                    body,
                    number,
                }
            };
            let (key, _, rest) = varint(bytes, 5, u64::from(u32::MAX)).map_err(refuse(None))?;
            let number = u32::try_from(key >> 3)
                .ok()
                .ok_or(refuse(None)(Reason::VarintTooLarge))?;
            let refuse = refuse(Some(number));
            let wire_type = (key & 7) as u8;
            let index = self.admit(number, wire_type, body).map_err(refuse)?;
            let (payload, rest) = payload(rest, wire_type).map_err(refuse)?;
            let opened = body.is_none() && is_body(number);
            self.fields.push(Field {
                path: path_of(body, number, index),
                wire_type: (!opened).then_some(wire_type),
                payload: if opened { &[] } else { payload },
            });
            if opened {
                self.message(payload, Some(number))?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Checks a record's key and counts it; gives its index among those of its number.
    fn admit(&mut self, number: u32, wire_type: u8, body: Option<u32>) -> Result<u32, Reason> {
        if number == 0 {
            return Err(Reason::FieldZero);
        }
        match wire_type {
            3 | 4 => return Err(Reason::Group),
            6 | 7 => return Err(Reason::WireType),
            _ => {}
        }
        if body.is_none() && is_body(number) {
            if wire_type != 2 {
                return Err(Reason::BodyWireType);
            }
            if self.body.replace(number).is_some() {
                return Err(Reason::TwoBodies);
            }
        }
        let level = body.unwrap_or(0);
        let place = self.find(level, number);
        if place.is_ok() && self.singular.contains(level, number) {
            return Err(Reason::SingularRepeated);
        }
        if self.fields.len() >= FIELDS_MAX {
            return Err(Reason::TooManyFields);
        }
        match place {
            Err(place) => {
                self.counts.insert(place, ((level, number), 1));
                Ok(0)
            }
            Ok(place) => {
                let count = self.counts.get_mut(place).map(|(_, count)| count);
                // At most FIELDS_MAX records are counted, so this cannot overflow.
                Ok(count.map_or(0, |count| std::mem::replace(count, count.saturating_add(1))))
            }
        }
    }

    /// Where the count of a number at a level stands, or would. Most writers send numbers in order.
    fn find(&self, level: u32, number: u32) -> Result<usize, usize> {
        match self.counts.last() {
            Some((last, _)) if *last >= (level, number) => self
                .counts
                .binary_search_by_key(&(level, number), |(key, _)| *key),
            Some(_) | None => Err(self.counts.len()),
        }
    }

    /// Tells every field how many of its number there are.
    fn count(&mut self) {
        // Every number occurs once: that is what they say already.
        if self.counts.len() == self.fields.len() {
            return;
        }
        for field in &mut self.fields {
            let (level, step) = match &mut field.path.inner {
                None => (0, &mut field.path.outer),
                Some(step) => (field.path.outer.number, step),
            };
            let key = (level, step.number);
            if let Ok(at) = self.counts.binary_search_by_key(&key, |(key, _)| *key)
                && let Some((_, count)) = self.counts.get(at)
            {
                step.count = *count;
            }
        }
    }
}

/// The path of a record before it is known how many of its number there are.
const fn path_of(body: Option<u32>, number: u32, index: u32) -> Path {
    let step = Step {
        number,
        index,
        count: 1,
    };
    match body {
        None => Path {
            outer: step,
            inner: None,
        },
        Some(number) => Path {
            outer: Step {
                number,
                index: 0,
                count: 1,
            },
            inner: Some(step),
        },
    }
}

/// Reads a varint: its value, its bytes, the rest.
fn varint(bytes: &[u8], bytes_max: usize, max: u64) -> Result<(u64, &[u8], &[u8]), Reason> {
    let mut value = 0_u128;
    for (index, &byte) in bytes.iter().enumerate() {
        if index >= bytes_max {
            return Err(Reason::VarintTooLarge);
        }
        value |= u128::from(byte & 0x7f) << (7 * index);
        let fits = u64::try_from(value).ok().filter(|value| *value <= max);
        let value = fits.ok_or(Reason::VarintTooLarge)?;
        if byte & 0x80 == 0 {
            if byte == 0 && index > 0 {
                return Err(Reason::NonMinimal);
            }
            let (head, rest) = bytes.split_at_checked(index + 1).ok_or(Reason::Truncated)?;
            return Ok((value, head, rest));
        }
    }
    Err(Reason::Truncated)
}

/// Reads the payload of a record: the payload as committed, and the rest.
fn payload(bytes: &[u8], wire_type: u8) -> Result<(&[u8], &[u8]), Reason> {
    match wire_type {
        0 => varint(bytes, 10, u64::MAX).map(|(_, head, rest)| (head, rest)),
        1 => bytes.split_at_checked(8).ok_or(Reason::Truncated),
        5 => bytes.split_at_checked(4).ok_or(Reason::Truncated),
        _ => {
            let (length, _, rest) = varint(bytes, 10, u64::MAX)?;
            let length = usize::try_from(length).ok().ok_or(Reason::Truncated)?;
            rest.split_at_checked(length).ok_or(Reason::Truncated)
        }
    }
}
