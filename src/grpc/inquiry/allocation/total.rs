//! Totals as messages: each figure that is not known is left out, never 0.

use std::collections::{BTreeMap, BTreeSet};

use super::Page;
use crate::grpc::inquiry::parts::{small, small_days};
use crate::grpc::pb;
use crate::projection::allocation::change::Change;
use crate::projection::allocation::days::{DayRange, Span};
use crate::projection::allocation::gap::GapEnd;
use crate::projection::allocation::total::{AgencyShare, ExplainedCount, Totals};
use crate::projection::allocation::{Allocation, Row};

impl Page<'_> {
    /// The totals of each row and child, and for each agency and role those of the whole case.
    pub(super) fn totals(&self, found: &Allocation, rows: &[&Row]) -> Vec<pb::AllocationTotal> {
        let mut totals: Vec<pb::AllocationTotal> = Vec::new();
        for row in rows {
            for child in &row.children {
                totals.push(pb::AllocationTotal {
                    child: child.to_string(),
                    ..self.total(row)
                });
            }
        }
        for (agency, role) in found.distinct.keys() {
            let of: Vec<&Row> = rows
                .iter()
                .copied()
                .filter(|row| row.agency == *agency && row.role == *role)
                .collect();
            match of.as_slice() {
                [] => {}
                [first, rest @ ..] if rest.iter().all(|row| alike(first, row)) => {
                    totals.push(self.of_alike(&of, first));
                }
                [first, ..] => totals.push(of_case(first, &of, found.window)),
            }
        }
        totals
    }

    fn total(&self, row: &Row) -> pb::AllocationTotal {
        let of = &row.totals;
        // With no window, or one that is not known, a gap cannot be told from a time in which nobody was expected.
        let expected = row.window.is_some();
        let days = |days: i64| expected.then(|| small_days(days));
        pb::AllocationTotal {
            agency: row.agency.to_string(),
            role: row.role.code(),
            child: String::new(),
            distinct: small(of.distinct),
            changes: small(of.changes),
            days_with_nobody: expected.then(|| nobody(row, of)),
            gaps: expected.then(|| small(of.nobody_gaps)),
            median_days: of.median_tenure_days.map(small_days),
            completed_spells: small(of.completed_spells),
            manager_days: days(of.manager_days),
            absent_days: days(of.absent_days),
            evidence: evidence(&[row]),
            holders: of.holders.iter().map(ToString::to_string).collect(),
            unknown_days: days(of.unknown_days),
            changes_possible: small(of.changes_possible),
            changes_by_year: years(&of.changes_by_year),
            explained_to_child: Some(count(&of.explained.0)),
            explained_to_family: Some(count(&of.explained.1)),
            agency_staff: Some(self.share(of)),
        }
    }

    /// The totals of children whose rows differ at most in how changes were explained: that is then left out.
    fn of_alike(&self, rows: &[&Row], first: &Row) -> pb::AllocationTotal {
        let total = pb::AllocationTotal {
            evidence: evidence(rows),
            ..self.total(first)
        };
        if rows.iter().all(|row| row.totals == first.totals) {
            return total;
        }
        pb::AllocationTotal {
            explained_to_child: None,
            explained_to_family: None,
            ..total
        }
    }

    fn share(&self, of: &Totals) -> pb::AgencyStaffShare {
        let (percent, undeterminable) = match of.agency_share(self.pack.turnover()) {
            AgencyShare::Percent(percent) => (Some(percent), String::new()),
            AgencyShare::NobodyHeld => (None, "nobody named held the role".to_owned()),
            AgencyShare::Undeterminable(percent) => {
                let words = format!("employment is not recorded for {percent} percent of the days");
                (None, words)
            }
        };
        pb::AgencyStaffShare {
            days: small_days(of.agency_staff_days),
            unknown_days: small_days(of.unknown_employment_days),
            of_days: small_days(of.held_days),
            percent,
            undeterminable,
        }
    }
}

fn nobody(row: &Row, of: &Totals) -> pb::Days {
    let open = |gap: &crate::projection::allocation::gap::Gap| {
        let last = gap.stretches.last();
        last.is_some_and(|last| {
            last.kind.is_nobody() && !matches!(last.extent.to, GapEnd::Before(_))
        })
    };
    pb::Days {
        at_least: of.nobody_days,
        at_most: of.nobody_days_at_most,
        working_at_least: i64::from(of.nobody_working_days.0),
        working_at_most: i64::from(of.nobody_working_days.1),
        so_far: row.gaps.iter().any(open),
    }
}

/// Whether the figures of two children are the same, but for how changes were explained.
fn alike(a: &Row, b: &Row) -> bool {
    let figures = |row: &Row| Totals {
        explained: Default::default(),
        ..row.totals.clone()
    };
    let spans = |row: &Row| -> Vec<_> { row.gaps.iter().map(|gap| gap.at_least.from).collect() };
    a.window.is_some() == b.window.is_some() && figures(a) == figures(b) && spans(a) == spans(b)
}

/// What can be counted over children whose rows differ: practitioners and changes, each once.
fn of_case(first: &Row, rows: &[&Row], window: Span) -> pb::AllocationTotal {
    let mut holders: Vec<String> = Vec::new();
    for staff in rows.iter().flat_map(|row| &row.totals.holders) {
        let name = staff.to_string();
        if !holders.contains(&name) {
            holders.push(name);
        }
    }
    let changes: BTreeSet<(&str, &str, DayRange)> = rows
        .iter()
        .flat_map(|row| &row.changes)
        .map(|change: &Change| (change.from.as_str(), change.to.as_str(), change.day))
        .collect();
    let in_window = |day: &DayRange| window.contains(day.first()) && window.contains(day.latest);
    let may_be = |day: &DayRange| day.first() < window.to && window.from <= day.latest;
    let certain = changes.iter().filter(|(_, _, day)| in_window(day)).count();
    let touching = changes.iter().filter(|(_, _, day)| may_be(day)).count();
    let mut by_year: BTreeMap<i16, usize> = BTreeMap::new();
    for year in rows
        .iter()
        .flat_map(|row| row.totals.changes_by_year.keys())
    {
        let of_year = |day: &DayRange| day.first().year() == *year && day.latest.year() == *year;
        let count = changes.iter().filter(|(_, _, day)| of_year(day)).count();
        by_year.insert(*year, count);
    }
    pb::AllocationTotal {
        agency: first.agency.to_string(),
        role: first.role.code(),
        distinct: small(holders.len()),
        changes: small(certain),
        changes_possible: small(touching.saturating_sub(certain)),
        changes_by_year: years(&by_year),
        evidence: evidence(rows),
        holders,
        ..Default::default()
    }
}

fn years(by_year: &BTreeMap<i16, usize>) -> Vec<pb::YearChanges> {
    let years = by_year.iter().map(|(year, changes)| pb::YearChanges {
        year: i32::from(*year),
        changes: small(*changes),
    });
    years.collect()
}

fn count(of: &ExplainedCount) -> pb::ExplainedCount {
    pb::ExplainedCount {
        yes: small(of.yes),
        unexplained: small(of.unexplained),
        undeterminable: small(of.undeterminable),
        not_applicable: small(of.not_applicable),
    }
}

fn evidence(rows: &[&Row]) -> Vec<u64> {
    let spells = rows.iter().flat_map(|row| &row.spells);
    let gaps = rows.iter().flat_map(|row| &row.gaps);
    let all: BTreeSet<u64> = spells
        .flat_map(|spell| &spell.evidence)
        .chain(gaps.flat_map(|gap| &gap.evidence))
        .copied()
        .collect();
    all.into_iter().collect()
}
