//! `case at`: the state of a case on one screen.

use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::allocation::line::{all, grouped};
use super::page::{Page, Section, value};
use super::words::{and, bound, capital, evidence, role, spaced, status};
use super::{coverage, sharing, show, stamp};

/// Asks for the state of a case and prints it.
pub(super) async fn at(global: &Global, case: &str, as_at: &AsAt) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let asked = client.request(pb::CaseQuestion {
        case_id: case.to_owned(),
        as_at: Some(ask::as_at(as_at)),
    });
    let answer = client
        .inquiry
        .at(asked)
        .await
        .map_err(|status| ask::unanswered(case, status))?
        .into_inner();
    page(&answer).print(global.format, &state(&answer), || {
        let text = answer_to_json("AtAnswer", &answer);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)
    })?;
    Ok(Exit::Done)
}

/// Each thing that holds at the moment, a row.
fn state(answer: &pb::AtAnswer) -> Table {
    let mut table = Table::new(
        "CaseAt",
        &["what", "state", "since", "children", "evidence"],
    );
    for row in &answer.statuses {
        let detail = match row.detail.as_str() {
            "" | "plan" => "open".to_owned(),
            detail => spaced(detail),
        };
        table.row([
            capital(&status(&row.status)),
            detail,
            bound(row.since.as_ref(), "no record"),
            row.children.join(" "),
            evidence(&row.evidence),
        ]);
    }
    let lines = all(answer.stamp.as_ref(), &answer.holders, &answer.open_gaps);
    for line in grouped(&lines).into_iter().flatten() {
        let state = match line.gap {
            // How long it is cannot be known either.
            Some(pb::GapKind::CannotBeKnown) if !line.sentence.is_empty() => line.holder,
            Some(_) => {
                let until = line.counted().unwrap_or_else(|| "so far".to_owned());
                format!("{}, {} days {until}", line.holder, line.days)
            }
            None => match line.counted() {
                Some(until) => format!("last known: {}, {until}", line.holder),
                None => line.holder,
            },
        };
        table.row([
            format!("{} ({})", capital(&role(line.role)), line.agency),
            state,
            line.from,
            line.children.join(" "),
            evidence(&line.evidence),
        ]);
    }
    table
}

fn page(answer: &pb::AtAnswer) -> Page {
    let mut page = Page {
        lead: stamp::lead(answer.stamp.as_ref()),
        ..Page::default()
    };
    page.sections.push(show::people(&answer.people));
    let state = state(answer);
    page.sections.push(Section {
        title: "What held at that moment".to_owned(),
        notes: if state.rows.is_empty() {
            vec![
                "No record of a plan, an enquiry, proceedings or an allocation in this view."
                    .to_owned(),
            ]
        } else {
            Vec::new()
        },
        table: state,
    });
    let open: Vec<String> = answer.open_sharing.iter().map(sharing::brief).collect();
    page.sections.push(Section::of(
        &format!("Due and not known to have arrived ({})", open.len()),
        if open.is_empty() {
            vec!["No such row in this view; see what a blank is worth.".to_owned()]
        } else {
            open
        },
    ));
    page.sections.push(recent(&answer.recent));
    page.sections
        .extend(coverage::section(&answer.coverage, answer.stamp.as_ref()));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
}

fn recent(rows: &[pb::EntryRow]) -> Section {
    let mut table = Table::new(
        "Entries",
        &["entry", "occurred", "agency", "type", "children", "mark"],
    );
    for row in rows {
        let marks: Vec<String> = [
            (row.possible, "may lie after the moment"),
            (row.retracted, "retracted"),
        ]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| mark.to_owned())
        .collect();
        table.row([
            format!("#{}", row.position),
            bound(row.occurred.as_ref(), "date not known"),
            row.agency.clone(),
            row.r#type.clone(),
            row.children.join(" "),
            and(&marks),
        ]);
    }
    Section {
        title: "Last entries, newest first".to_owned(),
        notes: if rows.is_empty() {
            vec!["None in this view.".to_owned()]
        } else {
            Vec::new()
        },
        table,
    }
}
