//! The signed head of the tree: a C2SP checkpoint without extension lines (FORMAT.md section 8).

use data_encoding::BASE64;

use super::codec::NUMBER_MAX;
use super::digest::TreeHash;
use super::note::{Note, NoteError, NoteSigner, VerifierKey};
use super::statement::Origin;
use super::tree::TreeHead;

/// Longest checkpoint note we read, bytes.
pub const NOTE_MAX: usize = 64 * 1024;

/// A ledger's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger.
    pub origin: Origin,
    /// Number of entries.
    pub size: u64,
    /// Root over their headers.
    pub root: TreeHash,
}

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Its text is not origin, size and root.
    #[error("this is not a checkpoint: {0}")]
    Form(&'static str),
    /// It is another ledger's.
    #[error("the checkpoint is of another ledger")]
    Origin,
    /// Note or signature.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root.as_bytes())
        )
    }

    /// Reads the text strictly.
    ///
    /// # Errors
    /// [`CheckpointError::Form`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let form = CheckpointError::Form;
        let body = text
            .strip_suffix('\n')
            .ok_or(form("no newline at the end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(form("three lines"));
        };
        let origin = origin.parse().ok().ok_or(form("its origin"))?;
        let number = size
            .parse()
            .ok()
            .filter(|number: &u64| *number <= NUMBER_MAX);
        let number = number
            .filter(|number| number.to_string() == size)
            .ok_or(form("its size"))?;
        let root = BASE64
            .decode(root.as_bytes())
            .ok()
            .and_then(|root| root.try_into().ok());
        let root = TreeHash::new(root.ok_or(form("its root"))?);
        Ok(Self {
            origin,
            size: number,
            root,
        })
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root,
        }
    }

    /// Signs it. The signer's name must be the origin.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] when it is another name.
    pub fn sign(self, signer: &NoteSigner) -> Result<SignedCheckpoint, CheckpointError> {
        if signer.verifier().name() != self.origin.as_str() {
            return Err(CheckpointError::Origin);
        }
        let note = signer.note(&self.text());
        Ok(SignedCheckpoint {
            checkpoint: self,
            note,
        })
    }
}

/// A checkpoint whose log signature has been made or verified here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Reads a note and verifies the log's signature; the key's name is the origin that is expected.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, log: &VerifierKey) -> Result<Self, CheckpointError> {
        if note.len() > NOTE_MAX {
            return Err(CheckpointError::Form("its length"));
        }
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.text())?;
        if checkpoint.origin.as_str() != log.name() {
            return Err(CheckpointError::Origin);
        }
        parsed.verify(log)?;
        Ok(Self {
            checkpoint,
            note: note.to_owned(),
        })
    }

    /// Origin, size and root.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, verbatim.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The note with further signature lines (cosignatures), each ending in a newline.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] when the result is no longer a note.
    pub fn with_lines(&self, lines: &str) -> Result<Self, CheckpointError> {
        let note = format!("{}{lines}", self.note);
        let text = Note::parse(&note)?.text().to_owned();
        if text != self.checkpoint.text() {
            return Err(CheckpointError::Form("its signature lines"));
        }
        Ok(Self {
            checkpoint: self.checkpoint.clone(),
            note,
        })
    }
}
