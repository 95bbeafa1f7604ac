//! Scanning a file on several threads: each looks for blocks that begin in some parts of it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::{MAX_BLOCK_BYTES, Met, Scan, ScanError, Search, conclude};

/// Bytes that are searched at once: few enough to stay near the processor.
const WINDOW_BYTES: u64 = 256 * 1024;

/// How a file is shared out.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Threads that scan; 0 counts as 1.
    pub threads: usize,
    /// Bytes of a part; 0 counts as 1.
    pub bytes: u64,
}

/// What was met in one part.
struct Part {
    number: u64,
    met: Vec<Met>,
    /// Where the search would go on: behind the part, or behind a block that reaches out of it.
    end: u64,
}

/// Scans a file as [`super::scan`] does, on several threads. `progress` is told from each of them how many bytes are
/// done.
///
/// # Errors
/// [`ScanError::Read`].
pub fn scan_parts(
    file: &File,
    origin: &str,
    parts: Parts,
    progress: impl Fn(u64) + Sync,
) -> Result<Scan, ScanError> {
    let (length, size) = (file.metadata()?.len(), parts.bytes.max(1));
    let search = Search::new(origin);
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        let (mut found, mut window) = (Vec::new(), Vec::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let begin = number.saturating_mul(size);
            if begin >= length {
                return Ok(found);
            }
            let range = begin..begin.saturating_add(size).min(length);
            let mut met = Vec::new();
            let end = search_part(
                file,
                &search,
                range.clone(),
                length,
                (&mut window, &mut met),
            )?;
            found.push(Part { number, met, end });
            let part = range.end.saturating_sub(range.start);
            let before = done.fetch_add(part, Ordering::Relaxed);
            progress(before.saturating_add(part));
        }
    };
    let shares: Vec<io::Result<Vec<Part>>> = thread::scope(|scope| {
        let others: Vec<_> = (1..parts.threads).map(|_| scope.spawn(work)).collect();
        let mut shares = vec![work()];
        for other in others {
            let share = other.join();
            shares.push(share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        shares
    });
    let mut found = Vec::new();
    for share in shares {
        found.extend(share?);
    }
    found.sort_unstable_by_key(|part| part.number);
    let (mut all, mut reached) = (Vec::new(), 0_u64);
    for mut part in found {
        let begin = part.number.saturating_mul(size);
        // A block of the part before reaches into this one: what seemed to begin inside it does not count.
        if part.met.first().is_some_and(|met| met.offset() < reached) {
            let range = reached..begin.saturating_add(size).min(length).max(reached);
            part.met.clear();
            let room = (&mut Vec::new(), &mut part.met);
            part.end = search_part(file, &search, range, length, room)?;
        }
        all.append(&mut part.met);
        reached = reached.max(part.end);
    }
    Ok(conclude(all, length))
}

/// Looks for blocks that begin in a range of a file of this length. Answers where the search would go on.
fn search_part(
    file: &File,
    search: &Search<'_>,
    range: Range<u64>,
    length: u64,
    (window, met): (&mut Vec<u8>, &mut Vec<Met>),
) -> io::Result<u64> {
    let mut at = range.start;
    while at < range.end {
        let part = range.end.saturating_sub(at).min(WINDOW_BYTES);
        // A block that begins in the part is seen whole.
        let bytes = part.saturating_add(MAX_BLOCK_BYTES as u64);
        let bytes = bytes.min(length.saturating_sub(at));
        window.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
        file.read_exact_at(window, at)?;
        let end = usize::try_from(part).unwrap_or(usize::MAX);
        let used = search.window(window, at, 0..end, met);
        at = at.saturating_add(used as u64);
    }
    Ok(at)
}
