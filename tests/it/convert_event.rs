//! Events from the wire and from JSON.
#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests stop at the first thing that is not as expected"
)]

use caseledger::domain::check;
use caseledger::domain::event::concern::ConcernContent;
use caseledger::domain::event::{Content, Harm, wire};
use caseledger::grpc::convert::{
    JsonError, decode_event, event_from_json, event_to_json, field_name,
};
use caseledger::grpc::pb;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};

fn descriptor(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(&format!("caseledger.v1.{name}"))
        .unwrap()
}

fn concern() -> pb::CaseEvent {
    pb::CaseEvent {
        case_id: "CH-1".to_owned(),
        source: Some(pb::SourceOfInformation {
            kind: 1,
            ..Default::default()
        }),
        occurred: Some(pb::When {
            edtf: "2013-01-09".to_owned(),
            ..Default::default()
        }),
        body: Some(pb::case_event::Body::ConcernRaised(pb::ConcernRaised {
            words: "hungry".to_owned(),
            topic: String::new(),
        })),
        ..Default::default()
    }
}

fn refused(event: &pb::CaseEvent) -> check::Refusal {
    decode_event(&event.encode_to_vec()).unwrap_err()
}

/// Fills every field with a value of its own, and notes which name must stand before it in the debug
/// form of the domain's event.
struct Filler {
    next: u32,
    expected: Vec<(String, String)>,
}

impl Filler {
    fn fill(&mut self, message: &MessageDescriptor, wrapped_in: &str) -> DynamicMessage {
        let wrapper = matches!(
            message.name(),
            "PersonCode" | "AgencyCode" | "Words" | "FeedKindCode"
        );
        let mut filled = DynamicMessage::new(message.clone());
        for field in message.fields() {
            let name = match field.name() {
                _ if wrapper => wrapped_in.to_owned(),
                "source_record_id" if message.name() == "EntryRef" => "record_id".to_owned(),
                other => other.to_owned(),
            };
            self.next += 1;
            let n = self.next;
            let value = match field.kind() {
                _ if field.name() == "event_id" || wire::is_body(field.number()) => continue,
                Kind::String if field.name() == "edtf" => {
                    let year = 1000 + n;
                    self.expected
                        .push((format!("Some(\"{year}\")"), "edtf".to_owned()));
                    Value::String(year.to_string())
                }
                Kind::String => {
                    self.expected.push((format!("\"s{n}\""), name));
                    Value::String(format!("s{n}"))
                }
                Kind::Enum(_) => {
                    let code = i32::try_from(10_000 + n).unwrap();
                    self.expected.push((format!("Unknown({code})"), name));
                    Value::EnumNumber(code)
                }
                Kind::Uint32 => {
                    self.expected.push((format!("Some({n}0000000)"), name));
                    Value::U32(n * 10_000_000)
                }
                Kind::Uint64 => {
                    self.expected.push((format!("Some({n}0000000)"), name));
                    Value::U64(u64::from(n) * 10_000_000)
                }
                Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp" => {
                    continue;
                }
                Kind::Message(inner) if inner.name() == "CaseEvent" => Value::Message(
                    DynamicMessage::decode(inner, &*concern().encode_to_vec()).unwrap(),
                ),
                Kind::Message(inner) => {
                    let inside = self.fill(&inner, &name);
                    if field.is_list() {
                        Value::List(vec![Value::Message(inside)])
                    } else {
                        Value::Message(inside)
                    }
                }
                other => panic!("no event has a field of kind {other:?}"),
            };
            filled.set_field(&field, value);
        }
        filled
    }
}

