//! How fast a long case is read back and its questions answered, beside the reading alone.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::panic, reason = "a bench uses a part of it")]
mod world;

use caseledger::grpc::pb;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use world::{World, concern, opened, request};

const ENTRIES: u64 = 10_000;
const BATCH: u64 = 500;
const CASE: &str = "CH-BENCH";

async fn fill(world: &World) {
    let mut client = world.client("school").await;
    client.append(request(0, &opened(CASE))).await.unwrap();
    let mut next = 1;
    while next < ENTRIES {
        let end = ENTRIES.min(next + BATCH);
        let events = (next..end).map(|n| request(n, &concern(CASE, "an invented concern")));
        client.append_batch(events.collect()).await.unwrap();
        next = end;
    }
}

fn replay(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir_in(".").unwrap();
    let (world, client) = runtime.block_on(async {
        let world = World::over(dir.path()).await;
        fill(&world).await;
        let client = world.client("school").await;
        (world, client)
    });
    let mut group = c.benchmark_group(format!("a case of {ENTRIES} entries, from stored bytes"));
    group
        .throughput(Throughput::Elements(ENTRIES))
        .sample_size(10);
    group.bench_function("read every entry", |b| {
        b.iter(|| {
            let mut client = client.clone();
            let entries = runtime.block_on(client.read_case(CASE, 1, 0)).unwrap();
            assert_eq!(entries.len() as u64, ENTRIES);
        });
    });
    group.bench_function("allocation", |b| {
        b.iter(|| {
            let mut client = client.clone();
            let question = pb::AllocationQuestion {
                case_id: CASE.to_owned(),
                ..Default::default()
            };
            let answer = runtime
                .block_on(client.inquiry.allocation(question))
                .unwrap();
            assert_eq!(answer.into_inner().stamp.unwrap().case_seq, ENTRIES);
        });
    });
    group.bench_function("knowledge and sharing", |b| {
        b.iter(|| {
            let mut client = client.clone();
            let question = pb::SharingQuestion {
                case_id: CASE.to_owned(),
                ..Default::default()
            };
            let answer = runtime.block_on(client.inquiry.sharing(question)).unwrap();
            assert_eq!(answer.into_inner().stamp.unwrap().case_seq, ENTRIES);
        });
    });
    group.finish();
    drop(client);
    runtime.block_on(world.stop());
}

criterion_group!(benches, replay);
criterion_main!(benches);
