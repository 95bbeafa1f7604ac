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
    assert!(out.contains("checks, all held"), "{out}");
    assert_eq!(out.matches("all checked, all hold").count(), 3, "{out}");
    // What follows holds hashes, which differ from run to run.
    // The pages between them are those of the case verbs, which have tests of their own.
    let own = ["A throw-away", "FAMILY-A: the numbers", "WELL-RUN"];
    let sections = out.split("\n== ");
    let own = sections.filter(|section| own.iter().any(|start| section.starts_with(start)));
    insta::assert_snapshot!("story", own.collect::<Vec<_>>().join("\n== "));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
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
