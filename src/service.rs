//! The use cases, the single writer, the clock and the limits.
