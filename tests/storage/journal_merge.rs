//! The index runs of the journal on sled: merged in steps, bounded in number, and whole at every moment.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::path::Path;

use caseledger::journal::contract::{decode, record};
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::journal::{AppendError, Journal, Record};

const ORIGIN: &str = "ledger.example/merge";

/// Entries of one commit: as many as make a run.
const COMMIT: u64 = 4_096;
const CHAINS: u64 = 5;

/// Enough runs that runs which were merged are merged again: of half a million rows.
const COMMITS: u64 = 66;

fn open(dir: &Path) -> SledJournal {
    SledJournal::open(dir, Options::new(ORIGIN, decode)).unwrap()
}

fn entry(position: u64) -> Record {
    let chain = u8::try_from(position % CHAINS).unwrap();
    record(position, chain, position / CHAINS + 1, 0)
}

fn append(journal: &SledJournal) -> u64 {
    let size = journal.size().unwrap();
    let batch: Vec<Record> = (size..size + COMMIT).map(entry).collect();
    loop {
        match journal.append(size, &batch) {
            Ok(size) => return size,
            Err(AppendError::IndexLag { .. }) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Some entries of all ages, each by its event id and in its chain, and the newest of each chain.
fn expect_found(journal: &SledJournal, seed: u64) {
    let size = journal.size().unwrap();
    for n in 0..40 {
        let position = (seed * 7_919 + n * (size / 40)) % size;
        let known = entry(position);
        let found = journal.find(&known.agency, &known.event_id).unwrap();
        assert_eq!(found, Some(position));
        let read = journal.read_chain(&known.tag, known.chain_seq, 1).unwrap();
        assert_eq!(read[0].position, position);
    }
    for last in size - CHAINS..size {
        let known = entry(last);
        assert_eq!(journal.chain_len(&known.tag).unwrap(), known.chain_seq);
    }
    let stranger = entry(size + seed);
    let found = journal.find(&stranger.agency, &stranger.event_id).unwrap();
    assert_eq!(found, None);
}

/// Runs of which there are pages or filters in the store, and those that the manifest names.
fn runs_in(dir: &Path) -> (BTreeSet<[u8; 4]>, BTreeSet<[u8; 4]>) {
    let db = (0..100).find_map(|_| {
        let opened = sled::Config::new().path(dir).flush_every_ms(None).open();
        opened
            .inspect_err(|_locked| std::thread::sleep(std::time::Duration::from_millis(20)))
            .ok()
    });
    let index = db.unwrap().open_tree("index").unwrap();
    let rows = [[1], [2]]
        .into_iter()
        .flat_map(|kind| index.scan_prefix(kind));
    let there = rows.map(|row| row.unwrap().0[1..5].try_into().unwrap());
    let manifest = index.get([0]).unwrap().unwrap();
    let named = manifest[13..].chunks_exact(12);
    (
        there.collect(),
        named.map(|run| run[..4].try_into().unwrap()).collect(),
    )
}

#[test]
fn fresh_rows_become_runs_while_a_merge_is_under_way_and_every_entry_is_found_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let (mut beside, mut most_runs) = (0, 0);
    for commit in 0..COMMITS {
        append(&journal);
        let merging = journal.figures().unwrap().index_merges > 0;
        // Until the rows of this commit are in a run, or the merge that was under way is not any more.
        loop {
            let now = journal.figures().unwrap();
            most_runs = most_runs.max(now.index_runs);
            expect_found(&journal, commit);
            if merging && now.index_merges > 0 && now.index_lag == 0 {
                beside += 1;
            }
            if now.index_lag == 0 || !merging {
                break;
            }
        }
    }
    assert!(beside > 0, "no run was written beside a merge");
    // Two levels and the beginning of a third: each with runs that are merged and runs that gather for the next merge.
    assert!(most_runs > 8, "nothing was merged");
    assert!(most_runs <= 3 * 16, "{most_runs} runs");
    assert_eq!(journal.recount(|_done, _all| {}).unwrap(), COMMITS * COMMIT);
}

#[test]
fn a_stop_in_the_midst_of_a_merge_leaves_every_row_and_no_page_that_nobody_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut size = 0;
    // Until a merge has begun and not ended: it may end between the look and the stop, but not each time.
    let was_cut_short = (0..20).any(|_| {
        let journal = open(dir.path());
        size = append(&journal);
        while journal.figures().unwrap().index_merges == 0 {
            size = append(&journal);
        }
        drop(journal);
        let (there, named) = runs_in(dir.path());
        assert!(there.is_superset(&named), "{there:?} {named:?}");
        there.len() > named.len()
    });
    assert!(was_cut_short, "no merge was cut short");
    let journal = open(dir.path());
    expect_found(&journal, 1);
    assert_eq!(journal.recount(|_done, _all| {}).unwrap(), size);
    // What was cut short is done again, from the beginning, as soon as nothing else is to be done.
    while journal.figures().unwrap().index_runs >= 8 {
        std::thread::yield_now();
    }
    assert_eq!(journal.recount(|_done, _all| {}).unwrap(), size);
    let left = || journal.figures().unwrap();
    while left().index_merges + left().index_removals > 0 {
        std::thread::yield_now();
    }
    drop(journal);
    let (there, named) = runs_in(dir.path());
    assert_eq!(there, named);
}
