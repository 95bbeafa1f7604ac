//! Vectors published by others: RFC 6962 reference leaves, the C2SP signed-note example, and a worked receipt that was
//! checked with several independent verifiers.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first vector that does not fit"
)]

use caseledger::ledger::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use caseledger::ledger::digest::TreeHash;
use caseledger::ledger::note::{Note, NoteError, NoteSigner, VerifierKey, cosigned_message};
use caseledger::ledger::receipt::{ReceiptError, TlogProof};
use caseledger::ledger::tree::{
    Frontier, MemoryTree, TreeHead, empty_root, leaf_hash, verify_consistency, verify_inclusion,
};
use data_encoding::{BASE64, HEXLOWER};

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const LEAF_HASHES: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const FOO_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const FOO_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const LOG_KEY: &str =
    "ledger.example/safeguarding+03667c3e+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const WITNESS_KEY: &str =
    "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
const RECEIPT: &str = "c2sp.org/tlog-proof@v1
index 5
vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=
yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=
037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=

ledger.example/safeguarding
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

\u{2014} ledger.example/safeguarding A2Z8PphdCaE6G2W/VMRF4YLhhLC5hmSpSio2QCMX0XIKLcB5YdhjmzNMZJb8+lAA4z+f3Qth5rvKfkEYP46hm9AaCwM=
\u{2014} witness.example/w1 IDJKvgAAAABlU/EAAOFHSL0Fm+7U7qlgQoL2R//1HoLkT8/xADTLvq2VDNlBNZ0NZWtLwOh/c1kbW/Li4SUXXKlr9+VwMvlo7LdJDw==
";
/// The size 7 checkpoint of the worked add-checkpoint request 3 -> 7.
const CHECKPOINT_7: &str = "ledger.example/safeguarding
7
3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=

\u{2014} ledger.example/safeguarding A2Z8PkqnUprl3yBARAvDOnKk415xFRIEeCvb2mnLYrMwHMrkLS1klzzd2sLksmqh/AsgiKpCtb2LiWTlhnH1lxzBWw8=
";

fn hash(text: &str) -> TreeHash {
    text.parse().unwrap()
}

fn leaves() -> Vec<Vec<u8>> {
    LEAVES
        .iter()
        .map(|leaf| HEXLOWER.decode(leaf.as_bytes()).unwrap())
        .collect()
}

fn tree() -> MemoryTree {
    let mut tree = MemoryTree::new();
    for leaf in leaves() {
        tree.append(leaf_hash(&leaf));
    }
    tree
}

fn seed(first: u8) -> [u8; 32] {
    let bytes: Vec<u8> = (first..).take(32).collect();
    bytes.try_into().unwrap()
}

fn log() -> NoteSigner {
    NoteSigner::new("ledger.example/safeguarding", &seed(0)).unwrap()
}

#[test]
fn leaf_hashes_and_roots_are_those_of_the_rfc_6962_reference() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), empty_root());
    assert_eq!(
        empty_root(),
        hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    for ((leaf, leaf_digest), root) in leaves().iter().zip(LEAF_HASHES).zip(ROOTS) {
        assert_eq!(leaf_hash(leaf), hash(leaf_digest));
        frontier.append(leaf_hash(leaf));
        assert_eq!(frontier.root(), hash(root));
        assert_eq!(tree().root_at(frontier.size()), Some(hash(root)));
    }
}

#[test]
fn the_inclusion_and_consistency_proofs_are_those_of_the_rfc_6962_reference() {
    let ca85 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    let x837d = "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e";
    let inclusion = [LEAF_HASHES[4], ca85, ROOTS[3]].map(hash);
    assert_eq!(tree().inclusion(5, 8).unwrap(), inclusion);
    assert!(verify_inclusion(
        &hash(LEAF_HASHES[5]),
        5,
        8,
        &inclusion,
        &hash(ROOTS[7])
    ));
    let consistency = [LEAF_HASHES[2], LEAF_HASHES[3], ROOTS[1], x837d].map(hash);
    assert_eq!(tree().consistency(3, 7).unwrap(), consistency);
    let (old, new) = (
        TreeHead {
            size: 3,
            root: hash(ROOTS[2]),
        },
        TreeHead {
            size: 7,
            root: hash(ROOTS[6]),
        },
    );
    assert!(verify_consistency(&old, &new, &consistency));
}

