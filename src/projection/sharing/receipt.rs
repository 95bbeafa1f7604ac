//! Sent, and nothing shows that it arrived (`semantics.md` 7.4).

use super::row::{named, through};
use super::{RowKind, SharingRow, needed};
use crate::domain::event::FeedKind;
use crate::domain::id::AgencyId;
use crate::projection::knowledge::State;
use crate::projection::late::Dependence;
use crate::projection::need::{Case, Item, days, last_day};
use crate::rules::ResponseTo;
use crate::rules::need::Figure;

/// The row for an item that was sent to an agency, over the limit ago, without a recorded receipt.
pub(super) fn no_receipt(case: &Case<'_>, item: &Item, agency: &AgencyId) -> Option<SharingRow> {
    let rule = case.pack.response(ResponseTo::Sent)?;
    let standing = case.knowledge().agency(agency, item.position)?;
    if standing.state != State::Sent || item.source == *agency {
        return None;
    }
    let proof = needed::sent(case, item, agency)?;
    let start = last_day(proof.since);
    let due = rule.limit.due(case.pack.calendar(), start, None);
    if case.day() <= due {
        return None;
    }
    let coverage = case.coverage();
    let (from, to) = through(start, due);
    let outcome = coverage.absence(agency, FeedKind::Sharing, from, to);
    let until = coverage
        .covered_to(agency, FeedKind::Sharing, None, start)
        .unwrap_or(due);
    let sender = proof.carrier.and_then(|carrier| case.view.get(carrier));
    Some(SharingRow {
        kind: RowKind::SentWithoutReceipt,
        item: item.position,
        matter: vec![item.position],
        item_kind: item.kind,
        children: item.children.clone(),
        agency: agency.clone(),
        from: sender.map(|seen| seen.agency.clone()).into_iter().collect(),
        rules: vec![named(rule, Figure::Separate, due)],
        figure: Figure::Separate,
        start,
        due,
        done: None,
        days: days(start, until),
        days_past_limit: days(due, until).max(0),
        until: Some(until),
        outcome,
        on_word_of: None,
        withheld: None,
        may_be: false,
        evidence: standing.evidence,
        counter_evidence: Vec::new(),
        depends_on: Dependence::default(),
        may_be_same: Vec::new(),
        sentence: String::new(),
    })
}
