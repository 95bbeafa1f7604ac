//! What changes of holder left behind, in sentences: a part of the knowledge page.

use crate::grpc::pb;

use super::super::page::Section;
use super::super::words::{count, every, size};

/// A section for each kind of which there is one.
pub(super) fn sections(answer: &pb::KnowledgeAnswer) -> Vec<Section> {
    let kinds = [
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

fn unread(answer: &pb::KnowledgeAnswer) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for of in &answer.not_shown_as_read {
        let sentence = format!(
            "{} to {}, {}: {}: {}",
            who(of.from.as_ref()),
            who(of.to.as_ref()),
            of.began,
            of.sentence,
            every(&of.items)
        );
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// Items of which the same is to be said, together.
fn left(answer: &pb::KnowledgeAnswer) -> Vec<String> {
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
