//! Allocation answers as messages.

mod change;
mod gap;
mod late;
mod sibling;
mod total;

use jiff::civil::Date;

pub(super) use self::change::in_gap;
pub(super) use self::late::{First, entries_of};
pub(super) use self::sibling::{gaps as gaps_once, spells as spells_once};
use super::parts::{Names, coverage, people, range, stamp};
use crate::domain::event::{FeedKind, Role};
use crate::domain::id::{AgencyId, StaffId};
use crate::grpc::pb;
use crate::projection::allocation::absence::{Absence, Covered};
use crate::projection::allocation::change::{Change, ExplainedState};
use crate::projection::allocation::days::{DayRange, day_before};
use crate::projection::allocation::mark::{Employed, EndReason, Holder};
use crate::projection::allocation::spell::Spell;
use crate::projection::allocation::{Allocation, Question, Row, allocation_by};
use crate::projection::need::Case;
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// What an allocation question says beside case and moment, checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Only these roles; empty means all.
    pub(super) roles: Vec<Role>,
    /// Only this agency.
    pub(super) agency: Option<AgencyId>,
    /// The window of the totals, both days included.
    pub(super) window: Option<(Date, Date)>,
    /// Working days from which a gap is listed, instead of the pack's figures.
    pub(super) min_gap: Option<u32>,
}

impl Wanted {
    fn takes(&self, row: &Row) -> bool {
        self.agency
            .as_ref()
            .is_none_or(|agency| row.agency == *agency)
            && (self.roles.is_empty() || self.roles.contains(&row.role))
    }
}

/// Answers who held the case.
pub(super) fn answer(
    asked: &Asked,
    names: &Names,
    pack: &Pack,
    wanted: &Wanted,
) -> pb::AllocationAnswer {
    let case = Case::of(&asked.cut, pack);
    let found = ask(&case, pack, wanted);
    let rows: Vec<&Row> = found.rows.iter().filter(|row| wanted.takes(row)).collect();
    let page = Page {
        names,
        pack,
        case: &case,
        today: found.day,
    };
    let earlier = asked.earlier.as_ref();
    let earlier = earlier.map(|cuts| cuts.map(|cut| Case::of(cut, pack)));
    let first = earlier.as_ref();
    let first = first.map(|cases| First::of(cases, &page, wanted));
    let changes = page.changes(&found, first.as_ref(), wanted);
    let window = found.window;
    let mut answer = pb::AllocationAnswer {
        stamp: Some(stamp(asked, pack)),
        spells: sibling::spells(rows.iter().flat_map(|row| page.spells(row))),
        gaps: sibling::gaps(page.all_gaps(&found, first.as_ref(), wanted).into_iter()),
        totals: page.totals(&found, &rows),
        coverage: coverage(&asked.cut, case.coverage(), &[FeedKind::Allocation]),
        changes: changes.0,
        simultaneous: changes.1,
        overlaps: rows.iter().flat_map(|row| page.overlaps(row)).collect(),
        thresholds: gap::thresholds(&rows, wanted, pack),
        window_from: if window.from == Date::MIN {
            String::new()
        } else {
            window.from.to_string()
        },
        window_to: day_before(window.to).to_string(),
        entries: Vec::new(),
    };
    answer.entries = entries_of(asked, change::named(&answer));
    answer
}

/// The pure answer, with what arrived in each gap.
pub(super) fn ask(case: &Case<'_>, pack: &Pack, wanted: &Wanted) -> Allocation {
    let items_known = |agency: &_, child: &_| case.items_known(agency, child);
    let question = Question {
        window: wanted.window,
        min_gap: wanted.min_gap,
        items_known: &items_known,
        ..Question::new(pack)
    };
    allocation_by(case.cut(), case.coverage(), &question)
}

/// What the rows of one answer share.
pub(super) struct Page<'a> {
    pub(super) names: &'a Names,
    pub(super) pack: &'a Pack,
    pub(super) case: &'a Case<'a>,
    pub(super) today: Date,
}

