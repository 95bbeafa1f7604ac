//! The statements of a cut as knowledge needs them: their reading, their κ, and how they refer to
//! one another.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::record::{RecordContent, RetractionReason};
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::sharing::SharingContent;
use crate::domain::event::{CaseEvent, Content, EntryRef};
use crate::domain::id::AgencyId;
use crate::domain::time::{Interval, When, london_date};
use crate::projection::clock::{self, asserted};
use crate::projection::cut::{Basis, Cut, Reading, ReadingKind};
use crate::projection::placed::Placed;
use crate::projection::statement::{Correction, is_receipt_dispute, is_recipient};
use crate::rules::Calendar;

use super::fact::{Promptness, StatementId};
use super::meeting;
use super::proofs::Telling;

/// One statement of the cut, as it reads there.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent marks of a statement"
)]
#[derive(Debug, Clone)]
pub(crate) struct Seen<'a> {
    /// Position of its original entry.
    pub(crate) id: StatementId,
    /// Its author.
    pub(crate) agency: &'a AgencyId,
    /// What it says: record errors applied, a new understanding of it not, since that is a
    /// statement of its own.
    pub(crate) event: &'a CaseEvent,
    /// The envelope that says when its author learned it and who was told: of a correction the
    /// correcting event's, of anything else the same as `event`.
    pub(crate) envelope: &'a CaseEvent,
    /// The original entry.
    pub(crate) root: &'a Placed,
    /// The earliest that anybody named in it knew it.
    pub(crate) kappa: Interval,
    /// The original and the record corrections that gave the reading.
    pub(crate) evidence: Vec<u64>,
    /// Taken back, by a retraction in the cut.
    pub(crate) struck: bool,
    /// Taken back as a duplicate or as never having happened: it shows nothing of anybody.
    pub(crate) void: bool,
    /// The statement whose words this one replaces, for a new understanding.
    pub(crate) renews: Option<StatementId>,
    /// Certainly in the cut; otherwise possibly.
    pub(crate) certain: bool,
    /// Not a link, dispute or retraction: something that happened, or a new understanding of it.
    pub(crate) item_like: bool,
    /// Positions of record-error corrections applied.
    pub(crate) corrected_by: Vec<u64>,
}

impl Seen<'_> {
    /// When it happened: of a correction, when the correction was made.
    pub(crate) fn occurred(&self) -> Interval {
        clock::occurred(self.envelope, self.root)
    }

    /// Since when the author of a statement knows it (`semantics.md` 6.2, how *author*).
    pub(super) fn author_since(&self) -> Interval {
        let envelope = self.envelope;
        let silent =
            envelope.known.as_ref().is_none_or(When::is_unknown) && envelope.occurred.is_unknown();
        if silent && matches!(envelope.content, Content::Record(_)) {
            return self.root.recorded_or_appended();
        }
        clock::author_since(envelope, self.root)
    }
}

/// A recipient's statement that it did not receive a share.
#[derive(Debug, Clone)]
pub(crate) struct Dispute<'a> {
    pub(crate) by: &'a AgencyId,
    pub(crate) share: StatementId,
    pub(crate) position: u64,
}

/// All statements of a cut that somebody can know, with their references resolved.
#[derive(Debug)]
pub(crate) struct View<'a> {
    cut: &'a Cut,
    /// By id, ascending.
    statements: Vec<Seen<'a>>,
    disputes: Vec<Dispute<'a>>,
    review_began: Option<Timestamp>,
}

impl<'a> View<'a> {
    /// The statements of a cut: everything but feeds and registrations, which are nobody's knowledge.
    pub(crate) fn of(cut: &'a Cut) -> Self {
        let readings = cut.readings().iter().filter(|reading| is_known(reading));
        let mut statements = Vec::with_capacity(cut.readings().len());
        statements.extend(readings.clone().map(|reading| seen(cut, reading)));
        statements.sort_unstable_by_key(|seen: &Seen<'_>| seen.id);
        let disputes = readings
            .flat_map(|reading| disputes(cut, reading))
            .collect();
        let review_began = statements
            .iter()
            .filter(|seen| matches!(seen.event.content, Content::Review(_)))
            .map(|seen| seen.occurred().latest)
            .min();
        Self {
            cut,
            statements,
            disputes,
            review_began,
        }
    }

    /// The cut.
    pub(crate) fn cut(&self) -> &'a Cut {
        self.cut
    }

    /// The exclusive instant of the question.
    pub(crate) fn at(&self) -> Timestamp {
        self.cut.at().instant
    }

