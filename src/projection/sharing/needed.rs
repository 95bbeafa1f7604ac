//! What became of a need: shared in time, late, withheld, or no record of it.
//!
//! The sender is judged on *sent*. Only what passes between agencies is a share: that the agency's own handover,
//! assessment or meeting names an item shows that it had it by then, not when or by whom it was told.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use super::{RowKind, SharingRow};
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::sharing::SharingContent;
use crate::domain::event::{Content, EntryRef, Presence, Tri};
use crate::domain::id::AgencyId;
use crate::projection::coverage::{Absence, Reason};
use crate::projection::knowledge::{
    Effect, Holder, How, Proof, Seen, State, StatementId, attendance,
};
use crate::projection::late::Dependence;
use crate::projection::need::{Case, Duty, Item, Need, days, first_day, last_day, same_child};
use crate::rules::need::Figure;

/// The one row of a matter and an agency that needed it, if there is one.
pub(super) fn need_row(case: &Case<'_>, class: &[&Item], agency: &AgencyId) -> Option<SharingRow> {
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
        return Some(withheld(case, item, agency, held));
    }
    let (item, need) = asked.iter().find(|(_, need)| need.duty().is_some())?;
    let duty = need.duty()?;
    let earliest = |of: fn(&Case<'_>, &Item, &AgencyId) -> Option<Proof>| {
        let proofs = class.iter().filter_map(|item| of(case, item, agency));
        proofs.min_by_key(|proof| (proof.effect == Effect::Possible, proof.since))
    };
    let (sent, had) = (earliest(sent), earliest(had));
    let asked = (*item, duty);
    if sent
        .as_ref()
        .is_none_or(|proof| last_day(proof.since) > duty.due)
        && had
            .as_ref()
            .is_some_and(|proof| last_day(proof.since) <= duty.due)
    {
        // How it came is not recorded; that it had it in time is.
        return None;
    }
    match sent {
        Some(proof) => shared(case, class, asked, agency, (&proof, had.as_ref())),
        None => not_shared(case, class, asked, agency, had.as_ref()),
    }
}

/// The sender's clock: the earliest that the item was sent or told to the agency, by whoever recorded it. That the
/// agency's own later entries name it is no share.
pub(crate) fn sent(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<Proof> {
    proofs(case, item, agency)
        .filter(|proof| !is_internal(case, proof, agency))
        .min_by_key(|proof| (proof.effect == Effect::Possible, proof.since))
        .cloned()
}

/// The earliest of the agency's own entries that shows that it had the item.
fn had(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<Proof> {
    let at = case.knowledge().at();
    proofs(case, item, agency)
        .filter(|proof| is_internal(case, proof, agency) && proof.state_at(at) == State::Knows)
        .min_by_key(|proof| proof.since)
        .cloned()
}

fn proofs<'c>(
    case: &'c Case<'_>,
    item: &Item,
    agency: &AgencyId,
) -> impl Iterator<Item = &'c Proof> {
    let at = case.knowledge().at();
    case.knowledge()
        .fact(&Holder::Agency(agency.clone()), item.position)
        .into_iter()
        .flat_map(|fact| &fact.proofs)
        .filter(move |proof| proof.state_at(at) != State::None && proof.carrier.is_some())
}

/// Whether a proof is the agency's own use of the item: a handover between its staff, a file read, an assessment,
/// or a meeting of its own that no other agency attended or reported to.
pub(super) fn is_internal(case: &Case<'_>, proof: &Proof, agency: &AgencyId) -> bool {
    match proof.how {
        How::Author | How::Used | How::Handover | How::FileRead => true,
        How::Present | How::Report => {
            let meeting = proof.carrier.and_then(|carrier| case.view.get(carrier));
            meeting.is_some_and(|seen| {
                seen.agency == agency
                    && !attendance(&seen.event.content).iter().any(|part| {
                        part.agency != *agency
                            && (matches!(part.presence, Presence::Full | Presence::Part)
                                || part.report_received == Tri::Yes)
                    })
            })
        }
        How::Told
        | How::SharedSpoken
        | How::SharedWritten
        | How::Acknowledged
        | How::Delivered
        | How::Referral
        | How::Minutes => false,
    }
}

fn shared(
    case: &Case<'_>,
    class: &[&Item],
    (item, duty): (&Item, &Duty),
    agency: &AgencyId,
    (proof, had): (&Proof, Option<&Proof>),
) -> Option<SharingRow> {
    let on = first_day(proof.since);
    let in_time = last_day(proof.since) <= duty.due && proof.effect != Effect::Possible;
    // Possibly shared (a date that straddles the as-at moment, or present for part) is no gap.
    if proof.effect == Effect::Possible
        || !in_time && !proof.since.certain_before(case.knowledge().at())
    {
        return None;
    }
    let kind = if in_time { RowKind::Met } else { RowKind::Late };
    let mut row = row(case, kind, class, (item, duty), agency);
    row.done = Some(on);
    row.days = days(duty.start, on).max(0);
    row.days_past_limit = days(duty.due, on).max(0);
    row.until = None;
    row.outcome = match (in_time, on > duty.due) {
        (true, _) => Absence::NoRecord,
        (false, true) => duty.coverage,
        (false, false) => Absence::Undeterminable(Reason::DateStraddles),
    };
    row.evidence.extend(&proof.evidence);
    if let Some(had) = had.filter(|had| had.since < proof.since) {
        row.counter_evidence.extend(&had.evidence);
    }
    Some(row)
}

