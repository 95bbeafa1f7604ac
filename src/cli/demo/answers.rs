//! The server's answers in the form of the expected ones, so that the two can be compared line by line.

use std::collections::BTreeMap;

use crate::domain::event::Role;
use crate::grpc::pb;
use crate::rules::need::Figure;
use crate::rules::pack::Pack;

use super::expected::Answers;

/// The window of the counts, both days included.
pub(super) const WINDOW: (&str, &str) = ("2012-01-01", "2015-12-31");
/// The youngest child, for whom the rows are read.
const CHILD: &str = "C3";

/// Event ids by position.
pub(super) type Ids = BTreeMap<u64, String>;

/// Every answer about allocation.
pub(super) fn allocation(answer: &pb::AllocationAnswer, ids: &Ids) -> Answers {
    let of = Of { answer };
    let worker = Role::SocialWorker;
    let nobody = |kind: pb::GapKind| {
        !matches!(
            kind,
            pb::GapKind::ManagerHolding | pb::GapKind::AbsentNoCover
        )
    };
    let all = [
        ("distinct_social_workers", of.holders(worker)),
        ("distinct_team_managers", of.holders(Role::TeamManager)),
        ("social_worker_changes", of.changes()),
        ("social_worker_gaps", of.gaps("csc", worker, nobody, true)),
        ("days_with_nobody", of.days_with_nobody(worker)),
        (
            "held_by_manager",
            of.gaps(
                "csc",
                worker,
                |kind| kind == pb::GapKind::ManagerHolding,
                false,
            ),
        ),
        (
            "absent_without_cover",
            of.gaps(
                "csc",
                worker,
                |kind| kind == pb::GapKind::AbsentNoCover,
                false,
            ),
        ),
        (
            "team_manager_gaps",
            of.gaps("csc", Role::TeamManager, |_| true, true),
        ),
        (
            "safeguarding_lead_gaps",
            of.gaps("school", Role::SafeguardingLead, |_| true, true),
        ),
        (
            "unexplained_to_child",
            of.unexplained(|change| change.to_child.as_ref()),
        ),
        (
            "unexplained_to_family",
            of.unexplained(|change| change.to_family.as_ref()),
        ),
        (
            "explained_to_family",
            of.explained(|change| change.to_family.as_ref()),
        ),
        ("arrived_in_duty_gap", of.arrived(worker, ids)),
    ];
    all.into_iter()
        .map(|(name, lines)| (name.to_owned(), lines))
        .collect()
}

/// Who was told of a change, and how.
type Reading = fn(&pb::HolderChange) -> Option<&pb::Explanation>;

struct Of<'a> {
    answer: &'a pb::AllocationAnswer,
}

impl Of<'_> {
    /// The number of different holders in the window, then each holder's spells that touch it.
    fn holders(&self, role: Role) -> Vec<String> {
        let whole = |total: &&pb::AllocationTotal| {
            total.child.is_empty() && total.agency == "csc" && total.role == role.code()
        };
        let distinct = self.answer.totals.iter().find(whole);
        let mut lines = vec![distinct.map_or(0, |total| total.distinct).to_string()];
        for spell in &self.answer.spells {
            let ours = spell.agency == "csc" && spell.role == role.code() && ours(&spell.children);
            if !ours || spell.basis != "named" {
                continue;
            }
            let from = earliest(spell.from.as_ref());
            let to = latest(spell.to.as_ref());
            if from.as_str() <= WINDOW.1 && to.as_str() > WINDOW.0 {
                lines.push(format!("{}, {from} to {to}", spell.staff));
            }
        }
        lines
    }

    fn days_with_nobody(&self, role: Role) -> Vec<String> {
        let ours = |total: &&pb::AllocationTotal| {
            total.agency == "csc" && total.role == role.code() && total.child == CHILD
        };
        let whole = |total: &&pb::AllocationTotal| {
            total.agency == "csc" && total.role == role.code() && total.child.is_empty()
        };
        let totals = &self.answer.totals;
        let total = totals.iter().find(ours).or(totals.iter().find(whole));
        let days = total.and_then(|total| total.days_with_nobody.as_ref());
        days.map(|days| days.at_least.to_string())
            .into_iter()
            .collect()
    }

    /// The gaps of which every part is of a wanted kind. What cannot be known of the last known holder, after the record
    /// ends, is none.
    fn gaps(
        &self,
        agency: &str,
        role: Role,
        wanted: fn(pb::GapKind) -> bool,
        kinds: bool,
    ) -> Vec<String> {
        let ours = |gap: &&pb::Gap| {
            gap.agency == agency
                && gap.role == role.code()
                && ours(&gap.children)
                && gap.last_holder.is_none()
                && gap.parts.iter().all(|part| wanted(part.kind()))
        };
        let gaps = self.answer.gaps.iter().filter(ours);
        gaps.map(|gap| {
            let days = gap.days.as_ref().map_or(0, |days| days.at_least);
            let from = latest(gap.from.as_ref());
            let line = format!("{from} to {}, {days} days", earliest(gap.to.as_ref()));
            let parts: Vec<&str> = gap.parts.iter().map(|part| words(part.kind())).collect();
            if kinds {
                format!("{line}, {}", parts.join(", "))
            } else {
                line
            }
        })
        .collect()
    }

    /// Changes of the social worker in the window, with the two who changed.
    fn in_window(&self) -> impl Iterator<Item = (String, &pb::HolderChange)> {
        let ours = |change: &&pb::HolderChange| {
            let from = earliest(change.day.as_ref());
            let to = latest(change.day.as_ref());
            change.agency == "csc"
                && change.role == Role::SocialWorker.code()
                && ours(&change.children)
                && WINDOW.0 <= from.as_str()
                && to.as_str() <= WINDOW.1
        };
        let staff = |holder: Option<&pb::Holder>| {
            holder.map_or(String::new(), |holder| holder.staff.clone())
        };
        let changes = self.answer.changes.iter().filter(ours);
        changes.map(move |change| {
            let from = staff(change.from.as_ref());
            (format!("{from} to {}", staff(change.to.as_ref())), change)
        })
    }

    fn changes(&self) -> Vec<String> {
        self.in_window().map(|(pair, _)| pair).collect()
    }

    /// The changes for which no explanation is on record.
    fn unexplained(&self, to: Reading) -> Vec<String> {
        let lines = self.in_window().filter_map(|(pair, change)| {
            match to(change).map(pb::Explanation::state) {
                Some(pb::ExplainedState::No) => Some(format!("{pair}, no")),
                Some(pb::ExplainedState::NoRecord) => Some(format!("{pair}, no record")),
                Some(_) | None => None,
            }
        });
        lines.collect()
    }

    /// The changes that were explained.
    fn explained(&self, to: Reading) -> Vec<String> {
        let yes = |change: &pb::HolderChange| {
            to(change).is_some_and(|of| of.state() == pb::ExplainedState::Yes)
        };
        let lines = self.in_window().filter(|(_, change)| yes(change));
        lines.map(|(pair, _)| pair).collect()
    }

    /// What arrived in the gap of which a part was with duty.
    fn arrived(&self, role: Role, ids: &Ids) -> Vec<String> {
        let duty = |gap: &&pb::Gap| {
            let parts = &mut gap.parts.iter();
            gap.agency == "csc"
                && gap.role == role.code()
                && ours(&gap.children)
                && parts.any(|part| part.kind() == pb::GapKind::DutyOrTeam)
        };
        let gap = self.answer.gaps.iter().find(duty);
        let arrived = gap.iter().flat_map(|gap| &gap.arrived);
        let mut lines: Vec<String> = arrived
            .map(|item| format!("{}, {}", id(ids, item.entry), item.day))
            .collect();
        lines.sort();
        lines
    }
}

