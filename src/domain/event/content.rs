//! What an event says: one group of kinds for each part of the field.

use super::allocation::AllocationContent;
use super::care::CareContent;
use super::case::CaseContent;
use super::challenge::ChallengeContent;
use super::concern::ConcernContent;
use super::contact::ContactContent;
use super::court::CourtContent;
use super::enquiry::EnquiryContent;
use super::feed::FeedContent;
use super::involvement::InvolvementContent;
use super::meeting::MeetingContent;
use super::plan::PlanContent;
use super::record::RecordContent;
use super::referral::ReferralContent;
use super::registry::RegistryContent;
use super::review::ReviewContent;
use super::sharing::SharingContent;

/// The typed content of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The case, its people and the household.
    Case(CaseContent),
    /// Referral and the front door.
    Referral(ReferralContent),
    /// Concerns, disclosures and what agencies came to know.
    Concern(ConcernContent),
    /// Who holds the case: allocation, absence, handover, supervision.
    Allocation(AllocationContent),
    /// Contact with the child and family.
    Contact(ContactContent),
    /// Strategy discussions, section 47 enquiries, assessments.
    Enquiry(EnquiryContent),
    /// Conferences, core groups and their minutes.
    Meeting(MeetingContent),
    /// Plans, actions, agreements.
    Plan(PlanContent),
    /// Court.
    Court(CourtContent),
    /// Looked after, missing.
    Care(CareContent),
    /// Professional disagreement.
    Challenge(ChallengeContent),
    /// Sharing of information, and not sharing it.
    Sharing(SharingContent),
    /// Entries about the record itself.
    Record(RecordContent),
    /// Which agencies deal with a child.
    Involvement(InvolvementContent),
    /// What each agency's feed carries, so that an absence can be judged.
    Feed(FeedContent),
    /// Agencies and practitioners.
    Registry(RegistryContent),
    /// The review of the case.
    Review(ReviewContent),
    /// A kind that this program does not know: kept, counted and shown by its number.
    Unrecognised(u32),
}

impl Content {
    /// The dotted name of the kind, such as `allocation.started`; `unrecognised` for one not known.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Case(kind) => kind.type_name(),
            Self::Referral(kind) => kind.type_name(),
            Self::Concern(kind) => kind.type_name(),
            Self::Allocation(kind) => kind.type_name(),
            Self::Contact(kind) => kind.type_name(),
            Self::Enquiry(kind) => kind.type_name(),
            Self::Meeting(kind) => kind.type_name(),
            Self::Plan(kind) => kind.type_name(),
            Self::Court(kind) => kind.type_name(),
            Self::Care(kind) => kind.type_name(),
            Self::Challenge(kind) => kind.type_name(),
            Self::Sharing(kind) => kind.type_name(),
            Self::Record(kind) => kind.type_name(),
            Self::Involvement(kind) => kind.type_name(),
            Self::Feed(kind) => kind.type_name(),
            Self::Registry(kind) => kind.type_name(),
            Self::Review(kind) => kind.type_name(),
            Self::Unrecognised(_) => "unrecognised",
        }
    }

    /// The group of the kind.
    pub fn group(&self) -> Group {
        match self {
            Self::Case(_) => Group::Case,
            Self::Referral(_) => Group::Referral,
            Self::Concern(_) => Group::Concern,
            Self::Allocation(_) => Group::Allocation,
            Self::Contact(_) => Group::Contact,
            Self::Enquiry(_) => Group::Enquiry,
            Self::Meeting(_) => Group::Meeting,
            Self::Plan(_) => Group::Plan,
            Self::Court(_) => Group::Court,
            Self::Care(_) => Group::Care,
            Self::Challenge(_) => Group::Challenge,
            Self::Sharing(_) => Group::Sharing,
            Self::Record(_) => Group::Record,
            Self::Involvement(_) => Group::Involvement,
            Self::Feed(_) => Group::Feed,
            Self::Registry(_) => Group::Registry,
            Self::Review(_) => Group::Review,
            Self::Unrecognised(_) => Group::Unrecognised,
        }
    }
}

/// The groups of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The case, its people and the household.
    Case,
    /// Referral and the front door.
    Referral,
    /// Concerns, disclosures and what agencies came to know.
    Concern,
    /// Who holds the case: allocation, absence, handover, supervision.
    Allocation,
    /// Contact with the child and family.
    Contact,
    /// Strategy discussions, section 47 enquiries, assessments.
    Enquiry,
    /// Conferences, core groups and their minutes.
    Meeting,
    /// Plans, actions, agreements.
    Plan,
    /// Court.
    Court,
    /// Looked after, missing.
    Care,
    /// Professional disagreement.
    Challenge,
    /// Sharing of information, and not sharing it.
    Sharing,
    /// Entries about the record itself.
    Record,
    /// Which agencies deal with a child.
    Involvement,
    /// What each agency's feed carries, so that an absence can be judged.
    Feed,
    /// Agencies and practitioners.
    Registry,
    /// The review of the case.
    Review,
    /// A kind that this program does not know.
    Unrecognised,
}

impl Group {
    /// The name of the group, as it stands before the dot of most of its kinds.
    pub fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Referral => "referral",
            Self::Concern => "concern",
            Self::Allocation => "allocation",
            Self::Contact => "contact",
            Self::Enquiry => "enquiry",
            Self::Meeting => "meeting",
            Self::Plan => "plan",
            Self::Court => "court",
            Self::Care => "care",
            Self::Challenge => "challenge",
            Self::Sharing => "sharing",
            Self::Record => "record",
            Self::Involvement => "involvement",
            Self::Feed => "feed",
            Self::Registry => "registry",
            Self::Review => "review",
            Self::Unrecognised => "unrecognised",
        }
    }
}
