//! What the store itself would show. Opening a store rewrites its files, so the original is never opened: its pages are
//! read as sled would read them, and at the slightest doubt a copy is opened.

use std::fs;
use std::io;
use std::path::Path;

use crate::journal::sled::{Options, SledJournal};
use crate::journal::{Journal, OpenError, Record};
use crate::ledger::entry::Identity;
use crate::ledger::statement::Origin;

/// How the store's own view compares with what was found in its file.
pub(super) enum View {
    /// The same entries, and every index row fits them: read from its pages.
    Read,
    /// The same, seen when a copy was opened.
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
        let mut options = Options::new(origin.as_str(), keys_of);
        options.after_power_cut = after_power_cut;
        SledJournal::open(self.0.path(), options)
    }
}

/// Under which keys an entry of a copy is found: its bytes are not kept, and no digest of it is taken, because every
/// entry is hashed where it was found in the file.
fn keys_of(bytes: &[u8]) -> Result<Record, String> {
    let read = Identity::read(bytes).map_err(|error| error.to_string())?;
    Ok(Record {
        position: read.position,
        tag: *read.tag.as_bytes(),
        chain_seq: read.case_seq,
        agency: read.agency.as_str().to_owned(),
        event_id: read.event_id,
        bytes: Vec::new(),
    })
}

/// Opens the copy of a store as the next start would, and counts entries and index rows. `last` is the last commit found
/// in the file: its first position, and the one after it.
pub(super) fn view(
    copied: io::Result<Copied>,
    origin: &Origin,
    (first, end): (u64, u64),
    after_power_cut: bool,
) -> View {
    let copied = match copied {
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
