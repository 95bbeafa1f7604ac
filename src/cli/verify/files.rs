//! The small files beside the blocks: keys of entries, head file, checkpoint key. All are read and none is written.

use std::fs;
use std::path::Path;

use crate::cli::directory::Directory;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::Table;
use crate::ledger::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::ledger::head;
use crate::ledger::note::{NoteError, VerifierKey};
use crate::vault::slot::{self, Keys, PAGE};
use crate::verify::Checker;

/// The keys of the entries, read without writing; `None` when there are none to be had.
pub(in crate::cli) fn keys(
    directory: &Directory,
    table: &mut Table,
    checker: &mut Checker,
) -> Result<Option<Keys>, Failure> {
    let mut row = |result: &str, detail: String| {
        table.row(["keys".to_owned(), result.to_owned(), detail]);
    };
    let Some(bytes) = present(&directory.keys())? else {
        row(
            "not here",
            "no key file: contents were not opened".to_owned(),
        );
        return Ok(None);
    };
    let origin = directory.origin()?;
    match slot::choose(&bytes, &origin) {
        Ok(Some((keys, rewrite))) => {
            let state = if !bytes.len().is_multiple_of(PAGE) {
                checker.not_whole();
                format!(
                    "{} bytes are no whole pages: its end is damaged",
                    bytes.len()
                )
            } else if rewrite {
                checker.not_whole();
                format!("one slot counts; {}", other_slot(&bytes, &origin, &keys))
            } else {
                "both slots valid and equal".to_owned()
            };
            row(
                "read",
                format!("{state}; {} keys destroyed", keys.nodes.erased()),
            );
            Ok(Some(keys))
        }
        Ok(None) => {
            row(
                "damaged",
                "no valid slot: contents were not opened".to_owned(),
            );
            Ok(None)
        }
        Err(error) => {
            row("damaged", format!("{error}: contents were not opened"));
            Ok(None)
        }
    }
}

/// What is wrong with the slot that does not count.
fn other_slot(bytes: &[u8], origin: &crate::ledger::statement::Origin, counts: &Keys) -> String {
    let read = [0, 1].map(|slot| Keys::decode(&slot::slot_of(bytes, slot), origin));
    for (slot, read) in read.iter().enumerate() {
        match read {
            Ok(keys) if keys == counts => {}
            Ok(keys) => return format!("slot {slot} is older (generation {})", keys.generation),
            Err(error) => return format!("slot {slot} is damaged ({error})"),
        }
    }
    "the other is equal".to_owned()
}

/// Whether the key that signs checkpoints is the one whose public half is beside it. A copy of a ledger has none.
pub(super) fn log_key(directory: &Directory, table: &mut Table, checker: &mut Checker) {
    let (result, detail) = match directory.signing_key() {
        Ok(true) => (
            "read",
            "it is the one whose public half is in vkey".to_owned(),
        ),
        Ok(false) => ("not here", "nothing more can be signed here".to_owned()),
        Err(what) => {
            checker.not_whole();
            ("damaged", what)
        }
    };
    table.row(["log key".to_owned(), result.to_owned(), detail]);
}

/// The newest checkpoint of the head file, if it can be had.
pub(in crate::cli) fn newest(
    directory: &Directory,
    vkey: &VerifierKey,
    table: &mut Table,
    checker: &mut Checker,
) -> Result<Option<Checkpoint>, Failure> {
    let mut row = |result: &str, detail: String| {
        table.row(["head file".to_owned(), result.to_owned(), detail]);
    };
    let Some(bytes) = present(&directory.head())? else {
        row(
            "not here",
            "nothing says that the end of the ledger is there".to_owned(),
        );
        return Ok(None);
    };
    match head::choose(&bytes, vkey) {
        Ok(Some(head)) => {
            let checkpoint = head.checkpoint.checkpoint().clone();
            let promises = format!(
                "promises {} entries, root {}",
                checkpoint.size, checkpoint.root
            );
            match head::damaged(&bytes, vkey).as_slice() {
                [] => row("read", promises),
                damaged => {
                    // It may have been the newer one.
                    checker.not_whole();
                    let at: Vec<String> = damaged.iter().map(ToString::to_string).collect();
                    let at = at.join(" and ");
                    let detail =
                        format!("one slot only (damaged: the one at offset {at}): it {promises}");
                    row("damaged", detail);
                }
            }
            Ok(Some(checkpoint))
        }
        Ok(None) => {
            row(
                "damaged",
                "no valid slot: nothing says that the end is there".to_owned(),
            );
            Ok(None)
        }
        Err(error) => {
            row("damaged", error.to_string());
            Ok(None)
        }
    }
}

/// A checkpoint that somebody kept.
pub(in crate::cli) fn kept(path: &Path, vkey: &VerifierKey) -> Result<Checkpoint, Failure> {
    Ok(kept_note(path, vkey)?.checkpoint().clone())
}

/// The same, with its signatures.
pub(in crate::cli) fn kept_note(
    path: &Path,
    vkey: &VerifierKey,
) -> Result<SignedCheckpoint, Failure> {
    let note = fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::NotFound, format!("{}: {error}", path.display())))?;
    SignedCheckpoint::open(&note, vkey).map_err(|error| refused(error, &path.display().to_string()))
}

/// What is no checkpoint was not checked; one that the key did not sign is a forgery or another ledger's.
pub(super) fn refused(error: CheckpointError, name: &str) -> Failure {
    let exit = match error {
        CheckpointError::Form(_) | CheckpointError::Note(NoteError::Form(_)) => Exit::NotAllChecked,
        CheckpointError::Origin | CheckpointError::Note(_) => Exit::IntegrityBroken,
    };
    Failure::new(exit, format!("{name}: {error}"))
}

/// The bytes of a file; `None` when it is not there.
pub(in crate::cli) fn present(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(
            Exit::Other,
            format!("{}: {error}", path.display()),
        )),
    }
}
