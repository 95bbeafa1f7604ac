//! The facts of a cut by what rules ask of them, so that a rule looks at those alone that can matter to it: a long case
//! is asked about each item and agency, and would be read whole each time.
//!
//! Every list keeps the order of the facts, and leaves out only what the reader of the list passes over.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind is in no list"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::item::same_child;
use super::{first_day, last_day};
use crate::domain::event::Content;
use crate::domain::event::case::CaseContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::record::RecordContent;
use crate::domain::event::sharing::SharingContent;
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::cut::{Cut, Reading};
use crate::projection::knowledge::{Fact, Knowledge, State, StatementId, View};
use crate::projection::sharing::{is_answer, may_answer};

/// A fact with the first and the last day on which it may have happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dated<'a> {
    /// Its place among all facts.
    order: usize,
    pub(super) first: Date,
    pub(super) last: Date,
    pub(super) fact: &'a Reading,
}

/// What a list of facts is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Involvement,
    Allocation,
    /// Plans, and core groups, which add to their members.
    Plan,
    CoreGroup,
    Conference,
    Strategy,
    /// Persons recorded and children born.
    Birth,
    Concern,
}

/// The lists.
#[derive(Debug)]
pub(super) struct Index<'a> {
    parts: BTreeMap<Part, Vec<Dated<'a>>>,
    types: BTreeMap<&'static str, Vec<Dated<'a>>>,
    authors: BTreeMap<&'a AgencyId, Vec<Dated<'a>>>,
    /// Identity links and their undoing, as statements.
    pub(super) links: Vec<StatementId>,
    /// Statements that may answer an item, with the first and the last day of each, by the first.
    pub(super) acts: Vec<(Date, Date, StatementId)>,
    /// For each statement, those that say that they respond to, fulfil or continue it.
    pub(super) answers: BTreeMap<StatementId, Vec<StatementId>>,
    /// Decisions to withhold, as statements.
    pub(super) withheld: Vec<StatementId>,
    /// Agencies with a statement of their own.
    pub(super) wrote: BTreeSet<&'a AgencyId>,
    /// Agencies that some entry names as told, present or sent something.
    pub(super) named: BTreeSet<AgencyId>,
}

impl<'a> Index<'a> {
    pub(super) fn of(cut: &'a Cut, view: &View<'a>, knowledge: &Knowledge) -> Self {
        let mut index = Self {
            parts: BTreeMap::new(),
            types: BTreeMap::new(),
            authors: BTreeMap::new(),
            links: Vec::new(),
            acts: Vec::new(),
            answers: BTreeMap::new(),
            withheld: Vec::new(),
            wrote: BTreeSet::new(),
            named: BTreeSet::new(),
        };
        for (order, fact) in cut.facts().enumerate() {
            let occurred = fact.occurred();
            let dated = Dated {
                order,
                first: first_day(occurred),
                last: last_day(occurred),
                fact,
            };
            let content = &fact.event().content;
            for part in parts(content) {
                index.parts.entry(part).or_default().push(dated);
            }
            let of_type = index.types.entry(content.type_name()).or_default();
            of_type.push(dated);
            let of_author = index.authors.entry(fact.agency()).or_default();
            of_author.push(dated);
        }
        for seen in view.statements() {
            index.wrote.insert(seen.agency);
            if may_answer(seen) {
                let on = seen.occurred();
                index.acts.push((first_day(on), last_day(on), seen.id));
            }
            let answers = seen.event.relations.iter();
            for relation in answers.filter(|relation| is_answer(relation.kind)) {
                if let Some(target) = view.resolve(&relation.target) {
                    index.answers.entry(target).or_default().push(seen.id);
                }
            }
            match &seen.event.content {
                Content::Record(
                    RecordContent::IdentityLinked(_) | RecordContent::IdentityUnlinked(_),
                ) => index.links.push(seen.id),
                Content::Sharing(SharingContent::ShareWithheld(_)) => index.withheld.push(seen.id),
                _ => {}
            }
        }
        index.acts.sort_unstable();
        for holder in knowledge.holders() {
            let shown = |fact: &Fact| {
                let mut proofs = fact.proofs.iter();
                proofs.any(|proof| proof.state_at(knowledge.at()) != State::None)
            };
            let agency = holder.agency();
            if !index.named.contains(agency) && knowledge.facts_of(holder).any(shown) {
                index.named.insert(agency.clone());
            }
        }
        index
    }

    /// The facts of a part, in order.
    pub(super) fn part(&self, part: Part) -> &[Dated<'a>] {
        self.parts.get(&part).map_or(&[], Vec::as_slice)
    }

    /// The facts of a part about any of the children, up to and including a day, in order.
    pub(super) fn by<'s>(
        &'s self,
        part: Part,
        children: &'s [PersonRef],
        day: Date,
    ) -> impl Iterator<Item = &'a Reading> + use<'s, 'a> {
        let of_part = self.part(part).iter();
        of_part
            .filter(move |dated| dated.first <= day && dated.is_about(children))
            .map(|dated| dated.fact)
    }

    /// The facts of one type, in order.
    pub(super) fn of_type(&self, name: &str) -> &[Dated<'a>] {
        self.types.get(name).map_or(&[], Vec::as_slice)
    }

    /// The facts of these types, in order.
    pub(super) fn of_types<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<Dated<'a>> {
        let names: BTreeSet<&str> = names.collect();
        let found = names.into_iter().flat_map(|name| self.of_type(name));
        let mut found: Vec<Dated<'a>> = found.copied().collect();
        found.sort_unstable_by_key(|dated| dated.order);
        found
    }

    /// The facts that an agency recorded, in order.
    pub(super) fn author(&self, agency: &AgencyId) -> &[Dated<'a>] {
        self.authors.get(agency).map_or(&[], Vec::as_slice)
    }
}

impl Dated<'_> {
    /// Whether it is about any of the children; none named means all.
    pub(super) fn is_about(&self, children: &[PersonRef]) -> bool {
        same_child(&self.fact.event().children, children)
    }
}

fn parts(content: &Content) -> Vec<Part> {
    match content {
        Content::Involvement(_) => vec![Part::Involvement],
        Content::Allocation(_) => vec![Part::Allocation],
        Content::Plan(_) => vec![Part::Plan],
        Content::Concern(_) => vec![Part::Concern],
        Content::Meeting(MeetingContent::CoreGroupHeld(_)) => vec![Part::Plan, Part::CoreGroup],
        Content::Meeting(MeetingContent::ConferenceHeld(_)) => vec![Part::Conference],
        Content::Enquiry(EnquiryContent::StrategyHeld(_)) => vec![Part::Strategy],
        Content::Case(CaseContent::PersonRecorded(_) | CaseContent::ChildBorn(_)) => {
            vec![Part::Birth]
        }
        _ => Vec::new(),
    }
}
