//! The port to disk for what may be erased: the keys of entries.
