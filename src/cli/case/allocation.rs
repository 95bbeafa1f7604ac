//! `case allocation`: who held each role, from when to when, and when nobody did.

pub(super) mod line;
mod other;
mod total;

use crate::domain::event::Role;
use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global, Window};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{and, capital, count, date, every, evidence, role};
use super::{coverage, stamp};

use self::line::{Line, grouped, lines};
use self::other::others;
use self::total::totals;

/// What of the answer is wanted.
#[derive(Debug)]
pub(super) struct Only {
    pub role: Option<Role>,
    pub window: Option<Window>,
    pub min_gap: Option<u32>,
    pub fail_on_gaps: bool,
}

/// Asks who held the case and prints it.
pub(super) async fn allocation(
    global: &Global,
    (case, as_at): (&str, &AsAt),
    only: Only,
) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let day = |day: fn(&Window) -> jiff::civil::Date| {
        let found = only.window.as_ref().map(|window| day(window).to_string());
        found.unwrap_or_default()
    };
    let question = pb::AllocationQuestion {
        case_id: case.to_owned(),
        as_at: Some(ask::as_at(as_at)),
        roles: only.role.iter().map(|role| role.code()).collect(),
        window_from: day(|window| window.from),
        window_to: day(|window| window.to),
        min_gap_working_days: only.min_gap,
        ..Default::default()
    };
    let asked = client.request(question);
    let answer = client
        .inquiry
        .allocation(asked)
        .await
        .map_err(|status| ask::unanswered(case, status))?
        .into_inner();
    let lines = lines(&answer);
    page(&answer, &lines, &only).print(global.format, &rows(&lines), || {
        let text = answer_to_json("AllocationAnswer", &answer);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)
    })?;
    let found = answer.gaps.iter().any(|gap| nobody(gap.kind()));
    Ok(if only.fail_on_gaps && found {
        Exit::FindingsExist
    } else {
        Exit::Done
    })
}

/// A gap that is found, as opposed to one that cannot be known.
fn nobody(kind: pb::GapKind) -> bool {
    !matches!(kind, pb::GapKind::CannotBeKnown | pb::GapKind::Unspecified)
}

fn rows(lines: &[Line]) -> Table {
    let mut table = Table::new(
        "Allocation",
        &[
            "row",
            "role",
            "holder",
            "agency",
            "children",
            "from",
            "to",
            "days",
            "lastCovered",
            "whyEnded",
            "handover",
            "childTold",
            "familyTold",
            "evidence",
            "arrived",
        ],
    );
    for line in lines {
        table.row([
            if line.gap.is_some() { "gap" } else { "spell" }.to_owned(),
            role(line.role),
            line.holder.clone(),
            line.agency.clone(),
            line.children.join(" "),
            line.from.clone(),
            line.to.clone(),
            line.days.clone(),
            line.last_covered.clone(),
            if line.depends.is_empty() {
                line.why.clone()
            } else {
                format!("{}; {}", line.why, line.depends)
            },
            line.handover.clone(),
            line.child.clone(),
            line.family.clone(),
            every(&line.evidence),
            every(&line.arrived),
        ]);
    }
    table
}

fn page(answer: &pb::AllocationAnswer, lines: &[Line], only: &Only) -> Page {
    let mut page = Page {
        lead: stamp::lead(answer.stamp.as_ref()),
        ..Page::default()
    };
    page.sections.extend(
        grouped(lines)
            .iter()
            .map(|group| section(group, &answer.entries)),
    );
    page.sections.extend(others(answer));
    let mut all = totals(&answer.totals);
    let of_one = |gap: &pb::Gap| !gap.depends_on_corrections.is_empty();
    if answer.gaps.iter().any(of_one)
        || answer
            .changes
            .iter()
            .any(|of| !of.depends_on_corrections.is_empty())
    {
        all.push("The figures are those of the corrected words; what is there by the words first recorded only is listed, and not in them.".to_owned());
    }
    if only.window.is_some() {
        let (from, to) = (date(&answer.window_from), date(&answer.window_to));
        let words = "Counted from {from} to {to}, both included; the rows above are not cut to it.";
        all.insert(0, words.replace("{from}", &from).replace("{to}", &to));
    }
    all.extend(thresholds(&answer.thresholds));
    if lines.is_empty() {
        all.push(nothing(only));
    } else {
        all.push("Why ended, handover, told: as recorded; child told and family told are about the change to this holder, and - stands where there was none. All entries of a row: --format json.".to_owned());
    }
    page.sections.push(Section::of("In all", all));
    page.sections
        .extend(coverage::section(&answer.coverage, answer.stamp.as_ref()));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
}

