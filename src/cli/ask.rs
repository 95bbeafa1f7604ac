//! The connection to a server, as every command makes it.

use crate::domain::id::AgencyId;
use crate::grpc::client::{Client, Code, Status};
use crate::grpc::pb;

use super::args::{AsAt, Basis, Global};
use super::error::Failure;
use super::exit::Exit;

/// Connects as the agency of the command line, or as nobody, who may read and not write.
pub(super) async fn connect(global: &Global) -> Result<Client, Failure> {
    let agency = global
        .agency
        .as_deref()
        .map(str::parse::<AgencyId>)
        .transpose()
        .map_err(|error| Failure::new(Exit::Usage, format!("--agency: {error}")))?;
    if !global.server.starts_with("http://") {
        let words = format!("--server: {} is no address of a server", global.server);
        return Err(Failure::new(Exit::Usage, words).advise("write it as http://HOST:PORT"));
    }
    let client = Client::connect(&global.server, agency.as_ref())
        .await
        .map_err(|status| {
            Failure::from(status).advise(
                "start one: caseledger serve --store DIR; or name it: --server http://HOST:PORT",
            )
        })?;
    Ok(client.with_deadline(global.timeout))
}

/// The moment, basis and eyes of a question, as a message.
pub(super) fn as_at(of: &AsAt) -> pb::AsAt {
    let basis = match of.basis {
        Basis::Then => pb::Basis::Then,
        Basis::Recorded => pb::Basis::Recorded,
        Basis::Ledger => pb::Basis::Ledger,
        Basis::Now => pb::Basis::Now,
    };
    pb::AsAt {
        date: of.date.clone().unwrap_or_default(),
        basis: i32::from(basis),
        eyes: of.eyes.clone().unwrap_or_default(),
        position: None,
    }
}

/// Why a question about a case was not answered. What is wrong with it stood on the command line.
pub(super) fn unanswered(case: &str, status: Status) -> Failure {
    let code = status.code();
    if code == Code::NotFound {
        let words = format!("no case {case} in this ledger that you may see");
        return Failure::new(Exit::NotFound, words).advise("list the cases: caseledger case list");
    }
    if code == Code::InvalidArgument {
        let words = status
            .message()
            .replace("as_at.date", "the date")
            .replace("as_at.eyes", "--by")
            .replace("needing:", "--needing:")
            .replace("min_gap_working_days", "--min-gap")
            .replace("; ShowCase lists them", "; caseledger case show lists them")
            .replace("case_id", "the case");
        return Failure::new(Exit::Usage, words);
    }
    Failure::from(status)
}
