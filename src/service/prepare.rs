//! Validation off the writer's path: everything about an event that can be decided without knowing what stands before it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::check::{self, Refusal};
use crate::domain::event::case::CaseContent;
use crate::domain::event::feed::FeedContent;
use crate::domain::event::registry::RegistryContent;
use crate::domain::event::{CaseEvent, Content};
use crate::domain::id::{AgencyId, CaseId, EventId};
use crate::ledger::fields::Singular;

use super::access::{Caller, How};
use super::error::{FieldFault, Refused};
use super::limits;

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

/// The newest entry of the case that the author had been shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its number in the case, from 1.
    pub seq: u64,
    /// Its link.
    pub link: [u8; 32],
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
    /// What the author had been shown of this case; `None` = blind.
    pub seen: Option<Seen>,
    /// The event came from a file rather than from the agency's running system.
    pub imported: bool,
}

/// Which chain an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// A case, which it opens or not.
    Case { id: CaseId, opens: bool },
    /// The registry.
    Registry,
}

/// A submission that is right in itself.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) agency: AgencyId,
    pub(super) how: How,
    pub(super) event_id: [u8; 16],
    pub(super) event: CaseEvent,
    pub(super) bytes: Vec<u8>,
    pub(super) secret: [u8; 32],
    pub(super) root: [u8; 32],
    pub(super) route: Route,
    pub(super) case_tag: Option<[u8; 32]>,
    pub(super) expected: Option<Expected>,
    pub(super) seen: Option<Seen>,
    pub(super) imported: bool,
}

/// What preparation needs besides the submission.
#[derive(Debug, Clone)]
pub(super) struct Context<'a> {
    pub(super) decoder: Decoder,
    pub(super) singular: &'a Singular,
    pub(super) now: Timestamp,
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
    let size = submission.event.len();
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
    if submission.event_id.0 == [0; 16] {
        return Err(Refused::field("event_id", "is all zero; send a random UUID"));
    }
    fields::split(&submission.event, context.singular).map_err(not_fields)?;
    let event = (context.decoder)(&submission.event).map_err(refused)?;
    check::event(&event, context.now).map_err(refused)?;
    let route = route(&event)?;
    own_words_only(&agency, &event)?;
    if submission.case_tag.is_some() && !matches!(route, Route::Case { opens: true, .. }) {
        return Err(Refused::field("case_tag", "is only for case.opened; leave it out"));
    }
    let secret = match submission.secret {
        Some(secret) if secret == [0; 32] => {
            return Err(Refused::field("secret", "is all zero; send 32 random bytes or none"));
        }
        Some(secret) => secret,
        None => random()?,
    };
    let root = root_under(&submission.event, context.singular, &secret)?;
    Ok(Prepared {
        agency,
        how: caller.how(),
        event_id: submission.event_id.0,
        event,
        bytes: submission.event,
        secret,
        root,
        route,
        case_tag: submission.case_tag,
        expected: submission.expected,
        seen: submission.seen,
        imported: submission.imported,
    })
}

/// A refusal of the domain in the words of the service; the field is one of the event.
fn refused(refusal: Refusal) -> Refused {
    let reason = format!("{}; {}", refusal.problem, refusal.remedy);
    Refused::Invalid(vec![FieldFault::new(format!("event.{}", refusal.field), reason)])
}

/// The chain an event goes to, by its content and whether it names a case.
fn route(event: &CaseEvent) -> Result<Route, Refused> {
    let opens = match &event.content {
        Content::Case(CaseContent::CaseOpened(_)) => true,
        Content::Registry(_) => {
            return match event.case_id {
                None => Ok(Route::Registry),
                Some(_) => Err(Refused::field("event.case_id", "a registration belongs to no case")),
            };
        }
        _ => false,
    };
    Ok(match &event.case_id {
        Some(id) => Route::Case { id: id.clone(), opens },
        None => Route::Registry,
    })
}

/// An agency declares its own feed and registers itself and its own staff, nobody else's.
fn own_words_only(agency: &AgencyId, event: &CaseEvent) -> Result<(), Refused> {
    let named = match &event.content {
        Content::Registry(RegistryContent::AgencyRegistered(it)) => &it.agency,
        Content::Registry(RegistryContent::PractitionerRegistered(it)) => &it.agency,
        Content::Feed(FeedContent::FeedDeclared(it)) => &it.agency,
        Content::Feed(FeedContent::FeedInterrupted(it)) => &it.agency,
        Content::Feed(FeedContent::FeedResumed(it)) => &it.agency,
        Content::Feed(FeedContent::FeedConfirmedTo(it)) => &it.agency,
        Content::Feed(FeedContent::RecordsConfirmed(it)) => &it.agency,
        _ => return Ok(()),
    };
    if named == agency { Ok(()) } else { Err(Refused::OtherAgency) }
}

/// 32 bytes from the operating system, never all zero.
///
/// # Errors
/// [`Refused::Store`] when the system gives none.
pub(super) fn random() -> Result<[u8; 32], Refused> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refused::Store(format!("no random bytes from the system: {error}")))?;
    if bytes == [0; 32] {
        return Err(Refused::Store("the system's random bytes are all zero".to_owned()));
    }
    Ok(bytes)
}

/// When a call must be answered, on the monotonic clock.
pub(super) type Deadline = Option<Duration>;
