//! The gRPC edge: generated types, conversion, thin handlers.

pub mod auth;
pub mod client;
pub mod convert;

pub mod edge;
pub mod inquiry;
pub mod integrity;
pub mod ledger;
pub mod pb;
pub mod peer;
pub mod schema;
pub mod server;
pub mod socket;
pub mod status;
