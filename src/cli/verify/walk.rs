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
use crate::journal::block::BlockError;
use crate::journal::scan::{Commit, CommitReader, Scan, ScanError};
use crate::journal::sled::{Indexed, Seen, Tally};
use crate::vault::derive::{KeyWalk, NoKey};
use crate::vault::slot::Keys;
use crate::verify::{Checker, KeyState, Look, Looker};

/// Entries that are looked at together by one thread, few enough to stay near the processor; a commit is never parted.
const PAGE_ENTRIES: u64 = 512;

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
    /// What the store would show, when that is known.
    pub(super) seen: Option<&'s Seen>,
}

/// What is shown to the checker.
#[expect(
    clippy::large_enum_variant,
    reason = "all but a few are of the large variant"
)]
enum Shown {
    /// An entry; of the first one of a commit its position is given too.
    Entry(Option<u64>, Look),
    /// A commit, by its first position, that is not made of the entries that it says, and why.
    Broken(u64, BlockError),
}

/// What one page of commits shows.
type Looks = Vec<Shown>;

/// A page to be looked at: its number, its commits, and room for what it shows.
type Job = (usize, Range<usize>, Looks);

/// What a page shows; `None` when the thread that looked panicked.
type Looked = (usize, Option<Result<Looks, ScanError>>);

/// What the entries are, besides what the checker makes of them.
pub(super) struct Walked<'s> {
    /// What they make of index rows, to be compared with what the store would show.
    pub(super) tally: Option<Tally<'s>>,
    /// First positions of commits that have no entries, because they are not made of those that they say; in rising order.
    pub(super) broken: Vec<u64>,
}

/// Shows the checker every entry found, in order of position.
///
/// # Errors
/// The file could not be read.
pub(super) fn walk<'s>(
    global: &Global,
    stored: &Stored<'s>,
    checker: &mut Checker,
) -> Result<Walked<'s>, ScanError> {
    let pages = pages(&stored.found.commits);
    let (jobs, taken) = sync_channel(PAGES_AHEAD);
    let (done, looked) = sync_channel(PAGES_AHEAD);
    let taken = Mutex::new(taken);
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (taken, done) = (&taken, done.clone());
                scope.spawn(move || work(stored, taken, &done))
            })
            .collect();
        drop(done);
        let mut bench = Bench::new(stored);
        let shown = show(
            global,
            &mut bench,
            &pages,
            Workers { jobs, looked },
            checker,
        );
        let mut tally = bench.tally;
        for worker in workers {
            // Of a thread that panicked nothing was tallied: what is missing is noticed.
            if let (Some(all), Ok(Some(its))) = (&mut tally, worker.join()) {
                all.join(&its);
            }
        }
        shown.map(|broken| Walked { tally, broken })
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
    jobs: SyncSender<Job>,
    looked: Receiver<Looked>,
}

/// Gives the pages out and shows what comes back to the checker, in order. Answers the commits that have no entries.
fn show(
    global: &Global,
    bench: &mut Bench<'_, '_>,
    pages: &[Range<usize>],
    workers: Workers,
    checker: &mut Checker,
) -> Result<Vec<u64>, ScanError> {
    let Workers { jobs, looked } = workers;
    let found = bench.stored.found;
    let bar = output::progress(global, "checking entries");
    let (mut early, mut broken) = (BTreeMap::new(), Vec::new());
    let mut due = pages.iter().cloned().enumerate();
    // There is room for as many jobs as are ahead: giving one out never waits.
    let mut give_out = |room| {
        let job = due.next().map(|(number, page)| (number, page, room));
        job.is_some_and(|job| jobs.send(job).is_ok())
    };
    for _ in 0..PAGES_AHEAD {
        give_out(Looks::new());
    }
    for (number, page) in pages.iter().enumerate() {
        while !early.contains_key(&number) {
            let Ok((of, looks)) = looked.recv() else {
                break;
            };
            early.insert(of, looks);
        }
        let commits = found.commits.get(page.clone()).unwrap_or_default();
        let mut looks = match early.remove(&number).flatten() {
            Some(looks) => looks?,
            // The thread that had it is gone; what made it panic is met here.
            None => bench.look(commits, Looks::new())?,
        };
        for shown in looks.drain(..) {
            match shown {
                Shown::Entry(begins, look) => {
                    if let Some(first) = begins {
                        checker.missing(first);
                        checker.commit();
                    }
                    checker.looked(look);
                }
                Shown::Broken(first, error) => {
                    checker.broken(first, error.to_string());
                    broken.push(first);
                }
            }
        }
        give_out(looks);
        bar.to(checker.holds_up_to(), found.size());
    }
    bar.finish();
    Ok(broken)
}

