//! Allocation answers as messages.

use jiff::civil::Date;

use super::parts::{Names, coverage, people, range, reason, small, small_days, stamp};
use crate::domain::event::FeedKind;
use crate::grpc::pb;
use crate::projection::allocation::change::{Change, ExplainedState};
use crate::projection::allocation::days::DayRange;
use crate::projection::allocation::gap::{Extent, Gap, GapEnd, GapKind, MaybeGap, Unknown};
use crate::projection::allocation::mark::{Employed, EndReason, Holder};
use crate::projection::allocation::spell::Spell;
use crate::projection::allocation::total::Totals;
use crate::projection::allocation::{Allocation, Question, Row, allocation, sentence};
use crate::projection::coverage::Coverage;
use crate::projection::need::Case;
use crate::rules::pack::Pack;
use crate::service::inquiry::Asked;

/// Answers who held the case.
pub(super) fn answer(
    asked: &Asked,
    names: &Names,
    pack: &Pack,
    (window, wanted): (Option<(Date, Date)>, &pb::AllocationQuestion),
) -> pb::AllocationAnswer {
    let found = ask(asked, pack, window);
    let rows: Vec<&Row> = found
        .rows
        .iter()
        .filter(|row| wanted.agency.is_empty() || row.agency.as_str() == wanted.agency)
        .filter(|row| wanted.roles.is_empty() || wanted.roles.contains(&row.role.code()))
        .collect();
    let page = Page {
        names,
        pack,
        today: found.day,
    };
    pb::AllocationAnswer {
        stamp: Some(stamp(asked, pack)),
        spells: rows.iter().flat_map(|row| page.spells(row)).collect(),
        gaps: rows.iter().flat_map(|row| page.gaps(row)).collect(),
        totals: totals(&found, &rows),
        coverage: coverage(
            &asked.cut,
            &Coverage::of(&asked.cut),
            &[FeedKind::Allocation],
        ),
    }
}

/// The pure answer, with what arrived in each gap.
pub(super) fn ask(asked: &Asked, pack: &Pack, window: Option<(Date, Date)>) -> Allocation {
    let case = Case::of(&asked.cut, pack);
    let items_known = |agency: &_, child: &_| case.items_known(agency, child);
    allocation(
        &asked.cut,
        &Question {
            pack,
            window,
            items_known: &items_known,
        },
    )
}

