//! The `caseledger` binary.

use std::process::ExitCode;

#[cfg(feature = "server")]
fn main() -> ExitCode {
    caseledger::cli::run().into()
}

/// Without the server the crate is a library only.
#[cfg(not(feature = "server"))]
fn main() -> ExitCode {
    ExitCode::from(2)
}
