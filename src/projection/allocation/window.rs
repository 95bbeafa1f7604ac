//! The expected window of each role, for each child and agency (`semantics.md` 5.2).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Fold;
use super::days::{self, Span, union};
use super::mark::Mark;
use super::read::Key;
use crate::domain::event::involvement::InvolvementContent;
use crate::domain::event::{Content, Role};
use crate::domain::id::{AgencyId, PersonRef};
use crate::projection::cut::Reading;
use crate::projection::status::{State, states, status};
use crate::rules::role::RoleWindow;

impl Fold<'_> {
    /// For each role of the pack, the state of its window for each child and agency.
    pub(super) fn windows(&self, marks: &BTreeMap<Key, Vec<Mark>>) -> BTreeMap<Key, State> {
        let mut windows = BTreeMap::new();
        for rule in self.question.pack.roles() {
            let Some(role) = Role::from_name(&rule.id) else {
                continue;
            };
            for agency in self.agencies_of(rule) {
                let counts = |reading: &Reading, opens: bool| {
                    !opens || self.opens_for(reading, rule, &agency, marks)
                };
                let rows = (rule.opens.as_slice(), rule.closes.as_slice());
                let of = (self.cut, self.subjects);
                let states = states(of, self.coverage, rows, &counts);
                for (child, state) in states {
                    if !state.reasons.is_empty() {
                        windows.insert(
                            Key {
                                agency: agency.clone(),
                                role,
                                child,
                            },
                            state,
                        );
                    }
                }
            }
        }
        windows
    }

    fn agencies_of(&self, rule: &RoleWindow) -> Vec<AgencyId> {
        self.coverage
            .agencies()
            .filter(|agency| self.is_kind(agency, rule))
            .cloned()
            .collect()
    }

    fn is_kind(&self, agency: &AgencyId, rule: &RoleWindow) -> bool {
        self.coverage
            .agency_kind(agency)
            .is_some_and(|kind| rule.agency_kinds.iter().any(|name| name == kind.name()))
    }

    /// Whether an opening entry opens the window of this agency: it names the agency as involved, or the agency
    /// wrote it; where an agency of another kind wrote it, whichever agency of the right kind holds the role,
    /// or the only one there is.
    fn opens_for(
        &self,
        reading: &Reading,
        rule: &RoleWindow,
        agency: &AgencyId,
        marks: &BTreeMap<Key, Vec<Mark>>,
    ) -> bool {
        if let Content::Involvement(InvolvementContent::InvolvementStarted(started)) =
            &reading.event().content
        {
            return started.agency == *agency;
        }
        if self.is_kind(reading.agency(), rule) {
            return reading.agency() == agency;
        }
        let holds = |agency: &AgencyId| {
            marks
                .keys()
                .any(|key| key.agency == *agency && key.role.name() == rule.id)
        };
        let candidates = self.agencies_of(rule);
        holds(agency) || (candidates.len() == 1 && !candidates.iter().any(holds))
    }

    pub(super) fn window_of(
        &self,
        key: &Key,
        rule: Option<&RoleWindow>,
        state: Option<&State>,
    ) -> (Vec<Span>, Vec<Span>) {
        let Some(state) = state else {
            return (Vec::new(), Vec::new());
        };
        let born = self
            .subjects
            .iter()
            .find(|child| child.person == key.child)
            .and_then(|child| child.born);
        let until = |born: Option<Date>| {
            let closes = born.and_then(|born| rule.and_then(|rule| rule.closes_by_age(born)));
            [Span {
                from: Date::MIN,
                to: closes.unwrap_or(Date::MAX),
            }]
        };
        let sure = days::intersect(&state.surely(), &until(born.and_then(|born| born.earliest)));
        let maybe = days::intersect(&state.maybe(), &until(born.map(|born| born.latest)));
        if rule.is_some_and(|rule| rule.closes_at_birthday.is_some()) && born.is_none() {
            return (Vec::new(), maybe);
        }
        (sure, maybe)
    }

    /// The days on which each child had a protected status.
    pub(super) fn protected(&self) -> BTreeMap<PersonRef, Vec<Span>> {
        let mut spans: BTreeMap<PersonRef, Vec<Span>> = BTreeMap::new();
        let pack = self.question.pack;
        for id in &pack.allocation().protected {
            for (child, state) in status((self.cut, self.subjects), pack, self.coverage, id) {
                spans.entry(child).or_default().extend(state.surely());
            }
        }
        spans
            .into_iter()
            .map(|(child, list)| (child, union(list)))
            .collect()
    }
}