/// What the rows of one answer share.
pub(super) struct Page<'a> {
    pub(super) names: &'a Names,
    pub(super) pack: &'a Pack,
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
            staff.is_some_and(|staff| *staff == overlap.holders.0 || *staff == overlap.holders.1)
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
            team: String::new(),
            from: spell.from.map(|from| range(from, self.today)),
            to: spell.to.map(|to| range(to.day, self.today)),
            days: self.days(spell),
            end: i32::from(spell.to.map_or(pb::SpellEnd::Open, |to| end(to.reason))),
            start_reason: spell.begun_because.name().to_owned(),
            end_reason: spell.ended_because.name().to_owned(),
            explained_to_child: child,
            explained_to_family: family,
            handover,
            employment: match spell.employed {
                Employed::AgencyStaff => i32::from(pb::Employment::Agency),
                Employed::Own => i32::from(pb::Employment::Permanent),
                Employed::NotStated => 0,
            },
            overlap: overlaps,
            evidence: spell.evidence.clone(),
        }
    }

    fn days(&self, spell: &Spell) -> Option<pb::Days> {
        let (bounds, from) = (spell.days?, spell.from?);
        let to = spell.to.map_or(DayRange::exact(self.today), |to| to.day);
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

    pub(super) fn gaps(&self, row: &Row) -> Vec<pb::Gap> {
        let sure = row.gaps.iter().map(|gap| self.gap(row, gap));
        let maybe = row.maybe.iter().map(|gap| self.maybe(row, gap));
        let unknown = row.unknown.iter().map(|gap| self.unknown(row, gap));
        sure.chain(maybe).chain(unknown).collect()
    }

    fn gap(&self, row: &Row, gap: &Gap) -> pb::Gap {
        let longest = gap
            .stretches
            .iter()
            .max_by_key(|stretch| stretch.extent.days);
        let (least, most) = (gap.at_least, gap.at_most);
        let so_far = !matches!(least.to, GapEnd::Before(_));
        let days = pb::Days {
            at_least: least.days,
            at_most: most.days,
            working_at_least: i64::from(least.working_days),
            working_at_most: i64::from(most.working_days),
            so_far,
        };
        let parts = gap
            .stretches
            .iter()
            .map(|stretch| format!("{} {}", stretch.kind.words(), in_words(&stretch.extent)));
        let parts: Vec<String> = parts.collect();
        let open = if so_far { " so far" } else { "" };
        let sentence = format!(
            "{} of {}: nobody effective {}{open} ({} working days): {}",
            row.role.name().replace('_', " "),
            sentence::agency(None, &row.agency),
            in_words(&least),
            least.working_days,
            parts.join("; ")
        );
        pb::Gap {
            kind: i32::from(longest.map_or(pb::GapKind::Unspecified, |s| kind(s.kind))),
            days: Some(days),
            outcome: "no record".to_owned(),
            arrived: gap.arrived.iter().map(|(position, _)| *position).collect(),
            context: gap.softening.clone(),
            evidence: gap.evidence.clone(),
            sentence,
            from: Some(both(most.from, least.from)),
            to: match (least.to, most.to) {
                (GapEnd::Before(first), GapEnd::Before(last)) => Some(both(first, last)),
                (GapEnd::Before(first), GapEnd::SoFar(_) | GapEnd::Covered(_)) => {
                    Some(pb::DayBound {
                        earliest: first.to_string(),
                        latest: String::new(),
                    })
                }
                (GapEnd::SoFar(_) | GapEnd::Covered(_), _) => None,
            },
            ..head(row)
        }
    }

    fn maybe(&self, row: &Row, gap: &MaybeGap) -> pb::Gap {
        let extent = gap.extent;
        let days = pb::Days {
            at_least: 0,
            at_most: extent.days,
            working_at_least: 0,
            working_at_most: i64::from(extent.working_days),
            so_far: !matches!(extent.to, GapEnd::Before(_)),
        };
        pb::Gap {
            kind: i32::from(pb::GapKind::CannotBeKnown),
            days: Some(days),
            outcome: "undeterminable (a date straddles the bound)".to_owned(),
            evidence: gap.evidence.clone(),
            sentence: format!("perhaps nobody {}: dates are uncertain", in_words(&extent)),
            from: Some(self.exact(extent.from)),
            to: ended(extent.to),
            ..head(row)
        }
    }

    fn unknown(&self, row: &Row, gap: &Unknown) -> pb::Gap {
        pb::Gap {
            kind: i32::from(pb::GapKind::CannotBeKnown),
            outcome: format!("undeterminable ({})", reason(gap.reason)),
            evidence: gap.evidence.clone(),
            sentence: gap.sentence.clone(),
            from: Some(self.exact(gap.from)),
            to: ended(gap.to),
            ..head(row)
        }
    }

    fn exact(&self, day: Date) -> pb::DayBound {
        range(DayRange::exact(day), self.today)
    }
}

fn head(row: &Row) -> pb::Gap {
    pb::Gap {
        children: people(&row.children),
        agency: row.agency.to_string(),
        role: row.role.code(),
        ..Default::default()
    }
}

fn both(earliest: Date, latest: Date) -> pb::DayBound {
    pb::DayBound {
        earliest: earliest.to_string(),
        latest: latest.to_string(),
    }
}

fn ended(end: GapEnd) -> Option<pb::DayBound> {
    match end {
        GapEnd::Before(day) => Some(both(day, day)),
        GapEnd::SoFar(_) | GapEnd::Covered(_) => None,
    }
}

fn in_words(extent: &Extent) -> String {
    let from = sentence::date(extent.from);
    let to = match extent.to {
        GapEnd::Before(day) => format!("to {}", sentence::date(day)),
        GapEnd::SoFar(day) => format!("to {}, so far", sentence::date(day)),
        GapEnd::Covered(day) => format!("until {}, the last day covered", sentence::date(day)),
    };
    format!("from {from} {to}, {} days", extent.days)
}

