//! A server as a process of its own: ours, or UmaDB's.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::service::clock::Clock;

/// The name of a throw-away ledger.
const ORIGIN: &str = "caseledger.example/bench";
/// Longest wait for UmaDB to answer at its port.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// A running server; killed when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) address: String,
}

fn cannot(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Other, format!("{what}: {error}"))
}

impl Server {
    /// Starts this very program over a directory; returns when it serves.
    pub(super) fn ours(store: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .args(["serve", "--no-progress", "--listen", "127.0.0.1:0"])
            .args(["--origin", ORIGIN, "--store"])
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| cannot("the server does not start", error))?;
        let told = child.stderr.take();
        let mut server = Self {
            child,
            address: String::new(),
        };
        let mut lines = told.map(|told| BufReader::new(told).lines());
        let mut last = String::new();
        for line in lines.iter_mut().flatten() {
            last = line?;
            if last.starts_with("serving ")
                && let Some((_, rest)) = last.split_once(" on 127.0.0.1:")
            {
                let port = rest.split(' ').next().unwrap_or_default();
                server.address = format!("http://127.0.0.1:{port}");
                break;
            }
        }
        if server.address.is_empty() {
            return Err(cannot("the server does not serve", last));
        }
        // A pipe that nobody reads would stop the server when it is full.
        std::thread::spawn(move || lines.into_iter().flatten().for_each(drop));
        Ok(server)
    }

    /// Starts UmaDB's server with its own settings over a directory; returns when it answers.
    pub(super) fn umadb(program: &Path, store: &Path, clock: &dyn Clock) -> Result<Self, Failure> {
        let address = free_port()?;
        let child = Command::new(program)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--db-path")
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| cannot("UmaDB's server does not start", error))?;
        let mut server = Self {
            child,
            address: format!("http://{address}"),
        };
        let start = clock.monotonic();
        while TcpStream::connect(address).is_err() {
            if clock.monotonic().saturating_sub(start) > PATIENCE {
                return Err(cannot("UmaDB's server does not answer", &server.address));
            }
            if let Some(ended) = server.child.try_wait()? {
                return Err(cannot("UmaDB's server ended", ended));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(server)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a power cut ends a process: nothing is finished, nothing tidied up.
    pub(super) fn kill_9(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way nobody waits for it any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port nobody listens at. Somebody may take it meanwhile: the server then ends, and that is told.
fn free_port() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
