//! Segments: sled's file is cut into pieces of 512 KiB, each with a header that says where it stands in the log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Doubt;
use super::pages::Spot;
use super::wire::{Bytes, Kind, RED_ZONE, SEGMENT, SEGMENT_HEADER, crc, header};

/// Bytes read at once of a message whose size is not known.
const PEEK: usize = 4096;

/// The segments of a file that are in use or were.
#[derive(Debug)]
pub(super) struct Segments {
    /// Offset in the file, by the log sequence number of the first byte; only from the asked number on.
    pub(super) places: BTreeMap<i64, u64>,
    /// Log sequence number of each piece of the file; `None` for a piece without a header that checks.
    pub(super) numbers: Vec<Option<i64>>,
    /// Everything up to here was written when the newest of them was begun.
    pub(super) stable: i64,
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Where the segment of a log sequence number begins.
pub(super) fn base(lsn: i64) -> i64 {
    lsn - lsn.rem_euclid(size(SEGMENT))
}

/// The log sequence number of the segment after the one that begins there.
pub(super) fn after(base: i64) -> i64 {
    base.saturating_add(size(SEGMENT))
}

/// Reads the headers of all segments.
pub(super) fn segments(file: &File, from: i64) -> Result<Segments, Doubt> {
    let length = file.metadata()?.len();
    let mut found = Segments {
        places: BTreeMap::new(),
        numbers: Vec::new(),
        stable: from,
    };
    let mut offset = 0_u64;
    while offset.saturating_add(SEGMENT_HEADER) <= length {
        let read = segment_header(file, offset)?;
        found.numbers.push(read.map(|(lsn, _)| lsn));
        if let Some((lsn, stable)) = read.filter(|(lsn, _)| *lsn >= from) {
            if lsn != base(lsn) {
                return Err(Doubt::Form("a segment's number is none"));
            }
            found.stable = found.stable.max(stable);
            if found.places.insert(lsn, offset).is_some() {
                return Err(Doubt::Form("two segments have one number"));
            }
        }
        offset = offset.saturating_add(SEGMENT);
    }
    Ok(found)
}

/// First log sequence number of the segment at an offset and what was stable when it was begun; `None` if its checksum
/// does not match.
fn segment_header(file: &File, offset: u64) -> Result<Option<(i64, i64)>, Doubt> {
    let mut bytes = [0; 20];
    file.read_exact_at(&mut bytes, offset)?;
    let (sum, rest) = bytes.split_at(4);
    if Bytes(sum).u32()? ^ u32::MAX != crc(rest) {
        return Ok(None);
    }
    let mut rest = Bytes(rest);
    let (lsn, stable) = (rest.i64()? ^ i64::MAX, rest.i64()? ^ i64::MAX);
    Ok(Some((lsn, stable)))
}

/// The log sequence number of the segment at an offset, if its header checks.
pub(super) fn number(file: &File, offset: u64) -> Result<Option<i64>, Doubt> {
    Ok(segment_header(file, offset)?.map(|(lsn, _)| lsn))
}

/// What a message does to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) page: u64,
    pub(super) lsn: i64,
    /// Offset in the file.
    pub(super) place: u64,
    /// Bytes, header included.
    pub(super) size: u64,
    /// Of a manifest: the log sequence number that must be there for the batch that begins here to be whole.
    pub(super) needs: i64,
}

/// The messages of one segment.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) messages: Vec<Message>,
    /// Where the next message would begin.
    pub(super) end: i64,
    /// Whether the segment is full: capped, or no room for another message.
    pub(super) full: bool,
}

/// A part of a segment held in memory.
struct Window<'f> {
    file: &'f File,
    /// Where the segment begins, and the most that is read at once.
    place: u64,
    least: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// Bytes of the segment, fewer where the file ends.
    fn get(&mut self, at: u64, length: u64) -> io::Result<&[u8]> {
        let held = self.start.saturating_add(self.bytes.len() as u64);
        if at < self.start || at.saturating_add(length) > held {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let room = usize::try_from(SEGMENT.saturating_sub(at)).unwrap_or(usize::MAX);
            self.bytes.resize(length.max(self.least).min(room), 0);
            let mut filled = 0;
            while let Some(rest) = self.bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                let offset = self.place.saturating_add(at).saturating_add(filled as u64);
                match self.file.read_at(rest, offset) {
                    Ok(0) => break,
                    Ok(read) => filled = filled.saturating_add(read),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            self.bytes.truncate(filled);
            self.start = at;
        }
        let from = usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(rest.get(..length).unwrap_or(rest))
    }
}

