//! Validation off the writer's path: everything about an event that can be decided without knowing what stands before it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::check::{self, Refusal};
use crate::domain::event::case::CaseContent;
use crate::domain::event::feed::FeedContent;
use crate::domain::event::registry::RegistryContent;
use crate::domain::event::{CaseEvent, Content};
use crate::domain::id::{AgencyId, CaseId, EventId};
use crate::ledger::commitment::{Room, Secret};
use crate::ledger::digest::{ChainTag, FieldsRoot};
use crate::ledger::entry::{
    self, Authenticated, CommittedEvent, EntryKind, Framing, Ingest, PrepareError,
};
use crate::ledger::fields::{FieldRefusal, Singular};
use crate::ledger::statement::{AgencyName, Origin, Seen, Statement};

use super::access::{Caller, How};
use super::error::{FieldFault, Refused};
use super::limits;
use super::random::random;
use super::registry::Reported;

/// Reads the exact bytes of an event. Passed in by the edge, because generated types live there.
pub type Decoder = fn(&[u8]) -> Result<CaseEvent, Refusal>;

/// An expectation about a chain: its number of entries and the link of the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Entries the case should have; 0 for a case that does not exist yet.
    pub seq: u64,
    /// Link of the newest of them; empty when only the number is expected.
    pub link: Vec<u8>,
}

/// One event as it arrives.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Random id, unique for this agency; sending it again is how a repeat is recognised.
    pub event_id: EventId,
    /// The exact bytes of the event.
    pub event: Vec<u8>,
    /// Secret of the event's commitments; `None` = the server takes one from the operating system.
    pub secret: Option<[u8; 32]>,
    /// For `case.opened`: the tag of the new case; `None` = the server takes a random one.
    pub case_tag: Option<[u8; 32]>,
    /// Refuse if the case is not like this.
    pub expected: Option<Expected>,
    /// The newest entry of this case that its author had been shown.
    pub seen: Seen,
    /// The event came from a file rather than from the agency's running system.
    pub imported: bool,
}

/// Which chain an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// A case, which it opens or not.
    Case { id: CaseId, opens: bool },
    /// The registry, which takes in what the event says.
    Registry(Box<CaseEvent>),
}

/// A submission that is right in itself, already committed to under the tag and the ingest it will most likely have.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) agency: AgencyId,
    pub(super) event_id: [u8; 16],
    pub(super) sealable: entry::Prepared,
    pub(super) ingest: Ingest,
    pub(super) route: Route,
    pub(super) case_tag: Option<ChainTag>,
    pub(super) expected: Option<Expected>,
    pub(super) reported: Reported,
}

impl Prepared {
    /// The same under the tag and ingest that the writer decided; free when preparation guessed right, and never a second
    /// commitment to the fields.
    ///
    /// # Errors
    /// [`Refused::Store`] if the event is signed, which this version takes none of.
    pub(super) fn sealable_for(
        &self,
        tag: ChainTag,
        ingest: Ingest,
    ) -> Result<Cow<'_, entry::Prepared>, Refused> {
        if self.sealable.statement().tag == tag && self.ingest == ingest {
            return Ok(Cow::Borrowed(&self.sealable));
        }
        let moved = self.sealable.moved_to(tag, ingest);
        moved
            .map(Cow::Owned)
            .ok_or_else(|| Refused::Store("a signed event cannot be moved".to_owned()))
    }
}

/// What preparation needs besides the submission: the ledger's name and schema, the time, and a guess of tag and ingest.
#[derive(Clone)]
pub(super) struct Context<'a> {
    pub(super) origin: &'a Origin,
    pub(super) decoder: Decoder,
    pub(super) singular: &'a Singular,
    pub(super) now: Timestamp,
    pub(super) guess_tag: &'a dyn Fn(&CaseId) -> Option<ChainTag>,
    pub(super) guess_backload: &'a dyn Fn(&AgencyId, &Reported) -> bool,
}

