//! `verify store`: every stored byte of a ledger directory, read without opening anything for writing.
//!
//! The blocks are found by our own scanner; the store is never opened, because a store that is opened repairs itself.

use std::fs::File;
use std::ops::Range;

use super::files;
use super::pass::pass;
use super::view::{Copied, View, view};
use super::walk::{Stored, Walked, walk};
use crate::cli::args::{Global, VerifyStore};
use crate::cli::directory::Directory;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::format::Format;
use crate::cli::output::{self, Table};
use crate::journal::scan::{Scan, ScanError};
use crate::journal::sled::{Doubt, Seen, Tally};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
use crate::verify::{Checker, Fault, FaultKind, Outcome, Report};

/// Fewest bytes of an entry.
const ENTRY_BYTES_MIN: u64 = 256;

/// Checks a directory and prints what was found.
pub(crate) fn store(global: &Global, wanted: &VerifyStore) -> Result<Exit, Failure> {
    let (table, outcome) = check(global, wanted)?;
    output::table(&table, global.format)?;
    Ok(super::exit(outcome))
}

/// Checks a directory; the table says what was checked.
pub(in crate::cli) fn check(
    global: &Global,
    wanted: &VerifyStore,
) -> Result<(Table, Outcome), Failure> {
    let directory = Directory::new(&wanted.store);
    let origin = directory.origin()?;
    let vkey: VerifierKey = match &wanted.vkey {
        Some(vkey) => vkey
            .parse()
            .map_err(|error| Failure::new(Exit::Usage, format!("--vkey: {error}")))?,
        None => directory.vkey()?,
    };

    let mut table = Table::new("StoreVerification", &["check", "result", "detail"]);
    let path = directory.blocks();
    let blocks = File::open(&path)
        .map_err(|error| Failure::new(Exit::NotFound, format!("{}: {error}", path.display())))?;
    let (journal, cut) = (directory.journal(), directory.may_be_cut());
    let passed = pass(global, (&journal, &blocks), origin.as_str(), cut);
    let (mut found, seen) = passed.map_err(|error| unreadable(&error))?;
    let mut checker = Checker::new(origin.clone());
    // No entry has fewer bytes, whatever a block says of how many it has.
    checker = checker.with_room(found.size().min(found.bytes / ENTRY_BYTES_MIN));
    let keys = files::keys(&directory, &mut table, &mut checker)?;
    files::log_key(&directory, &mut table, &mut checker);
    let stored = Stored {
        blocks: &blocks,
        found: &found,
        keys: keys.as_ref(),
        seen: seen.as_ref().ok(),
    };
    let Walked { tally, broken } =
        walk(global, &stored, &mut checker).map_err(|error| unreadable(&error))?;
    let seen = read_view(seen.as_ref(), tally.as_ref(), &found);
    found.set_aside(&broken);
    let seen = seen.unwrap_or_else(|| view(Copied::of(&journal), &origin, last_of(&found), cut));

    let mut promised = files::newest(&directory, &vkey, &mut table, &mut checker)?;
    if let Some(kept) = &wanted.checkpoint {
        let kept = files::kept(kept, &vkey)?;
        // The larger one is held to at the end, the smaller one here.
        match &promised {
            Some(head) if head.size >= kept.size => checker.holds(&kept),
            Some(head) => {
                checker.holds(head);
                promised = Some(kept);
            }
            None => promised = Some(kept),
        }
    }
    for conflict in &found.conflicts {
        checker.contradiction(
            conflict.first,
            format!("different blocks at {:?}", conflict.offsets),
        );
    }
    suspects(&mut table, &found, promised.as_ref(), &mut checker);
    own_view(seen, &found, &mut table, &mut checker);
    let report = checker.finish(promised.as_ref());
    describe(&mut table, &report, &found);
    others(&mut table, &found);
    ranges(&mut table, &found.uncovered, global.format);
    if wanted.vkey.is_none() {
        table.notes.push(
            "the public key came from the ledger's own directory; give --vkey with the one you keep"
                .to_owned(),
        );
    }
    table.notes.push(super::verdict(&report));
    if report.outcome == Outcome::Failed {
        table.notes.push(format!(
            "leave it as it is; what is whole goes into a new directory by: caseledger admin salvage {} NEW",
            wanted.store.display()
        ));
    }
    Ok((table, report.outcome))
}

