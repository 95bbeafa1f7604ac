//! `bench`: which shapes, how long, and against whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `bench`.
#[derive(Args, Clone, Debug)]
pub struct Bench {
    /// What to measure. Default: everything.
    #[arg(value_enum)]
    pub shapes: Vec<Shape>,
    /// A short run that only shows that everything works; nothing is judged.
    #[arg(long)]
    pub quick: bool,
    /// Length of one round, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Rounds of each append shape; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub rounds: u32,
    /// Length of the sustained load, in seconds. It is judged from 300 on.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub sustain: u64,
    /// Events a second that the sustained load offers, instead of as many as are taken: a latency then counts from when its
    /// event was due. Such a load is not judged.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub rate: Option<u64>,
    /// Entries of the store that is verified, killed and opened.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub entries: u64,
    /// Directory for the throw-away stores, on the disk that is to be measured. Default: the temporary directory.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Measure the server at --server instead of one of our own: its ledger keeps a case of made-up events for ever.
    #[arg(long)]
    pub running: bool,
    /// Process id of that server, to read its CPU time.
    #[arg(long, requires = "running")]
    pub pid: Option<u32>,
    /// UmaDB's server, for rounds that alternate with ours. Default: `umadb` if it is installed.
    #[arg(long, value_name = "PROGRAM")]
    pub umadb: Option<PathBuf>,
    /// Leave UmaDB out although it is installed.
    #[arg(long, conflicts_with = "umadb")]
    pub alone: bool,
}

/// One shape of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Shape {
    /// One client, one event in flight.
    One,
    /// Eight clients, one event in flight each.
    Eight,
    /// Sixty-four clients, one event in flight each.
    SixtyFour,
    /// Eight clients, a hundred events a request.
    Batch,
    /// One pipelined stream, an acknowledgement for each event.
    Stream,
    /// Two pipelined streams for minutes, the indexes following.
    Sustained,
    /// Allocation, knowledge and the state on one screen of a long case, from stored bytes.
    Case,
    /// A large store: memory when idle, opening after kill -9, verification.
    Store,
}
