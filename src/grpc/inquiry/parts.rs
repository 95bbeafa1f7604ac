//! What all answers share: the question, the stamp, days, names, coverage.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tonic::Status;

use crate::domain::event::{Content, FeedKind};
use crate::domain::id::{AgencyId, CaseId, PersonRef, StaffId};
use crate::domain::time::{AsAt, Interval, london_date};
use crate::grpc::pb;
use crate::grpc::status::{bad_field, status};
use crate::projection::allocation::days::DayRange;
use crate::projection::coverage::{Absence, Cover, Coverage, Reason};
use crate::projection::cut::{Basis, Cut};
use crate::projection::knowledge::Holder;
use crate::rules::pack::Pack;
use crate::service::inquiry::{Asked, Question, eyes};
use crate::service::registry::Registry;

/// Role codes of practitioners, as registered today: names stand outside the as-at law.
pub(super) struct Names {
    codes: BTreeMap<(AgencyId, StaffId), (String, i32)>,
}

impl Names {
    pub(super) fn of(registry: &Registry) -> Self {
        let row = |person: &crate::domain::event::registry::PractitionerRegistered| {
            let key = (person.agency.clone(), person.staff.clone());
            (key, (person.role_code.clone(), person.role.code()))
        };
        Self {
            codes: registry.practitioners().map(row).collect(),
        }
    }

    /// The role code; empty when none is registered.
    pub(super) fn code(&self, agency: &AgencyId, staff: &StaffId) -> String {
        let found = self.codes.get(&(agency.clone(), staff.clone()));
        found.map(|(code, _)| code.clone()).unwrap_or_default()
    }

    /// Everybody registered with one of these agencies.
    pub(super) fn of_agencies(&self, agencies: &[&AgencyId]) -> Vec<pb::PractitionerRow> {
        let rows = self
            .codes
            .iter()
            .filter(|((agency, _), _)| agencies.contains(&agency));
        rows.map(|((agency, staff), (role_code, role))| pb::PractitionerRow {
            agency: agency.to_string(),
            staff: staff.to_string(),
            role_code: role_code.clone(),
            role: *role,
        })
        .collect()
    }
}

/// The question of a request.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the field.
pub(super) fn question(case_id: &str, as_at: Option<&pb::AsAt>) -> Result<Question, Status> {
    let case = CaseId::new(case_id).map_err(|error| bad_field("case_id", &error.to_string()))?;
    let Some(asked) = as_at else {
        return Ok(Question::latest(case));
    };
    let basis = match asked.basis() {
        pb::Basis::Unspecified | pb::Basis::Then => Basis::Then,
        pb::Basis::Recorded => Basis::Recorded,
        pb::Basis::Ledger => Basis::Ledger,
        pb::Basis::Now => Basis::Now,
    };
    if pb::Basis::try_from(asked.basis).is_err() {
        return Err(bad_field(
            "as_at.basis",
            "is one of then, recorded, ledger, now",
        ));
    }
    let date = asked.date.trim();
    let as_at = if date.is_empty() || date.eq_ignore_ascii_case("latest") {
        None
    } else {
        let read: Result<AsAt, _> = date.parse();
        Some(read.map_err(|error| bad_field("as_at.date", &error.to_string()))?)
    };
    let eyes = match asked.eyes.as_str() {
        "" => None,
        text => Some(eyes(text).map_err(|refused| status(&refused))?),
    };
    Ok(Question {
        case,
        as_at,
        basis,
        position: asked.position,
        eyes,
        agencies: Vec::new(),
    })
}

/// The window of an allocation question; a bound left out is the widest.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the field.
pub(super) fn window(from: &str, to: &str) -> Result<Option<(Date, Date)>, Status> {
    let day = |field: &str, text: &str, open: Date| -> Result<Date, Status> {
        if text.is_empty() {
            return Ok(open);
        }
        text.parse()
            .map_err(|_no_day| bad_field(field, "is not a day as YYYY-MM-DD"))
    };
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let (from, to) = (
        day("window_from", from, Date::MIN)?,
        day("window_to", to, Date::MAX)?,
    );
    if to < from {
        return Err(bad_field("window_to", "lies before window_from"));
    }
    Ok(Some((from, to)))
}

pub(super) fn holder_text(holder: &Holder) -> String {
    match holder {
        Holder::Agency(agency) => agency.to_string(),
        Holder::Practitioner(person) => person.to_string(),
    }
}

/// What the answer rests on.
pub(super) fn stamp(asked: &Asked, pack: &Pack) -> pb::Stamp {
    let of = &asked.stamp;
    let basis = match of.basis {
        Basis::Then => pb::Basis::Then,
        Basis::Recorded => pb::Basis::Recorded,
        Basis::Ledger => pb::Basis::Ledger,
        Basis::Now => pb::Basis::Now,
    };
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    pb::Stamp {
        case_id: of.case.to_string(),
        as_at: Some(prost_types::Timestamp {
            seconds: of.instant.as_second(),
            nanos: of.instant.subsec_nanosecond(),
        }),
        as_at_text: of.text.clone(),
        basis: i32::from(basis),
        eyes: of.eyes.as_ref().map(holder_text).unwrap_or_default(),
        position: of.position,
        case_seq: of.case_seq,
        case_head: of.case_head.as_bytes().to_vec(),
        rule_pack: format!("{} {}", pack.id(), pack.version()),
        rule_pack_digest: pack.digest().as_bytes().to_vec(),
        entries_in_cut: count(asked.cut.facts().count()),
        entries_possible: count(asked.cut.possible().count()),
        entries_hidden: 0,
        entries_erased: of.erased,
    }
}

