//! The clocks of an entry: `semantics.md` 3.1, and the author's own *since* of 6.2.

use super::placed::{Ingest, Placed};
use crate::domain::event::court::CourtContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::record::RecordContent;
use crate::domain::event::sharing::SharingContent;
use crate::domain::event::{AssertionKind, Attendance, CaseEvent, Content, Presence, SourceKind};
use crate::domain::id::AgencyId;
use crate::domain::time::{Interval, When};

/// The event that an entry asserts: of a correction the corrected one, of anything else itself.
pub fn asserted(event: &CaseEvent) -> &CaseEvent {
    let mut inner = event;
    while let Content::Record(RecordContent::EventCorrected(correction)) = &inner.content {
        inner = &correction.corrected;
    }
    inner
}

/// ω: when the thing took place, by these words of an entry.
pub fn occurred(words: &CaseEvent, root: &Placed) -> Interval {
    words.occurred.resolve(root.appended)
}

/// ρ: when it was recorded, as far as the ledger may rely on it: the claimed time of a back-loaded entry,
/// the appended time of any other.
pub fn recorded(entry: &Placed) -> Interval {
    match entry.ingest {
        Ingest::Backload => entry.recorded_or_appended(),
        Ingest::Live => Interval::instant(entry.appended),
    }
}

/// Whether the author's own staff did or directly observed what these words say.
///
/// A fact or observation from the agency's own staff or record, and a disclosure made to its staff.
/// Hearsay, reports, opinion, allegation and intelligence, and any source outside, are not.
pub fn is_own_observation(words: &CaseEvent, author: &AgencyId) -> bool {
    let own_source = match words.source.kind {
        SourceKind::OwnStaff | SourceKind::OwnRecord => true,
        SourceKind::NotStated => words.actor.is_some(),
        SourceKind::OtherAgency => words.source.agency.as_ref() == Some(author),
        SourceKind::Child
        | SourceKind::Parent
        | SourceKind::Relative
        | SourceKind::Public
        | SourceKind::Document
        | SourceKind::Anonymous
        | SourceKind::Court
        | SourceKind::Other
        | SourceKind::Unknown(_) => false,
    };
    match words.assertion {
        AssertionKind::Fact | AssertionKind::Observation | AssertionKind::NotStated => own_source,
        AssertionKind::Disclosure => own_source || words.source.kind == SourceKind::Child,
        AssertionKind::Allegation
        | AssertionKind::Hearsay
        | AssertionKind::Opinion
        | AssertionKind::Intelligence
        | AssertionKind::Unknown(_) => false,
    }
}

/// Since when the author agency knows an entry: its `known`; else, of what its own staff did or observed,
/// `occurred`; else its `recorded`; else from `occurred` to appended. `words` are the reading's, `root` the
/// original entry, whose recording counts.
pub fn author_since(words: &CaseEvent, root: &Placed) -> Interval {
    if let Some(known) = stated(words.known.as_ref()) {
        return known.resolve(root.appended);
    }
    if is_own_observation(words, &root.agency) {
        return occurred(words, root);
    }
    match stated(root.event.recorded.as_ref()) {
        Some(recorded) => recorded.resolve(root.appended),
        None => Interval {
            earliest: occurred(words, root)
                .earliest
                .filter(|from| *from < root.appended),
            latest: root.appended,
        },
    }
}

fn stated(when: Option<&When>) -> Option<&When> {
    when.filter(|when| !when.is_unknown())
}

/// κ: since when somebody named in these words knew: the author, the sender of a share, both sides of a
/// synchronous one, everybody present at a meeting. Bound by bound the earliest.
pub fn known(words: &CaseEvent, root: &Placed) -> Interval {
    let mut since = author_since(words, root);
    for told in &words.told {
        if told.channel.is_synchronous() && !told.when.is_unknown() {
            since = since.min(told.when.resolve(root.appended));
        }
    }
    if others_knew_then(&words.content) && !words.occurred.is_unknown() {
        since = since.min(occurred(words, root));
    }
    since
}

/// Whether somebody knew it when it took place: whoever sent a share, or was at a meeting.
fn others_knew_then(content: &Content) -> bool {
    let present = |attendance: &[Attendance]| {
        attendance
            .iter()
            .any(|part| matches!(part.presence, Presence::Full | Presence::Part))
    };
    match content {
        Content::Sharing(SharingContent::ShareMade(_)) => true,
        Content::Meeting(MeetingContent::ConferenceHeld(held)) => present(&held.attendance),
        Content::Meeting(MeetingContent::CoreGroupHeld(held)) => present(&held.attendance),
        Content::Enquiry(EnquiryContent::StrategyHeld(held)) => present(&held.attendance),
        Content::Court(CourtContent::LegalMeetingHeld(held)) => present(&held.attendance),
        Content::Sharing(_)
        | Content::Meeting(_)
        | Content::Enquiry(_)
        | Content::Court(_)
        | Content::Case(_)
        | Content::Referral(_)
        | Content::Concern(_)
        | Content::Allocation(_)
        | Content::Contact(_)
        | Content::Plan(_)
        | Content::Care(_)
        | Content::Challenge(_)
        | Content::Record(_)
        | Content::Involvement(_)
        | Content::Feed(_)
        | Content::Registry(_)
        | Content::Review(_)
        | Content::Unrecognised(_) => false,
    }
}

/// κ of an entry about the record that is a statement of its own (a new understanding, a dispute, a
/// retraction as wrong child): its own envelope's; when that says nothing of its time, its recording.
pub fn known_of_record(root: &Placed) -> Interval {
    if stated(root.event.known.as_ref()).is_some() || !root.event.occurred.is_unknown() {
        known(&root.event, root)
    } else {
        root.recorded_or_appended()
    }
}
