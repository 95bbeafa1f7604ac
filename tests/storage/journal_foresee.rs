//! What is foreseen of a store by reading its files, against what sled shows when it opens a copy of them.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::panic,
    clippy::little_endian_bytes,
    reason = "a test may panic; sled's numbers are little-endian"
)]

use std::fs;
use std::path::Path;

use caseledger::journal::contract::{decode, record};
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::journal::{Journal, Record, block};

use super::journal_sled::raw;

pub(super) const ORIGIN: &str = "ledger.example/foresee";

/// Small enough for several snapshots in a test.
pub(super) const SNAPSHOT_BYTES: u64 = 1024 * 1024;

pub(super) fn options() -> Options {
    let mut options = Options::new(ORIGIN, decode);
    options.snapshot_bytes = SNAPSHOT_BYTES;
    options
}

/// Pseudo-random numbers (splitmix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub(super) fn batch(from: u64, count: u64, filler: usize) -> Vec<Record> {
    (from..from + count)
        .map(|p| record(p, (p % 5) as u8, p / 5 + 1, filler))
        .collect()
}

/// Appends commits of many sizes until the store has so many entries.
pub(super) fn fill(journal: &SledJournal, rng: &mut Rng, size: u64) {
    let mut now = journal.size().unwrap();
    while now < size {
        let count = [1, 1, 2, 30, 400, 3_000][rng.below(6) as usize];
        let filler = [20, 600, 9_000][rng.below(3) as usize];
        let filler = if count > 400 { 20 } else { filler };
        now = journal.append(now, &batch(now, count, filler)).unwrap();
    }
}

/// A copy of a store's files as they are at one moment, as kill -9 would leave them.
pub(super) fn copy(from: &Path) -> tempfile::TempDir {
    let db = |dir: &Path| fs::read(dir.join("db")).ok();
    for _try in 0..1_000 {
        let copied = copy_once(from);
        // While it was made nothing was written.
        if db(copied.path()) == db(from) && snapshots(copied.path()) == snapshots(from) {
            return copied;
        }
    }
    panic!("the store never rests for as long as a copy takes");
}

fn copy_once(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            // A snapshot may have given way to a newer one meanwhile.
            if let Err(error) = fs::copy(entry.path(), to.path().join(entry.file_name())) {
                assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
            }
        } else {
            fs::create_dir(to.path().join(entry.file_name())).unwrap();
        }
    }
    to
}

/// The name of a file and its bytes.
type Snapshot = (String, Vec<u8>);

/// The newest snapshot: the older one goes after the newer one has come.
fn snapshot(dir: &Path) -> Option<Snapshot> {
    let mut names = snapshots(dir);
    assert!(names.len() <= 2, "{names:?}");
    let name = names.pop()?;
    let bytes = fs::read(dir.join(&name)).unwrap();
    Some((name, bytes))
}

pub(super) fn snapshots(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name.starts_with("snap."))
        .collect();
    names.sort();
    names
}

/// What a copy shows, and the snapshot that sled makes when it opens it; why, if it does not open.
fn shown(dir: &Path) -> Result<(u64, Option<Snapshot>), String> {
    let copied = copy(dir);
    // The follower, which may have much to write, would put a snapshot of its own in place of the one that sled made.
    let mut options = options();
    options.snapshot_bytes = u64::MAX;
    let journal = SledJournal::open(copied.path(), options).map_err(|error| causes(&error))?;
    let made = snapshot(copied.path());
    Ok((journal.size().unwrap(), made))
}

fn causes(mut error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    while let Some(source) = error.source() {
        text = format!("{text}: {source}");
        error = source;
    }
    text
}

pub(super) fn read_all(journal: &SledJournal) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let page = journal.read(all.len() as u64, 1_000).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.into_iter().map(|stored| stored.bytes));
    }
}

