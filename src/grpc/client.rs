//! A thin typed client, for the command line and the tests. Events go in as the exact bytes to be sealed.

use std::time::Duration;

use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

pub use tonic::{Code, Status, Streaming};

use crate::domain::id::{AgencyId, EventId};
use crate::service::limits;

use super::auth::AGENCY;
use super::pb;
use super::pb::inquiry_service_client::InquiryServiceClient;
use super::pb::integrity_service_client::IntegrityServiceClient;
use super::pb::ledger_service_client::LedgerServiceClient;
use super::status::bad_field;

/// How long a unary call may take unless the caller says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Longest time to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Names the agency in each call.
#[derive(Debug, Clone)]
pub struct AsAgency(Option<MetadataValue<Ascii>>);

impl Interceptor for AsAgency {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(agency) = &self.0 {
            request.metadata_mut().insert(AGENCY, agency.clone());
        }
        Ok(request)
    }
}

/// A channel that names the agency.
pub type AgencyChannel = InterceptedService<Channel, AsAgency>;

/// A connection to a server, as one agency or as nobody. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Client {
    /// The generated client of `LedgerService`.
    pub ledger: LedgerServiceClient<AgencyChannel>,
    /// The generated client of `InquiryService`.
    pub inquiry: InquiryServiceClient<AgencyChannel>,
    /// The generated client of `IntegrityService`.
    pub integrity: IntegrityServiceClient<AgencyChannel>,
    channel: Channel,
    deadline: Duration,
}

impl Client {
    /// Connects to `http://host:port`; as `agency`, or as nobody, who may read and not write.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an address that is none; `UNAVAILABLE` when nobody answers there.
    pub async fn connect(address: &str, agency: Option<&AgencyId>) -> Result<Self, Status> {
        let endpoint = Endpoint::from_shared(address.to_owned())
            .map_err(|error| bad_field("server", &error.to_string()))?;
        let channel = endpoint.connect_timeout(CONNECT).connect().await;
        let channel = channel.map_err(|error| {
            Status::unavailable(format!("no server answers at {address}: {error}"))
        })?;
        Self::over(channel, agency)
    }

    /// Over a channel that is already there.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an agency that cannot stand in metadata, which no agency id does.
    pub fn over(channel: Channel, agency: Option<&AgencyId>) -> Result<Self, Status> {
        let name = agency.map(|agency| agency.as_str().parse::<MetadataValue<Ascii>>());
        let name = name
            .transpose()
            .map_err(|error| bad_field(AGENCY, &error.to_string()))?;
        let named = InterceptedService::new(channel.clone(), AsAgency(name));
        let ledger = LedgerServiceClient::new(named.clone())
            .max_decoding_message_size(limits::MESSAGE_BYTES)
            .max_encoding_message_size(2 * limits::MESSAGE_BYTES);
        let inquiry = InquiryServiceClient::new(named.clone())
            .max_decoding_message_size(limits::ANSWER_BYTES);
        let integrity = IntegrityServiceClient::new(named);
        Ok(Self {
            ledger,
            inquiry,
            integrity,
            channel,
            deadline: DEADLINE,
        })
    }

    /// The same connection as another agency.
    ///
    /// # Errors
    /// As [`Client::over`].
    pub fn as_agency(&self, agency: &AgencyId) -> Result<Self, Status> {
        Ok(Self {
            deadline: self.deadline,
            ..Self::over(self.channel.clone(), Some(agency))?
        })
    }

    /// The same with another deadline for unary calls.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The connection, for clients of other services.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request with this client's deadline.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.deadline);
        request
    }

    /// Appends one event.
    ///
    /// # Errors
    /// The server's status.
    pub async fn append(&mut self, append: pb::AppendRequest) -> Result<pb::Receipt, Status> {
        let request = self.request(append);
        Ok(self.ledger.append(request).await?.into_inner())
    }

    /// Appends all events or none.
    ///
    /// # Errors
    /// The server's status.
    pub async fn append_batch(
        &mut self,
        events: Vec<pb::AppendRequest>,
    ) -> Result<Vec<pb::Receipt>, Status> {
        let request = self.request(pb::AppendBatchRequest { events });
        Ok(self
            .ledger
            .append_batch(request)
            .await?
            .into_inner()
            .receipts)
    }

    /// Appends events as they come; one outcome for each, in order.
    ///
    /// # Errors
    /// The server's status.
    pub async fn append_stream(
        &mut self,
        events: impl tokio_stream::Stream<Item = pb::AppendRequest> + Send + 'static,
    ) -> Result<Streaming<pb::AppendOutcome>, Status> {
        Ok(self.ledger.append_stream(events).await?.into_inner())
    }

    /// All entries of a case from a number on; `limit` 0 = all.
    ///
    /// # Errors
    /// The server's status.
    pub async fn read_case(
        &mut self,
        case_id: &str,
        from_seq: u64,
        limit: u64,
    ) -> Result<Vec<pb::Entry>, Status> {
        let request = pb::ReadCaseRequest {
            case_id: case_id.to_owned(),
            from_seq,
            limit,
        };
        let mut stream = self.ledger.read_case(request).await?.into_inner();
        let mut entries = Vec::new();
        while let Some(entry) = stream.message().await? {
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Follows the ledger from a position on.
    ///
    /// # Errors
    /// The server's status.
    pub async fn subscribe(
        &mut self,
        request: pb::SubscribeRequest,
    ) -> Result<Streaming<pb::Entry>, Status> {
        Ok(self.ledger.subscribe(request).await?.into_inner())
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// The server's status.
    pub async fn checkpoint(&mut self) -> Result<pb::GetCheckpointResponse, Status> {
        let request = self.request(pb::GetCheckpointRequest {});
        Ok(self.integrity.get_checkpoint(request).await?.into_inner())
    }
}

/// A request to append these bytes under this id, everything else left to the server.
pub fn append_request(event_id: EventId, event: Vec<u8>) -> pb::AppendRequest {
    pb::AppendRequest {
        event_id: event_id.to_string(),
        event,
        blind: true,
        ..Default::default()
    }
}

/// The fields a refusal names, each with what is wrong and the remedy.
pub fn named_fields(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.as_slice());
    let violations = violations.unwrap_or_default().iter();
    violations
        .map(|named| (named.field.clone(), named.description.clone()))
        .collect()
}
