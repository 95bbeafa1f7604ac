//! The key file: what was destroyed is gone from its bytes, and no crash loses a key or brings one back.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first case that does not fit"
)]

use std::fs;
use std::path::PathBuf;

use caseledger::ledger::statement::Origin;
use caseledger::vault::derive::{NoKey, SEGMENT};
use caseledger::vault::file::{KeyFile, VaultError};
use caseledger::vault::slot::{self, PAGE};

fn origin() -> Origin {
    "ledger.example/test".parse().unwrap()
}

fn seeds() -> impl FnMut() -> [u8; 32] {
    let mut next = 0_u8;
    move || {
        next += 1;
        [next; 32]
    }
}

struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    Place {
        _directory: directory,
        path,
    }
}

/// A file with three segments.
fn ready(place: &Place) -> KeyFile {
    let mut vault = KeyFile::create(&place.path, &origin()).unwrap();
    vault.ensure(0, seeds()).unwrap();
    vault
}

#[test]
fn seeds_exist_two_segments_ahead_and_survive_reopening() {
    let place = place();
    let mut vault = ready(&place);
    let keys: Vec<_> = [0, SEGMENT, 3 * SEGMENT - 1]
        .map(|p| vault.key(p).unwrap())
        .into();
    assert_eq!(vault.key(3 * SEGMENT), Err(NoKey::NotYet));
    drop(vault);
    let mut vault = KeyFile::open(&place.path, &origin()).unwrap();
    let again: Vec<_> = [0, SEGMENT, 3 * SEGMENT - 1]
        .map(|p| vault.key(p).unwrap())
        .into();
    assert_eq!(keys, again);
    vault.ensure(SEGMENT, || [77; 32]).unwrap();
    assert_eq!(vault.nodes().segments(), 4);
    assert_eq!(vault.key(0).unwrap(), keys[0]);
}

#[test]
fn a_destroyed_key_is_gone_from_every_byte_and_destroying_again_changes_nothing() {
    let place = place();
    let mut vault = ready(&place);
    let seed = vault.nodes().nodes().next().unwrap().value().to_vec();
    let holds = |seed: &[u8]| {
        fs::read(&place.path)
            .unwrap()
            .windows(32)
            .any(|window| window == seed)
    };
    assert!(holds(&seed));
    let kept = vault.key(41).unwrap();
    vault.destroy([40], 500).unwrap();
    assert!(!holds(&seed));
    assert_eq!(vault.key(40), Err(NoKey::Erased));
    assert_eq!(vault.key(41).unwrap(), kept);
    let before = fs::read(&place.path).unwrap();
    vault.destroy([40], 500).unwrap();
    assert_eq!(fs::read(&place.path).unwrap(), before);
    drop(vault);
    let mut vault = KeyFile::open(&place.path, &origin()).unwrap();
    assert_eq!(vault.erased_up_to(), 500);
    assert_eq!(vault.key(40), Err(NoKey::Erased));
    assert_eq!(vault.key(41).unwrap(), kept);
}

#[test]
fn a_crash_at_any_page_of_a_change_leaves_the_keys_of_before_or_after() {
    let place = place();
    let mut vault = ready(&place);
    vault.destroy((0..20).map(|i| i * 1_000), 1).unwrap();
    let before = fs::read(&place.path).unwrap();
    vault.destroy((0..20).map(|i| i * 1_000 + 7), 2).unwrap();
    let after = fs::read(&place.path).unwrap();
    drop(vault);
    assert!(after.len() > 4 * PAGE, "the change spans several pages");
    // Pages in the order in which they are written: slot 0, then slot 1.
    let count = after.len().div_ceil(2 * PAGE);
    let order: Vec<usize> = (0..2)
        .flat_map(|s| (0..count).map(move |p| slot::page_offset(s, p)))
        .collect();
    for written in 0..=order.len() {
        for torn in [false, true] {
            let mut file = before.clone();
            file.resize(after.len(), 0);
            for (index, offset) in order.iter().take(written).enumerate() {
                let end = if torn && index + 1 == written {
                    offset + 100
                } else {
                    offset + PAGE
                };
                let end = end.min(after.len());
                file[*offset..end].copy_from_slice(&after[*offset..end]);
            }
            fs::write(&place.path, &file).unwrap();
            let vault = KeyFile::open(&place.path, &origin()).unwrap();
            assert!(
                matches!(vault.erased_up_to(), 1 | 2),
                "after {written} pages"
            );
            // The other slot was overwritten: both are the same now.
            let now = fs::read(&place.path).unwrap();
            let (_, repair) = slot::choose(&now, &origin()).unwrap().unwrap();
            assert!(!repair, "after {written} pages");
        }
    }
}

#[test]
fn a_damaged_foreign_open_or_readable_file_is_refused_and_never_made_afresh() {
    let place = place();
    assert!(matches!(
        KeyFile::open(&place.path, &origin()),
        Err(VaultError::Io { .. })
    ));
    let vault = ready(&place);
    assert!(matches!(
        KeyFile::open(&place.path, &origin()),
        Err(VaultError::Locked)
    ));
    drop(vault);
    assert!(matches!(
        KeyFile::create(&place.path, &origin()),
        Err(VaultError::Io { .. })
    ));
    let other = "ledger.example/other".parse().unwrap();
    assert!(matches!(
        KeyFile::open(&place.path, &other),
        Err(VaultError::NoSlot)
    ));
    let mut bytes = fs::read(&place.path).unwrap();
    bytes[60] ^= 1;
    bytes[PAGE + 60] ^= 1;
    fs::write(&place.path, &bytes).unwrap();
    assert!(matches!(
        KeyFile::open(&place.path, &origin()),
        Err(VaultError::NoSlot)
    ));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&place.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&place.path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            KeyFile::open(&place.path, &origin()),
            Err(VaultError::Mode)
        ));
    }
}

#[test]
fn a_random_source_that_repeats_itself_gives_no_seed() {
    let place = place();
    let mut vault = KeyFile::create(&place.path, &origin()).unwrap();
    assert!(matches!(vault.ensure(0, || [0; 32]), Err(VaultError::Seed)));
    assert!(matches!(vault.ensure(0, || [4; 32]), Err(VaultError::Seed)));
    assert_eq!(vault.key(0), Err(NoKey::NotYet));
    assert!(vault.ensure(0, seeds()).is_ok());
}
