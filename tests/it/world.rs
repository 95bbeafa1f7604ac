//! A ledger in a temporary directory, a server over it, clients by agency, and events to send.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use caseledger::domain::id::{AgencyId, EventId};
use caseledger::grpc::client::{Client, append_request};
use caseledger::grpc::convert::decode_event;
use caseledger::grpc::schema::singular;
use caseledger::grpc::server::{ServeError, serve};
use caseledger::grpc::{pb, status};
use caseledger::journal::Journal;
use caseledger::journal::sled::{Options, SledJournal};
use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::digest::{Link, TreeHash};
use caseledger::ledger::note::VerifierKey;
use caseledger::ledger::receipt;
use caseledger::ledger::statement::Origin;
use caseledger::service::Service;
use caseledger::service::clock::{Clock, SystemClock};
use caseledger::service::start::{Parts, StartError, boot_id, read_record, start, start_at_tail};
use caseledger::vault::Vault;
use caseledger::vault::file::VaultError;
use caseledger::vault::keyring::{Keyring, KeyringError};
use prost::Message;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic_types::StatusExt;

pub(crate) const ORIGIN: &str = "ledger.example/it";

/// What a test may exchange.
pub(crate) struct Setup {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Option<Arc<dyn Journal>>,
    /// What is put before the key file.
    pub(crate) vault: Option<Before>,
    /// Whether only the tail is verified first.
    pub(crate) at_tail: bool,
}

/// Wraps a vault.
pub(crate) type Before = Box<dyn FnOnce(Arc<dyn Vault>) -> Arc<dyn Vault>>;

impl Default for Setup {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            journal: None,
            vault: None,
            at_tail: false,
        }
    }
}

/// Opens the ledger in `dir`.
pub(crate) fn open(dir: &Path, setup: Setup) -> Result<Arc<Service>, StartError> {
    let journal = setup.journal.unwrap_or_else(|| {
        Arc::new(SledJournal::open(&dir.join("store"), Options::new(ORIGIN, read_record)).unwrap())
    });
    let origin = ORIGIN.parse().unwrap();
    let empty = journal.size().unwrap() == 0;
    let keys: Arc<dyn Vault> = Arc::new(keyring(dir, &origin, empty));
    let parts = Parts {
        vault: match setup.vault {
            Some(before) => before(keys),
            None => keys,
        },
        origin,
        journal,
        clock: setup.clock,
        log_key: [7; 32],
        head_file: dir.join("head"),
        boot_id: boot_id(),
        decoder: decode_event,
        singular: singular().unwrap(),
    };
    let start = if setup.at_tail { start_at_tail } else { start };
    start(parts, &mut |_done, _all| {}).map(Arc::new)
}

/// The keys of the ledger in `dir`. A connection of a server that has just stopped may hold them a moment longer.
fn keyring(dir: &Path, origin: &Origin, empty: bool) -> Keyring {
    for _ in 0..200 {
        match Keyring::open(&dir.join("keys"), origin, empty) {
            Err(KeyringError::Vault(VaultError::Locked)) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("the key file stays locked");
}

/// A running server.
pub(crate) struct World {
    pub(crate) address: String,
    pub(crate) service: Arc<Service>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl World {
    pub(crate) async fn over(dir: &Path) -> Self {
        Self::with(dir, Setup::default()).await
    }

    pub(crate) async fn with(dir: &Path, setup: Setup) -> Self {
        let service = open(dir, setup).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let served = tokio::spawn(serve(listener, Arc::clone(&service), shutdown));
        Self {
            address,
            service,
            stop,
            served,
        }
    }

    pub(crate) async fn client(&self, agency: &str) -> Client {
        let agency: AgencyId = agency.parse().unwrap();
        Client::connect(&self.address, Some(&agency)).await.unwrap()
    }

    /// Stops although a commit is in doubt: the ledger says so, and the next start counts as after an unclean stop.
    pub(crate) async fn stop_unclean(self) {
        self.stop.send(()).unwrap();
        let stopped = self.served.await.unwrap();
        assert!(matches!(stopped, Err(ServeError::Stop(_))), "{stopped:?}");
    }

    /// Stops gracefully and waits until the ledger is closed.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        // The last handle of the store goes with the service.
        drop(self.service);
    }
}

pub(crate) fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// An event id that differs for each number.
pub(crate) fn id(n: u64) -> EventId {
    let mut bytes = [0xe0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    EventId(bytes)
}

pub(crate) fn on(date: &str) -> pb::When {
    pb::When {
        edtf: date.to_owned(),
        ..Default::default()
    }
}

/// A typed event of a case, with source and date.
pub(crate) fn event(case: &str, body: pb::case_event::Body) -> pb::CaseEvent {
    pb::CaseEvent {
        case_id: case.to_owned(),
        source: Some(pb::SourceOfInformation {
            kind: 1,
            ..Default::default()
        }),
        occurred: Some(on("2013-01-09")),
        body: Some(body),
        ..Default::default()
    }
}

pub(crate) fn opened(case: &str) -> pb::CaseEvent {
    let body = pb::CaseOpened {
        reason: "referral".to_owned(),
    };
    event(case, pb::case_event::Body::CaseOpened(body))
}

pub(crate) fn concern(case: &str, words: &str) -> pb::CaseEvent {
    let body = pb::ConcernRaised {
        words: words.to_owned(),
        topic: String::new(),
    };
    event(case, pb::case_event::Body::ConcernRaised(body))
}

pub(crate) fn request(n: u64, event: &pb::CaseEvent) -> pb::AppendRequest {
    append_request(id(n), event.encode_to_vec())
}

/// The reason of the `ErrorInfo` that every status of ours carries.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, status::DOMAIN);
    info.reason
}

/// The fields that a status names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    violations
        .unwrap_or_default()
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// The proof in a receipt, checked against the header that the server serves for it and the ledger's key.
pub(crate) async fn check_receipt(client: &mut Client, message: &pb::Receipt) {
    let by = pb::get_entry_request::By::Position(message.position);
    let entry = client
        .ledger
        .get_entry(pb::GetEntryRequest { by: Some(by) })
        .await
        .unwrap();
    let entry = entry.into_inner();
    let key: VerifierKey = client
        .checkpoint()
        .await
        .unwrap()
        .verifier_key
        .parse()
        .unwrap();
    let time = message.appended_time.unwrap();
    let appended = time.seconds * 1_000_000 + i64::from(time.nanos / 1_000);
    let (hashes, rest) = message.inclusion_path.as_chunks::<32>();
    assert!(rest.is_empty());
    let receipt = receipt::Receipt {
        position: message.position,
        case_seq: message.case_seq,
        link: Link::new(message.link.as_slice().try_into().unwrap()),
        appended: u64::try_from(appended).unwrap(),
        checkpoint: SignedCheckpoint::open(&message.checkpoint, &key).unwrap(),
        proof: hashes.iter().map(|hash| TreeHash::new(*hash)).collect(),
    };
    receipt.check(&entry.header).unwrap();
}

/// A clock that stands where it is put; the monotonic one runs with it unless the wall clock is set.
#[derive(Debug)]
pub(crate) struct HandClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl HandClock {
    pub(crate) fn at(wall: i64) -> Arc<Self> {
        Arc::new(Self {
            wall: AtomicI64::new(wall),
            monotonic: AtomicI64::new(0),
        })
    }

    /// Time passes.
    pub(crate) fn advance(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::SeqCst);
        self.monotonic.fetch_add(micros, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set(&self, by_micros: i64) {
        self.wall.fetch_add(by_micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn wall(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.monotonic.load(Ordering::SeqCst).unsigned_abs())
    }
}
