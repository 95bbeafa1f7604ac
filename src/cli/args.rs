//! The command line as a tree: noun, then verb.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::exit;
use super::output::Format;

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
    #[arg(long, global = true, env = "CASELEDGER_SERVER", default_value = "http://127.0.0.1:50061")]
    pub server: String,
    /// Agency to speak as (development mode on loopback only).
    #[arg(long, global = true, env = "CASELEDGER_AGENCY")]
    pub agency: Option<String>,
    /// How data is written.
    #[arg(long, global = true, env = "CASELEDGER_FORMAT", value_enum, default_value_t)]
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
    /// Name of a new ledger, as it stands in checkpoints; never changes afterwards.
    #[arg(long, env = "CASELEDGER_ORIGIN", default_value = "caseledger.example/development")]
    pub origin: String,
}

/// `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Stop after printing: status 0 if everything held.
    #[arg(long)]
    pub exit: bool,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// When, on which basis and through whose eyes a question is asked.
#[derive(Args, Clone, Debug)]
pub struct AsAt {
    /// The date the answer stands at: 2013-03-14, 14/3/2013, "14 mar 2013", 2013-03-14T09:00, 2013-03. Default: now.
    #[arg(long = "as-at", value_name = "DATE")]
    pub date: Option<String>,
    /// Which record the answer rests on.
    #[arg(long, value_enum, default_value_t)]
    pub basis: Basis,
    /// Whose eyes: an agency (school) or a practitioner (csc/SW2). Default: all agencies together.
    #[arg(long = "by", value_name = "AGENCY")]
    pub eyes: Option<String>,
}

/// Which record an answer rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Basis {
    /// What some agency knew by the date, by the best record there is today.
    #[default]
    Then,
    /// What had been recorded by the date, in the agencies' own systems.
    Recorded,
    /// What this ledger held at the date: provable.
    Ledger,
    /// Everything in the ledger today about what had happened by the date.
    Now,
}

/// `case …`.
#[derive(Debug, Subcommand)]
pub enum Case {
    /// The cases of this ledger.
    List,
    /// One case: its people, agencies and extent.
    Show {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
    },
    /// Every entry of a case, in the order it was sealed.
    Entries {
        /// The case.
        case: String,
    },
    /// The case on one screen at a date.
    At {
        /// The case.
        case: String,
        /// The date.
        date: String,
        /// Which record the answer rests on.
        #[arg(long, value_enum, default_value_t)]
        basis: Basis,
        /// Whose eyes: an agency or a practitioner (csc/SW2).
        #[arg(long = "by", value_name = "AGENCY")]
        eyes: Option<String>,
    },
    /// Who held the case, from when to when, and when nobody did.
    Allocation {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
        /// Only this role: social-worker, team-manager, …
        #[arg(long)]
        role: Option<String>,
        /// Count over this window only: 2012..2015 (whole years) or 2012-01-01..2015-12-31.
        #[arg(long)]
        window: Option<String>,
        /// Exit with status 8 when there are gaps.
        #[arg(long)]
        fail_on_gaps: bool,
    },
    /// Who knew what, since when and how.
    Knowledge {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
    },
    /// Where the record shows no sharing with somebody who needed to know.
    Sharing {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
        /// Exit with status 8 when there are gaps.
        #[arg(long)]
        fail_on_gaps: bool,
    },
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
    Append {
        /// File of the event; `-` is standard input.
        #[arg(short, long, default_value = "-")]
        file: PathBuf,
        /// Event id (UUID). The same id with the same content may be sent again: the same answer.
        #[arg(long)]
        event_id: Option<String>,
        /// Case tag for `case.opened`, 64 hexadecimal digits. Default: chosen by the server.
        #[arg(long)]
        case_tag: Option<String>,
    },
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

/// `verify …`.
#[derive(Debug, Subcommand)]
pub enum Verify {
    /// Every stored byte of a ledger directory, read without opening it for writing.
    Store {
        /// Directory of the ledger.
        #[arg(long, env = "CASELEDGER_STORE")]
        store: PathBuf,
    },
    /// One case, fetched from the server and checked here.
    Case {
        /// The case.
        case: String,
    },
    /// That a later checkpoint extends an earlier one.
    Checkpoint {
        /// File of the earlier checkpoint.
        earlier: PathBuf,
        /// File of the later checkpoint; default: the server's newest.
        later: Option<PathBuf>,
        /// Public key of the ledger (vkey) that both must be signed with.
        #[arg(long)]
        vkey: String,
    },
}

/// `checkpoint …`.
#[derive(Debug, Subcommand)]
pub enum Checkpoint {
    /// The newest checkpoint, as its signed note.
    Show,
}
