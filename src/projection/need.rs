//! Who needed to know: the decision for (item, agency) at the as-at moment (`semantics.md` 7.1).
//!
//! Which rules there are, their limits and how they are worded is data of the rule pack. Here it is
//! worked out which of them ask for a given item and agency, since when, and by when. A gap is never
//! decided here: see [`super::sharing`].

mod duty;
mod index;
mod item;
mod joined;
mod party;
mod state;

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::coverage::{Absence, Coverage, Reason};
use super::cut::Cut;
use super::knowledge::{Knowledge, Seen, StatementId, View};
use crate::domain::event::sharing::WithholdReason;
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::{Interval, TICK, london_date};
use crate::rules::need::Figure;
use crate::rules::{ItemFacts, NeedRule, Pack, Tier};

use index::Index;
pub(crate) use item::same_child;
pub use item::{Alias, Item};

/// A rule as an answer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRule {
    /// Id, e.g. `NTK-HARM`.
    pub id: String,
    /// Version.
    pub version: u32,
    /// The limit with its standing, e.g. `within 1 working day (this review's setting)`.
    pub wording: String,
    /// The standing of the duty itself.
    pub tier: Tier,
    /// What a missed need counts as.
    pub figure: Figure,
    /// The last day in time.
    pub due: Date,
}

/// A need that some rule states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The rules that ask, the earliest due first; that one governs.
    pub rules: Vec<NamedRule>,
    /// The rule that governs.
    pub rule: NamedRule,
    /// Every agency that knew it and could have told, the earliest first.
    pub could_have_told: Vec<AgencyId>,
    /// The day on which the limit started: when somebody who was to tell it knew, or the later day on which the agency
    /// became involved.
    pub start: Date,
    /// The last day in time.
    pub due: Date,
    /// What an absence of sharing up to the due day is worth, both sides considered.
    pub coverage: Absence,
    /// The last day up to which an absence is worth that much.
    pub covered_to: Option<Date>,
    /// The entries that started it, ascending.
    pub evidence: Vec<u64>,
}

/// A decision to withhold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withholding {
    /// Position of the entry.
    pub position: u64,
    /// Who decided.
    pub by: AgencyId,
    /// Why, by code.
    pub reason: WithholdReason,
    /// The day of the decision.
    pub on: Date,
    /// Days after the due date; 0 when in time or when no rule asked.
    pub days_late: i64,
    /// The need that it answers.
    pub duty: Box<Duty>,
}

/// Whether an agency needed to know an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// It is the agency's own entry.
    Source,
    /// No rule asks. Never worded "not needed": that would be a judgement.
    NoRule,
    /// The agency did not deal with the child.
    NotInvolved,
    /// It was decided not to share it, with a reason.
    Withheld(Withholding),
    /// The source's handling code forbids it.
    Restricted,
    /// It cannot be told.
    Undeterminable(Reason, Option<Duty>),
    /// The agency needed to know.
    Required(Duty),
}

impl Need {
    /// The duty, where a rule asks.
    pub fn duty(&self) -> Option<&Duty> {
        match self {
            Self::Required(duty) | Self::Undeterminable(_, Some(duty)) => Some(duty),
            Self::Source
            | Self::NoRule
            | Self::NotInvolved
            | Self::Withheld(_)
            | Self::Restricted
            | Self::Undeterminable(_, None) => None,
        }
    }
}

/// What is known of an item beside itself.
#[derive(Debug)]
struct Read<'a> {
    /// Where it stands among the items.
    place: usize,
    /// What the rules read of it.
    facts: ItemFacts<'a>,
    /// The rules that take it, whomever they mean.
    rules: Vec<&'a NeedRule>,
}

impl<'a> Read<'a> {
    fn of(pack: &'a Pack, seen: &Seen<'a>, facts: ItemFacts<'a>) -> Self {
        let rules = pack.needs_for(&facts, first_day(seen.occurred()));
        Self {
            place: 0,
            rules: rules.collect(),
            facts,
        }
    }
}

/// A cut with all that a decision about need looks at.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) view: View<'a>,
    pub(super) knowledge: Knowledge,
    pub(super) coverage: Coverage,
    pub(super) pack: &'a Pack,
    items: Vec<Item>,
    agencies: Vec<AgencyId>,
    index: Index<'a>,
    /// What is known of each item beside itself.
    read: BTreeMap<StatementId, Read<'a>>,
    /// For each item, the agencies that certainly knew it.
    knew: BTreeMap<StatementId, Vec<(AgencyId, Interval, Vec<u64>)>>,
}

impl<'a> Case<'a> {
    /// Reads a cut with the rules of a pack.
    pub fn of(cut: &'a Cut, pack: &'a Pack) -> Self {
        let view = View::of(cut);
        let knowledge = Knowledge::of_view(&view);
        let index = Index::of(cut, &view, &knowledge);
        let mut case = Self {
            knowledge,
            coverage: Coverage::of(cut),
            pack,
            items: Vec::new(),
            agencies: Vec::new(),
            index,
            read: BTreeMap::new(),
            knew: BTreeMap::new(),
            view,
        };
        case.agencies = party::agencies(&case);
        (case.items, case.read) = item::items(&case);
        case.knew = case
            .items
            .iter()
            .map(|item| (item.position, case.certainly_knew(item)))
            .collect();
        case
    }

