//! Finds the gaps of a role: holes in the expected window, by the surest and by the widest reading of dates.

use jiff::civil::Date;

use super::days::{DayRange, Span, day_after, day_before, intersect, subtract, union};
use super::gap::{Extent, Gap, GapEnd, GapKind, MaybeGap, Stretch, Unknown};
use super::mark::{Holder, Mark, What};
use super::read::Key;
use super::spell::Spell;
use crate::domain::event::FeedKind;
use crate::domain::time::days_between;
use crate::projection::coverage::{Absence as Outcome, Coverage, Reason};
use crate::rules::pack::Pack;
use crate::rules::role::RoleWindow;

/// What a role's time is judged against.
pub(super) struct Judge<'a> {
    pub(super) key: &'a Key,
    pub(super) rule: &'a RoleWindow,
    pub(super) pack: &'a Pack,
    pub(super) coverage: &'a Coverage,
    pub(super) sure: Vec<Span>,
    pub(super) maybe: Vec<Span>,
    pub(super) window_evidence: Vec<u64>,
    pub(super) protected: Vec<Span>,
    /// Working days from which a gap is listed, instead of the role's own two figures.
    pub(super) min_gap: Option<u32>,
    pub(super) today: Date,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) gaps: Vec<Gap>,
    pub(super) maybe: Vec<MaybeGap>,
    pub(super) unknown: Vec<Unknown>,
}

