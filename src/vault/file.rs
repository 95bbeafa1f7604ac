//! The key file on disk: opened once and locked, changed in place, synced before a change is answered.
//!
//! A change writes one slot, syncs, reads it back, writes the other, syncs. There is no rename: a renamed-over file's old
//! blocks would keep what was erased. What overwriting cannot promise (SSDs, snapshots) the trust table says.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::derive::{KeyNodes, KeyWalk, NoKey, SEGMENT};
use super::slot::{self, Keys, PAGE, SlotError};
use crate::ledger::content::EntryKey;
use crate::ledger::statement::Origin;

/// Longest key file we read, bytes: some 190,000 erasures far from one another.
const FILE_MAX: u64 = 256 << 20;
/// Segments that must have a seed beyond the one in use.
pub(super) const AHEAD: u64 = 2;

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Reading, writing or syncing failed. Nothing more is written through this handle.
    #[error("the key file cannot be {verb}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Neither slot is valid: the file is damaged, or is another ledger's.
    #[error("the key file has no valid slot; restore it from its other copy, never make a new one")]
    NoSlot,
    /// The slots contradict each other.
    #[error(transparent)]
    Disagree(#[from] slot::Disagree),
    /// Others can read it.
    #[error("the key file can be read by others; set its mode to 0600")]
    Mode,
    /// Another process has it open.
    #[error("the key file is in use by another process")]
    Locked,
    /// What would be written is not whole; nothing was written.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// What was read back is not what was written.
    #[error("the key file does not read back as it was written")]
    ReadBack,
    /// An earlier write failed; open the file again.
    #[error("an earlier change of the key file failed; it must be opened again")]
    Poisoned,
    /// No seed for this position.
    #[error(transparent)]
    NoKey(#[from] NoKey),
    /// The random source gave a seed of zeros, or one given before.
    #[error("the random source for seeds does not work")]
    Seed,
}

/// For `map_err`: which verb failed.
fn io(verb: &'static str) -> impl FnOnce(io::Error) -> VaultError {
    move |source| VaultError::Io { verb, source }
}

/// The keys of a ledger's entries, on disk.
#[derive(Debug)]
pub struct KeyFile {
    file: File,
    origin: Origin,
    keys: Keys,
    walk: KeyWalk,
    poisoned: bool,
}

impl KeyFile {
    /// Makes the file of a *new* ledger, without any seed. The caller has checked that the store is empty, and syncs the
    /// directory. The file gets its name when it is whole: a power cut leaves none, never one that says nothing.
    ///
    /// # Errors
    /// [`VaultError::Io`] also when the file is there already.
    pub fn create(path: &Path, origin: &Origin) -> Result<Self, VaultError> {
        if path.exists() {
            return Err(io("created")(io::ErrorKind::AlreadyExists.into()));
        }
        let unnamed = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unnamed).map_err(io("created"))?;
        lock(&file)?;
        let keys = Keys {
            generation: 0,
            erased_up_to: 0,
            nodes: KeyNodes::new(),
        };
        let origin = origin.clone();
        let mut vault = Self {
            file,
            origin,
            keys,
            walk: KeyWalk::new(),
            poisoned: false,
        };
        let first = Keys {
            generation: 1,
            ..vault.keys.clone()
        };
        vault.save(first)?;
        std::fs::rename(&unnamed, path).map_err(io("named"))?;
        Ok(vault)
    }

    /// Opens the file of an existing ledger. When the slots differ the newer is written over the other before this
    /// returns, so that nothing erased survives a crash in between.
    ///
    /// # Errors
    /// [`VaultError`]; the file is never made afresh.
    pub fn open(path: &Path, origin: &Origin) -> Result<Self, VaultError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(io("opened"))?;
        lock(&file)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = file.metadata().map_err(io("read"))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(VaultError::Mode);
            }
        }
        let bytes = read_all(&file)?;
        let (keys, repair) = slot::choose(&bytes, origin)?.ok_or(VaultError::NoSlot)?;
        let origin = origin.clone();
        let mut vault = Self {
            file,
            origin,
            keys,
            walk: KeyWalk::new(),
            poisoned: false,
        };
        if repair {
            // Only the other slot is written: a crash here still leaves the one that counts.
            let stale = usize::from(
                Keys::decode(&slot::slot_of(&bytes, 0), &vault.origin).ok()
                    == Some(vault.keys.clone()),
            );
            let content = vault.keys.encode(&vault.origin)?;
            vault.guarded(|vault| vault.write_slot(stale, &content))?;
        }
        Ok(vault)
    }

    /// Every erasure order at a position below this has been carried out.
    #[must_use]
    pub const fn erased_up_to(&self) -> u64 {
        self.keys.erased_up_to
    }

    /// The keys as nodes, to compare what is erased with what the ledger ordered.
    #[must_use]
    pub const fn nodes(&self) -> &KeyNodes {
        &self.keys.nodes
    }

    /// Makes sure that this position's segment and the next two have synced seeds; `seed` draws 32 random bytes.
    ///
    /// # Errors
    /// [`VaultError`]; nothing may be sealed then.
    pub fn ensure(
        &mut self,
        position: u64,
        mut seed: impl FnMut() -> [u8; 32],
    ) -> Result<(), VaultError> {
        let wanted = position / SEGMENT + 1 + AHEAD;
        if self.keys.nodes.segments() >= wanted {
            return Ok(());
        }
        let mut next = self.next();
        let mut last = [0; 32];
        while next.nodes.segments() < wanted {
            let drawn = Zeroizing::new(seed());
            if *drawn == [0; 32] || *drawn == last {
                return Err(VaultError::Seed);
            }
            next.nodes.add_segment(*drawn);
            last = *drawn;
        }
        self.save(next)
    }

    /// The key of a position; cheap when positions follow one another.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn key(&mut self, position: u64) -> Result<EntryKey, NoKey> {
        self.walk.key(&self.keys.nodes, position)
    }

    /// Destroys the keys of these positions and notes that every order below `erased_up_to` is carried out. Idempotent;
    /// durable on return.
    ///
    /// # Errors
    /// [`VaultError`]; then open the file again and repeat.
    pub fn destroy(
        &mut self,
        positions: impl IntoIterator<Item = u64>,
        erased_up_to: u64,
    ) -> Result<(), VaultError> {
        self.walk.forget();
        let mut next = self.next();
        let mut changed = erased_up_to > next.erased_up_to;
        for position in positions {
            changed |= next.nodes.puncture(position)?;
        }
        next.erased_up_to = next.erased_up_to.max(erased_up_to);
        if changed { self.save(next) } else { Ok(()) }
    }

    fn next(&self) -> Keys {
        Keys {
            generation: self.keys.generation.saturating_add(1),
            ..self.keys.clone()
        }
    }

    /// Writes one slot, then the other, each synced and read back.
    fn save(&mut self, next: Keys) -> Result<(), VaultError> {
        let content = next.encode(&self.origin)?;
        self.guarded(|vault| {
            vault.write_slot(0, &content)?;
            vault.write_slot(1, &content)
        })?;
        self.keys = next;
        Ok(())
    }

    /// After a failed write nothing more is written here: what is on disk is unknown until it is opened again.
    fn guarded(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        if self.poisoned {
            return Err(VaultError::Poisoned);
        }
        let result = write(self);
        self.poisoned = result.is_err();
        result
    }

    /// Writes a slot over its pages, zeros to the end of its last page and over all its further pages.
    fn write_slot(&mut self, slot: usize, content: &[u8]) -> Result<(), VaultError> {
        let length = self.file.metadata().map_err(io("read"))?.len();
        let pages_now = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .div_ceil(2 * PAGE);
        let pages = content.len().div_ceil(PAGE).max(pages_now);
        let mut parts = content.chunks(PAGE);
        let mut page_bytes = Zeroizing::new(vec![0; PAGE]);
        for page in 0..pages {
            page_bytes.fill(0);
            let part = parts.next().unwrap_or_default();
            page_bytes
                .iter_mut()
                .zip(part)
                .for_each(|(to, from)| *to = *from);
            let offset = slot::page_offset(slot, page) as u64;
            self.file
                .seek(SeekFrom::Start(offset))
                .map_err(io("written"))?;
            self.file.write_all(&page_bytes).map_err(io("written"))?;
        }
        self.file.sync_all().map_err(io("synced"))?;
        let back = read_all(&self.file)?;
        let read = slot::slot_of(&back, slot);
        let (head, rest) = read
            .split_at_checked(content.len())
            .ok_or(VaultError::ReadBack)?;
        let same = head == content && rest.iter().all(|byte| *byte == 0);
        if same {
            Ok(())
        } else {
            Err(VaultError::ReadBack)
        }
    }
}

/// One process at a time.
fn lock(file: &File) -> Result<(), VaultError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(VaultError::Locked),
        Err(std::fs::TryLockError::Error(source)) => Err(VaultError::Io {
            verb: "locked",
            source,
        }),
    }
}

fn read_all(mut file: &File) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut bytes = Zeroizing::new(Vec::new());
    file.seek(SeekFrom::Start(0)).map_err(io("read"))?;
    file.take(FILE_MAX)
        .read_to_end(&mut bytes)
        .map_err(io("read"))?;
    Ok(bytes)
}
