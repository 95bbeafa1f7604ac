//! The scanner finds blocks without the store, says where damage is, and writes nothing.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg_attr(
    feature = "server",
    expect(clippy::indexing_slicing, reason = "a test may panic")
)]

use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use caseledger::journal::block;
use caseledger::journal::contract::record;
use caseledger::journal::scan::{Parts, Scan, ScanError, read_commit, scan, scan_parts};

const ORIGIN: &str = "ledger.example/scan";

fn commit(first: u64, count: u64, filler: usize) -> Vec<Vec<u8>> {
    let records: Vec<_> = (first..first + count)
        .map(|p| record(p, 1, p + 1, filler))
        .collect();
    block::encode(ORIGIN, first, records.iter().map(|r| r.bytes.as_slice())).unwrap()
}

fn entries(first: u64, count: u64, filler: usize) -> Vec<Vec<u8>> {
    (first..first + count)
        .map(|p| record(p, 1, p + 1, filler).bytes)
        .collect()
}

/// Blocks with some bytes of a store's own between them.
fn file(blocks: &[&Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0xa7; 500];
    for (block, n) in blocks.iter().zip(0_u8..) {
        bytes.extend_from_slice(block);
        bytes.extend((0..90).map(|i| i ^ n));
    }
    bytes
}

fn scanned(bytes: &[u8]) -> Scan {
    let found = scan(bytes, ORIGIN, |_done| ControlFlow::Continue(())).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    for (threads, bytes) in [(1, 1 << 20), (2, 50_000), (3, 6_901)] {
        let parts = Parts { threads, bytes };
        let in_parts = scan_parts(&file, ORIGIN, parts, |_done| {}).unwrap();
        assert!(
            in_parts == found,
            "{threads} threads, parts of {bytes} bytes"
        );
    }
    found
}

#[test]
fn what_lies_in_a_block_is_no_block_of_its_own_where_a_part_of_the_file_begins_in_it() {
    let (inner, outer) = (commit(0, 1, 30), commit(0, 1, 6_000));
    let mut block = outer.first().unwrap().clone();
    let at = block.len() - 32 - inner.first().unwrap().len();
    // The payload is anybody's: it may hold the bytes of a block.
    let end = block.len() - 32;
    block
        .get_mut(at..end)
        .unwrap()
        .copy_from_slice(inner.first().unwrap());
    let digest = blake3::derive_key("caseledger v1 block", block.get(..end).unwrap());
    block.get_mut(end..).unwrap().copy_from_slice(&digest);
    let bytes = [
        &[0; 700],
        block.as_slice(),
        &[0; 900],
        &commit(1, 4, 100).concat(),
    ]
    .concat();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    for part in 300..2_000 {
        let parts = Parts {
            threads: 1,
            bytes: part,
        };
        let found = scan_parts(&file, ORIGIN, parts, |_done| {}).unwrap();
        assert_eq!((found.size(), found.unused.len()), (5, 0), "{part}");
        assert_eq!(found.bytes, bytes.len() as u64);
    }
    assert_eq!(scanned(&bytes).size(), 5);
}

#[test]
fn commits_are_found_in_order_wherever_their_blocks_stand() {
    let (a, b, c) = (
        commit(0, 3, 100),
        commit(3, 40, 900),
        commit(43, 1, 1_200_000),
    );
    assert!(b.len() > 3 && c.len() > 100);
    let mut blocks: Vec<&Vec<u8>> = c.iter().rev().chain(&b).chain(&a).collect();
    blocks.extend(b.iter().take(2));
    let bytes = file(&blocks);
    let found = scanned(&bytes);
    assert!(found.is_sound() && found.tails.is_empty() && found.suspects.is_empty());
    assert_eq!(
        (found.size(), found.copies.len(), found.bytes),
        (44, 2, bytes.len() as u64)
    );
    let read: Vec<Vec<u8>> = found
        .commits
        .iter()
        .flat_map(|commit| read_commit(Cursor::new(&bytes), commit).unwrap())
        .collect();
    assert_eq!(
        read,
        [
            entries(0, 3, 100),
            entries(3, 40, 900),
            entries(43, 1, 1_200_000)
        ]
        .concat()
    );
    let blocks: usize = blocks.iter().map(|block| block.len()).sum();
    let gaps: u64 = found
        .uncovered
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    assert_eq!(gaps + blocks as u64, bytes.len() as u64);
}

