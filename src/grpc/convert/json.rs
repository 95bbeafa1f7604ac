//! Events as proto3 JSON, by the descriptor.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};

use super::scan;
use crate::domain::event::wire;
use crate::grpc::pb;

/// Why JSON is no event, or an event cannot be shown as JSON. Names fields and places, no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not of the form of an event.
    #[error("line {line}, column {column}: {problem}")]
    Form {
        /// What is wrong.
        problem: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The bytes are no event.
    #[error("the bytes are not a protobuf of caseledger.v1.CaseEvent")]
    NotAnEvent,
    /// The program was built without the descriptor of an event.
    #[error("this program does not know the form of an event")]
    NoDescriptor,
}

/// The published descriptor of `caseledger.v1.CaseEvent`.
fn descriptor() -> Result<MessageDescriptor, JsonError> {
    static EVENT: LazyLock<Option<MessageDescriptor>> = LazyLock::new(|| {
        DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET)
            .ok()?
            .get_message_by_name("caseledger.v1.CaseEvent")
    });
    EVENT.clone().ok_or(JsonError::NoDescriptor)
}

/// Reads one event in proto3 JSON (lowerCamelCase or proto names) and gives its protobuf bytes.
///
/// # Errors
/// [`JsonError::Form`] for text that is not JSON, a name that no event has, a value of another type.
pub fn event_from_json(json: &str) -> Result<Vec<u8>, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor()?, &mut reader).map_err(|e| form(&e))?;
    reader.end().map_err(|e| form(&e))?;
    Ok(message.encode_to_vec())
}

/// Keeps of a parser's message what names a field, and leaves out what may repeat a value.
fn form(error: &serde_json::Error) -> JsonError {
    let words = error.to_string();
    let problem = if error.is_syntax() || error.is_eof() {
        "this is not JSON".to_owned()
    } else if words.starts_with("unrecognized field name") {
        words
            .split(" at line")
            .next()
            .unwrap_or_default()
            .to_owned()
    } else if words.contains("enum value") {
        "a coded field has a value that is not in its list".to_owned()
    } else {
        "a field has a value of another type than the event's form says".to_owned()
    };
    JsonError::Form {
        problem,
        line: error.line(),
        column: error.column(),
    }
}

/// Shows the bytes of an event as one line of proto3 JSON. Values of enums that are not known are
/// numbers; fields that are not known are not shown.
///
/// # Errors
/// [`JsonError::NotAnEvent`] when the bytes are none, have two bodies or nest corrections.
pub fn event_to_json(bytes: &[u8]) -> Result<String, JsonError> {
    scan::scan(bytes).map_err(|_no_detail| JsonError::NotAnEvent)?;
    let message =
        DynamicMessage::decode(descriptor()?, bytes).map_err(|_no_detail| JsonError::NotAnEvent)?;
    serde_json::to_string(&message).map_err(|_no_detail| JsonError::NotAnEvent)
}

/// Shows an answer whole as proto3 JSON, given the name of its message: `AllocationAnswer`. Every field is there, also
/// an empty one; positions and counts are numbers.
///
/// # Errors
/// [`JsonError::NoDescriptor`] when no published message has this name; [`JsonError::NotAnEvent`] when it cannot be shown.
pub fn answer_to_json(name: &str, answer: &impl Message) -> Result<String, JsonError> {
    static PUBLISHED: LazyLock<Option<DescriptorPool>> =
        LazyLock::new(|| DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET).ok());
    let found = PUBLISHED
        .as_ref()
        .and_then(|pool| pool.get_message_by_name(&format!("caseledger.v1.{name}")));
    let bytes = answer.encode_to_vec();
    let message = DynamicMessage::decode(found.ok_or(JsonError::NoDescriptor)?, bytes.as_slice())
        .map_err(|_no_detail| JsonError::NotAnEvent)?;
    let mut out = serde_json::Serializer::new(Vec::new());
    let form = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    message
        .serialize_with_options(&mut out, &form)
        .map_err(|_no_detail| JsonError::NotAnEvent)?;
    String::from_utf8(out.into_inner()).map_err(|_no_detail| JsonError::NotAnEvent)
}

/// The dotted name of a field by its numbers (body, or 0 for the envelope; field), for a refusal that
/// knows only numbers.
pub fn field_name(body: u32, number: u32) -> Option<String> {
    let event = descriptor().ok()?;
    if body == 0 {
        return Some(event.get_field(number)?.name().to_owned());
    }
    if !wire::is_body(body) {
        return None;
    }
    let outer = event.get_field(body)?;
    let inner = outer
        .kind()
        .as_message()?
        .get_field(number)?
        .name()
        .to_owned();
    Some(format!("{}.{inner}", outer.name()))
}
