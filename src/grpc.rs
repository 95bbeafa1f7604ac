//! The gRPC edge: generated types, conversion, thin handlers.

pub mod convert;
pub mod pb;
