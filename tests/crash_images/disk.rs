//! A disk and what a power cut leaves of it.
//!
//! fsync or fdatasync of a file makes durable what was written to it by calls that had ended when the sync began, its
//! length too; fsync of a directory makes its entries durable. Everything later may be there or not, sector by sector.
//! A sector on the disk is the sector as it once was in memory: never a later write without an earlier one below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use crate::rng::Rng;
use crate::trace::{Call, Step, Trace};

/// What becomes of changes that nobody synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Model {
    /// They are lost.
    Lost,
    /// They are kept, as after kill -9.
    Kept,
    /// Some are kept, in any order, and torn.
    Torn,
}

pub(crate) const MODELS: [Model; 3] = [Model::Lost, Model::Kept, Model::Torn];

#[derive(Clone, Debug)]
enum Change {
    Write { at: u64, bytes: Arc<[u8]> },
    Truncate { length: u64 },
    Link { name: String, inode: usize },
    Unlink { name: String },
    Rename { from: String, to: String },
}

/// A change with the steps of the trace at which its call began and had ended.
#[derive(Clone, Debug)]
struct Made {
    change: Change,
    began: usize,
    ended: usize,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    is_directory: bool,
    made: Vec<Made>,
    /// Syncs: the steps at which they began and had ended.
    syncs: Vec<(usize, usize)>,
}

/// Everything that ever was on the disk. Inode 0 is the directory of all others.
#[derive(Debug)]
pub(crate) struct Disk {
    inodes: Vec<Inode>,
}

/// The names as the running program sees them.
struct Names(BTreeMap<String, usize>);

impl Names {
    fn inode(&self, path: &str) -> Option<usize> {
        self.0.get(path).copied()
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Disk {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut ends = vec![usize::MAX; trace.calls.len()];
        for (at, step) in trace.steps.iter().enumerate() {
            if let Step::End(call) = step {
                ends[*call] = at;
            }
        }
        let directory = Inode {
            is_directory: true,
            ..Inode::default()
        };
        let mut disk = Self {
            inodes: vec![directory],
        };
        let mut names = Names(BTreeMap::from([(String::new(), 0)]));
        for (at, step) in trace.steps.iter().enumerate() {
            if let Step::Start(call) = step {
                disk.take(&trace.calls[*call], (at, ends[*call]), &mut names);
            }
        }
        disk
    }

    fn made(&mut self, inode: usize, change: Change, (began, ended): (usize, usize)) {
        let made = Made {
            change,
            began,
            ended,
        };
        self.inodes[inode].made.push(made);
    }

    fn link(&mut self, path: &str, is_directory: bool, when: (usize, usize), names: &mut Names) {
        if names.inode(path).is_some() {
            return;
        }
        let inode = self.inodes.len();
        self.inodes.push(Inode {
            is_directory,
            ..Inode::default()
        });
        let (directory, name) = split(path);
        let directory = names.inode(directory).unwrap();
        let name = name.to_owned();
        self.made(directory, Change::Link { name, inode }, when);
        names.0.insert(path.to_owned(), inode);
    }

    fn take(&mut self, call: &Call, when: (usize, usize), names: &mut Names) {
        match call {
            Call::Ack(_) => {}
            Call::Create(path) => self.link(path, false, when, names),
            Call::Mkdir(path) => self.link(path, true, when, names),
            Call::Write { path, at, bytes } => {
                let (at, bytes) = (*at, Arc::clone(bytes));
                let inode = names.inode(path).unwrap();
                self.made(inode, Change::Write { at, bytes }, when);
            }
            Call::Truncate { path, length } => {
                let (length, inode) = (*length, names.inode(path).unwrap());
                self.made(inode, Change::Truncate { length }, when);
            }
            Call::Sync(path) => {
                let inode = names.inode(path).unwrap();
                self.inodes[inode].syncs.push(when);
            }
            Call::Unlink(path) => {
                let (directory, name) = split(path);
                let name = name.to_owned();
                let directory = names.inode(directory).unwrap();
                self.made(directory, Change::Unlink { name }, when);
                names.0.remove(path).unwrap();
            }
            Call::Rename { from, to } => {
                let ((directory, old), (other, new)) = (split(from), split(to));
                assert_eq!(directory, other, "a rename between directories");
                let directory = names.inode(directory).unwrap();
                let (old, new) = (old.to_owned(), new.to_owned());
                self.made(directory, Change::Rename { from: old, to: new }, when);
                let inode = names.0.remove(from).unwrap();
                names.0.insert(to.clone(), inode);
            }
        }
    }

    /// Writes below `to` what a power cut before step `cut` of the trace leaves.
    pub(crate) fn image(&self, cut: usize, model: Model, rng: &mut Rng, to: &Path) {
        let mut directories = vec![(0, to.to_path_buf())];
        while let Some((inode, to)) = directories.pop() {
            for (name, entry) in self.entries(inode, cut, model, rng) {
                let path = to.join(name);
                if self.inodes[entry].is_directory {
                    fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
                    directories.push((entry, path));
                    continue;
                }
                let bytes = self.inodes[entry].content(cut, model, rng);
                let mut options = fs::OpenOptions::new();
                let file = options.write(true).create_new(true).mode(0o600).open(path);
                std::io::Write::write_all(&mut file.unwrap(), &bytes).unwrap();
            }
        }
    }

    fn entries(
        &self,
        inode: usize,
        cut: usize,
        model: Model,
        rng: &mut Rng,
    ) -> BTreeMap<String, usize> {
        let directory = &self.inodes[inode];
        let kept = directory.fates(cut, model, rng);
        let mut entries = BTreeMap::new();
        for (made, kept) in directory.made.iter().zip(kept) {
            match &made.change {
                _ if !kept => {}
                Change::Link { name, inode } => drop(entries.insert(name.clone(), *inode)),
                Change::Unlink { name } => drop(entries.remove(name)),
                Change::Rename { from, to } => {
                    if let Some(inode) = entries.remove(from) {
                        entries.insert(to.clone(), inode);
                    }
                }
                Change::Write { .. } | Change::Truncate { .. } => panic!("of a directory"),
            }
        }
        entries
    }
}

impl Inode {
    fn is_durable(&self, made: &Made, cut: usize) -> bool {
        let durable = |(began, ended): &(usize, usize)| made.ended < *began && *ended < cut;
        self.syncs.iter().any(durable)
    }

