//! Checking a ledger from its stored bytes: what is whole is verified, what was changed is named.

#[path = "../support/ledger.rs"]
mod ledger;

use caseledger::ledger::checkpoint::Checkpoint;
use caseledger::vault::derive::{KeyNodes, NoKey};
use caseledger::verify::{Checker, FaultKind, KeyState, Outcome, Report};
use ledger::{SealedLedger, origin};
use proptest::prelude::*;

fn bytes(ledger: &SealedLedger) -> Vec<Vec<u8>> {
    ledger
        .entries
        .iter()
        .map(caseledger::ledger::entry::SealedEntry::encode)
        .collect()
}

fn key_of(keys: &KeyNodes, position: u64) -> KeyState {
    match keys.key(position) {
        Ok(key) => KeyState::Key(key),
        Err(NoKey::Erased) => KeyState::Erased,
        Err(NoKey::NotYet) => KeyState::NotHere,
    }
}

fn check(stored: &[Vec<u8>], keys: &KeyNodes, promised: Option<&Checkpoint>) -> Report {
    let mut checker = Checker::new(origin());
    for entry in stored {
        checker.entry(entry, |position| key_of(keys, position));
    }
    checker.finish(promised)
}

fn kinds(report: &Report) -> Vec<(u64, FaultKind)> {
    report
        .faults
        .iter()
        .map(|fault| (fault.position, fault.kind))
        .collect()
}

#[test]
fn a_whole_ledger_is_verified_with_every_content_opened() {
    let ledger = SealedLedger::new(50, 3);
    let report = check(&bytes(&ledger), &ledger.keys, Some(&ledger.checkpoint(50)));
    assert_eq!(report.outcome, Outcome::Verified, "{report:?}");
    assert_eq!(
        (report.size, report.chains, report.contents.proven),
        (50, 3, 50)
    );
    assert_eq!(report.root, ledger.tree.root());
}

#[test]
fn nothing_to_check_is_not_a_pass() {
    let ledger = SealedLedger::new(0, 1);
    let report = check(&[], &ledger.keys, Some(&ledger.checkpoint(0)));
    assert_eq!(report.outcome, Outcome::Nothing);
}

#[test]
fn without_a_checkpoint_the_end_may_be_missing_and_the_outcome_is_partial() {
    let ledger = SealedLedger::new(9, 2);
    let report = check(&bytes(&ledger), &ledger.keys, None);
    assert_eq!(report.outcome, Outcome::Partial);
}

#[test]
fn a_smaller_checkpoint_is_held_to_and_what_came_after_is_allowed() {
    let ledger = SealedLedger::new(9, 2);
    let report = check(&bytes(&ledger), &ledger.keys, Some(&ledger.checkpoint(5)));
    assert_eq!(report.outcome, Outcome::Verified);
}

#[test]
fn an_end_cut_off_is_told_by_the_checkpoint() {
    let ledger = SealedLedger::new(9, 2);
    let stored = bytes(&ledger);
    let report = check(&stored[..7], &ledger.keys, Some(&ledger.checkpoint(9)));
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(kinds(&report), [(7, FaultKind::Missing)]);
}

#[test]
fn another_history_of_the_same_size_is_not_the_checkpoints() {
    let (one, other) = (SealedLedger::new(8, 2), SealedLedger::new(8, 3));
    let report = check(&bytes(&one), &one.keys, Some(&other.checkpoint(8)));
    assert_eq!(kinds(&report), [(8, FaultKind::Checkpoint)]);
}

#[test]
fn an_entry_taken_out_is_missing_and_its_chain_is_broken_after_it() {
    let ledger = SealedLedger::new(9, 2);
    let stored = bytes(&ledger);
    let mut checker = Checker::new(origin());
    for (position, entry) in stored.iter().enumerate() {
        if position == 4 {
            checker.missing(5);
        } else {
            checker.entry(entry, |position| key_of(&ledger.keys, position));
        }
    }
    let report = checker.finish(Some(&ledger.checkpoint(9)));
    let expected = [
        (4, FaultKind::Missing),
        (6, FaultKind::Chain),
        (9, FaultKind::Checkpoint),
    ];
    assert_eq!(kinds(&report), expected);
}

#[test]
fn two_entries_swapped_say_where_they_belong() {
    let ledger = SealedLedger::new(9, 2);
    let mut stored = bytes(&ledger);
    stored.swap(2, 3);
    let report = check(&stored, &ledger.keys, Some(&ledger.checkpoint(9)));
    assert_eq!(report.outcome, Outcome::Failed);
    let told = kinds(&report);
    assert!(told.contains(&(2, FaultKind::Position)), "{told:?}");
    assert!(told.contains(&(3, FaultKind::Position)), "{told:?}");
}

