//! The state of a child on a day, as far as rules ask about it: plans, enquiries, proceedings, age.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::index::Part;
use super::{Case, Item, first_day, last_day};
use crate::domain::event::case::CaseContent;
use crate::domain::event::court::CourtContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::{Content, Significance};
use crate::domain::id::PersonRef;
use crate::rules::calendar::age;
use crate::rules::need::Condition;
use crate::rules::role::ALL_REASONS;
use crate::rules::{ItemFacts, WindowEvent};

impl Case<'_> {
    /// Whether a condition of a rule holds for an item on the day that its limit would start; none when a date
    /// that it rests on may lie on either side of that day.
    pub(super) fn condition(
        &self,
        condition: Condition,
        item: &Item,
        facts: &ItemFacts<'_>,
        day: Date,
    ) -> Option<bool> {
        let status = |id: &str| self.status_open(id, &item.children, day);
        Some(match condition {
            Condition::CpPlan => return status("cp_plan"),
            Condition::CinPlan => return status("cin_plan"),
            Condition::LookedAfter => return status("looked_after"),
            Condition::S47 => return status("s47"),
            Condition::Proceedings => return status("proceedings"),
            Condition::PlanOpen => {
                let plans = ["cin_plan", "cp_plan", "looked_after"].map(status);
                return any(&plans);
            }
            Condition::SocialCareOpen => {
                let Some(role) = self.pack.role("social_worker") else {
                    return Some(false);
                };
                return self.window_open((&role.opens, &role.closes), &item.children, day);
            }
            Condition::LevelSignificant => facts.is_significant(),
            // Handling is decided after the conditions, so that the answer is *restricted at source*.
            Condition::HandlingPermits => true,
            Condition::PoliceAtStrategyOnMatter => self.police_at_strategy(item, day),
            Condition::SchoolAge => return self.is_school_age(&item.children, day),
            Condition::CpFileExists => {
                let mut concerns = self.index.by(Part::Concern, &item.children, day);
                concerns
                    .any(|fact| *fact.agency() == item.source && fact.position() != item.position)
            }
            Condition::KeyItem => self
                .view
                .get(item.position)
                .is_some_and(|seen| seen.event.significance == Significance::Key),
        })
    }

    fn status_open(&self, id: &str, children: &[PersonRef], day: Date) -> Option<bool> {
        let Some(status) = self.pack.status(id) else {
            return Some(false);
        };
        self.window_open((&status.opens, &status.closes), children, day)
    }

    /// Whether a reason is open on a day; none when that rests on a date which may lie after it. An end takes
    /// effect on its day.
    fn window_open(
        &self,
        rows: (&[WindowEvent], &[WindowEvent]),
        children: &[PersonRef],
        day: Date,
    ) -> Option<bool> {
        let longest = self.window_by(rows, children, day, |opens, sure| opens || sure);
        let shortest = self.window_by(rows, children, day, |opens, sure| !opens || sure);
        (longest == shortest).then_some(longest)
    }

    /// The same, counting of the opens (`true`) and closes those that `counts`, given whether they certainly lie
    /// not after the day.
    fn window_by(
        &self,
        (opens, closes): (&[WindowEvent], &[WindowEvent]),
        children: &[PersonRef],
        day: Date,
        counts: fn(bool, bool) -> bool,
    ) -> bool {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let types = opens.iter().chain(closes).map(|row| row.event.as_str());
        for dated in self.index.of_types(types) {
            if day < dated.first || !dated.is_about(children) {
                continue;
            }
            let fact = dated.fact;
            let content = &fact.event().content;
            let name = content.type_name();
            let kind = self.kind_of(fact.agency());
            let sure = dated.last <= day;
            let hits = |row: &&WindowEvent| row.matches(name, kind, |field| code(content, field));
            let closing = closes.iter().filter(hits);
            for row in closing.filter(|_| counts(false, sure)) {
                if row.reasons.iter().any(|reason| reason == ALL_REASONS) {
                    open.clear();
                }
                for reason in &row.reasons {
                    open.remove(reason.as_str());
                }
            }
            let opening = opens.iter().filter(hits);
            for row in opening.filter(|_| counts(true, sure)) {
                open.extend(row.reasons.iter().map(String::as_str));
            }
        }
        !open.is_empty()
    }

    /// Reception to 17; none when a date of birth that is not one known day leaves it open. A child whose birth is
    /// not recorded, but who is on a school's roll, counts.
    fn is_school_age(&self, children: &[PersonRef], day: Date) -> Option<bool> {
        let mut of_age = Vec::new();
        for dated in self.index.part(Part::Birth) {
            let fact = dated.fact;
            let born = match &fact.event().content {
                Content::Case(CaseContent::PersonRecorded(person))
                    if children.is_empty() || children.contains(&person.person) =>
                {
                    person
                        .born
                        .as_ref()
                        .map(|born| born.resolve(fact.root().appended))
                }
                Content::Case(CaseContent::ChildBorn(born))
                    if children.is_empty() || children.contains(&born.child) =>
                {
                    Some(fact.occurred())
                }
                _ => None,
            };
            if let Some(born) = born.filter(|born| born.earliest.is_some()) {
                // The eldest and the youngest that the child may be; unborn counts as under age.
                let eldest = age(first_day(born), day).unwrap_or(0);
                let youngest = age(last_day(born), day).unwrap_or(0);
                let may = eldest >= 4 && youngest < 18;
                let sure = youngest >= 4 && eldest < 18;
                of_age.push((may == sure).then_some(sure));
            }
        }
        if of_age.is_empty() {
            Some(true)
        } else {
            any(&of_age)
        }
    }

    /// The first core group after a day.
    pub(super) fn next_core_group(&self, item: &Item, day: Date) -> Option<Date> {
        self.index
            .part(Part::CoreGroup)
            .iter()
            .filter(|dated| dated.is_about(&item.children))
            .map(|dated| dated.first)
            .filter(|on| *on > day)
            .min()
    }
}

