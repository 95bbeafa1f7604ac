//! `verify …` and the refusals of `serve`: what is whole is verified, what was changed is named and left as it is.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::running::{Place, SAMPLE, Server, Told, copy, files, program, told};

/// A ledger with the registry and one case, stopped in order.
fn stopped() -> Place {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    server.import("family_a");
    server.stop();
    place
}

/// Bytes that are certainly in a block: its magic (FORMAT.md).
const MAGIC: &[u8] = b"\xa7CLBLK\x01\n";

#[test]
fn a_case_is_verified_under_the_key_that_one_keeps_and_under_no_other() {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    server.import("family_a");
    let vkey = place.vkey();
    let good = server.told(&["verify", "case", "FAMILY-A", "--vkey", &vkey]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(
        good.out
            .contains("verified: FAMILY-A, entries 1 to 250, all checked, all hold")
    );
    assert!(!good.out.contains("server's own word"));
    let trusting = server.told(&["verify", "case", "FAMILY-A"]);
    assert_eq!(trusting.code, 0);
    assert!(
        trusting
            .out
            .contains("the public key is the server's own word")
    );

    let other = Place::new();
    Server::over(&other).stop();
    let wrong = server.told(&["verify", "case", "FAMILY-A", "--vkey", &other.vkey()]);
    assert_eq!(wrong.code, 3, "{}", wrong.err);
    let nothing = server.told(&["verify", "case", "WELL-RUN", "--vkey", &vkey]);
    assert_eq!(nothing.code, 5, "{}", nothing.err);
}

#[test]
fn a_later_checkpoint_extends_an_earlier_one_and_a_forged_one_is_told() {
    let place = Place::new();
    let server = Server::over(&place);
    let empty = server.told(&["checkpoint", "show"]).out;
    server.import("registry");
    let earlier = server.told(&["checkpoint", "show"]).out;
    // A copy of the ledger as it is now, key and all: its owner may sign another history.
    let fork = Place::new();
    server.stop();
    copy(&place.ledger(), &fork.ledger());
    let server = Server::over(&place);
    server.import("family_a");
    let vkey = place.vkey();
    let verify = |first: &str, second: Option<&str>| {
        let first = place.file("first", first);
        let second = second.map(|second| place.file("second", second));
        let mut arguments = vec!["verify", "checkpoint", &first];
        arguments.extend(second.as_deref());
        arguments.extend(["--vkey", &vkey]);
        server.told(&arguments)
    };
    let good = verify(&earlier, None);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(good.out.contains("begins with all of the earlier one"));
    let newest = server.told(&["checkpoint", "show"]).out;
    assert_eq!(verify(&earlier, Some(&newest)).code, 0);
    assert_eq!(verify(&newest, Some(&newest)).code, 0);

    assert_eq!(
        verify(&newest, Some(&earlier)).code,
        7,
        "the wrong way round"
    );
    assert_eq!(verify(&empty, None).code, 7, "everything extends nothing");
    assert_eq!(verify("hello\n", None).code, 7, "no checkpoint");
    let forged = verify(&earlier.replace("\n70\n", "\n69\n"), None);
    assert_eq!(forged.code, 3, "{}", forged.out);
    assert!(forged.err.contains("does not verify"), "{}", forged.err);

    let forked = Server::over(&fork);
    forked.import("well_run");
    let other = forked.told(&["checkpoint", "show"]).out;
    let told = verify(&other, None);
    assert_eq!(told.code, 3, "{}{}", told.out, told.err);
    assert!(
        told.out.contains("does not begin with the earlier one"),
        "{}",
        told.out
    );
    forked.import("family_a");
    let longer = forked.told(&["checkpoint", "show"]).out;
    let gone = verify(&earlier, Some(&longer));
    assert_eq!(gone.code, 3, "{}", gone.out);
    assert!(gone.err.contains("entries are gone"), "{}", gone.err);
}

#[test]
fn after_kill_9_under_load_every_acknowledged_entry_verifies() {
    let place = Place::new();
    let mut server = Server::over(&place);
    server.import("registry");
    let file = format!("{SAMPLE}/family_a.jsonl");
    let arguments = [
        "entry",
        "import",
        &file,
        "--format",
        "jsonl",
        "--server",
        &server.address,
    ];
    let mut importing = program(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    for line in BufReader::new(importing.stdout.take().unwrap()).lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str| row.get(name).unwrap().as_str().unwrap().to_owned();
        acknowledged.insert(text("eventId"), (text("position"), text("link")));
        if acknowledged.len() == 100 {
            server.kill_9();
        }
    }
    assert_eq!(
        importing.wait().unwrap().code(),
        Some(6),
        "unavailable: try again"
    );
    assert!(acknowledged.len() < 250, "it was killed in the middle");
    let before = files(&place.ledger());
    let told = place.verify_store();
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(
        before == files(&place.ledger()),
        "verifying changes nothing"
    );
    let server = Server::over(&place);
    let again = server.import("family_a");
    for row in again.rows() {
        let text = |name: &str| row.get(name).unwrap().as_str().unwrap().to_owned();
        if let Some((position, link)) = acknowledged.get(&text("eventId")) {
            assert_eq!(text("state"), "there already");
            assert_eq!((&text("position"), &text("link")), (position, link));
        }
    }
    let whole = server.told(&["verify", "case", "FAMILY-A", "--vkey", &place.vkey()]);
    assert_eq!(whole.code, 0, "{}", whole.out);
    server.stop();
    assert_eq!(place.verify_store().code, 0);
}

#[test]
fn a_changed_byte_of_a_block_is_named_by_its_entry_and_left_as_it_is() {
    let place = stopped();
    let blocks = place.ledger().join("journal").join("db");
    let whole = fs::read(&blocks).unwrap();
    let starts: Vec<usize> = whole
        .windows(MAGIC.len())
        .enumerate()
        .filter_map(|(at, bytes)| (bytes == MAGIC).then_some(at))
        .collect();
    assert!(starts.len() > 20, "{} blocks", starts.len());
    let head = |start: usize| whole.get(start..start + 100).unwrap();
    for start in starts.iter().step_by(starts.len() / 12) {
        let mut bytes = whole.clone();
        // sled keeps older copies of its pages: the block is changed wherever it stands.
        for copy in starts.iter().filter(|copy| head(**copy) == head(*start)) {
            *bytes.get_mut(copy + 300).unwrap() ^= 0x20;
        }
        fs::write(&blocks, &bytes).unwrap();
        let told = place.verify_store();
        assert_eq!(told.code, 3, "{}{}", told.out, told.err);
        assert!(told.out.contains("entry "), "{}", told.out);
        assert!(told.out.contains("offset"), "{}", told.out);
        assert!(told.out.contains("FAILED"), "{}", told.out);
        assert!(
            fs::read(&blocks).unwrap() == bytes,
            "verifying repairs nothing"
        );
    }
    fs::write(&blocks, &whole).unwrap();
    assert_eq!(place.verify_store().code, 0);
}

#[test]
fn a_changed_byte_of_the_head_or_the_keys_is_told_and_left_as_it_is() {
    let place = stopped();
    for (name, row) in [("head", "head file"), ("keys", "keys")] {
        let path = place.ledger().join(name);
        let whole = fs::read(&path).unwrap();
        let slot = whole.len() / 2;
        for slots in [&[0][..], &[slot], &[0, slot]] {
            let mut bytes = whole.clone();
            for start in slots {
                *bytes.get_mut(start + 40).unwrap() ^= 0x01;
            }
            fs::write(&path, &bytes).unwrap();
            let told = place.verify_store();
            let line = told.out.lines().find(|line| line.contains(row)).unwrap();
            if slots.len() == 2 {
                assert_eq!(told.code, 7, "{name}: {}", told.out);
                assert!(line.contains("damaged"), "{line}");
            } else {
                // The other slot counts, and what it promises is held to; the damaged one may have been newer.
                assert_eq!(told.code, 7, "{name}: {}", told.out);
                assert!(line.contains("one slot"), "{line}");
            }
            assert!(
                fs::read(&path).unwrap() == bytes,
                "verifying repairs nothing"
            );
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(place.verify_store().code, 0);
}

#[test]
fn a_store_that_is_older_than_its_head_is_refused_and_the_reason_is_said() {
    let place = Place::new();
    let server = Server::over(&place);
    server.import("registry");
    server.stop();
    copy(&place.ledger(), &place.path("older"));
    let server = Server::over(&place);
    server.import("family_a");
    server.stop();
    fs::remove_dir_all(place.ledger().join("journal")).unwrap();
    copy(
        &place.path("older").join("journal"),
        &place.ledger().join("journal"),
    );
    let told = place.verify_store();
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(
        told.out
            .contains("a checkpoint of 320 entries was given out; entries 70 to 319 are missing"),
        "{}",
        told.out
    );
    let ledger = place.ledger();
    let serve = [
        "serve",
        "--verify-first",
        "--listen",
        "127.0.0.1:0",
        "--store",
        ledger.to_str().unwrap(),
    ];
    let before = files(&ledger.join("journal"));
    let refused = crate::running::told(&serve);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("70"), "{}", refused.err);
    assert!(refused.err.contains("320"), "{}", refused.err);
    assert!(refused.err.contains("verify store"), "{}", refused.err);
    assert!(
        files(&ledger.join("journal")) == before,
        "a refused store is left as it was"
    );
}

/// What `serve` says about a ledger that it must refuse.
fn refused_start(ledger: &Path) -> Told {
    let store = ledger.to_str().unwrap();
    told(&[
        "serve",
        "--verify-first",
        "--listen",
        "127.0.0.1:0",
        "--store",
        store,
    ])
}

#[test]
fn a_damaged_store_is_refused_without_losing_what_is_still_in_its_file() {
    let place = stopped();
    let blocks = place.ledger().join("journal/db");
    let whole = fs::read(&blocks).unwrap();
    for part in [3, 5, 7] {
        let mut bytes = whole.clone();
        *bytes.get_mut(whole.len() * part / 9).unwrap() ^= 0x20;
        fs::write(&blocks, &bytes).unwrap();
        let told = refused_start(&place.ledger());
        assert_eq!(told.code, 3, "{}", told.err);
        assert!(told.err.contains("it was not opened"), "{}", told.err);
        assert!(told.err.contains("of the 320 entries"), "{}", told.err);
        assert!(told.err.contains("verify store"), "{}", told.err);
        assert!(
            fs::read(&blocks).unwrap() == bytes,
            "a store that was opened cuts off what stands behind the damage"
        );
    }
    fs::remove_file(&blocks).unwrap();
    let told = refused_start(&place.ledger());
    assert_eq!(told.code, 3, "{}", told.err);
    assert!(told.err.contains("journal/db is missing"), "{}", told.err);
    assert!(!blocks.exists(), "no empty store takes its place");
    fs::write(&blocks, &whole).unwrap();
    let server = Server::over(&place);
    assert_eq!(server.size(), 320);
}

#[test]
fn a_small_file_of_a_ledger_that_cannot_be_used_is_named_with_the_remedy() {
    let place = stopped();
    let write = |name: &str, bytes: &[u8]| fs::write(place.ledger().join(name), bytes).unwrap();
    let mode = |name: &str, mode: u32| {
        let wide = fs::Permissions::from_mode(mode);
        fs::set_permissions(place.ledger().join(name), wide).unwrap();
    };
    for (name, damaged) in [
        ("log.key", &[7; 16][..]),
        ("log.key", &[7; 96]),
        ("log.key", &[7; 32]),
        ("vkey", b"hello"),
        ("vkey", b""),
        ("origin", b""),
        ("origin", b"two words\n"),
    ] {
        let whole = fs::read(place.ledger().join(name)).unwrap();
        write(name, damaged);
        let before = files(&place.ledger());
        let told = refused_start(&place.ledger());
        assert_eq!(told.code, 3, "{name}: {}", told.err);
        assert!(told.err.contains(name), "{name}: {}", told.err);
        assert!(told.err.contains("from a copy"), "{name}: {}", told.err);
        assert!(files(&place.ledger()) == before, "{name} is left as it was");
        if name != "log.key" {
            let told = place.verify_store();
            assert_eq!(told.code, 3, "{name}: {}", told.err);
            assert!(told.err.contains(name), "{name}: {}", told.err);
        }
        write(name, &whole);
    }
    for name in ["log.key", "vkey", "origin"] {
        let path = place.ledger().join(name);
        fs::rename(&path, place.path("away")).unwrap();
        let told = refused_start(&place.ledger());
        assert_eq!(told.code, 3, "{name}: {}", told.err);
        assert!(told.err.contains(name), "{name}: {}", told.err);
        assert!(!path.exists(), "no new {name} is made");
        fs::rename(place.path("away"), &path).unwrap();
    }
    mode("log.key", 0o644);
    let told = refused_start(&place.ledger());
    assert_eq!(told.code, 3, "{}", told.err);
    assert!(told.err.contains("0600"), "{}", told.err);
    mode("log.key", 0o600);
    Server::over(&place).stop();
}

#[test]
fn a_store_that_is_no_directory_is_named_with_the_remedy() {
    let place = Place::new();
    let file = place.file("ledger", "hello");
    let told = refused_start(&place.ledger());
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains(&file), "{}", told.err);
    assert!(told.err.contains("names a directory"), "{}", told.err);
}

#[test]
fn what_the_ledger_itself_sealed_after_kill_9_can_be_read_by_every_client() {
    let place = Place::new();
    let mut server = Server::over(&place);
    server.import("registry");
    server.kill_9();
    drop(server);
    let server = Server::over(&place);
    let shown = server.told(&["entry", "show", "70", "--format", "json"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    let entry = shown.get("entry").unwrap();
    assert_eq!(entry.get("agency").unwrap(), "ledger");
    assert_eq!(
        entry.get("content").unwrap(),
        "what the header commits to (checked here)"
    );
    assert!(entry.get("event").unwrap().is_null());
}

#[test]
fn a_directory_without_a_ledger_is_not_found_and_an_empty_one_is_no_success() {
    let place = Place::new();
    assert_eq!(place.verify_store().code, 5);
    Server::over(&place).stop();
    let empty = place.verify_store();
    assert_eq!(empty.code, 7, "{}", empty.out);
    assert!(empty.out.contains("nothing was checked"), "{}", empty.out);
    let kept = [
        "verify",
        "checkpoint",
        "/nonexistent",
        "--vkey",
        &place.vkey(),
    ];
    assert_eq!(told(&kept).code, 5);
}

#[test]
fn beside_a_head_file_nothing_is_ever_made_afresh() {
    let place = stopped();
    let ledger = place.ledger();
    let log_key = fs::read(ledger.join("log.key")).unwrap();
    fs::remove_dir_all(ledger.join("journal")).unwrap();
    fs::remove_file(ledger.join("keys")).unwrap();
    let refused = refused_start(&place.ledger());
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("journal/db is missing"),
        "{}",
        refused.err
    );
    assert!(!ledger.join("keys").exists(), "a fresh key file was made");
    assert!(!ledger.join("journal").exists(), "a fresh store was made");

    fs::remove_file(ledger.join("origin")).unwrap();
    let refused = refused_start(&place.ledger());
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("origin"), "{}", refused.err);
    assert!(
        fs::read(ledger.join("log.key")).unwrap() == log_key,
        "the checkpoint key was written over"
    );
}
