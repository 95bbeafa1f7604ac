//! The `caseledger` binary.

use std::process::ExitCode;

/// A request makes hundreds of small allocations on one thread that another frees: the system's allocator spends a fifth
/// of a server's time on that.
#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "server")]
fn main() -> ExitCode {
    caseledger::cli::run().into()
}

/// Without the server the crate is a library only.
#[cfg(not(feature = "server"))]
fn main() -> ExitCode {
    ExitCode::from(2)
}
