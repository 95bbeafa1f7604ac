//! A journal in memory, with fault hooks, for tests of everything above the port.
//!
//! What is "on disk" is the [`Disk`], which outlives the journal: drop the journal and open another on the same disk
//! to play a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    AppendError, Journal, MAX_PAGE_BYTES, Mark, Marks, ReadError, Record, Stored, check_batch,
};

/// What goes wrong with the next append, which then ends in [`AppendError::InDoubt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The commit fails, yet the disk has kept the batch.
    FailAndKeep,
    /// The commit fails and the disk has lost the batch.
    FailAndLose,
}

#[derive(Debug, Default)]
struct Contents {
    entries: Vec<Stored>,
    chains: BTreeMap<([u8; 32], u64), u64>,
    events: BTreeMap<([u8; 16], String), u64>,
    marks: Vec<Mark>,
}

impl Contents {
    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn add(&mut self, batch: &[Record]) {
        let commit = self.size();
        for record in batch {
            let position = record.position;
            self.entries.push(Stored {
                position,
                commit,
                bytes: record.bytes.clone(),
            });
            self.chains.insert((record.tag, record.chain_seq), position);
            if record.is_findable() {
                self.events
                    .insert((record.event_id, record.agency.clone()), position);
            }
        }
    }

    fn at(&self, position: u64) -> Option<&Stored> {
        self.entries.get(usize::try_from(position).ok()?)
    }
}

#[derive(Debug, Default)]
struct Shared {
    contents: Contents,
    fault: Option<Fault>,
}

/// What survives a restart. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Shared>>);

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next append that would have succeeded fail in this way, once.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().fault = Some(fault);
    }

    /// Opens a journal on this disk.
    pub fn open(&self) -> MemoryJournal {
        let size = self.lock().contents.size();
        MemoryJournal {
            disk: self.clone(),
            state: Mutex::new(State {
                size,
                poisoned: false,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct State {
    /// What readers may see: a batch kept by a failed commit shows only after a restart.
    size: u64,
    poisoned: bool,
}

/// The journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    disk: Disk,
    state: Mutex<State>,
}

impl MemoryJournal {
    /// An empty journal on a disk of its own.
    pub fn new() -> Self {
        Disk::new().open()
    }

    /// The disk below.
    pub fn disk(&self) -> Disk {
        self.disk.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visible(&self) -> u64 {
        self.state().size
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes entries until the limit or the page's bytes are reached.
fn page<'s>(entries: impl Iterator<Item = &'s Stored>, limit: usize) -> Vec<Stored> {
    let mut bytes = 0_usize;
    entries
        .take(limit)
        .take_while(|entry| {
            let fits = bytes < MAX_PAGE_BYTES;
            bytes = bytes.saturating_add(entry.bytes.len());
            fits
        })
        .cloned()
        .collect()
}

impl Journal for MemoryJournal {
    fn size(&self) -> Result<u64, ReadError> {
        Ok(self.visible())
    }

    fn append(&self, expected_size: u64, batch: &[Record]) -> Result<u64, AppendError> {
        let mut state = self.state();
        if state.poisoned {
            return Err(AppendError::Poisoned);
        }
        check_batch(state.size, expected_size, batch)?;
        let mut shared = self.disk.lock();
        for record in batch.iter().filter(|record| record.is_findable()) {
            let id = (record.event_id, record.agency.clone());
            if let Some(position) = shared.contents.events.get(&id) {
                let position = *position;
                return Err(AppendError::Duplicate {
                    event_id: record.event_id,
                    position,
                });
            }
        }
        let fault = shared.fault.take();
        if fault != Some(Fault::FailAndLose) {
            shared.contents.add(batch);
        }
        if fault.is_some() {
            state.poisoned = true;
            return Err(AppendError::InDoubt {
                doing: "syncing the log",
                source: "a fault was asked for".into(),
            });
        }
        state.size = shared.contents.size();
        Ok(state.size)
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let size = self.visible();
        let shared = self.disk.lock();
        let entries = (from..size).map_while(|position| shared.contents.at(position));
        Ok(page(entries, limit))
    }

    fn read_chain(
        &self,
        tag: &[u8; 32],
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, ReadError> {
        let size = self.visible();
        let shared = self.disk.lock();
        let contents = &shared.contents;
        let rows = contents.chains.range((*tag, from_seq)..=(*tag, u64::MAX));
        let entries = rows
            .filter(|(_, position)| **position < size)
            .filter_map(|(_, position)| contents.at(*position));
        Ok(page(entries, limit))
    }

    fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, ReadError> {
        let size = self.visible();
        let shared = self.disk.lock();
        let mut rows = shared.contents.chains.range((*tag, 0)..=(*tag, u64::MAX));
        Ok(rows
            .rfind(|(_, position)| **position < size)
            .map_or(0, |((_, seq), _)| *seq))
    }

    fn find(&self, agency: &str, event_id: &[u8; 16]) -> Result<Option<u64>, ReadError> {
        let size = self.visible();
        let shared = self.disk.lock();
        let position = shared
            .contents
            .events
            .get(&(*event_id, agency.to_owned()))
            .copied();
        Ok(position.filter(|position| *position < size))
    }

    fn remember(&self, from: u64, marks: &[Mark]) {
        let kept = &mut self.disk.lock().contents.marks;
        if let Ok(from) = usize::try_from(from)
            && from <= kept.len()
        {
            kept.truncate(from);
            kept.extend_from_slice(marks);
        }
    }

    fn remembered(&self) -> Result<Marks, ReadError> {
        let size = self.visible();
        let shared = self.disk.lock();
        let marks = || shared.contents.marks.iter().zip(0..size);
        let landmarks = marks().filter(|(mark, _)| mark.is_landmark);
        let landmarks = landmarks.filter_map(|(_, position)| shared.contents.at(position));
        Ok(Marks {
            leaves: marks().map(|(mark, _)| mark.leaf).collect(),
            landmarks: landmarks.cloned().collect(),
        })
    }

    fn forget(&self) -> Result<(), ReadError> {
        self.disk.lock().contents.marks.clear();
        Ok(())
    }
}
