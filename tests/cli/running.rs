//! A server of the program itself over a directory that the test may look into, and what commands said to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/sample");

/// What a command wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// The rows of `--format jsonl`.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The program with these arguments and nothing from the environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseledger"));
    command.env_clear().args(arguments);
    command
}

/// Runs the program to its end.
pub(crate) fn told(arguments: &[&str]) -> Told {
    let mut command = assert_cmd::Command::from_std(program(arguments));
    ended(&mut command)
}

/// The same with standard input.
pub(crate) fn told_with(arguments: &[&str], input: &str) -> Told {
    let mut command = assert_cmd::Command::from_std(program(arguments));
    ended(command.write_stdin(input))
}

fn ended(command: &mut assert_cmd::Command) -> Told {
    let output = command.output().unwrap();
    Told {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A directory for one ledger and the files of a test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("ledger")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn vkey(&self) -> String {
        let vkey = fs::read_to_string(self.ledger().join("vkey")).unwrap();
        vkey.trim().to_owned()
    }

    pub(crate) fn verify_store(&self) -> Told {
        let ledger = self.ledger();
        told(&["verify", "store", "--store", ledger.to_str().unwrap()])
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

impl Server {
    /// Over the ledger of a place, on a free port.
    pub(crate) fn over(place: &Place) -> Self {
        let mut child = program(&["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(place.ledger())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let address = loop {
            let line = lines.next();
            assert!(line.is_some(), "it did not serve: {said:?}");
            let line = line.unwrap().unwrap();
            said.push(line.clone());
            if let Some(rest) = line.split(" on 127.0.0.1:").nth(1) {
                let port = rest.split(' ').next().unwrap();
                break format!("http://127.0.0.1:{port}");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, child }
    }

    /// Runs a command against it.
    pub(crate) fn told(&self, arguments: &[&str]) -> Told {
        told(&[arguments, &["--server", &self.address]].concat())
    }

    pub(crate) fn told_with(&self, arguments: &[&str], input: &str) -> Told {
        told_with(&[arguments, &["--server", &self.address]].concat(), input)
    }

    /// Imports one of the built-in files.
    pub(crate) fn import(&self, name: &str) -> Told {
        let file = format!("{SAMPLE}/{name}.jsonl");
        let told = self.told(&["entry", "import", &file, "--format", "jsonl"]);
        assert_eq!(told.code, 0, "{}", told.err);
        told
    }

    /// How many entries the ledger has.
    pub(crate) fn size(&self) -> u64 {
        let told = self.told(&["checkpoint", "show", "--format", "jsonl"]);
        let size = told.rows().remove(0).get("size").unwrap().clone();
        size.as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(mut self) {
        assert!(interrupt(&mut self.child).success());
    }
}

/// Sends SIGINT and waits for the end.
pub(crate) fn interrupt(child: &mut Child) -> ExitStatus {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap()
}

/// Every file below a directory with its bytes.
pub(crate) fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

/// Copies a directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    for path in files(from).into_keys() {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        // With its mode: keys are for their owner only.
        fs::copy(path, target).unwrap();
    }
}
