//! What a rule asks of an item and an agency: since when, by when, and what an absence of it is worth.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use std::cmp::Reverse;

use jiff::civil::Date;

use super::joined::Joined;
use super::{Case, Duty, Item, NamedRule, Withholding, day_after, days, last_day};
use crate::domain::event::sharing::{SharingContent, WithholdReason};
use crate::domain::event::{Content, FeedKind, HandlingCode};
use crate::domain::id::AgencyId;
use crate::domain::time::Interval;
use crate::projection::coverage::{Absence, Reason};
use crate::projection::knowledge::{Seen, State};
use crate::rules::need::Figure;
use crate::rules::{ItemFacts, NeedRule};

impl Case<'_> {
    /// The duty that one rule states, when it means the agency, its condition holds and somebody of its *from* knew;
    /// and whether the agency was involved, or has become so.
    pub(super) fn duty(
        &self,
        rule: &NeedRule,
        facts: &ItemFacts<'_>,
        item: &Item,
        agency: &AgencyId,
    ) -> Option<(Duty, bool)> {
        let told_by = self.told_by(rule, item, agency);
        let (since, sender, evidence) = told_by.first()?.clone();
        let since = last_day(since);
        let due_from = |start: Date| {
            let next_core_group = self.next_core_group(item, start);
            rule.limit_for(facts)
                .due(self.pack.calendar(), start, next_core_group)
        };
        let joined = self.asked_from(rule, agency, item, (since, due_from(since)))?;
        let start = match joined {
            Joined::On(day) => day,
            Joined::NotInvolved => since,
        };
        let start = start.max(rule.valid_from.unwrap_or(start));
        // A condition holds when somebody knew it and still when the limit starts; where the rule looks back, then.
        let looks_back = rule.look_back_months.is_some();
        let days = [if looks_back { start } else { since }, start];
        // A date that straddles the day may make a condition hold: the rule then asks, but nothing sure follows.
        let unless = |condition| rule.while_.unless.contains(&condition);
        let judged = |condition, day| self.condition(condition, item, facts, day);
        let on = |day: Date, sure: bool| {
            rule.while_
                .holds(|condition| judged(condition, day).unwrap_or(sure == unless(condition)))
        };
        if !days.iter().all(|day| on(*day, false)) {
            return None;
        }
        let sure = days.iter().all(|day| on(*day, true));
        let due = due_from(start);
        let kinds: &[FeedKind] = match rule.figure {
            Figure::ReferralLoop => &[FeedKind::Sharing, FeedKind::Referral],
            Figure::Gap | Figure::Separate | Figure::Correction => &[FeedKind::Sharing],
        };
        let (mut coverage, covered_to) = self.both_sides((&sender, kinds), agency, (start, due));
        if !sure {
            coverage = coverage.both(Absence::Undeterminable(Reason::DateStraddles));
        }
        let rule = NamedRule {
            id: rule.id.clone(),
            version: rule.version,
            wording: rule.wording(facts),
            tier: rule.tier(),
            figure: rule.figure,
            due,
        };
        let duty = Duty {
            rules: vec![rule.clone()],
            rule,
            could_have_told: told_by.into_iter().map(|(_, agency, _)| agency).collect(),
            start,
            due,
            coverage,
            covered_to,
            evidence,
        };
        Some((duty, joined != Joined::NotInvolved))
    }

    /// Who of a rule's *from* certainly knew an item, the earliest first, by what.
    fn told_by(
        &self,
        rule: &NeedRule,
        item: &Item,
        agency: &AgencyId,
    ) -> Vec<(Interval, AgencyId, Vec<u64>)> {
        let unread;
        let knew = if let Some(knew) = self.knew.get(&item.position) {
            knew
        } else {
            unread = self.certainly_knew(item);
            &unread
        };
        let mut told_by: Vec<(Interval, AgencyId, Vec<u64>)> = knew
            .iter()
            .filter(|(from, _, _)| from != agency)
            .filter(|(from, since, _)| {
                let day = last_day(*since);
                let is = |party| self.is_party(party, from, item, day);
                rule.from.iter().any(is)
            })
            .map(|(from, since, evidence)| (*since, from.clone(), evidence.clone()))
            .collect();
        told_by.sort();
        told_by
    }

    /// The agencies that certainly knew an item, each since when and by what.
    pub(super) fn certainly_knew(&self, item: &Item) -> Vec<(AgencyId, Interval, Vec<u64>)> {
        let knew = |agency: &AgencyId| {
            let (since, evidence) = self.certain_since(item, agency)?;
            Some((agency.clone(), since, evidence))
        };
        self.agencies.iter().filter_map(knew).collect()
    }

    /// Since when an agency certainly knew an item as being about a child of this case, with what
    /// shows it.
    pub(super) fn certain_since(
        &self,
        item: &Item,
        agency: &AgencyId,
    ) -> Option<(Interval, Vec<u64>)> {
        let standing = self.knowledge.agency(agency, item.position)?;
        if standing.state != State::Knows {
            return None;
        }
        let Some(alias) = &item.alias else {
            return Some((standing.since, standing.evidence));
        };
        let link = self.knowledge.agency(agency, alias.link)?;
        (link.state == State::Knows).then(|| {
            let mut evidence = standing.evidence;
            evidence.extend(link.evidence);
            evidence.sort_unstable();
            evidence.dedup();
            (standing.since.max(link.since), evidence)
        })
    }

    /// What "no record of sharing" is worth from the start to the due day, and up to when: the
    /// sender's records of these kinds and the receiver's of sharing, both.
    pub(in crate::projection) fn both_sides(
        &self,
        (sender, kinds): (&AgencyId, &[FeedKind]),
        receiver: &AgencyId,
        (start, due): (Date, Date),
    ) -> (Absence, Option<Date>) {
        let until = |end: Date| {
            let one = |agency, kind| self.coverage.absence(agency, kind, start, end);
            let theirs = kinds.iter().map(|kind| one(sender, *kind));
            theirs.fold(one(receiver, FeedKind::Sharing), Absence::both)
        };
        let after = due.tomorrow().unwrap_or(due).min(day_after(self.day()));
        let outcome = until(after);
        let mut covered = None;
        let mut day = start;
        while day <= self.day() {
            if until(day_after(day)) > outcome {
                break;
            }
            let change = |agency, kind| self.coverage.next_change(agency, kind, day);
            let next = kinds.iter().map(|kind| change(sender, *kind));
            let next = next.fold(change(receiver, FeedKind::Sharing), Date::min);
            covered = Some(next.yesterday().unwrap_or(next).min(self.day()));
            day = next;
        }
        (outcome, covered)
    }

    pub(super) fn withheld(
        &self,
        item: &Item,
        agency: &AgencyId,
        duty: &Duty,
    ) -> Option<Withholding> {
        let withheld = self.index.withheld.iter();
        withheld
            .filter_map(|id| self.view.get(*id))
            .filter(|seen| !seen.struck && seen.certain)
            .filter_map(|seen| match &seen.event.content {
                Content::Sharing(SharingContent::ShareWithheld(held))
                    if held.to == *agency && held.reason != WithholdReason::ConsentRefused =>
                {
                    let target = self.view.resolve(&held.item)?;
                    let same = target == item.position || item.matter.contains(&target);
                    let on = last_day(seen.occurred());
                    same.then(|| Withholding {
                        position: seen.id,
                        by: seen.agency.clone(),
                        reason: held.reason,
                        on,
                        days_late: days(duty.due, on).max(0),
                        duty: Box::new(duty.clone()),
                    })
                }
                _ => None,
            })
            .min_by_key(|held| held.on)
    }
}

/// Whether the source lets an entry go to an agency.
pub(super) fn permits(seen: &Seen<'_>, agency: &AgencyId) -> bool {
    let Some(handling) = &seen.event.handling else {
        return true;
    };
    match handling.code {
        HandlingCode::None => false,
        HandlingCode::NamedAgencies => handling.shareable_with.contains(agency),
        HandlingCode::Open
        | HandlingCode::NotToFamily
        | HandlingCode::NotStated
        | HandlingCode::Unknown(_) => true,
    }
}

/// Several rules: the earliest due governs; all are named. Of rules due on one day the one about corrections
/// governs, since it says what the row is; then the strongest in standing.
pub(super) fn merge(mut duties: Vec<Duty>) -> Option<Duty> {
    duties.sort_by_key(|duty| {
        let correction = duty.rule.figure == Figure::Correction;
        (duty.due, Reverse(correction), duty.rule.tier, duty.start)
    });
    let mut duties = duties.into_iter();
    let mut first = duties.next()?;
    for duty in duties {
        first.rules.extend(duty.rules);
        for agency in duty.could_have_told {
            if !first.could_have_told.contains(&agency) {
                first.could_have_told.push(agency);
            }
        }
    }
    Some(first)
}