/// Looks at pages until there are no more.
fn work<'s>(
    stored: &Stored<'s>,
    taken: &Mutex<Receiver<Job>>,
    done: &SyncSender<Looked>,
) -> Option<Tally<'s>> {
    let mut bench = Bench::new(stored);
    loop {
        let job = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, page, room)) = job else {
            return bench.tally;
        };
        let commits = stored.found.commits.get(page).unwrap_or_default();
        let looks = catch_unwind(AssertUnwindSafe(|| bench.look(commits, room))).ok();
        if done.send((number, looks)).is_err() {
            return bench.tally;
        }
    }
}

/// What one thread needs to look at entries.
struct Bench<'w, 's> {
    stored: &'w Stored<'s>,
    reader: CommitReader<Shared<'s>>,
    walk: KeyWalk,
    looker: Looker,
    tally: Option<Tally<'s>>,
}

impl<'w, 's> Bench<'w, 's> {
    fn new(stored: &'w Stored<'s>) -> Self {
        Self {
            stored,
            reader: CommitReader::trusting(Shared {
                file: stored.blocks,
                at: 0,
            }),
            walk: KeyWalk::new(),
            looker: Looker::default(),
            tally: stored.seen.map(Tally::new),
        }
    }

    /// Looks at the entries of commits; what they show goes into this room.
    fn look(&mut self, commits: &[Commit], mut looks: Looks) -> Result<Looks, ScanError> {
        // How many entries a commit says it has is nothing to make room for: it may be a lie.
        for commit in commits {
            let before = looks.len();
            match self.look_at(commit, &mut looks) {
                Err(ScanError::Commit { first, error }) => {
                    looks.truncate(before);
                    looks.push(Shown::Broken(first, error));
                }
                looked => looked?,
            }
        }
        Ok(looks)
    }

    /// Looks at the entries of one commit. When it is not made of those that it says, some of them were tallied.
    fn look_at(&mut self, commit: &Commit, looks: &mut Looks) -> Result<(), ScanError> {
        let (mut position, mut offset) = (commit.first, 0_u32);
        self.reader.read(commit, |bytes| {
            let key = key(self.stored.keys, &mut self.walk, position);
            let begins = (position == commit.first).then_some(position);
            let look = self.looker.look(bytes, &key);
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            if let Some(tally) = &mut self.tally {
                add(tally, &look, (position, commit.first), (offset, length));
            }
            looks.push(Shown::Entry(begins, look));
            position = position.saturating_add(1);
            offset = offset.saturating_add(length);
        })
    }
}

/// Adds an entry to a tally. What is no entry of this position is not added, and so the tally is not that of the store.
fn add(
    tally: &mut Tally<'_>,
    look: &Look,
    (position, commit): (u64, u64),
    (offset, length): (u32, u32),
) {
    let header = look.header().filter(|it| it.fields.position == position);
    let Some(header) = header else { return };
    tally.entry(&Indexed {
        position,
        commit,
        offset,
        length,
        tag: header.statement.tag.as_bytes(),
        chain_seq: header.fields.case_seq,
        agency: header.statement.agency.as_str(),
        event_id: &header.statement.event_id,
        leaf: look.leaf().as_bytes(),
    });
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
