//! Changes at every structure boundary and at random: each is detected and located, or is in bytes that no block covers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caseledger::journal::scan::scan;
use std::ops::ControlFlow;

use crate::boundaries::{self, marked};
use crate::change::{Change, KINDS, Kind};
use crate::judge::{Counts, Rows, Served, Verdict, served_after, verified};
use crate::place::{sound, verify};
use crate::rng::Rng;

/// How many commands run at the same time.
const THREADS: usize = 4;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed() -> u64 {
    number("TAMPER_SEED").unwrap_or_else(|| std::process::id().into())
}

/// The snapshot that sled has made of its page table, as a path below the ledger.
fn snapshot() -> &'static str {
    let journal = std::fs::read_dir(sound().ledger().join("journal")).unwrap();
    let mut names = journal.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.find(|name| name.starts_with("snap.")).unwrap();
    format!("journal/{name}").leak()
}

/// Verifies, and of every `serve_each`th serves, each change on a copy of its own.
fn judge(changes: &[Change], serve_each: usize, until: Option<Duration>) -> (Counts, [usize; 2]) {
    let (counts, next) = (Counts::default(), AtomicUsize::new(0));
    let starts = Mutex::new([0, 0]);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while until.is_none_or(|until| began.elapsed() < until) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(change) = changes.get(number) else {
                        break;
                    };
                    let serves = number % serve_each == 0;
                    if let Some((verdict, refused)) = one(change, serves) {
                        counts.count(change.file, change.kind, verdict);
                        if let Some(refused) = refused {
                            starts.lock().unwrap()[usize::from(refused)] += 1;
                        }
                    }
                }
            });
        }
    });
    let starts = *starts.lock().unwrap();
    (counts, starts)
}

/// How one change came out, and whether `serve` refused when it was asked.
fn one(change: &Change, serves: bool) -> Option<(Verdict, Option<bool>)> {
    let was = sound().bytes(change.file);
    let place = sound().copied();
    if !change.make(&place.ledger(), &was) {
        return None;
    }
    let (verdict, told) = verified(&place.ledger(), change, &was);
    if !serves {
        return Some((verdict, None));
    }
    let refused = match served_after(&place.ledger(), &format!("{change:?}"), told.code) {
        Served::Refused(..) => true,
        Served::Whole => {
            assert_ne!(
                told.code, 3,
                "{change:?}: verify store failed and serve served: {}",
                told.out
            );
            false
        }
    };
    Some((verdict, Some(refused)))
}

#[test]
fn a_change_anywhere_at_random_is_detected_and_located_or_no_block_covers_it() {
    let seed = seed();
    let seconds = number("TAMPER_SECONDS").unwrap_or(20);
    println!("TAMPER_SEED={seed} TAMPER_SECONDS={seconds}");
    let mut rng = Rng::new(seed);
    let size = sound().bytes("journal/db").len();
    let many = usize::try_from(seconds * 20 + 70).unwrap();
    let changes: Vec<Change> = (0..many)
        .map(|number| {
            let at = rng.below(size);
            Change::at(
                &mut rng,
                "journal/db",
                KINDS[number % KINDS.len()],
                at,
                size,
            )
        })
        .collect();
    let (counts, [whole, refused]) = judge(&changes, 3, Some(Duration::from_secs(seconds)));
    counts.print("random changes of the store's file");
    println!("  serve: {refused} refused, {whole} served whole");
    for kind in KINDS {
        assert!(counts.of(kind) > 0, "{kind:?}: no change was made");
    }
}

