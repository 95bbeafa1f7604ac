//! What an author gets back: a proof that its entry is in the ledger (FORMAT.md section 8), also as a `.tlog-proof`.

use data_encoding::BASE64;

use super::checkpoint::{CheckpointError, NOTE_MAX, SignedCheckpoint};
use super::codec::NUMBER_MAX;
use super::digest::{Link, TreeHash};
use super::entry::{HEADER_MAX, Header};
use super::note::VerifierKey;
use super::tree::{leaf_hash, verify_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes of an inclusion proof.
pub const PROOF_MAX: usize = 63;

/// The acknowledgement of an append; it is already a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Index in the whole ledger.
    pub position: u64,
    /// Number in its chain.
    pub case_seq: u64,
    /// Link in its chain.
    pub link: Link,
    /// When it was sealed, microseconds since 1970 UTC.
    pub appended: u64,
    /// A head of the ledger that holds it.
    pub checkpoint: SignedCheckpoint,
    /// Inclusion proof under that head, hash next to the leaf first.
    pub proof: Vec<TreeHash>,
}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a `.tlog-proof`.
    #[error("this is not a tlog-proof: {0}")]
    Form(&'static str),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not in the ledger at this position.
    #[error("the proof does not show this entry in the ledger")]
    Inclusion,
    /// Numbers, time or link of the receipt are not those of the entry.
    #[error("the receipt does not belong to this entry")]
    Entry,
}

impl Receipt {
    /// Checks the receipt against the entry's header: same numbers, time and link, and included.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn check(&self, header: &[u8]) -> Result<(), ReceiptError> {
        let parsed = Header::decode(header).ok().ok_or(ReceiptError::Entry)?;
        let fields = &parsed.fields;
        let same = (self.position, self.case_seq, self.appended, self.link)
            == (
                fields.position,
                fields.case_seq,
                fields.appended,
                parsed.link,
            );
        if !same {
            return Err(ReceiptError::Entry);
        }
        let head = self.checkpoint.checkpoint();
        let leaf = leaf_hash(header);
        let included = verify_inclusion(&leaf, self.position, head.size, &self.proof, &head.root);
        if included {
            Ok(())
        } else {
            Err(ReceiptError::Inclusion)
        }
    }

    /// As a file that stands alone: the header goes into `extra`.
    #[must_use]
    pub fn to_tlog_proof(&self, header: &[u8]) -> TlogProof {
        TlogProof {
            extra: Some(header.to_vec()),
            index: self.position,
            proof: self.proof.clone(),
            checkpoint: self.checkpoint.note().to_owned(),
        }
    }
}

/// The parts of a `.tlog-proof` file. `extra` proves nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes that come with the proof; here the entry's header.
    pub extra: Option<Vec<u8>>,
    /// Index of the leaf.
    pub index: u64,
    /// Inclusion proof, hash next to the leaf first.
    pub proof: Vec<TreeHash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// The file.
    #[must_use]
    pub fn print(&self) -> String {
        let mut out = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            for part in ["extra ", &BASE64.encode(extra), "\n"] {
                out.push_str(part);
            }
        }
        for part in ["index ", &self.index.to_string(), "\n"] {
            out.push_str(part);
        }
        for hash in &self.proof {
            out.push_str(&BASE64.encode(hash.as_bytes()));
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Reads a file strictly; verifies nothing.
    ///
    /// # Errors
    /// [`ReceiptError::Form`].
    pub fn parse(file: &str) -> Result<Self, ReceiptError> {
        let form = ReceiptError::Form;
        let (head, checkpoint) = file.split_once("\n\n").ok_or(form("no empty line"))?;
        if checkpoint.len() > NOTE_MAX {
            return Err(form("its length"));
        }
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(form("its first line"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra "));
        let extra = extra
            .map(|base64| BASE64.decode(base64.as_bytes()))
            .transpose();
        let extra = extra.ok().ok_or(form("its extra line"))?;
        if extra.as_ref().is_some_and(|extra| extra.len() > HEADER_MAX) {
            return Err(form("its extra line"));
        }
        let text = lines.next().and_then(|line| line.strip_prefix("index "));
        let text = text.ok_or(form("its index line"))?;
        let index = text.parse().ok().filter(|index: &u64| *index <= NUMBER_MAX);
        let index = index.filter(|index| index.to_string() == text);
        let index = index.ok_or(form("its index line"))?;
        let hash = |line: &str| {
            let bytes = BASE64.decode(line.as_bytes()).ok()?;
            bytes.try_into().ok().map(TreeHash::new)
        };
        let proof: Option<Vec<TreeHash>> = lines.map(hash).collect();
        let proof = proof.filter(|proof| proof.len() <= PROOF_MAX);
        let proof = proof.ok_or(form("its hashes"))?;
        Ok(Self {
            extra,
            index,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Is this leaf in the ledger whose key this is? Gives the checkpoint it is proven under.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(
        &self,
        leaf: &TreeHash,
        log: &VerifierKey,
    ) -> Result<SignedCheckpoint, ReceiptError> {
        let signed = SignedCheckpoint::open(&self.checkpoint, log)?;
        let head = signed.checkpoint();
        let included = verify_inclusion(leaf, self.index, head.size, &self.proof, &head.root);
        if included {
            Ok(signed)
        } else {
            Err(ReceiptError::Inclusion)
        }
    }
}
