//! Blocks and the head file are what `proto/FORMAT.md` says: the frozen vectors, made by other code, agree.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;

use caseledger::journal::{block, head};
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
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
    let vectors = vectors(include_str!("vectors/blocks.json"));
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
    for vector in vectors(include_str!("vectors/blocks.json")) {
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
    let vectors = vectors(include_str!("vectors/blocks.json"));
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
fn check(note: &str, origin: &str, vkey: &str) -> Result<head::Named, String> {
    let (text, signatures) = note.split_once("\n\n").ok_or("no signature")?;
    let text = format!("{text}\n");
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() != 3 || lines[0] != origin {
        return Err("another origin".to_owned());
    }
    let mut fields = vkey.splitn(3, '+');
    let (name, _id) = (fields.next().unwrap(), fields.next().unwrap());
    let key = BASE64.decode(fields.next().unwrap().as_bytes()).unwrap();
    let key = VerifyingKey::from_bytes(key[1..].try_into().unwrap()).unwrap();
    let signature = signatures
        .lines()
        .find_map(|line| line.strip_prefix(&format!("— {name} ")));
    let signature = BASE64
        .decode(signature.ok_or("no signature")?.as_bytes())
        .unwrap();
    let signature = Signature::from_slice(&signature[4..]).unwrap();
    key.verify_strict(text.as_bytes(), &signature)
        .map_err(|error| error.to_string())?;
    let root = BASE64
        .decode(lines[2].as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    Ok(head::Named {
        size: lines[1].parse().unwrap(),
        root,
    })
}

#[test]
fn head_files_are_read_as_the_vectors_say() {
    let vectors = vectors(include_str!("vectors/head_file.json"));
    assert!(!vectors.is_empty());
    for vector in vectors {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        std::fs::write(&path, hex(&vector["file"])).unwrap();
        let mut file = head::HeadFile::open(&path).unwrap().unwrap();
        let (origin, vkey) = (
            vector["origin"].as_str().unwrap(),
            vector["vkey"].as_str().unwrap(),
        );
        let read = file.read(|note| check(note, origin, vkey));
        match vector["refusal"].as_str() {
            Some("none") => assert_eq!(read.unwrap(), None, "{}", vector["name"]),
            Some(_disagree) => {
                assert!(
                    matches!(read, Err(head::HeadError::Disagree(_))),
                    "{}",
                    vector["name"]
                );
            }
            None => {
                let head = read.unwrap().unwrap();
                assert_eq!(
                    vector["generation"], head.slot.generation,
                    "{}",
                    vector["name"]
                );
                assert_eq!(vector["size"], head.named.size, "{}", vector["name"]);
                let index = usize::try_from(head.slot.generation % 2).unwrap();
                let bytes = hex(&vector["file"]);
                let slot = &bytes[index * head::SLOT_BYTES..][..head::SLOT_BYTES];
                assert_eq!(
                    head::encode(&head.slot).unwrap(),
                    slot,
                    "{}",
                    vector["name"]
                );
            }
        }
    }
}

fn size_of(note: &str) -> Result<head::Named, std::num::ParseIntError> {
    Ok(head::Named {
        size: note.parse()?,
        root: [0; 32],
    })
}

#[test]
fn a_head_file_keeps_the_newest_and_survives_a_torn_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    assert!(head::HeadFile::open(&path).unwrap().is_none());
    let mut file = head::HeadFile::create(&path).unwrap();
    assert!(
        head::HeadFile::create(&path).is_err(),
        "an existing head is never replaced"
    );
    assert_eq!(file.read(size_of).unwrap(), None);
    for size in 1..=5 {
        assert_eq!(file.write([7; 16], &size.to_string()).unwrap(), size);
        file.sync().unwrap();
    }
    drop(file);
    let mut file = head::HeadFile::open(&path).unwrap().unwrap();
    assert_eq!(file.read(size_of).unwrap().unwrap().named.size, 5);
    assert_eq!(file.write([7; 16], "6").unwrap(), 6);

    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1; // slot 0 holds generation 6
    std::fs::write(&path, &bytes).unwrap();
    let mut file = head::HeadFile::open(&path).unwrap().unwrap();
    let head = file.read(size_of).unwrap().unwrap();
    assert_eq!(
        (head.named.size, head.slot.generation, head.slot.boot_id),
        (5, 5, [7; 16])
    );
    assert_eq!(
        file.write([8; 16], "6").unwrap(),
        6,
        "the damaged slot is the one written over"
    );

    std::fs::write(&path, &bytes[..8_000]).unwrap();
    assert!(matches!(
        head::HeadFile::open(&path),
        Err(head::HeadError::Length { .. })
    ));
}

#[test]
fn a_note_that_does_not_fit_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let mut file = head::HeadFile::create(&path).unwrap();
    file.write([0; 16], "1").unwrap();
    let before = std::fs::read(&path).unwrap();
    let long = "9".repeat(head::MAX_NOTE_BYTES + 1);
    assert!(matches!(
        file.write([0; 16], &long),
        Err(head::HeadError::Note { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    file.write([0; 16], long.split_at(1).1).unwrap();
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
