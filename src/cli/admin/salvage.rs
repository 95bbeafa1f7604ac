//! `admin salvage`: a damaged ledger, rebuilt in a new directory from what the read-only scan finds.
//!
//! The old directory is never opened as a store and never written to. Blocks carry their own checksum and entries their own
//! links, so what comes back is proven entry by entry, whatever the store's framing says. The new ledger is a prefix of
//! the old one, because an entry has its position, its chain and its leaf only after all those before it. It keeps the
//! old head file: when it is shorter than what that promises, `serve` refuses it, or the key would one day sign a second
//! ledger of one size.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

use super::chains::Chains;
use super::rebuild;
use crate::cli::args::{Global, Salvage, VerifyStore};
use crate::cli::directory::Directory;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Table};
use crate::cli::verify::{self, files};
use crate::journal::scan::{Joined, Scan, ScanError, read_commit, scan};
use crate::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::ledger::entry::SealedEntry;
use crate::ledger::head::{FILE, Head};
use crate::ledger::note::VerifierKey;
use crate::ledger::statement::Origin;
use crate::verify::{Checker, Fault, FaultKind, KeyState, Outcome, Report, look};

/// The files that blocks are taken from.
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) files: Joined,
    /// Where each file is; the first is the damaged store's.
    names: Vec<String>,
}

/// What was found, and how far it holds.
struct Kept {
    /// Entries from the first on that are there and hold.
    entries: u64,
    chains: Chains,
    checker: Checker,
}

/// Rebuilds a ledger and prints what came back and what did not.
pub(crate) fn salvage(global: &Global, wanted: &Salvage) -> Result<Exit, Failure> {
    let (old, new) = (Directory::new(&wanted.store), Directory::new(&wanted.new));
    let origin = old.origin()?;
    let vkey: VerifierKey = match &wanted.vkey {
        Some(vkey) => vkey
            .parse()
            .map_err(|error| Failure::new(Exit::Usage, format!("--vkey: {error}")))?,
        None => old.vkey()?,
    };
    check_new(&wanted.store, &wanted.new)?;
    let given = wanted.checkpoint.as_deref();
    let given = given
        .map(|path| files::kept_note(path, &vkey))
        .transpose()?;
    let mut source = Source::open(origin, &old, &wanted.with)?;
    let mut table = Table::new("Salvage", &["what", "result", "detail"]);

    let mut found = find(global, &mut source)?;
    let mut kept = read(global, &mut source, &mut found)?;
    let mut promised = files::newest(&old, &vkey, &mut table, &mut kept.checker)?;
    let from_given = promised.is_none();
    if let Some(given) = &given {
        let given = given.checkpoint();
        if promised.as_ref().is_none_or(|head| head.size < given.size) {
            promised = Some(given.clone());
        }
        kept.checker.holds(given);
    }
    if kept.entries == 0 {
        let what = format!(
            "no entry of {} could be found whole; nothing was made",
            source.origin
        );
        return Err(Failure::new(Exit::NotAllChecked, what)
            .advise("look for another copy of its directory, and name it: --with COPY"));
    }
    new.create().map_err(|error| new.unusable(&error))?;
    rebuild::journal(global, &new, &mut source, &found, kept.entries)?;
    let head = given
        .filter(|_| from_given)
        .filter(|given| is_in(given.checkpoint(), &kept));
    let head = head.map(|given| head_file(&given)).transpose()?;
    rebuild::small_files(&old, &new, head, &vkey.to_string())?;

    let again = check_again(global, wanted)?;
    let report = kept.checker.finish(promised.as_ref());
    describe(
        &mut table,
        &source,
        &found,
        &report,
        (kept.entries, &kept.chains),
    );
    let stands_in = from_given && report.checkpoint.is_some();
    if stands_in {
        table.notes.push(
            "the head file is lost: the checkpoint given takes its place, and later ones may have promised more"
                .to_owned(),
        );
    }
    let mut exit = conclude(&mut table, wanted, &report, kept.entries, again);
    if exit == Exit::Done && stands_in {
        exit = Exit::NotAllChecked;
    }
    output::table(&table, global.format)?;
    Ok(exit)
}

