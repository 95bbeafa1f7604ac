//! The server: its services, its limits, and how it stops.
//!
//! Stopping: health says `NOT_SERVING`, nothing new is accepted, subscriptions end with `UNAVAILABLE` and a delay, calls
//! under way may finish, and after [`limits::STOP_CEILING`] the server stops, open streams or not. Then the writer
//! finishes its queue and the head file is synced.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic_health::ServingStatus;

use crate::service::Service;
use crate::service::access::{NeedsTls, check_listen};
use crate::service::error::Refused;
use crate::service::limits;

use super::edge::Edge;
use super::inquiry::Inquiry;
use super::integrity::Integrity;
use super::ledger::Ledger;
use super::pb;
use super::pb::inquiry_service_server::InquiryServiceServer;
use super::pb::integrity_service_server::IntegrityServiceServer;
use super::pb::ledger_service_server::LedgerServiceServer;
use super::socket::Socket;

/// Time between keep-alive pings on a connection without traffic, and how long an answer may take.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Pause after a connection that could not be taken, so that a process without descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a server could not run or did not stop cleanly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached by other machines.
    #[error(transparent)]
    NeedsTls(#[from] NeedsTls),
    /// The listener failed.
    #[error("the listener failed")]
    Listener(#[from] io::Error),
    /// The transport failed.
    #[error("the gRPC transport failed")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors for reflection cannot be read.
    #[error("reflection could not be set up: {0}")]
    Reflection(String),
    /// The writer did not end cleanly.
    #[error("the ledger did not stop cleanly: {0}")]
    Stop(Refused),
}

/// Serves until `shutdown` is ready, then stops gracefully and closes the ledger.
///
/// # Errors
/// [`ServeError`]. The ledger is closed in every case.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let served = run(listener, Arc::clone(&service), shutdown).await;
    let stopped = service.stop().await.map_err(ServeError::Stop);
    served.and(stopped)
}

/// A new connection. One that cannot be taken, for want of a descriptor perhaps, does not end the server: the connections
/// that are there go on, and after a pause the next one is tried.
async fn accepted(socket: io::Result<TcpStream>) -> Option<Socket> {
    match socket.and_then(Socket::new) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be taken");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn run(
    listener: TcpListener,
    service: Arc<Service>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    check_listen(address)?;
    tracing::warn!(
        %address,
        "DEVELOPMENT MODE: no TLS, every caller on this machine is believed about who it is, and may read everything"
    );
    let (health, health_service) = tonic_health::server::health_reporter();
    let names = [
        "",
        LedgerServiceServer::<Ledger>::NAME,
        IntegrityServiceServer::<Integrity>::NAME,
        InquiryServiceServer::<Inquiry>::NAME,
    ];
    for name in names {
        health
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let ledger = LedgerServiceServer::new(Ledger::new(Arc::clone(&service)))
        .max_decoding_message_size(limits::MESSAGE_BYTES)
        .max_encoding_message_size(limits::MESSAGE_BYTES);
    let integrity = IntegrityServiceServer::new(Integrity::new(Arc::clone(&service)))
        .max_decoding_message_size(limits::MESSAGE_BYTES);
    let inquiry = InquiryServiceServer::new(Inquiry::new(Arc::clone(&service)))
        .max_decoding_message_size(limits::MESSAGE_BYTES)
        .max_encoding_message_size(limits::ANSWER_BYTES);
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let unreadable =
        |error: tonic_reflection::server::Error| ServeError::Reflection(error.to_string());
    let router = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(unreadable)?)
        .add_service(reflection().build_v1alpha().map_err(unreadable)?)
        .add_service(Edge(ledger))
        .add_service(Edge(integrity))
        .add_service(Edge(inquiry));
    let (stop, stopping) = oneshot::channel::<()>();
    let incoming = TcpListenerStream::new(listener).then(accepted);
    let incoming = Box::pin(incoming.filter_map(|socket| socket.map(Ok::<_, io::Error>)));
    // An error of the receiver means that this function has returned.
    let server = router.serve_with_incoming_shutdown(incoming, async { drop(stopping.await) });
    tokio::pin!(server);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = shutdown => {}
    }
    for name in names {
        health
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
    service.begin_stop();
    // The receiver lives in `server`, which has not ended.
    if stop.send(()).is_err() {
        tracing::debug!("the transport had already ended");
    }
    match tokio::time::timeout(limits::STOP_CEILING, server).await {
        Ok(ended) => Ok(ended?),
        Err(_ceiling) => {
            tracing::warn!("stopped with calls still open, after the longest time a stop may take");
            Ok(())
        }
    }
}
