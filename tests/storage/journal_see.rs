//! What is seen of a store by reading its pages, against what sled shows when it opens a copy of them.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

use caseledger::journal::block;
use caseledger::journal::contract::decode;
use caseledger::journal::scan::{CommitReader, Scan, scan};
use caseledger::journal::sled::{Doubt, Indexed, SledJournal, Tally};
use caseledger::journal::{Journal, Mark};
use caseledger::ledger::tree::leaf_hash;

use super::journal_foresee::{
    ORIGIN, Rng, batch, copy, copy_of_filled, fill, options, read_all, snapshots,
};

fn leaf_of(entry: &[u8]) -> [u8; 32] {
    let length = u32::from_be_bytes(*entry.first_chunk().unwrap()) as usize;
    *leaf_hash(&entry[4..4 + length]).as_bytes()
}

/// Every entry that is found in the file.
fn entries(dir: &Path, found: &Scan) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut reader = CommitReader::new(File::open(dir.join("db")).unwrap());
    for commit in &found.commits {
        let take = |entry: &[u8]| entries.push(entry.to_vec());
        reader.read(commit, take).unwrap();
    }
    entries
}

fn scanned(dir: &Path) -> Scan {
    let file = File::open(dir.join("db")).unwrap();
    scan(file, ORIGIN, |_done| ControlFlow::Continue(())).unwrap()
}

/// Whether what is seen is what the file holds, with all its index rows.
fn is_seen(dir: &Path, after_power_cut: bool) -> Result<bool, Doubt> {
    let seen = SledJournal::see(dir, ORIGIN, after_power_cut)?;
    let found = scanned(dir);
    let mut tallies = [Tally::new(&seen), Tally::new(&seen)];
    let mut reader = CommitReader::new(File::open(dir.join("db")).unwrap());
    for commit in &found.commits {
        let (mut position, mut offset) = (commit.first, 0);
        let take = |entry: &[u8]| {
            let record = decode(entry).unwrap();
            let length = u32::try_from(entry.len()).unwrap();
            // In two parts: the sum of both counts.
            tallies[(position % 2) as usize].entry(&Indexed {
                position,
                commit: commit.first,
                offset,
                length,
                tag: &record.tag,
                chain_seq: record.chain_seq,
                agency: &record.agency,
                event_id: &record.event_id,
                leaf: &leaf_of(entry),
            });
            offset += length;
            position += 1;
        };
        reader.read(commit, take).unwrap();
    }
    let [mut all, other] = tallies;
    all.join(&other);
    Ok(seen.is_of(&found, &all))
}

/// Opens a copy: whether it shows what the file holds, every index row is that of its entry, and none is left over.
fn is_shown(dir: &Path, after_power_cut: bool) -> bool {
    let copied = copy(dir);
    let mut options = options();
    options.after_power_cut = after_power_cut;
    let Ok(journal) = SledJournal::open(copied.path(), options) else {
        return false;
    };
    let found = scanned(dir);
    let counted = journal.recount(|_done, _all| {});
    counted.is_ok_and(|size| size == found.size()) && read_all(&journal) == entries(dir, &found)
}

/// Tells the marks of entries, as a service does.
fn remember(journal: &SledJournal, from: u64) {
    let mut marks = Vec::new();
    loop {
        let page = journal.read(from + marks.len() as u64, 1_000).unwrap();
        if page.is_empty() {
            break;
        }
        marks.extend(page.iter().map(|entry| Mark {
            leaf: leaf_of(&entry.bytes),
            is_landmark: entry.position % 7 == 0,
        }));
    }
    journal.remember(from, &marks);
    // They are written with the rows of entries that come after.
    let size = journal.size().unwrap();
    journal.append(size, &batch(size, 1, 20)).unwrap();
    journal.recount(|_done, _all| {}).unwrap();
    // What sled was handed is in the file with the commit after it.
    journal.append(size + 1, &batch(size + 1, 1, 20)).unwrap();
}

