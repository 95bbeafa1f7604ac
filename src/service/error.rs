//! Why the service refuses. One exhaustive enum, so that every edge must decide about every case.
//!
//! Texts name fields, positions, limits and what to do next; never content, never a person.

use std::time::Duration;

use super::clock::ClockFault;

/// One thing wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Path of the field in the request, with the names of the proto: `event.occurred.edtf`.
    pub field: String,
    /// What is wrong and what would be right, without repeating the value.
    pub reason: String,
}

impl FieldFault {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Why a request was refused. Nothing was appended, whatever the variant, unless its text says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The caller did not say, or could not prove, which agency it is.
    #[error("no agency is authenticated for this call")]
    Unauthenticated,
    /// The event names another agency than the authenticated one.
    #[error("the event names another agency than the one authenticated for this call")]
    OtherAgency,
    /// Fields of the request are missing or wrong.
    #[error("{}", faults_text(.0))]
    Invalid(Vec<FieldFault>),
    /// No such case.
    #[error("there is no such case; a case begins with case.opened")]
    UnknownCase,
    /// No such entry.
    #[error("there is no such entry")]
    UnknownEntry,
    /// `case.opened` for a case that exists.
    #[error("the case exists already")]
    CaseExists,
    /// The case head is not the one the request expects.
    #[error("the case has moved on: it now has {actual_seq} entries")]
    HeadMoved {
        /// Number of entries in the case now.
        actual_seq: u64,
        /// Link of its newest entry; empty for a case without entries.
        actual_link: Vec<u8>,
    },
    /// The same agency and event id were used before with other content.
    #[error("this event id was used before with other content, at position {position}")]
    OtherContent {
        /// Where the first one stands.
        position: u64,
        /// Fields root of the first one, 32 bytes; empty when both are in this request.
        kept_root: Vec<u8>,
        /// Fields root that this one would have under the first one's secret, 32 bytes.
        sent_root: Vec<u8>,
    },
    /// The same agency and event id were used before, and that content was erased since.
    #[error(
        "this event id was used before, at position {position}, and its content was erased since"
    )]
    OriginalErased {
        /// Where the first one stands.
        position: u64,
    },
    /// Larger than a limit.
    #[error("{what} has {actual} bytes; the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, in bytes.
        actual: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// More items than a limit.
    #[error("{what} has {actual} items; the limit is {limit}")]
    TooMany {
        /// What has too many.
        what: &'static str,
        /// How many.
        actual: usize,
        /// The limit.
        limit: usize,
    },
    /// The queue of the writer is full.
    #[error("the server has as many appends waiting as it takes; try again in {} ms", .retry.as_millis())]
    QueueFull {
        /// How long to wait.
        retry: Duration,
    },
    /// The clock cannot be trusted with an appended time.
    #[error("{0}")]
    Clock(ClockFault),
    /// An earlier commit ended in doubt: nothing is appended until a restart re-verifies the store.
    #[error(
        "a commit ended in doubt, so appends are refused until the server is restarted and has verified its store; \
         send again with the same event id, it will not be stored twice"
    )]
    InDoubt,
    /// The server is stopping.
    #[error("the server is stopping; send again with the same event id")]
    Stopping,
    /// The deadline of the call had passed before the event was committed; it was not appended.
    #[error("the deadline passed before the event was committed; it was not appended")]
    DeadlinePassed,
    /// The deadline of the call passed while the writer had the event: it may be appended all the same.
    #[error(
        "the deadline passed while the event was being committed; send it again with the same event id"
    )]
    DeadlineUnknown,
    /// Another event of the same batch was refused, so none was appended.
    #[error("event {index} of the batch was refused, so none was appended: {cause}")]
    Batch {
        /// Index of the refused event, from 0.
        index: usize,
        /// Why it was refused.
        cause: Box<Refused>,
    },
    /// Stored bytes do not check.
    #[error("stored bytes at position {position} do not check; run `caseledger verify store`")]
    Damaged {
        /// Where.
        position: u64,
    },
    /// The store could not be read or written.
    #[error("the store failed: {0}")]
    Store(String),
    /// A question that cannot be answered as put.
    #[error("{0}")]
    Unanswerable(String),
}

impl Refused {
    /// A single faulty field.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault::new(field, reason)])
    }

    /// What failed, when the store could not be read or written.
    pub(super) fn store_failure(&self) -> Option<String> {
        match self {
            Self::Store(why) => Some(why.clone()),
            Self::Batch { cause, .. } => cause.store_failure(),
            Self::Unauthenticated
            | Self::OtherAgency
            | Self::Invalid(_)
            | Self::UnknownCase
            | Self::UnknownEntry
            | Self::CaseExists
            | Self::HeadMoved { .. }
            | Self::OtherContent { .. }
            | Self::OriginalErased { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::QueueFull { .. }
            | Self::Clock(_)
            | Self::InDoubt
            | Self::Stopping
            | Self::DeadlinePassed
            | Self::DeadlineUnknown
            | Self::Damaged { .. }
            | Self::Unanswerable(_) => None,
        }
    }

    /// The machine-readable reason, upper snake case, stable.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::OtherAgency => "OTHER_AGENCY",
            Self::Invalid(_) => "INVALID_FIELD",
            Self::UnknownCase => "UNKNOWN_CASE",
            Self::UnknownEntry => "UNKNOWN_ENTRY",
            Self::CaseExists => "CASE_EXISTS",
            Self::HeadMoved { .. } => "HEAD_MOVED",
            Self::OtherContent { .. } => "EVENT_ID_REUSED",
            Self::OriginalErased { .. } => "ORIGINAL_ERASED",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::TooMany { .. } => "TOO_MANY",
            Self::QueueFull { .. } => "QUEUE_FULL",
            Self::Clock(_) => "CLOCK",
            Self::InDoubt => "COMMIT_IN_DOUBT",
            Self::Stopping => "STOPPING",
            Self::DeadlinePassed => "DEADLINE_PASSED",
            Self::DeadlineUnknown => "DEADLINE_PASSED_OUTCOME_UNKNOWN",
            Self::Batch { cause, .. } => cause.reason(),
            Self::Damaged { .. } => "DAMAGED",
            Self::Store(_) => "STORE",
            Self::Unanswerable(_) => "UNANSWERABLE",
        }
    }
}

fn faults_text(faults: &[FieldFault]) -> String {
    let each: Vec<String> = faults
        .iter()
        .map(|f| format!("{}: {}", f.field, f.reason))
        .collect();
    each.join("; ")
}
