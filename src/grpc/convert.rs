//! From the wire to the words of the field, and between protobuf and JSON.
//!
//! [`decode_event`] is strict about what an event must have, keeps enum values that it does not know,
//! and tolerates and counts fields that it does not know. Nothing is ever re-encoded for hashing: the
//! bytes that came are the bytes that are sealed.

mod at;
mod body;
mod envelope;
mod json;
mod parts;
mod scan;

mod allocation;
mod care;
mod case;
mod challenge;
mod concern;
mod contact;
mod court;
mod enquiry;
mod feed;
mod involvement;
mod meeting;
mod plan;
mod record;
mod referral;
mod registry;
mod review;
mod sharing;

use at::{At, FromWire};
pub use envelope::decode_event;
pub use json::{JsonError, answer_to_json, event_from_json, event_to_json, field_name};
