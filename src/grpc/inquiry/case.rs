//! Cases in a list, who is who, and the state of a case on one screen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::allocation::{First, Page, Wanted, ask, entries_of, gaps_once, in_gap, spells_once};
use super::entries::{entries, of_reading};
use super::parts::{Names, coverage, people, range, small, stamp};
use super::sharing;
use crate::domain::event::case::CaseContent;
use crate::domain::event::{Content, FeedKind};
use crate::domain::id::{AgencyId, PersonRef};
use crate::domain::time::london_date;
use crate::grpc::pb;
use crate::projection::coverage::Coverage;
use crate::projection::cut::{Cut, Reading};
use crate::projection::need::Case;
use crate::projection::placed::Placed;
use crate::projection::status::{children, children_named, status};
use crate::rules::calendar::age;
use crate::rules::pack::Pack;
use crate::service::inquiry::{Asked, CaseRow};

/// Entries listed as the last ones before the as-at date.
const RECENT: usize = 20;

/// A case in a list: everything in the ledger today.
pub(super) fn row(of: &CaseRow) -> pb::CaseRow {
    let own = |entry: &&Placed| entry.event.case_id.as_ref() == Some(&of.case);
    let entries: Vec<&Placed> = of.log.entries().iter().filter(own).collect();
    let opened = entries.iter().find(|entry| {
        matches!(
            entry.event.content,
            Content::Case(CaseContent::CaseOpened(_))
        )
    });
    let day = |entry: &&Placed| entry.event.occurred.lower().map(london_date);
    let agencies: BTreeSet<&AgencyId> = entries.iter().map(|entry| &entry.agency).collect();
    let named: BTreeSet<&PersonRef> = entries
        .iter()
        .flat_map(|entry| children_named(&entry.event))
        .collect();
    let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    pb::CaseRow {
        case_id: of.case.to_string(),
        opened: text(opened.and_then(day)),
        entries: of.entries,
        children: small(named.len()),
        agencies: agencies.iter().map(ToString::to_string).collect(),
        first_day: text(entries.iter().filter_map(day).min()),
        last_day: text(entries.iter().filter_map(day).max()),
    }
}

