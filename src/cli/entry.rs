//! `entry …`: single entries, into the ledger and out of it.

mod append;
pub(super) mod import;
pub(super) mod send;
pub(super) mod show;
mod tail;

use jiff::Timestamp;

use crate::grpc::pb;
use crate::grpc::schema::singular;
use crate::service::clock::{Clock, SystemClock};

use super::args::{Entry, Global};
use super::error::Failure;
use super::exit::Exit;
use super::json_lines::Checks;

/// Does what one of the verbs asks.
pub(super) async fn run(global: &Global, verb: Entry) -> Result<Exit, Failure> {
    match verb {
        Entry::Show { position, proof } => show::show(global, position, proof).await,
        Entry::Append(append) => append::append(global, &append).await,
        Entry::Import { file, dry_run } => import::import(global, &file, dry_run).await,
        Entry::Tail { case, from } => tail::tail(global, case, from).await,
    }
}

/// What events are checked against, as of now.
pub(super) fn checks() -> Result<Checks, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new(Exit::Other, error.to_string());
    Ok(Checks {
        singular: singular().map_err(|error| broken(&error))?,
        now: Timestamp::from_microsecond(SystemClock::new().wall())
            .map_err(|error| broken(&error))?,
    })
}

/// An instant of a message, in RFC 3339 UTC to the microsecond; empty when there is none.
fn instant(seconds_nanos: Option<(i64, i32)>) -> String {
    let at = seconds_nanos.and_then(|(seconds, nanos)| Timestamp::new(seconds, nanos).ok());
    at.map(|at| format!("{at:.6}")).unwrap_or_default()
}

/// When an entry was sealed.
fn appended(entry: &pb::Entry) -> String {
    instant(entry.appended_time.map(|time| (time.seconds, time.nanos)))
}
