//! Spells: who held a role from when to when. `semantics.md` 5.1.1 to 5.1.4.

use jiff::civil::Date;

use super::absence::Absence;
use super::days::{Bounds, DayRange, day_after};
use super::mark::{Employed, EndReason, Explained2, Holder, Mark, What};
use crate::domain::event::allocation::ChangeReason;

/// One unbroken time of one holder in one role of one child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// Who or what holds the role.
    pub holder: Holder,
    /// The day it began; none when only its end is recorded.
    pub from: Option<DayRange>,
    /// The day after its last day, and why it ended; none while it is open.
    pub to: Option<SpellEnd>,
    /// A day on which it may have ended, by an entry that may not belong before the as-at date.
    pub may_have_ended: Option<DayRange>,
    /// Its length in days; so far, when it is open. None when its beginning is not recorded.
    pub days: Option<Bounds>,
    /// While it is open and the agency's records end before the as-at date: the last day covered, to which alone it
    /// is counted (`semantics.md` 1.7). Its first day when none is covered.
    pub counted_to: Option<Date>,
    /// Why the holder changed, as the starting entry says.
    pub begun_because: ChangeReason,
    /// Why, as the ending entry says.
    pub ended_because: ChangeReason,
    /// How the holder is employed.
    pub employed: Employed,
    /// The holder's absences inside the spell, counted or not.
    pub absences: Vec<Absence>,
    /// Positions of the entries it rests on.
    pub evidence: Vec<u64>,
    pub(super) start_said: Explained2,
    pub(super) end_said: Explained2,
}

/// The end of a spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpellEnd {
    /// The first day on which the holder no longer held the role.
    pub day: DayRange,
    /// Why.
    pub reason: EndReason,
}

impl Spell {
    fn begun(mark: &Mark, holder: Holder, employed: Employed) -> Self {
        Self {
            holder,
            from: Some(mark.day),
            to: None,
            may_have_ended: None,
            days: None,
            counted_to: None,
            employed,
            absences: Vec::new(),
            evidence: vec![mark.position],
            start_said: mark.explained.clone(),
            end_said: Explained2::SILENT,
            begun_because: mark.reason,
            ended_because: ChangeReason::NotStated,
        }
    }

    /// The first possible first day.
    pub(super) fn first_day(&self) -> Date {
        self.from.map_or(Date::MIN, |from| from.first())
    }

    /// The day from which it certainly ran.
    pub(super) fn surely_from(&self) -> Date {
        self.from.map_or(Date::MIN, |from| from.latest)
    }

    /// The last possible end; the end of the calendar while open.
    pub(super) fn last_end(&self) -> Date {
        self.to.map_or(Date::MAX, |to| to.day.latest)
    }

    /// The day until which it certainly ran. A holder superseded on an uncertain day was followed
    /// without a break, so that doubt opens no gap.
    pub(super) fn surely_to(&self) -> Date {
        let recorded = match self.to {
            Some(SpellEnd {
                day,
                reason: EndReason::Superseded | EndReason::Transferred,
            }) => day.latest,
            Some(SpellEnd {
                day,
                reason: EndReason::Recorded | EndReason::WindowClosed,
            }) => day.first(),
            None => Date::MAX,
        };
        self.may_have_ended
            .map_or(recorded, |maybe| recorded.min(maybe.first()))
    }

    /// The day until which it is certainly counted: no later than the day after the as-at date, and while it is open
    /// no later than the day after the last one covered.
    pub(super) fn counted_until(&self, today: Date) -> Date {
        let last = self.counted_to.unwrap_or(today);
        self.surely_to().min(day_after(last))
    }

    fn add_evidence(&mut self, position: u64) {
        if let Err(place) = self.evidence.binary_search(&position) {
            self.evidence.insert(place, position);
        }
    }

    fn end(&mut self, mark: &Mark, reason: EndReason) {
        self.to = Some(SpellEnd {
            day: mark.day,
            reason,
        });
        self.add_evidence(mark.position);
        if reason != EndReason::Superseded {
            self.end_said = mark.explained.clone();
            self.ended_because = mark.reason;
        }
    }
}

