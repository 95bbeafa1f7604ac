//! The entries that changes and gaps are judged by, by agency: each change and each gap looks at those alone that may
//! bear on it, not at the whole case.
//!
//! Every list keeps the order of the facts, and leaves out only what its reader passes over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::days::DayRange;
use super::read::Key;
use crate::domain::event::allocation::{AllocationContent, HandoverCompleted};
use crate::domain::event::contact::ContactContent;
use crate::domain::event::plan::{ActionAssigned, PlanContent};
use crate::domain::event::{Content, Role};
use crate::domain::id::{AgencyId, StaffId};
use crate::domain::time::day_start;
use crate::projection::cut::{Cut, Reading};
use crate::projection::status::{Child, is_about};

const HANDOVER: &str = "handover.completed";
const VISIT: &str = "visit.made";
const ACTION: &str = "action.assigned";
const SOFTENING: [&str; 3] = [VISIT, "unallocated.reason_recorded", "management.oversight"];

/// From one practitioner of an agency to another.
type Between<'a> = (&'a AgencyId, &'a StaffId, &'a StaffId);

/// The lists.
pub(super) struct Acts<'a> {
    subjects: &'a [Child],
    /// Visits and handovers, by when they may have been first.
    shown: BTreeMap<&'a AgencyId, Vec<&'a Reading>>,
    handovers: BTreeMap<Between<'a>, Vec<(&'a Reading, &'a HandoverCompleted)>>,
    /// What softens a gap, by when it may have been first.
    softening: BTreeMap<&'a AgencyId, Vec<&'a Reading>>,
    /// Actions with a due date, by the agency that owns them.
    actions: BTreeMap<&'a AgencyId, Vec<Action<'a>>>,
}

/// An action with a due date.
struct Action<'a> {
    reading: &'a Reading,
    role: Role,
    due: DayRange,
}

impl<'a> Acts<'a> {
    pub(super) fn of(cut: &'a Cut, subjects: &'a [Child]) -> Self {
        let facts = |types: &[&str]| {
            let found = cut.of_types(types.iter().copied()).into_iter();
            found.filter(|reading| reading.certain())
        };
        let mut acts = Self {
            subjects,
            shown: BTreeMap::new(),
            handovers: BTreeMap::new(),
            softening: BTreeMap::new(),
            actions: BTreeMap::new(),
        };
        for reading in facts(&[VISIT, HANDOVER]) {
            let of_agency = acts.shown.entry(reading.agency()).or_default();
            of_agency.push(reading);
            if let Content::Allocation(AllocationContent::HandoverCompleted(handover)) =
                &reading.event().content
            {
                let between = (reading.agency(), &handover.from, &handover.to);
                let of_both = acts.handovers.entry(between).or_default();
                of_both.push((reading, handover));
            }
        }
        for reading in facts(&SOFTENING).filter(|reading| may_soften(reading)) {
            let of_agency = acts.softening.entry(reading.agency()).or_default();
            of_agency.push(reading);
        }
        for reading in facts(&[ACTION]) {
            if let Content::Plan(PlanContent::ActionAssigned(action)) = &reading.event().content {
                acts.action(reading, action);
            }
        }
        acts
    }

    fn action(&mut self, reading: &'a Reading, action: &'a ActionAssigned) {
        let (Some(owner), Some(due)) = (&action.owner, &action.due) else {
            return;
        };
        let agency = owner.agency.as_ref().unwrap_or(reading.agency());
        self.actions.entry(agency).or_default().push(Action {
            reading,
            role: owner.role,
            due: DayRange::of(due.resolve(reading.root().appended)),
        });
    }

    /// Visits and handovers of an agency about a child, certainly between two days, the second not included.
    pub(super) fn shown(
        &self,
        key: &Key,
        (from, to): (Date, Date),
    ) -> impl Iterator<Item = &'a Reading> {
        let of_agency = self.shown.get(&key.agency);
        let near = between(of_agency.map_or(&[], Vec::as_slice), (from, to));
        near.filter(move |reading| {
            let day = DayRange::of(reading.occurred());
            from <= day.first() && day.latest < to
        })
        .filter(|reading| is_about(reading.event(), self.subjects, &key.child))
    }

    /// Positions of the handovers of a role from one practitioner to another.
    pub(super) fn handovers(&self, key: &Key, from: &StaffId, to: &StaffId) -> Vec<u64> {
        let found = self.handovers.get(&(&key.agency, from, to));
        found
            .into_iter()
            .flatten()
            .filter(|(_, handover)| handover.role == key.role)
            .filter(|(reading, _)| is_about(reading.event(), self.subjects, &key.child))
            .map(|(reading, _)| reading.position())
            .collect()
    }

    /// Entries of an agency about a child that may soften a gap, near the two days.
    pub(super) fn softening(
        &self,
        key: &Key,
        days: (Date, Date),
    ) -> impl Iterator<Item = &'a Reading> {
        let of_agency = self.softening.get(&key.agency);
        between(of_agency.map_or(&[], Vec::as_slice), days)
            .filter(|reading| is_about(reading.event(), self.subjects, &key.child))
    }

    /// Actions about a child that an agency owns, in the role where one is named, with the days on which each is due.
    pub(super) fn actions(&self, key: &Key) -> impl Iterator<Item = (u64, DayRange)> {
        let of_agency = self.actions.get(&key.agency);
        of_agency
            .into_iter()
            .flatten()
            .filter(|action| matches!(action.role, Role::NotStated) || action.role == key.role)
            .filter(|action| is_about(action.reading.event(), self.subjects, &key.child))
            .map(|action| (action.reading.position(), action.due))
    }
}

/// Those that may have been first between two days, of a list in the order of the facts.
fn between<'a>(
    list: &[&'a Reading],
    (from, to): (Date, Date),
) -> impl Iterator<Item = &'a Reading> {
    let first = |reading: &Reading| reading.occurred().earliest.unwrap_or(Timestamp::MIN);
    let (from, to) = (day_start(from), day_start(to));
    let begin = from.map_or(0, |from| {
        list.partition_point(|reading| first(reading) < from)
    });
    let near = list.iter().skip(begin).copied();
    near.take_while(move |reading| to.is_none_or(|to| first(reading) < to))
}

/// Whether an entry can soften a gap of some role.
fn may_soften(reading: &Reading) -> bool {
    let event = reading.event();
    if let Content::Contact(ContactContent::VisitMade(visit)) = &event.content {
        let acted_as = event.actor.as_ref().map(|actor| actor.role);
        return visit.role == Role::DutyWorker || acted_as == Some(Role::DutyWorker);
    }
    true
}
