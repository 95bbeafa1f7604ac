//! Erasure at a start: orders that the log holds are carried out before anything is served.
//!
//! The procedure that gives an order comes later; here the order is sealed and appended straight through the journal.

use std::fs;
use std::path::Path;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use caseledger::grpc::pb::get_entry_request::By;
use caseledger::journal::Journal;
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::ledger::chain::{ChainHead, check_next};
use caseledger::ledger::commitment::{Secret, commit};
use caseledger::ledger::digest::{FieldsRoot, Link, TreeHash};
use caseledger::ledger::entry::{
    Authenticated, EntryKind, Header, Ingest, Place, SealedEntry, Unsealed, seal,
};
use caseledger::ledger::fields::Singular;
use caseledger::ledger::own::{Erased, OwnEvent, singular};
use caseledger::ledger::statement::{AgencyName, Origin, Seen, Statement};
use caseledger::ledger::tree::{leaf_hash, verify_inclusion};
use caseledger::service::start::{StartError, read_record};
use caseledger::vault::Vault;
use caseledger::vault::derive::NoKey;
use caseledger::vault::keyring::Keyring;
use caseledger::vault::slot::{self, PAGE, page_offset};
use tempfile::TempDir;
use tonic::Code;

use crate::world::{ORIGIN, Setup, World, concern, open, opened, reason, request, temp};

/// Opened case CH-1 (position 0) with three concerns (1 to 3), stopped.
async fn ledger() -> TempDir {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    for n in 2..=4 {
        csc.append(request(n, &concern("CH-1", &format!("secret words {n}"))))
            .await
            .unwrap();
    }
    world.stop().await;
    dir
}

fn entries(dir: &Path) -> (SledJournal, Vec<SealedEntry>) {
    let journal = SledJournal::open(&dir.join("store"), Options::new(ORIGIN, read_record)).unwrap();
    let stored = journal.read(0, usize::MAX).unwrap();
    let entries = stored
        .iter()
        .map(|stored| SealedEntry::decode(&stored.bytes).unwrap());
    let entries = entries.collect();
    (journal, entries)
}

fn link_of(dir: &Path, position: usize) -> Link {
    entries(dir).1[position].link()
}

fn order(position: u64, link: Link) -> Vec<u8> {
    order_of(position, link, Erased::Entry)
}

fn order_of(position: u64, link: Link, what: Erased) -> Vec<u8> {
    let order = OwnEvent::ErasureOrder {
        position,
        link,
        what,
        authority: "court order".to_owned(),
        basis: "invented".to_owned(),
        approvers: ["A1".to_owned(), "A2".to_owned()],
        fields_gone: 4,
    };
    order.encode()
}

/// Every field of an entry, as an order keeps them.
fn kept(dir: &Path, position: u64) -> Vec<u8> {
    let key = keyring(dir).key(position).unwrap();
    let entry = &entries(dir).1[usize::try_from(position).unwrap()];
    let content = entry.open(&key).unwrap();
    let committed = commit(&content.event, &content.secret, &Singular::default()).unwrap();
    committed.disclose(|_path| true).encode()
}

/// Seals these bytes as an erasure order and appends them: what is on the disk when a crash comes before the destruction.
fn append_order(dir: &Path, event: Vec<u8>) {
    let (journal, entries) = entries(dir);
    let origin: Origin = ORIGIN.parse().unwrap();
    let tag = origin.ledger_tag();
    let mut head = ChainHead::genesis(&origin, tag);
    for entry in entries.iter().filter(|entry| *entry.tag() == tag) {
        head = check_next(&head, entry.parsed()).unwrap();
    }
    let size = entries.len() as u64;
    let unsealed = Unsealed {
        kind: EntryKind::ErasureOrder,
        statement: Statement {
            origin: origin.clone(),
            tag,
            event_id: [u8::try_from(size).unwrap(); 16],
            agency: AgencyName::ledger(),
            key_id: None,
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
        },
        signature: None,
        secret: Secret::new([8; 32]).unwrap(),
        event,
        ingest: Ingest::Live,
        authenticated: Authenticated::Ledger,
    };
    let sealable = unsealed
        .prepare(&singular(EntryKind::ErasureOrder))
        .unwrap();
    let key = keyring(dir).key(size).unwrap();
    let place = Place {
        position: size,
        appended: entries.last().unwrap().appended() + 1,
        head: &head,
        key: &key,
    };
    let (entry, _) = seal(&sealable, &place).unwrap();
    let record = read_record(&entry.encode()).unwrap();
    journal.append(size, &[record]).unwrap();
}

