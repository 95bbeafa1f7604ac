//! Builds small histories for the tests of knowledge and sharing.

use std::sync::Arc;

use caseledger::domain::event::allocation::{FileReadAttested, ReadScope};
use caseledger::domain::event::concern::{ConcernContent, ConcernRaised, DisclosureMade};
use caseledger::domain::event::feed::{FeedConfirmedTo, FeedContent, FeedDeclared};
use caseledger::domain::event::plan::{PlanContent, PlanMember, PlanStarted, PlanType};
use caseledger::domain::event::record::{CorrectionKind, EventCorrected, RecordContent};
use caseledger::domain::event::registry::{AgencyKind, AgencyRegistered, RegistryContent};
use caseledger::domain::event::sharing::{
    AcknowledgementKind, ShareAcknowledged, ShareMade, SharingContent,
};
use caseledger::domain::event::{
    Actor, AssertionKind, CaseEvent, Channel, Content, Employment, EntryRef, FeedKind, Harm,
    Recipient, Role, SourceKind, SourceOfInformation, Told, Tri,
};
use caseledger::domain::id::{AgencyId, EventId, Practitioner, StaffId};
use caseledger::domain::time::{AsAt, When};
use caseledger::projection::cut::{Basis, Cut, cut};
use caseledger::projection::knowledge::{Holder, Knowledge, Standing, State};
use caseledger::projection::placed::{Ingest, Log, Placed};
use jiff::Timestamp;

pub(crate) fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

pub(crate) fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

/// `school` or `csc/SW2`.
pub(crate) fn holder(text: &str) -> Holder {
    if text.contains('/') {
        Holder::Practitioner(text.parse::<Practitioner>().unwrap())
    } else {
        Holder::Agency(agency(text))
    }
}

pub(crate) fn when(edtf: &str) -> When {
    When::edtf(edtf).unwrap()
}

/// An entry of a history: set what matters, then [`History::push`] it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) agency: &'static str,
    pub(crate) event: CaseEvent,
    pub(crate) appended: Option<&'static str>,
    pub(crate) ingest: Ingest,
}

pub(crate) fn entry(agency: &'static str, occurred: &str, content: Content) -> Entry {
    let source = SourceOfInformation {
        kind: SourceKind::OwnStaff,
        ..Default::default()
    };
    let mut event = CaseEvent::new(Some("CH-1".parse().unwrap()), source, content);
    event.occurred = when(occurred);
    event.recorded = Some(when(occurred));
    Entry {
        agency,
        event,
        appended: None,
        ingest: Ingest::Live,
    }
}

impl Entry {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut CaseEvent)) -> Self {
        change(&mut self.event);
        self
    }

    pub(crate) fn by(self, who: &str) -> Self {
        let actor = Actor {
            staff: staff(who),
            role: Role::NotStated,
            employment: Employment::NotStated,
        };
        self.with(|event| event.actor = Some(actor))
    }

    pub(crate) fn told(self, to: &str, who: Option<&str>, channel: Channel, on: &str) -> Self {
        let told = Told {
            agency: agency(to),
            staff: who.map(staff),
            channel,
            when: when(on),
        };
        self.with(|event| event.told.push(told))
    }

    pub(crate) fn recorded(self, on: &str) -> Self {
        self.with(|event| event.recorded = Some(when(on)))
    }

    pub(crate) fn appended(mut self, at: &'static str) -> Self {
        self.appended = Some(at);
        self
    }
}

#[derive(Clone, Default)]
pub(crate) struct History {
    pub(crate) entries: Vec<Placed>,
}

impl History {
    /// All four agencies connected and confirmed; a child protection plan open since 2012.
    pub(crate) fn new() -> Self {
        let mut history = Self::registered();
        for id in ["csc", "police", "school", "health"] {
            history.connect(id);
        }
        history.plan();
        history
    }

