//! An entry: an event once sealed, its header and its bytes as stored (FORMAT.md sections 2 and 7).
//!
//! A [`SealedEntry`] comes from [`seal`] or from strict decoding, never from its parts:
//!
//! ```compile_fail
//! let forged = caseledger::ledger::entry::SealedEntry { header: vec![], content: vec![] };
//! ```

use super::codec::{DecodeError, Reader, Writer};
use super::content::{self, CONTENT_MAX, EntryKey, Opener};
use super::digest::{ChainTag, ContentDigest, EventDigest, Link, Purpose, TreeHash, derive};
use super::statement::{AgencyName, Seen, Statement};
use super::tree;

mod kind;
mod seal;

pub use kind::{Authenticated, Chain, EntryKind, Ingest};
pub use seal::{CommittedEvent, Framing, Place, PrepareError, Prepared, SealError, Unsealed, seal};

/// The format version written in every entry.
pub const FORMAT_VERSION: u16 = 1;
/// Longest header, bytes (what the parts' limits allow is less).
pub const HEADER_MAX: usize = 1_024;
const STATEMENT_MAX: usize = 512;
const NO_PREVIOUS: u64 = u64::MAX;

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
    /// Reads a header strictly; the chain it belongs to is checked by [`super::chain::check_next`].
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let read = Unhashed::read(bytes)?;
        Ok(Self {
            event_digest: EventDigest::new(derive(Purpose::Event, read.hashed)),
            statement: read.statement,
            signature: read.signature,
            fields: read.fields,
            link: read.link,
        })
    }
}

/// A header, read strictly, before anything is hashed.
struct Unhashed<'a> {
    statement: Statement,
    signature: Option<[u8; 64]>,
    fields: LedgerFields,
    link: Link,
    /// What the event digest is of.
    hashed: &'a [u8],
}

impl<'a> Unhashed<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let statement = Statement::decode(reader.lp(STATEMENT_MAX, "statement")?)?;
        let signature = match reader.lp(64, "signature")? {
            [] => None,
            bytes => Some(
                bytes
                    .try_into()
                    .ok()
                    .ok_or(DecodeError::Invalid("signature"))?,
            ),
        };
        let fields = LedgerFields::decode(&mut reader)?;
        let before = bytes.len().saturating_sub(reader.rest().len());
        let hashed = bytes.get(..before).unwrap_or(bytes);
        let link = Link::new(reader.array("link")?);
        reader.finish("header")?;
        check_author(&statement, signature.is_some(), &fields)?;
        Ok(Self {
            statement,
            signature,
            fields,
            link,
            hashed,
        })
    }
}

/// Where an entry belongs and under what it is found: read as strictly as a whole entry, without hashing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Index in the whole ledger, from 0.
    pub position: u64,
    /// Its chain.
    pub tag: ChainTag,
    /// Number in its chain, from 1.
    pub case_seq: u64,
    /// The authenticated author.
    pub agency: AgencyName,
    /// The author's random id of the event.
    pub event_id: [u8; 16],
}

impl Identity {
    /// Reads one entry and nothing else; refuses whatever [`SealedEntry::decode`] refuses.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = reader.lp(HEADER_MAX, "header")?;
        reader.lp(CONTENT_MAX, "content")?;
        let header = Unhashed::read(header)?;
        reader.finish("entry")?;
        Ok(Self {
            position: header.fields.position,
            tag: header.statement.tag,
            case_seq: header.fields.case_seq,
            agency: header.statement.agency,
            event_id: header.statement.event_id,
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

/// An entry read where its bytes lie: nothing is copied.
#[derive(Debug)]
pub struct EntryRef<'a> {
    header: &'a [u8],
    content: &'a [u8],
    parsed: Header,
}

impl<'a> EntryRef<'a> {
    /// Reads one entry and nothing else, as [`SealedEntry::decode`] does.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (entry, rest) = Self::decode_first(bytes)?;
        if rest.is_empty() {
            Ok(entry)
        } else {
            Err(DecodeError::LeftOver("entry"))
        }
    }

    fn decode_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut reader = Reader::new(bytes);
        let header = reader.lp(HEADER_MAX, "header")?;
        let content = reader.lp(CONTENT_MAX, "content")?;
        let parsed = Header::decode(header)?;
        let entry = Self {
            header,
            content,
            parsed,
        };
        Ok((entry, reader.rest()))
    }

    /// The header, read.
    #[must_use]
    pub const fn parsed(&self) -> &Header {
        &self.parsed
    }

    /// The header, read, without the bytes it was read from.
    #[must_use]
    pub fn into_parsed(self) -> Header {
        self.parsed
    }

    /// Its leaf hash in the tree.
    #[must_use]
    pub fn leaf_hash(&self) -> TreeHash {
        tree::leaf_hash(self.header)
    }

    /// Does the stored content fit the digest in the header? Needs no key.
    #[must_use]
    pub fn content_intact(&self) -> bool {
        content::digest(self.content) == self.parsed.fields.content_digest
    }

    /// Opens the content and proves it against the statement; gives the exact event bytes.
    ///
    /// # Errors
    /// [`content::ContentError`].
    pub fn prove<'o>(
        &self,
        key: &EntryKey,
        opener: &'o mut Opener,
    ) -> Result<&'o [u8], content::ContentError> {
        opener.prove(key, &sealed(self.header, &self.parsed, self.content))
    }
}

/// The content of an entry and what it must fit.
fn sealed<'a>(header: &'a [u8], parsed: &Header, content: &'a [u8]) -> content::Sealed<'a> {
    // A header that was read begins with its statement, and there is one way only to write a statement.
    let statement = Reader::new(header).lp(STATEMENT_MAX, "statement");
    content::Sealed {
        position: parsed.fields.position,
        statement: statement.unwrap_or_default(),
        root: parsed.statement.fields_root,
        content,
    }
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
        let (entry, rest) = EntryRef::decode_first(bytes)?;
        let entry = Self {
            header: entry.header.to_vec(),
            content: entry.content.to_vec(),
            parsed: entry.parsed,
        };
        Ok((entry, rest))
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

    /// The same for one entry after the other, with room that is used again; gives the exact event bytes.
    ///
    /// # Errors
    /// [`content::ContentError`].
    pub fn prove<'o>(
        &self,
        key: &EntryKey,
        opener: &'o mut Opener,
    ) -> Result<&'o [u8], content::ContentError> {
        opener.prove(key, &sealed(&self.header, &self.parsed, &self.content))
    }
}
