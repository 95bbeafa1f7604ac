//! The published form of an event: what the format needs of it, and that the program agrees with it.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use caseledger::domain::event::{self, wire};
use caseledger::grpc::pb::FILE_DESCRIPTOR_SET;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

fn pool() -> DescriptorPool {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap());
    POOL.clone()
}

fn case_event() -> MessageDescriptor {
    pool()
        .get_message_by_name("caseledger.v1.CaseEvent")
        .unwrap()
}

/// Every message that an event can hold, itself included.
fn reachable() -> Vec<MessageDescriptor> {
    let mut seen = BTreeSet::new();
    let mut found = vec![];
    let mut todo = vec![case_event()];
    while let Some(message) = todo.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                todo.push(inner);
            }
        }
        found.push(message);
    }
    found
}

fn is_message(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(_))
}

#[test]
fn an_event_holds_no_map_no_group_and_no_repeated_scalar() {
    let messages = reachable();
    assert!(
        messages.len() > 100,
        "only {} messages were looked at",
        messages.len()
    );
    for message in messages {
        for field in message.fields() {
            assert!(!field.is_map(), "{} is a map", field.full_name());
            assert!(!field.is_group(), "{} is a group", field.full_name());
            assert!(
                !field.is_list() || is_message(&field),
                "{} repeats a scalar",
                field.full_name()
            );
            assert!(!field.is_required(), "{} is required", field.full_name());
        }
    }
}

#[test]
fn the_envelope_lies_below_100_and_every_body_is_a_message_of_the_one_oneof() {
    for field in case_event().fields() {
        let in_body = field
            .containing_oneof()
            .is_some_and(|oneof| oneof.name() == "body");
        assert_eq!(
            wire::is_body(field.number()),
            in_body,
            "{}",
            field.full_name()
        );
        assert!(!in_body || is_message(&field), "{}", field.full_name());
        assert!(field.number() <= 999, "{}", field.full_name());
    }
}

#[test]
fn the_tables_of_field_numbers_say_what_the_descriptor_says() {
    let (mut singular, mut repeated, mut bodies) = (vec![], vec![], vec![]);
    for field in case_event().fields() {
        if !wire::is_body(field.number()) {
            let list = if field.is_list() {
                &mut repeated
            } else {
                &mut singular
            };
            list.push((0, field.number()));
            continue;
        }
        bodies.push((field.number(), field.name().to_owned()));
        for inner in field.kind().as_message().unwrap().fields() {
            let list = if inner.is_list() {
                &mut repeated
            } else {
                &mut singular
            };
            list.push((field.number(), inner.number()));
        }
    }
    singular.sort_unstable();
    repeated.sort_unstable();
    bodies.sort_unstable();
    assert_eq!(singular, wire::SINGULAR_FIELDS);
    assert_eq!(repeated, wire::REPEATED_FIELDS);
    let named: Vec<_> = wire::BODIES
        .iter()
        .map(|(n, name)| (*n, name.replace('.', "_")))
        .collect();
    assert_eq!(bodies, named);
}

#[test]
fn an_event_holds_another_in_one_place_only() {
    let mut places = vec![];
    for message in reachable() {
        for field in message.fields() {
            if field.kind().as_message() == Some(&case_event()) {
                places.push(field.full_name().to_owned());
            }
        }
    }
    assert_eq!(places, ["caseledger.v1.EventCorrected.corrected"]);
    let body = case_event().get_field(wire::CORRECTED.0).unwrap();
    assert_eq!(body.name(), "event_corrected");
    let inner = body
        .kind()
        .as_message()
        .unwrap()
        .get_field(wire::CORRECTED.1)
        .unwrap();
    assert_eq!(inner.name(), "corrected");
    for (number, name) in wire::BODIES {
        let record = ["event.", "matter.", "identity."]
            .iter()
            .any(|group| name.starts_with(group));
        assert_eq!(wire::is_about_record(*number), record, "{name}");
    }
}

/// Compares one coded enum with the published one of the same name.
fn same(path: &str, known: &[(i32, &str)]) {
    let name = path.rsplit("::").next().unwrap().trim();
    let published = pool()
        .get_enum_by_name(&format!("caseledger.v1.{name}"))
        .unwrap();
    let mut prefix = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(c.to_ascii_uppercase());
    }
    let mut expected = vec![(0, format!("{prefix}_UNSPECIFIED"))];
    expected.extend(
        known
            .iter()
            .map(|(n, v)| (*n, format!("{prefix}_{}", v.to_uppercase()))),
    );
    let found: Vec<_> = published
        .values()
        .map(|v| (v.number(), v.name().to_owned()))
        .collect();
    assert_eq!(found, expected, "{name}");
}

