//! A small builder of histories for the tests of projections.

use std::sync::Arc;

use caseledger::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationEnded, AllocationStarted,
};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::feed::{FeedConfirmedTo, FeedContent, FeedDeclared};
use caseledger::domain::event::plan::{PlanContent, PlanStarted, PlanType};
use caseledger::domain::event::record::{CorrectionKind, EventCorrected, RecordContent};
use caseledger::domain::event::registry::{AgencyKind, AgencyRegistered, RegistryContent};
use caseledger::domain::event::{
    AssertionKind, CaseEvent, Content, EntryRef, FeedKind, Role, SourceKind, SourceOfInformation,
    Tri,
};
use caseledger::domain::id::{AgencyId, EventId, PersonRef, StaffId};
use caseledger::domain::time::{AsAt, When};
use caseledger::projection::placed::{Ingest, Log, Placed};
use jiff::Timestamp;

pub(crate) fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

pub(crate) fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

pub(crate) fn child(id: &str) -> PersonRef {
    id.parse().unwrap()
}

pub(crate) fn when(text: &str) -> When {
    When::edtf(text).unwrap()
}

pub(crate) fn at(text: &str) -> AsAt {
    text.parse().unwrap()
}

/// An instant from a date (noon) or an RFC 3339 text.
pub(crate) fn instant(text: &str) -> Timestamp {
    if text.contains('T') {
        text.parse().unwrap()
    } else {
        format!("{text}T12:00:00Z").parse().unwrap()
    }
}

/// An own-staff fact that took place then.
pub(crate) fn fact(occurred: &str, content: Content) -> CaseEvent {
    let source = SourceOfInformation {
        kind: SourceKind::OwnStaff,
        ..Default::default()
    };
    let mut event = CaseEvent::new(None, source, content);
    event.assertion = AssertionKind::Fact;
    event.occurred = when(occurred);
    event
}

pub(crate) fn recorded(mut event: CaseEvent, day: &str) -> CaseEvent {
    event.recorded = Some(when(day));
    event
}

pub(crate) fn children(mut event: CaseEvent, names: &[&str]) -> CaseEvent {
    event.children = names.iter().map(|name| child(name)).collect();
    event
}

pub(crate) fn started(day: &str, worker: &str) -> CaseEvent {
    fact(
        day,
        Content::Allocation(AllocationContent::AllocationStarted(AllocationStarted {
            role: Role::SocialWorker,
            basis: AllocationBasis::Named,
            worker: Some(staff(worker)),
            ..Default::default()
        })),
    )
}

pub(crate) fn nobody(day: &str, basis: AllocationBasis) -> CaseEvent {
    fact(
        day,
        Content::Allocation(AllocationContent::AllocationStarted(AllocationStarted {
            role: Role::SocialWorker,
            basis,
            ..Default::default()
        })),
    )
}

pub(crate) fn ended(day: &str, worker: &str) -> CaseEvent {
    fact(
        day,
        Content::Allocation(AllocationContent::AllocationEnded(AllocationEnded {
            role: Role::SocialWorker,
            worker: Some(staff(worker)),
            ..Default::default()
        })),
    )
}

pub(crate) fn cp_plan(day: &str) -> CaseEvent {
    fact(
        day,
        Content::Plan(PlanContent::PlanStarted(PlanStarted {
            plan_type: PlanType::ChildProtection,
            ..Default::default()
        })),
    )
}

pub(crate) fn correction(
    day: &str,
    kind: CorrectionKind,
    of: EntryRef,
    by: CaseEvent,
) -> CaseEvent {
    fact(
        day,
        Content::Record(RecordContent::EventCorrected(EventCorrected {
            target: of,
            kind,
            reason: String::new(),
            corrected: Box::new(by),
        })),
    )
}

/// A history as it is pushed.
#[derive(Default, Clone)]
pub(crate) struct History {
    pub(crate) entries: Vec<Placed>,
}

impl History {
    /// Pushes an entry and gives its position.
    pub(crate) fn push(
        &mut self,
        author: &str,
        ingest: Ingest,
        appended: &str,
        event: CaseEvent,
    ) -> u64 {
        let position = self.entries.len() as u64;
        let mut id = [0_u8; 16];
        id[..8].copy_from_slice(&position.to_be_bytes());
        id[8] = 1;
        self.entries.push(Placed {
            position,
            case_seq: position + 1,
            appended: instant(appended),
            ingest,
            agency: agency(author),
            event_id: EventId(id),
            event: Arc::new(event),
        });
        position
    }

    pub(crate) fn live(&mut self, author: &str, appended: &str, event: CaseEvent) -> u64 {
        self.push(author, Ingest::Live, appended, event)
    }

    pub(crate) fn back(&mut self, author: &str, appended: &str, event: CaseEvent) -> u64 {
        self.push(author, Ingest::Backload, appended, event)
    }

    /// Recorded and appended on the day it took place.
    pub(crate) fn same_day(&mut self, author: &str, day: &str, event: CaseEvent) -> u64 {
        self.live(author, day, recorded(event, day))
    }

    pub(crate) fn register(&mut self, id: &str, kind: AgencyKind, day: &str) {
        self.live(
            id,
            day,
            fact(
                day,
                Content::Registry(RegistryContent::AgencyRegistered(AgencyRegistered {
                    agency: agency(id),
                    kind,
                    name: id.to_owned(),
                    signs: Tri::No,
                })),
            ),
        );
    }

    /// The feed carries every kind, and is live from that day.
    pub(crate) fn feed(&mut self, id: &str, live_from: &str) {
        self.live(
            id,
            live_from,
            fact(
                live_from,
                Content::Feed(FeedContent::FeedDeclared(FeedDeclared {
                    agency: agency(id),
                    kinds: FeedKind::ALL.to_vec(),
                    fields_not_collected: Vec::new(),
                    live_from: when(live_from),
                })),
            ),
        );
    }

    /// The agency says on that day that nothing more is to come up to and with it.
    pub(crate) fn confirm_to(&mut self, id: &str, day: &str) {
        self.live(
            id,
            day,
            fact(
                day,
                Content::Feed(FeedContent::FeedConfirmedTo(FeedConfirmedTo {
                    agency: agency(id),
                    kinds: Vec::new(),
                    through: when(day),
                })),
            ),
        );
    }

    pub(crate) fn subject(&mut self, name: &str, day: &str) {
        self.same_day(
            "csc",
            day,
            fact(
                day,
                Content::Case(CaseContent::PersonRecorded(PersonRecorded {
                    person: child(name),
                    role: PersonRole::SubjectChild,
                    born: None,
                    school_stage: String::new(),
                })),
            ),
        );
    }

    /// A reference to an entry of this history.
    pub(crate) fn reference(&self, position: u64) -> EntryRef {
        let entry = self
            .entries
            .get(usize::try_from(position).unwrap())
            .unwrap();
        EntryRef::Event {
            agency: entry.agency.clone(),
            id: entry.event_id,
        }
    }

    pub(crate) fn log(&self) -> Log {
        Log::new(self.entries.clone())
    }
}

/// Social care, registered and live since 2005, with one child.
pub(crate) fn social_care(names: &[&str], day: &str) -> History {
    let mut history = History::default();
    history.register("csc", AgencyKind::ChildrenSocialCare, "2005-01-03");
    history.feed("csc", "2005-01-03");
    for name in names {
        history.subject(name, day);
    }
    history
}
