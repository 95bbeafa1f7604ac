//! Properties of the format on random input: no bytes panic, chains break where they are changed, erasing one key
//! leaves all the others.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first case that does not fit"
)]

use std::collections::BTreeSet;

use caseledger::ledger::chain::{Break, ChainHead, ChainWalk, check_next};
use caseledger::ledger::commitment::{Disclosure, DisclosureError, Secret, commit};
use caseledger::ledger::content::ContentError;
use caseledger::ledger::digest::{ChainTag, FieldsRoot, Link};
use caseledger::ledger::entry::{
    Authenticated, EntryKind, Header, Ingest, Place, PrepareError, SealError, SealedEntry,
    Unsealed, seal,
};
use caseledger::ledger::fields::{Reason, Singular, split};
use caseledger::ledger::head::{self, Head};
use caseledger::ledger::note::{Note, NoteSigner};
use caseledger::ledger::receipt::{Receipt, TlogProof};
use caseledger::ledger::statement::{AgencyName, Origin, Seen, Statement};
use caseledger::ledger::tree::{MemoryTree, TreeHead, verify_consistency, verify_inclusion};
use caseledger::vault::derive::{KeyNodes, KeyWalk, NoKey, SEGMENT};
use proptest::collection::vec;
use proptest::prelude::*;

fn origin() -> Origin {
    "ledger.example/test".parse().unwrap()
}

fn secret(byte: u8) -> Secret {
    Secret::new([byte.max(1); 32]).unwrap()
}

fn event(seen: Seen, id: u8, bytes: &[u8]) -> Unsealed {
    Unsealed {
        kind: EntryKind::CaseEvent,
        statement: Statement {
            origin: origin(),
            tag: ChainTag::new([9; 32]),
            event_id: [id.max(1); 16],
            agency: "school".parse().unwrap(),
            key_id: None,
            seen,
            fields_root: FieldsRoot::ZERO,
        },
        signature: None,
        secret: secret(id),
        event: bytes.to_vec(),
        ingest: Ingest::Live,
        authenticated: Authenticated::Certificate,
    }
}

fn keys() -> KeyNodes {
    let mut keys = KeyNodes::new();
    keys.add_segment([5; 32]);
    keys
}

/// A chain of `n` entries at every second position.
fn chain(n: u8) -> Vec<SealedEntry> {
    let keys = keys();
    let mut head = ChainHead::genesis(&origin(), ChainTag::new([9; 32]));
    let mut entries: Vec<SealedEntry> = Vec::new();
    for i in 0..n {
        let seen = match entries.get(usize::from(i / 2)) {
            Some(entry) => Seen::Entry {
                case_seq: entry.case_seq(),
                link: entry.link(),
            },
            None => Seen::Blind,
        };
        let position = u64::from(i) * 2;
        let place = Place {
            position,
            appended: 1_000 + u64::from(i),
            head: &head,
            key: &keys.key(position).unwrap(),
        };
        let prepared = event(seen, i + 1, &[0x0a, 1, i])
            .prepare(&Singular::default())
            .unwrap();
        let (entry, next) = seal(&prepared, &place).unwrap();
        entries.push(entry);
        head = next;
    }
    entries
}

fn walk<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Result<ChainHead, (usize, Break)> {
    let mut walk = ChainWalk::new(&origin(), ChainTag::new([9; 32]));
    for (index, header) in headers.into_iter().enumerate() {
        walk.next(header).map_err(|error| (index, error))?;
    }
    Ok(walk.head().clone())
}

#[test]
fn a_chain_walks_and_every_entry_opens_only_with_its_own_key() {
    let entries = chain(12);
    let head = walk(entries.iter().map(SealedEntry::parsed)).unwrap();
    assert_eq!(head.case_seq(), 12);
    assert_eq!(head.last_leaf(), Some(22));
    for (index, entry) in (0_u8..).zip(&entries) {
        let content = entry.open(&keys().key(entry.position()).unwrap()).unwrap();
        assert_eq!(content.event, [0x0a, 1, index]);
        let other = keys().key(entry.position() + 1).unwrap();
        assert_eq!(entry.open(&other), Err(ContentError::Decrypt));
    }
}

