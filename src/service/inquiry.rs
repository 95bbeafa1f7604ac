//! Questions about a case: pin the head, read the case, check its chain while reading, cut.
//!
//! *Latest* and the pinned position are decided here, before the pure code runs, and stand in the [`Stamp`]: with it,
//! anybody who has the same entries gets the same answer. Restriction and erasure apply as of now at every date.

mod parties;
mod replay;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::id::{AgencyId, CaseId, Practitioner};
use crate::domain::time::{AsAt, london_date, tick_after};
use crate::ledger::chain::ChainWalk;
use crate::ledger::digest::{ChainTag, Link};
use crate::ledger::entry::Header;
use crate::projection::cut::{At, Basis, Cut, cut};
use crate::projection::knowledge::{Holder, through_eyes_of};
use crate::projection::late::{self, Earlier};
use crate::projection::placed::{Log, Placed, Unseen, UnseenReason};

use self::parties::Parties;
use super::Service;
use super::error::Refused;
use super::limits;
use super::read::blocking;
use super::shared::{Shared, timestamp};

/// What is asked of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The case.
    pub case: CaseId,
    /// As at when; `None` = latest.
    pub as_at: Option<AsAt>,
    /// On which footing.
    pub basis: Basis,
    /// Basis *ledger* only: the entries below this position, instead of a date.
    pub position: Option<u64>,
    /// Whose eyes; `None` = all agencies.
    pub eyes: Option<Holder>,
    /// Only rows of these agencies are asked for, each with the field of the request that names it; empty = all. It
    /// changes no cut: one of whom nobody has heard is refused, because an empty answer would read like an absence of
    /// records.
    pub agencies: Vec<(String, AgencyId)>,
}

impl Question {
    /// The newest state of a case by the best record of today.
    pub fn latest(case: CaseId) -> Self {
        Self {
            case,
            as_at: None,
            basis: Basis::Then,
            position: None,
            eyes: None,
            agencies: Vec::new(),
        }
    }
}

/// What an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The case.
    pub case: CaseId,
    /// The exclusive instant.
    pub instant: Timestamp,
    /// The same, as printed.
    pub text: String,
    /// It is the newest moment there is.
    pub latest: bool,
    /// The footing.
    pub basis: Basis,
    /// Whose eyes.
    pub eyes: Option<Holder>,
    /// The ledger was read up to this position, not included.
    pub position: u64,
    /// Entries of the case that were read.
    pub case_seq: u64,
    /// Link of the last of them.
    pub case_head: Link,
    /// Entries of the case whose content was erased.
    pub erased: u64,
}

/// A cut, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The cut, through the eyes that were asked for.
    pub cut: Cut,
    /// The cuts without late corrections, through the same eyes; only when there is one.
    pub earlier: Option<Earlier<Cut>>,
    /// What it rests on.
    pub stamp: Stamp,
}

/// One case in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// Its entries, with those of the registry.
    pub log: Log,
    /// Entries of the case itself.
    pub entries: u64,
}

/// Reads *whose eyes*: `csc` for an agency, `csc/SW2` for a practitioner.
///
/// # Errors
/// [`Refused::Invalid`] naming the field.
pub fn eyes(text: &str) -> Result<Holder, Refused> {
    let wrong = |reason: String| Refused::field("as_at.eyes", reason);
    if text.contains('/') {
        let practitioner = text
            .parse::<Practitioner>()
            .map_err(|error| wrong(error.to_string()))?;
        return Ok(Holder::Practitioner(practitioner));
    }
    let agency = text
        .parse::<AgencyId>()
        .map_err(|error| wrong(error.to_string()))?;
    Ok(Holder::Agency(agency))
}

impl Service {
    /// Cuts a case as asked.
    ///
    /// # Errors
    /// [`Refused::UnknownCase`]; [`Refused::Invalid`] for a moment in the future, a position that is not there, or
    /// an agency or practitioner of whom neither the registry nor the case knows anything;
    /// [`Refused::Damaged`] when the chain of the case does not hold.
    pub async fn ask(&self, question: Question) -> Result<Asked, Refused> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.ask(question)).await
    }

    /// Cases in order of opening, from the `from`-th on, at most `limit`.
    ///
    /// # Errors
    /// [`Refused`] when a case cannot be read.
    pub async fn cases(&self, from: usize, limit: usize) -> Result<Vec<CaseRow>, Refused> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let ids = shared.case_ids().into_iter().skip(from).take(limit);
            let end = shared.size();
            ids.map(|case| {
                let tag = shared.case_tag(&case).ok_or(Refused::UnknownCase)?;
                let read = shared.log(tag, end)?;
                Ok(CaseRow {
                    case,
                    log: read.log,
                    entries: read.case_seq,
                })
            })
            .collect()
        })
        .await
    }
}

