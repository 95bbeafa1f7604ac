//! The journal on sled: kill -9, damage, limits and what refuses the start.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use caseledger::journal::contract::{decode, record};
use caseledger::journal::scan::scan;
use caseledger::journal::sled::{Medium, Options, SledJournal};
use caseledger::journal::{AppendError, Journal, Mark, OpenError, ReadError, Record, block};

const ORIGIN: &str = "ledger.example/sled";
const CHILD: &str = "JOURNAL_TEST_CHILD_STORE";

fn options() -> Options {
    Options::new(ORIGIN, decode)
}

fn open(dir: &Path) -> SledJournal {
    SledJournal::open(dir, options()).unwrap()
}

fn batch(from: u64, count: u64) -> Vec<Record> {
    (from..from + count)
        .map(|p| record(p, (p % 5) as u8, p / 5 + 1, 600))
        .collect()
}

fn fill(journal: &SledJournal, commits: u64, count: u64) -> u64 {
    let mut size = journal.size().unwrap();
    for _ in 0..commits {
        size = journal.append(size, &batch(size, count)).unwrap();
    }
    size
}

fn expect_whole(journal: &SledJournal, at_least: u64) {
    let size = journal.size().unwrap();
    assert!(size >= at_least, "{at_least} acknowledged, {size} kept");
    let mut next = 0;
    while next < size {
        for stored in journal.read(next, 1_000).unwrap() {
            assert_eq!(stored.bytes, batch(stored.position, 1)[0].bytes);
            assert_eq!(stored.position, next);
            next += 1;
        }
    }
    assert_eq!(journal.recount(|_done, _all| {}).unwrap(), size);
}

/// Appends and prints each acknowledged size until it is killed; does nothing in an ordinary run.
#[test]
fn child_that_appends_until_killed() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let journal = open(Path::new(&dir));
    let mut out = std::io::stdout();
    for count in [1, 3, 90, 1, 400].into_iter().cycle() {
        let size = fill(&journal, 1, count);
        writeln!(out, "acknowledged {size}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for lines in [1, 4, 17, 30, 61, 8] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "journal_sled::child_that_appends_until_killed",
                "--nocapture",
            ])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut sizes = output
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| Some(line.strip_prefix("acknowledged ")?.parse::<u64>().unwrap()));
        acknowledged = sizes.nth(lines).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = sizes.last().unwrap_or(acknowledged);
        let file = fs::File::open(dir.path().join("db")).unwrap();
        let found = scan(file, ORIGIN, |_done| ControlFlow::Continue(())).unwrap();
        assert!(found.is_sound(), "{:?} {:?}", found.gaps, found.conflicts);
        assert!(
            found.size() >= acknowledged,
            "{} scanned of {acknowledged}",
            found.size()
        );
        expect_whole(&open(dir.path()), acknowledged);
    }
    assert!(acknowledged > 1_000);
}

#[test]
fn one_process_has_the_store_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    assert!(matches!(
        SledJournal::open(dir.path(), options()),
        Err(OpenError::Locked { .. })
    ));
}

#[test]
fn a_store_of_another_origin_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 1, 3);
    let other = SledJournal::open(dir.path(), Options::new("ledger.example/other", decode));
    assert!(matches!(other, Err(OpenError::Origin { found, .. }) if found == ORIGIN));
    for origin in ["", &"x".repeat(129)] {
        let opened = SledJournal::open(dir.path(), Options::new(origin, decode));
        assert!(matches!(opened, Err(OpenError::OriginLength { .. })));
    }
    expect_whole(&open(dir.path()), 3);
}

