//! One run of the program with one fault, and what is left of the ledger.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use caseledger::cli::{Machine, open_directory};

use super::program::{LINGER, PLACE};
use crate::check::{Told, check};
use crate::model::room;
use crate::recorder::{Acks, ORIGIN, client_of, disk, ledger, machine, order_erasure};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the failing call leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// All of its effect.
    Kept,
    /// The first half of what was to be written.
    Half,
    /// Nothing; of a sync also: nothing of what was written since the one before.
    Lost,
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Half => "half",
            Self::Lost => "lost",
        }
    }
}

/// Which calls are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// Whether the program finds a ledger, or makes one.
    pub(crate) new: bool,
    pub(crate) step: String,
    pub(crate) call: String,
    pub(crate) file: String,
}

impl Kind {
    /// The error that such a call gives when a disk, or the table of open files, is full, or a disk is broken.
    fn error(&self) -> i32 {
        match self.call.as_str() {
            "open" => 24,
            "write" | "mkdir" | "truncate" => 28,
            _sync_rename_unlink => 5,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.new { "new " } else { "old " };
        write!(f, "{of}{} {} {}", self.step, self.call, self.file)
    }
}

/// One call that fails.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// Which of its kind, from 1.
    pub(crate) number: usize,
    pub(crate) how: How,
}

/// What happened after the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum After {
    /// The start was refused.
    Refused,
    /// The ledger went on: the next request was answered with a receipt.
    GoesOn,
    /// The ledger takes nothing more until it is started anew.
    Poisoned,
    /// The fault came after the last request, and the stop counts as clean.
    Clean,
    /// The fault came after the last request, and the next start knows of it.
    Unclean,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) after: After,
    pub(crate) receipts: usize,
    /// What a person was told.
    pub(crate) words: Vec<String>,
}

/// A ledger with some entries, an erasure order that no start has seen, and the marker of an unclean stop.
pub(crate) async fn base(place: &Path) {
    let root = ledger(&disk(place));
    fs::create_dir(disk(place)).unwrap();
    let acks = Acks::open(place);
    let service = open_directory(&root, ORIGIN, machine()).unwrap();
    acks.say(&format!("key {}", service.verifier_key()));
    for client in 0..3 {
        client_of(&service, &acks, (9, client), 4).await;
    }
    service.stop().await.unwrap();
    drop(service);
    order_erasure(&root, &acks);
    fs::write(root.join("head.running"), "").unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, to) = (
            entry.as_ref().unwrap(),
            to.join(entry.as_ref().unwrap().file_name()),
        );
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A place with a copy of the base, or with nothing.
fn place(base: &Path, new: bool) -> tempfile::TempDir {
    let place = room();
    if new {
        fs::create_dir(disk(place.path())).unwrap();
    } else {
        copy(base, place.path());
    }
    fs::create_dir(place.path().join("tmp")).unwrap();
    place
}

/// Runs the program in a place; with a fault or only counted.
fn program(shim: &Path, place: &Path, fault: Option<&Fault>) -> Result<(), String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "faults::program::faulty_program", "--nocapture"])
        .env("LD_PRELOAD", shim)
        .env("FAULT_ROOT", place)
        .env("FAULT_LOG", place.join("calls"))
        .env("FAULT_TOLD", place.join("acks"))
        .env("TMPDIR", place.join("tmp"))
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(Fault { kind, number, how }) = fault {
        let Kind {
            step, call, file, ..
        } = kind;
        let at = format!(
            "{step} {call} {file} {number} {} {}",
            how.word(),
            kind.error()
        );
        command.env("FAULT_AT", at);
        if call == "sync" && *how == How::Lost {
            command.env("FAULT_SHADOW", place.join("shadow"));
        }
    }
    if fault.is_none_or(|fault| fault.kind.step == "linger") {
        command.env(LINGER, "1");
    }
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        stderr.read_to_end(&mut said).unwrap();
        String::from_utf8_lossy(&said).into_owned()
    });
    let step = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if waited > PATIENCE => {
                let threads = threads(child.id());
                child.kill().unwrap();
                child.wait().unwrap();
                let said = said.join().unwrap();
                return Err(format!("it hangs: {threads:?} {said}"));
            }
            None => std::thread::sleep(step),
        }
        waited += step;
    };
    let said = said.join().unwrap();
    if status.success() {
        Ok(())
    } else {
        Err(format!("it ended with {status}: {said}"))
    }
}

/// What the threads of a process wait for, as far as the kernel says.
fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let of_task = |task: PathBuf| {
        let (name, wait) = (read(task.join("comm")), read(task.join("wchan")));
        format!("{} {}", name.trim(), wait.trim())
    };
    tasks.map(|task| of_task(task.unwrap().path())).collect()
}

