//! The lines of an allocation page: spells and gaps in one order of time, siblings with the same lines together.

use crate::grpc::pb;

use super::super::words::{bound, date, days, depends, spaced};

/// A spell or a gap as it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Line {
    pub agency: String,
    pub role: i32,
    pub children: Vec<String>,
    /// The kind when it is a gap.
    pub gap: Option<pb::GapKind>,
    /// Who, by role code where there is one; else on what footing; for a gap that there was nobody.
    pub holder: String,
    pub from: String,
    /// In words while it lasts: so far, or that the end is not known because the record ends before the moment.
    pub to: String,
    pub days: String,
    /// Why it ended, as recorded; for a gap its kind.
    pub why: String,
    pub handover: String,
    pub child: String,
    pub family: String,
    pub evidence: Vec<u64>,
    /// Items that the agency came to know in a gap.
    pub arrived: Vec<u64>,
    /// Actions that fell due in a gap.
    pub due: Vec<u64>,
    /// Entries that bear on a gap, such as a reason recorded for it.
    pub context: Vec<u64>,
    /// Why it cannot be known.
    pub sentence: String,
    /// The late corrections it depends on, in words; empty for none.
    pub depends: String,
    /// The last day covered, when it is open and counted to there alone.
    pub last_covered: String,
    /// A time that cannot be known, after the last day on which somebody is known to have held the role.
    had_holder: bool,
    /// A spell without a named holder.
    unnamed: bool,
    order: String,
}

impl Line {
    /// Until when something open is counted, where the agency's records end before the moment asked about.
    pub(in super::super) fn counted(&self) -> Option<String> {
        let last = self.last_covered.as_str();
        let why = match last {
            "" => return None,
            last if self.from.ends_with(last) => "its first day: no later day is covered",
            _ => "the last day covered",
        };
        Some(format!("until {}, {why}", date(last)))
    }
}

/// Every spell and gap, by role, agency and children, then in order of time.
pub(super) fn lines(answer: &pb::AllocationAnswer) -> Vec<Line> {
    all(answer.stamp.as_ref(), &answer.spells, &answer.gaps)
}

/// These spells and gaps, in the same order.
pub(in super::super) fn all(
    stamp: Option<&pb::Stamp>,
    spells: &[pb::Spell],
    gaps: &[pb::Gap],
) -> Vec<Line> {
    let eyes = stamp.map_or("", |stamp| stamp.eyes.as_str());
    let mut lines: Vec<Line> = spells
        .iter()
        .map(spell)
        .chain(gaps.iter().map(gap))
        .collect();
    // That somebody knew of no holder at another agency is not that there was none.
    for gap in lines.iter_mut().filter(|line| {
        !eyes.is_empty() && line.agency != eyes && line.gap == Some(pb::GapKind::CannotBeKnown)
    }) {
        if !gap.had_holder {
            "none known".clone_into(&mut gap.holder);
            "no holder known to it".clone_into(&mut gap.why);
        }
    }
    lines.sort_by(|a, b| {
        (a.role, &a.agency, &a.children, &a.order).cmp(&(b.role, &b.agency, &b.children, &b.order))
    });
    lines
}

/// The lines of each role and agency; siblings with the same lines stand together, and a time with duty, a team or a
/// manager is one line with the gap that it is.
pub(in super::super) fn grouped(lines: &[Line]) -> Vec<Vec<Line>> {
    let same_place =
        |a: &Line, b: &Line| (&a.agency, a.role, &a.children) == (&b.agency, b.role, &b.children);
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for group in lines.chunk_by(same_place) {
        let group = folded(group);
        let same = groups.iter_mut().find(|other| {
            other.len() == group.len() && other.iter().zip(&group).all(|(a, b)| alike(a, b))
        });
        match same {
            Some(other) => {
                for (line, sibling) in other.iter_mut().zip(group) {
                    join(&mut line.children, sibling.children);
                    join(&mut line.evidence, sibling.evidence);
                    join(&mut line.arrived, sibling.arrived);
                    join(&mut line.due, sibling.due);
                    join(&mut line.context, sibling.context);
                }
            }
            None => groups.push(group),
        }
    }
    groups
}

/// Puts what is missing of `more` into `into`, and sorts.
fn join<T: Ord>(into: &mut Vec<T>, more: Vec<T>) {
    into.extend(more);
    into.sort();
    into.dedup();
}

