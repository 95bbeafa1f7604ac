//! Identifiers, coded values, and what is refused in an event.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use caseledger::domain::check::{self, Refusal};
use caseledger::domain::event::concern::{ConcernContent, ConcernRaised};
use caseledger::domain::event::feed::{FeedConfirmedTo, FeedContent};
use caseledger::domain::event::record::{CorrectionKind, EventCorrected, RecordContent};
use caseledger::domain::event::sharing::{ShareWithheld, SharingContent, WithholdReason};
use caseledger::domain::event::{
    CaseEvent, Channel, Content, EntryRef, FeedKind, Group, Harm, SourceKind, SourceOfInformation,
    Tri, wire,
};
use caseledger::domain::id::{
    AgencyId, CaseId, EventId, IdError, PersonRef, Practitioner, StaffId,
};
use caseledger::domain::time::When;
use jiff::Timestamp;

fn appended() -> Timestamp {
    "2020-06-01T12:00:00Z".parse().unwrap()
}

fn of(content: Content) -> CaseEvent {
    let source = SourceOfInformation {
        kind: SourceKind::OwnStaff,
        ..Default::default()
    };
    let mut event = CaseEvent::new(Some("CH-1".parse().unwrap()), source, content);
    event.occurred = When::edtf("2020-05-01").unwrap();
    event
}

fn concern() -> CaseEvent {
    of(Content::Concern(ConcernContent::ConcernRaised(
        ConcernRaised::default(),
    )))
}

fn target() -> EntryRef {
    EntryRef::Source {
        agency: "school".parse().unwrap(),
        record_id: "31".to_owned(),
    }
}

fn refused(event: &CaseEvent) -> Refusal {
    check::event(event, appended()).unwrap_err()
}

fn withheld(reason: WithholdReason, words: &str) -> CaseEvent {
    of(Content::Sharing(SharingContent::ShareWithheld(
        ShareWithheld {
            item: target(),
            to: "police".parse().unwrap(),
            reason,
            reason_text: words.to_owned(),
            decided_by: None,
            review: None,
        },
    )))
}

fn correction(corrected: CaseEvent) -> CaseEvent {
    of(Content::Record(RecordContent::EventCorrected(
        EventCorrected {
            target: target(),
            kind: CorrectionKind::RecordError,
            reason: String::new(),
            corrected: Box::new(corrected),
        },
    )))
}

#[test]
fn identifiers_are_checked_and_refusals_do_not_repeat_them() {
    assert!(AgencyId::new("school-1").is_ok());
    for bad in ["", "1school", "School", "sch ool", &"a".repeat(33)] {
        let error = AgencyId::new(bad).unwrap_err();
        assert!(bad.is_empty() || !error.to_string().contains(bad), "{bad}");
    }
    assert_eq!(
        AgencyId::new(&"a".repeat(33)),
        Err(IdError::TooLong {
            what: "an agency id",
            max: 32
        })
    );
    assert!(CaseId::new("CH-7Q4M").is_ok() && CaseId::new("CH_7").is_err());
    assert!(StaffId::new("SW 2").is_ok() && StaffId::new("SW/2").is_err());
    assert!(StaffId::new("SW\n2").is_err() && PersonRef::new(" C1").is_err());
    let practitioner: Practitioner = "csc/SW2".parse().unwrap();
    assert_eq!(
        (practitioner.agency.as_str(), practitioner.staff.as_str()),
        ("csc", "SW2")
    );
    assert_eq!(practitioner.to_string(), "csc/SW2");
    assert!("csc".parse::<Practitioner>().is_err());
}

#[test]
fn an_event_id_is_shown_as_a_uuid_and_read_with_or_without_hyphens() {
    let shown = "01234567-89ab-cdef-0123-456789abcdef";
    let id: EventId = shown.parse().unwrap();
    assert_eq!(
        id.0,
        [
            1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
            0xef
        ]
    );
    assert_eq!(id.to_string(), shown);
    assert_eq!(shown.replace('-', "").parse(), Ok(id));
    for bad in [
        "",
        "01234567",
        "0123456789ab-cdef-0123-456789abcdef-",
        "0123456g-89ab-cdef-0123-456789abcdef",
    ] {
        assert!(bad.parse::<EventId>().is_err(), "{bad}");
    }
}

#[test]
fn a_coded_value_that_is_not_known_is_kept_and_shown() {
    assert_eq!(Harm::from_code(3), Harm::Sexual);
    assert_eq!(Harm::from_code(99), Harm::Unknown(99));
    assert_eq!(Harm::Unknown(99).code(), 99);
    assert_eq!(Harm::Unknown(99).to_string(), "unknown value 99");
    assert_eq!(Harm::from_name("domestic_abuse"), Some(Harm::DomesticAbuse));
    assert_eq!(Tri::default(), Tri::NotStated);
    for harm in Harm::ALL {
        assert_eq!(Harm::from_code(harm.code()), *harm);
        assert_eq!(Harm::from_name(harm.name()), Some(*harm));
    }
}