#[test]
fn a_store_as_kill_9_leaves_it_is_foreseen_and_a_snapshot_changes_nothing_of_it() {
    let (mut rng, mut foreseen, mut with_snapshot) = (Rng(7), 0, 0);
    for round in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        for _opened in 0..2 {
            let journal = SledJournal::open(dir.path(), options()).unwrap();
            let base = journal.size().unwrap();
            for part in 1..4 {
                fill(&journal, &mut rng, base + part * 2_500);
                let kept = copy(dir.path());
                let bare = copy(kept.path());
                for name in snapshots(bare.path()) {
                    fs::remove_file(bare.path().join(name)).unwrap();
                }
                let (size, made) = shown(bare.path()).unwrap();
                let (same, from_snapshot) = shown(kept.path()).unwrap();
                assert_eq!(size, same, "round {round}");
                assert!(
                    made == from_snapshot,
                    "round {round}: another table of pages"
                );
                for store in [kept.path(), bare.path()] {
                    // The follower may have been writing while the copy was made: then there may be doubt.
                    if let Ok(seen) = SledJournal::foresee(store, ORIGIN) {
                        assert_eq!(seen.size, size, "round {round}");
                        foreseen += 1;
                    }
                }
                with_snapshot += usize::from(snapshot(kept.path()).is_some());
            }
            let all = read_all(&journal);
            drop(journal);
            let opened = SledJournal::open(dir.path(), options()).unwrap();
            assert_eq!(read_all(&opened), all);
            let counted = opened.recount(|_done, _all| {}).unwrap();
            assert_eq!(counted, all.len() as u64);
        }
    }
    assert!(
        foreseen > 50 && with_snapshot > 20,
        "{foreseen} {with_snapshot}"
    );
}

#[test]
fn what_is_foreseen_of_a_damaged_store_is_never_more_than_sled_shows() {
    let (mut rng, mut sure, mut doubts) = (Rng(23), 0, 0);
    let seed = copy_of_filled(&mut rng);
    let length = fs::metadata(seed.path().join("db")).unwrap().len();
    for round in 0..150 {
        let store = copy(seed.path());
        let path = store.path().join("db");
        let mut bytes = fs::read(&path).unwrap();
        // Half of them in what was written last.
        let at = if rng.below(2) == 0 {
            rng.below(length)
        } else {
            length.saturating_sub(1 + rng.below(1_500_000))
        } as usize;
        let span = (1 + rng.below(3_000) as usize).min(bytes.len() - at);
        match rng.below(5) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at..at + span].fill(0),
            3 => {
                let from = rng.below(length - span as u64) as usize;
                bytes.copy_within(from..from + span, at);
            }
            _ => {
                let name = snapshot(store.path()).map(|(name, _)| store.path().join(name));
                if let Some(name) = name {
                    let mut snap = fs::read(&name).unwrap();
                    let at = rng.below(snap.len() as u64) as usize;
                    snap[at] ^= 1 << rng.below(8);
                    fs::write(name, snap).unwrap();
                }
            }
        }
        fs::write(&path, bytes).unwrap();
        let before = fs::read(&path).unwrap();
        match SledJournal::foresee(store.path(), ORIGIN) {
            Ok(seen) => {
                sure += 1;
                match shown(store.path()) {
                    Ok((size, _)) => assert_eq!(size, seen.size, "round {round}"),
                    // It lies in a page that no start reads, and that somebody came by who writes.
                    Err(error) => assert!(error.contains("the follower has stopped"), "{error}"),
                }
            }
            Err(_doubt) => doubts += 1,
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    assert!(sure > 10 && doubts > 10, "{sure} {doubts}");
}

const SEGMENT: usize = 512 * 1024;
const HEADER: usize = 20;