/// Whether one of these holds; none when none certainly does and one may.
fn any(judged: &[Option<bool>]) -> Option<bool> {
    if judged.contains(&Some(true)) {
        Some(true)
    } else if judged.contains(&None) {
        None
    } else {
        Some(false)
    }
}

/// The code name of a field of an event's content, for the fields that windows ask about.
fn code(content: &Content, field: &str) -> Option<&'static str> {
    match (content, field) {
        (Content::Plan(PlanContent::PlanStarted(plan)), "plan_type") => Some(plan.plan_type.name()),
        (Content::Plan(PlanContent::PlanEnded(plan)), "plan_type") => Some(plan.plan_type.name()),
        (Content::Plan(PlanContent::PlanSteppedDown(plan)), "from") => Some(plan.from.name()),
        (Content::Plan(PlanContent::PlanSteppedDown(plan)), "to") => Some(plan.to.name()),
        (Content::Court(CourtContent::CourtApplicationIssued(issued)), "order_sought") => {
            Some(issued.order_sought.name())
        }
        (Content::Court(CourtContent::CourtOrderMade(made)), "order") => Some(made.order.name()),
        (Content::Referral(ReferralContent::ReferralDecided(decided)), "outcome") => {
            Some(decided.outcome.name())
        }
        (Content::Enquiry(enquiry), _) => enquiry_code(enquiry, field),
        _ => None,
    }
}

fn enquiry_code(
    enquiry: &crate::domain::event::enquiry::EnquiryContent,
    field: &str,
) -> Option<&'static str> {
    use crate::domain::event::enquiry::EnquiryContent as E;
    match (enquiry, field) {
        (E::S47Started(started), "joint") => Some(started.joint.name()),
        (E::S47Ended(ended), "outcome") => Some(ended.outcome.name()),
        (E::AssessmentStarted(started), "kind") => Some(started.kind.name()),
        (E::AssessmentCompleted(done), "outcome") => Some(done.outcome.name()),
        _ => None,
    }
}
