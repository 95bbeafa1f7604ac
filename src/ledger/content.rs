//! Stored content: secret and event bytes under the entry's key (FORMAT.md section 6).

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::commitment::{Secret, fields_root};
use super::digest::{ContentDigest, Deriver, FieldsRoot, Purpose, derive};
use super::fields::{EVENT_BYTES_MAX, FieldRefusal, Singular};

/// Longest stored content, bytes.
pub const CONTENT_MAX: usize = 16_777_216;
const NONCE: usize = 12;
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
    let mut content = Vec::with_capacity(NONCE + secret.as_bytes().len() + event.len() + TAG);
    content.extend_from_slice(&[0; NONCE]);
    content.extend_from_slice(secret.as_bytes());
    content.extend_from_slice(event);
    let tag = {
        let (front, plaintext) = content.split_first_chunk_mut::<NONCE>().ok_or(TooLong)?;
        *front = nonce(plaintext);
        let associated = associated(position, statement);
        let sealed =
            key.cipher()
                .encrypt_inout_detached(&(*front).into(), &associated, plaintext.into());
        sealed.ok().ok_or(TooLong)?
    };
    content.extend_from_slice(&tag);
    Ok(content)
}

/// Digest of stored content, as it stands in the ledger fields.
#[must_use]
pub fn digest(content: &[u8]) -> ContentDigest {
    ContentDigest::new(derive(Purpose::StoredContent, content))
}

/// Opens stored content and proves it against the statement's fields root. No schema is needed: which numbers are
/// singular was judged when the event was taken, and is judged again by whoever reads it as a typed event.
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
    let (stored_nonce, ciphertext) = content
        .split_first_chunk::<NONCE>()
        .ok_or(ContentError::Decrypt)?;
    let (ciphertext, tag) = ciphertext
        .split_last_chunk::<TAG>()
        .ok_or(ContentError::Decrypt)?;
    let mut plaintext = ciphertext.to_vec();
    let associated = associated(position, statement);
    let opened = key.cipher().decrypt_inout_detached(
        &(*stored_nonce).into(),
        &associated,
        plaintext.as_mut_slice().into(),
        &(*tag).into(),
    );
    opened.ok().ok_or(ContentError::Decrypt)?;
    if nonce(&plaintext) != *stored_nonce {
        return Err(ContentError::Form);
    }
    let secret = plaintext.first_chunk::<32>().ok_or(ContentError::Form)?;
    let secret = Secret::new(*secret).ok().ok_or(ContentError::Form)?;
    // The event moves over the secret: no second copy of it is left in the event's own bytes.
    let mut event = plaintext;
    event.drain(..secret.as_bytes().len());
    if fields_root(&event, &secret, &Singular::default())? != root {
        return Err(ContentError::FieldsRoot);
    }
    Ok(Content { secret, event })
}
