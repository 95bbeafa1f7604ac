//! The pass over the store's files: all cores look for blocks, and meanwhile one reads what the store would show.

use std::fs::File;
use std::path::Path;
use std::thread;

use crate::cli::args::Global;
use crate::cli::output;
use crate::journal::scan::{Parts, Scan, ScanError, scan_parts};
use crate::journal::sled::{Doubt, Seen, SledJournal};

/// Bytes that one thread scans at a time.
const PART_BYTES: u64 = 8 * 1024 * 1024;

/// Scans the file of blocks, and sees what the store in `journal` would show of this ledger. Nothing is written.
///
/// # Errors
/// [`ScanError::Read`].
pub(super) fn pass(
    global: &Global,
    (journal, blocks): (&Path, &File),
    origin: &str,
    after_power_cut: bool,
) -> Result<(Scan, Result<Seen, Doubt>), ScanError> {
    let bar = output::progress(global, "reading");
    let all = blocks.metadata()?.len();
    let parts = Parts {
        threads: thread::available_parallelism().map_or(1, std::num::NonZero::get),
        bytes: PART_BYTES,
    };
    let (found, seen) = thread::scope(|scope| {
        let seen = scope.spawn(|| SledJournal::see(journal, origin, after_power_cut));
        let found = scan_parts(blocks, origin, parts, |done| bar.to(done, all));
        let seen = seen.join();
        (
            found,
            seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    bar.finish();
    Ok((found?, seen))
}
