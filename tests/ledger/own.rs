//! The ledger's own events are read back as they were written, and nothing else is read.
#![expect(clippy::indexing_slicing, reason = "a test helper may panic")]

use caseledger::ledger::codec::DecodeError;
use caseledger::ledger::digest::{ChainTag, Link, TreeHash};
use caseledger::ledger::entry::EntryKind;
use caseledger::ledger::own::{CloseReason, Erased, KeyFate, OwnEvent};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 é]{0,12}", Just("x".repeat(200))]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn varint() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0..300_u64,
        Just(u64::MAX),
        Just(127),
        Just(128)
    ]
}

fn access() -> impl Strategy<Value = OwnEvent> {
    let tags = prop::collection::vec(any::<[u8; 32]>().prop_map(ChainTag::new), 0..4);
    let question = ((text(), text(), text(), text()), tags, bytes(), varint()).prop_map(
        |((person, role, purpose, method), cases, request, pinned)| OwnEvent::Question {
            person,
            role,
            purpose,
            method,
            cases,
            request,
            pinned,
        },
    );
    let open =
        (any::<[u8; 16]>(), text(), text(), varint()).prop_map(|(stream, reader, method, from)| {
            OwnEvent::Open {
                stream,
                reader,
                method,
                from,
            }
        });
    let reason = prop_oneof![
        Just(CloseReason::Closed),
        Just(CloseReason::Hourly),
        Just(CloseReason::Broken)
    ];
    let close = (any::<[u8; 16]>(), reason, varint(), varint()).prop_map(
        |(stream, reason, up_to, delivered)| OwnEvent::Close {
            stream,
            reason,
            up_to,
            delivered,
        },
    );
    prop_oneof![question, open, close]
}

fn erasure() -> impl Strategy<Value = OwnEvent> {
    let what = prop_oneof![Just(Erased::Entry), bytes().prop_map(Erased::Fields)];
    let words = [text(), text(), text(), text()];
    (varint(), any::<[u8; 32]>(), what, words, varint()).prop_map(
        |(position, link, what, [authority, basis, first, second], fields_gone)| {
            OwnEvent::ErasureOrder {
                position,
                link: Link::new(link),
                what,
                authority,
                basis,
                approvers: [first, second],
                fields_gone,
            }
        },
    )
}

fn other() -> impl Strategy<Value = OwnEvent> {
    let root = || any::<[u8; 32]>().prop_map(TreeHash::new);
    let heads = (varint(), varint(), root()).prop_map(|(size, chains, root)| OwnEvent::Heads {
        size,
        chains,
        root,
    });
    let boot = any::<[[u8; 16]; 2]>();
    let reopened = (varint(), root(), boot).prop_map(|(size, root, [boot_before, boot_now])| {
        OwnEvent::Reopened {
            size,
            root,
            boot_before,
            boot_now,
        }
    });
    let fate = prop_oneof![
        Just(KeyFate::Added),
        Just(KeyFate::Retired),
        Just(KeyFate::Revoked)
    ];
    let key = (fate, text(), varint()).prop_map(|(fate, vkey, from)| OwnEvent::KeyChange {
        fate,
        vkey,
        from,
    });
    let clock =
        (varint(), varint(), text(), text()).prop_map(|(last, accepted, operator, reason)| {
            OwnEvent::ClockAcceptance {
                last,
                accepted,
                operator,
                reason,
            }
        });
    prop_oneof![heads, reopened, key, clock]
}

fn any_event() -> impl Strategy<Value = OwnEvent> {
    prop_oneof![access(), erasure(), other()]
}

