//! The children of a case and their states over time: plans, enquiries, proceedings, expected windows.
//!
//! States are data of the rule pack ([`crate::rules::role`]): events that begin and end reasons. A state is
//! open while one reason is.

mod code;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::allocation::days::{DayRange, Span, union};
use super::coverage::Coverage;
use super::cut::{Cut, Reading};
use crate::domain::event::case::{CaseContent, PersonRole};
use crate::domain::event::{CaseEvent, Content};
use crate::domain::id::{AgencyId, PersonRef};
use crate::rules::pack::Pack;
use crate::rules::role::{ALL_REASONS, WindowEvent};

pub use code::{children_named, code_field};

/// A subject child, with the day of birth when it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The child's code.
    pub person: PersonRef,
    /// The days on which the child may have been born.
    pub born: Option<DayRange>,
}

/// The subject children of a cut: those recorded or born as such; where none is recorded, those that any
/// entry names.
pub fn children(cut: &Cut) -> Vec<Child> {
    let mut subjects: BTreeMap<PersonRef, Option<DayRange>> = BTreeMap::new();
    let births = cut.of_types(["person.recorded", "child.born"]);
    for reading in births.into_iter().filter(|reading| reading.certain()) {
        let event = reading.event();
        if let Content::Case(CaseContent::PersonRecorded(person)) = &event.content {
            if person.role == PersonRole::SubjectChild {
                let born = person
                    .born
                    .as_ref()
                    .map(|born| DayRange::of(born.resolve(reading.root().appended)));
                let known = subjects.entry(person.person.clone()).or_insert(None);
                *known = born.or(*known);
            }
        } else if let Content::Case(CaseContent::ChildBorn(birth)) = &event.content {
            let born = birth.born.as_ref().unwrap_or(&event.occurred);
            let born = DayRange::of(born.resolve(reading.root().appended));
            subjects.insert(birth.child.clone(), Some(born));
        }
    }
    if subjects.is_empty() {
        let named: BTreeSet<&PersonRef> = cut
            .facts()
            .flat_map(|reading| &reading.event().children)
            .collect();
        subjects.extend(named.into_iter().map(|child| (child.clone(), None)));
    }
    subjects
        .into_iter()
        .map(|(person, born)| Child { person, born })
        .collect()
}

/// The children that an event is about: those it names, else every subject child.
pub fn children_of(event: &CaseEvent, subjects: &[Child]) -> Vec<PersonRef> {
    let named = children_named(event);
    if named.is_empty() {
        subjects.iter().map(|child| child.person.clone()).collect()
    } else {
        named.to_vec()
    }
}

/// Whether an event is about a child: it names it, or names none and the child is a subject.
pub fn is_about(event: &CaseEvent, subjects: &[Child], child: &PersonRef) -> bool {
    let named = children_named(event);
    if named.is_empty() {
        subjects.iter().any(|subject| subject.person == *child)
    } else {
        named.contains(child)
    }
}

/// One reason for which a state was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonSpan {
    /// Name of the reason in the pack.
    pub reason: String,
    /// The day it began.
    pub from: DayRange,
    /// The first day after it; none while it is open.
    pub to: Option<DayRange>,
    /// The entry that began it may not belong before the as-at date.
    pub possible: bool,
    /// Positions of the entries that began and ended it.
    pub evidence: Vec<u64>,
}

/// A state of one child over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The reasons, in order of their beginning.
    pub reasons: Vec<ReasonSpan>,
}

impl State {
    /// The days on which it certainly was open.
    pub fn surely(&self) -> Vec<Span> {
        union(
            self.reasons
                .iter()
                .filter(|span| !span.possible)
                .filter_map(sure)
                .collect(),
        )
    }

    /// The days on which it may have been open.
    pub fn maybe(&self) -> Vec<Span> {
        union(
            self.reasons
                .iter()
                .filter_map(|span| {
                    Span::new(span.from.first(), span.to.map_or(Date::MAX, |to| to.latest))
                })
                .collect(),
        )
    }

