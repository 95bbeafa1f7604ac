//! The formats of output.

use clap::ValueEnum;

/// How data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for a person.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line, one line a row.
    Jsonl,
    /// Comma-separated values with a header row.
    Csv,
}
