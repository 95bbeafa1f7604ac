//! Absences of practitioners: `semantics.md` 5.1.5.

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
    let acts: Vec<(&AgencyId, StaffId, DayRange, u64)> = cut
        .facts()
        .flat_map(|reading| {
            acting(reading).into_iter().map(move |staff| {
                (
                    reading.agency(),
                    staff,
                    DayRange::of(reading.occurred()),
                    reading.position(),
                )
            })
        })
        .collect();
    let mut found = Vec::new();
    for reading in cut.facts() {
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
        let end = acts
            .iter()
            .filter(|(agency, staff, day, _)| {
                *agency == reading.agency() && *staff == away.worker && day.first() > from.latest
            })
            .min_by_key(|(_, _, day, position)| (day.first(), day.latest, *position));
        let mut evidence = vec![reading.position()];
        evidence.extend(end.map(|(_, _, _, position)| *position));
        evidence.sort_unstable();
        let cover = away.cover.clone().unwrap_or_default();
        found.push(Away {
            agency: reading.agency().clone(),
            staff: away.worker.clone(),
            children: children_of(reading.event(), subjects),
            absence: Absence {
                kind: away.kind,
                from,
                to: end.map(|(_, _, day, _)| *day),
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

/// The practitioners who act in an entry, or of whom it says that they are back.
fn acting(reading: &Reading) -> Vec<StaffId> {
    let event: &CaseEvent = reading.event();
    let mut staff = Vec::new();
    if let Content::Allocation(AllocationContent::WorkerAbsent(_)) = &event.content {
        return staff;
    }
    if let Content::Allocation(AllocationContent::WorkerReturned(back)) = &event.content {
        staff.push(back.worker.clone());
    } else if let Content::Contact(ContactContent::VisitMade(visit)) = &event.content {
        staff.extend(visit.worker.clone());
    } else if let Content::Contact(ContactContent::VisitNoAccess(visit)) = &event.content {
        staff.extend(visit.worker.clone());
    }
    staff.extend(event.actor.as_ref().map(|actor| actor.staff.clone()));
    staff
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
