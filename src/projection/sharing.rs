//! Where sharing is not recorded, is late, or led to nothing (`semantics.md` 7.4, 9).
//!
//! The sender is judged on *sent*, the receiver on *knows* by the receiver's own side. A gap is a
//! property of (matter, needing agency): one row, however many agencies knew and however many children
//! it is about. Every row says what an absence of record is worth; only [`Absence::NoRecord`] counts
//! in the headline figures.

mod acts;
pub(crate) mod words;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::coverage::{Absence, Reason};
use super::cut::Cut;
use super::knowledge::{Effect, Holder, How, Proof, State, StatementId};
use super::need::{Case, Duty, Item, NamedRule, Need, day_after, days, first_day, last_day};
use crate::domain::event::FeedKind;
use crate::domain::id::{AgencyId, PersonRef};
use crate::rules::Pack;
use crate::rules::need::Figure;

/// Working days after which a share without acknowledgement is listed (`semantics.md` 7.4).
pub const RECEIPT_WORKING_DAYS: u32 = 5;

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
}

/// One row: a matter and an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharingRow {
    /// What it says.
    pub kind: RowKind,
    /// The item that governs: of a matter, the one due first.
    pub item: StatementId,
    /// All items of the matter that the row covers, ascending.
    pub matter: Vec<StatementId>,
    /// Dotted name of the item's kind.
    pub item_kind: &'static str,
    /// The children; empty means all of the case.
    pub children: Vec<PersonRef>,
    /// The agency that needed it, or received it.
    pub agency: AgencyId,
    /// Every agency that could have told, the earliest first.
    pub from: Vec<AgencyId>,
    /// The rules that ask, the governing one first; for a receipt or an act without a need rule, none.
    pub rules: Vec<NamedRule>,
    /// Which figure it counts in.
    pub figure: Figure,
    /// The day on which the state began: of knowledge, of sending, of receipt.
    pub start: Date,
    /// The last day in time.
    pub due: Date,
    /// The day on which it was done, when it was.
    pub done: Option<Date>,
    /// Days of the state: to when it was done, else to `until`. Counted from `start`.
    pub days: i64,
    /// Days past the limit.
    pub days_past_limit: i64,
    /// For an open row, the last day that the records cover, at most the as-at date.
    pub until: Option<Date>,
    /// What the absence is worth.
    pub outcome: Absence,
    /// Entries it rests on, ascending.
    pub evidence: Vec<u64>,
    /// Entries that were looked for and found, or that may explain it: unlinked duplicates of another
    /// agency, a later act, a claim by the sender.
    pub counter_evidence: Vec<u64>,
    /// The row in words, by the rules of wording: no *never*, no *failed*.
    pub sentence: String,
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
    /// Decisions on referrals that did not reach the referrer.
    pub referral_loop: u32,
    /// Rows where an agency has not confirmed that it sent everything.
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
    /// Needs that were met in time: the same rules' good practice.
    pub met: u32,
    /// The counts.
    pub figures: Figures,
}

/// The sharing answer of a cut. `latest` says that the as-at moment is the newest there is: the words
/// are then *no record of sharing, up to …* instead of *not shared, n days so far*.
pub fn sharing(cut: &Cut, pack: &Pack, latest: bool) -> SharingAnswer {
    sharing_of(&Case::of(cut, pack), latest)
}

/// The same, of a case already read.
pub fn sharing_of(case: &Case<'_>, latest: bool) -> SharingAnswer {
    let mut rows = Vec::new();
    let mut met = 0;
    let agencies = case.agencies().to_vec();
    let mut done: BTreeSet<StatementId> = BTreeSet::new();
    for item in case
        .items()
        .iter()
        .filter(|item| item.certain && !item.struck)
    {
        for agency in &agencies {
            rows.extend(receipt(case, item, agency));
            rows.extend(acts::no_act(case, item, agency));
        }
        if !done.insert(item.position) {
            continue;
        }
        let mut class = vec![item];
        for other in item.matter.iter().filter_map(|other| case.item(*other)) {
            if other.certain && !other.struck && done.insert(other.position) {
                class.push(other);
            }
        }
        for agency in &agencies {
            match need_row(case, &class, agency) {
                Some(Outcome::Met) => met += 1,
                Some(Outcome::Row(row)) => rows.push(*row),
                None => {}
            }
        }
    }
    rows.sort_by(|a, b| {
        (a.start, a.kind, &a.agency, a.item).cmp(&(b.start, b.kind, &b.agency, b.item))
    });
    for row in &mut rows {
        row.sentence = words::sentence(row, latest);
    }
    let figures = figures(&rows);
    SharingAnswer { rows, met, figures }
}

