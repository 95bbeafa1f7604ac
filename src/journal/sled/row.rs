//! A row of the indexes: a key, and the place of the entry that it leads to.

use super::log::Place;
use crate::journal::Record;

/// First byte of the key of an entry in its chain.
const CHAIN: u8 = 1;
const CHAIN_BYTES: usize = 1 + 32;
/// First byte of the key of an event by its author and id.
const EVENT: u8 = 2;

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

/// Most bytes of a row: a key of a page has at most 255, and 24 say its place.
const ROW_BYTES: usize = 280;

/// A sum over rows in whatever order: two are equal when they are of the same rows, and otherwise by no chance that
/// matters (256 bits; it looks for damage, not for forgers, who could as well forge the rows).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RowSum {
    rows: u64,
    lanes: [u64; 4],
}

impl RowSum {
    /// Adds a row as it is stored.
    pub(super) fn add(&mut self, key: &[u8], place: &Place) {
        if let Some((kind, key)) = key.split_first() {
            self.put(*kind, [key, &[]], place);
        }
    }

    /// Adds the row under which a chain's entry is found.
    pub(super) fn add_chain(&mut self, tag: &[u8; 32], seq: u64, place: &Place) {
        self.put(CHAIN, [tag, &seq.to_be_bytes()], place);
    }

    /// Adds the row under which an event is found by its author and id.
    pub(super) fn add_event(&mut self, agency: &str, event_id: &[u8; 16], place: &Place) {
        self.put(EVENT, [event_id, agency.as_bytes()], place);
    }

    /// Adds the rows that an entry makes.
    pub(super) fn add_entry(&mut self, record: &Record, place: &Place) {
        self.add_chain(&record.tag, record.chain_seq, place);
        if record.is_findable() {
            self.add_event(&record.agency, &record.event_id, place);
        }
    }

    /// Takes the rows of another sum in.
    pub(super) fn join(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        for (lane, more) in self.lanes.iter_mut().zip(other.lanes) {
            *lane = lane.wrapping_add(more);
        }
    }

    /// Adds a row by the kind of its key, the rest of its key in two parts, and its place.
    fn put(&mut self, kind: u8, key: [&[u8]; 2], place: &Place) {
        let numbers = [place.position.to_be_bytes(), place.commit.to_be_bytes()];
        let sizes = [place.offset.to_be_bytes(), place.length.to_be_bytes()];
        let [front, back] = key;
        let mut input = [0; ROW_BYTES];
        let mut used = 0_usize;
        for part in [front, back, numbers.as_flattened(), sizes.as_flattened()] {
            let end = used.saturating_add(part.len());
            if let Some(to) = input.get_mut(used..end) {
                to.copy_from_slice(part);
            }
            used = end;
        }
        // The kind is the key of the hash: left out of the input, a row of a chain fits into one block of BLAKE3.
        let digest = blake3::keyed_hash(&[kind; 32], input.get(..used).unwrap_or(&input));
        let (words, _) = digest.as_bytes().as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*word));
        }
        self.rows = self.rows.saturating_add(1);
    }
}