#[test]
fn what_sled_left_half_written_does_not_keep_the_store_from_opening() {
    for (after_power_cut, name, bytes) in [
        (
            false,
            "snap.FFFFFFFFFFFFFFFF.generating",
            b"half a snapshot".as_slice(),
        ),
        (true, "snap.FFFFFFFFFFFFFFFF", b"half a snapshot"),
        (true, "conf", b"segment_size: 5"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fill(&open(dir.path()), 3, 30);
        drop(raw(dir.path()));
        fs::write(dir.path().join(name), bytes).unwrap();
        let mut options = options();
        options.after_power_cut = after_power_cut;
        let journal = SledJournal::open(dir.path(), options).unwrap();
        expect_whole(&journal, 90);
    }
}

#[test]
fn a_file_among_the_blobs_refuses_the_start() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 1, 3);
    fs::create_dir_all(dir.path().join("blobs")).unwrap();
    fs::write(dir.path().join("blobs/17"), b"x").unwrap();
    assert!(matches!(
        SledJournal::open(dir.path(), options()),
        Err(OpenError::Blobs { .. })
    ));
}

#[test]
fn a_blob_or_an_exchanged_file_is_noticed_while_running() {
    for exchange in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let journal = open(dir.path());
        fill(&journal, 10, 1);
        if exchange {
            fs::copy(dir.path().join("db"), dir.path().join("other")).unwrap();
            fs::rename(dir.path().join("other"), dir.path().join("db")).unwrap();
        } else {
            fs::create_dir_all(dir.path().join("blobs")).unwrap();
            fs::write(dir.path().join("blobs/17"), b"x").unwrap();
        }
        let refused = (10..=1_000).find_map(|size| journal.append(size, &batch(size, 1)).err());
        assert!(
            matches!(refused, Some(AppendError::InDoubt { doing, .. }) if doing.contains("synced"))
        );
        assert!(matches!(
            journal.append(1_000, &batch(1_000, 1)),
            Err(AppendError::Poisoned)
        ));
    }
}

#[test]
fn every_commit_is_synced_once_and_values_stay_in_the_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    fill(&journal, 40, 100);
    let figures = journal.figures().unwrap();
    assert_eq!(figures.commits, 40);
    assert!(figures.disk_bytes > 40 * 100 * 600);
    assert_eq!(figures.medium, Medium::Local);
    let blobs = fs::read_dir(dir.path().join("blobs")).map_or(0, Iterator::count);
    assert_eq!(blobs, 0);
}

/// Opens the store below the journal, as sled does.
pub(super) fn raw(dir: &Path) -> sled::Db {
    for _ in 0..50 {
        match sled::Config::new().path(dir).flush_every_ms(None).open() {
            Ok(db) => return db,
            Err(_locked) => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
    panic!("the store stays locked");
}

/// What reading the files says that the journal will show.
fn foreseen(dir: &Path) -> u64 {
    let mut doubt = String::new();
    for _ in 0..50 {
        match SledJournal::foresee(dir, ORIGIN) {
            Ok(seen) => return seen.size,
            // Its lock is let go by threads of sled's own.
            Err(other) => doubt = other.to_string(),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{doubt}");
}

#[test]
fn a_tail_commit_with_a_part_missing_is_dropped_whole() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 3, 30);
    {
        let db = raw(dir.path());
        let log = db.open_tree("log").unwrap();
        let records = batch(90, 30);
        let blocks = block::encode(ORIGIN, 90, records.iter().map(|r| r.bytes.as_slice())).unwrap();
        assert!(blocks.len() > 2);
        for (value, part) in blocks.iter().zip(0..).skip(1) {
            log.insert(block::key(90, part), value.as_slice()).unwrap();
        }
        db.flush().unwrap();
    }
    let journal = open(dir.path());
    assert_eq!(journal.size().unwrap(), 90);
    expect_whole(&journal, 90);
    fill(&journal, 2, 7);
    drop(journal);
    expect_whole(&open(dir.path()), 104);
}

#[test]
fn a_commit_cut_off_anywhere_while_it_is_written_is_dropped_whole() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 2, 30);
    let records = batch(60, 120);
    let blocks = block::encode(ORIGIN, 60, records.iter().map(|r| r.bytes.as_slice())).unwrap();
    let parts = blocks.len();
    assert!(parts > 10);
    // Of many parts the keys are written first, with nothing under them.
    let keys = (0..)
        .take(parts)
        .map(|part| (block::key(60, part), &[][..]));
    let values = blocks.iter().zip(0..);
    let values = values.map(|(value, part)| (block::key(60, part), value.as_slice()));
    let steps: Vec<_> = keys.chain(values).collect();
    // A power cut may leave what came later and not what came before.
    for hole in [0, 1, parts / 2, parts - 2, parts - 1] {
        {
            let db = raw(dir.path());
            let log = db.open_tree("log").unwrap();
            let written = steps.iter().enumerate();
            for (_, (key, value)) in written.filter(|(step, _)| *step != parts + hole) {
                log.insert(key, *value).unwrap();
            }
            db.flush().unwrap();
        }
        expect_whole(&open(dir.path()), 60);
        assert_eq!(open(dir.path()).size().unwrap(), 60, "without part {hole}");
    }
    for cut in 1..=steps.len() {
        {
            let db = raw(dir.path());
            let log = db.open_tree("log").unwrap();
            for (key, value) in &steps[..cut] {
                log.insert(key, *value).unwrap();
            }
            db.flush().unwrap();
        }
        let due = if cut == steps.len() { 180 } else { 60 };
        assert_eq!(foreseen(dir.path()), due, "{cut} of {parts} parts twice");
        let journal = open(dir.path());
        assert_eq!(journal.size().unwrap(), due, "{cut} of {parts} parts twice");
        expect_whole(&journal, due);
    }
}

