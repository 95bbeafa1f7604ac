//! The filter of a run: says of most keys that are not in it that they are not.
//!
//! A Bloom filter (B. H. Bloom, 1970) over event keys and, for a chain's rows, over the chain alone, cut into blocks of
//! one cache line (F. Putze and others, 2007): a question reads one line of memory. Ten bits a row and six probes let
//! about one in seventy absent keys pass.

use super::super::row::filtered;

const BITS_PER_ROW: u64 = 10;
const PROBES: u32 = 6;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Bits of a hash that choose one of the bits of a block.
const BIT_BITS: u32 = 9;

/// What of a key the filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyHash {
    /// Chooses the block.
    block: u64,
    /// Chooses the bits in it.
    bits: u64,
}

impl KeyHash {
    /// The bits, each as a byte of the block and a bit of that byte.
    fn probes(self) -> impl Iterator<Item = (usize, u8)> {
        (0..PROBES).map(move |probe| {
            let bit = (self.bits >> (BIT_BITS * probe)) % (1 << BIT_BITS);
            (usize::try_from(bit / 8).unwrap_or_default(), 1 << (bit % 8))
        })
    }
}

/// The hash of a key, or of the chain of a chain's key.
pub(super) fn hash(key: &[u8]) -> KeyHash {
    let digest = blake3::hash(filtered(key));
    let (words, _) = digest.as_bytes().as_chunks::<8>();
    let word = |at: usize| words.get(at).copied().map_or(0, u64::from_be_bytes);
    KeyHash {
        block: word(0),
        bits: word(1),
    }
}

/// The filter; never empty.
pub(super) struct Filter {
    bits: Vec<u8>,
    /// The key added last: rows of one chain follow each other.
    last: Vec<u8>,
}

impl Filter {
    pub(super) fn for_rows(rows: u64) -> Self {
        Self {
            bits: vec![0; Self::length(rows)],
            last: Vec::new(),
        }
    }

    /// Bytes of the filter of so many rows: whole blocks, one at least.
    pub(super) fn length(rows: u64) -> usize {
        let bytes = usize::try_from(rows.saturating_mul(BITS_PER_ROW) / 8).unwrap_or(usize::MAX);
        bytes.div_ceil(BLOCK).max(1).saturating_mul(BLOCK)
    }

    /// A filter read back; `None` if it is not one for so many rows.
    pub(super) fn from_bytes(bits: Vec<u8>, rows: u64) -> Option<Self> {
        (bits.len() == Self::length(rows)).then_some(Self {
            bits,
            last: Vec::new(),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Which block of so many a key is in.
    fn block_of(hash: &KeyHash, blocks: usize) -> usize {
        let scaled = u128::from(hash.block).wrapping_mul(blocks as u128) >> u64::BITS;
        usize::try_from(scaled).unwrap_or_default()
    }

    pub(super) fn add(&mut self, key: &[u8]) {
        let filtered = filtered(key);
        if filtered == self.last {
            return;
        }
        self.last.clear();
        self.last.extend_from_slice(filtered);
        let hash = hash(key);
        let (blocks, _) = self.bits.as_chunks_mut::<BLOCK>();
        let at = Self::block_of(&hash, blocks.len());
        if let Some(block) = blocks.get_mut(at) {
            for (byte, bit) in hash.probes() {
                if let Some(byte) = block.get_mut(byte) {
                    *byte |= bit;
                }
            }
        }
    }

    pub(super) fn may_have(&self, hash: &KeyHash) -> bool {
        let (blocks, _) = self.bits.as_chunks::<BLOCK>();
        let block = blocks.get(Self::block_of(hash, blocks.len()));
        block.is_some_and(|block| {
            let has = |(byte, bit): (usize, u8)| block.get(byte).is_some_and(|b| b & bit != 0);
            hash.probes().all(has)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_that_was_added_is_denied_and_few_others_pass() {
        let key = |number: u32| [&[2], number.to_be_bytes().as_slice(), b"csc"].concat();
        for rows in [1, 7, 1_000, 30_000] {
            let mut filter = Filter::for_rows(rows);
            let rows = u32::try_from(rows).unwrap();
            (0..rows).for_each(|number| filter.add(&key(number)));
            assert!((0..rows).all(|number| filter.may_have(&hash(&key(number)))));
            let others = rows..rows + 30_000;
            let passed = others.filter(|number| filter.may_have(&hash(&key(*number))));
            assert!(passed.count() < 30_000 / 30, "{rows} rows");
        }
    }
}
