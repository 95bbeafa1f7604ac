//! Attacks on a ledger that is not running, by somebody who may write to its files, in part with its keys: each is
//! refused or found, with what and the remedy said; where nothing in the files can show it, the test says so, and shows
//! what does.

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use caseledger::journal::block;
use caseledger::journal::scan::{read_commit, scan};
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::journal::{Journal, Record};
use caseledger::ledger::chain::{ChainHead, check_next};
use caseledger::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use caseledger::ledger::commitment::Secret;
use caseledger::ledger::digest::{FieldsRoot, TreeHash};
use caseledger::ledger::entry::{Place as Seat, SealedEntry, Unsealed, seal};
use caseledger::ledger::fields::Singular;
use caseledger::ledger::head::{FILE, Head};
use caseledger::ledger::note::NoteSigner;
use caseledger::ledger::statement::{Seen, Statement};
use caseledger::ledger::tree::{MemoryTree, leaf_hash};
use caseledger::service::start::read_record;
use caseledger::vault::Vault;
use caseledger::vault::keyring::Keyring;

use crate::boundaries::blocks;
use crate::judge::{Served, served};
use crate::place::{ENTRIES, salvage, seen, shown, sound};
use crate::running::{Place, Server, Told, copy};

fn origin(ledger: &Path) -> String {
    let text = fs::read_to_string(ledger.join("origin")).unwrap();
    text.trim().to_owned()
}

/// Every commit of a ledger: the stored bytes of its entries.
fn commits(ledger: &Path) -> Vec<Vec<Vec<u8>>> {
    let bytes = fs::read(ledger.join("journal/db")).unwrap();
    let origin = origin(ledger);
    let found = scan(bytes.as_slice(), &origin, |_done| ControlFlow::Continue(())).unwrap();
    let read = |commit| read_commit(Cursor::new(&bytes), commit).unwrap();
    found.commits.iter().map(read).collect()
}

/// A new store of these commits, made by the journal itself: sled's framing is as it should be.
fn store(ledger: &Path, commits: &[Vec<Vec<u8>>]) {
    let dir = ledger.join("journal");
    fs::remove_dir_all(&dir).unwrap();
    let journal = SledJournal::open(&dir, Options::new(origin(ledger), read_record)).unwrap();
    let mut size = 0;
    for commit in commits {
        let records = commit.iter().map(|bytes| read_record(bytes));
        let records: Vec<Record> = records.collect::<Result<_, _>>().unwrap();
        size = journal.append(size, &records).unwrap();
    }
}

fn tree(commits: &[Vec<Vec<u8>>]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for bytes in commits.iter().flatten() {
        tree.append(leaf_hash(SealedEntry::decode(bytes).unwrap().header()));
    }
    tree
}

fn own_seed(ledger: &Path) -> [u8; 32] {
    fs::read(ledger.join("log.key"))
        .unwrap()
        .try_into()
        .unwrap()
}

fn signed(ledger: &Path, seed: &[u8; 32], size: u64, root: TreeHash) -> SignedCheckpoint {
    let origin = origin(ledger);
    let signer = NoteSigner::new(&origin, seed).unwrap();
    let origin = origin.parse().unwrap();
    Checkpoint { origin, size, root }.sign(&signer).unwrap()
}

/// A head file that promises this.
fn promise(ledger: &Path, checkpoint: &SignedCheckpoint) {
    let mut bytes = Vec::new();
    for generation in [98, 99] {
        let head = Head {
            generation,
            boot_id: [1; 16],
            checkpoint: checkpoint.clone(),
        };
        bytes.extend(head.encode().unwrap());
    }
    assert_eq!(bytes.len(), FILE);
    fs::write(ledger.join("head"), bytes).unwrap();
}

/// `verify store` as a person sees it; nothing is changed by it.
fn verified(place: &Place, more: &[&str]) -> Told {
    let before = seen(&place.ledger());
    let told = shown(&place.ledger(), more);
    assert!(seen(&place.ledger()) == before, "verifying changed a file");
    told
}

fn fails(place: &Place, code: i32, says: &[&str]) -> Told {
    let told = verified(place, &[]);
    assert_eq!(told.code, code, "{}{}", told.out, told.err);
    for says in says {
        assert!(told.out.contains(says), "{says}: {}", told.out);
    }
    told
}

