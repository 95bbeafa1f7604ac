//! The state of a child on a day, as far as rules ask about it: plans, enquiries, proceedings, age.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Case, Item, first_day};
use crate::domain::event::case::CaseContent;
use crate::domain::event::court::CourtContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::{Content, Significance};
use crate::domain::id::PersonRef;
use crate::rules::calendar::age;
use crate::rules::need::Condition;
use crate::rules::role::ALL_REASONS;
use crate::rules::{ItemFacts, WindowEvent};

impl Case<'_> {
    /// Whether a condition of a rule holds for an item on the day that its limit would start.
    pub(super) fn condition(
        &self,
        condition: Condition,
        item: &Item,
        facts: &ItemFacts<'_>,
        day: Date,
    ) -> bool {
        let status = |id: &str| self.status_open(id, &item.children, day);
        match condition {
            Condition::CpPlan => status("cp_plan"),
            Condition::CinPlan => status("cin_plan"),
            Condition::LookedAfter => status("looked_after"),
            Condition::S47 => status("s47"),
            Condition::Proceedings => status("proceedings"),
            Condition::PlanOpen => {
                status("cin_plan") || status("cp_plan") || status("looked_after")
            }
            Condition::SocialCareOpen => self.pack.role("social_worker").is_some_and(|role| {
                self.window_open(&role.opens, &role.closes, &item.children, day)
            }),
            Condition::LevelSignificant => facts.is_significant(),
            // Handling is decided after the conditions, so that the answer is *restricted at source*.
            Condition::HandlingPermits => true,
            Condition::PoliceAtStrategyOnMatter => self.police_at_strategy(item, day),
            Condition::SchoolAge => self.is_school_age(&item.children, day),
            Condition::CpFileExists => self.facts_by(&item.children, day).any(|fact| {
                *fact.agency() == item.source
                    && fact.position() != item.position
                    && matches!(fact.event().content, Content::Concern(_))
            }),
            Condition::KeyItem => self
                .view
                .get(item.position)
                .is_some_and(|seen| seen.event.significance == Significance::Key),
        }
    }

    fn status_open(&self, id: &str, children: &[PersonRef], day: Date) -> bool {
        self.pack
            .status(id)
            .is_some_and(|status| self.window_open(&status.opens, &status.closes, children, day))
    }

    /// Whether a reason is open on a day. An end takes effect on its day.
    fn window_open(
        &self,
        opens: &[WindowEvent],
        closes: &[WindowEvent],
        children: &[PersonRef],
        day: Date,
    ) -> bool {
        let mut open: BTreeSet<&str> = BTreeSet::new();
        for fact in self.facts_by(children, day) {
            let content = &fact.event().content;
            let name = content.type_name();
            let kind = self.kind_of(fact.agency());
            let hits = |row: &&WindowEvent| row.matches(name, kind, |field| code(content, field));
            for row in closes.iter().filter(hits) {
                if row.reasons.iter().any(|reason| reason == ALL_REASONS) {
                    open.clear();
                }
                for reason in &row.reasons {
                    open.remove(reason.as_str());
                }
            }
            for row in opens.iter().filter(hits) {
                open.extend(row.reasons.iter().map(String::as_str));
            }
        }
        !open.is_empty()
    }

    /// Reception to 17. A child whose birth is not recorded, but who is on a school's roll, counts.
    fn is_school_age(&self, children: &[PersonRef], day: Date) -> bool {
        let mut known = false;
        let mut of_age = false;
        for fact in self.cut().facts() {
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
                known = true;
                of_age |= age(first_day(born), day).is_some_and(|years| (4..18).contains(&years));
            }
        }
        !known || of_age
    }

    /// The first core group after a day.
    pub(super) fn next_core_group(&self, item: &Item, day: Date) -> Option<Date> {
        self.cut()
            .facts()
            .filter(|fact| super::item::same_child(&fact.event().children, &item.children))
            .filter(|fact| {
                matches!(
                    &fact.event().content,
                    Content::Meeting(MeetingContent::CoreGroupHeld(_))
                )
            })
            .map(|fact| first_day(fact.occurred()))
            .filter(|on| *on > day)
            .min()
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
