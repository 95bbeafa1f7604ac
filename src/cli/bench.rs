//! `bench`: drives a real server over loopback and says what it did, beside UmaDB's in the same run.
//!
//! Every acknowledgement that is counted is durable. A figure is only judged when the machine was quiet while it was
//! taken, and when it was taken in the way that its target is about; otherwise the reason stands in its place.

mod append;
mod case;
mod event;
mod figures;
mod lag;
mod load;
mod machine;
mod place;
mod server;
mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::args::{Bench, Global, Shape};
use super::error::Failure;
use super::exit::Exit;
use super::output::{self, Table};
use super::serve;
use crate::service::clock::{Clock, SystemClock};

use self::figures::{Target, duration, mebibytes, none, verdict};
use self::load::per_second;
use self::place::Place;

const COLUMNS: [&str; 10] = [
    "shape", "measured", "p50", "p99", "cpuEvent", "sync", "umadb", "ratio", "target", "verdict",
];

/// Entries of the long case.
const CASE_ENTRIES: u64 = 10_000;
/// What the figures of the store are about.
const STORE_ENTRIES: u64 = 1_000_000;

/// Lengths and numbers of a run.
#[derive(Clone, Copy)]
struct Plan {
    quick: bool,
    rounds: u32,
    round: Duration,
    sustain: Duration,
    /// Events a second of the sustained load; as many as are taken when `None`.
    pace: Option<u64>,
    entries: u64,
    case_entries: u64,
}

impl Plan {
    fn of(wanted: &Bench) -> Self {
        let secs = Duration::from_secs;
        let quick = Self {
            quick: true,
            rounds: 1,
            round: Duration::from_millis(300),
            sustain: Duration::from_millis(600),
            pace: wanted.rate,
            entries: 1_000,
            case_entries: 200,
        };
        let whole = Self {
            quick: false,
            rounds: wanted.rounds,
            round: secs(wanted.seconds),
            sustain: secs(wanted.sustain),
            pace: wanted.rate,
            entries: wanted.entries,
            case_entries: CASE_ENTRIES,
        };
        if wanted.quick { quick } else { whole }
    }
}

/// Measures what was asked for, and prints it.
pub(super) async fn bench(global: &Global, wanted: &Bench) -> Result<Exit, Failure> {
    let interrupted = serve::stop_signal()?;
    let measured = tokio::select! {
        measured = measure(global, wanted) => measured,
        () = interrupted => Err(Failure::new(Exit::Other, "stopped before the end")),
    };
    output::table(&measured?, global.format)?;
    Ok(Exit::Done)
}

