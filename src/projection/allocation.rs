//! Who held each role of a child, from when to when, and when nobody did: `semantics.md` 5.
//!
//! One pure function, [`allocation`], over a sealed [`Cut`]. Each row is one role of one agency; siblings
//! whose rows are equal share one.

pub mod absence;
pub mod change;
pub mod days;
pub mod gap;
pub mod late;
pub mod mark;
pub mod sentence;
pub mod spell;
pub mod succession;
pub mod total;

mod acts;
mod arrival;
mod judge;
mod read;
mod silent;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use self::acts::Acts;
use self::change::{Change, Changes, Simultaneous, simultaneous};
use self::days::{DayRange, Span};
use self::gap::{Gap, MaybeGap, Unknown};
use self::judge::Judge;
use self::mark::Mark;
use self::read::Key;
use self::spell::Spell;
use self::total::{Figures, Totals};
use super::coverage::Coverage;
use super::cut::{At, Basis, Cut};
use super::status::{Child, State, children};
use crate::domain::event::{FeedKind, Role};
use crate::domain::id::{AgencyId, PersonRef, StaffId};
use crate::domain::time::Interval;
use crate::rules::pack::Pack;
use crate::rules::role::RoleWindow;

/// What is asked, beside the cut.
pub struct Question<'a> {
    /// The rule pack.
    pub pack: &'a Pack,
    /// The window of every count, both days included; none means everything up to the as-at date.
    pub window: Option<(Date, Date)>,
    /// Working days from which a gap is listed, counted and a finding, for every role and status; none means the
    /// figures of the pack. 0 lists every one.
    pub min_gap: Option<u32>,
    /// The items that an agency knows of a child, and since when: from the knowledge projection. Used for
    /// what arrived in a gap.
    pub items_known: &'a ItemsKnown<'a>,
}

/// For an agency and a child: positions of the items it certainly knows, with their *since*.
pub type ItemsKnown<'a> = dyn Fn(&AgencyId, &PersonRef) -> Vec<(u64, Interval)> + 'a;

impl<'a> Question<'a> {
    /// A question without a window, and without knowledge: nothing is listed as arrived in a gap.
    pub fn new(pack: &'a Pack) -> Self {
        Self {
            pack,
            window: None,
            min_gap: None,
            items_known: &|_, _| Vec::new(),
        }
    }
}

/// Two named holders at once in a role that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The two.
    pub holders: (StaffId, StaffId),
    /// The first day on which both held it.
    pub from: Date,
    /// The first day on which they no longer did; none while they do.
    pub to: Option<Date>,
    /// Positions of the entries it rests on.
    pub evidence: Vec<u64>,
}

/// From how many working days a gap of a role is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// With a protected status: plan, looked after, section 47, proceedings.
    pub protected: u32,
    /// At all other times.
    pub otherwise: u32,
}

/// One role of one agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The agency.
    pub agency: AgencyId,
    /// The role.
    pub role: Role,
    /// The children for whom all of this is the same.
    pub children: Vec<PersonRef>,
    /// The times on which somebody was certainly expected; none when the role has no expected window, or it is
    /// not known.
    pub window: Option<Vec<Span>>,
    /// From which length its gaps are listed; none for a role of which no rule says when it is expected.
    pub threshold: Option<Threshold>,
    /// Who held it.
    pub spells: Vec<Spell>,
    /// When nobody effective did.
    pub gaps: Vec<Gap>,
    /// When perhaps nobody did: not counted.
    pub maybe: Vec<MaybeGap>,
    /// When it cannot be known.
    pub unknown: Vec<Unknown>,
    /// Two at once.
    pub overlaps: Vec<Overlap>,
    /// Changes of holder.
    pub changes: Vec<Change>,
    /// Starts and ends that may not belong before the as-at date, by position.
    pub possible: Vec<u64>,
    /// The figures.
    pub totals: Totals,
}