/// How often each kind of call is made when none fails.
pub(crate) fn count(shim: &Path, base: &Path, new: bool) -> BTreeMap<Kind, usize> {
    let place = place(base, new);
    program(shim, place.path(), None).unwrap();
    let mut counted = BTreeMap::new();
    for line in fs::read_to_string(place.path().join("calls"))
        .unwrap()
        .lines()
    {
        let [step, call, file] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let kind = Kind {
            new,
            step: step.to_owned(),
            call: call.to_owned(),
            file: file.to_owned(),
        };
        *counted.entry(kind).or_default() += 1;
    }
    counted
}

/// Runs the program with a fault, opens what is left and verifies it. `None` when the call was not made this time.
pub(crate) fn run(shim: &Path, base: &Path, fault: &Fault) -> Result<Option<Outcome>, String> {
    let place = place(base, fault.kind.new);
    let place = place.path();
    program(shim, place, Some(fault))?;
    let lines = fs::read_to_string(place.join("acks")).unwrap_or_default();
    let lines: Vec<&str> = lines.lines().collect();
    let Some(at) = lines.iter().position(|line| line.starts_with("fault ")) else {
        return Ok(None);
    };
    if fault.kind.call == "sync" && fault.how == How::Lost {
        let base = (!fault.kind.new).then_some(base);
        lose(base, place, &fault.kind.file);
    }
    let told = lines.iter().enumerate();
    let told = told.filter(|(_, line)| {
        let word = line.split(' ').next().unwrap();
        ["key", "entry", "shown", "order"].contains(&word)
    });
    let told = Told::heard(told.map(|(at, line)| (at, *line)));
    let receipts = told.as_ref().map_or(0, Told::receipts);
    reload(place, fault, told.as_ref())?;
    verify(place)?;
    let words = lines[at..].iter();
    let words = words.filter(|line| line.starts_with("refused ") || line.starts_with("no "));
    Ok(Some(Outcome {
        after: after(&lines[at..])?,
        receipts,
        words: words.map(|line| (*line).to_owned()).collect(),
    }))
}

/// Opens what is left with the code that serves, twice.
fn reload(place: &Path, fault: &Fault, told: Option<&Told>) -> Result<(), String> {
    // What a lost sync took shows only when the machine starts anew.
    let machine = if fault.how == How::Lost && fault.kind.call == "sync" {
        Machine::real()
    } else {
        machine()
    };
    let Some(told) = told else {
        // Nobody was told anything: it is enough that it starts.
        let opened = open_directory(&ledger(&disk(place)), ORIGIN, machine);
        return opened
            .map(drop)
            .map_err(|(_, text)| format!("the next start is refused: {text}"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(check((&disk(place), &machine), told, usize::MAX, true))
}

/// The program itself finds nothing wrong in the files.
pub(crate) fn verify(place: &Path) -> Result<String, String> {
    let done = Command::new(env!("CARGO_BIN_EXE_caseledger"))
        .args(["verify", "store", "--store"])
        .arg(ledger(&disk(place)))
        .output()
        .unwrap();
    // 7: remains of a write that was cut short may stand beside the whole one.
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    match done.status.code() {
        Some(0 | 7) => Ok(said),
        code => Err(format!("verify store ends with {code:?}: {said}")),
    }
}

/// Takes back what was written to a file since it was last synced.
fn lose(base: Option<&Path>, place: &Path, file: &str) {
    let path = ledger(&disk(place)).join(file);
    if !path.is_file() {
        return;
    }
    let before = base.map(|base| ledger(&disk(base)).join(file));
    let shadow = [Some(place.join("shadow")), before];
    let shadow: Option<&PathBuf> = shadow.iter().flatten().find(|path| path.exists());
    let bytes = shadow.map_or_else(Vec::new, |shadow| fs::read(shadow).unwrap());
    fs::write(path, bytes).unwrap();
}

/// What the lines from the fault on say.
fn after(lines: &[&str]) -> Result<After, String> {
    let begins = |word: &str| lines.iter().any(|line| line.starts_with(word));
    let last = lines.iter().rev().find(|line| {
        let word = line.split(' ').next().unwrap();
        ["entry", "doubt", "no"].contains(&word)
    });
    match last.map(|line| line.split(' ').next().unwrap()) {
        None if begins("refused ") => Ok(After::Refused),
        None if begins("unclean ") => Ok(After::Unclean),
        None if begins("closed") => Ok(After::Clean),
        Some("entry") => Ok(After::GoesOn),
        Some("doubt") => Ok(After::Poisoned),
        _other => Err(format!("it neither went on nor stopped: {lines:?}")),
    }
}
