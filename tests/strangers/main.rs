//! Tools that are not ours judge what this ledger gives, and ours judges what they give: the Go packages of the
//! transparency logs (`note`, `tlog`), a BLAKE3 that is not the `blake3` crate's, a second RFC 6962 tree in Rust, and a
//! Python client that knows only what the server's reflection says.
//!
//! Go and Python need what a Rust toolchain does not bring (`check.go` and `client.py` say what). Without them their
//! tests say so and pass, unless `STRANGERS_REQUIRED` is set.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[cfg(feature = "server")]
mod client;
#[cfg(feature = "server")]
#[path = "../cli/running.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod running;

mod question;
mod tools;
mod trees;
