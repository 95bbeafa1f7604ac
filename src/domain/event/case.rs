//! The case, its people and the household.

use super::coded::coded;
use super::{AgeBand, PersonRelation};
use crate::domain::id::{PersonRef, StaffId};
use crate::domain::time::When;

coded! {
    /// What a person is in this case.
    PersonRole {
        /// Child whom the case is about.
        SubjectChild = 1 => "subject_child",
        /// Brother or sister.
        Sibling = 2 => "sibling",
        /// Parent.
        Parent = 3 => "parent",
        /// Carer.
        Carer = 4 => "carer",
        /// Partner of a parent.
        ParentsPartner = 5 => "parents_partner",
        /// Other relative.
        Relative = 6 => "relative",
        /// Lives in the household.
        HouseholdMember = 7 => "household_member",
        /// Alleged to have caused harm.
        AllegedPerpetrator = 8 => "alleged_perpetrator",
        /// Somebody else.
        Other = 9 => "other",
    }
}

coded! {
    /// Whether checks were made on a household member.
    MemberChecked {
        /// Checks were made.
        Checked = 1 => "checked",
        /// No checks were made.
        NotChecked = 2 => "not_checked",
    }
}

/// `case.opened`: the case begins. Its author chose the case id at random.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CaseOpened {
    /// Why it was opened.
    pub reason: String,
}

/// `case.closed`: the author agency closed the case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CaseClosed {
    /// Why, as the agency codes it.
    pub reason_code: String,
    /// Why, in words.
    pub reason: String,
    /// Who authorised it.
    pub authorised_by: Option<StaffId>,
}

/// `person.recorded`: a person belongs to the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRecorded {
    /// The person's code.
    pub person: PersonRef,
    /// What the person is in this case.
    pub role: PersonRole,
    /// Date of birth, as exact as it may be known.
    pub born: Option<When>,
    /// School year or stage, when it matters.
    pub school_stage: String,
}

/// `child.born`: a child was born.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildBorn {
    /// The child.
    pub child: PersonRef,
    /// The date, when it differs from when this happened.
    pub born: Option<When>,
}

/// `household.member_joined`: somebody came to live in the household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdMemberJoined {
    /// Who.
    pub person: PersonRef,
    /// What they are to the child.
    pub relation: PersonRelation,
    /// Child or adult.
    pub age_band: AgeBand,
    /// Whether checks were made.
    pub checked: MemberChecked,
    /// Anything else.
    pub note: String,
}

/// `household.member_left`: somebody left the household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdMemberLeft {
    /// Who.
    pub person: PersonRef,
    /// Anything else.
    pub note: String,
}

/// `move.known`: it became known that the family or child moved.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MoveKnown {
    /// Who moved; empty means the household.
    pub who: Vec<PersonRef>,
    /// The new area, never an address.
    pub area: String,
    /// Anything else.
    pub note: String,
}

/// The case, its people and the household. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseContent {
    /// `case.opened`.
    CaseOpened(CaseOpened),
    /// `case.closed`.
    CaseClosed(CaseClosed),
    /// `person.recorded`.
    PersonRecorded(PersonRecorded),
    /// `child.born`.
    ChildBorn(ChildBorn),
    /// `household.member_joined`.
    HouseholdMemberJoined(HouseholdMemberJoined),
    /// `household.member_left`.
    HouseholdMemberLeft(HouseholdMemberLeft),
    /// `move.known`.
    MoveKnown(MoveKnown),
}

impl CaseContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::CaseOpened(_) => "case.opened",
            Self::CaseClosed(_) => "case.closed",
            Self::PersonRecorded(_) => "person.recorded",
            Self::ChildBorn(_) => "child.born",
            Self::HouseholdMemberJoined(_) => "household.member_joined",
            Self::HouseholdMemberLeft(_) => "household.member_left",
            Self::MoveKnown(_) => "move.known",
        }
    }
}
