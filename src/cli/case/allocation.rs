//! `case allocation`: who held each role, from when to when, and when nobody did.

pub(super) mod line;

use crate::domain::event::Role;
use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global, Window};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{and, capital, count, date, every, evidence, length, role, size};
use super::{coverage, stamp};

use self::line::{Line, grouped, lines};

/// What of the answer is wanted.
#[derive(Debug)]
pub(super) struct Only {
    pub role: Option<Role>,
    pub window: Option<Window>,
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
            line.why.clone(),
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
    page.sections
        .extend(grouped(lines).iter().map(|group| section(group)));
    let mut all = totals(&answer.totals);
    if let Some(window) = &only.window {
        all.insert(
            0,
            format!(
                "Counted from {} to {}, both included; the rows above are not cut to it.",
                date(&window.from.to_string()),
                date(&window.to.to_string())
            ),
        );
    }
    if lines.is_empty() {
        all.push(nothing(only));
    } else {
        all.push("Why ended, handover, told: as recorded; child told and family told are about the change to this holder. All entries of a row: --format json.".to_owned());
    }
    page.sections.push(Section::of("In all", all));
    page.sections.extend(coverage::section(&answer.coverage));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
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

fn section(group: &[Line]) -> Section {
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
        section.notes.extend(note(line));
    }
    section
}

/// What happened in a gap, or why it cannot be known.
fn note(line: &Line) -> Option<String> {
    let mut parts = Vec::new();
    if !line.sentence.is_empty() {
        parts.push(line.sentence.clone());
    }
    if !line.arrived.is_empty() {
        let items = count(size(&line.arrived), "item", "items");
        parts.push(format!(
            "{items} came to the agency: {}",
            every(&line.arrived)
        ));
    }
    if !line.context.is_empty() {
        parts.push(format!("bearing on it: {}", every(&line.context)));
    }
    (!parts.is_empty()).then(|| format!("In the gap from {}: {}.", line.from, parts.join("; ")))
}

/// The totals of each role and agency; where children differ, of each child too.
fn totals(of: &[pb::AllocationTotal]) -> Vec<String> {
    let mut sentences = Vec::new();
    for whole in of.iter().filter(|total| total.child.is_empty()) {
        let bare = |total: &pb::AllocationTotal| pb::AllocationTotal {
            child: String::new(),
            evidence: Vec::new(),
            ..total.clone()
        };
        let mut each: Vec<(Vec<String>, &pb::AllocationTotal)> = Vec::new();
        let own = |total: &&pb::AllocationTotal| {
            !total.child.is_empty() && (&total.agency, total.role) == (&whole.agency, whole.role)
        };
        for of_child in of.iter().filter(own) {
            match each
                .iter_mut()
                .find(|(_, other)| bare(other) == bare(of_child))
            {
                Some((children, _)) => children.push(of_child.child.clone()),
                None => each.push((vec![of_child.child.clone()], of_child)),
            }
        }
        if whole.days_with_nobody.is_some() || each.len() != 1 {
            sentences.push(total(whole, ""));
        }
        if whole.days_with_nobody.is_some() {
            continue;
        }
        sentences.extend(
            each.into_iter()
                .map(|(children, each)| total(each, &format!(", for {}", and(&children)))),
        );
    }
    sentences
}

fn total(of: &pb::AllocationTotal, children: &str) -> String {
    let mut text = format!(
        "{} ({}){children}: {}",
        capital(&role(of.role)),
        of.agency,
        count(of.distinct, "different holder", "different holders")
    );
    if !of.holders.is_empty() {
        text.push_str(&format!(" ({})", of.holders.join(", ")));
    }
    if let Some(nobody) = &of.days_with_nobody {
        let changes = match (of.changes, of.unexplained) {
            (0, _) => "no change".to_owned(),
            (n, 0) => count(n, "change, explained", "changes, each explained"),
            (n, m) => format!(
                "{}, {m} with no record that it was explained",
                count(n, "change", "changes")
            ),
        };
        let gaps = match of.gaps {
            0 => "no gap".to_owned(),
            n => format!(
                "{}, {} with nobody",
                count(n, "gap", "gaps"),
                length(Some(nobody))
            ),
        };
        text.push_str(&format!("; {changes}; {gaps}"));
    }
    if let Some(median) = of.median_days {
        text.push_str(&format!(
            "; median of ended spells {}",
            count(median, "day", "days")
        ));
    }
    if of.agency_staff_days > 0 {
        text.push_str(&format!(
            "; {} of {} held days by agency staff",
            of.agency_staff_days, of.effective_days
        ));
    }
    format!("{text}.")
}
