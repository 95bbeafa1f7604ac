//! The matrix: items by agencies, each cell the first of `semantics.md` 7.4 that applies; what was in
//! the room at each meeting; and who has only the first wording of a corrected item.

use jiff::civil::Date;

use super::{Grade, Holder, Knowledge, Standing, State, StatementId, held};
use crate::domain::event::{Attendance, Presence};
use crate::domain::id::AgencyId;
use crate::domain::time::Interval;
use crate::projection::coverage::{Absence, Reason};
use crate::projection::cut::Cut;
use crate::projection::late::Dependence;
use crate::projection::need::{
    Case, Duty, Item, NamedRule, Need, Withholding, days, first_day, last_day,
};
use crate::projection::sharing::{no_act_recorded, sent, words};
use crate::rules::Pack;

/// Whether what was known was shared in time, on the sender's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// By the due day.
    InTime,
    /// So many days past it.
    Late(i64),
    /// A date may lie on either side of the due day.
    Unclear,
    /// No rule asks.
    NoRule,
}

/// What a cell of the matrix says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellState {
    /// It is the agency's own entry.
    Source,
    /// It knew, so many days after the first that did, since that day.
    Knows {
        /// Since.
        on: Date,
        /// Days after the limit started, or after the source knew.
        days: i64,
        /// Whether in time.
        timing: Timing,
    },
    /// It says it did not receive it.
    Disputed,
    /// Sent on that day; receipt not recorded.
    Sent(Date),
    /// It knew of the happening from its own entry, at this position.
    OwnEntry(u64),
    /// Perhaps.
    Possible,
    /// Withheld, with a reason.
    Withheld(Withholding),
    /// The source's handling code forbids it.
    Restricted,
    /// The feeds do not show it.
    Undeterminable(Reason),
    /// The agency did not deal with the child.
    NotInvolved,
    /// No rule asks.
    NoRule,
    /// Due, so many days left.
    Due(i64),
    /// Not shared, so many days so far.
    NotShared {
        /// Days from the start of the need to `until`.
        days: i64,
        /// The last day that the records cover.
        until: Date,
        /// What the absence is worth.
        outcome: Absence,
    },
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The item.
    pub item: StatementId,
    /// The agency.
    pub agency: AgencyId,
    /// The first state that applies.
    pub state: CellState,
    /// Received by its own record, and no act recorded in time.
    pub no_act: bool,
    /// The grade of the evidence, when there is some.
    pub grade: Option<Grade>,
    /// The rules that ask.
    pub rules: Vec<NamedRule>,
    /// Entries it rests on, ascending.
    pub evidence: Vec<u64>,
    /// The cell in words.
    pub words: String,
    /// The late corrections on which it depends.
    pub depends_on: Dependence,
}

/// A meeting: what was considered, what was in the room, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingPicture {
    /// Position of its entry.
    pub position: u64,
    /// Who recorded it.
    pub organiser: AgencyId,
    /// When.
    pub occurred: Interval,
    /// Agencies that attended throughout, the organiser first.
    pub throughout: Vec<AgencyId>,
    /// Agencies that attended in part.
    pub in_part: Vec<AgencyId>,
    /// Agencies invited and absent, by report or with apologies.
    pub absent: Vec<AgencyId>,
    /// Items recorded as considered; none when what was considered is not recorded.
    pub considered: Option<Vec<StatementId>>,
    /// Items known by its end to an agency that attended throughout.
    pub in_the_room: Vec<StatementId>,
    /// Items that somebody knew by then and that were not in the room.
    pub not_in_the_room: Vec<StatementId>,
}

/// Holders that know an item only in the words before a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstWording {
    /// The item.
    pub item: StatementId,
    /// Position of the correction.
    pub correction: u64,
    /// Agencies that knew the item and do not know the correction.
    pub agencies: Vec<AgencyId>,
}

/// Who knew what, by agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeAnswer {
    /// The items, in order; those possibly before the as-at date are marked and in no count.
    pub items: Vec<Item>,
    /// The agencies, in order: the columns.
    pub holders: Vec<AgencyId>,
    /// A cell for each item and agency, by item.
    pub cells: Vec<Cell>,
    /// For each agency, how many matters it certainly knew.
    pub held: Vec<(AgencyId, u32)>,
    /// How many matters existed.
    pub existed: u32,
    /// The meetings, in order.
    pub meetings: Vec<MeetingPicture>,
    /// Corrections that not everybody has.
    pub first_wordings: Vec<FirstWording>,
}

