//! Gaps as messages: what arrived in them, what fell due, and from which length they are listed.

use jiff::civil::Date;

use super::{Page, Wanted};
use crate::domain::id::AgencyId;
use crate::grpc::inquiry::parts::{people, reason};
use crate::grpc::pb;
use crate::projection::allocation::gap::{
    Extent, Gap, GapEnd, GapKind, MaybeGap, Stretch, Unknown,
};
use crate::projection::allocation::{Row, sentence};
use crate::rules::pack::Pack;

impl Page<'_> {
    pub(in crate::grpc::inquiry) fn gaps(&self, row: &Row) -> Vec<pb::Gap> {
        let sure = row.gaps.iter().map(|gap| self.gap(row, gap));
        let maybe = row.maybe.iter().map(|gap| Self::maybe(row, gap));
        let unknown = row.unknown.iter().map(|gap| self.unknown(row, gap));
        sure.chain(maybe).chain(unknown).collect()
    }

    pub(super) fn gap(&self, row: &Row, gap: &Gap) -> pb::Gap {
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
        pb::Gap {
            kind: i32::from(longest.map_or(pb::GapKind::Unspecified, |s| kind(s.kind))),
            days: Some(days),
            outcome: "no record".to_owned(),
            arrived: self.arrived(&row.agency, gap),
            due: due(gap),
            parts: gap.stretches.iter().map(part).collect(),
            protected: gap.protected,
            context: gap.softening.clone(),
            evidence: gap.evidence.clone(),
            sentence: in_a_sentence(row, gap),
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
            last_covered: match least.to {
                GapEnd::Covered(day) => day.to_string(),
                GapEnd::Before(_) | GapEnd::SoFar(_) => String::new(),
            },
            ..head(row)
        }
    }

    fn arrived(&self, agency: &AgencyId, gap: &Gap) -> Vec<pb::InGap> {
        let shown = |item: u64| {
            let mut evidence = vec![item];
            let knowledge = self.case.knowledge();
            let alias = self.case.item(item).and_then(|of| of.alias.as_ref());
            for statement in [Some(item), alias.map(|alias| alias.link)]
                .into_iter()
                .flatten()
            {
                if let Some(standing) = knowledge.agency(agency, statement) {
                    evidence.extend(standing.evidence);
                }
            }
            evidence.sort_unstable();
            evidence.dedup();
            evidence
        };
        let items = gap.arrived.iter().map(|(item, day)| pb::InGap {
            entry: *item,
            day: day.to_string(),
            evidence: shown(*item),
        });
        items.collect()
    }

    fn maybe(row: &Row, gap: &MaybeGap) -> pb::Gap {
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
            from: Some(exact(extent.from)),
            to: ended(extent.to),
            ..head(row)
        }
    }

    fn unknown(&self, row: &Row, gap: &Unknown) -> pb::Gap {
        let last = gap.last_holder.as_ref();
        let last = last.map(|staff| self.holder(&row.agency, staff));
        pb::Gap {
            kind: i32::from(pb::GapKind::CannotBeKnown),
            outcome: format!("undeterminable ({})", reason(gap.reason)),
            evidence: gap.evidence.clone(),
            sentence: gap.sentence.clone(),
            last_holder: last,
            from: Some(exact(gap.from)),
            to: ended(gap.to),
            ..head(row)
        }
    }
}

fn exact(day: Date) -> pb::DayBound {
    both(day, day)
}

fn due(gap: &Gap) -> Vec<pb::InGap> {
    let mut due = gap.due.clone();
    due.sort_unstable_by_key(|(position, day)| (*day, *position));
    let actions = due.into_iter().map(|(action, day)| pb::InGap {
        entry: action,
        day: day.to_string(),
        evidence: vec![action],
    });
    actions.collect()
}

fn part(stretch: &Stretch) -> pb::GapPart {
    let extent = stretch.extent;
    let working = i64::from(extent.working_days);
    pb::GapPart {
        kind: i32::from(kind(stretch.kind)),
        from: extent.from.to_string(),
        to: match extent.to {
            GapEnd::Before(day) => day.to_string(),
            GapEnd::SoFar(_) | GapEnd::Covered(_) => String::new(),
        },
        days: Some(pb::Days {
            at_least: extent.days,
            at_most: extent.days,
            working_at_least: working,
            working_at_most: working,
            so_far: !matches!(extent.to, GapEnd::Before(_)),
        }),
    }
}

fn in_a_sentence(row: &Row, gap: &Gap) -> String {
    let parts = gap
        .stretches
        .iter()
        .map(|stretch| format!("{} {}", stretch.kind.words(), in_words(&stretch.extent)));
    let parts: Vec<String> = parts.collect();
    format!(
        "{} of {}: no effective holder {} ({} working days): {}",
        row.role.name().replace('_', " "),
        sentence::agency(None, &row.agency),
        in_words(&gap.at_least),
        gap.at_least.working_days,
        parts.join("; ")
    )
}

/// From which length the gaps of each role in the answer are listed.
pub(super) fn thresholds(rows: &[&Row], wanted: &Wanted, pack: &Pack) -> Vec<pb::GapThreshold> {
    let mut found: Vec<pb::GapThreshold> = Vec::new();
    for row in rows {
        let Some(threshold) = row.threshold else {
            continue;
        };
        let one = pb::GapThreshold {
            role: row.role.code(),
            protected_working_days: threshold.protected,
            working_days: threshold.otherwise,
            asked_for: wanted.min_gap.is_some(),
            source: if wanted.min_gap.is_some() {
                "asked for in this question".to_owned()
            } else {
                let rule = pack.role(row.role.name());
                rule.map(|rule| rule.source.clone()).unwrap_or_default()
            },
        };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
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
