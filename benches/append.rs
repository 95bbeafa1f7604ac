//! How fast a server acknowledges events over loopback, beside the same bytes written to a plain file and synced.
//!
//! Every acknowledgement counted here is durable: the plain file is the limit that the disk sets. Compare only figures
//! of one run.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::panic, reason = "a bench uses a part of it")]
mod world;

use std::cell::Cell;
use std::fs::File;
use std::io::Write;

use caseledger::grpc::client::Client;
use caseledger::grpc::pb;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use prost::Message;
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;
use world::{World, concern, opened, request};

const BATCH: u64 = 100;
const STREAMED: u64 = 1_000;
/// Words that make an event of some 700 bytes, as agencies send them.
const WORDS: usize = 620;

struct Bench {
    runtime: Runtime,
    client: Client,
    next: Cell<u64>,
}

impl Bench {
    fn start(dir: &std::path::Path) -> (Self, World) {
        let runtime = Runtime::new().unwrap();
        let (client, world) = runtime.block_on(async {
            let world = World::over(dir).await;
            let mut client = world.client("school").await;
            client
                .append(request(0, &opened("CH-BENCH")))
                .await
                .unwrap();
            (client, world)
        });
        (
            Self {
                runtime,
                client,
                next: Cell::new(1),
            },
            world,
        )
    }

    fn events(&self, count: u64) -> Vec<pb::AppendRequest> {
        let from = self.next.get();
        self.next.set(from + count);
        let words = "w".repeat(WORDS);
        (from..from + count)
            .map(|n| request(n, &concern("CH-BENCH", &words)))
            .collect()
    }
}

fn plain(events: &[pb::AppendRequest]) -> Vec<u8> {
    events.iter().flat_map(Message::encode_to_vec).collect()
}

fn append(c: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut file = File::create(dir.path().join("plain")).unwrap();
    let (bench, world) = Bench::start(dir.path());
    for count in [1, BATCH] {
        let mut group = c.benchmark_group(format!("{count} events a request, one in flight"));
        group
            .throughput(Throughput::Elements(count))
            .sample_size(10);
        group.bench_function("plain file and fdatasync", |b| {
            b.iter_batched(
                || plain(&bench.events(count)),
                |bytes| {
                    file.write_all(&bytes).unwrap();
                    file.sync_data().unwrap();
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function("caseledger", |b| {
            b.iter_batched(
                || (bench.client.clone(), bench.events(count)),
                |(mut client, events)| {
                    let receipts = bench.runtime.block_on(client.append_batch(events)).unwrap();
                    assert_eq!(receipts.len() as u64, count);
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
    let mut group = c.benchmark_group("one pipelined stream, an acknowledgement for each");
    group
        .throughput(Throughput::Elements(STREAMED))
        .sample_size(10);
    group.bench_function("caseledger", |b| {
        b.iter_batched(
            || (bench.client.clone(), bench.events(STREAMED)),
            |(client, events)| assert_eq!(bench.runtime.block_on(stream(client, events)), STREAMED),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    let Bench {
        runtime, client, ..
    } = bench;
    drop(client);
    runtime.block_on(world.stop());
}

/// Events acknowledged.
async fn stream(mut client: Client, events: Vec<pb::AppendRequest>) -> u64 {
    let mut outcomes = client
        .append_stream(tokio_stream::iter(events))
        .await
        .unwrap();
    let mut acknowledged = 0;
    while let Some(outcome) = outcomes.next().await {
        let outcome = outcome.unwrap().outcome.unwrap();
        assert!(
            matches!(outcome, pb::append_outcome::Outcome::Receipt(_)),
            "{outcome:?}"
        );
        acknowledged += 1;
    }
    acknowledged
}

criterion_group!(benches, append);
criterion_main!(benches);
