//! Kinds of entries, the chains they belong to, how they came in and how their author was known (FORMAT.md sections 2
//! and 7).

use crate::ledger::digest::ChainTag;
use crate::ledger::statement::Origin;

/// Which chain an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// A case's own.
    Case,
    /// Agencies, practitioners, feeds.
    Registry,
    /// Who asked what.
    Access,
    /// What the ledger says of itself.
    Ledger,
}

impl Chain {
    /// The chain that this tag names in this ledger: a case unless it is one of the three derived tags.
    #[must_use]
    pub fn of(origin: &Origin, tag: &ChainTag) -> Self {
        let own = origin.own_tags();
        if *tag == own.registry {
            Self::Registry
        } else if *tag == own.access {
            Self::Access
        } else if *tag == own.ledger {
            Self::Ledger
        } else {
            Self::Case
        }
    }
}

/// Kind of an entry. Version 1 has these and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum EntryKind {
    /// An event of a case.
    CaseEvent = 1,
    /// An agency, a practitioner, a feed.
    RegistryEvent = 2,
    /// A question by a person.
    AccessQuestion = 3,
    /// A machine began to read.
    AccessOpen = 4,
    /// A machine stopped, or its hourly count.
    AccessClose = 5,
    /// The key of an entry is to be destroyed.
    ErasureOrder = 6,
    /// All chains and their last links at a size.
    Heads = 7,
    /// The ledger was opened after an unclean stop.
    Reopened = 8,
    /// A checkpoint key begins or ends.
    KeyChange = 9,
    /// An operator accepted a clock step.
    ClockAcceptance = 10,
}

impl EntryKind {
    /// All kinds, in order of number.
    pub const ALL: [Self; 10] = [
        Self::CaseEvent,
        Self::RegistryEvent,
        Self::AccessQuestion,
        Self::AccessOpen,
        Self::AccessClose,
        Self::ErasureOrder,
        Self::Heads,
        Self::Reopened,
        Self::KeyChange,
        Self::ClockAcceptance,
    ];

    /// The kind's number in the ledger fields.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The chain it belongs to.
    #[must_use]
    pub const fn chain(self) -> Chain {
        match self {
            Self::CaseEvent => Chain::Case,
            Self::RegistryEvent => Chain::Registry,
            Self::AccessQuestion | Self::AccessOpen | Self::AccessClose => Chain::Access,
            Self::ErasureOrder
            | Self::Heads
            | Self::Reopened
            | Self::KeyChange
            | Self::ClockAcceptance => Chain::Ledger,
        }
    }
}

/// How an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ingest {
    /// As it happened.
    Live,
    /// From an older record; its claimed recorded time counts in basis *recorded*.
    Backload,
}

/// How the ledger knew who the author is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authenticated {
    /// The ledger wrote it itself.
    Ledger,
    /// By the signature of the statement.
    Signature,
    /// By a client certificate.
    Certificate,
    /// Named by the client, in development mode on loopback.
    Development,
    /// By a command of the operator on the machine.
    Operator,
}

impl Authenticated {
    pub(super) const ALL: [Self; 5] = [
        Self::Ledger,
        Self::Signature,
        Self::Certificate,
        Self::Development,
        Self::Operator,
    ];

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Ledger => 0,
            Self::Signature => 1,
            Self::Certificate => 2,
            Self::Development => 3,
            Self::Operator => 4,
        }
    }
}
