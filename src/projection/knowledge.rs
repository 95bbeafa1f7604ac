//! Who knew what, since when, and how the record shows it (`semantics.md` 6).
//!
//! ```text
//! Cut ─► view ─► clues, meeting, reading ─► proofs ─► facts: (holder, statement) → proofs → standing at T
//! ```
//!
//! A holder is an agency or a practitioner; what they know is statements, whole. A fact is kept as
//! its proofs and resolved at the as-at moment, so nothing learned later alters it. Knowing an entry
//! is knowing that it was said. An absence of proof is an absence of a *record* of knowing.

mod answer;
mod clues;
mod fact;
mod late;
mod meeting;
mod proofs;
mod reading;
mod turnover;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::cut::Cut;
use crate::domain::id::AgencyId;

pub use answer::{
    Cell, CellState, FirstWording, KnowledgeAnswer, MeetingPicture, Timing, knowledge_of,
    who_knew_what,
};
pub use fact::{Effect, Fact, Grade, Holder, How, Promptness, Proof, Standing, State, StatementId};
pub use late::{both_readings, practitioner, turnover_of_both};
pub use turnover::{HolderChange, LeftWithPerson, OnFile, Turnover, turnover};

pub(crate) use meeting::attendance;
use meeting::held;
pub(crate) use view::{Seen, View};

/// Every knowledge fact of a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knowledge {
    at: Timestamp,
    /// Those of each holder by statement, ascending.
    facts: BTreeMap<Holder, Vec<Fact>>,
}

impl Knowledge {
    /// The facts of a cut, from nothing but the cut.
    pub fn of(cut: &Cut) -> Self {
        Self::of_view(&View::of(cut))
    }

    pub(crate) fn of_view(view: &View<'_>) -> Self {
        let mut proofs = clues::gather(view);
        reading::gather(view, &mut proofs);
        Self {
            at: view.at(),
            facts: proofs.into_facts(),
        }
    }

    /// The exclusive instant of the question.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// All facts, by holder and statement.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values().flatten()
    }

    /// Everybody of whom there is a fact, in order.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &Holder> {
        self.facts.keys()
    }

    /// The facts of one holder, by statement.
    pub(crate) fn facts_of(&self, holder: &Holder) -> impl Iterator<Item = &Fact> {
        self.facts.get(holder).into_iter().flatten()
    }

    /// The fact of one holder and one statement; none when nothing at all shows it.
    pub fn fact(&self, holder: &Holder, statement: StatementId) -> Option<&Fact> {
        in_order(self.facts.get(holder)?, statement)
    }

    /// How a fact stands at the as-at moment; none when nothing yet showed it.
    pub fn standing(&self, holder: &Holder, statement: StatementId) -> Option<Standing> {
        self.fact(holder, statement)
            .and_then(|fact| fact.standing(self.at))
    }

    /// The same for an agency.
    pub fn agency(&self, agency: &AgencyId, statement: StatementId) -> Option<Standing> {
        self.standing(&Holder::Agency(agency.clone()), statement)
    }

    /// When and how a holder learned an item: the standing, when they knew or may have known it.
    pub fn learned(&self, holder: &Holder, item: StatementId) -> Option<Standing> {
        self.standing(holder, item)
            .filter(|standing| matches!(standing.state, State::Knows | State::Possible))
    }

    /// Everything that a holder knew, certainly or possibly, by the as-at moment.
    pub fn known_to(&self, holder: &Holder) -> BTreeSet<StatementId> {
        self.facts_of(holder)
            .filter(|fact| fact.visible(self.at))
            .map(|fact| fact.statement)
            .collect()
    }

    /// Every holder that knew a statement, certainly or possibly, by the as-at moment.
    pub fn holders_of(&self, statement: StatementId) -> BTreeSet<&Holder> {
        self.facts
            .values()
            .filter_map(|facts| in_order(facts, statement))
            .filter(|fact| fact.visible(self.at))
            .map(|fact| &fact.holder)
            .collect()
    }
}

/// The fact of a statement among those of one holder.
fn in_order(facts: &[Fact], statement: StatementId) -> Option<&Fact> {
    let found = facts.binary_search_by_key(&statement, |fact| fact.statement);
    facts.get(found.ok()?)
}

/// The cut through the eyes of a holder: what they knew, certainly or possibly, by its moment. Applied
/// after the cut, in every basis (`semantics.md` 3.3).
#[must_use]
pub fn through_eyes_of(cut: &Cut, holder: &Holder) -> Cut {
    let known = Knowledge::of(cut).known_to(holder);
    cut.seen_by(holder, |reading| known.contains(&reading.position()))
}
