//! Changes of holder as messages: how they were explained, overlaps, changes close together.

use std::collections::BTreeMap;

use super::sibling::join;
use super::{First, Page, Wanted, explained};
use crate::grpc::inquiry::parts::{people, range, small, worth};
use crate::grpc::pb;
use crate::projection::allocation::change::{Change, Explanation};
use crate::projection::allocation::{Allocation, Row};

impl Page<'_> {
    /// The changes of the rows asked for, and which of them are close together.
    pub(super) fn changes(
        &self,
        found: &Allocation,
        first: Option<&First<'_>>,
        wanted: &Wanted,
    ) -> (Vec<pb::HolderChange>, Vec<pb::SimultaneousChange>) {
        let (mut changes, mut places) = (Vec::<pb::HolderChange>::new(), BTreeMap::new());
        for (r, row) in found.rows.iter().enumerate() {
            for (c, change) in row.changes.iter().enumerate() {
                if !wanted.takes(row) {
                    continue;
                }
                let message = self.change(row, change);
                let messages = match first {
                    Some(first) => first.change(row, change, &message),
                    None => vec![message],
                };
                for message in messages {
                    let place = once(&mut changes, message);
                    places.entry((r, c)).or_insert(small(place));
                }
            }
        }
        for message in first.map_or_else(Vec::new, |first| first.own_changes(found, wanted)) {
            once(&mut changes, message);
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

    pub(super) fn change(&self, row: &Row, change: &Change) -> pb::HolderChange {
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
            ..Default::default()
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
}

/// Shows a change once for all children for whom it is the same; gives its place.
fn once(changes: &mut Vec<pb::HolderChange>, message: pb::HolderChange) -> usize {
    let same = changes
        .iter()
        .position(|other| other.day == message.day && bare(other) == bare(&message));
    let place = same.unwrap_or(changes.len());
    match changes.get_mut(place) {
        Some(other) => {
            join(&mut other.children, message.children);
            join(&mut other.evidence, message.evidence);
        }
        None => changes.push(message),
    }
    place
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
