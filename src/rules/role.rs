//! Expected windows: when somebody should hold a role for a child (`semantics.md` 5.2), and the statuses
//! of a child that rules ask about.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::calendar::{Calendar, birthday};
use super::limit::{Limit, Unit};
use crate::domain::event::Role;
use crate::domain::event::registry::AgencyKind;
use crate::domain::event::wire::BODIES;

/// The reason in a closing event that stands for every open reason.
pub const ALL_REASONS: &str = "all";

/// An event that begins or ends reasons for a window.
///
/// A window is open while at least one reason is open: an opening event begins its reasons, a closing event
/// ends those it names ([`ALL_REASONS`]: every one).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowEvent {
    /// Dotted name of the event type.
    pub event: String,
    /// Fields of the event's content and the code names of which each must be one. Empty: any.
    #[serde(default)]
    pub when: BTreeMap<String, Vec<String>>,
    /// Only from an agency of this kind.
    pub by: Option<String>,
    /// Which reasons it begins or ends.
    pub reasons: Vec<String>,
}

impl WindowEvent {
    /// Whether an event matches. `field` gives the code name of a field of its content, `None` when the event
    /// has no such field (which never matches a condition).
    pub fn matches<'a>(
        &self,
        event: &str,
        agency_kind: &str,
        field: impl Fn(&str) -> Option<&'a str>,
    ) -> bool {
        self.event == event
            && self.by.as_deref().is_none_or(|kind| kind == agency_kind)
            && self
                .when
                .iter()
                .all(|(name, codes)| field(name).is_some_and(|v| codes.iter().any(|c| c == v)))
    }
}

/// When a role is expected to be held, and how long a gap in it may be before it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleWindow {
    /// Code name of the role, e.g. `social_worker`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Kinds of agency whose staff hold it.
    pub agency_kinds: Vec<String>,
    /// Whether one practitioner holds it at a time: the next named start then ends the spell before.
    pub single_holder: bool,
    /// Take `opens` and `closes` from this role.
    pub same_window_as: Option<String>,
    /// What begins the window.
    #[serde(default)]
    pub opens: Vec<WindowEvent>,
    /// What ends it, when nothing else holds it open.
    #[serde(default)]
    pub closes: Vec<WindowEvent>,
    /// The window ends on this birthday of the child at the latest.
    pub closes_at_birthday: Option<u32>,
    /// Time after the opening before an empty role counts.
    pub grace: Limit,
    /// Working days of a gap from which it is listed while the child has a protected status.
    pub min_gap_protected: u32,
    /// The same at all other times.
    pub min_gap: u32,
    /// Months (1 to 12) whose days count neither towards a gap nor towards grace.
    #[serde(default)]
    pub months_not_counted: Vec<i8>,
    /// Where the row comes from.
    pub source: String,
}

impl RoleWindow {
    /// The number of working days from which a gap is listed, totalled and a finding.
    pub fn min_gap(&self, protected: bool) -> u32 {
        if protected {
            self.min_gap_protected
        } else {
            self.min_gap
        }
    }

    /// Whether days of this date's month count for the role.
    pub fn counts(&self, date: Date) -> bool {
        !self.months_not_counted.contains(&date.month())
    }

    /// The last day of grace for a window that opened on `opened`.
    pub fn grace_ends(&self, calendar: &Calendar, opened: Date) -> Date {
        self.grace.due(calendar, opened, None)
    }

    /// Working days d with `a` < d < `b` in the months that count: the length of a gap by which it is judged.
    pub fn gap_working_days(&self, calendar: &Calendar, a: Date, b: Date) -> u32 {
        let whole = calendar.working_days_between(a, b);
        if self.months_not_counted.is_empty() {
            return whole;
        }
        let left_out = a
            .series(jiff::Span::new().days(1))
            .skip(1)
            .take_while(|d| *d < b)
            .filter(|d| !self.counts(*d) && calendar.is_working_day(*d))
            .count();
        whole.saturating_sub(u32::try_from(left_out).unwrap_or(u32::MAX))
    }

    /// The day on which a window closes because of the child's age, when it does.
    pub fn closes_by_age(&self, born: Date) -> Option<Date> {
        self.closes_at_birthday.map(|n| birthday(born, n))
    }

    /// What is wrong with the row, naming the field.
    pub(super) fn fault(&self) -> Option<String> {
        if Role::from_name(&self.id).is_none() {
            return Some("id: is no role".to_owned());
        }
        if let Some(odd) = self
            .agency_kinds
            .iter()
            .find(|k| AgencyKind::from_name(k).is_none())
        {
            return Some(format!("agency_kinds: {odd:?} is no kind of agency"));
        }
        if self.opens.is_empty() {
            return Some("opens: names no event".to_owned());
        }
        if self.closes.is_empty() && self.closes_at_birthday.is_none() {
            return Some("closes: names no event and no birthday".to_owned());
        }
        if !matches!(self.grace.unit, Unit::WorkingDays | Unit::Days) {
            return Some("grace: unit must be wd or d".to_owned());
        }
        if self.min_gap == 0 || self.min_gap_protected == 0 {
            return Some("min_gap: must be at least 1".to_owned());
        }
        if self
            .months_not_counted
            .iter()
            .any(|m| !(1..=12).contains(m))
        {
            return Some("months_not_counted: must be 1 to 12".to_owned());
        }
        window_fault(&self.opens, &self.closes)
    }
}

/// A state of a child that begins and ends with events, such as `cp_plan`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRule {
    /// Code name, as in [`super::need::Condition`] and [`super::parameters::AllocationParameters::protected`].
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What begins it.
    pub opens: Vec<WindowEvent>,
    /// What ends it.
    pub closes: Vec<WindowEvent>,
    /// Where the row comes from.
    pub source: String,
}

impl StatusRule {
    /// What is wrong with the row, naming the field.
    pub(super) fn fault(&self) -> Option<String> {
        if self.opens.is_empty() || self.closes.is_empty() {
            return Some("opens, closes: each must name an event".to_owned());
        }
        window_fault(&self.opens, &self.closes)
    }
}

fn window_fault(opens: &[WindowEvent], closes: &[WindowEvent]) -> Option<String> {
    for (name, events) in [("opens", opens), ("closes", closes)] {
        for row in events {
            if !is_event_name(&row.event) {
                return Some(format!("{name}: {:?} is no event type", row.event));
            }
            if row
                .by
                .as_deref()
                .is_some_and(|kind| AgencyKind::from_name(kind).is_none())
            {
                return Some(format!("{name}: by of {} is no kind of agency", row.event));
            }
            if row.reasons.is_empty() {
                return Some(format!("{name}: {} names no reasons", row.event));
            }
        }
    }
    let begun = |reason: &String| opens.iter().any(|o| o.reasons.contains(reason));
    closes
        .iter()
        .flat_map(|c| &c.reasons)
        .find(|r| r.as_str() != ALL_REASONS && !begun(r))
        .map(|r| format!("closes: ends the reason {r:?}, which nothing opens"))
}

/// Whether `name` is the dotted name of an event type of this program.
pub(super) fn is_event_name(name: &str) -> bool {
    BODIES.iter().any(|(_, known)| *known == name)
}
