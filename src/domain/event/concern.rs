//! Concerns, disclosures and what agencies came to know.

use super::coded::coded;
use super::{EntryRef, PersonRelation, Tri};
use crate::domain::id::{PersonRef, StaffId};

coded! {
    /// What the police were called to.
    IncidentKind {
        /// Domestic abuse.
        DomesticAbuse = 1 => "domestic_abuse",
        /// Assault.
        Assault = 2 => "assault",
        /// Neglect.
        Neglect = 3 => "neglect",
        /// Sexual offence.
        SexualOffence = 4 => "sexual_offence",
        /// Drugs.
        Drugs = 5 => "drugs",
        /// Antisocial behaviour.
        AntisocialBehaviour = 6 => "antisocial_behaviour",
        /// Missing person.
        MissingPerson = 7 => "missing_person",
        /// Welfare check.
        WelfareCheck = 8 => "welfare_check",
        /// Anything else.
        Other = 9 => "other",
    }
}

coded! {
    /// What kind of appointment.
    AppointmentKind {
        /// General practice.
        Gp = 1 => "gp",
        /// Hospital.
        Hospital = 2 => "hospital",
        /// Health visitor.
        HealthVisitor = 3 => "health_visitor",
        /// Dental.
        Dental = 4 => "dental",
        /// Mental health.
        MentalHealth = 5 => "mental_health",
        /// Immunisation.
        Immunisation = 6 => "immunisation",
        /// Any other.
        Other = 7 => "other",
    }
}

/// `concern.raised`: a practitioner raised a concern.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConcernRaised {
    /// The concern.
    pub words: String,
    /// A topic code of the agency.
    pub topic: String,
}

/// `indicator.observed`: a sign was seen that may point to harm.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IndicatorObserved {
    /// Which sign, as the agency codes it.
    pub indicator: String,
    /// What was seen.
    pub words: String,
}

/// `disclosure.made`: somebody told of harm.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DisclosureMade {
    /// Whether the child told.
    pub by_child: Tri,
    /// Who told.
    pub by: Option<PersonRef>,
    /// The member of staff who was told.
    pub to: Option<StaffId>,
    /// Whom it was about.
    pub about: Option<PersonRef>,
    /// The words used.
    pub words: String,
    /// What the listener did.
    pub action: String,
}

/// `injury.recorded`: an injury was recorded; whether the explanation fits is a code of the event.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct InjuryRecorded {
    /// The injury.
    pub injury: String,
    /// The explanation given.
    pub explanation: String,
    /// By whom.
    pub explained_by: Option<PersonRef>,
}

/// `police.incident`: police attended or recorded an incident; whether a child was present is a code of the event.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PoliceIncident {
    /// What kind.
    pub kind: IncidentKind,
    /// The force's own risk grade.
    pub grade: String,
    /// What happened.
    pub words: String,
}

/// `police.intelligence`: police hold intelligence; handling is in the envelope.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PoliceIntelligence {
    /// The force's grading.
    pub grading: String,
    /// The intelligence.
    pub words: String,
    /// Whether it bears on the child.
    pub bears_on_child: Tri,
}

/// `family.concern_reported`: a relative or neighbour reported a concern.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FamilyConcernReported {
    /// What they are to the child.
    pub relation: PersonRelation,
    /// Who, when a person of the case.
    pub by: Option<PersonRef>,
    /// What they said.
    pub words: String,
}

/// `health.missed`: a health appointment was missed: the child was not brought.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthMissed {
    /// Which kind of appointment.
    pub kind: AppointmentKind,
    /// The reason given.
    pub reason: String,
    /// How many in a row, when counted.
    pub in_a_row: Option<u32>,
}

/// `health.attendance`: the child was seen by a health service.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthAttendance {
    /// Which kind.
    pub kind: AppointmentKind,
    /// Whether it was marked safeguarding.
    pub safeguarding: Tri,
    /// What was found.
    pub words: String,
}

/// `health.measure`: a measurement that may matter.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthMeasure {
    /// Which.
    pub measure: String,
    /// Its value with unit.
    pub value: String,
    /// Whether it was marked safeguarding.
    pub safeguarding: Tri,
}

/// `education.absence`: absence from school.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EducationAbsence {
    /// The register's code.
    pub code: String,
    /// Half-day sessions missed.
    pub sessions_missed: Option<u32>,
    /// Half-day sessions possible.
    pub sessions_possible: Option<u32>,
    /// Anything else.
    pub words: String,
}

/// `education.exclusion`: excluded from school.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EducationExclusion {
    /// Whether for good.
    pub permanent: Tri,
    /// Half-day sessions, when for a time.
    pub sessions: Option<u32>,
    /// Why.
    pub reason: String,
}

/// `pupil.left`: the child left the school.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PupilLeft {
    /// Where to: school, home education, not known.
    pub destination: String,
    /// Anything else.
    pub words: String,
}

/// `parental.statement`: a parent or carer said something, or gave an assurance.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ParentalStatement {
    /// Who.
    pub by: Option<PersonRef>,
    /// What was said.
    pub words: String,
    /// Whether it is an assurance of future conduct.
    pub assurance: Tri,
    /// Whether it was tested.
    pub tested: Tri,
    /// What bears on it.
    pub evidence: Vec<EntryRef>,
}

/// Concerns, disclosures and what agencies came to know. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConcernContent {
    /// `concern.raised`.
    ConcernRaised(ConcernRaised),
    /// `indicator.observed`.
    IndicatorObserved(IndicatorObserved),
    /// `disclosure.made`.
    DisclosureMade(DisclosureMade),
    /// `injury.recorded`.
    InjuryRecorded(InjuryRecorded),
    /// `police.incident`.
    PoliceIncident(PoliceIncident),
    /// `police.intelligence`.
    PoliceIntelligence(PoliceIntelligence),
    /// `family.concern_reported`.
    FamilyConcernReported(FamilyConcernReported),
    /// `health.missed`.
    HealthMissed(HealthMissed),
    /// `health.attendance`.
    HealthAttendance(HealthAttendance),
    /// `health.measure`.
    HealthMeasure(HealthMeasure),
    /// `education.absence`.
    EducationAbsence(EducationAbsence),
    /// `education.exclusion`.
    EducationExclusion(EducationExclusion),
    /// `pupil.left`.
    PupilLeft(PupilLeft),
    /// `parental.statement`.
    ParentalStatement(ParentalStatement),
}

impl ConcernContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ConcernRaised(_) => "concern.raised",
            Self::IndicatorObserved(_) => "indicator.observed",
            Self::DisclosureMade(_) => "disclosure.made",
            Self::InjuryRecorded(_) => "injury.recorded",
            Self::PoliceIncident(_) => "police.incident",
            Self::PoliceIntelligence(_) => "police.intelligence",
            Self::FamilyConcernReported(_) => "family.concern_reported",
            Self::HealthMissed(_) => "health.missed",
            Self::HealthAttendance(_) => "health.attendance",
            Self::HealthMeasure(_) => "health.measure",
            Self::EducationAbsence(_) => "education.absence",
            Self::EducationExclusion(_) => "education.exclusion",
            Self::PupilLeft(_) => "pupil.left",
            Self::ParentalStatement(_) => "parental.statement",
        }
    }
}
