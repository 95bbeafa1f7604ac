//! What the demonstration tells, and whether all of it held.

use std::collections::BTreeSet;

use crate::cli::args::{AsAt, Basis, Case, Global, VerifyStore, Window};
use crate::cli::case;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::format::Format;
use crate::cli::output::{self, Table};
use crate::cli::verify;
use crate::domain::event::Role;
use crate::domain::id::CaseId;
use crate::grpc::client::Client;
use crate::grpc::pb;
use crate::ledger::checkpoint::SignedCheckpoint;
use crate::verify::Outcome;

use super::answers::{self, Ids, WINDOW};
use super::expected::expected;
use super::place::Place;
use super::push::{Pushed, push};

/// The case that went wrong.
const FAMILY_A: &str = "FAMILY-A";
/// The case that was handled well.
const WELL_RUN: &str = "WELL-RUN";
/// The day of the as-at question: duty holds the case, and a child has just told a teacher.
const DAY: &str = "2013-05-20";
/// The event id of what the child told.
const DISCLOSURE: &str = "fa000000-0000-4000-8000-000000000119";

/// What was checked, and what did not hold.
#[derive(Default)]
struct Held {
    checked: u64,
    broken: Vec<String>,
    /// A verification failed, as opposed to a number.
    integrity: bool,
}

impl Held {
    fn note(&mut self, name: &str, held: bool) {
        self.checked = self.checked.saturating_add(1);
        if !held {
            self.broken.push(name.to_owned());
        }
    }
}

/// Pushes, asks, verifies and prints. `Done` only if everything held.
pub(super) async fn tell(global: &Global, place: &Place) -> Result<Exit, Failure> {
    let mut held = Held::default();
    heading("A throw-away ledger, and seven agencies that push to it over gRPC")?;
    let pushed = push(global).await?;
    print(&counts(&pushed))?;
    held.note("seven agencies", pushed.counts.len() == 7);

    let mut client = Client::connect(&global.server, None).await?;
    numbers(global, &mut client, &pushed.ids, &mut held).await?;
    as_at(global, &mut client, &pushed.ids, &mut held).await?;
    well_run(&mut client, &mut held).await?;
    integrity(global, place, &mut client, &mut held).await?;

    heading("In all")?;
    if held.broken.is_empty() {
        output::data(&format!("{} checks, all held", held.checked))?;
        return Ok(Exit::Done);
    }
    for name in &held.broken {
        output::data(&format!("DID NOT HOLD: {name}"))?;
    }
    Ok(if held.integrity {
        Exit::IntegrityBroken
    } else {
        Exit::Other
    })
}

fn heading(text: &str) -> Result<(), Failure> {
    Ok(output::data(&format!("\n== {text} =="))?)
}

fn print(table: &Table) -> Result<(), Failure> {
    Ok(output::table(table, Format::Table)?)
}

fn counts(pushed: &Pushed) -> Table {
    let mut table = Table::new(
        "Pushed",
        &["agency", "registry", "familyA", "wellRun", "events"],
    );
    let mut sums = [0_u64; 3];
    let cells = |counts: &[u64; 3]| counts.map(|count| count.to_string());
    for (agency, counts) in &pushed.counts {
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum = sum.saturating_add(*count);
        }
        let [registry, first, second] = cells(counts);
        let all = counts.iter().sum::<u64>().to_string();
        table.row([agency.to_string(), registry, first, second, all]);
    }
    let [registry, first, second] = cells(&sums);
    let all = sums.iter().sum::<u64>().to_string();
    table.row(["all".to_owned(), registry, first, second, all]);
    table
}

/// Who held the case and what was not shared, as the commands show it; then every expected number, compared.
async fn numbers(
    global: &Global,
    client: &mut Client,
    ids: &Ids,
    held: &mut Held,
) -> Result<(), Failure> {
    heading("FAMILY-A (invented): who held the case, and when nobody did")?;
    for (role, flag) in [
        (Role::SocialWorker, "social-worker"),
        (Role::TeamManager, "team-manager"),
    ] {
        let question = Case::Allocation {
            case: FAMILY_A.to_owned(),
            as_at: newest(),
            role: Some(role),
            window: Some(window()?),
            min_gap: None,
            fail_on_gaps: false,
        };
        let flags = format!("allocation {FAMILY_A} --role {flag} --window 2012..2015");
        page(global, &flags, question).await?;
    }
    heading("FAMILY-A: where the record shows no sharing")?;
    let question = Case::Sharing {
        case: FAMILY_A.to_owned(),
        as_at: newest(),
        needing: None,
        fail_on_gaps: false,
    };
    page(global, &format!("sharing {FAMILY_A}"), question).await?;

    let request = client.request(allocation_question(FAMILY_A, pb::AsAt::default()));
    let allocation = client.inquiry.allocation(request).await?.into_inner();
    let request = client.request(sharing_question(FAMILY_A));
    let sharing = client.inquiry.sharing(request).await?.into_inner();
    let mut found = answers::allocation(&allocation, ids);
    found.extend(answers::sharing(&sharing, ids));
    heading("FAMILY-A: the numbers that its story must give, line by line")?;
    let mut table = Table::new("Numbers", &["answer", "computed", "asExpected"]);
    let mut named = BTreeSet::new();
    for answer in expected()? {
        let lines = found.get(&answer.name).cloned().unwrap_or_default();
        let same = lines == answer.is;
        held.note(&answer.title, same);
        let computed = match lines.first() {
            Some(number) if number.parse::<u64>().is_ok() => number.clone(),
            Some(_) | None if lines.len() == 1 => "1 line".to_owned(),
            Some(_) | None => format!("{} lines", lines.len()),
        };
        table.row([
            answer.title,
            computed,
            if same { "yes" } else { "NO" }.to_owned(),
        ]);
        named.insert(answer.name);
    }
    print(&table)?;
    let more = found.keys().any(|name| !named.contains(name));
    held.note("no answer that is not expected", !more);
    Ok(())
}