#[test]
fn removed_swapped_or_repeated_entries_break_the_chain_where_it_happened() {
    let entries = chain(6);
    let headers: Vec<&Header> = entries.iter().map(SealedEntry::parsed).collect();
    let mut removed = headers.clone();
    removed.remove(2);
    assert_eq!(
        walk(removed),
        Err((
            2,
            Break::Number {
                expected: 3,
                found: 4
            }
        ))
    );
    let mut swapped = headers.clone();
    swapped.swap(1, 2);
    assert_eq!(
        walk(swapped),
        Err((
            1,
            Break::Number {
                expected: 2,
                found: 3
            }
        ))
    );
    let mut repeated = headers.clone();
    repeated.insert(1, repeated.first().unwrap());
    assert_eq!(
        walk(repeated),
        Err((
            1,
            Break::Number {
                expected: 2,
                found: 1
            }
        ))
    );
    let mut first_removed = headers;
    first_removed.remove(0);
    assert_eq!(
        walk(first_removed),
        Err((
            0,
            Break::Number {
                expected: 1,
                found: 2
            }
        ))
    );
}

#[test]
fn an_author_cannot_have_seen_what_the_chain_does_not_have() {
    let keys = keys();
    let key = keys.key(40).unwrap();
    let entries = chain(5);
    let head = ChainHead::at(entries.last().unwrap().parsed());
    let place = Place {
        position: 40,
        appended: 2_000,
        head: &head,
        key: &key,
    };
    let sealed = |seen| {
        let prepared = event(seen, 77, &[0x0a, 1, 7])
            .prepare(&Singular::default())
            .unwrap();
        seal(&prepared, &place)
    };
    // The newest entry with another link: found when sealing.
    let wrong = Link::new([3; 32]);
    let newest = sealed(Seen::Entry {
        case_seq: 5,
        link: wrong,
    });
    assert_eq!(newest.unwrap_err(), SealError::Chain(Break::Seen));
    // One that is not there yet: no such entry can be made.
    let later = sealed(Seen::Entry {
        case_seq: 6,
        link: wrong,
    });
    assert!(matches!(later, Err(SealError::Form(_))));
    // An earlier one with another link: found by the walk.
    let (earlier, _) = sealed(Seen::Entry {
        case_seq: 2,
        link: wrong,
    })
    .unwrap();
    let headers = entries.iter().chain([&earlier]).map(SealedEntry::parsed);
    assert_eq!(walk(headers), Err((5, Break::Seen)));
    // Time going back.
    let place = Place {
        position: 40,
        appended: 1,
        head: &head,
        key: &key,
    };
    let prepared = event(Seen::Blind, 77, &[0x0a, 1, 7])
        .prepare(&Singular::default())
        .unwrap();
    assert_eq!(
        seal(&prepared, &place).unwrap_err(),
        SealError::Chain(Break::Time)
    );
}

#[test]
fn a_statement_that_commits_to_other_fields_is_refused_before_it_is_sealed() {
    let mut other = event(Seen::Blind, 1, &[0x0a, 1, 7]);
    other.statement.fields_root = FieldsRoot::new([1; 32]);
    assert_eq!(
        other.prepare(&Singular::default()).unwrap_err(),
        PrepareError::FieldsRoot
    );
}

#[test]
fn only_the_ledger_writes_in_its_own_chains() {
    let refused = |change: fn(&mut Unsealed)| {
        let mut unsealed = event(Seen::Blind, 1, &[0x0a, 1, 7]);
        change(&mut unsealed);
        let head = ChainHead::genesis(&origin(), unsealed.statement.tag);
        let key = keys().key(0).unwrap();
        let place = Place {
            position: 0,
            appended: 1,
            head: &head,
            key: &key,
        };
        let prepared = unsealed.prepare(&Singular::default()).unwrap();
        matches!(seal(&prepared, &place), Err(SealError::Form(_)))
    };
    assert!(!refused(|_| {}));
    assert!(refused(|e| e.kind = EntryKind::ErasureOrder));
    assert!(refused(|e| e.statement.agency = AgencyName::ledger()));
    assert!(refused(|e| e.statement.tag = origin().ledger_tag()));
    assert!(refused(|e| e.authenticated = Authenticated::Ledger));
    assert!(refused(|e| e.authenticated = Authenticated::Signature));
    assert!(refused(|e| e.signature = Some([1; 64])));
    assert!(refused(|e| {
        e.kind = EntryKind::Heads;
        e.statement.tag = origin().ledger_tag();
    }));
    assert!(!refused(|e| {
        e.kind = EntryKind::Heads;
        e.statement.tag = origin().ledger_tag();
        e.statement.agency = AgencyName::ledger();
        e.authenticated = Authenticated::Ledger;
    }));
}