#[test]
fn only_channels_on_which_both_sides_are_there_are_synchronous() {
    let synchronous: Vec<_> = Channel::ALL.iter().filter(|c| c.is_synchronous()).collect();
    assert_eq!(
        synchronous,
        [
            &Channel::InPerson,
            &Channel::Telephone,
            &Channel::Video,
            &Channel::Meeting
        ]
    );
    assert!(!Channel::NotStated.is_synchronous());
}

#[test]
fn a_sound_event_passes_and_one_without_a_source_is_refused() {
    assert_eq!(check::event(&concern(), appended()), Ok(()));
    let mut event = concern();
    event.source.kind = SourceKind::NotStated;
    assert_eq!(refused(&event).field, "source.kind");
}

#[test]
fn a_time_wholly_in_the_future_is_refused_and_one_partly_so_is_not() {
    type Set = fn(&mut CaseEvent, When);
    let set: [(&str, Set); 3] = [
        ("occurred", |e, w| e.occurred = w),
        ("known", |e, w| e.known = Some(w)),
        ("recorded", |e, w| e.recorded = Some(w)),
    ];
    for (field, set) in set {
        let mut event = concern();
        set(&mut event, When::edtf("2020-06-01T12:05:01Z").unwrap());
        assert_eq!(refused(&event).field, field);
        for fine in ["2020-06-01T12:05:00Z", "2020-06-01", "2020", "../2021"] {
            set(&mut event, When::edtf(fine).unwrap());
            assert_eq!(check::event(&event, appended()), Ok(()), "{field} {fine}");
        }
    }
}

#[test]
fn a_withholding_without_a_reason_is_refused() {
    assert_eq!(
        refused(&withheld(WithholdReason::NotStated, "x")).field,
        "share_withheld.reason"
    );
    assert_eq!(
        refused(&withheld(WithholdReason::Other, " ")).field,
        "share_withheld.reason"
    );
    assert_eq!(
        check::event(&withheld(WithholdReason::Other, "a reason"), appended()),
        Ok(())
    );
    assert_eq!(
        check::event(&withheld(WithholdReason::LegalPrivilege, ""), appended()),
        Ok(())
    );
}

#[test]
fn what_a_correction_carries_is_checked_like_any_event_and_is_never_itself_about_the_record() {
    assert_eq!(check::event(&correction(concern()), appended()), Ok(()));
    let mut inner = concern();
    inner.source.kind = SourceKind::NotStated;
    assert_eq!(
        refused(&correction(inner)).field,
        "event_corrected.corrected.source.kind"
    );
    assert!(
        refused(&correction(correction(concern())))
            .field
            .starts_with("event_corrected.corrected")
    );
}

#[test]
fn only_feed_and_registry_events_may_lack_a_case() {
    let mut event = concern();
    event.case_id = None;
    assert_eq!(refused(&event).field, "case_id");
    let mut event = of(Content::Feed(FeedContent::FeedConfirmedTo(
        FeedConfirmedTo {
            agency: "csc".parse().unwrap(),
            kinds: Vec::new(),
            through: When::unknown(),
        },
    )));
    event.case_id = None;
    assert_eq!(check::event(&event, appended()), Ok(()));
}

#[test]
fn limits_name_the_field_and_the_limit() {
    assert_eq!(
        check::text("x", &"a".repeat(check::LINE_MAX), check::LINE_MAX),
        Ok(())
    );
    let refusal = check::text("x", &"a".repeat(201), check::LINE_MAX).unwrap_err();
    assert_eq!(
        (refusal.field.as_str(), refusal.problem.as_str()),
        ("x", "is 201 bytes long, more than 200")
    );
    assert_eq!(check::count("x", check::LIST_MAX), Ok(()));
    assert!(check::count("x", check::LIST_MAX + 1).is_err());
}

#[test]
fn a_kind_has_a_dotted_name_a_group_and_a_feed_kind() {
    let event = concern();
    assert_eq!(event.content.type_name(), "concern.raised");
    assert_eq!(event.content.group(), Group::Concern);
    assert_eq!(event.feed_kind().map(FeedKind::name), Some("concern"));
    assert!(correction(concern()).content.is_about_record());
    assert_eq!(Content::Unrecognised(999).type_name(), "unrecognised");
}

#[test]
fn the_tables_of_field_numbers_are_sorted_so_that_they_can_be_searched() {
    assert!(wire::SINGULAR_FIELDS.is_sorted() && wire::REPEATED_FIELDS.is_sorted());
    assert!(wire::BODIES.is_sorted());
    assert!(wire::is_known(0, 100) && wire::is_known(0, 1) && !wire::is_known(0, 99));
}
