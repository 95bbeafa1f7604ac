//! Changes of holder, and whether they were explained: `semantics.md` 5.1.11 and 5.1.12.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Row;
use super::acts::Acts;
use super::days::{DayRange, day_after};
use super::mark::{EndReason, Said};
use super::read::Key;
use super::spell::Spell;
use crate::domain::event::allocation::{AllocationContent, ChangeReason};
use crate::domain::event::contact::ContactContent;
use crate::domain::event::{Content, FeedKind, Tri};
use crate::domain::id::StaffId;
use crate::projection::coverage::{Absence as Outcome, Coverage};
use crate::projection::cut::Reading;
use crate::projection::status::Child;
use crate::rules::calendar::{birthday, days};
use crate::rules::pack::{Pack, TurnoverParameters};

/// Whether a change was explained to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExplainedState {
    /// Recorded as explained.
    Yes,
    /// Recorded as not explained.
    No,
    /// No record, and the time for one is over.
    NoRecord,
    /// No record yet; evidence still counts.
    NotYet,
    /// The agency's feed does not collect it.
    FieldNotCollected,
    /// The question does not arise: a child too young, or recorded so.
    NotApplicable,
}

/// One person's part of *explained*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it was explained.
    pub state: ExplainedState,
    /// What *no record* is worth.
    pub absence: Outcome,
    /// Positions of visits and handovers that show it.
    pub evidence: Vec<u64>,
}

impl Explanation {
    /// Whether it is a finding: recorded as not explained, or no record when that can be known.
    pub fn fires(&self) -> bool {
        match self.state {
            ExplainedState::No => true,
            ExplainedState::NoRecord => !matches!(self.absence, Outcome::Undeterminable(_)),
            ExplainedState::Yes
            | ExplainedState::NotYet
            | ExplainedState::FieldNotCollected
            | ExplainedState::NotApplicable => false,
        }
    }
}

/// A change from one named holder to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who held the role.
    pub from: StaffId,
    /// Who holds it now.
    pub to: StaffId,
    /// The day on which the new holder began.
    pub day: DayRange,
    /// Why, as the ending and the starting entry say.
    pub reasons: (ChangeReason, ChangeReason),
    /// Whether it was explained to the child.
    pub child: Explanation,
    /// Whether it was explained to the family.
    pub family: Explanation,
    /// Positions of the handovers from the one to the other.
    pub handover: Vec<u64>,
    /// Positions of the entries it rests on.
    pub evidence: Vec<u64>,
}

/// What the changes of one role are read against.
pub(super) struct Changes<'a> {
    pub(super) key: &'a Key,
    pub(super) acts: &'a Acts<'a>,
    pub(super) pack: &'a Pack,
    pub(super) coverage: &'a Coverage,
    pub(super) subjects: &'a [Child],
    pub(super) today: Date,
}

