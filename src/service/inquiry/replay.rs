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
//! depend on how many threads there were.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, ScopedJoinHandle, available_parallelism, scope};

use crate::domain::id::{AgencyId, EventId};
use crate::ledger::chain::ChainWalk;
use crate::ledger::content::{EntryKey, Opener};
use crate::ledger::digest::ChainTag;
use crate::ledger::entry::SealedEntry;
use crate::projection::placed::Placed;
use crate::service::error::Refused;
use crate::service::limits;
use crate::service::shared::{Shared, decode, kept, timestamp};

/// Entries of a part.
const PART: u64 = 250;

/// An entry of a chain, and what it says; none when its content was erased.
pub(super) type Opened = (SealedEntry, Option<Placed>);

type Part = Result<Vec<Opened>, Refused>;

impl Shared {
    /// The entries of a chain below `end`, in order, its links checked.
    pub(super) fn replay(
        &self,
        tag: ChainTag,
        end: u64,
        walk: &mut ChainWalk,
    ) -> Result<Vec<Opened>, Refused> {
        let length = self.journal.chain_len(tag.as_bytes())?;
        self.refuse_longer(&tag, end, length)?;
        let parts: Vec<Range<u64>> = (1..=length)
            .step_by(usize::try_from(PART).unwrap_or(usize::MAX))
            .map(|from| from..from.saturating_add(PART).min(length.saturating_add(1)))
            .collect();
        let mut entries = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        for part in self.in_parts(&tag, end, &parts)? {
            for (entry, placed) in part? {
                let position = entry.position();
                walk.next(entry.parsed())
                    .map_err(|_break| Refused::Damaged { position })?;
                entries.push((entry, placed));
            }
        }
        Ok(entries)
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

    /// Every part, in order; made on this thread and, where there are several, on others.
    fn in_parts(
        &self,
        tag: &ChainTag,
        end: u64,
        parts: &[Range<u64>],
    ) -> Result<Vec<Part>, Refused> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            while let number = next.fetch_add(1, Ordering::Relaxed)
                && let Some(part) = parts.get(number)
            {
                made.push((number, self.part(tag, end, part)));
            }
            made
        };
        let most = available_parallelism().map_or(1, usize::from);
        let threads = most.min(limits::REPLAY_THREADS).min(parts.len());
        let mut made = scope(|scope| {
            // Where no further thread can be had, those there are do all.
            let others: Vec<ScopedJoinHandle<'_, _>> = (1..threads)
                .filter_map(|_| {
                    let thread = Builder::new().name("replay".to_owned());
                    thread.spawn_scoped(scope, work).ok()
                })
                .collect();
            let mut made = work();
            for other in others {
                let broke_off = |_panic| Refused::Unanswerable("the answer broke off".to_owned());
                made.extend(other.join().map_err(broke_off)?);
            }
            Ok::<_, Refused>(made)
        })?;
        made.sort_unstable_by_key(|(number, _)| *number);
        Ok(made.into_iter().map(|(_, part)| part).collect())
    }

    /// The entries with these numbers in a chain, as far as they lie below `end`.
    fn part(&self, tag: &ChainTag, end: u64, numbers: &Range<u64>) -> Part {
        let mut sealed: Vec<SealedEntry> = Vec::new();
        let mut next = numbers.start;
        while next < numbers.end {
            let wanted = usize::try_from(numbers.end - next).unwrap_or(usize::MAX);
            let page = self.journal.read_chain(tag.as_bytes(), next, wanted)?;
            let before = sealed.len();
            for stored in page.iter().filter(|stored| stored.position < end) {
                let entry = decode(stored)?;
                if !entry.content_intact() {
                    let position = entry.position();
                    return Err(Refused::Damaged { position });
                }
                sealed.push(entry);
            }
            let Some(last) = sealed.get(before..).and_then(<[_]>::last) else {
                break;
            };
            next = last
                .case_seq()
                .saturating_add(1)
                .max(next.saturating_add(1));
        }
        let positions: Vec<u64> = sealed.iter().map(SealedEntry::position).collect();
        let keys = self.vault.keys(&positions);
        let (mut author, mut opener) = (None, Opener::default());
        let opened = sealed.into_iter().zip(keys).map(|(entry, key)| {
            let placed = match kept(key)? {
                Some(key) => Some(self.placed(&entry, &key, &mut opener, &mut author)?),
                None => None,
            };
            Ok((entry, placed))
        });
        opened.collect()
    }

    /// The event at its place. `author` is that of the entry before: most often the same.
    fn placed(
        &self,
        entry: &SealedEntry,
        key: &EntryKey,
        opener: &mut Opener,
        author: &mut Option<AgencyId>,
    ) -> Result<Placed, Refused> {
        let position = entry.position();
        let damaged = || Refused::Damaged { position };
        let event = entry.prove(key, opener);
        let event = event.map_err(|_not_what_was_sealed| damaged())?;
        let event = (self.decoder)(event).map_err(|_unreadable| damaged())?;
        let agency = match author.take() {
            Some(author) if author.as_str() == entry.agency() => author,
            Some(_) | None => entry.agency().parse().map_err(|_no_agency| damaged())?,
        };
        *author = Some(agency.clone());
        Ok(Placed {
            position,
            case_seq: entry.case_seq(),
            appended: timestamp(entry.appended()),
            ingest: entry.ingest(),
            agency,
            event_id: EventId(entry.event_id()),
            event: Arc::new(event),
        })
    }
}
