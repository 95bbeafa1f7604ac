//! How fast a long case is read back and its questions answered, beside the reading alone: over gRPC, and each part by
//! itself.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::panic, reason = "a bench uses a part of it")]
mod world;

use caseledger::domain::id::{AgencyId, PersonRef};
use caseledger::grpc::pb;
use caseledger::projection::allocation::{self, Allocation};
use caseledger::projection::knowledge::knowledge_of;
use caseledger::projection::need::Case;
use caseledger::rules::Pack;
use caseledger::service::inquiry::Question;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
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
    parts(&mut group, &runtime, &world);
    group.finish();
    drop(client);
    runtime.block_on(world.stop());
}

/// The parts without gRPC: the replay (read, open, decode, cut), and what each answer is folded from its cut.
fn parts(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, world: &World) {
    let replay = || {
        let question = Question::latest(CASE.parse().unwrap());
        runtime.block_on(world.service.ask(question)).unwrap()
    };
    group.bench_function("replay alone", |b| b.iter_with_large_drop(replay));
    let asked = replay();
    let pack = Pack::england();
    let read = || Case::of(&asked.cut, pack);
    group.bench_function("the cut read by the rules", |b| {
        b.iter_with_large_drop(read);
    });
    let case = read();
    group.bench_function("allocation alone", |b| {
        b.iter(|| held(&case, pack));
    });
    group.bench_function("knowledge alone", |b| b.iter(|| knowledge_of(&case, true)));
    group.bench_function("one replay, allocation and knowledge", |b| {
        b.iter(|| {
            let asked = replay();
            let case = Case::of(&asked.cut, pack);
            (held(&case, pack), knowledge_of(&case, true))
        });
    });
}

fn held(case: &Case<'_>, pack: &Pack) -> Allocation {
    let items_known = |agency: &AgencyId, child: &PersonRef| case.items_known(agency, child);
    let question = allocation::Question {
        items_known: &items_known,
        ..allocation::Question::new(pack)
    };
    allocation::allocation(case.cut(), &question)
}

criterion_group!(benches, replay);
criterion_main!(benches);