/// The knowledge answer of a cut. `latest` as for [`crate::projection::sharing::sharing`].
pub fn who_knew_what(cut: &Cut, pack: &Pack, latest: bool) -> KnowledgeAnswer {
    knowledge_of(&Case::of(cut, pack), latest)
}

/// The same, of a case already read.
pub fn knowledge_of(case: &Case<'_>, latest: bool) -> KnowledgeAnswer {
    let holders = case.agencies().to_vec();
    let mut cells = Vec::with_capacity(case.items().len().saturating_mul(holders.len()));
    for item in case.items() {
        let of_item = holders.iter();
        cells.extend(of_item.map(|agency| cell(case, item, agency, latest)));
    }
    let matters = matters(case);
    let held = holders
        .iter()
        .map(|agency| {
            let count = matters.iter().filter(|class| {
                class
                    .iter()
                    .any(|item| knows(case.knowledge(), agency, *item))
            });
            (
                agency.clone(),
                u32::try_from(count.count()).unwrap_or(u32::MAX),
            )
        })
        .collect();
    KnowledgeAnswer {
        existed: u32::try_from(matters.len()).unwrap_or(u32::MAX),
        held,
        meetings: meetings(case),
        first_wordings: first_wordings(case, case.agencies()),
        items: case.items().to_vec(),
        holders,
        cells,
    }
}

fn knows(knowledge: &Knowledge, agency: &AgencyId, item: StatementId) -> bool {
    knowledge
        .fact(&Holder::Agency(agency.clone()), item)
        .is_some_and(|fact| fact.state(knowledge.at()) == State::Knows)
}

