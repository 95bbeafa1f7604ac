//! What `verify store` and `serve` make of a changed ledger, and whether that is right.

use std::collections::{BTreeMap, BTreeSet};
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
const PATIENCE: Duration = Duration::from_mins(1);

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
pub(crate) struct Rows {
    all: Vec<[String; 3]>,
    /// Ranges that no block covers.
    ranges: Vec<Range<usize>>,
    /// Offsets that rows of damage name.
    damaged: BTreeSet<usize>,
}

impl Rows {
    pub(crate) fn of(told: &Told) -> Self {
        let cells = told.rows().into_iter().map(|row| {
            ["check", "result", "detail"]
                .map(|name| row.get(name).unwrap().as_str().unwrap().to_owned())
        });
        let mut read = Self {
            all: Vec::new(),
            ranges: Vec::new(),
            damaged: BTreeSet::new(),
        };
        let mut total = None;
        for row in cells {
            let [check, result, detail] = &row;
            match check.as_str() {
                "bytes not covered" => total = Some(result.parse::<usize>().unwrap()),
                "range not covered" => {
                    let (from, to) = detail.split_once("..").unwrap();
                    let range: Range<usize> = from.parse().unwrap()..to.parse().unwrap();
                    assert_eq!(result.parse::<usize>().unwrap(), range.len());
                    read.ranges.push(range);
                    continue;
                }
                "damaged block" | "block not used" => read.damaged.extend(offsets(detail)),
                _ => {}
            }
            read.all.push(row);
        }
        let sum: usize = read.ranges.iter().map(ExactSizeIterator::len).sum();
        assert!(
            total.is_none_or(|total| total == sum),
            "the ranges make the total"
        );
        read
    }

    fn covers(&self, at: usize) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= at);
        after > 0 && self.ranges[after - 1].contains(&at)
    }

    fn get(&self, check: &str) -> Option<&[String; 3]> {
        self.all.iter().find(|row| row[0] == check)
    }

    fn says(&self, what: impl Fn(&[String; 3]) -> bool) -> bool {
        self.all.iter().any(what)
    }

    /// Whether some row says where a block was changed: at its start, or in a gap around it.
    pub(crate) fn locates(&self, block: &Block) -> bool {
        let around = |row: &[String; 3]| {
            let [check, _, detail] = row;
            if check != "fault" {
                return false;
            }
            let named = offsets(detail);
            let between = named.len() == 2 && named[0] <= block.at && block.at <= named[1];
            let one = |after: &str| detail.contains(after).then(|| named[0]);
            named.contains(&block.at)
                || between
                || one("after offset").is_some_and(|after| after <= block.at)
                || one("before offset").is_some_and(|before| block.at <= before)
        };
        self.damaged.contains(&block.at) || self.says(around)
    }
}

/// Every number in a text that follows a word of offsets.
fn offsets(text: &str) -> Vec<usize> {
    let after = text.split("offset").skip(1);
    let numbers = after.flat_map(|rest| {
        let words = rest.split(|c: char| !c.is_ascii_digit());
        let words = words.filter(|word| !word.is_empty()).take(2);
        words
            .map(|word| word.parse().unwrap())
            .collect::<Vec<usize>>()
    });
    numbers.collect()
}

/// Checks the changed ledger with `verify store`, which must change nothing, and says how the change came out.
pub(crate) fn verified(ledger: &Path, change: &Change, was: &[u8]) -> (Verdict, Told) {
    let before = seen(ledger);
    let told = verify(ledger);
    assert!(
        seen(ledger) == before,
        "{change:?}: verifying changed a file"
    );
    assert!(
        [0, 3, 7].contains(&told.code),
        "{change:?}: {} {}",
        told.code,
        told.err
    );
    let is = fs::read(ledger.join(change.file)).unwrap();
    let rows = Rows::of(&told);
    let verdict = if change.file == "journal/db" {
        of_blocks(&rows, told.code, change, (was, &is))
    } else {
        of_small_file(&rows, &told, change, (was, &is))
    };
    (verdict, told)
}

