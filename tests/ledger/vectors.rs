//! The frozen vectors, made by a second implementation from `proto/FORMAT.md` alone: our code only reads them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop at the first vector that does not fit"
)]

use caseledger::ledger::chain::{ChainHead, check_next};
use caseledger::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use caseledger::ledger::commitment::{Disclosure, Secret, commit};
use caseledger::ledger::content::EntryKey;
use caseledger::ledger::digest::{ChainTag, FieldsRoot, KeyId, Link, TreeHash};
use caseledger::ledger::entry::{
    Authenticated, Chain, EntryKind, Ingest, Place, SealedEntry, Unsealed, seal,
};
use caseledger::ledger::fields::{Path, Singular, split};
use caseledger::ledger::head;
use caseledger::ledger::note::{NoteSigner, VerifierKey};
use caseledger::ledger::own::{self, CloseReason, Erased, KeyFate, OwnEvent};
use caseledger::ledger::receipt::TlogProof;
use caseledger::ledger::statement::{Seen, Statement, key_id, sign, verify_signature};
use caseledger::ledger::tree::{
    Frontier, MemoryTree, TreeHead, leaf_hash, verify_consistency, verify_inclusion,
};
use caseledger::vault::derive::{KeyNodes, KeyWalk};
use caseledger::vault::slot;
use data_encoding::HEXLOWER;
use serde_json::Value;

fn vectors(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let Value::Array(all) = serde_json::from_str(&text).unwrap() else {
        panic!("{path}")
    };
    assert!(!all.is_empty(), "{path} holds no vectors");
    all
}

fn name(vector: &Value) -> &str {
    vector["name"].as_str().unwrap()
}

fn text<'a>(vector: &'a Value, member: &str) -> &'a str {
    vector[member]
        .as_str()
        .unwrap_or_else(|| panic!("{}: no {member}", name(vector)))
}

fn bytes(vector: &Value, member: &str) -> Vec<u8> {
    HEXLOWER.decode(text(vector, member).as_bytes()).unwrap()
}

fn array<const N: usize>(vector: &Value, member: &str) -> [u8; N] {
    bytes(vector, member)
        .try_into()
        .unwrap_or_else(|_| panic!("{}: {member}", name(vector)))
}

fn number(vector: &Value, member: &str) -> u64 {
    to_number(&vector[member]).unwrap_or_else(|| panic!("{}: no {member}", name(vector)))
}

