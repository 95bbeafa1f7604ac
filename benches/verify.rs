//! How fast a ledger is checked from its stored bytes, beside the bare hashing of those bytes, which no check can beat.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/support/ledger.rs"]
mod ledger;

use caseledger::vault::derive::KeyWalk;
use std::hint::black_box;

use caseledger::verify::{Checker, KeyState, Outcome};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger::{SealedLedger, origin};

const ENTRIES: u64 = 20_000;
const CASES: u64 = 100;

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
    group.bench_function("headers, chains, tree and stored contents", |b| {
        b.iter(|| {
            let mut checker = Checker::new(origin());
            for bytes in &stored {
                checker.entry(bytes, |_position| KeyState::NotHere);
            }
            assert_eq!(checker.finish(Some(&checkpoint)).outcome, Outcome::Verified);
        });
    });
    group.bench_function("the same, and every content opened", |b| {
        b.iter(|| {
            let (mut checker, mut walk) = (Checker::new(origin()), KeyWalk::new());
            for bytes in &stored {
                checker.entry(bytes, |position| {
                    KeyState::Key(walk.key(&ledger.keys, position).unwrap())
                });
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
