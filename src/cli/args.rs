//! The command line as a tree: noun, then verb.

mod admin;
mod bench;
mod case;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::exit;
use super::format::Format;

pub use self::admin::{Admin, Salvage};
pub use self::bench::{Bench, Shape};
pub use self::case::{AsAt, Basis, Case, Window};

/// An event-sourced audit ledger for multi-agency child-safeguarding cases.
#[derive(Debug, Parser)]
#[command(
    name = "caseledger",
    version,
    arg_required_else_help = true,
    before_help = "Examples:\n  caseledger demo\n  caseledger case allocation CH-7Q4M --as-at 2013-03-14",
    after_help = exit::HELP
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Address of the server.
    #[arg(
        long,
        global = true,
        env = "CASELEDGER_SERVER",
        default_value = "http://127.0.0.1:50061"
    )]
    pub server: String,
    /// Agency to speak as (development mode on loopback only).
    #[arg(long, global = true, env = "CASELEDGER_AGENCY")]
    pub agency: Option<String>,
    /// How data is written.
    #[arg(
        long,
        global = true,
        env = "CASELEDGER_FORMAT",
        value_enum,
        default_value_t
    )]
    pub format: Format,
    /// Longest wait for one answer; becomes the deadline of the request.
    #[arg(long, global = true, env = "CASELEDGER_TIMEOUT", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// No progress bars.
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server on a ledger directory.
    Serve(Serve),
    /// Run a throw-away ledger with the sample cases and ask it the main questions.
    Demo(Demo),
    /// Questions about a case.
    #[command(subcommand)]
    Case(Case),
    /// Single entries: show, append, import, follow.
    #[command(subcommand)]
    Entry(Entry),
    /// Check records against their hashes and proofs.
    #[command(subcommand)]
    Verify(Verify),
    /// The signed head of the ledger.
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// What an operator does to the files of a ledger.
    #[command(subcommand)]
    Admin(Admin),
    /// Measure a real server over loopback: rates, latencies, CPU, opening, verifying.
    Bench(Bench),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// `serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Directory of the ledger; made when it does not exist.
    #[arg(long, env = "CASELEDGER_STORE")]
    pub store: PathBuf,
    /// Address to listen on. Without TLS only a loopback address is accepted.
    #[arg(long, env = "CASELEDGER_LISTEN", default_value = "127.0.0.1:50061")]
    pub listen: SocketAddr,
    /// Name of the ledger, as it stands in checkpoints; it never changes. Default of a new one:
    /// caseledger.example/development.
    #[arg(long, env = "CASELEDGER_ORIGIN")]
    pub origin: Option<String>,
    /// Check every stored entry before serving, not while serving.
    #[arg(long)]
    pub verify_first: bool,
}

/// `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Stop after printing: status 0 only if everything held.
    #[arg(long)]
    pub exit: bool,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// `entry …`.
#[derive(Debug, Subcommand)]
pub enum Entry {
    /// One entry in full.
    Show {
        /// Position in the ledger, from 0.
        position: u64,
        /// Its inclusion proof as a C2SP tlog-proof instead.
        #[arg(long)]
        proof: bool,
    },
    /// Append one event given as proto3 JSON.
    Append(EntryAppend),
    /// Append the events of a JSON Lines file.
    Import {
        /// The file: a line an event, `{"agency", "eventId", "event"}`.
        file: PathBuf,
        /// Check the file and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Follow entries as they are appended.
    Tail {
        /// Only this case.
        case: Option<String>,
        /// From this position on. Default: the end of the ledger.
        #[arg(long)]
        from: Option<u64>,
    },
}

/// `entry append`.
#[derive(Args, Debug)]
pub struct EntryAppend {
    /// File of the event; `-` is standard input.
    #[arg(short, long, default_value = "-")]
    pub file: PathBuf,
    /// Event id (UUID). The same id with the same content may be sent again: the same answer.
    #[arg(long)]
    pub event_id: Option<String>,
    /// Case tag for `case.opened`, 64 hexadecimal digits. Default: chosen by the server.
    #[arg(long)]
    pub case_tag: Option<String>,
}

/// `verify …`.
#[derive(Debug, Subcommand)]
pub enum Verify {
    /// Every stored byte of a ledger directory, read without opening it for writing.
    Store(VerifyStore),
    /// One case, fetched from the server and checked here.
    Case(VerifyCase),
    /// That a later checkpoint extends an earlier one.
    Checkpoint(VerifyCheckpoint),
}

/// `checkpoint …`.
#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// The newest checkpoint, as its signed note.
    Show,
}

/// `verify store`.
#[derive(Args, Debug)]
pub struct VerifyStore {
    /// Directory of the ledger.
    #[arg(long, env = "CASELEDGER_STORE")]
    pub store: PathBuf,
    /// Public key of the ledger (vkey) that you keep yourself. Default: the one in the directory.
    #[arg(long)]
    pub vkey: Option<String>,
    /// File of a checkpoint that you kept: the store must contain it.
    #[arg(long)]
    pub checkpoint: Option<PathBuf>,
}

/// `verify case`.
#[derive(Args, Debug)]
pub struct VerifyCase {
    /// The case.
    pub case: String,
    /// Public key of the ledger (vkey) that you keep yourself. Default: the server's word.
    #[arg(long)]
    pub vkey: Option<String>,
}

/// `verify checkpoint`.
#[derive(Args, Debug)]
pub struct VerifyCheckpoint {
    /// File of the earlier checkpoint.
    pub earlier: PathBuf,
    /// File of the later checkpoint; default: the server's newest.
    pub later: Option<PathBuf>,
    /// Public key of the ledger (vkey) that both must be signed with.
    #[arg(long)]
    pub vkey: String,
}