proptest! {
    #[test]
    fn what_was_written_is_read_back_and_every_shorter_or_longer_form_is_refused(event in any_event()) {
        let (kind, encoded) = (event.kind(), event.encode());
        prop_assert_eq!(OwnEvent::decode(kind, &encoded), Ok(event));
        for cut in 0..encoded.len() {
            prop_assert!(OwnEvent::decode(kind, &encoded[..cut]).is_err(), "cut at {}", cut);
        }
        let mut longer = encoded;
        longer.push(0);
        prop_assert_eq!(
            OwnEvent::decode(kind, &longer),
            Err(DecodeError::LeftOver("event of the ledger"))
        );
    }

    #[test]
    fn whatever_is_read_encodes_to_the_very_same_bytes(
        event in any_event(),
        at in any::<prop::sample::Index>(),
        byte: u8,
        wild in bytes(),
    ) {
        let kind = event.kind();
        let mut changed = event.encode();
        let at = at.index(changed.len());
        changed[at] = byte;
        for bytes in [changed, wild] {
            if let Ok(read) = OwnEvent::decode(kind, &bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
        }
    }
}

fn order() -> OwnEvent {
    OwnEvent::ErasureOrder {
        position: 1,
        link: Link::new([7; 32]),
        what: Erased::Entry,
        authority: "court".to_owned(),
        basis: "law".to_owned(),
        approvers: ["A1".to_owned(), "A2".to_owned()],
        fields_gone: 4,
    }
}

/// The order with `from` replaced by `to`, which must occur once.
fn with(from: &[u8], to: &[u8]) -> Result<OwnEvent, DecodeError> {
    let bytes = order().encode();
    let found: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert_eq!(found.len(), 1, "{from:?}");
    let changed = [&bytes[..found[0]], to, &bytes[found[0] + from.len()..]].concat();
    OwnEvent::decode(EntryKind::ErasureOrder, &changed)
}

#[test]
fn an_erasure_order_with_anything_missing_moved_or_out_of_range_is_refused_naming_it() {
    use DecodeError::{Invalid, Truncated};
    let (first, second): (&[u8], &[u8]) = (b"\x32\x02A1", b"\x32\x02A2");
    let both = [first, second].concat();
    for (from, to, error) in [
        // Position 1 as a varint of two bytes, and one that has no end.
        (
            b"\x08\x01\x12".as_slice(),
            b"\x08\x81\x00\x12".as_slice(),
            Invalid("position"),
        ),
        (
            b"\x08\x01\x12",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x12",
            Invalid("position"),
        ),
        (b"\x08\x01\x12", b"\x12", Invalid("position")),
        (b"\x18\x01", b"\x18\x00", Invalid("what is erased")),
        (b"\x18\x01", b"\x18\x03", Invalid("what is erased")),
        (b"\x22\x05court", b"\x22\x05cour\xff", Invalid("authority")),
        (
            b"\x22\x05court\x2a\x03law",
            b"\x2a\x03law\x22\x05court",
            Invalid("authority"),
        ),
        (&both, first, Invalid("approver")),
        (
            &both,
            &[first, first, second].concat(),
            Invalid("number of fields"),
        ),
        (
            b"\x38\x04\x42\x00",
            b"\x42\x00",
            Invalid("number of fields"),
        ),
        (
            b"\x38\x04\x42\x00",
            b"\x38\x04\x42\x01",
            Truncated("disclosure of what stays"),
        ),
        // A whole entry goes, and yet something is said to stay.
        (
            b"\x38\x04\x42\x00",
            b"\x38\x04\x42\x01x",
            Invalid("what is erased"),
        ),
    ] {
        assert_eq!(with(from, to), Err(error), "{to:?}");
    }
}

#[test]
fn events_of_others_are_not_read_as_the_ledgers_own() {
    for kind in [EntryKind::CaseEvent, EntryKind::RegistryEvent] {
        let refused = OwnEvent::decode(kind, &order().encode());
        assert_eq!(refused, Err(DecodeError::Invalid("entry kind")));
    }
    let mut refused = 0;
    for kind in EntryKind::ALL {
        refused += usize::from(OwnEvent::decode(kind, &order().encode()).is_err());
    }
    assert_eq!(
        refused,
        EntryKind::ALL.len() - 1,
        "it is read as one kind only"
    );
}
