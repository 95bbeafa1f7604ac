//! Who was followed by whom, and who holds a role now: what the questions of turnover start from (`semantics.md` 6.4).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::absence::{Absence, Covered};
use super::change::Change;
use super::mark::EndReason;
use super::spell::Spell;
use super::{Allocation, Row};
use crate::domain::id::{AgencyId, Practitioner, StaffId};
use crate::projection::knowledge::HolderChange;

/// Every holder of a role who was followed by another, or ended without one so far while somebody was still expected.
/// One for each change, whatever children it is about; the closing of a window is none.
pub fn holder_changes(answer: &Allocation) -> Vec<HolderChange> {
    let mut found: Vec<HolderChange> = Vec::new();
    for row in &answer.rows {
        for change in of_row(row, answer.day) {
            let same = found.iter_mut().find(|other| {
                other.role == change.role
                    && other.from == change.from
                    && other.to == change.to
                    && (other.to.is_some() || other.ended == change.ended)
            });
            match same {
                Some(other) => {
                    other.ended = other.ended.max(change.ended);
                    other.children.extend(change.children);
                    other.children.sort_unstable();
                    other.children.dedup();
                }
                None => found.push(change),
            }
        }
    }
    found
}

/// The practitioners who hold a role on the as-at date, or may: named, and not in a counted absence; with those named
/// as cover. Where the agency's records end before that date, whoever held it last may hold it still: that nobody does
/// is concluded from a record only.
pub fn effective_holders(answer: &Allocation) -> BTreeSet<Practitioner> {
    let today = answer.day;
    let mut holders = BTreeSet::new();
    for row in &answer.rows {
        for spell in &row.spells {
            let Some(staff) = spell.holder.named() else {
                continue;
            };
            if today < spell.first_day() || spell.last_end() <= today {
                continue;
            }
            let on = |absence: &&Absence| absence.surely().is_some_and(|away| away.contains(today));
            let away: Vec<&Absence> = spell.absences.iter().filter(on).collect();
            if !away.iter().any(|absence| absence.counted) {
                holders.insert(person(&row.agency, staff));
            }
            for absence in away {
                if let Covered::By(cover) = &absence.cover {
                    holders.insert(person(&row.agency, cover));
                }
            }
        }
    }
    holders
}

fn of_row(row: &Row, today: Date) -> Vec<HolderChange> {
    let head = |from: &StaffId, ended: Date, to| HolderChange {
        role: row.role,
        children: row.children.clone(),
        from: person(&row.agency, from),
        ended,
        to,
    };
    let mut found: Vec<HolderChange> = Vec::new();
    for change in &row.changes {
        let ended = before(row, change)
            .and_then(|spell| spell.to)
            .map(|end| end.day.latest)
            .filter(|ended| *ended <= today);
        let began = change.day.latest;
        let next = (person(&row.agency, &change.to), began);
        found.push(head(&change.from, ended.unwrap_or(began), Some(next)));
    }
    for spell in &row.spells {
        let (Some(staff), Some(end)) = (spell.holder.named(), spell.to) else {
            continue;
        };
        let followed = row
            .changes
            .iter()
            .any(|change| before(row, change) == Some(spell));
        let ended = end.day.latest;
        let expected = row.window.iter().flatten().any(|span| span.contains(ended));
        let closed = end.reason == EndReason::WindowClosed;
        if !followed && !closed && expected && ended <= today {
            found.push(head(staff, ended, None));
        }
    }
    found
}

/// The spell that a change ended.
fn before<'a>(row: &'a Row, change: &Change) -> Option<&'a Spell> {
    row.spells
        .iter()
        .filter(|spell| spell.holder.named() == Some(&change.from))
        .filter(|spell| spell.first_day() <= change.day.latest)
        .max_by_key(|spell| spell.first_day())
}

fn person(agency: &AgencyId, staff: &StaffId) -> Practitioner {
    Practitioner {
        agency: agency.clone(),
        staff: staff.clone(),
    }
}
