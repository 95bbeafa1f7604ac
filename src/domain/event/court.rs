//! Court.

use super::coded::coded;
use super::{Attendance, EntryRef, Tri};
use crate::domain::id::PersonRef;
use crate::domain::time::When;

coded! {
    /// Which order.
    OrderKind {
        /// Care order.
        Care = 1 => "care",
        /// Supervision order.
        Supervision = 2 => "supervision",
        /// Interim care order.
        InterimCare = 3 => "interim_care",
        /// Emergency protection order.
        EmergencyProtection = 4 => "emergency_protection",
        /// Child arrangements order.
        ChildArrangements = 5 => "child_arrangements",
        /// Placement order.
        Placement = 6 => "placement",
        /// Special guardianship order.
        SpecialGuardianship = 7 => "special_guardianship",
        /// No order.
        None = 8 => "none",
        /// Any other.
        Other = 9 => "other",
    }
}

coded! {
    /// A party to proceedings.
    Party {
        /// The local authority.
        LocalAuthority = 1 => "local_authority",
        /// The children's guardian.
        ChildrensGuardian = 2 => "childrens_guardian",
        /// A parent.
        Parent = 3 => "parent",
        /// The child.
        Child = 4 => "child",
        /// Any other.
        Other = 5 => "other",
    }
}

coded! {
    /// How a judge or a party stands to something.
    Stance {
        /// Critical.
        Critical = 1 => "critical",
        /// Neutral.
        Neutral = 2 => "neutral",
        /// Supportive.
        Supportive = 3 => "supportive",
    }
}

coded! {
    /// To whom delay is attributed.
    Attributable {
        /// The local authority.
        LocalAuthority = 1 => "local_authority",
        /// The court.
        Court = 2 => "court",
        /// The parents.
        Parents = 3 => "parents",
        /// An expert.
        Expert = 4 => "expert",
        /// The guardian.
        ChildrensGuardian = 5 => "childrens_guardian",
        /// Nobody.
        Nobody = 6 => "nobody",
    }
}

/// A child left out of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCovered {
    /// The child.
    pub child: PersonRef,
    /// Why; empty when not recorded.
    pub reason: String,
}

/// `legal_meeting.held`: a legal planning meeting was held.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LegalMeetingHeld {
    /// What was decided.
    pub decision: String,
    /// Whether the threshold was thought met.
    pub threshold_met: Tri,
    /// Who took part.
    pub attendance: Vec<Attendance>,
}

/// `court.application_issued`: an application was issued.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtApplicationIssued {
    /// The order sought.
    pub order_sought: OrderKind,
    /// The children covered.
    pub covered: Vec<PersonRef>,
    /// The children not covered.
    pub not_covered: Vec<NotCovered>,
}

/// `court.position_stated`: a party stated its position.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtPositionStated {
    /// Which party.
    pub party: Party,
    /// The order it wants.
    pub order_sought: OrderKind,
    /// Why.
    pub reason: String,
    /// Whether it rests on new evidence.
    pub new_evidence: Tri,
}

/// `court.document_directed`: the court directed that a document be filed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtDocumentDirected {
    /// Which.
    pub document: String,
    /// By which party.
    pub party: Party,
    /// By when.
    pub due: When,
}

/// `court.document_filed`: a document was filed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtDocumentFiled {
    /// Which.
    pub document: String,
    /// By which party.
    pub party: Party,
    /// The direction.
    pub direction: Option<EntryRef>,
}

/// `court.hearing_held`: a hearing was held or adjourned.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtHearingHeld {
    /// Which hearing.
    pub kind: String,
    /// Whether adjourned.
    pub adjourned: Tri,
    /// To whom the adjournment is attributed.
    pub attributable_to: Attributable,
    /// Why.
    pub reason: String,
}

/// `court.judicial_remark`: a judge remarked on the case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtJudicialRemark {
    /// Critical or not.
    pub stance: Stance,
    /// Its topic.
    pub topic: String,
    /// The words used.
    pub words: String,
}

/// `court.order_made`: an order was made.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtOrderMade {
    /// Which.
    pub order: OrderKind,
    /// For which children; empty means those of the event.
    pub children: Vec<PersonRef>,
    /// Until when.
    pub until: Option<When>,
}

/// `court.final_order`: the final order was made.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtFinalOrder {
    /// Which.
    pub order: OrderKind,
    /// In words.
    pub words: String,
}

/// `court.withdrawn`: an application was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CourtWithdrawn {
    /// Why.
    pub reason: String,
}

/// Court. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CourtContent {
    /// `legal_meeting.held`.
    LegalMeetingHeld(LegalMeetingHeld),
    /// `court.application_issued`.
    CourtApplicationIssued(CourtApplicationIssued),
    /// `court.position_stated`.
    CourtPositionStated(CourtPositionStated),
    /// `court.document_directed`.
    CourtDocumentDirected(CourtDocumentDirected),
    /// `court.document_filed`.
    CourtDocumentFiled(CourtDocumentFiled),
    /// `court.hearing_held`.
    CourtHearingHeld(CourtHearingHeld),
    /// `court.judicial_remark`.
    CourtJudicialRemark(CourtJudicialRemark),
    /// `court.order_made`.
    CourtOrderMade(CourtOrderMade),
    /// `court.final_order`.
    CourtFinalOrder(CourtFinalOrder),
    /// `court.withdrawn`.
    CourtWithdrawn(CourtWithdrawn),
}

impl CourtContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::LegalMeetingHeld(_) => "legal_meeting.held",
            Self::CourtApplicationIssued(_) => "court.application_issued",
            Self::CourtPositionStated(_) => "court.position_stated",
            Self::CourtDocumentDirected(_) => "court.document_directed",
            Self::CourtDocumentFiled(_) => "court.document_filed",
            Self::CourtHearingHeld(_) => "court.hearing_held",
            Self::CourtJudicialRemark(_) => "court.judicial_remark",
            Self::CourtOrderMade(_) => "court.order_made",
            Self::CourtFinalOrder(_) => "court.final_order",
            Self::CourtWithdrawn(_) => "court.withdrawn",
        }
    }
}