    /// For each change made before the cut, whether it is kept as a whole.
    fn fates(&self, cut: usize, model: Model, rng: &mut Rng) -> Vec<bool> {
        let made = self.made.iter().take_while(|made| made.began < cut);
        let durable: Vec<bool> = made.map(|made| self.is_durable(made, cut)).collect();
        // A prefix, as a journal of the file system would keep; or any of them.
        let prefix = rng.chance(50).then(|| rng.below(durable.len() + 1));
        let percent = [10, 50, 90][rng.below(3)];
        let fate = |(at, durable): (usize, bool)| {
            durable
                || match (model, prefix) {
                    (Model::Lost, _) => false,
                    (Model::Kept, _) => true,
                    (Model::Torn, Some(prefix)) => at < prefix,
                    (Model::Torn, None) => rng.chance(percent),
                }
        };
        durable.into_iter().enumerate().map(fate).collect()
    }

    /// The file's bytes.
    fn content(&self, cut: usize, model: Model, rng: &mut Rng) -> Vec<u8> {
        let kept = self.fates(cut, model, rng);
        let durable: Vec<bool> = self.made[..kept.len()]
            .iter()
            .map(|made| self.is_durable(made, cut))
            .collect();
        let torn = model == Model::Torn && rng.chance(50);
        let percent = [10, 50, 90, 97][rng.below(4)];
        let mut versions = Versions::new(if rng.chance(50) { 512 } else { 4_096 });
        let mut lengths = BTreeSet::from([0]);
        for (at, made) in self.made[..kept.len()].iter().enumerate() {
            if durable[at] || (kept[at] && !torn) {
                versions.touch(&made.change, at, &mut |_sector| true);
                lengths = BTreeSet::from([at + 1]);
            } else if torn {
                versions.touch(&made.change, at, &mut |_sector| rng.chance(percent));
                lengths.insert(at + 1);
            }
        }
        let lengths: Vec<usize> = lengths.into_iter().collect();
        let lengths_below = lengths[if torn {
            rng.below(lengths.len())
        } else {
            lengths.len() - 1
        }];
        versions.build(&self.made[..kept.len()], lengths_below)
    }
}

/// Which version of each sector is on the disk: as it was after this change.
struct Versions {
    sector: usize,
    newest: Vec<usize>,
}

impl Versions {
    fn new(sector: usize) -> Self {
        Self {
            sector,
            newest: Vec::new(),
        }
    }

