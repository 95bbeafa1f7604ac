//! A page for a person: what was asked in its first line, tables under headings, then what the answer rests on.

use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::format::Format;
use super::super::output::{self, Table};

/// One answer in its three forms: a page to read, rows to sort, the whole to compute with.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What was asked and what it stands on.
    pub lead: Vec<String>,
    /// Headings, each with a table or, where there is none, sentences.
    pub sections: Vec<Section>,
    /// What the answer rests on, and what it cannot say.
    pub notes: Vec<String>,
}

/// A heading with a table and sentences.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The heading.
    pub title: String,
    /// The rows; none are not shown.
    pub table: Table,
    /// Sentences under the rows.
    pub notes: Vec<String>,
}

impl Section {
    /// A heading with sentences only.
    pub(super) fn of(title: &str, notes: Vec<String>) -> Self {
        Self {
            title: title.to_owned(),
            notes,
            ..Self::default()
        }
    }
}

impl Page {
    fn text(&self) -> String {
        let width = output::width();
        let flow = |text: &String, indent| output::flow(text, width, indent);
        let mut blocks: Vec<String> = Vec::new();
        blocks.push(joined(self.lead.iter().map(|line| flow(line, 0))));
        for section in &self.sections {
            let mut block = vec![section.title.clone()];
            if !section.table.rows.is_empty() {
                block.push(output::grid(&section.table, Some(width)));
            }
            block.extend(section.notes.iter().map(|note| flow(note, 1)));
            blocks.push(joined(block.into_iter()));
        }
        blocks.push(joined(self.notes.iter().map(|note| flow(note, 0))));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n\n")
    }

    /// Prints the form asked for: the page, the rows as JSON Lines or CSV, or `whole` as one JSON document.
    pub(super) fn print(
        &self,
        format: Format,
        rows: &Table,
        whole: impl FnOnce() -> Result<Value, Failure>,
    ) -> Result<(), Failure> {
        match format {
            Format::Table => Ok(output::data(&self.text())?),
            Format::Jsonl | Format::Csv => Ok(output::table(rows, format)?),
            Format::Json => {
                let mut document = json!({"apiVersion": "caseledger/v1", "kind": rows.kind});
                if let (Some(all), Value::Object(fields)) = (document.as_object_mut(), whole()?) {
                    all.extend(fields);
                }
                Ok(output::data(&document.to_string())?)
            }
        }
    }
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Proto3 JSON as a value.
pub(super) fn value(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(Exit::Other, error.to_string()))
}
