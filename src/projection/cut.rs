//! The cut of a log in time: the only way to anything a projection may read (`semantics.md` 3).
//!
//! ```text
//! Log ── cut(basis, at) ──► Cut: entries, readings after corrections, what is certain, what is possible
//! ```
//!
//! *then*: every statement that somebody named in it knew by the moment, with its record errors whenever made.
//! *recorded*: every entry recorded by then. *ledger*: every entry appended by then. *now*: every statement
//! about what had happened by then, all corrections applied.

mod at;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::clock;
use super::knowledge::Holder;
use super::placed::{Log, Placed};
use super::statement::{Statements, Tie, statement_clock};
use crate::domain::event::record::RecordContent;
use crate::domain::event::{Content, EntryRef};
use crate::domain::time::Interval;

pub use at::{At, Basis, Readings, UnknownBasis};
pub use reading::{LATE_CORRECTION_DAYS, Reading, ReadingKind};

/// An interval as it may be shown: a bound at or after the as-at moment is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shown {
    /// The lower bound; none when there is none.
    pub earliest: Option<Timestamp>,
    /// The exclusive upper bound; none means *after the as-at date*.
    pub latest: Option<Timestamp>,
}

/// Two entries recorded as one matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matter {
    /// Statement of the one entry.
    pub a: u64,
    /// Statement of the other.
    pub b: u64,
    /// Position of the link.
    pub link: u64,
}

/// What a projection may read: sealed, made by [`cut`] and [`Cut::seen_by`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    basis: Basis,
    at: At,
    words: Readings,
    /// Through whose eyes, in the order in which they were applied; empty means everybody's together.
    eyes: Vec<Holder>,
    log: Log,
    read: Read,
}

/// What the entries of a cut say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    review: Option<Timestamp>,
    readings: Vec<Reading>,
    /// For each entry, in the order of the log, the position of the statement it belongs to.
    statement_of: Vec<u64>,
    /// For each statement its place among the readings.
    place_of: BTreeMap<u64, usize>,
    /// Places of the facts, certain and possible, that are not struck, by dotted name of their type, in order.
    by_type: BTreeMap<&'static str, Vec<usize>>,
    matters: Vec<Matter>,
}

/// Cuts a log at a moment.
pub fn cut(log: &Log, basis: Basis, at: impl Into<At>) -> Cut {
    cut_with(log, basis, at, &Readings::Current)
}

/// Cuts a log at a moment, and says which words of corrected entries are read.
pub fn cut_with(log: &Log, basis: Basis, at: impl Into<At>, words: &Readings) -> Cut {
    let at = at.into();
    let statements = Statements::of(log, basis);
    let clocks = Clocks::of(log, &statements, (basis, at), words);
    let is_kept = |index: usize| clocks.keeps(index);
    let unseen = log.unseen().iter();
    let unseen = unseen.filter(|entry| basis != Basis::Ledger || at.holds(entry));
    if (0..log.entries().len()).all(is_kept) && unseen.clone().count() == log.unseen().len() {
        // What was worked out of the log holds of the cut, which is all of it.
        return Cut {
            basis,
            at,
            words: words.clone(),
            eyes: Vec::new(),
            read: Read::of(&clocks),
            log: log.clone(),
        };
    }
    let entries = log.entries().iter().enumerate();
    let kept = entries.filter(|(index, _)| is_kept(*index));
    let kept = kept.map(|(_, entry)| entry.clone()).collect();
    let log = Log::with_unseen(kept, unseen.cloned().collect());
    sealed(log, (basis, at, words.clone()), Vec::new())
}

/// A [`Cut`] of these entries, every reading computed from them alone.
fn sealed(log: Log, (basis, at, words): (Basis, At, Readings), eyes: Vec<Holder>) -> Cut {
    let statements = Statements::of(&log, basis);
    let read = Read::of(&Clocks::of(&log, &statements, (basis, at), &words));
    Cut {
        basis,
        at,
        words,
        eyes,
        log,
        read,
    }
}

impl Read {
    fn of(clocks: &Clocks<'_>) -> Self {
        let log = clocks.log;
        let review = reading::review(clocks);
        let readings = reading::readings(clocks, review);
        let entries = log.entries().iter().enumerate();
        let statement_of = entries
            .map(|(index, entry)| {
                let root = log.entries().get(clocks.statements.root(index));
                root.map_or(entry.position, |root| root.position)
            })
            .collect();
        let place_of = (0..)
            .zip(&readings)
            .map(|(place, reading)| (reading.position(), place));
        Self {
            review,
            statement_of,
            place_of: place_of.collect(),
            by_type: by_type(&readings),
            matters: matters(clocks),
            readings,
        }
    }
}

fn by_type(readings: &[Reading]) -> BTreeMap<&'static str, Vec<usize>> {
    let mut by_type: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (place, reading) in readings.iter().enumerate() {
        if reading.kind() == ReadingKind::Fact && reading.struck().is_none() {
            let of_type = by_type.entry(reading.event().content.type_name());
            of_type.or_default().push(place);
        }
    }
    by_type
}