impl Judge<'_> {
    pub(super) fn judge(&self, spells: &[Spell], marks: &[Mark]) -> Judged {
        let until = Span {
            from: Date::MIN,
            to: day_after(self.today),
        };
        let clip = |spans: &[Span]| intersect(spans, &[until]);
        let held = held_at_most(spells, marks);
        let sure = subtract(&clip(&self.sure), &held);
        let wide = subtract(&clip(&self.maybe), &held_at_least(spells));
        let mut judged = Judged::default();
        for hole in &sure {
            if !self.in_grace(*hole) {
                self.place(*hole, &wide, spells, &mut judged);
            }
        }
        for hole in &wide {
            let decided = sure.iter().any(|sure| sure.within(*hole).is_some());
            if !decided && !self.in_grace(*hole) && self.outcome(*hole) == Outcome::NoRecord {
                let extent = self.extent(*hole, false);
                if extent.working_days >= self.min_gap(self.protects(*hole)) {
                    let evidence = self.edges(*hole, spells);
                    judged.maybe.push(MaybeGap { extent, evidence });
                }
            }
        }
        self.before_any_window(&held, spells, &mut judged);
        self.beyond_the_record(spells, &mut judged);
        judged
    }

    /// A hole of which the agency's records are known becomes a gap, the rest cannot be known.
    fn place(&self, hole: Span, wide: &[Span], spells: &[Spell], judged: &mut Judged) {
        let outcome = self.outcome(hole);
        let whole = matches!(
            outcome,
            Outcome::Undeterminable(Reason::Hidden(_) | Reason::Erased(_))
        );
        let covered = self
            .coverage
            .covered_to(
                &self.key.agency,
                FeedKind::Allocation,
                Some(&self.key.child),
                hole.from,
            )
            .filter(|_| !whole);
        let absent = |stretches: &[Stretch]| {
            let first = stretches.first();
            first.is_some_and(|first| first.kind == GapKind::Absent)
        };
        // What would be too short to list if it were known is not listed as unknown either.
        let inclusive = absent(&self.stretches(hole, hole, spells));
        if !self.long_enough(self.extent(hole, inclusive), inclusive) {
            return;
        }
        let Some(last) = covered else {
            judged.unknown.push(self.unknown(hole, outcome, spells));
            return;
        };
        let known = Span {
            from: hole.from,
            to: hole.to.min(day_after(last)),
        };
        if let Some(rest) = Span::new(known.to, hole.to) {
            judged
                .unknown
                .push(self.unknown(rest, self.outcome(rest), spells));
        }
        let stretches = self.stretches(known, hole, spells);
        let absent = absent(&stretches);
        let at_least = self.clipped(known, hole, absent);
        if !self.long_enough(at_least, absent) {
            return;
        }
        let widest = wide
            .iter()
            .find(|wide| wide.from <= known.from && known.to <= wide.to)
            .map_or(known, |wide| Span {
                from: wide.from,
                to: if known.to == hole.to {
                    wide.to
                } else {
                    known.to
                },
            });
        judged.gaps.push(Gap {
            at_least,
            at_most: if known.to == hole.to {
                self.extent(widest, absent)
            } else {
                self.clipped(widest, hole, absent)
            },
            stretches,
            protected: self.protects(known),
            arrived: Vec::new(),
            due: Vec::new(),
            softening: Vec::new(),
            evidence: self.edges(hole, spells),
        });
    }

    /// Between two spells of which no window is known: where the agency has not confirmed its records, it
    /// cannot be known whether somebody was expected or allocated.
    fn before_any_window(&self, held: &[Span], spells: &[Spell], judged: &mut Judged) {
        let opened = self
            .maybe
            .iter()
            .map(|span| span.from)
            .min()
            .unwrap_or(Date::MAX);
        for (before, after) in held.iter().zip(held.iter().skip(1)) {
            let Some(hole) = Span::new(before.to, after.from.min(day_after(self.today))) else {
                continue;
            };
            let outcome = self.outcome(hole);
            let long = self.long_enough(self.extent(hole, false), false);
            if long && hole.from < opened && outcome != Outcome::NoRecord {
                judged.unknown.push(self.unknown(hole, outcome, spells));
            }
        }
    }

    pub(super) fn outcome(&self, hole: Span) -> Outcome {
        self.coverage.absence_of(
            &self.key.agency,
            FeedKind::Allocation,
            Some(&self.key.child),
            (hole.from, hole.to),
        )
    }

    /// The time of grace after the opening of a window has not passed without a holder.
    fn in_grace(&self, hole: Span) -> bool {
        let opens = self
            .sure
            .iter()
            .chain(&self.maybe)
            .any(|window| window.from == hole.from);
        let due = self.rule.grace_ends(self.pack.calendar(), hole.from);
        let open = hole.to > self.today;
        opens
            && if open {
                self.today <= due
            } else {
                hole.to <= due
            }
    }

    fn min_gap(&self, protected: bool) -> u32 {
        self.min_gap.unwrap_or_else(|| self.rule.min_gap(protected))
    }

    fn protects(&self, hole: Span) -> bool {
        self.protected
            .iter()
            .any(|span| span.within(hole).is_some())
    }

    fn working_days(&self, from: Date, to: Date, inclusive: bool) -> u32 {
        let from = if inclusive { day_before(from) } else { from };
        self.rule.gap_working_days(self.pack.calendar(), from, to)
    }

    pub(super) fn extent(&self, hole: Span, inclusive: bool) -> Extent {
        let to = if hole.to > self.today {
            GapEnd::SoFar(self.today)
        } else {
            GapEnd::Before(hole.to)
        };
        self.extent_to(hole.from, to, inclusive)
    }

    /// The extent of the known part of a hole.
    fn clipped(&self, known: Span, hole: Span, inclusive: bool) -> Extent {
        if known.to == hole.to {
            self.extent(known, inclusive)
        } else {
            self.extent_to(known.from, GapEnd::Covered(day_before(known.to)), inclusive)
        }
    }

    fn extent_to(&self, from: Date, to: GapEnd, inclusive: bool) -> Extent {
        Extent {
            from,
            to,
            days: days_between(from, to.day()),
            working_days: self.working_days(from, to.after(), inclusive),
        }
    }

    pub(super) fn long_enough(&self, extent: Extent, absent: bool) -> bool {
        if extent.working_days >= self.min_gap(false) {
            return true;
        }
        let whole = Span {
            from: extent.from,
            to: extent.to.after(),
        };
        let protected: u32 = self
            .protected
            .iter()
            .filter_map(|span| span.within(whole))
            .map(|part| self.working_days(part.from, part.to, absent || part.from > extent.from))
            .sum();
        protected >= self.min_gap(true)
    }

    fn stretches(&self, known: Span, hole: Span, spells: &[Spell]) -> Vec<Stretch> {
        let mut edges: Vec<Date> = vec![known.from, known.to];
        for spell in spells {
            edges.extend([spell.first_day(), spell.last_end()]);
        }
        edges.retain(|edge| known.from <= *edge && *edge <= known.to);
        edges.sort_unstable();
        edges.dedup();
        let mut parts: Vec<(GapKind, Span)> = Vec::new();
        for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
            let kind = kind_on(*from, spells);
            match parts.last_mut() {
                Some((last, span)) if *last == kind => span.to = *to,
                _ => parts.push((
                    kind,
                    Span {
                        from: *from,
                        to: *to,
                    },
                )),
            }
        }
        parts
            .into_iter()
            .map(|(kind, span)| {
                let inclusive = kind == GapKind::Absent || span.from > known.from;
                let extent = if span.to == known.to {
                    self.clipped(
                        span,
                        Span {
                            from: span.from,
                            to: hole.to,
                        },
                        inclusive,
                    )
                } else {
                    self.extent_to(span.from, GapEnd::Before(span.to), inclusive)
                };
                Stretch { kind, extent }
            })
            .collect()
    }

    pub(super) fn unknown(&self, hole: Span, outcome: Outcome, spells: &[Spell]) -> Unknown {
        let reason = match outcome {
            Outcome::Undeterminable(reason) => reason,
            Outcome::Unconfirmed | Outcome::NoRecord => Reason::NotConfirmed,
        };
        let to = if hole.to > self.today {
            GapEnd::SoFar(self.today)
        } else {
            GapEnd::Before(hole.to)
        };
        Unknown {
            from: hole.from,
            to,
            reason,
            last_holder: None,
            sentence: super::sentence::unknown(
                hole.from,
                to.day(),
                reason,
                self.coverage.agency_kind(&self.key.agency),
                &self.key.agency,
            ),
            evidence: self.edges(hole, spells),
        }
    }

    /// Positions of the entries at the edges of a hole: spells and states that touch it.
    fn edges(&self, hole: Span, spells: &[Spell]) -> Vec<u64> {
        let touches = |spell: &&Spell| {
            let from = spell.first_day();
            let to = spell.last_end().min(Date::MAX);
            from <= hole.to && hole.from <= to
        };
        let mut evidence: Vec<u64> = spells
            .iter()
            .filter(touches)
            .flat_map(|spell| spell.evidence.clone())
            .collect();
        evidence.extend(&self.window_evidence);
        for spell in spells.iter().filter(touches) {
            for absence in spell.absences.iter().filter(|absence| absence.counted) {
                evidence.extend(&absence.evidence);
            }
        }
        evidence.sort_unstable();
        evidence.dedup();
        evidence
    }
}