/// Whether the agency received an item by its own record and no act of it is recorded in the limit,
/// where the records would show one.
pub(crate) fn no_act_recorded(case: &Case<'_>, item: &Item, agency: &AgencyId) -> bool {
    acts::no_act(case, item, agency)
        .is_some_and(|row| !matches!(row.outcome, Absence::Undeterminable(_)))
}

/// What became of a need.
#[derive(Debug)]
enum Outcome {
    Met,
    Row(Box<SharingRow>),
}

/// The one row of a matter and an agency that needed it, if there is one.
fn need_row(case: &Case<'_>, class: &[&Item], agency: &AgencyId) -> Option<Outcome> {
    // Its own entry of the matter: no sharing gap for the happening (6.6).
    let own = |item: &Item| {
        item.matter
            .iter()
            .filter_map(|other| case.view.get(*other))
            .any(|seen| seen.agency == agency && !seen.void && seen.certain)
    };
    let mut asked: Vec<(&Item, Need)> = class
        .iter()
        .filter(|item| item.source != *agency && !own(item))
        .map(|item| (*item, case.need(item, agency)))
        .filter(|(_, need)| need.duty().is_some() || matches!(need, Need::Withheld(_)))
        .collect();
    asked.sort_by_key(|(item, need)| (need.duty().map(|duty| duty.due), item.position));
    if let Some((item, Need::Withheld(held))) = asked
        .iter()
        .find(|(_, need)| matches!(need, Need::Withheld(_)))
    {
        return Some(Outcome::Row(Box::new(withheld(case, item, agency, held))));
    }
    let (item, need) = asked.iter().find(|(_, need)| need.duty().is_some())?;
    let duty = need.duty()?;
    let sent = class
        .iter()
        .filter_map(|item| sent(case, item, agency))
        .min_by_key(|proof| (proof.effect == Effect::Possible, proof.since));
    match sent {
        Some(proof) => shared(case, class, (item, duty), agency, &proof),
        None => not_shared(case, class, (item, duty), agency),
    }
}

