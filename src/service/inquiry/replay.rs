//! A chain read whole: from stored bytes to events, every entry checked, decrypted and decoded.
//!
//! ```text
//! chain ─► parts of PART entries ─► threads, at most limits::REPLAY_THREADS: read, decode, digest, open, event
//!                                        │ in order
//!                                        ▼
//!                              the walk: numbers, links, times ─► opened entries
//! ```
//!
//! The parts are made at the same time and joined in order, so what comes out, or the first thing found wrong, does not
//! depend on how many threads there were. Each is joined as soon as those before it are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, ScopedJoinHandle, available_parallelism, scope};

use crate::domain::id::{AgencyId, EventId};
use crate::journal::Stored;
use crate::ledger::chain::ChainWalk;
use crate::ledger::content::{EntryKey, Opener};
use crate::ledger::digest::ChainTag;
use crate::ledger::entry::{EntryRef, Header};
use crate::projection::placed::Placed;
use crate::service::error::Refused;
use crate::service::limits;
use crate::service::shared::{Shared, kept, timestamp};

/// Entries of a part.
const PART: u64 = 250;

/// The header of an entry of a chain, and what it says; none when its content was erased.
pub(super) type Opened = (Header, Option<Placed>);

type Part = Result<Vec<Opened>, Refused>;

/// Parts as they are made, handed on in order: what a part held is let go before the last one is made.
struct Joined<T> {
    /// The part whose turn it is.
    next: usize,
    /// Parts made before their turn.
    waiting: BTreeMap<usize, Part>,
    take: T,
    /// The first thing found wrong, in the order of the parts.
    outcome: Result<(), Refused>,
}

impl<T: FnMut(Vec<Opened>) -> Result<(), Refused>> Joined<T> {
    fn add(&mut self, number: usize, part: Part) {
        self.waiting.insert(number, part);
        while self.outcome.is_ok()
            && let Some(part) = self.waiting.remove(&self.next)
        {
            self.next = self.next.saturating_add(1);
            self.outcome = part.and_then(&mut self.take);
        }
    }
}

impl Shared {
    /// Hands on the entries of a chain below `end`, in order, its links checked.
    pub(super) fn replay(
        &self,
        tag: ChainTag,
        end: u64,
        walk: &mut ChainWalk,
        mut take: impl FnMut(&Header, Option<Placed>) + Send,
    ) -> Result<(), Refused> {
        let length = self.journal.chain_len(tag.as_bytes())?;
        self.refuse_longer(&tag, end, length)?;
        let parts: Vec<Range<u64>> = (1..=length)
            .step_by(usize::try_from(PART).unwrap_or(usize::MAX))
            .map(|from| from..from.saturating_add(PART).min(length.saturating_add(1)))
            .collect();
        self.in_parts(&tag, end, &parts, |part| {
            for (header, placed) in part {
                let position = header.fields.position;
                walk.next(&header)
                    .map_err(|_break| Refused::Damaged { position })?;
                take(&header, placed);
            }
            Ok(())
        })
    }

    /// Refuses a chain that has more entries below `end` than a question reads.
    fn refuse_longer(&self, tag: &ChainTag, end: u64, length: u64) -> Result<(), Refused> {
        let limit = limits::CASE_ENTRIES;
        let first_over = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        if length < first_over {
            return Ok(());
        }
        let over = self.journal.read_chain(tag.as_bytes(), first_over, 1)?;
        if over.iter().all(|stored| stored.position >= end) {
            return Ok(());
        }
        Err(Refused::TooMany {
            what: "the case",
            actual: usize::try_from(length).unwrap_or(usize::MAX),
            limit,
        })
    }