/// The answer, with the question it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Basis of the cut.
    pub basis: Basis,
    /// Moment of the cut.
    pub at: At,
    /// The as-at date.
    pub day: Date,
    /// Id, version and digest of the rule pack.
    pub pack: String,
    /// The window of the counts, clipped at the as-at date.
    pub window: Span,
    /// The rows, by agency, role and child.
    pub rows: Vec<Row>,
    /// Distinct holders of a role in the whole case, in the window, by agency and role.
    pub distinct: BTreeMap<(AgencyId, Role), usize>,
    /// Changes of two agencies close together.
    pub simultaneous: Vec<Simultaneous>,
}

/// Answers who held which role when.
pub fn allocation(cut: &Cut, question: &Question<'_>) -> Allocation {
    allocation_by(cut, &Coverage::of(cut), question)
}

/// The same, of a cut whose coverage is known.
pub fn allocation_by(cut: &Cut, coverage: &Coverage, question: &Question<'_>) -> Allocation {
    let subjects = children(cut);
    let fold = Fold {
        cut,
        question,
        coverage,
        subjects: &subjects,
        today: cut.at().day(),
    };
    let rows = fold.rows();
    let simultaneous = simultaneous(&rows, question.pack.turnover());
    Allocation {
        basis: cut.basis(),
        at: cut.at(),
        day: fold.today,
        pack: question.pack.stamp(),
        window: fold.window(),
        distinct: total::distinct(&rows),
        rows,
        simultaneous,
    }
}

struct Fold<'a> {
    cut: &'a Cut,
    question: &'a Question<'a>,
    coverage: &'a Coverage,
    subjects: &'a [Child],
    today: Date,
}

