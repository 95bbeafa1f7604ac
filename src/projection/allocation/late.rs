//! Gaps and changes under both readings of a late correction (`semantics.md` 2).

use super::change::Change;
use super::gap::{Extent, Gap, GapEnd, GapKind};
use super::{Allocation, Row};
use crate::domain::id::PersonRef;

/// What makes two gaps of a role and a child one: kind, from, to, each as certain and as possible. The length of an
/// open one follows from these.
type Place = (Option<GapKind>, [(jiff::civil::Date, GapEnd); 2]);

fn place(gap: &Gap) -> Place {
    let span = |extent: Extent| (extent.from, extent.to);
    (gap.kind(), [span(gap.at_least), span(gap.at_most)])
}

/// The rows of one reading for one child each, with the gaps and changes that the other reading has too, and with
/// those that it has not. The first keep all else; of the second nothing but gaps and changes counts.
pub fn parted(of: &Allocation, other: &Allocation) -> (Vec<Row>, Vec<Row>) {
    let each = of
        .rows
        .iter()
        .flat_map(|row| row.children.iter().map(move |child| (row, child)));
    each.map(|(row, child)| {
        let mut both = Row {
            children: vec![child.clone()],
            ..row.clone()
        };
        let mut alone = Row {
            maybe: Vec::new(),
            unknown: Vec::new(),
            ..both.clone()
        };
        both.gaps.retain(|gap| has_gap(other, row, child, gap));
        alone.gaps.retain(|gap| !has_gap(other, row, child, gap));
        both.changes
            .retain(|change| has_change(other, row, child, change));
        alone
            .changes
            .retain(|change| !has_change(other, row, child, change));
        (both, alone)
    })
    .unzip()
}

/// Whether an answer has the gap of this row for a child.
pub fn has_gap(answer: &Allocation, row: &Row, child: &PersonRef, gap: &Gap) -> bool {
    of_child(answer, row, child)
        .flat_map(|row| &row.gaps)
        .any(|other| place(other) == place(gap))
}

/// Whether an answer has the change of this row for a child: from, to and day.
pub fn has_change(answer: &Allocation, row: &Row, child: &PersonRef, change: &Change) -> bool {
    let same = |other: &Change| {
        (&other.from, &other.to, other.day) == (&change.from, &change.to, change.day)
    };
    of_child(answer, row, child)
        .flat_map(|row| &row.changes)
        .any(same)
}

fn of_child<'a>(
    answer: &'a Allocation,
    row: &'a Row,
    child: &'a PersonRef,
) -> impl Iterator<Item = &'a Row> {
    answer.rows.iter().filter(move |other| {
        other.agency == row.agency && other.role == row.role && other.children.contains(child)
    })
}
