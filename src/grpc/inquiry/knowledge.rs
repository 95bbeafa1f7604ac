//! Knowledge answers as messages.

mod turnover;

use std::collections::BTreeSet;

use super::parts::{Names, bound, coverage, entries, people, reason, stamp};
use crate::domain::event::FeedKind;
use crate::domain::id::{AgencyId, Practitioner};
use crate::grpc::pb;
use crate::projection::coverage::Absence;
use crate::projection::knowledge::{
    Cell, CellState, Holder, How, KnowledgeAnswer, Promptness, Standing, State, Timing,
    both_readings, knowledge_of, practitioner,
};
use crate::projection::late::{Dependence, Earlier};
use crate::projection::need::{Case, Item};
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// Answers who knew what.
pub(super) fn answer(
    asked: &Asked,
    names: &Names,
    (pack, wanted): (&Pack, &pb::KnowledgeQuestion),
) -> pb::KnowledgeAnswer {
    let case = &Case::of(&asked.cut, pack);
    let earlier = asked.earlier.as_ref();
    let earlier = earlier.map(|cuts| cuts.map(|cut| Case::of(cut, pack)));
    let earlier = earlier.as_ref();
    let first = earlier.map(|cases| &cases.first);
    let found = found(case, earlier, asked.stamp.latest);
    let named = |agency: &str| {
        wanted.agencies.is_empty() || wanted.agencies.iter().any(|wanted| wanted == agency)
    };
    let of_item = |position: u64| wanted.item.is_none_or(|item| item == position);
    let shown = found
        .cells
        .iter()
        .filter(|cell| of_item(cell.item) && named(cell.agency.as_str()))
        .filter(|cell| !wanted.only_problems || is_problem(cell));
    let mut cells: Vec<pb::Cell> = Vec::with_capacity(shown.clone().count());
    cells.extend(shown.map(|cell| message(of_reading((case, first), &cell.depends_on), cell)));
    let agencies = found.holders.iter().filter(|agency| named(agency.as_str()));
    let mut holders: Vec<pb::Holder> = agencies
        .map(|agency| pb::Holder {
            agency: agency.to_string(),
            ..Default::default()
        })
        .collect();
    if wanted.practitioners && !wanted.only_problems {
        let both = [Some(case), first].into_iter().flatten();
        let people: BTreeSet<&Practitioner> = both
            .flat_map(|case| case.knowledge().facts())
            .filter_map(|fact| match &fact.holder {
                Holder::Practitioner(person) => Some(person),
                Holder::Agency(_) => None,
            })
            .filter(|person| named(person.agency.as_str()))
            .collect();
        let knowledge = earlier.map(|cases| cases.map(Case::knowledge));
        for person in people {
            let holder = pb::Holder {
                agency: person.agency.to_string(),
                staff: person.staff.to_string(),
                role_code: names.code(&person.agency, &person.staff),
            };
            let items = found.items.iter().filter(|item| of_item(item.position));
            for item in items {
                let both = (person, item.position);
                let both = practitioner(case.knowledge(), knowledge.as_ref(), both);
                cells.extend(both.into_iter().map(|(standing, depends)| {
                    let case = of_reading((case, first), &depends);
                    of_person(case, (item, &holder), &standing, depends)
                }));
            }
            holders.push(holder);
        }
    }
    let items = found.items.iter().filter(|item| of_item(item.position));
    let of_agency = |agency: &AgencyId| named(agency.as_str());
    let left = turnover::left_behind((case, earlier), names, pack, (of_agency, of_item));
    pb::KnowledgeAnswer {
        stamp: Some(stamp(asked, pack)),
        items: items.map(|of| item_of(case, first, of)).collect(),
        holders,
        cells,
        coverage: coverage(&asked.cut, case.coverage(), &[FeedKind::Sharing]),
        not_shown_as_read: left.0,
        left_with_person: left.1,
    }
}

/// The answer; with a late correction, of both readings.
fn found(case: &Case<'_>, earlier: Option<&Earlier<Case<'_>>>, latest: bool) -> KnowledgeAnswer {
    let current = knowledge_of(case, latest);
    let Some(earlier) = earlier else {
        return current;
    };
    both_readings(current, &earlier.map(|case| knowledge_of(case, latest)))
}

/// The case as read by what depends on late corrections.
fn of_reading<'a, 'c>(
    (case, first): (&'a Case<'c>, Option<&'a Case<'c>>),
    depends: &Dependence,
) -> &'a Case<'c> {
    first.filter(|_| depends.first_words).unwrap_or(case)
}

/// An item of either reading as a message.
fn item_of(case: &Case<'_>, first: Option<&Case<'_>>, of: &Item) -> pb::Item {
    match first.filter(|_| case.item(of.position).is_none()) {
        Some(first) => first_item(first, of),
        None => item(case, of),
    }
}

/// An item of the first words only.
pub(super) fn first_item(first: &Case<'_>, of: &Item) -> pb::Item {
    pb::Item {
        first_words_only: true,
        ..item(first, of)
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
        agency: of.source.as_str().to_owned(),
        children: people(&of.children),
        occurred: Some(bound(case.cut(), of.occurred)),
        assertion: event.map_or(0, |event| event.assertion.code()),
        harm: event.map_or(0, |event| event.codes.harm.code()),
        level: event.map_or(0, |event| event.codes.level.code()),
        matter: matter.unwrap_or(of.position),
        corrected: !of.corrected_by.is_empty(),
        first_words_only: false,
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
            agency: cell.agency.as_str().to_owned(),
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
        depends_on_corrections: cell.depends_on.corrections.clone(),
        first_words_only: cell.depends_on.first_words,
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

/// What one practitioner knew of an item, in the case as read.
fn of_person(
    case: &Case<'_>,
    (item, holder): (&Item, &pb::Holder),
    standing: &Standing,
    depends: Dependence,
) -> pb::Cell {
    let (state, words) = match standing.state {
        State::Knows => (pb::CellState::Knows, "knew"),
        State::Disputed => (pb::CellState::Disputed, "receipt disputed"),
        State::Sent => (pb::CellState::Sent, "sent, receipt not recorded"),
        State::Possible => (pb::CellState::Possible, "possibly knew"),
        State::None => (pb::CellState::Unspecified, ""),
    };
    let cell = pb::Cell {
        item: item.position,
        holder: Some(holder.clone()),
        state: i32::from(state),
        sentence: format!("{words}{}", depends.clause()),
        depends_on_corrections: depends.corrections,
        first_words_only: depends.first_words,
        ..Default::default()
    };
    with_standing(case, cell, Some(standing), &standing.evidence)
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
