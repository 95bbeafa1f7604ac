//! Every entry that a scan found, read again from the file and shown to the checker: what each says by itself is looked
//! at on all cores, what it says of the others by one thread, in order of position.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::cli::args::Global;
use crate::cli::output;
use crate::journal::scan::{Commit, CommitReader, Scan, ScanError};
use crate::vault::derive::{KeyWalk, NoKey};
use crate::vault::slot::Keys;
use crate::verify::{Checker, KeyState, Look, Looker};

/// Entries that are looked at together by one thread; a commit is never parted.
const PAGE_ENTRIES: u64 = 2_048;

/// Most pages that were given out and not shown to the checker yet.
const PAGES_AHEAD: usize = 8;

/// What is walked through.
pub(super) struct Stored<'s> {
    /// The store's file.
    pub(super) blocks: &'s File,
    /// What was found in it.
    pub(super) found: &'s Scan,
    /// Keys of the entries, when there are any.
    pub(super) keys: Option<&'s Keys>,
}

/// What one page of commits shows; with each look whether its entry is the first of its commit. `None` when the thread
/// that looked panicked.
type Looked = (usize, Option<Result<Vec<(bool, Look)>, ScanError>>);

/// Shows the checker every entry found, in order of position. Meanwhile one of the threads does something else first;
/// what came of that is answered too.
///
/// # Errors
/// The first commit that could not be read again.
pub(super) fn walk<T: Send>(
    global: &Global,
    stored: &Stored<'_>,
    checker: &mut Checker,
    beside: impl FnOnce() -> T + Send,
) -> (Result<(), ScanError>, thread::Result<T>) {
    let pages = pages(&stored.found.commits);
    let (jobs, taken) = sync_channel(PAGES_AHEAD);
    let (done, looked) = sync_channel(PAGES_AHEAD);
    let taken = Mutex::new(taken);
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let taken = &taken;
        for _ in 1..threads {
            let done = done.clone();
            scope.spawn(move || work(stored, taken, &done));
        }
        let beside = scope.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(beside));
            work(stored, taken, &done);
            result
        });
        let shown = show(global, stored, &pages, Workers { jobs, looked }, checker);
        (shown, beside.join().flatten())
    })
}

/// The commits in pages; between two pages there may be a gap, in one there is none.
fn pages(commits: &[Commit]) -> Vec<Range<usize>> {
    let mut pages = Vec::new();
    let (mut begin, mut entries) = (0, 0_u64);
    for (index, commit) in commits.iter().enumerate() {
        entries = entries.saturating_add(u64::from(commit.count));
        let after = index.saturating_add(1);
        let gap = commits
            .get(after)
            .is_none_or(|next| next.first != commit.end());
        if gap || entries >= PAGE_ENTRIES {
            pages.push(begin..after);
            (begin, entries) = (after, 0);
        }
    }
    pages
}

/// The way to the threads that look, and back; once it is gone they end.
struct Workers {
    jobs: SyncSender<(usize, Range<usize>)>,
    looked: Receiver<Looked>,
}

/// Gives the pages out and shows what comes back to the checker, in order.
fn show(
    global: &Global,
    stored: &Stored<'_>,
    pages: &[Range<usize>],
    workers: Workers,
    checker: &mut Checker,
) -> Result<(), ScanError> {
    let Workers { jobs, looked } = workers;
    let bar = output::progress(global, "checking entries");
    let mut early = BTreeMap::new();
    let mut due = pages.iter().cloned().enumerate();
    // There is room for as many jobs as are ahead: giving one out never waits.
    let mut give_out = || due.next().is_some_and(|job| jobs.send(job).is_ok());
    for _ in 0..PAGES_AHEAD {
        give_out();
    }
    for (number, page) in pages.iter().enumerate() {
        while !early.contains_key(&number) {
            let Ok((of, looks)) = looked.recv() else {
                break;
            };
            early.insert(of, looks);
        }
        let commits = stored.found.commits.get(page.clone()).unwrap_or_default();
        let looks = match early.remove(&number).flatten() {
            Some(looks) => looks,
            // The thread that had it is gone; what made it panic is met here.
            None => Bench::new(stored).look(commits),
        };
        if let Some(first) = commits.first() {
            checker.missing(first.first);
        }
        for (begins, look) in looks? {
            if begins {
                checker.commit();
            }
            checker.looked(look);
        }
        give_out();
        bar.to(checker.holds_up_to(), stored.found.size());
    }
    bar.finish();
    Ok(())
}

/// Looks at pages until there are no more.
fn work(
    stored: &Stored<'_>,
    taken: &Mutex<Receiver<(usize, Range<usize>)>>,
    done: &SyncSender<Looked>,
) {
    let mut bench = Bench::new(stored);
    loop {
        let job = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, page)) = job else { return };
        let commits = stored.found.commits.get(page).unwrap_or_default();
        let looks = catch_unwind(AssertUnwindSafe(|| bench.look(commits))).ok();
        if done.send((number, looks)).is_err() {
            return;
        }
    }
}

/// What one thread needs to look at entries.
struct Bench<'s> {
    reader: CommitReader<Shared<'s>>,
    keys: Option<&'s Keys>,
    walk: KeyWalk,
    looker: Looker,
}

impl<'s> Bench<'s> {
    fn new(stored: &Stored<'s>) -> Self {
        Self {
            reader: CommitReader::trusting(Shared {
                file: stored.blocks,
                at: 0,
            }),
            keys: stored.keys,
            walk: KeyWalk::new(),
            looker: Looker::default(),
        }
    }

    fn look(&mut self, commits: &[Commit]) -> Result<Vec<(bool, Look)>, ScanError> {
        let entries = commits.iter().map(|commit| commit.count as usize).sum();
        let mut looks = Vec::with_capacity(entries);
        for commit in commits {
            let mut position = commit.first;
            self.reader.read(commit, |bytes| {
                let key = key(self.keys, &mut self.walk, position);
                let begins = position == commit.first;
                looks.push((begins, self.looker.look(bytes, &key)));
                position = position.saturating_add(1);
            })?;
        }
        Ok(looks)
    }
}

fn key(keys: Option<&Keys>, walk: &mut KeyWalk, position: u64) -> KeyState {
    match keys.map(|keys| walk.key(&keys.nodes, position)) {
        Some(Ok(key)) => KeyState::Key(key),
        Some(Err(NoKey::Erased)) => KeyState::Erased,
        Some(Err(NoKey::NotYet)) | None => KeyState::NotHere,
    }
}

/// A file that several threads read, each at its own place.
struct Shared<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Shared<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Shared<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
