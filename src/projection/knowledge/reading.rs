//! Reading the file: an attestation gives a practitioner what stands on the agency's own record.

use crate::domain::event::Content;
use crate::domain::event::allocation::{AllocationContent, FileReadAttested, ReadScope};
use crate::domain::id::Practitioner;

use super::clues::own_telling;
use super::fact::{Effect, How, Proof, StatementId};
use super::proofs::{Proofs, Telling};
use super::view::{Seen, View};

/// Adds what each `file.read_attested` of the view gives.
pub(super) fn gather(view: &View<'_>, proofs: &mut Proofs) {
    for seen in view.statements().filter(|seen| !seen.void) {
        if let Content::Allocation(AllocationContent::FileReadAttested(read)) = &seen.event.content
        {
            attested(view, seen, read, proofs);
        }
    }
}

fn attested(view: &View<'_>, seen: &Seen<'_>, read: &FileReadAttested, proofs: &mut Proofs) {
    let reader = Practitioner {
        agency: seen.agency.clone(),
        staff: read.worker.clone(),
    };
    let listed: Vec<StatementId> = read
        .items
        .iter()
        .filter_map(|item| view.resolve(item))
        .collect();
    let whole = read.scope == ReadScope::WholeFile;
    let up_to = read.up_to.upper().unwrap_or(seen.occurred().latest);
    let itself = (seen.id, own_telling(view, seen, How::FileRead));
    let mut learned: Vec<(StatementId, Telling)> = vec![itself];
    for (statement, on_record) in proofs.of_agency(seen.agency) {
        let in_scope = listed.contains(&statement);
        if !whole && !read.items.is_empty() && !in_scope {
            continue;
        }
        let filed = on_record
            .iter()
            .filter(|proof| filed(proof) && (in_scope || proof.since.latest <= up_to))
            .min_by_key(|proof| proof.since);
        let Some(filed) = filed else { continue };
        let mut telling = own_telling(view, seen, How::FileRead);
        // A scope that the record does not delimit (a chronology, since the last summary) shows
        // only that the reader may have come upon it.
        if !whole && !in_scope {
            telling.effect = Effect::Possible;
        }
        telling.floor = telling.floor.max(filed.since);
        telling.evidence.extend(&filed.evidence);
        // Who is shown a listed entry is shown by what it came.
        if !whole && in_scope {
            learned.extend(filed.evidence.iter().map(|entry| (*entry, telling.clone())));
        }
        learned.push((statement, telling));
    }
    for (statement, telling) in learned {
        if let Some(item) = view.get(statement) {
            proofs.tell_person(&reader, (item.id, item.kappa), &telling);
        }
    }
}

/// On the agency's own record: its own entry, or received with its own evidence.
fn filed(proof: &Proof) -> bool {
    proof.effect == Effect::Knows && proof.on_file && proof.grade.receiver_side()
}