fn to_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn list<'a>(vector: &'a Value, member: &str) -> &'a [Value] {
    vector[member]
        .as_array()
        .unwrap_or_else(|| panic!("{}: no {member}", name(vector)))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn hashes(values: &Value) -> Vec<TreeHash> {
    values
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| hash.as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn events_split_into_the_fields_and_refusals_of_the_vectors() {
    let mut refusals = std::collections::BTreeSet::new();
    for vector in vectors("fields") {
        let singular = list(&vector, "singular").iter().map(|pair| {
            let part = |i: usize| u32::try_from(pair[i].as_u64().unwrap()).unwrap();
            (part(0), part(1))
        });
        let event = bytes(&vector, "event");
        match split(&event, &Singular::new(singular)) {
            Ok(fields) => {
                let found: Vec<(String, String)> = fields
                    .iter()
                    .map(|f| (hex(&f.path.encode()), hex(&f.value())))
                    .collect();
                assert!(
                    vector.get("fields").is_some(),
                    "{} is refused",
                    name(&vector)
                );
                let expected: Vec<(String, String)> = list(&vector, "fields")
                    .iter()
                    .map(|f| (text(f, "path").to_owned(), text(f, "value").to_owned()))
                    .collect();
                assert_eq!(found, expected, "{}", name(&vector));
                for field in &fields {
                    assert_eq!(Path::decode(&field.path.encode()), Some(field.path));
                }
            }
            Err(refusal) => {
                assert_eq!(
                    refusal.reason.name(),
                    vector["refusal"].as_str().unwrap_or("(accepted)"),
                    "{}",
                    name(&vector)
                );
                if let Some(expected) = to_number(&vector["number"]) {
                    assert_eq!(
                        refusal.number.map(u64::from),
                        Some(expected),
                        "{}",
                        name(&vector)
                    );
                }
                refusals.insert(refusal.reason.name());
            }
        }
    }
    assert_eq!(
        refusals.len(),
        11,
        "each refusal has a vector: {refusals:?}"
    );
}

#[test]
fn salts_commitments_and_disclosures_are_those_of_the_vectors() {
    for vector in vectors("commitments") {
        let name = name(&vector);
        let secret = Secret::new(array(&vector, "secret")).unwrap();
        let committed = commit(&bytes(&vector, "event"), &secret, &Singular::default()).unwrap();
        let salts: Vec<String> = committed
            .opened()
            .iter()
            .map(|field| hex(&field.salt))
            .collect();
        let expected: Vec<&str> = list(&vector, "salts")
            .iter()
            .map(|salt| salt.as_str().unwrap())
            .collect();
        assert_eq!(salts, expected[..salts.len()], "{name}");
        let found: Vec<String> = committed
            .commitments()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(serde_json::json!(found), vector["commitments"], "{name}");
        assert_eq!(
            committed.root().to_string(),
            text(&vector, "fields_root"),
            "{name}"
        );
        let shown = list(&vector, "disclose");
        let disclosure =
            committed.disclose(|path| shown.contains(&Value::from(hex(&path.encode()))));
        assert_eq!(
            hex(&disclosure.encode()),
            text(&vector, "disclosure"),
            "{name}"
        );
        let read = Disclosure::decode(&bytes(&vector, "disclosure")).unwrap();
        assert_eq!(read, disclosure, "{name}");
        read.check(committed.root(), &Singular::default()).unwrap();
    }
}

#[test]
fn statements_and_their_signatures_are_those_of_the_vectors() {
    let mut signed = 0;
    for vector in vectors("statements") {
        let encoded = bytes(&vector, "statement");
        let seen = match number(&vector, "seen") {
            0 => Seen::Blind,
            _ => Seen::Entry {
                case_seq: number(&vector, "seen_seq"),
                link: Link::new(array(&vector, "seen_head")),
            },
        };
        let key = KeyId::new(array(&vector, "key_id"));
        let statement = Statement {
            origin: text(&vector, "origin").parse().unwrap(),
            tag: ChainTag::new(array(&vector, "tag")),
            event_id: array(&vector, "event_id"),
            agency: text(&vector, "agency").parse().unwrap(),
            key_id: Some(key).filter(|key| *key != KeyId::ZERO),
            seen,
            fields_root: FieldsRoot::new(array(&vector, "fields_root")),
        };
        assert_eq!(hex(&statement.encode()), hex(&encoded), "{}", name(&vector));
        assert_eq!(
            Statement::decode(&encoded).unwrap(),
            statement,
            "{}",
            name(&vector)
        );
        if vector
            .get("signature")
            .is_some_and(|signature| signature != "")
        {
            signed += 1;
            let public: [u8; 32] = array(&vector, "public_key");
            let signing = ed25519_dalek::SigningKey::from_bytes(&array(&vector, "seed"));
            let signature = sign(&encoded, &signing);
            assert_eq!(
                hex(&signature),
                text(&vector, "signature"),
                "{}",
                name(&vector)
            );
            assert_eq!(statement.key_id, Some(key_id(&public)));
            assert!(verify_signature(&encoded, &signature, &public));
            let mut other = encoded.clone();
            *other.last_mut().unwrap() ^= 1;
            assert!(!verify_signature(&other, &signature, &public));
        }
    }
    assert!(signed > 0);
}

fn unsealed(vector: &Value) -> Unsealed {
    let kind = EntryKind::from_number(u16::try_from(number(vector, "kind")).unwrap()).unwrap();
    Unsealed {
        kind,
        statement: Statement::decode(&bytes(vector, "statement")).unwrap(),
        signature: bytes(vector, "signature").try_into().ok(),
        secret: Secret::new(array(vector, "secret")).unwrap(),
        event: bytes(vector, "event"),
        ingest: if number(vector, "ingest") == 0 {
            Ingest::Live
        } else {
            Ingest::Backload
        },
        authenticated: [
            Authenticated::Ledger,
            Authenticated::Signature,
            Authenticated::Certificate,
            Authenticated::Development,
            Authenticated::Operator,
        ][usize::try_from(number(vector, "authenticated")).unwrap()],
    }
}

#[test]
fn sealing_gives_the_entries_of_the_vectors_byte_for_byte_for_every_kind() {
    let mut heads = std::collections::BTreeMap::<String, ChainHead>::default();
    let mut kinds = std::collections::BTreeSet::new();
    let mut chains = std::collections::BTreeSet::new();
    for vector in vectors("entries") {
        let name = name(&vector);
        let origin = text(&vector, "origin").parse().unwrap();
        let tag = ChainTag::new(array(&vector, "tag"));
        let head = heads
            .entry(tag.to_string())
            .or_insert_with(|| ChainHead::genesis(&origin, tag))
            .clone();
        assert_eq!(
            head.link().to_string(),
            text(&vector, "previous_link"),
            "{name}"
        );
        assert_eq!(
            head.last_leaf(),
            to_number(&vector["previous_leaf"]),
            "{name}"
        );
        let event = unsealed(&vector);
        let key = EntryKey::new(array(&vector, "entry_key"));
        let place = Place {
            position: number(&vector, "position"),
            appended: number(&vector, "appended"),
            head: &head,
            key: &key,
        };
        let prepared = event.clone().prepare(&Singular::default()).unwrap();
        let (sealed, next) = seal(&prepared, &place).unwrap();
        assert_eq!(hex(&sealed.encode()), text(&vector, "entry"), "{name}");
        assert_eq!(hex(sealed.header()), text(&vector, "header"), "{name}");
        assert_eq!(hex(sealed.content()), text(&vector, "content"), "{name}");
        let parsed = sealed.parsed();
        assert_eq!(
            parsed.fields.content_digest.to_string(),
            text(&vector, "content_digest")
        );
        assert_eq!(
            parsed.event_digest.to_string(),
            text(&vector, "event_digest"),
            "{name}"
        );
        assert_eq!(sealed.link().to_string(), text(&vector, "link"), "{name}");
        assert_eq!(
            sealed.leaf_hash().to_string(),
            text(&vector, "leaf_hash"),
            "{name}"
        );
        assert_eq!(sealed.case_seq(), number(&vector, "case_seq"), "{name}");

        let read = SealedEntry::decode(&bytes(&vector, "entry")).unwrap();
        assert_eq!(read, sealed, "{name}");
        assert_eq!(check_next(&head, read.parsed()).unwrap(), next, "{name}");
        assert!(read.content_intact());
        let content = read.open(&key).unwrap();
        assert_eq!(
            (content.event, content.secret),
            (event.event, event.secret),
            "{name}"
        );

        kinds.insert(sealed.kind());
        chains.insert(Chain::of(&origin, &tag));
        heads.insert(tag.to_string(), next);
    }
    assert_eq!(kinds.len(), EntryKind::ALL.len(), "every kind has a vector");
    assert_eq!(chains.len(), 4, "every chain has a vector");
}

#[test]
fn every_refused_entry_of_the_vectors_is_refused() {
    for vector in vectors("refused_entries") {
        let entry = bytes(&vector, "entry");
        assert!(SealedEntry::decode(&entry).is_err(), "{}", name(&vector));
    }
}

#[test]
fn roots_and_proofs_are_those_of_the_vectors() {
    for vector in vectors("tree") {
        let name = name(&vector);
        let (mut tree, mut frontier) = (MemoryTree::new(), Frontier::new());
        let mut roots = vec![tree.root()];
        for leaf in list(&vector, "leaves") {
            let hash = leaf_hash(&HEXLOWER.decode(leaf.as_str().unwrap().as_bytes()).unwrap());
            tree.append(hash);
            frontier.append(hash);
            roots.push(tree.root());
            assert_eq!(frontier.root(), tree.root(), "{name}");
        }
        assert_eq!(tree.root().to_string(), text(&vector, "root"), "{name}");
        let at = |size: u64| roots[usize::try_from(size).unwrap()];
        for case in list(&vector, "inclusion") {
            let (index, size) = (number(case, "index"), number(case, "size"));
            let proof = tree.inclusion(index, size).unwrap();
            assert_eq!(proof, hashes(&case["proof"]), "{name}: {index} in {size}");
            let leaf = list(&vector, "leaves")[usize::try_from(index).unwrap()]
                .as_str()
                .unwrap();
            let leaf = leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap());
            assert!(
                verify_inclusion(&leaf, index, size, &proof, &at(size)),
                "{name}"
            );
        }
        for case in list(&vector, "consistency") {
            let (from, to) = (number(case, "from"), number(case, "to"));
            let proof = tree.consistency(from, to).unwrap();
            assert_eq!(proof, hashes(&case["proof"]), "{name}: {from} to {to}");
            let (old, new) = (
                TreeHead {
                    size: from,
                    root: at(from),
                },
                TreeHead {
                    size: to,
                    root: at(to),
                },
            );
            assert!(
                verify_consistency(&old, &new, &proof),
                "{name}: {from} to {to}"
            );
        }
    }
}

