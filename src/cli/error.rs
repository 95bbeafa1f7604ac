//! A failure as a person reads it: what, why, what next; and the exit code that goes with it.

use std::fmt;

use crate::grpc::client::{Code, Status, named_fields};

use super::exit::Exit;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    /// How the program ends.
    pub exit: Exit,
    what: String,
    advice: Option<String>,
}

impl Failure {
    /// A failure with this exit code and text.
    pub(super) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            advice: None,
        }
    }

    /// What went wrong, without the advice.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(advice) = &self.advice {
            write!(f, "\n  {advice}")?;
        }
        Ok(())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Other, error.to_string())
    }
}

impl From<Box<dyn std::error::Error>> for Failure {
    fn from(error: Box<dyn std::error::Error>) -> Self {
        Self::new(Exit::Other, error.to_string())
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let exit = match status.code() {
            Code::Ok => Exit::Done,
            Code::InvalidArgument | Code::AlreadyExists | Code::Aborted | Code::OutOfRange => {
                Exit::InputRejected
            }
            Code::NotFound => Exit::NotFound,
            Code::PermissionDenied | Code::Unauthenticated => Exit::NotPermitted,
            Code::DataLoss => Exit::IntegrityBroken,
            // No service of ours answers `UNKNOWN`: the connection broke.
            Code::Unknown
            | Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Cancelled => Exit::Unavailable,
            Code::FailedPrecondition | Code::Unimplemented | Code::Internal => Exit::Other,
        };
        let named: Vec<String> = named_fields(&status)
            .into_iter()
            .map(|(field, what)| format!("{field}: {what}"))
            .collect();
        let failure = match (status.code(), status.message()) {
            // The words of the transport, not of a service.
            (_, "Timeout expired") => Self::new(exit, "no answer came within --timeout")
                .advise("try again, with more time: --timeout 2m"),
            (Code::NotFound, words @ "there is no such entry") => {
                Self::new(exit, words).advise("the entries of a case: caseledger case entries CASE")
            }
            (_, words) => Self::new(exit, words),
        };
        if named.is_empty() || status.message().contains(&named.join("; ")) {
            failure
        } else {
            failure.advise(named.join("\n  "))
        }
    }
}

/// Whether a call of the system stands behind an error.
pub(super) fn is_of_system(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        let io = cause.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.raw_os_error().is_some()) {
            return true;
        }
        next = cause.source();
    }
    false
}

/// An error with everything that caused it, on one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
