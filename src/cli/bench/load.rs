//! Load on a server for a while, from clients of this process: what was acknowledged, and how long each answer took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use super::event::Events;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::domain::id::AgencyId;
use crate::grpc::client::{Client, Status};
use crate::grpc::pb::append_outcome::Outcome;
use crate::grpc::peer::{self, Umadb};
use crate::service::clock::Clock;

/// Events of one stream that are sent and not yet answered.
const IN_FLIGHT: usize = 1_024;
/// Load before the measured time begins.
const WARM_UP: Duration = Duration::from_millis(300);
/// How often the rate of a stream is noted.
pub(super) const SLICE: Duration = Duration::from_secs(10);

/// Who is measured.
#[derive(Clone)]
pub(super) enum Target {
    Ours(String),
    Umadb(String),
}

/// How it is loaded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    /// Clients with one request in flight each, of so many events.
    Requests { clients: usize, events: usize },
    /// Streams with an acknowledgement for each event, and so many events a second of all together, or as many as are
    /// taken.
    Streams { streams: usize, pace: Option<u64> },
}

/// What came of it.
#[derive(Default)]
pub(super) struct Done {
    /// Events acknowledged.
    pub(super) events: u64,
    /// How long it was measured.
    pub(super) wall: Duration,
    /// Microseconds from sending to the answer, of each request or streamed event, sorted.
    pub(super) latencies: Vec<u32>,
    /// Events acknowledged in each slice of time.
    pub(super) slices: Vec<u64>,
}

impl Done {
    /// Events a second.
    pub(super) fn rate(&self) -> u64 {
        per_second(self.events, self.wall)
    }

    /// The latency that so many of a hundred answers did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        let at = last.saturating_mul(percent) / 100;
        let micros = self.latencies.get(at)?;
        Some(Duration::from_micros(u64::from(*micros)))
    }

    /// The rate of the slowest slice.
    pub(super) fn slowest(&self) -> Option<u64> {
        let slowest = self.slices.iter().min()?;
        Some(per_second(*slowest, SLICE))
    }
}

