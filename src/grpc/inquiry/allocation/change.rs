//! Changes of holder as messages: how they were explained, overlaps, changes close together, and what they left behind.

use std::collections::BTreeMap;

use super::sibling::join;
use super::{Page, Wanted, explained};
use crate::domain::id::Practitioner;
use crate::grpc::inquiry::parts::{people, range, small, worth};
use crate::grpc::pb;
use crate::projection::allocation::change::{Change, Explanation};
use crate::projection::allocation::sentence::date;
use crate::projection::allocation::succession::{effective_holders, holder_changes};
use crate::projection::allocation::{Allocation, Row};
use crate::projection::coverage::Absence;
use crate::projection::knowledge::{HolderChange, LeftWithPerson, OnFile, turnover};

impl Page<'_> {
    /// The changes of the rows asked for, and which of them are close together.
    pub(super) fn changes(
        &self,
        found: &Allocation,
        wanted: &Wanted,
    ) -> (Vec<pb::HolderChange>, Vec<pb::SimultaneousChange>) {
        let (mut changes, mut places) = (Vec::<pb::HolderChange>::new(), BTreeMap::new());
        for (r, row) in found.rows.iter().enumerate() {
            for (c, change) in row.changes.iter().enumerate() {
                if !wanted.takes(row) {
                    continue;
                }
                let message = self.change(row, change);
                let same = changes
                    .iter()
                    .position(|other| bare(other) == bare(&message));
                places.insert((r, c), small(same.unwrap_or(changes.len())));
                match same.and_then(|place| changes.get_mut(place)) {
                    Some(other) => {
                        join(&mut other.children, message.children);
                        join(&mut other.evidence, message.evidence);
                    }
                    None => changes.push(message),
                }
            }
        }
        let together = found.simultaneous.iter().filter_map(|pair| {
            Some(pb::SimultaneousChange {
                first: *places.get(&pair.first)?,
                second: *places.get(&pair.second)?,
                days: pair.days,
            })
        });
        (changes, together.collect())
    }

    fn change(&self, row: &Row, change: &Change) -> pb::HolderChange {
        pb::HolderChange {
            children: people(&row.children),
            agency: row.agency.to_string(),
            role: row.role.code(),
            from: Some(self.holder(&row.agency, &change.from)),
            to: Some(self.holder(&row.agency, &change.to)),
            day: Some(range(change.day, self.today)),
            end_reason: change.reasons.0.name().to_owned(),
            start_reason: change.reasons.1.name().to_owned(),
            to_child: Some(explanation(&change.child)),
            to_family: Some(explanation(&change.family)),
            handover: change.handover.clone(),
            evidence: change.evidence.clone(),
        }
    }

    pub(super) fn overlaps(&self, row: &Row) -> Vec<pb::Overlap> {
        let overlaps = row.overlaps.iter().map(|overlap| pb::Overlap {
            children: people(&row.children),
            agency: row.agency.to_string(),
            role: row.role.code(),
            first: Some(self.holder(&row.agency, &overlap.holders.0)),
            second: Some(self.holder(&row.agency, &overlap.holders.1)),
            from: overlap.from.to_string(),
            to: overlap.to.map(|to| to.to_string()).unwrap_or_default(),
            evidence: overlap.evidence.clone(),
        });
        overlaps.collect()
    }

    /// What the changes left behind: of the whole case, then only what was asked for.
    pub(super) fn turnover(
        &self,
        found: &Allocation,
        wanted: &Wanted,
    ) -> (Vec<pb::NotShownAsRead>, Vec<pb::LeftWithPerson>) {
        let left_behind = turnover(self.case, &holder_changes(found), &effective_holders(found));
        let of = |change: &HolderChange| {
            let agency = wanted.agency.as_ref();
            agency.is_none_or(|agency| change.from.agency == *agency)
                && (wanted.roles.is_empty() || wanted.roles.contains(&change.role))
        };
        let on_file = left_behind.on_file.iter().filter(|row| of(&row.change));
        let left = left_behind.left.iter().filter(|row| {
            let agency = wanted.agency.as_ref();
            agency.is_none_or(|agency| row.agency == *agency)
        });
        (
            on_file.filter_map(|row| self.on_file(found, row)).collect(),
            left.map(|row| self.left(row)).collect(),
        )
    }

    fn person(&self, person: &Practitioner) -> pb::Holder {
        self.holder(&person.agency, &person.staff)
    }

    fn on_file(&self, found: &Allocation, row: &OnFile) -> Option<pb::NotShownAsRead> {
        let change = &row.change;
        let (next, began) = change.to.as_ref()?;
        let mut evidence = row.items.clone();
        for of in found.rows.iter().filter(|of| of.role == change.role) {
            let same = |one: &&Change| one.from == change.from.staff && one.to == next.staff;
            if of.agency == next.agency {
                let changes = of.changes.iter().filter(same);
                evidence.extend(changes.flat_map(|one| one.evidence.iter().copied()));
            }
        }
        evidence.sort_unstable();
        evidence.dedup();
        let unknown = matches!(row.outcome, Absence::Undeterminable(_));
        Some(pb::NotShownAsRead {
            children: people(&change.children),
            role: change.role.code(),
            from: Some(self.person(&change.from)),
            to: Some(self.person(next)),
            began: began.to_string(),
            items: row.items.clone(),
            due: row.due.to_string(),
            finding: row.is_finding && !unknown,
            outcome: worth(row.outcome),
            evidence,
            sentence: self.read_sentence(row),
        })
    }

    fn read_sentence(&self, row: &OnFile) -> String {
        let items = match row.items.len() {
            1 => "1 item on file".to_owned(),
            n => format!("{n} items on file"),
        };
        let due = date(row.due);
        match row.outcome {
            Absence::Undeterminable(_) => format!(
                "{items}; whether the next holder read them cannot be known: {}",
                worth(row.outcome)
            ),
            Absence::NoRecord | Absence::Unconfirmed if !row.is_finding => format!(
                "{items}; no record of handover or reading so far, up to {}; looked for until {due}",
                date(self.today)
            ),
            Absence::NoRecord => format!("{items}; no record of handover or reading by {due}"),
            Absence::Unconfirmed => format!(
                "{items}; no record of handover or reading by {due}; the agency has not confirmed \
                 that it sent everything"
            ),
        }
    }

    fn left(&self, row: &LeftWithPerson) -> pb::LeftWithPerson {
        let word = if row.unconfirmed {
            "; according to another agency only"
        } else {
            ""
        };
        pb::LeftWithPerson {
            item: row.item,
            agency: row.agency.to_string(),
            known_to: row.known_to.iter().map(|who| self.person(who)).collect(),
            since: row.since.to_string(),
            unconfirmed: row.unconfirmed,
            evidence: row.evidence.clone(),
            sentence: format!(
                "known to {} only through staff who no longer hold the case since {}, with no entry of its own{word}",
                row.agency,
                date(row.since)
            ),
        }
    }
}

