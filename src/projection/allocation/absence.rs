//! Absences of practitioners: `semantics.md` 5.1.5.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::days::{DayRange, LastCovered, Span, day_after, open_end};
use crate::domain::event::allocation::{AbsenceKind, AllocationContent, CoverKind};
use crate::domain::event::contact::ContactContent;
use crate::domain::event::{CaseEvent, Content};
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::projection::cut::{Cut, Reading};
use crate::projection::status::{Child, children_of};
use crate::rules::pack::Pack;

/// What was recorded about cover. *Not stated* is not *nobody*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// A named practitioner, who is then the effective holder.
    By(StaffId),
    /// The duty team.
    Duty,
    /// Recorded that nobody covers.
    Nobody,
    /// Not stated.
    NotStated,
}

/// A time for which a practitioner was away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Why.
    pub kind: AbsenceKind,
    /// The first day.
    pub from: DayRange,
    /// The first day back; none while it lasts. By the entry that ends it, the first later entry in which the
    /// practitioner acts, or the end of the spell.
    pub to: Option<DayRange>,
    /// What was recorded about cover.
    pub cover: Covered,
    /// Its working days, so far when it lasts; the as-at date counts.
    pub working_days: u32,
    /// While it lasts and the agency's records end before the as-at date: the last day covered, to which alone its
    /// working days are counted. Its first day when none is covered.
    pub counted_to: Option<Date>,
    /// Long enough to count, and no named person covers: the time is then without an effective holder.
    pub counted: bool,
    /// Positions of the entries it rests on.
    pub evidence: Vec<u64>,
}

/// An absence of one practitioner, before it is laid over a spell.
#[derive(Debug, Clone)]
pub(super) struct Away {
    pub(super) agency: AgencyId,
    pub(super) staff: StaffId,
    children: Vec<PersonRef>,
    absence: Absence,
}

/// Every certain absence in the cut, with its end as far as entries show it.
pub(super) fn all(cut: &Cut, subjects: &[Child]) -> Vec<Away> {
    let absent = cut.of_types(["worker.absent"]).into_iter();
    let absent: Vec<&Reading> = absent.filter(|reading| reading.certain()).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let acts = acts(cut);
    let mut found = Vec::new();
    for reading in absent {
        let Content::Allocation(AllocationContent::WorkerAbsent(away)) = &reading.event().content
        else {
            continue;
        };
        let resolve =
            |when: &crate::domain::time::When| DayRange::of(when.resolve(reading.root().appended));
        let from = away
            .from
            .as_ref()
            .filter(|from| !from.is_unknown())
            .map_or_else(|| DayRange::of(reading.occurred()), resolve);
        let theirs = acts.get(&(reading.agency(), &away.worker));
        let theirs = theirs.map_or(&[][..], Vec::as_slice);
        let end = theirs.get(theirs.partition_point(|(first, _, _)| *first <= from.latest));
        let mut evidence = vec![reading.position()];
        evidence.extend(end.map(|(_, _, position)| *position));
        evidence.sort_unstable();
        let cover = away.cover.clone().unwrap_or_default();
        found.push(Away {
            agency: reading.agency().clone(),
            staff: away.worker.clone(),
            children: children_of(reading.event(), subjects),
            absence: Absence {
                kind: away.kind,
                from,
                to: end.map(|(_, day, _)| *day),
                cover: match (cover.kind, cover.worker) {
                    (CoverKind::Named | CoverKind::NotStated, Some(worker)) => Covered::By(worker),
                    (CoverKind::Duty, _) => Covered::Duty,
                    (CoverKind::None, _) => Covered::Nobody,
                    (CoverKind::Named | CoverKind::NotStated | CoverKind::Unknown(_), _) => {
                        Covered::NotStated
                    }
                },
                working_days: 0,
                counted_to: None,
                counted: false,
                evidence,
            },
        });
    }
    found
}

/// What each practitioner of each agency did: the first day and the days on which it may have been, with its position;
/// the first by any reading first.
type ActsOf<'a> = BTreeMap<(&'a AgencyId, &'a StaffId), Vec<(Date, DayRange, u64)>>;

fn acts(cut: &Cut) -> ActsOf<'_> {
    let mut acts = ActsOf::new();
    for reading in cut.facts() {
        for staff in acting(reading) {
            let day = DayRange::of(reading.occurred());
            let theirs = acts.entry((reading.agency(), staff)).or_default();
            theirs.push((day.first(), day, reading.position()));
        }
    }
    for theirs in acts.values_mut() {
        theirs.sort_unstable_by_key(|(first, day, position)| (*first, day.latest, *position));
    }
    acts
}

/// The practitioners who act in an entry, or of whom it says that they are back.
fn acting(reading: &Reading) -> impl Iterator<Item = &StaffId> {
    let event: &CaseEvent = reading.event();
    let content = &event.content;
    let mut who = None;
    let mut actor = event.actor.as_ref().map(|actor| &actor.staff);
    if let Content::Allocation(AllocationContent::WorkerAbsent(_)) = content {
        actor = None;
    } else if let Content::Allocation(AllocationContent::WorkerReturned(back)) = content {
        who = Some(&back.worker);
    } else if let Content::Contact(ContactContent::VisitMade(visit)) = content {
        who = visit.worker.as_ref();
    } else if let Content::Contact(ContactContent::VisitNoAccess(visit)) = content {
        who = visit.worker.as_ref();
    }
    who.into_iter().chain(actor)
}

/// The absences of a holder that fall into a spell, clipped to its end and judged.
pub(super) fn within(
    away: &[Away],
    who: (&AgencyId, &StaffId, &PersonRef),
    spell: (Date, Option<DayRange>),
    (today, covered): (Date, &LastCovered<'_>),
    pack: &Pack,
) -> Vec<Absence> {
    let (agency, staff, child) = who;
    let (start, end) = spell;
    away.iter()
        .filter(|away| {
            away.agency == *agency && away.staff == *staff && away.children.contains(child)
        })
        .filter_map(|away| {
            let mut absence = away.absence.clone();
            let outside = absence.to.is_some_and(|to| to.latest <= start)
                || end.is_some_and(|end| end.first() <= absence.from.first());
            if outside {
                return None;
            }
            absence.from.earliest = absence.from.earliest.map(|from| from.max(start));
            absence.from.latest = absence.from.latest.max(start);
            absence.to = match (absence.to, end) {
                (Some(back), Some(end)) if end.first() < back.first() => Some(end),
                (None, Some(end)) => Some(end),
                (back, _) => back,
            };
            let until = if let Some(to) = absence.to {
                to.first().min(day_after(today))
            } else {
                let (last, cut) = open_end(absence.from, today, covered);
                absence.counted_to = cut;
                day_after(last)
            };
            absence.working_days = pack
                .calendar()
                .working_days_from(absence.from.latest, until);
            let over = pack.allocation().absence_threshold(absence.kind.name());
            absence.counted =
                absence.working_days > over && !matches!(absence.cover, Covered::By(_));
            Some(absence)
        })
        .collect()
}

impl Absence {
    /// The days on which the holder certainly was away.
    pub(super) fn surely(&self) -> Option<Span> {
        Span::new(self.from.latest, self.to.map_or(Date::MAX, |to| to.first()))
    }

    /// The days on which the holder may have been away.
    pub(super) fn maybe(&self) -> Option<Span> {
        Span::new(self.from.first(), self.to.map_or(Date::MAX, |to| to.latest))
    }
}