/// Runs one of the program's own commands, and shows how it is called.
async fn page(global: &Global, flags: &str, question: Case) -> Result<(), Failure> {
    output::data(&format!("$ caseledger case {flags}"))?;
    case::answer(global, question).await?;
    Ok(output::data("\n")?)
}

/// As at now, by the best record, all agencies together.
fn newest() -> AsAt {
    AsAt {
        date: None,
        basis: Basis::Then,
        eyes: None,
    }
}

fn window() -> Result<Window, Failure> {
    let day = |text: &str| {
        text.parse()
            .map_err(|error| Failure::new(Exit::Other, format!("{error}")))
    };
    Ok(Window {
        from: day(WINDOW.0)?,
        to: day(WINDOW.1)?,
    })
}

fn allocation_question(case: &str, as_at: pb::AsAt) -> pb::AllocationQuestion {
    pb::AllocationQuestion {
        case_id: case.to_owned(),
        as_at: Some(as_at),
        window_from: WINDOW.0.to_owned(),
        window_to: WINDOW.1.to_owned(),
        ..Default::default()
    }
}

fn sharing_question(case: &str) -> pb::SharingQuestion {
    pb::SharingQuestion {
        case_id: case.to_owned(),
        as_at: Some(pb::AsAt::default()),
        ..Default::default()
    }
}

/// The case as it stood on one day, by the best record of today and by what this ledger held.
async fn as_at(
    global: &Global,
    client: &mut Client,
    ids: &Ids,
    held: &mut Held,
) -> Result<(), Failure> {
    heading(&format!(
        "FAMILY-A as at {DAY}: who knew what the child had said?"
    ))?;
    let mut question = allocation_question(FAMILY_A, on(pb::Basis::Then));
    (question.window_from, question.window_to) = (String::new(), String::new());
    let request = client.request(question);
    let then = client.inquiry.allocation(request).await?.into_inner();
    let open =
        |gap: &&pb::Gap| gap.agency == "csc" && gap.days.as_ref().is_some_and(|days| days.so_far);
    let gap = then.gaps.iter().find(open);
    held.note(
        "on that day nobody was allocated, for 31 days so far",
        gap.and_then(|gap| gap.days)
            .is_some_and(|days| days.at_least == 31),
    );
    if let Some(gap) = gap {
        output::data(&format!("Nobody held the case: {}", gap.sentence))?;
    }
    said(global, client, ids, held).await?;
    let request = client.request(pb::CaseQuestion {
        case_id: FAMILY_A.to_owned(),
        as_at: Some(on(pb::Basis::Ledger)),
    });
    let ledger = client.inquiry.at(request).await?.into_inner();
    let count = |stamp: Option<&pb::Stamp>| stamp.map_or(0, |stamp| stamp.entries_in_cut);
    let (by_then, in_ledger) = (count(then.stamp.as_ref()), count(ledger.stamp.as_ref()));
    held.note(
        "this ledger held nothing on that day",
        in_ledger == 0 && by_then > 0,
    );
    output::data(&format!(
        "By the agencies' records, {by_then} entries were known to somebody on that day (basis then).\n\
         This ledger itself can prove {in_ledger} of them for that day (basis ledger): it was made just now, and says so."
    ))?;
    Ok(())
}

/// The day of the question on a basis.
fn on(basis: pb::Basis) -> pb::AsAt {
    pb::AsAt {
        date: DAY.to_owned(),
        basis: i32::from(basis),
        ..Default::default()
    }
}

