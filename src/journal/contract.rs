//! The conformance suite: what every adapter of [`Journal`] must do, run by `tests/storage/journal_contract.rs`.

mod hard;
mod sample;

use super::memory::Fault;
use super::{AppendError, Journal, Mark, Record, Stored};

use self::hard::{concurrent_readers, has_room, poisons};
pub use self::sample::{decode, record, seal};

/// A store that can be opened again and again, as a process that restarts does.
pub trait Store {
    /// Opens the store; the journal opened before has been dropped.
    ///
    /// # Errors
    /// The text of why it does not open.
    fn open(&self) -> Result<Box<dyn Journal>, String>;

    /// Makes the next commit fail, once; `false` if this adapter cannot do that.
    fn fail_next(&self, fault: Fault) -> bool;
}

/// A promise of the port that an adapter broke, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {what}")]
pub struct Broken {
    check: &'static str,
    what: String,
}

type Outcome = Result<(), String>;

type Check<S> = fn(&S) -> Outcome;

/// Runs every check, each on a fresh store from `make`.
///
/// # Errors
/// The first promise broken.
pub fn run<S: Store>(make: impl Fn() -> S) -> Result<(), Broken> {
    let checks: [(&'static str, Check<S>); 14] = [
        ("a new journal is empty", new_is_empty),
        ("what was appended is read back in order", reads_back),
        (
            "another expected size is refused with the actual one",
            head_moved,
        ),
        ("a refused batch leaves nothing behind", all_or_nothing),
        ("an event id is stored once", duplicates),
        ("pages are bounded and in order", pages),
        ("an entry is found by agency and event id", finds),
        ("a chain is read in order", chains),
        ("marks are kept as they were told, or not", keeps_marks),
        ("a batch that was waited for is taken", has_room),
        ("large entries come back whole", large_entries),
        ("reopening keeps everything", reopens),
        ("a failed commit poisons until reopened", poisons),
        (
            "readers see whole commits without holes while appending",
            concurrent_readers,
        ),
    ];
    for (check, body) in checks {
        body(&make()).map_err(|what| Broken { check, what })?;
    }
    Ok(())
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Records of two chains in turn.
fn batch(from: u64, count: u64, filler: usize) -> Vec<Record> {
    (from..from.saturating_add(count))
        .map(|position| {
            record(
                position,
                u8::from(position % 2 == 1),
                position / 2 + 1,
                filler,
            )
        })
        .collect()
}

fn fill(journal: &dyn Journal, sizes: &[u64], filler: usize) -> Result<Vec<Record>, String> {
    let mut all: Vec<Record> = Vec::new();
    for count in sizes {
        let from = all.len() as u64;
        let records = batch(from, *count, filler);
        let size = journal
            .append(from, &records)
            .map_err(|error| text(&error))?;
        ensure(size == from + count, || {
            format!("append answered size {size}")
        })?;
        all.extend(records);
    }
    Ok(all)
}

fn read_all(journal: &dyn Journal) -> Result<Vec<Stored>, String> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let page = journal
            .read(all.len() as u64, 1_000)
            .map_err(|error| text(&error))?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn expect_exactly(journal: &dyn Journal, records: &[Record]) -> Outcome {
    let size = journal.size().map_err(|error| text(&error))?;
    ensure(size == records.len() as u64, || {
        format!("size {size}, not {}", records.len())
    })?;
    let all = read_all(journal)?;
    ensure(all.len() == records.len(), || {
        format!("{} read, not {}", all.len(), records.len())
    })?;
    for (stored, record) in all.iter().zip(records) {
        ensure(stored.position == record.position, || {
            format!("{} is a hole", record.position)
        })?;
        ensure(stored.bytes == record.bytes, || {
            format!("{} differs", record.position)
        })?;
    }
    for record in records {
        let found = journal
            .find(&record.agency, &record.event_id)
            .map_err(|error| text(&error))?;
        ensure(found == Some(record.position), || {
            format!("{} found at {found:?}", record.position)
        })?;
    }
    Ok(())
}

/// What was told of the first entries, as far as it is kept; all of it as it was told.
fn expect_marks(journal: &dyn Journal, records: &[Record], told: &[Mark]) -> Outcome {
    let kept = journal.remembered().map_err(|error| text(&error))?;
    let leaves = told.iter().map(|mark| &mark.leaf);
    ensure(
        kept.leaves.len() <= told.len() && leaves.zip(&kept.leaves).all(|(a, b)| a == b),
        || format!("{} leaves are not those told", kept.leaves.len()),
    )?;
    let due = records.iter().zip(told).take(kept.leaves.len());
    let due = due.filter(|(_, mark)| mark.is_landmark);
    let due: Vec<&[u8]> = due.map(|(record, _)| record.bytes.as_slice()).collect();
    let found: Vec<&[u8]> = kept
        .landmarks
        .iter()
        .map(|it| it.bytes.as_slice())
        .collect();
    ensure(due == found, || {
        format!("{} landmarks, not {}", found.len(), due.len())
    })
}

fn keeps_marks<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let mark = |record: &Record| Mark {
        leaf: [u8::try_from(record.position % 251).unwrap_or_default(); 32],
        is_landmark: record.position.is_multiple_of(9),
    };
    let (mut records, mut told) = (Vec::new(), Vec::new());
    for count in [1, 3, 50, 400, 900, 900, 900, 900, 900, 900] {
        let from = records.len() as u64;
        let batch = batch(from, count, 10);
        journal.append(from, &batch).map_err(|error| text(&error))?;
        let marks: Vec<Mark> = batch.iter().map(mark).collect();
        journal.remember(from, &marks);
        records.extend(batch);
        told.extend(marks);
        expect_marks(&*journal, &records, &told)?;
    }
    // A hole is not kept.
    let beyond = (records.len() as u64).saturating_add(7);
    journal.remember(beyond, &told);
    expect_marks(&*journal, &records, &told)?;
    drop(journal);
    let journal = store.open()?;
    expect_marks(&*journal, &records, &told)?;
    journal.forget().map_err(|error| text(&error))?;
    expect_marks(&*journal, &records, &[])?;
    journal.remember(0, &told);
    expect_marks(&*journal, &records, &told)
}

fn new_is_empty<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    expect_exactly(&*journal, &[])?;
    let length = journal.chain_len(&[0; 32]).map_err(|error| text(&error))?;
    ensure(length == 0, || format!("a chain of {length}"))?;
    let found = journal
        .find("csc", &[1; 16])
        .map_err(|error| text(&error))?;
    ensure(found.is_none(), || format!("an event at {found:?}"))
}