#[test]
fn a_changed_proof_index_size_or_root_is_refused() {
    let tree = tree();
    for size in 1..=8 {
        let root = tree.root_at(size).unwrap();
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            let leaf = hash(LEAF_HASHES[usize::try_from(index).unwrap()]);
            assert!(verify_inclusion(&leaf, index, size, &proof, &root));
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(
                    !verify_inclusion(&leaf, other, size, &proof, &root),
                    "{index} as {other}"
                );
            }
            assert!(!verify_inclusion(&leaf, index, size, &proof, &empty_root()));
            let mut longer = proof.clone();
            longer.push(root);
            assert!(!verify_inclusion(&leaf, index, size, &longer, &root));
            for drop in 0..proof.len() {
                let mut shorter = proof.clone();
                shorter.remove(drop);
                assert!(!verify_inclusion(&leaf, index, size, &shorter, &root));
            }
        }
        for from in 1..size {
            let old = TreeHead {
                size: from,
                root: tree.root_at(from).unwrap(),
            };
            let new = TreeHead { size, root };
            let proof = tree.consistency(from, size).unwrap();
            assert!(verify_consistency(&old, &new, &proof));
            assert!(!verify_consistency(&new, &old, &proof));
            let wrong = TreeHead {
                size: from,
                root: empty_root(),
            };
            assert!(!verify_consistency(&wrong, &new, &proof));
            assert!(!verify_consistency(&old, &wrong, &proof));
            let mut longer = proof.clone();
            longer.push(root);
            assert!(!verify_consistency(&old, &new, &longer));
        }
    }
}

#[test]
fn the_signed_note_example_of_the_specification_verifies() {
    let key: VerifierKey = FOO_KEY.parse().unwrap();
    assert_eq!(HEXLOWER.encode(&key.id()), "530d903a");
    assert_eq!(
        HEXLOWER.encode(key.public()),
        "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4"
    );
    assert_eq!(key.to_string(), FOO_KEY);
    let note = Note::parse(FOO_NOTE).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify(&key), Ok(0));
    assert_eq!(
        note.verify(&LOG_KEY.parse().unwrap()),
        Err(NoteError::NotSigned)
    );
    let other = FOO_NOTE.replace("example message", "example massage");
    assert_eq!(
        Note::parse(&other).unwrap().verify(&key),
        Err(NoteError::BadSignature)
    );
}

#[test]
fn a_known_key_that_does_not_verify_spoils_the_note_though_another_line_does() {
    let key: VerifierKey = FOO_KEY.parse().unwrap();
    let line = FOO_NOTE.lines().last().unwrap();
    let bad = line.replace("yaQM=", "yaQA=");
    let note = Note::parse(&format!("{FOO_NOTE}{bad}\n")).unwrap();
    assert_eq!(note.verify(&key), Err(NoteError::BadSignature));
}

#[test]
fn what_is_not_a_note_or_a_key_is_refused() {
    for note in [
        "",
        "text\n",
        "text\n\n",
        "text\n\n\u{2014} name\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n\u{2014} na+me AAAAAAAA\n",
        "text\n\n\u{2014} name AAAA\n",
        "text\n\n\u{2014} name AAAAAAAA",
        "te\txt\n\n\u{2014} name AAAAAAAA\n",
    ] {
        assert!(
            matches!(Note::parse(note), Err(NoteError::Form(_))),
            "{note:?}"
        );
    }
    for key in [
        "",
        "a+b",
        &FOO_KEY.replace("530d", "530e"),
        &FOO_KEY.replace("/foo", " foo"),
    ] {
        assert!(
            matches!(key.parse::<VerifierKey>(), Err(NoteError::Key(_))),
            "{key:?}"
        );
    }
}