/// The sender's clock: the earliest that the item certainly was sent or told, by whoever recorded it.
fn sent(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<Proof> {
    let fact = case
        .knowledge()
        .fact(&Holder::Agency(agency.clone()), item.position)?;
    fact.sent(case.knowledge().at()).cloned()
}

fn shared(
    case: &Case<'_>,
    class: &[&Item],
    (item, duty): (&Item, &Duty),
    agency: &AgencyId,
    proof: &Proof,
) -> Option<Outcome> {
    let on = first_day(proof.since);
    if last_day(proof.since) <= duty.due && proof.effect != Effect::Possible {
        return Some(Outcome::Met);
    }
    // Possibly shared (a date that straddles the as-at moment, or present for part) is no gap.
    if proof.effect == Effect::Possible || !proof.since.certain_before(case.knowledge().at()) {
        return None;
    }
    let mut row = row(case, RowKind::Late, class, (item, duty), agency);
    row.done = Some(on);
    row.days = days(duty.start, on).max(0);
    row.days_past_limit = days(duty.due, on).max(0);
    row.until = None;
    row.outcome = if on > duty.due {
        duty.coverage
    } else {
        Absence::Undeterminable(Reason::DateStraddles)
    };
    row.evidence.extend(&proof.evidence);
    Some(Outcome::Row(Box::new(tidy(row))))
}

fn not_shared(
    case: &Case<'_>,
    class: &[&Item],
    (item, duty): (&Item, &Duty),
    agency: &AgencyId,
) -> Option<Outcome> {
    if case.day() <= duty.due {
        return None;
    }
    let mut row = row(case, RowKind::NotShared, class, (item, duty), agency);
    if row.figure == Figure::Correction {
        row.kind = RowKind::CorrectionNotPassedOn;
    }
    row.counter_evidence = class
        .iter()
        .flat_map(|item| &item.candidates)
        .filter(|other| {
            case.item(**other)
                .is_some_and(|other| other.source == *agency)
        })
        .copied()
        .collect();
    Some(Outcome::Row(Box::new(tidy(row))))
}

/// A row that is open at the as-at date.
fn row(
    case: &Case<'_>,
    kind: RowKind,
    class: &[&Item],
    (item, duty): (&Item, &Duty),
    agency: &AgencyId,
) -> SharingRow {
    let until = duty.covered_to.unwrap_or(duty.start).min(case.day());
    SharingRow {
        kind,
        item: item.position,
        matter: class.iter().map(|item| item.position).collect(),
        item_kind: item.kind,
        children: item.children.clone(),
        agency: agency.clone(),
        from: duty.could_have_told.clone(),
        rules: duty.rules.clone(),
        figure: figure(duty),
        start: duty.start,
        due: duty.due,
        done: None,
        days: days(duty.start, until),
        days_past_limit: days(duty.due, until).max(0),
        until: Some(until),
        outcome: duty.coverage,
        evidence: duty.evidence.clone(),
        counter_evidence: Vec::new(),
        sentence: String::new(),
    }
}

/// The figure of the governing rule; a correction is one whatever else asks for it.
fn figure(duty: &Duty) -> Figure {
    let correction = duty
        .rules
        .iter()
        .any(|rule| rule.figure == Figure::Correction);
    if correction {
        Figure::Correction
    } else {
        duty.rule.figure
    }
}

fn withheld(
    case: &Case<'_>,
    item: &Item,
    agency: &AgencyId,
    held: &super::need::Withholding,
) -> SharingRow {
    let start = last_day(item.occurred);
    let row = SharingRow {
        kind: RowKind::Withheld,
        item: item.position,
        matter: vec![item.position],
        item_kind: item.kind,
        children: item.children.clone(),
        agency: agency.clone(),
        from: vec![held.by.clone()],
        rules: Vec::new(),
        figure: Figure::Gap,
        start,
        due: held.on,
        done: Some(held.on),
        days: days(start, held.on).max(0),
        days_past_limit: held.days_late,
        until: Some(case.day()),
        outcome: Absence::NoRecord,
        evidence: vec![item.position, held.position],
        counter_evidence: Vec::new(),
        sentence: String::new(),
    };
    tidy(row)
}

/// Sent over five working days ago, and nothing shows that it arrived.
fn receipt(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<SharingRow> {
    let standing = case.knowledge().agency(agency, item.position)?;
    if standing.state != State::Sent || item.source == *agency {
        return None;
    }
    let proof = sent(case, item, agency)?;
    let start = last_day(proof.since);
    let due = case
        .pack
        .calendar()
        .add_working_days(start, RECEIPT_WORKING_DAYS);
    if case.day() <= due {
        return None;
    }
    let coverage = case.coverage();
    let outcome = coverage.absence(agency, FeedKind::Sharing, start, day_after(due));
    let until = coverage
        .covered_to(agency, FeedKind::Sharing, None, start)
        .unwrap_or(due);
    let sender = proof.carrier.and_then(|carrier| case.view.get(carrier));
    let row = SharingRow {
        kind: RowKind::SentWithoutReceipt,
        item: item.position,
        matter: vec![item.position],
        item_kind: item.kind,
        children: item.children.clone(),
        agency: agency.clone(),
        from: sender.map(|seen| seen.agency.clone()).into_iter().collect(),
        rules: Vec::new(),
        figure: Figure::Separate,
        start,
        due,
        done: None,
        days: days(start, until),
        days_past_limit: days(due, until).max(0),
        until: Some(until),
        outcome,
        evidence: standing.evidence,
        counter_evidence: Vec::new(),
        sentence: String::new(),
    };
    Some(tidy(row))
}

fn tidy(mut row: SharingRow) -> SharingRow {
    for list in [
        &mut row.evidence,
        &mut row.counter_evidence,
        &mut row.matter,
    ] {
        list.sort_unstable();
        list.dedup();
    }
    row
}

fn figures(rows: &[SharingRow]) -> Figures {
    let mut figures = Figures::default();
    for row in rows {
        let count = match (row.outcome, row.kind, row.figure) {
            (Absence::Undeterminable(_), _, _) => &mut figures.undeterminable,
            (Absence::Unconfirmed, _, _) => &mut figures.unconfirmed,
            (_, RowKind::Withheld, _) => &mut figures.withheld,
            (_, RowKind::NoActRecorded, _) => &mut figures.no_act_recorded,
            (_, RowKind::SentWithoutReceipt, _) => &mut figures.sent_without_receipt,
            (_, RowKind::CorrectionNotPassedOn, _) | (_, _, Figure::Correction) => {
                &mut figures.corrections
            }
            (_, _, Figure::Separate) => &mut figures.separate,
            (_, _, Figure::ReferralLoop) => &mut figures.referral_loop,
            (_, RowKind::Late, Figure::Gap) => &mut figures.late,
            (_, RowKind::NotShared, Figure::Gap) => {
                figures.longest_not_shared = figures.longest_not_shared.max(row.days);
                &mut figures.not_shared
            }
        };
        *count += 1;
    }
    figures
}

/// Whether a proof shows that somebody received from others, rather than recorded or used it.
fn is_receipt(proof: &Proof) -> bool {
    !matches!(
        proof.how,
        How::Author | How::Used | How::Handover | How::FileRead
    )
}
