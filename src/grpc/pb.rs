//! Generated from `proto/caseledger/v1`: messages, server traits and clients.
//!
//! In `AppendRequest` and `Entry` the field `event` is raw bytes here and a typed `CaseEvent` on the
//! wire and in reflection: see `build.rs`.

#[expect(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    reason = "generated code"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/caseledger.v1.rs"));
}

pub use generated::*;

/// The descriptor set as published: `CaseEvent` fields are typed.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/caseledger_descriptor.bin"));