fn ours(children: &[String]) -> bool {
    children.is_empty() || children.iter().any(|child| child == CHILD)
}

fn earliest(bound: Option<&pb::DayBound>) -> String {
    bound.map_or("?".to_owned(), |bound| bound.earliest.clone())
}

fn latest(bound: Option<&pb::DayBound>) -> String {
    bound.map_or("?".to_owned(), |bound| bound.latest.clone())
}

fn id(ids: &Ids, position: u64) -> String {
    ids.get(&position)
        .cloned()
        .unwrap_or_else(|| format!("position {position}"))
}

fn words(kind: pb::GapKind) -> &'static str {
    match kind {
        pb::GapKind::Unspecified => "not stated",
        pb::GapKind::NeverAllocated => "nobody allocated yet",
        pb::GapKind::BetweenHolders => "between holders",
        pb::GapKind::DutyOrTeam => "duty or team",
        pb::GapKind::Vacant => "vacant",
        pb::GapKind::ManagerHolding => "held by manager",
        pb::GapKind::AbsentNoCover => "absent",
        pb::GapKind::CannotBeKnown => "cannot be known",
    }
}

/// Every answer about sharing.
pub(super) fn sharing(answer: &pb::SharingAnswer, ids: &Ids) -> Answers {
    let mut all = Answers::new();
    for row in &answer.rows {
        let name = match (row.kind(), figure(row)) {
            (pb::SharingKind::NotShared, Figure::Separate) => "core_group_not_told",
            (pb::SharingKind::NotShared, _) => "not_shared",
            (pb::SharingKind::Late, _) => "shared_late",
            (pb::SharingKind::SentWithoutReceipt, _) => "sent_without_receipt",
            (pb::SharingKind::ReceivedNoAct, _) => "received_not_acted",
            (pb::SharingKind::Withheld, _) => "withheld",
            (pb::SharingKind::CorrectionNotPassedOn, _) => "correction_not_passed_on",
            (pb::SharingKind::ReferralWithoutFeedback, _) => "referrals_without_feedback",
            (pb::SharingKind::RequestWithoutAnswer, _) => "requests_without_answer",
            (pb::SharingKind::Met, _) => continue,
            (_, _) => "other",
        };
        let done = row.done.as_ref();
        let done = done.map_or(String::new(), |on| format!(", done {}", on.latest));
        let (item, agency) = (id(ids, row.item), &row.needing);
        let line = format!("{item} {agency}, {} to {}{done}", row.start, row.due);
        all.entry(name.to_owned()).or_default().push(line);
    }
    for lines in all.values_mut() {
        lines.sort();
    }
    all
}

/// What a missed need counts as, by the rule that the row names first.
fn figure(row: &pb::SharingRow) -> Figure {
    let first = row.rules.first();
    let needs = Pack::england().needs();
    let rule = needs.iter().find(|need| Some(&need.id) == first);
    rule.map(|rule| rule.figure).unwrap_or_default()
}
