//! Allocation over gRPC: the sample pushed by its seven agencies, asked in all four bases, against expected.toml.

use std::collections::{BTreeMap, BTreeSet};

use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::convert::event_from_json;
use caseledger::grpc::pb;
use pb::{Basis, ExplainedState, GapKind, Role};
use tempfile::TempDir;
use tonic::Code;

use crate::world::{World, fields, reason, temp};

pub(crate) const REGISTRY: &str = include_str!("../../src/cli/sample/registry.jsonl");
pub(crate) const FAMILY_A: &str = include_str!("../../src/cli/sample/family_a.jsonl");
const WELL_RUN: &str = include_str!("../../src/cli/sample/well_run.jsonl");
const EXPECTED: &str = include_str!("../../src/cli/sample/expected.toml");
const BASES: [Basis; 4] = [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now];

/// A server to which each agency pushed its entries of a sample, in the order of the file.
pub(crate) struct Loaded {
    pub(crate) world: World,
    pub(crate) client: Client,
    _dir: TempDir,
}

impl Loaded {
    pub(crate) async fn with(files: &[&str]) -> Self {
        let dir = temp();
        let world = World::over(dir.path()).await;
        for file in files {
            push(&world, file).await;
        }
        let client = Client::connect(&world.address, None).await.unwrap();
        Self {
            world,
            client,
            _dir: dir,
        }
    }

    pub(crate) async fn ask(&mut self, question: pb::AllocationQuestion) -> pb::AllocationAnswer {
        let answer = self.client.inquiry.allocation(question).await;
        answer.unwrap().into_inner()
    }

    /// What changes of holder left behind, asked at the same moment.
    async fn left_behind(&mut self, question: pb::AllocationQuestion) -> pb::KnowledgeAnswer {
        let asked = pb::KnowledgeQuestion {
            case_id: question.case_id,
            as_at: question.as_at,
            ..Default::default()
        };
        let answer = self.client.inquiry.knowledge(asked).await;
        answer.unwrap().into_inner()
    }

    async fn refused(&mut self, question: pb::AllocationQuestion) -> tonic::Status {
        self.client.inquiry.allocation(question).await.unwrap_err()
    }
}

async fn push(world: &World, file: &str) {
    let mut batches: Vec<(String, Vec<pb::AppendRequest>)> = Vec::new();
    for line in file.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value.get(key).unwrap().as_str().unwrap().to_owned();
        let bytes = event_from_json(&value.get("event").unwrap().to_string()).unwrap();
        let request = append_request(text("eventId").parse().unwrap(), bytes);
        let agency = text("agency");
        match batches.last_mut() {
            Some((last, requests)) if *last == agency => requests.push(request),
            _ => batches.push((agency, vec![request])),
        }
    }
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    for (agency, requests) in batches {
        if !clients.contains_key(&agency) {
            clients.insert(agency.clone(), world.client(&agency).await);
        }
        let client = clients.get_mut(&agency).unwrap();
        client.append_batch(requests).await.unwrap();
    }
}

/// As at a date (empty: latest), with the window of expected.toml.
pub(crate) fn question(case: &str, basis: Basis, date: &str) -> pb::AllocationQuestion {
    pb::AllocationQuestion {
        case_id: case.to_owned(),
        as_at: Some(pb::AsAt {
            date: date.to_owned(),
            basis: i32::from(basis),
            ..Default::default()
        }),
        window_from: "2012-01-01".to_owned(),
        window_to: "2015-12-31".to_owned(),
        ..Default::default()
    }
}

