//! Writing the new directory: the journal first, then the small files, and the name, which makes it a ledger, last.

use super::salvage::Source;
use crate::cli::args::Global;
use crate::cli::directory::Directory;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::verify::files::present;
use crate::journal::scan::{Scan, read_commit};
use crate::journal::sled::{Options, SledJournal};
use crate::journal::{AppendError, Journal, Record};
use crate::service::limits::INDEX_WAIT;
use crate::service::start::read_record;

/// Appends the first `keep` entries to a new journal, commit by commit as they were.
pub(super) fn journal(
    global: &Global,
    new: &Directory,
    source: &mut Source,
    found: &Scan,
    keep: u64,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Other,
            format!("the new ledger could not be written: {error}"),
        )
        .advise("remove the new directory, make room and try again; the old one is as it was")
    };
    let options = Options::new(source.origin.as_str(), read_record);
    let journal = SledJournal::open(&new.journal(), options).map_err(|error| failed(&error))?;
    let bar = output::progress(global, "rebuilding");
    let mut size = 0;
    for commit in found
        .commits
        .iter()
        .take_while(|commit| commit.first < keep)
    {
        let entries = read_commit(&mut source.files, commit)
            .map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
        let whole = usize::try_from(keep.saturating_sub(commit.first)).unwrap_or(usize::MAX);
        let records = entries.iter().take(whole).map(|bytes| read_record(bytes));
        let records: Vec<Record> = records
            .collect::<Result<_, _>>()
            .map_err(|what| Failure::new(Exit::IntegrityBroken, what))?;
        size = append(&journal, size, &records).map_err(|error| failed(&error))?;
        bar.to(size, keep);
    }
    bar.finish();
    Ok(())
}

/// Waits for the indexes when they are behind, for as long as they take: nobody else waits for an answer here.
fn append(journal: &SledJournal, size: u64, records: &[Record]) -> Result<u64, AppendError> {
    while !journal.wait_for_room(records.len(), INDEX_WAIT) {}
    journal.append(size, records)
}

/// Takes over the small files. The head file is `head`, or else as it was; the others are as they were.
pub(super) fn small_files(
    old: &Directory,
    new: &Directory,
    head: Option<Vec<u8>>,
    vkey: &str,
) -> Result<(), Failure> {
    let head = match head {
        Some(made) => Some(made),
        None => present(&old.head())?,
    };
    let files = [
        (new.keys(), present(&old.keys())?),
        (new.head(), head),
        (new.log_key_file(), present(&old.log_key_file())?),
        (new.vkey_file(), Some(format!("{vkey}\n").into_bytes())),
        (
            new.origin_file(),
            Some(format!("{}\n", old.origin()?).into_bytes()),
        ),
    ];
    for (path, bytes) in files {
        if let Some(bytes) = bytes {
            new.write(&path, &bytes)?;
        }
    }
    Ok(())
}
