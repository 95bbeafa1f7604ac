//! Finding where blocks begin.

use crate::journal::block::{MAGIC, VERSION};

/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// What a block of one ledger begins with.
#[derive(Debug)]
pub(super) struct Begin {
    /// What follows the magic in every block of this ledger: finds blocks whose magic is damaged.
    anchor: Vec<u8>,
    /// A byte of the anchor and how far behind the begin of a block it stands.
    mark: (u8, usize),
}

impl Begin {
    pub(super) fn new(origin: &str) -> Self {
        let mut anchor = VERSION.to_be_bytes().to_vec();
        let length = u32::try_from(origin.len()).unwrap_or(u32::MAX);
        anchor.extend_from_slice(&length.to_be_bytes());
        anchor.extend_from_slice(origin.as_bytes());
        // The last byte of the origin: what stands in front of it is mostly zeros, and so is much of a store.
        let last = anchor.last().copied().unwrap_or_default();
        let mark = (last, MAGIC.len() + anchor.len().saturating_sub(1));
        Self { anchor, mark }
    }

    /// The first place from `at` on and below `end` where the window has the begin of a block: the magic, or what follows
    /// it in blocks of this ledger.
    pub(super) fn find(&self, window: &[u8], mut at: usize, end: usize) -> Option<usize> {
        while at < end {
            let stop = end.min(at.saturating_add(CHUNK));
            if self.may_begin(window, at, stop) {
                let rest = window.get(at..).unwrap_or_default();
                let behind = rest.get(self.mark.1..).unwrap_or_default();
                let ahead = rest.iter().take(stop.saturating_sub(at));
                // Behind the end of the window there is nothing to look at.
                let behind = behind.iter().map(Some).chain(std::iter::repeat(None));
                for ((first, mark), place) in ahead.zip(behind).zip(at..) {
                    let [magic, ..] = MAGIC;
                    let may = *first == magic || mark.is_some_and(|mark| *mark == self.mark.0);
                    if may && self.is_at(window.get(place..).unwrap_or_default()) {
                        return Some(place);
                    }
                }
            }
            at = stop;
        }
        None
    }

    /// Whether one of the places is worth looking at: a few instructions for all of them together.
    fn may_begin(&self, window: &[u8], from: usize, to: usize) -> bool {
        let [first, ..] = MAGIC;
        let (mark, behind) = self.mark;
        let has = |bytes: &[u8], wanted: u8| {
            let found = |found, byte: &u8| found | u8::from(*byte == wanted);
            bytes.iter().fold(0, found) != 0
        };
        let magics = window.get(from..to).unwrap_or_default();
        let behind = from.saturating_add(behind)..to.saturating_add(behind).min(window.len());
        has(magics, first) || has(window.get(behind).unwrap_or_default(), mark)
    }

    fn is_at(&self, bytes: &[u8]) -> bool {
        let anchored = || bytes.get(MAGIC.len()..);
        bytes.starts_with(&MAGIC) || anchored().is_some_and(|rest| rest.starts_with(&self.anchor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `find` should find, byte by byte.
    fn plainly(begin: &Begin, window: &[u8], at: usize, end: usize) -> Option<usize> {
        (at..end.min(window.len())).find(|at| window.get(*at..).is_some_and(|it| begin.is_at(it)))
    }

    #[test]
    fn magic_and_anchor_are_found_at_every_offset_and_nothing_else_is() {
        let begin = Begin::new("ledger.example/x");
        for place in 0..200 {
            for part in [MAGIC.as_slice(), begin.anchor.as_slice()] {
                let mut window = vec![0x78; 300];
                for (at, byte) in (place..).zip(part) {
                    window[at] = *byte;
                }
                for (at, end) in [(0, 300), (0, 150), (place, 300), (3, place + 1)] {
                    let due = plainly(&begin, &window, at, end);
                    assert_eq!(begin.find(&window, at, end), due, "{place} {at} {end}");
                }
                assert_eq!(
                    begin.find(&window, 0, 300),
                    (place >= 8 || part == MAGIC)
                        .then(|| { if part == MAGIC { place } else { place - 8 } })
                );
            }
        }
    }
}
