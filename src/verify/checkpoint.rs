//! That a later checkpoint extends an earlier one: nothing that was in the ledger then has gone or changed.

use super::Outcome;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::digest::TreeHash;
use crate::ledger::tree::verify_consistency;

/// What is said of two checkpoints whose signatures have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The later ledger begins with all of the earlier one.
    Extends,
    /// They are of one size and one root.
    Same,
    /// The earlier one is of an empty ledger: everything extends it, which says nothing.
    Empty,
    /// They are of one size with different roots: two histories were signed.
    Fork,
    /// The proof does not hold.
    NotProven,
    /// They are of two ledgers.
    OtherLedger,
    /// The one given as earlier has more entries.
    WrongOrder,
}

impl Verdict {
    /// The result in one word.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Extends | Self::Same => Outcome::Verified,
            Self::Empty | Self::WrongOrder => Outcome::Nothing,
            Self::Fork | Self::NotProven | Self::OtherLedger => Outcome::Failed,
        }
    }

    /// In a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Extends => {
                "verified: the later ledger begins with all of the earlier one, unchanged"
            }
            Self::Same => "verified: both are of the same entries",
            Self::Empty => "nothing was checked: the earlier checkpoint is of an empty ledger",
            Self::Fork => "FAILED: two different ledgers of one size were signed",
            Self::NotProven => "FAILED: the later ledger does not begin with the earlier one",
            Self::OtherLedger => "FAILED: the checkpoints are of two ledgers",
            Self::WrongOrder => {
                "nothing was checked: the earlier checkpoint has more entries than the later one"
            }
        }
    }
}

/// What can be said without a proof; `None` when one is needed.
#[must_use]
pub fn without_proof(earlier: &Checkpoint, later: &Checkpoint) -> Option<Verdict> {
    if earlier.origin != later.origin {
        return Some(Verdict::OtherLedger);
    }
    if earlier.size > later.size {
        return Some(Verdict::WrongOrder);
    }
    if earlier.size == later.size {
        let same = earlier.root == later.root;
        return Some(match (same, earlier.size) {
            (true, 0) => Verdict::Empty,
            (true, _) => Verdict::Same,
            (false, _) => Verdict::Fork,
        });
    }
    (earlier.size == 0).then_some(Verdict::Empty)
}

/// Does the later ledger begin with all of the earlier one?
#[must_use]
pub fn consistent(earlier: &Checkpoint, later: &Checkpoint, proof: &[TreeHash]) -> Verdict {
    if let Some(verdict) = without_proof(earlier, later) {
        return verdict;
    }
    if verify_consistency(&earlier.head(), &later.head(), proof) {
        Verdict::Extends
    } else {
        Verdict::NotProven
    }
}
