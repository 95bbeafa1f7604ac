//! The sharing answer under both readings of late corrections (`semantics.md` 2).

use super::row::{self, RowKind, SharingAnswer, SharingRow};
use crate::domain::id::AgencyId;
use crate::projection::knowledge::StatementId;
use crate::projection::late::Earlier;

/// What makes two rows one finding: kind, governing item, needing agency, governing rule.
type Finding<'a> = (RowKind, StatementId, &'a AgencyId, Option<&'a str>);

fn finding(row: &SharingRow) -> Finding<'_> {
    let rule = row.rules.first().map(|rule| rule.id.as_str());
    (row.kind, row.item, &row.agency, rule)
}

fn has(answer: &SharingAnswer, row: &SharingRow) -> bool {
    let mut rows = answer.rows.iter();
    rows.any(|other| finding(other) == finding(row))
}

/// The rows of both readings: those of the current words, and those that only the first words give. A row of one
/// reading only depends on late corrections, and is counted. What was kept in time is that of the current words.
#[must_use]
pub fn both_readings(current: SharingAnswer, earlier: &Earlier<SharingAnswer>) -> SharingAnswer {
    let mark = |mut row: SharingRow, first_words: bool| {
        row.depends_on = earlier.dependence(first_words, |answer| has(answer, &row));
        let sentence = row.sentence.trim_end_matches('.');
        row.sentence = format!("{sentence}{}", row.depends_on.clause());
        row
    };
    let first = earlier.first.rows.iter();
    let of_first = first.filter(|row| !has(&current, row));
    let of_first: Vec<SharingRow> = of_first.map(|row| mark(row.clone(), true)).collect();
    let mut rows: Vec<SharingRow> = current
        .rows
        .into_iter()
        .map(|row| {
            if has(&earlier.first, &row) {
                row
            } else {
                mark(row, false)
            }
        })
        .chain(of_first)
        .collect();
    row::sort(&mut rows);
    SharingAnswer {
        figures: row::figures(&rows),
        rows,
        ..current
    }
}
