//! Gaps and changes under both readings of a late correction (`semantics.md` 2).

use super::{Page, Wanted, ask};
use crate::domain::id::PersonRef;
use crate::grpc::inquiry::entries::entries;
use crate::grpc::inquiry::parts::people;
use crate::grpc::pb;
use crate::projection::allocation::change::Change;
use crate::projection::allocation::late::{has_change, has_gap, parted};
use crate::projection::allocation::{Allocation, Row};
use crate::projection::cut::Cut;
use crate::projection::late::Earlier;
use crate::projection::need::Case;
use crate::service::inquiry::Asked;

/// The answer under the words first recorded, and without the late corrections of each entry alone.
pub(in crate::grpc::inquiry) struct First<'a> {
    page: Page<'a>,
    found: Earlier<Allocation>,
}

impl<'a> First<'a> {
    /// The same question as that of the page, of the case without late corrections.
    pub(in crate::grpc::inquiry) fn of(
        cases: &'a Earlier<Case<'a>>,
        current: &Page<'a>,
        wanted: &Wanted,
    ) -> Self {
        Self {
            found: cases.map(|case| ask(case, current.pack, wanted)),
            page: Page {
                case: &cases.first,
                ..*current
            },
        }
    }

    /// The gaps of rows of one child each that one reading only has: that of the page.
    fn own_gaps(&self, page: &Page<'_>, rows: &[Row], first_words: bool) -> Vec<pb::Gap> {
        let of_child = rows
            .iter()
            .filter_map(|row| Some((row, row.children.first()?)));
        let gaps = of_child.flat_map(|(row, child)| {
            let gaps = row.gaps.iter();
            gaps.map(move |gap| {
                let has = |answer: &Allocation| has_gap(answer, row, child, gap);
                pb::Gap {
                    depends_on_corrections: self.found.dependence(first_words, has).corrections,
                    first_words_only: first_words,
                    ..page.gap(row, gap)
                }
            })
        });
        gaps.collect()
    }

    /// A change of the current reading, apart for the children for whom the first words do not have it.
    pub(super) fn change(
        &self,
        row: &Row,
        change: &Change,
        message: &pb::HolderChange,
    ) -> Vec<pb::HolderChange> {
        let children = row.children.iter().cloned();
        let (both, alone): (Vec<PersonRef>, Vec<PersonRef>) =
            children.partition(|child| has_change(&self.found.first, row, child, change));
        let of = |children: &[PersonRef], corrections: Vec<u64>| pb::HolderChange {
            children: people(children),
            depends_on_corrections: corrections,
            ..message.clone()
        };
        let alone = alone.iter().map(|child| {
            let has = |answer: &Allocation| has_change(answer, row, child, change);
            let depends = self.found.dependence(false, has);
            of(std::slice::from_ref(child), depends.corrections)
        });
        let both = (!both.is_empty()).then(|| of(&both, Vec::new()));
        both.into_iter().chain(alone).collect()
    }

    /// The changes that only the words first recorded have.
    pub(super) fn own_changes(
        &self,
        current: &Allocation,
        wanted: &Wanted,
    ) -> Vec<pb::HolderChange> {
        let (_, alone) = parted(&self.found.first, current);
        let rows = alone.iter().filter(|row| wanted.takes(row));
        let of_child = rows.filter_map(|row| Some((row, row.children.first()?)));
        let changes = of_child.flat_map(|(row, child)| {
            let changes = row.changes.iter();
            changes.map(move |change| {
                let has = |answer: &Allocation| has_change(answer, row, child, change);
                pb::HolderChange {
                    depends_on_corrections: self.found.dependence(true, has).corrections,
                    first_words_only: true,
                    ..self.page.change(row, change)
                }
            })
        });
        changes.collect()
    }
}

impl Page<'_> {
    /// The gaps of the rows asked for, of both readings, each row of each child apart where there are two.
    pub(in crate::grpc::inquiry) fn all_gaps(
        &self,
        found: &Allocation,
        first: Option<&First<'_>>,
        wanted: &Wanted,
    ) -> Vec<pb::Gap> {
        let of = |rows: &[Row]| -> Vec<pb::Gap> {
            let rows = rows.iter().filter(|row| wanted.takes(row));
            rows.flat_map(|row| self.gaps(row)).collect()
        };
        let Some(first) = first else {
            return of(&found.rows);
        };
        let (both, mut alone) = parted(found, &first.found.first);
        let (_, mut of_first) = parted(&first.found.first, found);
        alone.retain(|row| wanted.takes(row));
        of_first.retain(|row| wanted.takes(row));
        let mut gaps = of(&both);
        gaps.extend(first.own_gaps(self, &alone, false));
        gaps.extend(first.own_gaps(&first.page, &of_first, true));
        gaps
    }
}

/// The entries that an answer names: in the words that hold, and those of the first words alone that rest on entries
/// of another time.
pub(in crate::grpc::inquiry) fn entries_of(asked: &Asked, named: Vec<u64>) -> Vec<pb::EntryRow> {
    let Some(first) = asked.earlier.as_ref().map(|cuts| &cuts.first) else {
        return entries(&asked.cut, named);
    };
    let has = |cut: &Cut, position: u64| cut.log().at(position).is_some();
    let missing: Vec<u64> = named
        .iter()
        .copied()
        .filter(|position| !has(&asked.cut, *position))
        .collect();
    let mut rows = entries(&asked.cut, named);
    let more = entries(first, missing);
    rows.extend(
        more.into_iter()
            .filter(|row| !has(&asked.cut, row.position)),
    );
    rows.sort_by_key(|row| row.position);
    rows
}
