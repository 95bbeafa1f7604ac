//! `entry tail`: entries as they are appended. None is skipped; when the server goes away it says where to go on.

use serde_json::Value;

use crate::cli::args::Global;
use crate::cli::ask;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::output::rows::{Column, Rows};
use crate::cli::serve::stop_signal;
use crate::grpc::convert::decode_event;
use crate::grpc::pb;

const COLUMNS: &[Column] = &[
    ("position", 9),
    ("appended", 27),
    ("case", 16),
    ("caseSeq", 8),
    ("agency", 10),
    ("type", 30),
    ("occurred", 12),
    ("eventId", 36),
];

/// Follows the ledger until told to stop, or until nobody reads any more.
pub(super) async fn tail(
    global: &Global,
    case: Option<String>,
    from: Option<u64>,
) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let mut next = match from {
        Some(from) => from,
        None => client.checkpoint().await?.size,
    };
    let request = pb::SubscribeRequest {
        from_position: next,
        case_id: case.unwrap_or_default(),
        stop_at_end: false,
    };
    let mut entries = client.subscribe(request).await?;
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let mut rows = Rows::new("Entries", COLUMNS, global.format);
    output::say(&format!("following from position {next}; stop with Ctrl-C"));
    loop {
        let entry = tokio::select! {
            entry = entries.message() => entry,
            () = &mut stop => break,
        };
        let onwards = |failure: Failure| failure.advise(format!("go on with --from {next}"));
        let entry = match entry {
            Ok(Some(entry)) => entry,
            Ok(None) => {
                let what = "the server ended the stream";
                return Err(onwards(Failure::new(Exit::Unavailable, what)));
            }
            Err(status) => return Err(onwards(status.into())),
        };
        next = entry.position.saturating_add(1);
        if !rows.row(&cells(&entry), Some(("event", json(&entry))))? {
            break;
        }
    }
    rows.finish(&[])?;
    Ok(Exit::Done)
}

fn cells(entry: &pb::Entry) -> [String; 8] {
    let event = super::show::event_json(entry).and_then(|_json| decode_event(&entry.event).ok());
    let (kind, occurred) = match &event {
        Some(event) => (
            event.content.type_name().to_owned(),
            event.occurred.text().unwrap_or_default().to_owned(),
        ),
        None => (super::show::withheld(entry).to_owned(), String::new()),
    };
    [
        entry.position.to_string(),
        super::appended(entry),
        entry.case_id.clone(),
        entry.case_seq.to_string(),
        entry.agency.clone(),
        kind,
        occurred,
        entry.event_id.clone(),
    ]
}

fn json(entry: &pb::Entry) -> Value {
    let text = super::show::event_json(entry);
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(Value::Null)
}
