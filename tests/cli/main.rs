//! The command line from outside: the built program against a server of its own, with the invented cases.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

mod bench;
mod case;
mod demo;
mod entry;
mod running;
mod verify;
mod world;
