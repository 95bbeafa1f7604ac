//! The append shapes: rounds of ours and of UmaDB's in turn, the medians of both, and what the machine did meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Plan;
use super::event::Events;
use super::figures::{self, duration, mebibytes, none, per_event, times, verdict};
use super::lag::Lag;
use super::load::{Done, Load, Target, agency, load};
use super::machine::{Busy, Disk, cpu_of, own_cpu, resident};
use super::place::Place;
use super::server::Server;
use crate::cli::args::{Bench, Global, Shape};
use crate::cli::directory::Directory;
use crate::cli::error::Failure;
use crate::cli::output::{self, Table};
use crate::grpc::client::Client;
use crate::service::clock::Clock;

/// The shapes and their loads, in the order of the table.
const SHAPES: [(Shape, &str, Load); 6] = [
    (
        Shape::One,
        "1 client, 1 in flight",
        Load::Requests {
            clients: 1,
            events: 1,
        },
    ),
    (
        Shape::Eight,
        "8 clients, 1 in flight",
        Load::Requests {
            clients: 8,
            events: 1,
        },
    ),
    (
        Shape::SixtyFour,
        "64 clients, 1 in flight",
        Load::Requests {
            clients: 64,
            events: 1,
        },
    ),
    (
        Shape::Batch,
        "8 clients, 100 a request",
        Load::Requests {
            clients: 8,
            events: 100,
        },
    ),
    (
        Shape::Stream,
        "1 stream, an ack each",
        Load::Streams {
            streams: 1,
            pace: None,
        },
    ),
    (
        Shape::Sustained,
        "2 streams, sustained",
        Load::Streams {
            streams: 2,
            pace: None,
        },
    ),
];

/// Shortest sustained load that is judged.
const SUSTAINED_MIN: Duration = Duration::from_mins(5);

/// A run of the append shapes.
pub(super) struct Appends<'a> {
    pub(super) plan: Plan,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) place: &'a Place,
    /// UmaDB's server, when it takes part.
    pub(super) peer: Option<PathBuf>,
    /// Why nothing at all is judged.
    pub(super) unjudged: Option<&'static str>,
}

/// The servers of a run, with what their CPU time is read from.
struct Servers {
    ours: (Target, Option<u32>),
    umadb: Option<(Target, Option<u32>)>,
    events: Events,
    // Killed when they are dropped.
    _running: Vec<Server>,
}

impl Servers {
    /// CPU time of this process and of the servers.
    fn own_cpu(&self) -> Option<Duration> {
        let umadb = self.umadb.as_ref().and_then(|(_, pid)| *pid);
        let pids: Vec<u32> = self.ours.1.into_iter().chain(umadb).collect();
        own_cpu(&pids)
    }
}

/// One round.
struct Round {
    done: Done,
    /// CPU time of the server.
    cpu: Option<Duration>,
    /// Why it cannot be judged.
    busy: Option<String>,
    /// Most entries that the indexes were seen behind, when it was looked at to the end.
    lag: Option<u64>,
}

