//! Statements: an original entry and the entries about the record that target it (`semantics.md` 2).

mod late;

use jiff::Timestamp;

use super::clock::{self, asserted};
use super::cut::{Basis, Readings};
use super::placed::{Log, Placed};
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::record::{CorrectionKind, RecordContent, RetractionReason};
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::sharing::SharingContent;
use crate::domain::event::{CaseEvent, Content, EntryRef, Recipient};
use crate::domain::id::AgencyId;
use crate::domain::time::Interval;

pub(super) use late::{late_errors, lateness};

/// What an entry is to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// An original, or an entry about one that is not here and therefore stands alone.
    Own,
    /// Of the class *record*: belongs to the statement of its target.
    Member { target: usize, effect: Effect },
    /// Of the class *world*: a statement of its own that acts on its target, if that is here.
    World {
        target: Option<usize>,
        effect: Effect,
    },
    /// Feeds, registrations, and in basis *now* identity links: as best known.
    Standing,
    /// A link of two entries as one matter: in the cut when both are.
    Link { a: Option<usize>, b: Option<usize> },
}

/// What an entry about the record does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    RecordError,
    NewUnderstanding,
    Retract,
    Dispute,
    DisputeReceipt,
}

/// The statements of a log in one basis: for each entry its tie and the root of its statement.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) ties: Vec<Tie>,
    pub(super) roots: Vec<usize>,
    /// For each root its members in position order, itself included; empty for others.
    pub(super) members: Vec<Vec<usize>>,
    /// For each entry the retractions that name it.
    retractions: Vec<Vec<usize>>,
}

impl Statements {
    pub(super) fn of(log: &Log, basis: Basis) -> Self {
        let ties: Vec<Tie> = log
            .entries()
            .iter()
            .map(|entry| tie(log, entry, basis))
            .collect();
        let roots: Vec<usize> = (0..ties.len()).map(|index| root(&ties, index)).collect();
        let mut members = vec![Vec::new(); ties.len()];
        for (index, root) in roots.iter().enumerate() {
            if let Some(list) = members.get_mut(*root) {
                list.push(index);
            }
        }
        let mut retractions = vec![Vec::new(); ties.len()];
        for (index, tie) in ties.iter().enumerate() {
            let target = match tie {
                Tie::Member {
                    target,
                    effect: Effect::Retract,
                } => Some(*target),
                Tie::World {
                    target,
                    effect: Effect::Retract,
                } => *target,
                Tie::Member { .. }
                | Tie::World { .. }
                | Tie::Own
                | Tie::Standing
                | Tie::Link { .. } => None,
            };
            if let Some(list) = target.and_then(|target| retractions.get_mut(target)) {
                list.push(index);
            }
        }
        Self {
            ties,
            roots,
            members,
            retractions,
        }
    }

    pub(super) fn tie(&self, index: usize) -> Tie {
        self.ties.get(index).copied().unwrap_or(Tie::Own)
    }

    pub(super) fn members(&self, root: usize) -> &[usize] {
        self.members.get(root).map_or(&[], Vec::as_slice)
    }

    pub(super) fn root(&self, index: usize) -> usize {
        self.roots.get(index).copied().unwrap_or(index)
    }

    /// The retraction that takes an entry back, if one that `counts` does and is not itself taken back.
    pub(super) fn retracted_by(
        &self,
        index: usize,
        counts: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        if self.retractions.get(index).is_none_or(Vec::is_empty) {
            return None;
        }
        self.retracted_within(index, counts, &mut Vec::new())
    }

    fn retracted_within(
        &self,
        index: usize,
        counts: &dyn Fn(usize) -> bool,
        asking: &mut Vec<usize>,
    ) -> Option<usize> {
        if asking.contains(&index) {
            return None;
        }
        asking.push(index);
        let found = self.retractions.get(index).and_then(|list| {
            list.iter().copied().find(|retraction| {
                counts(*retraction) && self.retracted_within(*retraction, counts, asking).is_none()
            })
        });
        asking.pop();
        found
    }

