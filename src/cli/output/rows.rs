//! Rows that are written as they come, and of which nothing is kept: receipts of an import, entries that are followed.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{guarded, heading};
use crate::cli::error::Failure;
use crate::cli::format::Format;

/// A column: its name in lowerCamelCase, and its width in the table.
pub(in crate::cli) type Column = (&'static str, usize);

/// Writes rows to standard output one by one, in the format asked for.
pub(in crate::cli) struct Rows {
    kind: &'static str,
    columns: &'static [Column],
    format: Format,
    written: u64,
    gone: bool,
}

impl Rows {
    pub(in crate::cli) fn new(
        kind: &'static str,
        columns: &'static [Column],
        format: Format,
    ) -> Self {
        Self {
            kind,
            columns,
            format,
            written: 0,
            gone: false,
        }
    }

    /// Writes one row; `extra` stands in the JSON formats only. False when the reader has gone away.
    pub(in crate::cli) fn row(
        &mut self,
        cells: &[String],
        extra: Option<(&'static str, Value)>,
    ) -> Result<bool, Failure> {
        let line = self.rendered(cells, extra)?;
        let first = self.written == 0;
        self.written = self.written.saturating_add(1);
        let before = if first { self.opening() } else { String::new() };
        self.put(&format!("{before}{line}"))
    }

    /// Ends the output; `notes` stand in the JSON document only.
    pub(in crate::cli) fn finish(mut self, notes: &[String]) -> Result<(), Failure> {
        if self.format != Format::Json {
            return Ok(());
        }
        let before = if self.written == 0 {
            self.opening()
        } else {
            String::new()
        };
        let end = format!("{before}],\"notes\":{}}}\n", json!(notes));
        self.put(&end).map(|_gone| ())
    }

    fn opening(&self) -> String {
        match self.format {
            Format::Table => {
                let names: Vec<String> =
                    self.columns.iter().map(|(name, _)| heading(name)).collect();
                self.padded(&names)
            }
            Format::Csv => {
                let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
                format!("{}\n", names.join(","))
            }
            Format::Json => format!(
                "{{\"apiVersion\":\"caseledger/v1\",\"kind\":\"{}\",\"items\":[",
                self.kind
            ),
            Format::Jsonl => String::new(),
        }
    }

    fn padded(&self, cells: &[String]) -> String {
        let cells = self.columns.iter().zip(cells);
        let padded: Vec<String> = cells
            .map(|((_, width), cell)| format!(" {cell:<width$} "))
            .collect();
        format!("{}\n", padded.concat().trim_end())
    }

    fn rendered(
        &self,
        cells: &[String],
        extra: Option<(&'static str, Value)>,
    ) -> Result<String, Failure> {
        let object = || {
            let named = self.columns.iter().zip(cells);
            let mut object: Map<String, Value> = named
                .map(|((name, _), cell)| ((*name).to_owned(), cell.clone().into()))
                .collect();
            object.extend(extra.map(|(name, value)| (name.to_owned(), value)));
            Value::Object(object)
        };
        Ok(match self.format {
            Format::Table => self.padded(cells),
            Format::Jsonl => format!("{}\n", object()),
            Format::Json if self.written == 0 => object().to_string(),
            Format::Json => format!(",{}", object()),
            Format::Csv => csv_line(cells)?,
        })
    }

    fn put(&mut self, text: &str) -> Result<bool, Failure> {
        if self.gone {
            return Ok(false);
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn csv_line(cells: &[String]) -> Result<String, Failure> {
    let odd = |error: &dyn std::fmt::Display| {
        Failure::new(crate::cli::exit::Exit::Other, error.to_string())
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells.iter().map(|cell| guarded(cell)))
        .map_err(|error| odd(&error))?;
    let bytes = writer.into_inner().map_err(|error| odd(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("line", 4), ("eventId", 8)];

    fn rendered(format: Format) -> String {
        let rows = Rows::new("Receipts", COLUMNS, format);
        let cells = ["7".to_owned(), "a,b".to_owned()];
        let extra = Some(("event", json!({"x": 1})));
        rows.opening() + &rows.rendered(&cells, extra).unwrap()
    }

    #[test]
    fn a_row_reads_the_same_in_four_formats_and_only_json_carries_the_event() {
        assert_eq!(rendered(Format::Table), " LINE  EVENT ID\n 7     a,b\n");
        assert_eq!(rendered(Format::Csv), "line,eventId\n7,\"a,b\"\n");
        let object = r#"{"event":{"x":1},"eventId":"a,b","line":"7"}"#;
        assert_eq!(rendered(Format::Jsonl), format!("{object}\n"));
        assert_eq!(
            rendered(Format::Json),
            format!(r#"{{"apiVersion":"caseledger/v1","kind":"Receipts","items":[{object}"#)
        );
    }
}
