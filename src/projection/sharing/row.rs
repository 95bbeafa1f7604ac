//! The rows of the sharing answer, and their counts.

use jiff::civil::Date;

use super::words;
use crate::domain::event::sharing::WithholdReason;
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::coverage::Absence;
use crate::projection::knowledge::StatementId;
use crate::projection::late::Dependence;
use crate::projection::need::{NamedRule, day_after};
use crate::rules::ResponseRule;
use crate::rules::need::Figure;

/// What a row of the sharing answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// Needed, and no record that it was shared.
    NotShared,
    /// Shared after its limit.
    Late,
    /// Sent over five working days ago; receipt is not recorded.
    SentWithoutReceipt,
    /// Received, by the receiver's own record, and no act of it is recorded within the limit.
    NoActRecorded,
    /// Withheld, with a reason.
    Withheld,
    /// A correction that did not reach who has the first wording.
    CorrectionNotPassedOn,
    /// A decision on a referral of which no record says that the referrer was told.
    ReferralWithoutFeedback,
    /// A request for information without a recorded answer by its day.
    RequestWithoutAnswer,
    /// Shared, told or answered in time: in [`SharingAnswer::kept`] only.
    Met,
}

/// One row: a matter and an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharingRow {
    /// What it says.
    pub kind: RowKind,
    /// The item that governs: of a matter, the one due first; else the request.
    pub item: StatementId,
    /// All items of the matter that the row covers, ascending.
    pub matter: Vec<StatementId>,
    /// Dotted name of the item's kind.
    pub item_kind: &'static str,
    /// The children; empty means all of the case.
    pub children: Vec<PersonRef>,
    /// The agency that needed it, or received it, or asked for it.
    pub agency: AgencyId,
    /// Every agency that could have told, the earliest first; of a request, the agency asked.
    pub from: Vec<AgencyId>,
    /// The rules that ask, the governing one first.
    pub rules: Vec<NamedRule>,
    /// Which figure it counts in.
    pub figure: Figure,
    /// The day on which the state began: of knowledge, of sending, of receipt, of asking.
    pub start: Date,
    /// The last day in time.
    pub due: Date,
    /// The day on which it was done, when it was.
    pub done: Option<Date>,
    /// Days of the state: to when it was done, else to `until`. Counted from `start`.
    pub days: i64,
    /// Days past the limit.
    pub days_past_limit: i64,
    /// For an open row, the last day that the records cover, at most the as-at date; the day by which the agency had it,
    /// when no record tells how it came.
    pub until: Option<Date>,
    /// What the absence is worth.
    pub outcome: Absence,
    /// The agency on whose word alone the row rests, where the other side has no record of it: it then counts
    /// as unconfirmed.
    pub on_word_of: Option<AgencyId>,
    /// Why it was withheld.
    pub withheld: Option<WithholdReason>,
    /// What was done is not linked to what asked for it: *may be the answer*.
    pub may_be: bool,
    /// Entries it rests on, ascending.
    pub evidence: Vec<u64>,
    /// Entries that were looked for and found, or that may explain it: unlinked duplicates of another
    /// agency, a later act, an entry that shows that the agency had it.
    pub counter_evidence: Vec<u64>,
    /// Of the counter-evidence, the agency's own entries that may be of the same happening and are not linked to it
    /// (`semantics.md` 6.6).
    pub may_be_same: Vec<u64>,
    /// The late corrections without which, or with which, it would not be listed.
    pub depends_on: Dependence,
    /// The row in words, by the rules of wording: no *never*, no *failed*.
    pub sentence: String,
}

impl SharingRow {
    /// Whether it is a finding that cannot be told for want of records.
    pub fn is_undeterminable(&self) -> bool {
        matches!(self.outcome, Absence::Undeterminable(_))
    }

    /// Whether it is a finding that somebody has yet to confirm: the agency that it sent everything, or the other
    /// side that it happened at all.
    pub fn is_unconfirmed(&self) -> bool {
        self.outcome == Absence::Unconfirmed || self.on_word_of.is_some()
    }

