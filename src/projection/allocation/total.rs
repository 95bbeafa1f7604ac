//! The figures of a role: days with nobody, changes, distinct holders, tenure, agency staff.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Row;
use super::change::Change;
use super::days::{Bounds, DayRange, Span, day_after};
use super::gap::{Gap, GapKind};
use super::mark::{Employed, EndReason};
use super::spell::Spell;
use crate::domain::event::Role;
use crate::domain::id::{AgencyId, StaffId};
use crate::domain::time::days_between;

/// Figures of one row. Days are calendar days; of uncertain ones *at least*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Days with nobody: never allocated, between holders, duty or team, vacant.
    pub nobody_days: i64,
    /// Days held by a manager pending allocation.
    pub manager_days: i64,
    /// Days on which the holder was away and no named person covered.
    pub absent_days: i64,
    /// Different practitioners with at least one day in the window, cover excluded.
    pub distinct: usize,
    /// Changes whose day certainly lies in the window.
    pub changes: usize,
    /// Changes by calendar year, whole record.
    pub changes_by_year: BTreeMap<i16, usize>,
    /// Median length of completed spells, in days, rounded down; a window's closing completes nothing.
    pub median_tenure_days: Option<i64>,
    /// How many completed spells that rests on.
    pub completed_spells: usize,
    /// Days in the window with a named holder supplied by a staffing agency.
    pub agency_staff_days: i64,
    /// Days in the window with a named holder of unknown employment.
    pub unknown_employment_days: i64,
    /// Days in the window with a named holder.
    pub held_days: i64,
}

/// Fills in the length of each spell; an open one runs so far.
pub(super) fn measure(spells: &mut [Spell], today: Date) {
    for spell in spells {
        let open = DayRange::exact(today);
        spell.days = spell.from.map(|from| {
            let to = match spell.to {
                Some(end) if end.day.latest <= today => end.day,
                Some(end) => DayRange {
                    earliest: Some(end.day.first().min(today)),
                    latest: today,
                },
                None => open,
            };
            Bounds::between(from, to)
        });
    }
}

pub(super) fn totals(
    spells: &[Spell],
    gaps: &[Gap],
    changes: &[Change],
    window: Span,
    today: Date,
) -> Totals {
    let mut totals = Totals {
        distinct: holders(spells, window).len(),
        ..Totals::default()
    };
    for stretch in gaps.iter().flat_map(|gap| &gap.stretches) {
        let days = stretch.extent.days;
        match stretch.kind {
            GapKind::HeldByManager => totals.manager_days += days,
            GapKind::Absent => totals.absent_days += days,
            GapKind::NeverAllocated
            | GapKind::BetweenHolders
            | GapKind::DutyOrTeam
            | GapKind::Vacant => totals.nobody_days += days,
        }
    }
    for change in changes {
        if window.contains(change.day.first()) && window.contains(change.day.latest) {
            totals.changes += 1;
        }
        if change.day.first().year() == change.day.latest.year() {
            *totals
                .changes_by_year
                .entry(change.day.latest.year())
                .or_default() += 1;
        }
    }
    let mut tenures: Vec<i64> = spells
        .iter()
        .filter(|spell| spell.holder.named().is_some())
        .filter(|spell| {
            spell
                .to
                .is_some_and(|end| end.reason != EndReason::WindowClosed && end.day.latest <= today)
        })
        .filter_map(|spell| spell.days.map(|days| days.at_least))
        .collect();
    tenures.sort_unstable();
    totals.completed_spells = tenures.len();
    totals.median_tenure_days = median(&tenures);
    for spell in spells.iter().filter(|spell| spell.holder.named().is_some()) {
        let sure = Span::new(spell.surely_from(), spell.surely_to().min(day_after(today)));
        let days = sure
            .and_then(|sure| sure.within(window))
            .map_or(0, |span| days_between(span.from, span.to));
        totals.held_days += days;
        match spell.employed {
            Employed::AgencyStaff => totals.agency_staff_days += days,
            Employed::NotStated => totals.unknown_employment_days += days,
            Employed::Own => {}
        }
    }
    totals
}

fn median(sorted: &[i64]) -> Option<i64> {
    let upper = sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    let lower = sorted.get(sorted.len() / 2 - 1)?;
    Some((lower + upper) / 2)
}

/// The named holders with at least one certain day in the window.
fn holders(spells: &[Spell], window: Span) -> BTreeSet<StaffId> {
    spells
        .iter()
        .filter(|spell| {
            let from = if spell.from.is_some() {
                spell.surely_from()
            } else {
                // Only the end is recorded: the day before it was certainly held.
                spell
                    .to
                    .map_or(Date::MAX, |to| super::days::day_before(to.day.first()))
            };
            Span::new(
                from,
                spell
                    .surely_to()
                    .max(spell.to.map_or(Date::MIN, |to| to.day.first())),
            )
            .and_then(|span| span.within(window))
            .is_some()
        })
        .filter_map(|spell| spell.holder.named().cloned())
        .collect()
}

/// Distinct holders of each role in the whole case.
pub(super) fn distinct(rows: &[Row], window: Span) -> BTreeMap<(AgencyId, Role), usize> {
    let mut all: BTreeMap<(AgencyId, Role), BTreeSet<StaffId>> = BTreeMap::new();
    for row in rows {
        all.entry((row.agency.clone(), row.role))
            .or_default()
            .extend(holders(&row.spells, window));
    }
    all.into_iter()
        .map(|(key, staff)| (key, staff.len()))
        .collect()
}
