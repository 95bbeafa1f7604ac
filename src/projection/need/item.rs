//! Items: entries that carry information somebody else may need (`semantics.md` 7.2), what the
//! filters read of them, and which of them tell of one happening.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Case, Read, days, first_day};
use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::case::CaseContent;
use crate::domain::event::concern::{ConcernContent, IncidentKind};
use crate::domain::event::record::RecordContent;
use crate::domain::event::{AgeBand, CaseEvent, Content, RelationKind};
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::Interval;
use crate::projection::knowledge::{Seen, StatementId, View};
use crate::rules::ItemFacts;

/// That a person of another record is a child of this case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The child of this case.
    pub person: PersonRef,
    /// The code in the other record.
    pub known_as: PersonRef,
    /// Position of the link.
    pub link: StatementId,
}

/// One item of a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Position of its original entry.
    pub position: StatementId,
    /// Dotted name of its kind; `event.corrected` for a new understanding.
    pub kind: &'static str,
    /// It is information about the child. Otherwise an answer that somebody waits for: the decision on a referral;
    /// it is in no count of what was known.
    pub informs: bool,
    /// Its author.
    pub source: AgencyId,
    /// When it took place.
    pub occurred: Interval,
    /// The children it is about; empty means every subject child.
    pub children: Vec<PersonRef>,
    /// Certainly before the as-at date; otherwise it is listed apart and makes no gap.
    pub certain: bool,
    /// Taken back.
    pub struck: bool,
    /// For a new understanding, the statement it is of.
    pub renews: Option<StatementId>,
    /// Positions of record errors whose words it has.
    pub corrected_by: Vec<u64>,
    /// The other items of the same happening, ascending.
    pub matter: Vec<StatementId>,
    /// Unlinked items of other agencies that may tell of the same happening: same child, same kind,
    /// within two days.
    pub candidates: Vec<StatementId>,
    /// When it came from the record of a person linked to a child of this case.
    pub alias: Option<Alias>,
}

/// The items of a cut, and where each stands with what the rules read of it.
pub(super) fn items<'a>(case: &Case<'a>) -> (Vec<Item>, BTreeMap<StatementId, Read<'a>>) {
    let links = links(&case.view);
    let subjects = foreign(&case.view);
    let mut read: BTreeMap<StatementId, Read<'a>> = BTreeMap::new();
    let mut items: Vec<Item> = case
        .view
        .statements()
        .filter(|seen| seen.item_like)
        .filter_map(|seen| {
            let facts = facts(case, seen);
            let informs = case.pack.is_item(&facts);
            if !informs && !case.pack.is_answer(&facts) {
                return None;
            }
            let alias = alias(case, seen);
            let other = !seen.event.children.is_empty()
                && seen
                    .event
                    .children
                    .iter()
                    .all(|child| subjects.contains(child));
            // Of the other record of a person not (yet) linked: not in this case.
            if other && alias.is_none() {
                return None;
            }
            let children = match &alias {
                Some(alias) => vec![alias.person.clone()],
                None => seen.event.children.clone(),
            };
            read.insert(seen.id, Read::of(case.pack, seen, facts));
            Some(Item {
                position: seen.id,
                kind: kind(seen),
                informs,
                source: seen.agency.clone(),
                occurred: seen.occurred(),
                children,
                certain: seen.certain,
                struck: seen.struck,
                renews: seen.renews,
                corrected_by: seen.corrected_by.clone(),
                matter: matter(seen.id, &links),
                candidates: Vec::new(),
                alias,
            })
        })
        .collect();
    items.sort_by_key(|item| (item.occurred, item.position));
    let days = by_kind(&items);
    let found: Vec<Vec<StatementId>> = items
        .iter()
        .map(|item| candidates(item, &items, &days))
        .collect();
    for (item, candidates) in items.iter_mut().zip(found) {
        item.candidates = candidates;
    }
    for (place, item) in items.iter().enumerate() {
        if let Some(read) = read.get_mut(&item.position) {
            read.place = place;
        }
    }
    (items, read)
}