    /// The words of a statement by its own members alone, which its clocks are computed from.
    pub(super) fn own_words<'a>(
        &self,
        log: &'a Log,
        root: usize,
        readings: &Readings,
    ) -> Option<&'a CaseEvent> {
        let own = |index: usize| matches!(self.tie(index), Tie::Member { .. });
        let corrections = self.members(root).iter().copied().filter(|member| {
            self.corrects(log, *member, readings) && self.retracted_by(*member, &own).is_none()
        });
        let last = last_recorded(log, corrections).unwrap_or(root);
        log.entries().get(last).map(|entry| asserted(&entry.event))
    }

    /// The dispute of receipt that an entry is, or is about, when that belongs to a share: the root of what is left
    /// of the statement while the share is not there.
    pub(super) fn dispute(&self, log: &Log, index: usize) -> Option<usize> {
        let mut at = index;
        for _ in 0..=self.ties.len() {
            let Tie::Member { target, .. } = self.tie(at) else {
                return None;
            };
            if is_receipt_dispute(&log.entries().get(at)?.event) {
                return Some(at);
            }
            at = target;
        }
        None
    }

    /// Whether an entry of a statement replaces its words.
    pub(super) fn corrects(&self, log: &Log, member: usize, readings: &Readings) -> bool {
        match self.tie(member) {
            Tie::Member {
                effect: Effect::RecordError,
                ..
            } => log
                .entries()
                .get(member)
                .is_some_and(|entry| !readings.leaves_out(entry.position)),
            Tie::Member {
                effect: Effect::NewUnderstanding,
                ..
            } => true,
            Tie::Member { .. }
            | Tie::World { .. }
            | Tie::Own
            | Tie::Standing
            | Tie::Link { .. } => false,
        }
    }
}

/// The last of several entries by (recorded, else appended; then position).
pub(super) fn last_recorded(log: &Log, of: impl Iterator<Item = usize>) -> Option<usize> {
    let key = |index: &usize| -> Option<(Interval, u64)> {
        let entry = log.entries().get(*index)?;
        Some((entry.recorded_or_appended(), entry.position))
    };
    of.max_by_key(key)
}

fn tie(log: &Log, entry: &Placed, basis: Basis) -> Tie {
    match &entry.event.content {
        Content::Record(content) => record_tie(log, entry, content, basis),
        Content::Sharing(SharingContent::ShareReceiptDisputed(dispute)) => {
            receipt_tie(log, entry, &dispute.share)
        }
        Content::Feed(_) | Content::Registry(_) => Tie::Standing,
        Content::Case(_)
        | Content::Referral(_)
        | Content::Concern(_)
        | Content::Allocation(_)
        | Content::Contact(_)
        | Content::Enquiry(_)
        | Content::Meeting(_)
        | Content::Plan(_)
        | Content::Court(_)
        | Content::Care(_)
        | Content::Challenge(_)
        | Content::Sharing(_)
        | Content::Involvement(_)
        | Content::Review(_)
        | Content::Unrecognised(_) => Tie::Own,
    }
}

fn record_tie(log: &Log, entry: &Placed, content: &RecordContent, basis: Basis) -> Tie {
    let of_author = |reference: &EntryRef, effect: Effect, is_record: bool| {
        let target = log.index_of(reference);
        if *reference.agency() != entry.agency {
            return Tie::World {
                target,
                effect: Effect::Dispute,
            };
        }
        match target {
            Some(target) if is_record => Tie::Member { target, effect },
            None if is_record => Tie::Own,
            _ => Tie::World { target, effect },
        }
    };
    let now = basis == Basis::Now;
    match content {
        RecordContent::EventCorrected(correction) => match correction.kind {
            CorrectionKind::RecordError => of_author(&correction.target, Effect::RecordError, true),
            CorrectionKind::NewUnderstanding
            | CorrectionKind::NotStated
            | CorrectionKind::Unknown(_) => {
                of_author(&correction.target, Effect::NewUnderstanding, now)
            }
        },
        RecordContent::EventRetracted(retraction) => {
            let is_record = match retraction.reason {
                RetractionReason::Duplicate | RetractionReason::NeverHappened => true,
                RetractionReason::WrongChild
                | RetractionReason::WrongCase
                | RetractionReason::NotStated
                | RetractionReason::Unknown(_) => now,
            };
            of_author(&retraction.target, Effect::Retract, is_record)
        }
        RecordContent::EventDisputed(dispute) => Tie::World {
            target: log.index_of(&dispute.target),
            effect: Effect::Dispute,
        },
        RecordContent::MatterLinked(link) => Tie::Link {
            a: log.index_of(&link.a),
            b: log.index_of(&link.b),
        },
        RecordContent::MatterUnlinked(link) => Tie::Link {
            a: log.index_of(&link.a),
            b: log.index_of(&link.b),
        },
        RecordContent::IdentityLinked(_) | RecordContent::IdentityUnlinked(_) => {
            if now {
                Tie::Standing
            } else {
                Tie::Own
            }
        }
    }
}

/// Whether an entry says that its author did not receive a share.
pub(super) fn is_receipt_dispute(event: &CaseEvent) -> bool {
    matches!(
        event.content,
        Content::Sharing(SharingContent::ShareReceiptDisputed(_))
    )
}