#[test]
fn only_the_last_commit_can_be_unfinished_and_a_part_missing_before_it_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 4, 30);
    let left = {
        let db = raw(dir.path());
        let log = db.open_tree("log").unwrap();
        for first in [60, 90] {
            log.remove(block::key(first, 1)).unwrap().unwrap();
        }
        db.flush().unwrap();
        log.len()
    };
    let refused = SledJournal::open(dir.path(), options()).unwrap_err();
    assert!(refused.to_string().contains("position 60"), "{refused}");
    let log = raw(dir.path()).open_tree("log").unwrap();
    assert_eq!(log.len(), left, "what is left of them stays");
}

#[test]
fn a_missing_or_changed_block_is_damage_and_names_its_position() {
    for (remove, position) in [(true, 30), (false, 60)] {
        let dir = tempfile::tempdir().unwrap();
        fill(&open(dir.path()), 3, 30);
        {
            let db = raw(dir.path());
            let log = db.open_tree("log").unwrap();
            let key = block::key(position, 1);
            let mut value = log.get(key).unwrap().unwrap().to_vec();
            value[1_000] ^= 1;
            if remove {
                log.remove(key).unwrap();
            } else {
                log.insert(key, value).unwrap();
            }
            db.flush().unwrap();
        }
        let damage = match SledJournal::open(dir.path(), options()) {
            Ok(journal) => journal.read(0, 1_000).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(damage.contains(&format!("position {position}")), "{damage}");
    }
}

#[test]
fn lost_and_false_indexes_are_rebuilt_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(dir.path()), 30, 50);
    expect_whole(&open(dir.path()), 1_500);
    let ahead = [&[1], 9_999_u64.to_be_bytes().as_slice(), &[0; 4]].concat();
    let harms: [&dyn Fn(&sled::Tree); 5] = [
        &|index| index.clear().unwrap(),
        &|index| drop(index.insert([0], ahead.as_slice()).unwrap()),
        &|index| drop(index.insert([0], b"\x07garbage").unwrap()),
        &|index| {
            for key in index.scan_prefix([2]).keys() {
                index.remove(key.unwrap()).unwrap();
            }
        },
        &|index| {
            index.insert([1, 0, 0, 9, 9, 1, 2], b"an orphan").unwrap();
            index.insert([2, 0, 0, 8, 8], b"an orphan").unwrap();
        },
    ];
    for harm in harms {
        {
            let db = raw(dir.path());
            let index = db.open_tree("index").unwrap();
            assert!(index.len() > 10, "the index is in sled");
            harm(&index);
            db.flush().unwrap();
        }
        let journal = open(dir.path());
        expect_whole(&journal, 1_500);
        while journal.figures().unwrap().index_removals > 0 {
            std::thread::yield_now();
        }
    }
    let db = raw(dir.path());
    let index = db.open_tree("index").unwrap();
    assert!(
        !index.contains_key([1, 0, 0, 9, 9, 1, 2]).unwrap(),
        "orphans are swept away"
    );
    assert!(
        !index.contains_key([2, 0, 0, 8, 8]).unwrap(),
        "orphans are swept away"
    );
}

