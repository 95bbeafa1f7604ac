//! `verify …`: checks that need nobody's word. Checking nothing, or not all, is never a success.

pub(super) mod case;
mod checkpoint;
pub(super) mod files;
mod pass;
pub(super) mod store;
mod view;
mod walk;

pub(super) use self::case::case;
pub(super) use self::checkpoint::checkpoint;
pub(super) use self::store::store;
pub(super) use self::view::Copied;

use crate::verify::{Outcome, Report};

use super::exit::Exit;

/// The exit code of an outcome.
fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Verified => Exit::Done,
        Outcome::Failed => Exit::IntegrityBroken,
        Outcome::Partial | Outcome::Nothing => Exit::NotAllChecked,
    }
}

/// What was checked and how it ended, in one sentence.
fn verdict(report: &Report) -> String {
    let faults = report.faults.len() as u64 + report.faults_more;
    match report.outcome {
        Outcome::Verified => format!("verified: {} entries, all checked, all hold", report.size),
        Outcome::Partial => {
            format!(
                "partial: what was checked of {} entries holds; not all could be",
                report.size
            )
        }
        Outcome::Failed => {
            let what = if faults == 1 { "fault" } else { "faults" };
            format!("FAILED: {faults} {what} in {} entries", report.size)
        }
        Outcome::Nothing => "nothing was checked: there are no entries".to_owned(),
    }
}
