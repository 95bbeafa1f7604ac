//! The service through a real gRPC server on a loopback port, on sled in a directory of its own.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first thing that is not as expected"
)]

mod append;
mod changed;
mod concurrency;
mod convert_descriptor;
mod convert_event;
mod erasure;
mod inquiry_allocation;
mod inquiry_late;
mod inquiry_sharing;
mod journal;
mod kill;
mod lag;
mod raw;
mod read;
mod refusals;
mod replay;
mod sample_case;
mod stop;
mod system;
mod tail;
mod uncommitted;
mod world;
