//! An entry: an event once sealed, its header and its bytes as stored (FORMAT.md sections 2 and 7).
//!
//! A [`SealedEntry`] comes from [`seal`] or from strict decoding, never from its parts:
//!
//! ```compile_fail
//! let forged = caseledger::ledger::entry::SealedEntry { header: vec![], content: vec![] };
//! ```

use super::chain::{Break, ChainHead, check_next};
use super::codec::{DecodeError, NUMBER_MAX, Reader, Writer};
use super::commitment::{Secret, commit};
use super::content::{self, CONTENT_MAX, EntryKey};
use super::digest::{
    ChainTag, ContentDigest, EventDigest, FieldsRoot, Link, Purpose, TreeHash, derive,
};
use super::fields::{FieldRefusal, Singular};
use super::statement::{Origin, Seen, Statement};
use super::tree;

/// The format version written in every entry.
pub const FORMAT_VERSION: u16 = 1;
/// Longest header, bytes (what the parts' limits allow is less).
pub const HEADER_MAX: usize = 1_024;
const STATEMENT_MAX: usize = 512;
const NO_PREVIOUS: u64 = u64::MAX;

/// Which chain an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// A case's own.
    Case,
    /// Agencies, practitioners, feeds.
    Registry,
    /// Who asked what.
    Access,
    /// What the ledger says of itself.
    Ledger,
}

impl Chain {
    /// The chain that this tag names in this ledger: a case unless it is one of the three derived tags.
    #[must_use]
    pub fn of(origin: &Origin, tag: &ChainTag) -> Self {
        if *tag == origin.registry_tag() {
            Self::Registry
        } else if *tag == origin.access_tag() {
            Self::Access
        } else if *tag == origin.ledger_tag() {
            Self::Ledger
        } else {
            Self::Case
        }
    }
}

/// Kind of an entry. Version 1 has these and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum EntryKind {
    /// An event of a case.
    CaseEvent = 1,
    /// An agency, a practitioner, a feed.
    RegistryEvent = 2,
    /// A question by a person.
    AccessQuestion = 3,
    /// A machine began to read.
    AccessOpen = 4,
    /// A machine stopped, or its hourly count.
    AccessClose = 5,
    /// The key of an entry is to be destroyed.
    ErasureOrder = 6,
    /// All chains and their last links at a size.
    Heads = 7,
    /// The ledger was opened after an unclean stop.
    Reopened = 8,
    /// A checkpoint key begins or ends.
    KeyChange = 9,
    /// An operator accepted a clock step.
    ClockAcceptance = 10,
}

impl EntryKind {
    /// All kinds, in order of number.
    pub const ALL: [Self; 10] = [
        Self::CaseEvent,
        Self::RegistryEvent,
        Self::AccessQuestion,
        Self::AccessOpen,
        Self::AccessClose,
        Self::ErasureOrder,
        Self::Heads,
        Self::Reopened,
        Self::KeyChange,
        Self::ClockAcceptance,
    ];

    /// The kind's number in the ledger fields.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The chain it belongs to.
    #[must_use]
    pub const fn chain(self) -> Chain {
        match self {
            Self::CaseEvent => Chain::Case,
            Self::RegistryEvent => Chain::Registry,
            Self::AccessQuestion | Self::AccessOpen | Self::AccessClose => Chain::Access,
            Self::ErasureOrder
            | Self::Heads
            | Self::Reopened
            | Self::KeyChange
            | Self::ClockAcceptance => Chain::Ledger,
        }
    }
}

/// How an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ingest {
    /// As it happened.
    Live,
    /// From an older record; its claimed recorded time counts in basis *recorded*.
    Backload,
}

/// How the ledger knew who the author is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authenticated {
    /// The ledger wrote it itself.
    Ledger,
    /// By the signature of the statement.
    Signature,
    /// By a client certificate.
    Certificate,
    /// Named by the client, in development mode on loopback.
    Development,
    /// By a command of the operator on the machine.
    Operator,
}

impl Authenticated {
    const ALL: [Self; 5] = [
        Self::Ledger,
        Self::Signature,
        Self::Certificate,
        Self::Development,
        Self::Operator,
    ];

    const fn number(self) -> u8 {
        match self {
            Self::Ledger => 0,
            Self::Signature => 1,
            Self::Certificate => 2,
            Self::Development => 3,
            Self::Operator => 4,
        }
    }
}