impl Cut {
    /// The basis it was cut in.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The moment it was cut at.
    pub fn at(&self) -> At {
        self.at
    }

    /// Which words of corrected entries it reads.
    pub fn words(&self) -> &Readings {
        &self.words
    }

    /// When a review began, by what is certain in it: every record error made after is late.
    pub(super) fn review(&self) -> Option<Timestamp> {
        self.read.review
    }

    /// The entries, certain and possible, in position order. Cutting them again gives this cut.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Every statement, in the order of `semantics.md` 1.5: when it took place, the agency's own number,
    /// position. Includes the possible, the struck and the statements about the record.
    pub fn readings(&self) -> &[Reading] {
        &self.read.readings
    }

    /// The statements that count: certain, not struck, and about the child's life.
    pub fn facts(&self) -> impl Iterator<Item = &Reading> {
        self.read.readings.iter().filter(|reading| {
            reading.certain() && reading.struck().is_none() && reading.kind() == ReadingKind::Fact
        })
    }

    /// The statements that may belong before the as-at date: listed apart, never in a total.
    pub fn possible(&self) -> impl Iterator<Item = &Reading> {
        self.read.readings.iter().filter(|reading| {
            !reading.certain() && reading.struck().is_none() && reading.kind() == ReadingKind::Fact
        })
    }

    /// The facts of these types, certain and possible, that are not struck, in the order of [`Self::readings`].
    pub fn of_types<'n>(&self, types: impl IntoIterator<Item = &'n str>) -> Vec<&Reading> {
        let types: BTreeSet<&str> = types.into_iter().collect();
        let of_type = types
            .into_iter()
            .filter_map(|name| self.read.by_type.get(name));
        let mut places: Vec<usize> = of_type.flatten().copied().collect();
        places.sort_unstable();
        let found = places.into_iter();
        found
            .filter_map(|place| self.read.readings.get(place))
            .collect()
    }

    /// The statement with this original, or that this entry belongs to.
    pub fn reading(&self, position: u64) -> Option<&Reading> {
        let index = self.log.index_at(position)?;
        let place = self.read.place_of.get(self.read.statement_of.get(index)?)?;
        self.read.readings.get(*place)
    }

    /// Position of the statement that a reference names, if it is in the cut.
    pub fn resolve(&self, reference: &EntryRef) -> Option<u64> {
        let index = self.log.index_of(reference)?;
        self.read.statement_of.get(index).copied()
    }

    /// Entries linked as one matter, certainly and not unlinked since, by statement.
    pub fn matters(&self) -> &[Matter] {
        &self.read.matters
    }

    /// What may be shown of an interval.
    pub fn shown(&self, interval: Interval) -> Shown {
        let t = self.at.instant;
        Shown {
            earliest: interval.earliest.filter(|earliest| *earliest < t),
            latest: Some(interval.latest).filter(|latest| *latest <= t),
        }
    }

    /// Through whose eyes it is, in the order in which they were applied; empty means everybody's together.
    pub fn eyes(&self) -> &[Holder] {
        &self.eyes
    }

    /// The cut through the eyes of a holder: the statements that `knows` accepts, by the position of their
    /// original. Feeds and registrations stay. Applied after the cut in every basis (`semantics.md` 3.3).
    #[must_use]
    pub fn seen_by(&self, eyes: &Holder, knows: impl Fn(&Reading) -> bool) -> Self {
        let known: BTreeSet<u64> = self
            .read
            .readings
            .iter()
            .filter(|reading| reading.kind() == ReadingKind::Standing || knows(reading))
            .map(Reading::position)
            .collect();
        let entries = self.log.entries().iter().zip(&self.read.statement_of);
        let kept = entries.filter(|(_, statement)| known.contains(statement));
        let kept = kept.map(|(entry, _)| entry.clone()).collect();
        sealed(
            Log::with_unseen(kept, self.log.unseen().to_vec()),
            (self.basis, self.at, self.words.clone()),
            [self.eyes.as_slice(), std::slice::from_ref(eyes)].concat(),
        )
    }
}

/// The clocks of a log's entries in one basis.
pub(super) struct Clocks<'a> {
    pub(super) log: &'a Log,
    pub(super) statements: &'a Statements,
    pub(super) basis: Basis,
    pub(super) at: At,
    pub(super) words: &'a Readings,
    /// Of each entry, by its index.
    stands: Vec<InBasis>,
}

/// Where an entry stands in a basis.
#[derive(Clone, Copy)]
enum InBasis {
    /// In every cut.
    Always,
    /// In none.
    Never,
    /// By a clock.
    At(Interval),
}

impl<'a> Clocks<'a> {
    fn of(
        log: &'a Log,
        statements: &'a Statements,
        (basis, at): (Basis, At),
        words: &'a Readings,
    ) -> Self {
        let mut clocks = Self {
            log,
            statements,
            basis,
            at,
            words,
            stands: Vec::new(),
        };
        let entries = log.entries().iter().enumerate();
        clocks.stands = entries
            .map(|(index, entry)| clocks.in_basis(index, entry))
            .collect();
        clocks
    }