#[test]
fn every_field_of_every_kind_arrives_under_its_own_name() {
    let event = descriptor("CaseEvent");
    for (number, name) in wire::BODIES {
        let mut filler = Filler {
            next: 0,
            expected: vec![],
        };
        let mut message = filler.fill(&event, "");
        let body = event.get_field(*number).unwrap();
        let content = filler.fill(body.kind().as_message().unwrap(), "");
        message.set_field(&body, Value::Message(content));
        let bytes = message.encode_to_vec();
        let decoded = decode_event(&bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(decoded.content.type_name(), *name);
        assert_eq!(decoded.unknown_fields, 0, "{name}");
        let shown = format!("{decoded:?}");
        for (token, field) in filler.expected {
            let at = shown
                .find(&token)
                .unwrap_or_else(|| panic!("{name}: {field} {token} is lost"));
            let before = shown[..at].rsplit([',', '{']).next().unwrap().trim();
            assert!(
                before.starts_with(&format!("{field}:")),
                "{name}: {token} of {field}: {before}"
            );
        }
        let json = event_to_json(&bytes).unwrap();
        let back = decode_event(&event_from_json(&json).unwrap()).unwrap();
        assert_eq!(back, decoded, "{name} through JSON");
    }
}

#[test]
fn an_enum_value_that_is_not_known_is_kept() {
    let mut event = concern();
    event.harm = 99;
    let decoded = decode_event(&event.encode_to_vec()).unwrap();
    assert_eq!(decoded.codes.harm, Harm::Unknown(99));
    assert!(
        event_to_json(&event.encode_to_vec())
            .unwrap()
            .contains("\"harm\":99")
    );
}

#[test]
fn fields_that_are_not_known_are_counted_in_envelope_and_body() {
    let mut bytes = concern().encode_to_vec();
    assert_eq!(decode_event(&bytes).unwrap().unknown_fields, 0);
    bytes.extend([0xd8, 0x04, 0x01]); // field 75, varint 1
    assert_eq!(decode_event(&bytes).unwrap().unknown_fields, 1);
    let mut event = concern();
    event.body = None;
    let mut bytes = event.encode_to_vec();
    bytes.extend([0xe2, 0x08, 0x04, 0x0a, 0x00, 0x58, 0x07]); // body 140 with fields 1 and 11
    let decoded = decode_event(&bytes).unwrap();
    assert_eq!(decoded.unknown_fields, 1);
    assert!(matches!(
        decoded.content,
        Content::Concern(ConcernContent::ConcernRaised(_))
    ));
}

#[test]
fn a_body_of_an_unknown_number_is_kept_by_its_number() {
    let mut event = concern();
    event.body = None;
    let mut bytes = event.encode_to_vec();
    bytes.extend([0xba, 0x3e, 0x00]); // body 999, empty
    assert_eq!(
        decode_event(&bytes).unwrap().content,
        Content::Unrecognised(999)
    );
}

#[test]
fn no_body_and_two_bodies_are_refused() {
    let mut event = concern();
    event.body = None;
    assert_eq!(refused(&event).field, "body");
    let mut bytes = concern().encode_to_vec();
    bytes.extend([0xba, 0x3e, 0x00]);
    assert_eq!(decode_event(&bytes).unwrap_err().field, "body");
    assert_eq!(decode_event(&[]).unwrap_err().field, "body");
}

#[test]
fn a_missing_source_is_refused_and_so_is_one_without_a_kind() {
    let mut event = concern();
    event.source = None;
    let refusal = refused(&event);
    assert_eq!(
        (refusal.field.as_str(), refusal.problem.as_str()),
        ("source", "is missing")
    );
    event.source = Some(pb::SourceOfInformation::default());
    let decoded = decode_event(&event.encode_to_vec()).unwrap();
    let now = "2020-06-01T12:00:00Z".parse().unwrap();
    assert_eq!(
        check::event(&decoded, now).unwrap_err().field,
        "source.kind"
    );
}

#[test]
fn a_refusal_names_the_field_by_its_path_and_never_the_value() {
    let mut event = concern();
    event.told = vec![
        pb::Told {
            agency: "csc".to_owned(),
            ..Default::default()
        },
        pb::Told {
            agency: "Dr Smith".to_owned(),
            ..Default::default()
        },
    ];
    let refusal = refused(&event);
    assert_eq!(refusal.field, "told[1].agency");
    assert!(!refusal.to_string().contains("Smith"));
    let mut event = concern();
    event.occurred = Some(pb::When {
        edtf: "30/02/2013".to_owned(),
        ..Default::default()
    });
    let refusal = refused(&event);
    assert_eq!(refusal.field, "occurred");
    assert!(refusal.remedy.contains("2013-03-14"));
    event.occurred = Some(pb::When {
        earliest: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        }),
        ..Default::default()
    });
    assert_eq!(refused(&event).field, "occurred.earliest");
    event.occurred = None;
    event.body = Some(pb::case_event::Body::ShareAcknowledged(
        pb::ShareAcknowledged::default(),
    ));
    assert_eq!(refused(&event).field, "share_acknowledged.share");
    event.relations = vec![pb::Relation {
        kind: 1,
        target: Some(pb::EntryRef {
            agency: "csc".to_owned(),
            ..Default::default()
        }),
    }];
    assert_eq!(refused(&event).field, "share_acknowledged.share");
    event.body = concern().body;
    assert_eq!(refused(&event).field, "relations[0].target");
}

#[test]
fn texts_and_lists_over_the_limit_are_refused() {
    let mut event = concern();
    let long = pb::ConcernRaised {
        words: "x".repeat(check::TEXT_MAX + 1),
        topic: String::new(),
    };
    event.body = Some(pb::case_event::Body::ConcernRaised(long));
    assert_eq!(refused(&event).field, "concern_raised.words");
    let two_lines = pb::ConcernRaised {
        words: String::new(),
        topic: "a\nb".to_owned(),
    };
    event.body = Some(pb::case_event::Body::ConcernRaised(two_lines));
    assert_eq!(refused(&event).field, "concern_raised.topic");
    let mut event = concern();
    event.children = vec![
        pb::PersonCode {
            person: "C1".to_owned()
        };
        check::LIST_MAX + 1
    ];
    assert_eq!(refused(&event).field, "children");
}