/// What a day without an effective holder is.
fn kind_on(day: Date, spells: &[Spell]) -> GapKind {
    let on = |spell: &&Spell| spell.first_day() <= day && day < spell.last_end();
    if spells
        .iter()
        .filter(on)
        .any(|spell| spell.holder.named().is_some())
    {
        return GapKind::Absent;
    }
    let nobody = spells
        .iter()
        .filter(on)
        .max_by_key(|spell| spell.first_day());
    match nobody.map(|spell| &spell.holder) {
        Some(Holder::DutyTray | Holder::Team) => return GapKind::DutyOrTeam,
        Some(Holder::Vacant) => return GapKind::Vacant,
        Some(Holder::ManagerHolding(_)) => return GapKind::HeldByManager,
        Some(Holder::Named(_) | Holder::NotStated) | None => {}
    }
    let before = spells
        .iter()
        .any(|spell| spell.holder.named().is_some() && spell.first_day() < day);
    if before {
        GapKind::BetweenHolders
    } else {
        GapKind::NeverAllocated
    }
}

/// The days on which an effective holder may have been there: what is left is certainly a gap.
fn held_at_most(spells: &[Spell], marks: &[Mark]) -> Vec<Span> {
    let mut held = Vec::new();
    for spell in spells.iter().filter(|spell| spell.holder.named().is_some()) {
        let whole: Vec<Span> = Span::new(spell.first_day(), spell.last_end())
            .into_iter()
            .collect();
        let away: Vec<Span> = spell
            .absences
            .iter()
            .filter(|absence| absence.counted)
            .filter_map(super::absence::Absence::surely)
            .collect();
        held.extend(subtract(&whole, &union(away)));
    }
    for mark in marks.iter().filter(|mark| mark.possible) {
        if let What::Start {
            holder: Holder::Named(_),
            ..
        } = &mark.what
        {
            held.extend(Span::new(mark.day.first(), Date::MAX));
        }
    }
    union(held)
}

/// The days on which an effective holder certainly was there.
fn held_at_least(spells: &[Spell]) -> Vec<Span> {
    let mut held = Vec::new();
    for spell in spells.iter().filter(|spell| spell.holder.named().is_some()) {
        let whole: Vec<Span> = Span::new(spell.surely_from(), spell.surely_to())
            .into_iter()
            .collect();
        let away: Vec<Span> = spell
            .absences
            .iter()
            .filter(|absence| absence.counted)
            .filter_map(super::absence::Absence::maybe)
            .collect();
        held.extend(subtract(&whole, &union(away)));
    }
    union(held)
}

/// The days on which the window closed, as far as they are known.
pub(super) fn closings(sure: &[Span], maybe: &[Span]) -> Vec<DayRange> {
    maybe
        .iter()
        .filter(|span| span.to < Date::MAX)
        .map(|span| {
            let earliest = sure
                .iter()
                .filter(|sure| span.from <= sure.from && sure.to <= span.to)
                .map(|sure| sure.to)
                .max();
            DayRange {
                earliest: earliest.or(Some(span.from)),
                latest: span.to,
            }
        })
        .collect()
}
