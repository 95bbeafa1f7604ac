//! Wire to domain: the envelope, times and references.

use jiff::Timestamp;
use prost::Message;

use super::{At, FromWire, body, scan};
use crate::domain::check::Refusal;
use crate::domain::event::{
    AssertionKind, CaseEvent, Content, EntryRef, FeedKind, Harm, ItemCodes, Level, Significance,
    Tri,
};
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::When;
use crate::grpc::pb;

/// Reads an event from its bytes.
///
/// Values of enums that this program does not know are kept, fields that it does not know are
/// counted. A body of an unknown number becomes [`Content::Unrecognised`]. Whether the event can be
/// true is for [`crate::domain::check::event`].
///
/// # Errors
/// [`Refusal`] naming the field: bytes that are no event, no body or two, no source, a time that is
/// none, an identifier that is malformed, a text or list that is too long, a correction of an entry
/// about the record.
pub fn decode_event(bytes: &[u8]) -> Result<CaseEvent, Refusal> {
    let found = scan::scan(bytes)?;
    let message = pb::CaseEvent::decode(bytes).map_err(|_no_detail| {
        At::ROOT.inside("event").refuse(
            "is not a protobuf of caseledger.v1.CaseEvent",
            "encode it with the published descriptor",
        )
    })?;
    let mut event = envelope(message, found.unknown_body, &At::ROOT)?;
    event.unknown_fields = found.unknown_fields;
    Ok(event)
}

/// The corrected event inside a correction. Its unknown fields count as the correction's.
pub(super) fn nested(
    at: &At<'_>,
    message: Option<Box<pb::CaseEvent>>,
) -> Result<CaseEvent, Refusal> {
    let at = at.inside("corrected");
    match message {
        Some(message) => envelope(*message, None, &at),
        None => Err(at.refuse("is missing", "send the whole corrected event")),
    }
}

fn envelope(m: pb::CaseEvent, unknown: Option<u32>, at: &At<'_>) -> Result<CaseEvent, Refusal> {
    let content = match (m.body, unknown) {
        (Some(body), None) => body::content(body, at)?,
        (None, Some(number)) => Content::Unrecognised(number),
        (None, None) => {
            return Err(at
                .inside("body")
                .refuse("is missing", "send the content of one kind"));
        }
        (Some(_), Some(_)) => return Err(scan::two_bodies()),
    };
    let source = m.source.ok_or_else(|| {
        at.inside("source")
            .refuse("is missing", "say where the information came from")
    })?;
    // Most are written down when they happen: the same claim of a time then, read once.
    let same_claim = m.recorded.is_some() && m.recorded == m.occurred;
    let occurred = at.when("occurred", m.occurred)?;
    Ok(CaseEvent {
        case_id: at.opt_id("case_id", &m.case_id)?,
        children: at.list("children", m.children)?,
        actor: at.opt_msg("actor", m.actor)?,
        known: at.opt_msg("known", m.known)?,
        recorded: if same_claim {
            Some(occurred.clone())
        } else {
            at.opt_msg("recorded", m.recorded)?
        },
        occurred,
        about_period: at.opt_msg("about_period", m.about_period)?,
        source: FromWire::from_wire(source, &at.inside("source"))?,
        source_system: at.line("source_system", m.source_system)?,
        source_record_id: at.line("source_record_id", m.source_record_id)?,
        agency_sequence: m.agency_sequence,
        assertion: AssertionKind::from_code(m.assertion),
        significance: Significance::from_code(m.significance),
        handling: at.opt_msg("handling", m.handling)?,
        told: at.list("told", m.told)?,
        relations: at.list("relations", m.relations)?,
        lawful_basis: at.text("lawful_basis", m.lawful_basis)?,
        codes: ItemCodes {
            harm: Harm::from_code(m.harm),
            level: Level::from_code(m.level),
            possible_offence: Tri::from_code(m.possible_offence),
            explanation_consistent: Tri::from_code(m.explanation_consistent),
            child_present: Tri::from_code(m.child_present),
            other_person: at.opt_msg("other_person", m.other_person)?,
        },
        content,
        unknown_fields: 0,
    })
}

impl FromWire<pb::When> for When {
    fn from_wire(m: pb::When, at: &At<'_>) -> Result<Self, Refusal> {
        let earliest = instant(m.earliest, &at.inside("earliest"))?;
        let latest = instant(m.latest, &at.inside("latest"))?;
        Self::new(Some(&m.edtf), earliest, latest).map_err(|problem| {
            at.refuse(
                format!("is {problem}"),
                "write a date as 2013-03-14, 2013-03, 2013~ or 2013-03-14T09:00:00, or leave it out",
            )
        })
    }
}

fn instant(
    sent: Option<prost_types::Timestamp>,
    at: &At<'_>,
) -> Result<Option<Timestamp>, Refusal> {
    sent.map(|sent| {
        let real = (0..1_000_000_000).contains(&sent.nanos);
        Timestamp::new(sent.seconds, sent.nanos)
            .ok()
            .filter(|_| real)
            .ok_or_else(|| {
                at.refuse(
                    "is not an instant",
                    "send seconds and 0 to 999,999,999 nanoseconds",
                )
            })
    })
    .transpose()
}

impl FromWire<pb::EntryRef> for EntryRef {
    fn from_wire(m: pb::EntryRef, at: &At<'_>) -> Result<Self, Refusal> {
        let agency: AgencyId = at.id("agency", &m.agency)?;
        match (m.source_record_id.is_empty(), m.event_id.is_empty()) {
            (false, true) => Ok(Self::Source {
                agency,
                record_id: at.line("source_record_id", m.source_record_id)?,
            }),
            (true, false) => Ok(Self::Event {
                agency,
                id: at.id("event_id", &m.event_id)?,
            }),
            _ => Err(at.refuse(
                "names no entry, or two",
                "give source_record_id or event_id",
            )),
        }
    }
}

impl FromWire<pb::PersonCode> for PersonRef {
    fn from_wire(m: pb::PersonCode, at: &At<'_>) -> Result<Self, Refusal> {
        at.id("person", &m.person)
    }
}

impl FromWire<pb::AgencyCode> for AgencyId {
    fn from_wire(m: pb::AgencyCode, at: &At<'_>) -> Result<Self, Refusal> {
        at.id("agency", &m.agency)
    }
}

impl FromWire<pb::Words> for String {
    fn from_wire(m: pb::Words, at: &At<'_>) -> Result<Self, Refusal> {
        at.text("text", m.text)
    }
}

impl FromWire<pb::FeedKindCode> for FeedKind {
    fn from_wire(m: pb::FeedKindCode, _at: &At<'_>) -> Result<Self, Refusal> {
        Ok(Self::from_code(m.kind))
    }
}

impl<M, T: FromWire<M>> FromWire<Box<M>> for T {
    fn from_wire(m: Box<M>, at: &At<'_>) -> Result<Self, Refusal> {
        T::from_wire(*m, at)
    }
}
