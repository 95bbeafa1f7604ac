//! The program itself as a server.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

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

/// Starts it, with at most so many open files.
fn start(store: &Path, descriptors: Option<u64>) -> (Child, Lines<BufReader<ChildStderr>>) {
    let program = env!("CARGO_BIN_EXE_caseledger");
    let mut command = match descriptors {
        Some(most) => {
            let mut command = Command::new("prlimit");
            command.args([&format!("--nofile={most}:{most}"), program]);
            command
        }
        None => Command::new(program),
    };
    let mut child = command
        .args(["serve", "--listen", "127.0.0.1:0", "--store"])
        .arg(store)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}

/// The address in the line that says that it serves; otherwise everything that it said.
fn address(lines: &mut Lines<BufReader<ChildStderr>>) -> Result<String, String> {
    let mut said = Vec::new();
    for line in lines {
        let line = line.unwrap();
        if let Some(rest) = line.split(" on 127.0.0.1:").nth(1) {
            let port = rest.split(' ').next().unwrap();
            return Ok(format!("http://127.0.0.1:{port}"));
        }
        said.push(line);
    }
    Err(said.join("\n"))
}

/// How a start that is to be refused ended, and what it said; below 0 when it serves.
pub(crate) fn refused(store: &Path, descriptors: Option<u64>) -> (i32, String) {
    let (mut child, mut lines) = start(store, descriptors);
    match address(&mut lines) {
        Ok(address) => {
            child.kill().unwrap();
            child.wait().unwrap();
            (-1, address)
        }
        Err(said) => (child.wait().unwrap().code().unwrap(), said),
    }
}

impl Server {
    /// Over the ledger in a directory, on a free port.
    pub(crate) fn over(store: &Path) -> Self {
        Self::limited(store, None)
    }

    /// The same with at most so many open files.
    pub(crate) fn with_descriptors(store: &Path, most: u64) -> Self {
        Self::limited(store, Some(most))
    }

    fn limited(store: &Path, descriptors: Option<u64>) -> Self {
        let (child, mut lines) = start(store, descriptors);
        let address = address(&mut lines);
        let address = address.unwrap_or_else(|said| panic!("it did not serve: {said}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, child }
    }

    /// Signal 9, at once.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