/// Items as matters, each ascending: duplicates are one piece.
fn matters(case: &Case<'_>) -> Vec<Vec<StatementId>> {
    let counted =
        |item: &&Item| item.certain && !item.struck && item.informs && item.renews.is_none();
    let items = case.items().iter().filter(counted);
    let mut classes: Vec<Vec<StatementId>> = items
        .map(|item| {
            let mut class = item.matter.clone();
            class.push(item.position);
            class.sort_unstable();
            class
        })
        .collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

fn cell(case: &Case<'_>, item: &Item, agency: &AgencyId, latest: bool) -> Cell {
    let need = case.need(item, agency);
    let standing = case.knowledge().agency(agency, item.position);
    let state = state(case, item, agency, (&need, standing.as_ref()));
    let mut evidence = match &standing {
        Some(standing) => standing.evidence.clone(),
        None => vec![item.position],
    };
    if let CellState::Withheld(held) = &state {
        evidence.push(held.position);
    }
    evidence.sort_unstable();
    let no_act = matches!(state, CellState::Knows { .. }) && no_act_recorded(case, item, agency);
    Cell {
        item: item.position,
        agency: agency.clone(),
        words: words::cell(&state, no_act, latest),
        state,
        no_act,
        grade: standing.map(|standing| standing.grade),
        rules: need
            .duty()
            .map(|duty| duty.rules.clone())
            .unwrap_or_default(),
        evidence,
        depends_on: Dependence::default(),
    }
}

fn state(
    case: &Case<'_>,
    item: &Item,
    agency: &AgencyId,
    (need, standing): (&Need, Option<&Standing>),
) -> CellState {
    if item.source == *agency {
        return CellState::Source;
    }
    match standing.map(|standing| (standing.state, standing.since)) {
        Some((State::Knows, since)) => return known(case, item, agency, (need, since)),
        Some((State::Disputed, _)) => return CellState::Disputed,
        Some((State::Sent, since)) => return CellState::Sent(first_day(since)),
        Some((State::Possible | State::None, _)) | None => {}
    }
    let own = item.matter.iter().find(|other| {
        case.item(**other)
            .is_some_and(|other| other.source == *agency && !other.struck)
    });
    if let Some(own) = own {
        return CellState::OwnEntry(*own);
    }
    if standing.is_some_and(|standing| standing.state == State::Possible) {
        return CellState::Possible;
    }
    match need {
        Need::Withheld(held) => CellState::Withheld(held.clone()),
        Need::Restricted => CellState::Restricted,
        Need::Undeterminable(reason, _) => CellState::Undeterminable(*reason),
        Need::NotInvolved => CellState::NotInvolved,
        Need::NoRule | Need::Source => CellState::NoRule,
        Need::Required(duty) => open(case, duty),
    }
}

fn open(case: &Case<'_>, duty: &Duty) -> CellState {
    if case.day() <= duty.due {
        return CellState::Due(days(case.day(), duty.due));
    }
    let until = duty.covered_to.unwrap_or(duty.start).min(case.day());
    CellState::NotShared {
        days: days(duty.start, until),
        until,
        outcome: duty.coverage,
    }
}

fn known(
    case: &Case<'_>,
    item: &Item,
    agency: &AgencyId,
    (need, since): (&Need, Interval),
) -> CellState {
    let on = first_day(since);
    let Some(duty) = need.duty() else {
        let source = case.knowledge().agency(&item.source, item.position);
        let first = source.map_or(on, |source| first_day(source.since));
        return CellState::Knows {
            on,
            days: days(first, on).max(0),
            timing: Timing::NoRule,
        };
    };
    // The limit is the sender's: judged on when it was sent or told. That the agency had it by its own later
    // entries does not say when.
    let sent = sent(case, item, agency).map(|proof| proof.since);
    let timing = if last_day(since) <= duty.due {
        Timing::InTime
    } else {
        match sent {
            Some(sent) if last_day(sent) <= duty.due => Timing::InTime,
            Some(sent) if first_day(sent) > duty.due => {
                Timing::Late(days(duty.due, first_day(sent)))
            }
            Some(_) | None => Timing::Unclear,
        }
    };
    CellState::Knows {
        on,
        days: days(duty.start, on).max(0),
        timing,
    }
}

fn meetings(case: &Case<'_>) -> Vec<MeetingPicture> {
    let mut pictures: Vec<MeetingPicture> = case
        .view
        .statements()
        .filter(|seen| seen.certain && !seen.struck)
        .filter_map(|seen| {
            let held = held(&case.view, seen)?;
            let by = |is: fn(Presence) -> bool| -> Vec<AgencyId> {
                let part = |part: &&Attendance| is(part.presence) && part.agency != *seen.agency;
                held.attendance
                    .iter()
                    .filter(part)
                    .map(|part| part.agency.clone())
                    .collect()
            };
            let mut throughout = vec![seen.agency.clone()];
            throughout.extend(by(|presence| presence == Presence::Full));
            let end = seen.occurred().latest;
            let items = || {
                case.items().iter().filter(|item| {
                    item.certain
                        && !item.struck
                        && item.informs
                        && item.renews.is_none()
                        && item.alias.is_none()
                })
            };
            let knew = |agency: &AgencyId, item: &Item| {
                case.knowledge()
                    .fact(&Holder::Agency(agency.clone()), item.position)
                    .is_some_and(|fact| fact.state(end) == State::Knows)
            };
            let in_the_room: Vec<StatementId> = items()
                .filter(|item| throughout.iter().any(|agency| knew(agency, item)))
                .map(|item| item.position)
                .collect();
            let everybody = case.agencies();
            let not_in_the_room = items()
                .filter(|item| !in_the_room.contains(&item.position))
                .filter(|item| everybody.iter().any(|agency| knew(agency, item)))
                .map(|item| item.position)
                .collect();
            Some(MeetingPicture {
                position: seen.id,
                organiser: seen.agency.clone(),
                occurred: seen.occurred(),
                in_part: by(|presence| presence == Presence::Part),
                absent: by(|presence| {
                    matches!(
                        presence,
                        Presence::Absent | Presence::Apologies | Presence::ReportOnly
                    )
                }),
                throughout,
                considered: held.listed.then_some(held.considered),
                in_the_room,
                not_in_the_room,
            })
        })
        .collect();
    pictures.sort_by_key(|picture| (picture.occurred, picture.position));
    pictures
}

fn first_wordings(case: &Case<'_>, agencies: &[AgencyId]) -> Vec<FirstWording> {
    let mut found = Vec::new();
    for item in case.items() {
        let knew = |agency: &&AgencyId| **agency != item.source;
        if let Some(original) = item.renews {
            let agencies: Vec<AgencyId> = agencies
                .iter()
                .filter(knew)
                .filter(|agency| knows(case.knowledge(), agency, original))
                .filter(|agency| !knows(case.knowledge(), agency, item.position))
                .cloned()
                .collect();
            found.push(FirstWording {
                item: original,
                correction: item.position,
                agencies,
            });
        }
        for correction in &item.corrected_by {
            let Some(made) = case.cut().log().at(*correction) else {
                continue;
            };
            let made = made.recorded_or_appended();
            let agencies: Vec<AgencyId> = agencies
                .iter()
                .filter(knew)
                .filter(|agency| {
                    case.knowledge()
                        .agency(agency, item.position)
                        .is_some_and(|s| s.state == State::Knows && s.since < made)
                })
                .cloned()
                .collect();
            found.push(FirstWording {
                item: item.position,
                correction: *correction,
                agencies,
            });
        }
    }
    found.retain(|wording| !wording.agencies.is_empty());
    found
}
