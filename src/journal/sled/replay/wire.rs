//! The bytes of sled 0.34.7: numbers, checksums and message headers as its `serialization.rs` and `logger.rs` write them.
#![expect(
    clippy::little_endian_bytes,
    reason = "sled's numbers are little-endian"
)]

use super::Doubt;

/// Bytes of a segment: the size sled uses unless told otherwise, and it is never told otherwise.
pub(super) const SEGMENT: u64 = 512 * 1024;

/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER: u64 = 20;

/// No message begins in so many last bytes of a segment; also the most a message's header takes.
pub(super) const RED_ZONE: u64 = 32;

/// Numbers of pages that are not trees.
pub(super) const META: u64 = 0;
pub(super) const COUNTER: u64 = 1;

/// Kinds of messages that sled's replay tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Canceled,
    Cap,
    Manifest,
    Free,
    Counter,
    Meta,
    Node,
    Link,
}

impl Kind {
    /// `None` for a place where nothing was written, and for what goes to files of its own.
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Canceled,
            2 => Self::Cap,
            3 => Self::Manifest,
            4 => Self::Free,
            5 => Self::Counter,
            6 => Self::Meta,
            8 => Self::Node,
            10 => Self::Link,
            _ => return None,
        })
    }
}

/// Takes values off the front of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

const SHORT: Doubt = Doubt::Form("a value is cut short");

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Doubt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Doubt> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Doubt> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Doubt> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Doubt> {
        self.array().map(i64::from_le_bytes)
    }

    /// A number of 1 to 9 bytes.
    pub(super) fn number(&mut self) -> Result<u64, Doubt> {
        let first = u64::from(self.u8()?);
        Ok(match first {
            0..=240 => first,
            241..=248 => 240 + 256 * (first - 241) + u64::from(self.u8()?),
            249 => 2288 + 256 * u64::from(self.u8()?) + u64::from(self.u8()?),
            _ => {
                let length = usize::try_from(first - 247).map_err(|_large| SHORT)?;
                let mut number = [0; 8];
                for (to, from) in number.iter_mut().zip(self.take(length)?) {
                    *to = *from;
                }
                u64::from_le_bytes(number)
            }
        })
    }

    /// Bytes with their length before them.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Doubt> {
        let length = usize::try_from(self.number()?).map_err(|_large| SHORT)?;
        self.take(length)
    }
}

/// Writes a number in 1 to 9 bytes.
pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_le_bytes();
    match number {
        0..=240 => out.extend(bytes.first()),
        241..=2287 => {
            let [_, .., high, low] = (number - 240).to_be_bytes();
            out.extend([high + 241, low]);
        }
        2288..=67823 => {
            let [.., high, low] = (number - 2288).to_be_bytes();
            out.extend([249, high, low]);
        }
        _ => {
            let length = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            let length = length.max(3);
            out.push(u8::try_from(247 + length).unwrap_or(u8::MAX));
            out.extend(bytes.iter().take(length));
        }
    }
}

/// The header of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    crc: u32,
    pub(super) kind: Kind,
    /// Bytes after the header.
    pub(super) length: u64,
    /// The log sequence number of its segment in units of segments.
    pub(super) segment: u64,
    pub(super) page: u64,
    /// Bytes of the header itself.
    pub(super) bytes: u64,
}

/// The header at the front of bytes; `Ok(None)` where no message was written. Bytes past the end count as zeros.
pub(super) fn header(front: &[u8]) -> Result<Option<Header>, Doubt> {
    let mut padded = [0; 64];
    for (to, from) in padded.iter_mut().zip(front) {
        *to = *from;
    }
    let mut bytes = Bytes(&padded);
    let crc = bytes.u32()?;
    let kind = bytes.u8()?;
    let (length, segment, page) = (bytes.number()?, bytes.number()?, bytes.number()?);
    let size = u64::try_from(padded.len().saturating_sub(bytes.0.len())).unwrap_or(u64::MAX);
    if matches!(kind, 7 | 9 | 11) {
        return Err(Doubt::Form("a page lies in a file of its own"));
    }
    Ok(Kind::of(kind).map(|kind| Header {
        crc,
        kind,
        length,
        segment,
        page,
        bytes: size,
    }))
}

impl Header {
    /// Whether the message's checksum is that of its bytes, header included.
    pub(super) fn fits(&self, message: &[u8]) -> bool {
        let length = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let Some((header, body)) = message.split_at_checked(length) else {
            return false;
        };
        let mut sum = crc32fast::Hasher::new();
        sum.update(body);
        sum.update(header.get(4..).unwrap_or_default());
        sum.finalize() ^ u32::MAX == self.crc
    }
}

/// The checksum of bytes.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, put_number};

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let edges = edges.chain([240, 241, 2287, 2288, 67_823, 67_824, u64::MAX]);
        for number in edges {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            let mut read = Bytes(&bytes);
            assert_eq!(read.number().unwrap(), number);
            assert!(read.0.is_empty());
        }
    }
}
