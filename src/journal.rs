//! The port to disk for sealed entries: append if the head is as expected, durable on return.
