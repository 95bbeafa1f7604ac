//! Parts that events of every group are made of.

use super::EntryRef;
use super::coded::coded;
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::domain::time::When;

coded! {
    /// A yes-or-no answer that may be missing.
    Tri {
        /// Recorded as yes.
        Yes = 1 => "yes",
        /// Recorded as no.
        No = 2 => "no",
        /// The question does not arise.
        NotApplicable = 3 => "not_applicable",
    }
}

coded! {
    /// The part a practitioner plays in a case.
    Role {
        /// Allocated social worker.
        SocialWorker = 1 => "social_worker",
        /// Second worker beside the allocated one.
        CoWorker = 2 => "co_worker",
        /// Manager of the allocated worker.
        TeamManager = 3 => "team_manager",
        /// Chair of child protection conferences.
        ConferenceChair = 4 => "conference_chair",
        /// Independent reviewing officer.
        Iro = 5 => "iro",
        /// Guardian appointed by the court.
        ChildrensGuardian = 6 => "childrens_guardian",
        /// Health visitor.
        HealthVisitor = 7 => "health_visitor",
        /// Designated safeguarding lead of a school.
        SafeguardingLead = 8 => "safeguarding_lead",
        /// Police officer in the case.
        OfficerInCase = 9 => "officer_in_case",
        /// Lead professional of early help.
        EarlyHelpLead = 10 => "early_help_lead",
        /// Duty worker.
        DutyWorker = 11 => "duty_worker",
        /// Covers for an absent worker.
        CoverWorker = 12 => "cover_worker",
        /// School nurse.
        SchoolNurse = 13 => "school_nurse",
        /// General practitioner.
        Gp = 14 => "gp",
        /// Class teacher or form tutor.
        Teacher = 15 => "teacher",
        /// Family support worker.
        FamilySupportWorker = 16 => "family_support_worker",
        /// Manager above the team manager.
        SeniorManager = 17 => "senior_manager",
        /// Local authority lawyer.
        Lawyer = 18 => "lawyer",
        /// Any other role.
        Other = 19 => "other",
    }
}

coded! {
    /// How a practitioner is employed.
    Employment {
        /// Permanent staff.
        Permanent = 1 => "permanent",
        /// Supplied by a staffing agency.
        Agency = 2 => "agency",
        /// Acting up.
        Acting = 3 => "acting",
        /// In the first assessed year.
        NewlyQualified = 4 => "newly_qualified",
    }
}

coded! {
    /// Where the author had it from. Mandatory.
    SourceKind {
        /// Seen, heard or done by the agency's own staff.
        OwnStaff = 1 => "own_staff",
        /// Taken from the agency's own record.
        OwnRecord = 2 => "own_record",
        /// The child.
        Child = 3 => "child",
        /// A parent or carer.
        Parent = 4 => "parent",
        /// Another relative.
        Relative = 5 => "relative",
        /// A neighbour or member of the public.
        Public = 6 => "public",
        /// Another agency.
        OtherAgency = 7 => "other_agency",
        /// A document.
        Document = 8 => "document",
        /// An anonymous informant.
        Anonymous = 9 => "anonymous",
        /// The court.
        Court = 10 => "court",
        /// Something else, named in the text.
        Other = 11 => "other",
    }
}

coded! {
    /// What kind of statement it is.
    AssertionKind {
        /// A fact.
        Fact = 1 => "fact",
        /// Seen or heard by the author.
        Observation = 2 => "observation",
        /// Told by the person concerned.
        Disclosure = 3 => "disclosure",
        /// Claimed against somebody.
        Allegation = 4 => "allegation",
        /// Told at second hand.
        Hearsay = 5 => "hearsay",
        /// A view, attributed.
        Opinion = 6 => "opinion",
        /// Police intelligence.
        Intelligence = 7 => "intelligence",
    }
}

coded! {
    /// Weight that the author gave it; never removes a duty.
    Significance {
        /// Key event.
        Key = 1 => "key",
        /// Routine.
        Routine = 2 => "routine",
    }
}

coded! {
    /// How something was passed on.
    Channel {
        /// In person.
        InPerson = 1 => "in_person",
        /// Spoken on the telephone.
        Telephone = 2 => "telephone",
        /// Video call.
        Video = 3 => "video",
        /// Said in a meeting.
        Meeting = 4 => "meeting",
        /// A message left.
        TelephoneMessage = 5 => "telephone_message",
        /// Letter.
        Letter = 6 => "letter",
        /// E-mail.
        Email = 7 => "email",
        /// Shared system or portal.
        Portal = 8 => "portal",
        /// A flag or marker.
        Flag = 9 => "flag",
        /// Written report.
        Report = 10 => "report",
        /// Minutes of a meeting.
        Minutes = 11 => "minutes",
    }
}

coded! {
    /// What the source allows to be done with it.
    HandlingCode {
        /// May be shared with any agency involved.
        Open = 1 => "open",
        /// Only with the agencies named.
        NamedAgencies = 2 => "named_agencies",
        /// With agencies, never with the family.
        NotToFamily = 3 => "not_to_family",
        /// With nobody without the source's leave.
        None = 4 => "none",
    }
}

coded! {
    /// How one entry relates to another.
    RelationKind {
        /// The same happening, recorded twice.
        SameMatter = 1 => "same_matter",
        /// An answer to it.
        RespondsTo = 2 => "responds_to",
        /// What it asked for, done.
        Fulfils = 3 => "fulfils",
        /// Supports it.
        EvidenceFor = 4 => "evidence_for",
        /// Contradicts it.
        Contradicts = 5 => "contradicts",
        /// Was considered at that meeting.
        ConsideredAt = 6 => "considered_at",
        /// Carries it on.
        Continues = 7 => "continues",
    }
}