fn reads_back<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let records = fill(&*journal, &[1, 3, 50, 1, 200], 300)?;
    expect_exactly(&*journal, &records)?;
    let boundaries: Vec<u64> = read_all(&*journal)?
        .iter()
        .filter(|stored| stored.commit == stored.position)
        .map(|stored| stored.position)
        .collect();
    ensure(boundaries == [0, 1, 4, 54, 55], || {
        format!("commits begin at {boundaries:?}")
    })
}

fn head_moved<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let records = fill(&*journal, &[5], 10)?;
    for wrong in [0, 4, 6, u64::MAX] {
        match journal.append(wrong, &batch(wrong.min(1_000), 1, 10)) {
            Err(AppendError::HeadMoved { actual: 5 }) => {}
            other => return Err(format!("expected size {wrong} was answered {other:?}")),
        }
    }
    expect_exactly(&*journal, &records)
}

fn all_or_nothing<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let mut records = fill(&*journal, &[5], 10)?;
    let mut hole = batch(5, 3, 10);
    let mut empty = batch(5, 3, 10);
    if let (Some(last), Some(bare)) = (hole.last_mut(), empty.last_mut()) {
        last.position = 9;
        bare.bytes.clear();
    }
    for (bad, why) in [
        (hole, "a hole"),
        (empty, "an entry without bytes"),
        (vec![], "no entry"),
    ] {
        match journal.append(5, &bad) {
            Err(AppendError::Invalid { .. }) => {}
            other => return Err(format!("a batch with {why} was answered {other:?}")),
        }
        expect_exactly(&*journal, &records)?;
    }
    let good = batch(5, 3, 10);
    journal.append(5, &good).map_err(|error| text(&error))?;
    records.extend(good);
    expect_exactly(&*journal, &records)
}

fn duplicates<S: Store>(store: &S) -> Outcome {
    let records = {
        let journal = store.open()?;
        let records = fill(&*journal, &[3], 10)?;
        refuse_duplicates(&*journal, &records)?;
        records
    };
    let journal = store.open()?;
    refuse_duplicates(&*journal, &records)?;
    // An id of zeros is no id, and another agency's equal id is another event.
    let mut free = batch(3, 3, 10);
    for record in &mut free {
        record.event_id = [0; 16];
    }
    if let (Some(record), Some(first)) = (free.last_mut(), records.first()) {
        record.event_id = first.event_id;
        "school".clone_into(&mut record.agency);
    }
    for record in &mut free {
        seal(record, 10);
    }
    journal.append(3, &free).map_err(|error| text(&error))?;
    let none = journal
        .find("csc", &[0; 16])
        .map_err(|error| text(&error))?;
    ensure(none.is_none(), || {
        format!("an id of zeros is found at {none:?}")
    })
}

