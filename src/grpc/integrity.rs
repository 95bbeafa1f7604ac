//! `IntegrityService`: checkpoints and proofs, open to anybody.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::ledger::digest::TreeHash;
use crate::service::Service;

use super::pb;
use super::pb::integrity_service_server::IntegrityService;
use super::status::status;

/// The handlers.
pub struct Integrity {
    service: Arc<Service>,
}

impl Integrity {
    /// Over an open ledger.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

/// Hashes of a proof, one after the other.
pub(super) fn joined(path: &[TreeHash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[tonic::async_trait]
impl IntegrityService for Integrity {
    async fn get_checkpoint(
        &self,
        _request: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let head = self.service.head();
        Ok(Response::new(pb::GetCheckpointResponse {
            checkpoint: head.signed.note().to_owned(),
            size: head.size,
            root: head.root.as_bytes().to_vec(),
            verifier_key: self.service.verifier_key().to_owned(),
            index_lag: self.service.index_lag(),
        }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        let pb::GetInclusionProofRequest { position, size } = request.into_inner();
        let proof = self
            .service
            .inclusion(position, size)
            .map_err(|refused| status(&refused))?;
        Ok(Response::new(pb::GetInclusionProofResponse {
            position,
            size: proof.size,
            leaf_hash: proof.leaf.as_bytes().to_vec(),
            path: joined(&proof.path),
            root: proof.root.as_bytes().to_vec(),
            checkpoint: proof
                .checkpoint
                .map(|h| h.signed.note().to_owned())
                .unwrap_or_default(),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        let pb::GetConsistencyProofRequest { from_size, to_size } = request.into_inner();
        let proof = self.service.consistency(from_size, to_size);
        let proof = proof.map_err(|refused| status(&refused))?;
        Ok(Response::new(pb::GetConsistencyProofResponse {
            from_size: proof.from,
            to_size: proof.to,
            from_root: proof.from_root.as_bytes().to_vec(),
            to_root: proof.to_root.as_bytes().to_vec(),
            path: joined(&proof.path),
        }))
    }
}
