//! The port to disk for what may be erased: the keys of entries.
//!
//! One random seed a segment of 65,536 positions, one key an entry, derived down a binary tree; destroying a key
//! leaves all others derivable (a puncturable pseudo-random function, Goldreich, Goldwasser and Micali 1986). Every
//! adapter passes the suite in [`contract`].

pub mod contract;
pub mod derive;
pub mod file;
pub mod keyring;
pub mod memory;
pub mod slot;

use std::ops::Range;

use self::derive::{KeyNodes, NoKey, SEGMENT};
use self::file::VaultError;
use crate::ledger::content::EntryKey;

/// Where the keys of entries are kept.
///
/// To be correct an adapter must keep these promises, which [`contract::run`] checks:
///
/// * when [`ensure`](Self::ensure) or [`destroy`](Self::destroy) returns `Ok`, the change survives kill -9 and power
///   loss; a change is there whole or not at all;
/// * a key is always the same until it is destroyed; a destroyed key never comes back, and no other key goes with it;
/// * after a change that failed, every later change is refused until the vault is opened anew.
pub trait Vault: Send + Sync {
    /// Makes the seeds of this position's segment and the next two durable. Cheap when they are.
    ///
    /// # Errors
    /// [`VaultError`]; nothing may be sealed then.
    fn ensure(&self, position: u64) -> Result<(), VaultError>;

    /// The key of the entry at a position.
    ///
    /// # Errors
    /// [`NoKey::Erased`] when it was destroyed; [`NoKey::NotYet`] for a position that [`ensure`](Self::ensure) never
    /// covered.
    fn key(&self, position: u64) -> Result<EntryKey, NoKey>;

    /// The keys of the entries at these positions, in their order: as [`key`](Self::key) of each, at less cost where
    /// the positions lie close together.
    fn keys(&self, positions: &[u64]) -> Vec<Result<EntryKey, NoKey>> {
        positions.iter().map(|one| self.key(*one)).collect()
    }

    /// Destroys the keys of these positions and notes that every erasure order below `erased_up_to` has been carried
    /// out; that mark never goes back. Destroying again changes nothing.
    ///
    /// # Errors
    /// [`VaultError`]; [`VaultError::NoKey`] for a position without a seed, and then nothing was destroyed.
    fn destroy(&self, positions: &[u64], erased_up_to: u64) -> Result<(), VaultError>;

    /// Every erasure order at a position below this has been carried out; 0 in a new vault.
    fn erased_up_to(&self) -> u64;

    /// The positions below `size` whose keys were destroyed, in order, as ranges; `None` when not all of them have been
    /// given a seed. The same as asking for each key.
    fn erased_below(&self, size: u64) -> Option<Vec<Range<u64>>> {
        let mut erased = Vec::new();
        for position in 0..size {
            match self.key(position) {
                Ok(_) => {}
                Err(NoKey::Erased) => erased.push(position..position.saturating_add(1)),
                Err(NoKey::NotYet) => return None,
            }
        }
        Some(erased)
    }
}

/// What [`Vault::erased_below`] answers, of these nodes.
fn erased_below(nodes: &KeyNodes, size: u64) -> Option<Vec<Range<u64>>> {
    if nodes.segments().saturating_mul(SEGMENT) < size {
        return None;
    }
    let cut = |range: Range<u64>| range.start..range.end.min(size);
    let ranges = nodes.erased_ranges().into_iter().map(cut);
    Some(ranges.filter(|range| !range.is_empty()).collect())
}
