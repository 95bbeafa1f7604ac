//! A statement as the cut reads it: its words after corrections, and what was said against it.

use std::sync::Arc;

use jiff::Timestamp;

use super::Clocks;
use crate::domain::event::CaseEvent;
use crate::domain::event::record::{CorrectionKind, RecordContent};
use crate::domain::event::sharing::SharingContent;
use crate::domain::event::{Content, EntryRef};
use crate::domain::id::AgencyId;
use crate::domain::time::{Interval, days_between, london_date};
use crate::projection::clock::{self, asserted};
use crate::projection::placed::Placed;
use crate::projection::statement::{
    Correction, Effect, Statements, Struck, Tie, last_recorded, lateness, review_began,
};

/// A record error recorded more than this many days after the entry is late (`semantics.md` 2).
pub const LATE_CORRECTION_DAYS: i64 = 28;

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadingKind {
    /// About the child's life; also a correction whose target is not in the cut.
    Fact,
    /// A new understanding of a statement that is in the cut; its words stand there once certain.
    NewUnderstanding,
    /// A dispute, a retraction or a link: about another statement.
    AboutRecord,
    /// A feed or registration entry, in every cut.
    Standing,
}

/// One statement of a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    root: Placed,
    words: Arc<CaseEvent>,
    kind: ReadingKind,
    certain: bool,
    clock: Option<Interval>,
    occurred: Interval,
    members: Vec<u64>,
    corrections: Vec<Correction>,
    struck: Option<Struck>,
    disputes: Vec<u64>,
    disputed_receipts: Vec<u64>,
    of: Option<u64>,
}

impl Reading {
    /// Position of the original entry: the statement's name.
    pub fn position(&self) -> u64 {
        self.root.position
    }

    /// The original entry.
    pub fn root(&self) -> &Placed {
        &self.root
    }

    /// The author agency.
    pub fn agency(&self) -> &AgencyId {
        &self.root.agency
    }

    /// What it says, after the corrections that apply.
    pub fn event(&self) -> &CaseEvent {
        if self.kind == ReadingKind::AboutRecord {
            &self.words
        } else {
            asserted(&self.words)
        }
    }

    /// What it is.
    pub fn kind(&self) -> ReadingKind {
        self.kind
    }

    /// Certainly before the as-at moment; otherwise possibly.
    pub fn certain(&self) -> bool {
        self.certain
    }

    /// Its clock in the basis of the cut; none for what is in every cut. See [`super::Cut::shown`].
    pub fn clock(&self) -> Option<Interval> {
        self.clock
    }

    /// ω: when it took place, by these words.
    pub fn occurred(&self) -> Interval {
        self.occurred
    }

    /// Since when its author agency knows it (`semantics.md` 6.2, how *author*).
    pub fn author_since(&self) -> Interval {
        clock::author_since(self.event(), &self.root)
    }

    /// κ: since when somebody named in it knows it (`semantics.md` 3.1).
    pub fn known_since(&self) -> Interval {
        clock::known(self.event(), &self.root)
    }

    /// Positions of its entries: the original and those about the record that belong to it.
    pub fn members(&self) -> &[u64] {
        &self.members
    }

    /// The corrections in the cut that concern it, in order of recording.
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// Whether its words rest on a late correction, so that both readings matter.
    pub fn late_correction(&self) -> Option<&Correction> {
        self.corrections
            .iter()
            .find(|correction| correction.late && !correction.possible)
    }

    /// The retraction that takes it back.
    pub fn struck(&self) -> Option<Struck> {
        self.struck
    }

    /// Positions of the entries that dispute its content. They change no computation.
    pub fn disputes(&self) -> &[u64] {
        &self.disputes
    }

    /// Positions of the entries by which a recipient disputes receipt. Ask [`Placed::agency`] who.
    pub fn disputed_receipts(&self) -> &[u64] {
        &self.disputed_receipts
    }

    /// The statement that a new understanding, a dispute or a retraction is about, if it is in the cut.
    pub fn about(&self) -> Option<u64> {
        self.of
    }

    /// What the entry says its target is, also when that is not in the cut.
    pub fn target(&self) -> Option<&EntryRef> {
        let Content::Record(content) = &self.root.event.content else {
            return None;
        };
        match content {
            RecordContent::EventCorrected(correction) => Some(&correction.target),
            RecordContent::EventRetracted(retraction) => Some(&retraction.target),
            RecordContent::EventDisputed(dispute) => Some(&dispute.target),
            RecordContent::MatterLinked(_)
            | RecordContent::MatterUnlinked(_)
            | RecordContent::IdentityLinked(_)
            | RecordContent::IdentityUnlinked(_) => None,
        }
    }

