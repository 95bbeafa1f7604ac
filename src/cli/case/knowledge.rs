//! `case knowledge`: who knew what, since when and how; a row for each item, a column for each agency.

mod late;
mod turnover;

use std::borrow::Cow;

use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{and, bound, count, every, evidence, spaced};
use super::{coverage, stamp};

/// Columns of agencies that fit beside the item.
const HOLDERS: usize = 6;

/// Asks who knew what and prints it.
pub(super) async fn knowledge(
    global: &Global,
    (case, as_at): (&str, &AsAt),
    only_problems: bool,
    item: Option<u64>,
) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let asked = client.request(pb::KnowledgeQuestion {
        case_id: case.to_owned(),
        as_at: Some(ask::as_at(as_at)),
        agencies: Vec::new(),
        practitioners: item.is_some(),
        only_problems,
        item,
    });
    let answer = client
        .inquiry
        .knowledge(asked)
        .await
        .map_err(|status| ask::unanswered(case, status))?
        .into_inner();
    if let Some(item) = item.filter(|_| answer.items.is_empty()) {
        let words = format!(
            "entry #{item} is no item of this case that anybody may need to know, in this view"
        );
        return Err(Failure::new(Exit::NotFound, words).advise("list the items: leave out --item"));
    }
    let latest = stamp::latest(answer.stamp.as_ref());
    let rows = rows(&answer, latest);
    page(&answer, item.is_some(), latest).print(global.format, &rows, || {
        let text = answer_to_json("KnowledgeAnswer", &answer);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)
    })?;
    Ok(Exit::Done)
}

fn rows(answer: &pb::KnowledgeAnswer, latest: bool) -> Table {
    let mut table = Table::new(
        "Knowledge",
        &[
            "item",
            "type",
            "occurred",
            "recordedBy",
            "children",
            "holder",
            "state",
            "since",
            "how",
            "grade",
            "due",
            "days",
            "rules",
            "evidence",
            "sentence",
            "dependsOn",
            "firstWordsOnly",
        ],
    );
    for cell in &answer.cells {
        let item = answer.items.iter().find(|item| item.position == cell.item);
        table.row([
            format!("#{}", cell.item),
            item.map(|item| item.r#type.clone()).unwrap_or_default(),
            item.map(|item| bound(item.occurred.as_ref(), ""))
                .unwrap_or_default(),
            item.map(|item| item.agency.clone()).unwrap_or_default(),
            item.map(|item| item.children.join(" ")).unwrap_or_default(),
            holder(cell.holder.as_ref()),
            words(cell, latest),
            bound(cell.since.as_ref(), ""),
            spaced(&cell.how),
            cell.grade.clone(),
            cell.due.clone(),
            cell.days.map(|days| days.to_string()).unwrap_or_default(),
            cell.rules.join(" "),
            every(&cell.evidence),
            cell.sentence.clone(),
            every(&cell.depends_on_corrections),
            late::yes(cell.first_words_only),
        ]);
    }
    table
}

fn page(answer: &pb::KnowledgeAnswer, one: bool, latest: bool) -> Page {
    let mut page = Page {
        lead: stamp::lead(answer.stamp.as_ref()),
        ..Page::default()
    };
    if answer.items.is_empty() {
        let none = "No record, in this view, of an item that somebody may need to know.";
        page.sections
            .push(Section::of("Items", vec![none.to_owned()]));
    } else if one {
        page.sections
            .extend(answer.items.iter().map(|item| each(answer, item, latest)));
    } else {
        page.sections.extend(matrix(answer, latest));
        page.sections.extend(late::section(answer, latest));
        page.sections.extend(turnover::sections(answer));
        page.sections.push(Section::of("In all", totals(answer)));
        page.sections
            .push(Section::of("How to read a cell", legend(answer, latest)));
    }
    page.sections
        .extend(coverage::section(&answer.coverage, answer.stamp.as_ref()));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
}

/// The agencies of whom something can be said, and those of whom no rule asks anything.
fn columns(answer: &pb::KnowledgeAnswer) -> (Vec<&pb::Holder>, Vec<String>) {
    let nothing = |holder: &pb::Holder| {
        let own = |cell: &&pb::Cell| cell.holder.as_ref() == Some(holder);
        let bare = |cell: &pb::Cell| cell.state() == pb::CellState::NoRuleAsks;
        answer.cells.iter().filter(own).all(bare)
    };
    let agencies = answer
        .holders
        .iter()
        .filter(|holder| holder.staff.is_empty());
    let (apart, shown): (Vec<_>, Vec<_>) = agencies.partition(|holder| nothing(holder));
    (
        shown,
        apart
            .into_iter()
            .map(|holder| holder.agency.clone())
            .collect(),
    )
}

/// Items against agencies, in as many tables as the agencies need.
fn matrix(answer: &pb::KnowledgeAnswer, latest: bool) -> Vec<Section> {
    let (agencies, apart) = columns(answer);
    let parts = agencies.len().div_ceil(HOLDERS).max(1);
    let each = agencies.len().div_ceil(parts).max(1);
    let mut sections = Vec::new();
    for (number, some) in agencies.chunks(each).enumerate() {
        let mut columns: Vec<Cow<'static, str>> = vec!["item".into(), "what".into()];
        columns.extend(some.iter().map(|holder| Cow::Owned(holder.agency.clone())));
        let mut table = Table {
            kind: "Knowledge",
            columns,
            ..Table::default()
        };
        for item in &answer.items {
            let cells: Vec<Option<&pb::Cell>> = some
                .iter()
                .map(|holder| cell(answer, item, holder))
                .collect();
            if !current(answer).any(|cell| cell.item == item.position) {
                continue;
            }
            let mut row = vec![format!("#{}", item.position), what(item)];
            row.extend(
                cells
                    .into_iter()
                    .map(|cell| cell.map_or_else(String::new, |cell| marked(cell, latest))),
            );
            table.rows.push(row);
        }
        let of = if parts > 1 {
            format!(" ({} of {parts})", number + 1)
        } else {
            String::new()
        };
        sections.push(Section {
            title: format!("Items and who knew them{of}"),
            table,
            notes: Vec::new(),
        });
    }
    if let Some(last) = sections.last_mut().filter(|_| !apart.is_empty()) {
        last.notes.push(format!(
            "{}: no rule asks for any item shown, and there is no record that it knew one.",
            and(&apart)
        ));
    }
    sections
}

/// The cells by the words that hold.
fn current(answer: &pb::KnowledgeAnswer) -> impl Iterator<Item = &pb::Cell> {
    answer.cells.iter().filter(|cell| !cell.first_words_only)
}

/// The words of a cell; with a mark when they depend on a correction.
fn marked(cell: &pb::Cell, latest: bool) -> String {
    let mark = match (
        cell.depends_on_corrections.as_slice(),
        cell.first_words_only,
    ) {
        ([], _) => "",
        (_, false) => " *",
        (_, true) => ", by the first words *",
    };
    format!("{}{mark}", words(cell, latest))
}

fn cell<'a>(
    answer: &'a pb::KnowledgeAnswer,
    item: &pb::Item,
    holder: &pb::Holder,
) -> Option<&'a pb::Cell> {
    current(answer).find(|cell| cell.item == item.position && cell.holder.as_ref() == Some(holder))
}

