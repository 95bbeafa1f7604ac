//! Sharing answers as messages.

use super::knowledge::{first_item, item};
use super::parts::{coverage, day, entries, people, reason, stamp};
use crate::domain::event::FeedKind;
use crate::grpc::pb;
use crate::projection::coverage::Absence;
use crate::projection::late::Earlier;
use crate::projection::need::{Case, Item, NamedRule};
use crate::projection::sharing::{RowKind, SharingAnswer, SharingRow, both_readings, sharing_of};
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// Answers what was not shared.
pub(super) fn answer(
    case: &Case<'_>,
    asked: &Asked,
    pack: &Pack,
    wanted: &pb::SharingQuestion,
) -> pb::SharingAnswer {
    let earlier = asked.earlier.as_ref();
    let earlier = earlier.map(|cuts| cuts.map(|cut| Case::of(cut, pack)));
    let first = earlier.as_ref().map(|cases| &cases.first);
    let found = found(case, earlier.as_ref(), asked.stamp.latest);
    let needing =
        |row: &&SharingRow| wanted.needing.is_empty() || row.agency.as_str() == wanted.needing;
    let kept = found.kept.iter().filter(|_| wanted.include_met);
    let rows = found.rows.iter().chain(kept).filter(needing);
    let rows: Vec<pb::SharingRow> = rows
        .map(|row| message(of_reading(case, first, row), row))
        .collect();
    let named = |position: u64| rows.iter().any(|row| row.items.contains(&position));
    let items = case.items().iter().filter(|item| named(item.position));
    let mut items: Vec<pb::Item> = items.map(|of| item(case, of)).collect();
    if let Some(first) = first {
        let missing = |of: &&Item| named(of.position) && case.item(of.position).is_none();
        items.extend(
            first
                .items()
                .iter()
                .filter(missing)
                .map(|of| first_item(first, of)),
        );
    }
    pb::SharingAnswer {
        stamp: Some(stamp(asked, pack)),
        items,
        coverage: coverage(&asked.cut, case.coverage(), &[FeedKind::Sharing]),
        rows,
    }
}

/// The rows, of one agency that needed to know or (empty) of all.
pub(super) fn rows(
    case: &Case<'_>,
    earlier: Option<&Earlier<Case<'_>>>,
    latest: bool,
    needing: &str,
) -> Vec<pb::SharingRow> {
    let found = found(case, earlier, latest);
    let first = earlier.map(|cases| &cases.first);
    let wanted = |row: &&SharingRow| needing.is_empty() || row.agency.as_str() == needing;
    let rows = found.rows.iter().filter(wanted);
    rows.map(|row| message(of_reading(case, first, row), row))
        .collect()
}

/// The answer; with a late correction, of both readings.
fn found(case: &Case<'_>, earlier: Option<&Earlier<Case<'_>>>, latest: bool) -> SharingAnswer {
    let current = sharing_of(case, latest);
    let Some(earlier) = earlier else {
        return current;
    };
    both_readings(current, &earlier.map(|case| sharing_of(case, latest)))
}

/// The case as read by the row.
fn of_reading<'a, 'c>(
    case: &'a Case<'c>,
    first: Option<&'a Case<'c>>,
    row: &SharingRow,
) -> &'a Case<'c> {
    first.filter(|_| row.depends_on.first_words).unwrap_or(case)
}

