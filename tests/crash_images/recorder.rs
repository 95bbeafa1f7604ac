//! The run that is recorded: this test program runs itself under strace as the owner of a ledger's directory.
//!
//! Each acknowledgement is one `write` to a file beside the directory, after the receipt is there: so it stands in the
//! trace behind every write and sync it rests on.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caseledger::cli::{Machine, open_directory};
use caseledger::domain::id::EventId;
use caseledger::grpc::pb;
use caseledger::journal::Journal;
use caseledger::journal::sled::{Options, SledJournal, SyncFault};
use caseledger::ledger::chain::{ChainHead, check_next};
use caseledger::ledger::commitment::Secret;
use caseledger::ledger::digest::FieldsRoot;
use caseledger::ledger::entry::{
    Authenticated, EntryKind, Ingest, Place, SealedEntry, Unsealed, seal,
};
use caseledger::ledger::own::{Erased, OwnEvent, singular};
use caseledger::ledger::statement::{AgencyName, Origin, Seen, Statement};
use caseledger::service::Service;
use caseledger::service::access::Caller;
use caseledger::service::error::Refused;
use caseledger::service::prepare::Submission;
use caseledger::service::start::read_record;
use caseledger::service::submit::Receipt;
use caseledger::vault::Vault;
use caseledger::vault::keyring::Keyring;
use data_encoding::HEXLOWER;
use prost::Message;

use crate::trace::{self, Trace};

pub(crate) const ORIGIN: &str = "ledger.example/power-cut";
/// The machine's start in which the run is recorded: never that of the machine that opens an image.
pub(crate) const BOOT: [u8; 16] = [0xb0; 16];
/// Entries that may wait for the indexes: few, so that runs are written, merged and swept while the run is recorded.
const INDEX_LAG: usize = 48;

const PLACE: &str = "CRASH_IMAGES_PLACE";
const PHASE: &str = "CRASH_IMAGES_PHASE";
const CURE: &str = "CRASH_IMAGES_WITHOUT_SYNC";
const WITHIN: Duration = Duration::from_mins(1);
/// The indexes are pressed hard, so a request may have to be sent again.
const PAUSE: Duration = Duration::from_millis(5);

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How often the program is started; all but the first find a ledger.
    pub(crate) phases: u64,
    /// Requests of each of three clients in one phase.
    pub(crate) requests: u64,
    /// Whether the journal syncs what it writes.
    pub(crate) cure: bool,
}

pub(crate) fn machine() -> Machine {
    let fault = SyncFault::default();
    if std::env::var_os(CURE).is_some() {
        fault.omit();
    }
    Machine {
        boot_id: BOOT,
        index_lag_max: INDEX_LAG,
        fault,
    }
}

/// The directory that stands for the disk.
pub(crate) fn disk(place: &Path) -> PathBuf {
    place.join("disk")
}

/// The ledger's directory on a disk.
pub(crate) fn ledger(disk: &Path) -> PathBuf {
    disk.join("ledger")
}

/// The file of acknowledgements.
#[derive(Clone)]
pub(crate) struct Acks(Arc<Mutex<File>>);

impl Acks {
    pub(crate) fn open(place: &Path) -> Self {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(place.join("acks"));
        Self(Arc::new(Mutex::new(file.unwrap())))
    }

    pub(crate) fn say(&self, line: &str) {
        let line = format!("{line}\n");
        let mut file = self.0.lock().unwrap();
        assert_eq!(file.write(line.as_bytes()).unwrap(), line.len());
    }

    pub(crate) fn receipt(&self, agency: &str, event: &EventId, receipt: &Receipt) {
        let placement = &receipt.placement;
        let path: Vec<u8> = receipt
            .path
            .iter()
            .flat_map(|hash| hash.as_bytes().to_vec())
            .collect();
        self.say(&format!(
            "entry {agency} {event} {} {} {} {} {} {}",
            placement.position,
            placement.case_seq,
            placement.link,
            placement.appended,
            HEXLOWER.encode(receipt.checkpoint.note().as_bytes()),
            HEXLOWER.encode(&path),
        ));
    }
}

