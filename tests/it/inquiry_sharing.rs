//! Knowledge and sharing over gRPC: the sample pushed by its seven agencies, asked in all four bases and through an
//! agency's eyes, against expected.toml.

use std::collections::{BTreeMap, BTreeSet};

use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::convert::event_from_json;
use caseledger::grpc::pb;
use pb::{Basis, CellState, SharingKind};
use tempfile::TempDir;

use crate::world::{World, fields, temp};

const REGISTRY: &str = include_str!("../../src/cli/sample/registry.jsonl");
const FAMILY_A: &str = include_str!("../../src/cli/sample/family_a.jsonl");
const WELL_RUN: &str = include_str!("../../src/cli/sample/well_run.jsonl");
const EXPECTED: &str = include_str!("../../src/cli/sample/expected.toml");
const BASES: [Basis; 4] = [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now];
/// The answers of expected.toml that are about sharing.
const LISTS: [&str; 8] = [
    "not_shared",
    "shared_late",
    "core_group_not_told",
    "correction_not_passed_on",
    "sent_without_receipt",
    "received_not_acted",
    "referrals_without_feedback",
    "requests_without_answer",
];

/// A server to which each agency pushed its entries of a sample, in the order of the file.
struct Loaded {
    world: World,
    client: Client,
    _dir: TempDir,
}