#[test]
fn appends_are_pushed_back_while_the_indexes_lag_and_answers_stay_right() {
    let dir = tempfile::tempdir().unwrap();
    let mut few = options();
    few.index_lag_max = 150;
    let journal = SledJournal::open(dir.path(), few).unwrap();
    let (mut size, mut pushed_back) = (0, 0);
    while size < 20_000 {
        match journal.append(size, &batch(size, 100)) {
            Ok(new_size) => size = new_size,
            Err(AppendError::IndexLag { waiting, limit }) => {
                assert!(waiting > 50 && limit == 150);
                pushed_back += 1;
                std::thread::yield_now();
            }
            Err(other) => panic!("{other}"),
        }
        let last = &batch(size - 1, 1)[0];
        assert_eq!(
            journal.find(&last.agency, &last.event_id).unwrap(),
            Some(size - 1)
        );
        assert_eq!(journal.chain_len(&last.tag).unwrap(), last.chain_seq);
    }
    assert!(pushed_back > 0, "the limit was never reached");
    expect_whole(&journal, size);
    let chain = journal.read_chain(&[3; 32], 1, 5_000).unwrap();
    let positions: Vec<u64> = chain.iter().map(|stored| stored.position).collect();
    assert_eq!(positions, (3..size).step_by(5).collect::<Vec<u64>>());
    drop(journal);
    expect_whole(&open(dir.path()), size);
}

#[test]
fn a_batch_that_was_waited_for_is_taken_however_far_the_indexes_may_lag() {
    let dir = tempfile::tempdir().unwrap();
    let mut few = options();
    few.index_lag_max = 150;
    let journal = SledJournal::open(dir.path(), few).unwrap();
    let (mut size, mut full) = (0, 0);
    while size < 20_000 {
        if !journal.wait_for_room(100, Duration::ZERO) {
            full += 1;
            assert!(journal.wait_for_room(100, Duration::from_mins(1)));
        }
        size = journal.append(size, &batch(size, 100)).unwrap();
        assert!(journal.index_lag() <= 150);
    }
    assert!(full > 0, "the limit was never reached");
    expect_whole(&journal, size);
}

#[test]
fn a_flipped_byte_never_goes_unnoticed_by_the_scan() {
    let dir = tempfile::tempdir().unwrap();
    let size = fill(&open(dir.path()), 20, 20);
    let bytes = fs::read(dir.path().join("db")).unwrap();
    let whole = scan(bytes.as_slice(), ORIGIN, |_done| ControlFlow::Continue(())).unwrap();
    assert_eq!(whole.size(), size);
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for at in (0..used).step_by(used / 150) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let found = scan(
            changed.as_slice(),
            ORIGIN,
            |_done| ControlFlow::Continue(()),
        )
        .unwrap();
        let at = at as u64;
        let in_block = !whole.uncovered.iter().any(|range| range.contains(&at));
        let located = found.uncovered.iter().any(|range| range.contains(&at));
        assert!(located, "byte {at} is still covered");
        let noticed =
            found.copies.len() < whole.copies.len() || !found.is_sound() || found.size() < size;
        assert_eq!(noticed, in_block, "byte {at}");
    }
}

