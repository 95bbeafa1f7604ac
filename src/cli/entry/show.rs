//! `entry show`: one entry in full, with its content checked against its header, or its inclusion proof.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

use crate::cli::args::Global;
use crate::cli::ask;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::format::Format;
use crate::cli::output::{self, Table};
use crate::grpc::client::Client;
use crate::grpc::convert::{decode_event, event_to_json};
use crate::grpc::pb;
use crate::ledger::digest::TreeHash;
use crate::ledger::entry::{EntryKind, Header};
use crate::ledger::note::VerifierKey;
use crate::ledger::receipt::TlogProof;
use crate::ledger::statement::Seen;
use crate::ledger::tree::leaf_hash;
use crate::verify::case::committed;

/// Prints an entry, or its proof.
pub(super) async fn show(global: &Global, position: u64, proof: bool) -> Result<Exit, Failure> {
    let mut client = ask::connect(global).await?;
    let by = pb::get_entry_request::By::Position(position);
    let request = client.request(pb::GetEntryRequest { by: Some(by) });
    let entry = client.ledger.get_entry(request).await?.into_inner();
    if proof {
        let file = tlog_proof(&mut client, position, entry.header).await?;
        output::data(file.trim_end())?;
        return Ok(Exit::Done);
    }
    let header = Header::decode(&entry.header).map_err(|error| broken(&error.to_string()))?;
    if header.fields.position != position {
        return Err(broken("the header is that of another position"));
    }
    let state = state(&entry, &header)?;
    let event: Value = match event_json(&entry) {
        Some(text) => serde_json::from_str(&text)
            .map_err(|error| Failure::new(Exit::Other, error.to_string()))?,
        None => Value::Null,
    };
    let lines = lines(&entry, &header, state);
    if matches!(global.format, Format::Json | Format::Jsonl) {
        let mut object: Map<String, Value> = lines
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        object.insert("event".to_owned(), event);
        let text = json!({"apiVersion": "caseledger/v1", "kind": "Entry", "entry": object});
        output::data(&text.to_string())?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new("Entry", &["field", "value"]);
    for (name, value) in lines {
        table.row([name.to_owned(), value]);
    }
    let mut flat = Vec::new();
    flatten("event", &event, &mut flat);
    for (name, value) in flat {
        table.row([name, value]);
    }
    output::table(&table, global.format)?;
    Ok(Exit::Done)
}

fn broken(what: &str) -> Failure {
    let what = format!("what the server sent does not hold: {what}");
    Failure::new(Exit::IntegrityBroken, what)
}

/// Whether the content is what the header commits to.
fn state(entry: &pb::Entry, header: &Header) -> Result<&'static str, Failure> {
    if entry.content_state() != pb::ContentState::Proven {
        return Ok(withheld(entry));
    }
    let singular = super::checks()?.singular;
    let content = if entry.own_content.is_empty() {
        &entry.event
    } else {
        &entry.own_content
    };
    committed(header, content, &entry.secret, &singular).map_err(|why| broken(&why))?;
    Ok("what the header commits to (checked here)")
}

/// Why there is no event to show.
pub(super) fn withheld(entry: &pb::Entry) -> &'static str {
    match entry.content_state() {
        pb::ContentState::Erased => "erased",
        pb::ContentState::NoKey => "no key here",
        pb::ContentState::Damaged => "damaged",
        pb::ContentState::NotPermitted => "not permitted",
        pb::ContentState::Proven => "of the ledger itself",
        pb::ContentState::Unspecified => "not stated",
    }
}

/// The event in proto3 JSON, if the entry holds one.
pub(in crate::cli) fn event_json(entry: &pb::Entry) -> Option<String> {
    let of_agency = entry.kind <= u32::from(EntryKind::RegistryEvent.number());
    if of_agency && entry.content_state() == pb::ContentState::Proven {
        event_to_json(&entry.event).ok()
    } else {
        None
    }
}

fn lines(entry: &pb::Entry, header: &Header, state: &'static str) -> Vec<(&'static str, String)> {
    let statement = &header.statement;
    let fields = &header.fields;
    let seen = match statement.seen {
        Seen::Blind => "nothing (the author had not looked)".to_owned(),
        Seen::Entry { case_seq, .. } => format!("entry {case_seq} of the case"),
    };
    let mut lines = vec![
        ("position", fields.position.to_string()),
        ("case", entry.case_id.clone()),
        ("caseSeq", fields.case_seq.to_string()),
        ("agency", statement.agency.as_str().to_owned()),
        (
            "authenticated",
            format!("{:?}", fields.authenticated).to_lowercase(),
        ),
        ("eventId", entry.event_id.clone()),
        ("appended", super::appended(entry)),
        ("ingest", format!("{:?}", fields.ingest).to_lowercase()),
        ("authorHadSeen", seen),
        (
            "previousPosition",
            fields
                .previous_leaf
                .map(|at| at.to_string())
                .unwrap_or_default(),
        ),
        ("chain", HEXLOWER.encode(statement.tag.as_bytes())),
        ("link", HEXLOWER.encode(header.link.as_bytes())),
        (
            "fieldsRoot",
            HEXLOWER.encode(statement.fields_root.as_bytes()),
        ),
        (
            "contentDigest",
            HEXLOWER.encode(fields.content_digest.as_bytes()),
        ),
        (
            "leafHash",
            HEXLOWER.encode(leaf_hash(&entry.header).as_bytes()),
        ),
        ("content", state.to_owned()),
    ];
    if event_json(entry).is_some()
        && let Ok(event) = decode_event(&entry.event)
    {
        lines.push(("type", event.content.type_name().to_owned()));
    }
    lines
}

/// `{"a": {"b": 1}}` as `a.b` and `1`.
fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (key, inner) in object {
                flatten(&format!("{name}.{key}"), inner, into);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                flatten(&format!("{name}[{index}]"), inner, into);
            }
        }
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => into.push((name.to_owned(), value.to_string())),
    }
}

/// The proof that an entry is in the ledger, checked here before it is given out.
async fn tlog_proof(
    client: &mut Client,
    position: u64,
    header: Vec<u8>,
) -> Result<String, Failure> {
    let key = client.checkpoint().await?.verifier_key;
    let key: VerifierKey = key.parse().map_err(|error| broken(&format!("{error}")))?;
    let request = client.request(pb::GetInclusionProofRequest { position, size: 0 });
    let proof = client.integrity.get_inclusion_proof(request).await?;
    let proof = proof.into_inner();
    let leaf = leaf_hash(&header);
    let file = TlogProof {
        extra: Some(header),
        index: position,
        proof: hashes(&proof.path).ok_or_else(|| broken("the proof is no list of hashes"))?,
        checkpoint: proof.checkpoint,
    };
    file.verify(&leaf, &key)
        .map_err(|error| broken(&error.to_string()))?;
    Ok(file.print())
}

/// The hashes of a proof.
pub(in crate::cli) fn hashes(path: &[u8]) -> Option<Vec<TreeHash>> {
    let (hashes, rest) = path.as_chunks::<32>();
    rest.is_empty()
        .then(|| hashes.iter().map(|hash| TreeHash::new(*hash)).collect())
}
