//! Damage and attacks on a ledger that is not running, from outside: what `verify store` sees of them, what `serve` makes
//! of them, and what `admin salvage` brings back.
//!
//! `TAMPER_SECONDS` is how long the random changes go on (20 unless told), `TAMPER_SEED` repeats a run's choice of
//! changes, `TAMPER_ALL` takes every structure boundary of every block one by one.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test stops at the first thing that is not as expected"
)]

mod attacks;
mod boundaries;
mod change;
mod changes;
mod judge;
mod place;
#[path = "../crash_images/rng.rs"]
#[expect(dead_code, reason = "not all of it is of use here")]
mod rng;
#[path = "../cli/running.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line")]
mod running;
mod salvage;
