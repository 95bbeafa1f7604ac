//! `entry append`: one event, given as proto3 JSON.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::cli::args::{EntryAppend, Global};
use crate::cli::ask;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::json_lines::{self, LINE_BYTES};
use crate::cli::output::{self, Table};
use crate::domain::id::EventId;
use crate::grpc::client::append_request;
use crate::grpc::pb;

/// Appends it and prints its receipt.
pub(super) async fn append(global: &Global, wanted: &EntryAppend) -> Result<Exit, Failure> {
    if global.agency.is_none() {
        let what = "an event needs an author";
        return Err(Failure::new(Exit::Usage, what).advise("name the agency: --agency csc"));
    }
    let usage = |flag: &str, error: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format!("{flag}: {error}"))
    };
    let event_id = match &wanted.event_id {
        Some(id) => id
            .parse()
            .map_err(|error| usage("--event-id", &format!("{error}")))?,
        None => EventId(uuid::Uuid::new_v4().into_bytes()),
    };
    let case_tag = match &wanted.case_tag {
        Some(tag) => HEXLOWER_PERMISSIVE
            .decode(tag.as_bytes())
            .map_err(|error| usage("--case-tag", &error))?,
        None => Vec::new(),
    };
    let json = json_lines::json(&read(&wanted.file)?).map_err(|problem| rejected(&problem))?;
    let (event, case_id, _opens) =
        json_lines::event(&json, &super::checks()?).map_err(|problem| rejected(&problem))?;
    let request = pb::AppendRequest {
        case_tag,
        ..append_request(event_id, event)
    };
    let receipt = ask::connect(global).await?.append(request).await;
    let receipt = receipt.map_err(|status| {
        let failure = Failure::from(status);
        if failure.exit == Exit::Unavailable {
            let advice = format!("it is safe to send it again: --event-id {event_id}");
            return failure.advise(advice);
        }
        failure
    })?;
    let mut table = Table::new(
        "Receipt",
        &[
            "case", "position", "caseSeq", "eventId", "appended", "link", "state",
        ],
    );
    let state = if receipt.duplicate {
        "there already"
    } else {
        "appended"
    };
    table.row([
        case_id.map(|id| id.to_string()).unwrap_or_default(),
        receipt.position.to_string(),
        receipt.case_seq.to_string(),
        event_id.to_string(),
        super::instant(receipt.appended_time.map(|time| (time.seconds, time.nanos))),
        HEXLOWER.encode(&receipt.link),
        state.to_owned(),
    ]);
    output::table(&table, global.format)?;
    output::say(&format!(
        "its proof: caseledger entry show {} --proof",
        receipt.position
    ));
    Ok(Exit::Done)
}

fn rejected(problem: &json_lines::Problem) -> Failure {
    Failure::new(Exit::InputRejected, problem.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = LINE_BYTES.saturating_add(1);
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)?;
    } else {
        let file = File::open(path).map_err(|error| {
            Failure::new(Exit::NotFound, format!("{}: {error}", path.display()))
        })?;
        file.take(limit).read_to_end(&mut bytes).map_err(|error| {
            Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
                .advise("--file names a file with one event in JSON; - is standard input")
        })?;
    }
    if bytes.len() as u64 > LINE_BYTES {
        let what = format!("the event is longer than {LINE_BYTES} bytes");
        return Err(Failure::new(Exit::InputRejected, what));
    }
    Ok(bytes)
}
