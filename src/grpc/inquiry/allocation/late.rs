//! Gaps and changes under both readings of a late correction (`semantics.md` 2).

use super::{Page, Wanted, ask};
use crate::domain::id::PersonRef;
use crate::grpc::inquiry::entries::entries;
use crate::grpc::inquiry::parts::people;
use crate::grpc::pb;
use crate::projection::allocation::change::Change;
use crate::projection::allocation::late::{has_change, parted};
use crate::projection::allocation::{Allocation, Row};
use crate::projection::cut::Cut;
use crate::projection::late;
use crate::projection::need::Case;
use crate::service::inquiry::Asked;

/// The answer under the words first recorded.
pub(in crate::grpc::inquiry) struct First<'a> {
    page: Page<'a>,
    found: Allocation,
    corrections: Vec<u64>,
}

impl<'a> First<'a> {
    /// The same question as that of the page, of the case under the words first recorded.
    pub(in crate::grpc::inquiry) fn of(
        case: &'a Case<'a>,
        current: &Page<'a>,
        wanted: &Wanted,
    ) -> Self {
        Self {
            found: ask(case, current.pack, wanted),
            corrections: late::corrections(current.case.cut(), case.cut()),
            page: Page { case, ..*current },
        }
    }

    fn mark_gaps(&self, gaps: Vec<pb::Gap>, first_words: bool) -> impl Iterator<Item = pb::Gap> {
        gaps.into_iter().map(move |gap| pb::Gap {
            depends_on_corrections: self.corrections.clone(),
            first_words_only: first_words,
            ..gap
        })
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
            children.partition(|child| has_change(&self.found, row, child, change));
        let of = |children: &[PersonRef], corrections: &[u64]| pb::HolderChange {
            children: people(children),
            depends_on_corrections: corrections.to_vec(),
            ..message.clone()
        };
        let messages = [of(&both, &[]), of(&alone, &self.corrections)];
        let mut messages = Vec::from(messages);
        messages.retain(|message| !message.children.is_empty());
        messages
    }

    /// The changes that only the words first recorded have.
    pub(super) fn own_changes(
        &self,
        current: &Allocation,
        wanted: &Wanted,
    ) -> Vec<pb::HolderChange> {
        let (_, alone) = parted(&self.found, current);
        let rows = alone.iter().filter(|row| wanted.takes(row));
        let changes = rows.flat_map(|row| row.changes.iter().map(move |change| (row, change)));
        let changes = changes.map(|(row, change)| pb::HolderChange {
            depends_on_corrections: self.corrections.clone(),
            first_words_only: true,
            ..self.page.change(row, change)
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
        let of = |page: &Page<'_>, rows: &[Row]| -> Vec<pb::Gap> {
            let rows = rows.iter().filter(|row| wanted.takes(row));
            rows.flat_map(|row| page.gaps(row)).collect()
        };
        let Some(first) = first else {
            return of(self, &found.rows);
        };
        let (both, alone) = parted(found, &first.found);
        let (_, of_first) = parted(&first.found, found);
        let mut gaps = of(self, &both);
        gaps.extend(first.mark_gaps(of(self, &alone), false));
        gaps.extend(first.mark_gaps(of(&first.page, &of_first), true));
        gaps
    }
}

/// The entries that an answer names: in the words that hold, and those of the first words alone that rest on entries
/// of another time.
pub(in crate::grpc::inquiry) fn entries_of(asked: &Asked, named: Vec<u64>) -> Vec<pb::EntryRow> {
    let Some(first) = &asked.first else {
        return entries(&asked.cut, named);
    };
    let has = |cut: &Cut, position: u64| {
        let mut all = cut.log().entries().iter();
        all.any(|entry| entry.position == position)
    };
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