coded! {
    /// The kind of harm.
    Harm {
        /// Neglect.
        Neglect = 1 => "neglect",
        /// Physical harm.
        Physical = 2 => "physical",
        /// Sexual harm.
        Sexual = 3 => "sexual",
        /// Emotional harm.
        Emotional = 4 => "emotional",
        /// Exploitation.
        Exploitation = 5 => "exploitation",
        /// Domestic abuse.
        DomesticAbuse = 6 => "domestic_abuse",
    }
}

coded! {
    /// How serious the author thought it.
    Level {
        /// Immediate danger.
        Immediate = 1 => "immediate",
        /// Significant harm suspected.
        SignificantHarmSuspected = 2 => "significant_harm_suspected",
        /// Less than that.
        Other = 3 => "other",
    }
}

coded! {
    /// Whether the other person is a child.
    AgeBand {
        /// Under eighteen.
        Child = 1 => "child",
        /// Eighteen or over.
        Adult = 2 => "adult",
    }
}

coded! {
    /// What a person is to the child.
    PersonRelation {
        /// The subject child.
        SubjectChild = 1 => "subject_child",
        /// Brother or sister.
        Sibling = 2 => "sibling",
        /// Mother.
        Mother = 3 => "mother",
        /// Father.
        Father = 4 => "father",
        /// Step-parent.
        StepParent = 5 => "step_parent",
        /// Partner of a parent.
        ParentsPartner = 6 => "parents_partner",
        /// Grandparent.
        Grandparent = 7 => "grandparent",
        /// Another relative.
        OtherRelative = 8 => "other_relative",
        /// Carer or foster carer.
        Carer = 9 => "carer",
        /// Friend of the family.
        FamilyFriend = 10 => "family_friend",
        /// Somebody else who is known.
        KnownOther = 11 => "known_other",
        /// A stranger.
        Stranger = 12 => "stranger",
    }
}

coded! {
    /// A kind of event as a feed declares it: the event groups, and some parts of them.
    FeedKind {
        /// Case, people and household.
        Case = 1 => "case",
        /// Referral.
        Referral = 2 => "referral",
        /// Concerns and disclosures.
        Concern = 3 => "concern",
        /// Allocation and handover.
        Allocation = 4 => "allocation",
        /// Supervision and management oversight.
        Supervision = 5 => "supervision",
        /// Reading of files.
        Reads = 6 => "reads",
        /// Visits and contact.
        Contact = 7 => "contact",
        /// Strategy, section 47, assessment.
        Enquiry = 8 => "enquiry",
        /// Conferences, core groups, minutes.
        Meeting = 9 => "meeting",
        /// Plans, actions, agreements.
        Plan = 10 => "plan",
        /// Court.
        Court = 11 => "court",
        /// Looked after, missing.
        Care = 12 => "care",
        /// Professional disagreement.
        Challenge = 13 => "challenge",
        /// Sharing of information.
        Sharing = 14 => "sharing",
        /// Involvement.
        Involvement = 15 => "involvement",
        /// Reviews.
        Review = 16 => "review",
    }
}

coded! {
    /// How an agency took part.
    Presence {
        /// Throughout.
        Full = 1 => "full",
        /// For part of it.
        Part = 2 => "part",
        /// Invited and absent.
        Absent = 3 => "absent",
        /// Apologies.
        Apologies = 4 => "apologies",
        /// By report only.
        ReportOnly = 5 => "report_only",
    }
}

/// Who acted for the author agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The member of staff, by the agency's own id.
    pub staff: StaffId,
    /// In which role.
    pub role: Role,
    /// How employed at the time.
    pub employment: Employment,
}

/// Where the author had it from: the one thing no event may lack.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SourceOfInformation {
    /// The kind of source.
    pub kind: SourceKind,
    /// In words: who or what.
    pub text: String,
    /// The agency, when another agency is the source.
    pub agency: Option<AgencyId>,
    /// The person of the case, when one is the source.
    pub person: Option<PersonRef>,
}

/// A person said to have been involved in the harm.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OtherPerson {
    /// What the person is to the child.
    pub relation: PersonRelation,
    /// Child or adult.
    pub age_band: AgeBand,
    /// The person, when identified.
    pub person: Option<PersonRef>,
}

/// What the source allows to be done with it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Handling {
    /// The code.
    pub code: HandlingCode,
    /// The agencies it may go to, for `named_agencies`.
    pub shareable_with: Vec<AgencyId>,
    /// The marking as written in the source's system.
    pub marking: String,
}

/// Somebody to whom it was told when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The agency told.
    pub agency: AgencyId,
    /// The person there, when named.
    pub staff: Option<StaffId>,
    /// How.
    pub channel: Channel,
    /// When.
    pub when: When,
}

/// A typed link to another entry, which may not have arrived yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The relation.
    pub kind: RelationKind,
    /// The other entry.
    pub target: EntryRef,
}

/// Where a child's words were used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordsRef {
    /// The child.
    pub child: PersonRef,
    /// The entries with the words.
    pub entries: Vec<EntryRef>,
}

/// One agency's part in a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// The agency.
    pub agency: AgencyId,
    /// Who came, when named.
    pub staff: Option<StaffId>,
    /// How it took part.
    pub presence: Presence,
    /// Whether the organiser had its report.
    pub report_received: Tri,
    /// The entries in its report.
    pub report_items: Vec<EntryRef>,
}

/// To whom something went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The agency.
    pub agency: AgencyId,
    /// The person there, when named.
    pub staff: Option<StaffId>,
}
