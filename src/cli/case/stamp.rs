//! What was asked, in the first lines of a page; what the answer rests on, in its last.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::grpc::pb;

use super::words::{count, date};

/// The first lines: case, moment, basis, eyes.
pub(super) fn lead(of: Option<&pb::Stamp>) -> Vec<String> {
    let Some(of) = of else {
        return Vec::new();
    };
    let (short, long) = basis(of.basis());
    let eyes = match of.eyes.as_str() {
        "" => "all agencies together".to_owned(),
        eyes => format!("through the eyes of {eyes}"),
    };
    let mut lines = vec![
        format!("Case {} as at {}; {short}; {eyes}", of.case_id, moment(of)),
        format!("({short}: {long})"),
    ];
    if !of.eyes.is_empty() {
        lines.push(format!(
            "Only what {eyes} is recorded as knowing stands here: that a thing is missing says no more than that.",
            eyes = of.eyes
        ));
    }
    if of.entries_in_cut == 0 {
        lines.push(format!(
            "No entry of the case lies in this view; it has {} in the ledger. {}",
            of.case_seq,
            if of.eyes.is_empty() {
                "Its first and last days: caseledger case list"
            } else {
                "Its agencies and their ids: caseledger case list"
            }
        ));
    }
    lines
}

/// The last lines: how much of the record was seen, by whose rules.
pub(super) fn foot(of: Option<&pb::Stamp>) -> Vec<String> {
    let Some(of) = of else {
        return Vec::new();
    };
    let seen = format!(
        "Rests on {} in this view, of the {} entries that the case has in the ledger.",
        count(of.entries_in_cut, "entry", "entries"),
        of.case_seq
    );
    let possible = match of.entries_possible {
        0 => String::new(),
        n => format!(
            " {} may or may not belong here, by uncertain dates, and stand in no total.",
            count(n, "more entry", "more entries")
        ),
    };
    let seen = format!(
        "{seen}{possible} {} hidden from you and {} erased.",
        of.entries_hidden, of.entries_erased
    );
    vec![
        seen,
        format!(
            "Ledger read up to position {} (not included); case head {} at entry {} of the case.",
            of.position,
            data_encoding::HEXLOWER.encode(&of.case_head),
            of.case_seq
        ),
        format!(
            "Rules: pack {}, digest {}.",
            of.rule_pack,
            data_encoding::HEXLOWER.encode(&of.rule_pack_digest)
        ),
    ]
}

/// It is the newest moment there is: only then is a missing record "no record".
pub(super) fn latest(of: Option<&pb::Stamp>) -> bool {
    of.is_none_or(|of| of.as_at_text == "latest")
}

fn basis(of: pb::Basis) -> (&'static str, &'static str) {
    match of {
        pb::Basis::Unspecified | pb::Basis::Then => (
            "known then",
            "what some agency knew by that moment, by the best record there is today",
        ),
        pb::Basis::Recorded => (
            "recorded then",
            "what stood in the agencies' own systems by that moment, as they date it",
        ),
        pb::Basis::Ledger => (
            "held by this ledger then",
            "what had been sealed here by that moment, which can be proved",
        ),
        pb::Basis::Now => (
            "known now",
            "everything in the ledger today about what had happened by that moment",
        ),
    }
}

/// `the end of 14 March 2013`, `14 March 2013 at 09:00`, `now (…)`.
fn moment(of: &pb::Stamp) -> String {
    let text = of.as_at_text.as_str();
    if text == "latest" {
        return format!("now ({})", minute(of.as_at.map_or(0, |at| at.seconds)));
    }
    if let Some((day, time)) = text.split_once('T') {
        return format!("{} at {time}", date(day));
    }
    if text.parse::<Date>().is_ok() {
        return format!("the end of {}", date(text));
    }
    let month = format!("{text}-01").parse::<Date>();
    month.map_or_else(
        |_other| format!("the end of {text}"),
        |day| format!("the end of {}", day.strftime("%B %Y")),
    )
}

/// A time to the minute, in UTC, from seconds since 1970.
fn minute(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_out_of_range| "a time not known".to_owned(),
        |at| at.strftime("%-d %B %Y, %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_is_said_in_words() {
        let of = |text: &str| {
            moment(&pb::Stamp {
                as_at_text: text.to_owned(),
                ..Default::default()
            })
        };
        assert_eq!(of("2013-03-14"), "the end of 14 March 2013");
        assert_eq!(of("2013-03"), "the end of March 2013");
        assert_eq!(of("2013"), "the end of 2013");
        assert_eq!(of("2013-03-14T09:00"), "14 March 2013 at 09:00");
    }
}