impl Changes<'_> {
    /// The changes among a role's spells: successive named holders who differ. The closing of a window is no
    /// change, and whoever begins in the next is a first holder.
    pub(super) fn of(&self, spells: &[Spell]) -> Vec<Change> {
        let named: Vec<&Spell> = spells
            .iter()
            .filter(|spell| spell.holder.named().is_some())
            .collect();
        named
            .iter()
            .zip(named.iter().skip(1))
            .filter_map(|(before, after)| self.change(before, after))
            .collect()
    }

    /// The changes in a role that may have several holders: where one had ended, by an entry that says so, before the
    /// next began.
    pub(super) fn in_turn(&self, spells: &[Spell]) -> Vec<Change> {
        let followed = |change: &Change| {
            let before = spells.iter().rev().find(|spell| {
                spell.holder.named() == Some(&change.from)
                    && spell.first_day() <= change.day.first()
            });
            before.is_some_and(|spell| spell.last_end() <= change.day.first())
        };
        let mut changes = self.of(spells);
        changes.retain(followed);
        changes
    }

    fn change(&self, before: &Spell, after: &Spell) -> Option<Change> {
        let (from, to) = (before.holder.named()?, after.holder.named()?);
        let day = after.from?;
        let closed = before.to.is_some_and(|end| {
            end.reason == EndReason::WindowClosed && end.day.first() <= day.first()
        });
        if from == to || closed {
            return None;
        }
        let handover = self.acts.handovers(self.key, from, to);
        let mut evidence = before.evidence.clone();
        evidence.extend(&after.evidence);
        evidence.extend(&handover);
        evidence.sort_unstable();
        evidence.dedup();
        Some(Change {
            from: from.clone(),
            to: to.clone(),
            day,
            reasons: (before.ended_because, after.begun_because),
            child: self.explained(before, after, day, true),
            family: self.explained(before, after, day, false),
            handover,
            evidence,
        })
    }

    fn explained(&self, before: &Spell, after: &Spell, day: DayRange, child: bool) -> Explanation {
        let parameters = self.pack.allocation();
        let calendar = self.pack.calendar();
        let first = calendar.subtract_working_days(day.first(), parameters.explained_before);
        let last = calendar.add_working_days(day.latest, parameters.explained_after);
        let window = (first, day_after(last));
        let absence = self.coverage.absence_of(
            &self.key.agency,
            FeedKind::Allocation,
            Some(&self.key.child),
            window,
        );
        let mut said: Vec<Said> = Vec::new();
        for explained in [&before.end_said, &after.start_said] {
            let (word, when) = if child {
                explained.child
            } else {
                explained.family
            };
            if when.is_none_or(|when| window.0 <= when.latest && when.first() < window.1) {
                said.push(word);
            }
        }
        let evidence = self.shown_by(before, after, window, child);
        let state = if child && self.too_young(day) || said.contains(&Said::NotApplicable) {
            ExplainedState::NotApplicable
        } else if said.contains(&Said::Yes) || !evidence.is_empty() {
            ExplainedState::Yes
        } else if said.contains(&Said::No) {
            ExplainedState::No
        } else if !self.collected(day.latest, child) {
            ExplainedState::FieldNotCollected
        } else if self.today <= last {
            ExplainedState::NotYet
        } else {
            ExplainedState::NoRecord
        };
        Explanation {
            state,
            absence,
            evidence,
        }
    }

    /// Joint or introductory visits, and handovers that name it, inside the time that counts.
    fn shown_by(
        &self,
        before: &Spell,
        after: &Spell,
        window: (Date, Date),
        child: bool,
    ) -> Vec<u64> {
        let (Some(from), Some(to)) = (before.holder.named(), after.holder.named()) else {
            return Vec::new();
        };
        let started = after.first_day();
        self.acts
            .shown(self.key, window)
            .filter(|reading| self.shows(reading, (from, to), started, child))
            .map(Reading::position)
            .collect()
    }

    fn shows(
        &self,
        reading: &Reading,
        (from, to): (&StaffId, &StaffId),
        started: Date,
        child: bool,
    ) -> bool {
        let content = &reading.event().content;
        if let Content::Allocation(AllocationContent::HandoverCompleted(handover)) = content {
            let named = if child {
                handover.child_introduced
            } else {
                handover.joint_visit
            };
            return handover.from == *from && handover.to == *to && named == Tri::Yes;
        }
        let Content::Contact(ContactContent::VisitMade(visit)) = content else {
            return false;
        };
        let actor = reading.event().actor.as_ref().map(|actor| &actor.staff);
        let there = [visit.worker.as_ref(), actor];
        let joint = there.contains(&Some(from)) && there.contains(&Some(to));
        let introduced =
            there.contains(&Some(to)) && DayRange::of(reading.occurred()).latest < started;
        let mut seen = visit.seen.iter();
        let seen = !child || seen.any(|seen| seen.child == self.key.child && seen.seen == Tri::Yes);
        (joint || introduced) && seen
    }

    fn too_young(&self, day: DayRange) -> bool {
        let born = self
            .subjects
            .iter()
            .find(|child| child.person == self.key.child)
            .and_then(|child| child.born);
        born.and_then(|born| born.earliest).is_some_and(|born| {
            day.latest < birthday(born, self.pack.allocation().explained_child_from_age)
        })
    }

    /// Whether the agency's feed collects the field in starting or ending events.
    fn collected(&self, day: Date, child: bool) -> bool {
        let field = if child {
            "explained_to_child"
        } else {
            "explained_to_family"
        };
        [
            "allocation.started",
            "allocation.ended",
            "allocation.transferred",
        ]
        .iter()
        .any(|event| {
            self.coverage
                .collects(&self.key.agency, &format!("{event}.{field}"), day)
        })
    }
}

/// Changes of two agencies close together, for one child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simultaneous {
    /// Row and change of the one: indexes into the answer.
    pub first: (usize, usize),
    /// Row and change of the other.
    pub second: (usize, usize),
    /// Days between the two.
    pub days: i64,
}

/// The changes of two agencies close together, planned ones left out, in the roles that a rule expects to be held. A pair that siblings have in common counts once.
pub(super) fn simultaneous(rows: &[Row], parameters: &TurnoverParameters) -> Vec<Simultaneous> {
    let planned = |change: &Change| {
        let names = [change.reasons.0.name(), change.reasons.1.name()];
        let excluded = &parameters.simultaneous_excluded_reasons;
        excluded
            .iter()
            .any(|reason| names.contains(&reason.as_str()))
    };
    let changes = || {
        rows.iter().enumerate().flat_map(|(r, row)| {
            let changes = row.changes.iter().enumerate();
            changes.map(move |(c, change)| ((r, c), row, change))
        })
    };
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let key = |row: &Row| row.threshold.is_some();
    for (first, row, a) in changes().filter(|(_, row, a)| key(row) && !planned(a)) {
        for (second, other, b) in changes().filter(|(_, row, b)| key(row) && !planned(b)) {
            let mut children = row.children.iter();
            let shared = children.any(|child| other.children.contains(child));
            if second <= first || row.agency == other.agency || !shared {
                continue;
            }
            let within = i64::from(parameters.simultaneous_within_days);
            let Some(days) = apart(a, b).filter(|days| *days <= within) else {
                continue;
            };
            let name = |row: &Row, of: &Change| {
                let who = (of.from.clone(), of.to.clone());
                (row.agency.clone(), row.role, who, of.day)
            };
            if seen.insert((name(row, a), name(other, b))) {
                found.push(Simultaneous {
                    first,
                    second,
                    days,
                });
            }
        }
    }
    found
}

/// Whether two changes are at most so many days apart, by every reading of their dates.
fn apart(a: &Change, b: &Change) -> Option<i64> {
    let (first, second) = (a.day.earliest?, b.day.earliest?);
    let one = i64::from(days(first, b.day.latest)).abs();
    let two = i64::from(days(second, a.day.latest)).abs();
    Some(one.max(two))
}