    /// Notes this change as the newest of every sector it touches and `takes` says.
    fn touch(&mut self, change: &Change, at: usize, takes: &mut dyn FnMut(usize) -> bool) {
        let sectors = match change {
            Change::Write { at, bytes } => {
                let begin = usize::try_from(*at).unwrap();
                begin / self.sector..(begin + bytes.len()).div_ceil(self.sector)
            }
            Change::Truncate { length } => {
                let begin = usize::try_from(*length).unwrap() / self.sector;
                begin..self.newest.len().max(begin)
            }
            Change::Link { .. } | Change::Unlink { .. } | Change::Rename { .. } => {
                panic!("of a file")
            }
        };
        if self.newest.len() < sectors.end {
            self.newest.resize(sectors.end, 0);
        }
        for sector in sectors {
            if takes(sector) {
                self.newest[sector] = at + 1;
            }
        }
    }

    /// The sectors of these bytes that a change is seen in.
    fn seen(&self, at: usize, (mut next, end): (usize, usize)) -> Vec<(usize, usize)> {
        let mut parts = Vec::new();
        while next < end {
            let sector = next / self.sector;
            let stop = end.min((sector + 1) * self.sector);
            if self.newest.get(sector).is_some_and(|newest| at < *newest) {
                parts.push((next, stop));
            }
            next = stop;
        }
        parts
    }

    /// The file of these versions, as long as the first changes made it.
    fn build(&self, made: &[Made], lengths_below: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.newest.len() * self.sector];
        let mut length = 0;
        for (at, made) in made.iter().enumerate() {
            let resized = match &made.change {
                Change::Write {
                    at: begin,
                    bytes: written,
                } => {
                    let begin = usize::try_from(*begin).unwrap();
                    let end = begin + written.len();
                    for (from, to) in self.seen(at, (begin, end)) {
                        bytes[from..to].copy_from_slice(&written[from - begin..to - begin]);
                    }
                    length.max(end)
                }
                Change::Truncate { length } => {
                    let length = usize::try_from(*length).unwrap();
                    for (from, to) in self.seen(at, (length, bytes.len())) {
                        bytes[from..to].fill(0);
                    }
                    length
                }
                Change::Link { .. } | Change::Unlink { .. } | Change::Rename { .. } => {
                    panic!("of a file")
                }
            };
            if at < lengths_below {
                length = resized;
            }
        }
        bytes.resize(length, 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(at: u64, byte: u8, length: usize) -> Call {
        Call::Write {
            path: "f".to_owned(),
            at,
            bytes: vec![byte; length].into(),
        }
    }

    fn trace(calls: Vec<Call>) -> Trace {
        let steps = (0..calls.len()).flat_map(|call| [Step::Start(call), Step::End(call)]);
        let steps = steps.collect();
        Trace { calls, steps }
    }

    /// The file `f` of an image, if it is there.
    fn file(trace: &Trace, cut: usize, model: Model, seed: u64) -> Option<Vec<u8>> {
        let place = tempfile::tempdir().unwrap();
        Disk::of(trace).image(cut, model, &mut Rng::new(seed), place.path());
        fs::read(place.path().join("f")).ok()
    }

    #[test]
    fn a_file_is_there_with_what_was_synced_and_no_more_is_certain() {
        let trace = trace(vec![
            Call::Create("f".to_owned()),
            write(0, 1, 5_000),
            Call::Sync("f".to_owned()),
            Call::Sync(String::new()),
            write(4_000, 2, 3_000),
        ]);
        let end = trace.steps.len();
        let lost = |cut| file(&trace, cut, Model::Lost, 1);
        assert_eq!(lost(7), None, "the directory's sync has not ended");
        assert_eq!(lost(end), Some(vec![1; 5_000]));
        let mut kept = vec![1; 4_000];
        kept.extend([2; 3_000]);
        assert_eq!(file(&trace, end, Model::Kept, 1), Some(kept));
        let mut torn = BTreeSet::new();
        for seed in 0..200 {
            let found = file(&trace, end, Model::Torn, seed).unwrap();
            assert_eq!(found[..4_000], [1; 4_000]);
            assert!(found.len() == 5_000 || found.len() == 7_000);
            torn.insert(found);
        }
        assert!(torn.len() > 10, "only {} shapes", torn.len());
    }

    #[test]
    fn a_sync_that_began_before_a_write_ended_promises_nothing_of_it() {
        let calls = vec![
            Call::Create("f".to_owned()),
            Call::Sync(String::new()),
            write(0, 1, 10),
            Call::Sync("f".to_owned()),
        ];
        let mut trace = trace(calls);
        trace.steps.swap(5, 6);
        assert_eq!(file(&trace, 8, Model::Lost, 1), Some(Vec::new()));
    }
}
