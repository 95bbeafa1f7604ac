//! The wording of rows. No *never*, no *failed*: an absence is an absence of a record, and every limit
//! says by what standing it holds.

use jiff::civil::Date;

use super::{RowKind, SharingRow};
use crate::projection::coverage::{Absence, Reason};
use crate::projection::knowledge::{CellState, Timing};

/// The row as a sentence. `latest`: asked at the newest moment there is.
pub(super) fn sentence(row: &SharingRow, latest: bool) -> String {
    let what = row.item_kind;
    let item = row.item;
    let agency = &row.agency;
    let limit = row.rules.first().map_or_else(String::new, |rule| {
        format!(
            " Limit: {} ({}), due {}.",
            rule.wording,
            rule.id,
            day(rule.due)
        )
    });
    let state = match row.kind {
        RowKind::NotShared => not_shared(row, latest),
        RowKind::CorrectionNotPassedOn => {
            format!(
                "correction {}",
                not_shared(row, latest).replace("shared", "passed on")
            )
        }
        RowKind::Late => format!(
            "shared {} after {}, {} past the limit",
            row.done
                .map_or_else(String::new, |on| format!("on {}", day(on))),
            count(row.days),
            count(row.days_past_limit),
        ),
        RowKind::SentWithoutReceipt => {
            format!(
                "sent {}, receipt not recorded, {} so far",
                day(row.start),
                count(row.days)
            )
        }
        RowKind::NoActRecorded => match row.done {
            Some(on) => format!(
                "received {}, no act recorded by {}; the first on {}",
                day(row.start),
                day(row.due),
                day(on)
            ),
            None => format!(
                "received {}, no act recorded, {} so far",
                day(row.start),
                count(row.days)
            ),
        },
        RowKind::Withheld if row.days_past_limit > 0 => {
            format!(
                "withheld with a reason, {} late",
                count(row.days_past_limit)
            )
        }
        RowKind::Withheld => format!("withheld with a reason on {}", day(row.due)),
    };
    format!(
        "{item} {what}, {agency}: {state}.{limit}{}",
        worth(row.outcome)
    )
}

fn not_shared(row: &SharingRow, latest: bool) -> String {
    match row.until {
        Some(until) if latest => format!("no record of sharing, up to {}", day(until)),
        _ => format!("not shared, {} so far", count(row.days)),
    }
}

fn worth(outcome: Absence) -> String {
    let reason = match outcome {
        Absence::NoRecord => return String::new(),
        Absence::Unconfirmed => {
            return " The agency has not confirmed that it sent everything.".to_owned();
        }
        Absence::Undeterminable(reason) => reason,
    };
    format!(" Cannot be determined: {}.", why(reason))
}

fn why(reason: Reason) -> String {
    match reason {
        Reason::NotConnected => "a feed is not connected on some day".to_owned(),
        Reason::KindNotCarried => "a feed does not carry sharing".to_owned(),
        Reason::FieldNotCollected => "the field is not collected".to_owned(),
        Reason::NotConfirmed => "the records are not confirmed".to_owned(),
        Reason::Hidden(n) => format!("{n} entries are not visible to you"),
        Reason::Erased(n) => format!("{n} entries are erased"),
        Reason::DateStraddles => "a date may lie on either side".to_owned(),
    }
}

/// A cell of the matrix in words.
pub(crate) fn cell(state: &CellState, no_act: bool, latest: bool) -> String {
    let text = match state {
        CellState::Source => "source".to_owned(),
        CellState::Knows { on, days, timing } => {
            let since = format!("knew {}, {}", day(*on), count(*days));
            match timing {
                Timing::InTime => format!("{since}, in time"),
                Timing::Late(n) => format!("{since}, {} late", count(*n)),
                Timing::Unclear => format!("{since}, whether in time cannot be told"),
                Timing::NoRule => format!("{since}, no rule asks"),
            }
        }
        CellState::Disputed => "receipt disputed".to_owned(),
        CellState::Sent(on) => format!("sent {}, receipt not recorded", day(*on)),
        CellState::OwnEntry(position) => format!("knew of it from its own entry {position}"),
        CellState::Possible => "possibly knew".to_owned(),
        CellState::Withheld(held) if held.days_late > 0 => {
            format!("withheld {} late", count(held.days_late))
        }
        CellState::Withheld(held) => format!("withheld on {}", day(held.on)),
        CellState::Restricted => "restricted at source".to_owned(),
        CellState::Undeterminable(reason) => format!("cannot be determined: {}", why(*reason)),
        CellState::NotInvolved => "not involved".to_owned(),
        CellState::NoRule => "no rule asks".to_owned(),
        CellState::Due(left) => format!("due, {} left", count(*left)),
        CellState::NotShared { until, .. } if latest => {
            format!("no record of sharing, up to {}", day(*until))
        }
        CellState::NotShared { days, .. } => format!("not shared, {} so far", count(*days)),
    };
    if no_act {
        format!("{text}; no action recorded")
    } else {
        text
    }
}

/// `1 day`, `22 days`.
pub(crate) fn count(days: i64) -> String {
    if days == 1 {
        "1 day".to_owned()
    } else {
        format!("{days} days")
    }
}

/// A London date as people write it: 9 January 2013.
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}
