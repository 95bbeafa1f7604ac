//! Digests and the one BLAKE3 context string of each use (FORMAT.md section 1).
//!
//! Every hash in the format except those of the RFC 6962 tree and of key ids goes through [`derive()`] or [`Deriver`]
//! with a [`Purpose`]: two uses can never be confused, because BLAKE3 keys each context differently.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use data_encoding::HEXLOWER;

/// What a BLAKE3 `derive_key` hash is for. The context string is `caseledger v1 ` and the words of its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Salts and decoys of one event.
    FieldSalts,
    /// Commitment of one field.
    FieldCommitment,
    /// Root over the commitments of an event.
    FieldsRoot,
    /// AES-GCM nonce of stored content.
    ContentNonce,
    /// Digest of stored content.
    StoredContent,
    /// Digest of statement, signature and ledger fields.
    Event,
    /// Link before the first entry of a chain.
    Genesis,
    /// Link of an entry.
    Link,
    /// Tag of the registry chain.
    RegistryTag,
    /// Tag of the access chain.
    AccessTag,
    /// Tag of the ledger's own chain.
    LedgerTag,
    /// Left child in the key tree.
    KeyTreeLeft,
    /// Right child in the key tree.
    KeyTreeRight,
    /// Key of an entry, from its leaf in the key tree.
    EntryKey,
    /// Checksum of a head-file slot.
    HeadSlot,
    /// Checksum of a key-file slot.
    KeySlot,
    /// Checksum of a journal block.
    Block,
}

impl Purpose {
    /// All of them, each at the index of its number.
    pub const ALL: [Self; 17] = [
        Self::FieldSalts,
        Self::FieldCommitment,
        Self::FieldsRoot,
        Self::ContentNonce,
        Self::StoredContent,
        Self::Event,
        Self::Genesis,
        Self::Link,
        Self::RegistryTag,
        Self::AccessTag,
        Self::LedgerTag,
        Self::KeyTreeLeft,
        Self::KeyTreeRight,
        Self::EntryKey,
        Self::HeadSlot,
        Self::KeySlot,
        Self::Block,
    ];

    /// A hasher for this purpose. The context strings are hashed once a process, not once a hash.
    fn hasher(self) -> blake3::Hasher {
        static KEYS: LazyLock<[ContextKey; Purpose::ALL.len()]> = LazyLock::new(|| {
            Purpose::ALL.map(|purpose| hash_derive_key_context(purpose.context()))
        });
        match KEYS.get(self as usize) {
            Some(key) => blake3::Hasher::new_from_context_key(key),
            None => blake3::Hasher::new_derive_key(self.context()),
        }
    }

    /// The whole BLAKE3 context string.
    #[must_use]
    pub const fn context(self) -> &'static str {
        match self {
            Self::FieldSalts => "caseledger v1 field salts",
            Self::FieldCommitment => "caseledger v1 field commitment",
            Self::FieldsRoot => "caseledger v1 fields root",
            Self::ContentNonce => "caseledger v1 content nonce",
            Self::StoredContent => "caseledger v1 stored content",
            Self::Event => "caseledger v1 event",
            Self::Genesis => "caseledger v1 genesis",
            Self::Link => "caseledger v1 link",
            Self::RegistryTag => "caseledger v1 registry chain tag",
            Self::AccessTag => "caseledger v1 access chain tag",
            Self::LedgerTag => "caseledger v1 ledger chain tag",
            Self::KeyTreeLeft => "caseledger v1 key tree left",
            Self::KeyTreeRight => "caseledger v1 key tree right",
            Self::EntryKey => "caseledger v1 entry key",
            Self::HeadSlot => "caseledger v1 head slot",
            Self::KeySlot => "caseledger v1 key slot",
            Self::Block => "caseledger v1 block",
        }
    }
}

/// An incremental `derive_key` hash, for input that is not in one piece. It is filled where it stands: the hasher is
/// two kilobytes, and moving it from call to call cost more than the hashing.
#[derive(Clone, Debug)]
pub struct Deriver(blake3::Hasher);

impl Deriver {
    /// Starts a hash for this purpose.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self(purpose.hasher())
    }

    /// Adds bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// Adds `lp(bytes)`: their length as `u32`, then the bytes. Nothing in the format is as long as 4 GiB.
    pub fn lp(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.bytes(&length.to_be_bytes()).bytes(bytes)
    }

    /// The 32-byte result.
    #[must_use]
    pub fn finish(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }

    /// Fills `out` from the extendable output.
    pub fn fill(&self, out: &mut [u8]) {
        self.0.finalize_xof().fill(out);
    }
}

/// `derive_key` of input in one piece.
#[must_use]
pub fn derive(purpose: Purpose, input: &[u8]) -> [u8; 32] {
    Deriver::new(purpose).bytes(input).finish()
}

/// A text that should be 64 hex digits is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct DigestError;

/// A 32-byte newtype shown as lower-case hex.
macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// All zero: the format's mark for *none* where it allows one.
            pub const ZERO: Self = Self([0; 32]);

            /// Wraps the bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                let bytes = data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                bytes.map(Self).ok_or(DigestError)
            }
        }
    };
}

digest! {
    /// The name of a chain: random for a case, derived from the origin for the other three.
    ChainTag
}
digest! {
    /// `link_n`: commits to the whole chain up to entry n.
    Link
}
digest! {
    /// `E_n`: statement, signature and ledger fields of one entry.
    EventDigest
}
digest! {
    /// Root over the field commitments of one event.
    FieldsRoot
}
digest! {
    /// Commitment of one field, or a decoy among them.
    Commitment
}
digest! {
    /// Digest of stored content (nonce and ciphertext), checked without any key.
    ContentDigest
}
digest! {
    /// SHA-256 of an agency's Ed25519 public key.
    KeyId
}
digest! {
    /// A node of the RFC 6962 tree (SHA-256).
    TreeHash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_hashes_as_blake3_derives_keys_under_its_context() {
        for purpose in Purpose::ALL {
            assert_eq!(
                derive(purpose, b"input"),
                blake3::derive_key(purpose.context(), b"input")
            );
        }
    }

    #[test]
    fn every_purpose_stands_at_the_index_of_its_number() {
        for (index, purpose) in Purpose::ALL.iter().enumerate() {
            assert_eq!(*purpose as usize, index);
        }
    }
}