/// Which agency knew what the child had said.
async fn said(
    global: &Global,
    client: &mut Client,
    ids: &Ids,
    held: &mut Held,
) -> Result<(), Failure> {
    let item = ids
        .iter()
        .find_map(|(position, id)| (id == DISCLOSURE).then_some(*position));
    let flags = format!(
        "knowledge {FAMILY_A} --item {} --as-at {DAY}",
        item.unwrap_or_default()
    );
    let question = Case::Knowledge {
        case: FAMILY_A.to_owned(),
        as_at: AsAt {
            date: Some(DAY.to_owned()),
            ..newest()
        },
        only_problems: false,
        item,
    };
    page(global, &flags, question).await?;
    let request = client.request(pb::KnowledgeQuestion {
        case_id: FAMILY_A.to_owned(),
        as_at: Some(on(pb::Basis::Then)),
        item,
        ..Default::default()
    });
    let knowledge = client.inquiry.knowledge(request).await?.into_inner();
    let state = |agency: &str| {
        let mut cells = knowledge.cells.iter();
        cells.find_map(|cell| {
            let holder = cell.holder.as_ref()?;
            (holder.agency == agency && holder.staff.is_empty()).then_some(cell.state())
        })
    };
    held.note(
        "the school is the source",
        state("school") == Some(pb::CellState::Source),
    );
    held.note(
        "social care knew",
        state("csc") == Some(pb::CellState::Knows),
    );
    let police = state("police");
    held.note(
        "the police did not know",
        !matches!(police, Some(pb::CellState::Source | pb::CellState::Knows)),
    );
    Ok(())
}

/// The second case has every trap and must yield no finding.
async fn well_run(client: &mut Client, held: &mut Held) -> Result<(), Failure> {
    heading("WELL-RUN (invented): a case that was handled well")?;
    let request = client.request(allocation_question(WELL_RUN, pb::AsAt::default()));
    let allocation = client.inquiry.allocation(request).await?.into_inner();
    let request = client.request(sharing_question(WELL_RUN));
    let sharing = client.inquiry.sharing(request).await?.into_inner();
    let yes =
        |of: Option<&pb::Explanation>| of.is_some_and(|of| of.state() == pb::ExplainedState::Yes);
    let unexplained = allocation
        .changes
        .iter()
        .filter(|change| !yes(change.to_child.as_ref()) || !yes(change.to_family.as_ref()));
    // What was kept in time, or withheld in time with a reason, is listed and is no finding.
    let rows = sharing.rows.iter().filter(|row| row.outcome != "none");
    // That the record ends with somebody in a role is no gap in the record.
    let mut found: Vec<&str> = allocation
        .gaps
        .iter()
        .filter(|gap| gap.last_holder.is_none())
        .map(|gap| gap.sentence.as_str())
        .collect();
    found.extend(unexplained.map(|_change| "a change without an explanation"));
    found.extend(allocation.overlaps.iter().map(|_overlap| "an overlap"));
    found.extend(rows.map(|row| row.sentence.as_str()));
    held.note("the well-run case yields no finding", found.is_empty());
    held.note("the well-run case was read", !allocation.spells.is_empty());
    for line in &found {
        output::data(&format!("  {line}"))?;
    }
    if found.is_empty() {
        output::data(&format!(
            "{} spells, changes of holder: {}; no gap, no change without explanation, nothing not shared.",
            allocation.spells.len(),
            allocation.changes.len()
        ))?;
    }
    Ok(())
}

/// The record, checked entry by entry through the server, and byte by byte in its files.
async fn integrity(
    global: &Global,
    place: &Place,
    client: &mut Client,
    held: &mut Held,
) -> Result<(), Failure> {
    heading("Can this record be relied on?")?;
    let newest = client.checkpoint().await?;
    let key = place.directory().vkey()?;
    let vkey = key.to_string();
    let signed = SignedCheckpoint::open(&newest.checkpoint, &key).is_ok();
    held.integrity |= !signed;
    held.note(
        "the newest checkpoint is signed by the ledger's key",
        signed,
    );
    output::data(newest.checkpoint.trim_end())?;
    for case in [FAMILY_A, WELL_RUN] {
        let id: CaseId = case
            .parse()
            .map_err(|error| Failure::new(Exit::Other, format!("{error}")))?;
        output::data(&format!("\n$ caseledger verify case {case} --vkey …"))?;
        let (table, outcome) = verify::case::check(global, client, &id, Some(&vkey)).await?;
        print(&table)?;
        held.integrity |= outcome != Outcome::Verified;
        held.note(&format!("verify case {case}"), outcome == Outcome::Verified);
    }
    output::data("\n$ caseledger verify store --store … --vkey … --checkpoint …")?;
    let kept = place.path().join("kept-checkpoint");
    std::fs::write(&kept, &newest.checkpoint)?;
    let store = VerifyStore {
        store: place.path().to_owned(),
        vkey: Some(vkey),
        checkpoint: Some(kept),
    };
    let (table, outcome) = verify::store::check(global, &store)?;
    print(&table)?;
    held.integrity |= outcome != Outcome::Verified;
    held.note("verify store", outcome == Outcome::Verified);
    Ok(())
}
