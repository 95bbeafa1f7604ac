//! Gaps: time inside the expected window without an effective holder (`semantics.md` 5.1.6 to 5.1.9).

use jiff::civil::Date;

use super::days::day_after;
use crate::domain::id::StaffId;
use crate::projection::coverage::Reason;

/// What a stretch of a gap is. The first four are *days with nobody*; the last two are totalled apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapKind {
    /// Nobody had been allocated yet.
    NeverAllocated,
    /// One holder had ended, the next had not begun.
    BetweenHolders,
    /// A duty tray or a team held it.
    DutyOrTeam,
    /// The post was vacant.
    Vacant,
    /// A manager held it pending allocation.
    HeldByManager,
    /// The holder was away, and no named person covered.
    Absent,
}

impl GapKind {
    /// The words for a report.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverAllocated => "nobody allocated yet",
            Self::BetweenHolders => "between holders",
            Self::DutyOrTeam => "duty or team",
            Self::Vacant => "vacant",
            Self::HeldByManager => "held by manager pending allocation",
            Self::Absent => "absent, no record of cover",
        }
    }

    /// Whether its days are *days with nobody*.
    pub fn is_nobody(self) -> bool {
        !matches!(self, Self::HeldByManager | Self::Absent)
    }
}

/// How a gap ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapEnd {
    /// Before this day: a holder began or came back, or the window closed.
    Before(Date),
    /// Still open on the as-at date: *so far*.
    SoFar(Date),
    /// The last day that the agency's feed covers; what came after cannot be known.
    Covered(Date),
}

impl GapEnd {
    /// The first day after the last working day that counts: an open end counts its last day.
    pub(super) fn after(self) -> Date {
        match self {
            Self::Before(day) => day,
            Self::SoFar(last) | Self::Covered(last) => day_after(last),
        }
    }

    /// The day that the length in days runs to.
    pub fn day(self) -> Date {
        match self {
            Self::Before(day) | Self::SoFar(day) | Self::Covered(day) => day,
        }
    }
}

/// How long a gap is, from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first day without an effective holder (the day on which the last one ended).
    pub from: Date,
    /// Its end.
    pub to: GapEnd,
    /// Calendar days.
    pub days: i64,
    /// Working days by which it is judged.
    pub working_days: u32,
}

/// A part of a gap of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The kind.
    pub kind: GapKind,
    /// From when to when, and how long.
    pub extent: Extent,
}

/// A gap: listed, totalled and a finding by one threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What it certainly is: *at least*.
    pub at_least: Extent,
    /// What it may be: *at most*.
    pub at_most: Extent,
    /// Its stretches by kind, in order; of the certain extent.
    pub stretches: Vec<Stretch>,
    /// Whether the child had a protected status (plan, looked after, section 47, proceedings) in it.
    pub protected: bool,
    /// Items that the role's agency came to know in it, about any child of the row: position and first possible day.
    pub arrived: Vec<(u64, Date)>,
    /// Actions of the role or agency due in it: position and due day.
    pub due: Vec<(u64, Date)>,
    /// Entries that soften it: a reason recorded, visits by duty, decisions of a manager.
    pub softening: Vec<u64>,
    /// Positions of the entries it rests on.
    pub evidence: Vec<u64>,
}

impl Gap {
    /// The kind of its longest stretch, the last of those.
    pub fn kind(&self) -> Option<GapKind> {
        let longest = self.stretches.iter().max_by_key(|one| one.extent.days);
        longest.map(|stretch| stretch.kind)
    }

    /// The gap without what is about a child in it.
    pub(super) fn bare(&self) -> Self {
        Self {
            arrived: Vec::new(),
            due: Vec::new(),
            softening: Vec::new(),
            ..self.clone()
        }
    }

    /// Adds what arrived about a sibling in the same gap.
    pub(super) fn also(&mut self, sibling: Self) {
        self.arrived.extend(sibling.arrived);
        self.arrived
            .sort_unstable_by_key(|(position, day)| (*day, *position));
        self.arrived.dedup();
        self.due.extend(sibling.due);
        self.due
            .sort_unstable_by_key(|(position, day)| (*day, *position));
        self.due.dedup();
        self.softening.extend(sibling.softening);
        self.softening.sort_unstable();
        self.softening.dedup();
    }
}

/// A time that may have been a gap, and is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaybeGap {
    /// The widest it may be.
    pub extent: Extent,
    /// Positions of the entries whose dates leave it open.
    pub evidence: Vec<u64>,
}

/// A time of which it cannot be known whether anybody was allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The first day.
    pub from: Date,
    /// Its end.
    pub to: GapEnd,
    /// Why.
    pub reason: Reason,
    /// Who held the role on the last day that the agency's records cover, where no end is recorded: whether they
    /// still did cannot be known. None where nobody did then.
    pub last_holder: Option<StaffId>,
    /// The sentence for a report.
    pub sentence: String,
    /// Positions of the entries at its edges.
    pub evidence: Vec<u64>,
}
