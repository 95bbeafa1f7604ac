//! Knowledge answers as messages.

mod turnover;

use std::collections::BTreeSet;

use super::parts::{Names, bound, coverage, entries, people, reason, stamp};
use crate::domain::event::FeedKind;
use crate::domain::id::{AgencyId, Practitioner};
use crate::grpc::pb;
use crate::projection::coverage::Absence;
use crate::projection::knowledge::{
    Cell, CellState, Holder, How, Promptness, Standing, State, Timing, knowledge_of,
};
use crate::projection::need::{Case, Item};
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// Answers who knew what.
pub(super) fn answer(
    case: &Case<'_>,
    asked: &Asked,
    names: &Names,
    (pack, wanted): (&Pack, &pb::KnowledgeQuestion),
) -> pb::KnowledgeAnswer {
    let found = knowledge_of(case, asked.stamp.latest);
    let named = |agency: &str| {
        wanted.agencies.is_empty() || wanted.agencies.iter().any(|wanted| wanted == agency)
    };
    let of_item = |position: u64| wanted.item.is_none_or(|item| item == position);
    let mut cells: Vec<pb::Cell> = found
        .cells
        .iter()
        .filter(|cell| of_item(cell.item) && named(cell.agency.as_str()))
        .filter(|cell| !wanted.only_problems || is_problem(cell))
        .map(|cell| message(case, cell))
        .collect();
    let agencies = found.holders.iter().filter(|agency| named(agency.as_str()));
    let mut holders: Vec<pb::Holder> = agencies
        .map(|agency| pb::Holder {
            agency: agency.to_string(),
            ..Default::default()
        })
        .collect();
    if wanted.practitioners && !wanted.only_problems {
        let people: BTreeSet<&Practitioner> = case
            .knowledge()
            .facts()
            .filter_map(|fact| match &fact.holder {
                Holder::Practitioner(person) => Some(person),
                Holder::Agency(_) => None,
            })
            .filter(|person| named(person.agency.as_str()))
            .collect();
        for person in people {
            let holder = pb::Holder {
                agency: person.agency.to_string(),
                staff: person.staff.to_string(),
                role_code: names.code(&person.agency, &person.staff),
            };
            let items = found.items.iter().filter(|item| of_item(item.position));
            cells.extend(items.filter_map(|item| of_person(case, item, person, &holder)));
            holders.push(holder);
        }
    }
    let items = found.items.iter().filter(|item| of_item(item.position));
    let of_agency = |agency: &AgencyId| named(agency.as_str());
    let left = turnover::left_behind(case, names, pack, (of_agency, of_item));
    pb::KnowledgeAnswer {
        stamp: Some(stamp(asked, pack)),
        items: items.map(|of| item(case, of)).collect(),
        holders,
        cells,
        coverage: coverage(&asked.cut, case.coverage(), &[FeedKind::Sharing]),
        not_shown_as_read: left.0,
        left_with_person: left.1,
    }
}

/// An item as a message.
pub(super) fn item(case: &Case<'_>, of: &Item) -> pb::Item {
    let reading = case.cut().reading(of.position);
    let event = reading.map(crate::projection::cut::Reading::event);
    let matter = of.matter.iter().copied().chain([of.position]).min();
    pb::Item {
        position: of.position,
        case_seq: reading.map_or(0, |reading| reading.root().case_seq),
        r#type: of.kind.to_owned(),
        agency: of.source.to_string(),
        children: people(&of.children),
        occurred: Some(bound(case.cut(), of.occurred)),
        assertion: event.map_or(0, |event| event.assertion.code()),
        harm: event.map_or(0, |event| event.codes.harm.code()),
        level: event.map_or(0, |event| event.codes.level.code()),
        matter: matter.unwrap_or(of.position),
        corrected: !of.corrected_by.is_empty(),
    }
}

fn is_problem(cell: &Cell) -> bool {
    match &cell.state {
        CellState::Knows { timing, .. } => {
            cell.no_act || matches!(timing, Timing::Late(_) | Timing::Unclear)
        }
        CellState::Disputed
        | CellState::Sent(_)
        | CellState::Possible
        | CellState::Withheld(_)
        | CellState::Undeterminable(_)
        | CellState::NotShared { .. } => true,
        CellState::Source
        | CellState::OwnEntry(_)
        | CellState::Restricted
        | CellState::NotInvolved
        | CellState::NoRule
        | CellState::Due(_) => false,
    }
}