fn what(item: &pb::Item) -> String {
    let corrected = if item.corrected { ", corrected" } else { "" };
    format!(
        "{} {} {}{corrected}",
        item.r#type,
        bound(item.occurred.as_ref(), "date not known"),
        item.children.join(" ")
    )
}

/// One item in full: a line for each agency and practitioner.
fn each(answer: &pb::KnowledgeAnswer, item: &pb::Item, latest: bool) -> Section {
    let mut section = Section {
        title: format!(
            "#{} {}, recorded by {}",
            item.position,
            what(item),
            item.agency
        ),
        table: Table::new(
            "Knowledge",
            &[
                "holder", "state", "since", "how", "grade", "due", "evidence",
            ],
        ),
        notes: Vec::new(),
    };
    for cell in answer
        .cells
        .iter()
        .filter(|cell| cell.item == item.position)
    {
        section.table.row([
            holder(cell.holder.as_ref()),
            marked(cell, latest),
            bound(cell.since.as_ref(), "-"),
            spaced(&cell.how),
            cell.grade.clone(),
            cell.due.clone(),
            evidence(&cell.evidence),
        ]);
        let person = cell
            .holder
            .as_ref()
            .is_some_and(|holder| !holder.staff.is_empty());
        let plain = matches!(
            cell.state(),
            pb::CellState::Source | pb::CellState::NoRuleAsks
        );
        let depends = !cell.depends_on_corrections.is_empty();
        if !cell.sentence.is_empty() && (depends || !person && !plain) {
            section.notes.push(format!(
                "{}: {}",
                holder(cell.holder.as_ref()),
                cell.sentence
            ));
        }
    }
    section
}

fn holder(of: Option<&pb::Holder>) -> String {
    let Some(of) = of else { return String::new() };
    match (of.role_code.as_str(), of.staff.as_str()) {
        ("", "") => of.agency.clone(),
        ("", staff) => format!("{}/{staff}", of.agency),
        (code, _) => format!("{}/{code}", of.agency),
    }
}