#[test]
fn checkpoints_and_receipts_are_those_of_the_vectors() {
    for vector in vectors("checkpoints") {
        let name = name(&vector);
        let signer = NoteSigner::new(text(&vector, "origin"), &array(&vector, "seed")).unwrap();
        assert_eq!(
            signer.verifier().to_string(),
            text(&vector, "vkey"),
            "{name}"
        );
        let checkpoint = Checkpoint {
            origin: text(&vector, "origin").parse().unwrap(),
            size: number(&vector, "size"),
            root: TreeHash::new(array(&vector, "root")),
        };
        let signed = checkpoint.sign(&signer).unwrap();
        assert_eq!(signed.note(), text(&vector, "note"), "{name}");
        let key: VerifierKey = text(&vector, "vkey").parse().unwrap();
        assert_eq!(
            SignedCheckpoint::open(signed.note(), &key).unwrap(),
            signed,
            "{name}"
        );
        let file = text(&vector, "tlog_proof");
        let proof = TlogProof::parse(file).unwrap();
        assert_eq!(proof.print(), file, "{name}");
        assert_eq!(proof.index, number(&vector, "index"), "{name}");
        let header = bytes(&vector, "leaf_header");
        assert_eq!(proof.extra.as_deref(), Some(header.as_slice()), "{name}");
        assert_eq!(
            proof.verify(&leaf_hash(&header), &key).unwrap(),
            signed,
            "{name}"
        );
        assert!(
            proof.verify(&leaf_hash(b"another"), &key).is_err(),
            "{name}"
        );
    }
}

