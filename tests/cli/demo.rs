//! `demo`: tells the whole story, checks every number of it, and leaves nothing behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::running::{Place, interrupt, program, told};

#[test]
fn it_ends_with_0_when_everything_held_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::Command::from_std(program(&["demo", "--exit"]));
    let output = command.env("TMPDIR", temporary.path()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(!out.contains("DID NOT HOLD"));
    assert!(out.contains("31 checks, all held"), "{out}");
    assert_eq!(out.matches("all checked, all hold").count(), 3, "{out}");
    // What follows holds hashes, which differ from run to run.
    let (story, _) = out
        .split_once("== Can this record be relied on? ==")
        .unwrap();
    insta::assert_snapshot!("story", story);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// Without the time of asking and the hashes, which differ from run to run.
fn steady(story: &str) -> String {
    let words = |line: &str| {
        let words = line.split(' ').map(|word| {
            let hash = word.trim_end_matches('.');
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_hash { "HASH" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let lines = story
        .lines()
        .map(|line| match line.split_once("as at now (") {
            Some((before, _time)) => format!("{before}as at now"),
            None => words(line),
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn it_serves_until_it_is_stopped() {
    let place = Place::new();
    let temporary = place.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut child = program(&["demo"])
        .env("TMPDIR", &temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, address)) = line.split_once(" --server ") {
            break address.to_owned();
        }
    };
    let asked = told(&["verify", "case", "FAMILY-A", "--server", &address]);
    assert_eq!(asked.code, 0, "{}", asked.err);
    assert!(interrupt(&mut child).success());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}
