//! A row of the indexes: a key, and the place of the entry that it leads to.

use super::log::Place;
use crate::journal::Record;

/// First byte of the key of an entry in its chain.
pub(super) const CHAIN: u8 = 1;
const CHAIN_BYTES: usize = 1 + 32;
/// First byte of the key of an event by its author and id.
pub(super) const EVENT: u8 = 2;

/// Key of an entry in its chain.
pub(super) fn chain_key(tag: &[u8; 32], seq: u64) -> Vec<u8> {
    [&[CHAIN], tag.as_slice(), &seq.to_be_bytes()].concat()
}

/// Key of an event by its author and id.
pub(super) fn event_key(agency: &str, event_id: &[u8; 16]) -> Vec<u8> {
    [&[EVENT], event_id.as_slice(), agency.as_bytes()].concat()
}

/// The number in its chain, of an entry's key.
pub(super) fn seq_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |seq| u64::from_be_bytes(*seq))
}

/// What a filter looks at: the chain of a chain's key, all of an event's.
pub(super) fn filtered(key: &[u8]) -> &[u8] {
    match key.first() {
        Some(&CHAIN) => key.get(..CHAIN_BYTES).unwrap_or(key),
        Some(_) | None => key,
    }
}

/// A sum over rows in whatever order: two are equal when they are of the same rows, and otherwise by no chance that
/// matters (256 bits; it looks for damage, not for forgers, who could as well forge the rows).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RowSum {
    rows: u64,
    lanes: [u64; 4],
}

impl RowSum {
    /// Adds one row.
    pub(super) fn add(&mut self, key: &[u8], place: &Place) {
        let mut hash = blake3::Hasher::new();
        hash.update(key);
        hash.update(&place.position.to_be_bytes());
        hash.update(&place.commit.to_be_bytes());
        hash.update(&place.offset.to_be_bytes());
        hash.update(&place.length.to_be_bytes());
        let digest = hash.finalize();
        let (words, _) = digest.as_bytes().as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*word));
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// Adds the rows that an entry makes.
    pub(super) fn add_entry(&mut self, record: &Record, place: &Place) {
        self.add(&chain_key(&record.tag, record.chain_seq), place);
        if record.is_findable() {
            self.add(&event_key(&record.agency, &record.event_id), place);
        }
    }
}
