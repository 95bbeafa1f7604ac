//! The connection to a server, as every command makes it.

use crate::domain::id::AgencyId;
use crate::grpc::client::Client;

use super::args::Global;
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
    let client = Client::connect(&global.server, agency.as_ref())
        .await
        .map_err(|status| {
            Failure::from(status).advise(
                "start one: caseledger serve --store DIR; or name it: --server http://HOST:PORT",
            )
        })?;
    Ok(client.with_deadline(global.timeout))
}
