//! A large store: filled, left idle, killed, opened, verified.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::event::Events;
use super::load::agency;
use super::machine::{Busy, cpu_of, own_cpu, resident};
use super::place::Place;
use super::server::Server;
use crate::cli::args::Global;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::grpc::client::Client;
use crate::service::clock::Clock;

/// Events of one request while the store is filled.
const BATCH: u64 = 500;
/// Clients that fill it.
const CLIENTS: usize = 4;
/// How long a server is left alone before its memory counts as idle.
const IDLE: Duration = Duration::from_secs(3);

/// How often it is looked whether the verification has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What was found.
pub(super) struct Stored {
    pub(super) entries: u64,
    /// Bytes in RAM after the filling, idle.
    pub(super) filled: Option<u64>,
    /// Bytes in RAM after the opening, idle.
    pub(super) opened: Option<u64>,
    /// From the start of the process until it served.
    pub(super) opening: Duration,
    /// `verify store`, whole.
    pub(super) verifying: Duration,
    /// Why it cannot be judged.
    pub(super) busy: Option<String>,
}

/// Fills a store with so many entries and measures what the shape is about.
pub(super) async fn measure(
    global: &Global,
    place: &Place,
    entries: u64,
    quick: bool,
    clock: &Arc<dyn Clock>,
) -> Result<Stored, Failure> {
    let store = place.path("store");
    let idle = if quick { Duration::ZERO } else { IDLE };
    let server = Server::ours(&store)?;
    fill(global, &server.address, entries).await?;
    tokio::time::sleep(idle).await;
    let filled = resident(server.pid());
    server.kill_9()?;
    let watch = Busy::with(own_cpu(&[]));
    let start = clock.monotonic();
    let server = Server::ours(&store)?;
    let opening = clock.monotonic().saturating_sub(start);
    let busy = watch.reason(own_cpu(&[server.pid()]));
    tokio::time::sleep(idle).await;
    let opened = resident(server.pid());
    server.kill_9()?;
    let (verifying, busy_then) = verify(&store, clock).await?;
    Ok(Stored {
        entries,
        filled,
        opened,
        opening,
        verifying,
        busy: busy.or(busy_then),
    })
}

/// `verify store` as a process of its own: how long it took, and why that cannot be judged.
async fn verify(
    store: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<(Duration, Option<String>), Failure> {
    let watch = Busy::with(own_cpu(&[]));
    let start = clock.monotonic();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["verify", "store", "--no-progress", "--store"])
        .arg(store)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let mut used = Duration::ZERO;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        used = cpu_of(child.id()).unwrap_or(used);
        tokio::time::sleep(LOOK).await;
    };
    let verifying = clock.monotonic().saturating_sub(start);
    if !ended.success() {
        let what = format!("verify store ended with {ended}");
        return Err(Failure::new(Exit::IntegrityBroken, what));
    }
    let own = own_cpu(&[]).map(|own| own.saturating_add(used));
    Ok((verifying, watch.reason(own)))
}

async fn fill(global: &Global, address: &str, entries: u64) -> Result<(), Failure> {
    let bar = output::progress(global, "filling the store");
    let events = Events::new()?;
    let mut first = Client::connect(address, Some(&agency(0)?)).await?;
    let openings = events.openings()?;
    let mut done = openings.len() as u64;
    first.append_batch(openings).await?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(first.as_agency(&agency(number)?)?);
    }
    while done < entries {
        let mut waiting = Vec::new();
        for client in &clients {
            let count = entries.saturating_sub(done).min(BATCH);
            if count == 0 {
                break;
            }
            done = done.saturating_add(count);
            let batch = (0..count).map(|_| events.request()).collect();
            let mut client = client.clone();
            waiting.push(tokio::spawn(
                async move { client.append_batch(batch).await },
            ));
        }
        for answer in waiting {
            let answer = answer.await;
            answer.map_err(|error| Failure::new(Exit::Other, error.to_string()))??;
        }
        bar.to(done, entries);
    }
    bar.finish();
    Ok(())
}