/// What the ledger adds to a statement: fixed width, 70 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerFields {
    /// Kind of entry.
    pub kind: EntryKind,
    /// Index in the whole ledger, from 0.
    pub position: u64,
    /// Number in its chain, from 1.
    pub case_seq: u64,
    /// Position of the entry before it in its chain; `None` for the first.
    pub previous_leaf: Option<u64>,
    /// When it was sealed, microseconds since 1970 UTC.
    pub appended: u64,
    /// Live or back-loaded.
    pub ingest: Ingest,
    /// How its author was known.
    pub authenticated: Authenticated,
    /// Digest of its stored content.
    pub content_digest: ContentDigest,
}

impl LedgerFields {
    fn encode(&self, out: &mut Writer) {
        out.u16(FORMAT_VERSION)
            .u16(self.kind.number())
            .u64(self.position)
            .u64(self.case_seq);
        out.u64(self.previous_leaf.unwrap_or(NO_PREVIOUS))
            .u64(self.appended);
        out.u8(u8::from(self.ingest == Ingest::Backload))
            .u8(self.authenticated.number());
        out.bytes(self.content_digest.as_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u16("format version")? != FORMAT_VERSION {
            return Err(DecodeError::Invalid("format version"));
        }
        let what = "entry kind";
        let kind = EntryKind::from_number(reader.u16(what)?).ok_or(DecodeError::Invalid(what))?;
        let position = reader.number("position")?;
        let case_seq = reader.number("number in the chain")?;
        let previous = reader.u64("previous leaf index")?;
        let previous_leaf = Some(previous).filter(|previous| *previous != NO_PREVIOUS);
        let first = case_seq == 1;
        if case_seq == 0
            || first != previous_leaf.is_none()
            || previous_leaf.is_some_and(|previous| previous >= position)
        {
            return Err(DecodeError::Invalid("previous leaf index"));
        }
        let appended = reader.number("appended time")?;
        let ingest = match reader.u8("ingest flag")? {
            0 => Ingest::Live,
            1 => Ingest::Backload,
            _ => return Err(DecodeError::Invalid("ingest flag")),
        };
        let code = reader.u8("authentication")?;
        let authenticated = Authenticated::ALL
            .into_iter()
            .find(|how| how.number() == code);
        let authenticated = authenticated.ok_or(DecodeError::Invalid("authentication"))?;
        let content_digest = ContentDigest::new(reader.array("content digest")?);
        Ok(Self {
            kind,
            position,
            case_seq,
            previous_leaf,
            appended,
            ingest,
            authenticated,
            content_digest,
        })
    }
}

/// A header, read: a leaf of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the author stated.
    pub statement: Statement,
    /// The author's signature, when it signed.
    pub signature: Option<[u8; 64]>,
    /// What the ledger added.
    pub fields: LedgerFields,
    /// `link_n`.
    pub link: Link,
    /// `E_n`, recomputed from the bytes.
    pub event_digest: EventDigest,
}

impl Header {
    /// Reads a header strictly; the chain it belongs to is checked by [`check_next`].
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let statement = Statement::decode(reader.lp(STATEMENT_MAX, "statement")?)?;
        let signature = match reader.lp(64, "signature")? {
            [] => None,
            bytes => Some(
                bytes
                    .try_into()
                    .map_err(|_| DecodeError::Invalid("signature"))?,
            ),
        };
        let fields = LedgerFields::decode(&mut reader)?;
        let before = bytes.len().saturating_sub(reader.rest().len());
        let hashed = bytes.get(..before).unwrap_or(bytes);
        let event_digest = EventDigest::new(derive(Purpose::Event, hashed));
        let link = Link::new(reader.array("link")?);
        reader.finish("header")?;
        check_author(&statement, signature.is_some(), &fields)?;
        Ok(Self {
            statement,
            signature,
            fields,
            link,
            event_digest,
        })
    }
}

