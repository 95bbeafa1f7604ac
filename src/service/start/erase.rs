//! Erasure orders that the log holds and the vault has not carried out: their keys are destroyed before anything is
//! served, because an order is appended first and a crash can come between it and the destruction.

use std::collections::BTreeSet;

use crate::ledger::commitment::Disclosure;
use crate::ledger::entry::{EntryKind, SealedEntry};
use crate::ledger::fields::Singular;
use crate::ledger::own::{Erased, OwnEvent};
use crate::service::shared::decode;

use super::fold::Fold;
use super::{Parts, StartError};

/// Destroys the keys that the verified orders name and notes that every order below `size` is carried out.
///
/// All orders are read before the first key goes: one that cannot be read, or names another entry than it did when it
/// was given, destroys nothing. A key that is gone without any order is an entry lost, not erased.
///
/// # Errors
/// [`StartError::OlderThanKeys`], [`StartError::KeyGone`], [`StartError::Order`], [`StartError::Store`],
/// [`StartError::Vault`].
pub(super) fn carry_out(parts: &Parts, fold: &Fold<'_>, size: u64) -> Result<(), StartError> {
    let done = parts.vault.erased_up_to();
    if done > size {
        return Err(StartError::OlderThanKeys { found: size, done });
    }
    let (mut named, mut due) = (BTreeSet::new(), Vec::new());
    for order in &fold.orders {
        let position = target(parts, order)?;
        named.insert(position);
        if order.position() >= done {
            due.push(position);
        }
    }
    let gone = fold.keyless.iter().find(|gone| !named.contains(gone));
    if let Some(position) = gone {
        return Err(StartError::KeyGone {
            position: *position,
        });
    }
    if due.is_empty() {
        return Ok(());
    }
    Ok(parts.vault.destroy(&due, size)?)
}

/// The position whose key an order destroys, after a look at the entry there.
fn target(parts: &Parts, order: &SealedEntry) -> Result<u64, StartError> {
    let wrong = |what: String| StartError::Order {
        position: order.position(),
        what,
    };
    let key = parts.vault.key(order.position());
    let key = key.map_err(|none| wrong(none.to_string()))?;
    let content = order.open(&key).map_err(|error| wrong(error.to_string()))?;
    let event = OwnEvent::decode(order.kind(), &content.event);
    let event = event.map_err(|error| wrong(error.to_string()))?;
    let OwnEvent::ErasureOrder {
        position,
        link,
        what,
        ..
    } = event
    else {
        return Err(wrong("it is no erasure order".to_owned()));
    };
    if position >= order.position() {
        return Err(wrong("it names no earlier entry".to_owned()));
    }
    let page = parts.journal.read(position, 1);
    let page = page.map_err(|error| StartError::Store(error.into()))?;
    let entry = page.first().and_then(|stored| decode(stored).ok());
    match entry {
        Some(entry) if entry.kind() == EntryKind::ErasureOrder => Err(wrong(
            "it names an erasure order, and those stay readable".to_owned(),
        )),
        Some(entry) if entry.link() == link => {
            stays(&what, &entry, &parts.singular).map_err(wrong)?;
            Ok(position)
        }
        Some(_) | None => Err(wrong(format!(
            "the entry at position {position} has another link than it names"
        ))),
    }
}

/// Whether the fields that an order keeps are fields of that entry: after the key they are all that is left of it.
fn stays(what: &Erased, entry: &SealedEntry, singular: &Singular) -> Result<(), String> {
    let Erased::Fields(kept) = what else {
        return Ok(());
    };
    let kept = Disclosure::decode(kept).map_err(|error| error.to_string())?;
    let root = entry.parsed().statement.fields_root;
    kept.check(root, singular)
        .map_err(|error| error.to_string())
}
