//! What each agency's feed carries, so that an absence can be judged.

use super::FeedKind;
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::When;

/// `feed.declared`: an agency declares what its feed carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedDeclared {
    /// The agency.
    pub agency: AgencyId,
    /// The kinds it carries.
    pub kinds: Vec<FeedKind>,
    /// Fields it does not collect, as `type.field`.
    pub fields_not_collected: Vec<String>,
    /// From when it is live.
    pub live_from: When,
}

/// `feed.interrupted`: an agency's feed was interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedInterrupted {
    /// The agency.
    pub agency: AgencyId,
    /// Which kinds; empty means all.
    pub kinds: Vec<FeedKind>,
}

/// `feed.resumed`: an agency's feed resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedResumed {
    /// The agency.
    pub agency: AgencyId,
    /// Which kinds; empty means all.
    pub kinds: Vec<FeedKind>,
}

/// `feed.confirmed_to`: nothing more up to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedConfirmedTo {
    /// The agency.
    pub agency: AgencyId,
    /// Which kinds; empty means all.
    pub kinds: Vec<FeedKind>,
    /// Up to when.
    pub through: When,
}

/// `records.confirmed`: all that the agency holds for a period has been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsConfirmed {
    /// The agency.
    pub agency: AgencyId,
    /// For which children; empty means all of the case.
    pub for_children: Vec<PersonRef>,
    /// Which kinds; empty means all.
    pub kinds: Vec<FeedKind>,
    /// From when.
    pub from: When,
    /// To when.
    pub to: When,
    /// Who confirms, by role.
    pub by: String,
}

/// What each agency's feed carries, so that an absence can be judged. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedContent {
    /// `feed.declared`.
    FeedDeclared(FeedDeclared),
    /// `feed.interrupted`.
    FeedInterrupted(FeedInterrupted),
    /// `feed.resumed`.
    FeedResumed(FeedResumed),
    /// `feed.confirmed_to`.
    FeedConfirmedTo(FeedConfirmedTo),
    /// `records.confirmed`.
    RecordsConfirmed(RecordsConfirmed),
}

impl FeedContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::FeedDeclared(_) => "feed.declared",
            Self::FeedInterrupted(_) => "feed.interrupted",
            Self::FeedResumed(_) => "feed.resumed",
            Self::FeedConfirmedTo(_) => "feed.confirmed_to",
            Self::RecordsConfirmed(_) => "records.confirmed",
        }
    }
}
