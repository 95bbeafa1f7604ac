//! `entry import`: a file of events into the ledger. The whole file is checked before anything is sent, and sending it
//! again stores nothing twice.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use data_encoding::HEXLOWER;

use crate::cli::args::Global;
use crate::cli::ask;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::json_lines::{Checks, Line, Lines, Problem};
use crate::cli::output::rows::{Column, Rows};
use crate::cli::output::{self, Progress};
use crate::domain::id::{AgencyId, CaseId};
use crate::grpc::client::{Client, Code};
use crate::grpc::pb;

use super::send::{Answer, Sender};

/// Most problems that are shown; the rest is counted.
const PROBLEMS_SHOWN: usize = 20;

const COLUMNS: &[Column] = &[
    ("line", 6),
    ("agency", 10),
    ("eventId", 36),
    ("position", 9),
    ("caseSeq", 8),
    ("appended", 27),
    ("link", 64),
    ("state", 12),
];

/// Checks a file and, unless this is a dry run, appends its events.
pub(super) async fn import(global: &Global, path: &Path, dry_run: bool) -> Result<Exit, Failure> {
    let named = |error: std::io::Error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound {
            Exit::NotFound
        } else {
            Exit::Other
        };
        Failure::new(exit, format!("{}: {error}", path.display()))
    };
    let mut file = File::open(path).map_err(named)?;
    if !file.metadata().map_err(named)?.is_file() {
        let what = format!("{}: it is read twice, so it must be a file", path.display());
        return Err(Failure::new(Exit::Usage, what).advise("save it to a file first"));
    }
    let checks = super::checks()?;
    let mut found = check(global, &file, &checks)?;
    if found.events == 0 && found.problems.is_empty() {
        let what = format!("{}: there is no event in it", path.display());
        return Err(Failure::new(Exit::InputRejected, what));
    }
    let client = match ask::connect(global).await {
        Ok(client) => Some(client),
        Err(failure) if !dry_run => return Err(failure),
        Err(_no_server) => None,
    };
    match client.clone() {
        Some(client) => found.ask_for_cases(client).await?,
        None if !found.needed.is_empty() => output::say(&format!(
            "no server answers, so {} cases that the file does not open were not looked up",
            found.needed.len()
        )),
        None => {}
    }
    if found.say(path) {
        return Ok(Exit::InputRejected);
    }
    let Some(client) = client.filter(|_| !dry_run) else {
        output::say(&format!("{}; nothing was written (dry run)", found.ready()));
        return Ok(Exit::Done);
    };
    file.rewind().map_err(named)?;
    let sender = Sender::new(client, global.timeout);
    send(global, path, &file, (&checks, &found), sender).await
}

/// What the check of a file found.
#[derive(Default)]
struct Found {
    events: u64,
    agencies: BTreeSet<AgencyId>,
    /// Cases that the file opens, with the line.
    opened: BTreeMap<CaseId, u64>,
    /// Cases that it does not open before it names them, with the first such line.
    needed: BTreeMap<CaseId, u64>,
    /// Ids used so far: where, and a digest of the event. About 150 bytes an event.
    ids: BTreeMap<(AgencyId, [u8; 16]), (u64, [u8; 32])>,
    problems: Vec<(u64, Problem)>,
    problems_more: u64,
}

fn check(global: &Global, file: &File, checks: &Checks) -> Result<Found, Failure> {
    let all = file.metadata()?.len();
    let bar = output::progress(global, "checking");
    let mut lines = Lines::new(BufReader::new(file), checks);
    let mut found = Found::default();
    while let Some(line) = lines.next()? {
        found.line(global, lines.number(), line);
        bar.to(lines.bytes(), all);
    }
    bar.finish();
    Ok(found)
}

impl Found {
    fn line(&mut self, global: &Global, number: u64, line: Result<Line, Problem>) {
        self.events = self.events.saturating_add(1);
        match line {
            Err(problem) => self.problem(number, problem),
            Ok(line) => self.event(global, &line),
        }
    }

    fn event(&mut self, global: &Global, line: &Line) {
        let number = line.number;
        let other = global.agency.as_deref();
        if other.is_some_and(|agency| agency != line.agency.as_str()) {
            let remedy = "an agency sends its own events only; leave out --agency to send as each line's author";
            self.problem(
                number,
                Problem::new("agency", "is another than --agency", remedy),
            );
        }
        let digest = *blake3::hash(&line.event).as_bytes();
        match self.ids.entry((line.agency.clone(), line.event_id.0)) {
            Slot::Vacant(slot) => {
                slot.insert((number, digest));
            }
            Slot::Occupied(slot) if slot.get().1 != digest => {
                let what = format!("stands on line {} with another event", slot.get().0);
                let remedy = "give each event its own random UUID";
                self.problem(number, Problem::new("eventId", what, remedy));
            }
            // The same event again: the ledger stores it once.
            Slot::Occupied(_) => return,
        }
        self.agencies.insert(line.agency.clone());
        let Some(case) = &line.case_id else { return };
        match self.opened.get(case) {
            Some(first) if line.opens => {
                let what = format!("is opened on line {first} already");
                let remedy = "a case is opened once, by one agency";
                self.problem(number, Problem::new("event.case_id", what, remedy));
            }
            Some(_) => {}
            None if line.opens => {
                self.opened.insert(case.clone(), number);
            }
            None => {
                self.needed.entry(case.clone()).or_insert(number);
            }
        }
    }

    fn problem(&mut self, line: u64, problem: Problem) {
        if self.problems.len() < PROBLEMS_SHOWN {
            self.problems.push((line, problem));
        } else {
            self.problems_more = self.problems_more.saturating_add(1);
        }
    }

