//! What a check found, and how much of the record it covered.

use std::fmt;

use crate::ledger::digest::TreeHash;

/// The result in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was checked and holds.
    Verified,
    /// What was checked holds, and not everything could be checked.
    Partial,
    /// Something does not hold.
    Failed,
    /// There was nothing to check.
    Nothing,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verified => "verified",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Nothing => "nothing",
        })
    }
}

/// What kind of thing does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The bytes are no entry of this format.
    Form,
    /// The entry says another position than where it stands.
    Position,
    /// Its time does not fit that of the entry before.
    Time,
    /// It does not follow the one before it in its chain.
    Chain,
    /// The agency's signature does not verify.
    Signature,
    /// The stored content is not what was sealed.
    Content,
    /// An entry is missing.
    Missing,
    /// The tree is not that of a checkpoint.
    Checkpoint,
    /// The store would show something else than its files hold.
    Store,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "form",
            Self::Position => "position",
            Self::Time => "time",
            Self::Chain => "chain",
            Self::Signature => "signature",
            Self::Content => "content",
            Self::Missing => "missing",
            Self::Checkpoint => "checkpoint",
            Self::Store => "store",
        })
    }
}

/// One thing that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Position of the entry; for a missing end or a checkpoint, the size up to which entries are there.
    pub position: u64,
    /// What kind.
    pub kind: FaultKind,
    /// In words, without anything from the content.
    pub what: String,
}

/// How many entries had their content checked, and how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Opened, and the fields root recomputed from it.
    pub proven: u64,
    /// The stored bytes are intact; their key was destroyed, by an order or the entry is among the faults.
    pub erased: u64,
    /// The stored bytes are intact; no key here to open them.
    pub no_key: u64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The result in one word.
    pub outcome: Outcome,
    /// The position after the last entry; without a fault, the number of entries checked.
    pub size: u64,
    /// Root of the tree over the entries before the first that is missing.
    pub root: TreeHash,
    /// Chains seen: cases, and the ledger's own.
    pub chains: u64,
    /// Content of the entries.
    pub contents: Contents,
    /// Size of the checkpoint that the ledger was compared with.
    pub checkpoint: Option<u64>,
    /// Signed statements whose public key was not given.
    pub signatures_unchecked: u64,
    /// What does not hold, at most [`super::FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// Further faults that were only counted.
    pub faults_more: u64,
}
