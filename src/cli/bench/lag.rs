//! How far the indexes of a server are behind, looked at while it is under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::cli::error::Failure;
use crate::grpc::client::{Client, Status};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks ten times a second, until it is dropped.
pub(super) struct Lag {
    most: Arc<AtomicU64>,
    looks: JoinHandle<()>,
}

impl Lag {
    /// Begins to look; fails when the server does not tell.
    pub(super) async fn watch(address: &str) -> Result<Self, Failure> {
        let mut client = Client::connect(address, None).await?;
        let most = Arc::new(AtomicU64::new(lag(&mut client).await?));
        let noted = Arc::clone(&most);
        let looks = tokio::spawn(async move {
            // Of a server that tells no more nothing is said.
            while let Ok(lag) = lag(&mut client).await {
                noted.fetch_max(lag, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        });
        Ok(Self { most, looks })
    }

    /// The greatest number of entries that the indexes were seen behind; nothing when the server told no more.
    pub(super) fn most(&self) -> Option<u64> {
        let most = self.most.load(Ordering::Relaxed);
        (!self.looks.is_finished()).then_some(most)
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.looks.abort();
    }
}

async fn lag(client: &mut Client) -> Result<u64, Status> {
    Ok(client.checkpoint().await?.index_lag)
}