fn keyring(dir: &Path) -> Keyring {
    Keyring::open(&dir.join("keys"), &ORIGIN.parse().unwrap(), false).unwrap()
}

fn key_file(dir: &Path) -> Vec<u8> {
    fs::read(dir.join("keys")).unwrap()
}

async fn entry(client: &mut Client, position: u64) -> pb::Entry {
    let by = Some(By::Position(position));
    let entry = client.ledger.get_entry(pb::GetEntryRequest { by }).await;
    entry.unwrap().into_inner()
}

/// Position 2 is erased, all others are proven, and every header is included in the tree.
async fn check_erased(world: &World) {
    let mut csc = world.client("csc").await;
    let case = csc.read_case("CH-1", 0, 0).await.unwrap();
    assert_eq!(case.len(), 4);
    for found in case {
        let state = if found.position == 2 {
            assert!(found.event.is_empty() && found.secret.is_empty());
            pb::ContentState::Erased
        } else {
            pb::ContentState::Proven
        };
        assert_eq!(found.content_state(), state, "position {}", found.position);
        assert_eq!(found, entry(&mut csc, found.position).await);
        let header = Header::decode(&found.header).unwrap();
        assert_eq!(header.fields.position, found.position);
        assert_eq!(header.link.as_bytes().as_slice(), found.link);
        check_included(&mut csc, found.position, &found.header).await;
    }
    let order = entry(&mut csc, 4).await;
    assert_eq!(
        (order.kind, order.content_state()),
        (6, pb::ContentState::Proven)
    );
    check_included(&mut csc, 4, &order.header).await;
}

async fn check_included(client: &mut Client, position: u64, header: &[u8]) {
    let ask = pb::GetInclusionProofRequest { position, size: 5 };
    let proof = client.integrity.get_inclusion_proof(ask).await.unwrap();
    let proof = proof.into_inner();
    let hash = |bytes: &[u8]| TreeHash::new(bytes.try_into().unwrap());
    let path: Vec<TreeHash> = proof.path.chunks(32).map(hash).collect();
    let (leaf, root) = (leaf_hash(header), hash(&proof.root));
    assert!(
        verify_inclusion(&leaf, position, 5, &path, &root),
        "position {position}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_destroys_the_key_that_an_order_names_and_the_header_still_verifies() {
    let dir = ledger().await;
    append_order(dir.path(), order(2, link_of(dir.path(), 2)));
    assert!(
        keyring(dir.path()).key(2).is_ok(),
        "the order alone destroys nothing"
    );
    let world = World::over(dir.path()).await;
    check_erased(&world).await;
    // What was erased cannot be sent again under its id; what was not is settled as ever.
    let mut csc = world.client("csc").await;
    let again = csc
        .append(request(3, &concern("CH-1", "secret words 3")))
        .await;
    let status = again.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "ORIGINAL_ERASED")
    );
    let again = csc
        .append(request(2, &concern("CH-1", "secret words 2")))
        .await;
    assert!(again.unwrap().duplicate);
    world.stop().await;
    assert_eq!(keyring(dir.path()).key(2), Err(NoKey::Erased));
    assert_eq!(keyring(dir.path()).erased_up_to(), 5);
    // The next start finds nothing to do.
    let carried_out = key_file(dir.path());
    let world = World::over(dir.path()).await;
    check_erased(&world).await;
    world.stop().await;
    assert!(
        key_file(dir.path()) == carried_out,
        "the key file was written again"
    );
}

