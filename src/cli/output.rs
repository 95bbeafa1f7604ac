//! The only code that prints: data to standard output, words for a person to standard error.

pub(super) mod rows;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table as Grid, Width, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::args::Global;
use super::format::Format;

/// Rows with named columns: the one shape behind all four formats.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// What the rows are, as the `kind` of the JSON document: `Allocation`.
    pub kind: &'static str,
    /// Column names in lowerCamelCase; the table shows them in words and capitals.
    pub columns: Vec<Cow<'static, str>>,
    /// One cell a column.
    pub rows: Vec<Vec<String>>,
    /// Sentences under the table; `notes` of the JSON document.
    pub notes: Vec<String>,
}

impl Table {
    /// An empty table of the given kind and columns.
    pub(super) fn new(kind: &'static str, columns: &[&'static str]) -> Self {
        Self {
            kind,
            columns: columns.iter().copied().map(Cow::Borrowed).collect(),
            ..Self::default()
        }
    }

    /// Adds a row. A row with another number of cells than there are columns is a fault of the caller.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(
            N,
            self.columns.len(),
            "a cell for each column of {}",
            self.kind
        );
        self.rows.push(cells.into());
    }

    fn objects(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            Value::Object(
                cells
                    .map(|(k, v)| (k.clone().into_owned(), v.clone().into()))
                    .collect::<Map<_, _>>(),
            )
        })
    }
}

/// `childTold` as a person reads it: `CHILD TOLD`.
fn heading(column: &str) -> String {
    let mut words = String::new();
    for c in column.chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.extend(c.to_uppercase());
    }
    words
}

/// A cell that a spreadsheet would run as a formula gets a leading apostrophe.
fn guarded(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') if cell.len() > 1 => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

/// The widest line of a page: the terminal's, else `COLUMNS`, else 100.
pub(super) fn width() -> u16 {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    let terminal = || {
        Grid::new()
            .width()
            .filter(|_| std::io::stdout().is_terminal())
    };
    terminal().or_else(told).unwrap_or(100).max(40)
}

/// A sentence broken into lines of at most `width`, the first after `indent` spaces and the others two deeper.
pub(super) fn flow(text: &str, width: u16, indent: usize) -> String {
    let width = usize::from(width);
    let mut lines: Vec<String> = Vec::new();
    let mut line = " ".repeat(indent);
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent + 2)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// Longer words may be broken by the edge of a column.
const LONGEST: usize = 24;

/// The rows in columns, within `width` or else within the terminal.
pub(super) fn grid(table: &Table, width: Option<u16>) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    if let Some(width) = width {
        grid.set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    } else if std::io::stdout().is_terminal() {
        grid.set_content_arrangement(ContentArrangement::Dynamic);
    }
    grid.set_header(table.columns.iter().map(|c| heading(c)));
    for row in &table.rows {
        grid.add_row(row);
    }
    for column in grid.column_iter_mut() {
        column.set_padding((0, 1));
    }
    if let Some(width) = width {
        let mut bounds: Vec<Bounds> = (0..table.columns.len())
            .map(|number| fit(table, number))
            .collect();
        squeeze(&mut bounds, width);
        for (column, bounds) in grid.column_iter_mut().zip(bounds) {
            column.set_constraint(ColumnConstraint::Boundaries {
                lower: Width::Fixed(bounds.lower),
                upper: Width::Fixed(bounds.upper),
            });
        }
    }
    let lines: Vec<String> = grid
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// How narrow and how wide a column may be, with the space after it.
struct Bounds {
    lower: u16,
    upper: u16,
}

/// Below this, a date and its space, a column is not made narrower for the others' sake.
const NARROWEST: u16 = 11;

/// Where the longest words together are wider than the page, the widest columns give way: a word broken in its column is
/// read more easily than a row broken by the terminal.
fn squeeze(bounds: &mut [Bounds], width: u16) {
    let together = |bounds: &[Bounds]| bounds.iter().map(|it| u32::from(it.lower)).sum::<u32>();
    while together(bounds) > u32::from(width) {
        let widest = bounds.iter_mut().max_by_key(|it| it.lower);
        match widest.filter(|it| it.lower > NARROWEST) {
            Some(widest) => widest.lower -= 1,
            None => return,
        }
    }
}

/// No word is broken that would fit, and a heading of several words may take several lines.
fn fit(table: &Table, number: usize) -> Bounds {
    let name = heading(table.columns.get(number).map_or("", |name| name.as_ref()));
    let cells: Vec<&str> = table
        .rows
        .iter()
        .filter_map(|row| row.get(number))
        .map(String::as_str)
        .collect();
    let longest = |words: &mut dyn Iterator<Item = &str>| {
        let longest = words.map(|word| word.chars().count()).max().unwrap_or(0);
        // The word, and the space after it.
        u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(1)
    };
    let words = cells.iter().flat_map(|cell| cell.split(' '));
    let lower = longest(
        &mut words
            .chain(name.split(' '))
            .filter(|word| word.len() <= LONGEST),
    );
    let upper = longest(&mut cells.iter().copied().chain(name.split(' ')));
    Bounds { lower, upper }
}

fn rendered(table: &Table, format: Format) -> Result<String, csv::Error> {
    Ok(match format {
        Format::Table => {
            let mut text = if table.rows.is_empty() {
                String::new()
            } else {
                grid(table, None)
            };
            for note in &table.notes {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(note);
            }
            text
        }
        Format::Json => json!({
            "apiVersion": "caseledger/v1",
            "kind": table.kind,
            "items": table.objects().collect::<Vec<_>>(),
            "notes": table.notes,
        })
        .to_string(),
        Format::Jsonl => table
            .objects()
            .map(|object| object.to_string())
            .collect::<Vec<_>>()
            .join("\n"),
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(table.columns.iter().map(|column| column.as_bytes()))?;
            for row in &table.rows {
                writer.write_record(row.iter().map(|cell| guarded(cell)))?;
            }
            let bytes = writer
                .into_inner()
                .map_err(csv::IntoInnerError::into_error)?;
            String::from_utf8_lossy(&bytes).trim_end().to_owned()
        }
    })
}