impl Loaded {
    async fn with(files: &[&str]) -> Self {
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

    async fn sharing(&mut self, question: pb::SharingQuestion) -> pb::SharingAnswer {
        let answer = self.client.inquiry.sharing(question).await;
        answer.unwrap().into_inner()
    }

    async fn knowledge(&mut self, question: pb::KnowledgeQuestion) -> pb::KnowledgeAnswer {
        let answer = self.client.inquiry.knowledge(question).await;
        answer.unwrap().into_inner()
    }

    /// That an entry named as evidence is the one that the ledger gives at its position.
    async fn check(&mut self, named: &pb::EvidenceEntry) {
        let by = Some(pb::get_entry_request::By::Position(named.position));
        let entry = self.client.ledger.get_entry(pb::GetEntryRequest { by });
        let entry = entry.await.unwrap().into_inner();
        assert_eq!(entry.event_id, named.event_id);
        assert_eq!(entry.agency, named.agency);
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

fn as_at(basis: Basis, date: &str, eyes: &str) -> pb::AsAt {
    pb::AsAt {
        date: date.to_owned(),
        basis: i32::from(basis),
        eyes: eyes.to_owned(),
        ..Default::default()
    }
}

fn sharing(case: &str, basis: Basis, date: &str, eyes: &str) -> pb::SharingQuestion {
    pb::SharingQuestion {
        case_id: case.to_owned(),
        as_at: Some(as_at(basis, date, eyes)),
        ..Default::default()
    }
}

fn knowledge(case: &str, basis: Basis, date: &str, eyes: &str) -> pb::KnowledgeQuestion {
    pb::KnowledgeQuestion {
        case_id: case.to_owned(),
        as_at: Some(as_at(basis, date, eyes)),
        practitioners: true,
        ..Default::default()
    }
}

fn expected() -> BTreeMap<String, Vec<String>> {
    let table: toml::Table = toml::from_str(EXPECTED).unwrap();
    let answers = table.get("answer").unwrap().as_array().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let all = answers.iter().map(|answer| {
        let lines = answer.get("is").unwrap().as_array().unwrap();
        let lines = lines.iter().map(text).collect();
        (text(answer.get("name").unwrap()), lines)
    });
    all.filter(|(name, _): &(String, Vec<String>)| LISTS.contains(&name.as_str()))
        .collect()
}

const KINDS: [(SharingKind, &str); 7] = [
    (SharingKind::NotShared, "not_shared"),
    (SharingKind::Late, "shared_late"),
    (SharingKind::SentWithoutReceipt, "sent_without_receipt"),
    (SharingKind::ReceivedNoAct, "received_not_acted"),
    (
        SharingKind::CorrectionNotPassedOn,
        "correction_not_passed_on",
    ),
    (
        SharingKind::ReferralWithoutFeedback,
        "referrals_without_feedback",
    ),
    (SharingKind::RequestWithoutAnswer, "requests_without_answer"),
];

/// The rows as expected.toml words them, by the name of its answer.
fn lists(answer: &pb::SharingAnswer) -> BTreeMap<String, Vec<String>> {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &answer.rows {
        let core_group = row.rules.first().is_some_and(|rule| rule == "NTK-PLAN-OUT");
        let name = if row.kind() == SharingKind::NotShared && core_group {
            "core_group_not_told"
        } else {
            let named = KINDS.iter().find(|(kind, _name)| *kind == row.kind());
            named
                .unwrap_or_else(|| panic!("{:?}: {}", row.kind(), row.sentence))
                .1
        };
        let done = row.done.clone();
        let done = done.map_or(String::new(), |on| format!(", done {}", on.earliest));
        let id = id_of(row);
        let line = format!("{id} {}, {} to {}{done}", row.needing, row.start, row.due);
        lists.entry(name.to_owned()).or_default().push(line);
    }
    for lines in lists.values_mut() {
        lines.sort();
    }
    lists
}

/// The event id of the entry that a row is about: it is among its evidence, or its items.
fn id_of(row: &pb::SharingRow) -> String {
    let named = row.evidence_entries.iter().find(|e| e.position == row.item);
    named
        .unwrap_or_else(|| panic!("{}", row.sentence))
        .event_id
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_latest_moment_every_basis_lists_what_the_sample_says_of_sharing() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let expected = expected();
    assert_eq!(expected.len(), LISTS.len());
    for basis in BASES {
        let answer = loaded.sharing(sharing("FAMILY-A", basis, "", "")).await;
        let mut expected = expected.clone();
        if basis == Basis::Now {
            // There a new understanding is the record itself, and nobody is owed it.
            expected.remove("correction_not_passed_on");
        }
        assert_eq!(lists(&answer), expected, "{basis:?}");
    }
    loaded.world.stop().await;
}

const TIERS: [&str; 4] = [
    "statute",
    "statutory_guidance",
    "local_procedure",
    "default",
];

/// A row of Family A says all that it must, in neutral words, and its evidence stands beside it with event ids.
fn check_row(row: &pb::SharingRow) {
    let words = &row.sentence;
    for text in [
        &row.holder,
        &row.needing,
        &row.item_type,
        &row.start,
        &row.due,
        &row.limit,
        &row.sentence,
    ] {
        assert!(!text.is_empty(), "{row:?}");
    }
    assert!(TIERS.contains(&row.tier.as_str()), "{}", row.tier);
    assert_eq!(row.rules.len(), row.asking.len(), "{words}");
    assert!(!row.asking.is_empty(), "{words}");
    assert_eq!(row.could_have_told.first(), Some(&row.holder));
    let outcome = if row.kind() == SharingKind::Met {
        "none"
    } else if row.kind() == SharingKind::RequestWithoutAnswer {
        "found_unconfirmed"
    } else {
        "found"
    };
    assert_eq!(row.outcome, outcome, "{words}");
    assert_eq!(
        row.outcome_reason.is_empty(),
        outcome != "found_unconfirmed"
    );
    assert!(
        row.days.is_some() && row.days_past_limit.is_some(),
        "{words}"
    );
    let lower = words.to_lowercase();
    assert!(
        !lower.contains("never") && !lower.contains("failed"),
        "{words}"
    );
    let positions = |entries: &[pb::EvidenceEntry]| -> Vec<u64> {
        entries.iter().map(|entry| entry.position).collect()
    };
    assert_eq!(positions(&row.evidence_entries), row.evidence);
    assert_eq!(
        positions(&row.counter_evidence_entries),
        row.counter_evidence
    );
    assert!(!row.evidence.is_empty(), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_names_who_held_what_for_whom_by_which_rule_and_on_what_evidence() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let mut question = sharing("FAMILY-A", Basis::Then, "", "");
    question.include_met = true;
    let answer = loaded.sharing(question).await;
    assert!(answer.rows.iter().any(|row| row.kind() == SharingKind::Met));
    let mut named: BTreeMap<u64, pb::EvidenceEntry> = BTreeMap::new();
    for row in &answer.rows {
        check_row(row);
        let entries = row
            .evidence_entries
            .iter()
            .chain(&row.counter_evidence_entries);
        named.extend(entries.map(|entry| (entry.position, entry.clone())));
    }
    for entry in named.values() {
        loaded.check(entry).await;
    }
    let open = |row: &&pb::SharingRow| row.kind() == SharingKind::NotShared;
    for row in answer.rows.iter().filter(open) {
        assert!(
            row.sentence.contains("no record of sharing, up to"),
            "{}",
            row.sentence
        );
    }
    // The decision of June 2010, told to nobody.
    let row = answer
        .rows
        .iter()
        .find(|row| row.kind() == SharingKind::ReferralWithoutFeedback)
        .unwrap();
    assert_eq!(
        (row.holder.as_str(), row.needing.as_str()),
        ("csc", "school")
    );
    assert_eq!(row.rules, ["NTK-REFERRER"]);
    assert_eq!(row.tier, "statutory_guidance");
    assert_eq!(
        (row.start.as_str(), row.due.as_str()),
        ("2010-06-09", "2010-06-16")
    );
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_of_the_matrix_says_since_when_how_and_on_what_evidence() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    for basis in BASES {
        let answer = loaded.knowledge(knowledge("FAMILY-A", basis, "", "")).await;
        let disclosure = "fa000000-0000-4000-8000-000000000119";
        let source = answer.cells.iter().find(|cell| {
            let is = |entry: &pb::EvidenceEntry| entry.event_id == disclosure;
            cell.state() == CellState::Source && cell.evidence_entries.iter().any(is)
        });
        let item = source.unwrap().item;
        let of = |agency: &str, staff: &str| {
            let mut cells = answer.cells.iter().filter(|cell| {
                let holder = cell.holder.as_ref().unwrap();
                cell.item == item && holder.agency == agency && holder.staff == staff
            });
            let cell = cells.next().cloned();
            assert!(cells.next().is_none());
            cell
        };
        let csc = of("csc", "").unwrap();
        assert_eq!(csc.state(), CellState::Knows, "{basis:?}");
        assert_eq!(csc.since.clone().unwrap().earliest, "2013-05-15");
        assert_eq!(
            (csc.how.as_str(), csc.no_action_recorded),
            ("acknowledgement", true)
        );
        assert!(!csc.grade.is_empty() && !csc.sentence.is_empty());
        let ids: BTreeSet<&str> = csc
            .evidence_entries
            .iter()
            .map(|entry| entry.event_id.as_str())
            .collect();
        assert!(
            ids.contains("fa000000-0000-4000-8000-000000000121"),
            "{ids:?}"
        );
        let police = of("police", "").unwrap();
        assert_eq!(police.state(), CellState::NotShared);
        assert!(police.rules.contains(&"NTK-OFFENCE".to_owned()));
        let lead = of("school", "DSL1").unwrap();
        assert_eq!(
            (lead.state(), lead.how.as_str()),
            (CellState::Knows, "told")
        );
        assert!(!lead.evidence_entries.is_empty() && !lead.sentence.is_empty());
        assert!(of("csc", "SW6").is_none(), "nothing says that SW6 read it");
        for cell in &answer.cells {
            assert!(cell.holder.is_some() && !cell.evidence.is_empty());
            assert_eq!(cell.evidence.len(), cell.evidence_entries.len());
            if cell.state() == CellState::Knows {
                assert!(cell.since.is_some() && !cell.how.is_empty() && !cell.grade.is_empty());
            }
        }
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_date_each_basis_shows_what_stood_then_and_no_more() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let day = "2013-05-20";
    for basis in [Basis::Then, Basis::Now] {
        let answer = loaded.sharing(sharing("FAMILY-A", basis, day, "")).await;
        let lists = lists(&answer);
        let open: Vec<&str> = lists["not_shared"]
            .iter()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        // What lies after the day is not in it; the disclosure's limit to the police is over.
        assert!(
            open.contains(&"fa000000-0000-4000-8000-000000000119"),
            "{basis:?}"
        );
        assert!(
            !open.contains(&"fa000000-0000-4000-8000-000000000177"),
            "{basis:?}"
        );
        assert!(!lists.contains_key("received_not_acted"), "{basis:?}");
        for row in &answer.rows {
            assert!(row.covered_to.as_str() <= day, "{}", row.sentence);
            assert!(
                row.start.as_str() <= day && row.due.as_str() < day,
                "{}",
                row.sentence
            );
        }
        let disclosed = answer
            .rows
            .iter()
            .find(|row| row.needing == "police" && row.start == "2013-05-15")
            .unwrap();
        assert!(
            disclosed.sentence.contains("not shared, 5 days so far"),
            "{}",
            disclosed.sentence
        );
    }
    // By the record of that day the entries stood, as claimed; who is which agency, and whose feed covers what, was
    // appended later: nothing is found that is sure.
    let question = sharing("FAMILY-A", Basis::Recorded, day, "");
    for row in loaded.sharing(question).await.rows {
        assert_ne!(row.outcome, "found", "{}", row.sentence);
        assert!(!row.outcome_reason.is_empty(), "{}", row.sentence);
    }
    let question = knowledge("FAMILY-A", Basis::Recorded, day, "");
    let items = loaded.knowledge(question).await.items;
    assert!(items.iter().any(|item| item.r#type == "disclosure.made"));
    // The ledger held nothing of it in 2013.
    let answer = loaded
        .sharing(sharing("FAMILY-A", Basis::Ledger, day, ""))
        .await;
    assert!(answer.rows.is_empty());
    let answer = loaded
        .knowledge(knowledge("FAMILY-A", Basis::Ledger, day, ""))
        .await;
    assert!(answer.items.is_empty() && answer.cells.is_empty());
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_agencys_eyes_there_is_only_what_it_knew_and_its_own_cells_are_the_same() {
    let mut loaded = Loaded::with(&[REGISTRY, FAMILY_A]).await;
    let seen = |answer: &pb::KnowledgeAnswer, agency: &str| {
        let cells = answer.cells.iter().filter(|cell| {
            let holder = cell.holder.as_ref().unwrap();
            let knows = [CellState::Knows, CellState::Source, CellState::Possible];
            holder.agency == agency && holder.staff.is_empty() && knows.contains(&cell.state())
        });
        let row = |cell: &pb::Cell| {
            (
                cell.item,
                (cell.state, cell.since.clone(), cell.how.clone()),
            )
        };
        cells.map(row).collect::<BTreeMap<_, _>>()
    };
    for basis in [Basis::Then, Basis::Now] {
        for agency in ["school", "csc", "police"] {
            let all = loaded.knowledge(knowledge("FAMILY-A", basis, "", "")).await;
            let eyes = loaded
                .knowledge(knowledge("FAMILY-A", basis, "", agency))
                .await;
            assert_eq!(eyes.stamp.as_ref().unwrap().eyes, agency);
            assert!(eyes.items.len() < all.items.len(), "{agency}");
            assert_eq!(
                seen(&eyes, agency),
                seen(&all, agency),
                "{basis:?} {agency}"
            );
            let shown: BTreeSet<u64> = eyes.items.iter().map(|item| item.position).collect();
            let known: BTreeSet<u64> = seen(&all, agency).into_keys().collect();
            assert_eq!(shown, known, "{basis:?} {agency}");
        }
    }
    // Police intelligence that nobody was told of is in no other agency's eyes.
    let answer = loaded
        .sharing(sharing("FAMILY-A", Basis::Then, "", "school"))
        .await;
    let rows = lists(&answer);
    let rows: Vec<&String> = rows.values().flatten().collect();
    assert!(!rows.iter().any(|line| line.contains("000000000071 csc")));
    assert!(rows.iter().any(|line| line.contains("000000000036 csc")));
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_was_handled_well_lists_nothing_but_what_was_withheld_in_time() {
    let mut loaded = Loaded::with(&[REGISTRY, WELL_RUN]).await;
    for basis in BASES {
        let mut question = sharing("WELL-RUN", basis, "", "");
        question.include_met = true;
        let answer = loaded.sharing(question).await;
        let (met, rest): (Vec<&pb::SharingRow>, Vec<&pb::SharingRow>) = answer
            .rows
            .iter()
            .partition(|row| row.kind() == SharingKind::Met);
        assert!(met.len() > 20, "{}", met.len());
        for row in rest {
            assert_eq!(row.kind(), SharingKind::Withheld, "{}", row.sentence);
            assert_eq!(
                (row.outcome.as_str(), row.days_past_limit),
                ("none", Some(0))
            );
            assert!(!row.reason.is_empty() && row.asking[0].id == "NTK-INTEL");
        }
    }
    let answer = loaded
        .sharing(sharing("WELL-RUN", Basis::Then, "", ""))
        .await;
    let kinds: Vec<SharingKind> = answer.rows.iter().map(pb::SharingRow::kind).collect();
    assert_eq!(kinds, [SharingKind::Withheld]);
    let only_problems = pb::KnowledgeQuestion {
        only_problems: true,
        ..knowledge("WELL-RUN", Basis::Then, "", "")
    };
    let answer = loaded.knowledge(only_problems).await;
    for cell in &answer.cells {
        assert_ne!(cell.state(), CellState::NotShared, "{}", cell.sentence);
        assert!(!cell.no_action_recorded, "{}", cell.sentence);
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_of_whom_nobody_has_heard_is_refused_and_not_answered_with_nothing() {
    let mut loaded = Loaded::with(&[REGISTRY, WELL_RUN]).await;
    for (needing, taken) in [("police", true), ("venus", false), ("Ve/nus", false)] {
        let asked = loaded.client.inquiry.sharing(pb::SharingQuestion {
            needing: needing.to_owned(),
            ..sharing("WELL-RUN", Basis::Now, "", "")
        });
        let sharing = asked.await;
        let asked = loaded.client.inquiry.knowledge(pb::KnowledgeQuestion {
            agencies: vec!["csc".to_owned(), needing.to_owned()],
            ..knowledge("WELL-RUN", Basis::Now, "", "")
        });
        let knowledge = asked.await;
        assert_eq!((sharing.is_ok(), knowledge.is_ok()), (taken, taken));
        if !taken {
            assert_eq!(fields(&sharing.unwrap_err()), ["needing"]);
            assert_eq!(fields(&knowledge.unwrap_err()), ["agencies[1]"]);
        }
    }
    loaded.world.stop().await;
}