    /// Whole days from when the original says it happened to when it was recorded. None when either date is
    /// not one known day. Uses `recorded`, never appended.
    pub fn recording_delay_days(&self) -> Option<i64> {
        let first = asserted(&self.root.event);
        let recorded = self
            .root
            .event
            .recorded
            .as_ref()
            .filter(|when| !when.is_unknown())?;
        let happened = one_day(clock::occurred(first, &self.root))?;
        Some(days_between(
            happened,
            one_day(recorded.resolve(self.root.appended))?,
        ))
    }
}

fn one_day(interval: Interval) -> Option<jiff::civil::Date> {
    let first = london_date(interval.earliest?);
    let last = london_date(
        interval
            .latest
            .checked_sub(crate::domain::time::TICK)
            .ok()?,
    );
    (first == last).then_some(first)
}

/// When a review began by the entries that are certain: every record error made after is late.
pub(super) fn review(clocks: &Clocks<'_>) -> Option<Timestamp> {
    let entries = clocks.log.entries().iter().enumerate();
    let certain = entries.filter(|(index, _)| clocks.certain(*index));
    review_began(certain.map(|(_, entry)| {
        let event = asserted(&entry.event);
        (event, clock::occurred(event, entry))
    }))
}

/// Every statement of the kept entries, in the order of `semantics.md` 1.5.
pub(super) fn readings(clocks: &Clocks<'_>, review: Option<Timestamp>) -> Vec<Reading> {
    let entries = clocks.log.entries();
    let mut acting: Vec<Vec<(usize, Effect)>> = vec![Vec::new(); entries.len()];
    for (index, tie) in clocks.statements.ties.iter().enumerate() {
        if let Tie::World {
            target: Some(target),
            effect,
        } = tie
            && let original = original_of(clocks, *target)
            && original != index
            && let Some(list) = acting.get_mut(original)
        {
            list.push((index, *effect));
        }
    }
    let roots = (0..entries.len()).filter(|index| clocks.statements.root(*index) == *index);
    let mut readings: Vec<Reading> = Vec::with_capacity(entries.len());
    readings.extend(roots.filter_map(|root| reading(clocks, root, review, acting.get(root)?)));
    readings.sort_by(|a, b| {
        a.occurred
            .cmp(&b.occurred)
            .then(a.event().agency_sequence.cmp(&b.event().agency_sequence))
            .then(a.position().cmp(&b.position()))
    });
    readings
}

fn reading(
    clocks: &Clocks<'_>,
    root: usize,
    review: Option<Timestamp>,
    world: &[(usize, Effect)],
) -> Option<Reading> {
    let entry = clocks.log.entries().get(root)?;
    let position = |index: usize| clocks.log.entries().get(index).map(|entry| entry.position);
    let certain = |index: usize| clocks.certain(index);
    let statements = clocks.statements;
    let members = statements.members(root);
    let (kind, of) = kind(clocks, root);
    let mut acting: Vec<usize> = members.iter().copied().filter(|m| *m != root).collect();
    let mut disputes: Vec<u64> = of_effect(statements, &acting, Effect::Dispute)
        .filter_map(position)
        .collect();
    for (index, effect) in world {
        match effect {
            Effect::NewUnderstanding => acting.push(*index),
            Effect::Dispute => disputes.extend(position(*index)),
            Effect::Retract | Effect::RecordError | Effect::DisputeReceipt => {}
        }
    }
    let applies = |index: &usize| {
        let new_understanding = Effect::NewUnderstanding;
        let by_tie = matches!(statements.tie(*index), Tie::World { effect, .. } if effect == new_understanding)
            || statements.corrects(clocks.log, *index, clocks.words);
        by_tie && certain(*index) && statements.retracted_by(*index, &certain).is_none()
    };
    let last = last_recorded(clocks.log, acting.iter().copied().filter(applies));
    let words = last
        .and_then(|last| words_of(clocks, last))
        .unwrap_or_else(|| entry.event.clone());
    let mut corrections: Vec<Correction> = acting
        .iter()
        .filter_map(|index| correction(clocks, root, *index, review, last))
        .collect();
    corrections.sort_by_key(|correction| correction.position);
    let disputed_receipts = of_effect(statements, &acting, Effect::DisputeReceipt)
        .filter(|index| certain(*index) && statements.retracted_by(*index, &certain).is_none())
        .filter_map(position)
        .collect();
    Some(Reading {
        kind,
        certain: certain(root),
        clock: clocks.clock(root),
        occurred: match kind {
            ReadingKind::AboutRecord => clock::occurred(&words, entry),
            ReadingKind::Fact | ReadingKind::NewUnderstanding | ReadingKind::Standing => {
                clock::occurred(asserted(&words), entry)
            }
        },
        words,
        members: members
            .iter()
            .filter_map(|index| position(*index))
            .collect(),
        corrections,
        struck: struck(clocks, root),
        disputes,
        disputed_receipts,
        of: of.and_then(position),
        root: entry.clone(),
    })
}

