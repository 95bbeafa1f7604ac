//! Entries that the ledger writes about itself (`proto/FORMAT.md` section 10).

use crate::ledger::commitment::Secret;
use crate::ledger::digest::{ChainTag, FieldsRoot};
use crate::ledger::entry::{self, Authenticated, Chain, Ingest, Place, Unsealed};
use crate::ledger::own::{OwnEvent, singular};
use crate::ledger::statement::{AgencyName, Seen, Statement};

use super::append::Writer;
use super::error::Refused;
use super::limits;
use super::overlay::{Overlay, Staged};
use super::random::random;
use super::shared::Head;

/// Kind 8, *reopened*: what was found after a stop that was not clean.
pub(super) fn reopened(found: &Head, boot_before: [u8; 16], boot_now: [u8; 16]) -> OwnEvent {
    OwnEvent::Reopened {
        size: found.size,
        root: found.root,
        boot_before,
        boot_now,
    }
}

impl Writer {
    /// Seals and commits one entry of the ledger's own chain, before the queue is open.
    ///
    /// # Errors
    /// [`Refused`]; after [`Refused::InDoubt`] it may be stored.
    pub(super) fn append_own(&mut self, event: &OwnEvent) -> Result<(), Refused> {
        let (origin, kind) = (&self.shared.origin, event.kind());
        let tag: ChainTag = match kind.chain() {
            Chain::Ledger => origin.ledger_tag(),
            Chain::Access => origin.access_tag(),
            Chain::Registry | Chain::Case => origin.registry_tag(),
        };
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = random()?;
        let statement = Statement {
            origin: origin.clone(),
            tag,
            event_id: id,
            agency: AgencyName::ledger(),
            key_id: None,
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
        };
        let failed = |text: String| Refused::Store(text);
        let unsealed = Unsealed {
            kind,
            statement,
            signature: None,
            secret: Secret::new(random()?).map_err(|error| failed(error.to_string()))?,
            event: event.encode(),
            ingest: Ingest::Live,
            authenticated: Authenticated::Ledger,
        };
        let sealable = unsealed
            .prepare(&singular(kind))
            .map_err(|error| failed(error.to_string()))?;
        // As long as it takes, as the opening of the journal waits: nobody is served yet.
        while !self.shared.journal.wait_for_room(1, limits::INDEX_WAIT) {}
        let time = self
            .guard
            .next(self.shared.clock.as_ref())
            .map_err(Refused::Clock)?;
        let appended = u64::try_from(time).map_err(|error| failed(error.to_string()))?;
        let (position, head) = (self.shared.size(), self.shared.chain_head(tag)?);
        let key = self.shared.key_to_seal(position)?;
        let place = Place {
            position,
            appended,
            head: &head,
            key: &key,
        };
        let sealed = entry::seal(&sealable, &place).map_err(|error| failed(error.to_string()))?;
        let staged = Staged {
            entry: sealed.0,
            secret: sealable.secret().clone(),
        };
        let mut commit = Overlay::default();
        commit.add(staged, sealed.1);
        self.make_durable(commit)
    }
}