    /// The statements, in order of position.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Seen<'a>> {
        self.statements.iter()
    }

    fn place(&self, id: StatementId) -> Option<usize> {
        let found = self.statements.binary_search_by_key(&id, |seen| seen.id);
        found.ok()
    }

    /// One statement, if it is in the cut.
    pub(crate) fn get(&self, id: StatementId) -> Option<&Seen<'a>> {
        self.statements.get(self.place(id)?)
    }

    /// The statement that a reference names, if it has arrived and is in the cut.
    pub(crate) fn resolve(&self, target: &EntryRef) -> Option<StatementId> {
        self.cut
            .resolve(target)
            .filter(|id| self.place(*id).is_some())
    }

    /// Disputes of receipt.
    pub(crate) fn disputes(&self) -> &[Dispute<'a>] {
        &self.disputes
    }

    /// What somebody who acknowledges `share` then knows: its items, and itself.
    pub(crate) fn carried(&self, share: StatementId) -> Vec<StatementId> {
        let Some(seen) = self.get(share) else {
            return Vec::new();
        };
        let mut refs: Vec<&EntryRef> = Vec::new();
        let mut found = vec![share];
        match &seen.event.content {
            Content::Sharing(SharingContent::ShareMade(made)) => refs.extend(&made.items),
            Content::Sharing(SharingContent::InfoResponded(answer)) => refs.extend(&answer.items),
            Content::Meeting(MeetingContent::MinutesSent(minutes)) => refs.extend(&minutes.items),
            Content::Referral(ReferralContent::ReferralFeedbackGiven(feedback)) => {
                refs.extend(&feedback.referral);
                found.extend(self.decisions_on(feedback.referral.as_ref(), seen.agency));
            }
            _ => {}
        }
        found.extend(refs.into_iter().filter_map(|target| self.resolve(target)));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The meeting of which a statement is the minutes.
    pub(super) fn meeting_of(&self, minutes: StatementId) -> Option<StatementId> {
        match &self.get(minutes)?.event.content {
            Content::Meeting(MeetingContent::MinutesSent(minutes)) => {
                self.resolve(&minutes.meeting)
            }
            _ => None,
        }
    }

    /// What minutes bring by the meeting's own record: the meeting, and what it considered where the
    /// minutes list nothing.
    pub(super) fn carried_by_meeting(&self, minutes: StatementId) -> Vec<StatementId> {
        let Some(seen) = self.meeting_of(minutes).and_then(|id| self.get(id)) else {
            return Vec::new();
        };
        let mut found = vec![seen.id];
        if self.carried(minutes) == [minutes] {
            found.extend(
                meeting::held(self, seen)
                    .map(|held| held.considered)
                    .unwrap_or_default(),
            );
        }
        found
    }

    /// Lets a telling rest on another entry: no fact is earlier than what it rests on.
    pub(super) fn rest_on(&self, entry: StatementId, telling: &mut Telling) {
        let Some(seen) = self.get(entry) else { return };
        telling.floor = telling.floor.max(seen.kappa);
        telling.evidence.extend(&seen.evidence);
    }

    /// The decisions that an agency recorded on a referral.
    pub(crate) fn decisions_on(
        &self,
        referral: Option<&EntryRef>,
        agency: &AgencyId,
    ) -> Vec<StatementId> {
        let Some(referral) = referral.and_then(|target| self.resolve(target)) else {
            return Vec::new();
        };
        self.statements()
            .filter(|seen| seen.agency == agency)
            .filter(|seen| match &seen.event.content {
                Content::Referral(ReferralContent::ReferralDecided(decided)) => {
                    decided
                        .referral
                        .as_ref()
                        .and_then(|target| self.resolve(target))
                        == Some(referral)
                }
                _ => false,
            })
            .map(|seen| seen.id)
            .collect()
    }

    /// How soon a statement was written down after it happened, by the agency's own word.
    pub(super) fn promptness(&self, seen: &Seen<'_>) -> Promptness {
        let Some(recorded) = seen
            .root
            .event
            .recorded
            .as_ref()
            .filter(|when| !when.is_unknown())
        else {
            return Promptness::NotStated;
        };
        let recorded = recorded.resolve(seen.root.appended);
        let (Some(written), Some(happened)) = (recorded.earliest, seen.occurred().earliest) else {
            return Promptness::NotStated;
        };
        if self.review_began.is_some_and(|began| written >= began) {
            return Promptness::AfterReviewBegan;
        }
        // Nothing to count where so few days lie between that not more than five can be working days.
        let soon = written.duration_since(happened) <= SignedDuration::from_hours(4 * 24);
        let used = || {
            let (from, to) = (london_date(happened), london_date(written));
            Calendar::england_wales().working_days_used(from, to)
        };
        if soon || used() <= 5 {
            Promptness::AtTheTime
        } else {
            Promptness::Later
        }
    }
}

fn entry(cut: &Cut, position: u64) -> Option<&Placed> {
    let entries = cut.log().entries();
    entries
        .binary_search_by_key(&position, |entry| entry.position)
        .ok()
        .and_then(|i| entries.get(i))
}

