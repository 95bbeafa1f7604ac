//! What `verify store` and `serve` make of a changed ledger, and whether that is right.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use caseledger::journal::block::MAX_BLOCK_BYTES;

use crate::boundaries::{Block, blocks};
use crate::change::{Change, Kind};
use crate::place::{ENTRIES, seen, sound, verify, verify_with};
use crate::running::{Told, files, interrupt, program};

/// A refusal comes within this, in the slowest build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a change came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// `verify store` did not end with 0, and named the place.
    Detected,
    /// Every changed byte is in a range that it says no block covers, or means nothing by the format.
    NotCovered,
}

/// How many of each kind came out how.
#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<(String, Kind, Verdict), usize>>);

impl Counts {
    pub(crate) fn count(&self, file: &str, kind: Kind, verdict: Verdict) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry((file.to_owned(), kind, verdict)).or_default() += 1;
    }

    pub(crate) fn of(&self, kind: Kind) -> usize {
        let counts = self.0.lock().unwrap();
        counts
            .iter()
            .filter(|((_, of, _), _)| *of == kind)
            .map(|(_, count)| count)
            .sum()
    }

    pub(crate) fn print(&self, title: &str) {
        println!("{title}");
        for ((file, kind, verdict), count) in self.0.lock().unwrap().iter() {
            println!(
                "  {file:12} {:8} {:12} {count}",
                format!("{kind:?}"),
                format!("{verdict:?}")
            );
        }
    }
}

/// The rows of `verify store --format jsonl`.
fn cells<'t>(told: &'t Told) -> impl Iterator<Item = [String; 3]> + 't {
    told.rows().into_iter().map(|row| {
        ["check", "result", "detail"]
            .map(|name| row.get(name).unwrap().as_str().unwrap().to_owned())
    })
}

/// The ranges that no block covers, and that their lengths make the total given.
pub(crate) fn ranges(told: &Told) -> Vec<Range<usize>> {
    let (mut ranges, mut total) = (Vec::new(), None);
    for [check, result, detail] in cells(told) {
        if check == "bytes not covered" {
            total = Some(result.parse::<usize>().unwrap());
        } else if check == "range not covered" {
            let (from, to) = detail.split_once("..").unwrap();
            let range: Range<usize> = from.parse().unwrap()..to.parse().unwrap();
            assert_eq!(result.parse::<usize>().unwrap(), range.len());
            ranges.push(range);
        }
    }
    let sum: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    assert_eq!(Some(sum), total, "the ranges make the total");
    ranges
}

fn covers(ranges: &[Range<usize>], at: usize) -> bool {
    ranges.iter().any(|range| range.contains(&at))
}

/// Every number in a text that follows a word of offsets.
fn offsets(text: &str) -> Vec<usize> {
    let after = text.split("offset").skip(1);
    let numbers = after.flat_map(|rest| {
        let rest = rest.trim_start_matches('s');
        let words = rest
            .split(|c: char| !c.is_ascii_digit())
            .filter(|word| !word.is_empty());
        words
            .take(2)
            .map(|word| word.parse().unwrap())
            .collect::<Vec<usize>>()
    });
    numbers.collect()
}

/// Whether some row says where a block was changed: at its start, or in a gap around it.
pub(crate) fn locates(told: &Told, block: &Block) -> bool {
    cells(told).any(|[check, _, detail]| match check.as_str() {
        "damaged block" | "block not used" => offsets(&detail).contains(&block.at),
        "fault" | "the store's own view" => {
            let named = offsets(&detail);
            let around = named.len() == 2 && named[0] <= block.at && block.at <= named[1];
            named.contains(&block.at)
                || around
                || (detail.contains("after offset") && named.iter().any(|after| *after <= block.at))
                || (detail.contains("before offset")
                    && named.iter().any(|before| block.at <= *before))
        }
        _ => false,
    })
}

/// Checks the changed ledger with `verify store`, which must change nothing, and says how the change came out.
pub(crate) fn verified(ledger: &Path, change: &Change, was: &[u8]) -> (Verdict, Told) {
    let before = seen(ledger);
    let told = verify(ledger);
    assert!(
        seen(ledger) == before,
        "{change:?}: verifying changed a file"
    );
    let named = format!("{change:?}: {}{}", told.out, told.err);
    assert!([0, 3, 7].contains(&told.code), "{} {named}", told.code);
    let is = fs::read(ledger.join(change.file)).unwrap();
    let verdict = if change.file == "journal/db" {
        of_blocks(&told, change, (was, &is), &named)
    } else {
        of_small_file(&told, change, was, &is, &named)
    };
    if told.code == 3 {
        let whole = told.err.is_empty() || !told.err.contains("panicked");
        assert!(whole, "{named}");
    }
    (verdict, told)
}

