//! `case show`: who is who in a case, and what its record can show.

use crate::grpc::convert::answer_to_json;
use crate::grpc::pb;

use super::super::args::{AsAt, Global};
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{count, evidence, role, spaced};
use super::{coverage, stamp};

/// Asks who is who and prints it.
pub(super) async fn show(global: &Global, case: &str, as_at: &AsAt) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let asked = client.request(pb::CaseQuestion {
        case_id: case.to_owned(),
        as_at: Some(ask::as_at(as_at)),
    });
    let answer = client
        .inquiry
        .show_case(asked)
        .await
        .map_err(|status| ask::unanswered(case, status))?
        .into_inner();
    page(&answer).print(global.format, &counts(&answer), || {
        let text = answer_to_json("CaseAnswer", &answer);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)
    })?;
    Ok(Exit::Done)
}

fn counts(answer: &pb::CaseAnswer) -> Table {
    let mut table = Table::new("Case", &["agency", "type", "entries"]);
    for row in &answer.counts {
        table.row([
            row.agency.clone(),
            row.r#type.clone(),
            row.count.to_string(),
        ]);
    }
    table
}

/// The people of a case, as a section.
pub(super) fn people(rows: &[pb::PersonRow]) -> Section {
    let mut table = Table::new("People", &["person", "role", "born", "age", "evidence"]);
    for row in rows {
        let role = row
            .role()
            .as_str_name()
            .trim_start_matches("PERSON_ROLE_")
            .to_lowercase();
        table.row([
            row.person.clone(),
            spaced(&role),
            if row.born.is_empty() {
                "no record".to_owned()
            } else {
                row.born.clone()
            },
            row.age
                .map_or_else(|| "not certain".to_owned(), |age| age.to_string()),
            evidence(&row.evidence),
        ]);
    }
    let none = "No record of the people of the case in this view.";
    Section {
        title: "People".to_owned(),
        notes: if table.rows.is_empty() {
            vec![none.to_owned()]
        } else {
            Vec::new()
        },
        table,
    }
}

fn page(answer: &pb::CaseAnswer) -> Page {
    let mut page = Page {
        lead: stamp::lead(answer.stamp.as_ref()),
        ..Page::default()
    };
    page.sections.push(people(&answer.people));
    page.sections.push(Section::of(
        "Practitioners registered with the agencies of the case",
        practitioners(&answer.practitioners),
    ));
    page.sections.push(Section::of(
        "Entries by agency and kind",
        by_agency(&answer.counts),
    ));
    page.sections
        .extend(coverage::section(&answer.coverage, answer.stamp.as_ref()));
    page.notes = stamp::foot(answer.stamp.as_ref());
    page
}

/// A line for each agency: `csc: social worker SW1, SW2; team manager TM1`.
fn practitioners(rows: &[pb::PractitionerRow]) -> Vec<String> {
    let mut rows: Vec<&pb::PractitionerRow> = rows.iter().collect();
    rows.sort_by_key(|row| (&row.agency, row.role, row.role_code.len(), &row.role_code));
    let of_role = |same: &[&pb::PractitionerRow]| {
        let codes: Vec<&str> = same.iter().map(|row| row.role_code.as_str()).collect();
        let of = same.first().map_or(0, |row| row.role);
        format!("{} {}", role(of), codes.join(", "))
    };
    let lines = rows.chunk_by(|a, b| a.agency == b.agency).map(|own| {
        let agency = own.first().map_or("", |row| row.agency.as_str());
        let roles: Vec<String> = own.chunk_by(|a, b| a.role == b.role).map(of_role).collect();
        format!("{agency}: {}", roles.join("; "))
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        vec!["None registered.".to_owned()]
    } else {
        lines
    }
}

/// A line for each agency: `court, 9 entries: court.hearing_held 3, ...`.
fn by_agency(rows: &[pb::CountRow]) -> Vec<String> {
    let lines = rows.chunk_by(|a, b| a.agency == b.agency).map(|of| {
        let agency = of
            .first()
            .map(|row| row.agency.as_str())
            .unwrap_or_default();
        let kinds: Vec<String> = of
            .iter()
            .map(|row| format!("{} {}", row.r#type, row.count))
            .collect();
        let n: u64 = of.iter().map(|row| row.count).sum();
        format!(
            "{agency}, {}: {}",
            count(n, "entry", "entries"),
            kinds.join(", ")
        )
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        vec!["No entry in this view.".to_owned()]
    } else {
        lines
    }
}