/// Of each kind of item the first days, ascending, with the places.
fn by_kind(items: &[Item]) -> BTreeMap<&'static str, Vec<(Date, usize)>> {
    let mut days: BTreeMap<&'static str, Vec<(Date, usize)>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        let of_kind = days.entry(item.kind).or_default();
        of_kind.push((first_day(item.occurred), place));
    }
    for of_kind in days.values_mut() {
        of_kind.sort_unstable();
    }
    days
}

fn kind(seen: &Seen<'_>) -> &'static str {
    if seen.renews.is_some() {
        "event.corrected"
    } else {
        seen.event.content.type_name()
    }
}

/// Days apart up to which two items may tell of one happening.
const NEAR_DAYS: i64 = 2;

fn candidates(
    item: &Item,
    items: &[Item],
    days: &BTreeMap<&'static str, Vec<(Date, usize)>>,
) -> Vec<StatementId> {
    let on = first_day(item.occurred);
    let of_kind = days.get(item.kind).map_or(&[][..], Vec::as_slice);
    let begin = of_kind.partition_point(|(day, _)| super::days(*day, on) > NEAR_DAYS);
    let near = of_kind.iter().skip(begin);
    let near = near.take_while(|(day, _)| super::days(on, *day) <= NEAR_DAYS);
    let mut near: Vec<usize> = near.map(|(_, place)| *place).collect();
    near.sort_unstable();
    near.into_iter()
        .filter_map(|place| items.get(place))
        .filter(|other| {
            other.source != item.source
                && !other.struck
                && !item.matter.contains(&other.position)
                && same_child(&other.children, &item.children)
        })
        .map(|other| other.position)
        .collect()
}

/// Whether two events are about a child in common; none named means all.
pub(crate) fn same_child(a: &[PersonRef], b: &[PersonRef]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|child| b.contains(child))
}

/// Each statement with those that it is linked to.
type Links = BTreeMap<StatementId, Vec<StatementId>>;

/// Statements recorded as one matter: by a link, or by a relation in an entry. Each pair both ways.
fn links(view: &View<'_>) -> Links {
    let mut pairs: BTreeSet<(StatementId, StatementId)> = view
        .cut()
        .matters()
        .iter()
        .map(|matter| (matter.a, matter.b))
        .collect();
    for seen in view.statements().filter(|seen| !seen.struck) {
        for relation in &seen.event.relations {
            if relation.kind == RelationKind::SameMatter
                && let Some(other) = view.resolve(&relation.target)
            {
                pairs.insert((seen.id, other));
            }
        }
    }
    let mut links = Links::new();
    for (a, b) in pairs {
        links.entry(a).or_default().push(b);
        links.entry(b).or_default().push(a);
    }
    links
}

/// The others of the class that a statement's links make.
fn matter(of: StatementId, links: &Links) -> Vec<StatementId> {
    let mut class = BTreeSet::from([of]);
    let mut next = vec![of];
    while let Some(one) = next.pop() {
        for other in links.get(&one).into_iter().flatten() {
            if class.insert(*other) {
                next.push(*other);
            }
        }
    }
    class.remove(&of);
    class.into_iter().collect()
}

/// Codes of persons of other records that an identity link anywhere in the ledger names, as far as
/// the cut shows; and children that only entries outside this case's persons name.
fn foreign(view: &View<'_>) -> BTreeSet<PersonRef> {
    let mut own = BTreeSet::new();
    for seen in view.statements() {
        match &seen.event.content {
            Content::Case(CaseContent::PersonRecorded(person)) => {
                own.insert(person.person.clone());
            }
            Content::Case(CaseContent::ChildBorn(born)) => {
                own.insert(born.child.clone());
            }
            _ => {}
        }
    }
    if own.is_empty() {
        return BTreeSet::new();
    }
    view.statements()
        .flat_map(|seen| seen.event.children.iter().cloned())
        .filter(|child| !own.contains(child))
        .collect()
}

