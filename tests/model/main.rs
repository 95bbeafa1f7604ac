//! One state machine, three ledgers: the service in memory, the service on sled, and a client of a real server. Random
//! commands go to the ledger and to a naive model of it; every answer is compared. A story that fails is shrunk and
//! printed as the commands that it is made of, to be pasted into a test.
//!
//! `PROPTEST_CASES` sets how many stories are told, instead of some that take seconds.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first thing that is not as expected"
)]

mod command;
mod direct;
mod disk;
mod line;
mod machine;
mod model;
mod stories;
mod teller;
mod wire;
