//! Coded values, days and evidence in the words of the page.

use jiff::civil::Date;

use crate::domain::event::{FeedKind, Role};
use crate::grpc::pb;

/// Entries listed in a cell of a page before the rest is only counted.
const SHOWN: usize = 2;

/// `social worker`; the number for a role that this program does not know.
pub(super) fn role(code: i32) -> String {
    let role = Role::from_code(code);
    let words = [
        (Role::NotStated, "role not stated"),
        (Role::Iro, "IRO"),
        (Role::Gp, "GP"),
        (Role::ChildrensGuardian, "children's guardian"),
    ];
    let found = words.iter().find(|(of, _)| *of == role);
    found.map_or_else(
        || spaced(&role.to_string()),
        |(_, words)| (*words).to_owned(),
    )
}

/// A status of the rule pack: `child protection plan`.
pub(super) fn status(id: &str) -> String {
    match id {
        "cp_plan" => "child protection plan".to_owned(),
        "cin_plan" => "child in need plan".to_owned(),
        "s47" => "section 47 enquiries".to_owned(),
        other => spaced(other),
    }
}

/// The kind of a feed: `allocation`.
pub(super) fn feed_kind(code: i32) -> String {
    spaced(&FeedKind::from_code(code).to_string())
}

/// A name used in data, with spaces for underscores.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// The first letter as a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// `2013-03-14` as people write it: 14 March 2013. Another text as it is.
pub(super) fn date(text: &str) -> String {
    text.parse::<Date>().map_or_else(
        |_no_day| text.to_owned(),
        |day| day.strftime("%-d %B %Y").to_string(),
    )
}

/// A day that may be uncertain; `none` where there is none.
pub(super) fn bound(of: Option<&pb::DayBound>, none: &str) -> String {
    let Some(of) = of else {
        return none.to_owned();
    };
    match (of.earliest.as_str(), of.latest.as_str()) {
        ("", "") => "date not known".to_owned(),
        ("", latest) => format!("by {latest}"),
        (earliest, "") => format!("{earliest} or later"),
        (earliest, latest) if earliest == latest => earliest.to_owned(),
        (earliest, latest) => format!("{earliest} to {latest}"),
    }
}

/// A number of days in a sentence: `17 days`, `at least 10 and at most 39 days`, `41 days so far`.
pub(super) fn length(of: Option<&pb::Days>) -> String {
    let Some(of) = of else {
        return "a number of days not known".to_owned();
    };
    let number = match (of.at_least, of.at_most) {
        (1, 1 | 0) => "1 day".to_owned(),
        (least, 0) => format!("{least} days"),
        (least, most) if least == most => format!("{least} days"),
        (0, most) => format!("at most {most} days"),
        (least, most) => format!("at least {least} and at most {most} days"),
    };
    if of.so_far {
        format!("{number} so far")
    } else {
        number
    }
}

/// A number of days in a cell: `17`, `10 to 39`; whether it still grows stands beside it.
pub(super) fn days(of: Option<&pb::Days>) -> String {
    let Some(of) = of else {
        return "not known".to_owned();
    };
    if of.at_least == of.at_most || of.at_most == 0 {
        of.at_least.to_string()
    } else if of.at_least == 0 {
        format!("at most {}", of.at_most)
    } else {
        format!("{} to {}", of.at_least, of.at_most)
    }
}

/// Positions as they are followed: `#12 #40`, the first few.
pub(super) fn evidence(positions: &[u64]) -> String {
    let first = every(positions.get(..SHOWN).unwrap_or(positions));
    match positions.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{first} +{more}"),
        _ => first,
    }
}

/// All positions: `#12 #40`.
pub(super) fn every(positions: &[u64]) -> String {
    let named = positions.iter().map(|position| format!("#{position}"));
    named.collect::<Vec<_>>().join(" ")
}

/// `1 gap`, `2 gaps`.
pub(super) fn count(n: impl Into<u64>, one: &str, many: &str) -> String {
    let n = n.into();
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A length for [`count`].
pub(super) fn size<T>(of: &[T]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}

/// `C1, C2 and C3`.
pub(super) fn and(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// That a row exists under one reading of a late correction only.
pub(super) fn depends(corrections: &[u64], first_words: bool) -> String {
    let clause = crate::projection::late::clause(corrections, first_words);
    clause.trim_start_matches("; ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertain_days_say_how_much_is_certain() {
        let of = |at_least, at_most, so_far| pb::Days {
            at_least,
            at_most,
            so_far,
            ..Default::default()
        };
        assert_eq!(days(Some(&of(17, 17, false))), "17");
        assert_eq!(days(Some(&of(10, 39, false))), "10 to 39");
        assert_eq!(days(Some(&of(0, 9, true))), "at most 9");
        assert_eq!(days(None), "not known");
        assert_eq!(
            length(Some(&of(10, 39, true))),
            "at least 10 and at most 39 days so far"
        );
        assert_eq!(length(Some(&of(1, 1, false))), "1 day");
    }

    #[test]
    fn evidence_beyond_the_first_few_is_counted() {
        assert_eq!(evidence(&[1, 2]), "#1 #2");
        assert_eq!(evidence(&[1, 2, 3, 4, 5, 6]), "#1 #2 +4");
    }
}
