//! Refusals of the service as gRPC statuses: one match without a wildcard, so a new refusal must be mapped here.
//!
//! Every status carries `ErrorInfo` with domain [`DOMAIN`] and the reason of [`Refused::reason`]; by kind also
//! `BadRequest` per field, `PreconditionFailure`, `QuotaFailure` and `RetryInfo`.

#[expect(
    clippy::disallowed_types,
    reason = "ErrorInfo of tonic-types takes a HashMap"
)]
use std::collections::HashMap as Metadata;
use std::time::Duration;

use data_encoding::HEXLOWER;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::service::error::{FieldFault, Refused};
use crate::service::limits;

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "caseledger";

/// The status of a refusal.
pub fn status(refused: &Refused) -> Status {
    in_words(refused, &words(refused))
}

/// What is wrong and, where the edge knows it, what to do.
pub fn words(refused: &Refused) -> String {
    match remedy(refused) {
        Some(remedy) => format!("{refused}; {remedy}"),
        None => refused.to_string(),
    }
}

/// What a caller can do about a refusal whose own text does not say it.
pub fn remedy(refused: &Refused) -> Option<&'static str> {
    match refused {
        Refused::Unauthenticated => {
            Some("in development mode the metadata caseledger-agency names the agency")
        }
        Refused::HeadMoved { .. } => {
            Some("read what is new, then send again with the head as it is now")
        }
        Refused::OtherContent { .. } => {
            Some("to correct an event send event.corrected under a new event id")
        }
        Refused::TooLarge { .. } => Some("send less, or a summary and where the document is kept"),
        Refused::TooMany { .. } => Some("send them in parts"),
        Refused::DeadlinePassed => {
            Some("send it again with the same event id and a longer deadline")
        }
        Refused::OtherAgency
        | Refused::Invalid(_)
        | Refused::UnknownCase
        | Refused::UnknownEntry
        | Refused::CaseExists
        | Refused::OriginalErased { .. }
        | Refused::QueueFull { .. }
        | Refused::Clock(_)
        | Refused::InDoubt
        | Refused::Stopping
        | Refused::DeadlineUnknown
        | Refused::Batch { .. }
        | Refused::Damaged { .. }
        | Refused::Store(_)
        | Refused::Unanswerable(_) => None,
    }
}

/// The status of a refusal, in other words than its own.
pub fn in_words(refused: &Refused, words: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(refused.reason(), DOMAIN, metadata(refused));
    add_details(&mut details, refused, "");
    Status::with_error_details(code(refused), words, details)
}

/// The code of a refusal.
pub fn code(refused: &Refused) -> Code {
    match refused {
        Refused::Unauthenticated => Code::Unauthenticated,
        Refused::OtherAgency => Code::PermissionDenied,
        Refused::Invalid(_) | Refused::TooMany { .. } | Refused::Unanswerable(_) => {
            Code::InvalidArgument
        }
        Refused::UnknownCase | Refused::UnknownEntry => Code::NotFound,
        Refused::CaseExists | Refused::OtherContent { .. } | Refused::OriginalErased { .. } => {
            Code::AlreadyExists
        }
        Refused::HeadMoved { .. } => Code::Aborted,
        Refused::TooLarge { .. } | Refused::QueueFull { .. } => Code::ResourceExhausted,
        Refused::Clock(_) | Refused::InDoubt | Refused::Stopping => Code::Unavailable,
        Refused::DeadlinePassed | Refused::DeadlineUnknown => Code::DeadlineExceeded,
        Refused::Batch { cause, .. } => code(cause),
        Refused::Damaged { .. } => Code::DataLoss,
        Refused::Store(_) => Code::Internal,
    }
}

