//! Received, and no act recorded (`semantics.md` 8.4 row 30, with the guards of 9).
//!
//! Only what the receiver's own side shows as received starts the limit. A linked entry answers, and so
//! does any entry of the accepted kinds by that agency about that child within the limit: an act under
//! an existing plan is an act.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use jiff::civil::Date;

use super::needed::is_internal;
use super::row::named;
use super::{RowKind, SharingRow};
use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::contact::ContactContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::{Content, FeedKind, Presence, RelationKind};
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::coverage::Absence;
use crate::projection::knowledge::{Holder, How, Proof, Seen, State};
use crate::projection::late::Dependence;
use crate::projection::need::{Case, Item, Need, day_after, days, first_day, last_day, same_child};
use crate::rules::ResponseTo;
use crate::rules::need::Figure;

/// The kinds of record in which an act would stand.
const ACT_KINDS: [FeedKind; 5] = [
    FeedKind::Referral,
    FeedKind::Enquiry,
    FeedKind::Contact,
    FeedKind::Plan,
    FeedKind::Supervision,
];

/// The row for an item that social care or police received, by their own record, and did not act on.
pub(super) fn no_act(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<SharingRow> {
    let kind = case.kind_of(agency);
    if !matches!(kind, "children_social_care" | "police")
        || item.source == *agency
        || item.renews.is_some()
        || is_decision(item.kind)
    {
        return None;
    }
    let need = case.need(item, agency);
    let asks_for_act = need
        .duty()
        .is_some_and(|duty| duty.rule.figure == Figure::Gap);
    if !asks_for_act || matches!(need, Need::Source) {
        return None;
    }
    let proof = received(case, item, agency)?;
    let start = last_day(proof.since);
    let rule = case.pack.response(if proof.how == How::Referral {
        ResponseTo::Referral
    } else {
        ResponseTo::Received
    })?;
    let due = rule.limit.due(case.pack.calendar(), start, None);
    if case.day() <= due {
        return None;
    }
    let window = (first_day(proof.since), due);
    if first_answer(case, item, agency, window).is_some() {
        return None;
    }
    let later = first_answer(case, item, agency, (day_after(due), case.day()));
    let done = later.map(|(on, _)| on);
    let (outcome, until) = worth(case, agency, (start, due));
    let end = done.unwrap_or(until);
    Some(SharingRow {
        kind: RowKind::NoActRecorded,
        item: item.position,
        matter: vec![item.position],
        item_kind: item.kind,
        children: item.children.clone(),
        agency: agency.clone(),
        from: vec![item.source.clone()],
        rules: vec![named(rule, Figure::Gap, due)],
        figure: Figure::Gap,
        start,
        due,
        done,
        days: days(start, end),
        days_past_limit: days(due, end).max(0),
        until: done.is_none().then_some(until),
        outcome,
        on_word_of: None,
        withheld: None,
        may_be: false,
        evidence: proof.evidence,
        counter_evidence: later.into_iter().map(|(_, position)| position).collect(),
        depends_on: Dependence::default(),
        may_be_same: Vec::new(),
        sentence: String::new(),
    })
}

/// What *no act recorded* is worth up to the due day, and the last day that all its kinds cover.
fn worth(case: &Case<'_>, agency: &AgencyId, (start, due): (Date, Date)) -> (Absence, Date) {
    let coverage = case.coverage();
    let absent = |kind: &FeedKind| coverage.absence(agency, *kind, start, day_after(due));
    let outcome = ACT_KINDS
        .iter()
        .map(absent)
        .fold(Absence::NoRecord, Absence::both);
    let until = ACT_KINDS
        .iter()
        .filter_map(|kind| coverage.covered_to(agency, *kind, None, start))
        .min()
        .unwrap_or(due);
    (outcome, until)
}

/// Conferences' outcomes and changes of plan are decisions already: they ask for no further act.
fn is_decision(kind: &str) -> bool {
    kind.starts_with("plan.") || kind.starts_with("conference.") || kind.starts_with("court.")
}

/// The receiver's clock: the earliest certain receipt that its own side shows.
fn received(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<Proof> {
    let at = case.knowledge().at();
    let fact = case
        .knowledge()
        .fact(&Holder::Agency(agency.clone()), item.position)?;
    fact.proofs
        .iter()
        .filter(|proof| proof.state_at(at) == State::Knows && proof.grade.receiver_side())
        .filter(|proof| !is_internal(case, proof, agency))
        .min_by_key(|proof| proof.since)
        .cloned()
}

/// The first of what the agency did that answers, with its day: linked entries at any time in the window, and accepted
/// kinds about the child. A date that may lie in the window counts as in it.
fn first_answer(
    case: &Case<'_>,
    item: &Item,
    agency: &AgencyId,
    (from, to): (Date, Date),
) -> Option<(Date, u64)> {
    case.acts_until(to)
        .filter(|(_, last, seen)| from <= *last && seen.id != item.position)
        .filter(|(_, _, seen)| {
            let linked = seen.event.relations.iter().any(|relation| {
                is_answer(relation.kind)
                    && case.view.resolve(&relation.target) == Some(item.position)
            });
            let by_agency = seen.agency == agency && is_act(&seen.event.content);
            let attended = attended(&seen.event.content, agency);
            seen.agency == agency && linked
                || (by_agency || attended) && about(&seen.event.children, item)
        })
        .map(|(first, _, seen)| (first.max(from), seen.id))
        .min()
}

/// Whether an entry that relates to another in this way answers it.
pub(in crate::projection) fn is_answer(kind: RelationKind) -> bool {
    matches!(
        kind,
        RelationKind::RespondsTo | RelationKind::Fulfils | RelationKind::Continues
    )
}

/// Whether a statement can answer any item at all.
pub(in crate::projection) fn may_answer(seen: &Seen<'_>) -> bool {
    let content = &seen.event.content;
    let strategy = matches!(content, Content::Enquiry(EnquiryContent::StrategyHeld(_)));
    let mut relations = seen.event.relations.iter();
    !seen.void
        && seen.item_like
        && (is_act(content) || strategy || relations.any(|relation| is_answer(relation.kind)))
}

fn about(children: &[PersonRef], item: &Item) -> bool {
    same_child(children, &item.children)
}

/// A strategy discussion that somebody else recorded and the agency was at.
fn attended(content: &Content, agency: &AgencyId) -> bool {
    match content {
        Content::Enquiry(EnquiryContent::StrategyHeld(held)) => {
            held.attendance.iter().any(|part| {
                part.agency == *agency && matches!(part.presence, Presence::Full | Presence::Part)
            })
        }
        _ => false,
    }
}

/// Decision, assessment, strategy discussion or the reason for none, enquiry, visit, change of plan.
fn is_act(content: &Content) -> bool {
    match content {
        Content::Referral(ReferralContent::ReferralDecided(_))
        | Content::Enquiry(_)
        | Content::Contact(ContactContent::VisitMade(_) | ContactContent::VisitNoAccess(_))
        | Content::Plan(
            PlanContent::PlanStarted(_)
            | PlanContent::PlanChanged(_)
            | PlanContent::PlanSteppedDown(_)
            | PlanContent::PlanEnded(_)
            | PlanContent::PlanContingencySet(_)
            | PlanContent::ActionAssigned(_),
        )
        | Content::Meeting(
            MeetingContent::ConferenceHeld(_) | MeetingContent::ConferenceOutcome(_),
        )
        | Content::Court(_)
        | Content::Involvement(_) => true,
        Content::Allocation(AllocationContent::ManagementOversight(oversight)) => {
            !oversight.decision.is_empty()
        }
        Content::Allocation(AllocationContent::SupervisionHeld(held)) => !held.decisions.is_empty(),
        _ => false,
    }
}
