//! UmaDB's append call, for the bench that compares: the three messages of its published interface that it takes.
//!
//! Written from the interface description that UmaDB 0.7.8 publishes (`umadb.v1`, MIT or Apache-2.0); neither its files
//! nor its client are part of this program.

use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::domain::id::EventId;

/// One event.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Event {
    /// What kind of event.
    #[prost(string, tag = "1")]
    pub event_type: String,
    /// What it is found by.
    #[prost(string, repeated, tag = "2")]
    pub tags: Vec<String>,
    /// Its bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub data: Vec<u8>,
    /// Its id.
    #[prost(string, tag = "4")]
    pub uuid: String,
}

/// Events to append together.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AppendRequest {
    /// In order.
    #[prost(message, repeated, tag = "1")]
    pub events: Vec<Event>,
}

/// They are durable.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AppendResponse {
    /// Position of the last of them.
    #[prost(uint64, tag = "1")]
    pub position: u64,
}

/// A connection to UmaDB's server.
#[derive(Clone, Debug)]
pub struct Umadb(tonic::client::Grpc<Channel>);

impl Umadb {
    /// Connects to `http://host:port`.
    ///
    /// # Errors
    /// `UNAVAILABLE` when nobody answers there.
    pub async fn connect(address: &str) -> Result<Self, Status> {
        let unavailable = |error: tonic::transport::Error| Status::unavailable(error.to_string());
        let endpoint = Endpoint::from_shared(address.to_owned()).map_err(unavailable)?;
        let channel = endpoint.connect().await.map_err(unavailable)?;
        Ok(Self(tonic::client::Grpc::new(channel)))
    }

    /// Appends events in one request, without a condition.
    ///
    /// # Errors
    /// The server's status.
    pub async fn append(&mut self, events: Vec<Event>) -> Result<AppendResponse, Status> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = tonic_prost::ProstCodec::<AppendRequest, AppendResponse>::default();
        let path = PathAndQuery::from_static("/umadb.v1.DCB/Append");
        let request = Request::new(AppendRequest { events });
        Ok(self.0.unary(request, path, codec).await?.into_inner())
    }
}

/// An event as ours: the same bytes under the same id, found by its case.
pub fn event(id: EventId, case: u64, data: Vec<u8>) -> Event {
    Event {
        event_type: "concern.raised".to_owned(),
        tags: vec![format!("case:{case}")],
        data,
        uuid: id.to_string(),
    }
}
