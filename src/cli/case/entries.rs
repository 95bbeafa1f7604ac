//! `case entries`: every entry of a case in the order it was sealed.

use serde_json::{Value, json};

use crate::domain::event::CaseEvent;
use crate::grpc::convert::{decode_event, event_to_json};
use crate::grpc::pb;

use super::super::args::Global;
use super::super::ask;
use super::super::error::Failure;
use super::super::exit::Exit;
use super::super::output::Table;
use super::page::{Page, Section, value};
use super::words::{count, size};

/// Reads the entries and prints them.
pub(super) async fn entries(global: &Global, case: &str) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let entries = client
        .read_case(case, 0, 0)
        .await
        .map_err(|status| ask::unanswered(case, status))?;
    let mut table = Table::new(
        "Entries",
        &[
            "entry", "number", "occurred", "agency", "type", "children", "source", "content",
            "sealed",
        ],
    );
    for entry in &entries {
        table.row(row(entry));
    }
    let page = Page {
        lead: vec![format!(
            "Case {case}: {} in the order they were sealed; entry is the number in the ledger, number the one in the case.",
            count(size(&entries), "entry", "entries")
        )],
        sections: vec![section(&entries)],
        notes: vec!["One entry in full: caseledger entry show N.".to_owned()],
    };
    page.print(global.format, &table, || {
        let items: Result<Vec<Value>, Failure> = entries.iter().map(whole).collect();
        Ok(json!({"items": items?}))
    })?;
    Ok(Exit::Done)
}

/// The entries without what is the same for all.
fn section(entries: &[pb::Entry]) -> Section {
    let mut table = Table::new(
        "Entries",
        &[
            "entry", "number", "occurred", "agency", "type", "children", "source", "sealed",
        ],
    );
    let mut notes = Vec::new();
    for entry in entries {
        let [
            position,
            number,
            occurred,
            agency,
            kind,
            children,
            source,
            state,
            sealed,
        ] = row(entry);
        if entry.content_state() != pb::ContentState::Proven {
            notes.push(format!("{position}: content {state}."));
        }
        table.row([
            position, number, occurred, agency, kind, children, source, sealed,
        ]);
    }
    if notes.is_empty() && !entries.is_empty() {
        notes.push("The content of every one is what was sealed.".to_owned());
    }
    Section {
        title: "Entries".to_owned(),
        table,
        notes,
    }
}

fn row(entry: &pb::Entry) -> [String; 9] {
    let event = decode_event(&entry.event).ok();
    let of = |read: fn(&CaseEvent) -> String| event.as_ref().map(read).unwrap_or_default();
    let sealed = entry
        .appended_time
        .and_then(|at| jiff::Timestamp::from_second(at.seconds).ok());
    [
        format!("#{}", entry.position),
        entry.case_seq.to_string(),
        of(|event| event.occurred.text().unwrap_or("date not known").to_owned()),
        entry.agency.clone(),
        of(|event| event.content.type_name().to_owned()),
        of(|event| {
            event
                .children
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        }),
        of(|event| event.source.kind.to_string().replace('_', " ")),
        content(entry.content_state()).to_owned(),
        sealed.map_or_else(
            || "no record".to_owned(),
            |at| at.strftime("%Y-%m-%d %H:%MZ").to_string(),
        ),
    ]
}

/// What can be said of the content.
fn content(state: pb::ContentState) -> &'static str {
    match state {
        pb::ContentState::Proven => "as sealed",
        pb::ContentState::Erased => "erased",
        pb::ContentState::NoKey => "no key here",
        pb::ContentState::Damaged => "NOT AS SEALED",
        pb::ContentState::NotPermitted => "hidden from you",
        pb::ContentState::Unspecified => "not stated",
    }
}

fn whole(entry: &pb::Entry) -> Result<Value, Failure> {
    let event = if entry.event.is_empty() {
        Value::Null
    } else {
        let text = event_to_json(&entry.event);
        value(&text.map_err(|error| Failure::new(Exit::Other, error.to_string()))?)?
    };
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    Ok(json!({
        "position": entry.position,
        "caseSeq": entry.case_seq,
        "agency": entry.agency,
        "eventId": entry.event_id,
        "sealed": entry.appended_time.map(|at| jiff::Timestamp::new(at.seconds, at.nanos).map(|at| at.to_string()).unwrap_or_default()),
        "contentState": content(entry.content_state()),
        "link": hex(&entry.link),
        "header": hex(&entry.header),
        "event": event,
    }))
}
