//! The format: published and frozen vectors, chains, trees, keys and their verification.

mod key_file;
mod own;
mod properties;
mod published;
mod vectors;
mod verify;
