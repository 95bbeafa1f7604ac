//! Where the structures in the files begin and end, by `proto/FORMAT.md` and by what sled writes.

use std::collections::BTreeMap;

use caseledger::journal::block::{self, MAGIC};

/// sled 0.34.7: bytes of a segment, and of its header.
pub(crate) const SEGMENT: usize = 512 * 1024;
pub(crate) const SEGMENT_HEADER: usize = 20;

/// Where a structure begins, by its name.
pub(crate) type Mark = (&'static str, usize);

/// A block as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) first: u64,
    pub(crate) count: u32,
    pub(crate) part: u32,
    /// Offsets in the file of where each of its structures begins, by name.
    pub(crate) marks: Vec<Mark>,
}

impl Block {
    pub(crate) fn end(&self) -> usize {
        self.at + self.length
    }
}

/// Every block of the file, copies included.
pub(crate) fn blocks(db: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + MAGIC.len() <= db.len() {
        if db[at..].starts_with(&MAGIC)
            && let Ok((read, length)) = block::decode_front(&db[at..])
        {
            let header = read.header;
            let mut marks = Vec::new();
            let mut next = at;
            let fields = [
                ("magic", 8),
                ("version", 2),
                ("origin length", 4),
                ("origin", header.origin.len()),
                ("first position", 8),
                ("count", 4),
                ("part", 4),
                ("parts", 4),
                ("payload length", 4),
                ("payload", read.payload.len()),
                ("checksum", 32),
            ];
            for (name, length) in fields {
                marks.push((name, next));
                next += length;
            }
            marks.push(("last byte", next - 1));
            assert_eq!(next, at + length);
            found.push(Block {
                at,
                length,
                first: header.first,
                count: header.count,
                part: header.part,
                marks,
            });
            at += length;
        } else {
            at += 1;
        }
    }
    found
}

/// The same of a sound file, with where their entries begin.
pub(crate) fn marked(db: &[u8]) -> Vec<Block> {
    let mut found = blocks(db);
    frames(db, &mut found);
    found
}

/// Adds where entries and their contents begin, in each copy of the block in which they do.
fn frames(db: &[u8], blocks: &mut [Block]) {
    let mut commits: BTreeMap<(u64, u32), Vec<Block>> = BTreeMap::new();
    for found in blocks.iter() {
        let commit = commits.entry((found.first, found.count)).or_default();
        if commit.iter().all(|other| other.part != found.part) {
            commit.push(found.clone());
        }
    }
    let payload = |found: &Block| {
        let (read, _) = block::decode_front(&db[found.at..]).unwrap();
        read.payload.to_vec()
    };
    let mut starts: BTreeMap<(u64, u32, u32), Vec<Mark>> = BTreeMap::new();
    for ((first, count), mut commit) in commits {
        commit.sort_by_key(|found| found.part);
        let payloads: Vec<Vec<u8>> = commit.iter().map(payload).collect();
        let capacity = payloads[0].len();
        let stream = payloads.concat();
        let mut at = 0;
        while let Some(length) = block::entry_length(&stream[at..]) {
            let header = u32::from_be_bytes(stream[at..at + 4].try_into().unwrap()) as usize;
            for (name, offset) in [
                ("entry", at),
                ("header", at + 4),
                ("link", at + 4 + header - 32),
                ("content length", at + 4 + header),
                ("content", at + 8 + header),
            ] {
                let part = u32::try_from(offset / capacity).unwrap();
                let marks = starts.entry((first, count, part)).or_default();
                marks.push((name, offset % capacity));
            }
            at += length;
        }
        assert_eq!(at, stream.len(), "the commit ends with an entry");
    }
    for found in blocks {
        let begins = found
            .marks
            .iter()
            .find(|(name, _)| *name == "payload")
            .unwrap()
            .1;
        let inside = starts.get(&(found.first, found.count, found.part));
        for (name, within) in inside.into_iter().flatten() {
            found.marks.push((name, begins + within));
        }
    }
}

/// Starts and ends of the file and of sled's segments and their headers.
pub(crate) fn segments(db: &[u8]) -> Vec<usize> {
    let mut marks = vec![0, db.len() - 1];
    for start in (0..db.len()).step_by(SEGMENT) {
        // Checksum, LSN, highest stable LSN; the first message; the last byte.
        let inside = [0, 4, 12, SEGMENT_HEADER, SEGMENT - 1];
        marks.extend(inside.into_iter().map(|within| start + within));
    }
    marks.retain(|mark| *mark < db.len());
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// Where the fields of a head slot begin, both slots (FORMAT.md section 9).
pub(crate) fn head(bytes: &[u8]) -> Vec<usize> {
    let fields = [0, 16, 18, 26, 42, 46, 4_063, 4_064, 4_095];
    let slots = [0, 4_096].into_iter();
    let marks = slots.flat_map(|slot| fields.into_iter().map(move |field| slot + field));
    marks.filter(|mark| *mark < bytes.len()).collect()
}

/// Where the fields of a key slot begin, both slots (FORMAT.md section 11.1), and the last byte of its content.
pub(crate) fn keys(bytes: &[u8]) -> Vec<usize> {
    let mut marks = Vec::new();
    for slot in [0, 4_096] {
        let number =
            |at: usize| u32::from_be_bytes(bytes[slot + at..slot + at + 4].try_into().unwrap());
        let origin = number(30) as usize;
        let after = 34 + origin;
        let total = number(18) as usize;
        let fields = [
            0,
            16,
            18,
            22,
            30,
            34,
            after,
            after + 8,
            after + 16,
            after + 24,
            after + 28,
        ];
        let ends = [total - 32, total - 1, total, 4_095];
        marks.extend(fields.into_iter().chain(ends).map(|field| slot + field));
    }
    marks
}