fn message(case: &Case<'_>, row: &SharingRow) -> pb::SharingRow {
    let rule = row.rules.first();
    let holder = row.from.first();
    let text = |agency: &crate::domain::id::AgencyId| agency.to_string();
    let (outcome, outcome_reason) = outcome(row);
    let first_words = row.depends_on.first_words;
    let first = if first_words { "/first" } else { "" };
    pb::SharingRow {
        kind: i32::from(kind(row.kind)),
        id: format!("{}/{}/{}{first}", code(row.kind), row.item, row.agency),
        items: row.matter.clone(),
        children: people(&row.children),
        needing: row.agency.to_string(),
        could_have_told: row.from.iter().map(ToString::to_string).collect(),
        start: row.start.to_string(),
        due: row.due.to_string(),
        done: row.done.map(day),
        days: Some(row.days),
        rules: row.rules.iter().map(|rule| rule.id.clone()).collect(),
        tier: rule
            .map(|rule| rule.tier.name().to_owned())
            .unwrap_or_default(),
        limit: rule.map(|rule| rule.wording.clone()).unwrap_or_default(),
        outcome: outcome.to_owned(),
        reason: row
            .withheld
            .map(|why| why.name().to_owned())
            .unwrap_or_default(),
        evidence: row.evidence.clone(),
        counter_evidence: row.counter_evidence.clone(),
        sentence: row.sentence.clone(),
        afterwards: String::new(),
        holder: holder.map(text).unwrap_or_default(),
        item: row.item,
        days_past_limit: Some(row.days_past_limit),
        asking: row.rules.iter().map(asking).collect(),
        evidence_entries: entries(case.cut(), &row.evidence),
        counter_evidence_entries: entries(case.cut(), &row.counter_evidence),
        outcome_reason,
        covered_to: row.until.map(|day| day.to_string()).unwrap_or_default(),
        item_type: row.item_kind.to_owned(),
        depends_on_corrections: row.depends_on.corrections.clone(),
        first_words_only: first_words,
    }
}

fn asking(rule: &NamedRule) -> pb::AskingRule {
    pb::AskingRule {
        id: rule.id.clone(),
        version: rule.version,
        tier: rule.tier.name().to_owned(),
        limit: rule.wording.clone(),
        due: rule.due.to_string(),
    }
}

/// The outcome as named in data, and why it is not plain.
fn outcome(row: &SharingRow) -> (&'static str, String) {
    if row.kind == RowKind::Met || row.kind == RowKind::Withheld && row.days_past_limit == 0 {
        return ("none", String::new());
    }
    match (row.outcome, &row.on_word_of) {
        (Absence::Undeterminable(why), _) => ("undeterminable", reason(why)),
        (Absence::Unconfirmed, _) => (
            "found_unconfirmed",
            "an agency has not confirmed that it sent everything".to_owned(),
        ),
        (Absence::NoRecord, Some(agency)) => (
            "found_unconfirmed",
            format!("rests on the record of {agency} alone"),
        ),
        (Absence::NoRecord, None) => ("found", String::new()),
    }
}

fn kind(kind: RowKind) -> pb::SharingKind {
    match kind {
        RowKind::NotShared => pb::SharingKind::NotShared,
        RowKind::Late => pb::SharingKind::Late,
        RowKind::SentWithoutReceipt => pb::SharingKind::SentWithoutReceipt,
        RowKind::NoActRecorded => pb::SharingKind::ReceivedNoAct,
        RowKind::Withheld => pb::SharingKind::Withheld,
        RowKind::CorrectionNotPassedOn => pb::SharingKind::CorrectionNotPassedOn,
        RowKind::ReferralWithoutFeedback => pb::SharingKind::ReferralWithoutFeedback,
        RowKind::RequestWithoutAnswer => pb::SharingKind::RequestWithoutAnswer,
        RowKind::Met => pb::SharingKind::Met,
    }
}

fn code(kind: RowKind) -> &'static str {
    match kind {
        RowKind::NotShared => "not-shared",
        RowKind::Late => "late",
        RowKind::SentWithoutReceipt => "sent-without-receipt",
        RowKind::NoActRecorded => "no-act-recorded",
        RowKind::Withheld => "withheld",
        RowKind::CorrectionNotPassedOn => "correction-not-passed-on",
        RowKind::ReferralWithoutFeedback => "referral-without-feedback",
        RowKind::RequestWithoutAnswer => "request-without-answer",
        RowKind::Met => "met",
    }
}