#[test]
fn any_changed_byte_of_an_entry_is_detected() {
    let entries = chain(2);
    let (first, second) = (entries.first().unwrap(), entries.last().unwrap());
    let head = ChainHead::at(first.parsed());
    let bytes = second.encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1 << bit;
            }
            let passed = SealedEntry::decode(&changed)
                .is_ok_and(|e| e.content_intact() && check_next(&head, e.parsed()).is_ok());
            assert!(!passed, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn equal_content_has_an_equal_root_in_whatever_order_its_fields_were_sent() {
    let one = [0x0a, 1, 1, 0x12, 1, 2, 0x12, 1, 3];
    let other = [0x12, 1, 2, 0x0a, 1, 1, 0x12, 1, 3];
    let repeated_swapped = [0x0a, 1, 1, 0x12, 1, 3, 0x12, 1, 2];
    let root = |bytes: &[u8]| {
        commit(bytes, &secret(1), &Singular::default())
            .unwrap()
            .root()
    };
    assert_eq!(root(&one), root(&other));
    assert_ne!(root(&one), root(&repeated_swapped));
}

#[test]
fn a_disclosure_with_another_value_or_a_repeated_singular_field_is_refused() {
    let singular = Singular::new([(0, 1)]);
    let committed = commit(&[0x0a, 1, 1, 0x12, 1, 2], &secret(1), &singular).unwrap();
    let disclosure = committed.disclose(|path| path.outer.number == 2);
    assert_eq!(disclosure.check(committed.root(), &singular), Ok(()));
    let root = FieldsRoot::new([1; 32]);
    assert_eq!(
        disclosure.check(root, &singular),
        Err(DisclosureError::Root)
    );
    let mut bytes = disclosure.encode();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = Disclosure::decode(&bytes).unwrap();
    assert_eq!(
        changed.check(committed.root(), &singular),
        Err(DisclosureError::NotCommitted(2))
    );
    // Taken when field 1 was not yet known to be singular.
    let twice = commit(&[0x0a, 1, 1, 0x0a, 1, 2], &secret(1), &Singular::default()).unwrap();
    let shown = twice.disclose(|_| true);
    assert_eq!(
        shown.check(twice.root(), &singular),
        Err(DisclosureError::SingularRepeated(1))
    );
    let refusal = split(&[0x0a, 1, 1, 0x0a, 1, 2], &singular).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.number),
        (Reason::SingularRepeated, Some(1))
    );
    assert!(refusal.to_string().contains("field 1"), "{refusal}");
}

