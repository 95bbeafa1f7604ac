//! The use cases, the single writer, the clock and the limits.
//!
//! *Life of an append*: a [`access::Caller`] → [`prepare`] validates and commits to the fields, off the writer's path →
//! a bounded queue → the one writer thread ([`append`]) drains a batch, settles repeats, admits, takes one appended
//! time, seals, commits to the journal, signs the checkpoint, writes the head file → receipts → followers wake.
//!
//! Nothing here names gRPC, generated messages, the command line or sled: the journal and the vault arrive as ports, the
//! decoder of event bytes as a function.

pub mod clock;
pub mod limits;
