//! The key file: two slots in place, interleaved by pages (`proto/FORMAT.md` section 11.1).
//!
//! A change is written to one slot, synced and read back, then written over the other and synced; there is no rename, so
//! no copy of a destroyed key is left behind by this program. At any moment at least one slot is whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::ledger::codec::{DecodeError, Reader, Writer};
use crate::ledger::content::EntryKey;
use crate::ledger::digest::{Purpose, derive};
use crate::ledger::entry::FORMAT_VERSION;
use crate::ledger::statement::{ORIGIN_MAX, Origin};

use super::derive::{KeyNodes, NoKey, Node, SEGMENT};
use super::{SEGMENTS_AHEAD, Vault, VaultError};

/// Bytes of a page: slots take turns page by page.
pub const PAGE: usize = 4_096;
const MAGIC: &[u8; 16] = b"caseledger keys\n";
/// Magic, version and total length.
const LENGTH_END: usize = 16 + 2 + 4;
const NODE: usize = 43;
const SUM: usize = 32;

/// What a slot says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Counts the changes, from 1.
    pub generation: u64,
    /// Every erasure order at a position below this has been carried out.
    pub erased_up_to: u64,
    /// The keys that are left.
    pub nodes: KeyNodes,
}

/// Why a file has no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoState {
    /// Neither slot is valid.
    #[error("neither of its slots is valid: {0}")]
    NoneValid(DecodeError),
    /// Two valid slots of one generation differ.
    #[error("its two slots contradict each other")]
    Disagree,
}

impl KeyState {
    /// The slot's content: from the magic to the checksum.
    pub fn encode(&self, origin: &Origin) -> Zeroizing<Vec<u8>> {
        let nodes = self.nodes.nodes();
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let name = origin.as_str().as_bytes();
        let fixed = LENGTH_END + 8 + 4 + name.len() + 3 * 8 + 4 + SUM;
        let total = fixed.saturating_add(nodes.len().saturating_mul(NODE));
        let mut out = Writer::with_capacity(total);
        out.bytes(MAGIC)
            .u16(FORMAT_VERSION)
            .u32(u32::try_from(total).unwrap_or(u32::MAX));
        out.u64(self.generation).lp(name).u64(self.erased_up_to);
        out.u64(self.nodes.segments())
            .u64(self.nodes.erased())
            .u32(count);
        for node in nodes {
            out.u64(node.segment())
                .u8(node.depth())
                .u16(node.prefix())
                .bytes(node.value());
        }
        let sum = derive(Purpose::KeySlot, out.as_slice());
        out.bytes(&sum);
        Zeroizing::new(out.into_vec())
    }

    /// Reads a slot: its pages joined.
    ///
    /// # Errors
    /// [`DecodeError`] naming what is not valid.
    pub fn decode(slot: &[u8], origin: &Origin) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(slot);
        reader.expect(MAGIC, "key file's first bytes")?;
        if reader.u16("format version")? != FORMAT_VERSION {
            return Err(DecodeError::Invalid("format version"));
        }
        let what = "length of the key slot";
        let total =
            usize::try_from(reader.u32(what)?).map_err(|_large| DecodeError::Invalid(what))?;
        let (content, rest) = slot
            .split_at_checked(total)
            .ok_or(DecodeError::Truncated(what))?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(DecodeError::LeftOver("key slot"));
        }
        let hashed = total.checked_sub(SUM).ok_or(DecodeError::Invalid(what))?;
        let (hashed, sum) = content
            .split_at_checked(hashed)
            .ok_or(DecodeError::Invalid(what))?;
        if sum != derive(Purpose::KeySlot, hashed) {
            return Err(DecodeError::Checksum("key slot"));
        }
        let body = hashed.get(LENGTH_END..).ok_or(DecodeError::Invalid(what))?;
        Self::decode_body(Reader::new(body), origin)
    }

    fn decode_body(mut reader: Reader<'_>, origin: &Origin) -> Result<Self, DecodeError> {
        let generation = reader.number("generation")?;
        if generation == 0 {
            return Err(DecodeError::Invalid("generation"));
        }
        if reader.lp(ORIGIN_MAX, "origin")? != origin.as_str().as_bytes() {
            return Err(DecodeError::Invalid("origin"));
        }
        let erased_up_to = reader.number("erased-up-to")?;
        let segments = reader.number("number of segments")?;
        let erased = reader.number("number of erased positions")?;
        let count = reader.u32("number of nodes")?;
        let mut nodes = Vec::new();
        for _ in 0..count {
            let (segment, depth) = (reader.number("segment")?, reader.u8("depth")?);
            let (prefix, value) = (reader.u16("prefix")?, reader.array("node")?);
            let node = Node::new(segment, depth, prefix, value);
            nodes.push(node.ok_or(DecodeError::Invalid("node"))?);
        }
        reader.finish("key slot")?;
        let nodes = KeyNodes::from_nodes(segments, erased, nodes)
            .map_err(|_wrong_cover| DecodeError::Invalid("cover of the nodes"))?;
        Ok(Self {
            generation,
            erased_up_to,
            nodes,
        })
    }
}