/// Facts for programs, as `ErrorInfo` metadata. Never personal data.
#[expect(
    clippy::disallowed_types,
    reason = "ErrorInfo of tonic-types takes a HashMap"
)]
fn metadata(refused: &Refused) -> Metadata<String, String> {
    let pairs: Vec<(&str, String)> = match refused {
        Refused::HeadMoved {
            actual_seq,
            actual_link,
        } => vec![
            ("actual_case_seq", actual_seq.to_string()),
            ("actual_link", HEXLOWER.encode(actual_link)),
        ],
        Refused::OtherContent {
            position,
            kept_root,
            sent_root,
        } => vec![
            ("position", position.to_string()),
            ("kept_fields_root", HEXLOWER.encode(kept_root)),
            ("sent_fields_root", HEXLOWER.encode(sent_root)),
        ],
        Refused::OriginalErased { position } | Refused::Damaged { position } => {
            vec![("position", position.to_string())]
        }
        Refused::TooLarge { actual, limit, .. } | Refused::TooMany { actual, limit, .. } => {
            vec![("actual", actual.to_string()), ("limit", limit.to_string())]
        }
        Refused::Batch { index, cause } => {
            let mut inner = metadata(cause);
            inner.insert("batch_index".to_owned(), index.to_string());
            return inner;
        }
        Refused::Unauthenticated
        | Refused::OtherAgency
        | Refused::Invalid(_)
        | Refused::UnknownCase
        | Refused::UnknownEntry
        | Refused::CaseExists
        | Refused::QueueFull { .. }
        | Refused::Clock(_)
        | Refused::InDoubt
        | Refused::Stopping
        | Refused::DeadlinePassed
        | Refused::DeadlineUnknown
        | Refused::Store(_)
        | Refused::Unanswerable(_) => Vec::new(),
    };
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn add_details(details: &mut ErrorDetails, refused: &Refused, at: &str) {
    match refused {
        Refused::Invalid(faults) => {
            for FieldFault { field, reason } in faults {
                details.add_bad_request_violation(format!("{at}{field}"), reason.clone());
            }
        }
        Refused::HeadMoved { actual_seq, .. } => {
            details.add_precondition_failure_violation(
                "EXPECTED_HEAD",
                format!("{at}expected_head"),
                format!("the case now has {actual_seq} entries"),
            );
        }
        Refused::TooLarge {
            what,
            actual,
            limit,
        } => {
            let text = format!("{actual} bytes, limit {limit}");
            details.add_quota_failure_violation(*what, text);
        }
        Refused::QueueFull { retry } => {
            details.set_retry_info(Some(*retry));
        }
        Refused::Clock(_) | Refused::InDoubt | Refused::Stopping => {
            details.set_retry_info(Some(limits::RETRY_UNAVAILABLE));
        }
        Refused::Batch { index, cause } => {
            add_details(details, cause, &format!("events[{index}]."));
        }
        Refused::Unauthenticated
        | Refused::OtherAgency
        | Refused::UnknownCase
        | Refused::UnknownEntry
        | Refused::CaseExists
        | Refused::OtherContent { .. }
        | Refused::OriginalErased { .. }
        | Refused::TooMany { .. }
        | Refused::DeadlinePassed
        | Refused::DeadlineUnknown
        | Refused::Damaged { .. }
        | Refused::Store(_)
        | Refused::Unanswerable(_) => {}
    }
}

/// A status for a field of a request that the edge itself found wrong.
pub fn bad_field(field: &str, reason: &str) -> Status {
    status(&Refused::field(field, reason))
}

/// A status of a message that is not protobuf, or not the one expected.
pub fn bad_message(reason: &str) -> Status {
    status(&Refused::field("event", reason))
}

/// How long a client is told to wait, if the status says so.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_event_of_a_batch_names_its_index_in_the_field_path() {
        let cause = Box::new(Refused::field("event.source.kind", "is missing"));
        let status = status(&Refused::Batch { index: 3, cause });
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.domain.as_str(), info.reason.as_str()),
            ("caseledger", "INVALID_FIELD")
        );
        assert_eq!(
            info.metadata.get("batch_index").map(String::as_str),
            Some("3")
        );
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, "events[3].event.source.kind");
    }

    #[test]
    fn refusals_that_pass_say_when_to_try_again() {
        let full = Refused::QueueFull {
            retry: limits::RETRY_QUEUE,
        };
        assert_eq!(retry_after(&status(&full)), Some(limits::RETRY_QUEUE));
        assert_eq!(
            retry_after(&status(&Refused::Stopping)),
            Some(limits::RETRY_UNAVAILABLE)
        );
        assert_eq!(retry_after(&status(&Refused::UnknownCase)), None);
    }
}
