//! A vault in memory, with fault hooks, for tests of everything above the port. Its keys can be foretold.
//!
//! What is "on disk" is the [`Disk`], which outlives the vault: drop the vault and open another on the same disk to play
//! a restart.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Vault;
use super::derive::{KeyNodes, NoKey, SEGMENT};
use super::file::{AHEAD, VaultError};
use crate::ledger::content::EntryKey;

/// What goes wrong with the next change, which then fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The change fails, yet the disk has kept it.
    FailAndKeep,
    /// The change fails and the disk has lost it.
    FailAndLose,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    nodes: KeyNodes,
    erased_up_to: u64,
}

#[derive(Debug, Default)]
struct Shared {
    contents: Contents,
    fault: Option<Fault>,
}

/// What survives a restart. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Shared>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the next change fail in this way, once.
    pub fn fail_next(&self, fault: Fault) {
        lock(&self.0).fault = Some(fault);
    }

    /// Opens a vault on this disk.
    #[must_use]
    pub fn open(&self) -> MemoryVault {
        let contents = lock(&self.0).contents.clone();
        MemoryVault {
            disk: self.clone(),
            state: Mutex::new(State {
                contents,
                poisoned: false,
            }),
        }
    }
}

#[derive(Debug)]
struct State {
    contents: Contents,
    poisoned: bool,
}

/// The keys of a ledger's entries, in memory.
#[derive(Debug)]
pub struct MemoryVault {
    disk: Disk,
    state: Mutex<State>,
}

impl MemoryVault {
    fn save(&self, state: &mut State, next: Contents) -> Result<(), VaultError> {
        if state.poisoned {
            return Err(VaultError::Poisoned);
        }
        let mut disk = lock(&self.disk.0);
        let fault = disk.fault.take();
        if fault != Some(Fault::FailAndLose) {
            disk.contents = next.clone();
        }
        if fault.is_some() {
            state.poisoned = true;
            return Err(VaultError::ReadBack);
        }
        state.contents = next;
        Ok(())
    }
}

impl Vault for MemoryVault {
    fn ensure(&self, position: u64) -> Result<(), VaultError> {
        let mut state = lock(&self.state);
        let wanted = position / SEGMENT + 1 + AHEAD;
        if state.contents.nodes.segments() >= wanted {
            return Ok(());
        }
        let mut next = state.contents.clone();
        while next.nodes.segments() < wanted {
            let mut seed = [0xa5; 32];
            let [first @ .., _, _, _, _, _, _, _, _] = &mut seed;
            let number = next.nodes.segments().to_be_bytes();
            first
                .iter_mut()
                .zip(number)
                .for_each(|(to, from)| *to = from);
            next.nodes.add_segment(seed);
        }
        self.save(&mut state, next)
    }

    fn key(&self, position: u64) -> Result<EntryKey, NoKey> {
        lock(&self.state).contents.nodes.key(position)
    }

    fn destroy(&self, positions: &[u64], erased_up_to: u64) -> Result<(), VaultError> {
        let mut state = lock(&self.state);
        let mut next = state.contents.clone();
        let mut changed = erased_up_to > next.erased_up_to;
        for position in positions {
            changed |= next.nodes.puncture(*position)?;
        }
        next.erased_up_to = next.erased_up_to.max(erased_up_to);
        if changed {
            self.save(&mut state, next)
        } else {
            Ok(())
        }
    }

    fn erased_up_to(&self) -> u64 {
        lock(&self.state).contents.erased_up_to
    }

    fn erased_below(&self, size: u64) -> Option<Vec<Range<u64>>> {
        super::erased_below(&lock(&self.state).contents.nodes, size)
    }
}