impl Fold<'_> {
    fn rows(&self) -> Vec<Row> {
        let mut marks = read::marks(self.cut, self.subjects);
        let windows = self.windows(&marks);
        for key in windows.keys() {
            marks.entry(key.clone()).or_default();
        }
        let away = absence::all(self.cut, self.subjects);
        let acts = Acts::of(self.cut, self.subjects);
        let protected = self.protected();
        let mut rows: Vec<Row> = Vec::new();
        for (key, marks) in &marks {
            let guarded = protected.get(&key.child).cloned().unwrap_or_default();
            let row = self.row(key, marks, (windows.get(key), guarded), (&away, &acts));
            let same = rows.iter_mut().find(|other| {
                other.agency == row.agency && other.role == row.role && equal_but_child(other, &row)
            });
            match same {
                Some(other) => {
                    other.children.push(key.child.clone());
                    for (shown, gap) in other.gaps.iter_mut().zip(row.gaps) {
                        shown.also(gap);
                    }
                }
                None => rows.push(row),
            }
        }
        rows
    }

    fn row(
        &self,
        key: &Key,
        marks: &[Mark],
        (state, protected): (Option<&State>, Vec<Span>),
        (away, acts): (&[absence::Away], &Acts<'_>),
    ) -> Row {
        let rule = self.question.pack.role(key.role.name());
        let single = rule.is_some_and(|rule| rule.single_holder);
        let (sure, maybe) = self.window_of(key, rule, state);
        let spells = self.spells(key, (marks, single), &judge::closings(&sure, &maybe), away);
        let judged = rule.map(|rule| {
            let judge = Judge {
                key,
                rule,
                pack: self.question.pack,
                coverage: self.coverage,
                sure: sure.clone(),
                maybe,
                window_evidence: state.map(State::evidence).unwrap_or_default(),
                protected,
                min_gap: self.question.min_gap,
                today: self.today,
            };
            judge.judge(&spells, marks)
        });
        let mut judged = judged.unwrap_or_default();
        arrival::annotate_all(&mut judged.gaps, key, acts, self.question);
        let changes = Changes {
            key,
            acts,
            pack: self.question.pack,
            coverage: self.coverage,
            subjects: self.subjects,
            today: self.today,
        };
        let changes = match rule {
            Some(rule) if rule.single_holder => changes.of(&spells),
            None if in_turn(key.role) => changes.in_turn(&spells),
            Some(_) | None => Vec::new(),
        };
        let calendar = self.question.pack.calendar();
        let working = |a, b| rule.map_or(0, |rule| rule.gap_working_days(calendar, a, b));
        let figures = Figures {
            spells: &spells,
            gaps: &judged.gaps,
            maybe: &judged.maybe,
            unknown: &judged.unknown,
            changes: &changes,
            window: self.window(),
            today: self.today,
            working: &working,
        };
        Row {
            agency: key.agency.clone(),
            role: key.role,
            threshold: rule.map(|rule| self.threshold(rule)),
            children: vec![key.child.clone()],
            window: state
                .filter(|state| !state.reasons.is_empty())
                .map(|_| sure),
            overlaps: overlaps(&spells, single, self.today),
            possible: marks
                .iter()
                .filter(|m| m.possible)
                .map(|m| m.position)
                .collect(),
            totals: figures.totals(),
            spells,
            gaps: judged.gaps,
            maybe: judged.maybe,
            unknown: judged.unknown,
            changes,
        }
    }

    /// The spells of a role, measured, with the absences of their holders.
    fn spells(
        &self,
        key: &Key,
        (marks, single): (&[Mark], bool),
        closings: &[DayRange],
        away: &[absence::Away],
    ) -> Vec<Spell> {
        let covered = |from: Date| {
            let child = Some(&key.child);
            self.coverage
                .last_covered(&key.agency, FeedKind::Allocation, child, from)
        };
        let mut spells = spell::spells(marks, single, closings);
        for spell in &mut spells {
            if let Some(staff) = spell.holder.named().cloned() {
                let span = (spell.surely_from(), spell.to.map(|to| to.day));
                let who = (&key.agency, &staff, &key.child);
                let last = (self.today, &covered as &days::LastCovered<'_>);
                spell.absences = absence::within(away, who, span, last, self.question.pack);
            }
        }
        total::measure(&mut spells, self.today, &covered);
        spells
    }

    fn threshold(&self, rule: &RoleWindow) -> Threshold {
        let asked = self.question.min_gap;
        Threshold {
            protected: asked.unwrap_or_else(|| rule.min_gap(true)),
            otherwise: asked.unwrap_or_else(|| rule.min_gap(false)),
        }
    }

    /// The window of the counts, clipped at the as-at date.
    fn window(&self) -> Span {
        let end = days::day_after(self.today);
        match self.question.window {
            Some((from, to)) => Span {
                from,
                to: days::day_after(to).min(end),
            },
            None => Span {
                from: Date::MIN,
                to: end,
            },
        }
    }
}

/// Whether the holders of a role of which no rule speaks follow one another. Co-workers, covers and duty workers do
/// not, nor do the holders of different roles under one code.
fn in_turn(role: Role) -> bool {
    !matches!(
        role,
        Role::CoWorker
            | Role::CoverWorker
            | Role::DutyWorker
            | Role::Other
            | Role::NotStated
            | Role::Unknown(_)
    )
}

/// Whether two rows of siblings differ in nothing but the child, and what arrived about each in a gap.
fn equal_but_child(a: &Row, b: &Row) -> bool {
    let bare = |row: &Row| Row {
        children: Vec::new(),
        gaps: row.gaps.iter().map(Gap::bare).collect(),
        ..row.clone()
    };
    bare(a) == bare(b)
}

/// Two at once in a role that has one holder.
fn overlaps(spells: &[Spell], single: bool, today: Date) -> Vec<Overlap> {
    let mut found = Vec::new();
    if !single {
        return found;
    }
    for (place, first) in spells.iter().enumerate() {
        for second in spells.iter().skip(place + 1) {
            let (Some(a), Some(b)) = (first.holder.named(), second.holder.named()) else {
                continue;
            };
            let from = first.surely_from().max(second.surely_from());
            let to = first.surely_to().min(second.surely_to());
            if a == b || from >= to.min(days::day_after(today)) {
                continue;
            }
            let evidence: BTreeSet<u64> = first
                .evidence
                .iter()
                .chain(&second.evidence)
                .copied()
                .collect();
            found.push(Overlap {
                holders: (a.clone(), b.clone()),
                from,
                to: Some(to).filter(|to| *to <= today),
                evidence: evidence.into_iter().collect(),
            });
        }
    }
    found
}