#[test]
fn the_head_file_that_counts_is_that_of_the_vectors() {
    for vector in vectors("head_file") {
        let name = name(&vector);
        let key: VerifierKey = text(&vector, "vkey").parse().unwrap();
        let file = bytes(&vector, "file");
        match (head::choose(&file, &key), vector["refusal"].as_str()) {
            (Ok(None), Some("none")) | (Err(head::Disagree), Some("disagree")) => {}
            (Ok(Some(head)), None) => {
                assert_eq!(head.generation, number(&vector, "generation"), "{name}");
                assert_eq!(
                    head.checkpoint.checkpoint().size,
                    number(&vector, "size"),
                    "{name}"
                );
                let at = head.offset();
                assert_eq!(head.encode().unwrap(), file[at..at + head::SLOT], "{name}");
            }
            (found, expected) => panic!("{name}: {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn keys_and_what_is_left_after_erasing_are_those_of_the_vectors() {
    for vector in vectors("key_tree") {
        let name = name(&vector);
        let mut nodes = KeyNodes::new();
        nodes.add_segment(array(&vector, "seed"));
        if vector.get("entry_key").is_some() {
            let leaf = number(&vector, "leaf");
            let key = nodes.key(leaf).unwrap();
            assert_eq!(hex(key.as_bytes()), text(&vector, "entry_key"), "{name}");
            assert_eq!(KeyWalk::new().key(&nodes, leaf).unwrap(), key, "{name}");
            continue;
        }
        for leaf in list(&vector, "erase") {
            nodes.puncture(to_number(leaf).unwrap()).unwrap();
        }
        nodes.check().unwrap();
        let found: Vec<(u64, u64, String)> = nodes
            .nodes()
            .map(|node| (node.depth().into(), node.prefix().into(), hex(node.value())))
            .collect();
        let expected: Vec<(u64, u64, String)> = list(&vector, "nodes")
            .iter()
            .map(|n| {
                (
                    number(n, "depth"),
                    number(n, "prefix"),
                    text(n, "value").to_owned(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn the_keys_that_count_are_those_of_the_vectors() {
    for vector in vectors("key_file") {
        let name = name(&vector);
        let origin = text(&vector, "origin").parse().unwrap();
        let file = bytes(&vector, "file");
        match (slot::choose(&file, &origin), vector["refusal"].as_str()) {
            (Ok(None), Some("none")) | (Err(slot::Disagree), Some("disagree")) => {}
            (Ok(Some((keys, repair))), None) => {
                assert_eq!(keys.generation, number(&vector, "generation"), "{name}");
                assert_eq!(keys.erased_up_to, number(&vector, "erased_up_to"), "{name}");
                assert_eq!(keys.nodes.segments(), number(&vector, "segments"), "{name}");
                assert_eq!(keys.nodes.erased(), number(&vector, "erased"), "{name}");
                let found: Vec<(u64, u64, u64, String)> = keys
                    .nodes
                    .nodes()
                    .map(|n| {
                        (
                            n.segment(),
                            n.depth().into(),
                            n.prefix().into(),
                            hex(n.value()),
                        )
                    })
                    .collect();
                let expected: Vec<(u64, u64, u64, String)> = list(&vector, "nodes")
                    .iter()
                    .map(|n| {
                        let value = text(n, "value").to_owned();
                        (
                            number(n, "segment"),
                            number(n, "depth"),
                            number(n, "prefix"),
                            value,
                        )
                    })
                    .collect();
                assert_eq!(found, expected, "{name}");
                let content = keys.encode(&origin).unwrap();
                let written = [0, 1].map(|at| slot::slot_of(&file, at).starts_with(&content));
                assert!(written.contains(&true), "{name}");
                assert_eq!(repair, written != [true, true], "{name}");
            }
            (found, expected) => panic!("{name}: {found:?}, expected {expected:?}"),
        }
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "the page's examples in the page's order"
)]
#[test]
fn the_worked_values_of_the_format_page_are_what_the_code_computes() {
    let page = include_str!("../../proto/FORMAT.md");
    let shown = |what: &str, value: &str| assert!(page.contains(value), "{what}: {value}");
    let origin: caseledger::ledger::statement::Origin =
        "ledger.example/safeguarding".parse().unwrap();
    for tag in [
        origin.registry_tag(),
        origin.access_tag(),
        origin.ledger_tag(),
    ] {
        shown("tag", &tag.to_string());
    }
    let event = HEXLOWER
        .decode(b"0a03432d313a01613a0162f206080896011203535731")
        .unwrap();
    let mut keys = KeyNodes::new();
    keys.add_segment(std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap()));
    let head = ChainHead::genesis(&origin, ChainTag::new([0x11; 32]));
    let mut event_id = [0xe0; 16];
    event_id[15] = 1;
    let first = Unsealed {
        kind: EntryKind::CaseEvent,
        statement: Statement {
            origin: origin.clone(),
            tag: *head.tag(),
            event_id,
            agency: "csc".parse().unwrap(),
            key_id: None,
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
        },
        signature: None,
        secret: Secret::new([0x42; 32]).unwrap(),
        event,
        ingest: Ingest::Live,
        authenticated: Authenticated::Certificate,
    };
    let mut second = first.clone();
    let place = Place {
        position: 0,
        appended: 1_700_000_000_000_000,
        head: &head,
        key: &keys.key(0).unwrap(),
    };
    let (first, head) = seal(&first.prepare(&Singular::default()).unwrap(), &place).unwrap();
    shown("header 1", &hex(first.header()));
    shown("content 1", &hex(first.content()));

    let signing = ed25519_dalek::SigningKey::from_bytes(&std::array::from_fn(|i| {
        0x40 + u8::try_from(i).unwrap()
    }));
    let public = signing.verifying_key().to_bytes();
    shown("public key", &hex(&public));
    second.statement.agency = "police".parse().unwrap();
    second.statement.event_id[15] = 2;
    second.statement.key_id = Some(key_id(&public));
    second.statement.seen = Seen::Entry {
        case_seq: 1,
        link: first.link(),
    };
    second.secret = Secret::new([0x43; 32]).unwrap();
    second.statement.fields_root = commit(&second.event, &second.secret, &Singular::default())
        .unwrap()
        .root();
    second.signature = Some(sign(&second.statement.encode(), &signing));
    second.ingest = Ingest::Backload;
    second.authenticated = Authenticated::Signature;
    let place = Place {
        position: 1,
        appended: 1_700_000_000_000_250,
        head: &head,
        key: &keys.key(1).unwrap(),
    };
    let (second, _) = seal(&second.prepare(&Singular::default()).unwrap(), &place).unwrap();
    shown("header 2", &hex(second.header()));
    shown("content 2", &hex(second.content()));

    let mut tree = MemoryTree::new();
    tree.append(first.leaf_hash());
    tree.append(second.leaf_hash());
    shown("root", &tree.root().to_string());
    let signer = NoteSigner::new(
        origin.as_str(),
        &std::array::from_fn(|i| u8::try_from(i).unwrap()),
    )
    .unwrap();
    let checkpoint = Checkpoint {
        origin: origin.clone(),
        size: 2,
        root: tree.root(),
    }
    .sign(&signer)
    .unwrap();
    let proof = TlogProof {
        extra: Some(first.header().to_vec()),
        index: 0,
        proof: tree.inclusion(0, 2).unwrap(),
        checkpoint: checkpoint.note().to_owned(),
    };
    shown("receipt", &proof.print());
    let slot = head::Head {
        generation: 7,
        boot_id: [0xb0; 16],
        checkpoint,
    }
    .encode()
    .unwrap();
    shown("head slot's checksum", &hex(&slot[head::SLOT - 32..]));
    keys.puncture(4_464).unwrap();
    let content = slot::Keys {
        generation: 3,
        erased_up_to: 0,
        nodes: keys,
    }
    .encode(&origin)
    .unwrap();
    shown("key slot's checksum", &hex(&content[content.len() - 32..]));
}

#[expect(clippy::too_many_lines, reason = "one event of each kind")]
#[test]
fn the_ledgers_own_events_are_encoded_as_in_the_vectors() {
    let found: std::collections::BTreeMap<EntryKind, Vec<u8>> = vectors("entries")
        .iter()
        .map(|vector| (unsealed(vector).kind, bytes(vector, "event")))
        .collect();
    let events = [
        OwnEvent::Question {
            person: "REV1".to_owned(),
            role: "investigator".to_owned(),
            purpose: "serious case review".to_owned(),
            method: "Allocation".to_owned(),
            cases: vec![ChainTag::new([0x11; 32])],
            request: vec![0x0a, 0x00],
            pinned: 2,
        },
        OwnEvent::Open {
            stream: found[&EntryKind::AccessOpen][2..18].try_into().unwrap(),
            reader: "school".to_owned(),
            method: "Subscribe".to_owned(),
            from: 0,
        },
        OwnEvent::Close {
            stream: found[&EntryKind::AccessClose][2..18].try_into().unwrap(),
            reason: CloseReason::Closed,
            up_to: 4,
            delivered: 3,
        },
        OwnEvent::Heads {
            size: 2,
            chains: 1,
            root: TreeHash::new(found[&EntryKind::Heads][6..].try_into().unwrap()),
        },
        OwnEvent::Reopened {
            size: 2,
            root: TreeHash::new(found[&EntryKind::Reopened][4..36].try_into().unwrap()),
            boot_before: found[&EntryKind::Reopened][38..54].try_into().unwrap(),
            boot_now: found[&EntryKind::Reopened][56..].try_into().unwrap(),
        },
        OwnEvent::KeyChange {
            fate: KeyFate::Added,
            vkey:
                "ledger.example/safeguarding+03667c3e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
                    .to_owned(),
            from: 0,
        },
        OwnEvent::ErasureOrder {
            position: 1,
            link: Link::new(found[&EntryKind::ErasureOrder][4..36].try_into().unwrap()),
            what: Erased::Entry,
            authority: "court order".to_owned(),
            basis: "UK GDPR art. 17".to_owned(),
            approvers: ["A1".to_owned(), "A2".to_owned()],
            fields_gone: 4,
        },
        OwnEvent::ClockAcceptance {
            last: 1_700_000_000_000_000,
            accepted: 1_699_999_990_000_000,
            operator: "OP1".to_owned(),
            reason: "time server repaired".to_owned(),
        },
    ];
    assert_eq!(events.len(), 8);
    for event in events {
        let encoded = event.encode();
        assert_eq!(
            hex(&encoded),
            hex(&found[&event.kind()]),
            "{:?}",
            event.kind()
        );
        assert!(
            split(&encoded, &own::singular(event.kind())).is_ok(),
            "{:?}",
            event.kind()
        );
        assert_eq!(OwnEvent::decode(event.kind(), &encoded), Ok(event));
    }
}