/// The disputes of receipt that belong to a share: where a statement is cut as one thing, all of them.
fn disputes<'a>(cut: &'a Cut, reading: &'a Reading) -> Vec<Dispute<'a>> {
    let by_statement = matches!(cut.basis(), Basis::Then | Basis::Now);
    let positions = if by_statement {
        reading.members()
    } else {
        reading.disputed_receipts()
    };
    positions
        .iter()
        .filter_map(|position| entry(cut, *position))
        .filter(|entry| {
            entry.position != reading.position()
                && is_receipt_dispute(&entry.event)
                && is_recipient(&reading.root().event, &entry.agency)
                && !is_taken_back(cut, reading, entry.position)
        })
        .map(|entry| Dispute {
            by: &entry.agency,
            share: reading.position(),
            position: entry.position,
        })
        .collect()
}

/// Whether an entry of a statement is taken back as a duplicate or as never having happened, by another of it.
fn is_taken_back(cut: &Cut, reading: &Reading, position: u64) -> bool {
    reading
        .members()
        .iter()
        .filter_map(|member| entry(cut, *member))
        .any(|member| {
            matches!(&member.event.content, Content::Record(RecordContent::EventRetracted(taken))
            if matches!(taken.reason, RetractionReason::Duplicate | RetractionReason::NeverHappened)
                && cut.log().resolve(&taken.target).map(|target| target.position)
                    == Some(position))
        })
}

/// The record errors that gave a statement its words, by its own entries alone.
fn errors<'a>(cut: &Cut, reading: &'a Reading) -> impl Iterator<Item = &'a Correction> {
    let by_statement = matches!(cut.basis(), Basis::Then | Basis::Now);
    reading.corrections().iter().filter(move |correction| {
        reading.members().contains(&correction.position)
            && !cut.words().leaves_out(correction.position)
            && (by_statement || !correction.possible)
    })
}

fn seen<'a>(cut: &'a Cut, reading: &'a Reading) -> Seen<'a> {
    let root = reading.root();
    let fact = reading.kind() == ReadingKind::Fact;
    let renews = match reading.kind() {
        ReadingKind::NewUnderstanding => reading.about(),
        ReadingKind::Fact | ReadingKind::AboutRecord | ReadingKind::Standing => None,
    };
    let event = match reading
        .corrections()
        .iter()
        .find(|correction| correction.applied)
    {
        None if reading.certain() => reading.event(),
        Some(applied) if reading.members().contains(&applied.position) => reading.event(),
        // A new understanding is known only to who learns of it: here the words of before it hold.
        _ => errors(cut, reading)
            .filter_map(|correction| entry(cut, correction.position))
            .max_by_key(|entry| (entry.recorded_or_appended(), entry.position))
            .map_or_else(|| asserted(&root.event), |entry| asserted(&entry.event)),
    };
    let event = if fact || renews.is_some() {
        event
    } else {
        &*root.event
    };
    // A correction whose target is not in the cut stands alone, and still speaks by its own envelope.
    let plain = fact
        && !matches!(
            root.event.content,
            Content::Record(RecordContent::EventCorrected(_))
        );
    let envelope = if plain { event } else { &*root.event };
    // A link is cut by its ends, and known by its own envelope: who knows one end alone knows it since the same day.
    let by_clock = reading.clock().filter(|_| !is_link(&root.event.content));
    let mut kappa = match (cut.basis(), by_clock) {
        (Basis::Then, Some(clock)) => clock,
        _ if plain => clock::known(event, root),
        _ => clock::known_of_record(root),
    };
    if cut.basis() == Basis::Now {
        kappa = kappa.max(by_clock.unwrap_or_else(|| reading.occurred()));
    }
    let corrected_by: Vec<u64> = errors(cut, reading)
        .map(|correction| correction.position)
        .collect();
    let mut evidence = vec![reading.position()];
    evidence.extend(&corrected_by);
    evidence.sort_unstable();
    let struck = reading.struck().is_some();
    let void = is_taken_back(cut, reading, reading.position());
    let agency = reading.agency();
    Seen {
        id: reading.position(),
        agency,
        event,
        envelope,
        root,
        kappa,
        certain: reading.certain(),
        evidence,
        struck,
        void,
        renews,
        item_like: reading.kind() != ReadingKind::AboutRecord,
        corrected_by,
    }
}

fn is_link(content: &Content) -> bool {
    matches!(
        content,
        Content::Record(RecordContent::MatterLinked(_) | RecordContent::MatterUnlinked(_))
    )
}

/// Feeds and registrations are nobody's knowledge, nor is that a share was not received, which stands or falls with
/// the share; everything else is, identity links too.
fn is_known(reading: &Reading) -> bool {
    if is_receipt_dispute(&reading.root().event) {
        return false;
    }
    reading.kind() != ReadingKind::Standing
        || matches!(reading.root().event.content, Content::Record(_))
}
