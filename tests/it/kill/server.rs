//! The program itself as a server.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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
    /// Over the ledger in a directory, on a free port.
    pub(crate) fn over(store: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_caseledger"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
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

    /// Signal 9, at once.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