#[test]
fn damage_below_sled_ends_in_an_error_or_the_scan_tells() {
    let dir = tempfile::tempdir().unwrap();
    let size = fill(&open(dir.path()), 20, 20);
    let db = fs::read(dir.path().join("db")).unwrap();
    let used = db.iter().rposition(|byte| *byte != 0).unwrap();
    let (mut refused, mut shorter) = (0_u32, 0_u32);
    for at in (20..used).step_by(used / 60) {
        let copy = tempfile::tempdir().unwrap();
        for file in fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
            }
        }
        let mut changed = db.clone();
        changed[at] ^= 0x20;
        let found = scan(
            changed.as_slice(),
            ORIGIN,
            |_done| ControlFlow::Continue(()),
        )
        .unwrap();
        fs::write(copy.path().join("db"), &changed).unwrap();
        match SledJournal::open(copy.path(), options()) {
            Err(error) => {
                refused += 1;
                if let OpenError::Crashed { .. } = error {
                    assert!(error.to_string().contains("salvage"), "no remedy: {error}");
                }
            }
            Ok(journal) => {
                let opened = journal.size().unwrap();
                let mut next = 0;
                while let Ok(page) = journal.read(next, 100)
                    && !page.is_empty()
                {
                    for stored in &page {
                        assert_eq!(stored.bytes, batch(stored.position, 1)[0].bytes);
                    }
                    next += page.len() as u64;
                }
                // sled shows a shorter log without a word; the scan made before it knows better.
                let told = found.size() > opened || !found.is_sound() || !found.suspects.is_empty();
                assert!(
                    opened == size || told,
                    "byte {at}: {opened} of {size} in silence"
                );
                shorter += u32::from(opened < size);
            }
        }
    }
    assert!(
        refused + shorter > 0,
        "no damage showed: the test harms nothing"
    );
}

#[test]
fn a_mark_that_is_not_of_its_entry_is_found_by_the_recount() {
    let leaf = |record: &Record| {
        let (length, rest) = record.bytes.split_first_chunk::<4>().unwrap();
        let header = &rest[..u32::from_be_bytes(*length) as usize];
        *caseledger::ledger::tree::leaf_hash(header).as_bytes()
    };
    for (key, byte, named) in [(0_u64, 3 * 32 + 5, 3), (128, 128 * 32 + 12, 130)] {
        let dir = tempfile::tempdir().unwrap();
        let journal = open(dir.path());
        for from in (0..5_000).step_by(100) {
            let records = batch(from, 100);
            journal.append(from, &records).unwrap();
            let marks = records.iter().map(|record| Mark {
                leaf: leaf(record),
                is_landmark: record.position % 5 == 0,
            });
            journal.remember(from, &marks.collect::<Vec<_>>());
        }
        assert_eq!(journal.recount(|_done, _all| {}).unwrap(), 5_000);
        let kept = journal.remembered().unwrap();
        assert!(kept.leaves.len() >= 4_096, "{}", kept.leaves.len());
        assert_eq!(kept.landmarks[7].position, 35);
        assert_eq!(kept.landmarks[7].bytes, batch(35, 1)[0].bytes);
        drop(journal);
        let db = raw(dir.path());
        let tree = db.open_tree("index").unwrap();
        let key = [&[3], key.to_be_bytes().as_slice()].concat();
        let mut row = tree.get(&key).unwrap().unwrap().to_vec();
        row[byte] ^= 1;
        tree.insert(key, row).unwrap();
        db.flush().unwrap();
        drop((tree, db));
        let recounted = open(dir.path()).recount(|_done, _all| {});
        assert!(
            matches!(recounted, Err(ReadError::Damaged { position, .. }) if position == named),
            "{recounted:?}"
        );
    }
}