/// Writes a table to standard output in the format asked for. A reader that went away ends the output quietly.
///
/// # Errors
/// Standard output cannot be written, or the rows cannot be put into CSV.
pub(super) fn table(table: &Table, format: Format) -> Result<(), Box<dyn std::error::Error>> {
    let text = rendered(table, format)?;
    data(&text)
}

/// Writes one block of text to standard output, with a final newline.
///
/// # Errors
/// Standard output cannot be written, except that its reader went away.
pub(super) fn data(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    if text.is_empty() {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says something to the person at the terminal, on standard error.
#[expect(clippy::print_stderr, reason = "this file is the one door for output")]
pub(super) fn say(text: &str) {
    eprintln!("{text}");
}

/// A progress bar on standard error; hidden where that is no terminal.
pub(super) struct Progress(ProgressBar);

/// A bar with this caption, unless `--no-progress`.
pub(super) fn progress(global: &Global, caption: &'static str) -> Progress {
    if global.no_progress || !std::io::stderr().is_terminal() {
        return Progress(ProgressBar::hidden());
    }
    let bar = ProgressBar::no_length().with_message(caption);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
    Progress(match style {
        Ok(style) => bar.with_style(style),
        Err(_template) => bar,
    })
}

impl Progress {
    /// Shows `done` of `all`.
    pub(super) fn to(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new("Allocation", &["who", "childTold"]);
        table.row(["SW1".to_owned(), "=no record".to_owned()]);
        table.notes.push("1 worker".to_owned());
        table
    }

    #[test]
    fn a_sentence_is_broken_between_words_only() {
        assert_eq!(flow("one two three", 9, 1), " one two\n   three");
        assert_eq!(flow("0123456789 next", 5, 0), "0123456789\n  next");
        assert_eq!(flow("", 5, 0), "");
    }

    #[test]
    fn one_table_reads_the_same_in_four_formats() {
        let out = |format| rendered(&sample(), format).unwrap();
        assert_eq!(
            out(Format::Table),
            " WHO  CHILD TOLD\n SW1  =no record\n1 worker"
        );
        assert_eq!(
            out(Format::Json),
            r#"{"apiVersion":"caseledger/v1","items":[{"childTold":"=no record","who":"SW1"}],"kind":"Allocation","notes":["1 worker"]}"#
        );
        assert_eq!(
            out(Format::Jsonl),
            r#"{"childTold":"=no record","who":"SW1"}"#
        );
        assert_eq!(out(Format::Csv), "who,childTold\nSW1,'=no record");
    }
}
