//! The table of pages that sled's replay makes of its log, and the snapshots it is kept in between two starts.
//!
//! A snapshot is a file `snap.` and the log sequence number up to which it goes, in hexadecimal. sled itself writes one
//! only when it starts. The same bytes written while it runs, up to the begin of a segment, let the next start read
//! only what came after. They are never synced: they count only as long as the machine has not been started anew.
#![expect(
    clippy::little_endian_bytes,
    reason = "sled's numbers are little-endian"
)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Doubt;
use super::segment::Message;
use super::wire::{Bytes, Kind, crc, put_number};

/// Changes of one page after which sled writes it anew, many times over: more are not understood.
const MAX_LINKS: usize = 200;

/// A file of this name is a snapshot that is not finished; sled never looks at it.
const UNFINISHED: &str = "unfinished-snapshot";

/// Where one version of a page, or one change of it, lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) lsn: i64,
    pub(super) place: u64,
    /// Bytes, header included; 0 of a page that was given up.
    pub(super) size: u64,
}

/// What is known of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Page {
    /// Nothing: no version of it has been seen.
    #[default]
    Unknown,
    /// Given up; its number may be used again.
    Free(Spot),
    /// A version, and the changes since, in order.
    Kept { base: Spot, links: Vec<Spot> },
}

impl Page {
    /// Every place it lies in.
    pub(super) fn spots(&self) -> impl Iterator<Item = &Spot> {
        let (one, more) = match self {
            Self::Unknown => (None, &[][..]),
            Self::Free(spot) => (Some(spot), &[][..]),
            Self::Kept { base, links } => (Some(base), links.as_slice()),
        };
        one.into_iter().chain(more)
    }
}

/// The table, and how far into the log it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table {
    /// Messages below are in it; `None` before the first.
    pub(super) upto: Option<i64>,
    /// Offset of the segment that was not yet full, if there was one.
    active: Option<u64>,
    pub(super) pages: Vec<Page>,
}

impl Table {
    /// Takes a message in, as sled's `Snapshot::apply` does.
    pub(super) fn apply(&mut self, message: &Message) -> Result<(), Doubt> {
        if matches!(message.kind, Kind::Canceled | Kind::Cap | Kind::Manifest) {
            return Ok(());
        }
        let number = usize::try_from(message.page).map_err(|_large| TOO_MANY)?;
        if number > self.pages.len().saturating_add(MAX_NEW_PAGES) {
            return Err(TOO_MANY);
        }
        let spot = Spot {
            lsn: message.lsn,
            place: message.place,
            size: message.size,
        };
        if message.kind == Kind::Link {
            // A change of a page whose version lies further on: that has the change in it.
            if let Some(Page::Kept { base, links }) = self.pages.get_mut(number)
                && links.last().unwrap_or(base).lsn < spot.lsn
            {
                links.push(spot);
            }
            return Ok(());
        }
        if self.pages.len() <= number {
            self.pages.resize(number.saturating_add(1), Page::Unknown);
        }
        if let Some(page) = self.pages.get_mut(number) {
            *page = if message.kind == Kind::Free {
                Page::Free(spot)
            } else {
                Page::Kept {
                    base: spot,
                    links: Vec::new(),
                }
            };
        }
        Ok(())
    }

    /// Says that all messages below the begin of a segment are in the table.
    pub(super) fn reach(&mut self, segment: i64) {
        self.upto = Some(segment);
        self.active = None;
    }