/// The spells of one (child, agency, role) from its marks, in order of their beginning.
///
/// `closings` are the days on which the expected window closed.
/// `single` says that the role has one holder at a time, so that the next named start ends a
/// spell that has no end recorded. Only certain marks make spells; a possible end is noted on the
/// spell it may have ended, a possible start is left to the caller.
pub(super) fn spells(marks: &[Mark], single: bool, closings: &[DayRange]) -> Vec<Spell> {
    let mut spells: Vec<Spell> = Vec::new();
    for mark in marks.iter().filter(|mark| !mark.possible) {
        if let What::Start { holder, employed } = &mark.what {
            spells.push(Spell::begun(mark, holder.clone(), *employed));
        }
    }
    for mark in marks.iter().filter(|mark| !mark.possible) {
        if let What::End { holder, reason } = &mark.what {
            match open_spell(&mut spells, holder.as_ref(), mark) {
                Some(spell) => spell.end(mark, *reason),
                None => spells.extend(orphan(holder.as_ref(), mark, *reason)),
            }
        }
    }
    spells.sort_by_key(|spell| (spell.first_day(), spell.surely_from()));
    supersede(&mut spells, single, closings);
    let mut spells = joined(spells);
    for mark in marks.iter().filter(|mark| mark.possible) {
        if let What::End { holder, .. } = &mark.what
            && let Some(spell) = open_spell(&mut spells, holder.as_ref(), mark)
        {
            spell.may_have_ended = Some(mark.day);
            spell.add_evidence(mark.position);
        }
    }
    spells
}

/// The latest spell of that holder that began no later than the mark and has no end yet.
fn open_spell<'a>(
    spells: &'a mut [Spell],
    holder: Option<&Holder>,
    mark: &Mark,
) -> Option<&'a mut Spell> {
    spells
        .iter_mut()
        .filter(|spell| spell.to.is_none() && spell.first_day() <= mark.day.latest)
        .filter(|spell| holder.is_none_or(|holder| *holder == spell.holder))
        .max_by_key(|spell| (spell.first_day(), spell.surely_from()))
}

/// An end without a beginning shows that the holder held the role until then.
fn orphan(holder: Option<&Holder>, mark: &Mark, reason: EndReason) -> Option<Spell> {
    let holder = holder?;
    holder.named()?;
    let mut spell = Spell::begun(mark, holder.clone(), Employed::NotStated);
    spell.from = None;
    spell.start_said = Explained2::SILENT;
    spell.begun_because = ChangeReason::NotStated;
    spell.end(mark, reason);
    Some(spell)
}

/// Ends what no entry ends: a named holder at the next named start of another in a single-holder role;
/// anything that is nobody (duty, team, vacant, manager) at the next start of any kind; both at the closing
/// of the window, when that is earlier.
fn supersede(spells: &mut [Spell], single: bool, closings: &[DayRange]) {
    let starts: Vec<(Holder, Option<DayRange>, Option<u64>)> = spells
        .iter()
        .map(|s| (s.holder.clone(), s.from, s.evidence.first().copied()))
        .collect();
    for (place, spell) in spells.iter_mut().enumerate() {
        if spell.to.is_some() {
            continue;
        }
        let named = spell.holder.named().is_some();
        let next = starts.iter().skip(place + 1).find(|(holder, from, _)| {
            from.is_some()
                && *holder != spell.holder
                && if named {
                    single && holder.named().is_some()
                } else {
                    true
                }
        });
        let start = next.and_then(|(_, from, position)| Some(((*from)?, *position)));
        let closing = closings
            .iter()
            .filter(|day| day.first() > spell.first_day())
            .min();
        spell.to = match (start, closing) {
            (Some((start, _)), Some(closing)) if closing.first() <= start.first() => {
                Some(SpellEnd {
                    day: *closing,
                    reason: EndReason::WindowClosed,
                })
            }
            (Some((start, position)), _) => {
                if let Some(position) = position {
                    spell.add_evidence(position);
                }
                Some(SpellEnd {
                    day: start,
                    reason: EndReason::Superseded,
                })
            }
            (None, Some(closing)) => Some(SpellEnd {
                day: *closing,
                reason: EndReason::WindowClosed,
            }),
            (None, None) => None,
        };
    }
}

/// Joins spells of one holder of which the next begins no later than the day after the end:
/// a system migration or a re-coded team is no change.
fn joined(spells: Vec<Spell>) -> Vec<Spell> {
    let mut kept: Vec<Spell> = Vec::new();
    for spell in spells {
        let before = kept.iter_mut().rev().find(|earlier| {
            earlier.holder == spell.holder
                && spell.first_day() <= earlier.to.map_or(Date::MAX, |to| day_after(to.day.latest))
        });
        let Some(before) = before else {
            kept.push(spell);
            continue;
        };
        let longer = match (before.to, spell.to) {
            (Some(a), Some(b)) => a.day.latest <= b.day.latest,
            (Some(_), None) => true,
            (None, _) => spell.to.is_some(),
        };
        if longer {
            before.to = spell.to;
            before.end_said = spell.end_said.clone();
            before.ended_because = spell.ended_because;
        }
        if before.employed == Employed::NotStated {
            before.employed = spell.employed;
        }
        for position in &spell.evidence {
            before.add_evidence(*position);
        }
    }
    kept
}
