//! What a change of holder leaves behind (`semantics.md` 6.4): items on file that nothing shows the new
//! holder read, and items that left with the person.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Grade, Holder, State, StatementId};
use crate::domain::event::{Content, FeedKind, Role, Significance};
use crate::domain::id::{AgencyId, PersonRef, Practitioner};
use crate::projection::coverage::Absence;
use crate::projection::late::Dependence;
use crate::projection::need::{Case, Item, day_after, first_day, same_child};

/// One holder of a role followed by another, or by nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderChange {
    /// The role.
    pub role: Role,
    /// The children; empty means all.
    pub children: Vec<PersonRef>,
    /// Who held it.
    pub from: Practitioner,
    /// The first day on which they no longer did.
    pub ended: Date,
    /// Who holds it next, and from which day.
    pub to: Option<(Practitioner, Date)>,
}

/// Items on file at a change of holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFile {
    /// The change.
    pub change: HolderChange,
    /// Items known to the one before, on the agency's own record, of which nothing shows that the next
    /// read them, was handed them or acted on them.
    pub items: Vec<StatementId>,
    /// The last day in which that is looked for.
    pub due: Date,
    /// Whether it is a finding: the time is over. Before, it is only a state.
    pub is_finding: bool,
    /// What the absence is worth: undeterminable if the feed does not carry reads.
    pub outcome: Absence,
    /// The late corrections on which it depends.
    pub depends_on: Dependence,
}

/// An item, of those that the next holder should know, that an agency knew only through practitioners none of whom
/// holds the case now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftWithPerson {
    /// The item.
    pub item: StatementId,
    /// The agency.
    pub agency: AgencyId,
    /// Those who knew it, sorted: somebody who held the case, and whoever else it was told to.
    pub known_to: Vec<Practitioner>,
    /// The day on which the last of them ceased to hold the case; or was told, if later.
    pub since: Date,
    /// Whether it rests on somebody else's word alone.
    pub unconfirmed: bool,
    /// What it is worth that the agency has no entry of it and nobody else is shown to have read it; undeterminable
    /// if the feed does not carry reads.
    pub outcome: Absence,
    /// Entries it rests on, ascending.
    pub evidence: Vec<u64>,
    /// The late corrections on which it depends.
    pub depends_on: Dependence,
}

/// What one change after another left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turnover {
    /// One row a change.
    pub on_file: Vec<OnFile>,
    /// One row an item.
    pub left: Vec<LeftWithPerson>,
}

/// What the changes of holders left behind. `holders` are the effective holders at the as-at date.
pub fn turnover(
    case: &Case<'_>,
    changes: &[HolderChange],
    holders: &BTreeSet<Practitioner>,
) -> Turnover {
    let on_file = changes
        .iter()
        .filter_map(|change| on_file(case, change))
        .collect();
    let agencies: BTreeSet<&AgencyId> = changes.iter().map(|change| &change.from.agency).collect();
    let mut left: Vec<LeftWithPerson> = Vec::new();
    for agency in agencies {
        for item in items(case).filter(|item| should_know(case, item)) {
            left.extend(left_with(case, item, agency, (changes, holders)));
        }
    }
    Turnover { on_file, left }
}

fn items<'c>(case: &'c Case<'_>) -> impl Iterator<Item = &'c Item> {
    case.items()
        .iter()
        .filter(|item| item.certain && !item.struck)
}

/// Whether an item is one that the next holder should know: of a kind that the pack lists, or of significance key.
fn should_know(case: &Case<'_>, item: &Item) -> bool {
    let listed = &case.pack.turnover().file_read_events;
    listed.iter().any(|kind| kind == item.kind)
        || case
            .view
            .get(item.position)
            .is_some_and(|seen| seen.event.significance == Significance::Key)
}

