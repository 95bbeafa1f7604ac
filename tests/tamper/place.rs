//! A ledger of several hundred entries over several cases, made once by the server itself and copied for every test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::running::{Place, Server, Told, copy, told};

/// Entries of the ledger that [`sound`] makes.
pub(crate) const ENTRIES: u64 = 419;

/// The ledger as it was stopped, and the checkpoint that somebody kept.
pub(crate) struct Sound {
    place: Place,
    /// The newest checkpoint, as its signed note.
    pub(crate) kept: String,
}

/// The one that all tests copy.
pub(crate) fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let place = Place::new();
        let mut kept = String::new();
        // Three starts: the store rewrites itself at each.
        for name in ["registry", "family_a", "well_run"] {
            let server = Server::over(&place);
            server.import(name);
            kept = server.told(&["checkpoint", "show"]).out;
            assert!(kept.contains('\n'));
            server.stop();
        }
        let sound = Sound { place, kept };
        let told = verify(&sound.ledger());
        assert_eq!(told.code, 0, "{}{}", told.out, told.err);
        sound
    })
}

impl Sound {
    pub(crate) fn ledger(&self) -> PathBuf {
        self.place.ledger()
    }

    /// A copy to do harm to.
    pub(crate) fn copied(&self) -> Place {
        let place = Place::new();
        copy(&self.ledger(), &place.ledger());
        place
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.ledger().join(name)).unwrap()
    }
}

/// `verify store`, its rows as JSON Lines.
pub(crate) fn verify(ledger: &Path) -> Told {
    verify_with(ledger, &[])
}

pub(crate) fn verify_with(ledger: &Path, more: &[&str]) -> Told {
    let store = ledger.to_str().unwrap();
    let asked = ["verify", "store", "--format", "jsonl", "--store", store];
    told(&[&asked, more].concat())
}

/// The same as a person sees it.
pub(crate) fn shown(ledger: &Path, more: &[&str]) -> Told {
    let store = ledger.to_str().unwrap();
    told(&[&["verify", "store", "--store", store], more].concat())
}

/// `admin salvage OLD NEW`.
pub(crate) fn salvage(old: &Path, new: &Path, more: &[&str]) -> Told {
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    told(&[&["admin", "salvage", old, new], more].concat())
}

/// A file as it can be told from another: its bytes, length and time of its last change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    bytes: Vec<u8>,
    length: u64,
    changed: SystemTime,
}

/// Every file below a directory, as it is now.
pub(crate) fn seen(dir: &Path) -> BTreeMap<PathBuf, Seen> {
    let files = crate::running::files(dir).into_iter();
    let look = |(path, bytes): (PathBuf, Vec<u8>)| {
        let meta = fs::metadata(&path).unwrap();
        let (length, changed) = (meta.len(), meta.modified().unwrap());
        let seen = Seen {
            bytes,
            length,
            changed,
        };
        (path, seen)
    };
    files.map(look).collect()
}