fn not_shared(
    case: &Case<'_>,
    class: &[&Item],
    (item, duty): (&Item, &Duty),
    agency: &AgencyId,
    had: Option<&Proof>,
) -> Option<SharingRow> {
    if case.day() <= duty.due {
        return None;
    }
    let mut row = row(case, RowKind::NotShared, class, (item, duty), agency);
    row.kind = match row.figure {
        Figure::Correction => RowKind::CorrectionNotPassedOn,
        Figure::ReferralLoop => RowKind::ReferralWithoutFeedback,
        Figure::Gap | Figure::Separate => RowKind::NotShared,
    };
    row.may_be_same = class
        .iter()
        .flat_map(|item| &item.candidates)
        .filter(|other| {
            case.item(**other)
                .is_some_and(|other| other.source == *agency)
        })
        .copied()
        .collect();
    row.counter_evidence.extend(&row.may_be_same);
    if let Some(had) = had {
        // It came by then, in a way that no record tells: in time or not cannot be said.
        let by = last_day(had.since);
        row.until = Some(by);
        row.days = days(duty.start, by).max(0);
        row.days_past_limit = days(duty.due, by).max(0);
        row.outcome = Absence::Undeterminable(Reason::DateStraddles);
        row.counter_evidence.extend(&had.evidence);
    }
    if row.kind == RowKind::ReferralWithoutFeedback {
        let (in_time, later) = feedback(case, item, duty, agency);
        if !in_time.is_empty() {
            row.kind = RowKind::Met;
            row.may_be = true;
            row.outcome = Absence::NoRecord;
            row.until = None;
            row.evidence.extend(in_time);
            return Some(row);
        }
        row.counter_evidence.extend(later);
    }
    Some(row)
}

/// Entries by which the deciding agency may have told the referrer without saying of which decision: in time, and
/// after the limit. What names other entries, or another referral, is not among them (`semantics.md` 8.2).
fn feedback(
    case: &Case<'_>,
    decision: &Item,
    duty: &Duty,
    referrer: &AgencyId,
) -> (Vec<u64>, Vec<u64>) {
    let referral = case.view.get(decision.position).and_then(|seen| {
        let Content::Referral(ReferralContent::ReferralDecided(decided)) = &seen.event.content
        else {
            return None;
        };
        case.view.resolve(decided.referral.as_ref()?)
    });
    let mut found = case
        .view
        .statements()
        .filter(|seen| !seen.struck && seen.id != decision.position)
        .filter(|seen| same_child(&seen.event.children, &decision.children))
        .filter(|seen| last_day(seen.occurred()) >= duty.start)
        .filter(|seen| tells(case, seen, (&decision.source, referrer), referral))
        .map(|seen| (first_day(seen.occurred()) <= duty.due, seen.id))
        .collect::<Vec<_>>();
    found.sort_unstable();
    let of = |in_time: bool| {
        let of = found.iter().filter(|(is, _)| *is == in_time);
        of.map(|(_, id)| *id).collect()
    };
    (of(true), of(false))
}

/// Whether an entry says that one agency told another something that may be of this referral.
fn tells(
    case: &Case<'_>,
    seen: &Seen<'_>,
    (from, to): (&AgencyId, &AgencyId),
    referral: Option<StatementId>,
) -> bool {
    let of_it = |target: &EntryRef| {
        let target = case.view.resolve(target);
        target.is_none() || target == referral
    };
    match &seen.event.content {
        Content::Referral(ReferralContent::ReferralFeedbackGiven(given)) => {
            seen.agency == from && given.to == *to && given.referral.as_ref().is_none_or(of_it)
        }
        Content::Sharing(SharingContent::ShareMade(share)) => {
            share.from.as_ref().unwrap_or(seen.agency) == from
                && share.to.iter().any(|recipient| recipient.agency == *to)
                && (share.items.is_empty() || share.items.iter().any(of_it))
        }
        _ => false,
    }
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
        on_word_of: None,
        withheld: None,
        may_be: false,
        evidence: duty.evidence.clone(),
        counter_evidence: Vec::new(),
        depends_on: Dependence::default(),
        may_be_same: Vec::new(),
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
    held: &crate::projection::need::Withholding,
) -> SharingRow {
    let duty = &held.duty;
    SharingRow {
        from: vec![held.by.clone()],
        figure: Figure::Gap,
        done: Some(held.on),
        days: days(duty.start, held.on).max(0),
        days_past_limit: held.days_late,
        until: None,
        outcome: Absence::NoRecord,
        withheld: Some(held.reason),
        evidence: vec![item.position, held.position],
        ..row(case, RowKind::Withheld, &[item], (item, duty), agency)
    }
}
