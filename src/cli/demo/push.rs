//! The sample, pushed by its agencies: each over a connection of its own, in the order in which the files have it.

use std::collections::BTreeMap;

use crate::cli::args::Global;
use crate::cli::entry::checks;
use crate::cli::entry::send::{Answer, Sender};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::json_lines::{Checks, Lines};
use crate::cli::output;
use crate::domain::id::AgencyId;
use crate::grpc::client::Client;

/// Agencies, practitioners and what their feeds carry.
const REGISTRY: &str = include_str!("../sample/registry.jsonl");
/// The case that went wrong.
const FAMILY_A: &str = include_str!("../sample/family_a.jsonl");
/// The case that was handled well.
const WELL_RUN: &str = include_str!("../sample/well_run.jsonl");

/// What was pushed.
#[derive(Default)]
pub(super) struct Pushed {
    /// Per agency: how many entries in the registry, in FAMILY-A and in WELL-RUN.
    pub(super) counts: BTreeMap<AgencyId, [u64; 3]>,
    /// The event id at each position.
    pub(super) ids: BTreeMap<u64, String>,
}

/// Pushes all three files.
pub(super) async fn push(global: &Global) -> Result<Pushed, Failure> {
    let checks = checks()?;
    let files = [REGISTRY, FAMILY_A, WELL_RUN];
    let mut sender = connected(global, &checks, &files).await?;
    let mut pushed = Pushed::default();
    let bar = output::progress(global, "pushing events");
    for (index, file) in files.into_iter().enumerate() {
        let mut lines = Lines::new(file.as_bytes(), &checks);
        while let Some(line) = lines.next()? {
            let line = line.map_err(|problem| fault(lines.number(), &problem.to_string()))?;
            let answers = sender.send(line).await?;
            pushed.note(index, answers)?;
            bar.to(pushed.ids.len() as u64, 0);
        }
        let rest = sender.finish().await?;
        pushed.note(index, rest)?;
    }
    bar.finish();
    Ok(pushed)
}

/// A sender with one connection for each author in the files.
async fn connected(global: &Global, checks: &Checks, files: &[&str]) -> Result<Sender, Failure> {
    let any = Client::connect(&global.server, None).await?;
    let mut sender = Sender::new(any, global.timeout);
    let mut connections = std::collections::BTreeSet::new();
    for file in files {
        let mut lines = Lines::new(file.as_bytes(), checks);
        while let Some(line) = lines.next()? {
            let line = line.map_err(|problem| fault(lines.number(), &problem.to_string()))?;
            if connections.insert(line.agency.clone()) {
                let client = Client::connect(&global.server, Some(&line.agency)).await?;
                sender = sender.with(line.agency, client);
            }
        }
    }
    Ok(sender)
}

fn fault(line: u64, what: &str) -> Failure {
    Failure::new(
        Exit::Other,
        format!("the built-in sample, line {line}: {what}"),
    )
}

impl Pushed {
    fn note(&mut self, file: usize, answers: Vec<Answer>) -> Result<(), Failure> {
        for answer in answers {
            let receipt = answer
                .outcome
                .map_err(|refusal| fault(answer.line, &refusal.message))?;
            self.ids
                .insert(receipt.position, answer.event_id.to_string());
            let counts = self.counts.entry(answer.agency).or_default();
            if let Some(count) = counts.get_mut(file) {
                *count = count.saturating_add(1);
            }
        }
        Ok(())
    }
}