/// The store's own view, when reading its pages was enough to know it; else a copy is to be opened.
fn read_view(seen: Result<&Seen, &Doubt>, tally: Option<&Tally<'_>>, found: &Scan) -> Option<View> {
    match (seen, tally) {
        (Ok(seen), Some(tally)) if seen.is_of(found, tally) => return Some(View::Read),
        (Err(doubt), _) => tracing::debug!(%doubt, "the store is looked at in a copy"),
        (Ok(_), _) => tracing::debug!(
            "the store's pages do not show exactly what its file holds: it is looked at in a copy"
        ),
    }
    None
}

fn unreadable(error: &ScanError) -> Failure {
    Failure::new(Exit::Other, error.to_string())
}

/// The last commit found: its first position, and the one after it.
fn last_of(found: &Scan) -> (u64, u64) {
    let last = found.commits.last();
    last.map_or((0, 0), |last| (last.first, last.end()))
}

fn describe(table: &mut Table, report: &Report, found: &Scan) {
    let mut row = |check: &str, result: String, detail: String| {
        table.row([check.to_owned(), result, detail]);
    };
    let chains = format!("{} chains; tree root {}", report.chains, report.root);
    row("entries", report.size.to_string(), chains);
    let contents = &report.contents;
    let detail = format!(
        "{} erased, {} without a key here",
        contents.erased, contents.no_key
    );
    row("contents opened", contents.proven.to_string(), detail);
    if report.signatures_unchecked > 0 {
        let detail = "signed under a key that was not given".to_owned();
        row(
            "signatures not checked",
            report.signatures_unchecked.to_string(),
            detail,
        );
    }
    for tail in &found.tails {
        let state = match report.checkpoint {
            Some(size) if tail.first < size => "it is in a checkpoint",
            Some(_) => "it was never acknowledged",
            None => "no checkpoint says whether it was acknowledged",
        };
        let detail = format!("{} of {} parts: {state}", tail.found, tail.parts);
        row("unfinished commit", format!("from {}", tail.first), detail);
    }
    let of_entries = |fault: &&Fault| fault.kind != FaultKind::Store;
    for fault in report.faults.iter().filter(of_entries) {
        row("fault", fault.kind.to_string(), located(fault, found));
    }
    if report.faults_more > 0 {
        row(
            "fault",
            "more".to_owned(),
            format!("{} further faults", report.faults_more),
        );
    }
}

/// Bytes that look like blocks and do not check. With an intact copy elsewhere no entry is lost, but the file is not as
/// it was written, so the check is not whole. What claims to come after the newest checkpoint was never acknowledged.
fn suspects(table: &mut Table, found: &Scan, newest: Option<&Checkpoint>, checker: &mut Checker) {
    let size = newest.map_or(found.size(), |checkpoint| checkpoint.size.max(found.size()));
    for suspect in &found.suspects {
        let unfinished = suspect.claims.is_some_and(|(first, _part)| first >= size);
        let result = match (suspect.intact_elsewhere, unfinished) {
            (true, _) => "intact copy elsewhere",
            (false, true) => "never acknowledged",
            (false, false) => "no intact copy",
        };
        let detail = format!("at offset {}: {}", suspect.offset, suspect.error);
        table.row(["damaged block".to_owned(), result.to_owned(), detail]);
        if !unfinished {
            checker.not_whole();
        }
    }
}

