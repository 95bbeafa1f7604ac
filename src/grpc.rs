//! The gRPC edge: generated types, conversion, thin handlers.

pub mod pb;