macro_rules! same {
    ($($coded:path,)*) => {{
        let mut count = 0;
        $(
            let known: Vec<_> = <$coded>::ALL.iter().map(|v| (v.code(), v.name())).collect();
            same(stringify!($coded), &known);
            count += 1;
        )*
        count
    }};
}

#[test]
fn every_coded_value_has_the_published_number_and_name() {
    let compared = same![
        event::Tri,
        event::Role,
        event::Employment,
        event::SourceKind,
        event::AssertionKind,
        event::Significance,
        event::Channel,
        event::HandlingCode,
        event::RelationKind,
        event::Harm,
        event::Level,
        event::AgeBand,
        event::PersonRelation,
        event::FeedKind,
        event::Presence,
        event::case::PersonRole,
        event::case::MemberChecked,
        event::referral::ReferralOutcome,
        event::concern::IncidentKind,
        event::concern::AppointmentKind,
        event::allocation::AllocationBasis,
        event::allocation::ChangeReason,
        event::allocation::AbsenceKind,
        event::allocation::CoverKind,
        event::allocation::ReadScope,
        event::enquiry::EnquiryOutcome,
        event::enquiry::EnquiryEndReason,
        event::enquiry::AssessmentKind,
        event::enquiry::AssessmentOutcome,
        event::meeting::ConferenceKind,
        event::meeting::View,
        event::meeting::ConferenceDecision,
        event::meeting::Consensus,
        event::plan::PlanType,
        event::plan::BasisKind,
        event::plan::AuditGrade,
        event::plan::CheckResult,
        event::court::OrderKind,
        event::court::Party,
        event::court::Stance,
        event::court::Attributable,
        event::care::LegalBasis,
        event::challenge::ResponseKind,
        event::challenge::ReasonKind,
        event::sharing::WithholdReason,
        event::sharing::ReceiptState,
        event::sharing::AcknowledgementKind,
        event::record::CorrectionKind,
        event::record::RetractionReason,
        event::record::DisputedBy,
        event::involvement::InvolvementKind,
        event::registry::AgencyKind,
    ];
    let used: BTreeSet<String> = reachable()
        .iter()
        .flat_map(MessageDescriptor::fields)
        .filter_map(|field| field.kind().as_enum().map(|e| e.full_name().to_owned()))
        .collect();
    assert_eq!(compared, used.len(), "{used:?}");
}

#[test]
fn everything_published_has_a_comment() {
    let mut looked_at = 0;
    for file in pool()
        .files()
        .filter(|file| file.package_name() == "caseledger.v1")
    {
        let proto = file.file_descriptor_proto();
        let commented: BTreeSet<&[i32]> = proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| location.leading_comments.is_some())
            .map(|location| location.path.as_slice())
            .collect();
        let index = |i: usize| i32::try_from(i).unwrap();
        let mut paths = vec![];
        for (m, message) in proto.message_type.iter().enumerate() {
            paths.push((vec![4, index(m)], message.name().to_owned()));
            for (f, field) in message.field.iter().enumerate() {
                paths.push((vec![4, index(m), 2, index(f)], field.name().to_owned()));
            }
        }
        for (e, coded) in proto.enum_type.iter().enumerate() {
            paths.push((vec![5, index(e)], coded.name().to_owned()));
            for (v, value) in coded.value.iter().enumerate() {
                paths.push((vec![5, index(e), 2, index(v)], value.name().to_owned()));
            }
        }
        for (s, service) in proto.service.iter().enumerate() {
            paths.push((vec![6, index(s)], service.name().to_owned()));
            for (r, rpc) in service.method.iter().enumerate() {
                paths.push((vec![6, index(s), 2, index(r)], rpc.name().to_owned()));
            }
        }
        for (path, name) in paths {
            looked_at += 1;
            assert!(
                commented.contains(path.as_slice()),
                "{}: {name} has no comment",
                file.name()
            );
        }
    }
    assert!(looked_at > 500, "only {looked_at} things were looked at");
}
