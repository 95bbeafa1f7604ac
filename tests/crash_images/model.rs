//! Many images of one recording, each at a cut and in a model of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use caseledger::cli::Machine;

use crate::check::{Told, check};
use crate::disk::{Disk, MODELS, Model};
use crate::rng::Rng;
use crate::trace::{Call, Step, Trace};

/// Images are opened on this many threads.
const WORKERS: usize = 2;
/// Opening and checking one image may take this long.
const PATIENCE: Duration = Duration::from_mins(2);

/// The number in an environment variable.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// What came of many images.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) images: u64,
    pub(crate) by_model: BTreeMap<Model, u64>,
    /// By what was being done when the power was cut.
    pub(crate) by_kind: BTreeMap<&'static str, u64>,
    /// Images in which something had been acknowledged.
    pub(crate) with_promises: u64,
    pub(crate) failed: Vec<String>,
}

impl Run {
    pub(crate) fn say(&self, what: &str) {
        println!(
            "{what}: seed {}, {} images {:?}, cut at {:?}, {} with something acknowledged, {} failed",
            self.seed,
            self.images,
            self.by_model,
            self.by_kind,
            self.with_promises,
            self.failed.len()
        );
    }

    /// The first failures.
    pub(crate) fn story(&self) -> String {
        let first: Vec<&str> = self.failed.iter().take(10).map(String::as_str).collect();
        format!("{} failed: {}", self.failed.len(), first.join("\n"))
    }
}

/// Which steps are of one kind of file, so that rare ones are cut as often as frequent ones.
fn kinds(trace: &Trace) -> BTreeMap<&'static str, Vec<usize>> {
    let mut kinds: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (at, step) in trace.steps.iter().enumerate() {
        let (Step::Start(call) | Step::End(call)) = step;
        let kind = match &trace.calls[*call] {
            Call::Ack(_) => "acknowledgement",
            Call::Mkdir(_) | Call::Rename { .. } | Call::Unlink(_) | Call::Create(_) => "names",
            Call::Sync(_) => "syncs",
            Call::Write { path, .. } | Call::Truncate { path, .. } => match path.as_str() {
                "ledger/journal/db" => "db",
                "ledger/head" | "ledger/head.new" => "head",
                "ledger/keys" | "ledger/keys.new" => "keys",
                _ => "others",
            },
        };
        kinds.entry(kind).or_default().push(at);
    }
    kinds
}

/// A directory for images: in memory where there is one, because what they promise of a power cut is known already.
pub(crate) fn room() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    tempfile::tempdir_in(memory).unwrap_or_else(|_none| tempfile::tempdir().unwrap())
}

/// What came of one image.
struct Outcome {
    model: Model,
    kind: &'static str,
    told: bool,
    result: Result<(), String>,
}

/// Image `number` of a recording.
fn image(
    disk: &Disk,
    told: &Told,
    kinds: &BTreeMap<&'static str, Vec<usize>>,
    (seed, number): (u64, u64),
) -> Outcome {
    let mut rng = Rng::new(seed ^ number.wrapping_mul(0xA076_1D64_78BD_642F));
    let model = MODELS[usize::try_from(number % 3).unwrap()];
    let among = if rng.chance(30) {
        kinds.get_key_value("db")
    } else {
        kinds.iter().nth(rng.below(kinds.len()))
    };
    let (kind, steps) = among.unwrap();
    let cut = steps[rng.below(steps.len())] + rng.below(2);
    let place = room();
    disk.image(cut, model, &mut rng, place.path());
    let again = rng.chance(25);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let result = runtime.block_on(check((place.path(), &Machine::real()), told, cut, again));
    if result.is_err() && std::env::var_os("CRASH_KEEP").is_some() {
        let kept = place.keep();
        println!("image {number} is kept in {}", kept.display());
    }
    let result =
        result.map_err(|what| format!("image {number} (cut {cut} at {kind}, {model:?}): {what}"));
    let told = !told.before(cut).is_empty();
    Outcome {
        model,
        kind,
        told,
        result,
    }
}

/// Makes and checks that many images.
pub(crate) fn run(trace: &Trace, images: u64, seed: u64) -> Run {
    println!("CRASH_SEED={seed} CRASH_IMAGES={images}");
    let (disk, told) = (Disk::of(trace), Told::of(trace));
    let kinds = kinds(trace);
    // One image of a run can be looked at alone.
    let only = number("CRASH_ONLY");
    let (first, images) = only.map_or((0, images), |only| (only, only + 1));
    let next = AtomicU64::new(first);
    let mut run = Run {
        seed,
        images,
        ..Run::default()
    };
    std::thread::scope(|scope| {
        let (to, results) = mpsc::channel();
        for _ in 0..WORKERS {
            let (to, disk, told, kinds, next) = (to.clone(), &disk, &told, &kinds, &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= images {
                        return;
                    }
                    to.send(image(disk, told, kinds, (seed, number))).unwrap();
                }
            });
        }
        drop(to);
        for _ in first..images {
            let result = results.recv_timeout(PATIENCE);
            let outcome = result.unwrap_or_else(|_timeout| hung(seed, &next));
            *run.by_model.entry(outcome.model).or_default() += 1;
            *run.by_kind.entry(outcome.kind).or_default() += 1;
            run.with_promises += u64::from(outcome.told);
            run.failed.extend(outcome.result.err());
        }
    });
    run
}

/// An image that never opens cannot be waited for.
fn hung(seed: u64, next: &AtomicU64) -> ! {
    let last = next.load(Ordering::SeqCst);
    println!("CRASH_SEED={seed}: an image before number {last} does not open");
    std::process::abort();
}