fn expected(name: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(EXPECTED).unwrap();
    let answers = table.get("answer").unwrap().as_array().unwrap();
    let answer = answers
        .iter()
        .find(|answer| answer.get("name").unwrap().as_str() == Some(name))
        .unwrap_or_else(|| panic!("expected.toml has no answer {name}"));
    let lines = answer.get("is").unwrap().as_array().unwrap();
    lines
        .iter()
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

/// The totals of a role over the whole case.
fn total(answer: &pb::AllocationAnswer, agency: &str, role: Role) -> pb::AllocationTotal {
    let mut of = answer
        .totals
        .iter()
        .filter(|total| total.agency == agency && total.role() == role && total.child.is_empty());
    let total = of.next().unwrap().clone();
    assert!(of.next().is_none(), "one total for the case");
    total
}

fn social_worker(answer: &pb::AllocationAnswer) -> pb::AllocationTotal {
    total(answer, "csc", Role::SocialWorker)
}

fn gaps_of(
    answer: &pb::AllocationAnswer,
    role: Role,
    wanted: impl Fn(GapKind) -> bool,
) -> Vec<&pb::Gap> {
    let gaps = answer.gaps.iter();
    gaps.filter(|gap| gap.role() == role && wanted(gap.kind()))
        .collect()
}

fn is_nobody(kind: GapKind) -> bool {
    matches!(
        kind,
        GapKind::NeverAllocated | GapKind::BetweenHolders | GapKind::DutyOrTeam | GapKind::Vacant
    )
}

/// `2012-05-04 to 2012-06-18, 45 days`, of dates that are certain.
fn extent(gap: &pb::Gap) -> String {
    let (from, days) = (gap.from.clone().unwrap(), gap.days.unwrap());
    assert_eq!(from.earliest, from.latest);
    assert_eq!(days.at_least, days.at_most);
    let to = gap.to.clone().map_or("?".to_owned(), |to| to.latest);
    format!("{} to {to}, {} days", from.latest, days.at_least)
}

fn with_kind(gap: &pb::Gap) -> String {
    let words = [
        (GapKind::BetweenHolders, "between holders"),
        (GapKind::DutyOrTeam, "duty or team"),
        (GapKind::Vacant, "vacant"),
    ];
    let (_, kind) = words.iter().find(|(kind, _)| *kind == gap.kind()).unwrap();
    format!("{}, {kind}", extent(gap))
}

fn staff(holder: Option<&pb::Holder>) -> &str {
    holder.unwrap().staff.as_str()
}

/// The changes of social worker in the window, with how they were explained where asked.
fn changes(
    answer: &pb::AllocationAnswer,
    explained: Option<fn(&pb::HolderChange) -> pb::Explanation>,
) -> Vec<String> {
    let in_window = |change: &&pb::HolderChange| {
        let day = &change.day.as_ref().unwrap().latest;
        change.role() == Role::SocialWorker && ("2012-01-01"..="2015-12-31").contains(&day.as_str())
    };
    let lines = answer
        .changes
        .iter()
        .filter(in_window)
        .filter_map(|change| {
            let (from, to) = (staff(change.from.as_ref()), staff(change.to.as_ref()));
            let pair = format!("{from} to {to}");
            let Some(part) = explained.map(|explained| explained(change)) else {
                return Some(pair);
            };
            assert_eq!(
                part.finding,
                matches!(part.state(), ExplainedState::No | ExplainedState::NoRecord)
            );
            let words = [
                (ExplainedState::No, "no"),
                (ExplainedState::NoRecord, "no record"),
            ];
            let of = words.iter().find(|(state, _)| *state == part.state());
            of.map(|(_, words)| format!("{pair}, {words}"))
        });
    lines.collect()
}

fn event_ids<'a>(
    answer: &pb::AllocationAnswer,
    positions: impl IntoIterator<Item = &'a u64>,
) -> Vec<String> {
    let row = |position: &u64| answer.entries.iter().find(|row| row.position == *position);
    let ids = positions.into_iter().map(|position| row(position).unwrap());
    ids.map(|row| row.event_id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_latest_moment_every_basis_gives_the_numbers_of_the_sample() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    for basis in BASES {
        let answer = loaded.ask(question("FAMILY-A", basis, "")).await;
        let workers = social_worker(&answer);
        let managers = total(&answer, "csc", Role::TeamManager);
        assert_eq!((workers.distinct, managers.distinct), (6, 9), "{basis:?}");
        for (total, name) in [
            (&workers, "distinct_social_workers"),
            (&managers, "distinct_team_managers"),
        ] {
            let lines = expected(name);
            let names: Vec<&str> = lines[1..]
                .iter()
                .map(|line| line.split(',').next().unwrap())
                .collect();
            assert_eq!(lines[0], total.distinct.to_string());
            assert_eq!(total.holders, names, "{basis:?} {name}");
        }
        assert_eq!(workers.changes, 5);
        assert_eq!(changes(&answer, None), expected("social_worker_changes"));
        let child = changes(&answer, Some(|change| change.to_child.clone().unwrap()));
        assert_eq!(child, expected("unexplained_to_child"));
        let family = changes(&answer, Some(|change| change.to_family.clone().unwrap()));
        assert_eq!(family, expected("unexplained_to_family"));
        let nobody = workers.days_with_nobody.unwrap();
        assert_eq!((nobody.at_least, nobody.at_most), (199, 199), "{basis:?}");
        assert_eq!(
            vec![nobody.at_least.to_string()],
            expected("days_with_nobody")
        );
        assert_eq!((nobody.so_far, workers.gaps), (false, Some(3)));
        assert_eq!(
            (workers.manager_days, workers.absent_days),
            (Some(38), Some(28))
        );
        assert_eq!(workers.unknown_days, Some(0), "all of it is confirmed");
        let listed: Vec<String> = gaps_of(&answer, Role::SocialWorker, is_nobody)
            .into_iter()
            .map(with_kind)
            .collect();
        assert_eq!(listed, expected("social_worker_gaps"), "{basis:?}");
        for (role, kind, name) in [
            (
                Role::SocialWorker,
                GapKind::ManagerHolding,
                "held_by_manager",
            ),
            (
                Role::SocialWorker,
                GapKind::AbsentNoCover,
                "absent_without_cover",
            ),
        ] {
            let listed = gaps_of(&answer, role, |of| of == kind);
            let lines: Vec<String> = listed.into_iter().map(extent).collect();
            assert_eq!(lines, expected(name), "{basis:?}");
        }
        for (role, name) in [
            (Role::TeamManager, "team_manager_gaps"),
            (Role::SafeguardingLead, "safeguarding_lead_gaps"),
        ] {
            let listed = gaps_of(&answer, role, is_nobody);
            let lines: Vec<String> = listed.into_iter().map(with_kind).collect();
            assert_eq!(lines, expected(name), "{basis:?}");
        }
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_lists_what_arrived_in_it_with_evidence_that_can_be_fetched_in_every_basis() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    for basis in BASES {
        let answer = loaded.ask(question("FAMILY-A", basis, "")).await;
        let duty = gaps_of(&answer, Role::SocialWorker, |kind| {
            kind == GapKind::DutyOrTeam
        });
        let [gap] = duty[..] else {
            panic!("one row for the three children, not {}", duty.len());
        };
        assert_eq!(gap.children, ["C1", "C2", "C3"]);
        let ids = event_ids(&answer, gap.arrived.iter().map(|item| &item.entry));
        let days = gap.arrived.iter().map(|item| item.day.as_str());
        let arrived: Vec<String> = ids
            .iter()
            .zip(days)
            .map(|(id, day)| format!("{id}, {day}"))
            .collect();
        assert_eq!(arrived, expected("arrived_in_duty_gap"), "{basis:?}");
        // The disclosure reached social care by the entry 121: received by duty.
        let shown = event_ids(&answer, &gap.arrived[0].evidence);
        assert!(shown.contains(&"fa000000-0000-4000-8000-000000000121".to_owned()));
        assert!(
            gap.sentence.ends_with("2 items arrived in it"),
            "{}",
            gap.sentence
        );
        assert!(gap.protected, "the children were on a plan");
        let between = gaps_of(&answer, Role::SocialWorker, |of| {
            of == GapKind::BetweenHolders
        });
        assert_eq!(between[0].due.len(), 1, "an action fell due in it");
        assert_eq!(between[0].due[0].day, "2012-05-31");
    }
    let answer = loaded.ask(question("FAMILY-A", Basis::Then, "")).await;
    let mut named: BTreeSet<u64> = BTreeSet::new();
    for gap in &answer.gaps {
        named.extend(gap.evidence.iter().chain(&gap.context));
        named.extend(gap.arrived.iter().flat_map(|item| &item.evidence));
        assert!(!gap.evidence.is_empty() && !gap.outcome.is_empty());
    }
    for spell in &answer.spells {
        assert!(!spell.evidence.is_empty());
        named.extend(&spell.evidence);
    }
    for position in named {
        let row = answer.entries.iter().find(|row| row.position == position);
        let row = row.unwrap_or_else(|| panic!("{position} is in no row"));
        let by = Some(pb::get_entry_request::By::Position(position));
        let entry = loaded.client.ledger.get_entry(pb::GetEntryRequest { by });
        let entry = entry.await.unwrap().into_inner();
        assert_eq!(
            (&entry.event_id, &entry.agency),
            (&row.event_id, &row.agency)
        );
    }
    loaded.world.stop().await;
}

/// What a basis says at a date of the social workers: distinct, changes, and days with nobody (with so far), if known.
type AtDate = (u32, u32, Option<(i64, bool)>);

#[tokio::test(flavor = "multi_thread")]
async fn at_three_dates_each_basis_says_what_it_could_and_no_more() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let best: [(&str, AtDate); 3] = [
        ("2013-03-14", (3, 2, Some((45, false)))),
        ("2013-06-15", (3, 2, Some((45 + 57, true)))),
        ("2015-12-31", (6, 5, Some((199, false)))),
    ];
    for (date, says) in best {
        for basis in [Basis::Then, Basis::Now] {
            let answer = loaded.ask(question("FAMILY-A", basis, date)).await;
            let total = social_worker(&answer);
            let nobody = total
                .days_with_nobody
                .map(|days| (days.at_least, days.so_far));
            assert_eq!(
                (total.distinct, total.changes, nobody),
                says,
                "{basis:?} {date}"
            );
            assert_eq!(answer.window_to, date, "no count runs past the as-at date");
            for spell in &answer.spells {
                let from = spell.from.clone().unwrap();
                assert!(from.latest.as_str() <= date, "{basis:?}: {spell:?}");
                let to = spell.to.clone().map(|to| to.latest).unwrap_or_default();
                assert!(to.as_str() <= date, "{basis:?}: {spell:?}");
            }
            for gap in &answer.gaps {
                let to = gap.to.clone().map(|to| to.latest).unwrap_or_default();
                assert!(to.as_str() <= date, "{basis:?}: {gap:?}");
            }
        }
        // In 2013 nobody had recorded what social care is, nor that its records are complete.
        let answer = loaded
            .ask(question("FAMILY-A", Basis::Recorded, date))
            .await;
        let total = social_worker(&answer);
        assert_eq!(
            (total.distinct, total.changes),
            (says.0, says.1),
            "recorded {date}"
        );
        assert_eq!(total.days_with_nobody, None, "not known is not 0");
        let kinds: BTreeSet<GapKind> = answer.gaps.iter().map(pb::Gap::kind).collect();
        assert_eq!(kinds, [GapKind::CannotBeKnown].into());
        assert!(
            answer
                .gaps
                .iter()
                .all(|gap| gap.outcome.starts_with("undeterminable"))
        );
        // This ledger did not exist then.
        let answer = loaded.ask(question("FAMILY-A", Basis::Ledger, date)).await;
        assert!(answer.spells.is_empty() && answer.gaps.is_empty() && answer.totals.is_empty());
        assert_eq!(answer.stamp.unwrap().entries_in_cut, 0);
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_of_the_ledger_knows_holders_but_not_gaps_until_records_are_confirmed() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let latest = loaded.ask(question("FAMILY-A", Basis::Then, "")).await;
    let fourth = latest.spells.iter().find(|spell| spell.staff == "SW4");
    let position = *fourth.unwrap().evidence.first().unwrap();
    let mut asked = question("FAMILY-A", Basis::Ledger, "");
    asked.as_at.as_mut().unwrap().position = Some(position);
    let answer = loaded.ask(asked.clone()).await;
    let total = social_worker(&answer);
    assert_eq!(total.holders, ["SW1", "SW2", "SW3"]);
    assert_eq!(total.days_with_nobody.unwrap().at_least, 0);
    assert!(
        total.unknown_days.unwrap() >= 45 + 73,
        "{:?}",
        total.unknown_days
    );
    assert!(answer.entries.iter().all(|row| row.position < position));
    asked.as_at.as_mut().unwrap().position = Some(position + 1);
    let answer = loaded.ask(asked).await;
    assert_eq!(social_worker(&answer).distinct, 4);
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_of_the_window_asked_for_and_what_is_not_known_is_left_out() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let base = question("FAMILY-A", Basis::Then, "");
    let narrow = loaded
        .ask(pb::AllocationQuestion {
            window_from: "2013-05-01".to_owned(),
            window_to: "2013-12-31".to_owned(),
            ..base.clone()
        })
        .await;
    assert_eq!(
        (narrow.window_from.as_str(), narrow.window_to.as_str()),
        ("2013-05-01", "2013-12-31")
    );
    let total = social_worker(&narrow);
    assert_eq!((total.distinct, total.changes), (1, 1));
    assert_eq!(total.holders, ["SW4"]);
    assert_eq!(
        total.days_with_nobody.unwrap().at_least,
        61,
        "1 May to 1 July"
    );
    assert_eq!(
        (total.gaps, total.absent_days, total.manager_days),
        (Some(1), Some(28), Some(0))
    );
    assert_eq!(
        (total.median_days, total.completed_spells),
        (None, 0),
        "no spell ended in it"
    );
    let by_year: Vec<(i32, u32)> = total
        .changes_by_year
        .iter()
        .map(|y| (y.year, y.changes))
        .collect();
    assert_eq!(
        by_year,
        [
            (2012, 2),
            (2013, 1),
            (2014, 1),
            (2015, 1),
            (2016, 1),
            (2017, 0)
        ]
    );
    let whole = social_worker(&loaded.ask(base.clone()).await);
    assert_eq!((whole.median_days, whole.completed_spells), (Some(165), 5));
    let share = whole.agency_staff.unwrap();
    assert_eq!(
        (share.days, share.of_days, share.percent),
        (515, 1211, Some(42))
    );

    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_asked_for_holds_for_list_and_total_and_is_printed() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let base = question("FAMILY-A", Basis::Then, "");
    let threshold = |days| pb::AllocationQuestion {
        min_gap_working_days: Some(days),
        roles: vec![i32::from(Role::SocialWorker)],
        agency: "csc".to_owned(),
        ..base.clone()
    };
    let long = loaded.ask(threshold(30)).await;
    assert_eq!(
        social_worker(&long).days_with_nobody.unwrap().at_least,
        73 + 81
    );
    assert_eq!(long.gaps.len(), 2, "one threshold for list and total");
    assert_eq!(long.thresholds.len(), 1, "only the role asked for");
    let printed = &long.thresholds[0];
    assert_eq!(
        (
            printed.working_days,
            printed.protected_working_days,
            printed.asked_for
        ),
        (30, 30, true)
    );
    assert!(
        long.spells
            .iter()
            .all(|spell| spell.role() == Role::SocialWorker)
    );
    let every = loaded.ask(threshold(0)).await;
    let weekend = |gap: &&pb::Gap| gap.from.as_ref().unwrap().latest == "2012-11-30";
    assert_eq!(
        every.gaps.iter().filter(weekend).count(),
        1,
        "0 lists a weekend handover"
    );
    let usual = loaded.ask(base.clone()).await;
    assert_eq!(usual.gaps.iter().filter(weekend).count(), 0);
    let printed = usual
        .thresholds
        .iter()
        .find(|row| row.role() == Role::SocialWorker)
        .unwrap();
    assert_eq!(
        (
            printed.working_days,
            printed.protected_working_days,
            printed.asked_for
        ),
        (5, 1, false)
    );
    assert_eq!(loaded.ask(threshold(3_660)).await.gaps.len(), 0);
    assert_eq!(
        fields(&loaded.refused(threshold(3_661)).await),
        ["min_gap_working_days"]
    );
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_moment_basis_eyes_position_case_head_pack_and_coverage() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let mut asked = question("FAMILY-A", Basis::Now, "14 mar 2013");
    asked.as_at.as_mut().unwrap().eyes = "csc".to_owned();
    let answer = loaded.ask(asked).await;
    let stamp = answer.stamp.unwrap();
    let entries = loaded.client.read_case("FAMILY-A", 0, 0).await.unwrap();
    assert_eq!(stamp.case_id, "FAMILY-A");
    // 15 March 2013, 00:00 in London, and no summer time yet.
    assert_eq!(stamp.as_at.unwrap().seconds, 1_363_305_600);
    assert_eq!(
        (stamp.as_at_text.as_str(), stamp.basis()),
        ("2013-03-14", Basis::Now)
    );
    assert_eq!(stamp.eyes, "csc");
    assert_eq!(
        stamp.position,
        loaded.client.checkpoint().await.unwrap().size
    );
    assert_eq!(stamp.case_seq, entries.len() as u64);
    assert_eq!(stamp.case_head, entries.last().unwrap().link);
    let england = caseledger::rules::Pack::england();
    let pack = format!("{} {}", england.id(), england.version());
    assert_eq!(
        (stamp.rule_pack.as_str(), stamp.rule_pack_digest.len()),
        (pack.as_str(), 32)
    );
    let states: BTreeSet<(&str, pb::CoverageState)> = answer
        .coverage
        .iter()
        .map(|row| (row.agency.as_str(), row.state()))
        .collect();
    assert!(
        states.contains(&("csc", pb::CoverageState::Confirmed)),
        "{states:?}"
    );
    assert!(
        states
            .iter()
            .any(|(_, state)| *state == pb::CoverageState::NotConnected),
        "feeds that are not connected are named: {states:?}"
    );
    // Through the eyes of the court, which nobody had told, there is no social worker; that is no gap.
    let mut asked = question("FAMILY-A", Basis::Then, "2012-03-01");
    asked.as_at.as_mut().unwrap().eyes = "court".to_owned();
    let answer = loaded.ask(asked).await;
    assert!(answer.spells.is_empty() && answer.gaps.is_empty());
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_left_unread_is_one_row_a_change_and_a_finding_only_when_its_time_is_over() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let rows = |answer: &pb::KnowledgeAnswer| -> Vec<pb::NotShownAsRead> {
        let rows = answer.not_shown_as_read.iter();
        rows.filter(|row| row.role() == Role::SocialWorker)
            .cloned()
            .collect()
    };
    // SW2 began on 18 June 2012; twenty working days after it end on 16 July.
    for (date, finding) in [("2012-07-16", false), ("2012-07-17", true)] {
        let asked = question("FAMILY-A", Basis::Then, date);
        let answer = loaded.left_behind(asked).await;
        let [row] = &rows(&answer)[..] else {
            panic!("one row, not {:?}", rows(&answer));
        };
        assert_eq!(
            (staff(row.from.as_ref()), staff(row.to.as_ref())),
            ("SW1", "SW2")
        );
        assert_eq!(
            (row.due.as_str(), row.finding),
            ("2012-07-16", finding),
            "{date}"
        );
        assert_eq!((row.items.len(), row.children.len()), (2, 3));
        assert!(row.items.iter().all(|item| row.evidence.contains(item)));
        assert_eq!(
            row.sentence.contains("so far"),
            !finding,
            "{}",
            row.sentence
        );
    }
    let latest = question("FAMILY-A", Basis::Then, "");
    let answer = loaded.left_behind(latest).await;
    let pairs: Vec<String> = rows(&answer)
        .iter()
        .map(|row| format!("{} to {}", staff(row.from.as_ref()), staff(row.to.as_ref())))
        .collect();
    assert_eq!(
        pairs,
        ["SW1 to SW2", "SW2 to SW3", "SW4 to SW5", "SW5 to SW6"]
    );
    // The lead to whom it was told left the school on 23 July 2013. The school's feed carries no reading, so that
    // nobody else there read of it cannot be known.
    let of_school = |row: &&pb::LeftWithPerson| row.agency == "school";
    for row in answer.left_with_person.iter().filter(of_school) {
        assert_eq!(row.outcome, "undeterminable (feed not connected)");
        assert!(!row.finding && row.sentence.contains("cannot be known"));
    }
    let left = |answer: &pb::KnowledgeAnswer| -> Vec<(u64, String)> {
        let rows = answer
            .left_with_person
            .iter()
            .filter(|row| row.agency == "school");
        rows.map(|row| (row.item, row.since.clone())).collect()
    };
    assert!(!left(&answer).is_empty());
    assert!(left(&answer).iter().all(|(_, since)| since == "2013-07-23"));
    let before = question("FAMILY-A", Basis::Then, "2013-07-22");
    assert_eq!(left(&loaded.left_behind(before).await), []);
    let after = question("FAMILY-A", Basis::Then, "2013-07-23");
    let after = loaded.left_behind(after).await;
    assert!(!left(&after).is_empty());
    loaded.world.stop().await;
}

/// After the last day covered it cannot be known whether the last holder still held the role: that is said of a spell
/// without an end, with its entries, and without a length.
fn ends_with_the_record(answer: &pb::AllocationAnswer, gap: &pb::Gap) {
    assert_eq!(gap.kind(), GapKind::CannotBeKnown);
    assert!(gap.to.is_none() && gap.days.is_none(), "{gap:?}");
    let last = gap.last_holder.as_ref().unwrap();
    let spell = answer.spells.iter().find(|spell| {
        (&spell.agency, spell.role, &spell.staff) == (&gap.agency, gap.role, &last.staff)
            && spell.to.is_none()
    });
    let covered: jiff::civil::Date = spell.unwrap().last_covered.parse().unwrap();
    let from = &gap.from.as_ref().unwrap().earliest;
    assert_eq!(*from, covered.tomorrow().unwrap().to_string());
    let shown = |position: &u64| {
        answer
            .entries
            .iter()
            .any(|entry| entry.position == *position)
    };
    assert!(
        !gap.evidence.is_empty() && gap.evidence.iter().all(shown),
        "{gap:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_well_run_case_has_no_gap_no_overlap_and_nothing_left_behind() {
    let mut loaded = Loaded::with(&[REGISTRY, WELL_RUN]).await;
    for basis in BASES {
        for date in ["2012-09-01", "2013-03-14", ""] {
            let answer = loaded.ask(question("WELL-RUN", basis, date)).await;
            let found = |gap: &&pb::Gap| gap.kind() != GapKind::CannotBeKnown;
            assert_eq!(answer.gaps.iter().find(found), None, "{basis:?} {date}");
            // Nor is a weekend, too short to be a gap, listed as one that cannot be known.
            let of_csc = |gap: &&pb::Gap| {
                gap.last_holder.is_none() && (gap.agency == "csc" || date.is_empty())
            };
            assert_eq!(answer.gaps.iter().find(of_csc), None, "{basis:?} {date}");
            let silent = answer.gaps.iter().filter(|gap| gap.last_holder.is_some());
            let silent: Vec<&pb::Gap> = silent.collect();
            assert!(
                !date.is_empty() || !silent.is_empty(),
                "the record ends in 2017"
            );
            for gap in silent {
                ends_with_the_record(&answer, gap);
            }
            if date.is_empty() {
                let total = social_worker(&answer);
                assert!(total.distinct >= 2, "siblings have different workers");
                assert_eq!(total.changes, 1);
                for total in answer.totals.iter().filter(|total| !total.child.is_empty()) {
                    let days = total.days_with_nobody.map(|days| days.at_most);
                    assert!(days.is_none_or(|days| days == 0), "{total:?}");
                }
            }
            assert!(answer.overlaps.is_empty() && answer.simultaneous.is_empty());
            let left = loaded.left_behind(question("WELL-RUN", basis, date)).await;
            let unread = left.not_shown_as_read.iter().filter(|row| row.finding);
            assert_eq!(unread.count(), 0, "{basis:?} {date}");
            assert_eq!(left.left_with_person, [], "{basis:?} {date}");
            let fires = |part: &Option<pb::Explanation>| part.as_ref().unwrap().finding;
            let unexplained =
                |change: &&pb::HolderChange| fires(&change.to_child) || fires(&change.to_family);
            assert_eq!(
                answer.changes.iter().filter(unexplained).count(),
                0,
                "{basis:?} {date}"
            );
        }
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table of bad questions")]
async fn a_bad_question_is_refused_with_the_field_and_what_to_write_instead() {
    let mut loaded = Loaded::with(&[REGISTRY, WELL_RUN]).await;
    let base = question("WELL-RUN", Basis::Then, "");
    let dated = |date: &str| question("WELL-RUN", Basis::Then, date);
    let eyes = |eyes: &str| {
        let mut asked = base.clone();
        asked.as_at.as_mut().unwrap().eyes = eyes.to_owned();
        asked
    };
    let window = |from: &str, to: &str| pb::AllocationQuestion {
        window_from: from.to_owned(),
        window_to: to.to_owned(),
        ..base.clone()
    };
    let agency = |agency: &str| pb::AllocationQuestion {
        agency: agency.to_owned(),
        ..base.clone()
    };
    let role = |code: i32| pb::AllocationQuestion {
        roles: vec![i32::from(Role::SocialWorker), code],
        ..base.clone()
    };
    let mut above = question("WELL-RUN", Basis::Ledger, "");
    above.as_at.as_mut().unwrap().position = Some(1_000_000);
    let mut other_basis = base.clone();
    other_basis.as_at.as_mut().unwrap().position = Some(3);
    let mut basis = base.clone();
    basis.as_at.as_mut().unwrap().basis = 9;
    for (asked, field, remedy) in [
        (dated("3/14/2013"), "as_at.date", "write 14/3/2013"),
        (dated("2013-02-30"), "as_at.date", "2013-03-14"),
        (dated("last week"), "as_at.date", "write it as"),
        (dated("2099-01-01"), "as_at.date", "name a day up to"),
        (
            eyes("nobody"),
            "as_at.eyes",
            "cafcass, court, csc, health, pfsa, police, school",
        ),
        (eyes("csc/SW999"), "as_at.eyes", "ShowCase lists them"),
        (eyes("Children's services"), "as_at.eyes", ""),
        (agency("nobody"), "agency", "cafcass, court, csc"),
        (role(0), "roles[1]", "leave the list empty"),
        (role(9_999), "roles[1]", "leave the list empty"),
        (window("1/31/2012", ""), "window_from", "YYYY-MM-DD"),
        (
            window("2013-01-01", "2012-01-01"),
            "window_to",
            "before window_from",
        ),
        (above, "as_at.position", "size of the ledger"),
        (other_basis, "as_at.position", "ledger only"),
        (basis, "as_at.basis", "then, recorded, ledger, now"),
    ] {
        let status = loaded.refused(asked).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(fields(&status), [field], "{status:?}");
        assert!(status.message().contains(field), "{}", status.message());
        assert!(status.message().contains(remedy), "{}", status.message());
    }
    let status = loaded.refused(question("CH-404", Basis::Then, "")).await;
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::NotFound, "UNKNOWN_CASE")
    );
    let status = loaded
        .refused(question("no such id!", Basis::Then, ""))
        .await;
    assert_eq!(fields(&status), ["case_id"]);
    // Somebody of the agency who is known: an answer, not a refusal.
    for known in ["csc", "csc/SW11", "csc/SW13"] {
        let answer = loaded.ask(eyes(known)).await;
        assert_eq!(answer.stamp.unwrap().eyes, known);
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_agencys_eyes_only_its_own_gaps_are_found_and_the_others_cannot_be_known() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    for basis in BASES {
        let mut asked = question("FAMILY-A", basis, "2017-11-01");
        asked.as_at.as_mut().unwrap().eyes = "school".to_owned();
        let answer = loaded.ask(asked).await;
        let (own, others): (Vec<&pb::Gap>, Vec<&pb::Gap>) =
            answer.gaps.iter().partition(|gap| gap.agency == "school");
        let unknown = |gap: &&&pb::Gap| gap.kind() == GapKind::CannotBeKnown;
        assert_eq!(others.iter().filter(unknown).count(), others.len());
        let outcome = "undeterminable (what these eyes did not see is left out)";
        assert!(
            others.iter().all(|gap| gap.outcome == outcome),
            "{others:?}"
        );
        if matches!(basis, Basis::Then | Basis::Now) {
            assert!(!others.is_empty(), "{basis:?}");
            let found: Vec<i64> = own.iter().map(|gap| gap.days.unwrap().at_least).collect();
            assert_eq!(found, [104], "{basis:?}");
        }
        for total in answer
            .totals
            .iter()
            .filter(|total| total.agency != "school")
        {
            assert!(total.gaps.is_none_or(|gaps| gaps == 0), "{total:?}");
        }
    }
    loaded.world.stop().await;
}

/// A record error of August 2014: the second social worker is now said to have begun on 28 May 2012.
const LATE: &str = r#"{"agency":"csc","eventId":"fa000000-0000-4000-8000-00000000a001","event":{"caseId":"FAMILY-A","actor":{"staff":"ADMIN1","role":"ROLE_OTHER"},"occurred":{"edtf":"2014-08-01"},"recorded":{"edtf":"2014-08-01"},"source":{"kind":"SOURCE_KIND_OWN_STAFF","text":"ADMIN1"},"assertion":"ASSERTION_KIND_FACT","eventCorrected":{"target":{"agency":"csc","eventId":"TARGET"},"kind":"CORRECTION_KIND_RECORD_ERROR","reason":"The start was entered with the wrong day.","corrected":{"caseId":"FAMILY-A","actor":{"staff":"ADMIN1","role":"ROLE_OTHER"},"occurred":{"edtf":"2012-05-28"},"recorded":{"edtf":"2012-06-18"},"source":{"kind":"SOURCE_KIND_OWN_STAFF","text":"ADMIN1"},"assertion":"ASSERTION_KIND_FACT","allocationStarted":{"role":"ROLE_SOCIAL_WORKER","basis":"ALLOCATION_BASIS_NAMED","worker":"SW2","employment":"EMPLOYMENT_AGENCY"}}}}}"#;

/// The event id of the entry of the sample by which SW2 began.
fn start_of_second() -> String {
    let line = FAMILY_A.lines().find(|line| {
        line.contains("\"allocationStarted\"")
            && line.contains("\"ROLE_SOCIAL_WORKER\"")
            && line.contains("\"worker\":\"SW2\"")
    });
    let value: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    value["eventId"].as_str().unwrap().to_owned()
}

/// The sample with the late correction.
async fn corrected() -> Loaded {
    let late = LATE.replace("TARGET", &start_of_second());
    Loaded::with(&[REGISTRY, FAMILY_A, &late]).await
}

/// Where the record error stands in the ledger, as the answer names it.
fn position_of_late(answer: &pb::AllocationAnswer) -> u64 {
    let mut entries = answer.entries.iter();
    let late = entries.find(|row| row.event_id.ends_with("a001"));
    late.unwrap().position
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_a_late_correction_shortens_is_listed_under_both_readings_and_says_so() {
    let mut loaded = corrected().await;
    for basis in BASES {
        let answer = loaded.ask(question("FAMILY-A", basis, "")).await;
        let position = position_of_late(&answer);
        let marked: Vec<&pb::Gap> = answer
            .gaps
            .iter()
            .filter(|gap| !gap.depends_on_corrections.is_empty())
            .collect();
        let mut extents: Vec<(&str, &str, bool)> = marked
            .iter()
            .map(|gap| {
                let (from, to) = (gap.from.as_ref().unwrap(), gap.to.as_ref().unwrap());
                (
                    from.latest.as_str(),
                    to.latest.as_str(),
                    gap.first_words_only,
                )
            })
            .collect();
        extents.sort_unstable();
        let expected = [
            ("2012-05-04", "2012-05-28", false),
            ("2012-05-04", "2012-06-18", true),
        ];
        assert_eq!(extents, expected, "the others stand under both: {basis:?}");
        for gap in marked {
            assert_eq!(gap.role(), Role::SocialWorker);
            assert_eq!(gap.depends_on_corrections, [position]);
            assert_eq!(gap.children, ["C1", "C2", "C3"]);
            let end = format!("; depends on correction #{position}");
            assert!(gap.sentence.ends_with(&end), "{}", gap.sentence);
        }
        let days: Vec<(String, bool)> = answer
            .changes
            .iter()
            .filter(|change| change.depends_on_corrections == [position])
            .map(|change| (change.day.clone().unwrap().latest, change.first_words_only))
            .collect();
        let expected = [
            ("2012-05-28".to_owned(), false),
            ("2012-06-18".to_owned(), true),
        ];
        assert_eq!(days, expected, "{basis:?}");
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_of_the_corrected_words_and_what_a_late_correction_does_not_touch_is_not_marked()
{
    let mut before = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let mut loaded = corrected().await;
    let asked = question("FAMILY-A", Basis::Then, "");
    let (plain, answer) = (
        before.ask(asked.clone()).await,
        loaded.ask(asked.clone()).await,
    );
    let nobody = |answer: &pb::AllocationAnswer| {
        let days = social_worker(answer).days_with_nobody;
        days.unwrap().at_least
    };
    assert_eq!(nobody(&plain) - nobody(&answer), 21);
    assert_eq!(
        social_worker(&plain).changes,
        social_worker(&answer).changes
    );
    let asked = pb::SharingQuestion {
        case_id: "FAMILY-A".to_owned(),
        as_at: asked.as_at,
        ..Default::default()
    };
    let sharing = loaded.client.inquiry.sharing(asked).await.unwrap();
    let rows = sharing.into_inner().rows;
    assert!(!rows.is_empty());
    for row in &rows {
        assert!(row.depends_on_corrections.is_empty(), "{row:?}");
    }
    before.world.stop().await;
    loaded.world.stop().await;
}
