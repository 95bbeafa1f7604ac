//! What an agency says happened: the envelope that every event has, and its typed content.
//!
//! An event is a claim of its author. Who the author is comes from the credentials and the ledger,
//! never from the event. Times are claims too, see [`crate::domain::time`].

mod coded;
mod content;
mod parts;

pub mod allocation;
pub mod care;
pub mod case;
pub mod challenge;
pub mod concern;
pub mod contact;
pub mod court;
pub mod enquiry;
pub mod feed;
pub mod involvement;
pub mod meeting;
pub mod plan;
pub mod record;
pub mod referral;
pub mod registry;
pub mod review;
pub mod sharing;
pub mod wire;

pub use content::{Content, Group};
pub use parts::{
    Actor, AgeBand, AssertionKind, Attendance, Channel, Employment, FeedKind, Handling,
    HandlingCode, Harm, Level, OtherPerson, PersonRelation, Presence, Recipient, Relation,
    RelationKind, Role, Significance, SourceKind, SourceOfInformation, Told, Tri, WordsRef,
};

use crate::domain::id::{AgencyId, CaseId, EventId, PersonRef};
use crate::domain::time::When;

/// Names another entry, which may not have arrived yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryRef {
    /// By its id in the system of the agency that recorded it.
    Source {
        /// That agency.
        agency: AgencyId,
        /// The id there: [`CaseEvent::source_record_id`] of the target.
        record_id: String,
    },
    /// By its event id.
    Event {
        /// The agency that recorded it.
        agency: AgencyId,
        /// The event id.
        id: EventId,
    },
}

impl EntryRef {
    /// The agency that recorded the target.
    pub fn agency(&self) -> &AgencyId {
        match self {
            Self::Source { agency, .. } | Self::Event { agency, .. } => agency,
        }
    }
}

impl std::fmt::Display for EntryRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source { agency, record_id } => write!(f, "{agency}:{record_id}"),
            Self::Event { agency, id } => write!(f, "{agency}:{id}"),
        }
    }
}

/// The coded fields that say who needs to know an item (`semantics.md` 7.2). All may be not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemCodes {
    /// The kind of harm.
    pub harm: Harm,
    /// How serious.
    pub level: Level,
    /// Whether an offence may have been committed.
    pub possible_offence: Tri,
    /// Whether the explanation given fits.
    pub explanation_consistent: Tri,
    /// Whether a child was present.
    pub child_present: Tri,
    /// A person said to have been involved in the harm.
    pub other_person: Option<OtherPerson>,
}

/// One event, as its author sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseEvent {
    /// The case; none only for registry and feed events. For `case.opened`, the id its author chose.
    pub case_id: Option<CaseId>,
    /// The children it is about; empty means every subject child of the case.
    pub children: Vec<PersonRef>,
    /// Who acted for the author agency.
    pub actor: Option<Actor>,
    /// When the thing that the kind names took place.
    pub occurred: When,
    /// When the author learned of it, when stated.
    pub known: Option<When>,
    /// When it was entered in the author's own system, when stated.
    pub recorded: Option<When>,
    /// The period that the words are about. Enters no clock.
    pub about_period: Option<When>,
    /// Where the author had it from.
    pub source: SourceOfInformation,
    /// The author's own system; empty when not stated.
    pub source_system: String,
    /// The record's id in that system; empty when not stated, and then no reference by it works.
    pub source_record_id: String,
    /// The author's own running number, which orders events of one day.
    pub agency_sequence: Option<u64>,
    /// What kind of statement it is.
    pub assertion: AssertionKind,
    /// The weight that the author gave it; never removes a duty.
    pub significance: Significance,
    /// What the source allows to be done with it.
    pub handling: Option<Handling>,
    /// Who was told when it was recorded.
    pub told: Vec<Told>,
    /// Links to other entries.
    pub relations: Vec<Relation>,
    /// The lawful basis, as the agency words it; empty when not stated.
    pub lawful_basis: String,
    /// The coded fields of an item.
    pub codes: ItemCodes,
    /// What happened.
    pub content: Content,
    /// How many fields of the envelope and the body this program does not know. They are sealed
    /// like all others.
    pub unknown_fields: u32,
}

impl CaseEvent {
    /// An event with this content and source, everything else not stated.
    pub fn new(case_id: Option<CaseId>, source: SourceOfInformation, content: Content) -> Self {
        Self {
            case_id,
            children: Vec::new(),
            actor: None,
            occurred: When::unknown(),
            known: None,
            recorded: None,
            about_period: None,
            source,
            source_system: String::new(),
            source_record_id: String::new(),
            agency_sequence: None,
            assertion: AssertionKind::NotStated,
            significance: Significance::NotStated,
            handling: None,
            told: Vec::new(),
            relations: Vec::new(),
            lawful_basis: String::new(),
            codes: ItemCodes::default(),
            content,
            unknown_fields: 0,
        }
    }

    /// The kind of feed that carries such an event; none for events about the record, feeds and
    /// the registry, which every feed may carry.
    pub fn feed_kind(&self) -> Option<FeedKind> {
        self.content.feed_kind()
    }
}

impl Channel {
    /// Both sides are there at once, so what is said is received. A message left is not; neither is
    /// a channel that is not stated.
    pub fn is_synchronous(self) -> bool {
        matches!(
            self,
            Self::InPerson | Self::Telephone | Self::Video | Self::Meeting
        )
    }
}

impl Content {
    /// The kind of feed that carries such content; see [`CaseEvent::feed_kind`].
    pub fn feed_kind(&self) -> Option<FeedKind> {
        use allocation::AllocationContent as A;
        match self {
            Self::Case(_) => Some(FeedKind::Case),
            Self::Referral(_) => Some(FeedKind::Referral),
            Self::Concern(_) => Some(FeedKind::Concern),
            Self::Allocation(A::SupervisionHeld(_) | A::ManagementOversight(_)) => {
                Some(FeedKind::Supervision)
            }
            Self::Allocation(A::FileReadAttested(_)) => Some(FeedKind::Reads),
            Self::Allocation(_) => Some(FeedKind::Allocation),
            Self::Contact(_) => Some(FeedKind::Contact),
            Self::Enquiry(_) => Some(FeedKind::Enquiry),
            Self::Meeting(_) => Some(FeedKind::Meeting),
            Self::Plan(_) => Some(FeedKind::Plan),
            Self::Court(_) => Some(FeedKind::Court),
            Self::Care(_) => Some(FeedKind::Care),
            Self::Challenge(_) => Some(FeedKind::Challenge),
            Self::Sharing(_) => Some(FeedKind::Sharing),
            Self::Involvement(_) => Some(FeedKind::Involvement),
            Self::Review(_) => Some(FeedKind::Review),
            Self::Record(_) | Self::Feed(_) | Self::Registry(_) | Self::Unrecognised(_) => None,
        }
    }

    /// A statement about the record rather than about the child's life (`semantics.md` 2).
    pub fn is_about_record(&self) -> bool {
        matches!(self, Self::Record(_) | Self::Feed(_) | Self::Registry(_))
    }
}
