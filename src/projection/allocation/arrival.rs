//! What arrived in a gap, and what softens it: `semantics.md` 5.1.10.

use super::Question;
use super::acts::Acts;
use super::days::{DayRange, Span, day_after};
use super::gap::{Gap, GapEnd};
use super::read::Key;
use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::{Content, Role};
use crate::domain::time::Interval;
use crate::projection::cut::Reading;

/// Lists in each gap the items that arrived, the actions that fell due and the entries that soften it.
pub(super) fn annotate_all(gaps: &mut [Gap], key: &Key, acts: &Acts<'_>, question: &Question<'_>) {
    if gaps.is_empty() {
        return;
    }
    let known = (question.items_known)(&key.agency, &key.child);
    for gap in gaps {
        annotate(gap, key, acts, &known);
    }
}

fn annotate(gap: &mut Gap, key: &Key, acts: &Acts<'_>, known: &[(u64, Interval)]) {
    let to = match gap.at_least.to {
        GapEnd::Before(day) => day,
        GapEnd::SoFar(last) | GapEnd::Covered(last) => day_after(last),
    };
    let Some(span) = Span::new(gap.at_least.from, to) else {
        return;
    };
    let inside = |days: DayRange| {
        days.earliest
            .filter(|day| span.contains(*day) && span.contains(days.latest))
    };
    gap.arrived = known
        .iter()
        .filter_map(|(position, since)| Some((*position, inside(DayRange::of(*since))?)))
        .collect();
    gap.arrived
        .sort_unstable_by_key(|(position, day)| (*day, *position));
    let due = acts.actions(key);
    gap.due
        .extend(due.filter_map(|(position, due)| Some((position, inside(due)?))));
    let softening = acts
        .softening(key, (span.from, span.to))
        .filter(|reading| softens(reading, key.role))
        .filter(|reading| inside(DayRange::of(reading.occurred())).is_some());
    gap.softening.extend(softening.map(Reading::position));
}

/// Whether an entry that may soften a gap softens one of this role.
fn softens(reading: &Reading, role: Role) -> bool {
    let content = &reading.event().content;
    if let Content::Allocation(AllocationContent::UnallocatedReasonRecorded(recorded)) = content {
        return recorded.role == role || recorded.role == Role::NotStated;
    }
    true
}
