//! One agency's feed, as its entries declare, confirm and show it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::domain::event::feed::FeedContent;
use crate::domain::event::registry::{AgencyKind, RegistryContent};
use crate::domain::event::{CaseEvent, Content, FeedKind};
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::{Interval, TICK, When, london_date};
use crate::projection::clock::asserted;
use crate::projection::placed::{Ingest, Placed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) from: Date,
    pub(super) position: u64,
    pub(super) kinds: BTreeSet<FeedKind>,
    pub(super) not_collected: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) kinds: BTreeSet<FeedKind>,
    pub(super) children: BTreeSet<PersonRef>,
    pub(super) from: Date,
    pub(super) to: Date,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interrupted {
    pub(super) kinds: BTreeSet<FeedKind>,
    pub(super) from: Date,
    /// The first day after it; none while it lasts.
    pub(super) to: Option<Date>,
}

/// One agency's feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Feed {
    pub(super) declared: Vec<Declared>,
    pub(super) interrupted: Vec<Interrupted>,
    pub(super) through: Vec<(BTreeSet<FeedKind>, Date)>,
    pub(super) confirmed: Vec<Confirmed>,
    pub(super) last_live: Option<Date>,
    /// For each kind that came by back-load, the last day that such an entry speaks of or was recorded on.
    pub(super) backloaded: BTreeMap<FeedKind, Date>,
    pub(super) kind: Option<AgencyKind>,
}

impl Feed {
    /// The last day that back-loaded entries of any kind reach.
    pub(super) fn reach(&self) -> Option<Date> {
        self.backloaded.values().max().copied()
    }

    /// The declaration in force on a day.
    pub(super) fn declaration(&self, day: Date) -> Option<&Declared> {
        self.declared
            .iter()
            .rev()
            .find(|declared| declared.from <= day)
    }

    pub(super) fn is_live(&self, kind: FeedKind, day: Date) -> bool {
        self.declaration(day)
            .is_some_and(|declared| declared.kinds.contains(&kind))
            && !self.is_interrupted(kind, day)
            && self.last_covered(kind).is_some_and(|last| day <= last)
    }

    pub(super) fn is_interrupted(&self, kind: FeedKind, day: Date) -> bool {
        self.interrupted.iter().any(|interrupted| {
            names(&interrupted.kinds, kind)
                && interrupted.from <= day
                && interrupted.to.is_none_or(|to| day < to)
        })
    }

    pub(super) fn is_confirmed(
        &self,
        kind: FeedKind,
        child: Option<&PersonRef>,
        day: Date,
    ) -> bool {
        self.confirmed.iter().any(|confirmed| {
            names(&confirmed.kinds, kind)
                && confirmed.from <= day
                && day <= confirmed.to
                && (confirmed.children.is_empty()
                    || child.is_some_and(|child| confirmed.children.contains(child)))
        })
    }

    pub(super) fn last_covered(&self, kind: FeedKind) -> Option<Date> {
        let through = self
            .through
            .iter()
            .filter(|(kinds, _)| names(kinds, kind))
            .map(|(_, day)| *day);
        through.chain(self.last_live).max()
    }
}

/// An empty list of kinds means all.
fn names(kinds: &BTreeSet<FeedKind>, kind: FeedKind) -> bool {
    kinds.is_empty() || kinds.contains(&kind)
}

pub(super) fn next_day(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

fn first_day(interval: Interval) -> Date {
    interval.earliest.map_or(Date::MIN, london_date)
}

fn last_day(interval: Interval) -> Date {
    london_date(interval.latest.checked_sub(TICK).unwrap_or(interval.latest))
}

pub(super) fn standing(feeds: &mut BTreeMap<AgencyId, Feed>, event: &CaseEvent, root: &Placed) {
    let resolve = |when: &When| when.resolve(root.appended);
    let set = |kinds: &[FeedKind]| kinds.iter().copied().collect::<BTreeSet<_>>();
    if let Content::Registry(RegistryContent::AgencyRegistered(agency)) = &event.content {
        feeds.entry(agency.agency.clone()).or_default().kind = Some(agency.kind);
    }
    let Content::Feed(content) = &event.content else {
        return;
    };
    match content {
        FeedContent::FeedDeclared(feed) => {
            feeds
                .entry(feed.agency.clone())
                .or_default()
                .declared
                .push(Declared {
                    from: last_day(resolve(&feed.live_from)),
                    position: root.position,
                    kinds: set(&feed.kinds),
                    not_collected: feed.fields_not_collected.iter().cloned().collect(),
                });
        }
        FeedContent::FeedInterrupted(feed) => {
            feeds
                .entry(feed.agency.clone())
                .or_default()
                .interrupted
                .push(Interrupted {
                    kinds: set(&feed.kinds),
                    from: first_day(resolve(&event.occurred)),
                    to: None,
                });
        }
        FeedContent::FeedResumed(feed) => {
            let to = last_day(resolve(&event.occurred));
            let kinds = set(&feed.kinds);
            for open in &mut feeds.entry(feed.agency.clone()).or_default().interrupted {
                if open.to.is_none() && open.from <= to && (kinds.is_empty() || kinds == open.kinds)
                {
                    open.to = Some(to);
                }
            }
        }
        FeedContent::FeedConfirmedTo(feed) => feeds
            .entry(feed.agency.clone())
            .or_default()
            .through
            .push((set(&feed.kinds), last_day(resolve(&feed.through)))),
        FeedContent::RecordsConfirmed(confirmed) => {
            feeds
                .entry(confirmed.agency.clone())
                .or_default()
                .confirmed
                .push(Confirmed {
                    kinds: set(&confirmed.kinds),
                    children: confirmed.for_children.iter().cloned().collect(),
                    from: first_day(resolve(&confirmed.from)),
                    to: last_day(resolve(&confirmed.to)),
                });
        }
    }
}

/// An entry that arrived shows that the feed was alive, or that its kind was back-loaded. Days are made of the latest
/// instants alone: the later instant is on no earlier day.
pub(super) fn arrivals<'a>(feeds: &mut BTreeMap<AgencyId, Feed>, entries: &'a [Placed]) {
    type Latest<K> = BTreeMap<K, Interval>;
    let mut live: Latest<&AgencyId> = BTreeMap::new();
    let mut backloaded: Latest<(&AgencyId, FeedKind)> = BTreeMap::new();
    let later = |known: &mut Interval, one: Interval| {
        if known.latest < one.latest {
            *known = one;
        }
    };
    for entry in entries {
        let event: &'a CaseEvent = asserted(&entry.event);
        let Some(kind) = event.feed_kind() else {
            continue;
        };
        let recorded = entry.recorded_or_appended();
        match entry.ingest {
            Ingest::Live => later(live.entry(&entry.agency).or_insert(recorded), recorded),
            Ingest::Backload => {
                let speaks_of = match &entry.event.recorded {
                    Some(_) => recorded,
                    None => event.occurred.resolve(entry.appended),
                };
                let last = backloaded.entry((&entry.agency, kind)).or_insert(speaks_of);
                later(last, speaks_of);
            }
        }
    }
    for (agency, recorded) in live {
        feeds.entry(agency.clone()).or_default().last_live = Some(last_day(recorded));
    }
    for ((agency, kind), speaks_of) in backloaded {
        let feed = feeds.entry(agency.clone()).or_default();
        feed.backloaded.insert(kind, last_day(speaks_of));
    }
}
