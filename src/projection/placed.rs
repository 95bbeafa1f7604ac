//! What a projection reads: the entries of one case in ledger order, and what may not be seen of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::event::{CaseEvent, EntryRef, FeedKind};
use crate::domain::id::{AgencyId, EventId};
use crate::domain::time::Interval;

pub use crate::ledger::entry::Ingest;

/// An event at its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Number in the whole ledger, from 0.
    pub position: u64,
    /// Number in its case, from 1.
    pub case_seq: u64,
    /// When the ledger sealed it. The only proven time.
    pub appended: Timestamp,
    /// Live or back-loaded.
    pub ingest: Ingest,
    /// The authenticated author.
    pub agency: AgencyId,
    /// The id that the author gave it.
    pub event_id: EventId,
    /// What the author said.
    pub event: Arc<CaseEvent>,
}

impl Placed {
    /// When the author says that it was recorded; when not stated, the appended instant.
    pub fn recorded_or_appended(&self) -> Interval {
        self.event
            .recorded
            .as_ref()
            .filter(|when| !when.is_unknown())
            .map_or_else(
                || Interval::instant(self.appended),
                |when| when.resolve(self.appended),
            )
    }
}

/// Why an entry cannot be seen. Applies as of today at every as-at date (`semantics.md` 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnseenReason {
    /// Restricted or sealed, or outside the reader's permission.
    Hidden,
    /// Its key is destroyed.
    Erased,
}

/// An entry whose content cannot be seen, with what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// Number in the whole ledger.
    pub position: u64,
    /// Why.
    pub reason: UnseenReason,
    /// Who recorded it, if that may be known.
    pub agency: Option<AgencyId>,
    /// Its kind, if that was kept.
    pub kind: Option<FeedKind>,
    /// The first day of the month it is about, if that was kept.
    pub month: Option<Date>,
    /// When the ledger sealed it, as its header says: in basis *ledger* it is not there before.
    pub appended: Timestamp,
}

/// The entries of one case, and the feed and registration entries, in position order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    entries: Vec<Placed>,
    unseen: Vec<Unseen>,
    /// Indexes of the entries by event id, author and index.
    by_id: Vec<usize>,
    by_record: BTreeMap<(AgencyId, String), usize>,
}

impl Log {
    /// The log of these entries. They may come in any order; of two at one position the first is kept.
    pub fn new(entries: Vec<Placed>) -> Self {
        Self::with_unseen(entries, Vec::new())
    }

    /// The log of these entries, beside others that exist and cannot be seen.
    pub fn with_unseen(mut entries: Vec<Placed>, unseen: Vec<Unseen>) -> Self {
        entries.sort_by_key(|entry| entry.position);
        entries.dedup_by_key(|entry| entry.position);
        let mut log = Self {
            entries,
            unseen,
            ..Self::default()
        };
        let mut about_record = Vec::new();
        for (index, entry) in log.entries.iter().enumerate() {
            let record = &entry.event.source_record_id;
            if record.is_empty() {
                continue;
            }
            let key = (entry.agency.clone(), record.clone());
            if entry.event.content.is_about_record() {
                about_record.push((key, index));
            } else {
                log.by_record.entry(key).or_insert(index);
            }
        }
        for (key, index) in about_record {
            log.by_record.entry(key).or_insert(index);
        }
        let mut by_id: Vec<usize> = (0..log.entries.len()).collect();
        by_id.sort_by(|a, b| log.id_at(*a).cmp(&log.id_at(*b)));
        log.by_id = by_id;
        log
    }

    fn id_at(&self, index: usize) -> Option<(&EventId, &AgencyId)> {
        let entry = self.entries.get(index)?;
        Some((&entry.event_id, &entry.agency))
    }

    /// The entries, in position order.
    pub fn entries(&self) -> &[Placed] {
        &self.entries
    }

    /// The entries that cannot be seen.
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// The entry that a reference names, if it is here. An entry and a correction of it may carry the same
    /// record id; the reference then means the entry.
    pub fn resolve(&self, reference: &EntryRef) -> Option<&Placed> {
        self.index_of(reference)
            .and_then(|index| self.entries.get(index))
    }

    /// The entry at a position, if it is here.
    pub fn at(&self, position: u64) -> Option<&Placed> {
        self.entries.get(self.index_at(position)?)
    }

    /// Index of the entry at a position.
    pub(super) fn index_at(&self, position: u64) -> Option<usize> {
        let found = self
            .entries
            .binary_search_by_key(&position, |entry| entry.position);
        found.ok()
    }

    /// Index of the entry that a reference names.
    pub(super) fn index_of(&self, reference: &EntryRef) -> Option<usize> {
        match reference {
            EntryRef::Source { agency, record_id } => self
                .by_record
                .get(&(agency.clone(), record_id.clone()))
                .copied(),
            EntryRef::Event { agency, id } => {
                let wanted = Some((id, agency));
                let first = self.by_id.partition_point(|at| self.id_at(*at) < wanted);
                let found = self.by_id.get(first).copied();
                found.filter(|at| self.id_at(*at) == wanted)
            }
        }
    }
}