/// The words of a cell: what can be said of one item and one holder.
fn words(cell: &pb::Cell, latest: bool) -> String {
    let days = |words: &str| {
        cell.days
            .map_or_else(|| words.to_owned(), |days| format!("{words} {days}d"))
    };
    let text = match cell.state() {
        pb::CellState::Unspecified => "not stated".to_owned(),
        pb::CellState::Hidden => "hidden or erased".to_owned(),
        pb::CellState::Source => "SOURCE".to_owned(),
        pb::CellState::Knows => match (cell.timeliness(), cell.days) {
            (pb::Timeliness::Late, _) => days("late"),
            (pb::Timeliness::Undeterminable, _) => "knows; when is unclear".to_owned(),
            (_, Some(0)) => "same day".to_owned(),
            (pb::Timeliness::InTime, Some(n)) => format!("in time, {n}d"),
            (_, Some(n)) => format!("after {n}d"),
            (_, None) => "knows".to_owned(),
        },
        pb::CellState::Disputed => "disputed".to_owned(),
        pb::CellState::Sent => "sent; no receipt".to_owned(),
        pb::CellState::OwnEntry => "own entry".to_owned(),
        pb::CellState::Possible => "possible".to_owned(),
        pb::CellState::Withheld => "withheld".to_owned(),
        pb::CellState::Restricted => "restricted".to_owned(),
        pb::CellState::NotConnected => "not connected".to_owned(),
        pb::CellState::NotInvolved => "not involved".to_owned(),
        pb::CellState::NoRuleAsks => "no rule".to_owned(),
        pb::CellState::Due => days("due in"),
        pb::CellState::NotShared if latest => "NO RECORD".to_owned(),
        pb::CellState::NotShared => cell
            .days
            .map_or_else(|| "NOT YET".to_owned(), |n| format!("NOT YET, {n}d")),
        pb::CellState::Undeterminable => "cannot tell".to_owned(),
    };
    if cell.no_action_recorded {
        format!("{text}; no act")
    } else {
        text
    }
}

fn totals(answer: &pb::KnowledgeAnswer) -> Vec<String> {
    let items = answer.items.iter().filter(|item| !item.first_words_only);
    let shown = items
        .clone()
        .filter(|item| current(answer).any(|cell| cell.item == item.position));
    let n = u64::try_from(shown.count()).unwrap_or(u64::MAX);
    let of = |holder: &pb::Holder| {
        let knows = |cell: &&pb::Cell| {
            cell.holder.as_ref() == Some(holder)
                && matches!(
                    cell.state(),
                    pb::CellState::Source | pb::CellState::Knows | pb::CellState::OwnEntry
                )
        };
        format!(
            "{} {}",
            holder.agency,
            current(answer).filter(knows).count()
        )
    };
    let held: Vec<String> = answer
        .holders
        .iter()
        .filter(|h| h.staff.is_empty())
        .map(of)
        .collect();
    vec![
        format!(
            "{} shown, of {} in this view.",
            count(n, "item", "items"),
            items.count()
        ),
        format!("Of those shown, recorded as known to: {}.", held.join(", ")),
    ]
}

/// The words that stand in this answer, explained.
fn legend(answer: &pb::KnowledgeAnswer, latest: bool) -> Vec<String> {
    let states: [(pb::CellState, &str); 13] = [
        (
            pb::CellState::Source,
            "SOURCE: this agency recorded the item.",
        ),
        (
            pb::CellState::Knows,
            "same day, in time, after 9d: knew 9 days after it was first known; after: no rule set a limit; late 9d: 9 days past its limit; no act: no action recorded since.",
        ),
        (
            pb::CellState::OwnEntry,
            "own entry: knew of the matter from an entry of its own.",
        ),
        (
            pb::CellState::Sent,
            "sent; no receipt: the sender recorded sending it; no record of receipt.",
        ),
        (
            pb::CellState::Disputed,
            "disputed: said to have been told, and disputes it.",
        ),
        (
            pb::CellState::Possible,
            "possible: may have known; a date is uncertain or presence was for a part.",
        ),
        (
            pb::CellState::Due,
            "due in 9d: a rule asks, and its limit has not passed.",
        ),
        (
            pb::CellState::NotShared,
            if latest {
                "NO RECORD: a rule asks, and there is no record that anybody told this agency."
            } else {
                "NOT YET, 9d: a rule asks, its limit had passed, and it had not been shared by that moment; 9 days so far."
            },
        ),
        (
            pb::CellState::NoRuleAsks,
            "no rule: no rule of the pack asks; it does not say that the item was not needed.",
        ),
        (
            pb::CellState::NotInvolved,
            "not involved: the agency was not involved with the child then.",
        ),
        (
            pb::CellState::NotConnected,
            "not connected: its feed is not connected, or does not carry this kind.",
        ),
        (
            pb::CellState::Undeterminable,
            "cannot tell: the record does not reach far enough to say.",
        ),
        (
            pb::CellState::Hidden,
            "hidden or erased: the content cannot be seen.",
        ),
    ];
    let there = |state: pb::CellState| answer.cells.iter().any(|cell| cell.state() == state);
    let mut lines: Vec<String> = states
        .iter()
        .filter(|(state, _)| there(*state))
        .map(|(_, line)| (*line).to_owned())
        .collect();
    lines.extend(late::mark(answer));
    lines.push("One item in full, with how it is known: --item N.".to_owned());
    lines
}