#[test]
fn a_torn_head_slot_leaves_the_other_and_two_histories_are_refused() {
    let signer = NoteSigner::new("ledger.example/test", &[1; 32]).unwrap();
    let head = |generation, size, root| {
        let root = caseledger::ledger::digest::TreeHash::new([root; 32]);
        let checkpoint = caseledger::ledger::checkpoint::Checkpoint {
            origin: origin(),
            size,
            root,
        };
        let checkpoint = checkpoint.sign(&signer).unwrap();
        Head {
            generation,
            boot_id: [2; 16],
            checkpoint,
        }
    };
    let file = |even: &Head, odd: &Head| [even.encode().unwrap(), odd.encode().unwrap()].concat();
    let key = signer.verifier();
    let good = file(&head(2, 8, 1), &head(3, 9, 2));
    assert_eq!(head::choose(&good, &key).unwrap().unwrap().generation, 3);
    let mut torn = good.clone();
    torn.get_mut(head::SLOT + 30..).unwrap().fill(0xaa);
    assert_eq!(head::choose(&torn, &key).unwrap().unwrap().generation, 2);
    for (even, odd) in [
        (head(2, 8, 1), head(3, 7, 2)),
        (head(2, 8, 1), head(3, 8, 2)),
    ] {
        assert_eq!(head::choose(&file(&even, &odd), &key), Err(head::Disagree));
    }
    // The slot that was synced last is left alone until the next sync: generations in between are lost with it.
    let ahead = file(&head(2, 8, 1), &head(5, 9, 2));
    assert_eq!(head::choose(&ahead, &key).unwrap().unwrap().generation, 5);
    assert_eq!(head::choose(&[0; head::FILE], &key), Ok(None));
    assert_eq!(head::choose(&[], &key), Ok(None));
    let other = NoteSigner::new("ledger.example/test", &[2; 32])
        .unwrap()
        .verifier();
    assert_eq!(head::choose(&good, &other), Ok(None));
}