#[test]
fn a_changed_byte_anywhere_in_a_block_is_a_gap_with_its_place() {
    let (a, b, c) = (commit(0, 2, 10), commit(2, 2, 10), commit(4, 2, 10));
    let bytes = file(&[&a[0], &b[0], &c[0]]);
    let start = 500 + a[0].len() + 90;
    for at in 0..b[0].len() {
        let mut changed = bytes.clone();
        changed[start + at] ^= 0x40;
        let found = scanned(&changed);
        assert!(!found.is_sound(), "byte {at}");
        assert_eq!(found.gaps.len(), 1, "byte {at}");
        assert_eq!(found.gaps[0].positions, 2..4, "byte {at}");
        let located = found
            .suspects
            .iter()
            .any(|suspect| suspect.offset == start as u64);
        assert!(located, "byte {at}: {:?}", found.suspects);
        let within = found
            .uncovered
            .iter()
            .any(|r| r.contains(&((start + at) as u64)));
        assert!(within, "byte {at} is in no uncovered range");
        if at >= 80 {
            assert_eq!(found.gaps[0].suspects, [start as u64], "byte {at}");
        }
    }
}

#[test]
fn a_damaged_copy_of_a_block_that_is_intact_elsewhere_loses_nothing() {
    let (a, b) = (commit(0, 2, 10), commit(2, 2, 10));
    let mut damaged = a[0].clone();
    *damaged.last_mut().unwrap() ^= 1;
    let found = scanned(&file(&[&damaged, &b[0], &a[0]]));
    assert!(found.is_sound());
    assert_eq!(found.size(), 4);
    assert!(found.suspects[0].intact_elsewhere && found.suspects[0].claims == Some((0, 0)));
}

#[test]
fn an_unfinished_commit_at_the_end_is_a_tail_and_elsewhere_a_gap() {
    let (a, b, c) = (commit(0, 2, 10), commit(2, 3, 6_000), commit(5, 1, 10));
    let found = scanned(&file(&[&a[0], &b[0], &b[2]]));
    assert_eq!(found.size(), 2);
    let tail = &found.tails[0];
    assert_eq!(
        (tail.first, tail.count, tail.found, tail.parts as usize),
        (2, 3, 2, b.len())
    );
    let found = scanned(&file(&[&a[0], &b[0], &b[2], &c[0]]));
    assert_eq!(found.gaps[0].positions, 2..5);
    assert_eq!(found.size(), 6);
}

#[test]
fn an_attempt_that_was_given_up_gives_way_to_the_one_that_leads_on() {
    let (a, b) = (commit(0, 2, 10), commit(2, 2, 10));
    let other = block::encode(ORIGIN, 0, [record(0, 9, 9, 33).bytes.as_slice()]).unwrap();
    let found = scanned(&file(&[&other[0], &a[0], &b[0]]));
    assert!(found.is_sound());
    assert_eq!((found.commits.len(), found.size()), (2, 4));
    let given_up: Vec<_> = found.unused.iter().map(|it| it.place.offset).collect();
    assert_eq!(given_up, [500], "it is there, and in no commit");
}

#[test]
fn two_intact_commits_that_contradict_each_other_are_reported() {
    let (a, b) = (commit(0, 2, 10), commit(2, 2, 10));
    let other = commit(0, 2, 11);
    let found = scanned(&file(&[&a[0], &other[0], &b[0]]));
    assert!(!found.is_sound());
    let offsets = vec![500, 500 + a[0].len() as u64 + 90];
    assert_eq!(
        (found.conflicts[0].first, &found.conflicts[0].offsets),
        (0, &offsets)
    );
}

