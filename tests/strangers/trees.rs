//! Trees of 1 to 300 leaves and some large ones: their roots, proofs and checkpoints, right and wrong, both ways.

use std::collections::BTreeMap;

use caseledger::ledger::checkpoint::Checkpoint;
use caseledger::ledger::digest::{Purpose, TreeHash, derive};
use caseledger::ledger::note::NoteSigner;
use caseledger::ledger::tree::{MemoryTree, leaf_hash};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use data_encoding::HEXLOWER;
use sha2::Sha256;

use crate::question::{Question, bytes};
use crate::tools::{Counts, count, go_makes, go_verifies, have_go, tell};

const ORIGIN: &str = "ledger.example/strangers";
const LARGE: [u64; 7] = [511, 512, 513, 1_000, 4_097, 65_535, 65_537];
/// The second tree in Rust is asked about these only: it hashes a leaf itself, so each must be found first.
const SECOND_TREE_MAX: u64 = 4_097;
const PROOFS: [&str; 2] = ["inclusion", "consistency"];

fn sizes() -> impl Iterator<Item = u64> {
    (1..=300).chain(LARGE)
}

fn leaf(index: u64) -> Vec<u8> {
    format!("invented leaf {index}").into_bytes()
}

fn tree() -> MemoryTree {
    let mut tree = MemoryTree::new();
    let largest = LARGE.into_iter().max().unwrap();
    (0..largest).for_each(|index| tree.append(leaf_hash(&leaf(index))));
    tree
}

/// The first, the last and some between.
fn some(size: u64) -> impl Iterator<Item = u64> {
    let step = usize::try_from(size / 7 + 1).unwrap();
    (0..size - 1).step_by(step).chain([size - 1])
}