fn message(case: &Case<'_>, cell: &Cell) -> pb::Cell {
    let standing = case.knowledge().agency(&cell.agency, cell.item);
    let (days, timeliness) = timing(&cell.state);
    let rule = cell.rules.first();
    let shown = pb::Cell {
        item: cell.item,
        holder: Some(pb::Holder {
            agency: cell.agency.to_string(),
            ..Default::default()
        }),
        state: i32::from(state(&cell.state)),
        rules: cell.rules.iter().map(|rule| rule.id.clone()).collect(),
        due: rule.map(|rule| rule.due.to_string()).unwrap_or_default(),
        days,
        timeliness: i32::from(timeliness),
        no_action_recorded: cell.no_act,
        sentence: cell.words.clone(),
        outcome_reason: match cell.state {
            CellState::Undeterminable(why)
            | CellState::NotShared {
                outcome: Absence::Undeterminable(why),
                ..
            } => reason(why),
            CellState::Source
            | CellState::Knows { .. }
            | CellState::Disputed
            | CellState::Sent(_)
            | CellState::OwnEntry(_)
            | CellState::Possible
            | CellState::Withheld(_)
            | CellState::Restricted
            | CellState::NotInvolved
            | CellState::NoRule
            | CellState::Due(_)
            | CellState::NotShared { .. } => String::new(),
        },
        ..Default::default()
    };
    with_standing(case, shown, standing.as_ref(), &cell.evidence)
}

/// A cell with since when, how and on what evidence.
fn with_standing(
    case: &Case<'_>,
    mut cell: pb::Cell,
    standing: Option<&Standing>,
    evidence: &[u64],
) -> pb::Cell {
    if let Some(standing) = standing {
        cell.since = Some(bound(case.cut(), standing.since));
        how(standing.how).clone_into(&mut cell.how);
        standing.grade.words().clone_into(&mut cell.grade);
        written_down(standing.promptness).clone_into(&mut cell.written_down);
        cell.dates_differ_by = standing.dates_differ_by;
    }
    cell.evidence = evidence.to_vec();
    cell.evidence_entries = entries(case.cut(), evidence);
    cell
}

fn written_down(promptness: Promptness) -> &'static str {
    match promptness {
        Promptness::AtTheTime => "at_the_time",
        Promptness::Later => "later",
        Promptness::AfterReviewBegan => "after_review_began",
        Promptness::NotStated => "not_stated",
    }
}

fn state(state: &CellState) -> pb::CellState {
    match state {
        CellState::Source => pb::CellState::Source,
        CellState::Knows { .. } => pb::CellState::Knows,
        CellState::Disputed => pb::CellState::Disputed,
        CellState::Sent(_) => pb::CellState::Sent,
        CellState::OwnEntry(_) => pb::CellState::OwnEntry,
        CellState::Possible => pb::CellState::Possible,
        CellState::Withheld(_) => pb::CellState::Withheld,
        CellState::Restricted => pb::CellState::Restricted,
        CellState::Undeterminable(_) => pb::CellState::Undeterminable,
        CellState::NotInvolved => pb::CellState::NotInvolved,
        CellState::NoRule => pb::CellState::NoRuleAsks,
        CellState::Due(_) => pb::CellState::Due,
        CellState::NotShared { .. } => pb::CellState::NotShared,
    }
}

fn timing(state: &CellState) -> (Option<i64>, pb::Timeliness) {
    match state {
        CellState::Knows { days, timing, .. } => match timing {
            Timing::InTime => (Some(*days), pb::Timeliness::InTime),
            Timing::Late(late) => (Some(*late), pb::Timeliness::Late),
            Timing::Unclear => (Some(*days), pb::Timeliness::Undeterminable),
            Timing::NoRule => (Some(*days), pb::Timeliness::Unspecified),
        },
        CellState::Due(left) => (Some(*left), pb::Timeliness::Open),
        CellState::NotShared { days, .. } => (Some(*days), pb::Timeliness::Overdue),
        CellState::Undeterminable(_) => (None, pb::Timeliness::Undeterminable),
        CellState::Source
        | CellState::Disputed
        | CellState::Sent(_)
        | CellState::OwnEntry(_)
        | CellState::Possible
        | CellState::Withheld(_)
        | CellState::Restricted
        | CellState::NotInvolved
        | CellState::NoRule => (None, pb::Timeliness::Unspecified),
    }
}

/// What one practitioner knew of an item; none when nothing is recorded.
fn of_person(
    case: &Case<'_>,
    item: &Item,
    person: &Practitioner,
    holder: &pb::Holder,
) -> Option<pb::Cell> {
    let holder_of = Holder::Practitioner(person.clone());
    let standing: Standing = case.knowledge().standing(&holder_of, item.position)?;
    let (state, words) = match standing.state {
        State::Knows => (pb::CellState::Knows, "knew"),
        State::Disputed => (pb::CellState::Disputed, "receipt disputed"),
        State::Sent => (pb::CellState::Sent, "sent, receipt not recorded"),
        State::Possible => (pb::CellState::Possible, "possibly knew"),
        State::None => return None,
    };
    let cell = pb::Cell {
        item: item.position,
        holder: Some(holder.clone()),
        state: i32::from(state),
        sentence: words.to_owned(),
        ..Default::default()
    };
    Some(with_standing(
        case,
        cell,
        Some(&standing),
        &standing.evidence,
    ))
}

fn how(how: How) -> &'static str {
    match how {
        How::Author => "author",
        How::Told => "told",
        How::SharedSpoken | How::SharedWritten => "share",
        How::Acknowledged => "acknowledgement",
        How::Delivered => "delivered",
        How::Present => "meeting",
        How::Report => "report",
        How::Referral => "referral",
        How::Used => "used",
        How::Minutes => "minutes",
        How::Handover => "handover",
        How::FileRead => "read",
    }
}
