//! Sealing: from an event and its place to an entry. Pure, and checked with the same functions that check what is read.

use super::{Authenticated, EntryKind, HEADER_MAX, Header, Ingest, LedgerFields, SealedEntry};
use crate::ledger::chain::{Break, ChainHead, check_next};
use crate::ledger::codec::{DecodeError, NUMBER_MAX, Writer};
use crate::ledger::commitment::{Room, Secret, fields_root};
use crate::ledger::content::{self, EntryKey};
use crate::ledger::digest::{ChainTag, EventDigest, FieldsRoot, Purpose, derive};
use crate::ledger::fields::{FieldRefusal, Singular};
use crate::ledger::statement::Statement;

/// An event on its way to be sealed. [`Unsealed::prepare`] commits to its fields, off the writer's path.
#[derive(Clone, Debug)]
pub struct Unsealed {
    /// Kind of entry.
    pub kind: EntryKind,
    /// What its author states. Unsigned, its fields root may be zero: it is filled in.
    pub statement: Statement,
    /// The author's signature, already verified, when it signs.
    pub signature: Option<[u8; 64]>,
    /// The event's secret.
    pub secret: Secret,
    /// The exact event bytes.
    pub event: Vec<u8>,
    /// Live or back-loaded.
    pub ingest: Ingest,
    /// How its author was known.
    pub authenticated: Authenticated,
}

/// Why an event cannot be committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// Its bytes cannot be split into fields.
    #[error(transparent)]
    Fields(#[from] FieldRefusal),
    /// The statement commits to other fields than the event has under this secret.
    #[error("the statement's fields root is not that of the event and secret sent with it")]
    FieldsRoot,
}

/// An event that is committed to and only needs its place: statement and content are known to agree.
#[derive(Clone, Debug)]
pub struct Prepared {
    event: Unsealed,
    statement: Vec<u8>,
}

impl Unsealed {
    /// Splits the event, commits to its fields and compares with the statement.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn prepare(self, singular: &Singular) -> Result<Prepared, PrepareError> {
        let root = fields_root(&self.event, &self.secret, singular)?;
        self.bind(root)
    }

    /// `root` is that of the event under the secret.
    fn bind(mut self, root: FieldsRoot) -> Result<Prepared, PrepareError> {
        if self.statement.key_id.is_none() && self.statement.fields_root == FieldsRoot::ZERO {
            self.statement.fields_root = root;
        }
        if self.statement.fields_root != root {
            return Err(PrepareError::FieldsRoot);
        }
        let statement = self.statement.encode();
        Ok(Prepared {
            event: self,
            statement,
        })
    }
}

/// The exact bytes of an event and the secret they are committed to under: split and hashed once, before anything else
/// about the entry is known.
#[derive(Clone, Debug)]
pub struct CommittedEvent {
    event: Vec<u8>,
    secret: Secret,
    root: FieldsRoot,
}

/// Everything that an unsealed entry says besides its event.
#[derive(Clone, Debug)]
pub struct Framing {
    /// Kind of entry.
    pub kind: EntryKind,
    /// What its author states. Unsigned, its fields root may be zero: it is filled in.
    pub statement: Statement,
    /// The author's signature, already verified, when it signs.
    pub signature: Option<[u8; 64]>,
    /// Live or back-loaded.
    pub ingest: Ingest,
    /// How its author was known.
    pub authenticated: Authenticated,
}

impl CommittedEvent {
    /// Splits the event and commits to its fields, in `room`.
    ///
    /// # Errors
    /// [`FieldRefusal`].
    pub fn new(
        event: Vec<u8>,
        secret: Secret,
        singular: &Singular,
        room: &mut Room,
    ) -> Result<Self, FieldRefusal> {
        let root = room.fields_root(&event, &secret, singular)?;
        Ok(Self {
            event,
            secret,
            root,
        })
    }

    /// The exact event bytes.
    #[must_use]
    pub fn event(&self) -> &[u8] {
        &self.event
    }

