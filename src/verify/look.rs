//! What one entry shows by itself, whatever stands around it. This part may be done for many entries at once.

use super::KeyState;
use crate::ledger::content::Opener;
use crate::ledger::digest::{Link, TreeHash};
use crate::ledger::entry::{EntryKind, EntryRef, Header};
use crate::ledger::own::OwnEvent;

/// One entry, looked at alone: its form, its leaf hash, its content.
#[derive(Clone, Debug)]
pub struct Look {
    /// The entry's header, or what is wrong with the entry's form.
    pub(super) entry: Result<Header, String>,
    /// Its leaf of the tree; zero when it has no form.
    pub(super) leaf: TreeHash,
    pub(super) content: ContentLook,
}

impl Look {
    /// The entry's header; `None` when it has no form.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.entry.as_ref().ok()
    }

    /// The hash of its leaf of the tree; zero when it has no form.
    #[must_use]
    pub const fn leaf(&self) -> &TreeHash {
        &self.leaf
    }
}

/// What is known of an entry's content.
#[derive(Clone, Debug)]
pub(super) enum ContentLook {
    /// Opened; what its header commits to. Of an erasure order, the position and link that it names.
    Proven(Option<(u64, Link)>),
    /// Intact; its key was destroyed.
    Erased,
    /// Intact; no key here.
    NoKey,
    /// What does not hold.
    Wrong(String),
}

/// Looks at the stored bytes of one entry, with what is known of its key.
pub fn look(bytes: &[u8], key: &KeyState) -> Look {
    Looker::default().look(bytes, key)
}

/// Looks at one entry after the other, with room that is used again.
#[derive(Debug, Default)]
pub struct Looker {
    opener: Opener,
}

impl Looker {
    /// Looks at the stored bytes of one entry, with what is known of its key: as [`look`] does.
    pub fn look(&mut self, bytes: &[u8], key: &KeyState) -> Look {
        match EntryRef::decode(bytes) {
            Ok(entry) => Look {
                leaf: entry.leaf_hash(),
                content: self.content(&entry, key),
                entry: Ok(entry.into_parsed()),
            },
            Err(error) => Look {
                entry: Err(error.to_string()),
                leaf: TreeHash::ZERO,
                content: ContentLook::NoKey,
            },
        }
    }

    fn content(&mut self, entry: &EntryRef<'_>, key: &KeyState) -> ContentLook {
        if !entry.content_intact() {
            let says = "the stored content is not what the header was sealed over";
            return ContentLook::Wrong(says.to_owned());
        }
        match key {
            KeyState::Key(key) => match entry.prove(key, &mut self.opener) {
                Ok(event) => order(entry.parsed().fields.kind, event),
                Err(error) => ContentLook::Wrong(error.to_string()),
            },
            KeyState::Erased => ContentLook::Erased,
            KeyState::NotHere => ContentLook::NoKey,
        }
    }
}

/// What proven content is of importance for other entries.
fn order(kind: EntryKind, event: &[u8]) -> ContentLook {
    if kind != EntryKind::ErasureOrder {
        return ContentLook::Proven(None);
    }
    if let Ok(OwnEvent::ErasureOrder { position, link, .. }) = OwnEvent::decode(kind, event) {
        ContentLook::Proven(Some((position, link)))
    } else {
        ContentLook::Wrong("it is not the erasure order that its kind says".to_owned())
    }
}
