//! caseledger: an event-sourced audit ledger for multi-agency child-safeguarding cases.

pub mod domain;
pub mod journal;
pub mod ledger;
pub mod projection;
pub mod rules;
pub mod vault;
pub mod verify;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod grpc;
#[cfg(feature = "server")]
pub mod service;