/// From which length a gap is listed: one sentence for the roles that share the figures.
fn thresholds(of: &[pb::GapThreshold]) -> Vec<String> {
    let alike = |a: &pb::GapThreshold, b: &pb::GapThreshold| {
        (a.protected_working_days, a.working_days, a.asked_for)
            == (b.protected_working_days, b.working_days, b.asked_for)
    };
    let mut groups: Vec<Vec<&pb::GapThreshold>> = Vec::new();
    for threshold in of {
        let same = |group: &&mut Vec<&pb::GapThreshold>| {
            group.first().is_some_and(|first| alike(first, threshold))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(threshold),
            None => groups.push(vec![threshold]),
        }
    }
    let sentences = groups.iter().filter_map(|group| {
        let first = group.first()?;
        let roles: Vec<String> = group.iter().map(|of| role(of.role)).collect();
        let days = |n: u32| count(n, "working day", "working days");
        let figures = if first.protected_working_days == first.working_days {
            days(first.working_days)
        } else {
            format!(
                "{} while the child is on a protection plan, looked after, in section 47 enquiries or in proceedings, else {}",
                days(first.protected_working_days),
                days(first.working_days)
            )
        };
        let asked = if first.asked_for { ", as asked" } else { "" };
        Some(format!("A gap of {} is listed from {figures} on{asked}.", and(&roles)))
    });
    sentences.collect()
}

fn nothing(only: &Only) -> String {
    let of = only.role.map_or_else(
        || "allocation".to_owned(),
        |of| format!("allocated {}", role(of.code())),
    );
    format!(
        "No record of any {of} in this view. Whether there was one is not told by it: see what a blank is worth."
    )
}

fn section(group: &[Line], entries: &[pb::EntryRow]) -> Section {
    let mut section = Section {
        table: Table::new(
            "Allocation",
            &[
                "holder",
                "from",
                "to",
                "days",
                "whyEnded",
                "handover",
                "childTold",
                "familyTold",
                "evidence",
            ],
        ),
        ..Section::default()
    };
    for line in group {
        let of = match line.children.as_slice() {
            [] => String::new(),
            children => format!(", for {}", and(children)),
        };
        section.title = format!("{} ({}){of}", capital(&role(line.role)), line.agency);
        section.table.row([
            line.holder.clone(),
            line.from.clone(),
            line.to.clone(),
            line.days.clone(),
            line.why.clone(),
            line.handover.clone(),
            line.child.clone(),
            line.family.clone(),
            evidence(&line.evidence),
        ]);
        if let Some(counted) = line.counted() {
            section
                .notes
                .push(format!("{}: counted {counted}.", line.holder));
        }
        section.notes.extend(note(line, entries));
    }
    section
}

/// What happened in a gap, or why it cannot be known.
fn note(line: &Line, entries: &[pb::EntryRow]) -> Option<String> {
    let named = |positions: &[u64]| {
        let each = positions.iter().map(|position| {
            let entry = entries.iter().find(|entry| entry.position == *position);
            entry.map_or_else(
                || format!("#{position}"),
                |entry| format!("#{position} {}", entry.r#type),
            )
        });
        each.collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    if !line.sentence.is_empty() {
        parts.push(line.sentence.clone());
    }
    if !line.arrived.is_empty() {
        parts.push(format!("the agency came to know {}", named(&line.arrived)));
    }
    if !line.due.is_empty() {
        parts.push(format!("fell due {}", named(&line.due)));
    }
    if !line.context.is_empty() {
        parts.push(format!("bearing on it {}", named(&line.context)));
    }
    if !line.depends.is_empty() {
        parts.push(line.depends.clone());
    }
    (!parts.is_empty()).then(|| format!("In the gap from {}: {}.", line.from, parts.join("; ")))
}
