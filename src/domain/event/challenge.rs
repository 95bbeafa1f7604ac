//! Professional disagreement.

use super::EntryRef;
use super::coded::coded;
use crate::domain::id::AgencyId;

coded! {
    /// How a disagreement was answered.
    ResponseKind {
        /// Accepted.
        Accepted = 1 => "accepted",
        /// Partly accepted.
        Partly = 2 => "partly",
        /// Rejected.
        Rejected = 3 => "rejected",
    }
}

coded! {
    /// What an answer rests on.
    ReasonKind {
        /// The merits.
        Merits = 1 => "merits",
        /// Who has the authority.
        Authority = 2 => "authority",
        /// No reason.
        None = 3 => "none",
    }
}

/// `disagreement.raised`: a practitioner disagreed with a decision.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DisagreementRaised {
    /// The decision.
    pub about: Option<EntryRef>,
    /// The agency whose decision it is.
    pub with: Option<AgencyId>,
    /// The stage of the procedure.
    pub stage: Option<u32>,
    /// The disagreement.
    pub words: String,
    /// What is asked for.
    pub remedy: String,
}

/// `disagreement.responded`: a disagreement was answered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DisagreementResponded {
    /// The disagreement.
    pub disagreement: Option<EntryRef>,
    /// How.
    pub response: ResponseKind,
    /// On what the answer rests.
    pub reason_kind: ReasonKind,
    /// The answer.
    pub words: String,
}

/// `disagreement.escalated`: a disagreement was taken further.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DisagreementEscalated {
    /// The disagreement.
    pub disagreement: Option<EntryRef>,
    /// The stage reached.
    pub stage: Option<u32>,
    /// To whom.
    pub to: String,
}

/// `disagreement.resolved`: a disagreement was settled.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DisagreementResolved {
    /// The disagreement.
    pub disagreement: Option<EntryRef>,
    /// How.
    pub words: String,
}

/// Professional disagreement. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeContent {
    /// `disagreement.raised`.
    DisagreementRaised(DisagreementRaised),
    /// `disagreement.responded`.
    DisagreementResponded(DisagreementResponded),
    /// `disagreement.escalated`.
    DisagreementEscalated(DisagreementEscalated),
    /// `disagreement.resolved`.
    DisagreementResolved(DisagreementResolved),
}

impl ChallengeContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::DisagreementRaised(_) => "disagreement.raised",
            Self::DisagreementResponded(_) => "disagreement.responded",
            Self::DisagreementEscalated(_) => "disagreement.escalated",
            Self::DisagreementResolved(_) => "disagreement.resolved",
        }
    }
}
