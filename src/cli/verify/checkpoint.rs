//! `verify checkpoint`: that a later checkpoint extends an earlier one, under a key that the caller keeps.

use std::fs;
use std::path::Path;

use super::files::refused;
use crate::cli::args::{Global, VerifyCheckpoint};
use crate::cli::ask;
use crate::cli::entry::show::hashes;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Table};
use crate::grpc::client::Client;
use crate::grpc::pb;
use crate::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::ledger::note::VerifierKey;
use crate::verify::checkpoint::{Verdict, consistent, without_proof};

/// Checks two checkpoints and prints what was found.
pub(crate) async fn checkpoint(
    global: &Global,
    wanted: &VerifyCheckpoint,
) -> Result<Exit, Failure> {
    let key: VerifierKey = wanted
        .vkey
        .parse()
        .map_err(|error| Failure::new(Exit::Usage, format!("--vkey: {error}")))?;
    let earlier = read(&wanted.earlier, &key)?;
    let mut client = None;
    let later = match &wanted.later {
        Some(path) => read(path, &key)?,
        None => newest(client.insert(ask::connect(global).await?), &key).await?,
    };
    let verdict = if let Some(verdict) = without_proof(&earlier, &later) {
        verdict
    } else {
        let client = match &mut client {
            Some(client) => client,
            None => client.insert(ask::connect(global).await?),
        };
        ask_for_proof(client, &earlier, &later, &key).await?
    };
    let mut table = Table::new("CheckpointVerification", &["checkpoint", "size", "root"]);
    for (name, it) in [("earlier", &earlier), ("later", &later)] {
        table.row([name.to_owned(), it.size.to_string(), it.root.to_string()]);
    }
    table.notes.push(format!("both signed by {}", key.name()));
    table.notes.push(verdict.words().to_owned());
    output::table(&table, global.format)?;
    Ok(super::exit(verdict.outcome()))
}

/// A checkpoint of a file, its signature verified.
fn read(path: &Path, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    let note = fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::NotFound, format!("{}: {error}", path.display())))?;
    open(&note, key, &path.display().to_string())
}

async fn newest(client: &mut Client, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    let note = client.checkpoint().await?.checkpoint;
    open(&note, key, "the server's newest checkpoint")
}

fn open(note: &str, key: &VerifierKey, name: &str) -> Result<Checkpoint, Failure> {
    let signed = SignedCheckpoint::open(note, key).map_err(|error| refused(error, name))?;
    Ok(signed.checkpoint().clone())
}

async fn ask_for_proof(
    client: &mut Client,
    earlier: &Checkpoint,
    later: &Checkpoint,
    key: &VerifierKey,
) -> Result<Verdict, Failure> {
    let now = newest(client, key).await?;
    if now.size < later.size {
        let what = format!(
            "the server has {} entries, and a checkpoint of {} was signed: entries are gone",
            now.size, later.size
        );
        return Err(Failure::new(Exit::IntegrityBroken, what));
    }
    let request = client.request(pb::GetConsistencyProofRequest {
        from_size: earlier.size,
        to_size: later.size,
    });
    let proof = client.integrity.get_consistency_proof(request).await?;
    let path = hashes(&proof.into_inner().path).unwrap_or_default();
    Ok(consistent(earlier, later, &path))
}
