//! The review of the case.

use crate::domain::id::AgencyId;

/// `review.commissioned`: a review of the case was commissioned.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReviewCommissioned {
    /// Which kind of review.
    pub kind: String,
    /// By whom.
    pub by: Option<AgencyId>,
    /// Its terms of reference.
    pub terms: String,
}

/// `incident.known_to_la`: the incident that led to the review became known to the local authority.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IncidentKnownToLa {
    /// What became known.
    pub words: String,
}

/// The review of the case. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewContent {
    /// `review.commissioned`.
    ReviewCommissioned(ReviewCommissioned),
    /// `incident.known_to_la`.
    IncidentKnownToLa(IncidentKnownToLa),
}

impl ReviewContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ReviewCommissioned(_) => "review.commissioned",
            Self::IncidentKnownToLa(_) => "incident.known_to_la",
        }
    }
}