/// The pages of one slot out of the whole file, joined.
fn slot_of(file: &[u8], slot: usize) -> Zeroizing<Vec<u8>> {
    let pages = file.chunks(PAGE).skip(slot).step_by(2);
    Zeroizing::new(pages.flatten().copied().collect())
}

/// The state that counts, and whether both slots hold it.
///
/// # Errors
/// [`NoState`].
pub fn choose(file: &[u8], origin: &Origin) -> Result<(KeyState, bool), NoState> {
    let read = |slot| KeyState::decode(&slot_of(file, slot), origin);
    match (read(0), read(1)) {
        (Ok(a), Ok(b)) if a.generation == b.generation => {
            if a == b {
                Ok((a, true))
            } else {
                Err(NoState::Disagree)
            }
        }
        (Ok(a), Ok(b)) => Ok((if a.generation > b.generation { a } else { b }, false)),
        (Ok(only), Err(_)) | (Err(_), Ok(only)) => Ok((only, false)),
        (Err(why), Err(_)) => Err(NoState::NoneValid(why)),
    }
}

struct Open {
    state: KeyState,
    poisoned: bool,
}

/// The vault in one file of mode 0600.
pub struct FileVault {
    path: PathBuf,
    file: File,
    origin: Origin,
    open: Mutex<Open>,
}