/// Not a test by itself: the recorded program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_program() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let (phase, requests) = std::env::var(PHASE)
        .unwrap()
        .split_once('/')
        .map(|(phase, requests)| (phase.parse().unwrap(), requests.parse().unwrap()))
        .unwrap();
    let acks = Acks::open(&place);
    if phase > 0 {
        order_erasure(&ledger(&disk(&place)), &acks);
    }
    let service = open_directory(&ledger(&disk(&place)), ORIGIN, machine()).unwrap();
    acks.say(&format!("key {}", service.verifier_key()));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..3 {
        let (service, acks) = (Arc::clone(&service), acks.clone());
        clients.spawn(async move { client_of(&service, &acks, (phase, client), requests).await });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    if phase % 2 == 0 {
        service.stop().await.unwrap();
    } else {
        // As kill -9 does: nothing is flushed, no marker is taken away.
        std::process::abort();
    }
}

/// Opens a case of its own and appends to it, one request after the other; some are batches, some are large.
pub(crate) async fn client_of(
    service: &Service,
    acks: &Acks,
    (phase, client): (u64, u64),
    requests: u64,
) {
    let agency = ["csc", "police", "school"][usize::try_from(client).unwrap()];
    let caller = Caller::development(Some(agency.parse().unwrap()));
    let case = format!("CH-{phase}-{client}");
    let first = (phase * 3 + client) * 1_000_000;
    let mut send = submission(first, &opened(&case));
    for n in 1..=requests {
        let id = send.event_id;
        let receipt = loop {
            match service.append(&caller, send.clone(), WITHIN).await {
                Err(Refused::QueueFull { .. }) => tokio::time::sleep(PAUSE).await,
                receipt => break receipt.unwrap(),
            }
        };
        acks.receipt(agency, &id, &receipt);
        acks.say(&format!(
            "shown {}",
            HEXLOWER.encode(service.head().signed.note().as_bytes())
        ));
        if n % 7 == client {
            // Some make a commit of so many parts that their keys are written first; one is of many of sled's segments.
            let length = if n % 21 == client { 20_000 } else { 300 };
            let events = if n == 22 { 100 } else { 5 + n % 11 };
            let batch: Vec<Submission> = (0..events)
                .map(|k| submission(first + n * 1_000 + k, &concern(&case, length)))
                .collect();
            let ids: Vec<EventId> = batch.iter().map(|send| send.event_id).collect();
            let receipts = loop {
                match service.append_batch(&caller, batch.clone(), WITHIN).await {
                    Err(Refused::QueueFull { .. }) => tokio::time::sleep(PAUSE).await,
                    receipts => break receipts.unwrap(),
                }
            };
            for (id, receipt) in ids.iter().zip(&receipts) {
                acks.receipt(agency, id, receipt);
            }
        }
        let length = if n % 13 == client { 9_000 } else { 120 };
        send = submission(first + n * 1_000 + 999, &concern(&case, length));
    }
}

