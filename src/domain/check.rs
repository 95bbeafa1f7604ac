//! What can never be right in an event, whatever the case: refused before it is sealed.
//!
//! Pure: the appended time is given. Text and list limits are applied while an event is read from
//! the wire, by [`text`] and [`count`]; [`event`] checks what takes the whole event to see.

use jiff::{SignedDuration, Timestamp};

use super::event::record::RecordContent;
use super::event::sharing::{SharingContent, WithholdReason};
use super::event::{CaseEvent, Content, SourceKind};
use super::time::When;

/// The most bytes of a code, name or other one-line value.
pub const LINE_MAX: usize = 200;
/// The most bytes of one text.
pub const TEXT_MAX: usize = 20_000;
/// The most members of one list.
pub const LIST_MAX: usize = 500;
/// How much later than the appended time a claimed time may lie, for clocks that differ.
pub const CLOCK_LEEWAY: SignedDuration = SignedDuration::from_mins(5);

/// Why an event is refused: which field, what is wrong, what to do. Never holds the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}; {remedy}")]
pub struct Refusal {
    /// The field, as a dotted path of wire names: `share_withheld.reason`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Refusal {
    /// A refusal of one field.
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// Checks the length of a text, in bytes.
///
/// # Errors
/// [`Refusal`] when it is longer than `max`.
pub fn text(field: &str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.len() <= max {
        return Ok(());
    }
    let problem = format!("is {} bytes long, more than {max}", text.len());
    Err(Refusal::new(
        field,
        problem,
        "shorten it, or keep the document and send a summary",
    ))
}

/// Checks the length of a list.
///
/// # Errors
/// [`Refusal`] when it has more than [`LIST_MAX`] members.
pub fn count(field: &str, len: usize) -> Result<(), Refusal> {
    if len <= LIST_MAX {
        return Ok(());
    }
    let problem = format!("has {len} members, more than {LIST_MAX}");
    Err(Refusal::new(field, problem, "split the event"))
}

/// Checks a whole event that would be sealed at `appended`.
///
/// # Errors
/// [`Refusal`] naming the first field that cannot be right.
pub fn event(event: &CaseEvent, appended: Timestamp) -> Result<(), Refusal> {
    checked(event, appended, "")
}

fn checked(event: &CaseEvent, appended: Timestamp, at: &str) -> Result<(), Refusal> {
    if event.source.kind == SourceKind::NotStated {
        return Err(Refusal::new(
            format!("{at}source.kind"),
            "is missing",
            "say where the information came from",
        ));
    }
    let clocks = [
        ("occurred", Some(&event.occurred)),
        ("known", event.known.as_ref()),
        ("recorded", event.recorded.as_ref()),
    ];
    for (name, when) in clocks {
        if when.is_some_and(|when| is_future(when, appended)) {
            return Err(Refusal::new(
                format!("{at}{name}"),
                "lies in the future",
                "correct the date; plans belong in fields such as due",
            ));
        }
    }
    let needs_case = !matches!(event.content, Content::Feed(_) | Content::Registry(_));
    if needs_case && event.case_id.is_none() {
        return Err(Refusal::new(
            format!("{at}case_id"),
            "is missing",
            "name the case; only feed and registry events have none",
        ));
    }
    checked_content(event, appended, at)
}

/// The whole of the claimed time lies after the appended time and its leeway.
fn is_future(when: &When, appended: Timestamp) -> bool {
    let limit = appended.checked_add(CLOCK_LEEWAY).unwrap_or(Timestamp::MAX);
    when.lower().is_some_and(|from| from > limit)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these kinds have conditions of their own; a new kind has none until one is written"
)]
fn checked_content(event: &CaseEvent, appended: Timestamp, at: &str) -> Result<(), Refusal> {
    match &event.content {
        Content::Sharing(SharingContent::ShareWithheld(withheld)) => {
            let field = format!("{at}share_withheld.reason");
            match withheld.reason {
                WithholdReason::NotStated => Err(Refusal::new(
                    field,
                    "is missing",
                    "say why it is withheld: a withholding without a reason is not recorded",
                )),
                WithholdReason::Other if withheld.reason_text.trim().is_empty() => Err(
                    Refusal::new(field, "is other, without words", "give reason_text"),
                ),
                _ => Ok(()),
            }
        }
        Content::Record(RecordContent::EventCorrected(correction)) => {
            let corrected = &correction.corrected;
            let inside = format!("{at}event_corrected.corrected.");
            if matches!(corrected.content, Content::Record(_)) {
                return Err(Refusal::new(
                    inside,
                    "is itself an entry about the record",
                    "send the whole corrected event, and the original as the target",
                ));
            }
            checked(corrected, appended, &inside)
        }
        _ => Ok(()),
    }
}
