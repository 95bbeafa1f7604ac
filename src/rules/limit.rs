//! A limit in time, the standing of a rule, and how both are worded.

use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;

use super::calendar::{Calendar, add_days};

/// The standing of a rule or of its number, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// An Act or regulations.
    Statute,
    /// Guidance that bodies must have regard to by statute, such as Working Together.
    StatutoryGuidance,
    /// A local partnership's procedure.
    LocalProcedure,
    /// A setting of this software; never worded as a duty.
    Default,
}

impl Tier {
    /// The name used in data: `statute`, `statutory_guidance`, `local_procedure`, `default`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Statute => "statute",
            Self::StatutoryGuidance => "statutory_guidance",
            Self::LocalProcedure => "local_procedure",
            Self::Default => "default",
        }
    }

    /// The words that stand in brackets after a limit.
    pub fn wording(self) -> &'static str {
        match self {
            Self::Statute => "statute",
            Self::StatutoryGuidance => "statutory guidance",
            Self::LocalProcedure => "local procedure",
            Self::Default => "this review's setting",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wording())
    }
}

/// What a [`Limit`] counts. All are exclusive: the start day is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Unit {
    /// Working days of the calendar.
    #[serde(rename = "wd")]
    WorkingDays,
    /// Calendar days.
    #[serde(rename = "d")]
    Days,
    /// The next day on which the child's school could be open. Term dates are not known to a pack, so this is
    /// the `n`-th working day after the start.
    #[serde(rename = "next_school_day")]
    NextSchoolDay,
    /// The next core group, or `n` working days, whichever is the earlier.
    #[serde(rename = "next_core_group_or_wd")]
    NextCoreGroupOrWorkingDays,
}

/// A limit: so many of a unit after the start day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many units.
    pub n: u32,
    /// Of what.
    pub unit: Unit,
}

impl Limit {
    /// The last day on which a thing started on `start` is in time: in time means until the end of it.
    /// `next_core_group` is the first core group after `start`, and matters only to
    /// [`Unit::NextCoreGroupOrWorkingDays`].
    pub fn due(&self, calendar: &Calendar, start: Date, next_core_group: Option<Date>) -> Date {
        match self.unit {
            Unit::WorkingDays | Unit::NextSchoolDay => calendar.add_working_days(start, self.n),
            Unit::Days => add_days(start, self.n),
            Unit::NextCoreGroupOrWorkingDays => {
                let by_days = calendar.add_working_days(start, self.n);
                next_core_group
                    .filter(|d| *d >= start)
                    .map_or(by_days, |d| d.min(by_days))
            }
        }
    }

    /// Whether a due date rests on bank holidays that the calendar does not know.
    pub fn rests_on_unknown_holidays(&self, calendar: &Calendar, start: Date) -> bool {
        self.unit != Unit::Days && !calendar.covers(start, self.due(calendar, start, None))
    }

    /// The limit with its standing, e.g. `within 1 working day (this review's setting)`.
    pub fn wording(&self, tier: Tier) -> String {
        format!("{self} ({})", tier.wording())
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.n;
        let s = if n == 1 { "" } else { "s" };
        match self.unit {
            Unit::WorkingDays => write!(f, "within {n} working day{s}"),
            Unit::Days => write!(f, "within {n} day{s}"),
            Unit::NextSchoolDay if n == 1 => f.write_str("by the next school day"),
            Unit::NextSchoolDay => write!(f, "within {n} school days"),
            Unit::NextCoreGroupOrWorkingDays => {
                write!(
                    f,
                    "by the next core group or within {n} working day{s}, the earlier"
                )
            }
        }
    }
}