/// A case as read.
struct CaseLog {
    log: Log,
    case_seq: u64,
    case_head: Link,
    erased: u64,
}

impl Shared {
    fn ask(&self, question: Question) -> Result<Asked, Refused> {
        let tag = self.case_tag(&question.case).ok_or(Refused::UnknownCase)?;
        let position = self.size();
        let now = self.now();
        let (at, text, latest) = moment(&question, now, position)?;
        let read = self.log(tag, position)?;
        let parties = Parties::new(self.registry(), &read.log, now);
        if let Some(holder) = &question.eyes {
            parties.check("as_at.eyes", holder)?;
        }
        for (field, agency) in &question.agencies {
            parties.check(field, &Holder::Agency(agency.clone()))?;
        }
        let through = |whole: Cut| match &question.eyes {
            Some(holder) => through_eyes_of(&whole, holder),
            None => whole,
        };
        let cut = through(cut(&read.log, question.basis, at));
        let earlier = late::earlier(&read.log, (question.basis, at), &cut, through);
        let stamp = Stamp {
            case: question.case,
            instant: at.instant,
            text,
            latest,
            basis: question.basis,
            eyes: question.eyes,
            position,
            case_seq: read.case_seq,
            case_head: read.case_head,
            erased: read.erased,
        };
        Ok(Asked {
            cut,
            earlier,
            stamp,
        })
    }

    /// Now, and later than every entry: an appended time may be ahead of the clock by some microseconds.
    fn now(&self) -> Timestamp {
        let clock = timestamp(u64::try_from(self.clock.wall()).unwrap_or(0));
        let newest = self
            .size()
            .checked_sub(1)
            .and_then(|last| self.entry(last).ok());
        newest.map_or(clock, |entry| {
            clock.max(tick_after(timestamp(entry.appended())))
        })
    }

    /// The entries of a case and of the registry below `end`, the chain of the case checked.
    fn log(&self, tag: ChainTag, end: u64) -> Result<CaseLog, Refused> {
        let length = self.journal.chain_len(tag.as_bytes())?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut placed = Vec::with_capacity(length.min(limits::CASE_ENTRIES));
        let (mut unseen, mut erased) = (Vec::new(), 0);
        let mut take = |header: &Header, opened: Option<Placed>| {
            if let Some(entry) = opened {
                placed.push(entry);
                return;
            }
            erased += u64::from(header.statement.tag == tag);
            unseen.push(Unseen {
                position: header.fields.position,
                reason: UnseenReason::Erased,
                agency: header.statement.agency.as_str().parse().ok(),
                kind: None,
                month: None,
                appended: timestamp(header.fields.appended),
            });
        };
        let mut walk = ChainWalk::new(&self.origin, tag);
        self.replay(tag, end, &mut walk, &mut take)?;
        let registry_tag = self.origin.registry_tag();
        let mut registry_walk = ChainWalk::new(&self.origin, registry_tag);
        self.replay(registry_tag, end, &mut registry_walk, &mut take)?;
        let head = walk.head();
        Ok(CaseLog {
            log: Log::with_unseen(placed, unseen),
            case_seq: head.case_seq(),
            case_head: head.link(),
            erased,
        })
    }
}

/// The moment of a question: the instant, how it is printed, whether it is the newest there is.
fn moment(question: &Question, now: Timestamp, size: u64) -> Result<(At, String, bool), Refused> {
    let wrong = |field: &str, reason: &str| Err(Refused::field(field, reason));
    if let Some(position) = question.position {
        if question.basis != Basis::Ledger {
            return wrong(
                "as_at.position",
                "belongs to basis ledger only; name a date",
            );
        }
        if question.as_at.is_some() {
            return wrong(
                "as_at.position",
                "stands instead of a date; name one of the two",
            );
        }
        if position > size {
            return wrong("as_at.position", "is above the size of the ledger");
        }
        let at = At {
            instant: now,
            position: Some(position),
        };
        return Ok((at, format!("position {position}"), position == size));
    }
    match &question.as_at {
        None => Ok((At::from(now), "latest".to_owned(), true)),
        Some(as_at) if as_at.instant() <= now => {
            Ok((At::from(as_at), as_at.text().to_owned(), false))
        }
        // Today is not over, and yet a date that people ask for.
        Some(as_at) if At::from(as_at).day() <= london_date(now) => {
            Ok((At::from(now), as_at.text().to_owned(), true))
        }
        Some(_) => Err(Refused::field(
            "as_at.date",
            format!(
                "lies in the future; name a day up to {}, or latest",
                london_date(now)
            ),
        )),
    }
}