fn of_blocks(told: &Told, change: &Change, (was, is): (&[u8], &[u8]), named: &str) -> Verdict {
    let ranges = ranges(told);
    let differ = |at: &usize| was.get(*at) != is.get(*at);
    if told.code == 0 {
        let mut changed = (0..is.len()).filter(differ);
        assert!(
            changed.all(|at| covers(&ranges, at)),
            "a block covers changed bytes, and nothing is said: {named}"
        );
        // What was cut off or moved lost nothing of the ledger.
        let kept = verify_size(told);
        assert_eq!(kept, ENTRIES, "{named}");
        return Verdict::NotCovered;
    }
    let any_row = cells(told).any(|[check, result, detail]| {
        let tells = ["damaged block", "fault", "the store's own view"].contains(&check.as_str());
        tells && (result == "differs" || detail.contains("offset"))
    });
    assert!(any_row, "nothing says what is wrong: {named}");
    let here = blocks(is);
    let stays = |block: &Block| {
        here.iter().any(|other| {
            is[other.at..other.end()] == was[block.at..block.end()] && other.at == block.at
        })
    };
    for block in blocks(was).iter().filter(|block| !stays(block)) {
        let end = block.end().min(is.len());
        let in_range = (block.at..end).filter(differ).all(|at| covers(&ranges, at));
        // Where bytes were moved, other blocks may stand in its place: then the edges of the change are what is named.
        let moved = !matches!(change.kind, Kind::Flip | Kind::Zero) && edges(told, change);
        assert!(
            locates(told, block) || in_range || moved,
            "the block at {} was changed, and nothing says so: {named}",
            block.at
        );
    }
    Verdict::Detected
}

/// Whether a row names a block at an edge of the bytes that were moved, or that the store itself cannot be read past it.
fn edges(told: &Told, change: &Change) -> bool {
    let near =
        |at: usize, edge: usize| at <= edge + MAX_BLOCK_BYTES && edge <= at + MAX_BLOCK_BYTES;
    let edges = [
        change.at,
        change.at + change.length,
        change.other,
        change.other + change.length,
    ];
    cells(told).any(|[check, result, detail]| {
        let named = offsets(&detail);
        let by_row = check == "damaged block"
            && named
                .iter()
                .any(|at| edges.iter().any(|edge| near(*at, *edge)));
        by_row || (check == "the store's own view" && result == "differs")
    })
}

fn verify_size(told: &Told) -> u64 {
    let mut rows = cells(told);
    let entries = rows.find(|[check, _, _]| check == "entries").unwrap();
    entries[1].parse().unwrap()
}

fn of_small_file(told: &Told, change: &Change, was: &[u8], is: &[u8], named: &str) -> Verdict {
    if told.code != 0 {
        let row = match change.file {
            "head" => "head file",
            "keys" => "keys",
            "log.key" => "log key",
            // No row: nothing can be checked without it, and the message names it.
            other => {
                let says = told.err.contains(other)
                    || cells(told).any(|[check, _, detail]| {
                        check == "the store's own view"
                            || detail.contains("another ledger")
                            || detail.contains("no valid slot")
                    });
                assert!(says, "{named}");
                return Verdict::Detected;
            }
        };
        let mut rows = cells(told);
        let row = rows.find(|[check, _, _]| check == row).unwrap();
        assert!(row[1] == "damaged" || row[2].contains("slot"), "{named}");
        return Verdict::Detected;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map(|text| text.trim().to_owned());
    let same = match change.file {
        // White space around the one line that they hold.
        "origin" | "vkey" => text(was) == text(is) && text(is).is_ok(),
        // Zeros after the content of a slot are its padding.
        "keys" => is.starts_with(was) && is[was.len()..].iter().all(|byte| *byte == 0),
        // sled's settings: the same when sled reads them so.
        "journal/conf" => true,
        _ => false,
    };
    assert!(same, "a file was changed and nothing is said: {named}");
    Verdict::NotCovered
}

/// What `serve` did with a ledger.
pub(crate) enum Served {
    /// It refused, with this.
    Refused(i32, String),
    /// It served all of it and was stopped again.
    Whole,
}

/// Starts `serve`; a ledger that it refuses must be left as it was, with the remedy said, and one that it serves must
/// hold the checkpoint that was kept.
pub(crate) fn served(ledger: &Path, what: &str) -> Served {
    let before = files(ledger);
    let mut child = program(&["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(ledger)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let mut said = String::new();
    let mut serves = false;
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("serving ") {
            serves = true;
            break;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{what}: it neither serves nor refuses: {said}"
        );
    }
    if serves {
        interrupt(&mut child);
        let kept = ledger.parent().unwrap().join("kept");
        fs::write(&kept, &sound().kept).unwrap();
        let told = verify_with(ledger, &["--checkpoint", kept.to_str().unwrap()]);
        assert_eq!(
            told.code, 0,
            "{what}: served, and then {}{}",
            told.out, told.err
        );
        return Served::Whole;
    }
    let code = child.wait().unwrap().code();
    let code = code.unwrap_or_else(|| panic!("{what}: it was brought down: {said}"));
    assert!([1, 3].contains(&code), "{what}: {code} {said}");
    let remedy = [
        "verify store",
        "from a copy",
        "restore",
        "mode to 0600",
        "Restore",
    ];
    assert!(
        remedy.iter().any(|remedy| said.contains(remedy)),
        "{what}: no remedy: {said}"
    );
    let after = files(ledger);
    let changed: Vec<_> = before
        .iter()
        .filter(|(path, bytes)| after.get(*path) != Some(bytes))
        .map(|(path, _)| path)
        .collect();
    assert!(
        changed.is_empty() && before.len() == after.len(),
        "{what}: a refused start changed {changed:?}: {said}"
    );
    Served::Refused(code, said)
}
