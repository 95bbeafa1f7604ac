//! `case sharing`: where the record shows no sharing, late sharing, or sending without receipt.

use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{bound, count, date, depends, every, evidence, size, spaced};
use super::{coverage, stamp};

/// The kinds in the order of the page.
const ORDER: [pb::SharingKind; 12] = [
    pb::SharingKind::NotShared,
    pb::SharingKind::Late,
    pb::SharingKind::SentWithoutReceipt,
    pb::SharingKind::ReceivedNoAct,
    pb::SharingKind::CorrectionNotPassedOn,
    pb::SharingKind::ReferralWithoutFeedback,
    pb::SharingKind::RequestWithoutAnswer,
    pb::SharingKind::NotShownAsRead,
    pb::SharingKind::LeftWithPerson,
    pb::SharingKind::Withheld,
    pb::SharingKind::Met,
    pb::SharingKind::Undeterminable,
];

/// Asks what was not shared and prints it.
pub(super) async fn sharing(
    global: &Global,
    (case, as_at): (&str, &AsAt),
    needing: Option<String>,
    fail_on_gaps: bool,
) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let asked = client.request(pb::SharingQuestion {
        case_id: case.to_owned(),
        as_at: Some(ask::as_at(as_at)),
        needing: needing.unwrap_or_default(),
        include_met: false,
    });
    let answer = client
        .inquiry
        .sharing(asked)
        .await
        .map_err(|status| ask::unanswered(case, status))?
        .into_inner();
    page(&answer).print(global.format, &rows(&answer), || {
        let text = answer_to_json("SharingAnswer", &answer);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)
    })?;
    let found = answer.rows.iter().any(finding);
    Ok(if fail_on_gaps && found {
        Exit::FindingsExist
    } else {
        Exit::Done
    })
}

/// A row that is a finding, as opposed to one kept in time, withheld with a reason, or not to be determined.
fn finding(row: &pb::SharingRow) -> bool {
    !matches!(
        row.kind(),
        pb::SharingKind::Met | pb::SharingKind::Undeterminable | pb::SharingKind::Withheld
    ) && row.outcome.starts_with("found")
}

fn rows(answer: &pb::SharingAnswer) -> Table {
    let mut table = Table::new(
        "Sharing",
        &[
            "kind",
            "items",
            "what",
            "children",
            "couldHaveTold",
            "needing",
            "start",
            "due",
            "done",
            "days",
            "daysPastLimit",
            "coveredTo",
            "rules",
            "limit",
            "outcome",
            "evidence",
            "counterEvidence",
            "sentence",
        ],
    );
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    for row in &answer.rows {
        table.row([
            kind(row.kind()).to_owned(),
            every(&row.items),
            what(answer, row),
            row.children.join(" "),
            row.could_have_told.join(" "),
            row.needing.clone(),
            row.start.clone(),
            row.due.clone(),
            bound(row.done.as_ref(), ""),
            number(row.days),
            number(row.days_past_limit),
            row.covered_to.clone(),
            row.rules.join(" "),
            row.limit.clone(),
            spaced(&row.outcome),
            every(&row.evidence),
            every(&row.counter_evidence),
            row.sentence.clone(),
        ]);
    }
    table
}

fn page(answer: &pb::SharingAnswer) -> Page {
    let latest = stamp::latest(answer.stamp.as_ref());
    let mut page = Page {
        lead: stamp::lead(answer.stamp.as_ref()),
        ..Page::default()
    };
    for of in ORDER {
        let rows: Vec<&pb::SharingRow> =
            answer.rows.iter().filter(|row| row.kind() == of).collect();
        if !rows.is_empty() {
            page.sections.push(section(answer, of, &rows));
        }
    }
    page.sections
        .push(Section::of("In all", vec![total(answer, latest)]));
    let rules = rules(answer);
    if !rules.is_empty() {
        page.sections.push(Section::of("Rules that ask", rules));
    }
    page.sections
        .extend(coverage::section(&answer.coverage, answer.stamp.as_ref()));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
}

fn section(answer: &pb::SharingAnswer, of: pb::SharingKind, rows: &[&pb::SharingRow]) -> Section {
    let (done, days) = if of == pb::SharingKind::Late {
        ("shared", "daysLate")
    } else if of == pb::SharingKind::ReceivedNoAct {
        ("firstAct", "days")
    } else {
        ("done", "days")
    };
    let mut section = Section {
        title: format!("{} ({})", kind(of), rows.len()),
        table: Table::new(
            "Sharing",
            &[
                "item", "what", "heldBy", "neededBy", "due", done, days, "rule", "evidence",
            ],
        ),
        notes: Vec::new(),
    };
    for row in rows {
        let late = row.days_past_limit.filter(|_| of == pb::SharingKind::Late);
        section.table.row([
            evidence(&row.items),
            what(answer, row),
            row.could_have_told.join(", "),
            row.needing.clone(),
            row.due.clone(),
            bound(row.done.as_ref(), "-"),
            late.or(row.days)
                .map(|days| days.to_string())
                .unwrap_or_default(),
            row.rules.join(" "),
            evidence(&row.evidence),
        ]);
        section.notes.extend(doubts(row));
    }
    section
}

