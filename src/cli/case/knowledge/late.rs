//! What each cell said by the words first recorded, where a late correction changed it: a part of the knowledge page.

use crate::grpc::pb;

use super::super::page::Section;
use super::super::words::{and, bound, depends};
use super::{current, holder, what, words};

/// A section when there is such a cell: a line for each item and reading, the agencies of which the same is said
/// together.
pub(super) fn section(answer: &pb::KnowledgeAnswer, latest: bool) -> Option<Section> {
    let mut lines: Vec<(u64, String, Vec<String>)> = Vec::new();
    let marked = |cell: &&pb::Cell| !cell.depends_on_corrections.is_empty();
    for cell in answer.cells.iter().filter(marked) {
        let since = match bound(cell.since.as_ref(), "") {
            day if day.is_empty() => day,
            day => format!(", since {day}"),
        };
        let said = format!(
            "{}{since}: {}",
            words(cell, latest),
            depends(&cell.depends_on_corrections, cell.first_words_only)
        );
        let of = holder(cell.holder.as_ref());
        let same = |(item, words, _): &&mut (u64, String, Vec<String>)| {
            *item == cell.item && *words == said
        };
        match lines.iter_mut().find(same) {
            Some((_, _, holders)) => holders.push(of),
            None => lines.push((cell.item, said, vec![of])),
        }
    }
    let notes = lines.iter().map(|(item, said, holders)| {
        let apart = answer.items.iter();
        let mut apart = apart.filter(|of| of.position == *item && of.first_words_only);
        let name = apart
            .next()
            .map_or_else(String::new, |of| format!(" {}", what(of)));
        format!("#{item}{name}: {}: {said}", and(holders))
    });
    let notes: Vec<String> = notes.collect();
    (!notes.is_empty()).then(|| Section::of("Cells that depend on a correction", notes))
}

/// The mark of a cell explained, where there is one.
pub(super) fn mark(answer: &pb::KnowledgeAnswer) -> Option<String> {
    let words = "*: depends on a correction; by the words first recorded it said something else.";
    current(answer)
        .any(|cell| !cell.depends_on_corrections.is_empty())
        .then(|| words.to_owned())
}

/// `yes` or nothing, for a column.
pub(super) fn yes(it: bool) -> String {
    if it { "yes" } else { "" }.to_owned()
}
