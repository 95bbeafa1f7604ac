//! Marks of entries, kept in rows of 128: their leaf hashes, and the places of the landmarks among them.
//!
//! A row lies beside the index rows, under the number of its first entry; it is written when all its entries have been
//! told. Rows that follow each other from 0 on are the marks that are kept: there is no cursor to fall out of step.

use ::sled::{Batch, Tree};

use super::log::Place;
use super::runs::Stop;
use crate::journal::{MAX_COMMIT_ENTRIES, ReadError};

/// Entries in a row: with every entry a landmark it stays below the 7,000 bytes of a value.
pub(super) const ROW: usize = 128;

/// First byte of a row's key; 0 to 2 are those of the index.
pub(super) const MARKS: u8 = 3;

/// Rows handed to sled at once.
const ROWS_PER_BATCH: usize = 32;

const LEAF_BYTES: usize = 32;

/// A leaf hash and, of a landmark, its place.
pub(super) type Told = ([u8; 32], Option<Place>);

/// What has been told and not yet written.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Position of the first.
    first: u64,
    told: Vec<Told>,
}

/// Rows to be written.
pub(super) type Rows = Vec<(u64, Vec<Told>)>;

impl Waiting {
    /// Takes marks in; those that leave a hole are let go, and so is everything after a row that will never be full.
    pub(super) fn add(&mut self, from: u64, told: Vec<Told>) {
        if from == self.first.saturating_add(self.told.len() as u64) {
            self.told.extend(told);
        } else if from.is_multiple_of(ROW as u64) {
            self.first = from;
            self.told = told;
        }
    }

    /// Whether so many wait that they should not wait for entries to be indexed.
    pub(super) fn is_much(&self) -> bool {
        self.told.len() >= MAX_COMMIT_ENTRIES / 2
    }

    /// The full rows.
    pub(super) fn take(&mut self) -> Rows {
        let full = self.told.len() - self.told.len() % ROW;
        let rest = self.told.split_off(full);
        let taken = std::mem::replace(&mut self.told, rest);
        let starts = (self.first..).step_by(ROW);
        self.first = self.first.saturating_add(full as u64);
        let rows = taken.chunks(ROW).map(<[Told]>::to_vec);
        starts.zip(rows).collect()
    }
}

fn key(first: u64) -> Vec<u8> {
    [&[MARKS], first.to_be_bytes().as_slice()].concat()
}

/// Writes rows.
pub(super) fn write(tree: &Tree, rows: &Rows) -> Result<(), Stop> {
    for rows in rows.chunks(ROWS_PER_BATCH) {
        let mut batch = Batch::default();
        for (first, told) in rows {
            let mut value = Vec::with_capacity(ROW * LEAF_BYTES);
            for (leaf, _) in told {
                value.extend_from_slice(leaf);
            }
            for ((_, place), at) in told.iter().zip(0_u8..) {
                let Some(place) = place else { continue };
                value.push(at);
                value.extend_from_slice(&place.commit.to_be_bytes());
                value.extend_from_slice(&place.offset.to_be_bytes());
                value.extend_from_slice(&place.length.to_be_bytes());
            }
            batch.insert(key(*first), value);
        }
        tree.apply_batch(batch)?;
    }
    Ok(())
}

/// The marks that are kept of a log of `size` entries: leaf hashes, and the places of the landmarks.
pub(super) fn read(tree: &Tree, size: u64) -> Result<(Vec<[u8; 32]>, Vec<Place>), ReadError> {
    let entries = usize::try_from(size).unwrap_or_default();
    let (mut leaves, mut places) = (Vec::with_capacity(entries), Vec::new());
    for row in tree.scan_prefix([MARKS]) {
        let (found, value) = row.map_err(super::runs::store)?;
        let first = leaves.len() as u64;
        if found.as_ref() != key(first) || first.saturating_add(ROW as u64) > size {
            break;
        }
        let Some((these, landmarks)) = decode(&value, first) else {
            break;
        };
        leaves.extend_from_slice(these);
        places.extend(landmarks);
    }
    Ok((leaves, places))
}

pub(super) fn decode(value: &[u8], first: u64) -> Option<(&[[u8; LEAF_BYTES]], Vec<Place>)> {
    let (leaves, mut rest) = value.split_at_checked(ROW * LEAF_BYTES)?;
    let (leaves, _) = leaves.as_chunks::<LEAF_BYTES>();
    let mut places = Vec::new();
    while let Some((at, more)) = rest.split_first() {
        let (commit, more) = more.split_first_chunk()?;
        let (offset, more) = more.split_first_chunk()?;
        let (length, more) = more.split_first_chunk()?;
        places.push(Place {
            position: first.saturating_add(u64::from(*at)),
            commit: u64::from_be_bytes(*commit),
            offset: u32::from_be_bytes(*offset),
            length: u32::from_be_bytes(*length),
        });
        rest = more;
    }
    Some((leaves, places))
}

/// Removes every row.
pub(super) fn clear(tree: &Tree) -> ::sled::Result<()> {
    for row in tree.scan_prefix([MARKS]).keys() {
        tree.remove(row?)?;
    }
    Ok(())
}
