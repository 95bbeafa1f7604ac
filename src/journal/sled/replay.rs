//! What sled 0.34.7 will show of a store, found out by reading its files and nothing else.
//!
//! Opening sled rewrites its files: it cuts off what it cannot read behind a damaged place. So before it may, its replay
//! is gone through here: the newest snapshot of its table of pages, the segments of the log since, every message with
//! its checksum, up to where sled would stop; then the end of the log is read through those pages. Only a store that is
//! understood to the last byte of that gets an answer; at the slightest [`Doubt`] the store has to be tried on a copy.
//!
//! Reading only what came after a snapshot makes a start quick, but sled takes snapshots only when it starts.
//! [`note`] writes the same file while it runs. It goes up to the begin of a segment, so that everything it covers was
//! written before, and never ends inside a batch.

mod pages;
mod segment;
mod tree;
mod view;
mod wire;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::pages::{Page, Table, newest};
use self::segment::{Depth, Message, Segments, after, base, segments, walk};
use self::tree::Pages;
use self::wire::{Kind, SEGMENT, crc};

pub use self::view::{Indexed, Seen, Tally};

/// Why nothing can be said of a store by reading alone. It need not be damaged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Doubt {
    /// A file could not be read or written.
    #[error("the store's files could not be read")]
    Io(#[source] Arc<io::Error>),
    /// Something that is not as sled leaves it, or that is not understood here.
    #[error("{0}")]
    Form(&'static str),
}

impl From<io::Error> for Doubt {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// The settings that sled writes beside its log, before their checksum.
const SETTINGS: &[u8] = b"segment_size: 524288\nuse_compression: false\nversion: 0.34\n";

/// Segments that one thread reads at a time.
const SHARE: usize = 16;

/// What sled will show of a store.
#[derive(Debug)]
pub struct Foreseen {
    /// Entries, up to the last commit that is whole.
    pub size: u64,
    /// The table of pages as far as it may be kept, when reading it again would take long.
    table: Option<Table>,
}

impl Foreseen {
    /// Keeps what was found out as a snapshot, so that sled need not find it out again. It is as good without.
    pub fn keep(&self, dir: &Path) {
        if let Some(table) = &self.table
            && let Err(doubt) = pages::write(dir, table)
        {
            tracing::debug!(%doubt, "no snapshot of the store could be taken");
        }
    }
}

/// How many entries of the ledger `origin` sled will show when it opens the store in `dir`. Nothing is written.
///
/// # Errors
/// [`Doubt`]: the store must be tried on a copy.
pub(super) fn foresee(
    dir: &Path,
    (log, index): (&str, &str),
    origin: &str,
    least: u64,
) -> Result<Foreseen, Doubt> {
    let (replayed, kept) = replay(dir, false, Some(least))?;
    let size = replayed.pages().size(log, index, origin)?;
    Ok(Foreseen { size, table: kept })
}

/// All that sled will show of the ledger `origin` when it opens the store in `dir`, as after a power cut or not. Nothing is
/// written.
///
/// # Errors
/// [`Doubt`]: the store must be tried on a copy.
pub(super) fn see(
    dir: &Path,
    (log, index): (&str, &str),
    origin: &str,
    after_power_cut: bool,
) -> Result<Seen, Doubt> {
    let (replayed, _) = replay(dir, after_power_cut, None)?;
    let pages = replayed.pages();
    // What opening the journal looks at first.
    let size = pages.size(log, index, origin)?;
    view::see(&pages, (log, index), size)
}

/// A file, and the table of pages that sled's replay would make of it.
struct Replayed {
    file: File,
    table: Table,
}

impl Replayed {
    fn pages(&self) -> Pages<'_> {
        Pages {
            file: &self.file,
            table: &self.table,
        }
    }
}

/// Goes through sled's replay. After a power cut the snapshots and settings are removed before sled looks. With `least`,
/// answers also the table as far as it may be kept, when it is [`due`].
fn replay(
    dir: &Path,
    after_power_cut: bool,
    least: Option<u64>,
) -> Result<(Replayed, Option<Table>), Doubt> {
    if !after_power_cut {
        check_settings(dir)?;
    }
    let file = File::open(dir.join("db"))?;
    // Who has the store open writes to it.
    file.try_lock()
        .map_err(|_held| Doubt::Form("another process has the store open"))?;
    let (mut table, bytes) = if after_power_cut {
        (Table::default(), 0)
    } else {
        newest(dir)?
    };
    let start = table.upto.unwrap_or(0);
    let found = segments(&file, base(start))?;
    let messages = tail(&file, &found, start)?;
    let end = least.and_then(|least| due(&found, start, least, bytes));
    let end = end.filter(|end| {
        let open = messages.iter().filter(|message| message.lsn < *end);
        open.map(|message| message.needs).max() <= Some(found.stable)
    });
    let mut kept = None;
    for message in messages.iter().filter(|message| message.lsn >= start) {
        if let Some(end) = end.filter(|end| kept.is_none() && message.lsn >= *end) {
            table.reach(end);
            kept = Some(table.clone());
        }
        table.apply(message)?;
    }
    check(&table, &found)?;
    // Nobody who wants to start is kept out longer than by that.
    file.unlock()?;
    Ok((Replayed { file, table }, kept))
}

fn check_settings(dir: &Path) -> Result<(), Doubt> {
    let settings = fs::read(dir.join("conf"))?;
    let (text, sum) = settings
        .split_last_chunk::<4>()
        .ok_or(Doubt::Form("the settings are cut short"))?;
    if text != SETTINGS || wire::Bytes(sum).u32()? != crc(SETTINGS) {
        return Err(Doubt::Form("the settings are others"));
    }
    Ok(())
}

/// Up to where a snapshot goes, when it is time for one: at least `least` bytes of log since the last one, and so many
/// times its own size as keeps the cost small. Everything below was written when the newest segment was begun.
fn due(found: &Segments, start: i64, least: u64, bytes: u64) -> Option<i64> {
    let end = base(found.stable.saturating_add(1));
    let grown = u64::try_from(end.saturating_sub(start)).unwrap_or(0);
    (grown >= least.max(bytes.saturating_mul(SNAPSHOT_SHARE)).max(1)).then_some(end)
}

/// The messages that sled's replay goes through, in order: of every segment from the snapshot's on, to one that is
/// missing, to the first place in the last of them where none was written, or to a batch that is not all there.
fn tail(file: &File, found: &Segments, start: i64) -> Result<Vec<Message>, Doubt> {
    let list: Vec<(i64, u64)> = found.places.iter().map(|(lsn, at)| (*lsn, *at)).collect();
    if list.is_empty() {
        // Without a segment above it the snapshot is all there is, if it ends where one would begin.
        let ends = start == base(start) && start > 0;
        return if ends {
            Ok(vec![])
        } else {
            Err(Doubt::Form("there is no log"))
        };
    }
    if start != base(start) && !found.places.contains_key(&base(start)) {
        return Err(Doubt::Form(
            "the segment where the snapshot ends is missing",
        ));
    }
    let list = joined(&list, found.stable);
    let Some((newest, _)) = list.last().filter(|(lsn, _)| *lsn >= base(found.stable)) else {
        return Err(Doubt::Form("the newest segment is missing"));
    };
    let mut messages: Vec<Message> = Vec::new();
    let mut end = start;
    for (read, (lsn, _)) in read_all(file, list)?.into_iter().zip(list) {
        if !read.full && lsn != newest {
            return Err(Doubt::Form("a message within the log does not check"));
        }
        end = read.end;
        messages.extend(read.messages);
    }
    if end < start {
        return Err(Doubt::Form("the log ends before its snapshot"));
    }
    // A batch of which the end is missing takes with it all that follows its begin.
    let torn = messages
        .iter()
        .position(|message| message.kind == Kind::Manifest && message.needs >= end);
    if let Some(torn) = torn {
        if messages
            .get(torn)
            .is_some_and(|manifest| base(manifest.lsn) != *newest)
        {
            return Err(Doubt::Form(
                "a batch that is not all there began in an earlier segment",
            ));
        }
        messages.truncate(torn);
    }
    Ok(messages)
}

/// The segments up to which none is missing. Below what was stable a missing one was given up by sled; above it, one that
/// had not been written when the server was killed, and sled goes no further.
fn joined(list: &[(i64, u64)], stable: i64) -> &[(i64, u64)] {
    let mut due = base(stable.max(0));
    let missing = list.iter().position(|(lsn, _)| {
        let gap = *lsn > due;
        if *lsn == due {
            due = after(due);
        }
        gap
    });
    list.get(..missing.unwrap_or(list.len())).unwrap_or(list)
}

/// Reads segments on all cores; in order.
fn read_all(file: &File, list: &[(i64, u64)]) -> Result<Vec<segment::Walk>, Doubt> {
    let read = |part: &[(i64, u64)]| {
        let walks = part
            .iter()
            .map(|(lsn, at)| walk(file, *lsn, *at, Depth::Whole));
        walks.collect::<Result<Vec<_>, _>>()
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if list.len() <= SHARE || cores == 1 {
        return read(list);
    }
    std::thread::scope(|scope| {
        let parts = list.chunks(list.len().div_ceil(cores).max(1));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        let mut all = Vec::new();
        for thread in threads {
            let walks = thread
                .join()
                .map_err(|_panic| Doubt::Form("reading it failed"))?;
            all.extend(walks?);
        }
        Ok(all)
    })
}

/// Looks whether every page is known and lies in the segment that it says.
fn check(table: &Table, found: &Segments) -> Result<(), Doubt> {
    for page in &table.pages {
        if *page == Page::Unknown {
            return Err(Doubt::Form("a page has no version"));
        }
        for spot in page.spots() {
            let at = usize::try_from(spot.place / SEGMENT).unwrap_or(usize::MAX);
            let number = found.numbers.get(at).copied().flatten();
            if number != Some(base(spot.lsn)) {
                return Err(Doubt::Form("a page lies in a segment of another number"));
            }
            let within = i64::try_from(spot.place % SEGMENT).unwrap_or(i64::MAX);
            if spot.lsn.saturating_sub(base(spot.lsn)) != within {
                return Err(Doubt::Form("a page lies at another place than it says"));
            }
        }
    }
    Ok(())
}

/// Takes a snapshot of the table of pages, of a store that is in use or not, when it is [`due`]. Answers whether one was
/// taken. Whole segments and whole batches go into it.
///
/// # Errors
/// [`Doubt`]: no snapshot was taken; the older one, if there is one, is as good as before.
pub(super) fn note(dir: &Path, least: u64) -> Result<bool, Doubt> {
    let file = File::open(dir.join("db"))?;
    let (mut table, bytes) = newest(dir)?;
    let start = table.upto.unwrap_or(0);
    let Some(end) = due(&segments(&file, base(start))?, start, least, bytes) else {
        return Ok(false);
    };
    // Looked for again, now that the end is known: a place that sled uses again while the segments are gone through may
    // hold one that is below the end and was not met. All of them were there before this second look.
    let found = segments(&file, base(start))?;
    let mut open = i64::MIN;
    for (lsn, place) in found.places.range(..end) {
        let read = walk(&file, *lsn, *place, Depth::Header)?;
        if segment::number(&file, *place)? != Some(*lsn) {
            // sled has given it up meanwhile: all that was in it has been written again further on.
            continue;
        }
        if !read.full {
            return Err(Doubt::Form("a message within the log does not check"));
        }
        for message in read.messages.iter().filter(|message| message.lsn >= start) {
            open = open.max(message.needs);
            table.apply(message)?;
        }
    }
    // A batch that goes on further must be all there already, or a start could take in a part of it.
    if open > found.stable {
        return Ok(false);
    }
    table.reach(end);
    pages::write(dir, &table)?;
    Ok(true)
}

/// So many bytes of log for each byte of snapshot.
const SNAPSHOT_SHARE: u64 = 16;

/// When snapshots are taken while the journal is in use: by the thread that writes the indexes.
#[derive(Debug)]
pub(super) struct Snapshots {
    dir: PathBuf,
    least: u64,
    /// Bytes of entries since it was last looked whether it is time.
    grown: u64,
}

impl Snapshots {
    pub(super) fn new(dir: &Path, least: u64) -> Self {
        Self {
            dir: dir.to_path_buf(),
            least,
            grown: 0,
        }
    }

    /// Notes that entries of so many bytes were written, and takes a snapshot when it is time.
    pub(super) fn grow(&mut self, bytes: u64) {
        self.grown = self.grown.saturating_add(bytes);
        // The log grows at least as fast as its entries. To look is to read the last snapshot: not before it may be time.
        if self.grown < self.least / 4 {
            return;
        }
        let last = pages::newest_bytes(&self.dir).unwrap_or(0);
        if self.grown >= last.saturating_mul(SNAPSHOT_SHARE) / 4 {
            self.grown = 0;
            // That none can be taken makes the next start slower, and nothing else.
            if let Err(doubt) = note(&self.dir, self.least) {
                tracing::debug!(%doubt, "no snapshot of the store could be taken");
            }
        }
    }
}
