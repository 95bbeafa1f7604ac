//! `checkpoint show`: the signed head of the ledger, as anybody may keep it.

use super::args::Global;
use super::ask;
use super::error::Failure;
use super::exit::Exit;
use super::format::Format;
use super::output::{self, Table};

/// Prints the newest checkpoint: the signed note itself, or its parts.
pub(super) async fn show(global: &Global) -> Result<Exit, Failure> {
    let found = ask::connect(global).await?.checkpoint().await?;
    if global.format == Format::Table {
        output::data(found.checkpoint.trim_end())?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new("Checkpoint", &["size", "root", "verifierKey", "checkpoint"]);
    table.row([
        found.size.to_string(),
        data_encoding::HEXLOWER.encode(&found.root),
        found.verifier_key,
        found.checkpoint,
    ]);
    output::table(&table, global.format)?;
    Ok(Exit::Done)
}