#[test]
fn blocks_of_another_ledger_are_counted_and_not_used() {
    let other = block::encode("elsewhere", 0, [record(0, 1, 1, 9).bytes.as_slice()]).unwrap();
    let found = scanned(&file(&[&other[0]]));
    assert_eq!(
        (found.foreign.len(), found.size(), found.commits.len()),
        (1, 0, 0)
    );
}

#[test]
fn a_scan_can_be_stopped() {
    let stopped = scan([0; 10].as_slice(), ORIGIN, |_done| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(ScanError::Stopped)));
}

#[cfg(feature = "server")]
mod on_sled {
    use super::*;
    use caseledger::journal::Journal;
    use caseledger::journal::contract::decode;
    use caseledger::journal::sled::{Options, SledJournal};
    use std::fs::{self, File};
    use std::path::Path;

    fn open(dir: &Path) -> SledJournal {
        SledJournal::open(dir, Options::new(ORIGIN, decode)).unwrap()
    }

    fn all(journal: &SledJournal) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            let page = journal.read(all.len() as u64, 1_000).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page.into_iter().map(|stored| stored.bytes));
        }
    }

    /// A store of many commits of different sizes, opened and closed a few times so that sled rewrites pages.
    fn store(dir: &Path) -> Vec<Vec<u8>> {
        let mut content = Vec::new();
        for round in 0..3 {
            let journal = open(dir);
            let mut size = journal.size().unwrap();
            for n in 0..150_u64 {
                let count = [1, 7, 40, 1, 120][(n % 5) as usize];
                let records: Vec<_> = (size..size + count)
                    .map(|p| record(p, (p % 7) as u8, p / 7 + 1, 100 + (p % 900) as usize))
                    .collect();
                size = journal.append(size, &records).unwrap();
            }
            journal.recount(|_, _| {}).unwrap();
            if round == 2 {
                content = all(&journal);
            }
        }
        content
    }

    #[test]
    fn the_scan_of_a_store_equals_what_the_journal_reads_and_changes_no_byte() {
        let dir = tempfile::tempdir().unwrap();
        let content = store(dir.path());
        assert_eq!(content.len(), 3 * 30 * 169);
        let path = dir.path().join("db");
        let before = fs::read(&path).unwrap();
        let found = scan(File::open(&path).unwrap(), ORIGIN, |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(found.is_sound() && found.conflicts.is_empty() && found.tails.is_empty());
        let read: Vec<Vec<u8>> = found
            .commits
            .iter()
            .flat_map(|commit| read_commit(File::open(&path).unwrap(), commit).unwrap())
            .collect();
        assert!(
            read == content,
            "{} scanned, {} read",
            read.len(),
            content.len()
        );
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
    }

    #[test]
    fn a_flipped_byte_in_the_file_is_located() {
        let dir = tempfile::tempdir().unwrap();
        drop(store(dir.path()));
        let mut bytes = fs::read(dir.path().join("db")).unwrap();
        let found = scanned(&bytes);
        for commit in found.commits.iter().step_by(97) {
            let place = commit.parts[0];
            // Every copy of this block, so that content is lost.
            let offset = usize::try_from(place.offset).unwrap();
            let block = bytes[offset..][..place.length as usize].to_vec();
            let copies: Vec<usize> = (0..bytes.len() - block.len())
                .filter(|at| bytes[*at] == block[0] && bytes[*at..].starts_with(&block))
                .collect();
            for at in &copies {
                bytes[at + block.len() / 2] ^= 4;
            }
            let damaged = scanned(&bytes);
            let gap = damaged.gaps.first();
            let tail = damaged.size() == commit.first;
            if let Some(gap) = gap {
                assert_eq!(gap.positions, commit.first..commit.end());
            } else {
                assert!(tail, "commit at {} lost without a word", commit.first);
            }
            for at in &copies {
                let located = damaged.suspects.iter().find(|s| s.offset == *at as u64);
                assert_eq!(located.unwrap().claims, Some((commit.first, 0)));
                bytes[at + block.len() / 2] ^= 4;
            }
        }
    }
}
