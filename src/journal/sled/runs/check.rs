//! Whether every row of a run is found by its key, which is more than that its rows are there.
//!
//! A search asks the filter, goes to the last page that is not named above its key, and reads the page up to the key. So
//! rows must rise, a page must have the name of its first row, and the filter must be that of the rows.

use ::sled::Tree;

use super::filter::Filter;
use super::run::{FILTER, PAGE, Run, decode_row, page_key, store};
use crate::journal::ReadError;
use crate::journal::sled::log::Place;

/// Fewest bytes of a row: the length of its key, and its place.
pub(in crate::journal::sled) const ROW_BYTES_MIN: u64 = 1 + 24;

/// What does not hold of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::journal::sled) struct Misfit(pub(in crate::journal::sled) &'static str);

const FILTER_UNFIT: Misfit = Misfit("a filter of the indexes is not that of their rows");

/// Checks one run: it is shown its pages in order of key, and then its filter piece by piece.
pub(in crate::journal::sled) struct Check {
    /// Rows that it should have, and those met.
    due: u64,
    met: u64,
    /// Key of the last row met; empty before the first.
    last: Vec<u8>,
    /// The filter that the rows make.
    filter: Filter,
    /// Bytes of it that were compared.
    compared: usize,
}

impl Check {
    /// Of a run of so many rows. Room is made for their filter: the number should be one that can be true.
    pub(in crate::journal::sled) fn new(rows: u64) -> Self {
        Self {
            due: rows,
            met: 0,
            last: Vec::new(),
            filter: Filter::for_rows(rows),
            compared: 0,
        }
    }

    /// Looks at the next page: `first` is what of its key follows the run's number. Hands its rows to `take`.
    pub(in crate::journal::sled) fn page(
        &mut self,
        first: &[u8],
        page: &[u8],
        mut take: impl FnMut(&[u8], &Place),
    ) -> Result<(), Misfit> {
        let (named, ..) = decode_row(page).ok_or(Misfit("a page of the indexes has no row"))?;
        if named != first {
            return Err(Misfit("a page of the indexes has another row's name"));
        }
        let mut rest = page;
        while !rest.is_empty() {
            let (key, place, more) = decode_row(rest).ok_or(Misfit("an index row is none"))?;
            if key <= self.last.as_slice() {
                return Err(Misfit("index rows are out of order"));
            }
            self.last.clear();
            self.last.extend_from_slice(key);
            self.met = self.met.saturating_add(1);
            self.filter.add(key);
            take(key, &place);
            rest = more;
        }
        Ok(())
    }

    /// Compares the next piece of the filter; after all pages.
    pub(in crate::journal::sled) fn filter(&mut self, piece: &[u8]) -> Result<(), Misfit> {
        let rest = self.filter.bytes().get(self.compared..);
        if !rest.is_some_and(|rest| rest.starts_with(piece)) {
            return Err(FILTER_UNFIT);
        }
        self.compared = self.compared.saturating_add(piece.len());
        Ok(())
    }

    /// Whether all of the run was there.
    pub(in crate::journal::sled) fn finish(&self) -> Result<(), Misfit> {
        if self.met != self.due {
            return Err(Misfit(
                "a run of the indexes has another number of rows than the list says",
            ));
        }
        if self.compared != self.filter.bytes().len() {
            return Err(FILTER_UNFIT);
        }
        Ok(())
    }
}

impl Run {
    /// Checks the run as it lies in the tree, and the filter in memory; hands every row to `take`, in order.
    pub(super) fn check(
        &self,
        tree: &Tree,
        take: &mut impl FnMut(&[u8], &Place),
    ) -> Result<Result<(), Misfit>, ReadError> {
        // As many bytes as the filter in memory has.
        let mut check = Check::new(self.rows);
        let prefix = page_key(PAGE, self.id, &[]);
        for page in tree.scan_prefix(&prefix) {
            let (key, page) = page.map_err(store)?;
            let first = key.strip_prefix(prefix.as_slice()).unwrap_or_default();
            if let Err(misfit) = check.page(first, &page, &mut *take) {
                return Ok(Err(misfit));
            }
        }
        for piece in tree.scan_prefix(page_key(FILTER, self.id, &[])) {
            if let Err(misfit) = check.filter(&piece.map_err(store)?.1) {
                return Ok(Err(misfit));
            }
        }
        if self.filter.bytes() != check.filter.bytes() {
            return Ok(Err(FILTER_UNFIT));
        }
        Ok(check.finish())
    }
}
