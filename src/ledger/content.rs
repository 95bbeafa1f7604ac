//! Stored content: secret and event bytes under the entry's key (FORMAT.md section 6).

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::commitment::{Room, Secret};
use super::digest::{ContentDigest, Deriver, FieldsRoot, Purpose, derive};
use super::fields::{EVENT_BYTES_MAX, FieldRefusal, Singular};

/// Longest stored content, bytes.
pub const CONTENT_MAX: usize = 16_777_216;
const NONCE: usize = 12;
const SECRET: usize = 32;
const TAG: usize = 16;

/// The AES-256 key of one position. Destroying it erases the content.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryKey(Zeroizing<[u8; 32]>);

impl EntryKey {
    /// Wraps the key; wiped on drop.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.0).into())
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey(..)")
    }
}

/// Content could not be sealed: the event is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event is longer than the format allows")]
pub struct TooLong;

/// Why content is not what the statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// It does not decrypt under this key for this position and statement.
    #[error("the content does not decrypt under its key")]
    Decrypt,
    /// The nonce is not the one derived from the content, or the secret is zero.
    #[error("the content was not sealed by the rules of the format")]
    Form,
    /// The event bytes cannot be split.
    #[error(transparent)]
    Fields(#[from] FieldRefusal),
    /// Its fields are not those of the statement.
    #[error("the content is not what the statement commits to")]
    FieldsRoot,
}

/// Content after decryption, proven to be what the statement commits to.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The event's secret.
    pub secret: Secret,
    /// The exact event bytes.
    pub event: Vec<u8>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(..)")
    }
}

/// Associated data: binds the ciphertext to its position and statement.
fn associated(position: u64, statement: &[u8]) -> Vec<u8> {
    [&position.to_be_bytes(), statement].concat()
}

/// The nonce follows the content, because a position may be sealed more than once under its one key.
fn nonce(plaintext: &[u8]) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    Deriver::new(Purpose::ContentNonce)
        .bytes(plaintext)
        .fill(&mut nonce);
    nonce
}

/// Seals secret and event bytes for one position: nonce and ciphertext.
///
/// # Errors
/// [`TooLong`] above 16,000,000 event bytes.
pub fn seal(
    key: &EntryKey,
    position: u64,
    statement: &[u8],
    secret: &Secret,
    event: &[u8],
) -> Result<Vec<u8>, TooLong> {
    if event.len() > EVENT_BYTES_MAX {
        return Err(TooLong);
    }
    // Encrypted where it stands, so that no copy of the plaintext is left behind.
    let mut content = Vec::with_capacity(NONCE + SECRET + event.len() + TAG);
    content.extend_from_slice(&[0; NONCE]);
    content.extend_from_slice(secret.as_bytes());
    content.extend_from_slice(event);
    let (front, plaintext) = content.split_first_chunk_mut::<NONCE>().ok_or(TooLong)?;
    *front = nonce(plaintext);
    let cipher = key.cipher();
    let associated = associated(position, statement);
    let tag = cipher.encrypt_inout_detached(&(*front).into(), &associated, plaintext.into());
    content.extend_from_slice(&tag.ok().ok_or(TooLong)?);
    Ok(content)
}

/// Digest of stored content, as it stands in the ledger fields.
#[must_use]
pub fn digest(content: &[u8]) -> ContentDigest {
    ContentDigest::new(derive(Purpose::StoredContent, content))
}

/// Stored content and what it must fit.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// Index of its entry in the whole ledger.
    pub position: u64,
    /// The exact bytes of the statement.
    pub statement: &'a [u8],
    /// The statement's fields root.
    pub root: FieldsRoot,
    /// Nonce and ciphertext.
    pub content: &'a [u8],
}

/// Room for opening one content after the other: nothing is allocated anew for each. What it holds of the last one is
/// wiped when it is dropped.
#[derive(Debug, Default)]
pub struct Opener {
    plaintext: Plaintext,
    associated: Vec<u8>,
    room: Room,
}

/// Decrypted bytes; never shown, and wiped on drop.
#[derive(Default)]
struct Plaintext(Zeroizing<Vec<u8>>);

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

impl Plaintext {
    /// Holds these bytes and nothing else.
    fn fill(&mut self, bytes: &[u8]) {
        self.0.clear();
        if self.0.capacity() < bytes.len() {
            // What the old one holds is wiped; growing would leave it behind.
            self.0 = Zeroizing::new(Vec::with_capacity(bytes.len()));
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Opener {
    /// Opens stored content and proves it against the statement's fields root; gives the exact event bytes. No schema
    /// is needed: which numbers are singular was judged when the event was taken, and is judged again by whoever reads
    /// it as a typed event.
    ///
    /// # Errors
    /// [`ContentError`] saying what does not fit.
    pub fn prove(&mut self, key: &EntryKey, sealed: &Sealed<'_>) -> Result<&[u8], ContentError> {
        self.secret(key, sealed).map(|_secret| self.event())
    }

    /// The event bytes of what was opened last.
    fn event(&self) -> &[u8] {
        self.plaintext.0.get(SECRET..).unwrap_or_default()
    }

    /// Opens and proves; gives the secret.
    fn secret(&mut self, key: &EntryKey, sealed: &Sealed<'_>) -> Result<Secret, ContentError> {
        let (stored_nonce, ciphertext) = sealed
            .content
            .split_first_chunk::<NONCE>()
            .ok_or(ContentError::Decrypt)?;
        self.associated.clear();
        let position = sealed.position.to_be_bytes();
        self.associated.extend_from_slice(&position);
        self.associated.extend_from_slice(sealed.statement);
        self.plaintext.fill(ciphertext);
        let plaintext: &mut Vec<u8> = &mut self.plaintext.0;
        key.cipher()
            .decrypt_in_place(&(*stored_nonce).into(), &self.associated, plaintext)
            .ok()
            .ok_or(ContentError::Decrypt)?;
        if nonce(plaintext) != *stored_nonce {
            return Err(ContentError::Form);
        }
        let (secret, event) = plaintext
            .split_first_chunk::<SECRET>()
            .ok_or(ContentError::Form)?;
        let secret = Secret::new(*secret).ok().ok_or(ContentError::Form)?;
        let known = Singular::default();
        if self.room.fields_root(event, &secret, &known)? != sealed.root {
            return Err(ContentError::FieldsRoot);
        }
        Ok(secret)
    }
}

/// Opens stored content and proves it against the statement's fields root, as [`Opener::prove`] does.
///
/// # Errors
/// [`ContentError`] saying what does not fit.
pub fn open(
    key: &EntryKey,
    position: u64,
    statement: &[u8],
    root: FieldsRoot,
    content: &[u8],
) -> Result<Content, ContentError> {
    let mut opener = Opener::default();
    let sealed = Sealed {
        position,
        statement,
        root,
        content,
    };
    let secret = opener.secret(key, &sealed)?;
    let event = opener.event().to_vec();
    Ok(Content { secret, event })
}