    /// Hands on every part, in order, up to the first that cannot be; made on this thread and, where there are several,
    /// on others.
    fn in_parts(
        &self,
        tag: &ChainTag,
        end: u64,
        parts: &[Range<u64>],
        take: impl FnMut(Vec<Opened>) -> Result<(), Refused> + Send,
    ) -> Result<(), Refused> {
        let next = AtomicUsize::new(0);
        let joined = Mutex::new(Joined {
            next: 0,
            waiting: BTreeMap::new(),
            take,
            outcome: Ok(()),
        });
        let work = || {
            while let number = next.fetch_add(1, Ordering::Relaxed)
                && let Some(part) = parts.get(number)
            {
                let made = self.part(tag, end, part);
                let mut joined = joined.lock().unwrap_or_else(PoisonError::into_inner);
                joined.add(number, made);
                if joined.outcome.is_err() {
                    break;
                }
            }
        };
        let most = available_parallelism().map_or(1, usize::from);
        let threads = most.min(limits::REPLAY_THREADS).min(parts.len());
        scope(|scope| {
            // Where no further thread can be had, those there are do all.
            let others: Vec<ScopedJoinHandle<'_, _>> = (1..threads)
                .filter_map(|_| {
                    let thread = Builder::new().name("replay".to_owned());
                    thread.spawn_scoped(scope, work).ok()
                })
                .collect();
            work();
            let broke_off = |_panic| Refused::Unanswerable("the answer broke off".to_owned());
            let mut ended = others.into_iter().map(ScopedJoinHandle::join);
            ended.try_for_each(|ended| ended.map_err(broke_off))
        })?;
        let joined = joined.into_inner();
        joined.unwrap_or_else(PoisonError::into_inner).outcome
    }

    /// The entries with these numbers in a chain, as far as they lie below `end`.
    fn part(&self, tag: &ChainTag, end: u64, numbers: &Range<u64>) -> Part {
        let stored = self.stored(tag, end, numbers)?;
        let mut entries: Vec<EntryRef<'_>> = Vec::with_capacity(stored.len());
        for stored in &stored {
            entries.push(intact(stored)?);
        }
        let positions: Vec<u64> = stored.iter().map(|stored| stored.position).collect();
        let keys = self.vault.keys(&positions);
        let (mut author, mut opener) = (None, Opener::default());
        let mut opened = Vec::with_capacity(entries.len());
        for (entry, key) in entries.into_iter().zip(keys) {
            let placed = match kept(key)? {
                Some(key) => Some(self.placed(&entry, &key, &mut opener, &mut author)?),
                None => None,
            };
            opened.push((entry.into_parsed(), placed));
        }
        Ok(opened)
    }

    /// The same as they are stored.
    fn stored(
        &self,
        tag: &ChainTag,
        end: u64,
        numbers: &Range<u64>,
    ) -> Result<Vec<Stored>, Refused> {
        let mut stored: Vec<Stored> = Vec::new();
        let mut next = numbers.start;
        while next < numbers.end {
            let wanted = usize::try_from(numbers.end - next).unwrap_or(usize::MAX);
            let mut page = self.journal.read_chain(tag.as_bytes(), next, wanted)?;
            page.retain(|stored| stored.position < end);
            if page.is_empty() {
                break;
            }
            next = next.saturating_add(page.len() as u64);
            if stored.is_empty() {
                stored = page;
            } else {
                stored.append(&mut page);
            }
        }
        Ok(stored)
    }

    /// The event at its place. `author` is that of the entry before: most often the same.
    fn placed(
        &self,
        entry: &EntryRef<'_>,
        key: &EntryKey,
        opener: &mut Opener,
        author: &mut Option<AgencyId>,
    ) -> Result<Placed, Refused> {
        let Header {
            statement, fields, ..
        } = entry.parsed();
        let position = fields.position;
        let damaged = || Refused::Damaged { position };
        let event = entry.prove(key, opener);
        let event = event.map_err(|_not_what_was_sealed| damaged())?;
        let event = (self.decoder)(event).map_err(|_unreadable| damaged())?;
        let named = statement.agency.as_str();
        let agency = match author.take() {
            Some(author) if author.as_str() == named => author,
            Some(_) | None => named.parse().map_err(|_no_agency| damaged())?,
        };
        *author = Some(agency.clone());
        Ok(Placed {
            position,
            case_seq: fields.case_seq,
            appended: timestamp(fields.appended),
            ingest: fields.ingest,
            agency,
            event_id: EventId(statement.event_id),
            event: Arc::new(event),
        })
    }
}

/// An entry read where its bytes lie, its stored content as its header says.
fn intact(stored: &Stored) -> Result<EntryRef<'_>, Refused> {
    let position = stored.position;
    let entry = EntryRef::decode(&stored.bytes).ok();
    entry
        .filter(|entry| entry.parsed().fields.position == position && entry.content_intact())
        .ok_or(Refused::Damaged { position })
}