/// A day that may be uncertain; a bound after the as-at date is not shown.
pub(super) fn bound(cut: &Cut, interval: Interval) -> pb::DayBound {
    let shown = cut.shown(interval);
    let last = |exclusive: jiff::Timestamp| {
        let tick = crate::domain::time::TICK;
        london_date(exclusive.checked_sub(tick).unwrap_or(exclusive)).to_string()
    };
    pb::DayBound {
        earliest: shown
            .earliest
            .map(|t| london_date(t).to_string())
            .unwrap_or_default(),
        latest: shown.latest.map(last).unwrap_or_default(),
    }
}

/// Days as a bound; one after the as-at date `today` is not shown.
pub(super) fn range(days: DayRange, today: Date) -> pb::DayBound {
    let latest = if days.latest <= today {
        days.latest.to_string()
    } else {
        String::new()
    };
    pb::DayBound {
        earliest: days.earliest.map(|day| day.to_string()).unwrap_or_default(),
        latest,
    }
}

/// One known day.
pub(super) fn day(day: Date) -> pb::DayBound {
    pb::DayBound {
        earliest: day.to_string(),
        latest: day.to_string(),
    }
}

pub(super) fn people(children: &[PersonRef]) -> Vec<String> {
    children.iter().map(ToString::to_string).collect()
}

/// What an absence is worth, as named in data.
pub(super) fn worth(absence: Absence) -> String {
    match absence {
        Absence::NoRecord => "no record".to_owned(),
        Absence::Unconfirmed => {
            "no record; the agency has not confirmed that it sent everything".to_owned()
        }
        Absence::Undeterminable(why) => format!("undeterminable ({})", reason(why)),
    }
}

/// Why it cannot be told.
pub(super) fn reason(why: Reason) -> String {
    match why {
        Reason::NotConnected => "feed not connected".to_owned(),
        Reason::KindNotCarried => "feed does not carry this kind".to_owned(),
        Reason::FieldNotCollected => "feed does not collect this field".to_owned(),
        Reason::NotConfirmed => "not confirmed".to_owned(),
        Reason::Hidden(n) => format!("{n} entries not visible to you"),
        Reason::Erased(n) => format!("{n} entries erased"),
        Reason::DateStraddles => "a date straddles the bound".to_owned(),
        Reason::NotKnownToEyes => "what these eyes did not see is left out".to_owned(),
    }
}

/// What each agency and kind covers, in spans of days, from the first day that the cut speaks of.
pub(super) fn coverage(cut: &Cut, coverage: &Coverage, kinds: &[FeedKind]) -> Vec<pb::Coverage> {
    let earliest = cut
        .facts()
        .filter_map(|reading| reading.occurred().earliest)
        .min();
    let Some(first) = earliest.map(london_date) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for agency in coverage.agencies() {
        let evidence = declarations(cut, agency);
        for kind in kinds {
            let mut from = first;
            while from <= coverage.day() {
                let state = coverage.cover(agency, *kind, from);
                let mut to = coverage.next_change(agency, *kind, from);
                while to <= coverage.day() && coverage.cover(agency, *kind, to) == state {
                    to = coverage.next_change(agency, *kind, to);
                }
                let open = to > coverage.day();
                rows.push(pb::Coverage {
                    agency: agency.to_string(),
                    kind: kind.code(),
                    from: from.to_string(),
                    to: if open { String::new() } else { to.to_string() },
                    state: i32::from(cover(state)),
                    evidence: evidence.clone(),
                });
                from = to;
            }
        }
    }
    rows
}

/// The entries at these positions, each by the agency's own id too.
pub(super) fn entries(cut: &Cut, positions: &[u64]) -> Vec<pb::EvidenceEntry> {
    let all = cut.log().entries();
    let at = |position: &u64| {
        let index = all.binary_search_by_key(position, |entry| entry.position);
        all.get(index.ok()?)
    };
    let found = positions.iter().filter_map(at);
    let row = |entry: &crate::projection::placed::Placed| pb::EvidenceEntry {
        position: entry.position,
        agency: entry.agency.as_str().to_owned(),
        event_id: entry.event_id.to_string(),
        r#type: entry.event.content.type_name().to_owned(),
    };
    found.map(row).collect()
}

/// Positions of the entries that say what an agency's feed carries.
fn declarations(cut: &Cut, agency: &AgencyId) -> Vec<u64> {
    let is_one = |reading: &&crate::projection::cut::Reading| {
        reading.agency() == agency && matches!(reading.event().content, Content::Feed(_))
    };
    let found = cut.readings().iter().filter(is_one);
    found
        .map(crate::projection::cut::Reading::position)
        .collect()
}

fn cover(state: Cover) -> pb::CoverageState {
    match state {
        Cover::Live => pb::CoverageState::Live,
        Cover::Confirmed => pb::CoverageState::Confirmed,
        Cover::Backloaded => pb::CoverageState::Backloaded,
        Cover::KindNotCarried => pb::CoverageState::KindNotCarried,
        Cover::NotConnected => pb::CoverageState::NotConnected,
    }
}

/// A count for a message; the largest there is when it does not fit.
pub(super) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Days for a message that cannot be negative.
pub(super) fn small_days(n: i64) -> u32 {
    u32::try_from(n.max(0)).unwrap_or(u32::MAX)
}