fn kind(kind: GapKind) -> pb::GapKind {
    match kind {
        GapKind::NeverAllocated => pb::GapKind::NeverAllocated,
        GapKind::BetweenHolders => pb::GapKind::BetweenHolders,
        GapKind::DutyOrTeam => pb::GapKind::DutyOrTeam,
        GapKind::Vacant => pb::GapKind::Vacant,
        GapKind::HeldByManager => pb::GapKind::ManagerHolding,
        GapKind::Absent => pb::GapKind::AbsentNoCover,
    }
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
    let explained = |state: ExplainedState| match state {
        ExplainedState::Yes => i32::from(pb::Tri::Yes),
        ExplainedState::No => i32::from(pb::Tri::No),
        ExplainedState::NotApplicable => i32::from(pb::Tri::NotApplicable),
        ExplainedState::NoRecord | ExplainedState::NotYet | ExplainedState::FieldNotCollected => 0,
    };
    let handover = if change.handover.is_empty() {
        0
    } else {
        i32::from(pb::Tri::Yes)
    };
    (
        explained(change.child.state),
        explained(change.family.state),
        handover,
    )
}

/// The totals of each row and child, and for each agency and role the distinct holders of the whole case.
fn totals(found: &Allocation, rows: &[&Row]) -> Vec<pb::AllocationTotal> {
    let mut totals: Vec<pb::AllocationTotal> = Vec::new();
    for row in rows {
        for child in &row.children {
            totals.push(pb::AllocationTotal {
                child: child.to_string(),
                ..total(row, &row.totals)
            });
        }
    }
    for ((agency, role), distinct) in &found.distinct {
        let of: Vec<&&Row> = rows
            .iter()
            .filter(|row| row.agency == *agency && row.role == *role)
            .collect();
        let (Some(first), single) = (of.first(), of.len() == 1) else {
            continue;
        };
        let mut holders: Vec<String> = Vec::new();
        for name in of.iter().flat_map(|row| named(row)) {
            if !holders.contains(&name) {
                holders.push(name);
            }
        }
        let base = if single {
            total(first, &first.totals)
        } else {
            identity(first)
        };
        totals.push(pb::AllocationTotal {
            distinct: small(*distinct),
            holders,
            ..base
        });
    }
    totals
}

fn identity(row: &Row) -> pb::AllocationTotal {
    pb::AllocationTotal {
        agency: row.agency.to_string(),
        role: row.role.code(),
        ..Default::default()
    }
}

fn total(row: &Row, of: &Totals) -> pb::AllocationTotal {
    let listed = row.gaps.iter();
    let (most, working) = listed.fold((0, (0, 0)), |(most, working), gap| {
        let sum = |a: i64, b: u32| a.saturating_add(i64::from(b));
        let working = (
            sum(working.0, gap.at_least.working_days),
            sum(working.1, gap.at_most.working_days),
        );
        (gap.at_most.days.saturating_add(most), working)
    });
    let unexplained = row
        .changes
        .iter()
        .filter(|c| c.child.fires() || c.family.fires())
        .count();
    let evidence: std::collections::BTreeSet<u64> = row
        .spells
        .iter()
        .flat_map(|spell| spell.evidence.iter())
        .chain(row.gaps.iter().flat_map(|gap| gap.evidence.iter()))
        .copied()
        .collect();
    pb::AllocationTotal {
        distinct: small(of.distinct),
        changes: small(of.changes),
        days_with_nobody: Some(pb::Days {
            at_least: of.nobody_days,
            at_most: most.max(of.nobody_days),
            working_at_least: working.0,
            working_at_most: working.1,
            so_far: row
                .gaps
                .iter()
                .any(|gap| !matches!(gap.at_least.to, GapEnd::Before(_))),
        }),
        gaps: small(row.gaps.len()),
        median_days: of.median_tenure_days.map(small_days),
        unexplained: small(unexplained),
        agency_staff_days: small_days(of.agency_staff_days),
        effective_days: small_days(of.held_days),
        evidence: evidence.into_iter().collect(),
        holders: named(row),
        ..identity(row)
    }
}

/// Named holders of a row, in order, each once.
fn named(row: &Row) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for staff in row.spells.iter().filter_map(|spell| spell.holder.named()) {
        let name = staff.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