#[test]
fn the_worked_receipt_is_reproduced_byte_for_byte() {
    let signer = log();
    assert_eq!(signer.verifier().to_string(), LOG_KEY);
    let witness = NoteSigner::new("witness.example/w1", &seed(0x20)).unwrap();
    assert_eq!(witness.cosignature_verifier().to_string(), WITNESS_KEY);
    let tree = tree();
    let origin = "ledger.example/safeguarding".parse().unwrap();
    let checkpoint = Checkpoint {
        origin,
        size: 8,
        root: tree.root(),
    };
    let text = checkpoint.text();
    assert_eq!(
        cosigned_message(&text, 1_700_000_000),
        "cosignature/v1\ntime 1700000000\nledger.example/safeguarding\n8\n\
         XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    );
    let signed = checkpoint.sign(&signer).unwrap();
    let cosigned = signed
        .with_lines(&witness.cosign(&text, 1_700_000_000))
        .unwrap();
    let proof = TlogProof {
        extra: None,
        index: 5,
        proof: tree.inclusion(5, 8).unwrap(),
        checkpoint: cosigned.note().to_owned(),
    };
    assert_eq!(proof.print(), RECEIPT);
}

#[test]
fn the_worked_receipt_verifies_and_only_for_its_leaf_and_log() {
    let proof = TlogProof::parse(RECEIPT).unwrap();
    assert_eq!(proof.print(), RECEIPT);
    let key: VerifierKey = LOG_KEY.parse().unwrap();
    let signed = proof.verify(&hash(LEAF_HASHES[5]), &key).unwrap();
    assert_eq!(
        (signed.checkpoint().size, signed.checkpoint().root),
        (8, hash(ROOTS[7]))
    );
    let note = Note::parse(signed.note()).unwrap();
    assert_eq!(
        note.verify(&WITNESS_KEY.parse().unwrap()),
        Ok(1_700_000_000)
    );
    assert_eq!(
        proof.verify(&hash(LEAF_HASHES[4]), &key),
        Err(ReceiptError::Inclusion)
    );
    let other: VerifierKey = FOO_KEY.parse().unwrap();
    assert_eq!(
        proof.verify(&hash(LEAF_HASHES[5]), &other),
        Err(ReceiptError::Checkpoint(CheckpointError::Origin))
    );
}

#[test]
fn what_is_not_a_receipt_is_refused() {
    for (from, to) in [
        ("@v1", "@v2"),
        ("index 5", "index 05"),
        ("index 5", "index -5"),
        ("index 5", "position 5"),
        ("vBoG", "vBo"),
        ("\n\nledger", "\nledger"),
    ] {
        let file = RECEIPT.replacen(from, to, 1);
        let refused = TlogProof::parse(&file).is_err()
            || TlogProof::parse(&file)
                .unwrap()
                .verify(&hash(LEAF_HASHES[5]), &LOG_KEY.parse().unwrap())
                .is_err();
        assert!(refused, "{from:?} as {to:?}");
    }
}

#[test]
fn the_worked_checkpoint_of_size_7_is_reproduced_and_follows_size_3() {
    let tree = tree();
    let origin = "ledger.example/safeguarding".parse().unwrap();
    let checkpoint = Checkpoint {
        origin,
        size: 7,
        root: tree.root_at(7).unwrap(),
    };
    assert_eq!(checkpoint.sign(&log()).unwrap().note(), CHECKPOINT_7);
    let proof: Vec<String> = tree
        .consistency(3, 7)
        .unwrap()
        .iter()
        .map(|h| BASE64.encode(h.as_bytes()))
        .collect();
    assert_eq!(
        proof,
        [
            "ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=",
            "B1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=",
            "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",
            "g327FS6bB5AQcX6E6GXaTrwPoZioBtWdMb8VrM7yLQ4=",
        ]
    );
}

#[test]
fn a_checkpoint_is_three_lines_of_one_ledger_and_nothing_else() {
    let root = BASE64.encode(&[7; 32]);
    let good = format!("a/b\n12\n{root}\n");
    assert_eq!(Checkpoint::parse(&good).unwrap().text(), good);
    for bad in [
        format!("a/b\n12\n{root}"),
        format!("a/b\n12\n{root}\nextension\n"),
        format!("a/b\n012\n{root}\n"),
        format!("a/b\n+12\n{root}\n"),
        format!("a/b\n9223372036854775808\n{root}\n"),
        format!("a b\n12\n{root}\n"),
        format!("\n12\n{root}\n"),
        format!("a/b\n12\n{}\n", BASE64.encode(&[7; 31])),
    ] {
        assert!(
            matches!(Checkpoint::parse(&bad), Err(CheckpointError::Form(_))),
            "{bad:?}"
        );
    }
    let key: VerifierKey = LOG_KEY.parse().unwrap();
    assert!(SignedCheckpoint::open(CHECKPOINT_7, &key).is_ok());
    let changed = CHECKPOINT_7.replacen("\n7\n", "\n8\n", 1);
    assert_eq!(
        SignedCheckpoint::open(&changed, &key),
        Err(CheckpointError::Note(NoteError::BadSignature))
    );
}
