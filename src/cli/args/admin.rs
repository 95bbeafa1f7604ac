//! `admin …` as arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `admin …`.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Rebuild a damaged ledger in a new directory, from the blocks that are whole in its files.
    ///
    /// STORE is only read, and never opened as a store. The entries from the first on are taken over byte for byte as
    /// long as each is there and holds: same positions, same links, same root. Where one is missing or does not hold the
    /// new ledger ends, because neither chains nor tree can go on without it; what follows stays in STORE and is listed.
    ///
    /// Ends with 0 only when everything that the newest checkpoint promises came back, with 3 when something is lost,
    /// and with 7 when nothing says whether all of it is there.
    Salvage(Salvage),
}

/// `admin salvage`.
#[derive(Args, Debug)]
pub struct Salvage {
    /// Directory of the damaged ledger.
    pub store: PathBuf,
    /// Directory to rebuild it in: a new or an empty one.
    pub new: PathBuf,
    /// Another copy of this ledger, a backup say: what STORE has lost is looked for there. May be repeated.
    #[arg(long, value_name = "COPY")]
    pub with: Vec<PathBuf>,
    /// Public key of the ledger (vkey) that you keep yourself. Default: the one in STORE.
    #[arg(long)]
    pub vkey: Option<String>,
    /// File of a checkpoint that you kept: the rebuilt ledger must contain it, and it takes the place of a head file that
    /// is lost.
    #[arg(long)]
    pub checkpoint: Option<PathBuf>,
}