fn texts(hashes: &[TreeHash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

/// Right and wrong proofs of every size.
fn proofs(tree: &MemoryTree) -> Vec<Question> {
    let mut all = Vec::new();
    for size in sizes() {
        let root = tree.root_at(size).unwrap();
        for index in some(size) {
            let inclusion = Question {
                kind: "inclusion".to_owned(),
                good: true,
                leaf: leaf_hash(&leaf(index)).to_string(),
                index,
                size,
                root: root.to_string(),
                path: Some(texts(&tree.inclusion(index, size).unwrap())),
                ..Default::default()
            };
            let from = index + 1;
            let consistency = Question {
                kind: "consistency".to_owned(),
                good: true,
                from,
                old: tree.root_at(from).unwrap().to_string(),
                size,
                root: root.to_string(),
                path: Some(texts(&tree.consistency(from, size).unwrap())),
                ..Default::default()
            };
            for right in [inclusion, consistency] {
                all.extend(right.wrong());
                all.push(right);
            }
        }
    }
    all
}

fn notes(tree: &MemoryTree) -> Vec<Question> {
    let signer = NoteSigner::new(ORIGIN, &[9; 32]).unwrap();
    let mut all = Vec::new();
    for size in sizes() {
        let root = tree.root_at(size).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.parse().unwrap(),
            size,
            root,
        };
        let right = Question {
            kind: "note".to_owned(),
            good: true,
            vkey: signer.verifier().to_string(),
            note: checkpoint.sign(&signer).unwrap().note().to_owned(),
            size,
            root: root.to_string(),
            ..Default::default()
        };
        all.extend(right.wrong());
        all.push(right);
    }
    all
}

fn digests() -> Vec<Question> {
    let mut all = Vec::new();
    for purpose in Purpose::ALL {
        // Across BLAKE3's blocks of 64 and chunks of 1,024 bytes.
        for length in [0, 1, 63, 64, 65, 1_023, 1_024, 1_025, 3_000, 7_000, 100_000] {
            let input: Vec<u8> = (0..length).map(|at: u32| at.to_be_bytes()[3]).collect();
            let right = Question {
                kind: "derive".to_owned(),
                good: true,
                context: purpose.context().to_owned(),
                output: HEXLOWER.encode(&derive(purpose, &input)),
                input: HEXLOWER.encode(&input),
                ..Default::default()
            };
            all.extend(right.wrong());
            all.push(right);
        }
    }
    all
}

#[test]
fn gos_packages_and_another_blake3_accept_what_is_right_here_and_refuse_what_is_wrong() {
    if !have_go() {
        return;
    }
    let tree = tree();
    let questions = [proofs(&tree), notes(&tree), digests()].concat();
    let counts = go_verifies(&questions);
    tell(
        "Go on ours",
        &counts,
        &["inclusion", "consistency", "note", "derive"],
    );
    let judged: usize = counts.values().map(|(yes, no)| yes + no).sum();
    assert_eq!(judged, questions.len());
}

#[test]
fn what_gos_packages_make_is_accepted_here_and_what_they_spoil_is_refused() {
    if !have_go() {
        return;
    }
    let mut counts = Counts::new();
    for question in go_makes() {
        assert_eq!(question.accepted(), question.good, "{question:?}");
        count(&mut counts, &question.kind, question.good);
    }
    tell(
        "ours on Go's",
        &counts,
        &["inclusion", "consistency", "note", "derive"],
    );
}

fn root_of(hex: &str, size: u64) -> RootHash<Sha256> {
    let digest: [u8; 32] = bytes(hex).try_into().unwrap();
    RootHash::new(digest.into(), size)
}

/// What `ct-merkle` says of a proof. (It takes leaves themselves.)
fn ct_merkle_accepts(leaves: &BTreeMap<String, u64>, question: &Question) -> bool {
    let path = question.path.iter().flatten();
    let path: Vec<u8> = path.flat_map(|hash| bytes(hash)).collect();
    let root = root_of(&question.root, question.size);
    if question.kind == "inclusion" {
        let leaf = leaf(leaves[&question.leaf]);
        let proof = InclusionProof::try_from_bytes(path).unwrap();
        root.verify_inclusion(&leaf, question.index, &proof).is_ok()
    } else {
        let proof = ConsistencyProof::try_from_bytes(path).unwrap();
        let old = root_of(&question.old, question.from);
        root.verify_consistency(&old, &proof).is_ok()
    }
}

#[test]
fn a_second_tree_in_rust_accepts_what_is_right_here_and_refuses_what_is_wrong() {
    let mut counts = Counts::new();
    let small = |question: &Question| question.size <= SECOND_TREE_MAX;
    let leaves = (0..SECOND_TREE_MAX).map(|at| (leaf_hash(&leaf(at)).to_string(), at));
    let leaves = leaves.collect();
    for question in proofs(&tree()).iter().filter(|it| small(it)) {
        assert_eq!(
            ct_merkle_accepts(&leaves, question),
            question.good,
            "{question:?}"
        );
        count(&mut counts, &question.kind, question.good);
    }
    tell("ct-merkle on ours", &counts, &PROOFS);
}

#[test]
fn what_a_second_tree_in_rust_makes_is_accepted_here_and_wrong_of_it_refused() {
    let cut = |proof: &[u8]| Some(proof.chunks(32).map(|hash| HEXLOWER.encode(hash)).collect());
    let (mut theirs, mut counts) = (MemoryBackedTree::<Sha256, Vec<u8>>::new(), Counts::new());
    let mut roots = Vec::new();
    for size in 1..=300_u64 {
        theirs.push(leaf(size - 1));
        let root = HEXLOWER.encode(theirs.root().as_bytes());
        roots.push(root.clone());
        for index in some(size) {
            let at = usize::try_from(index).unwrap();
            let inclusion = Question {
                kind: "inclusion".to_owned(),
                good: true,
                leaf: leaf_hash(&leaf(index)).to_string(),
                index,
                size,
                root: root.clone(),
                path: cut(theirs.prove_inclusion(at).as_bytes()),
                ..Default::default()
            };
            let more = usize::try_from(size - index - 1).unwrap();
            let consistency = Question {
                kind: "consistency".to_owned(),
                good: true,
                from: index + 1,
                old: roots[at].clone(),
                size,
                root: root.clone(),
                path: cut(theirs.prove_consistency(more).as_bytes()),
                ..Default::default()
            };
            for right in [inclusion, consistency] {
                for question in right.wrong().iter().chain([&right]) {
                    assert_eq!(question.accepted(), question.good, "{question:?}");
                    count(&mut counts, &question.kind, question.good);
                }
            }
        }
    }
    tell("ours on ct-merkle's", &counts, &PROOFS);
}