#[test]
fn what_is_seen_of_a_store_is_what_sled_shows_of_it() {
    let (mut rng, mut seen) = (Rng(11), 0);
    for round in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        for _opened in 0..2 {
            let journal = SledJournal::open(dir.path(), options()).unwrap();
            let base = journal.size().unwrap();
            for part in 1..4 {
                let from = journal.size().unwrap();
                fill(&journal, &mut rng, base + part * 2_500);
                remember(&journal, from);
                let kept = copy(dir.path());
                let bare = copy(kept.path());
                for name in snapshots(bare.path()) {
                    fs::remove_file(bare.path().join(name)).unwrap();
                }
                for (store, cut) in [(&kept, false), (&kept, true), (&bare, false)] {
                    // The follower may have been writing while the copy was made: then there may be doubt.
                    let it = is_seen(store.path(), cut).unwrap_or(false);
                    assert!(!it || is_shown(store.path(), cut), "round {round}");
                    seen += usize::from(it);
                }
            }
            journal.recount(|_done, _all| {}).unwrap();
        }
        // At rest there is no doubt.
        for cut in [false, true] {
            assert!(is_seen(dir.path(), cut).unwrap(), "round {round}");
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_is_seen_of_a_damaged_store_is_never_better_than_what_sled_shows() {
    let (mut rng, mut sure, mut others) = (Rng(29), 0, 0);
    let seed = copy_of_filled(&mut rng);
    assert!(is_seen(seed.path(), false).unwrap());
    let length = fs::metadata(seed.path().join("db")).unwrap().len();
    for round in 0..150 {
        let store = copy(seed.path());
        let path = store.path().join("db");
        let mut bytes = fs::read(&path).unwrap();
        let at = rng.below(length) as usize;
        let span = (1 + rng.below(3_000) as usize).min(bytes.len() - at);
        match rng.below(4) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at..at + span].fill(0),
            _ => {
                let from = rng.below(length - span as u64) as usize;
                bytes.copy_within(from..from + span, at);
            }
        }
        fs::write(&path, bytes).unwrap();
        let before = fs::read(&path).unwrap();
        let cut = rng.below(2) == 0;
        if is_seen(store.path(), cut).unwrap_or(false) {
            sure += 1;
            assert!(is_shown(store.path(), cut), "round {round}");
        } else {
            others += 1;
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    assert!(sure > 10 && others > 10, "{sure} {others}");
}

/// Changes a store through sled itself, so that every checksum of sled's fits.
fn changed(from: &Path, tree: &str, change: impl FnOnce(&sled::Tree)) -> tempfile::TempDir {
    let copied = copy(from);
    let config = sled::Config::new()
        .path(copied.path())
        .mode(sled::Mode::HighThroughput)
        .flush_every_ms(None)
        .use_compression(false);
    let db = config.open().unwrap();
    change(&db.open_tree(tree).unwrap());
    db.flush().unwrap();
    drop(db);
    // sled lets its lock on the file go a little after.
    copy(copied.path())
}

/// What is done to the tree of the indexes.
type Change = fn(&sled::Tree);

/// Changes the middle byte of the row whose key begins so, in the middle of all that do.
fn flip(tree: &sled::Tree, kind: u8) {
    let rows: Vec<_> = tree.scan_prefix([kind]).map(Result::unwrap).collect();
    let (key, value) = &rows[rows.len() / 2];
    let mut value = value.to_vec();
    let middle = value.len() / 2;
    value[middle] ^= 1;
    tree.insert(key, value).unwrap();
}

#[test]
fn index_rows_marks_and_blocks_that_are_not_those_of_the_entries_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = SledJournal::open(dir.path(), options()).unwrap();
    fill(&journal, &mut Rng(5), 6_000);
    remember(&journal, 0);
    assert!(journal.remembered().unwrap().landmarks.len() > 500);
    drop(journal);
    let unchanged = changed(dir.path(), "index", |_tree| {});
    assert!(is_seen(unchanged.path(), false).unwrap());

    let first = |tree: &sled::Tree, kind: u8| {
        let row = tree.scan_prefix([kind]).keys().next();
        row.unwrap().unwrap()
    };
    let remove = |kind: u8| {
        move |tree: &sled::Tree| {
            tree.remove(first(tree, kind)).unwrap();
        }
    };
    let wrong = [
        changed(dir.path(), "index", |tree| flip(tree, 1)),
        changed(dir.path(), "index", remove(1)),
        changed(dir.path(), "index", |tree| flip(tree, 3)),
        changed(dir.path(), "log", |tree| flip(tree, 0)),
        changed(dir.path(), "log", remove(0)),
        changed(dir.path(), "log", |tree| {
            let last = tree.last().unwrap().unwrap();
            tree.insert(block::key(1 << 40, 0), last.1).unwrap();
        }),
    ];
    for (number, store) in wrong.iter().enumerate() {
        assert!(!is_seen(store.path(), false).unwrap_or(false), "{number}");
        assert!(!is_shown(store.path(), false), "{number}");
    }
    // Without its list of runs, or a part of a filter, the indexes are made anew from the log.
    for kind in [0, 2] {
        let store = changed(dir.path(), "index", remove(kind));
        let seen = is_seen(store.path(), false).unwrap_or(false);
        assert!(!seen || is_shown(store.path(), false));
        assert!(is_shown(store.path(), false));
    }
}

/// Key and value of the first page with more than a few index rows.
fn page_of_rows(tree: &sled::Tree) -> (Vec<u8>, Vec<u8>) {
    let mut pages = tree.scan_prefix([1]).map(Result::unwrap);
    let (key, page) = pages.find(|(_, page)| page.len() > 1_000).unwrap();
    (key.to_vec(), page.to_vec())
}

/// Puts the first row of a page behind its second.
fn exchange_rows(tree: &sled::Tree) {
    let (key, page) = page_of_rows(tree);
    // A byte of length, the key, and 24 that say the place.
    let first = 1 + usize::from(page[0]) + 24;
    let second = first + 1 + usize::from(page[first]) + 24;
    let page = [&page[first..second], &page[..first], &page[second..]].concat();
    tree.insert(key, page).unwrap();
}

/// Puts a page under a key that is a little above that of its first row.
fn page_under_another_key(tree: &sled::Tree) {
    let (mut key, page) = page_of_rows(tree);
    tree.remove(&key).unwrap();
    key.push(0);
    tree.insert(key, page).unwrap();
}

fn page_without_rows(tree: &sled::Tree) {
    let (mut key, _) = page_of_rows(tree);
    key.push(0);
    tree.insert(key, &[]).unwrap();
}

/// Lets the list of runs say another number of rows of the last one, for which a filter has as many bytes.
fn another_number_of_rows(tree: &sled::Tree) {
    let mut list = tree.get([0]).unwrap().unwrap().to_vec();
    let at = list.len() - 8;
    let rows = u64::from_be_bytes(*list[at..].first_chunk().unwrap());
    let blocks = |rows: u64| (rows * 10 / 8).div_ceil(64);
    let others = [rows + 1, rows - 1];
    let other = others.into_iter().find(|it| blocks(*it) == blocks(rows));
    list[at..].copy_from_slice(&other.unwrap().to_be_bytes());
    tree.insert([0], list).unwrap();
}

#[test]
fn index_rows_that_are_all_there_and_would_not_be_found_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = SledJournal::open(dir.path(), options()).unwrap();
    fill(&journal, &mut Rng(7), 6_000);
    remember(&journal, 0);
    drop(journal);
    let changes: [(&str, Change); 5] = [
        ("a bit of a filter", |tree| flip(tree, 2)),
        ("two rows exchanged", exchange_rows),
        ("a page under another key", page_under_another_key),
        ("a page without rows", page_without_rows),
        ("another number of rows", another_number_of_rows),
    ];
    let found = changes.map(|(what, change)| {
        let store = changed(dir.path(), "index", change);
        let seen = is_seen(store.path(), false).unwrap_or(false);
        (what, seen, is_shown(store.path(), false))
    });
    assert_eq!(found, changes.map(|(what, _)| (what, false, false)));
}
