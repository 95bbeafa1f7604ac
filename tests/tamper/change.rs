//! One change of one file.

use std::fs;
use std::path::Path;

use crate::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One bit of the first byte.
    Flip,
    /// Bytes become zeros.
    Zero,
    /// Bytes change places with others of the file.
    Swap,
    /// The file ends there.
    Cut,
    /// Bytes are taken out and what follows moves up.
    Remove,
    /// Bytes are written over others.
    Copy,
    /// Bytes are put in a second time and what follows moves down.
    Double,
}

pub(crate) const KINDS: [Kind; 7] = [
    Kind::Flip,
    Kind::Zero,
    Kind::Swap,
    Kind::Cut,
    Kind::Remove,
    Kind::Copy,
    Kind::Double,
];

#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Path below the ledger's directory.
    pub(crate) file: &'static str,
    pub(crate) kind: Kind,
    pub(crate) at: usize,
    pub(crate) length: usize,
    /// Where the other bytes of a swap or copy are.
    pub(crate) other: usize,
    pub(crate) bit: u8,
}

impl Change {
    /// At a place of the file, random in all else.
    pub(crate) fn at(
        rng: &mut Rng,
        file: &'static str,
        kind: Kind,
        at: usize,
        size: usize,
    ) -> Self {
        let longest = [1, 4, 32, 512, 4_096][rng.below(5)];
        let length = (1 + rng.below(longest)).min(size - at);
        Self {
            file,
            kind,
            at,
            length,
            other: rng.below(size - length + 1),
            bit: 1 << rng.below(8),
        }
    }

    /// The file's bytes as they become; `None` when they stay as they are.
    pub(crate) fn applied(&self, whole: &[u8]) -> Option<Vec<u8>> {
        let (at, end) = (self.at, self.at + self.length);
        let mut bytes = whole.to_vec();
        match self.kind {
            Kind::Flip => bytes[at] ^= self.bit,
            Kind::Zero => bytes[at..end].fill(0),
            Kind::Swap => {
                let apart = at.abs_diff(self.other);
                let length = self.length.min(apart);
                for byte in 0..length {
                    bytes.swap(at + byte, self.other + byte);
                }
            }
            Kind::Cut => bytes.truncate(at),
            Kind::Remove => drop(bytes.drain(at..end)),
            Kind::Copy => bytes.copy_within(self.other..self.other + self.length, at),
            Kind::Double => drop(bytes.splice(end..end, whole[at..end].to_vec())),
        }
        (bytes != whole).then_some(bytes)
    }

    /// Makes the change in a ledger's directory; false when it would change nothing.
    pub(crate) fn make(&self, ledger: &Path, whole: &[u8]) -> bool {
        let changed = self.applied(whole);
        if let Some(bytes) = &changed {
            fs::write(ledger.join(self.file), bytes).unwrap();
        }
        changed.is_some()
    }
}
