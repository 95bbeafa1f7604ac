//! The conformance suite: what every adapter of [`Vault`] must do, run by `tests/storage/vault_contract.rs`.

use super::Vault;
use super::derive::{NoKey, SEGMENT};
use super::file::VaultError;
use super::memory::Fault;
use crate::ledger::content::EntryKey;

/// A vault that can be opened again and again, as a process that restarts does.
pub trait Store {
    /// Opens the vault; the one opened before has been dropped.
    ///
    /// # Errors
    /// The text of why it does not open.
    fn open(&self) -> Result<Box<dyn Vault>, String>;

    /// Makes the next change fail, once; `false` if this adapter cannot do that.
    fn fail_next(&self, fault: Fault) -> bool;
}

/// A promise of the port that an adapter broke, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {what}")]
pub struct Broken {
    check: &'static str,
    what: String,
}

type Outcome = Result<(), String>;

type Check<S> = fn(&S) -> Outcome;

/// Runs every check, each on a fresh vault from `make`.
///
/// # Errors
/// The first promise broken.
pub fn run<S: Store>(make: impl Fn() -> S) -> Result<(), Broken> {
    let checks: [(&'static str, Check<S>); 9] = [
        ("a new vault has no key", new_is_empty),
        ("seeds exist two segments ahead of use", two_ahead),
        ("keys differ and survive reopening", keys_stay),
        ("a destroyed key is gone, and no other", destroys),
        ("destroying again changes nothing", idempotent),
        ("what is erased is told at once as key by key", tells_erased),
        ("a refused change leaves nothing behind", all_or_nothing),
        ("a failed change poisons until reopened", poisons),
        (
            "readers see each key or none while keys are destroyed",
            concurrent_readers,
        ),
    ];
    for (check, body) in checks {
        body(&make()).map_err(|what| Broken { check, what })?;
    }
    Ok(())
}

/// Positions at the edges of segments and between.
const PLACES: [u64; 7] = [
    0,
    1,
    4_464,
    SEGMENT - 1,
    SEGMENT,
    SEGMENT + 1,
    3 * SEGMENT - 1,
];

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

fn text(error: &VaultError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A vault whose first segment is in use.
fn ready(store: &impl Store) -> Result<Box<dyn Vault>, String> {
    let vault = store.open()?;
    vault.ensure(0).map_err(|error| text(&error))?;
    Ok(vault)
}

fn keys(vault: &dyn Vault) -> Result<Vec<EntryKey>, String> {
    let key = |position: &u64| {
        let key = vault.key(*position);
        key.map_err(|none| format!("position {position}: {none}"))
    };
    let keys: Result<Vec<EntryKey>, String> = PLACES.iter().map(key).collect();
    let keys = keys?;
    let together = vault.keys(&PLACES).into_iter();
    let same = together.eq(keys.iter().cloned().map(Ok));
    ensure(same, || "keys asked for together are others".to_owned())?;
    Ok(keys)
}

/// The key of each place is the one it had, or erased where it is among these.
fn same_but(vault: &dyn Vault, before: &[EntryKey], erased: &[u64]) -> Outcome {
    for (position, key) in PLACES.iter().zip(before) {
        let found = vault.key(*position);
        let wanted = if erased.contains(position) {
            Err(NoKey::Erased)
        } else {
            Ok(key.clone())
        };
        ensure(found == wanted, || {
            format!("position {position} has not the key it must have, or has one")
        })?;
    }
    Ok(())
}

fn new_is_empty<S: Store>(store: &S) -> Outcome {
    let vault = store.open()?;
    let none = vault.key(0);
    ensure(none == Err(NoKey::NotYet), || {
        "position 0 has a key".to_owned()
    })?;
    let mark = vault.erased_up_to();
    ensure(mark == 0, || format!("erasures are done up to {mark}"))
}

fn two_ahead<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    for (in_use, segments) in [(0, 3), (SEGMENT - 1, 3), (SEGMENT, 4), (5 * SEGMENT, 8)] {
        vault.ensure(in_use).map_err(|error| text(&error))?;
        let last = segments * SEGMENT - 1;
        ensure(vault.key(last).is_ok(), || format!("no key at {last}"))?;
        let beyond = vault.key(last + 1);
        ensure(beyond == Err(NoKey::NotYet), || {
            format!("{} has a key or counts as erased", last + 1)
        })?;
    }
    Ok(())
}

fn keys_stay<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    let before = keys(vault.as_ref())?;
    for (index, key) in before.iter().enumerate() {
        let twice = before.iter().skip(index + 1).any(|other| other == key);
        ensure(!twice, || "two positions have one key".to_owned())?;
    }
    vault.ensure(0).map_err(|error| text(&error))?;
    same_but(vault.as_ref(), &before, &[])?;
    drop(vault);
    let vault = ready(store)?;
    same_but(vault.as_ref(), &before, &[])
}

