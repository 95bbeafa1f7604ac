//! Power cuts, simulated: what a real run wrote and synced is recorded with strace, the disk is rebuilt as a power cut
//! could have left it, and the ledger is opened on that by the code that serves.
//!
//! `CRASH_IMAGES` is the number of images (300 unless told), `CRASH_SEED` repeats a run's choice of cuts. Each run
//! records anew, so a seed repeats exactly only on a kept trace: `CRASH_TRACE` names a file to which the trace is
//! written, or from which it is read when it is there. `CRASH_REQUIRED` makes a missing strace a failure.
#![cfg(all(feature = "server", target_os = "linux"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first thing that is not as expected"
)]

mod check;
mod disk;
mod faults;
mod model;
mod recorder;
mod rng;
mod trace;

use std::sync::OnceLock;

use crate::disk::MODELS;
use crate::model::{number, run};
use crate::recorder::{Plan, recording};
use crate::trace::Trace;

const IMAGES: u64 = 300;

/// Whether there is a strace to record with. Without one nothing is checked, and that is said.
fn can_record() -> bool {
    let works = recorder::strace_works();
    if !works {
        let required = std::env::var_os("CRASH_REQUIRED").is_some();
        assert!(!required, "strace is missing or may not trace");
        println!("NOTHING WAS CHECKED: strace is missing or may not trace");
    }
    works
}

fn seed() -> u64 {
    number("CRASH_SEED").unwrap_or_else(|| std::process::id().into())
}

/// One recording serves every test of a whole run.
fn whole() -> &'static Trace {
    static WHOLE: OnceLock<Trace> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let plan = Plan {
            phases: 3,
            requests: 22,
            cure: true,
        };
        recording(plan, std::env::var_os("CRASH_TRACE"))
    })
}

#[test]
fn nothing_acknowledged_is_lost_by_a_power_cut() {
    if !can_record() {
        return;
    }
    let images = number("CRASH_IMAGES").unwrap_or(IMAGES);
    let found = run(whole(), images, seed());
    found.say("whole");
    assert!(found.failed.is_empty(), "{}", found.story());
    assert!(found.with_promises > images / 2, "little was at stake");
    assert_eq!(found.by_model.len(), MODELS.len());
}

#[test]
fn without_the_sync_of_the_store_acknowledged_entries_are_lost() {
    if !can_record() {
        return;
    }
    let plan = Plan {
        phases: 1,
        requests: 12,
        cure: false,
    };
    let found = run(&recording(plan, None), 24, 1);
    found.say("the store's sync omitted");
    assert!(found.failed.iter().any(|what| what.contains("Lost")));
    assert!(!found.failed.iter().any(|what| what.contains("Kept")));
}

#[test]
fn without_any_one_of_the_other_syncs_the_ledger_is_lost() {
    if !can_record() {
        return;
    }
    for paths in [
        ["ledger/head", "ledger/head.new"],
        ["ledger/keys", "ledger/keys.new"],
        ["ledger", "ledger/journal"],
        ["", "."],
    ] {
        let found = run(&whole().without_syncs(&paths), 24, 2);
        found.say(&format!("{paths:?} not synced"));
        assert!(found.failed.iter().any(|what| what.contains("Lost")));
        assert!(!found.failed.iter().any(|what| what.contains("Kept")));
    }
}
