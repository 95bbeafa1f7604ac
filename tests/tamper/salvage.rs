//! `admin salvage`: a damaged ledger comes back in a new directory, as far as its blocks are whole, and what does not
//! come back is said.

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use caseledger::journal::scan::{read_commit, scan};

use crate::boundaries::{Block, SEGMENT, blocks};
use crate::judge::{Served, served};
use crate::place::{ENTRIES, salvage, seen, shown, sound, verify, verify_with};
use crate::running::{Place, Server, Told, copy, program, told};

/// The stored bytes of every entry in a ledger's file, in order.
fn entries(ledger: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(ledger.join("journal/db")).unwrap();
    let origin = fs::read_to_string(ledger.join("origin")).unwrap();
    let found = scan(bytes.as_slice(), origin.trim(), |_done| {
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(found.is_sound());
    let read = |commit| read_commit(Cursor::new(&bytes), commit).unwrap();
    found.commits.iter().flat_map(read).collect()
}

fn change(place: &Place, name: &str, by: impl FnOnce(&mut Vec<u8>)) {
    let path = place.ledger().join(name);
    let mut bytes = fs::read(&path).unwrap();
    by(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// The blocks of the commit that holds this entry, all copies.
fn holding(db: &[u8], position: u64) -> Vec<Block> {
    let holds =
        |block: &Block| (block.first..block.first + u64::from(block.count)).contains(&position);
    let held: Vec<Block> = blocks(db).into_iter().filter(holds).collect();
    assert!(!held.is_empty());
    held
}

/// Zeros over every block that holds one of these entries; the first and the last position that are gone.
fn lose(place: &Place, positions: &[u64]) -> (u64, u64) {
    let (mut first, mut last) = (u64::MAX, 0);
    change(place, "journal/db", |db| {
        let whole = db.clone();
        for position in positions {
            for block in holding(&whole, *position) {
                db[block.at..block.end()].fill(0);
                first = first.min(block.first);
                last = last.max(block.first + u64::from(block.count) - 1);
            }
        }
    });
    (first, last)
}

/// A salvage that must leave the old directory as it is.
fn salvaged(place: &Place, more: &[&str]) -> Told {
    let before = seen(&place.ledger());
    let told = salvage(&place.ledger(), &place.path("new"), more);
    assert!(
        seen(&place.ledger()) == before,
        "the old directory was touched"
    );
    told
}

/// Without what differs from run to run: paths, digests, offsets.
fn settled(text: &str, place: &Place) -> String {
    let text = text.replace(place.path("new").to_str().unwrap(), "NEW");
    let text = text.replace(place.ledger().to_str().unwrap(), "OLD");
    let text = text.replace(place.path("backup").to_str().unwrap(), "BACKUP");
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let digest = bare.len() >= 16 && bare.chars().all(|c| c.is_ascii_hexdigit());
        if digest {
            word.replace(bare, "DIGEST")
        } else {
            word.to_owned()
        }
    };
    let lines = text.lines().map(|line| {
        let mut words: Vec<String> = line.split(' ').map(word).collect();
        for at in 1..words.len() {
            let number = words[at]
                .trim_matches(|c: char| !c.is_ascii_digit())
                .to_owned();
            let after = ["offset", "offsets"].contains(&words[at - 1].as_str())
                || (at > 2 && words[at - 1] == "and" && words[at - 3].starts_with("offset"));
            if after && !number.is_empty() {
                words[at] = words[at].replace(&number, "AT");
            }
        }
        words.join(" ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn serves_all(ledger: &Path) {
    assert!(matches!(
        served(ledger, "the salvaged ledger"),
        Served::Whole
    ));
}

#[test]
fn a_sound_ledger_comes_back_whole_and_goes_on() {
    let place = sound().copied();
    let told = salvaged(&place, &[]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    insta::assert_snapshot!("whole", settled(&told.out, &place));
    assert!(
        entries(&place.path("new")) == entries(&place.ledger()),
        "byte for byte"
    );
    for name in ["head", "keys", "log.key", "vkey", "origin"] {
        let now = fs::read(place.path("new").join(name)).unwrap();
        assert!(now == sound().bytes(name), "{name}");
    }
    let checked = verify(&place.path("new"));
    assert_eq!(checked.code, 0, "{}", checked.out);
    fs::rename(place.ledger(), place.path("old")).unwrap();
    fs::rename(place.path("new"), place.ledger()).unwrap();
    let server = Server::over(&place);
    assert_eq!(server.size(), ENTRIES);
    let again = server.import("family_a");
    assert!(
        again
            .rows()
            .iter()
            .all(|row| row.get("state").unwrap() == "there already")
    );
    let vkey = place.vkey();
    let kept = place.file("kept", &sound().kept);
    let extends = server.told(&["verify", "checkpoint", &kept, "--vkey", &vkey]);
    assert_eq!(extends.code, 0, "{}{}", extends.out, extends.err);
}

#[test]
fn damage_of_the_store_s_own_framing_only_costs_nothing() {
    let db = sound().bytes("journal/db");
    let all = blocks(&db);
    let between = all.windows(2).map(|pair| (pair[0].end(), pair[1].at));
    let between =
        between.filter(|(end, next)| end < next && db[*end..*next].iter().any(|byte| *byte != 0));
    let between: Vec<_> = between.collect();
    // In front of the copy that was written last.
    let in_front = |position: u64| holding(&db, position).last().unwrap().at - 2;
    let framing = [
        4,
        SEGMENT + 3,
        in_front(300),
        in_front(418),
        between[between.len() / 2].0,
    ];
    let mut refusals = 0;
    for (number, at) in framing.into_iter().enumerate() {
        let place = sound().copied();
        change(&place, "journal/db", |db| db[at] ^= 0x10);
        let told = verify(&place.ledger());
        assert_ne!(told.code, 7, "byte {at}: {}", told.out);
        if told.code == 3 {
            assert!(matches!(
                served(&place.ledger(), "framing"),
                Served::Refused(3, _)
            ));
            refusals += 1;
        }
        let told = salvaged(&place, &[]);
        assert_eq!(told.code, 0, "byte {at}: {}{}", told.out, told.err);
        assert!(
            entries(&place.path("new")) == entries(&sound().ledger()),
            "byte {at}"
        );
        assert_eq!(verify(&place.path("new")).code, 0);
        if number == 0 {
            serves_all(&place.path("new"));
        }
    }
    assert!(refusals > 1, "{refusals}");
}

#[test]
fn where_entries_are_gone_the_ledger_ends_and_both_are_said() {
    let place = sound().copied();
    let (first, last) = lose(&place, &[200]);
    let told = salvaged(&place, &[]);
    assert_eq!(told.code, 3, "{}{}", told.out, told.err);
    assert!(
        told.out
            .contains(&format!("positions {first} to {last} are missing")),
        "{}",
        told.out
    );
    assert!(
        told.out
            .contains(&format!("NOT WHOLE: {first} of {ENTRIES} entries")),
        "{}",
        told.out
    );
    insta::assert_snapshot!("not_whole", settled(&told.out, &place));
    let whole = entries(&sound().ledger());
    let kept = usize::try_from(first).unwrap();
    assert!(
        entries(&place.path("new")) == whole[..kept],
        "the prefix, byte for byte"
    );
    let checked = shown(&place.path("new"), &[]);
    assert_eq!(checked.code, 3, "{}", checked.out);
    let missing = format!("entries {first} to {} are missing", ENTRIES - 1);
    assert!(checked.out.contains(&missing), "{}", checked.out);
    let Served::Refused(3, said) = served(&place.path("new"), "the shorter ledger") else {
        panic!("a ledger was served behind its own checkpoint");
    };
    assert!(
        said.contains(&format!("{first} of the {ENTRIES} entries")),
        "{said}"
    );
}

#[test]
fn what_one_copy_has_lost_comes_from_another() {
    let place = sound().copied();
    copy(&place.ledger(), &place.path("backup"));
    lose(&place, &[100, 101, 300]);
    // The backup has its own damage, elsewhere.
    let backup = Place::new();
    copy(&place.path("backup"), &backup.ledger());
    lose(&backup, &[200]);
    fs::remove_dir_all(place.path("backup")).unwrap();
    copy(&backup.ledger(), &place.path("backup"));
    let with = place.path("backup");
    let told = salvaged(&place, &["--with", with.to_str().unwrap()]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(entries(&place.path("new")) == entries(&sound().ledger()));
    serves_all(&place.path("new"));

    fs::remove_dir_all(place.path("new")).unwrap();
    fs::remove_file(place.ledger().join("journal/db")).unwrap();
    let told = salvaged(&place, &["--with", sound().ledger().to_str().unwrap()]);
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
    assert!(entries(&place.path("new")) == entries(&sound().ledger()));
}

#[test]
fn the_end_that_is_gone_is_known_by_the_head_file_only() {
    let place = sound().copied();
    let (first, last) = lose(&place, &[ENTRIES - 1]);
    assert_eq!(last, ENTRIES - 1);
    let told = salvaged(&place, &[]);
    assert_eq!(told.code, 3, "{}", told.out);
    assert!(
        told.out
            .contains(&format!("entries {first} to {last} are missing")),
        "{}",
        told.out
    );

    // Without it nothing says that there was more: not whole, and not served.
    fs::remove_dir_all(place.path("new")).unwrap();
    fs::remove_file(place.ledger().join("head")).unwrap();
    let told = salvaged(&place, &[]);
    assert_eq!(told.code, 7, "{}", told.out);
    assert!(
        told.out.contains("not everything could be checked"),
        "{}",
        told.out
    );
    let Served::Refused(3, said) = served(&place.path("new"), "no head file") else {
        panic!("a ledger without a head file was served");
    };
    assert!(said.contains("no head file"), "{said}");

    // A checkpoint that somebody kept says it again.
    fs::remove_dir_all(place.path("new")).unwrap();
    let kept = place.file("kept", &sound().kept);
    let told = salvaged(&place, &["--checkpoint", &kept]);
    assert_eq!(told.code, 3, "{}", told.out);
}

#[test]
fn a_kept_checkpoint_takes_the_place_of_a_lost_head_file_and_is_no_proof_of_the_end() {
    let place = sound().copied();
    fs::remove_file(place.ledger().join("head")).unwrap();
    assert_eq!(verify(&place.ledger()).code, 7);
    let kept = place.file("kept", &sound().kept);
    let told = salvaged(&place, &["--checkpoint", &kept]);
    assert_eq!(told.code, 7, "{}{}", told.out, told.err);
    assert!(told.out.contains("later ones"), "{}", told.out);
    assert_eq!(
        verify_with(&place.path("new"), &["--checkpoint", &kept]).code,
        0
    );
    serves_all(&place.path("new"));
}

#[test]
fn salvage_makes_nothing_where_something_is_and_nothing_from_nothing() {
    let place = sound().copied();
    let ledger = place.ledger();
    let before = seen(&ledger);
    let inside = salvage(&ledger, &ledger.join("new"), &[]);
    assert_eq!(inside.code, 2, "{}", inside.err);
    assert!(
        inside.err.contains("inside the damaged ledger"),
        "{}",
        inside.err
    );
    let itself = salvage(&ledger, &ledger, &[]);
    assert_eq!(itself.code, 2, "{}", itself.err);
    fs::create_dir(place.path("taken")).unwrap();
    place.file("taken/note", "mine");
    let taken = salvage(&ledger, &place.path("taken"), &[]);
    assert_eq!(taken.code, 2, "{}", taken.err);
    assert!(taken.err.contains("there already"), "{}", taken.err);
    let nowhere = salvage(&place.path("nowhere"), &place.path("new"), &[]);
    assert_eq!(nowhere.code, 5, "{}", nowhere.err);
    assert!(seen(&ledger) == before);

    change(&place, "journal/db", |db| db.fill(0));
    let nothing = salvaged(&place, &[]);
    assert_eq!(nothing.code, 7, "{}{}", nothing.out, nothing.err);
    assert!(nothing.err.contains("--with COPY"), "{}", nothing.err);
    assert!(!place.path("new").exists());
}

#[test]
fn salvage_waits_for_the_server_to_be_stopped() {
    let place = sound().copied();
    let server = Server::over(&place);
    let refused = salvage(&place.ledger(), &place.path("new"), &[]);
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    assert!(
        refused.err.contains("stop the server first"),
        "{}",
        refused.err
    );
    server.stop();
}

#[test]
fn without_the_key_file_entries_come_back_and_their_contents_do_not() {
    let place = sound().copied();
    fs::rename(place.ledger().join("keys"), place.path("away")).unwrap();
    let told = salvaged(&place, &[]);
    assert_eq!(told.code, 7, "{}{}", told.out, told.err);
    let Served::Refused(3, said) = served(&place.path("new"), "no key file") else {
        panic!("a ledger without its keys was served");
    };
    assert!(said.contains("key file"), "{said}");
    fs::rename(place.path("away"), place.path("new").join("keys")).unwrap();
    serves_all(&place.path("new"));
}

#[test]
fn the_help_says_what_salvage_does() {
    let mut asked = program(&["admin", "salvage", "--help"]);
    asked.env("COLUMNS", "100");
    let output = asked.output().unwrap();
    insta::assert_snapshot!("help", String::from_utf8(output.stdout).unwrap());
    assert_eq!(told(&["admin", "salvage"]).code, 2);
}