/// Those entries of a statement that have an effect on it.
fn of_effect(
    statements: &Statements,
    members: &[usize],
    wanted: Effect,
) -> impl Iterator<Item = usize> {
    members.iter().copied().filter(move |index| {
        matches!(statements.tie(*index), Tie::Member { effect, .. } if effect == wanted)
    })
}

/// The original that a target stands for: a correction of a correction is one of the original.
fn original_of(clocks: &Clocks<'_>, target: usize) -> usize {
    let mut at = clocks.statements.root(target);
    let mut seen = vec![at];
    while let Tie::World {
        target: Some(next),
        effect: Effect::NewUnderstanding,
    } = clocks.statements.tie(at)
    {
        at = clocks.statements.root(next);
        if seen.contains(&at) {
            break;
        }
        seen.push(at);
    }
    at
}

fn kind(clocks: &Clocks<'_>, root: usize) -> (ReadingKind, Option<usize>) {
    match clocks.statements.tie(root) {
        Tie::World {
            target,
            effect: Effect::NewUnderstanding,
        } => match target {
            Some(target) => (
                ReadingKind::NewUnderstanding,
                Some(original_of(clocks, target)),
            ),
            None => (ReadingKind::Fact, None),
        },
        Tie::World { target, .. } => (
            ReadingKind::AboutRecord,
            target.map(|target| original_of(clocks, target)),
        ),
        Tie::Standing => (ReadingKind::Standing, None),
        Tie::Link { .. } => (ReadingKind::AboutRecord, None),
        Tie::Own | Tie::Member { .. } => {
            let content = clocks
                .log
                .entries()
                .get(root)
                .map(|entry| &entry.event.content);
            match content {
                Some(Content::Record(RecordContent::EventCorrected(_))) => {
                    (ReadingKind::Fact, None)
                }
                Some(
                    Content::Record(_) | Content::Sharing(SharingContent::ShareReceiptDisputed(_)),
                ) => (ReadingKind::AboutRecord, None),
                _ => (ReadingKind::Fact, None),
            }
        }
    }
}

/// The words that a correcting entry brings: of a new understanding, as corrected itself.
fn words_of(clocks: &Clocks<'_>, correcting: usize) -> Option<Arc<CaseEvent>> {
    let log = clocks.log;
    let statements = clocks.statements;
    let own = statements.root(correcting) == correcting;
    let errors = statements
        .members(correcting)
        .iter()
        .copied()
        .filter(|member| {
            own && statements.corrects(log, *member, clocks.words)
                && clocks.certain(*member)
                && statements
                    .retracted_by(*member, &|index| clocks.certain(index))
                    .is_none()
        });
    let last = last_recorded(log, errors).unwrap_or(correcting);
    log.entries().get(last).map(|entry| entry.event.clone())
}

fn correction(
    clocks: &Clocks<'_>,
    root: usize,
    index: usize,
    review: Option<Timestamp>,
    last: Option<usize>,
) -> Option<Correction> {
    let original = clocks.log.entries().get(root)?;
    let entry = clocks.log.entries().get(index)?;
    let Content::Record(RecordContent::EventCorrected(content)) = &entry.event.content else {
        return None;
    };
    let (days, late) = lateness(original, entry, review);
    Some(Correction {
        position: entry.position,
        kind: content.kind,
        days,
        late: late && content.kind == CorrectionKind::RecordError,
        possible: !clocks.certain(index),
        applied: last == Some(index),
    })
}

fn struck(clocks: &Clocks<'_>, root: usize) -> Option<Struck> {
    let certain = |index: usize| clocks.certain(index);
    let retraction = clocks.statements.retracted_by(root, &certain)?;
    let entry = clocks.log.entries().get(retraction)?;
    let Content::Record(RecordContent::EventRetracted(content)) = &entry.event.content else {
        return None;
    };
    Some(Struck {
        position: entry.position,
        reason: content.reason,
    })
}
