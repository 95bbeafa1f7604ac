//! `demo`: a real server on a throw-away ledger, two invented cases pushed to it by seven agencies over gRPC, and the
//! main questions asked through the same code as every other command.

mod answers;
mod expected;
mod place;
mod push;
mod story;

use tokio::sync::oneshot;

use super::args::{Demo, Global};
use super::error::Failure;
use super::exit::Exit;
use super::format::Format;
use super::output::{self};
use super::serve;
use crate::service::access::check_listen;

use self::place::Place;

/// The ledger's name in its checkpoints.
const ORIGIN: &str = "caseledger.example/demo";

/// Runs it: prints, and serves until stopped or, with `--exit`, ends with 0 only if everything held.
pub(super) async fn demo(global: &Global, demo: &Demo) -> Result<Exit, Failure> {
    check_listen(demo.listen)
        .map_err(|error| Failure::new(Exit::Usage, format!("--listen: {error}")))?;
    // Listens for the signals from the start, so that a stop in the middle tidies up too.
    let interrupted = serve::stop_signal()?;
    tokio::pin!(interrupted);
    let place = Place::new()?;
    let service = place
        .directory()
        .open(Some(ORIGIN), false, &mut |_done, _all| {})?;
    let listener = serve::bind(demo.listen).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    // An error of the receiver means that this function has returned.
    let shutdown = async { drop(stopped.await) };
    let mut server = tokio::spawn(serve::run(listener, service, shutdown));
    let there = Global {
        server: address.clone(),
        agency: None,
        format: Format::Table,
        ..global.clone()
    };
    let told = tokio::select! {
        told = story::tell(&there, &place) => told,
        () = &mut interrupted => Err(Failure::new(Exit::Other, "stopped before the end")),
    };
    let served = if told.is_ok() && !demo.exit {
        output::say(&format!(
            "serving on {address}; try: caseledger case allocation FAMILY-A --server {address}\n\
             stop with Ctrl-C; the ledger is thrown away then"
        ));
        tokio::select! {
            ended = &mut server => Some(ended),
            () = &mut interrupted => None,
        }
    } else {
        None
    };
    let ended = if let Some(ended) = served {
        ended
    } else {
        if stop.send(()).is_err() {
            output::say("the server had ended by itself");
        }
        server.await
    };
    ended.map_err(|error| Failure::new(Exit::Other, error.to_string()))??;
    place.remove()?;
    told
}