    /// The item is evidence itself; lists in order, each entry once.
    pub(super) fn tidy(mut self) -> Self {
        self.evidence.push(self.item);
        for list in [
            &mut self.evidence,
            &mut self.counter_evidence,
            &mut self.matter,
        ] {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    pub(super) fn worded(mut self, latest: bool) -> Self {
        self.sentence = words::sentence(&self, latest);
        self
    }
}

/// A rule about a response, as a row names it.
pub(super) fn named(rule: &ResponseRule, figure: Figure, due: Date) -> NamedRule {
    NamedRule {
        id: rule.id.clone(),
        version: rule.version,
        wording: rule.wording(),
        tier: rule.tier,
        figure,
        due,
    }
}

/// How many rows of each kind. Only plain outcomes count here; the others stand apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// No record of sharing.
    pub not_shared: u32,
    /// Shared late.
    pub late: u32,
    /// Sent, receipt not recorded.
    pub sent_without_receipt: u32,
    /// Received, no act recorded.
    pub no_act_recorded: u32,
    /// Withheld.
    pub withheld: u32,
    /// Corrections not passed on.
    pub corrections: u32,
    /// Rows of rules with a figure of their own (from social care to the core group).
    pub separate: u32,
    /// Decisions on referrals that did not reach the referrer, or reached it late.
    pub referral_loop: u32,
    /// Requests without an answer by their day.
    pub requests: u32,
    /// Rows where an agency has not confirmed that it sent everything, or that rest on one side's word.
    pub unconfirmed: u32,
    /// Rows that cannot be determined: each a question to an agency.
    pub undeterminable: u32,
    /// The most days of a not-shared row that counts.
    pub longest_not_shared: i64,
}

/// Where sharing is not recorded, late, or led to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharingAnswer {
    /// The rows, by start, agency and item.
    pub rows: Vec<SharingRow>,
    /// What the same rules found kept in time, in the same order.
    pub kept: Vec<SharingRow>,
    /// How many those are.
    pub met: u32,
    /// The counts of `rows`.
    pub figures: Figures,
}

/// By start, kind, agency and item.
pub(super) fn sort(rows: &mut [SharingRow]) {
    rows.sort_by(|a, b| {
        (a.start, a.kind, &a.agency, a.item).cmp(&(b.start, b.kind, &b.agency, b.item))
    });
}

pub(super) fn figures(rows: &[SharingRow]) -> Figures {
    let mut figures = Figures::default();
    for row in rows {
        if row.is_undeterminable() {
            figures.undeterminable += 1;
            continue;
        }
        if row.is_unconfirmed() {
            figures.unconfirmed += 1;
            continue;
        }
        let count = match (row.kind, row.figure) {
            (RowKind::Met, _) => continue,
            (RowKind::Withheld, _) => &mut figures.withheld,
            (RowKind::NoActRecorded, _) => &mut figures.no_act_recorded,
            (RowKind::SentWithoutReceipt, _) => &mut figures.sent_without_receipt,
            (RowKind::RequestWithoutAnswer, _) => &mut figures.requests,
            (RowKind::ReferralWithoutFeedback, _) | (_, Figure::ReferralLoop) => {
                &mut figures.referral_loop
            }
            (RowKind::CorrectionNotPassedOn, _) | (_, Figure::Correction) => {
                &mut figures.corrections
            }
            (_, Figure::Separate) => &mut figures.separate,
            (RowKind::Late, Figure::Gap) => &mut figures.late,
            (RowKind::NotShared, Figure::Gap) => {
                figures.longest_not_shared = figures.longest_not_shared.max(row.days);
                &mut figures.not_shared
            }
        };
        *count += 1;
    }
    figures
}

/// A window `[from, to]` of days as `[from, to)`.
pub(super) fn through(from: Date, to: Date) -> (Date, Date) {
    (from, day_after(to))
}