/// The same but for children and entries.
fn alike(a: &Line, b: &Line) -> bool {
    let bare = |line: &Line| Line {
        children: Vec::new(),
        evidence: Vec::new(),
        arrived: Vec::new(),
        due: Vec::new(),
        context: Vec::new(),
        ..line.clone()
    };
    bare(a) == bare(b)
}

fn folded(group: &[Line]) -> Vec<Line> {
    let spans = |spell: &Line, gap: &Line| {
        gap.gap.is_some() && (&gap.from, &gap.to) == (&spell.from, &spell.to)
    };
    let mut kept: Vec<Line> = Vec::new();
    for original in group {
        if original.unnamed && group.iter().any(|gap| spans(original, gap)) {
            continue;
        }
        let mut line = original.clone();
        if line.gap.is_some() {
            for spell in group
                .iter()
                .filter(|spell| spell.unnamed && spans(spell, original))
            {
                if line.gap == Some(pb::GapKind::ManagerHolding) {
                    line.why = format!("gap: {}", spell.holder);
                }
                line.evidence.splice(0..0, spell.evidence.iter().copied());
            }
            let mut seen = Vec::new();
            line.evidence.retain(|position| {
                let new = !seen.contains(position);
                seen.push(*position);
                new
            });
        }
        kept.push(line);
    }
    kept
}

fn spell(of: &pb::Spell) -> Line {
    let first = of.explained_to_child() == pb::ExplainedState::Unspecified
        && of.explained_to_family() == pb::ExplainedState::Unspecified;
    Line {
        agency: of.agency.clone(),
        role: of.role,
        children: of.children.clone(),
        gap: None,
        holder: holder(of),
        from: bound(of.from.as_ref(), "no record"),
        to: if of.last_covered.is_empty() {
            ended(of.to.as_ref(), of.days.as_ref())
        } else {
            "not known".to_owned()
        },
        days: days(of.days.as_ref()),
        why: why(of),
        handover: match of.handover() {
            pb::Tri::Yes => "yes",
            pb::Tri::No => "no",
            pb::Tri::NotApplicable => "n/a",
            pb::Tri::Unspecified if first => "-",
            pb::Tri::Unspecified => "no record",
        }
        .to_owned(),
        child: told(of.explained_to_child()),
        family: told(of.explained_to_family()),
        evidence: of.evidence.clone(),
        last_covered: of.last_covered.clone(),
        unnamed: of.basis != "named",
        order: order(of.from.as_ref()),
        ..Line::default()
    }
}

fn gap(of: &pb::Gap) -> Line {
    Line {
        agency: of.agency.clone(),
        role: of.role,
        children: of.children.clone(),
        gap: Some(of.kind()),
        holder: blank(of.kind()).to_owned(),
        from: bound(of.from.as_ref(), "no record"),
        to: ended(of.to.as_ref(), of.days.as_ref()),
        days: days(of.days.as_ref()),
        why: of.last_holder.as_ref().map_or_else(
            || kind(of.kind()).to_owned(),
            |last| {
                let code = [&last.role_code, &last.staff];
                let name = code.into_iter().find(|name| !name.is_empty());
                format!("last known: {}", name.map_or("", String::as_str))
            },
        ),
        had_holder: of.last_holder.is_some(),
        evidence: of.evidence.clone(),
        arrived: of.arrived.iter().map(|item| item.entry).collect(),
        due: of.due.iter().map(|action| action.entry).collect(),
        last_covered: of.last_covered.clone(),
        context: of.context.clone(),
        depends: depends(&of.depends_on_corrections, of.first_words_only),
        sentence: if of.kind() == pb::GapKind::CannotBeKnown {
            of.sentence.clone()
        } else {
            String::new()
        },
        order: order(of.from.as_ref()),
        ..Line::default()
    }
}

fn order(from: Option<&pb::DayBound>) -> String {
    from.map_or_else(String::new, |day| {
        if day.earliest.is_empty() {
            day.latest.clone()
        } else {
            day.earliest.clone()
        }
    })
}

fn ended(to: Option<&pb::DayBound>, days: Option<&pb::Days>) -> String {
    let so_far = days.is_some_and(|days| days.so_far);
    bound(to, if so_far { "so far" } else { "-" })
}

/// Who, by role code where there is one; otherwise on what footing.
fn holder(spell: &pb::Spell) -> String {
    let name = if spell.role_code.is_empty() {
        &spell.staff
    } else {
        &spell.role_code
    };
    match (spell.basis.as_str(), name.as_str()) {
        ("named", name) if !name.is_empty() => name.to_owned(),
        ("manager_holding", name) if !name.is_empty() => format!("held by manager {name}"),
        (footing, _) => spaced(footing),
    }
}