fn of_blocks(rows: &Rows, code: i32, change: &Change, (was, is): (&[u8], &[u8])) -> Verdict {
    let differ = |at: &usize| was.get(*at) != is.get(*at);
    if code == 0 {
        let mut changed = (0..is.len()).filter(differ);
        let uncovered = changed.all(|at| rows.covers(at));
        assert!(
            uncovered,
            "{change:?}: a block covers changed bytes, and nothing is said"
        );
        let entries = rows.get("entries").unwrap();
        assert_eq!(entries[1], ENTRIES.to_string(), "{change:?}");
        return Verdict::NotCovered;
    }
    let tells = |[check, result, detail]: &[String; 3]| {
        let tells = ["damaged block", "fault", "the store's own view"].contains(&check.as_str());
        tells && (result == "differs" || detail.contains("offset"))
    };
    assert!(rows.says(tells), "{change:?}: nothing says what is wrong");
    let here = blocks(is);
    let stays = |block: &Block| {
        here.iter().any(|other| {
            other.at == block.at && is[other.at..other.end()] == was[block.at..block.end()]
        })
    };
    // Where bytes were moved, other blocks may stand in the place of one: then the edges of the change are what is named.
    let moved = !matches!(change.kind, Kind::Flip | Kind::Zero) && edges(rows, change);
    for block in blocks(was).iter().filter(|block| !stays(block)) {
        let end = block.end().min(is.len());
        let in_range = (block.at..end).filter(differ).all(|at| rows.covers(at));
        assert!(
            in_range || moved || rows.locates(block),
            "{change:?}: the block at {} was changed, and nothing says so",
            block.at
        );
    }
    Verdict::Detected
}

/// Whether a row names a block at an edge of the bytes that were moved, or how far the store itself can be read.
fn edges(rows: &Rows, change: &Change) -> bool {
    let near = |at: usize, edge: usize| at.abs_diff(edge) <= MAX_BLOCK_BYTES;
    let other = [change.other, change.other + change.length];
    let edges = [change.at, change.at + change.length]
        .into_iter()
        .chain(other);
    let mut edges = edges.filter(|edge| rows.damaged.iter().any(|at| near(*at, *edge)));
    let own = |row: &[String; 3]| row[0] == "the store's own view" && row[1] == "differs";
    edges.next().is_some() || rows.says(own)
}

fn of_small_file(rows: &Rows, told: &Told, change: &Change, (was, is): (&[u8], &[u8])) -> Verdict {
    let named = format!("{change:?}: {}", told.err);
    if told.code != 0 {
        let row = match change.file {
            "head" => rows.get("head file"),
            "keys" => rows.get("keys"),
            "log.key" => rows.get("log key"),
            // sled's own files: only it reads them.
            sled if sled.starts_with("journal/") => rows.get("the store's own view"),
            // Nothing can be checked without these, and the message names the file; or the head file is not under it.
            other if told.err.contains(other) => return Verdict::Detected,
            _ => rows.get("head file"),
        };
        let row = row.unwrap();
        let tells = ["damaged", "differs"].contains(&row[1].as_str())
            || row[2].contains("slot ")
            || row[2].contains("damaged");
        let other = rows.says(|row| row[2].contains("another ledger"));
        assert!(tells || other, "{named} {row:?}");
        return Verdict::Detected;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map(|text| text.trim().to_owned());
    let same = match change.file {
        // White space around the one line that they hold.
        "origin" | "vkey" => text(was) == text(is) && text(is).is_ok(),
        // Zeros after the content of a slot are its padding.
        "keys" => is.starts_with(was) && is[was.len()..].iter().all(|byte| *byte == 0),
        // A snapshot that sled cannot use makes it read its log from the beginning.
        sled if sled.starts_with("journal/") => true,
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

/// Starts `serve` on a ledger whose files are as they should be, or must be refused.
pub(crate) fn served(ledger: &Path, what: &str) -> Served {
    served_after(ledger, what, 0)
}

/// Starts `serve`; a ledger that it refuses must be left as it was, with the remedy said, and one that it serves must
/// hold the checkpoint that was kept.
pub(crate) fn served_after(ledger: &Path, what: &str, verified: i32) -> Served {
    let before = files(ledger);
    let mut child = program(&[
        "serve",
        "--verify-first",
        "--listen",
        "127.0.0.1:0",
        "--store",
    ])
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
        // A damaged copy of a block that stands elsewhere too stays in the file until sled needs the room.
        let fine = told.code == 0 || told.code == verified;
        assert!(
            fine && told.code != 3,
            "{what}: served, and then {}{}",
            told.out,
            told.err
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
    // A store whose framing was whole is opened to look into its entries; that writes to sled's files, and to no other.
    let opened = said.contains("does not check") || said.contains("not those of the checkpoint");
    let sled = |path: &Path| opened && path.parent().is_some_and(|dir| dir.ends_with("journal"));
    let same = |path: &PathBuf| before.get(path) == after.get(path) || sled(path);
    let changed: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|path| !same(path))
        .collect();
    assert!(
        changed.is_empty(),
        "{what}: a refused start changed {changed:?}: {said}"
    );
    Served::Refused(code, said)
}
