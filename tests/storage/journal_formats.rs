//! Blocks and the head file are what `proto/FORMAT.md` says: the frozen vectors, made by other code, agree.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use caseledger::journal::block;
use caseledger::journal::head::{HeadError, HeadFile};
use caseledger::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use caseledger::ledger::digest::TreeHash;
use caseledger::ledger::head::{NOTE_MAX, SLOT};
use caseledger::ledger::note::{NoteSigner, VerifierKey};
use data_encoding::HEXLOWER;
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn hexes(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(hex).collect()
}

#[test]
fn blocks_are_as_the_vectors_say_both_ways() {
    let vectors = vectors(include_str!("../vectors/blocks.json"));
    assert!(!vectors.is_empty());
    for vector in vectors {
        let (entries, values) = (hexes(&vector["entries"]), hexes(&vector["values"]));
        let (origin, first) = (
            vector["origin"].as_str().unwrap(),
            vector["first"].as_u64().unwrap(),
        );
        let made = block::encode(origin, first, entries.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(made, values, "{}", vector["name"]);
        let blocks = values.iter().map(|value| block::decode(value).unwrap());
        assert_eq!(
            block::assemble(blocks).unwrap(),
            entries,
            "{}",
            vector["name"]
        );
    }
}

#[test]
fn no_changed_byte_of_a_block_is_accepted() {
    for vector in vectors(include_str!("../vectors/blocks.json")) {
        for value in hexes(&vector["values"]) {
            for at in (0..value.len()).step_by(if value.len() > 1_000 { 61 } else { 1 }) {
                let mut changed = value.clone();
                changed[at] ^= 0x10;
                assert!(
                    block::decode(&changed).is_err(),
                    "byte {at} of {}",
                    vector["name"]
                );
            }
            assert!(block::decode(&value[..value.len() - 1]).is_err());
            assert_eq!(
                block::decode(&[value.as_slice(), b"x"].concat()),
                Err(block::BlockError::Trailing(1))
            );
        }
    }
}

#[test]
fn parts_of_a_commit_that_do_not_fit_together_are_refused() {
    let vectors = vectors(include_str!("../vectors/blocks.json"));
    let vector = vectors
        .iter()
        .find(|v| v["values"].as_array().unwrap().len() > 2)
        .unwrap();
    let values = hexes(&vector["values"]);
    let blocks: Vec<_> = values
        .iter()
        .map(|value| block::decode(value).unwrap())
        .collect();
    assert!(
        block::assemble(blocks[1..].to_vec()).is_err(),
        "the first part is missing"
    );
    assert!(
        block::assemble(blocks[..2].to_vec()).is_err(),
        "the last part is missing"
    );
    assert!(
        block::assemble([blocks[0], blocks[2]]).is_err(),
        "a part in the middle is missing"
    );
    assert!(block::assemble([]).is_err(), "no part at all");
}

/// What a signed note names, if its origin and signature are right.
#[test]
fn head_files_are_read_as_the_vectors_say() {
    let vectors = vectors(include_str!("../vectors/head_file.json"));
    assert!(!vectors.is_empty());
    for vector in vectors {
        let name = &vector["name"];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        let bytes = hex(&vector["file"]);
        std::fs::write(&path, &bytes).unwrap();
        let vkey: VerifierKey = vector["vkey"].as_str().unwrap().parse().unwrap();
        let read = HeadFile::open(&path, &vkey);
        match vector["refusal"].as_str() {
            Some("none") if bytes.iter().all(|byte| *byte == 0) => {
                assert!(matches!(read, Ok(Some((_, None)))), "{name}: {read:?}");
            }
            Some("none") => {
                assert!(
                    matches!(
                        read,
                        Err(HeadError::NotValid { .. } | HeadError::Length { .. })
                    ),
                    "{name}: {read:?}"
                );
            }
            Some(_disagree) => {
                assert!(
                    matches!(read, Err(HeadError::Disagree(_))),
                    "{name}: {read:?}"
                );
            }
            None => {
                let (mut file, head) = read.unwrap().unwrap();
                let head = head.unwrap();
                assert_eq!(vector["generation"], head.generation, "{name}");
                assert_eq!(vector["size"], head.checkpoint.checkpoint().size, "{name}");
                let written = file.write([1; 16], &head.checkpoint).unwrap();
                assert_eq!(written, head.generation + 1, "{name}");
                let after = std::fs::read(&path).unwrap();
                let (at, end) = (head.offset(), head.offset() + SLOT);
                assert_eq!(after[at..end], bytes[at..end], "{name}: the newest stays");
            }
        }
    }
}

fn signer() -> NoteSigner {
    NoteSigner::new("ledger.example/formats", &[7; 32]).unwrap()
}

fn checkpoint(size: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint {
        origin: "ledger.example/formats".parse().unwrap(),
        size,
        root: TreeHash::new([u8::try_from(size).unwrap(); 32]),
    };
    checkpoint.sign(&signer()).unwrap()
}

#[test]
fn a_head_file_keeps_the_newest_and_survives_a_torn_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let key = signer().verifier();
    let open = || HeadFile::open(&path, &key);
    assert!(open().unwrap().is_none());
    drop(HeadFile::create(&path).unwrap());
    assert!(
        HeadFile::create(&path).is_err(),
        "an existing head is never replaced"
    );
    let (mut file, head) = open().unwrap().unwrap();
    assert_eq!(head, None);
    for size in 1..=5 {
        assert_eq!(file.write([7; 16], &checkpoint(size)).unwrap(), size);
        file.sync().unwrap();
    }
    drop(file);
    let (mut file, head) = open().unwrap().unwrap();
    assert_eq!(head.unwrap().checkpoint, checkpoint(5));
    assert_eq!(file.write([7; 16], &checkpoint(6)).unwrap(), 6);

    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1; // slot 0 holds generation 6
    std::fs::write(&path, &bytes).unwrap();
    let (mut file, head) = open().unwrap().unwrap();
    let head = head.unwrap();
    assert_eq!((head.generation, head.boot_id), (5, [7; 16]));
    assert_eq!(head.checkpoint, checkpoint(5));
    assert_eq!(
        file.write([8; 16], &checkpoint(6)).unwrap(),
        6,
        "the damaged slot is the one written over"
    );

    std::fs::write(&path, &bytes[..8_000]).unwrap();
    assert!(matches!(open(), Err(HeadError::Length { .. })));
}

