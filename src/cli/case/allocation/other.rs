//! What else an allocation answer holds: two holders at once, changes of agencies together, what a change may have lost.

use crate::grpc::pb;

use super::super::page::Section;
use super::super::words::{bound, capital, count, every, evidence, role, size};

/// A section for each kind of which there is one.
pub(super) fn others(answer: &pb::AllocationAnswer) -> Vec<Section> {
    let kinds = [
        ("Two holders at once", overlaps(answer)),
        ("Changes of two agencies close together", together(answer)),
        (
            "On file, with no sign that the next holder read it",
            unread(answer),
        ),
        ("Left with the person", left(answer)),
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

fn unread(answer: &pb::AllocationAnswer) -> Vec<String> {
    let sentences = answer.not_shown_as_read.iter().map(|of| {
        format!(
            "{} to {}, {}: {}: {}",
            who(of.from.as_ref()),
            who(of.to.as_ref()),
            of.began,
            of.sentence,
            every(&of.items)
        )
    });
    each_once(sentences)
}

/// Items of which the same is to be said, together.
fn left(answer: &pb::AllocationAnswer) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<u64>)> = Vec::new();
    for of in &answer.left_with_person {
        match groups
            .iter_mut()
            .find(|(sentence, _)| *sentence == of.sentence)
        {
            Some((_, items)) => items.push(of.item),
            None => groups.push((&of.sentence, vec![of.item])),
        }
    }
    let sentences = groups.into_iter().map(|(sentence, mut items)| {
        items.sort_unstable();
        items.dedup();
        let n = count(size(&items), "item", "items");
        format!("{n} {sentence}: {}", every(&items))
    });
    sentences.collect()
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