impl FileVault {
    /// Opens the key file of a ledger; makes one only beside an empty store.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(path: &Path, origin: &Origin, store_is_empty: bool) -> Result<Self, VaultError> {
        let failed = |doing| {
            move |source| VaultError::Io {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::create(path, origin, store_is_empty);
            }
            Err(error) => return Err(failed("opening it")(error)),
        };
        let mode = file.metadata().map_err(failed("reading its mode"))?.mode();
        if mode & 0o077 != 0 {
            return Err(VaultError::OpenToOthers {
                path: path.to_owned(),
            });
        }
        let bytes = Zeroizing::new(std::fs::read(path).map_err(failed("reading it"))?);
        let never_written = bytes.iter().all(|byte| *byte == 0);
        if never_written && store_is_empty {
            return Self::with_first_state(path, file, origin);
        }
        let chosen = choose(&bytes, origin);
        let (state, equal) = chosen.map_err(|why| VaultError::NotValid {
            path: path.to_owned(),
            what: why.to_string(),
        })?;
        let vault = Self::with(path, file, origin, state);
        if !equal {
            let state = vault.lock().state.clone();
            let content = state.encode(origin);
            for slot in [0, 1] {
                if *slot_of(&bytes, slot) != *padded(&content, 0) {
                    vault.write_slot(slot, &content)?;
                }
            }
        }
        Ok(vault)
    }

    fn create(path: &Path, origin: &Origin, store_is_empty: bool) -> Result<Self, VaultError> {
        if !store_is_empty {
            return Err(VaultError::Missing {
                path: path.to_owned(),
            });
        }
        let failed = |doing| {
            move |source| VaultError::Io {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(path).map_err(failed("creating it"))?;
        if let Some(directory) = path.parent() {
            let synced = File::open(directory).and_then(|directory| directory.sync_all());
            synced.map_err(failed("syncing its directory"))?;
        }
        Self::with_first_state(path, file, origin)
    }

    fn with_first_state(path: &Path, file: File, origin: &Origin) -> Result<Self, VaultError> {
        let state = KeyState {
            generation: 0,
            erased_up_to: 0,
            nodes: KeyNodes::new(),
        };
        let vault = Self::with(path, file, origin, state);
        vault.ensure(0)?;
        Ok(vault)
    }

    fn with(path: &Path, file: File, origin: &Origin, state: KeyState) -> Self {
        let open = Mutex::new(Open {
            state,
            poisoned: false,
        });
        Self {
            path: path.to_owned(),
            file,
            origin: origin.clone(),
            open,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the next state to one slot, then over the other. On a failure the vault refuses every later change.
    fn save(&self, open: &mut Open, mut next: KeyState) -> Result<(), VaultError> {
        if open.poisoned {
            return Err(VaultError::Poisoned);
        }
        next.generation = open.state.generation.saturating_add(1);
        next.nodes.check().map_err(|error| VaultError::NotValid {
            path: self.path.clone(),
            what: error.to_string(),
        })?;
        let content = next.encode(&self.origin);
        open.poisoned = true;
        let first = usize::from(!next.generation.is_multiple_of(2));
        self.write_slot(first, &content)?;
        self.write_slot(1 - first, &content)?;
        open.poisoned = false;
        open.state = next;
        Ok(())
    }

    /// Writes a slot with zeros to the end of its last page and over its further pages, syncs, and reads it back.
    fn write_slot(&self, slot: usize, content: &[u8]) -> Result<(), VaultError> {
        let failed = |doing| {
            let path = self.path.clone();
            move |source| VaultError::Io {
                path,
                doing,
                source,
            }
        };
        let length = self
            .file
            .metadata()
            .map_err(failed("reading its length"))?
            .len();
        let old_pages = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .div_ceil(2 * PAGE);
        let bytes = padded(content, old_pages);
        for (page, bytes) in bytes.chunks(PAGE).enumerate() {
            let offset = (2 * page + slot) * PAGE;
            self.file
                .write_all_at(bytes, offset as u64)
                .map_err(failed("writing it"))?;
        }
        self.file.sync_all().map_err(failed("syncing it"))?;
        let mut back = Zeroizing::new(vec![0; PAGE]);
        for (page, bytes) in bytes.chunks(PAGE).enumerate() {
            let offset = (2 * page + slot) * PAGE;
            self.file
                .read_exact_at(&mut back, offset as u64)
                .map_err(failed("reading it back"))?;
            if back.as_slice() != bytes {
                let other = io::Error::other("it holds other bytes than were written");
                return Err(failed("reading it back")(other));
            }
        }
        Ok(())
    }
}

/// Content with zeros up to whole pages, at least so many.
fn padded(content: &[u8], pages: usize) -> Zeroizing<Vec<u8>> {
    let length = content.len().div_ceil(PAGE).max(pages).saturating_mul(PAGE);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(content);
    bytes.resize(length, 0);
    Zeroizing::new(bytes)
}

impl Vault for FileVault {
    fn key(&self, position: u64) -> Result<Option<EntryKey>, VaultError> {
        match self.lock().state.nodes.key(position) {
            Ok(key) => Ok(Some(key)),
            Err(NoKey::Erased) => Ok(None),
            Err(NoKey::NotYet) => Err(VaultError::NoSeed { position }),
        }
    }

    fn ensure(&self, position: u64) -> Result<(), VaultError> {
        let mut open = self.lock();
        let wanted = (position / SEGMENT).saturating_add(1 + SEGMENTS_AHEAD);
        if open.state.nodes.segments() >= wanted {
            return Ok(());
        }
        let mut next = open.state.clone();
        while next.nodes.segments() < wanted {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|error| VaultError::Random(error.to_string()))?;
            next.nodes.add_segment(seed);
        }
        self.save(&mut open, next)
    }

    fn destroy(&self, positions: &[u64], up_to: u64) -> Result<(), VaultError> {
        let mut open = self.lock();
        let mut next = open.state.clone();
        let mut changed = next.erased_up_to < up_to;
        next.erased_up_to = next.erased_up_to.max(up_to);
        for position in positions {
            let destroyed = next.nodes.puncture(*position);
            changed |= destroyed.map_err(|_none| VaultError::NoSeed {
                position: *position,
            })?;
        }
        if changed {
            self.save(&mut open, next)
        } else {
            Ok(())
        }
    }

    fn erased_up_to(&self) -> Result<u64, VaultError> {
        Ok(self.lock().state.erased_up_to)
    }
}