fn destroys<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    let before = keys(vault.as_ref())?;
    vault
        .destroy(&[4_464, SEGMENT], 9)
        .map_err(|error| text(&error))?;
    same_but(vault.as_ref(), &before, &[4_464, SEGMENT])?;
    drop(vault);
    let vault = ready(store)?;
    same_but(vault.as_ref(), &before, &[4_464, SEGMENT])?;
    let mark = vault.erased_up_to();
    ensure(mark == 9, || {
        format!("erasures are done up to {mark}, not 9")
    })?;
    vault.ensure(SEGMENT).map_err(|error| text(&error))?;
    same_but(vault.as_ref(), &before, &[4_464, SEGMENT])
}

fn idempotent<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    let before = keys(vault.as_ref())?;
    for mark in [7, 7, 3] {
        vault.destroy(&[1, 1], mark).map_err(|error| text(&error))?;
        same_but(vault.as_ref(), &before, &[1])?;
        let found = vault.erased_up_to();
        ensure(found == 7, || {
            format!("erasures are done up to {found}, not 7")
        })?;
    }
    vault.destroy(&[], 20).map_err(|error| text(&error))?;
    drop(vault);
    let vault = ready(store)?;
    same_but(vault.as_ref(), &before, &[1])?;
    let found = vault.erased_up_to();
    ensure(found == 20, || {
        format!("erasures are done up to {found}, not 20")
    })
}

fn all_or_nothing<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    let before = keys(vault.as_ref())?;
    let refused = vault.destroy(&[1, 3 * SEGMENT], 5);
    ensure(
        matches!(refused, Err(VaultError::NoKey(NoKey::NotYet))),
        || "a position without a seed was destroyed".to_owned(),
    )?;
    same_but(vault.as_ref(), &before, &[])?;
    let mark = vault.erased_up_to();
    ensure(mark == 0, || format!("erasures are done up to {mark}"))?;
    drop(vault);
    same_but(ready(store)?.as_ref(), &before, &[])
}

fn poisons<S: Store>(store: &S) -> Outcome {
    let before = keys(ready(store)?.as_ref())?;
    for (fault, position, erased) in [
        (Fault::FailAndLose, 1, &[][..]),
        (Fault::FailAndKeep, 4_464, &[4_464][..]),
    ] {
        let vault = store.open()?;
        if !store.fail_next(fault) {
            return Ok(());
        }
        let failed = vault.destroy(&[position], 0);
        ensure(failed.is_err(), || {
            "a failed change was answered as done".to_owned()
        })?;
        let later = vault.destroy(&[0], 0);
        ensure(matches!(later, Err(VaultError::Poisoned)), || {
            "a change after a failed one was not refused".to_owned()
        })?;
        drop(vault);
        same_but(store.open()?.as_ref(), &before, erased)?;
    }
    Ok(())
}

fn concurrent_readers<S: Store>(store: &S) -> Outcome {
    let vault = ready(store)?;
    let vault = vault.as_ref();
    let wanted: Vec<EntryKey> = (0..64)
        .map(|position| vault.key(position))
        .collect::<Result<_, _>>()
        .map_err(|none| none.to_string())?;
    std::thread::scope(|scope| {
        let reader = || -> Outcome {
            for (position, key) in (0..).zip(&wanted).cycle().take(2_000) {
                let right = match vault.key(position) {
                    Ok(found) => found == *key,
                    Err(none) => none == NoKey::Erased && position % 2 == 1,
                };
                ensure(right, || format!("position {position} had another key"))?;
            }
            Ok(())
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for position in (1..64).step_by(2) {
            vault
                .destroy(&[position], position)
                .map_err(|error| text(&error))?;
        }
        for reader in readers {
            reader
                .join()
                .map_err(|_panic| "a reader died".to_owned())??;
        }
        Ok(())
    })
}

fn tells_erased<S: Store>(store: &S) -> Outcome {
    let vault = store.open()?;
    ensure(vault.erased_below(0) == Some(vec![]), || {
        "positions are erased in a new vault".to_owned()
    })?;
    ensure(vault.erased_below(1).is_none(), || {
        "a position without a seed is said to have one".to_owned()
    })?;
    vault.ensure(0).map_err(|error| error.to_string())?;
    let gone = [3, 4, 5, 9, SEGMENT - 1, SEGMENT];
    let destroyed = vault.destroy(&gone, 1);
    destroyed.map_err(|error| error.to_string())?;
    for size in [0, 4, 5, 10, 200, SEGMENT, SEGMENT + 1, SEGMENT + 9] {
        let told = vault.erased_below(size).unwrap_or_default();
        let told: Vec<u64> = told.into_iter().flatten().collect();
        let asked = gone.iter().copied().filter(|position| *position < size);
        ensure(told == asked.collect::<Vec<_>>(), || {
            format!("below {size} erased are {told:?}")
        })?;
        for position in told {
            ensure(vault.key(position) == Err(NoKey::Erased), || {
                format!("{position} is not erased")
            })?;
        }
    }
    Ok(())
}