    fn encode(&self) -> Result<Vec<u8>, Doubt> {
        let mut out = Vec::new();
        let shifted = self.upto.map_or(0, |upto| upto.saturating_add(1));
        out.extend_from_slice(&shifted.to_le_bytes());
        put_number(&mut out, self.active.map_or(0, |at| at.saturating_add(1)));
        let put = |out: &mut Vec<u8>, spot: &Spot, with_size: bool| {
            out.extend_from_slice(&spot.lsn.to_le_bytes());
            out.push(0);
            put_number(out, spot.place);
            if with_size {
                put_number(out, spot.size);
            }
        };
        for page in &self.pages {
            match page {
                Page::Unknown => return Err(Doubt::Form("a page has no version")),
                Page::Free(spot) => {
                    out.push(0);
                    put(&mut out, spot, false);
                }
                Page::Kept { base, links } => {
                    if links.len() > MAX_LINKS {
                        return Err(Doubt::Form("a page has too many changes"));
                    }
                    out.push(u8::try_from(links.len().saturating_add(1)).unwrap_or(u8::MAX));
                    for spot in [base].into_iter().chain(links) {
                        put(&mut out, spot, true);
                    }
                }
            }
        }
        let (length, sum) = (out.len() as u64, crc(&out));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&sum.to_le_bytes());
        Ok(out)
    }

    fn decode(file: &[u8]) -> Result<Self, Doubt> {
        let unfit = Doubt::Form("the snapshot's checksum does not match");
        let (rest, sum) = file.split_last_chunk::<4>().ok_or(unfit.clone())?;
        let (bytes, length) = rest.split_last_chunk::<8>().ok_or(unfit.clone())?;
        if u32::from_le_bytes(*sum) != crc(bytes)
            || u64::from_le_bytes(*length) != bytes.len() as u64
        {
            return Err(unfit);
        }
        let mut bytes = Bytes(bytes);
        let upto = match bytes.i64()? {
            0 => None,
            shifted => Some(
                shifted
                    .checked_sub(1)
                    .filter(|upto| *upto >= 0)
                    .ok_or(unfit)?,
            ),
        };
        let active = bytes.number()?.checked_sub(1);
        let spot = |bytes: &mut Bytes<'_>, with_size: bool| {
            let lsn = bytes.i64()?;
            if bytes.u8()? != 0 {
                return Err(Doubt::Form("a page lies in a file of its own"));
            }
            let place = bytes.number()?;
            let size = if with_size { bytes.number()? } else { 0 };
            Ok(Spot { lsn, place, size })
        };
        let mut pages = Vec::new();
        while !bytes.0.is_empty() {
            pages.push(match bytes.u8()? {
                0 => Page::Free(spot(&mut bytes, false)?),
                spots => {
                    let base = spot(&mut bytes, true)?;
                    let links = (1..spots).map(|_| spot(&mut bytes, true));
                    let links = links.collect::<Result<_, _>>()?;
                    Page::Kept { base, links }
                }
            });
        }
        Ok(Self {
            upto,
            active,
            pages,
        })
    }
}

const TOO_MANY: Doubt = Doubt::Form("a page's number is out of reach");

/// Pages that may be numbered before one below is seen: their order in the log is not that of their numbers.
const MAX_NEW_PAGES: usize = 1 << 20;

/// The snapshots in a store's directory, the newest last.
fn snapshots(dir: &Path) -> Result<Vec<(i64, PathBuf)>, Doubt> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().map(OsStr::to_string_lossy);
        let Some(upto) = name.as_deref().and_then(|name| name.strip_prefix("snap.")) else {
            continue;
        };
        // What is not finished is removed before sled looks.
        if upto.ends_with(".generating") {
            continue;
        }
        let number = i64::from_str_radix(upto, 16)
            .ok()
            .filter(|_| upto.len() == 16);
        let number = number.ok_or(Doubt::Form("a snapshot's name is none"))?;
        found.push((number, path));
    }
    found.sort();
    Ok(found)
}

/// The newest snapshot, or an empty table; and its bytes in the file.
pub(super) fn newest(dir: &Path) -> Result<(Table, u64), Doubt> {
    let Some((upto, path)) = snapshots(dir)?.pop() else {
        return Ok((Table::default(), 0));
    };
    let bytes = fs::read(&path)?;
    let table = Table::decode(&bytes)?;
    if table.upto != Some(upto) {
        return Err(Doubt::Form("a snapshot's name is not its own"));
    }
    Ok((table, bytes.len() as u64))
}

/// Bytes of the newest snapshot's file; 0 when there is none.
pub(super) fn newest_bytes(dir: &Path) -> Result<u64, Doubt> {
    let newest = snapshots(dir)?.pop();
    Ok(newest.map_or(Ok(0), |(_, path)| fs::metadata(path).map(|it| it.len()))?)
}

/// Writes a snapshot in place of all older ones.
pub(super) fn write(dir: &Path, table: &Table) -> Result<(), Doubt> {
    let bytes = table.encode()?;
    let upto = table.upto.unwrap_or(0);
    let older = snapshots(dir)?;
    let unfinished = dir.join(UNFINISHED);
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, dir.join(format!("snap.{upto:016X}")))?;
    for (_, path) in older.iter().filter(|(number, _)| *number != upto) {
        fs::remove_file(path)?;
    }
    Ok(())
}