/// The link by which an entry about another record's person belongs to this case, if it is in the
/// cut and not undone since.
fn alias(case: &Case<'_>, seen: &Seen<'_>) -> Option<Alias> {
    let known_as = seen.event.children.first()?;
    let mut state: Option<(Interval, Alias)> = None;
    let mut undone: Option<Interval> = None;
    let links = case.index.links.iter();
    for link in links.filter_map(|link| case.view.get(*link)) {
        match &link.event.content {
            Content::Record(RecordContent::IdentityLinked(linked))
                if linked.other_person == known_as.as_str() && linked.person != *known_as =>
            {
                let alias = Alias {
                    person: linked.person.clone(),
                    known_as: known_as.clone(),
                    link: link.id,
                };
                state = Some((link.kappa, alias));
            }
            Content::Record(RecordContent::IdentityUnlinked(unlinked))
                if unlinked.other_person == known_as.as_str() =>
            {
                undone = Some(link.kappa);
            }
            _ => {}
        }
    }
    let (since, alias) = state?;
    undone.is_none_or(|undone| undone < since).then_some(alias)
}

/// What the rules' filters read of a statement, as it stood.
pub(super) fn facts<'a>(case: &Case<'a>, seen: &Seen<'a>) -> ItemFacts<'a> {
    let event: &'a CaseEvent = seen.event;
    let codes = &event.codes;
    let mut facts = ItemFacts {
        event: kind(seen),
        harm: codes.harm.name(),
        level: codes.level.name(),
        possible_offence: codes.possible_offence.name(),
        explanation_consistent: codes.explanation_consistent.name(),
        child_present: codes.child_present.name(),
        other_person_identified: codes
            .other_person
            .as_ref()
            .is_some_and(|other| other.person.is_some()),
        ..ItemFacts::default()
    };
    if let Content::Record(RecordContent::EventCorrected(correction)) = &seen.root.event.content {
        facts.correction_kind = correction.kind.name();
        if seen.renews.is_some() {
            return facts;
        }
    }
    content_facts(case, seen, &mut facts);
    facts
}

fn content_facts<'a>(case: &Case<'a>, seen: &Seen<'a>, facts: &mut ItemFacts<'a>) {
    match &seen.event.content {
        Content::Concern(ConcernContent::PoliceIncident(incident)) => {
            facts.incident_kind = incident.kind.name();
            facts.force_grade = &incident.grade;
            // The incident is in this case because it concerns the family of the child.
            facts.child_lives_there = incident.kind == IncidentKind::DomesticAbuse;
        }
        Content::Concern(ConcernContent::PoliceIntelligence(intelligence)) => {
            facts.bears_on_child = intelligence.bears_on_child.name();
        }
        Content::Concern(ConcernContent::HealthAttendance(health)) => {
            facts.safeguarding = health.safeguarding.name();
        }
        Content::Concern(ConcernContent::HealthMeasure(health)) => {
            facts.safeguarding = health.safeguarding.name();
        }
        Content::Concern(ConcernContent::HealthMissed(missed)) => {
            let counted = missed.in_a_row.unwrap_or(1).saturating_sub(1);
            let back = if counted == 0 {
                case.pack.counts_back_days()
            } else {
                u32::MAX
            };
            let mut earlier = earlier(case, seen, back);
            while earlier.len() < usize::try_from(counted).unwrap_or(0).min(100) {
                earlier.push(0);
            }
            facts.earlier_same_type_days_ago = earlier;
        }
        Content::Case(CaseContent::HouseholdMemberJoined(joined)) => {
            facts.adult = joined.age_band == AgeBand::Adult;
        }
        Content::Allocation(AllocationContent::AllocationStarted(started)) => {
            facts.role = started.role.name();
            facts.basis = started.basis.name();
        }
        Content::Allocation(AllocationContent::AllocationTransferred(transferred)) => {
            facts.role = transferred.role.name();
            facts.basis = "named";
        }
        _ => {}
    }
}

/// Days back to each earlier certain entry of the same kind about the same child, so many days back at most.
fn earlier(case: &Case<'_>, seen: &Seen<'_>, back: u32) -> Vec<u32> {
    let day = first_day(seen.occurred());
    let of_type = case.index.of_type(seen.event.content.type_name());
    // In the order of their first days: see `Cut::readings`.
    let begin = of_type.partition_point(|other| days(other.first, day) > i64::from(back));
    let near = of_type.iter().skip(begin);
    near.take_while(|other| other.first < day)
        .filter(|other| other.fact.position() != seen.id)
        .filter(|other| other.is_about(&seen.event.children))
        .filter_map(|other| u32::try_from(days(other.first, day)).ok())
        .filter(|ago| *ago > 0)
        .collect()
}
