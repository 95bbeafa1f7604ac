//! `serve`: opens a ledger and serves it until told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::grpc::server;
use crate::service::Service;
use crate::service::access::check_listen;

use super::args::{Global, Serve};
use super::directory::Directory;
use super::error::Failure;
use super::exit::Exit;
use super::output;

/// Serves the ledger in a directory until SIGINT or SIGTERM.
pub(super) async fn serve(global: &Global, serve: &Serve) -> Result<Exit, Failure> {
    check_listen(serve.listen)
        .map_err(|error| Failure::new(Exit::Usage, format!("--listen: {error}")))?;
    let listener = bind(serve.listen).await?;
    let bar = output::progress(global, "checking entries");
    let directory = Directory::new(&serve.store);
    let service = directory.open(
        serve.origin.as_deref(),
        !serve.verify_first,
        &mut |done, all| bar.to(done, all),
    )?;
    bar.finish();
    // Before anybody is told that it serves: a signal from then on is a graceful stop.
    let stop = stop_signal()?;
    output::say(&format!(
        "serving {} entries of {} on {} (development mode, loopback only)",
        service.head().size,
        directory.origin()?,
        listener.local_addr()?
    ));
    let stop = {
        let service = Arc::clone(&service);
        async move {
            tokio::select! {
                () = stop => {}
                () = service.faulty() => {}
            }
        }
    };
    let ended = run(listener, Arc::clone(&service), stop).await;
    if let Some(fault) = service.fault() {
        return Err(directory.faulty(&fault));
    }
    ended?;
    output::say("stopped; every acknowledged entry is on disk");
    Ok(Exit::Done)
}

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::new(Exit::Other, format!("cannot listen on {address}: {error}")))
}

pub(super) async fn run(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    server::serve(listener, service, stop)
        .await
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))
}

/// Ready at the first SIGINT or SIGTERM.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