impl Appends<'_> {
    /// Adds a row for each append shape that is wanted.
    pub(super) async fn run(
        &self,
        global: &Global,
        wanted: &Bench,
        has: &dyn Fn(Shape) -> bool,
        table: &mut Table,
    ) -> Result<(), Failure> {
        let shapes = SHAPES.into_iter().filter(|(shape, _, _)| has(*shape));
        let shapes: Vec<_> = shapes.collect();
        if shapes.is_empty() {
            return Ok(());
        }
        let servers = self.start(global, wanted).await?;
        let mut disk = Disk::new(self.place.root())?;
        for wanted in shapes {
            output::say(&format!("measuring: {}", wanted.1));
            let row = self.shape(wanted, &servers, &mut disk).await?;
            table.rows.push(row);
            if wanted.0 == Shape::Sustained {
                table.notes.extend(self.left_by(&servers));
            }
        }
        if servers.umadb.is_none() {
            let note = "UmaDB did not take part: no umadb on the path (--umadb PROGRAM)";
            table.notes.push(note.to_owned());
        }
        Ok(())
    }

    async fn start(&self, global: &Global, wanted: &Bench) -> Result<Servers, Failure> {
        let mut running = Vec::new();
        let ours = if wanted.running {
            (global.server.clone(), wanted.pid)
        } else {
            let server = Server::ours(&self.place.path("ours"))?;
            let ours = (server.address.clone(), Some(server.pid()));
            running.push(server);
            ours
        };
        let umadb = match &self.peer {
            None => None,
            Some(program) => {
                let store = self.place.path("umadb");
                std::fs::create_dir(&store)?;
                let server = Server::umadb(program, &store, self.clock.as_ref())?;
                let umadb = (Target::Umadb(server.address.clone()), Some(server.pid()));
                running.push(server);
                Some(umadb)
            }
        };
        let events = Events::new()?;
        let mut client = Client::connect(&ours.0, Some(&agency(0)?)).await?;
        client.append_batch(events.openings()?).await?;
        Ok(Servers {
            ours: (Target::Ours(ours.0), ours.1),
            umadb,
            events,
            _running: running,
        })
    }

    /// What a server of our own holds at the end of the sustained load.
    fn left_by(&self, servers: &Servers) -> Option<String> {
        let memory = resident(servers.ours.1?)?;
        let store = Directory::new(&self.place.path("ours")).blocks();
        let store = std::fs::metadata(store).ok()?;
        Some(format!(
            "after the sustained load the server has {} in RAM, and its store {} on the disk",
            mebibytes(memory),
            mebibytes(store.len())
        ))
    }

    async fn shape(
        &self,
        (shape, name, mut load): (Shape, &str, Load),
        servers: &Servers,
        disk: &mut Disk,
    ) -> Result<Vec<String>, Failure> {
        let sustained = shape == Shape::Sustained;
        let (rounds, time) = if sustained {
            (1, self.plan.sustain)
        } else {
            (self.plan.rounds, self.plan.round)
        };
        let mut name = name.to_owned();
        if let (true, Some(wanted)) = (sustained, self.plan.pace) {
            name = format!("{name} at {wanted}/s");
        }
        let mut streams = false;
        if let Load::Streams { pace, .. } = &mut load {
            streams = true;
            *pace = self.plan.pace.filter(|_| sustained);
        }
        let umadb = servers.umadb.as_ref().filter(|_| !streams);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            disk.probe(self.clock.as_ref())?;
            ours.push(self.round(&servers.ours, load, servers, time).await?);
            if let Some(umadb) = umadb {
                disk.probe(self.clock.as_ref())?;
                theirs.push(self.round(umadb, load, servers, time).await?);
            }
        }
        disk.probe(self.clock.as_ref())?;
        let busy = ours.iter().chain(&theirs).find_map(|it| it.busy.clone());
        let short = sustained && time < SUSTAINED_MIN;
        let short = short.then(|| "shorter than five minutes".to_owned());
        let paced = sustained && self.plan.pace.is_some();
        let paced = paced.then(|| "a load of its own rate".to_owned());
        let unjudged = self.unjudged.map(str::to_owned);
        let unjudged = paced.or(unjudged).or(busy).or(short);
        let lag = greatest_lag(&ours);
        Ok(row(
            shape,
            &name,
            (median(ours), median(theirs), lag),
            disk.median(),
            unjudged,
        ))
    }

    async fn round(
        &self,
        (target, pid): &(Target, Option<u32>),
        shape: Load,
        servers: &Servers,
        time: Duration,
    ) -> Result<Round, Failure> {
        let mut before = None;
        let begin = || before = Some((Busy::with(servers.own_cpu()), pid.and_then(cpu_of)));
        let lag = match (target, shape) {
            (Target::Ours(address), Load::Streams { .. }) => Some(Lag::watch(address).await?),
            (Target::Ours(_) | Target::Umadb(_), _) => None,
        };
        let done = load(target, shape, &servers.events, (self.clock, time), begin).await?;
        let cpu = pid.and_then(cpu_of);
        let (watch, used) = before.unwrap_or_default();
        Ok(Round {
            done,
            cpu: cpu.zip(used).map(|(now, used)| now.saturating_sub(used)),
            busy: watch.reason(servers.own_cpu()),
            lag: lag.and_then(|lag| lag.most()),
        })
    }
}

/// The most of all rounds; nothing when one of them was not looked at to its end.
fn greatest_lag(rounds: &[Round]) -> Option<u64> {
    let lags: Option<Vec<u64>> = rounds.iter().map(|round| round.lag).collect();
    lags?.into_iter().max()
}

/// The round of the median rate.
fn median(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by_key(|round| round.done.rate());
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

fn row(
    shape: Shape,
    name: &str,
    (ours, theirs, lag): (Option<Round>, Option<Round>, Option<u64>),
    sync: Option<Duration>,
    unjudged: Option<String>,
) -> Vec<String> {
    let rate = ours.as_ref().map_or(0, |round| round.done.rate());
    let umadb = theirs.as_ref().map(|round| round.done.rate());
    let ratio = umadb.map(|umadb| rate.saturating_mul(100) / umadb.max(1));
    let target = figures::Target::of(shape);
    let alone = || "UmaDB did not take part".to_owned();
    let (reached, missing) = match target {
        Some(figures::Target::OfUmadb(percent)) => (
            ratio.is_some_and(|ratio| ratio >= percent),
            ratio.is_none().then(alone),
        ),
        Some(figures::Target::Rate(least)) => (rate >= least, None),
        Some(figures::Target::Within(_) | figures::Target::Bytes(_)) | None => (false, None),
    };
    let unjudged = unjudged.or(missing);
    let done = ours.as_ref().map(|round| &round.done);
    let latency = |percent| {
        let time = done.and_then(|done| done.percentile(percent));
        time.map_or_else(none, duration)
    };
    let mut measured = vec![format!("{rate}/s")];
    let slowest = done.and_then(Done::slowest);
    measured.extend(slowest.map(|slowest| format!("never under {slowest}/s")));
    measured.extend(lag.map(|lag| format!("indexes seen at most {lag} behind")));
    let cpu = ours
        .as_ref()
        .and_then(|round| round.cpu.map(|cpu| per_event(cpu, round.done.events)));
    vec![
        name.to_owned(),
        measured.join(", "),
        latency(50),
        latency(99),
        cpu.unwrap_or_else(none),
        sync.map_or_else(none, duration),
        umadb.map_or_else(none, |rate| format!("{rate}/s")),
        ratio.map_or_else(none, times),
        target.map_or_else(none, figures::Target::words),
        verdict(reached, unjudged.as_deref()),
    ]
}
