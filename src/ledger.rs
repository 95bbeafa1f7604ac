//! The record format, version 1: canonical bytes, BLAKE3 chains, RFC 6962 tree, checkpoints, receipts.
//!
//! `proto/FORMAT.md` is normative; each module names the section it implements. Pure: no I/O, no clock, no async. An
//! entry is a *statement* (what the author says, maybe signed), its encrypted *content*, and the *ledger fields* that
//! place it; all three go through one BLAKE3 link into the chain of its case, and its header is a leaf of the tree.

pub mod chain;
pub mod checkpoint;
pub mod codec;
pub mod commitment;
pub mod content;
pub mod digest;
pub mod entry;
pub mod fields;
pub mod head;
pub mod note;
pub mod own;
pub mod receipt;
pub mod statement;
pub mod tree;