    /// The cut.
    pub fn cut(&self) -> &'a Cut {
        self.view.cut()
    }

    /// What everybody knew.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What absences are worth.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The items, in order of when they took place.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// One item.
    pub fn item(&self, position: StatementId) -> Option<&Item> {
        self.items.get(self.read.get(&position)?.place)
    }

    /// The items among these statements, in order.
    pub(crate) fn items_at(
        &self,
        statements: impl Iterator<Item = StatementId>,
    ) -> impl Iterator<Item = &Item> {
        let places = statements.filter_map(|statement| self.read.get(&statement));
        let mut places: Vec<usize> = places.map(|read| read.place).collect();
        places.sort_unstable();
        let places = places.into_iter();
        places.filter_map(|place| self.items.get(place))
    }

    /// The statements that say that they respond to, fulfil or continue another.
    pub(crate) fn answers_to(&self, statement: StatementId) -> impl Iterator<Item = &Seen<'a>> {
        let answers = self.index.answers.get(&statement).into_iter().flatten();
        answers.filter_map(|answer| self.view.get(*answer))
    }

    /// Every agency of the case: registered, with a feed, an author, or named in an entry. Sorted.
    pub fn agencies(&self) -> &[AgencyId] {
        &self.agencies
    }

    /// The items about a child that an agency certainly knew, each with its since: what arrived at a
    /// role's agency, for allocation.
    pub fn items_known(&self, agency: &AgencyId, child: &PersonRef) -> Vec<(u64, Interval)> {
        self.items
            .iter()
            .filter(|item| item.certain && !item.struck && item.informs)
            .filter(|item| item.children.is_empty() || item.children.contains(child))
            .filter_map(|item| Some((item.position, self.certain_since(item, agency)?.0)))
            .collect()
    }

    /// The statements that may answer an item, with the first and last day of each, up to those that may have happened
    /// on a day; see [`crate::projection::sharing::acts`].
    pub(in crate::projection) fn acts_until(
        &self,
        day: Date,
    ) -> impl Iterator<Item = (Date, Date, &Seen<'a>)> {
        let acts = self.index.acts.iter();
        acts.take_while(move |(first, _, _)| *first <= day)
            .filter_map(|(first, last, id)| Some((*first, *last, self.view.get(*id)?)))
    }

    /// The last London day that the as-at moment includes.
    pub fn day(&self) -> Date {
        self.cut().at().day()
    }

    /// Whether an agency needed to know an item, in the order of `semantics.md` 7.1.
    pub fn need(&self, item: &Item, agency: &AgencyId) -> Need {
        let Some(seen) = self.view.get(item.position) else {
            return Need::NoRule;
        };
        if seen.agency == agency {
            return Need::Source;
        }
        let unread;
        let Read { facts, rules, .. } = if let Some(read) = self.read.get(&item.position) {
            read
        } else {
            unread = Read::of(self.pack, seen, item::facts(self, seen));
            &unread
        };
        let kind = self.kind_of(agency);
        let asking: Vec<(Duty, bool)> = rules
            .iter()
            .copied()
            .filter(|rule| self.may_mean(rule, (agency, kind), item))
            .filter_map(|rule| self.duty(rule, facts, item, agency))
            .collect();
        let involved = asking.iter().any(|(_, involved)| *involved);
        let duties = asking
            .into_iter()
            .filter(|(_, one)| *one == involved)
            .map(|(duty, _)| duty);
        let Some(duty) = duty::merge(duties.collect()) else {
            return Need::NoRule;
        };
        // Without a feed nothing shows that an agency was not involved: what an entry of another says of it is then
        // judged like any other need.
        if !involved {
            if self.is_connected(agency) {
                return Need::NotInvolved;
            }
            if !self.is_named(agency) {
                return Need::Undeterminable(Reason::NotConnected, Some(duty));
            }
        }
        if let Some(withholding) = self.withheld(item, agency, &duty) {
            return Need::Withheld(withholding);
        }
        if !duty::permits(seen, agency) {
            return Need::Restricted;
        }
        match duty.coverage {
            Absence::Undeterminable(reason) => Need::Undeterminable(reason, Some(duty)),
            Absence::NoRecord | Absence::Unconfirmed => Need::Required(duty),
        }
    }
}

/// The first London day of an interval; the earliest day there is when nothing bounds it.
pub(crate) fn first_day(interval: Interval) -> Date {
    interval.earliest.map_or(Date::MIN, london_date)
}

/// The last London day of an interval.
pub(crate) fn last_day(interval: Interval) -> Date {
    london_date(interval.latest.checked_sub(TICK).unwrap_or(interval.latest))
}

pub(crate) fn day_after(day: Date) -> Date {
    day.tomorrow().unwrap_or(day)
}

/// Difference of two dates in days.
pub(crate) fn days(from: Date, to: Date) -> i64 {
    crate::domain::time::days_between(from, to)
}
