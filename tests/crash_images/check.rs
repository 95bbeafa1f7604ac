//! Opens an image with the code that serves, and holds it against what clients had been told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use caseledger::cli::{Machine, open_directory};
use caseledger::domain::id::{AgencyId, EventId};
use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::digest::{Link, TreeHash};
use caseledger::ledger::entry::EntryKind;
use caseledger::ledger::note::VerifierKey;
use caseledger::ledger::own::OwnEvent;
use caseledger::ledger::receipt::Receipt;
use caseledger::ledger::tree::MemoryTree;
use caseledger::service::Service;
use caseledger::service::access::Caller;
use caseledger::service::read::{Read, Shown, Which};
use data_encoding::HEXLOWER;

use crate::recorder::{ORIGIN, afterwards, ledger};
use crate::trace::{Call, Step, Trace};

/// What a client was told.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// This event of this agency is in the ledger; the proof.
    Entry(AgencyId, EventId, Receipt),
    /// This is the newest checkpoint.
    Shown(SignedCheckpoint),
    /// An order to erase stands here and names that position; its link.
    Order(u64, u64, Link),
}

/// Everything that clients were told while the run was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    key: VerifierKey,
    /// With the step of the trace at which it was told, in order.
    said: Vec<(usize, Said)>,
}

fn text(hex: &str) -> String {
    String::from_utf8(HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap()
}

impl Told {
    /// Reads the lines that the recorded program wrote; every checkpoint's signature is verified here, once.
    pub(crate) fn of(trace: &Trace) -> Self {
        let steps = trace.steps.iter().enumerate();
        Self::heard(steps.filter_map(|(at, step)| match step {
            Step::Start(call) => match &trace.calls[*call] {
                Call::Ack(line) => Some((at, line.as_str())),
                Call::Create(_)
                | Call::Write { .. }
                | Call::Truncate { .. }
                | Call::Sync(_)
                | Call::Mkdir(_)
                | Call::Unlink(_)
                | Call::Rename { .. } => None,
            },
            Step::End(_) => None,
        }))
        .unwrap()
    }

    /// The same from lines, each with when it was said; `None` when nothing was.
    pub(crate) fn heard<'l>(lines: impl Iterator<Item = (usize, &'l str)>) -> Option<Self> {
        let mut key: Option<VerifierKey> = None;
        let mut said = Vec::new();
        for (at, line) in lines {
            match line.split_once(' ').unwrap() {
                ("key", line) => key = Some(line.parse().unwrap()),
                (word, line) => said.push((at, hear(word, line, key.as_ref().unwrap()))),
            }
        }
        Some(Self { key: key?, said })
    }

    /// How many events were acknowledged.
    pub(crate) fn receipts(&self) -> usize {
        let entries = self.said.iter();
        entries
            .filter(|(_, said)| matches!(said, Said::Entry(..)))
            .count()
    }

    /// What had been told before this step.
    pub(crate) fn before(&self, cut: usize) -> &[(usize, Said)] {
        &self.said[..self.said.partition_point(|(at, _)| *at < cut)]
    }
}

fn hear(word: &str, line: &str, key: &VerifierKey) -> Said {
    let signed = |note: &str| SignedCheckpoint::open(&text(note), key).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    match (word, &words[..]) {
        (
            "entry",
            [
                agency,
                event,
                position,
                case_seq,
                link,
                appended,
                note,
                proof,
            ],
        ) => {
            let proof = HEXLOWER.decode(proof.as_bytes()).unwrap();
            let (hashes, rest) = proof.as_chunks::<32>();
            assert!(rest.is_empty());
            let receipt = Receipt {
                position: position.parse().unwrap(),
                case_seq: case_seq.parse().unwrap(),
                link: link.parse().unwrap(),
                appended: appended.parse().unwrap(),
                checkpoint: signed(note),
                proof: hashes.iter().map(|hash| TreeHash::new(*hash)).collect(),
            };
            Said::Entry(agency.parse().unwrap(), event.parse().unwrap(), receipt)
        }
        ("shown", [note]) => Said::Shown(signed(note)),
        ("order", [position, target, link]) => Said::Order(
            position.parse().unwrap(),
            target.parse().unwrap(),
            link.parse().unwrap(),
        ),
        _ => panic!("{word} {line}"),
    }
}

macro_rules! ensure {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err(format!($($what)+));
        }
    };
}

/// A ledger as it was read.
struct Found {
    entries: Vec<Read>,
    tree: MemoryTree,
}

/// Opens the ledger on the disk, checks it, appends to it, and does both again when `again`.
pub(crate) async fn check(
    (disk, machine): (&Path, &Machine),
    told: &Told,
    cut: usize,
    again: bool,
) -> Result<(), String> {
    for round in 0..=u64::from(again) {
        let machine = machine.clone();
        let opened = open_directory(&ledger(disk), ORIGIN, machine);
        let service = opened.map_err(|(_, text)| format!("start {round} refused: {text}"))?;
        let checked = served(&service, told, cut, round).await;
        service.stop().await.map_err(|error| error.to_string())?;
        checked?;
    }
    Ok(())
}