/// Who is who in a case, and what its record can show.
pub(super) fn show(asked: &Asked, names: &Names, pack: &'static Pack) -> pb::CaseAnswer {
    let cut = &asked.cut;
    let agencies: BTreeSet<&AgencyId> = cut.facts().map(Reading::agency).collect();
    let agencies: Vec<&AgencyId> = agencies.into_iter().collect();
    let mut counts: BTreeMap<(&AgencyId, &'static str), u64> = BTreeMap::new();
    for reading in cut
        .facts()
        .filter(|reading| reading.certain() && reading.struck().is_none())
    {
        let key = (reading.agency(), reading.event().content.type_name());
        let count = counts.entry(key).or_insert(0);
        *count = count.saturating_add(1);
    }
    let counts = counts
        .into_iter()
        .map(|((agency, kind), count)| pb::CountRow {
            agency: agency.to_string(),
            r#type: kind.to_owned(),
            count,
        });
    let (people, coverage) = (
        people_rows(cut),
        coverage(cut, &Coverage::of(cut), FeedKind::ALL),
    );
    let named: Vec<u64> = people
        .iter()
        .flat_map(|person| &person.evidence)
        .chain(coverage.iter().flat_map(|cover| &cover.evidence))
        .copied()
        .collect();
    pb::CaseAnswer {
        stamp: Some(stamp(asked, pack)),
        people,
        practitioners: names.of_agencies(&agencies),
        counts: counts.collect(),
        coverage,
        entries: entries(cut, named),
    }
}

/// The state of a case on one screen.
pub(super) fn at(asked: &Asked, names: &Names, pack: &'static Pack) -> pb::AtAnswer {
    let cut = &asked.cut;
    let cover = Coverage::of(cut);
    let case = Case::of(cut, pack);
    let earlier = asked.earlier.as_ref();
    let earlier = earlier.map(|cuts| cuts.map(|cut| Case::of(cut, pack)));
    let found = ask(&case, pack, &Wanted::default());
    let page = Page {
        names,
        pack,
        case: &case,
        today: found.day,
    };
    let holders = found.rows.iter().flat_map(|row| page.spells(row));
    let first = earlier.as_ref();
    let first = first.map(|cases| First::of(cases, &page, &Wanted::default()));
    let gaps = page.all_gaps(&found, first.as_ref(), &Wanted::default());
    let gaps = gaps.into_iter();
    let open_kinds = [
        pb::SharingKind::NotShared,
        pb::SharingKind::SentWithoutReceipt,
    ];
    let rows = sharing::rows(&case, earlier.as_ref(), asked.stamp.latest, "");
    let open = rows
        .into_iter()
        .filter(|row| row.done.is_none() && open_kinds.contains(&row.kind()));
    let mut answer = pb::AtAnswer {
        stamp: Some(stamp(asked, pack)),
        people: people_rows(cut),
        statuses: statuses(cut, &cover, pack),
        holders: spells_once(holders.filter(|spell| spell.to.is_none())),
        open_gaps: gaps_once(gaps.filter(|gap| gap.to.is_none())),
        open_sharing: open.collect(),
        recent: recent(cut),
        coverage: coverage(cut, &cover, &[FeedKind::Allocation, FeedKind::Sharing]),
        entries: Vec::new(),
    };
    answer.entries = entries_of(asked, named(&answer));
    answer
}

/// Every position that a row of the answer names.
fn named(answer: &pb::AtAnswer) -> Vec<u64> {
    let mut named: Vec<u64> = answer.open_gaps.iter().flat_map(in_gap).collect();
    for person in &answer.people {
        named.extend(&person.evidence);
    }
    for status in &answer.statuses {
        named.extend(&status.evidence);
    }
    for spell in &answer.holders {
        named.extend(&spell.evidence);
    }
    for row in &answer.open_sharing {
        named.extend(row.items.iter().chain(&row.evidence));
        named.extend(&row.counter_evidence);
    }
    for coverage in &answer.coverage {
        named.extend(&coverage.evidence);
    }
    named
}

fn people_rows(cut: &Cut) -> Vec<pb::PersonRow> {
    let today = cut.at().day();
    let born: BTreeMap<PersonRef, _> = children(cut)
        .into_iter()
        .map(|child| (child.person, child.born))
        .collect();
    let mut rows: BTreeMap<PersonRef, pb::PersonRow> = BTreeMap::new();
    for reading in cut.facts().filter(|reading| reading.struck().is_none()) {
        let Content::Case(content) = &reading.event().content else {
            continue;
        };
        let (person, role, date) = match content {
            CaseContent::PersonRecorded(it) => (&it.person, it.role.code(), it.born.as_ref()),
            CaseContent::ChildBorn(it) => {
                let child = i32::from(pb::PersonRole::SubjectChild);
                (
                    &it.child,
                    child,
                    it.born.as_ref().or(Some(&reading.event().occurred)),
                )
            }
            CaseContent::CaseOpened(_)
            | CaseContent::CaseClosed(_)
            | CaseContent::HouseholdMemberJoined(_)
            | CaseContent::HouseholdMemberLeft(_)
            | CaseContent::MoveKnown(_) => continue,
        };
        let row = rows.entry(person.clone()).or_default();
        row.person = person.to_string();
        row.role = role;
        if let Some(text) = date.and_then(|date| date.text()) {
            text.clone_into(&mut row.born);
        }
        let of_child = born.get(person).copied().flatten();
        row.age = of_child.and_then(|days| {
            let (youngest, oldest) = (age(days.latest, today), age(days.first(), today));
            if youngest == oldest { youngest } else { None }
        });
        row.evidence.push(reading.position());
    }
    rows.into_values().collect()
}

/// Each status of the pack that is open on the as-at date, siblings with the same together.
fn statuses(cut: &Cut, cover: &Coverage, pack: &Pack) -> Vec<pb::StatusRow> {
    let today = cut.at().day();
    let subjects = children(cut);
    let mut rows: Vec<pb::StatusRow> = Vec::new();
    for rule in pack.statuses() {
        for (child, state) in status((cut, &subjects), pack, cover, &rule.id) {
            for span in state
                .reasons
                .iter()
                .filter(|span| span.to.is_none() && !span.possible)
            {
                let row = pb::StatusRow {
                    status: rule.id.clone(),
                    children: Vec::new(),
                    since: Some(range(span.from, today)),
                    detail: span.reason.clone(),
                    evidence: span.evidence.clone(),
                };
                let same = rows.iter_mut().find(|other| {
                    pb::StatusRow {
                        children: Vec::new(),
                        ..(*other).clone()
                    } == row
                });
                match same {
                    Some(other) => other.children.push(child.to_string()),
                    None => rows.push(pb::StatusRow {
                        children: people(std::slice::from_ref(&child)),
                        ..row
                    }),
                }
            }
        }
    }
    rows
}

/// The last entries before the as-at date, newest first; those that only may belong before it are marked.
fn recent(cut: &Cut) -> Vec<pb::EntryRow> {
    let mut readings: Vec<&Reading> = cut.facts().chain(cut.possible()).collect();
    readings.sort_by_key(|reading| (reading.occurred(), reading.position()));
    readings.dedup_by_key(|reading| reading.position());
    let newest = readings.into_iter().rev().take(RECENT);
    newest.map(|reading| of_reading(cut, reading)).collect()
}
