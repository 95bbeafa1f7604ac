//! C2SP signed notes and their keys (FORMAT.md section 8; `c2sp.org/signed-note`).
//!
//! A note is a text and signature lines. Signatures by unknown keys are ignored, one by a known key that does not
//! verify spoils the whole note.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// Most signature lines a note may have.
pub const SIGNATURES_MAX: usize = 100;
const SEPARATOR: &str = "\n\n";
const DASH: &str = "\u{2014} ";

/// What a key signs, and how its id is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Ed25519 over the text (0x01): the log itself.
    Ed25519,
    /// Ed25519 cosignature/v1 with a time (0x04): a witness.
    Cosignature,
}

impl KeyType {
    const fn number(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// Why a note or key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("this is not a signed note: {0}")]
    Form(&'static str),
    /// Not a verifier key.
    #[error("this is not a verifier key: {0}")]
    Key(&'static str),
    /// A key we know made a signature that does not verify.
    #[error("a signature by a known key does not verify")]
    BadSignature,
    /// The key we ask for did not sign.
    #[error("the note is not signed by the key that is expected")]
    NotSigned,
}

/// A public key with its name, as others configure it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_type: KeyType,
    public: [u8; 32],
}

/// First four bytes of the hash over name, type and key.
fn key_id(name: &str, key_type: KeyType, public: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', key_type.number()]);
    let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(public).finalize().into();
    [a, b, c, d]
}

/// A key's name has no Unicode space, no control character and no plus sign.
fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && !name.chars().any(bad)
}

impl VerifierKey {
    /// Makes a key from its parts.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is not one.
    pub fn new(name: &str, key_type: KeyType, public: [u8; 32]) -> Result<Self, NoteError> {
        if is_name(name) {
            Ok(Self {
                name: name.to_owned(),
                key_type,
                public,
            })
        } else {
            Err(NoteError::Key("its name"))
        }
    }

    /// The key's name; the log's is its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The four bytes by which its signature lines are found.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.key_type, &self.public)
    }

    /// Does this signature (without key id) over this text verify? For a cosignature, gives its time in seconds.
    fn verify(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let key = VerifyingKey::from_bytes(&self.public).ok()?;
        let (time, signature, message) = match self.key_type {
            KeyType::Ed25519 => (0, signature, text.to_owned()),
            KeyType::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                (time, signature, cosigned_message(text, time))
            }
        };
        let signature = Signature::from_slice(signature).ok()?;
        key.verify_strict(message.as_bytes(), &signature)
            .ok()
            .map(|()| time)
    }
}

/// What a witness signs: the text with its time.
#[must_use]
pub fn cosigned_message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.key_type.number()], self.public.as_slice()].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            HEXLOWER.encode(&self.id()),
            BASE64.encode(&key)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("name, id and key joined by \"+\""));
        };
        let key = BASE64
            .decode(key.as_bytes())
            .ok()
            .ok_or(NoteError::Key("its base64"))?;
        let (key_type, public) = match key.split_first() {
            Some((0x01, public)) => (KeyType::Ed25519, public),
            Some((0x04, public)) => (KeyType::Cosignature, public),
            _ => return Err(NoteError::Key("its type")),
        };
        let public = <[u8; 32]>::try_from(public)
            .ok()
            .ok_or(NoteError::Key("its length"))?;
        let key = Self::new(name, key_type, public)?;
        let fits = HEXLOWER.encode(&key.id()) == id;
        if fits {
            Ok(key)
        } else {
            Err(NoteError::Key("its id"))
        }
    }
}

/// A private key that signs notes under a name.
#[derive(Clone)]
pub struct NoteSigner {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.name)
    }
}

impl NoteSigner {
    /// Makes a signer from an Ed25519 seed.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is not one.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name"));
        }
        Ok(Self {
            name: name.to_owned(),
            key: SigningKey::from_bytes(seed),
        })
    }

    /// The public half for the log's own signatures.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.public(KeyType::Ed25519)
    }

    /// The public half for cosignatures.
    #[must_use]
    pub fn cosignature_verifier(&self) -> VerifierKey {
        self.public(KeyType::Cosignature)
    }

    fn public(&self, key_type: KeyType) -> VerifierKey {
        let public = self.key.verifying_key().to_bytes();
        VerifierKey {
            name: self.name.clone(),
            key_type,
            public,
        }
    }

    /// A whole note: the text, an empty line, one signature line. The text must end in a newline.
    #[must_use]
    pub fn note(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let line = self.line(KeyType::Ed25519, &signature);
        format!("{text}\n{line}")
    }

    /// A cosignature line over a checkpoint's text, made at this time (seconds since 1970).
    #[must_use]
    pub fn cosign(&self, text: &str, seconds: u64) -> String {
        let signature = self
            .key
            .sign(cosigned_message(text, seconds).as_bytes())
            .to_bytes();
        let bytes = [seconds.to_be_bytes().as_slice(), &signature].concat();
        self.line(KeyType::Cosignature, &bytes)
    }

    fn line(&self, key_type: KeyType, signature: &[u8]) -> String {
        let bytes = [&self.public(key_type).id(), signature].concat();
        format!("{DASH}{} {}\n", self.name, BASE64.encode(&bytes))
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// A note, split but not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<Line>,
}

impl Note {
    /// Splits a note.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Form("a control character"));
        }
        let (text, lines) = note
            .rsplit_once(SEPARATOR)
            .ok_or(NoteError::Form("no empty line before signatures"))?;
        let lines = lines
            .strip_suffix('\n')
            .ok_or(NoteError::Form("no newline at the end"))?;
        let lines: Vec<Line> = lines
            .split('\n')
            .map(Line::parse)
            .collect::<Result<_, _>>()?;
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::Form("too many signatures"));
        }
        Ok(Self {
            text: format!("{text}\n"),
            lines,
        })
    }

    /// The text with its last newline: what is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks the signature by this key. For a cosignature, gives its time in seconds since 1970; else 0.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`], [`NoteError::BadSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        let id = key.id();
        let mut found = None;
        for line in self
            .lines
            .iter()
            .filter(|line| line.name == key.name && line.id == id)
        {
            let time = key
                .verify(&self.text, &line.signature)
                .ok_or(NoteError::BadSignature)?;
            found = Some(time);
        }
        found.ok_or(NoteError::NotSigned)
    }
}

impl Line {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let form = NoteError::Form("a signature line");
        let (name, base64) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(form)?;
        let bytes = BASE64.decode(base64.as_bytes()).ok().ok_or(form)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(form)?;
        if !is_name(name) || signature.is_empty() {
            return Err(form);
        }
        Ok(Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}
