//! The checks in which something fails or happens at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Outcome, Store, batch, decode, ensure, expect_exactly, read_all, text};
use crate::journal::memory::Fault;
use crate::journal::{AppendError, Record};

pub(super) fn poisons<S: Store>(store: &S) -> Outcome {
    for fault in [Fault::FailAndKeep, Fault::FailAndLose] {
        let journal = store.open()?;
        let mut records: Vec<Record> = Vec::new();
        for stored in read_all(&*journal)? {
            records.push(decode(&stored.bytes)?);
        }
        let mut size = records.len() as u64;
        records.extend(batch(size, 2, 10));
        let fresh = records.get(records.len() - 2..).unwrap_or_default();
        journal.append(size, fresh).map_err(|error| text(&error))?;
        size += 2;
        if !store.fail_next(fault) {
            continue;
        }
        let doubtful = batch(size, 3, 10);
        match journal.append(size, &doubtful) {
            Err(AppendError::InDoubt { .. }) => {}
            other => return Err(format!("a failing commit was answered {other:?}")),
        }
        match journal.append(size, &doubtful) {
            Err(AppendError::Poisoned) => {}
            other => return Err(format!("after a failed commit: {other:?}")),
        }
        expect_exactly(&*journal, &records)?;
        drop(journal);
        if fault == Fault::FailAndKeep {
            records.extend(doubtful);
        }
        let journal = store.open()?;
        expect_exactly(&*journal, &records)?;
        let size = records.len() as u64;
        let next = batch(size, 1, 10);
        journal.append(size, &next).map_err(|error| text(&error))?;
    }
    Ok(())
}

/// Longest wait for the indexes of a few thousand entries: only an index that stands still takes it.
const ROOM: Duration = Duration::from_mins(1);

pub(super) fn has_room<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    ensure(journal.wait_for_room(1_000, Duration::ZERO), || {
        "an empty journal has no room".to_owned()
    })?;
    ensure(journal.index_lag() == 0, || {
        "the indexes of an empty journal lag".to_owned()
    })?;
    let mut size = 0;
    for count in [1_000, 1, 1_000, 10, 1_000, 100] {
        let entries = batch(size, count, 10);
        ensure(journal.wait_for_room(entries.len(), ROOM), || {
            format!("no room for {count} entries at size {size}")
        })?;
        let taken = journal.append(size, &entries);
        size = taken.map_err(|error| text(&error))?;
        ensure(journal.index_lag() as u64 <= size, || {
            format!("{} of {size} entries lag", journal.index_lag())
        })?;
    }
    Ok(())
}

pub(super) fn concurrent_readers<S: Store>(store: &S) -> Outcome {
    let journal = store.open()?;
    let (journal, done) = (&*journal, AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let size = journal.size().map_err(|error| text(&error))?;
                let all = read_all(journal)?;
                ensure(all.len() as u64 >= size, || {
                    format!("{} of {size} read", all.len())
                })?;
                for (stored, position) in all.iter().zip(0..) {
                    let read = decode(&stored.bytes)?;
                    ensure(read.position == position, || {
                        format!("{position} is a hole")
                    })?;
                    let found = journal.find(&read.agency, &read.event_id);
                    let found = found.map_err(|error| text(&error))?;
                    ensure(found == Some(position), || {
                        format!("{position} is not found")
                    })?;
                }
                let whole = all.len() % 10;
                ensure(whole == 0, || {
                    format!("half a commit: {} entries", all.len())
                })?;
                let chain = journal.chain_len(&[0; 32]).map_err(|error| text(&error))?;
                ensure(chain >= size / 2, || {
                    format!("chain of {chain} at size {size}")
                })?;
            }
            Ok(())
        });
        let written = (0..60).try_for_each(|commit| {
            let records = batch(commit * 10, 10, 1_000);
            journal
                .append(commit * 10, &records)
                .map(drop)
                .map_err(|error| text(&error))
        });
        done.store(true, Ordering::Release);
        let read = reader
            .join()
            .unwrap_or_else(|_panic| Err("a reader panicked".to_owned()));
        written.and(read)
    })
}
