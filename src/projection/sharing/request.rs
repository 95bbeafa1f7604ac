//! Information requested, and no answer (`semantics.md` 7.4).
//!
//! The day that the request names is its limit, else the rule's. The limit runs from when the agency asked had the
//! request by its own record; without such a record from when it was sent, and the row then rests on the requester's
//! word. A linked answer answers whenever it was recorded, by the day on which it was given; so does, within the
//! limit, any entry by which the agency told the requester something about the child: that *may be the answer*
//! (`semantics.md` 8.2). A request that was taken back asks nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use jiff::civil::Date;

use super::row::named;
use super::{RowKind, SharingRow};
use crate::domain::event::sharing::{InfoRequested, SharingContent};
use crate::domain::event::{Content, FeedKind, RelationKind, Tri};
use crate::domain::id::AgencyId;
use crate::domain::time::When;
use crate::projection::coverage::{Absence, Reason};
use crate::projection::knowledge::{Holder, Proof, Seen, attendance};
use crate::projection::late::Dependence;
use crate::projection::need::{Case, NamedRule, days, first_day, last_day, same_child};
use crate::rules::need::Figure;
use crate::rules::{ResponseRule, ResponseTo};

/// The rows of every request whose day is over, and of those that were answered in time.
pub(super) fn requests(case: &Case<'_>) -> Vec<SharingRow> {
    let Some(rule) = case.pack.response(ResponseTo::Request) else {
        return Vec::new();
    };
    case.view
        .statements()
        .filter(|seen| seen.certain && !seen.struck)
        .filter_map(|seen| match &seen.event.content {
            Content::Sharing(SharingContent::InfoRequested(request))
                if request.to != *seen.agency =>
            {
                row(case, rule, seen, request)
            }
            _ => None,
        })
        .collect()
}

/// A request, and from when on it can be answered.
struct Asked<'c> {
    seen: &'c Seen<'c>,
    request: &'c InfoRequested,
    /// The earliest day on which it may have been made: nothing before it can answer it.
    from: Date,
}

fn row(
    case: &Case<'_>,
    rule: &ResponseRule,
    seen: &Seen<'_>,
    request: &InfoRequested,
) -> Option<SharingRow> {
    let received = received(case, seen, &request.to);
    let since = received
        .as_ref()
        .map_or(seen.occurred(), |proof| proof.since);
    let start = last_day(since);
    let stated = stated(request, seen).map(|day| day.max(start));
    let due = stated.unwrap_or_else(|| rule.limit.due(case.pack.calendar(), start, None));
    let asked = Asked {
        seen,
        request,
        from: first_day(seen.occurred()),
    };
    let found = answers(case, &asked);
    let kinds = [FeedKind::Sharing];
    let (coverage, covered) = case.both_sides((&request.to, &kinds), seen.agency, (start, due));
    let until = covered.unwrap_or(start).min(case.day());
    let mut row = SharingRow {
        kind: RowKind::RequestWithoutAnswer,
        item: seen.id,
        matter: vec![seen.id],
        item_kind: seen.event.content.type_name(),
        children: seen.event.children.clone(),
        agency: seen.agency.clone(),
        from: vec![request.to.clone()],
        rules: vec![rule_named(rule, stated, due)],
        figure: Figure::Gap,
        start,
        due,
        done: None,
        days: days(start, until),
        days_past_limit: days(due, until).max(0),
        until: Some(until),
        outcome: coverage,
        on_word_of: received.is_none().then(|| seen.agency.clone()),
        withheld: None,
        may_be: false,
        evidence: seen.evidence.clone(),
        counter_evidence: Vec::new(),
        depends_on: Dependence::default(),
        may_be_same: Vec::new(),
        sentence: String::new(),
    };
    row.evidence
        .extend(received.iter().flat_map(|proof| &proof.evidence));
    judge(case, row, &found)
}

/// Lays what was found on the row: in time it is kept; on a date that straddles the limit it cannot be told;
/// after the limit the row says when.
fn judge(case: &Case<'_>, mut row: SharingRow, found: &[Found]) -> Option<SharingRow> {
    let done = |row: &mut SharingRow, on: Date| {
        row.done = Some(on);
        row.days = days(row.start, on).max(0);
        row.days_past_limit = days(row.due, on).max(0);
        row.until = None;
    };
    let linked = || found.iter().filter(|answer| answer.linked);
    let in_time = |answer: &&Found| answer.sure && answer.last <= row.due;
    let first = linked().filter(in_time).min_by_key(|answer| answer.last);
    let loose = found
        .iter()
        .find(|answer| !answer.linked && answer.first <= row.due);
    if let Some(answer) = first {
        row.kind = RowKind::Met;
        row.outcome = Absence::NoRecord;
        row.on_word_of = None;
        row.evidence.push(answer.position);
        done(&mut row, answer.first);
        return Some(row);
    }
    if let Some(straddles) = linked().find(|answer| answer.first <= row.due) {
        row.outcome = Absence::Undeterminable(Reason::DateStraddles);
        row.counter_evidence.push(straddles.position);
    } else if let Some(answer) = loose {
        row.kind = RowKind::Met;
        row.may_be = true;
        row.outcome = Absence::NoRecord;
        row.on_word_of = None;
        row.evidence.push(answer.position);
        done(&mut row, answer.first);
        return Some(row);
    } else if let Some(late) = linked()
        .filter(|answer| answer.sure)
        .min_by_key(|a| a.first)
    {
        done(&mut row, late.first);
        row.counter_evidence.push(late.position);
    }
    let later = found.iter().find(|answer| !answer.linked);
    row.counter_evidence
        .extend(later.map(|answer| answer.position));
    (case.day() > row.due).then_some(row)
}

