//! What else an allocation answer holds: two holders at once, changes of agencies together.

use crate::grpc::pb;

use super::super::page::Section;
use super::super::words::{bound, capital, count, depends, evidence, role};

/// A section for each kind of which there is one.
pub(super) fn others(answer: &pb::AllocationAnswer) -> Vec<Section> {
    let kinds = [
        ("Two holders at once", overlaps(answer)),
        ("Changes of two agencies close together", together(answer)),
        (
            "Changes that depend on a correction",
            of_one_reading(answer),
        ),
    ];
    kinds
        .into_iter()
        .filter(|(_, notes)| !notes.is_empty())
        .map(|(title, notes)| Section::of(title, notes))
        .collect()
}

fn overlaps(answer: &pb::AllocationAnswer) -> Vec<String> {
    let sentences = answer.overlaps.iter().map(|of| {
        let to = if of.to.is_empty() {
            "on"
        } else {
            of.to.as_str()
        };
        format!(
            "{} ({}): {} and {}, from {} to {to} ({})",
            capital(&role(of.role)),
            of.agency,
            who(of.first.as_ref()),
            who(of.second.as_ref()),
            of.from,
            evidence(&of.evidence)
        )
    });
    each_once(sentences)
}

/// The changes that exist under one reading of a late correction only.
fn of_one_reading(answer: &pb::AllocationAnswer) -> Vec<String> {
    let changes = answer.changes.iter();
    let marked = changes.filter(|of| !of.depends_on_corrections.is_empty());
    each_once(marked.map(|of| {
        format!(
            "{} ({}): {} to {} on {} ({}): {}",
            capital(&role(of.role)),
            of.agency,
            who(of.from.as_ref()),
            who(of.to.as_ref()),
            bound(of.day.as_ref(), "a day not known"),
            evidence(&of.evidence),
            depends(&of.depends_on_corrections, of.first_words_only)
        )
    }))
}

/// A pair of changes once, however many children it is about.
fn together(answer: &pb::AllocationAnswer) -> Vec<String> {
    let change = |place: u32| {
        let of = usize::try_from(place)
            .ok()
            .and_then(|place| answer.changes.get(place))?;
        Some(format!(
            "{} to {} on {} ({})",
            who(of.from.as_ref()),
            who(of.to.as_ref()),
            bound(of.day.as_ref(), "a day not known"),
            evidence(&of.evidence)
        ))
    };
    each_once(answer.simultaneous.iter().filter_map(|of| {
        let apart = count(of.days.unsigned_abs(), "day", "days");
        Some(format!(
            "{}, and {}: {apart} apart",
            change(of.first)?,
            change(of.second)?
        ))
    }))
}

fn each_once(sentences: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for sentence in sentences {
        if !kept.contains(&sentence) {
            kept.push(sentence);
        }
    }
    kept
}

/// A practitioner as `csc/SW2`.
fn who(of: Option<&pb::Holder>) -> String {
    of.map_or_else(String::new, |of| {
        let name = if of.role_code.is_empty() {
            &of.staff
        } else {
            &of.role_code
        };
        format!("{}/{name}", of.agency)
    })
}