/// What speaks against a row, or keeps it from being certain.
fn doubts(row: &pb::SharingRow) -> Option<String> {
    let mut parts = Vec::new();
    match row.outcome.as_str() {
        "found" | "none" => {}
        "found unconfirmed" | "found_unconfirmed" => {
            parts.push("no record; an agency has not confirmed that it sent everything".to_owned());
        }
        other => parts.push(spaced(other)),
    }
    if !row.reason.is_empty() {
        parts.push(format!("reason recorded: {}", spaced(&row.reason)));
    }
    if !row.counter_evidence.is_empty() {
        parts.push(format!("see also {}", every(&row.counter_evidence)));
    }
    if !row.afterwards.is_empty() {
        parts.push(format!("afterwards: {}", row.afterwards));
    }
    if !row.depends_on_corrections.is_empty() {
        parts.push(depends(&row.depends_on_corrections, row.first_words_only));
    }
    let name = evidence(row.items.get(..1).unwrap_or_default());
    (!parts.is_empty()).then(|| format!("{name} to {}: {}.", row.needing, parts.join("; ")))
}

/// The item of a row: its kind, day and children.
fn what(answer: &pb::SharingAnswer, row: &pb::SharingRow) -> String {
    let first = answer
        .items
        .iter()
        .find(|item| row.items.contains(&item.position));
    first.map_or_else(
        || row.item_type.clone(),
        |item| {
            format!(
                "{} {} {}",
                item.r#type,
                bound(item.occurred.as_ref(), ""),
                row.children.join(" ")
            )
            .trim()
            .to_owned()
        },
    )
}

/// The kinds with their counts; with no row at all, what that is worth.
fn total(answer: &pb::SharingAnswer, latest: bool) -> String {
    if answer.rows.is_empty() {
        return "No row: by the rules of this pack nothing in this view was due and not shared, late, or without receipt.".to_owned();
    }
    let counts: Vec<String> = ORDER
        .into_iter()
        .filter_map(|of| {
            let n = answer.rows.iter().filter(|row| row.kind() == of).count();
            (n > 0).then(|| format!("{} {n}", kind(of).to_lowercase()))
        })
        .collect();
    let words = if latest {
        ends(answer)
    } else {
        " \"Not shared\" means not shared by that moment; the days are those so far.".to_owned()
    };
    format!(
        "{}: {}. One row is one matter and one agency that needed to know, however many children.{words}",
        count(size(&answer.rows), "row", "rows"),
        counts.join("; ")
    )
}

/// Up to when "not shared" holds of the rows that are open, with a blank before it; nothing when none is. Where the
/// records end is told of those whose absence they confirm: of any other row it is as doubtful as the row.
fn ends(answer: &pb::SharingAnswer) -> String {
    let open = answer.rows.iter().filter(|row| !row.covered_to.is_empty());
    let (sure, doubtful): (Vec<_>, Vec<_>) = open.partition(|row| row.outcome == "found");
    let mut days: Vec<&str> = sure.iter().map(|row| row.covered_to.as_str()).collect();
    days.sort_unstable();
    days.dedup();
    let to = match days.as_slice() {
        [] if doubtful.is_empty() => return String::new(),
        [] => return " \"Not shared\" means no record of sharing.".to_owned(),
        [day] => date(day),
        [first, .., last] => format!("a day from {} to {}", date(first), date(last)),
    };
    format!(
        " \"Not shared\" means no record of sharing, up to {to}, where the records end that the agencies confirmed."
    )
}

/// Each rule once, with its version, its limit and the standing of the duty.
fn rules(answer: &pb::SharingAnswer) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for rule in answer.rows.iter().flat_map(|row| &row.asking) {
        let standing = match rule.tier.as_str() {
            "" | "default" => String::new(),
            tier => format!("; duty by {}", spaced(tier)),
        };
        let line = format!(
            "{} version {}: {}{standing}",
            rule.id, rule.version, rule.limit
        );
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.sort();
    lines
}

/// A kind as a heading.
pub(super) fn kind(kind: pb::SharingKind) -> &'static str {
    match kind {
        pb::SharingKind::Unspecified => "Kind not stated",
        pb::SharingKind::NotShared => "Not shared",
        pb::SharingKind::Late => "Shared late",
        pb::SharingKind::SentWithoutReceipt => "Sent, receipt not recorded",
        pb::SharingKind::ReceivedNoAct => "Received, no action recorded",
        pb::SharingKind::Withheld => "Withheld, with a reason",
        pb::SharingKind::CorrectionNotPassedOn => "Correction not passed on",
        pb::SharingKind::ReferralWithoutFeedback => "Referral without feedback",
        pb::SharingKind::RequestWithoutAnswer => "Request without an answer",
        pb::SharingKind::Met => "Shared in time",
        pb::SharingKind::Undeterminable => "Cannot be determined",
        pb::SharingKind::NotShownAsRead => "On file, not shown as read",
        pb::SharingKind::LeftWithPerson => "Left with the person",
    }
}

/// One open row in a sentence.
pub(super) fn brief(row: &pb::SharingRow) -> String {
    let item = evidence(row.items.get(..1).unwrap_or_default());
    if !row.sentence.is_empty() {
        return format!("#{}", row.sentence);
    }
    format!(
        "{item} to {}: {}, due {}",
        row.needing,
        kind(row.kind()).to_lowercase(),
        date(&row.due)
    )
}