/// What the store itself would show of its entries.
fn own_view(seen: View, found: &Scan, table: &mut Table, checker: &mut Checker) {
    let last = last_of(found);
    let (result, detail) = match seen {
        View::Read => (
            "same",
            "its pages were read; its entries and index rows were counted".to_owned(),
        ),
        View::Same => (
            "same",
            "a copy opens; its entries and index rows were counted".to_owned(),
        ),
        View::Fewer(shown) => {
            let what = format!(
                "it shows {shown} entries; its file has {}{}",
                found.size(),
                place_of(shown, found)
            );
            checker.store_differs(what.clone());
            ("differs", what)
        }
        View::Torn => (
            "same but for the last commit",
            format!(
                "a power cut tore the store's framing of entries {} to {}; they are whole, and the next start writes \
                 them again",
                last.0,
                last.1.saturating_sub(1)
            ),
        ),
        View::Differs(what) => {
            checker.store_differs(what.clone());
            ("differs", what)
        }
        View::NotLooked(what) => {
            checker.not_whole();
            ("not looked at", what)
        }
    };
    table.row(["the store's own view".to_owned(), result.to_owned(), detail]);
}

/// A fault with where in the file its entry is.
fn located(fault: &Fault, found: &Scan) -> String {
    let place = place_of(fault.position, found);
    format!("entry {}: {}{place}", fault.position, fault.what)
}

/// Where in the file the entry at a position stands, or should.
fn place_of(position: u64, found: &Scan) -> String {
    let mut commits = found.commits.iter().chain(&found.broken);
    let commit = commits.find(|commit| (commit.first..commit.end()).contains(&position));
    let mut gaps = found.gaps.iter();
    let gap = gaps.find(|gap| gap.positions.contains(&position));
    match (commit.and_then(|commit| commit.parts.first()), gap) {
        (Some(part), _) => format!(" (block at offset {})", part.offset),
        (None, Some(gap)) => match (gap.after, gap.before) {
            (Some(after), Some(before)) => format!(" (between offsets {after} and {before})"),
            (None, Some(before)) => format!(" (before offset {before})"),
            (Some(after), None) => format!(" (after offset {after})"),
            (None, None) => String::new(),
        },
        // Above everything that is whole.
        (None, None) => match found.commits.last().and_then(|last| last.parts.last()) {
            Some(last) => {
                let after = last.offset.saturating_add(u64::from(last.length));
                format!(" (after offset {after})")
            }
            None => String::new(),
        },
    }
}

/// Intact blocks that are no part of the log: somebody else's, or of commits that were given up or are not whole.
fn others(table: &mut Table, found: &Scan) {
    let mut row = |result: &str, detail: String| {
        table.row(["block not used".to_owned(), result.to_owned(), detail]);
    };
    for place in &found.foreign {
        let detail = format!("at offset {}: a block of another ledger", place.offset);
        row("not of this ledger", detail);
    }
    for unused in &found.unused {
        let last = unused
            .first
            .saturating_add(u64::from(unused.count))
            .saturating_sub(1);
        let detail = format!(
            "at offset {}: part {} of other entries {} to {last}, which are not in the ledger",
            unused.place.offset, unused.part, unused.first
        );
        row("in no commit", detail);
    }
}

/// Bytes that no block covers: the store's own framing and free space, which carry nothing of the record.
fn ranges(table: &mut Table, uncovered: &[Range<u64>], format: Format) {
    let total: u64 = uncovered
        .iter()
        .map(|range| range.end.saturating_sub(range.start))
        .sum();
    let detail = format!(
        "{} ranges: the store's own framing and free space",
        uncovered.len()
    );
    table.row(["bytes not covered".to_owned(), total.to_string(), detail]);
    if format != Format::Table {
        for range in uncovered {
            let bytes = range.end.saturating_sub(range.start).to_string();
            let detail = format!("{}..{}", range.start, range.end);
            table.row(["range not covered".to_owned(), bytes, detail]);
        }
    }
}