    /// Asks the server for each case that the file adds to and does not open.
    async fn ask_for_cases(&mut self, mut client: Client) -> Result<(), Failure> {
        for (case, line) in std::mem::take(&mut self.needed) {
            match client.read_case(case.as_str(), 1, 1).await {
                Ok(_entries) => {}
                Err(status) if status.code() == Code::NotFound => {
                    let remedy = "a case begins with case.opened, before any other event of it";
                    let what = "names a case that does not exist";
                    self.problem(line, Problem::new("event.case_id", what, remedy));
                }
                Err(status) => return Err(status.into()),
            }
        }
        Ok(())
    }

    /// Says what is wrong, if anything is.
    fn say(&mut self, path: &Path) -> bool {
        let all = (self.problems.len() as u64).saturating_add(self.problems_more);
        if all == 0 {
            return false;
        }
        self.problems.sort_by_key(|(line, _)| *line);
        for (line, problem) in &self.problems {
            output::say(&format!("error: {}:{line}: {problem}", path.display()));
        }
        if self.problems_more > 0 {
            output::say(&format!("and {} more", self.problems_more));
        }
        output::say(&format!(
            "nothing was written: {all} problems in {} lines",
            self.events
        ));
        true
    }

    fn ready(&self) -> String {
        format!(
            "{} events of {} agencies are ready",
            self.events,
            self.agencies.len()
        )
    }
}

/// Appending the events of a file, and what became of them.
struct Sending {
    rows: Rows,
    bar: Progress,
    all: u64,
    new: u64,
    duplicates: u64,
    refused: Vec<Answer>,
}

async fn send(
    global: &Global,
    path: &Path,
    file: &File,
    (checks, found): (&Checks, &Found),
    mut sender: Sender,
) -> Result<Exit, Failure> {
    let mut lines = Lines::new(BufReader::new(file), checks);
    let mut sending = Sending {
        rows: Rows::new("Receipts", COLUMNS, global.format),
        bar: output::progress(global, "appending"),
        all: found.events,
        new: 0,
        duplicates: 0,
        refused: Vec::new(),
    };
    let ended = sending.run(path, &mut lines, &mut sender).await;
    sending.bar.finish();
    let summary = format!(
        "appended {} events of {} agencies; {} were there already",
        sending.new,
        found.agencies.len(),
        sending.duplicates
    );
    sending.rows.finish(std::slice::from_ref(&summary))?;
    for answer in sending.refused.iter().take(PROBLEMS_SHOWN) {
        if let Err(refusal) = &answer.outcome {
            let problem = problem(refusal);
            output::say(&format!(
                "error: {}:{}: {problem}",
                path.display(),
                answer.line
            ));
        }
    }
    output::say(&summary);
    ended?;
    Ok(exit(&sending.refused))
}

impl Sending {
    /// Sends every event, until one is refused.
    async fn run(
        &mut self,
        path: &Path,
        lines: &mut Lines<'_, BufReader<&File>>,
        sender: &mut Sender,
    ) -> Result<(), Failure> {
        let changed = || {
            let what = format!("{}: the file was changed meanwhile", path.display());
            Failure::new(Exit::Other, what)
                .advise("import it again: what is already there is not stored twice")
        };
        let mut read = 0_u64;
        while self.refused.is_empty()
            && let Some(line) = lines.next()?
        {
            read = read.saturating_add(1);
            let line = line.map_err(|_problem| changed())?;
            let answers = sender.send(line).await?;
            self.note(answers)?;
        }
        let rest = sender.finish().await?;
        self.note(rest)?;
        if self.refused.is_empty() && read != self.all {
            return Err(changed());
        }
        Ok(())
    }

    fn note(&mut self, answers: Vec<Answer>) -> Result<(), Failure> {
        for answer in answers {
            let receipt = match &answer.outcome {
                Ok(receipt) => receipt,
                Err(_refusal) => {
                    self.refused.push(answer);
                    continue;
                }
            };
            let state = if receipt.duplicate {
                self.duplicates = self.duplicates.saturating_add(1);
                "there already"
            } else {
                self.new = self.new.saturating_add(1);
                "appended"
            };
            let cells = [
                answer.line.to_string(),
                answer.agency.to_string(),
                answer.event_id.to_string(),
                receipt.position.to_string(),
                receipt.case_seq.to_string(),
                super::instant(receipt.appended_time.map(|t| (t.seconds, t.nanos))),
                HEXLOWER.encode(&receipt.link),
                state.to_owned(),
            ];
            self.rows.row(&cells, None)?;
        }
        self.bar
            .to(self.new.saturating_add(self.duplicates), self.all);
        Ok(())
    }
}

/// A refusal of the server, as a problem of the line.
fn problem(refusal: &pb::AppendRefusal) -> Problem {
    if refusal.field.is_empty() {
        let remedy = if refusal.retry_after_seconds > 0 {
            "import the file again in a moment: what is already there is not stored twice"
        } else {
            "the events before it were appended; correct the line and import the file again"
        };
        Problem::new("", refusal.message.clone(), remedy)
    } else {
        Problem::new(refusal.field.clone(), refusal.remedy.clone(), "")
    }
}

fn exit(refused: &[Answer]) -> Exit {
    let passing = |answer: &Answer| {
        let refusal = answer.outcome.as_ref().err();
        refusal.is_some_and(|refusal| refusal.retry_after_seconds > 0)
    };
    match refused.first() {
        None => Exit::Done,
        Some(first) if passing(first) => Exit::Unavailable,
        Some(_) => Exit::InputRejected,
    }
}