#[test]
fn a_receipt_belongs_to_its_entry_alone() {
    let entries = chain(3);
    let mut tree = MemoryTree::new();
    for entry in &entries {
        tree.append(entry.leaf_hash());
    }
    let signer = NoteSigner::new("ledger.example/test", &[1; 32]).unwrap();
    let checkpoint = caseledger::ledger::checkpoint::Checkpoint {
        origin: origin(),
        size: 3,
        root: tree.root(),
    };
    let entry = entries.first().unwrap();
    let receipt = Receipt {
        position: 0,
        case_seq: 1,
        link: entry.link(),
        appended: entry.appended(),
        checkpoint: checkpoint.sign(&signer).unwrap(),
        proof: tree.inclusion(0, 3).unwrap(),
    };
    assert_eq!(receipt.check(entry.header()), Ok(()));
    assert!(receipt.check(entries.last().unwrap().header()).is_err());
    let mut without = receipt.clone();
    without.proof.clear();
    assert!(without.check(entry.header()).is_err());
    let file = receipt.to_tlog_proof(entry.header());
    let read = TlogProof::parse(&file.print()).unwrap();
    assert_eq!(read, file);
    assert!(read.verify(&entry.leaf_hash(), &signer.verifier()).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..600)) {
        let text = String::from_utf8_lossy(&bytes);
        let parsed = (
            split(&bytes, &Singular::default()).is_ok(),
            Statement::decode(&bytes).is_ok(),
            SealedEntry::decode(&bytes).is_ok(),
            Header::decode(&bytes).is_ok(),
            Disclosure::decode(&bytes).is_ok(),
            Note::parse(&text).is_ok(),
            TlogProof::parse(&text).is_ok(),
        );
        prop_assert!(!parsed.1 && !parsed.2 && !parsed.3 && !parsed.6);
    }

    #[test]
    fn no_mutation_of_good_bytes_makes_a_decoder_panic(
        at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let entries = chain(1);
        let entry = entries.first().unwrap();
        let mut bytes = entry.encode();
        let index = at.index(bytes.len());
        if let Some(byte) = bytes.get_mut(index) { *byte = value; }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(read) = SealedEntry::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn what_splits_is_every_byte_of_the_event(bytes in vec(any::<u8>(), 1..60)) {
        if let Ok(fields) = split(&bytes, &Singular::default()) {
            prop_assert!(fields.len() <= 512);
            let paths: BTreeSet<_> = fields.iter().map(|field| field.path).collect();
            prop_assert_eq!(paths.len(), fields.len());
            let payload: usize = fields.iter().map(|field| field.payload.len()).sum();
            prop_assert!(payload < bytes.len());
            let committed = commit(&bytes, &secret(3), &Singular::default()).unwrap();
            prop_assert_eq!(committed.commitments().len() % 8, 0);
            let all = committed.disclose(|_| true);
            prop_assert!(all.check(committed.root(), &Singular::default()).is_ok());
            prop_assert_eq!(Disclosure::decode(&all.encode()).unwrap(), all);
        }
    }

    #[test]
    fn proofs_of_any_tree_verify_and_a_dropped_tail_is_forgotten(
        size in 1_u64..200, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
    ) {
        let leaf = |i: u64| caseledger::ledger::tree::leaf_hash(&i.to_be_bytes());
        let mut tree = MemoryTree::new();
        (0..size).for_each(|i| tree.append(leaf(i)));
        let (a, b) = (a.index(200) as u64 % size, b.index(200) as u64 % size);
        let (from, to) = (a.min(b), a.max(b) + 1);
        let (old, new) = (tree.root_at(from).unwrap(), tree.root_at(to).unwrap());
        let proof = tree.consistency(from, to).unwrap();
        let (old, new) = (TreeHead { size: from, root: old }, TreeHead { size: to, root: new });
        prop_assert!(verify_consistency(&old, &new, &proof));
        let proof = tree.inclusion(from, to).unwrap();
        prop_assert!(verify_inclusion(&leaf(from), from, to, &proof, &new.root));
        prop_assert!(!verify_inclusion(&leaf(from + 1), from, to, &proof, &new.root));
        let mut shorter = tree.clone();
        shorter.truncate(from);
        prop_assert_eq!((shorter.size(), shorter.root()), (from, old.root));
        (from..size).for_each(|i| shorter.append(leaf(i)));
        prop_assert_eq!(shorter.root(), tree.root());
    }

    #[test]
    fn erasing_leaves_every_other_key_and_none_of_the_erased(
        erased in vec(0..2 * SEGMENT, 1..20), probes in vec(0..2 * SEGMENT, 50),
    ) {
        let mut whole = KeyNodes::new();
        whole.add_segment([5; 32]);
        whole.add_segment([6; 32]);
        let mut nodes = whole.clone();
        let mut walk = KeyWalk::new();
        walk.key(&nodes, *erased.first().unwrap()).unwrap();
        for position in &erased { nodes.puncture(*position).unwrap(); }
        prop_assert_eq!(nodes.puncture(*erased.first().unwrap()), Ok(false));
        nodes.check().unwrap();
        let gone: BTreeSet<u64> = erased.iter().copied().collect();
        prop_assert_eq!(nodes.erased(), gone.len() as u64);
        let ranges: BTreeSet<u64> = nodes.erased_ranges().into_iter().flatten().collect();
        prop_assert_eq!(&ranges, &gone);
        let beside = gone.iter().flat_map(|p| [p.saturating_sub(1), *p, p + 1]);
        for position in probes.into_iter().chain(beside).filter(|p| *p < 2 * SEGMENT) {
            let expected = if gone.contains(&position) {
                Err(NoKey::Erased)
            } else {
                whole.key(position)
            };
            prop_assert_eq!(nodes.key(position), expected.clone());
            prop_assert_eq!(walk.key(&nodes, position), expected);
        }
        prop_assert_eq!(nodes.key(2 * SEGMENT), Err(NoKey::NotYet));
        let loaded = KeyNodes::from_nodes(2, nodes.erased(), nodes.nodes().cloned()).unwrap();
        prop_assert_eq!(&loaded, &nodes);
        prop_assert!(KeyNodes::from_nodes(2, nodes.erased() + 1, nodes.nodes().cloned()).is_err());
        let fewer = nodes.nodes().skip(1).cloned();
        prop_assert!(KeyNodes::from_nodes(2, nodes.erased(), fewer).is_err());
        let twice = nodes.nodes().take(1).chain(nodes.nodes()).cloned();
        prop_assert!(KeyNodes::from_nodes(2, nodes.erased(), twice).is_err());
    }
}

#[test]
fn a_zero_secret_is_refused() {
    assert!(Secret::new([0; 32]).is_err());
}

#[test]
fn walking_gives_the_keys_of_single_derivation_across_a_segment_border() {
    let mut keys = keys();
    keys.add_segment([6; 32]);
    let mut walk = KeyWalk::new();
    for position in SEGMENT - 300..SEGMENT + 300 {
        assert_eq!(walk.key(&keys, position), keys.key(position));
    }
}
