//! What an absence is worth: which kinds an agency's feed carried on a day (`semantics.md` 4).

mod feed;

use std::collections::BTreeMap;

use jiff::civil::Date;

use self::feed::{Feed, arrivals, next_day, standing};
use super::cut::{Cut, ReadingKind};
use super::knowledge::Holder;
use super::placed::{Unseen, UnseenReason};
use crate::domain::event::FeedKind;
use crate::domain::event::registry::AgencyKind;
use crate::domain::id::{AgencyId, PersonRef};

/// What is known of an agency's records of one kind on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cover {
    /// Declared live; up to the later of its last entry and what it confirmed.
    Live,
    /// The agency confirmed that it sent everything.
    Confirmed,
    /// Entries came afterwards, for a day before the feed went live, in an interruption, or, where there is no
    /// feed, before the last of them; that they are complete is not confirmed.
    Backloaded,
    /// The feed does not carry the kind.
    KindNotCarried,
    /// No feed, or it fell silent.
    NotConnected,
}

/// Why an absence cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The agency's feed is not connected on some day.
    NotConnected,
    /// The feed does not carry the kind.
    KindNotCarried,
    /// The feed does not collect the field.
    FieldNotCollected,
    /// The agency has not confirmed its records of the period (where confirmation is required).
    NotConfirmed,
    /// So many entries that might bear on it are not visible to the reader.
    Hidden(u32),
    /// So many entries that might bear on it are erased.
    Erased(u32),
    /// A date that bears on it may lie on either side.
    DateStraddles,
    /// Asked through the eyes of somebody else: what the agency recorded and they did not know is left out.
    NotKnownToEyes,
}

/// The outcome of "no record of X by A in [a, b)".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Absence {
    /// No record; counts in headlines.
    NoRecord,
    /// No record; the agency has not confirmed that it sent everything. Counts as a separate figure.
    Unconfirmed,
    /// Cannot be told; becomes a question to the agency.
    Undeterminable(Reason),
}

impl Absence {
    /// The weaker of two: for a share, an act or a meeting that either side would record, both sides must be
    /// live or confirmed for the plain outcome.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The coverage of every agency in a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    feeds: BTreeMap<AgencyId, Feed>,
    unseen: Vec<Unseen>,
    eyes: Vec<Holder>,
    day: Date,
}

impl Coverage {
    /// Reads the feeds, confirmations and arrivals of a cut.
    pub fn of(cut: &Cut) -> Self {
        let mut feeds: BTreeMap<AgencyId, Feed> = BTreeMap::new();
        for reading in cut.readings() {
            if reading.struck().is_some() || !reading.certain() {
                continue;
            }
            if reading.kind() == ReadingKind::Standing {
                standing(&mut feeds, reading.event(), reading.root());
            }
        }
        arrivals(&mut feeds, cut.log().entries());
        for feed in feeds.values_mut() {
            feed.declared
                .sort_by_key(|declared| (declared.from, declared.position));
        }
        Self {
            feeds,
            unseen: cut.log().unseen().to_vec(),
            eyes: cut.eyes().to_vec(),
            day: cut.at().day(),
        }
    }

    /// The agencies of which anything is known.
    pub fn agencies(&self) -> impl Iterator<Item = &AgencyId> {
        self.feeds.keys()
    }

    /// What the agency is, as registered.
    pub fn agency_kind(&self, agency: &AgencyId) -> Option<AgencyKind> {
        self.feeds.get(agency).and_then(|feed| feed.kind)
    }

    /// What is known of an agency's records of one kind on one day, for the whole case.
    pub fn cover(&self, agency: &AgencyId, kind: FeedKind, day: Date) -> Cover {
        self.cover_of(agency, kind, None, day)
    }

    /// The same for one child: confirmations that name children count for these only.
    pub fn cover_of(
        &self,
        agency: &AgencyId,
        kind: FeedKind,
        child: Option<&PersonRef>,
        day: Date,
    ) -> Cover {
        let Some(feed) = self.feeds.get(agency) else {
            return Cover::NotConnected;
        };
        if feed.is_live(kind, day) {
            return Cover::Live;
        }
        if feed.is_confirmed(kind, child, day) {
            return Cover::Confirmed;
        }
        let backloaded = feed.backloaded.contains_key(&kind);
        let before_reach = backloaded && feed.reach().is_some_and(|last| day <= last);
        match feed.declaration(day) {
            Some(declared) if !declared.kinds.contains(&kind) => {
                return if before_reach {
                    Cover::Backloaded
                } else {
                    Cover::KindNotCarried
                };
            }
            Some(_) if backloaded && feed.is_interrupted(kind, day) => return Cover::Backloaded,
            None if backloaded && !feed.declared.is_empty() => return Cover::Backloaded,
            None if before_reach => return Cover::Backloaded,
            Some(_) | None => {}
        }
        Cover::NotConnected
    }

    /// The outcome of "no record of this kind by the agency in `[a, b)`". An empty window is no record.
    pub fn absence(&self, agency: &AgencyId, kind: FeedKind, a: Date, b: Date) -> Absence {
        self.absence_of(agency, kind, None, (a, b))
    }