pub(crate) fn submission(n: u64, event: &pb::CaseEvent) -> Submission {
    let mut id = [0xe0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    Submission {
        event_id: EventId(id),
        event: event.encode_to_vec(),
        secret: None,
        case_tag: None,
        expected: None,
        seen: Seen::Blind,
        imported: false,
    }
}

fn event(case: &str, body: pb::case_event::Body) -> pb::CaseEvent {
    pb::CaseEvent {
        case_id: case.to_owned(),
        source: Some(pb::SourceOfInformation {
            kind: 1,
            ..Default::default()
        }),
        occurred: Some(pb::When {
            edtf: "2013-01-09".to_owned(),
            ..Default::default()
        }),
        body: Some(body),
        ..Default::default()
    }
}

pub(crate) fn opened(case: &str) -> pb::CaseEvent {
    let reason = "referral".to_owned();
    event(
        case,
        pb::case_event::Body::CaseOpened(pb::CaseOpened { reason }),
    )
}

pub(crate) fn concern(case: &str, length: usize) -> pb::CaseEvent {
    let body = pb::ConcernRaised {
        words: "words ".repeat(length / 6),
        topic: String::new(),
    };
    event(case, pb::case_event::Body::ConcernRaised(body))
}

/// One more event, to see that a reopened ledger goes on.
pub(crate) fn afterwards(n: u64) -> Submission {
    submission(900_000_000 + n, &opened(&format!("AFTER-{n}")))
}

/// Seals an order to erase an early entry and appends it, as a procedure would before a start carries it out.
pub(crate) fn order_erasure(root: &Path, acks: &Acks) {
    let origin: Origin = ORIGIN.parse().unwrap();
    let mut options = Options::new(ORIGIN, read_record);
    options.index_lag_max = INDEX_LAG;
    options.fault = machine().fault;
    let journal = SledJournal::open(&root.join("journal"), options).unwrap();
    let size = journal.size().unwrap();
    let (mut entries, mut targets) = (Vec::new(), Vec::new());
    while (entries.len() as u64) < size {
        for stored in journal.read(entries.len() as u64, 1_000).unwrap() {
            entries.push(SealedEntry::decode(&stored.bytes).unwrap());
        }
    }
    let tag = origin.ledger_tag();
    let mut head = ChainHead::genesis(&origin, tag);
    for entry in &entries {
        if *entry.tag() == tag {
            head = check_next(&head, entry.parsed()).unwrap();
        } else if entry.case_seq() > 3 {
            targets.push(entry);
        }
    }
    let target = targets[usize::try_from(size % 7).unwrap()];
    let event = OwnEvent::ErasureOrder {
        position: target.position(),
        link: target.link(),
        what: Erased::Entry,
        authority: "court order".to_owned(),
        basis: "invented".to_owned(),
        approvers: ["A1".to_owned(), "A2".to_owned()],
        fields_gone: 4,
    };
    let unsealed = Unsealed {
        kind: EntryKind::ErasureOrder,
        statement: Statement {
            origin: origin.clone(),
            tag,
            event_id: [u8::try_from(size % 251).unwrap() + 1; 16],
            agency: AgencyName::ledger(),
            key_id: None,
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
        },
        signature: None,
        secret: Secret::new([8; 32]).unwrap(),
        event: event.encode(),
        ingest: Ingest::Live,
        authenticated: Authenticated::Ledger,
    };
    let sealable = unsealed
        .prepare(&singular(EntryKind::ErasureOrder))
        .unwrap();
    let keys = Keyring::open(&root.join("keys"), &origin, false).unwrap();
    let place = Place {
        position: size,
        appended: entries.last().unwrap().appended() + 1,
        head: &head,
        key: &keys.key(size).unwrap(),
    };
    let (entry, _) = seal(&sealable, &place).unwrap();
    let record = read_record(&entry.encode()).unwrap();
    journal.append(size, &[record]).unwrap();
    acks.say(&format!(
        "order {size} {} {}",
        target.position(),
        entry.link()
    ));
}

/// The calls that may change a file, and those that say which file and where.
const CALLS: &str = "trace=open,openat,creat,close,lseek,read,write,pwrite64,writev,pwritev,pwritev2,\
    ftruncate,truncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,\
    mkdir,mkdirat,rmdir,fsync,fdatasync,sync_file_range,sync,syncfs,msync,copy_file_range,sendfile,splice,\
    dup,dup2,dup3,fcntl,io_uring_setup";

/// Whether strace is there and may trace.
pub(crate) fn strace_works() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// Records the plan and answers the text of its trace, with the path of the disk in it.
fn record(plan: Plan) -> (String, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().canonicalize().unwrap();
    fs::create_dir(disk(&path)).unwrap();
    let mut text = String::new();
    for phase in 0..plan.phases {
        let trace = path.join(format!("trace.{phase}"));
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-y", "-xx", "-s", "100000000", "-e", CALLS, "-o"])
            .arg(&trace)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "recorder::recorded_program", "--nocapture"])
            .env(PLACE, &path)
            .env(PHASE, format!("{phase}/{}", plan.requests))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if !plan.cure {
            strace.env(CURE, "1");
        }
        let mut child = strace.spawn().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        let status = child.wait().unwrap();
        let aborted = phase % 2 == 1;
        assert!(
            status.success() != aborted,
            "phase {phase}: {status} {said}"
        );
        text.push_str(&fs::read_to_string(trace).unwrap());
    }
    (text, disk(&path))
}

/// The trace of a plan, recorded now; or read from `kept`, where one recorded now is put if there is none.
pub(crate) fn recording(plan: Plan, kept: Option<OsString>) -> Trace {
    let kept = kept.map(PathBuf::from);
    if let Some(kept) = kept.as_deref().filter(|kept| kept.exists()) {
        let text = fs::read_to_string(kept).unwrap();
        let (root, text) = text.split_once('\n').unwrap();
        return trace::read(text, Path::new(root));
    }
    let (text, root) = record(plan);
    if let Some(kept) = kept {
        fs::write(kept, format!("{}\n{text}", root.display())).unwrap();
    }
    trace::read(&text, &root)
}
