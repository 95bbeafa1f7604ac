//! Where sharing is not recorded, is late, or led to nothing (`semantics.md` 7.4, 9).
//!
//! The sender is judged on *sent*, the receiver on *knows* by the receiver's own side. A gap is a
//! property of (matter, needing agency): one row, however many agencies knew and however many children
//! it is about. Every row says what an absence of record is worth; only [`Absence::NoRecord`] counts
//! in the headline figures, and of these only rows that do not rest on one side's word.
//!
//! ```text
//! needs  ─► needed: not shared, late, withheld, correction not passed on, referral without feedback
//! items  ─► receipt: sent without receipt        acts: received, no act recorded
//! view   ─► request: requested, no answer
//! ```
//!
//! [`Absence::NoRecord`]: super::coverage::Absence::NoRecord

mod acts;
mod late;
mod needed;
mod receipt;
mod request;
mod row;
pub(crate) mod words;

use std::collections::BTreeSet;

use super::cut::Cut;
use super::knowledge::StatementId;
use super::need::{Case, Item};
use crate::domain::id::AgencyId;
use crate::rules::Pack;

pub(in crate::projection) use acts::{is_answer, may_answer};
pub use late::both_readings;
pub(crate) use needed::sent;
pub use row::{Figures, RowKind, SharingAnswer, SharingRow};

/// The sharing answer of a cut. `latest` says that the as-at moment is the newest there is: the words
/// are then *no record of sharing, up to …* instead of *not shared, n days so far*.
pub fn sharing(cut: &Cut, pack: &Pack, latest: bool) -> SharingAnswer {
    sharing_of(&Case::of(cut, pack), latest)
}

/// The same, of a case already read.
pub fn sharing_of(case: &Case<'_>, latest: bool) -> SharingAnswer {
    let mut found = request::requests(case);
    let agencies = case.agencies();
    let mut done: BTreeSet<StatementId> = BTreeSet::new();
    for item in case
        .items()
        .iter()
        .filter(|item| item.certain && !item.struck)
    {
        for agency in agencies {
            found.extend(receipt::no_receipt(case, item, agency));
            found.extend(acts::no_act(case, item, agency));
        }
        if !done.insert(item.position) {
            continue;
        }
        let mut class = vec![item];
        for other in item.matter.iter().filter_map(|other| case.item(*other)) {
            if other.certain && !other.struck && done.insert(other.position) {
                class.push(other);
            }
        }
        found.extend(
            agencies
                .iter()
                .filter_map(|agency| needed::need_row(case, &class, agency)),
        );
    }
    row::sort(&mut found);
    let worded = found.into_iter().map(|row| row.tidy().worded(latest));
    let (kept, rows): (Vec<SharingRow>, Vec<SharingRow>) =
        worded.partition(|row| row.kind == RowKind::Met);
    SharingAnswer {
        met: u32::try_from(kept.len()).unwrap_or(u32::MAX),
        figures: row::figures(&rows),
        rows,
        kept,
    }
}

/// Whether the agency received an item by its own record and no act of it is recorded in the limit,
/// where the records would show one.
pub(crate) fn no_act_recorded(case: &Case<'_>, item: &Item, agency: &AgencyId) -> bool {
    acts::no_act(case, item, agency).is_some_and(|row| !row.is_undeterminable())
}
