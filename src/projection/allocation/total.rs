//! The figures of a role: days with nobody, changes, distinct holders, tenure, agency staff.
//!
//! Every figure but *by year* is of the window asked for. What cannot be known is a figure of its own, never a zero.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Row;
use super::change::{Change, ExplainedState};
use super::days::{Bounds, DayRange, LastCovered, Span, day_after, day_before, open_end, union};
use super::gap::{Extent, Gap, GapEnd, GapKind, MaybeGap, Unknown};
use super::mark::{Employed, EndReason};
use super::spell::Spell;
use crate::domain::event::Role;
use crate::domain::id::{AgencyId, StaffId};
use crate::domain::time::days_between;
use crate::projection::coverage::Absence as Outcome;
use crate::rules::pack::TurnoverParameters;

/// Figures of one row. Days are calendar days; of uncertain ones *at least*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Days with nobody: never allocated, between holders, duty or team, vacant.
    pub nobody_days: i64,
    /// The same *at most*: with the widest reading of dates, and the times that may have been gaps.
    pub nobody_days_at_most: i64,
    /// Working days of `nobody_days`, counted as in each gap: at least, at most.
    pub nobody_working_days: (u32, u32),
    /// Listed gaps that have a day with nobody in the window.
    pub nobody_gaps: usize,
    /// Days held by a manager pending allocation.
    pub manager_days: i64,
    /// Days on which the holder was away and no named person covered.
    pub absent_days: i64,
    /// Days of which it cannot be known whether anybody was allocated.
    pub unknown_days: i64,
    /// Different practitioners with at least one day in the window, cover excluded.
    pub distinct: usize,
    /// They, in order of their first day.
    pub holders: Vec<StaffId>,
    /// Changes whose day certainly lies in the window.
    pub changes: usize,
    /// Changes whose day may lie in the window or outside; in no other figure.
    pub changes_possible: usize,
    /// Changes by calendar year, whole record; 0 for a year in which the role was held without a change. A year that
    /// is not here has no recorded holder: nothing is said of it.
    pub changes_by_year: BTreeMap<i16, usize>,
    /// How the changes in the window were explained, to the child and to the family.
    pub explained: (ExplainedCount, ExplainedCount),
    /// Median length, in days and rounded down, of the spells that ended in the window; a window's closing completes
    /// nothing. None when no spell ended.
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

/// How many changes were explained, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExplainedCount {
    /// Recorded as explained.
    pub yes: usize,
    /// Not explained, or no record where that can be known: what is a finding.
    pub unexplained: usize,
    /// It cannot be told: not collected, not covered, or the time for a record is not over.
    pub undeterminable: usize,
    /// The question did not arise.
    pub not_applicable: usize,
}

/// The share of days held by staff that a staffing agency supplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgencyShare {
    /// Nobody named held the role in the window.
    NobodyHeld,
    /// Employment is unknown for this percentage of the days, more than the pack allows.
    Undeterminable(u32),
    /// Whole percent, rounded down; days of unknown employment count as not agency staff.
    Percent(u32),
}

impl Totals {
    /// The share of agency staff, by the parameters of a pack (`semantics.md` 8.4 row 36).
    pub fn agency_share(&self, parameters: &TurnoverParameters) -> AgencyShare {
        let percent = |days: i64| {
            let whole = days.saturating_mul(100).checked_div(self.held_days);
            whole.and_then(|percent| u32::try_from(percent).ok())
        };
        let over = i64::from(parameters.unknown_employment_over_percent);
        let unknown = self.unknown_employment_days.saturating_mul(100);
        match (
            percent(self.agency_staff_days),
            percent(self.unknown_employment_days),
        ) {
            (Some(_), Some(percent)) if unknown > over.saturating_mul(self.held_days) => {
                AgencyShare::Undeterminable(percent)
            }
            (Some(share), _) => AgencyShare::Percent(share),
            (None, _) => AgencyShare::NobodyHeld,
        }
    }
}

