//! Who a rule means by its parties, and which agencies deal with a child (`semantics.md` 7.1).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::index::Part;
use super::item::same_child;
use super::{Case, Item, first_day, last_day};
use crate::domain::event::allocation::{AllocationBasis, AllocationContent};
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::involvement::{InvolvementContent, InvolvementKind};
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::plan::{PlanContent, PlanMember, PlanType};
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::registry::AgencyKind;
use crate::domain::event::{Attendance, Content, FeedKind, Presence, Role};
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::coverage::Cover;
use crate::projection::cut::Reading;
use crate::projection::knowledge::{Holder, State};
use crate::rules::need::Party;

/// How a part in the case counts whose beginning has no certain day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// From the first day on which it may have begun.
    Counts,
    /// From the day on which it certainly had.
    Waits,
}

impl Doubt {
    /// Whether what a fact began counts on a day that is not before the first on which it may have.
    fn begun(self, fact: &Reading, day: Date) -> bool {
        match self {
            Self::Counts => true,
            Self::Waits => last_day(fact.occurred()) <= day,
        }
    }
}

/// Every agency of the case.
pub(super) fn agencies(case: &Case<'_>) -> Vec<AgencyId> {
    let mut all: BTreeSet<AgencyId> = case.coverage.agencies().cloned().collect();
    all.extend(case.index.wrote.iter().copied().cloned());
    all.extend(case.knowledge.holders().map(Holder::agency).cloned());
    all.into_iter().collect()
}