#[test]
fn between_two_syncs_the_slot_that_was_synced_last_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let key = signer().verifier();
    let mut file = HeadFile::create(&path).unwrap();
    assert_eq!(file.write([7; 16], &checkpoint(1)).unwrap(), 1);
    file.sync().unwrap();
    let slots = || std::fs::read(&path).unwrap();
    let synced = slots()[SLOT..].to_vec();
    for (size, generation) in [(2, 2), (3, 4), (4, 6)] {
        assert_eq!(file.write([7; 16], &checkpoint(size)).unwrap(), generation);
        assert_eq!(slots()[SLOT..], synced);
    }
    file.sync().unwrap();
    assert_eq!(file.write([7; 16], &checkpoint(5)).unwrap(), 7);
    drop(file);
    let (_, head) = HeadFile::open(&path, &key).unwrap().unwrap();
    assert_eq!(head.unwrap().checkpoint, checkpoint(5));
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let mut file = HeadFile::create(&path).unwrap();
    file.write([0; 16], &checkpoint(1)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let cosignature = format!("\u{2014} witness.example {}\n", "A".repeat(100));
    let long = cosignature.repeat(NOTE_MAX / cosignature.len() + 1);
    let long = checkpoint(1).with_lines(&long).unwrap();
    assert!(matches!(
        file.write([0; 16], &long),
        Err(HeadError::TooLong(_))
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn every_hash_purpose_of_the_code_is_on_the_format_page_and_every_one_there_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("proto/FORMAT.md")).unwrap();
    let table = page.split("| purpose | input | gives |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut listed: Vec<String> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|purpose| purpose.trim().trim_matches('`').to_owned())
        .collect();
    let mut folders = vec![root.join("src")];
    let mut used = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read(path).unwrap();
            let text = String::from_utf8_lossy(&text);
            let contexts = text.split("\"caseledger v1 ").skip(1);
            used.extend(contexts.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    for list in [&mut listed, &mut used] {
        list.sort();
    }
    let twice: Vec<_> = listed
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
    used.dedup();
    assert_eq!(listed, used);
}
