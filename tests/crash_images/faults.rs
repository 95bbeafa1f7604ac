//! Every write, sync, open, rename, truncation and removal of a start, an append, an index step, a checkpoint, a puncture
//! and a stop fails once: its effect kept, half there, or lost. After each the ledger is opened anew, everything that
//! was acknowledged is found, and it goes on; and the two facts that are expected of each kind of fault are compared.
//!
//! A sample, drawn by `CRASH_SEED`, runs within two minutes; `FAULTS=all` makes every call fail in every way,
//! `FAULTS=300` draws that many.

mod expected;
mod program;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use caseledger::cli::{Machine, open_directory};

use self::expected::{expected, is_clear};
use self::run::{After, Fault, How, Kind, base, count, run, verify};
use crate::recorder::{ORIGIN, disk, ledger};
use crate::rng::Rng;
use crate::seed;

/// Faults of a sample, besides one of each kind.
const SAMPLE: usize = 40;
const WORKERS: usize = 2;

/// Builds the library that makes calls fail. What links a Rust program can build it.
fn shim(dir: &Path) -> PathBuf {
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/crash_images/faults/shim.c"
    );
    let built = dir.join("shim.so");
    let done = Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread", "-o",
        ])
        .args([&built, Path::new(source)])
        .status();
    assert!(done.unwrap().success(), "the shim is not built");
    built
}

/// The ways in which a call can fail.
fn ways(kind: &Kind) -> &'static [How] {
    match kind.call.as_str() {
        "write" => &[How::Kept, How::Half, How::Lost],
        _whole => &[How::Kept, How::Lost],
    }
}

/// Which faults are tried: all, or one way of each kind and some more.
fn chosen(counted: &BTreeMap<Kind, usize>, seed: u64) -> Vec<Fault> {
    let mut all = Vec::new();
    for (kind, calls) in counted {
        for number in 1..=*calls {
            let faults = ways(kind).iter().map(|how| Fault {
                kind: kind.clone(),
                number,
                how: *how,
            });
            all.extend(faults);
        }
    }
    let wanted = std::env::var("FAULTS").unwrap_or_default();
    if let [of, step, call, file, number, how] = wanted.split(' ').collect::<Vec<_>>()[..] {
        // One alone: `FAULTS="old start sync keys 1 Lost"`.
        let is_it = |fault: &Fault| {
            let Kind {
                new,
                step: s,
                call: c,
                file: f,
            } = &fault.kind;
            (*new, s.as_str(), c.as_str(), f.as_str()) == (of == "new", step, call, file)
                && (fault.number.to_string(), format!("{:?}", fault.how))
                    == (number.to_owned(), how.to_owned())
        };
        return all.into_iter().filter(is_it).collect();
    }
    if wanted == "all" {
        return all;
    }
    let more = wanted.parse().unwrap_or(SAMPLE);
    let (mut rng, mut chosen) = (Rng::new(seed), Vec::new());
    let mut one_of = |among: &dyn Fn(&Fault) -> bool| {
        let among: Vec<&Fault> = all.iter().filter(|fault| among(fault)).collect();
        chosen.push(among[rng.below(among.len())].clone());
    };
    let mut shapes = BTreeSet::new();
    for kind in counted.keys() {
        one_of(&|fault| fault.kind == *kind);
        shapes.extend(ways(kind).iter().map(|how| (&kind.step, &kind.call, *how)));
    }
    for (step, call, how) in shapes {
        one_of(&|fault| fault.how == how && (&fault.kind.step, &fault.kind.call) == (step, call));
    }
    for _ in 0..more {
        one_of(&|_any| true);
    }
    chosen
}

/// What came of all faults of one kind and way.
#[derive(Default)]
struct Row {
    injected: usize,
    receipts: usize,
    after: BTreeMap<After, usize>,
}

#[test]
fn any_one_call_that_fails_leaves_a_ledger_that_starts_again_with_everything_acknowledged() {
    let (tools, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shim = shim(tools.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(base(old.path()));
    let mut counted = count(&shim, old.path(), true);
    counted.extend(count(&shim, old.path(), false));
    let seed = seed();
    let faults = chosen(&counted, seed);
    let calls: usize = counted.values().sum();
    println!(
        "CRASH_SEED={seed}: {} faults among {calls} calls of {} kinds",
        faults.len(),
        counted.len()
    );

    let (next, done) = (
        Mutex::new(faults.iter()),
        Mutex::new((BTreeMap::<_, Row>::new(), Vec::new())),
    );
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let Some(fault) = next.lock().unwrap().next() else {
                        return;
                    };
                    let outcome = run(&shim, old.path(), fault);
                    let (rows, failed) = &mut *done.lock().unwrap();
                    let name = format!("{} number {} {:?}", fault.kind, fault.number, fault.how);
                    match outcome {
                        Err(what) => failed.push(format!("{name}: {what}")),
                        Ok(None) => {}
                        Ok(Some(outcome)) => {
                            let wrong = expected(fault) != outcome.after;
                            if wrong || !is_clear(&outcome) {
                                failed.push(format!("{name}: {outcome:?}"));
                            }
                            let row = rows.entry((fault.kind.clone(), fault.how)).or_default();
                            row.injected += 1;
                            row.receipts += outcome.receipts;
                            *row.after.entry(outcome.after).or_default() += 1;
                        }
                    }
                }
            });
        }
    });
    let (rows, failed) = done.into_inner().unwrap();
    for ((kind, how), row) in &rows {
        println!(
            "{:5} {how:?} {kind}: {:?}; {} receipts held",
            row.injected, row.after, row.receipts
        );
    }
    let injected: usize = rows.values().map(|row| row.injected).sum();
    println!("{injected} faults injected, {} failed", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for step in ["start", "append", "index", "linger", "stop"] {
        for call in ["write", "sync"] {
            let of = |kind: &Kind| kind.step == step && kind.call == call;
            let found = rows.iter().filter(|((kind, _), _)| of(kind));
            let found: usize = found.map(|(_, row)| row.injected).sum();
            assert!(
                found > 0 || (step, call) == ("stop", "write"),
                "no {call} of {step} failed"
            );
        }
    }
}

#[test]
fn settings_torn_by_a_power_cut_are_no_damage_to_verify_store_nor_to_the_next_start() {
    let place = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(base(place.path()));
    let root = ledger(&disk(place.path()));
    let settings = root.join("journal/conf");
    let bytes = fs::read(&settings).unwrap();
    fs::write(&settings, &bytes[..bytes.len() / 2]).unwrap();
    let said = verify(place.path()).unwrap();
    assert!(
        said.contains("entries and index rows were counted"),
        "{said}"
    );
    let opened = open_directory(&root, ORIGIN, Machine::real());
    drop(opened.map_err(|(_, text)| text).unwrap());
}
