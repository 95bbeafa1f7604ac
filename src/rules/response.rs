//! What asks for a response, and by when (`semantics.md` 7.4, and 8.4 rows 14 and 30).
//!
//! A need rule asks that an item goes to somebody. A response rule asks what comes back: a receipt for what was
//! sent, an act on what was received, an answer to a request. There is at most one of each in a pack.

use serde::Deserialize;

use super::limit::{Limit, Tier};

/// What waits for a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseTo {
    /// Something sent: its receipt.
    Sent,
    /// An item received, by the receiver's own record: an act.
    Received,
    /// An item received by a referral: an act.
    Referral,
    /// A request for information: an answer. A day that the request itself names goes before the limit.
    Request,
}

/// One rule of what is to come back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// Id, e.g. `RSP-REQUEST`.
    pub id: String,
    /// Version of the rule's wording, from 1.
    pub version: u32,
    /// What it asks, in a line.
    pub title: String,
    /// Whether it is computed by default.
    pub on: bool,
    /// What waits for the response.
    pub to: ResponseTo,
    /// The standing of the duty.
    pub tier: Tier,
    /// The standing of the number of the limit.
    pub number_tier: Tier,
    /// By when.
    pub limit: Limit,
    /// Where the rule comes from.
    pub source: String,
}

impl ResponseRule {
    /// The limit in words, e.g. `within 10 working days (this review's setting)`.
    pub fn wording(&self) -> String {
        self.limit.wording(self.number_tier)
    }

    /// What is wrong with the rule, naming the field.
    pub(super) fn fault(&self) -> Option<String> {
        let empty = [
            ("id", self.id.is_empty()),
            ("title", self.title.is_empty()),
            ("source", self.source.is_empty()),
            ("version", self.version == 0),
            ("limit", self.limit.n == 0),
        ];
        let (field, _) = empty.iter().find(|(_, is_empty)| *is_empty)?;
        Some(format!("{field}: is empty"))
    }
}