    /// Whether it certainly was open on a day.
    pub fn open_on(&self, day: Date) -> bool {
        self.surely().iter().any(|span| span.contains(day))
    }

    /// Positions of the entries it rests on.
    pub fn evidence(&self) -> Vec<u64> {
        let all: BTreeSet<u64> = self
            .reasons
            .iter()
            .flat_map(|span| span.evidence.iter().copied())
            .collect();
        all.into_iter().collect()
    }
}

fn sure(span: &ReasonSpan) -> Option<Span> {
    Span::new(span.from.latest, span.to.map_or(Date::MAX, |to| to.first()))
}

/// The days on which a status of the pack (`cp_plan`, `looked_after`, …) was open, for each child.
/// Empty when the pack has no such status.
pub fn status(
    (cut, subjects): (&Cut, &[Child]),
    pack: &Pack,
    coverage: &Coverage,
    id: &str,
) -> BTreeMap<PersonRef, State> {
    let Some(rule) = pack.status(id) else {
        return BTreeMap::new();
    };
    let rows = (rule.opens.as_slice(), rule.closes.as_slice());
    states((cut, subjects), coverage, rows, &|_, _| true)
}

/// The states that rows of a pack make of a cut, for each child. `counts` may leave events out, by reading and
/// whether it opens.
pub fn states(
    (cut, subjects): (&Cut, &[Child]),
    coverage: &Coverage,
    (opens, closes): (&[WindowEvent], &[WindowEvent]),
    counts: &dyn Fn(&Reading, bool) -> bool,
) -> BTreeMap<PersonRef, State> {
    let mut states: BTreeMap<PersonRef, State> = BTreeMap::new();
    let types = opens.iter().chain(closes).map(|row| row.event.as_str());
    for reading in cut.of_types(types) {
        let event = reading.event();
        let reasons = |rows: &[WindowEvent]| -> Vec<String> {
            rows.iter()
                .filter(|row| row_matches(row, event, reading.agency(), coverage))
                .flat_map(|row| row.reasons.iter().cloned())
                .collect()
        };
        let closing = if counts(reading, false) {
            reasons(closes)
        } else {
            Vec::new()
        };
        let opening = if counts(reading, true) {
            reasons(opens)
        } else {
            Vec::new()
        };
        if closing.is_empty() && opening.is_empty() {
            continue;
        }
        for child in children_of(event, subjects) {
            let state = states.entry(child).or_default();
            close(state, reading, &closing);
            open(state, reading, opening.clone());
        }
    }
    states
}

fn row_matches(
    row: &WindowEvent,
    event: &CaseEvent,
    author: &AgencyId,
    coverage: &Coverage,
) -> bool {
    let kind = coverage
        .agency_kind(author)
        .map_or("not_stated", |kind| kind.name());
    row.matches(event.content.type_name(), kind, |field| {
        code_field(&event.content, field)
    })
}

fn open(state: &mut State, reading: &Reading, reasons: Vec<String>) {
    let from = DayRange::of(reading.occurred());
    for reason in reasons {
        let already = state.reasons.iter().any(|span| {
            span.reason == reason && span.to.is_none() && !span.possible && reading.certain()
        });
        if !already {
            state.reasons.push(ReasonSpan {
                reason,
                from,
                to: None,
                possible: !reading.certain(),
                evidence: vec![reading.position()],
            });
        }
    }
}

/// Ends the open reasons that began no later. An entry that may not belong before the as-at date may have
/// ended them: they are then not sure from its first day on.
fn close(state: &mut State, reading: &Reading, reasons: &[String]) {
    let mut day = DayRange::of(reading.occurred());
    if !reading.certain() {
        day.latest = Date::MAX;
    }
    let ends = |reason: &String| {
        reasons
            .iter()
            .any(|end| end == ALL_REASONS || end == reason)
    };
    for span in &mut state.reasons {
        let open = span.to.is_none_or(|to| to.latest == Date::MAX);
        if open && ends(&span.reason) && span.from.first() <= day.latest {
            span.to = Some(day);
            span.evidence.push(reading.position());
        }
    }
}