/// What of a message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All of it; its checksum must match.
    Whole,
    /// Its header: of what this very process wrote a moment ago.
    Header,
}

/// Reads the messages of the segment at a place, up to the first that does not fit.
pub(super) fn walk(file: &File, lsn: i64, place: u64, depth: Depth) -> Result<Walk, Doubt> {
    let least = match depth {
        Depth::Whole => SEGMENT,
        Depth::Header => RED_ZONE,
    };
    let mut window = Window {
        file,
        place,
        least: usize::try_from(least).unwrap_or(usize::MAX),
        start: 0,
        bytes: Vec::new(),
    };
    let number = u64::try_from(lsn / size(SEGMENT)).unwrap_or(u64::MAX);
    let mut walk = Walk {
        messages: Vec::new(),
        end: lsn,
        full: false,
    };
    let mut at = SEGMENT_HEADER;
    while at.saturating_add(RED_ZONE) <= SEGMENT {
        walk.end = lsn.saturating_add(size(at));
        let Some(head) = header(window.get(at, RED_ZONE)?)? else {
            return Ok(walk);
        };
        let room = SEGMENT.saturating_sub(at).saturating_sub(head.bytes);
        if head.length > room || head.segment != number {
            return Ok(walk);
        }
        let total = head.bytes.saturating_add(head.length);
        let read = match depth {
            Depth::Header if head.kind != Kind::Manifest => head.bytes,
            Depth::Header | Depth::Whole => total,
        };
        let message = window.get(at, read)?;
        let fits = read < total || head.fits(message);
        if message.len() as u64 != read || !fits {
            return Ok(walk);
        }
        let mut needs = i64::MIN;
        if head.kind == Kind::Manifest {
            let body = usize::try_from(head.bytes).unwrap_or(usize::MAX);
            needs = Bytes(message.get(body..).unwrap_or_default()).i64()?;
        }
        if head.kind == Kind::Cap {
            walk.full = true;
            walk.end = after(lsn);
            return Ok(walk);
        }
        walk.messages.push(Message {
            kind: head.kind,
            page: head.page,
            lsn: lsn.saturating_add(size(at)),
            place: place.saturating_add(at),
            size: total,
            needs,
        });
        at = at.saturating_add(total);
    }
    walk.full = true;
    walk.end = lsn.saturating_add(size(at));
    Ok(walk)
}

/// A message whose checksum matches.
pub(super) struct Body {
    pub(super) kind: Kind,
    /// All of it, header included.
    message: Vec<u8>,
    /// Bytes of the header.
    header: usize,
    /// Offset in the file.
    place: u64,
}

impl Body {
    /// What follows the header.
    pub(super) fn bytes(&self) -> Bytes<'_> {
        Bytes(self.message.get(self.header..).unwrap_or_default())
    }

    /// Where in the file the last so many of the bytes before `rest` begin.
    pub(super) fn place_of(&self, length: usize, rest: &Bytes<'_>) -> u64 {
        let after = length.saturating_add(rest.0.len());
        let before = self.message.len().saturating_sub(after) as u64;
        self.place.saturating_add(before)
    }
}

/// The body of the message at a spot in the file, if it is one of this page and kind and its checksum matches.
pub(super) fn body(file: &File, spot: &Spot, page: u64) -> Result<Body, Doubt> {
    let within = spot.place % SEGMENT;
    let mut window = Window {
        file,
        place: spot.place.saturating_sub(within),
        // The size is right as a rule: then the message is read at once.
        least: usize::try_from(spot.size.max(RED_ZONE)).unwrap_or(PEEK),
        start: 0,
        bytes: Vec::new(),
    };
    let unfit = Doubt::Form("a page is not where it should be");
    let Some(head) = header(window.get(within, RED_ZONE)?)? else {
        return Err(unfit);
    };
    let number = u64::try_from(spot.lsn / size(SEGMENT)).unwrap_or(u64::MAX);
    let total = head.bytes.saturating_add(head.length);
    if head.page != page || head.segment != number || within.saturating_add(total) > SEGMENT {
        return Err(unfit);
    }
    let message = window.get(within, total)?;
    if message.len() as u64 != total || !head.fits(message) {
        return Err(unfit);
    }
    let mut message = window.bytes;
    message.truncate(usize::try_from(total).unwrap_or(usize::MAX));
    Ok(Body {
        kind: head.kind,
        message,
        header: usize::try_from(head.bytes).unwrap_or(usize::MAX),
        place: spot.place,
    })
}