async fn measure(global: &Global, wanted: &Bench) -> Result<Table, Failure> {
    let plan = Plan::of(wanted);
    let mut shapes = wanted.shapes.clone();
    shapes.sort_unstable();
    shapes.dedup();
    let every = shapes.is_empty();
    let has = |shape| every || shapes.contains(&shape);
    if wanted.rate.is_some() && !has(Shape::Sustained) {
        let what = "--rate: is of the sustained load, which is not among the shapes";
        return Err(
            Failure::new(Exit::Usage, what).advise("name sustained too, or leave --rate out")
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let place = Place::new(wanted.dir.as_deref())?;
    let mut table = Table::new("Bench", &COLUMNS);
    let mut unjudged = plan.quick.then_some("a quick run");
    if place.is_in_memory() {
        unjudged = Some("the store is in memory: name a directory on a disk, --dir");
    } else if cfg!(debug_assertions) {
        unjudged = Some("a debug build");
    }
    let bench = append::Appends {
        plan,
        clock: &clock,
        place: &place,
        peer: peer(wanted)?,
        unjudged,
    };
    bench.run(global, wanted, &has, &mut table).await?;
    for (shape, name) in [(Shape::Case, "case"), (Shape::Store, "store")] {
        if has(shape) && wanted.running {
            table.notes.push(format!(
                "{name} is left out: it takes a server of its own, without --running"
            ));
        }
    }
    if has(Shape::Case) && !wanted.running {
        case_rows(global, &bench, &mut table).await?;
    }
    if has(Shape::Store) && !wanted.running {
        store_rows(global, &bench, &mut table).await?;
    }
    table.notes.push(format!(
        "an event has {} bytes and {} committed fields, unsigned; client and servers share {} CPUs",
        event::BYTES,
        event::FIELDS,
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
    ));
    Ok(table)
}

/// UmaDB's server: the program named, or the one that is installed.
fn peer(wanted: &Bench) -> Result<Option<PathBuf>, Failure> {
    if wanted.alone {
        return Ok(None);
    }
    if let Some(program) = &wanted.umadb {
        return if program.is_file() {
            Ok(Some(program.clone()))
        } else {
            let what = format!("--umadb: there is no file {}", program.display());
            Err(Failure::new(Exit::Usage, what))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).map(|dir| dir.join("umadb"));
    Ok(programs.into_iter().find(|program| Path::is_file(program)))
}

async fn case_rows(
    global: &Global,
    bench: &append::Appends<'_>,
    table: &mut Table,
) -> Result<(), Failure> {
    let answered = case::ask(global, bench.place, bench.plan.case_entries, bench.clock).await?;
    let unjudged = bench.unjudged.map(str::to_owned).or(answered.busy);
    let both = answered.allocation.saturating_add(answered.knowledge);
    let target = Target::Within(Duration::from_millis(150));
    let reached = both <= Duration::from_millis(150);
    let rows = [
        ("allocation", answered.allocation, none(), none()),
        ("knowledge", answered.knowledge, none(), none()),
        ("state on one screen", answered.screen, none(), none()),
        (
            "both",
            both,
            target.words(),
            verdict(reached, unjudged.as_deref()),
        ),
    ];
    for (what, time, target, verdict) in rows {
        let shape = format!("case of {} entries: {what}", answered.entries);
        plain(table, shape, duration(time), target, verdict);
    }
    Ok(())
}

async fn store_rows(
    global: &Global,
    bench: &append::Appends<'_>,
    table: &mut Table,
) -> Result<(), Failure> {
    let plan = bench.plan;
    let stored = store::measure(global, bench.place, plan.entries, plan.quick, bench.clock).await?;
    let other = (stored.entries != STORE_ENTRIES)
        .then(|| format!("the target is for {STORE_ENTRIES} entries"));
    let unjudged = bench.unjudged.map(str::to_owned).or(stored.busy);
    let sized = unjudged.clone().or(other);
    let entries = stored.entries;
    let rate = per_second(entries, stored.verifying);
    plain(
        table,
        format!("verify store of {entries} entries"),
        format!("{rate}/s"),
        Target::Rate(200_000).words(),
        verdict(rate >= 200_000, unjudged.as_deref()),
    );
    let limit = Duration::from_secs(1);
    plain(
        table,
        format!("open after kill -9 at {entries} entries"),
        duration(stored.opening),
        Target::Within(limit).words(),
        verdict(stored.opening <= limit, sized.as_deref()),
    );
    for (when, bytes) in [("filled", stored.filled), ("opened", stored.opened)] {
        let limit = 600 << 20;
        let unknown = bytes
            .is_none()
            .then(|| "this system does not tell".to_owned());
        let unjudged = sized.clone().or(unknown);
        plain(
            table,
            format!("memory, idle, {when}, {entries} entries"),
            bytes.map_or_else(none, mebibytes),
            Target::Bytes(limit).words(),
            verdict(bytes.is_some_and(|it| it <= limit), unjudged.as_deref()),
        );
    }
    Ok(())
}

/// A row with one figure.
fn plain(table: &mut Table, shape: String, measured: String, target: String, verdict: String) {
    let row = [
        shape,
        measured,
        none(),
        none(),
        none(),
        none(),
        none(),
        none(),
        target,
        verdict,
    ];
    table.row(row);
}
