//! A ledger in a temporary directory, served by the program itself, with the invented cases in it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use caseledger::domain::id::AgencyId;
use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::convert::event_from_json;
use caseledger::grpc::pb;
use tempfile::TempDir;

const FILES: [&str; 3] = [
    include_str!("../../src/cli/sample/registry.jsonl"),
    include_str!("../../src/cli/sample/family_a.jsonl"),
    include_str!("../../src/cli/sample/well_run.jsonl"),
];

/// A running server; stopped when the last test that uses it ends.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:PORT`.
    pub(crate) address: String,
    server: Child,
    _store: TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl World {
    /// A server over an empty ledger.
    pub(crate) fn empty() -> Self {
        let store = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_caseledger"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store.path().join("ledger"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(port) = line.split("127.0.0.1:").nth(1) {
                let port = port.split(' ').next().unwrap();
                break format!("http://127.0.0.1:{port}");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            address,
            server,
            _store: store,
        }
    }

    /// The server that holds the invented cases, shared by the tests that run at the same time.
    pub(crate) fn sample() -> Arc<Self> {
        static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        if let Some(world) = shared.upgrade() {
            return world;
        }
        let world = Arc::new(Self::empty());
        push(&world.address, &FILES);
        *shared = Arc::downgrade(&world);
        world
    }

    /// A server that holds the invented cases and these lines after them.
    pub(crate) fn sample_and(more: &str) -> Self {
        let world = Self::empty();
        let files: Vec<&str> = FILES.into_iter().chain([more]).collect();
        push(&world.address, &files);
        world
    }

    /// The program, told where the server is and nothing else by the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = program(arguments);
        command.env("CASELEDGER_SERVER", &self.address);
        command
    }
}

/// The program without a server.
pub(crate) fn program(arguments: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_caseledger"));
    command.env_clear().args(arguments);
    command
}

/// What a command wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// Runs a command to its end.
pub(crate) fn said(mut command: assert_cmd::Command) -> Said {
    let done = command.output().unwrap();
    Said {
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
        code: done.status.code().unwrap(),
    }
}

/// Appends every line of the sample files in order, one batch for each run of lines of one agency.
fn push(address: &str, files: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Client::connect(address, None).await.unwrap();
        let mut batches: Vec<(AgencyId, Vec<pb::AppendRequest>)> = Vec::new();
        for line in files.iter().flat_map(|file| file.lines()) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line.get(name).and_then(|v| v.as_str()).unwrap();
            let agency: AgencyId = text("agency").parse().unwrap();
            let bytes = event_from_json(&line.get("event").unwrap().to_string()).unwrap();
            let request = append_request(text("eventId").parse().unwrap(), bytes);
            match batches.last_mut() {
                Some((of, batch)) if *of == agency && batch.len() < 50 => batch.push(request),
                _ => batches.push((agency, vec![request])),
            }
        }
        for (agency, batch) in batches {
            let mut client = client.as_agency(&agency).unwrap();
            client.append_batch(batch).await.unwrap();
        }
    });
}