impl Case<'_> {
    /// What an agency is, by its code name; `other` when it is not registered.
    pub(crate) fn kind_of(&self, agency: &AgencyId) -> &'static str {
        self.coverage
            .agency_kind(agency)
            .map_or("other", AgencyKind::name)
    }

    /// Whether an agency has a feed or any entry.
    pub(super) fn is_connected(&self, agency: &AgencyId) -> bool {
        let day = self.day();
        FeedKind::ALL
            .iter()
            .any(|kind| self.coverage.cover(agency, *kind, day) != Cover::NotConnected)
            || self.index.wrote.contains(agency)
    }

    /// Whether any entry names the agency as told, present or sent something.
    pub(super) fn is_named(&self, agency: &AgencyId) -> bool {
        self.index.named.contains(agency)
    }

    /// Whether an agency is, or may be, one of a rule's parties for an item on a day.
    pub(super) fn is_party(
        &self,
        party: &Party,
        agency: &AgencyId,
        item: &Item,
        day: Date,
    ) -> bool {
        self.is_party_on(party, agency, item, (day, Doubt::Counts))
    }

    /// The same, by how an uncertain beginning counts.
    pub(super) fn is_party_on(
        &self,
        party: &Party,
        agency: &AgencyId,
        item: &Item,
        (day, doubt): (Date, Doubt),
    ) -> bool {
        let kind = self.kind_of(agency);
        let children = &item.children;
        match party {
            Party::Any => true,
            Party::Kind(wanted) => kind == wanted,
            Party::Author => item.source == *agency,
            Party::ChildsSchool => {
                kind == "school"
                    && self.involved_as(agency, children, (day, doubt), InvolvementKind::Enrolled)
            }
            Party::OldSchool => kind == "school" && item.source == *agency,
            Party::NewSchool => self.enrolled_after(agency, item).is_some(),
            Party::ChildsGp => {
                kind == "gp"
                    && self.involved_as(agency, children, (day, doubt), InvolvementKind::Registered)
            }
            Party::HealthVisitor => {
                kind == "health"
                    && self.holds_role(agency, children, (day, doubt), Some(Role::HealthVisitor))
            }
            Party::PlanMembers => self
                .plan_members(children, (day, doubt), false)
                .contains(agency),
            Party::CoreGroup => self
                .plan_members(children, (day, doubt), true)
                .contains(agency),
            Party::ConferenceInvited => self.conference_of(item, day).contains(agency),
            Party::Referrer => self.referrer_of(item).as_ref() == Some(agency),
            Party::KnowsOrSent => item
                .renews
                .and_then(|original| self.knowledge.agency(agency, original))
                .is_some_and(|standing| matches!(standing.state, State::Knows | State::Sent)),
            // Nobody joins on a day that is given: see `asked_from`.
            Party::JoiningAgency => false,
        }
    }

    fn involved_as(
        &self,
        agency: &AgencyId,
        children: &[PersonRef],
        on: (Date, Doubt),
        kind: InvolvementKind,
    ) -> bool {
        self.involved(agency, children, on, |open| open == kind)
    }

    /// Whether an involvement was open on a day.
    pub(super) fn involved(
        &self,
        agency: &AgencyId,
        children: &[PersonRef],
        (day, doubt): (Date, Doubt),
        wanted: impl Fn(InvolvementKind) -> bool,
    ) -> bool {
        let mut open = false;
        for fact in self.index.by(Part::Involvement, children, day) {
            match &fact.event().content {
                Content::Involvement(InvolvementContent::InvolvementStarted(started))
                    if started.agency == *agency
                        && wanted(started.kind)
                        && doubt.begun(fact, day) =>
                {
                    open = true;
                }
                Content::Involvement(InvolvementContent::InvolvementEnded(ended))
                    if ended.agency == *agency && wanted(ended.kind) =>
                {
                    open = false;
                }
                _ => {}
            }
        }
        open
    }

    /// The first enrolment at another school than the item's author on or after the day of the item: the last day on
    /// which it may have been.
    pub(super) fn enrolled_after(&self, agency: &AgencyId, item: &Item) -> Option<Date> {
        if self.kind_of(agency) != "school" || item.source == *agency {
            return None;
        }
        let day = first_day(item.occurred);
        self.index.part(Part::Involvement).iter().find_map(|dated| {
            match &dated.fact.event().content {
                Content::Involvement(InvolvementContent::InvolvementStarted(started))
                    if started.agency == *agency
                        && started.kind == InvolvementKind::Enrolled
                        && dated.is_about(&item.children)
                        && dated.first >= day =>
                {
                    Some(dated.last)
                }
                _ => None,
            }
        })
    }

    /// Whether somebody of the agency held a role (any, if none is named) for the child on a day.
    pub(super) fn holds_role(
        &self,
        agency: &AgencyId,
        children: &[PersonRef],
        (day, doubt): (Date, Doubt),
        wanted: Option<Role>,
    ) -> bool {
        let is_wanted = |role: Role| wanted.is_none_or(|wanted| wanted == role);
        let mut held = BTreeSet::new();
        for fact in self
            .index
            .by(Part::Allocation, children, day)
            .filter(|fact| fact.agency() == agency)
        {
            match &fact.event().content {
                Content::Allocation(AllocationContent::AllocationStarted(started))
                    if is_wanted(started.role)
                        && started.basis == AllocationBasis::Named
                        && doubt.begun(fact, day) =>
                {
                    held.insert(started.role);
                }
                Content::Allocation(AllocationContent::AllocationTransferred(moved))
                    if is_wanted(moved.role) && doubt.begun(fact, day) =>
                {
                    held.insert(moved.role);
                }
                Content::Allocation(AllocationContent::AllocationEnded(ended)) => {
                    held.remove(&ended.role);
                }
                _ => {}
            }
        }
        !held.is_empty()
    }

    /// The members of the plans open on a day (of child protection plans only, with those who came to
    /// a core group of it).
    pub(super) fn plan_members(
        &self,
        children: &[PersonRef],
        (day, doubt): (Date, Doubt),
        core_group: bool,
    ) -> BTreeSet<AgencyId> {
        let mut members: Vec<(PlanType, BTreeSet<AgencyId>)> = Vec::new();
        let wanted = |kind: PlanType| !core_group || kind == PlanType::ChildProtection;
        for fact in self.index.by(Part::Plan, children, day) {
            let begun = doubt.begun(fact, day);
            match &fact.event().content {
                Content::Plan(PlanContent::PlanStarted(plan))
                    if begun && wanted(plan.plan_type) =>
                {
                    let mut set = named(&plan.members);
                    set.insert(fact.agency().clone());
                    members.push((plan.plan_type, set));
                }
                Content::Plan(PlanContent::PlanChanged(plan)) if !plan.members.is_empty() => {
                    for (_, set) in members
                        .iter_mut()
                        .filter(|(kind, _)| *kind == plan.plan_type)
                    {
                        let mut now = named(&plan.members);
                        now.insert(fact.agency().clone());
                        // Whoever is new by an entry that does not count yet is no member yet; who left is none any more.
                        if begun {
                            *set = now;
                        } else {
                            set.retain(|member| now.contains(member));
                        }
                    }
                }
                Content::Plan(PlanContent::PlanSteppedDown(plan)) => {
                    if core_group {
                        members.retain(|(kind, _)| *kind != plan.from);
                    } else {
                        for (kind, _) in members.iter_mut().filter(|(kind, _)| *kind == plan.from) {
                            *kind = plan.to;
                        }
                    }
                }
                Content::Plan(PlanContent::PlanEnded(plan)) => {
                    members.retain(|(kind, _)| *kind != plan.plan_type);
                }
                Content::Meeting(MeetingContent::CoreGroupHeld(held)) if begun => {
                    for (kind, set) in &mut members {
                        if *kind == PlanType::ChildProtection {
                            set.extend(held.attendance.iter().map(|part| part.agency.clone()));
                        }
                    }
                }
                _ => {}
            }
        }
        members.into_iter().flat_map(|(_, set)| set).collect()
    }

    /// The agencies invited to the conference that an item came of: the one it names, else the last
    /// before it.
    fn conference_of(&self, item: &Item, day: Date) -> BTreeSet<AgencyId> {
        let mut last: &[Attendance] = &[];
        let named = self
            .view
            .get(item.position)
            .and_then(|seen| match &seen.event.content {
                Content::Meeting(MeetingContent::ConferenceOutcome(outcome)) => outcome
                    .conference
                    .as_ref()
                    .and_then(|target| self.view.resolve(target)),
                _ => None,
            });
        for fact in self.index.by(Part::Conference, &item.children, day) {
            if let Content::Meeting(MeetingContent::ConferenceHeld(held)) = &fact.event().content
                && named.is_none_or(|named| named == fact.position())
            {
                last = &held.attendance;
            }
        }
        last.iter().map(|part| part.agency.clone()).collect()
    }

    fn referrer_of(&self, item: &Item) -> Option<AgencyId> {
        let seen = self.view.get(item.position)?;
        let Content::Referral(ReferralContent::ReferralDecided(decided)) = &seen.event.content
        else {
            return None;
        };
        let referral = self
            .view
            .get(self.view.resolve(decided.referral.as_ref()?)?)?;
        match &referral.event.content {
            Content::Referral(ReferralContent::ReferralReceived(received)) => {
                received.referrer.clone()
            }
            _ => None,
        }
    }

    /// Whether police were at a strategy discussion that considered the matter, or, where what was
    /// considered is not listed, at one about the child within ten days of the item.
    pub(super) fn police_at_strategy(&self, item: &Item, start: Date) -> bool {
        self.index.part(Part::Strategy).iter().any(|dated| {
            let fact = dated.fact;
            let Content::Enquiry(EnquiryContent::StrategyHeld(held)) = &fact.event().content else {
                return false;
            };
            let police = held.attendance.iter().any(|part| {
                self.kind_of(&part.agency) == "police"
                    && matches!(part.presence, Presence::Full | Presence::Part)
            });
            let listed: Vec<u64> = held
                .items_considered
                .iter()
                .filter_map(|target| self.view.resolve(target))
                .collect();
            let about = listed.contains(&item.position)
                || item.matter.iter().any(|other| listed.contains(other));
            let on = last_day(fact.occurred());
            let near = held.items_considered.is_empty()
                && start <= on
                && super::days(start, on) <= 10
                && same_child(&fact.event().children, &item.children);
            police && (about || near)
        })
    }
}

fn named(members: &[PlanMember]) -> BTreeSet<AgencyId> {
    members.iter().map(|member| member.agency.clone()).collect()
}
