//! `verify case`: one case, fetched from a server and checked here, against one signed checkpoint.

use crate::cli::args::{Global, VerifyCase};
use crate::cli::ask;
use crate::cli::entry::show::{event_json, hashes};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Table};
use crate::domain::id::CaseId;
use crate::grpc::client::Client;
use crate::grpc::convert::decode_event;
use crate::grpc::pb;
use crate::grpc::schema::singular;
use crate::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::ledger::digest::TreeHash;
use crate::ledger::note::VerifierKey;
use crate::verify::Outcome;
use crate::verify::case::{CaseChecker, CaseReport, Shown};

/// Checks a case and prints what was found.
pub(crate) async fn case(global: &Global, wanted: &VerifyCase) -> Result<Exit, Failure> {
    let case: CaseId = wanted
        .case
        .parse()
        .map_err(|error| Failure::new(Exit::Usage, format!("{error}")))?;
    let mut client = ask::connect(global).await?;
    let (table, outcome) = check(global, &mut client, &case, wanted.vkey.as_deref()).await?;
    output::table(&table, global.format)?;
    Ok(super::exit(outcome))
}

/// Fetches a case and checks all of it; the table says what was checked.
pub(in crate::cli) async fn check(
    global: &Global,
    client: &mut Client,
    case: &CaseId,
    vkey: Option<&str>,
) -> Result<(Table, Outcome), Failure> {
    // First the entries, then a checkpoint: it covers all of them.
    let entries = client.read_case(case.as_str(), 1, 0).await?;
    let (checkpoint, key) = checkpoint(client, vkey).await?;
    let singular = singular().map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    let mut checker = CaseChecker::new(case.clone(), &checkpoint, &singular);
    let bar = output::progress(global, "checking entries");
    let all = entries.len() as u64;
    for (done, entry) in (1_u64..).zip(&entries) {
        let proof = proof(client, entry.position, checkpoint.size).await?;
        checker.entry(
            entry.position,
            &entry.header,
            shown(entry),
            proof.as_deref(),
        );
        bar.to(done, all);
    }
    bar.finish();
    let report = checker.finish();
    let outcome = report.outcome();
    Ok((
        described(&report, case, &checkpoint, &key, vkey.is_some()),
        outcome,
    ))
}

/// The server's newest checkpoint, its signature verified.
async fn checkpoint(
    client: &mut Client,
    vkey: Option<&str>,
) -> Result<(Checkpoint, VerifierKey), Failure> {
    let newest = client.checkpoint().await?;
    let key: VerifierKey = match vkey {
        Some(vkey) => vkey
            .parse()
            .map_err(|error| Failure::new(Exit::Usage, format!("--vkey: {error}")))?,
        None => newest.verifier_key.parse().map_err(|error| {
            Failure::new(Exit::IntegrityBroken, format!("the server's key: {error}"))
        })?,
    };
    let signed = SignedCheckpoint::open(&newest.checkpoint, &key).map_err(|error| {
        let what = format!("the server's newest checkpoint: {error}");
        Failure::new(Exit::IntegrityBroken, what)
    })?;
    Ok((signed.checkpoint().clone(), key))
}

/// The inclusion proof of an entry; `None` when the server gives none, which is then told as not checked.
async fn proof(
    client: &mut Client,
    position: u64,
    size: u64,
) -> Result<Option<Vec<TreeHash>>, Failure> {
    if position >= size {
        return Ok(None);
    }
    let request = client.request(pb::GetInclusionProofRequest { position, size });
    let proof = client.integrity.get_inclusion_proof(request).await?;
    let path = proof.into_inner().path;
    // A path that is no list of hashes proves nothing: it is checked as an empty one.
    Ok(Some(hashes(&path).unwrap_or_default()))
}

fn shown(entry: &pb::Entry) -> Shown<'_> {
    match entry.content_state() {
        pb::ContentState::Proven => Shown::Opened {
            event: &entry.event,
            secret: &entry.secret,
            names: event_json(entry)
                .and_then(|_json| decode_event(&entry.event).ok())
                .and_then(|event| event.case_id),
        },
        pb::ContentState::Erased => Shown::Erased,
        pb::ContentState::Unspecified
        | pb::ContentState::NoKey
        | pb::ContentState::Damaged
        | pb::ContentState::NotPermitted => Shown::Withheld,
    }
}

fn described(
    report: &CaseReport,
    case: &CaseId,
    checkpoint: &Checkpoint,
    key: &VerifierKey,
    own_key: bool,
) -> Table {
    let mut table = Table::new("CaseVerification", &["check", "result", "detail"]);
    let mut row = |check: &str, result: String, detail: String| {
        table.row([check.to_owned(), result, detail]);
    };
    let all = report.entries;
    let key_id = data_encoding::HEXLOWER.encode(&key.id());
    row(
        "checkpoint",
        format!("{} entries", checkpoint.size),
        format!(
            "root {}, signed by {} {key_id}",
            checkpoint.root,
            key.name()
        ),
    );
    row(
        "entries",
        all.to_string(),
        "numbered and linked from 1 without a gap".to_owned(),
    );
    row(
        "contents",
        format!("{}/{all}", report.contents.proven),
        format!(
            "what their headers commit to; {} said to be erased, {} not shown",
            report.contents.erased, report.contents.no_key
        ),
    );
    row(
        "inclusion",
        format!("{}/{all}", report.included),
        "in the ledger under this checkpoint".to_owned(),
    );
    if report.signatures_unchecked > 0 {
        let detail = "signed under a key that was not given".to_owned();
        row(
            "signatures not checked",
            report.signatures_unchecked.to_string(),
            detail,
        );
    }
    for fault in &report.faults {
        let detail = format!("entry {}: {}", fault.position, fault.what);
        row("fault", fault.kind.to_string(), detail);
    }
    if report.faults_more > 0 {
        row(
            "fault",
            "more".to_owned(),
            format!("{} further faults", report.faults_more),
        );
    }
    if !own_key {
        table.notes.push(
            "the public key is the server's own word; give --vkey with the one you keep".to_owned(),
        );
    }
    table.notes.push(
        "entries that the server does not show after the last one cannot be missed from here; verify store can".to_owned(),
    );
    table.notes.push(verdict(report, case));
    table
}

fn verdict(report: &CaseReport, case: &CaseId) -> String {
    let all = report.entries;
    match report.outcome() {
        Outcome::Verified => format!("verified: {case}, entries 1 to {all}, all checked, all hold"),
        Outcome::Partial => {
            format!(
                "partial: what was checked of the {all} entries of {case} holds; not all could be"
            )
        }
        Outcome::Failed => {
            let faults = (report.faults.len() as u64).saturating_add(report.faults_more);
            format!("FAILED: {faults} faults in the {all} entries of {case}")
        }
        Outcome::Nothing => format!("nothing to check: {case} has no entries"),
    }
}
