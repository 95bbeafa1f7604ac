//! Whether a store will show what was promised, found out before it is opened for good: opening it rewrites its files.

use super::{Broken, Directory};
use crate::cli::error::{Failure, causes, is_of_system};
use crate::cli::verify::Copied;
use crate::journal::Journal;
use crate::journal::sled::SledJournal;
use crate::ledger::statement::Origin;

impl Directory {
    /// Whether reading the store's files is enough to know that sled, opening them, will show what the newest checkpoint
    /// promises. Anything that is not understood to the last byte is not enough.
    fn is_foreseen(&self, origin: &Origin, promised: u64) -> bool {
        match SledJournal::foresee(&self.journal(), origin.as_str()) {
            Ok(foreseen) if foreseen.size >= promised => {
                foreseen.keep(&self.journal());
                true
            }
            Ok(_fewer) => false,
            Err(doubt) => {
                tracing::debug!(%doubt, "the store is tried on a copy first");
                false
            }
        }
    }

    /// Opens a copy first: sled cuts off what it cannot read behind a damaged place, and what it cuts off is lost,
    /// although our own scanner still finds it in the file. Refuses, with the original as it was, when the copy does
    /// not open or shows less than the newest checkpoint promises. No copy is needed when the files are certainly as this
    /// start of the machine left them and can be read to the end.
    pub(super) fn rehearse(
        &self,
        origin: &Origin,
        after_power_cut: bool,
        broken: &Broken<'_>,
    ) -> Result<(), Failure> {
        let head = self.newest(broken)?;
        let promised = head.map_or(0, |head| head.checkpoint.checkpoint().size);
        if !self.blocks().exists() {
            let gone = format!(
                "{} is missing, but a checkpoint of {promised} entries was given out: restore the store",
                self.blocks().display()
            );
            return if promised == 0 {
                Ok(())
            } else {
                Err(broken(&gone))
            };
        }
        if !after_power_cut && self.is_foreseen(origin, promised) {
            return Ok(());
        }
        let copied = match Copied::of(&self.journal()) {
            Ok(copied) => copied,
            Err(error) => {
                tracing::warn!(%error, "no copy of the store could be made to try it on first");
                return Ok(());
            }
        };
        let damaged = |why: &dyn std::fmt::Display| {
            broken(&format!(
                "the store is damaged, or older than its head file: {why}; it was not opened"
            ))
        };
        let store = match copied.open(origin, after_power_cut) {
            Ok(store) => store,
            Err(error) if is_of_system(&error) => {
                let error = causes(&error);
                tracing::warn!(%error, "a copy of the store could not be tried first");
                return Ok(());
            }
            Err(error) => return Err(damaged(&causes(&error))),
        };
        let shown = store.size().map_err(|error| damaged(&error))?;
        if shown < promised {
            let why = format!(
                "opened, it would keep {shown} of the {promised} entries of its newest checkpoint"
            );
            return Err(damaged(&why));
        }
        Ok(())
    }
}
