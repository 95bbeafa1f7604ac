//! The format: canonical bytes, BLAKE3 chains, RFC 6962 tree, checkpoints, receipts. No I/O, no clock, no async.