impl Source {
    fn open(origin: Origin, old: &Directory, with: &[std::path::PathBuf]) -> Result<Self, Failure> {
        let copies = with.iter().map(|copy| Directory::new(copy));
        let (mut opened, mut names) = (Vec::new(), Vec::new());
        for (number, directory) in std::iter::once(old.clone()).chain(copies).enumerate() {
            let path = directory.blocks();
            match File::open(&path) {
                Ok(file) => {
                    if number == 0 && matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
                        let what = format!("{} is in use by another process", path.display());
                        return Err(Failure::new(Exit::Other, what).advise("stop the server first"));
                    }
                    // Its lock goes with it: no server may open the store meanwhile.
                    opened.push(file);
                    names.push(path.display().to_string());
                }
                // A store whose file is gone may come back from its copies.
                Err(error) if number == 0 && !with.is_empty() => {
                    output::say(&format!("{}: {error}", path.display()));
                }
                Err(error) => {
                    let what = format!("{}: {error}", path.display());
                    return Err(Failure::new(Exit::NotFound, what)
                        .advise("a copy of the ledger may have it: --with COPY"));
                }
            }
        }
        let files = Joined::new(opened)?;
        Ok(Self {
            origin,
            files,
            names,
        })
    }

    /// An offset of the joined files as a place in one of them.
    fn place(&self, offset: u64) -> String {
        match self.files.locate(offset) {
            Some((number, within)) if self.names.len() > 1 => {
                let name = self.names.get(number).map_or("", String::as_str);
                format!("offset {within} of {name}")
            }
            Some((_, within)) => format!("offset {within}"),
            None => "the end".to_owned(),
        }
    }
}

/// The new directory must be nobody's, and not in the old one, which is to stay as it is.
fn check_new(old: &Path, new: &Path) -> Result<(), Failure> {
    let taken = match fs::read_dir(new) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    if taken {
        let what = format!(
            "{} is there already, and not an empty directory",
            new.display()
        );
        return Err(Failure::new(Exit::Usage, what).advise("name a new directory"));
    }
    let inside = std::path::absolute(new)?.ancestors().any(|above| {
        matches!((above.canonicalize(), old.canonicalize()), (Ok(above), Ok(old)) if above == old)
    });
    if inside {
        let what = format!("{} is inside the damaged ledger", new.display());
        return Err(Failure::new(Exit::Usage, what)
            .advise("name a directory elsewhere: the damaged one is left as it is"));
    }
    Ok(())
}

fn find(global: &Global, source: &mut Source) -> Result<Scan, Failure> {
    let (bar, all) = (output::progress(global, "reading"), source.files.length());
    let origin = source.origin.clone();
    let found = scan(&mut source.files, origin.as_str(), |done| {
        bar.to(done, all);
        ControlFlow::Continue(())
    });
    bar.finish();
    found.map_err(|error| Failure::new(Exit::Other, error.to_string()))
}

/// Checks every entry found, and counts those from the first on that are there and hold. Commits that are not made of the
/// entries that they say are set aside.
fn read(global: &Global, source: &mut Source, found: &mut Scan) -> Result<Kept, Failure> {
    let bar = output::progress(global, "checking entries");
    let (mut checker, mut chains) = (Checker::new(source.origin.clone()), Chains::default());
    let (mut kept, mut broken) = (0, Vec::new());
    for commit in &found.commits {
        let entries = match read_commit(&mut source.files, commit) {
            Ok(entries) => entries,
            Err(ScanError::Commit { first, error }) => {
                checker.broken(first, error.to_string());
                broken.push(first);
                continue;
            }
            Err(error @ (ScanError::Read(_) | ScanError::Stopped)) => {
                return Err(Failure::new(Exit::Other, error.to_string()));
            }
        };
        checker.missing(commit.first);
        checker.commit();
        for (position, bytes) in (commit.first..).zip(&entries) {
            // Without keys: what cannot be opened is kept all the same.
            checker.looked(look(bytes, &KeyState::NotHere));
            let holds = checker.holds_up_to() > position;
            if holds {
                kept = position.saturating_add(1);
            }
            if let Ok(entry) = SealedEntry::decode(bytes) {
                chains.note(&entry, holds);
            }
        }
        bar.to(commit.end(), found.size());
    }
    bar.finish();
    found.set_aside(&broken);
    for conflict in &found.conflicts {
        let offsets = conflict.offsets.iter().map(|offset| source.place(*offset));
        let offsets: Vec<String> = offsets.collect();
        let what = format!("different blocks at {}", offsets.join(" and "));
        checker.contradiction(conflict.first, what);
    }
    Ok(Kept {
        entries: kept,
        chains,
        checker,
    })
}

fn is_in(checkpoint: &Checkpoint, kept: &Kept) -> bool {
    checkpoint.size <= kept.entries
        && kept.checker.root_at(checkpoint.size) == Some(checkpoint.root)
}

/// A head file that promises this checkpoint and nothing else.
fn head_file(given: &SignedCheckpoint) -> Result<Vec<u8>, Failure> {
    let head = Head {
        generation: 1,
        boot_id: [0; 16],
        checkpoint: given.clone(),
    };
    let slot = head
        .encode()
        .map_err(|error| Failure::new(Exit::Usage, format!("--checkpoint: {error}")))?;
    let mut bytes = vec![0; head.offset()];
    bytes.extend_from_slice(&slot);
    bytes.resize(FILE, 0);
    Ok(bytes)
}