/// The greatest log sequence number that a header of a segment calls stable; none is left to call a greater one so than this.
fn headers(bytes: &mut [u8], most: i64) -> i64 {
    let mut greatest = 0;
    for segment in bytes.chunks_mut(SEGMENT) {
        let Some((sum, rest)) = segment
            .get_mut(..HEADER)
            .and_then(|header| header.split_first_chunk_mut::<4>())
        else {
            continue;
        };
        if u32::from_le_bytes(*sum) ^ u32::MAX != crc32fast::hash(rest) {
            continue;
        }
        let said = rest.last_chunk_mut::<8>().unwrap();
        let stable = (i64::from_le_bytes(*said) ^ i64::MAX).min(most);
        *said = (stable ^ i64::MAX).to_le_bytes();
        *sum = (crc32fast::hash(rest) ^ u32::MAX).to_le_bytes();
        greatest = greatest.max(stable);
    }
    greatest
}

#[test]
fn a_log_with_a_segment_missing_at_its_end_is_foreseen_as_sled_shows_it() {
    let (mut rng, mut shorter, rounds) = (Rng(31), 0, 3);
    for _round in 0..rounds {
        let dir = tempfile::tempdir().unwrap();
        let journal = SledJournal::open(dir.path(), options()).unwrap();
        fill(&journal, &mut rng, 2_000);
        let whole = journal.size().unwrap();
        drop(journal);
        let stable = headers(&mut fs::read(dir.path().join("db")).unwrap(), i64::MAX);
        // A commit of many segments that sled has in hand: none is to say yet that those before it are stable.
        let db = raw(dir.path());
        let log = db.open_tree("log").unwrap();
        let records = batch(whole, 400, 9_000);
        let entries = records.iter().map(|record| record.bytes.as_slice());
        let blocks = block::encode(ORIGIN, whole, entries).unwrap();
        for (value, part) in blocks.into_iter().zip(0..) {
            log.insert(block::key(whole, part), value).unwrap();
        }
        let full = copy(dir.path());
        let mut bytes = fs::read(full.path().join("db")).unwrap();
        headers(&mut bytes, stable);
        for at in (0..bytes.len()).step_by(SEGMENT) {
            let store = copy(full.path());
            let mut bytes = bytes.clone();
            let header = at..(at + HEADER).min(bytes.len());
            bytes[header].fill(0);
            fs::write(store.path().join("db"), bytes).unwrap();
            if let Ok(seen) = SledJournal::foresee(store.path(), ORIGIN) {
                let shown = shown(store.path()).map(|(size, _)| size);
                assert_eq!(shown, Ok(seen.size), "at {at}");
                shorter += usize::from(seen.size == whole);
            }
        }
    }
    // Not only the last segment of each.
    assert!(shorter > rounds, "{shorter}");
}

pub(super) fn copy_of_filled(rng: &mut Rng) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let journal = SledJournal::open(dir.path(), options()).unwrap();
    fill(&journal, rng, 6_000);
    // The follower may still merge runs and take a snapshot, and a batch of rows is whole on the disk with the commit
    // after it: until the copy is of such a moment.
    let mut doubts = Vec::new();
    for _try in 0..100 {
        journal.recount(|_done, _all| {}).unwrap();
        let size = journal.size().unwrap();
        journal.append(size, &batch(size, 1, 20)).unwrap();
        let copied = copy(dir.path());
        match SledJournal::foresee(copied.path(), ORIGIN) {
            Ok(_seen) => return copied,
            Err(doubt) => doubts.push(doubt.to_string()),
        }
    }
    panic!("a store that rests is never foreseen: {doubts:?}");
}

#[test]
fn a_store_that_is_open_or_has_no_log_is_not_foreseen() {
    let dir = tempfile::tempdir().unwrap();
    assert!(SledJournal::foresee(dir.path(), ORIGIN).is_err());
    let journal = SledJournal::open(dir.path(), options()).unwrap();
    fill(&journal, &mut Rng(1), 10);
    assert!(SledJournal::foresee(dir.path(), ORIGIN).is_err());
    let copied = copy(dir.path());
    assert!(SledJournal::foresee(copied.path(), "ledger.example/other").is_err());
    assert!(SledJournal::foresee(copied.path(), ORIGIN).is_ok());
}
