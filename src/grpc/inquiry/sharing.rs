//! Sharing answers as messages.

use super::knowledge::item;
use super::parts::{coverage, day, people, stamp, worth};
use crate::domain::event::FeedKind;
use crate::grpc::pb;
use crate::projection::coverage::Absence;
use crate::projection::need::Case;
use crate::projection::sharing::{RowKind, SharingRow, sharing_of};
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// Answers what was not shared.
pub(super) fn answer(
    case: &Case<'_>,
    asked: &Asked,
    pack: &Pack,
    needing: &str,
) -> pb::SharingAnswer {
    let rows = rows(case, asked.stamp.latest, needing);
    let named = |position: u64| rows.iter().any(|row| row.items.contains(&position));
    let items = case.items().iter().filter(|item| named(item.position));
    let items = items.map(|of| item(case, of)).collect();
    pb::SharingAnswer {
        stamp: Some(stamp(asked, pack)),
        items,
        coverage: coverage(&asked.cut, case.coverage(), &[FeedKind::Sharing]),
        rows,
    }
}

/// The rows, of one agency that needed to know or (empty) of all.
pub(super) fn rows(case: &Case<'_>, latest: bool, needing: &str) -> Vec<pb::SharingRow> {
    let found = sharing_of(case, latest);
    let wanted = |row: &&SharingRow| needing.is_empty() || row.agency.as_str() == needing;
    found.rows.iter().filter(wanted).map(message).collect()
}

fn message(row: &SharingRow) -> pb::SharingRow {
    let rule = row.rules.first();
    pb::SharingRow {
        kind: i32::from(kind(row)),
        id: format!("{}/{}/{}", code(row.kind), row.item, row.agency),
        items: row.matter.clone(),
        children: people(&row.children),
        needing: row.agency.to_string(),
        could_have_told: row.from.iter().map(ToString::to_string).collect(),
        start: row.start.to_string(),
        due: row.due.to_string(),
        done: row.done.map(day),
        days: Some(row.days),
        rules: row.rules.iter().map(|rule| rule.id.clone()).collect(),
        tier: rule.map(|rule| rule.tier.to_owned()).unwrap_or_default(),
        limit: rule.map(|rule| rule.wording.clone()).unwrap_or_default(),
        outcome: match row.outcome {
            Absence::NoRecord => "found".to_owned(),
            Absence::Unconfirmed => "found unconfirmed".to_owned(),
            Absence::Undeterminable(_) => worth(row.outcome),
        },
        reason: String::new(),
        evidence: row.evidence.clone(),
        counter_evidence: row.counter_evidence.clone(),
        sentence: row.sentence.clone(),
        afterwards: String::new(),
    }
}

fn kind(row: &SharingRow) -> pb::SharingKind {
    match row.kind {
        RowKind::NotShared => pb::SharingKind::NotShared,
        RowKind::Late => pb::SharingKind::Late,
        RowKind::SentWithoutReceipt => pb::SharingKind::SentWithoutReceipt,
        RowKind::NoActRecorded => pb::SharingKind::ReceivedNoAct,
        RowKind::Withheld => pb::SharingKind::Withheld,
        RowKind::CorrectionNotPassedOn => pb::SharingKind::CorrectionNotPassedOn,
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
    }
}