#[test]
fn a_change_at_every_start_and_end_of_the_file_of_its_segments_and_of_the_small_files_is_told() {
    let mut rng = Rng::new(7);
    let mut changes = Vec::new();
    let mut add = |file: &'static str, marks: Vec<usize>, kinds: &[Kind]| {
        let size = sound().bytes(file).len();
        for mark in marks.into_iter().filter(|mark| *mark < size) {
            for kind in kinds {
                changes.push(Change::at(&mut rng, file, *kind, mark, size));
            }
        }
    };
    let bytes = |file: &str| sound().bytes(file);
    let some = [Kind::Flip, Kind::Zero, Kind::Cut, Kind::Double];
    add(
        "journal/db",
        boundaries::segments(&bytes("journal/db")),
        &some,
    );
    add("head", boundaries::head(&bytes("head")), &[Kind::Flip]);
    add("head", vec![0, 4_096, 8_191], &KINDS);
    add("keys", boundaries::keys(&bytes("keys")), &[Kind::Flip]);
    add("keys", vec![0, 4_096, 8_191], &KINDS);
    let last = |file: &str| vec![0, bytes(file).len() / 2, bytes(file).len() - 1];
    for file in ["log.key", "vkey", "origin", "journal/conf"] {
        add(file, last(file), &[Kind::Flip, Kind::Cut, Kind::Double]);
    }
    let snapshot = snapshot();
    for mark in last(snapshot) {
        for kind in KINDS {
            let size = bytes(snapshot).len();
            changes.push(Change::at(&mut rng, snapshot, kind, mark, size));
        }
    }
    let (counts, [whole, refused]) = judge(&changes, 2, None);
    counts.print("changes at starts and ends, of segments and of small files");
    println!("  serve: {refused} refused, {whole} served whole");
}

/// Every mark of every block, by name: all blocks are changed there at once, and each must be found.
#[test]
fn a_change_at_every_boundary_within_every_block_is_located_at_that_block() {
    let was = sound().bytes("journal/db");
    let all = marked(&was);
    assert!(all.len() > 100, "{} blocks", all.len());
    let mut names: Vec<&str> = all
        .iter()
        .flat_map(|block| block.marks.iter().map(|mark| mark.0))
        .collect();
    names.sort_unstable();
    names.dedup();
    let jobs: Vec<(&str, bool)> = names
        .iter()
        .flat_map(|name| [(*name, false), (*name, true)])
        .collect();
    let (next, marks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((name, zero)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut bytes = was.clone();
                    for block in &all {
                        let here = block.marks.iter().filter(|mark| mark.0 == *name);
                        for (_, mark) in here {
                            let zeroed = if *zero && bytes[*mark] != 0 {
                                0
                            } else {
                                bytes[*mark] ^ 0x20
                            };
                            bytes[*mark] = zeroed;
                            marks.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    let place = sound().copied();
                    std::fs::write(place.ledger().join("journal/db"), &bytes).unwrap();
                    let told = verify(&place.ledger());
                    assert_eq!(told.code, 3, "{name}: {}{}", told.out, told.err);
                    let rows = Rows::of(&told);
                    for block in &all {
                        let changed = bytes[block.at..block.end()] != was[block.at..block.end()];
                        assert!(
                            !changed || rows.locates(block),
                            "{name}: block at {}",
                            block.at
                        );
                    }
                }
            });
        }
    });
    println!(
        "changes at {} marks of {} kinds in {} blocks: each located",
        marks.into_inner(),
        names.len(),
        all.len()
    );
}

/// One change at a time, at the boundaries of blocks: some of them, or all of them with `TAMPER_ALL`.
#[test]
fn a_single_change_at_a_boundary_makes_its_block_and_no_other_unfound() {
    let was = sound().bytes("journal/db");
    let all = marked(&was);
    let origin = String::from_utf8(sound().bytes("origin")).unwrap();
    let found =
        |bytes: &[u8]| scan(bytes, origin.trim(), |_done| ControlFlow::Continue(())).unwrap();
    let whole = found(&was);
    let mut rng = Rng::new(seed());
    let marks: Vec<(usize, usize)> = all
        .iter()
        .enumerate()
        .flat_map(|(number, block)| block.marks.iter().map(move |mark| (number, mark.1)))
        .collect();
    let every = if std::env::var_os("TAMPER_ALL").is_some() {
        1
    } else {
        marks.len() / 150 + 1
    };
    let start = rng.below(every);
    let mut singles = 0;
    for (number, mark) in marks.iter().skip(start).step_by(every) {
        let mut bytes = was.clone();
        bytes[*mark] ^= 1 << rng.below(8);
        let now = found(&bytes);
        let block = &all[*number];
        assert!(
            now.suspects
                .iter()
                .any(|suspect| suspect.offset == block.at as u64),
            "block at {}, byte {mark}",
            block.at
        );
        assert!(
            now.uncovered
                .iter()
                .any(|range| range.contains(&(*mark as u64))),
            "byte {mark}"
        );
        assert_eq!(now.suspects.len(), whole.suspects.len() + 1, "byte {mark}");
        singles += 1;
    }
    println!("{singles} of {} boundaries changed one by one", marks.len());
    assert!(singles > 100, "{singles}");
}
