//! The command line, and the one place that names every layer.

mod admin;
pub mod args;
mod ask;
mod bench;
mod case;
mod checkpoint;
mod demo;
mod directory;
mod entry;
mod error;
mod exit;
mod format;
mod json_lines;
mod output;
mod serve;
mod verify;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use tokio::runtime::Runtime;

use crate::service::Service;

use self::args::{Cli, Command};
pub use self::directory::Machine;
use self::error::Failure;
pub use self::exit::Exit;

/// Opens the ledger in a directory exactly as `serve` does, without serving it: for tests of what a start makes of
/// files.
///
/// # Errors
/// What a person would read, and the exit code.
pub fn open_directory(
    root: &Path,
    origin: &str,
    machine: Machine,
) -> Result<Arc<Service>, (Exit, String)> {
    directory::Directory::on(root, machine)
        .open(Some(origin), false, &mut |_done, _all| {})
        .map_err(|failure| (failure.exit, failure.to_string()))
}

/// Reads the command line, does what it asks, and says how it ended.
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and version are answers; anything else is a wrong command line.
            let exit = if asked.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return if asked.print().is_ok() {
                exit
            } else {
                Exit::Other
            };
        }
    };
    let filter = std::env::var("CASELEDGER_LOG").unwrap_or_else(|_unset| "warn".to_owned());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match command(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            output::say(&failure.to_string());
            failure.exit
        }
    }
}

fn command(cli: Cli) -> Result<Exit, Failure> {
    let global = cli.global;
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "caseledger", &mut script);
            output::data(String::from_utf8_lossy(&script).trim_end())?;
            Ok(Exit::Done)
        }
        Command::Admin(args::Admin::Salvage(wanted)) => admin::salvage(&global, &wanted),
        Command::Bench(bench) => runtime()?.block_on(bench::bench(&global, &bench)),
        Command::Demo(demo) => runtime()?.block_on(demo::demo(&global, &demo)),
        Command::Entry(verb) => runtime()?.block_on(entry::run(&global, verb)),
        Command::Verify(args::Verify::Store(store)) => verify::store(&global, &store),
        Command::Case(case) => runtime()?.block_on(case::answer(&global, case)),
        Command::Verify(args::Verify::Case(case)) => {
            runtime()?.block_on(verify::case(&global, &case))
        }
        Command::Verify(args::Verify::Checkpoint(pair)) => {
            runtime()?.block_on(verify::checkpoint(&global, &pair))
        }
        Command::Serve(serve) => runtime()?.block_on(serve::serve(&global, &serve)),
        Command::Checkpoint(args::Checkpoint::Show) => {
            runtime()?.block_on(checkpoint::show(&global))
        }
    }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(Runtime::new()?)
}