/// Where a holder would stand.
const NOBODY: &str = "NOBODY";

/// What stands where a holder would.
fn blank(kind: pb::GapKind) -> &'static str {
    match kind {
        pb::GapKind::CannotBeKnown | pb::GapKind::Unspecified => "cannot be known",
        pb::GapKind::AbsentNoCover => "ABSENT",
        pb::GapKind::NeverAllocated
        | pb::GapKind::BetweenHolders
        | pb::GapKind::DutyOrTeam
        | pb::GapKind::ManagerHolding
        | pb::GapKind::Vacant => NOBODY,
    }
}

fn kind(kind: pb::GapKind) -> &'static str {
    match kind {
        pb::GapKind::NeverAllocated => "gap: nobody allocated yet",
        pb::GapKind::BetweenHolders => "gap: between holders",
        pb::GapKind::DutyOrTeam => "gap: with duty or a team",
        pb::GapKind::Vacant => "gap: post vacant",
        pb::GapKind::ManagerHolding => "gap: held by the manager",
        pb::GapKind::AbsentNoCover => "gap: no record of cover",
        pb::GapKind::CannotBeKnown | pb::GapKind::Unspecified => "cannot be known",
    }
}

/// Why a spell ended, as recorded.
fn why(spell: &pb::Spell) -> String {
    let reason = match spell.end_reason.as_str() {
        "" | "not_stated" | "unknown" => "no record of a reason".to_owned(),
        "other" => "coded \"other\"".to_owned(),
        reason => spaced(reason),
    };
    match spell.end() {
        pb::SpellEnd::Open if !spell.last_covered.is_empty() => "record ends".to_owned(),
        pb::SpellEnd::Open => "still holding".to_owned(),
        pb::SpellEnd::Superseded => "next one began; no record of an end".to_owned(),
        pb::SpellEnd::WindowClosed => "role no longer expected".to_owned(),
        pb::SpellEnd::Transferred => format!("transferred; {reason}"),
        pb::SpellEnd::Recorded | pb::SpellEnd::Unspecified => reason,
    }
}

/// Whether somebody was told of the change to this holder; nothing for a first holder.
fn told(state: pb::ExplainedState) -> String {
    match state {
        pb::ExplainedState::Unspecified => "-",
        pb::ExplainedState::Yes => "yes",
        pb::ExplainedState::No => "no",
        pb::ExplainedState::NoRecord => "no record",
        pb::ExplainedState::NotYet => "not yet",
        pb::ExplainedState::FieldNotCollected => "not collected",
        pb::ExplainedState::NotApplicable => "n/a",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> pb::DayBound {
        pb::DayBound {
            earliest: text.to_owned(),
            latest: text.to_owned(),
        }
    }

    fn duty(child: &str) -> (pb::Spell, pb::Gap) {
        let spell = pb::Spell {
            children: vec![child.to_owned()],
            agency: "csc".to_owned(),
            role: 1,
            basis: "duty_tray".to_owned(),
            from: Some(day("2013-04-19")),
            to: Some(day("2013-07-01")),
            evidence: vec![187],
            ..Default::default()
        };
        let gap = pb::Gap {
            children: vec![child.to_owned()],
            agency: "csc".to_owned(),
            role: 1,
            kind: i32::from(pb::GapKind::DutyOrTeam),
            from: Some(day("2013-04-19")),
            to: Some(day("2013-07-01")),
            evidence: vec![107, 187],
            ..Default::default()
        };
        (spell, gap)
    }

    #[test]
    fn siblings_with_the_same_lines_stand_together_and_duty_is_the_gap_it_is() {
        let ((one, first), (two, mut second)) = (duty("C1"), duty("C2"));
        second.evidence.push(200);
        let groups = grouped(&all(None, &[one, two], &[first, second]));
        let [group] = groups.as_slice() else {
            panic!("{groups:?}")
        };
        let [line] = group.as_slice() else {
            panic!("{group:?}")
        };
        assert_eq!(line.holder, "NOBODY");
        assert_eq!(line.children, ["C1", "C2"]);
        assert_eq!(line.evidence, [107, 187, 200]);
    }

    #[test]
    fn siblings_with_other_dates_stay_apart() {
        let ((one, first), (mut two, mut second)) = (duty("C1"), duty("C2"));
        two.to = Some(day("2013-06-01"));
        second.to = Some(day("2013-06-01"));
        assert_eq!(grouped(&all(None, &[one, two], &[first, second])).len(), 2);
    }
}