thread_local! {
    /// Where this thread commits to the fields of an event after the other.
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Checks one submission and commits to its fields.
///
/// # Errors
/// [`Refused`] naming the field that is wrong.
pub(super) fn prepare(
    context: &Context<'_>,
    caller: &Caller,
    submission: Submission,
) -> Result<Prepared, Refused> {
    let agency = caller.agency()?.clone();
    let (event_id, imported) = (submission.event_id.0, submission.imported);
    let size = submission.event.len();
    has_size(size)?;
    if event_id == [0; 16] {
        let reason = "is all zero; send a random UUID";
        return Err(Refused::field("event_id", reason));
    }
    // Before the typed view: a refusal of the format names what the decoder would only call malformed.
    let secret = secret(submission.secret)?;
    let committed = ROOM.with_borrow_mut(|room| {
        CommittedEvent::new(submission.event, secret, context.singular, room)
    });
    let committed = committed.map_err(not_fields)?;
    let event = (context.decoder)(committed.event()).map_err(|refusal| refused(&refusal))?;
    check::event(&event, context.now).map_err(|refusal| refused(&refusal))?;
    own_words_only(&agency, &event)?;
    let reported = Reported::of(&event, imported);
    let route = route(event)?;
    let opens = matches!(route, Route::Case { opens: true, .. });
    if submission.case_tag.is_some() && !opens {
        let reason = "is only for case.opened; leave it out";
        return Err(Refused::field("case_tag", reason));
    }
    let (kind, tag) = match &route {
        Route::Registry(_) => (
            EntryKind::RegistryEvent,
            Some(context.origin.registry_tag()),
        ),
        Route::Case { id, .. } => (EntryKind::CaseEvent, (context.guess_tag)(id)),
    };
    let backload = (context.guess_backload)(&agency, &reported);
    let ingest = if backload {
        Ingest::Backload
    } else {
        Ingest::Live
    };
    let how = match caller.how() {
        How::Development => Authenticated::Development,
    };
    let statement = Statement {
        origin: context.origin.clone(),
        tag: tag.unwrap_or(ChainTag::ZERO),
        event_id,
        agency: agency_name(&agency)?,
        key_id: None,
        seen: submission.seen,
        fields_root: FieldsRoot::ZERO,
    };
    let framing = Framing {
        kind,
        statement,
        signature: None,
        ingest,
        authenticated: how,
    };
    let sealable = committed.prepare(framing).map_err(not_sealable)?;
    Ok(Prepared {
        agency,
        event_id,
        sealable,
        ingest,
        route,
        case_tag: submission.case_tag.map(ChainTag::new),
        expected: submission.expected,
        reported,
    })
}

/// Refuses an event without bytes, or with too many.
fn has_size(size: usize) -> Result<(), Refused> {
    if size > limits::EVENT_BYTES {
        return Err(Refused::TooLarge {
            what: "the event",
            actual: size,
            limit: limits::EVENT_BYTES,
        });
    }
    if size == 0 {
        return Err(Refused::field("event", "is missing"));
    }
    Ok(())
}

/// The author in the format's words; the ledger itself never calls.
fn agency_name(agency: &AgencyId) -> Result<AgencyName, Refused> {
    match agency.as_str().parse::<AgencyName>() {
        Ok(name) if !name.is_ledger() => Ok(name),
        Ok(_) | Err(_) => Err(Refused::OtherAgency),
    }
}

/// The secret that was sent, or one from the operating system.
fn secret(sent: Option<[u8; 32]>) -> Result<Secret, Refused> {
    let bytes = match sent {
        Some(bytes) => bytes,
        None => random()?,
    };
    Secret::new(bytes).map_err(|error| Refused::field("secret", error.to_string()))
}

/// A refusal of the format: the event's bytes are not fields.
pub(super) fn not_fields(refusal: FieldRefusal) -> Refused {
    let mut field = vec!["event".to_owned()];
    let numbers = [refusal.body, refusal.number];
    field.extend(numbers.iter().flatten().map(ToString::to_string));
    Refused::field(field.join("."), refusal.to_string())
}

fn not_sealable(error: PrepareError) -> Refused {
    match error {
        PrepareError::Fields(refusal) => not_fields(refusal),
        PrepareError::FieldsRoot => Refused::field("event", error.to_string()),
    }
}

/// A refusal of the domain in the words of the service; the field is one of the event.
fn refused(refusal: &Refusal) -> Refused {
    let reason = format!("{}; {}", refusal.problem, refusal.remedy);
    Refused::Invalid(vec![FieldFault::new(
        format!("event.{}", refusal.field),
        reason,
    )])
}

/// The chain an event goes to, by its content and whether it names a case.
fn route(event: CaseEvent) -> Result<Route, Refused> {
    let opens = matches!(event.content, Content::Case(CaseContent::CaseOpened(_)));
    let registers = matches!(event.content, Content::Registry(_));
    match event.case_id {
        None => Ok(Route::Registry(Box::new(event))),
        Some(_) if registers => {
            let reason = "a registration belongs to no case";
            Err(Refused::field("event.case_id", reason))
        }
        Some(id) => Ok(Route::Case { id, opens }),
    }
}

/// An agency declares its own feed and registers itself and its own staff, nobody else's.
fn own_words_only(agency: &AgencyId, event: &CaseEvent) -> Result<(), Refused> {
    let named = if let Content::Registry(registered) = &event.content {
        match registered {
            RegistryContent::AgencyRegistered(it) => &it.agency,
            RegistryContent::PractitionerRegistered(it) => &it.agency,
        }
    } else if let Content::Feed(feed) = &event.content {
        match feed {
            FeedContent::FeedDeclared(it) => &it.agency,
            FeedContent::FeedInterrupted(it) => &it.agency,
            FeedContent::FeedResumed(it) => &it.agency,
            FeedContent::FeedConfirmedTo(it) => &it.agency,
            FeedContent::RecordsConfirmed(it) => &it.agency,
        }
    } else {
        return Ok(());
    };
    if named == agency {
        Ok(())
    } else {
        Err(Refused::OtherAgency)
    }
}

/// When a call must be answered, on the monotonic clock.
pub(super) type Deadline = Option<Duration>;
