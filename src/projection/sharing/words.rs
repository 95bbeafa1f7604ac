//! The wording of rows. No *never*, no *failed*: an absence is an absence of a record, and every limit
//! says by what standing it holds.

use jiff::civil::Date;

use super::{RowKind, SharingRow};
use crate::domain::event::sharing::WithholdReason;
use crate::domain::id::AgencyId;
use crate::projection::coverage::{Absence, Reason};
use crate::projection::knowledge::{CellState, Timing};

/// The row as a sentence. `latest`: asked at the newest moment there is.
pub(super) fn sentence(row: &SharingRow, latest: bool) -> String {
    let what = row.item_kind;
    let item = row.item;
    let agency = &row.agency;
    let state = state(row, latest);
    let limit = limit(row);
    let same = may_be_same(row);
    let word = on_word_of(row);
    let worth = worth(row.outcome);
    format!("{item} {what}, {agency}: {state}.{limit}{same}{word}{worth}")
}

fn state(row: &SharingRow, latest: bool) -> String {
    let asked = row.from.first().map_or("", AgencyId::as_str);
    match row.kind {
        RowKind::NotShared => not_shared(row, latest),
        RowKind::CorrectionNotPassedOn => format!(
            "correction {}",
            not_shared(row, latest).replace("shared", "passed on")
        ),
        RowKind::ReferralWithoutFeedback => match row.until {
            Some(until) if latest => {
                format!(
                    "no record of feedback to the referrer, up to {}",
                    day(until)
                )
            }
            _ => format!("no feedback to the referrer, {} so far", count(row.days)),
        },
        RowKind::RequestWithoutAnswer => match (row.done, row.until) {
            (Some(on), _) => format!(
                "asked {asked} on {}, no answer recorded by {}; the first on {}",
                day(row.start),
                day(row.due),
                day(on)
            ),
            (None, Some(until)) if latest => format!(
                "asked {asked} on {}, no record of an answer, up to {}",
                day(row.start),
                day(until)
            ),
            (None, _) => format!(
                "asked {asked} on {}, no answer recorded, {} so far",
                day(row.start),
                count(row.days)
            ),
        },
        RowKind::Late => format!(
            "shared {} after {}, {} past the limit",
            row.done
                .map_or_else(String::new, |on| format!("on {}", day(on))),
            count(row.days),
            count(row.days_past_limit),
        ),
        RowKind::SentWithoutReceipt => format!(
            "sent {}, receipt not recorded, {} so far",
            day(row.start),
            count(row.days)
        ),
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
        RowKind::Withheld => withheld(row),
        RowKind::Met => met(row),
    }
}

fn withheld(row: &SharingRow) -> String {
    let why = row.withheld.map_or("reason not stated", reason);
    let on = row.done.map_or_else(String::new, day);
    if row.days_past_limit > 0 {
        let late = count(row.days_past_limit);
        format!("withheld on {on} ({why}), {late} late")
    } else {
        format!("withheld on {on} ({why})")
    }
}

fn met(row: &SharingRow) -> String {
    let may_be = if row.may_be {
        ", by an entry that may be the answer"
    } else {
        ""
    };
    row.done.map_or_else(
        || format!("in time{may_be}"),
        |on| format!("in time, on {}{may_be}", day(on)),
    )
}

/// Why something was withheld, in words.
pub(crate) fn reason(reason: WithholdReason) -> &'static str {
    match reason {
        WithholdReason::DetrimentToChild => "it would harm the child",
        WithholdReason::PrejudiceToInvestigation => "it would prejudice an investigation",
        WithholdReason::LegalPrivilege => "legal privilege",
        WithholdReason::ThirdParty => "it is a third party's",
        WithholdReason::SourceProtection => "it would reveal a source",
        WithholdReason::NotRelevant => "it does not bear on the recipient's task",
        WithholdReason::ConsentRefused => "consent was refused",
        WithholdReason::Other | WithholdReason::Unknown(_) => "another reason, named in the entry",
        WithholdReason::NotStated => "reason not stated",
    }
}

/// Own entries of the agency that a reviewer may link, which would end the gap.
fn may_be_same(row: &SharingRow) -> String {
    let entries: Vec<String> = row.may_be_same.iter().map(u64::to_string).collect();
    match entries.as_slice() {
        [] => String::new(),
        [one] => format!(
            " {}'s own entry {one} may be of the same happening; no entry links them.",
            row.agency
        ),
        many => {
            let many = many.join(", ");
            format!(
                " {}'s own entries {many} may be of the same happening; no entry links them.",
                row.agency
            )
        }
    }
}

/// The limits, the governing one first.
fn limit(row: &SharingRow) -> String {
    let rules: Vec<String> = row
        .rules
        .iter()
        .map(|rule| format!("{} ({}), due {}", rule.wording, rule.id, day(rule.due)))
        .collect();
    if rules.is_empty() {
        String::new()
    } else {
        format!(" Limit: {}.", rules.join("; also "))
    }
}

fn on_word_of(row: &SharingRow) -> String {
    let other = row.from.first();
    match (&row.on_word_of, other) {
        (Some(agency), Some(other)) => {
            format!(" According to {agency}; {other} has no record of the request.")
        }
        _ => String::new(),
    }
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
        Reason::NotKnownToEyes => {
            "what others recorded and these eyes did not see is left out".to_owned()
        }
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