/// A dispute of receipt belongs to the share, whoever makes it, and is cut with it. It counts as one when a
/// recipient makes it; from anybody else it is a dispute of the entry.
fn receipt_tie(log: &Log, entry: &Placed, share: &EntryRef) -> Tie {
    let found = log
        .index_of(share)
        .and_then(|at| log.entries().get(at).map(|shared| (at, shared)));
    let Some((target, shared)) = found else {
        return Tie::Own;
    };
    let effect = if is_recipient(&shared.event, &entry.agency) {
        Effect::DisputeReceipt
    } else {
        Effect::Dispute
    };
    Tie::Member { target, effect }
}

/// Whether an entry says that it, or what it carries, went to an agency.
pub(super) fn is_recipient(share: &CaseEvent, agency: &AgencyId) -> bool {
    let words = asserted(share);
    let named = |to: &[Recipient]| to.iter().any(|to| to.agency == *agency);
    words.told.iter().any(|told| told.agency == *agency)
        || match &words.content {
            Content::Sharing(SharingContent::ShareMade(share)) => named(&share.to),
            Content::Sharing(SharingContent::InfoRequested(request)) => request.to == *agency,
            Content::Sharing(SharingContent::InfoResponded(answer)) => answer.to == *agency,
            Content::Meeting(MeetingContent::MinutesSent(minutes)) => named(&minutes.to),
            Content::Referral(ReferralContent::ReferralFeedbackGiven(given)) => given.to == *agency,
            Content::Sharing(_)
            | Content::Meeting(_)
            | Content::Referral(_)
            | Content::Case(_)
            | Content::Concern(_)
            | Content::Allocation(_)
            | Content::Contact(_)
            | Content::Enquiry(_)
            | Content::Plan(_)
            | Content::Court(_)
            | Content::Care(_)
            | Content::Challenge(_)
            | Content::Record(_)
            | Content::Involvement(_)
            | Content::Feed(_)
            | Content::Registry(_)
            | Content::Review(_)
            | Content::Unrecognised(_) => false,
        }
}

/// The original that an entry's statement begins with. Entries that name each other in a ring begin with
/// the first of the ring.
fn root(ties: &[Tie], index: usize) -> usize {
    let Some(Tie::Member { .. }) = ties.get(index) else {
        return index;
    };
    let mut path = vec![index];
    let mut at = index;
    while let Some(Tie::Member { target, .. }) = ties.get(at) {
        if let Some(start) = path.iter().position(|seen| seen == target) {
            return path.iter().skip(start).copied().min().unwrap_or(index);
        }
        at = *target;
        path.push(at);
    }
    at
}

/// Why an entry is struck through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Struck {
    /// Position of the retraction.
    pub position: u64,
    /// The reason it gives.
    pub reason: RetractionReason,
}

/// A correction that a reading rests on, or that changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// Position of the correcting entry.
    pub position: u64,
    /// Which kind; *not stated* counts as new understanding.
    pub kind: CorrectionKind,
    /// Whole days from the recording of the entry to the recording of the correction.
    pub days: i64,
    /// A record error recorded over 28 days after the entry, or after the incident or the review:
    /// findings are then computed under both readings.
    pub late: bool,
    /// It may not belong before the as-at date, and is not applied.
    pub possible: bool,
    /// Its words are the reading.
    pub applied: bool,
}

/// The moment from which every record error is late: the first `incident.known_to_la` or
/// `review.commissioned` among these events.
pub(super) fn review_began<'a>(
    events: impl Iterator<Item = (&'a CaseEvent, Interval)>,
) -> Option<Timestamp> {
    events
        .filter(|(event, _)| matches!(event.content, Content::Review(_)))
        .map(|(_, occurred)| occurred.latest)
        .min()
}

/// The clock of a whole statement in *then* or *now*, from its own members alone.
pub(super) fn statement_clock(
    log: &Log,
    statements: &Statements,
    root: usize,
    basis: Basis,
    readings: &Readings,
) -> Option<Interval> {
    let entry = log.entries().get(root)?;
    let own = speaks_for_itself(entry, basis);
    let words = if own {
        &*entry.event
    } else {
        statements.own_words(log, root, readings)?
    };
    Some(if basis == Basis::Now {
        clock::occurred(words, entry)
    } else if own {
        clock::known_of_record(entry)
    } else {
        clock::known(words, entry)
    })
}

/// Whether an entry about the record has a clock of its own envelope, whether or not its target is here:
/// nothing but the entry itself decides, so that a cut of a cut decides alike.
fn speaks_for_itself(entry: &Placed, basis: Basis) -> bool {
    if let Content::Record(RecordContent::EventCorrected(correction)) = &entry.event.content {
        return *correction.target.agency() != entry.agency
            || (correction.kind != CorrectionKind::RecordError && basis != Basis::Now);
    }
    matches!(
        &entry.event.content,
        Content::Record(_) | Content::Sharing(SharingContent::ShareReceiptDisputed(_))
    )
}