fn on_file(case: &Case<'_>, change: &HolderChange) -> Option<OnFile> {
    let (next, began) = change.to.as_ref()?;
    let parameters = case.pack.turnover();
    let due = case
        .pack
        .calendar()
        .add_working_days(*began, parameters.file_read_within);
    let before = Holder::Practitioner(change.from.clone());
    let known = case.knowledge().facts_of(&before);
    let unread: Vec<StatementId> = case
        .items_at(known.map(|fact| fact.statement))
        .filter(|item| item.certain && !item.struck)
        .filter(|item| should_know(case, item) && same_child(&item.children, &change.children))
        .filter(|item| {
            let knew = case.knowledge().learned(&before, item.position);
            knew.is_some_and(|knew| first_day(knew.since) < change.ended)
        })
        .filter(|item| {
            case.knowledge()
                .agency(&next.agency, item.position)
                .is_some_and(|file| file.on_file && file.grade.receiver_side())
        })
        .filter(|item| !shown(case, item, next, due))
        .map(|item| item.position)
        .collect();
    if unread.is_empty() {
        return None;
    }
    let until = day_after(due.min(case.day()));
    let outcome = case
        .coverage()
        .absence(&next.agency, FeedKind::Reads, *began, until);
    Some(OnFile {
        change: change.clone(),
        items: unread,
        due,
        is_finding: case.day() > due,
        outcome,
        depends_on: Dependence::default(),
    })
}

/// Whether something shows, by the due day, that a practitioner knew an item: read, handed over, told,
/// or an act of theirs that is linked to it.
fn shown(case: &Case<'_>, item: &Item, who: &Practitioner, due: Date) -> bool {
    let learned = case
        .knowledge()
        .learned(&Holder::Practitioner(who.clone()), item.position);
    if learned.is_some_and(|learned| first_day(learned.since) <= due) {
        return true;
    }
    case.answers_to(item.position).any(|seen| {
        let theirs = *seen.agency == who.agency
            && seen
                .event
                .actor
                .as_ref()
                .is_some_and(|actor| actor.staff == who.staff);
        theirs
            && first_day(seen.occurred()) <= due
            && !matches!(seen.event.content, Content::Record(_))
    })
}

fn left_with(
    case: &Case<'_>,
    item: &Item,
    agency: &AgencyId,
    (changes, holders): (&[HolderChange], &BTreeSet<Practitioner>),
) -> Option<LeftWithPerson> {
    let at = case.knowledge().at();
    let fact = case
        .knowledge()
        .fact(&Holder::Agency(agency.clone()), item.position)?;
    let known: Vec<_> = fact
        .proofs
        .iter()
        .filter(|proof| proof.state_at(at) == State::Knows)
        .collect();
    if known.is_empty()
        || known
            .iter()
            .any(|proof| proof.on_file || proof.through.is_none())
    {
        return None;
    }
    let people: BTreeSet<&Practitioner> = known
        .iter()
        .filter_map(|proof| proof.through.as_ref())
        .collect();
    // Somebody else of the agency may know it by a handover or a reading.
    let others = case.knowledge().holders_of(item.position);
    let still_held = others.iter().any(|holder| match holder {
        Holder::Practitioner(person) => person.agency == *agency && holders.contains(person),
        Holder::Agency(_) => false,
    });
    if still_held {
        return None;
    }
    let ended: Vec<Date> = people
        .iter()
        .filter_map(|person| {
            changes
                .iter()
                .filter(|change| change.from == **person)
                .filter(|change| same_child(&change.children, &item.children))
                .map(|change| change.ended)
                .max()
        })
        .collect();
    // Known to one whom a change is about; the others hold the case no more than that one does.
    let told = known.iter().map(|proof| first_day(proof.since)).min()?;
    let since = ended.into_iter().max()?.max(told);
    let mut evidence: Vec<u64> = known
        .iter()
        .flat_map(|proof| proof.evidence.iter().copied())
        .collect();
    evidence.sort_unstable();
    evidence.dedup();
    Some(LeftWithPerson {
        item: item.position,
        agency: agency.clone(),
        known_to: people.into_iter().cloned().collect(),
        since,
        unconfirmed: known.iter().all(|proof| proof.grade >= Grade::SenderOnly),
        outcome: so_far(case, (agency, FeedKind::Sharing), told).both(so_far(
            case,
            (agency, FeedKind::Reads),
            since,
        )),
        evidence,
        depends_on: Dependence::default(),
    })
}

/// What it is worth that an agency has no record of a kind from a day on, up to the end of its coverage.
fn so_far(case: &Case<'_>, (agency, kind): (&AgencyId, FeedKind), from: Date) -> Absence {
    let coverage = case.coverage();
    let covered = coverage.covered_to(agency, kind, None, from);
    coverage.absence(agency, kind, from, day_after(covered.unwrap_or(from)))
}