fn refuse_duplicates(journal: &dyn Journal, records: &[Record]) -> Outcome {
    let Some(old) = records.get(1) else {
        return Err("no record".to_owned());
    };
    let mut again = batch(3, 2, 10);
    let mut twice = batch(3, 2, 10);
    let first = twice
        .first()
        .map(|record| (record.event_id, record.agency.clone()));
    if let (Some(record), Some(repeat), Some((event_id, agency))) =
        (again.last_mut(), twice.last_mut(), first)
    {
        (record.event_id, record.agency) = (old.event_id, old.agency.clone());
        (repeat.event_id, repeat.agency) = (event_id, agency);
    }
    for (bad, due) in [(again, 1), (twice, 3)] {
        match journal.append(3, &bad) {
            Err(AppendError::Duplicate { position, .. }) if position == due => {}
            other => return Err(format!("a repeat of position {due} was answered {other:?}")),
        }
    }
    expect_exactly(journal, records)
}

fn pages<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let records = fill(&*journal, &[40, 1, 60], 500)?;
    for (from, limit) in [
        (0, 1),
        (0, 0),
        (39, 2),
        (13, 50),
        (100, 9),
        (101, 5),
        (u64::MAX, 5),
    ] {
        let page = journal.read(from, limit).map_err(|error| text(&error))?;
        let due = records
            .iter()
            .skip(usize::try_from(from).unwrap_or(usize::MAX))
            .take(limit);
        let due: Vec<&[u8]> = due.map(|record| record.bytes.as_slice()).collect();
        let got: Vec<&[u8]> = page.iter().map(|stored| stored.bytes.as_slice()).collect();
        ensure(got == due, || {
            format!("page {from}+{limit} has {} entries", got.len())
        })?;
    }
    Ok(())
}

fn finds<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let records = fill(&*journal, &[20, 20], 10)?;
    expect_exactly(&*journal, &records)?;
    let Some(first) = records.first() else {
        return Err("no record".to_owned());
    };
    let other = journal
        .find("school", &first.event_id)
        .map_err(|error| text(&error))?;
    ensure(other.is_none(), || {
        format!("another agency's id is found at {other:?}")
    })
}

fn chains<S: Store>(store: &S) -> Outcome {
    {
        let journal = store.open()?;
        fill(&*journal, &[7, 30, 1, 63], 700)?;
        expect_chains(&*journal)?;
    }
    expect_chains(&*store.open()?)
}

fn expect_chains(journal: &dyn Journal) -> Outcome {
    for (chain, length) in [(0, 51), (1, 50)] {
        let found = journal
            .chain_len(&[chain; 32])
            .map_err(|error| text(&error))?;
        ensure(found == length, || {
            format!("chain {chain} has length {found}")
        })?;
        for (from, limit) in [(1, 200), (0, 3), (10, 7), (length, 5), (length + 1, 5)] {
            let page = journal.read_chain(&[chain; 32], from, limit);
            let page = page.map_err(|error| text(&error))?;
            let due: Vec<u64> = (from.max(1)..=length).take(limit).collect();
            let mut got = Vec::new();
            for stored in &page {
                let read = decode(&stored.bytes)?;
                ensure(read.position == stored.position, || {
                    "positions differ".to_owned()
                })?;
                ensure(read.tag == [chain; 32], || {
                    "an entry of another chain".to_owned()
                })?;
                got.push(read.chain_seq);
            }
            ensure(got == due, || format!("chain {chain} from {from}: {got:?}"))?;
        }
    }
    Ok(())
}

fn large_entries<S: Store>(store: &S) -> Outcome {
    let mut records = batch(0, 5, 20);
    for (record, filler) in records
        .iter_mut()
        .zip([6_900, 1024 * 1024, 0, 30_000, 6_600])
    {
        seal(record, filler);
    }
    {
        let journal = store.open()?;
        journal.append(0, &records).map_err(|error| text(&error))?;
        expect_exactly(&*journal, &records)?;
    }
    let journal = store.open()?;
    expect_exactly(&*journal, &records)?;
    let one = journal.read(3, 1).map_err(|error| text(&error))?;
    let due = records.get(3).map(|record| record.bytes.as_slice());
    ensure(
        one.first().map(|stored| stored.bytes.as_slice()) == due,
        || "an entry inside a large commit differs".to_owned(),
    )
}

fn reopens<S: Store>(store: &S) -> Outcome {
    let mut records = Vec::new();
    for round in 0..4 {
        let journal = store.open()?;
        expect_exactly(&*journal, &records)?;
        for count in [1, 30, 2] {
            let from = records.len() as u64;
            let more = batch(from, count + round, 400);
            journal.append(from, &more).map_err(|error| text(&error))?;
            records.extend(more);
        }
    }
    expect_exactly(&*store.open()?, &records)
}
