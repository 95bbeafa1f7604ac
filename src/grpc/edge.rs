//! What the transport refuses before a handler sees it, in the words and codes of this service.
//!
//! A message that is too large, or is no protobuf, is refused by the codec with a code and text of its own. This wraps
//! a generated server and gives such answers the code of `status.rs` and its details.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::service::error::Refused;
use crate::service::limits;

use super::status::{DOMAIN, status};

/// A generated server whose transport refusals are re-worded.
#[derive(Debug, Clone)]
pub struct Edge<S>(pub S);

impl<S: NamedService> NamedService for Edge<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Edge<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let reworded = Status::from_header_map(response.headers()).and_then(|s| reword(&s));
            Ok(reworded.map_or(response, Status::into_http))
        })
    }
}

/// The status in our words, if it is one of the codec's.
pub fn reword(status_of_codec: &Status) -> Option<Status> {
    let text = status_of_codec.message();
    if status_of_codec.code() == Code::OutOfRange && text.contains("message length too large") {
        let found = text.split_whitespace().find_map(|word| word.parse().ok());
        return Some(status(&Refused::TooLarge {
            what: "the message",
            actual: found.unwrap_or(usize::MAX),
            limit: limits::MESSAGE_BYTES,
        }));
    }
    if status_of_codec.code() == Code::Unimplemented && text.is_empty() {
        return Some(Status::with_error_details(
            Code::Unimplemented,
            "this service has no such method; reflection lists those it has",
            ErrorDetails::with_error_info("NO_SUCH_METHOD", DOMAIN, []),
        ));
    }
    let undecodable = status_of_codec.code() == Code::Internal
        && status_of_codec.details().is_empty()
        && (text.contains("failed to decode Protobuf message") || text.contains("decoding"));
    undecodable.then(|| {
        let reason = "is not a protobuf of the request of this method";
        status(&Refused::field("request", reason))
    })
}
