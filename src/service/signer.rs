//! The key of the log: signs a checkpoint only after what it covers is durable.

use std::sync::Arc;

use crate::ledger::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::ledger::note::{NoteError, NoteSigner};
use crate::ledger::statement::Origin;
use crate::ledger::tree::{NoSuchNode, RightEdge};

use super::shared::Head;

/// Why no checkpoint could be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The key or the origin cannot be used.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint could not be made.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A node of the tree is missing.
    #[error(transparent)]
    Tree(#[from] NoSuchNode),
}

/// Signs for one origin.
pub(super) struct Signer {
    origin: Origin,
    signer: NoteSigner,
}

impl Signer {
    /// From the 32-byte Ed25519 seed.
    ///
    /// # Errors
    /// [`SignerError`] if the origin cannot name a key.
    pub(super) fn new(origin: &Origin, seed: &[u8; 32]) -> Result<Self, SignerError> {
        let signer = NoteSigner::new(origin.as_str(), seed)?;
        Ok(Self {
            origin: origin.clone(),
            signer,
        })
    }

    /// The log's verifier key.
    pub(super) fn verifier(&self) -> crate::ledger::note::VerifierKey {
        self.signer.verifier()
    }

    /// Signs a head of the tree.
    ///
    /// # Errors
    /// [`SignerError`].
    pub(super) fn sign(&self, edge: RightEdge) -> Result<Head, SignerError> {
        let (size, root) = (edge.size(), edge.root());
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size,
            root,
        };
        let signed = checkpoint.sign(&self.signer)?;
        Ok(Head {
            size,
            root,
            edge: Arc::new(edge),
            signed: Arc::<SignedCheckpoint>::new(signed),
        })
    }
}
