//! The gRPC edge: generated types, conversion, thin handlers.
