//! Coded fields of contents by the names that a rule pack uses.

use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::care::CareContent;
use crate::domain::event::court::CourtContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::involvement::InvolvementContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::{CaseEvent, Content};
use crate::domain::id::PersonRef;

/// The code name of a coded field of an event's content; none when it has no such field, or one that no
/// window or status asks for.
pub fn code_field(content: &Content, field: &str) -> Option<&'static str> {
    match content {
        Content::Referral(content) => referral(content, field),
        Content::Enquiry(content) => enquiry(content, field),
        Content::Meeting(content) => meeting(content, field),
        Content::Plan(content) => plan(content, field),
        Content::Court(content) => court(content, field),
        Content::Care(CareContent::LookedAfterStarted(started)) if field == "basis" => {
            Some(started.basis.name())
        }
        Content::Involvement(content) if field == "kind" => Some(match content {
            InvolvementContent::InvolvementStarted(started) => started.kind.name(),
            InvolvementContent::InvolvementEnded(ended) => ended.kind.name(),
        }),
        Content::Allocation(content) => allocation(content, field),
        Content::Care(_)
        | Content::Involvement(_)
        | Content::Case(_)
        | Content::Concern(_)
        | Content::Contact(_)
        | Content::Challenge(_)
        | Content::Sharing(_)
        | Content::Record(_)
        | Content::Feed(_)
        | Content::Registry(_)
        | Content::Review(_)
        | Content::Unrecognised(_) => None,
    }
}

fn referral(content: &ReferralContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (ReferralContent::ReferralDecided(decided), "outcome") => Some(decided.outcome.name()),
        _ => None,
    }
}

fn enquiry(content: &EnquiryContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (EnquiryContent::S47Started(started), "joint") => Some(started.joint.name()),
        (EnquiryContent::S47Ended(ended), "outcome") => Some(ended.outcome.name()),
        (EnquiryContent::S47Ended(ended), "end_reason") => Some(ended.end_reason.name()),
        (EnquiryContent::AssessmentStarted(started), "kind") => Some(started.kind.name()),
        (EnquiryContent::AssessmentCompleted(completed), "kind") => Some(completed.kind.name()),
        (EnquiryContent::AssessmentCompleted(completed), "outcome") => {
            Some(completed.outcome.name())
        }
        _ => None,
    }
}

fn meeting(content: &MeetingContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (MeetingContent::ConferenceHeld(held), "kind") => Some(held.kind.name()),
        (MeetingContent::ConferenceOutcome(outcome), "decision") => Some(outcome.decision.name()),
        (MeetingContent::ConferenceOutcome(outcome), "category") => Some(outcome.category.name()),
        _ => None,
    }
}

fn plan(content: &PlanContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (PlanContent::PlanStarted(started), "plan_type") => Some(started.plan_type.name()),
        (PlanContent::PlanStarted(started), "category") => Some(started.category.name()),
        (PlanContent::PlanChanged(changed), "plan_type") => Some(changed.plan_type.name()),
        (PlanContent::PlanSteppedDown(stepped), "from") => Some(stepped.from.name()),
        (PlanContent::PlanSteppedDown(stepped), "to") => Some(stepped.to.name()),
        (PlanContent::PlanEnded(ended), "plan_type") => Some(ended.plan_type.name()),
        _ => None,
    }
}

fn court(content: &CourtContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (CourtContent::CourtApplicationIssued(issued), "order_sought") => {
            Some(issued.order_sought.name())
        }
        (CourtContent::CourtOrderMade(made), "order") => Some(made.order.name()),
        (CourtContent::CourtFinalOrder(made), "order") => Some(made.order.name()),
        _ => None,
    }
}

fn allocation(content: &AllocationContent, field: &str) -> Option<&'static str> {
    match (content, field) {
        (AllocationContent::AllocationStarted(started), "role") => Some(started.role.name()),
        (AllocationContent::AllocationStarted(started), "basis") => Some(started.basis.name()),
        (AllocationContent::AllocationEnded(ended), "role") => Some(ended.role.name()),
        _ => None,
    }
}

/// The children that an event names: of an order or application those it covers; empty means all.
pub fn children_named(event: &CaseEvent) -> &[PersonRef] {
    let mut covered: &[PersonRef] = &[];
    if let Content::Court(CourtContent::CourtApplicationIssued(issued)) = &event.content {
        covered = &issued.covered;
    } else if let Content::Court(CourtContent::CourtOrderMade(made)) = &event.content {
        covered = &made.children;
    }
    if covered.is_empty() {
        &event.children
    } else {
        covered
    }
}
