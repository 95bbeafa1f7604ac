//! Since when a rule means an agency: at once, or from the later day on which it became involved (`semantics.md` 7.1).
//!
//! A start is never earlier than the day on which the agency certainly was what the rule names it for. Of a party that
//! is named by its part in the case (the child's school, a member of the core group) a rule reaches who came to that
//! part while the limit was running; what a later comer is to be given of the past is asked by a rule that says how far
//! it looks back. An agency that the rule names as such (Cafcass) is asked from its involvement on, whenever that began.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;

use super::index::Part;
use super::party::Doubt;
use super::{Case, Item, first_day, last_day};
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::knowledge::State;
use crate::rules::NeedRule;
use crate::rules::need::Party;

/// Since when a rule asks for an agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Joined {
    /// From this day on.
    On(Date),
    /// It names the agency, which did not deal with the child then, nor has it since.
    NotInvolved,
}

impl Case<'_> {
    /// Whether a rule can mean an agency, which is of a kind, at all, before anything is known of days.
    pub(super) fn may_mean(
        &self,
        rule: &NeedRule,
        (agency, kind): (&AgencyId, &str),
        item: &Item,
    ) -> bool {
        rule.to.iter().any(|party| match party {
            Party::Kind(wanted) => kind == wanted,
            Party::Author => item.source == *agency,
            Party::ChildsSchool => kind == "school",
            Party::ChildsGp => kind == "gp",
            Party::HealthVisitor => kind == "health",
            Party::Any | Party::PlanMembers | Party::CoreGroup | Party::JoiningAgency => true,
            _ => self.is_party(party, agency, item, first_day(item.occurred)),
        })
    }

    /// Since when a rule asks for an agency, given the day on which somebody who is to tell it knew and the last day of
    /// the limit from there; none when the rule does not mean the agency.
    pub(super) fn asked_from(
        &self,
        rule: &NeedRule,
        agency: &AgencyId,
        item: &Item,
        (since, due): (Date, Date),
    ) -> Option<Joined> {
        let reach = rule.look_back_months.map_or(due, |months| {
            last_day(item.occurred).saturating_add(Span::new().months(i64::from(months)))
        });
        let of = |party: &Party| self.as_party(party, agency, item, (since, reach));
        rule.to.iter().filter_map(of).min()
    }

    fn as_party(
        &self,
        party: &Party,
        agency: &AgencyId,
        item: &Item,
        (since, reach): (Date, Date),
    ) -> Option<Joined> {
        let is = |day: Date| self.is_party_on(party, agency, item, (day, Doubt::Waits));
        let from = |day: Date| Some(Joined::On(day.max(since)));
        let children = &item.children;
        match party {
            Party::Any | Party::Kind(_) if !is(since) => None,
            Party::Any | Party::Kind(_) => Some(
                self.involved_from(agency, children, since)
                    .map_or(Joined::NotInvolved, Joined::On),
            ),
            Party::Author | Party::OldSchool | Party::ConferenceInvited | Party::Referrer => {
                is(first_day(item.occurred)).then_some(Joined::On(since))
            }
            Party::NewSchool => from(self.enrolled_after(agency, item)?),
            Party::KnowsOrSent => from(self.had(agency, item)?),
            Party::ChildsSchool
            | Party::ChildsGp
            | Party::HealthVisitor
            | Party::PlanMembers
            | Party::CoreGroup => {
                let first = self.first_of(agency, children, since, is)?;
                (first <= reach).then_some(Joined::On(first))
            }
            Party::JoiningAgency => {
                let first = self.involved_from(agency, children, since)?;
                (since < first && first <= reach).then_some(Joined::On(first))
            }
        }
    }

    /// The day since which an agency has, or was sent, the item that a new understanding renews.
    fn had(&self, agency: &AgencyId, item: &Item) -> Option<Date> {
        let standing = self.knowledge.agency(agency, item.renews?)?;
        matches!(standing.state, State::Knows | State::Sent).then(|| last_day(standing.since))
    }

    /// The first day from `since` on that an agency certainly dealt with the child. Social care and police are always
    /// involvable.
    fn involved_from(
        &self,
        agency: &AgencyId,
        children: &[PersonRef],
        since: Date,
    ) -> Option<Date> {
        if matches!(self.kind_of(agency), "children_social_care" | "police") {
            return Some(since);
        }
        self.first_of(agency, children, since, |day| {
            self.deals_with(agency, children, day)
        })
    }

    /// The first day from `since` on that something holds of an agency: it can begin on the day of an entry that tells
    /// of the agency's part only.
    fn first_of(
        &self,
        agency: &AgencyId,
        children: &[PersonRef],
        since: Date,
        holds: impl Fn(Date) -> bool,
    ) -> Option<Date> {
        if holds(since) {
            return Some(since);
        }
        let tells = [Part::Involvement, Part::Allocation, Part::Plan];
        let tells = tells.into_iter().flat_map(|part| self.index.part(part));
        let days: BTreeSet<Date> = tells
            .chain(self.index.author(agency))
            .filter(|dated| dated.first <= self.day() && dated.is_about(children))
            .map(|dated| dated.last)
            .filter(|day| since < *day)
            .collect();
        days.into_iter().find(|day| holds(*day))
    }

    /// Open involvement or role spell, plan or core-group member, or any entry about the child in the
    /// twelve months to the day.
    fn deals_with(&self, agency: &AgencyId, children: &[PersonRef], day: Date) -> bool {
        let year_before = day.saturating_sub(Span::new().months(12));
        // The newest first: one of them will do.
        let wrote = self.index.author(agency).iter().rev().any(|dated| {
            year_before <= dated.last && dated.last <= day && dated.is_about(children)
        });
        wrote
            || self.involved(agency, children, (day, Doubt::Waits), |_| true)
            || self.holds_role(agency, children, (day, Doubt::Waits), None)
            || self
                .plan_members(children, (day, Doubt::Waits), false)
                .contains(agency)
    }
}