/// The rules that tie kind, chain, author, signature and authentication together.
fn check_author(
    statement: &Statement,
    signed: bool,
    fields: &LedgerFields,
) -> Result<(), DecodeError> {
    let own = statement.agency.is_ledger();
    let chain = Chain::of(&statement.origin, &statement.tag);
    if fields.kind.chain() != chain {
        return Err(DecodeError::Invalid("entry kind"));
    }
    let author_fits = match chain {
        Chain::Case => !own,
        Chain::Registry => true,
        Chain::Access | Chain::Ledger => own && fields.ingest == Ingest::Live,
    };
    if !author_fits {
        return Err(DecodeError::Invalid("author of this kind"));
    }
    let by_signature = fields.authenticated == Authenticated::Signature;
    let by_itself = fields.authenticated == Authenticated::Ledger;
    if signed != statement.key_id.is_some() || signed != by_signature || own != by_itself {
        return Err(DecodeError::Invalid("authentication"));
    }
    if let Seen::Entry { case_seq, .. } = statement.seen
        && case_seq >= fields.case_seq
    {
        return Err(DecodeError::Invalid("seen number"));
    }
    Ok(())
}

/// An event once sealed: its header and its stored content.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedEntry {
    header: Vec<u8>,
    content: Vec<u8>,
    parsed: Header,
}

impl std::fmt::Debug for SealedEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = &self.parsed.fields;
        write!(
            f,
            "SealedEntry({} {}/{})",
            fields.position,
            self.tag(),
            fields.case_seq
        )
    }
}

impl SealedEntry {
    /// The entry's bytes as stored: self-delimiting.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.encoded_len());
        out.lp(&self.header).lp(&self.content);
        out.into_vec()
    }

    /// Length of [`Self::encode`], bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.header
            .len()
            .saturating_add(self.content.len())
            .saturating_add(8)
    }

    /// Reads one entry and nothing else. Says nothing about its chain, nor whether the content is intact.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (entry, rest) = Self::decode_first(bytes)?;
        if rest.is_empty() {
            Ok(entry)
        } else {
            Err(DecodeError::LeftOver("entry"))
        }
    }

    /// Reads the first entry of joined entries, and gives the bytes after it.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode_first(bytes: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = reader.lp(HEADER_MAX, "header")?;
        let content = reader.lp(CONTENT_MAX, "content")?;
        let parsed = Header::decode(header)?;
        let entry = Self {
            header: header.to_vec(),
            content: content.to_vec(),
            parsed,
        };
        Ok((entry, reader.rest()))
    }

    /// Index in the whole ledger, from 0.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.parsed.fields.position
    }

    /// Number in its chain, from 1.
    #[must_use]
    pub const fn case_seq(&self) -> u64 {
        self.parsed.fields.case_seq
    }

    /// Its chain.
    #[must_use]
    pub const fn tag(&self) -> &ChainTag {
        &self.parsed.statement.tag
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        self.parsed.fields.kind
    }

    /// The authenticated author; `ledger` for the ledger's own entries.
    #[must_use]
    pub fn agency(&self) -> &str {
        self.parsed.statement.agency.as_str()
    }

    /// The author's random id of the event.
    #[must_use]
    pub const fn event_id(&self) -> [u8; 16] {
        self.parsed.statement.event_id
    }

    /// When it was sealed, microseconds since 1970 UTC.
    #[must_use]
    pub const fn appended(&self) -> u64 {
        self.parsed.fields.appended
    }

    /// Live or back-loaded.
    #[must_use]
    pub const fn ingest(&self) -> Ingest {
        self.parsed.fields.ingest
    }

    /// Its link in its chain.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.parsed.link
    }

    /// The hashed leaf: statement, signature, ledger fields, link.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The header, read.
    #[must_use]
    pub const fn parsed(&self) -> &Header {
        &self.parsed
    }

    /// Stored content: nonce and ciphertext.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Its leaf hash in the tree.
    #[must_use]
    pub fn leaf_hash(&self) -> TreeHash {
        tree::leaf_hash(&self.header)
    }

    /// Does the stored content fit the digest in the header? Needs no key.
    #[must_use]
    pub fn content_intact(&self) -> bool {
        content::digest(&self.content) == self.parsed.fields.content_digest
    }

    /// Opens the content and proves it against the statement.
    ///
    /// # Errors
    /// [`content::ContentError`].
    pub fn open(&self, key: &EntryKey) -> Result<content::Content, content::ContentError> {
        let statement = self.parsed.statement.encode();
        let root = self.parsed.statement.fields_root;
        content::open(key, self.position(), &statement, root, &self.content)
    }
}

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
    pub fn prepare(mut self, singular: &Singular) -> Result<Prepared, PrepareError> {
        let root = commit(&self.event, &self.secret, singular)?.root();
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

impl Prepared {
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