impl Page<'_> {
    pub(super) fn spells(&self, row: &Row) -> Vec<pb::Spell> {
        row.spells
            .iter()
            .map(|spell| self.spell(row, spell))
            .collect()
    }

    fn spell(&self, row: &Row, spell: &Spell) -> pb::Spell {
        let staff = match &spell.holder {
            Holder::Named(staff) | Holder::ManagerHolding(Some(staff)) => Some(staff),
            Holder::ManagerHolding(None)
            | Holder::DutyTray
            | Holder::Team
            | Holder::Vacant
            | Holder::NotStated => None,
        };
        let change = row.changes.iter().find(|change| {
            Some(&change.to) == spell.holder.named() && Some(change.day) == spell.from
        });
        let (child, family, handover) = change.map_or((0, 0, 0), said);
        let overlaps = row.overlaps.iter().any(|overlap| {
            let held = spell.from.is_none_or(|from| from.latest <= overlap.from)
                && spell.to.is_none_or(|to| overlap.from < to.day.latest);
            let one = |staff: &StaffId| *staff == overlap.holders.0 || *staff == overlap.holders.1;
            held && staff.is_some_and(one)
        });
        pb::Spell {
            children: people(&row.children),
            agency: row.agency.to_string(),
            role: row.role.code(),
            basis: footing(&spell.holder).to_owned(),
            staff: staff.map(ToString::to_string).unwrap_or_default(),
            role_code: staff
                .map(|staff| self.names.code(&row.agency, staff))
                .unwrap_or_default(),
            from: spell.from.map(|from| range(from, self.today)),
            to: spell.to.map(|to| range(to.day, self.today)),
            days: self.days(spell),
            end: i32::from(spell.to.map_or(pb::SpellEnd::Open, |to| end(to.reason))),
            start_reason: spell.begun_because.name().to_owned(),
            end_reason: spell.ended_because.name().to_owned(),
            explained_to_child: child,
            explained_to_family: family,
            handover,
            employer: i32::from(match spell.employed {
                Employed::AgencyStaff => pb::Employer::StaffingAgency,
                Employed::Own => pb::Employer::Own,
                Employed::NotStated => pb::Employer::Unspecified,
            }),
            overlap: overlaps,
            evidence: spell.evidence.clone(),
            absences: spell
                .absences
                .iter()
                .map(|away| self.absence(away))
                .collect(),
            last_covered: shown(spell.counted_to),
        }
    }

    fn absence(&self, away: &Absence) -> pb::SpellAbsence {
        let (cover, staff) = match &away.cover {
            Covered::By(staff) => ("named", staff.to_string()),
            Covered::Duty => ("duty", String::new()),
            Covered::Nobody => ("nobody", String::new()),
            Covered::NotStated => ("not_stated", String::new()),
        };
        pb::SpellAbsence {
            kind: away.kind.name().to_owned(),
            from: Some(range(away.from, self.today)),
            to: away.to.map(|to| range(to, self.today)),
            working_days: away.working_days,
            cover: cover.to_owned(),
            cover_staff: staff,
            counted: away.counted,
            evidence: away.evidence.clone(),
            last_covered: shown(away.counted_to),
        }
    }

    fn holder(&self, agency: &AgencyId, staff: &StaffId) -> pb::Holder {
        pb::Holder {
            agency: agency.to_string(),
            staff: staff.to_string(),
            role_code: self.names.code(agency, staff),
        }
    }

    fn days(&self, spell: &Spell) -> Option<pb::Days> {
        let (bounds, from) = (spell.days?, spell.from?);
        let open = DayRange::exact(spell.counted_to.unwrap_or(self.today));
        let to = spell.to.map_or(open, |to| to.day);
        let between = |a: Date, b: Date| {
            if a < b {
                i64::from(self.pack.calendar().working_days_from(a, b))
            } else {
                0
            }
        };
        Some(pb::Days {
            at_least: bounds.at_least,
            at_most: bounds.at_most,
            working_at_least: between(from.latest, to.first()),
            working_at_most: between(from.first(), to.latest),
            so_far: spell.to.is_none(),
        })
    }
}

/// A day, or nothing where there is none.
fn shown(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn end(reason: EndReason) -> pb::SpellEnd {
    match reason {
        EndReason::Recorded => pb::SpellEnd::Recorded,
        EndReason::Transferred => pb::SpellEnd::Transferred,
        EndReason::Superseded => pb::SpellEnd::Superseded,
        EndReason::WindowClosed => pb::SpellEnd::WindowClosed,
    }
}

fn footing(holder: &Holder) -> &'static str {
    match holder {
        Holder::Named(_) => "named",
        Holder::DutyTray => "duty_tray",
        Holder::Team => "team",
        Holder::Vacant => "vacant",
        Holder::ManagerHolding(_) => "manager_holding",
        Holder::NotStated => "not_stated",
    }
}

/// Explained to the child, to the family, handed over: yes only where it is recorded.
fn said(change: &Change) -> (i32, i32, i32) {
    let handover = if change.handover.is_empty() {
        pb::Tri::Unspecified
    } else {
        pb::Tri::Yes
    };
    (
        i32::from(explained(change.child.state)),
        i32::from(explained(change.family.state)),
        i32::from(handover),
    )
}

fn explained(state: ExplainedState) -> pb::ExplainedState {
    match state {
        ExplainedState::Yes => pb::ExplainedState::Yes,
        ExplainedState::No => pb::ExplainedState::No,
        ExplainedState::NoRecord => pb::ExplainedState::NoRecord,
        ExplainedState::NotYet => pb::ExplainedState::NotYet,
        ExplainedState::FieldNotCollected => pb::ExplainedState::FieldNotCollected,
        ExplainedState::NotApplicable => pb::ExplainedState::NotApplicable,
    }
}