#[test]
fn two_commits_of_one_time_and_one_commit_of_two_times_are_told_where_commits_are_known() {
    // Each entry of these has its own time.
    let ledger = SealedLedger::new(4, 1);
    let check = |stored: &[Vec<u8>], begins: &[usize]| {
        let mut checker = Checker::new(origin());
        for (position, entry) in stored.iter().enumerate() {
            if begins.contains(&position) {
                checker.commit();
            }
            checker.entry(entry, |position| key_of(&ledger.keys, position));
        }
        kinds(&checker.finish(None))
    };
    let stored = bytes(&ledger);
    assert_eq!(check(&stored, &[0, 1, 2, 3]), []);
    assert_eq!(check(&stored, &[0, 1, 3]), [(2, FaultKind::Time)]);
    let twice = [stored[0].clone(), stored[0].clone()];
    let told = check(&twice, &[0, 1]);
    assert!(told.contains(&(1, FaultKind::Time)), "{told:?}");
}

#[test]
fn chain_and_tree_that_disagree_are_told() {
    // The chain of these entries is right; the tree was made over other leaves.
    let ledger = SealedLedger::new(6, 1);
    let mut forged = ledger.checkpoint(6);
    forged.root = caseledger::ledger::tree::node_hash(&forged.root, &forged.root);
    let report = check(&bytes(&ledger), &ledger.keys, Some(&forged));
    assert_eq!(kinds(&report), [(6, FaultKind::Checkpoint)]);
}

#[test]
fn erased_contents_are_counted_and_everything_else_still_holds() {
    let mut ledger = SealedLedger::new(12, 2);
    ledger.order(4, ledger.entries[4].link());
    assert!(ledger.keys.puncture(4).unwrap());
    let report = check(&bytes(&ledger), &ledger.keys, Some(&ledger.checkpoint(13)));
    assert_eq!(report.outcome, Outcome::Verified);
    assert_eq!((report.contents.proven, report.contents.erased), (12, 1));
}

#[test]
fn a_key_that_is_gone_without_an_order_for_that_very_entry_is_a_fault() {
    for other in [None, Some(3), Some(4)] {
        let mut ledger = SealedLedger::new(12, 2);
        if let Some(other) = other {
            // Another entry, or this one under the link of another.
            ledger.order(other, ledger.entries[3].link());
        }
        assert!(ledger.keys.puncture(4).unwrap());
        let size = ledger.entries.len() as u64;
        let report = check(
            &bytes(&ledger),
            &ledger.keys,
            Some(&ledger.checkpoint(size)),
        );
        assert_eq!(report.outcome, Outcome::Failed);
        assert_eq!(kinds(&report), [(4, FaultKind::Content)]);
    }
}

#[test]
fn a_gap_of_any_width_is_told_at_once_and_what_follows_is_still_checked() {
    let ledger = SealedLedger::new(4, 1);
    let stored = bytes(&ledger);
    let mut checker = Checker::new(origin());
    for entry in &stored {
        checker.entry(entry, |position| key_of(&ledger.keys, position));
    }
    // A forged block can name any position.
    checker.missing(1 << 62);
    checker.entry(&stored[1], |_position| KeyState::NotHere);
    let report = checker.finish(Some(&ledger.checkpoint(4)));
    assert_eq!(report.size, (1 << 62) + 1);
    assert_eq!(
        kinds(&report),
        [
            (4, FaultKind::Missing),
            (1 << 62, FaultKind::Position),
            (1 << 62, FaultKind::Time),
            (1 << 62, FaultKind::Chain),
        ]
    );
}

#[test]
fn contents_without_a_key_here_are_counted_and_the_outcome_is_partial() {
    let ledger = SealedLedger::new(7, 2);
    let report = check(
        &bytes(&ledger),
        &KeyNodes::new(),
        Some(&ledger.checkpoint(7)),
    );
    assert_eq!(
        (report.outcome, report.contents.no_key),
        (Outcome::Partial, 7)
    );
}

#[test]
fn another_ledgers_entries_are_refused() {
    let ledger = SealedLedger::new(3, 1);
    let mut checker = Checker::new("ledger.example/other".parse().unwrap());
    for entry in bytes(&ledger) {
        checker.entry(&entry, |position| key_of(&ledger.keys, position));
    }
    assert_eq!(checker.finish(None).outcome, Outcome::Failed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever byte of whatever entry is changed: the check fails, and names that entry.
    #[test]
    fn any_byte_changed_is_detected_and_its_entry_is_named(
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let ledger = SealedLedger::new(6, 2);
        let mut stored = bytes(&ledger);
        let total: usize = stored.iter().map(Vec::len).sum();
        let (mut entry, mut offset) = (0, at.index(total));
        while offset >= stored[entry].len() {
            offset -= stored[entry].len();
            entry += 1;
        }
        stored[entry][offset] ^= change;
        let report = check(&stored, &ledger.keys, Some(&ledger.checkpoint(6)));
        prop_assert_eq!(report.outcome, Outcome::Failed);
        let named = report.faults.iter().any(|fault| fault.position == entry as u64);
        let only_root = kinds(&report) == [(6, FaultKind::Checkpoint)];
        prop_assert!(named, "entry {} offset {}: {:?} {}", entry, offset, kinds(&report), only_root);
    }
}