    /// The four agencies registered, none connected, no plan.
    pub(crate) fn registered() -> Self {
        let mut history = Self::default();
        let kinds = [
            ("csc", AgencyKind::ChildrenSocialCare),
            ("police", AgencyKind::Police),
            ("school", AgencyKind::School),
            ("health", AgencyKind::Health),
        ];
        for (id, kind) in kinds {
            let registered = AgencyRegistered {
                agency: agency(id),
                kind,
                name: String::new(),
                signs: Tri::No,
            };
            let content = RegistryContent::AgencyRegistered(registered);
            history.push(entry("csc", "2010-01-01", Content::Registry(content)));
        }
        history
    }

    pub(crate) fn connect(&mut self, id: &'static str) {
        self.connect_with(id, FeedKind::ALL);
    }

    pub(crate) fn connect_with(&mut self, id: &'static str, kinds: &[FeedKind]) {
        let declared = FeedContent::FeedDeclared(FeedDeclared {
            agency: agency(id),
            kinds: kinds.to_vec(),
            fields_not_collected: Vec::new(),
            live_from: when("2010-01-01"),
        });
        let through = FeedContent::FeedConfirmedTo(FeedConfirmedTo {
            agency: agency(id),
            kinds: Vec::new(),
            through: when("2030-12-31"),
        });
        self.push(entry(id, "2010-01-01", Content::Feed(declared)));
        self.push(entry(id, "2010-01-01", Content::Feed(through)));
    }

    pub(crate) fn plan(&mut self) {
        let members = ["csc", "police", "school", "health"].map(|id| PlanMember {
            agency: agency(id),
            staff: None,
            role: Role::NotStated,
        });
        let plan = PlanContent::PlanStarted(PlanStarted {
            plan_type: PlanType::ChildProtection,
            members: members.to_vec(),
            ..Default::default()
        });
        let mut started = entry("csc", "2012-02-01", Content::Plan(plan));
        for id in ["police", "school", "health"] {
            started = started.told(id, None, Channel::InPerson, "2012-02-01");
        }
        self.push(started);
    }

    /// Seals the entry; gives its position.
    pub(crate) fn push(&mut self, entry: Entry) -> u64 {
        let position = u64::try_from(self.entries.len()).unwrap();
        let mut id = [0_u8; 16];
        id[..8].copy_from_slice(&position.to_be_bytes());
        let appended: Timestamp = if let Some(at) = entry.appended {
            at.parse().unwrap()
        } else {
            let base: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            base + jiff::SignedDuration::from_secs(i64::try_from(position).unwrap())
        };
        self.entries.push(Placed {
            position,
            case_seq: position + 1,
            appended,
            ingest: entry.ingest,
            agency: agency(entry.agency),
            event_id: EventId(id),
            event: Arc::new(entry.event),
        });
        position
    }

    pub(crate) fn refer(&self, position: u64) -> EntryRef {
        let placed = &self.entries[usize::try_from(position).unwrap()];
        EntryRef::Event {
            agency: placed.agency.clone(),
            id: placed.event_id,
        }
    }

    pub(crate) fn refers(&self, positions: &[u64]) -> Vec<EntryRef> {
        positions
            .iter()
            .map(|position| self.refer(*position))
            .collect()
    }

    pub(crate) fn share(
        &self,
        from: &'static str,
        to: &[(&str, Option<&str>)],
        items: &[u64],
        (channel, on): (Channel, &str),
    ) -> Entry {
        let to = to
            .iter()
            .map(|(id, who)| Recipient {
                agency: agency(id),
                staff: who.map(staff),
            })
            .collect();
        let share = ShareMade {
            to,
            items: self.refers(items),
            channel,
            ..Default::default()
        };
        entry(from, on, Content::Sharing(SharingContent::ShareMade(share)))
    }

    pub(crate) fn acknowledge(&self, by: &'static str, share: u64, on: &str) -> Entry {
        self.acknowledge_by(by, share, on, AcknowledgementKind::Person)
    }