/// What the figures of a row are made from.
pub(super) struct Figures<'a> {
    pub(super) spells: &'a [Spell],
    pub(super) gaps: &'a [Gap],
    pub(super) maybe: &'a [MaybeGap],
    pub(super) unknown: &'a [Unknown],
    pub(super) changes: &'a [Change],
    pub(super) window: Span,
    pub(super) today: Date,
    /// Working days d with a < d < b, as the role counts them.
    pub(super) working: &'a dyn Fn(Date, Date) -> u32,
}

/// Fills in the length of each spell; an open one runs so far, no further than the last day covered.
pub(super) fn measure(spells: &mut [Spell], today: Date, covered: &LastCovered<'_>) {
    for spell in spells {
        let Some(from) = spell.from else {
            continue;
        };
        let (last, cut) = open_end(from, today, covered);
        spell.counted_to = cut.filter(|_| spell.to.is_none());
        let to = match spell.to {
            Some(end) if end.day.latest <= today => end.day,
            Some(end) => DayRange {
                earliest: Some(end.day.first().min(today)),
                latest: today,
            },
            None => DayRange::exact(last),
        };
        spell.days = Some(Bounds::between(from, to));
    }
}

impl Figures<'_> {
    pub(super) fn totals(&self) -> Totals {
        let holders = holders(self.spells, self.window, self.today);
        let mut totals = Totals {
            distinct: holders.len(),
            holders,
            ..Totals::default()
        };
        self.gaps_into(&mut totals);
        self.changes_into(&mut totals);
        self.tenure_into(&mut totals);
        totals
    }

    /// Days and working days of an extent in the window. An end that is still open runs to the as-at date, which counts
    /// as a working day and not as a day.
    fn of(&self, extent: &Extent) -> (i64, u32) {
        let (from, to) = (
            extent.from.max(self.window.from),
            extent.to.day().min(self.window.to),
        );
        let after = extent.to.after().min(self.window.to);
        if from == extent.from && after == extent.to.after() {
            return (extent.days, extent.working_days);
        }
        let before = if from == extent.from {
            from
        } else {
            day_before(from)
        };
        let days = days_between(from, to).max(0);
        let working = if before < after {
            (self.working)(before, after)
        } else {
            0
        };
        (days, working)
    }

    fn gaps_into(&self, totals: &mut Totals) {
        let (mut least, mut most) = (0_u32, 0_u32);
        for gap in self.gaps {
            let widest = self.of(&gap.at_most);
            let (mut other, mut nobody) = ((0, 0), false);
            for stretch in &gap.stretches {
                let (days, working) = self.of(&stretch.extent);
                match stretch.kind {
                    GapKind::HeldByManager => totals.manager_days += days,
                    GapKind::Absent => totals.absent_days += days,
                    GapKind::NeverAllocated
                    | GapKind::BetweenHolders
                    | GapKind::DutyOrTeam
                    | GapKind::Vacant => {
                        totals.nobody_days += days;
                        least = least.saturating_add(working);
                        nobody |= days > 0;
                        continue;
                    }
                }
                other = (other.0 + days, working.saturating_add(other.1));
            }
            totals.nobody_gaps += usize::from(nobody);
            if gap.stretches.iter().any(|stretch| stretch.kind.is_nobody()) {
                totals.nobody_days_at_most += (widest.0 - other.0).max(0);
                most = most.saturating_add(widest.1.saturating_sub(other.1));
            }
        }
        for maybe in self.maybe {
            let (days, working) = self.of(&maybe.extent);
            totals.nobody_days_at_most += days;
            most = most.saturating_add(working);
        }
        totals.nobody_days_at_most = totals.nobody_days_at_most.max(totals.nobody_days);
        totals.nobody_working_days = (least, most.max(least));
        let unknown = self.unknown.iter().filter_map(|unknown| {
            let to = match unknown.to {
                GapEnd::Before(day) => day,
                GapEnd::SoFar(day) | GapEnd::Covered(day) => day_after(day),
            };
            Span::new(unknown.from, to)?.within(self.window)
        });
        totals.unknown_days = union(unknown.collect())
            .iter()
            .map(|span| days_between(span.from, span.to))
            .sum();
    }

    fn changes_into(&self, totals: &mut Totals) {
        for spell in self
            .spells
            .iter()
            .filter(|spell| spell.holder.named().is_some())
        {
            let Some(from) = spell.from.filter(|from| from.latest <= self.today) else {
                continue;
            };
            let last = day_before(spell.counted_until(self.today));
            for year in from.latest.year()..=last.year() {
                totals.changes_by_year.entry(year).or_default();
            }
        }
        for change in self.changes {
            if change.day.first().year() == change.day.latest.year() {
                *totals
                    .changes_by_year
                    .entry(change.day.latest.year())
                    .or_default() += 1;
            }
            let (first, last) = (change.day.first(), change.day.latest);
            if self.window.contains(first) && self.window.contains(last) {
                totals.changes += 1;
                totals.explained.0.add(&change.child);
                totals.explained.1.add(&change.family);
            } else if first < self.window.to && self.window.from <= last {
                totals.changes_possible += 1;
            }
        }
    }

    fn tenure_into(&self, totals: &mut Totals) {
        let named = || {
            self.spells
                .iter()
                .filter(|spell| spell.holder.named().is_some())
        };
        // The day after the last is in the window, or is its end: the last day lies in it.
        let ended_inside = |end: DayRange| {
            let last = day_before(end.latest);
            self.window.contains(last) && end.latest <= self.today
        };
        let mut tenures: Vec<i64> = named()
            .filter(|spell| {
                spell.to.is_some_and(|end| {
                    end.reason != EndReason::WindowClosed && ended_inside(end.day)
                })
            })
            .filter_map(|spell| spell.days.map(|days| days.at_least))
            .collect();
        tenures.sort_unstable();
        totals.completed_spells = tenures.len();
        totals.median_tenure_days = median(&tenures);
        for spell in named() {
            let until = spell.counted_until(self.today);
            let days = Span::new(spell.surely_from(), until)
                .and_then(|sure| sure.within(self.window))
                .map_or(0, |span| days_between(span.from, span.to));
            totals.held_days += days;
            match spell.employed {
                Employed::AgencyStaff => totals.agency_staff_days += days,
                Employed::NotStated => totals.unknown_employment_days += days,
                Employed::Own => {}
            }
        }
    }
}