    fn stands(&self, index: usize) -> InBasis {
        self.stands.get(index).copied().unwrap_or(InBasis::Never)
    }

    /// The clock of an entry in this basis; none for what stands in every cut, and for a link whose ends are
    /// not both here.
    pub(super) fn clock(&self, index: usize) -> Option<Interval> {
        match self.stands(index) {
            InBasis::At(clock) => Some(clock),
            InBasis::Always | InBasis::Never => None,
        }
    }

    fn in_basis(&self, index: usize, entry: &Placed) -> InBasis {
        match self.basis {
            Basis::Then | Basis::Now => self.of_statement(self.statements.root(index)),
            Basis::Recorded if self.statements.tie(index) != Tie::Standing => {
                InBasis::At(clock::recorded(entry))
            }
            Basis::Recorded | Basis::Ledger => InBasis::At(Interval::instant(entry.appended)),
        }
    }

    /// The clock that a whole statement is cut by. A link has the later of its two ends' clocks, bound by
    /// bound: it is in the cut when both are.
    fn of_statement(&self, root: usize) -> InBasis {
        match self.statements.tie(root) {
            Tie::Standing => InBasis::Always,
            Tie::Link {
                a: Some(a),
                b: Some(b),
            } => {
                let end = |end: usize| {
                    let root = self.statements.root(end);
                    match self.statements.tie(root) {
                        Tie::Link { .. } => InBasis::Never,
                        Tie::Own | Tie::Member { .. } | Tie::World { .. } | Tie::Standing => {
                            self.of_statement(root)
                        }
                    }
                };
                match (end(a), end(b)) {
                    (InBasis::Never, _) | (_, InBasis::Never) => InBasis::Never,
                    (InBasis::Always, other) | (other, InBasis::Always) => other,
                    (InBasis::At(a), InBasis::At(b)) => InBasis::At(a.max(b)),
                }
            }
            Tie::Link { .. } => InBasis::Never,
            Tie::Own | Tie::Member { .. } | Tie::World { .. } => {
                statement_clock(self.log, self.statements, root, self.basis, self.words)
                    .map_or(InBasis::Never, InBasis::At)
            }
        }
    }

    /// Whether an entry is in the cut, certainly or possibly.
    fn keeps(&self, index: usize) -> bool {
        self.before(index, Interval::may_precede) || self.stands_alone(index)
    }

    /// Whether a dispute of receipt is in the cut although its share is not: by its own clock, as it would be if the
    /// share had not arrived. So a share that is not in the cut moves nothing (`semantics.md` 3.4, law 6).
    fn stands_alone(&self, index: usize) -> bool {
        matches!(self.basis, Basis::Then | Basis::Now)
            && self
                .statements
                .dispute(self.log, index)
                .and_then(|dispute| {
                    statement_clock(self.log, self.statements, dispute, self.basis, self.words)
                })
                .is_some_and(|clock| clock.may_precede(self.at.instant))
    }

    /// Whether an entry is certainly in the cut.
    pub(super) fn certain(&self, index: usize) -> bool {
        self.before(index, Interval::certain_before)
    }

    fn before(&self, index: usize, is_before: fn(&Interval, Timestamp) -> bool) -> bool {
        let t = self.at.instant;
        if let (Basis::Ledger, Some(limit)) = (self.basis, self.at.position) {
            return self
                .log
                .entries()
                .get(index)
                .is_some_and(|entry| entry.position < limit);
        }
        match self.stands(index) {
            InBasis::Always => true,
            InBasis::Never => false,
            InBasis::At(clock) => is_before(&clock, t),
        }
    }
}

fn matters(clocks: &Clocks<'_>) -> Vec<Matter> {
    let mut linked: BTreeMap<(u64, u64), Option<u64>> = BTreeMap::new();
    let log = clocks.log;
    let certain = |index: usize| clocks.certain(index);
    let mut links: Vec<(Interval, u64, (u64, u64), bool)> = Vec::new();
    for (index, entry) in log.entries().iter().enumerate() {
        let Tie::Link {
            a: Some(a),
            b: Some(b),
        } = clocks.statements.tie(index)
        else {
            continue;
        };
        if !certain(index) || clocks.statements.retracted_by(index, &certain).is_some() {
            continue;
        }
        let at = |end: usize| {
            log.entries()
                .get(clocks.statements.root(end))
                .map(|entry| entry.position)
        };
        if let (Some(a), Some(b)) = (at(a), at(b)) {
            let pair = (a.min(b), a.max(b));
            let joins = matches!(
                &entry.event.content,
                Content::Record(RecordContent::MatterLinked(_))
            );
            links.push((entry.recorded_or_appended(), entry.position, pair, joins));
        }
    }
    links.sort_unstable();
    for (_, position, pair, joins) in links {
        linked.insert(pair, joins.then_some(position));
    }
    linked
        .into_iter()
        .filter_map(|((a, b), link)| link.map(|link| Matter { a, b, link }))
        .collect()
}