/// So many in that time, a second.
pub(super) fn per_second(count: u64, time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// Rounds shorter than this only show that everything works: they count every answer, however late it comes.
const JUDGED: Duration = Duration::from_secs(1);

/// What one client notes: counts only within the measured time.
struct Note {
    clock: Arc<dyn Clock>,
    begin: Duration,
    end: Duration,
    every_answer: bool,
    done: Done,
}

impl Note {
    fn answered(&mut self, sent: Duration, now: Duration, events: usize) {
        if !self.every_answer && !(self.begin..self.end).contains(&now) {
            return;
        }
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.done.events = self.done.events.saturating_add(events);
        let micros = now.saturating_sub(sent).as_micros();
        self.done
            .latencies
            .push(u32::try_from(micros).unwrap_or(u32::MAX));
        let since = now.saturating_sub(self.begin).as_millis() / SLICE.as_millis();
        let slice = usize::try_from(since).unwrap_or(usize::MAX);
        if self.done.slices.len() <= slice {
            self.done.slices.resize(slice.saturating_add(1), 0);
        }
        if let Some(count) = self.done.slices.get_mut(slice) {
            *count = count.saturating_add(events);
        }
    }

    fn is_over(&self) -> bool {
        self.clock.monotonic() >= self.end
    }
}

/// Loads a server and measures for `time`, after a moment of warming up. `at_begin` is called when the measured time
/// begins.
pub(super) async fn load(
    target: &Target,
    load: Load,
    events: &Events,
    (clock, time): (&Arc<dyn Clock>, Duration),
    at_begin: impl FnOnce(),
) -> Result<Done, Failure> {
    let clients = match load {
        Load::Requests { clients, .. } => clients,
        Load::Streams { streams, .. } => streams,
    };
    // Everybody is connected before the clock starts.
    let mut connected = Vec::with_capacity(clients);
    for number in 0..clients {
        connected.push(Connection::to(target, number).await?);
    }
    let every_answer = time < JUDGED;
    let warm_up = if every_answer {
        Duration::ZERO
    } else {
        WARM_UP
    };
    let begin = clock.monotonic().saturating_add(warm_up);
    let end = begin.saturating_add(time);
    let mut tasks = JoinSet::new();
    for connection in connected {
        let note = Note {
            clock: Arc::clone(clock),
            begin,
            end,
            every_answer,
            done: Done::default(),
        };
        let events = events.clone();
        match load {
            Load::Requests { events: count, .. } => {
                tasks.spawn(requests(connection, events, count, note));
            }
            Load::Streams { streams, pace } => {
                let streams = u64::try_from(streams).unwrap_or(u64::MAX);
                let pace = pace.map(|pace| (pace, streams));
                tasks.spawn(stream(connection, events, pace, note));
            }
        }
    }
    tokio::time::sleep(begin.saturating_sub(clock.monotonic())).await;
    at_begin();
    let mut all = Done {
        wall: time,
        ..Done::default()
    };
    while let Some(done) = tasks.join_next().await {
        let done = done.map_err(|error| Failure::new(Exit::Other, error.to_string()))??;
        all.events = all.events.saturating_add(done.events);
        all.latencies.extend(done.latencies);
        all.slices
            .resize(all.slices.len().max(done.slices.len()), 0);
        for (sum, count) in all.slices.iter_mut().zip(done.slices) {
            *sum = sum.saturating_add(count);
        }
    }
    if every_answer {
        all.wall = clock.monotonic().saturating_sub(begin);
    }
    all.latencies.sort_unstable();
    // The last slice is whole only when the time is a multiple of its length.
    let whole = time.as_millis() / SLICE.as_millis();
    all.slices.truncate(usize::try_from(whole).unwrap_or(0));
    Ok(all)
}

/// One client, connected.
enum Connection {
    Ours(Box<Client>),
    Umadb(Umadb),
}

impl Connection {
    async fn to(target: &Target, number: usize) -> Result<Self, Failure> {
        match target {
            Target::Ours(address) => {
                let agency = agency(number)?;
                let client = Client::connect(address, Some(&agency)).await?;
                Ok(Self::Ours(Box::new(client)))
            }
            Target::Umadb(address) => Ok(Self::Umadb(Umadb::connect(address).await?)),
        }
    }

    /// One request; answered when its events are durable.
    async fn append(&mut self, events: &Events, count: usize) -> Result<(), Status> {
        match self {
            Self::Ours(client) if count == 1 => client.append(events.request()).await.map(drop),
            Self::Ours(client) => {
                let batch = (0..count).map(|_| events.request()).collect();
                client.append_batch(batch).await.map(drop)
            }
            Self::Umadb(client) => {
                let batch = (0..count).map(|_| {
                    let (case, id, bytes) = events.next();
                    peer::event(id, case, bytes)
                });
                client.append(batch.collect()).await.map(drop)
            }
        }
    }
}

/// The agency that a client speaks as: eight of them.
pub(super) fn agency(number: usize) -> Result<AgencyId, Failure> {
    AgencyId::new(&format!("agency-{}", number % 8))
        .map_err(|error| Failure::new(Exit::Other, error.to_string()))
}

/// How long after the first an event of a stream is due, of streams that offer so many a second together.
fn due_after(number: u64, (pace, streams): (u64, u64)) -> Duration {
    let micros = number.saturating_mul(streams).saturating_mul(1_000_000);
    Duration::from_micros(micros / pace.max(1))
}

async fn requests(
    mut connection: Connection,
    events: Events,
    count: usize,
    mut note: Note,
) -> Result<Done, Failure> {
    while !note.is_over() {
        let sent = note.clock.monotonic();
        connection.append(&events, count).await?;
        let now = note.clock.monotonic();
        note.answered(sent, now, count);
    }
    Ok(note.done)
}

/// One stream; with a pace, so many events a second, divided among so many streams.
async fn stream(
    connection: Connection,
    events: Events,
    pace: Option<(u64, u64)>,
    mut note: Note,
) -> Result<Done, Failure> {
    let Connection::Ours(mut client) = connection else {
        return Err(Failure::new(Exit::Other, "UmaDB has no append stream"));
    };
    let window = Arc::new(Semaphore::new(IN_FLIGHT));
    let sent: Arc<Mutex<VecDeque<Duration>>> = Arc::default();
    let (to, requests) = mpsc::channel(IN_FLIGHT);
    let (clock, end) = (Arc::clone(&note.clock), note.end);
    let (room, times) = (Arc::clone(&window), Arc::clone(&sent));
    let start = clock.monotonic();
    tokio::spawn(async move {
        let mut number = 0_u64;
        while clock.monotonic() < end {
            let due = pace.map(|pace| start.saturating_add(due_after(number, pace)));
            number = number.saturating_add(1);
            if let Some(early) = due.and_then(|due| due.checked_sub(clock.monotonic()))
                && !early.is_zero()
            {
                tokio::time::sleep(early).await;
            }
            let Ok(permit) = room.acquire().await else {
                return;
            };
            permit.forget();
            times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(due.unwrap_or_else(|| clock.monotonic()));
            if to.send(events.request()).await.is_err() {
                return;
            }
        }
    });
    let mut outcomes = client.append_stream(ReceiverStream::new(requests)).await?;
    while let Some(outcome) = outcomes.message().await? {
        match outcome.outcome {
            Some(Outcome::Receipt(_)) => {}
            Some(Outcome::Refusal(refusal)) => {
                return Err(Failure::new(Exit::Other, refusal.message));
            }
            None => return Err(Failure::new(Exit::Other, "an answer without an outcome")),
        }
        window.add_permits(1);
        let now = note.clock.monotonic();
        let oldest = sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        note.answered(oldest.unwrap_or(now), now, 1);
    }
    Ok(note.done)
}