async fn served(service: &Service, told: &Told, cut: usize, round: u64) -> Result<(), String> {
    let said = told.before(cut);
    ensure!(
        said.is_empty() || service.verifier_key() == told.key.to_string(),
        "the ledger has another key"
    );
    let found = read(service).await?;
    promises(&found, said)?;
    erasures(&found, said)?;
    for (_, said) in said.iter().step_by(1 + said.len() / 20) {
        let Said::Entry(agency, event, receipt) = said else {
            continue;
        };
        let which = Which::Event(agency.clone(), *event);
        let read = service.entry(which).await.map_err(|e| e.to_string())?;
        ensure!(
            read.entry.position() == receipt.position,
            "event {event} is found at {}, not {}",
            read.entry.position(),
            receipt.position
        );
    }
    goes_on(service, found, round).await
}

/// Every entry by position, each read as a reader would.
async fn read(service: &Service) -> Result<Found, String> {
    let size = service.head().size;
    let (mut entries, mut tree) = (Vec::new(), MemoryTree::new());
    let mut once = BTreeSet::new();
    for position in 0..size {
        let read = service.entry(Which::Position(position)).await;
        let read = read.map_err(|error| format!("position {position}: {error}"))?;
        let kind = read.entry.kind();
        if kind == EntryKind::CaseEvent || kind == EntryKind::RegistryEvent {
            let key = (read.entry.agency().to_owned(), read.entry.event_id());
            ensure!(once.insert(key), "position {position} repeats an event");
        }
        tree.append(read.entry.leaf_hash());
        entries.push(read);
    }
    ensure!(
        tree.root() == service.head().root,
        "the head has another root than its entries"
    );
    Ok(Found { entries, tree })
}

/// Nothing that was acknowledged is lost, moved or changed, and no size has two roots.
fn promises(found: &Found, said: &[(usize, Said)]) -> Result<(), String> {
    let size = found.tree.size();
    for (_, said) in said {
        match said {
            Said::Entry(_, event, receipt) => {
                let position = receipt.position;
                let read = usize::try_from(position).ok();
                let read = read.and_then(|at| found.entries.get(at));
                let read =
                    read.ok_or_else(|| format!("position {position} is lost: {size} entries"))?;
                ensure!(
                    read.entry.event_id() == event.0,
                    "another event stands at {position}"
                );
                let holds = receipt.check(read.entry.header());
                holds.map_err(|error| format!("the receipt of {position}: {error}"))?;
                same_history(&receipt.checkpoint, found)?;
            }
            Said::Shown(signed) => same_history(signed, found)?,
            Said::Order(..) => {}
        }
    }
    Ok(())
}

/// A checkpoint that a client holds must be one of this very ledger.
fn same_history(signed: &SignedCheckpoint, found: &Found) -> Result<(), String> {
    let checkpoint = signed.checkpoint();
    ensure!(
        found.tree.root_at(checkpoint.size) == Some(checkpoint.root),
        "size {} was signed with another root; {} entries",
        checkpoint.size,
        found.tree.size()
    );
    Ok(())
}

/// What an order in the log names is gone, everything else can be read, and no order that was told is lost.
fn erasures(found: &Found, said: &[(usize, Said)]) -> Result<(), String> {
    let mut orders = BTreeMap::new();
    for read in &found.entries {
        let entry = &read.entry;
        if let (EntryKind::ErasureOrder, Shown::Proven(content)) = (entry.kind(), &read.shown)
            && let Ok(OwnEvent::ErasureOrder { position, .. }) =
                OwnEvent::decode(entry.kind(), &content.event)
        {
            orders.insert(entry.position(), (position, entry.link()));
        }
    }
    for (_, said) in said {
        let Said::Order(position, target, link) = said else {
            continue;
        };
        ensure!(
            orders.get(position) == Some(&(*target, *link)),
            "the order at {position} is lost"
        );
    }
    let targets: BTreeSet<u64> = orders.values().map(|(target, _)| *target).collect();
    for read in &found.entries {
        let position = read.entry.position();
        let erased = read.shown == Shown::Erased;
        ensure!(
            erased == targets.contains(&position),
            "position {position}: erased is {erased}"
        );
    }
    Ok(())
}

/// The ledger takes a new event, and its receipt holds in the tree that went before.
async fn goes_on(service: &Service, found: Found, round: u64) -> Result<(), String> {
    let caller = Caller::development(Some("csc".parse().unwrap()));
    let within = Duration::from_mins(1);
    let receipt = service.append(&caller, afterwards(round), within).await;
    let receipt = receipt.map_err(|error| format!("nothing more is appended: {error}"))?;
    let position = receipt.placement.position;
    let read = service.entry(Which::Position(position)).await;
    let read = read.map_err(|error| error.to_string())?;
    let mut tree = found.tree;
    ensure!(
        position == tree.size(),
        "the new event stands at {position}"
    );
    tree.append(read.entry.leaf_hash());
    ensure!(
        tree.root() == receipt.checkpoint.checkpoint().root,
        "the new checkpoint is not of the entries before it"
    );
    Ok(())
}
