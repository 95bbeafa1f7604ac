//! What arrived in a gap, and what softens it: `semantics.md` 5.1.10.

use jiff::civil::Date;

use super::Question;
use super::days::{DayRange, Span, day_after};
use super::gap::{Gap, GapEnd};
use super::read::Key;
use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::contact::ContactContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::{Content, Role};
use crate::projection::cut::{Cut, Reading};
use crate::projection::status::{Child, children_of};

/// Lists in a gap the items that arrived, the actions that fell due and the entries that soften it.
pub(super) fn annotate(
    gap: &mut Gap,
    key: &Key,
    cut: &Cut,
    question: &Question<'_>,
    subjects: &[Child],
) {
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
    gap.arrived = (question.items_known)(&key.agency, &key.child)
        .into_iter()
        .filter_map(|(position, since)| Some((position, inside(DayRange::of(since))?)))
        .collect();
    gap.arrived
        .sort_unstable_by_key(|(position, day)| (*day, *position));
    for reading in cut.facts() {
        if !children_of(reading.event(), subjects).contains(&key.child) {
            continue;
        }
        gap.due.extend(due(reading, key, &inside));
        let own = *reading.agency() == key.agency;
        if own && softens(reading, key.role) && inside(DayRange::of(reading.occurred())).is_some() {
            gap.softening.push(reading.position());
        }
    }
}

/// An action of the agency, and of the role where one is named, whose due date lies in the gap.
fn due(
    reading: &Reading,
    key: &Key,
    inside: &dyn Fn(DayRange) -> Option<Date>,
) -> Option<(u64, Date)> {
    let Content::Plan(PlanContent::ActionAssigned(action)) = &reading.event().content else {
        return None;
    };
    let owner = action.owner.as_ref()?;
    let role = matches!(owner.role, Role::NotStated) || owner.role == key.role;
    let agency = owner.agency.as_ref().unwrap_or(reading.agency());
    if !role || *agency != key.agency {
        return None;
    }
    let due = action.due.as_ref()?.resolve(reading.root().appended);
    Some((reading.position(), inside(DayRange::of(due))?))
}

fn softens(reading: &Reading, role: Role) -> bool {
    let acted_as = reading.event().actor.as_ref().map(|actor| actor.role);
    let content = &reading.event().content;
    if let Content::Allocation(AllocationContent::UnallocatedReasonRecorded(recorded)) = content {
        return recorded.role == role || recorded.role == Role::NotStated;
    }
    if let Content::Contact(ContactContent::VisitMade(visit)) = content {
        return visit.role == Role::DutyWorker || acted_as == Some(Role::DutyWorker);
    }
    matches!(
        content,
        Content::Allocation(AllocationContent::ManagementOversight(_))
    )
}