/// `serve` must refuse, with these words.
fn refused(place: &Place, says: &[&str]) {
    let Served::Refused(3, said) = served(&place.ledger(), &says.join(", ")) else {
        panic!("it was served: {says:?}");
    };
    for says in says {
        assert!(said.contains(says), "{says}: {said}");
    }
}

/// The checkpoint that somebody kept, as a file.
fn kept(place: &Place) -> String {
    place.file("kept", &sound().kept)
}

fn prefixed(header: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [header, content] {
        bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

/// Where an entry is: its commit and its number in it.
fn find(commits: &[Vec<Vec<u8>>], position: u64) -> (usize, usize) {
    let mut first = 0;
    for (number, commit) in commits.iter().enumerate() {
        let end = first + commit.len() as u64;
        if position < end {
            return (number, usize::try_from(position - first).unwrap());
        }
        first = end;
    }
    panic!("no entry {position}");
}

#[test]
fn a_changed_statement_under_a_tree_that_was_signed_anew_breaks_its_chain() {
    let place = sound().copied();
    let ledger = place.ledger();
    let mut all = commits(&ledger);
    let (commit, number) = find(&all, 211);
    let entry = SealedEntry::decode(&all[commit][number]).unwrap();
    let mut header = entry.header().to_vec();
    let id = entry.event_id();
    let at = header.windows(16).position(|bytes| bytes == id).unwrap();
    header[at + 15] ^= 1;
    all[commit][number] = prefixed(&header, entry.content());
    store(&ledger, &all);
    // With the ledger's own key: the tree is right, and only the chain knows.
    promise(
        &ledger,
        &signed(&ledger, &own_seed(&ledger), ENTRIES, tree(&all).root()),
    );
    let told = fails(
        &place,
        3,
        &["chain", "entry 211", "the link does not fit", "offset"],
    );
    assert!(told.out.contains("admin salvage"), "{}", told.out);
    refused(&place, &["position 211", "verify store", "admin salvage"]);
    let told = salvage(&ledger, &place.path("new"), &[]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(told.out.contains("211 of 419 entries"), "{}", told.out);
}

/// The last entry sealed anew with other content: right in every way but for the tree that was signed.
fn last_entry_rewritten(ledger: &Path) -> Vec<Vec<Vec<u8>>> {
    let mut all = commits(ledger);
    let last = all.last_mut().unwrap().pop().unwrap();
    let last = SealedEntry::decode(&last).unwrap();
    let parsed = last.parsed();
    let mut head = ChainHead::genesis(&parsed.statement.origin, *last.tag());
    for bytes in all.iter().flatten() {
        let entry = SealedEntry::decode(bytes).unwrap();
        if entry.tag() == last.tag() {
            head = check_next(&head, entry.parsed()).unwrap();
        }
    }
    let unsealed = Unsealed {
        kind: last.kind(),
        statement: Statement {
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
            ..parsed.statement.clone()
        },
        signature: None,
        secret: Secret::new([8; 32]).unwrap(),
        event: vec![0x0a, 1, b'x'],
        ingest: last.ingest(),
        authenticated: parsed.fields.authenticated,
    };
    let keys = Keyring::open(&ledger.join("keys"), &parsed.statement.origin, false).unwrap();
    let seat = Seat {
        position: last.position(),
        appended: last.appended(),
        head: &head,
        key: &keys.key(last.position()).unwrap(),
    };
    let (entry, _) = seal(&unsealed.prepare(&Singular::default()).unwrap(), &seat).unwrap();
    all.last_mut().unwrap().push(entry.encode());
    all
}

#[test]
fn an_entry_sealed_anew_fits_its_chain_and_not_the_tree_that_was_signed() {
    let place = sound().copied();
    let ledger = place.ledger();
    let all = last_entry_rewritten(&ledger);
    store(&ledger, &all);
    fails(
        &place,
        3,
        &[
            "checkpoint",
            "the first 419 entries are not those of the checkpoint",
        ],
    );
    refused(
        &place,
        &[
            "not those of the checkpoint",
            "another history",
            "verify store",
        ],
    );

    // Whoever has every key may sign that too. Nothing in the files shows it; a checkpoint that somebody kept does.
    promise(
        &ledger,
        &signed(&ledger, &own_seed(&ledger), ENTRIES, tree(&all).root()),
    );
    assert_eq!(
        verified(&place, &[]).code,
        0,
        "the trust table: the checkpoint key"
    );
    let told = verified(&place, &["--checkpoint", &kept(&place)]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(
        told.out.contains("not those of the checkpoint"),
        "{}",
        told.out
    );
    let server = Server::over(&place);
    let vkey = place.vkey();
    let told = server.told(&["verify", "checkpoint", &kept(&place), "--vkey", &vkey]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(
        told.out.contains("two different ledgers of one size"),
        "{}",
        told.out
    );
}

#[test]
fn a_forged_checkpoint_is_refused_in_the_head_file_and_from_a_file() {
    let place = sound().copied();
    let ledger = place.ledger();
    let root = tree(&commits(&ledger)).root();
    let other_key = signed(&ledger, &[9; 32], ENTRIES, root);
    promise(&ledger, &other_key);
    fails(&place, 7, &["no valid slot", "partial"]);
    refused(
        &place,
        &[
            "no valid checkpoint of this ledger and key",
            "restore it from a copy",
        ],
    );
    fs::write(ledger.join("head"), sound().bytes("head")).unwrap();
    let given = place.file("given", other_key.note());
    let told = verified(&place, &["--checkpoint", &given]);
    assert_eq!(told.code, 3, "{}{}", told.out, told.err);
    assert!(told.err.contains("not signed by the key"), "{}", told.err);
    let nothing = place.file("given", "hello\n");
    assert_eq!(verified(&place, &["--checkpoint", &nothing]).code, 7);

    let other_root = signed(&ledger, &own_seed(&ledger), ENTRIES, TreeHash::new([5; 32]));
    let given = place.file("given", other_root.note());
    let told = verified(&place, &["--checkpoint", &given]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(
        told.out.contains("not those of the checkpoint"),
        "{}",
        told.out
    );
    promise(&ledger, &other_root);
    fails(&place, 3, &["not those of the checkpoint"]);
    refused(&place, &["not those of the checkpoint", "verify store"]);

    // Both slots signed, of one size and two roots: whoever signed them signed two histories.
    let (mut bytes, other) = (
        sound().bytes("head"),
        fs::read(ledger.join("head")).unwrap(),
    );
    bytes[4_096..].copy_from_slice(&other[4_096..]);
    fs::write(ledger.join("head"), bytes).unwrap();
    fails(&place, 7, &["contradict each other"]);
    refused(&place, &["contradict each other", "verify store"]);
}

/// Another ledger of the same name, with entries of its own.
fn another() -> Place {
    let other = Place::new();
    let server = Server::over(&other);
    server.import("registry");
    server.import("well_run");
    server.stop();
    other
}

/// The store's file, and where in it there are 8,000 bytes that nothing uses.
fn with_free_space() -> (Vec<u8>, usize) {
    let mut db = sound().bytes("journal/db");
    let ends = blocks(&db).into_iter().map(|block| block.end());
    let free = ends.max().unwrap() + 8_192;
    // How far the file goes on behind the last block depends on when the indexes were written.
    db.resize(db.len().max(free + 16_384), 0);
    assert!(
        db[free..free + 8_000].iter().all(|byte| *byte == 0),
        "free space"
    );
    (db, free)
}

/// A block of our ledger at a position, whose checksum fits, and which says of how many entries it is.
fn block_that_says(first: u64, count: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let origin = origin(&sound().ledger());
    let entries = entries.iter().map(Vec::as_slice);
    let mut block = block::encode(&origin, first, entries).unwrap().remove(0);
    let at = 8 + 2 + 4 + origin.len() + 8;
    block[at..at + 4].copy_from_slice(&count.to_be_bytes());
    let end = block.len() - 32;
    let digest = blake3::derive_key("caseledger v1 block", &block[..end]);
    block[end..].copy_from_slice(&digest);
    assert!(block::decode(&block).is_ok());
    block
}

#[test]
fn a_block_that_has_other_entries_than_it_says_is_a_located_fault() {
    let (db, free) = with_free_space();
    let entry = |byte: u8| prefixed(&[byte; 40], b"content");
    let inside = "it ends inside an entry";
    for (count, entries, says) in [
        (u32::MAX, vec![entry(1)], inside),
        (2, vec![entry(1)], inside),
        (1, vec![entry(1), entry(2)], "bytes after its last entry"),
    ] {
        let block = block_that_says(ENTRIES, count, &entries);
        let place = sound().copied();
        let mut changed = db.clone();
        changed[free..free + block.len()].copy_from_slice(&block);
        fs::write(place.ledger().join("journal/db"), changed).unwrap();
        let at = format!("block at offset {free}");
        let told = fails(&place, 3, &["form", "entry 419", says, &at]);
        let rows = crate::place::verify(&place.ledger()).rows();
        let entries = rows.iter().find(|row| row["check"] == "entries").unwrap();
        assert_eq!(entries["result"], "419", "{count}: {}", told.out);
        // What it says is nothing that the store would have to show.
        let own = rows
            .iter()
            .find(|row| row["check"] == "the store's own view");
        assert_eq!(own.unwrap()["result"], "same", "{count}: {}", told.out);
        let told = salvage(&place.ledger(), &place.path("new"), &[]);
        let whole = told.out.contains("419 entries are in");
        assert!(whole, "{count}: {}{}", told.out, told.err);
    }
}

#[test]
fn what_stands_behind_or_under_a_block_that_has_other_entries_than_it_says_is_told_too() {
    let (db, free) = with_free_space();
    let put = |written: &[Vec<u8>]| {
        let place = sound().copied();
        let (mut changed, bytes) = (db.clone(), written.concat());
        changed[free..free + bytes.len()].copy_from_slice(&bytes);
        fs::write(place.ledger().join("journal/db"), changed).unwrap();
        place
    };
    let entry = [prefixed(&[1; 40], b"content")];
    let lie = block_that_says(ENTRIES, 2, &entry);
    let after = block_that_says(ENTRIES + 2, 1, &entry);
    let (at, behind) = (
        format!("block at offset {free}"),
        format!("block at offset {}", free + lie.len()),
    );
    let missing = "positions 419 to 420 are missing";
    let says = ["entry 419", &at, missing, "entry 421", &behind];
    fails(&put(&[lie, after]), 3, &says);

    // It leads further than the commit of ours that begins there.
    let all = commits(&sound().ledger());
    let first: usize = all.iter().take(9).map(Vec::len).sum();
    let lie = block_that_says(first as u64, u32::MAX, &entry);
    let (entry, missing) = (
        format!("entry {first}"),
        format!("entries {first} to 418 are missing"),
    );
    fails(&put(&[lie]), 3, &[&entry, &at, &missing]);
}

#[test]
fn a_block_of_another_ledger_is_found_wherever_it_is_put() {
    let other = another();
    let theirs = fs::read(other.ledger().join("journal/db")).unwrap();
    let (theirs_all, (db, free)) = (blocks(&theirs), with_free_space());
    let ours = blocks(&db);
    let put = |at: usize, bytes: &[u8]| {
        let place = sound().copied();
        let mut changed = db.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(place.ledger().join("journal/db"), changed).unwrap();
        place
    };
    // Of the same name, in free space: intact, and no part of this ledger.
    let block = theirs_all
        .iter()
        .find(|block| block.first > 5 && block.first < 60)
        .unwrap();
    let place = put(free, &theirs[block.at..block.at + block.length]);
    let told = verified(&place, &[]);
    assert!(
        told.out.contains(&free.to_string()),
        "{}{}",
        told.out,
        told.err
    );
    let told = salvage(&place.ledger(), &place.path("new"), &[]);
    assert!(
        told.out.contains("419 entries are in"),
        "{}{}",
        told.out,
        told.err
    );
    // Of another name, in free space.
    let first = commits(&sound().ledger()).remove(0).remove(0);
    let entry = [first.as_slice()];
    let foreign = block::encode("ledger.example/other", 7, entry).unwrap();
    let place = put(free, &foreign[0]);
    let told = fails(&place, 0, &["not of this ledger"]);
    assert!(told.out.contains(&free.to_string()), "{}", told.out);
    assert!(matches!(
        served(&place.ledger(), "free space"),
        Served::Whole
    ));

    // Over a block of ours, wherever that stands: entries are gone, and that is located.
    let gone = ours.iter().find(|block| block.first > 100).unwrap();
    let place = sound().copied();
    let mut changed = db.clone();
    for copy in ours.iter().filter(|block| block.first == gone.first) {
        let length = foreign[0].len().min(copy.length);
        changed[copy.at..copy.at + length].copy_from_slice(&foreign[0][..length]);
    }
    fs::write(place.ledger().join("journal/db"), changed).unwrap();
    fails(
        &place,
        3,
        &["missing", &format!("entry {}", gone.first), "offset"],
    );
    refused(&place, &["verify store"]);
}

#[test]
fn another_ledger_s_entry_in_the_place_of_ours_does_not_fit_its_chain() {
    let other = another();
    let place = sound().copied();
    let (mut all, foreign) = (commits(&place.ledger()), commits(&other.ledger()));
    let (commit, number) = find(&all, 30);
    let (theirs, their_number) = find(&foreign, 30);
    all[commit][number] = foreign[theirs][their_number].clone();
    store(&place.ledger(), &all);
    fails(&place, 3, &["entry 30", "link"]);
    refused(&place, &["position 30", "verify store"]);
}

#[test]
fn a_roll_back_is_shown_by_the_head_file_and_without_it_by_a_checkpoint_that_was_kept() {
    let older = Place::new();
    copy(&sound().ledger(), &older.ledger());
    let size = 320;
    let mut all = commits(&sound().ledger());
    while all.iter().map(Vec::len).sum::<usize>() > size {
        all.pop();
    }
    let size = all.iter().map(Vec::len).sum::<usize>() as u64;
    assert!(size > 200, "{size}");
    store(&older.ledger(), &all);
    let older_head = signed(
        &older.ledger(),
        &own_seed(&older.ledger()),
        size,
        tree(&all).root(),
    );
    promise(&older.ledger(), &older_head);

    // The store only: the head file promises more.
    let place = sound().copied();
    fs::remove_dir_all(place.ledger().join("journal")).unwrap();
    copy(
        &older.ledger().join("journal"),
        &place.ledger().join("journal"),
    );
    let missing = format!("entries {size} to 418 are missing");
    fails(&place, 3, &[&missing]);
    refused(&place, &["older than its head file", "verify store"]);

    // And the head file deleted.
    fs::remove_file(place.ledger().join("head")).unwrap();
    fails(
        &place,
        7,
        &["nothing says that the end of the ledger is there"],
    );
    refused(&place, &["no head file", "restore it"]);

    // And the head file's newer slot blanked: a slot that had been written is never blank again.
    let mut head = sound().bytes("head");
    let newer = usize::from(head[25] < head[4_096 + 25]) * 4_096;
    head[newer..newer + 4_096].fill(0);
    fs::write(place.ledger().join("head"), head).unwrap();
    let told = verified(&place, &[]);
    assert_ne!(told.code, 0, "{}", told.out);
    assert!(
        told.out
            .contains(&format!("damaged: the one at offset {newer}")),
        "{}",
        told.out
    );

    // All of it, head file too: nothing in the files shows it. The trust table says so; a kept checkpoint shows it.
    assert_eq!(shown(&older.ledger(), &[]).code, 0);
    let told = shown(&older.ledger(), &["--checkpoint", &kept(&older)]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(told.out.contains(&missing), "{}", told.out);
    let server = Server::over(&older);
    let vkey = older.vkey();
    let note = older.file("older", older_head.note());
    let told = server.told(&[
        "verify",
        "checkpoint",
        &note,
        &kept(&older),
        "--vkey",
        &vkey,
    ]);
    assert_eq!(told.code, 3, "{}{}", told.out, told.err);
    assert!(told.err.contains("entries are gone"), "{}", told.err);
}

#[test]
fn a_key_file_that_is_missing_damaged_or_another_s_is_named_and_never_made_anew() {
    let place = sound().copied();
    let (ledger, keys) = (place.ledger(), place.ledger().join("keys"));
    let whole = sound().bytes("keys");
    fs::remove_file(&keys).unwrap();
    fails(&place, 7, &["no key file: contents were not opened"]);
    refused(&place, &["no key file", "restore it from its other copy"]);
    assert!(!keys.exists());

    let damaged = |slots: &[usize]| {
        let mut bytes = whole.clone();
        for slot in slots {
            bytes[slot * 4_096 + 100] ^= 4;
        }
        // With its mode.
        fs::copy(sound().ledger().join("keys"), &keys).unwrap();
        fs::write(&keys, bytes).unwrap();
    };
    damaged(&[0, 1]);
    fails(&place, 7, &["no valid slot"]);
    refused(&place, &["no valid slot", "restore it from its other copy"]);
    damaged(&[1]);
    fails(&place, 7, &["slot 1 is damaged"]);
    assert!(
        matches!(served(&ledger, "one slot"), Served::Whole),
        "the other slot counts"
    );

    // Of another ledger of the same name: it opens nothing.
    let other = another();
    fs::copy(other.ledger().join("keys"), &keys).unwrap();
    fails(&place, 3, &["content", "entry 0"]);
    refused(&place, &["position 0", "key file", "verify store"]);
}