    /// Puts it under a statement, after a comparison of the two.
    ///
    /// # Errors
    /// [`PrepareError::FieldsRoot`].
    pub fn prepare(self, framing: Framing) -> Result<Prepared, PrepareError> {
        let Framing {
            kind,
            statement,
            signature,
            ingest,
            authenticated,
        } = framing;
        let unsealed = Unsealed {
            kind,
            statement,
            signature,
            secret: self.secret,
            event: self.event,
            ingest,
            authenticated,
        };
        unsealed.bind(self.root)
    }
}

impl Prepared {
    /// The same for another chain, or otherwise ingested, without hashing the event again: its fields root says nothing
    /// of either. `None` when it is signed, because its author's statement names the chain.
    #[must_use]
    pub fn moved_to(&self, tag: ChainTag, ingest: Ingest) -> Option<Self> {
        if self.event.signature.is_some() || self.event.statement.key_id.is_some() {
            return None;
        }
        let mut event = self.event.clone();
        event.statement.tag = tag;
        event.ingest = ingest;
        let statement = event.statement.encode();
        Some(Self { event, statement })
    }

    /// What its author states, with the fields root.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.event.statement
    }

    /// Kind of entry it will be.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        self.event.kind
    }

    /// The event's secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.event.secret
    }

    /// The exact event bytes.
    #[must_use]
    pub fn event(&self) -> &[u8] {
        &self.event.event
    }
}

/// Where an entry goes.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// Index in the whole ledger.
    pub position: u64,
    /// Microseconds since 1970 UTC; one for the whole commit.
    pub appended: u64,
    /// The chain as it stands.
    pub head: &'a ChainHead,
    /// Key of this position.
    pub key: &'a EntryKey,
}

/// Why an event could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The event is longer than the format allows.
    #[error(transparent)]
    TooLong(#[from] content::TooLong),
    /// Position or time is above what the format allows.
    #[error("the position or the time is beyond the format's range")]
    Range,
    /// Its parts do not make an entry of the format.
    #[error("the parts do not make an entry: {0}")]
    Form(#[from] DecodeError),
    /// It would not follow the head of its chain.
    #[error("the entry does not follow its chain: {0}")]
    Chain(#[from] Break),
}

/// Numbers, links and encrypts an event. Pure: the same input gives the same bytes. What comes out has been decoded
/// and passed through [`check_next`] again, so a mistake here cannot reach the store. Gives the chain's new head.
///
/// # Errors
/// [`SealError`]; nothing is changed.
pub fn seal(prepared: &Prepared, place: &Place<'_>) -> Result<(SealedEntry, ChainHead), SealError> {
    let Prepared { event, statement } = prepared;
    let case_seq = place.head.case_seq().saturating_add(1);
    if place.position > NUMBER_MAX || place.appended > NUMBER_MAX || case_seq > NUMBER_MAX {
        return Err(SealError::Range);
    }
    let content = content::seal(
        place.key,
        place.position,
        statement,
        &event.secret,
        &event.event,
    )?;
    let fields = LedgerFields {
        kind: event.kind,
        position: place.position,
        case_seq,
        previous_leaf: place.head.last_leaf(),
        appended: place.appended,
        ingest: event.ingest,
        authenticated: event.authenticated,
        content_digest: content::digest(&content),
    };
    let mut header = Writer::with_capacity(HEADER_MAX);
    header.lp(statement).lp(event
        .signature
        .as_ref()
        .map_or(&[], |bytes| bytes.as_slice()));
    fields.encode(&mut header);
    let event_digest = EventDigest::new(derive(Purpose::Event, header.as_slice()));
    header.bytes(place.head.next_link(&event_digest).as_bytes());
    let header = header.into_vec();
    let parsed = Header::decode(&header)?;
    let head = check_next(place.head, &parsed)?;
    Ok((
        SealedEntry {
            header,
            content,
            parsed,
        },
        head,
    ))
}