/// When the agency asked had the request, by its own record.
fn received(case: &Case<'_>, seen: &Seen<'_>, asked: &AgencyId) -> Option<Proof> {
    let fact = case
        .knowledge()
        .fact(&Holder::Agency(asked.clone()), seen.id)?;
    fact.received(case.knowledge().at()).cloned()
}

/// The last day that the request gives, when it gives one.
fn stated(request: &InfoRequested, seen: &Seen<'_>) -> Option<Date> {
    let due = request.due.as_ref().filter(|due| !When::is_unknown(due))?;
    Some(last_day(due.resolve(seen.root.appended)))
}

fn rule_named(rule: &ResponseRule, stated: Option<Date>, due: Date) -> NamedRule {
    let mut named = named(rule, Figure::Gap, due);
    if stated.is_some() {
        "by the day that the request gives".clone_into(&mut named.wording);
    }
    named
}

/// An entry that answers, or may.
struct Found {
    /// It names the request; otherwise it only may be the answer.
    linked: bool,
    first: Date,
    last: Date,
    /// It certainly lies before the as-at moment.
    sure: bool,
    position: u64,
}

/// What answers, or may, in order of day.
fn answers(case: &Case<'_>, asked: &Asked<'_>) -> Vec<Found> {
    let mut found: Vec<Found> = case
        .view
        .statements()
        .filter(|seen| !seen.struck && seen.id != asked.seen.id)
        .filter(|seen| last_day(seen.occurred()) >= asked.from)
        .filter_map(|seen| {
            let linked = links(case, seen, asked);
            let on = seen.occurred();
            let loose = || {
                seen.certain
                    && same_child(&seen.event.children, &asked.seen.event.children)
                    && may_answer(case, seen, asked)
            };
            (linked || loose()).then(|| Found {
                linked,
                first: first_day(on).max(asked.from),
                last: last_day(on),
                sure: seen.certain && on.certain_before(case.knowledge().at()),
                position: seen.id,
            })
        })
        .collect();
    found.sort_by_key(|answer| (answer.last, answer.position));
    found
}

/// Whether an entry names the request as what it answers: the answer itself, a decision to withhold it from the
/// requester, or an entry of either side that says that it responds.
fn links(case: &Case<'_>, seen: &Seen<'_>, asked: &Asked<'_>) -> bool {
    let is_request = |target| case.view.resolve(target) == Some(asked.seen.id);
    let (from, to) = (&asked.request.to, asked.seen.agency);
    let relation = (seen.agency == from || seen.agency == to)
        && seen.event.relations.iter().any(|relation| {
            matches!(
                relation.kind,
                RelationKind::RespondsTo | RelationKind::Fulfils
            ) && is_request(&relation.target)
        });
    relation
        || seen.agency == from
            && match &seen.event.content {
                Content::Sharing(SharingContent::InfoResponded(answer)) => {
                    is_request(&answer.request)
                }
                Content::Sharing(SharingContent::ShareWithheld(held)) => {
                    held.to == *to
                        && (is_request(&held.item) || asked.request.about.contains(&held.item))
                }
                _ => false,
            }
}

/// Whether an entry tells the requester something by the agency asked, without naming a request: a share or an
/// answer, by whichever side wrote it down, or a report that the requester's meeting received.
fn may_answer(case: &Case<'_>, seen: &Seen<'_>, asked: &Asked<'_>) -> bool {
    let (from, to) = (&asked.request.to, asked.seen.agency);
    match &seen.event.content {
        Content::Sharing(SharingContent::ShareMade(share)) => {
            share.from.as_ref().unwrap_or(seen.agency) == from
                && share.to.iter().any(|recipient| recipient.agency == *to)
        }
        Content::Sharing(SharingContent::InfoResponded(answer)) => {
            seen.agency == from && answer.to == *to && case.view.resolve(&answer.request).is_none()
        }
        content => {
            seen.agency == to
                && attendance(content)
                    .iter()
                    .any(|part| part.agency == *from && part.report_received == Tri::Yes)
        }
    }
}