    /// The same for one child, over the window `[from, to)`.
    pub fn absence_of(
        &self,
        agency: &AgencyId,
        kind: FeedKind,
        child: Option<&PersonRef>,
        window: (Date, Date),
    ) -> Absence {
        let mut outcome = self.unseen_in(agency, kind, window);
        if !self.holds_all_of(agency) {
            outcome = outcome.max(Absence::Undeterminable(Reason::NotKnownToEyes));
        }
        let mut day = window.0;
        while day < window.1 {
            let next = self.next_change(agency, kind, day).min(window.1);
            outcome = outcome.max(match self.cover_of(agency, kind, child, day) {
                Cover::Live | Cover::Confirmed => Absence::NoRecord,
                Cover::Backloaded => Absence::Unconfirmed,
                Cover::KindNotCarried => Absence::Undeterminable(Reason::KindNotCarried),
                Cover::NotConnected => Absence::Undeterminable(Reason::NotConnected),
            });
            day = next;
        }
        outcome
    }

    /// The outcome of "the field was left blank by the agency on this day": undeterminable where the feed
    /// does not collect it. `field` is `type.field`, as in `allocation.started.explained_to_child`.
    pub fn blank_field(
        &self,
        agency: &AgencyId,
        kind: FeedKind,
        field: &str,
        day: Date,
    ) -> Absence {
        if self.collects(agency, field, day) {
            self.absence(agency, kind, day, next_day(day))
        } else {
            Absence::Undeterminable(Reason::FieldNotCollected)
        }
    }

    /// Whether the agency's feed collects a field on a day; yes, unless it declared that it does not.
    pub fn collects(&self, agency: &AgencyId, field: &str, day: Date) -> bool {
        let feed = self.feeds.get(agency);
        let declared =
            feed.and_then(|feed| feed.declaration(day).or_else(|| feed.declared.first()));
        declared.is_none_or(|declared| !declared.not_collected.contains(field))
    }

    /// The last day not after the as-at date up to which every day from `from` is live or confirmed; none
    /// when `from` is not (`semantics.md` 1.7).
    pub fn covered_to(
        &self,
        agency: &AgencyId,
        kind: FeedKind,
        child: Option<&PersonRef>,
        from: Date,
    ) -> Option<Date> {
        let mut day = from;
        let mut last = None;
        if !self.holds_all_of(agency) {
            return None;
        }
        while day <= self.day {
            match self.cover_of(agency, kind, child, day) {
                Cover::Live | Cover::Confirmed => {}
                Cover::Backloaded | Cover::KindNotCarried | Cover::NotConnected => return last,
            }
            let next = self.next_change(agency, kind, day);
            last = Some(next.yesterday().unwrap_or(next).min(self.day));
            day = next;
        }
        last
    }

    /// The last day from `from` to the as-at date on which records of the kind came: live, confirmed or loaded later.
    /// None when there is no such day (`semantics.md` 1.7).
    pub fn last_covered(
        &self,
        agency: &AgencyId,
        kind: FeedKind,
        child: Option<&PersonRef>,
        from: Date,
    ) -> Option<Date> {
        let mut day = from;
        let mut last = None;
        while day <= self.day {
            let next = self.next_change(agency, kind, day);
            match self.cover_of(agency, kind, child, day) {
                Cover::Live | Cover::Confirmed | Cover::Backloaded => {
                    last = Some(next.yesterday().unwrap_or(next).min(self.day));
                }
                Cover::KindNotCarried | Cover::NotConnected => {}
            }
            if next <= day {
                break;
            }
            day = next;
        }
        last
    }

    /// Whether every record of an agency is here. Through the eyes of anybody but that agency, what it recorded and
    /// they did not know is left out: that there is nothing of it shows nothing (`semantics.md` 3.3 and 4).
    fn holds_all_of(&self, agency: &AgencyId) -> bool {
        let own = |holder: &Holder| matches!(holder, Holder::Agency(eyes) if eyes == agency);
        self.eyes.iter().all(own)
    }

    /// The as-at date.
    pub fn day(&self) -> Date {
        self.day
    }

    /// The first day after `day` on which the cover of a kind may differ; the end of the calendar if none.
    pub fn next_change(&self, agency: &AgencyId, kind: FeedKind, day: Date) -> Date {
        let Some(feed) = self.feeds.get(agency) else {
            return Date::MAX;
        };
        let declared = feed.declared.iter().map(|declared| declared.from);
        let interrupted = feed.interrupted.iter();
        let interrupted = interrupted.flat_map(|span| [Some(span.from), span.to]);
        let confirmed = feed.confirmed.iter();
        let confirmed = confirmed.flat_map(|span| [span.from, next_day(span.to)]);
        let ends = [feed.last_covered(kind), feed.reach()]
            .into_iter()
            .flatten();
        declared
            .chain(interrupted.flatten())
            .chain(confirmed)
            .chain(ends.map(next_day))
            .filter(|edge| *edge > day)
            .min()
            .unwrap_or(Date::MAX)
    }

    fn unseen_in(&self, agency: &AgencyId, kind: FeedKind, window: (Date, Date)) -> Absence {
        let may_bear = |unseen: &&Unseen| {
            unseen.agency.as_ref().is_none_or(|author| author == agency)
                && unseen.kind.is_none_or(|kept| kept == kind)
                && unseen.month.is_none_or(|month| {
                    month < window.1 && window.0 < month.saturating_add(jiff::Span::new().months(1))
                })
        };
        let (mut hidden, mut erased) = (0, 0);
        for unseen in self.unseen.iter().filter(may_bear) {
            match unseen.reason {
                UnseenReason::Hidden => hidden += 1,
                UnseenReason::Erased => erased += 1,
            }
        }
        match (hidden, erased) {
            (0, 0) => Absence::NoRecord,
            (0, n) => Absence::Undeterminable(Reason::Erased(n)),
            (n, _) => Absence::Undeterminable(Reason::Hidden(n)),
        }
    }
}
