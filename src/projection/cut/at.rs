//! What a question asks for: the basis and the moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::time::{AsAt, TICK, london_date};
use crate::projection::placed::Unseen;

/// Which record of the past a question asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// By the best record of today, what some holder knew then.
    Then,
    /// What had been recorded by then, as claimed where back-loaded.
    Recorded,
    /// What this ledger held then: provable.
    Ledger,
    /// Everything in the ledger today that had happened by then.
    Now,
}

impl Basis {
    /// The name used in data: `then`, `recorded`, `ledger`, `now`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Then => "then",
            Self::Recorded => "recorded",
            Self::Ledger => "ledger",
            Self::Now => "now",
        }
    }
}

impl std::str::FromStr for Basis {
    type Err = UnknownBasis;

    fn from_str(text: &str) -> Result<Self, UnknownBasis> {
        match text {
            "then" => Ok(Self::Then),
            "recorded" => Ok(Self::Recorded),
            "ledger" => Ok(Self::Ledger),
            "now" => Ok(Self::Now),
            _ => Err(UnknownBasis),
        }
    }
}

/// A text is not the name of a basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the basis is one of then, recorded, ledger, now")]
pub struct UnknownBasis;

/// Which words of a corrected entry are read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Readings {
    /// Every record error applied.
    #[default]
    Current,
    /// The record errors at these positions left out, every other applied. With all late ones left out these are the
    /// words first recorded, as corrected in time.
    Without(Arc<BTreeSet<u64>>),
}

impl Readings {
    /// With the record errors at these positions left out.
    pub fn without(positions: impl IntoIterator<Item = u64>) -> Self {
        Self::Without(Arc::new(positions.into_iter().collect()))
    }

    /// Whether the record error at a position is left out.
    pub fn leaves_out(&self, position: u64) -> bool {
        match self {
            Self::Current => false,
            Self::Without(left_out) => left_out.contains(&position),
        }
    }
}

/// The moment of a question: an exclusive instant, and in basis *ledger* perhaps a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// T: nothing at or after it shows.
    pub instant: Timestamp,
    /// Basis *ledger* only: entries below this position, instead of those appended before T.
    pub position: Option<u64>,
}

impl At {
    /// Whether the ledger held an entry then that cannot be seen now.
    pub(super) fn holds(&self, unseen: &Unseen) -> bool {
        match self.position {
            Some(limit) => unseen.position < limit,
            None => unseen.appended < self.instant,
        }
    }

    /// The as-at date: the last London day that the moment includes.
    pub fn day(&self) -> Date {
        london_date(self.instant.checked_sub(TICK).unwrap_or(self.instant))
    }
}

impl From<&AsAt> for At {
    fn from(as_at: &AsAt) -> Self {
        Self {
            instant: as_at.instant(),
            position: None,
        }
    }
}

impl From<Timestamp> for At {
    fn from(instant: Timestamp) -> Self {
        Self {
            instant,
            position: None,
        }
    }
}
