//! Reading the commits that a scan found.

use std::io::{Read, Seek, SeekFrom};

use super::{Commit, ScanError};
use crate::journal::block::{self, BlockError, Entries};

/// Reads the entries of a commit a scan of this file found, checking its blocks again.
///
/// # Errors
/// [`ScanError::Read`], or [`ScanError::Commit`] if the file has changed.
pub fn read_commit(file: impl Read + Seek, commit: &Commit) -> Result<Vec<Vec<u8>>, ScanError> {
    let mut entries = Vec::new();
    CommitReader::new(file).read(commit, |entry| entries.push(entry.to_vec()))?;
    Ok(entries)
}

/// Reads commits that a scan of this file found, one after the other, with room that is used again.
#[derive(Debug)]
pub struct CommitReader<F> {
    file: F,
    /// Take the blocks' checksums again.
    checks: bool,
    /// The blocks, one after the other.
    blocks: Vec<u8>,
    stream: Vec<u8>,
}

impl<F: Read + Seek> CommitReader<F> {
    /// Reads from this file, checking the blocks again.
    pub const fn new(file: F) -> Self {
        Self::with(file, true)
    }

    /// Reads from this file without taking the checksums of the blocks again: the scan took them, and whoever reads proves
    /// every entry by its own digests.
    pub const fn trusting(file: F) -> Self {
        Self::with(file, false)
    }

    const fn with(file: F, checks: bool) -> Self {
        Self {
            file,
            checks,
            blocks: Vec::new(),
            stream: Vec::new(),
        }
    }

    /// Hands the entries of a commit to `take`, in order.
    ///
    /// # Errors
    /// [`ScanError::Read`], or [`ScanError::Commit`] if the file has changed; then not all entries were handed over.
    pub fn read(&mut self, commit: &Commit, mut take: impl FnMut(&[u8])) -> Result<(), ScanError> {
        self.blocks.clear();
        let mut ends = Vec::with_capacity(commit.parts.len());
        for place in &commit.parts {
            self.file.seek(SeekFrom::Start(place.offset))?;
            (&mut self.file)
                .take(u64::from(place.length))
                .read_to_end(&mut self.blocks)?;
            ends.push(self.blocks.len());
        }
        let changed = |error| ScanError::Commit {
            first: commit.first,
            error,
        };
        let (mut begin, checks) = (0, self.checks);
        let blocks = ends.into_iter().map(|end| {
            let value = self.blocks.get(begin..end).unwrap_or_default();
            begin = end;
            if checks {
                block::decode(value)
            } else {
                block::decode_again(value)
            }
        });
        let blocks: Result<Vec<_>, BlockError> = blocks.collect();
        let count = blocks.and_then(|blocks| block::join(blocks, &mut self.stream));
        for entry in Entries::new(&self.stream, count.map_err(changed)?) {
            take(entry.map_err(changed)?);
        }
        Ok(())
    }
}
