//! Sentences of an allocation answer, in neutral words.

use jiff::civil::Date;

use crate::domain::event::registry::AgencyKind;
use crate::domain::id::AgencyId;
use crate::projection::coverage::Reason;

/// A date as people write it: 15 March 2010.
pub fn date(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// What an agency is called in a sentence.
pub fn agency(kind: Option<AgencyKind>, id: &AgencyId) -> String {
    match kind {
        Some(AgencyKind::ChildrenSocialCare) => "social care".to_owned(),
        Some(AgencyKind::Police) => "the police".to_owned(),
        Some(AgencyKind::School) => format!("the school ({id})"),
        Some(AgencyKind::Health) => format!("health ({id})"),
        Some(AgencyKind::Cafcass) => "Cafcass".to_owned(),
        _ => id.to_string(),
    }
}

/// A time of which it cannot be known whether anybody was allocated.
pub(super) fn unknown(
    from: Date,
    to: Date,
    reason: Reason,
    kind: Option<AgencyKind>,
    id: &AgencyId,
) -> String {
    let who = agency(kind, id);
    let why = match reason {
        Reason::NotConfirmed => {
            format!("{who} has not confirmed its allocations for this period")
        }
        Reason::NotConnected => format!("the feed of {who} does not cover this period"),
        Reason::KindNotCarried => format!("the feed of {who} does not carry allocations"),
        Reason::FieldNotCollected => format!("the feed of {who} does not collect this"),
        Reason::Hidden(n) => format!("{n} entries that may bear on it are not visible to you"),
        Reason::Erased(n) => format!("{n} entries that may bear on it are erased"),
        Reason::DateStraddles => "a date that bears on it is uncertain".to_owned(),
        Reason::NotKnownToEyes => {
            format!("what {who} recorded and these eyes did not see is left out")
        }
    };
    format!("{} to {} cannot be known: {why}", date(from), date(to))
}
