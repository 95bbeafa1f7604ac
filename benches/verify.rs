//! How fast a ledger is checked from its stored bytes, beside the bare hashing of those bytes, which no check can beat.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/support/ledger.rs"]
mod ledger;

use std::hint::black_box;
use std::io::Cursor;
use std::ops::ControlFlow;

use caseledger::journal::block;
use caseledger::journal::scan::{CommitReader, scan};
use caseledger::vault::derive::KeyWalk;
use caseledger::verify::{Checker, KeyState, Looker, Outcome};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ledger::{SealedLedger, origin};

const ENTRIES: u64 = 20_000;
const CASES: u64 = 100;
/// Entries of a commit in the file that is scanned.
const COMMIT: usize = 100;

/// What a store's file holds: the blocks of all entries, with bytes of the store's own between them.
fn file(stored: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (commit, number) in stored.chunks(COMMIT).zip(0_u64..) {
        let entries = commit.iter().map(Vec::as_slice);
        for block in block::encode(origin().as_str(), number * COMMIT as u64, entries).unwrap() {
            bytes.extend_from_slice(&block);
            bytes.extend_from_slice(&[0; 1_500]);
        }
    }
    bytes
}

/// The file alone: finding its blocks, and reading its commits again.
fn scanning(group: &mut BenchmarkGroup<'_, WallTime>, file: &[u8]) {
    let find = || scan(file, origin().as_str(), |_done| ControlFlow::Continue(()));
    group.bench_function("blocks found in a file", |b| {
        b.iter(|| assert_eq!(find().unwrap().size(), ENTRIES));
    });
    let found = find().unwrap();
    group.bench_function("found commits read again", |b| {
        b.iter(|| {
            let mut reader = CommitReader::trusting(Cursor::new(file));
            for commit in &found.commits {
                reader
                    .read(commit, |entry| assert!(!black_box(entry).is_empty()))
                    .unwrap();
            }
        });
    });
}

fn verify(c: &mut Criterion) {
    let ledger = SealedLedger::new(ENTRIES, CASES);
    let checkpoint = ledger.checkpoint(ENTRIES);
    let stored: Vec<Vec<u8>> = ledger
        .entries
        .iter()
        .map(caseledger::ledger::entry::SealedEntry::encode)
        .collect();
    let mut group = c.benchmark_group("verify a ledger");
    group
        .throughput(Throughput::Elements(ENTRIES))
        .sample_size(10);
    group.bench_function("BLAKE3 of the stored bytes alone", |b| {
        b.iter(|| {
            for bytes in &stored {
                black_box(blake3::hash(bytes));
            }
        });
    });
    scanning(&mut group, &file(&stored));
    group.bench_function("each entry looked at by itself, its content opened", |b| {
        b.iter(|| {
            let (mut looker, mut walk) = (Looker::default(), KeyWalk::new());
            for (bytes, position) in stored.iter().zip(0_u64..) {
                let key = KeyState::Key(walk.key(&ledger.keys, position).unwrap());
                black_box(looker.look(bytes, &key));
            }
        });
    });
    group.bench_function("headers, chains, tree and stored contents", |b| {
        b.iter(|| {
            let mut checker = Checker::new(origin());
            for bytes in &stored {
                checker.entry(bytes, |_position| KeyState::NotHere);
            }
            assert_eq!(checker.finish(Some(&checkpoint)).outcome, Outcome::Partial);
        });
    });
    group.bench_function("the same, and every content opened", |b| {
        b.iter(|| {
            let (mut checker, mut walk) = (Checker::new(origin()), KeyWalk::new());
            let mut looker = Looker::default();
            for (bytes, position) in stored.iter().zip(0_u64..) {
                let key = KeyState::Key(walk.key(&ledger.keys, position).unwrap());
                checker.looked(looker.look(bytes, &key));
            }
            let report = checker.finish(Some(&checkpoint));
            assert_eq!(
                (report.outcome, report.contents.proven),
                (Outcome::Verified, ENTRIES)
            );
        });
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
