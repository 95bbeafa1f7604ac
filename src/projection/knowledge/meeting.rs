//! Meetings: who was there, what was considered, what a report brought, and who had the minutes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use crate::domain::event::court::CourtContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::{Attendance, Content, EntryRef, Presence, Tri};

use super::clues::{lay, lay_meeting, own_telling};
use super::fact::{Effect, Grade, How, StatementId};
use super::proofs::{Proofs, Telling};
use super::view::{Seen, View};

/// A meeting as its organiser recorded it.
#[derive(Debug, Clone)]
pub(super) struct Held<'a> {
    pub(super) attendance: &'a [Attendance],
    /// What the record lists as considered, in the view.
    pub(super) considered: Vec<StatementId>,
    /// Whether the record lists what was considered at all.
    pub(super) listed: bool,
}

/// Who was at the meeting that an entry records; nobody when it records none.
pub(crate) fn attendance(content: &Content) -> &[Attendance] {
    match content {
        Content::Enquiry(EnquiryContent::StrategyHeld(held)) => &held.attendance,
        Content::Meeting(MeetingContent::ConferenceHeld(held)) => &held.attendance,
        Content::Meeting(MeetingContent::CoreGroupHeld(held)) => &held.attendance,
        Content::Court(CourtContent::LegalMeetingHeld(held)) => &held.attendance,
        _ => &[],
    }
}

/// The meeting that an entry records, if it does.
pub(super) fn held<'a>(view: &View<'a>, seen: &Seen<'a>) -> Option<Held<'a>> {
    let (attendance, items, said_listed) = match &seen.event.content {
        Content::Enquiry(EnquiryContent::StrategyHeld(held)) => {
            let brought = held.shared.iter().flat_map(|shared| &shared.items);
            let items: Vec<&EntryRef> = held.items_considered.iter().chain(brought).collect();
            (&held.attendance, items, false)
        }
        Content::Meeting(MeetingContent::ConferenceHeld(held)) => {
            let items = held.items_considered.iter().collect();
            (&held.attendance, items, held.items_listed == Tri::Yes)
        }
        Content::Meeting(MeetingContent::CoreGroupHeld(held)) => (
            &held.attendance,
            held.items_considered.iter().collect(),
            false,
        ),
        Content::Court(CourtContent::LegalMeetingHeld(held)) => {
            (&held.attendance, Vec::new(), false)
        }
        _ => return None,
    };
    let mut considered: Vec<StatementId> =
        items.iter().filter_map(|item| view.resolve(item)).collect();
    considered.sort_unstable();
    considered.dedup();
    Some(Held {
        attendance,
        considered,
        listed: said_listed || !items.is_empty(),
    })
}

/// What a meeting or its minutes show.
pub(super) fn gather(view: &View<'_>, seen: &Seen<'_>, proofs: &mut Proofs) {
    if let Content::Meeting(MeetingContent::MinutesSent(minutes)) = &seen.event.content {
        let items = view.carried(seen.id);
        let mut telling = Telling {
            effect: Effect::Sent,
            grade: Grade::SenderOnly,
            own_date: false,
            on_file: false,
            ..own_telling(view, seen, How::Minutes)
        };
        view.rest_on(seen.id, &mut telling);
        for to in minutes.to.iter().filter(|to| to.agency != *seen.agency) {
            let to = (&to.agency, to.staff.as_ref());
            lay(view, to, &items, &telling, proofs);
            lay_meeting(view, to, seen.id, telling.clone(), proofs);
        }
        return;
    }
    let Some(held) = held(view, seen) else { return };
    let mut items = held.considered.clone();
    items.push(seen.id);
    let own = own_telling(view, seen, How::Present);
    lay(view, (seen.agency, None), &items, &own, proofs);
    for part in held.attendance {
        let organiser = part.agency == *seen.agency;
        let effect = match part.presence {
            Presence::Full => Effect::Knows,
            Presence::Part => Effect::Possible,
            Presence::Absent
            | Presence::Apologies
            | Presence::ReportOnly
            | Presence::NotStated
            | Presence::Unknown(_) => {
                report(view, seen, part, proofs);
                continue;
            }
        };
        let telling = Telling {
            effect,
            grade: if organiser {
                Grade::OwnRecord
            } else {
                Grade::ThirdPartyPresent
            },
            own_date: organiser,
            on_file: organiser,
            ..own.clone()
        };
        lay(
            view,
            (&part.agency, part.staff.as_ref()),
            &items,
            &telling,
            proofs,
        );
        report(view, seen, part, proofs);
    }
}

/// A report that the organiser is recorded to have received gives it every item of the report. The
/// members have those that were also considered, by being there; its absent author learns nothing.
fn report(view: &View<'_>, seen: &Seen<'_>, part: &Attendance, proofs: &mut Proofs) {
    if part.report_received != Tri::Yes {
        return;
    }
    let items: Vec<StatementId> = part
        .report_items
        .iter()
        .filter_map(|item| view.resolve(item))
        .collect();
    let telling = own_telling(view, seen, How::Report);
    lay(view, (seen.agency, None), &items, &telling, proofs);
}
