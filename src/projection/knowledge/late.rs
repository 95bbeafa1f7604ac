//! The knowledge answer under both readings of late corrections (`semantics.md` 2).

use std::collections::BTreeMap;

use super::answer::{Cell, KnowledgeAnswer};
use super::turnover::{LeftWithPerson, OnFile, Turnover};
use super::{Holder, Knowledge, Standing, State, StatementId};
use crate::domain::id::{AgencyId, Practitioner};
use crate::projection::late::{Dependence, Earlier};

/// The cells of an answer by item and agency.
type Cells<'a> = BTreeMap<(StatementId, &'a AgencyId), &'a Cell>;

fn cells(answer: &KnowledgeAnswer) -> Cells<'_> {
    let cells = answer.cells.iter();
    cells
        .map(|cell| ((cell.item, &cell.agency), cell))
        .collect()
}

/// Whether an answer says the same of an item and an agency: the same state, with its days, and the same of acts.
fn says(cells: &Cells<'_>, cell: &Cell) -> bool {
    cells
        .get(&(cell.item, &cell.agency))
        .is_some_and(|other| (&other.state, other.no_act) == (&cell.state, cell.no_act))
}

/// The items, agencies and cells of both readings. A cell that says something else by the first words stands twice,
/// each marked: the current one, then that of the first words; one of an item that is none in the other reading,
/// alone. Figures, meetings and first wordings are those of the current words.
#[must_use]
pub fn both_readings(
    mut current: KnowledgeAnswer,
    earlier: &Earlier<KnowledgeAnswer>,
) -> KnowledgeAnswer {
    let by_cell = earlier.map(cells);
    let mark = |cell: &Cell, first_words: bool| {
        let depends_on = by_cell.dependence(first_words, |cells| says(cells, cell));
        Cell {
            words: format!("{}{}", cell.words, depends_on.clause()),
            depends_on,
            ..cell.clone()
        }
    };
    let now = cells(&current);
    let of_first = earlier.first.cells.iter();
    let of_first = of_first.filter(|cell| !says(&now, cell));
    let of_first: Vec<Cell> = of_first.map(|cell| mark(cell, true)).collect();
    for cell in &mut current.cells {
        if !says(&by_cell.first, cell) {
            *cell = mark(cell, false);
        }
    }
    current.cells.extend(of_first);
    for item in &earlier.first.items {
        if current.items.iter().all(|of| of.position != item.position) {
            current.items.push(item.clone());
        }
    }
    current
        .items
        .sort_by_key(|item| (item.occurred, item.position));
    current.holders.extend_from_slice(&earlier.first.holders);
    current.holders.sort();
    current.holders.dedup();
    let places = current.items.iter().enumerate();
    let places: BTreeMap<StatementId, usize> =
        places.map(|(place, item)| (item.position, place)).collect();
    current.cells.sort_by(|a, b| {
        let key = |of: &Cell| (places.get(&of.item).copied(), of.depends_on.first_words);
        let ((place, first), (other, of_first)) = (key(a), key(b));
        (place, &a.agency, first).cmp(&(other, &b.agency, of_first))
    });
    current
}

/// What changes of holder left behind by both readings. A row of one reading only is marked.
#[must_use]
pub fn turnover_of_both(mut current: Turnover, earlier: &Earlier<Turnover>) -> Turnover {
    let first = &earlier.first;
    let more = first.on_file.iter().filter(|row| !unread(&current, row));
    let more: Vec<OnFile> = more
        .map(|row| OnFile {
            depends_on: earlier.dependence(true, |of| unread(of, row)),
            ..row.clone()
        })
        .collect();
    for row in &mut current.on_file {
        if !unread(first, row) {
            row.depends_on = earlier.dependence(false, |of| unread(of, row));
        }
    }
    current.on_file.extend(more);
    let more = first.left.iter().filter(|row| !lost(&current, row));
    let more: Vec<LeftWithPerson> = more
        .map(|row| LeftWithPerson {
            depends_on: earlier.dependence(true, |of| lost(of, row)),
            ..row.clone()
        })
        .collect();
    for row in &mut current.left {
        if !lost(first, row) {
            row.depends_on = earlier.dependence(false, |of| lost(of, row));
        }
    }
    current.left.extend(more);
    current
}

/// Whether the same items were unread at the same change, and it is worth the same.
fn unread(of: &Turnover, row: &OnFile) -> bool {
    let key = |row: &OnFile| OnFile {
        depends_on: Dependence::default(),
        ..row.clone()
    };
    of.on_file.iter().any(|other| key(other) == key(row))
}

/// Whether the same item left with the same people on the same day, and it is worth the same.
fn lost(of: &Turnover, row: &LeftWithPerson) -> bool {
    let key = |row: &LeftWithPerson| LeftWithPerson {
        depends_on: Dependence::default(),
        evidence: Vec::new(),
        ..row.clone()
    };
    of.left.iter().any(|other| key(other) == key(row))
}

/// What one practitioner knew of an item by both readings: by the current words, then by the first, each marked when
/// the other differs in state or since when; none where nothing is recorded.
pub fn practitioner(
    current: &Knowledge,
    earlier: Option<&Earlier<&Knowledge>>,
    (who, item): (&Practitioner, StatementId),
) -> Vec<(Standing, Dependence)> {
    let holder = Holder::Practitioner(who.clone());
    let of = |knowledge: &Knowledge| {
        let standing = knowledge.standing(&holder, item);
        standing.filter(|standing| standing.state != State::None)
    };
    let key = |standing: &Standing| (standing.state, standing.since);
    let now = of(current);
    let Some(earlier) = earlier else {
        return now
            .map(|now| (now, Dependence::default()))
            .into_iter()
            .collect();
    };
    let first = of(earlier.first);
    if now.as_ref().map(key) == first.as_ref().map(key) {
        return now
            .map(|now| (now, Dependence::default()))
            .into_iter()
            .collect();
    }
    let mark = |standing: Standing, first_words: bool| {
        let has = |other: &&Knowledge| of(other).as_ref().map(key) == Some(key(&standing));
        (standing.clone(), earlier.dependence(first_words, has))
    };
    let now = now.map(|standing| mark(standing, false));
    now.into_iter()
        .chain(first.map(|standing| mark(standing, true)))
        .collect()
}
