//! Counting what follows the log against the log.

use super::row::RowSum;
use super::runs::Misfit;
use super::{REBUILD_PAGE, SledJournal, index_stopped};
use crate::journal::{Journal, ReadError};
use crate::ledger::tree::leaf_hash;

impl SledJournal {
    /// Counts the indexes against the log: every entry is found by its keys, and no row is left over. Answers how many
    /// entries were looked at. `progress` is told (entries done, entries in all). Not while something is appended.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] with the first position that does not fit.
    pub fn recount(&self, mut progress: impl FnMut(u64, u64)) -> Result<u64, ReadError> {
        if !self.index.settle() {
            return Err(index_stopped());
        }
        let (size, mut next, mut due) = (self.size()?, 0_u64, RowSum::default());
        let (leaves, landmarks) = self.index.remembered(size)?;
        let mut marks = (leaves.iter(), landmarks.iter().peekable());
        while next < size {
            for (place, bytes) in self.log.read(next, REBUILD_PAGE, size)? {
                let record = self.decode(place.position, &bytes)?;
                due.add_entry(&record, &place);
                let leaf = marks.0.next();
                let landmark = marks.1.next_if(|mark| mark.position <= place.position);
                if leaf.is_some_and(|leaf| leaf_of(&bytes).as_ref() != Some(leaf))
                    || landmark.is_some_and(|mark| *mark != place)
                {
                    let (position, what) = (place.position, "its mark is not of it".to_owned());
                    return Err(ReadError::Damaged { position, what });
                }
                next = place.position.saturating_add(1);
            }
            progress(next, size);
        }
        match self.index.sum()? {
            Ok(sum) if sum == due => Ok(size),
            Ok(_other) => self.find_fault(size, None),
            Err(misfit) => self.find_fault(size, Some(misfit)),
        }
    }

    /// The first position whose rows are not as the log makes them, or not found, when not all are; else what does not
    /// hold of the indexes themselves.
    fn find_fault(&self, size: u64, misfit: Option<Misfit>) -> Result<u64, ReadError> {
        let (mut next, mut due) = (0_u64, 0_u64);
        while next < size {
            for (place, bytes) in self.log.read(next, REBUILD_PAGE, size)? {
                let position = place.position;
                let missing = |what: &str| ReadError::Damaged {
                    position,
                    what: what.to_owned(),
                };
                let record = self.decode(position, &bytes)?;
                let row = self.index.chain(&record.tag, record.chain_seq, 1)?;
                if row.first() != Some(&(record.chain_seq, place)) {
                    return Err(missing("the chain index does not have it"));
                }
                due = due.saturating_add(1);
                if record.is_findable() {
                    if self.index.find(&record.agency, &record.event_id)? != Some(place) {
                        return Err(missing("the event index does not have it"));
                    }
                    due = due.saturating_add(1);
                }
                next = position.saturating_add(1);
            }
        }
        let what = match (misfit, self.index.rows()) {
            (Some(misfit), _) => misfit.to_string(),
            (None, rows) if rows == due => {
                "the indexes have other rows than the log makes".to_owned()
            }
            (None, rows) => format!("the indexes have {rows} rows, the log makes {due}"),
        };
        Err(ReadError::Damaged {
            position: size,
            what,
        })
    }
}

/// The hash of an entry's leaf: its header is the first of its two strings.
fn leaf_of(bytes: &[u8]) -> Option<[u8; 32]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    Some(*leaf_hash(rest.get(..length)?).as_bytes())
}
