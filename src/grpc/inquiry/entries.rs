//! The entries that the rows of an answer name, with their event ids: evidence that can be fetched and checked.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{bound, people};
use crate::grpc::pb;
use crate::projection::cut::{Cut, Reading};
use crate::projection::placed::Placed;

/// A row for each position, and for each entry about the record (a correction, a retraction) that its statement has
/// in the cut: the reading may rest on that one. Ascending; a position that is not in the cut has no row.
pub(super) fn entries(cut: &Cut, positions: impl IntoIterator<Item = u64>) -> Vec<pb::EntryRow> {
    let named: BTreeSet<u64> = positions.into_iter().collect();
    let mut wanted: BTreeMap<u64, &Reading> = BTreeMap::new();
    for position in &named {
        let Some(reading) = cut.reading(*position) else {
            continue;
        };
        wanted.insert(reading.position(), reading);
        for member in reading.members() {
            wanted.insert(*member, reading);
        }
        // A new understanding is a statement of its own.
        for correction in reading.corrections() {
            if let Some(reading) = cut.reading(correction.position) {
                wanted.insert(correction.position, reading);
            }
        }
    }
    let wanted = wanted.into_iter();
    wanted
        .filter_map(|(position, reading)| Some(row(cut, cut.log().at(position)?, reading)))
        .collect()
}

/// One entry of a cut, in the words that the cut reads.
pub(super) fn of_reading(cut: &Cut, reading: &Reading) -> pb::EntryRow {
    row(cut, reading.root(), reading)
}

fn row(cut: &Cut, entry: &Placed, reading: &Reading) -> pb::EntryRow {
    let original = entry.position == reading.position();
    let (event, occurred) = if original {
        (reading.event(), reading.occurred())
    } else {
        let occurred = entry.event.occurred.resolve(entry.appended);
        (&*entry.event, occurred)
    };
    pb::EntryRow {
        position: entry.position,
        case_seq: entry.case_seq,
        agency: entry.agency.to_string(),
        r#type: event.content.type_name().to_owned(),
        occurred: Some(bound(cut, occurred)),
        children: people(&event.children),
        possible: !reading.certain(),
        retracted: reading.struck().is_some(),
        event_id: entry.event_id.to_string(),
        of: if original {
            reading.about()
        } else {
            Some(reading.position())
        },
    }
}
