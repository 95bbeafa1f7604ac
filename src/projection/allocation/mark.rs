//! What the entries of a cut say about one role: starts, ends and absences, in order.

use super::days::DayRange;
use crate::domain::event::allocation::ChangeReason;
use crate::domain::id::StaffId;
use crate::domain::time::Interval;

/// Who or what a role is given to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A named practitioner of the agency: the only effective holder.
    Named(StaffId),
    /// The duty tray.
    DutyTray,
    /// A team, with nobody named.
    Team,
    /// The post is vacant.
    Vacant,
    /// A manager holds it until somebody is allocated.
    ManagerHolding(Option<StaffId>),
    /// The entry does not say who, or in a way this version does not know.
    NotStated,
}

impl Holder {
    /// The named practitioner, if it is one.
    pub fn named(&self) -> Option<&StaffId> {
        match self {
            Self::Named(staff) => Some(staff),
            Self::DutyTray
            | Self::Team
            | Self::Vacant
            | Self::ManagerHolding(_)
            | Self::NotStated => None,
        }
    }
}

/// How a practitioner is employed, as recorded with the allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Employed {
    /// By the agency itself, also newly qualified or acting up.
    Own,
    /// Through a staffing agency.
    AgencyStaff,
    /// Not recorded.
    NotStated,
}

/// An answer that an entry gives, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// The entry says yes.
    Yes,
    /// The entry says no.
    No,
    /// The entry says that the question does not arise.
    NotApplicable,
    /// The entry does not say.
    NotStated,
}

/// One entry's word on one role of one child.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) at: Interval,
    pub(super) day: DayRange,
    pub(super) position: u64,
    /// The entry may not belong before the as-at date.
    pub(super) possible: bool,
    pub(super) reason: ChangeReason,
    pub(super) explained: Explained2,
    pub(super) what: What,
}

/// What an entry says of explanations to the child and to the family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Explained2 {
    pub(super) child: (Said, Option<DayRange>),
    pub(super) family: (Said, Option<DayRange>),
}

impl Explained2 {
    pub(super) const SILENT: Self = Self {
        child: (Said::NotStated, None),
        family: (Said::NotStated, None),
    };
}

/// What a mark does.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// A holder begins.
    Start { holder: Holder, employed: Employed },
    /// A holder ends; without a name, whoever held it.
    End {
        holder: Option<Holder>,
        reason: EndReason,
    },
}

/// How a spell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndReason {
    /// By an entry that says so.
    Recorded,
    /// By a transfer to somebody else.
    Transferred,
    /// By the next named start in a single-holder role; no end recorded.
    Superseded,
    /// By the closing of the expected window; not a change.
    WindowClosed,
}

impl EndReason {
    /// The words for a report.
    pub fn words(self) -> &'static str {
        match self {
            Self::Recorded => "end recorded",
            Self::Transferred => "transferred",
            Self::Superseded => "superseded, no end recorded",
            Self::WindowClosed => "window closed",
        }
    }
}

/// Order of `semantics.md` 1.5: of two changes on one day the end first; else as they come, which is the order of the
/// cut: earliest, latest, the agency's own number, position.
pub(super) fn in_order(marks: &mut [Mark]) {
    marks.sort_by_key(|mark| {
        let start = matches!(mark.what, What::Start { .. });
        (mark.day.first(), mark.day.latest, start, mark.at)
    });
}
