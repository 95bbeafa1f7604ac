//! How fast the journal commits, finds and reads, beside the same bytes appended to a plain file and synced.
//!
//! Both sides of a comparison run in one process on one disk: compare only figures of one run.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use caseledger::journal::contract::{decode, record};
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::journal::{AppendError, Journal, Record, scan};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const ORIGIN: &str = "ledger.example/bench";
const ENTRY_FILLER: usize = 600;
const COMMIT_SIZES: [u64; 4] = [1, 10, 100, 1_000];

fn batch(from: u64, count: u64) -> Vec<Record> {
    let chain = |position: u64| u8::try_from(position % 200).unwrap();
    let entry = |position| record(position, chain(position), position / 200 + 1, ENTRY_FILLER);
    (from..from + count).map(entry).collect()
}

fn open(dir: &Path) -> SledJournal {
    SledJournal::open(dir, Options::new(ORIGIN, decode)).unwrap()
}

/// Appends, waiting as a caller would when the indexes push back.
fn append(journal: &SledJournal, batch: &[Record]) -> u64 {
    loop {
        match journal.append(batch.first().unwrap().position, batch) {
            Err(AppendError::IndexLag { .. }) => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

fn commits(c: &mut Criterion) {
    for count in COMMIT_SIZES {
        let mut group = c.benchmark_group(format!("commit of {count}"));
        group
            .throughput(Throughput::Elements(count))
            .sample_size(10);
        let dir = tempfile::tempdir_in(".").unwrap();
        let mut file = File::create(dir.path().join("plain")).unwrap();
        group.bench_function("plain file and fdatasync", |b| {
            b.iter_batched(
                || {
                    batch(0, count)
                        .into_iter()
                        .flat_map(|r| r.bytes)
                        .collect::<Vec<u8>>()
                },
                |bytes| {
                    file.write_all(&bytes).unwrap();
                    file.sync_data().unwrap();
                },
                BatchSize::PerIteration,
            );
        });
        let journal = open(&dir.path().join("store"));
        let next = Cell::new(0);
        group.bench_function("journal", |b| {
            b.iter_batched(
                || batch(next.get(), count),
                |batch| next.set(append(&journal, &batch)),
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

fn reads(c: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let journal = open(dir.path());
    let mut size = 0;
    while size < 50_000 {
        size = append(&journal, &batch(size, 250));
    }
    journal.recount(|_done, _all| {}).unwrap();
    let mut group = c.benchmark_group("read");
    group.sample_size(10);
    group.bench_function("find one of 50,000", |b| {
        let mut position = 0;
        b.iter(|| {
            position = (position + 7_919) % size;
            let known = record(position, 0, 1, 0);
            assert_eq!(
                journal.find(&known.agency, &known.event_id).unwrap(),
                Some(position)
            );
        });
    });
    group.throughput(Throughput::Elements(250));
    group.bench_function("a page of 250", |b| {
        b.iter(|| journal.read(10_000, 250).unwrap());
    });
    group.bench_function("a chain of 250", |b| {
        b.iter(|| assert_eq!(journal.read_chain(&[7; 32], 1, 1_000).unwrap().len(), 250));
    });
    drop(journal);
    let bytes = std::fs::metadata(dir.path().join("db")).unwrap().len();
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("scan of the file", |b| {
        b.iter(|| {
            let file = File::open(dir.path().join("db")).unwrap();
            let found = scan::scan(file, ORIGIN, |_done| ControlFlow::Continue(())).unwrap();
            assert_eq!(found.size(), size);
        });
    });
    group.finish();
}

criterion_group!(journal, commits, reads);
criterion_main!(journal);