#[test]
fn json_in_camel_case_is_read_and_its_faults_are_located_without_values() {
    let json = r#"{"caseId":"CH-1","source":{"kind":"SOURCE_KIND_OWN_STAFF"},
        "occurred":{"edtf":"2013-03-14"},"harm":"HARM_NEGLECT","concernRaised":{"words":"hungry"}}"#;
    let decoded = decode_event(&event_from_json(json).unwrap()).unwrap();
    assert_eq!(decoded.codes.harm, Harm::Neglect);
    assert_eq!(decoded.content.type_name(), "concern.raised");
    let fault = |json: &str| match event_from_json(json).unwrap_err() {
        JsonError::Form { problem, line, .. } => (problem, line),
        other => panic!("{other}"),
    };
    assert!(fault(r#"{"nosuch":1}"#).0.contains("nosuch"));
    assert_eq!(fault("{\n\"harm\":\"HARM_SECRET\"}").1, 2);
    assert!(!fault(r#"{"harm":"HARM_SECRET"}"#).0.contains("SECRET"));
    assert!(!fault(r#"{"agencySequence":"secret"}"#).0.contains("secret"));
    assert!(fault(r#"{"harm":"#).0.contains("not JSON"));
    assert!(event_from_json("{} {}").is_err());
    assert_eq!(event_to_json(&[0xff]), Err(JsonError::NotAnEvent));
}

#[test]
fn the_server_sees_the_very_bytes_of_the_event_that_a_typed_client_sent() {
    let mut event = concern().encode_to_vec();
    event.extend([0xd8, 0x04, 0x01]); // a field that nobody knows
    let typed = descriptor("AppendRequest");
    let field = typed.get_field_by_name("event").unwrap();
    assert_eq!(
        field
            .kind()
            .as_message()
            .map(|m| m.name().to_owned())
            .as_deref(),
        Some("CaseEvent")
    );
    let mut request = DynamicMessage::new(typed);
    let inner = DynamicMessage::decode(descriptor("CaseEvent"), &*event).unwrap();
    request.set_field(&field, Value::Message(inner.clone()));
    let received = pb::AppendRequest::decode(&*request.encode_to_vec()).unwrap();
    assert_eq!(received.event, inner.encode_to_vec());
    assert_eq!(decode_event(&received.event).unwrap().unknown_fields, 1);
    let sent = pb::AppendRequest {
        event: event.clone(),
        ..Default::default()
    };
    assert_eq!(
        pb::AppendRequest::decode(&*sent.encode_to_vec())
            .unwrap()
            .event,
        event
    );
}

#[test]
fn corrections_inside_corrections_are_refused_at_any_depth_without_exhausting_the_stack() {
    for depth in [1, 2, 20, 45, 2_000, 20_000] {
        let mut bytes = concern().encode_to_vec();
        for _ in 0..depth {
            let event = pb::CaseEvent {
                body: None,
                ..concern()
            };
            let target = pb::EntryRef {
                agency: "csc".to_owned(),
                source_record_id: "1".to_owned(),
                ..Default::default()
            };
            let mut inner = vec![];
            prost::encoding::message::encode(1, &target, &mut inner);
            prost::encoding::bytes::encode(4, &bytes, &mut inner);
            bytes = event.encode_to_vec();
            prost::encoding::bytes::encode(380, &inner, &mut bytes);
        }
        let now = "2020-06-01T12:00:00Z".parse().unwrap();
        let accepted = decode_event(&bytes).and_then(|event| check::event(&event, now));
        assert_eq!(accepted.is_ok(), depth == 1, "{depth}: {accepted:?}");
        let _shown = event_to_json(&bytes);
    }
}

#[test]
fn deeply_nested_json_is_refused_without_exhausting_the_stack() {
    for depth in [10, 60, 5_000] {
        let json = format!(
            "{}{}",
            r#"{"eventCorrected":{"corrected":"#.repeat(depth),
            "{}".to_owned() + &"}}".repeat(depth),
        );
        let read = event_from_json(&json);
        let refused = read.is_err() || decode_event(&read.unwrap()).is_err();
        assert!(refused, "{depth}");
    }
}

#[test]
fn a_field_number_has_the_name_that_a_sender_knows() {
    assert_eq!(field_name(0, 8).as_deref(), Some("source"));
    assert_eq!(field_name(140, 1).as_deref(), Some("concern_raised.words"));
    assert_eq!(field_name(140, 99), None);
    assert_eq!(field_name(0, 99), None);
    assert_eq!(field_name(7, 1), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _answer = decode_event(&bytes);
        let _shown = event_to_json(&bytes);
    }

    #[test]
    fn a_changed_or_cut_event_never_panics(at in 0_usize..60, byte in any::<u8>(), cut in 0_usize..60) {
        let mut bytes = concern().encode_to_vec();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(cut.max(1));
        if let Ok(event) = decode_event(&bytes) {
            let _checked = check::event(&event, jiff::Timestamp::UNIX_EPOCH);
        }
        let _shown = event_to_json(&bytes);
    }

    #[test]
    fn random_text_is_no_event_and_never_panics(text in ".{0,80}") {
        let _answer = event_from_json(&text);
    }
}