    pub(crate) fn acknowledge_by(
        &self,
        by: &'static str,
        share: u64,
        on: &str,
        kind: AcknowledgementKind,
    ) -> Entry {
        let ack = ShareAcknowledged {
            share: self.refer(share),
            by: kind,
            staff: None,
            items: Vec::new(),
        };
        entry(
            by,
            on,
            Content::Sharing(SharingContent::ShareAcknowledged(ack)),
        )
    }

    pub(crate) fn attest(id: &'static str, who: &str, on: &str) -> Entry {
        use caseledger::domain::event::allocation::AllocationContent;
        let read = FileReadAttested {
            worker: staff(who),
            scope: ReadScope::WholeFile,
            up_to: when(on),
            items: Vec::new(),
        };
        entry(
            id,
            on,
            Content::Allocation(AllocationContent::FileReadAttested(read)),
        )
        .by(who)
    }

    pub(crate) fn correct(&self, target: u64, kind: CorrectionKind, on: &str) -> Entry {
        let placed = &self.entries[usize::try_from(target).unwrap()];
        let corrected = Box::new(CaseEvent::clone(&placed.event));
        let correction = EventCorrected {
            target: self.refer(target),
            kind,
            reason: String::new(),
            corrected,
        };
        let id: &'static str = match placed.agency.as_str() {
            "school" => "school",
            "police" => "police",
            "health" => "health",
            _ => "csc",
        };
        entry(
            id,
            on,
            Content::Record(RecordContent::EventCorrected(correction)),
        )
    }

    pub(crate) fn log(&self) -> Log {
        Log::new(self.entries.clone())
    }

    pub(crate) fn cut(&self, basis: Basis, day: &str) -> Cut {
        cut(&self.log(), basis, &day.parse::<AsAt>().unwrap())
    }

    pub(crate) fn knowledge(&self, basis: Basis, day: &str) -> Knowledge {
        Knowledge::of(&self.cut(basis, day))
    }

    /// State, since (London date) and grade of a fact, in basis *then*.
    pub(crate) fn fact(&self, day: &str, who: &str, item: u64) -> Option<Standing> {
        self.knowledge(Basis::Then, day)
            .standing(&holder(who), item)
    }

    /// `knows 2013-01-15`, or `none`.
    pub(crate) fn says(&self, day: &str, who: &str, item: u64) -> String {
        say(self.fact(day, who, item).as_ref())
    }
}

pub(crate) fn say(standing: Option<&Standing>) -> String {
    let Some(standing) = standing else {
        return "none".to_owned();
    };
    let state = match standing.state {
        State::None => "none",
        State::Possible => "possible",
        State::Sent => "sent",
        State::Disputed => "disputed",
        State::Knows => "knows",
    };
    let since = standing.since.earliest.map_or_else(String::new, |at| {
        caseledger::domain::time::london_date(at).to_string()
    });
    format!("{state} {since}")
}

/// A disclosure by the child to a member of staff, of physical harm by a person who is identified.
pub(crate) fn disclosure(id: &'static str, on: &str, to: &str) -> Entry {
    let made = DisclosureMade {
        by_child: Tri::Yes,
        to: Some(staff(to)),
        ..Default::default()
    };
    entry(
        id,
        on,
        Content::Concern(ConcernContent::DisclosureMade(made)),
    )
    .with(|event| {
        event.assertion = AssertionKind::Disclosure;
        event.source.kind = SourceKind::Child;
        event.codes.harm = Harm::Physical;
    })
}

/// A concern with this harm, of the agency's own observation.
pub(crate) fn concern(id: &'static str, on: &str, harm: Harm) -> Entry {
    let raised = ConcernContent::ConcernRaised(ConcernRaised::default());
    entry(id, on, Content::Concern(raised)).with(|event| {
        event.assertion = AssertionKind::Observation;
        event.codes.harm = harm;
    })
}
