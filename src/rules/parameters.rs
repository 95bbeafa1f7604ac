//! The numbers of a pack that are no rules of their own: of allocation and of turnover.

use serde::Deserialize;

/// Parameters of allocation (`semantics.md` 5.1). Working days unless said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllocationParameters {
    /// Annual leave and training count from their first day once they last over this many working days.
    pub absence_planned_over: u32,
    /// Sickness, suspension, and absence of any other or no stated kind: the same.
    pub absence_unplanned_over: u32,
    /// Kinds of absence to which `absence_planned_over` applies.
    pub absence_planned_kinds: Vec<String>,
    /// Evidence that a change was explained counts from this long before it.
    pub explained_before: u32,
    /// And until this long after it; *no record* is said only then.
    pub explained_after: u32,
    /// Age in years below which the child's part of *explained* does not apply.
    pub explained_child_from_age: u32,
    /// Gap listed from this length with a protected status; a role's own figure goes first.
    pub min_gap_protected: u32,
    /// Gap listed from this length at all other times; a role's own figure goes first.
    pub min_gap: u32,
    /// Ids of the statuses that protect.
    pub protected: Vec<String>,
    /// A start by the same practitioner at most this many calendar days after the end is the same spell.
    pub same_spell_days: u32,
    /// Where the numbers come from.
    pub source: String,
}

impl AllocationParameters {
    /// The working days of an absence above which it counts, by its kind's code name.
    pub fn absence_threshold(&self, kind: &str) -> u32 {
        if self.absence_planned_kinds.iter().any(|k| k == kind) {
            self.absence_planned_over
        } else {
            self.absence_unplanned_over
        }
    }
}

/// Parameters of turnover and what it leaves behind (`semantics.md` 6.4, 8.4 rows 1, 6 and 36).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnoverParameters {
    /// A finding from this many distinct effective holders of a role …
    pub min_distinct_holders: u32,
    /// … in any window of this many months;
    pub window_months: u32,
    /// or a median of completed spells below this many days …
    pub median_tenure_under_days: u32,
    /// … over at least this many spells.
    pub median_min_spells: u32,
    /// Changes of two agencies at most this many days apart are simultaneous.
    pub simultaneous_within_days: u32,
    /// Planned reasons that make no simultaneous change.
    pub simultaneous_excluded_reasons: Vec<String>,
    /// Working days in which a new holder's reading of the file is looked for.
    pub file_read_within: u32,
    /// Kinds of event that a new holder should have read, besides those of significance key.
    pub file_read_events: Vec<String>,
    /// Agency staff: a finding from this percentage of effective days …
    pub agency_staff_percent: u32,
    /// … in this many months;
    pub agency_staff_window_months: u32,
    /// undeterminable when employment is unknown for more than this percentage.
    pub unknown_employment_over_percent: u32,
    /// Where the numbers come from.
    pub source: String,
}
