//! `case list`: the cases of the ledger.

use crate::grpc::pb;

use super::super::args::Global;
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::format::Format;
use super::super::output::{self, Table};
use super::words::{count, size};

/// Asks for all cases, page by page, and prints them.
pub(super) async fn list(global: &Global) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let mut table = Table::new(
        "CaseList",
        &[
            "case", "opened", "entries", "children", "firstDay", "lastDay", "agencies",
        ],
    );
    let mut page_token = String::new();
    loop {
        let asked = client.request(pb::ListCasesRequest {
            page_size: 0,
            page_token,
        });
        let answer = client.inquiry.list_cases(asked).await?.into_inner();
        for case in answer.cases {
            let day = |text: String| {
                if text.is_empty() {
                    "no record".to_owned()
                } else {
                    text
                }
            };
            table.row([
                case.case_id,
                day(case.opened),
                case.entries.to_string(),
                case.children.to_string(),
                day(case.first_day),
                day(case.last_day),
                case.agencies.join(", "),
            ]);
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    table.notes.push(match table.rows.len() {
        0 => "No case in this ledger yet.".to_owned(),
        _ => format!("{}.", count(size(&table.rows), "case", "cases")),
    });
    if global.format == Format::Table && !table.rows.is_empty() {
        output::data(&output::grid(&table, Some(output::width())))?;
        output::data(&table.notes.join("\n"))?;
        return Ok(Exit::Done);
    }
    output::table(&table, global.format)?;
    Ok(Exit::Done)
}
