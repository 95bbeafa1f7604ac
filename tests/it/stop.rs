//! Stopping and starting: what ends, what is refused, what the store must agree with.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use caseledger::grpc::pb;
use caseledger::ledger::content::EntryKey;
use caseledger::ledger::head;
use caseledger::service::start::StartError;
use caseledger::vault::Vault;
use caseledger::vault::derive::NoKey;
use caseledger::vault::file::VaultError;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use crate::world::{Setup, World, concern, open, opened, reason, request, temp};

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_ends_subscriptions_and_the_next_start_goes_on_without_a_reopened_entry() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    let mut follow = csc
        .subscribe(pb::SubscribeRequest::default())
        .await
        .unwrap();
    assert_eq!(follow.message().await.unwrap().unwrap().position, 0);
    let began = tokio::time::Instant::now();
    world.stop().await;
    let status = follow.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unavailable, "STOPPING")
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    assert_eq!(
        csc.append(request(2, &concern("CH-1", "x")))
            .await
            .unwrap()
            .position,
        1
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_serving_for_the_whole_and_for_each_service() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let csc = world.client("csc").await;
    let mut health = HealthClient::new(csc.channel());
    for service in [
        "",
        "caseledger.v1.LedgerService",
        "caseledger.v1.IntegrityService",
    ] {
        let ask = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(ask).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclean_stop_is_followed_by_one_reopened_entry() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    world.stop().await;
    fs::write(dir.path().join("head.running"), []).unwrap();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    let by = Some(pb::get_entry_request::By::Position(1));
    let entry = csc
        .ledger
        .get_entry(pb::GetEntryRequest { by })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((entry.kind, entry.agency.as_str()), (8, "ledger"));
    assert_eq!(entry.own_content[..2], [0x08, 1], "field 1: the size found");
    assert_eq!(
        csc.append(request(2, &concern("CH-1", "x")))
            .await
            .unwrap()
            .position,
        2
    );
    world.stop().await;
}

/// Copies the whole ledger directory.
pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_older_than_its_head_file_or_has_another_history_is_refused() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    world.stop().await;
    let older = temp();
    copy(dir.path(), older.path());
    let fork = temp();
    copy(dir.path(), fork.path());
    for (ledger, words) in [(dir.path(), "one"), (fork.path(), "two")] {
        let world = World::over(ledger).await;
        let mut csc = world.client("csc").await;
        csc.append(request(2, &concern("CH-1", words)))
            .await
            .unwrap();
        world.stop().await;
    }
    fs::copy(dir.path().join("head"), older.path().join("head")).unwrap();
    let refused = open(older.path(), Setup::default()).err().unwrap();
    assert!(
        matches!(
            refused,
            StartError::RolledBack {
                found: 1,
                promised: 2
            }
        ),
        "{refused}"
    );
    assert!(refused.to_string().contains("older than its head file"));
    fs::copy(dir.path().join("head"), fork.path().join("head")).unwrap();
    let refused = open(fork.path(), Setup::default()).err().unwrap();
    assert!(
        matches!(refused, StartError::Forked { size: 2 }),
        "{refused}"
    );
    fs::remove_file(fork.path().join("head")).unwrap();
    let refused = open(fork.path(), Setup::default()).err().unwrap();
    assert!(
        matches!(refused, StartError::HeadMissing { size: 2, .. }),
        "{refused}"
    );
    fs::write(fork.path().join("head"), vec![9; 8192]).unwrap();
    let refused = open(fork.path(), Setup::default()).err().unwrap();
    assert!(matches!(refused, StartError::HeadFile(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_finds_more_than_its_head_file_promises_writes_it_before_anybody_is_shown_more()
 {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    world.stop().await;
    let head = dir.path().join("head");
    let older = fs::read(&head).unwrap();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(2, &concern("CH-1", "x"))).await.unwrap();
    world.stop().await;
    fs::write(&head, older).unwrap();
    let world = World::over(dir.path()).await;
    let shown = world.service.head();
    assert_eq!(shown.size, 2);
    let key = world.service.verifier_key().parse().unwrap();
    let written = head::choose(&fs::read(&head).unwrap(), &key);
    let written = written.unwrap().unwrap().checkpoint;
    assert_eq!(
        written.checkpoint().size,
        2,
        "shown, and not in the head file"
    );
    world.stop().await;
}

/// Keys of which only those below a position have a seed.
struct Short {
    inner: Arc<dyn Vault>,
    until: u64,
}

impl Vault for Short {
    fn ensure(&self, position: u64) -> Result<(), VaultError> {
        self.inner.ensure(position)
    }

    fn key(&self, position: u64) -> Result<EntryKey, NoKey> {
        if position < self.until {
            self.inner.key(position)
        } else {
            Err(NoKey::NotYet)
        }
    }

    fn destroy(&self, positions: &[u64], erased_up_to: u64) -> Result<(), VaultError> {
        self.inner.destroy(positions, erased_up_to)
    }

    fn erased_up_to(&self) -> u64 {
        self.inner.erased_up_to()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_without_the_seed_of_a_stored_entry_refuses_the_start_and_gets_no_new_seed() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut csc = world.client("csc").await;
    csc.append(request(1, &opened("CH-1"))).await.unwrap();
    for n in 2..=4 {
        csc.append(request(n, &concern("CH-1", "x"))).await.unwrap();
    }
    world.stop().await;
    let setup = Setup {
        vault: Some(Box::new(|inner| Arc::new(Short { inner, until: 2 }))),
        ..Setup::default()
    };
    let refused = open(dir.path(), setup).err().unwrap();
    assert!(
        matches!(refused, StartError::Damaged { position: 2, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("key file"), "{refused}");
    World::over(dir.path()).await.stop().await;
}
