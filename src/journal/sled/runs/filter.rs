//! The filter of a run: says of most keys that are not in it that they are not.
//!
//! A Bloom filter (B. H. Bloom, 1970) over event keys and, for a chain's rows, over the chain alone. Ten bits a row and
//! six probes let about one in a hundred absent keys pass.

use super::super::row::filtered;

const BITS_PER_ROW: u64 = 10;
const PROBES: u64 = 6;

/// What of a key the filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyHash {
    start: u64,
    step: u64,
}

/// The hash of a key, or of the chain of a chain's key.
pub(super) fn hash(key: &[u8]) -> KeyHash {
    let digest = blake3::hash(filtered(key));
    let bytes = digest.as_bytes();
    let start = bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let step = bytes
        .last_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
        | 1;
    KeyHash { start, step }
}

/// The filter; never empty.
pub(super) struct Filter {
    bits: Vec<u8>,
    /// The key added last: rows of one chain follow each other.
    last: Vec<u8>,
}

impl Filter {
    pub(super) fn for_rows(rows: u64) -> Self {
        let bytes = usize::try_from(rows.saturating_mul(BITS_PER_ROW) / 8).unwrap_or(usize::MAX);
        Self {
            bits: vec![0; bytes.max(8)],
            last: Vec::new(),
        }
    }

    /// A filter read back; `None` if it is not one for so many rows.
    pub(super) fn from_bytes(bits: Vec<u8>, rows: u64) -> Option<Self> {
        let due = Self::for_rows(rows).bits.len();
        (bits.len() == due).then_some(Self {
            bits,
            last: Vec::new(),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bits
    }

    fn probes(&self, hash: &KeyHash) -> impl Iterator<Item = (usize, u8)> + use<> {
        let (bits, hash) = (self.bits.len() as u64 * 8, *hash);
        (0..PROBES).map(move |probe| {
            let bit = hash.start.wrapping_add(hash.step.wrapping_mul(probe)) % bits.max(1);
            (usize::try_from(bit / 8).unwrap_or_default(), 1 << (bit % 8))
        })
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        let filtered = filtered(key);
        if filtered == self.last {
            return;
        }
        self.last.clear();
        self.last.extend_from_slice(filtered);
        for (byte, bit) in self.probes(&hash(key)) {
            if let Some(byte) = self.bits.get_mut(byte) {
                *byte |= bit;
            }
        }
    }

    pub(super) fn may_have(&self, hash: &KeyHash) -> bool {
        self.probes(hash)
            .all(|(byte, bit)| self.bits.get(byte).is_some_and(|b| b & bit != 0))
    }
}
