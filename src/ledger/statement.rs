//! What an author states, in the exact bytes it may sign (FORMAT.md section 5).

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::codec::{DecodeError, Reader, Writer};
use super::digest::{ChainTag, Deriver, FieldsRoot, KeyId, Link, Purpose};

/// First bytes of every statement: names the format and its version.
const MAGIC: &[u8; 24] = b"caseledger/statement/v1\n";
/// The agency name under which the ledger writes its own entries.
pub const LEDGER: &str = "ledger";
/// Longest origin, bytes.
pub const ORIGIN_MAX: usize = 128;
/// Longest agency name, bytes.
pub const AGENCY_MAX: usize = 32;

/// A name that the format does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not an origin.
    #[error("an origin is 1 to 128 printable ASCII characters without spaces and \"+\"")]
    Origin,
    /// Not an agency name.
    #[error("an agency is 1 to 32 of a-z, 0-9, _ and -, the first a letter")]
    Agency,
}

thread_local! {
    /// The origin whose tags were derived last on this thread, with its tags.
    static LAST: RefCell<Option<(Origin, OwnTags)>> = const { RefCell::new(None) };
}

/// The ledger's name, for ever. Also the name of its checkpoint key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(Arc<str>);

impl Origin {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tag of the chain of registry events.
    #[must_use]
    pub fn registry_tag(&self) -> ChainTag {
        self.own_tags().registry
    }

    /// Tag of the chain of who asked what.
    #[must_use]
    pub fn access_tag(&self) -> ChainTag {
        self.own_tags().access
    }

    /// Tag of the chain of what the ledger says of itself.
    #[must_use]
    pub fn ledger_tag(&self) -> ChainTag {
        self.own_tags().ledger
    }

    /// The three derived tags: every header that is read is compared with them, and all are of one ledger, so the last
    /// ones derived on this thread are kept.
    pub(super) fn own_tags(&self) -> OwnTags {
        LAST.with_borrow_mut(|last| match last {
            Some((origin, tags)) if origin == self => *tags,
            _ => {
                let tags = OwnTags {
                    registry: self.tag(Purpose::RegistryTag),
                    access: self.tag(Purpose::AccessTag),
                    ledger: self.tag(Purpose::LedgerTag),
                };
                *last = Some((self.clone(), tags));
                tags
            }
        })
    }

    /// Reads an origin. Nearly all that are read are of one ledger: the one read last on this thread is not made anew.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let last = LAST.with_borrow(|last| match last {
            Some((origin, _)) if origin.0.as_bytes() == bytes => Some(origin.clone()),
            Some(_) | None => None,
        });
        last.map_or_else(|| text(bytes, "origin"), Ok)
    }

    fn tag(&self, purpose: Purpose) -> ChainTag {
        ChainTag::new(Deriver::new(purpose).lp(self.0.as_bytes()).finish())
    }
}

impl FromStr for Origin {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
        let good = (1..=ORIGIN_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if good {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Origin)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tags of the chains that are no case's.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnTags {
    pub(super) registry: ChainTag,
    pub(super) access: ChainTag,
    pub(super) ledger: ChainTag,
}

/// An agency as it is named in headers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgencyName(String);

impl AgencyName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which the ledger writes its own entries.
    #[must_use]
    pub fn ledger() -> Self {
        Self(LEDGER.to_owned())
    }

    /// Is this the ledger itself?
    #[must_use]
    pub fn is_ledger(&self) -> bool {
        self.0 == LEDGER
    }
}

impl FromStr for AgencyName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let good = (1..=AGENCY_MAX).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Agency)
        }
    }
}

impl fmt::Display for AgencyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The newest entry of the chain its author had been shown. It proves order, never knowledge of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Written without having seen the chain; displayed as such.
    Blind,
    /// This entry of the chain.
    Entry {
        /// Its number in the chain, from 1.
        case_seq: u64,
        /// Its link.
        link: Link,
    },
}

/// What an author states about one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Ledger it is meant for.
    pub origin: Origin,
    /// Chain it is meant for.
    pub tag: ChainTag,
    /// Random, not all zero; unique per agency.
    pub event_id: [u8; 16],
    /// The author.
    pub agency: AgencyName,
    /// Key it is signed with; `None` when it is not signed.
    pub key_id: Option<KeyId>,
    /// What its author had been shown.
    pub seen: Seen,
    /// Commitment to every field of the event.
    pub fields_root: FieldsRoot,
}

impl Statement {
    /// The bytes that are signed and hashed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(384);
        out.bytes(MAGIC)
            .lp(self.origin.as_str().as_bytes())
            .bytes(self.tag.as_bytes());
        out.bytes(&self.event_id)
            .lp(self.agency.as_str().as_bytes());
        out.bytes(self.key_id.unwrap_or(KeyId::ZERO).as_bytes());
        match self.seen {
            Seen::Blind => out.u8(0).u64(0).bytes(Link::ZERO.as_bytes()),
            Seen::Entry { case_seq, link } => out.u8(1).u64(case_seq).bytes(link.as_bytes()),
        };
        out.bytes(self.fields_root.as_bytes());
        out.into_vec()
    }

    /// Reads the bytes strictly: `encode` of the result is the same bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.expect(MAGIC, "statement's first line")?;
        let origin = Origin::read(reader.lp(ORIGIN_MAX, "origin")?)?;
        let tag = ChainTag::new(reader.array("tag")?);
        let event_id: [u8; 16] = reader.array("event id")?;
        if event_id == [0; 16] {
            return Err(DecodeError::Invalid("event id"));
        }
        let agency = text(reader.lp(AGENCY_MAX, "agency")?, "agency")?;
        let key_id = Some(KeyId::new(reader.array("key id")?)).filter(|id| *id != KeyId::ZERO);
        let flag = reader.u8("seen flag")?;
        let case_seq = reader.number("seen number")?;
        let link = Link::new(reader.array("seen link")?);
        let seen = match flag {
            0 if case_seq == 0 && link == Link::ZERO => Seen::Blind,
            1 if case_seq > 0 => Seen::Entry { case_seq, link },
            _ => return Err(DecodeError::Invalid("seen flag")),
        };
        let fields_root = FieldsRoot::new(reader.array("fields root")?);
        reader.finish("statement")?;
        Ok(Self {
            origin,
            tag,
            event_id,
            agency,
            key_id,
            seen,
            fields_root,
        })
    }
}

/// A checked name out of bytes.
fn text<T: FromStr>(bytes: &[u8], what: &'static str) -> Result<T, DecodeError> {
    let text = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok());
    text.ok_or(DecodeError::Invalid(what))
}

/// Key id of an Ed25519 public key.
#[must_use]
pub fn key_id(public_key: &[u8; 32]) -> KeyId {
    KeyId::new(Sha256::digest(public_key).into())
}

/// Signs a statement's bytes.
#[must_use]
pub fn sign(statement: &[u8], key: &SigningKey) -> [u8; 64] {
    key.sign(statement).to_bytes()
}

/// Does this signature of the statement's bytes verify strictly (RFC 8032, no small-order keys)?
#[must_use]
pub fn verify_signature(statement: &[u8], signature: &[u8; 64], public_key: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(public_key).is_ok_and(|key| {
        key.verify_strict(statement, &Signature::from_bytes(signature))
            .is_ok()
    })
}