impl ExplainedCount {
    fn add(&mut self, explanation: &super::change::Explanation) {
        let place = match explanation.state {
            ExplainedState::Yes => &mut self.yes,
            ExplainedState::No => &mut self.unexplained,
            ExplainedState::NoRecord
                if !matches!(explanation.absence, Outcome::Undeterminable(_)) =>
            {
                &mut self.unexplained
            }
            ExplainedState::NoRecord
            | ExplainedState::NotYet
            | ExplainedState::FieldNotCollected => &mut self.undeterminable,
            ExplainedState::NotApplicable => &mut self.not_applicable,
        };
        *place += 1;
    }
}

fn median(sorted: &[i64]) -> Option<i64> {
    let upper = sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    let lower = sorted.get(sorted.len() / 2 - 1)?;
    Some((lower + upper) / 2)
}

/// The named holders with at least one certain day in the window, in order of their first day.
fn holders(spells: &[Spell], window: Span, today: Date) -> Vec<StaffId> {
    let held = |spell: &&Spell| {
        let from = if spell.from.is_some() {
            spell.surely_from()
        } else {
            // Only the end is recorded: the day before it was certainly held.
            spell.to.map_or(Date::MAX, |to| day_before(to.day.first()))
        };
        let to = spell
            .counted_until(today)
            .max(spell.to.map_or(Date::MIN, |to| to.day.first()));
        Span::new(from, to)
            .and_then(|span| span.within(window))
            .is_some()
    };
    let mut named: Vec<StaffId> = Vec::new();
    for staff in spells
        .iter()
        .filter(held)
        .filter_map(|spell| spell.holder.named())
    {
        if !named.contains(staff) {
            named.push(staff.clone());
        }
    }
    named
}

/// Distinct holders of each role in the whole case.
pub(super) fn distinct(rows: &[Row]) -> BTreeMap<(AgencyId, Role), usize> {
    let mut all: BTreeMap<(AgencyId, Role), BTreeSet<&StaffId>> = BTreeMap::new();
    for row in rows {
        all.entry((row.agency.clone(), row.role))
            .or_default()
            .extend(&row.totals.holders);
    }
    all.into_iter()
        .map(|(key, staff)| (key, staff.len()))
        .collect()
}
