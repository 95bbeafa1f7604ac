//! Rows of siblings that say the same are shown once, with the children named (`semantics.md` 5.1.1).

use std::collections::BTreeSet;

use crate::grpc::pb;
use crate::projection::late::clause;

/// Spells, each once for all children for whom it is the same.
pub(in crate::grpc::inquiry) fn spells(spells: impl Iterator<Item = pb::Spell>) -> Vec<pb::Spell> {
    let bare = |spell: &pb::Spell| pb::Spell {
        children: Vec::new(),
        evidence: Vec::new(),
        ..spell.clone()
    };
    let mut shown: Vec<pb::Spell> = Vec::new();
    for spell in spells {
        let same = |other: &&mut pb::Spell| other.from == spell.from && bare(other) == bare(&spell);
        match shown.iter_mut().find(same) {
            Some(other) => {
                join(&mut other.children, spell.children);
                join(&mut other.evidence, spell.evidence);
            }
            None => shown.push(spell),
        }
    }
    shown
}

/// Gaps, each once for all children for whom it is the same; what arrived about any of them is listed in it.
pub(in crate::grpc::inquiry) fn gaps(gaps: impl Iterator<Item = pb::Gap>) -> Vec<pb::Gap> {
    let bare = |gap: &pb::Gap| pb::Gap {
        children: Vec::new(),
        evidence: Vec::new(),
        context: Vec::new(),
        arrived: Vec::new(),
        due: Vec::new(),
        ..gap.clone()
    };
    let mut shown: Vec<pb::Gap> = Vec::new();
    for gap in gaps {
        let same = |other: &&mut pb::Gap| other.from == gap.from && bare(other) == bare(&gap);
        match shown.iter_mut().find(same) {
            Some(other) => {
                join(&mut other.children, gap.children);
                join(&mut other.evidence, gap.evidence);
                join(&mut other.context, gap.context);
                inside(&mut other.arrived, gap.arrived);
                inside(&mut other.due, gap.due);
            }
            None => shown.push(gap),
        }
    }
    for gap in &mut shown {
        let arrived = match gap.arrived.len() {
            0 => String::new(),
            1 => "; 1 item arrived in it".to_owned(),
            n => format!("; {n} items arrived in it"),
        };
        gap.sentence.push_str(&arrived);
        gap.sentence
            .push_str(&clause(&gap.depends_on_corrections, gap.first_words_only));
    }
    shown
}

/// The union, sorted.
pub(super) fn join<T: Ord + Clone>(into: &mut Vec<T>, more: Vec<T>) {
    let all: BTreeSet<T> = into.drain(..).chain(more).collect();
    into.extend(all);
}

fn inside(into: &mut Vec<pb::InGap>, more: Vec<pb::InGap>) {
    for one in more {
        match into.iter_mut().find(|other| other.entry == one.entry) {
            Some(other) => join(&mut other.evidence, one.evidence),
            None => into.push(one),
        }
    }
    into.sort_by(|a, b| (&a.day, a.entry).cmp(&(&b.day, b.entry)));
}
