//! Several files read as one: what one copy of a store has lost another may still hold.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Files one after the other. Offsets count through all of them; a block never reaches from one into the next, because
/// each checks by itself.
#[derive(Debug)]
pub struct Joined {
    parts: Vec<Part>,
    length: u64,
    at: u64,
}

#[derive(Debug)]
struct Part {
    file: File,
    begins: u64,
    length: u64,
}

impl Joined {
    /// Joins open files in this order, each with the length that it has now.
    ///
    /// # Errors
    /// A file's length cannot be read.
    pub fn new(files: Vec<File>) -> io::Result<Self> {
        let mut parts = Vec::with_capacity(files.len());
        let mut begins = 0_u64;
        for file in files {
            let length = file.metadata()?.len();
            parts.push(Part {
                file,
                begins,
                length,
            });
            begins = begins.saturating_add(length);
        }
        Ok(Self {
            parts,
            length: begins,
            at: 0,
        })
    }

    /// Bytes in all.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The number of the file an offset lies in, from 0, and the offset in that file; `None` after the end.
    #[must_use]
    pub fn locate(&self, offset: u64) -> Option<(usize, u64)> {
        let holds = |part: &Part| {
            let within = offset.checked_sub(part.begins)?;
            (within < part.length).then_some(within)
        };
        let mut places = self.parts.iter().enumerate();
        places.find_map(|(number, part)| Some((number, holds(part)?)))
    }
}

impl Read for Joined {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some((number, within)) = self.locate(self.at) else {
            return Ok(0);
        };
        let Some(part) = self.parts.get_mut(number) else {
            return Ok(0);
        };
        part.file.seek(SeekFrom::Start(within))?;
        let rest = part.length.saturating_sub(within);
        let read = (&part.file).take(rest).read(bytes)?;
        if read == 0 && !bytes.is_empty() {
            // It has become shorter since it was opened.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Joined {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn several_files_read_as_one_and_every_offset_is_found_in_its_file() {
        let files = vec![file(b"abc"), file(b""), file(b"defg")];
        let mut joined = Joined::new(files).unwrap();
        let mut all = String::new();
        joined.read_to_string(&mut all).unwrap();
        assert_eq!((all.as_str(), joined.length()), ("abcdefg", 7));
        assert_eq!(joined.locate(2), Some((0, 2)));
        assert_eq!(joined.locate(3), Some((2, 0)));
        assert_eq!(joined.locate(7), None);
        joined.seek(SeekFrom::End(-5)).unwrap();
        let mut three = [0; 3];
        joined.read_exact(&mut three).unwrap();
        assert_eq!(&three, b"cde");
        assert!(joined.seek(SeekFrom::Current(-9)).is_err());
    }
}
