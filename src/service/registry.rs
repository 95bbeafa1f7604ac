//! What the registry chain says: agencies, practitioners and feeds, folded as the writer goes.
//!
//! The writer uses it for one bit of each header, *ingest* (`semantics.md` 3.1): back-loaded if the claimed recorded time
//! lies before the agency's feed went live or inside a declared interruption, or if there is none and the entry came by
//! import. A feed that was never declared has not gone live.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::event::feed::FeedContent;
use crate::domain::event::registry::{AgencyRegistered, PractitionerRegistered, RegistryContent};
use crate::domain::event::{CaseEvent, Content, FeedKind};
use crate::domain::id::{AgencyId, StaffId};

/// A time in which a feed was declared interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Interruption {
    kinds: Vec<FeedKind>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Interruption {
    fn covers(&self, kind: Option<FeedKind>, at: Timestamp) -> bool {
        let of_kind = self.kinds.is_empty() || kind.is_none_or(|k| self.kinds.contains(&k));
        of_kind && self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// What of an event decides whether it counts as back-loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The kind of feed that carries such an event.
    kind: Option<FeedKind>,
    /// Bounds of its claimed recorded time, if it claims one.
    recorded: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// It came from a file rather than from the agency's running system.
    imported: bool,
}

impl Reported {
    /// Of an event.
    pub fn of(event: &CaseEvent, imported: bool) -> Self {
        let recorded = event.recorded.as_ref().filter(|when| !when.is_unknown());
        Self {
            kind: event.feed_kind(),
            recorded: recorded.map(|when| (when.lower(), when.upper())),
            imported,
        }
    }
}

/// One agency's feed: when each kind went live, and its interruptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Feed {
    live_from: BTreeMap<FeedKind, Timestamp>,
    interruptions: Vec<Interruption>,
}

/// The registry as of some position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    agencies: BTreeMap<AgencyId, AgencyRegistered>,
    practitioners: BTreeMap<(AgencyId, StaffId), PractitionerRegistered>,
    feeds: BTreeMap<AgencyId, Feed>,
}

impl Registry {
    /// Agencies that registered, by id.
    pub fn agencies(&self) -> impl Iterator<Item = &AgencyRegistered> {
        self.agencies.values()
    }

    /// Practitioners that were registered, by agency and staff id.
    pub fn practitioners(&self) -> impl Iterator<Item = &PractitionerRegistered> {
        self.practitioners.values()
    }

    /// Takes in one event of any chain; those about something else change nothing.
    pub fn apply(&mut self, event: &CaseEvent, appended: Timestamp) {
        if let Content::Registry(registered) = &event.content {
            self.apply_registered(registered);
        } else if let Content::Feed(feed) = &event.content {
            self.apply_feed(feed, event, appended);
        }
    }

    fn apply_registered(&mut self, content: &RegistryContent) {
        match content {
            RegistryContent::AgencyRegistered(agency) => {
                self.agencies.insert(agency.agency.clone(), agency.clone());
            }
            RegistryContent::PractitionerRegistered(person) => {
                let key = (person.agency.clone(), person.staff.clone());
                self.practitioners.insert(key, person.clone());
            }
        }
    }

    fn apply_feed(&mut self, content: &FeedContent, event: &CaseEvent, appended: Timestamp) {
        let at = event.occurred.lower();
        match content {
            FeedContent::FeedDeclared(declared) => {
                let from = declared.live_from.lower().unwrap_or(appended);
                let feed = self.feeds.entry(declared.agency.clone()).or_default();
                feed.live_from
                    .extend(declared.kinds.iter().map(|kind| (*kind, from)));
            }
            FeedContent::FeedInterrupted(stop) => {
                let feed = self.feeds.entry(stop.agency.clone()).or_default();
                let kinds = stop.kinds.clone();
                feed.interruptions.push(Interruption {
                    kinds,
                    from: at,
                    to: None,
                });
            }
            FeedContent::FeedResumed(resumed) => {
                let feed = self.feeds.entry(resumed.agency.clone()).or_default();
                let ends = |open: &&mut Interruption| {
                    let named = |kind: &FeedKind| resumed.kinds.contains(kind);
                    let all = resumed.kinds.is_empty();
                    open.to.is_none()
                        && (all || (!open.kinds.is_empty() && open.kinds.iter().all(named)))
                };
                let end = at.unwrap_or(appended);
                feed.interruptions
                    .iter_mut()
                    .filter(ends)
                    .for_each(|open| open.to = Some(end));
            }
            FeedContent::FeedConfirmedTo(_) | FeedContent::RecordsConfirmed(_) => {}
        }
    }

    /// Whether an event of this agency counts as back-loaded, by what the registry says now.
    pub fn is_backload(&self, agency: &AgencyId, reported: &Reported) -> bool {
        let Some((lower, upper)) = reported.recorded else {
            return reported.imported;
        };
        let Some(feed) = self.feeds.get(agency) else {
            return true;
        };
        let kind = reported.kind;
        let live_from = match kind {
            Some(kind) => feed.live_from.get(&kind).copied(),
            None => feed.live_from.values().min().copied(),
        };
        let before_live = match (live_from, upper.or(lower)) {
            (Some(live), Some(end)) => end <= live,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let at = lower.or(upper);
        before_live || at.is_some_and(|at| feed.interruptions.iter().any(|i| i.covers(kind, at)))
    }
}