/// A change without what siblings may differ in.
fn bare(change: &pb::HolderChange) -> pb::HolderChange {
    pb::HolderChange {
        children: Vec::new(),
        evidence: Vec::new(),
        ..change.clone()
    }
}

fn explanation(of: &Explanation) -> pb::Explanation {
    pb::Explanation {
        state: i32::from(explained(of.state)),
        absence: worth(of.absence),
        finding: of.fires(),
        evidence: of.evidence.clone(),
    }
}

/// Every position that a row of the answer names.
pub(super) fn named(answer: &pb::AllocationAnswer) -> Vec<u64> {
    let mut named: Vec<u64> = Vec::new();
    for spell in &answer.spells {
        named.extend(&spell.evidence);
        named.extend(spell.absences.iter().flat_map(|away| &away.evidence));
    }
    for gap in &answer.gaps {
        named.extend(in_gap(gap));
    }
    for total in &answer.totals {
        named.extend(&total.evidence);
    }
    for coverage in &answer.coverage {
        named.extend(&coverage.evidence);
    }
    for change in &answer.changes {
        named.extend(&change.evidence);
        named.extend(&change.handover);
        for part in [&change.to_child, &change.to_family].into_iter().flatten() {
            named.extend(&part.evidence);
        }
    }
    for overlap in &answer.overlaps {
        named.extend(&overlap.evidence);
    }
    for row in &answer.not_shown_as_read {
        named.extend(&row.evidence);
    }
    for row in &answer.left_with_person {
        named.push(row.item);
        named.extend(&row.evidence);
    }
    named
}

/// Every position that a gap names.
pub(in crate::grpc::inquiry) fn in_gap(gap: &pb::Gap) -> Vec<u64> {
    let mut named: Vec<u64> = gap.evidence.iter().chain(&gap.context).copied().collect();
    for inside in gap.arrived.iter().chain(&gap.due) {
        named.push(inside.entry);
        named.extend(&inside.evidence);
    }
    named
}