/// What `verify store` says of the new directory.
fn check_again(global: &Global, wanted: &Salvage) -> Result<(Table, Outcome), Failure> {
    let again = VerifyStore {
        store: wanted.new.clone(),
        vkey: wanted.vkey.clone(),
        checkpoint: wanted.checkpoint.clone(),
    };
    verify::store::check(global, &again)
}

fn describe(
    table: &mut Table,
    source: &Source,
    found: &Scan,
    report: &Report,
    (kept, chains): (u64, &Chains),
) {
    let mut row = |what: &str, result: String, detail: String| {
        table.row([what.to_owned(), result, detail]);
    };
    row(
        "entries kept",
        kept.to_string(),
        format!(
            "0 to {}, of {} chains",
            kept.saturating_sub(1),
            chains.kept()
        ),
    );
    for suspect in &found.suspects {
        let state = if suspect.intact_elsewhere {
            "intact copy elsewhere"
        } else {
            "no intact copy"
        };
        let at = source.place(suspect.offset);
        row(
            "damaged block",
            state.to_owned(),
            format!("at {at}: {}", suspect.error),
        );
    }
    // Without an entry that is lost its chain jumps and the tree has another root: the loss itself is what is said.
    let is_lost = report
        .faults
        .iter()
        .any(|fault| fault.kind == FaultKind::Missing);
    let follows = |fault: &Fault| {
        (fault.kind == FaultKind::Chain && fault.position > kept)
            || (fault.kind == FaultKind::Checkpoint && is_lost)
    };
    let said = |fault: &&Fault| !follows(fault);
    for fault in report.faults.iter().filter(said) {
        let lost = matches!(fault.kind, FaultKind::Missing);
        row(
            if lost { "lost" } else { "does not hold" },
            format!("from {}", fault.position),
            lost_where(source, found, fault),
        );
    }
    if report.faults_more > 0 {
        row(
            "does not hold",
            "more".to_owned(),
            format!("{} further faults", report.faults_more),
        );
    }
    let after = found.commits.iter().filter(|commit| commit.end() > kept);
    let left: u64 = after
        .map(|commit| commit.end().saturating_sub(commit.first.max(kept)))
        .sum();
    if left > 0 {
        let detail = "whole, but they follow what is not: they stay in the old files".to_owned();
        row("entries left", left.to_string(), detail);
    }
    for [name, kept, rest] in chains.broken(&source.origin) {
        row(&name, kept, rest);
    }
}

/// What a fault is, and where the blocks around it are.
fn lost_where(source: &Source, found: &Scan, fault: &Fault) -> String {
    let mut gaps = found.gaps.iter();
    let gap = gaps.find(|gap| gap.positions.contains(&fault.position));
    let around = gap.map(|gap| {
        let after = gap
            .after
            .map_or("the beginning".to_owned(), |at| source.place(at));
        let before = gap
            .before
            .map_or("the end".to_owned(), |at| source.place(at));
        format!(" (between {after} and {before})")
    });
    format!("{}{}", fault.what, around.unwrap_or_default())
}

/// The last words, and how the command ends: never 0 unless everything promised came back and the new directory verifies.
fn conclude(
    table: &mut Table,
    wanted: &Salvage,
    report: &Report,
    kept: u64,
    (again, outcome): (Table, Outcome),
) -> Exit {
    let said = again.notes.iter().find(|note| note.contains("entries"));
    let said = said.cloned().unwrap_or_default();
    table.row(["the new ledger".to_owned(), outcome.to_string(), said]);
    let (new, old) = (wanted.new.display(), wanted.store.display());
    let mut say = |text: String| table.notes.push(text);
    let exit = if report.outcome == Outcome::Failed {
        let promised = report.checkpoint.unwrap_or(report.size).max(report.size);
        say(format!(
            "NOT WHOLE: {kept} of {promised} entries are in {new}; each of them holds"
        ));
        say(
            "another copy of this ledger may have what is lost: salvage again, with --with COPY"
                .to_owned(),
        );
        say(format!(
            "without it, verify store shows for ever what {new} lacks, and serve refuses it: a ledger does not go on behind \
             its own checkpoint. Keep both directories as evidence, and go on in a new ledger of another name"
        ));
        Exit::IntegrityBroken
    } else if outcome == Outcome::Verified && report.checkpoint.is_some() {
        say(format!(
            "whole: all {kept} entries are in {new}, with the root that the newest checkpoint promises"
        ));
        Exit::Done
    } else {
        say(format!(
            "{kept} entries are in {new}, and each of them holds; not everything could be checked: see above"
        ));
        if outcome == Outcome::Failed {
            Exit::IntegrityBroken
        } else {
            Exit::NotAllChecked
        }
    };
    say(format!(
        "the key file, if there was one, is now in both directories: content that is erased in one stays readable in \
         the other. Destroy {old} when it is no longer needed"
    ));
    exit
}
