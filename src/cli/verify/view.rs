//! What the store itself would show, looked at on a copy: opening a store rewrites its files, so the original is never
//! opened.

use std::fs;
use std::io;
use std::path::Path;

use crate::journal::sled::{Options, SledJournal};
use crate::journal::{Journal, OpenError};
use crate::ledger::statement::Origin;
use crate::service::start::read_record;

/// How the store's own view compares with what was found in its file.
pub(super) enum View {
    /// The same entries, and every index row fits them.
    Same,
    /// Only so many entries.
    Fewer(u64),
    /// The same but for the last commit: a power cut tore the store's framing of it, its blocks are whole, and the next
    /// start writes it again.
    Torn,
    /// Something else.
    Differs(String),
    /// It could not be looked at.
    NotLooked(String),
}

/// A copy of a store's directory in a temporary place; gone when dropped.
pub(in crate::cli) struct Copied(tempfile::TempDir);

impl Copied {
    /// Copies the directory.
    pub(in crate::cli) fn of(journal: &Path) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        copy(journal, dir.path())?;
        Ok(Self(dir))
    }

    /// Opens the copy, as after a power cut or not.
    pub(in crate::cli) fn open(
        &self,
        origin: &Origin,
        after_power_cut: bool,
    ) -> Result<SledJournal, OpenError> {
        let mut options = Options::new(origin.as_str(), read_record);
        options.after_power_cut = after_power_cut;
        SledJournal::open(self.0.path(), options)
    }
}

/// Copies the store's directory to a temporary place, opens the copy as the next start would, and counts entries and
/// index rows. `last` is the last commit found in the file: its first position, and the one after it.
pub(super) fn view(
    journal: &Path,
    origin: &Origin,
    (first, end): (u64, u64),
    after_power_cut: bool,
) -> View {
    let copied = match Copied::of(journal) {
        Ok(copied) => copied,
        Err(error) => return View::NotLooked(format!("no copy could be made: {error}")),
    };
    let store = match copied.open(origin, after_power_cut) {
        Ok(store) => store,
        Err(error) => return View::Differs(format!("a copy does not open: {error}")),
    };
    let shown = match store.size() {
        Ok(shown) => shown,
        Err(error) => return View::Differs(error.to_string()),
    };
    let torn = after_power_cut && shown == first;
    if shown < end && !torn {
        return View::Fewer(shown);
    }
    if shown != end && !torn {
        return View::Differs(format!("it shows {shown} entries; its file has {end}"));
    }
    match store.recount(|_done, _all| {}) {
        Ok(_counted) if shown == end => View::Same,
        Ok(_counted) => View::Torn,
        Err(error) => View::Differs(error.to_string()),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