/// The pages of slot 0 from one file, of slot 1 from another.
fn mixed(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = first.len().max(second.len()).next_multiple_of(2 * PAGE);
    let mut file = vec![0; length];
    for (slot, from) in [first, second].into_iter().enumerate() {
        let slot_bytes = slot::slot_of(from, slot);
        for (page, bytes) in slot_bytes.chunks(PAGE).enumerate() {
            let at = page_offset(slot, page);
            file[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
    file
}

fn torn(file: &[u8], slot: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[page_offset(slot, 0) + 40] ^= 1;
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_while_destroying_and_no_older_key_file_brings_a_key_back() {
    let dir = ledger().await;
    append_order(dir.path(), order(2, link_of(dir.path(), 2)));
    let before = key_file(dir.path());
    // What must never be found again: the seed above position 2.
    let origin = ORIGIN.parse().unwrap();
    let (keys, _) = slot::choose(&before, &origin).unwrap().unwrap();
    let seed = *keys.nodes.nodes().next().unwrap().value();
    World::over(dir.path()).await.stop().await;
    let after = key_file(dir.path());
    for (name, left) in [
        ("before the first slot was written", before.clone()),
        ("inside the first slot", torn(&before, 0)),
        ("inside the second slot", torn(&before, 1)),
        ("between the slots", mixed(&after, &before)),
        (
            "inside the second slot, the first written",
            torn(&mixed(&after, &before), 1),
        ),
        ("after the second slot", after.clone()),
    ] {
        fs::write(dir.path().join("keys"), &left).unwrap();
        let world = World::over(dir.path()).await;
        check_erased(&world).await;
        world.stop().await;
        let found = key_file(dir.path());
        assert!(
            !found.windows(32).any(|bytes| bytes == seed),
            "{name}: the seed is there"
        );
        let slots = [0, 1].map(|slot| slot::slot_of(&found, slot));
        assert!(slots[0] == slots[1], "{name}: the slots differ");
        assert_eq!(keyring(dir.path()).key(2), Err(NoKey::Erased), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_opening_takes_the_case_id_with_it_from_the_first_start_on() {
    let dir = ledger().await;
    append_order(dir.path(), order(0, link_of(dir.path(), 0)));
    for start in ["first", "second"] {
        let world = World::over(dir.path()).await;
        let mut csc = world.client("csc").await;
        let status = csc.read_case("CH-1", 0, 0).await.unwrap_err();
        assert_eq!(reason(&status), "UNKNOWN_CASE", "{start} start");
        let found = entry(&mut csc, 0).await;
        assert_eq!(
            found.content_state(),
            pb::ContentState::Erased,
            "{start} start"
        );
        assert_eq!(found.case_id, "", "{start} start");
        check_included(&mut csc, 0, &found.header).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_malformed_or_names_another_entry_refuses_the_start_and_destroys_nothing()
{
    let dir = ledger().await;
    let link = link_of(dir.path(), 2);
    let whole = order(2, link);
    let cut = whole[..whole.len() - 2].to_vec();
    for (event, words) in [
        (cut, "the bytes end inside the disclosure"),
        (order(2, Link::new([3; 32])), "another link"),
        (order(3, link), "another link"),
        (order(5, link), "no earlier entry"),
        (order(99, link), "no earlier entry"),
        (order(4, link), "names an erasure order"),
        // What it keeps of the entry is nothing that can be read, or is of another entry.
        (order_of(2, link, Erased::Fields(vec![1])), "commitments"),
        (
            order_of(2, link, Erased::Fields(kept(dir.path(), 3))),
            "not those of the statement",
        ),
    ] {
        let copy = temp();
        crate::stop::copy(dir.path(), copy.path());
        append_order(copy.path(), order(1, link_of(copy.path(), 1)));
        append_order(copy.path(), event);
        let refused = open(copy.path(), Setup::default()).err().unwrap();
        assert!(
            matches!(refused, StartError::Order { position: 5, .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains(words), "{refused}");
        let keys = keyring(copy.path());
        assert!(keys.key(1).is_ok(), "no order is carried out in part");
        assert_eq!(keys.erased_up_to(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_keeps_fields_of_its_very_entry_is_carried_out() {
    let dir = ledger().await;
    let what = Erased::Fields(kept(dir.path(), 2));
    append_order(dir.path(), order_of(2, link_of(dir.path(), 2), what));
    World::over(dir.path()).await.stop().await;
    assert_eq!(keyring(dir.path()).key(2), Err(NoKey::Erased));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_older_than_its_key_file_is_refused() {
    let dir = ledger().await;
    let older = temp();
    crate::stop::copy(dir.path(), older.path());
    append_order(dir.path(), order(2, link_of(dir.path(), 2)));
    World::over(dir.path()).await.stop().await;
    fs::copy(dir.path().join("keys"), older.path().join("keys")).unwrap();
    let refused = open(older.path(), Setup::default()).err().unwrap();
    let expected = matches!(refused, StartError::OlderThanKeys { found: 4, done: 5 });
    assert!(expected, "{refused}");
    assert!(refused.to_string().contains("older than its key file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_without_an_order_refuses_the_start_and_names_the_entry() {
    let dir = ledger().await;
    // One destroyed in order, and one that no order names.
    append_order(dir.path(), order(2, link_of(dir.path(), 2)));
    World::over(dir.path()).await.stop().await;
    let mark = keyring(dir.path()).erased_up_to();
    keyring(dir.path()).destroy(&[3], mark).unwrap();
    let refused = open(dir.path(), Setup::default()).err().unwrap();
    assert!(
        matches!(refused, StartError::KeyGone { position: 3 }),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("no erasure order"),
        "{refused}"
    );
}
