//! Entries that the ledger writes about itself (`proto/FORMAT.md` section 10).

use crate::ledger::commitment::Secret;
use crate::ledger::digest::{ChainTag, FieldsRoot};
use crate::ledger::entry::{self, Authenticated, Chain, EntryKind, Ingest, Place, Unsealed};
use crate::ledger::fields::Singular;
use crate::ledger::statement::{AgencyName, Seen, Statement};

use super::append::Writer;
use super::error::Refused;
use super::overlay::{Overlay, Staged};
use super::prepare;
use super::shared::Head;

/// Protobuf records written by hand: these few messages have no schema, only the table of FORMAT.md.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, number: u8, value: u64) -> Self {
        self.0.push(number << 3);
        self.raw_varint(value);
        self
    }

    fn bytes(mut self, number: u8, bytes: &[u8]) -> Self {
        self.0.push((number << 3) | 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn raw_varint(&mut self, mut value: u64) {
        loop {
            let low = (value & 0x7f).to_be_bytes()[7];
            value >>= 7;
            if value == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }
}

/// Kind 8, *reopened*: what was found after a stop that was not clean.
pub(super) fn reopened(found: &Head, boot_before: [u8; 16], boot_now: [u8; 16]) -> Vec<u8> {
    let message = Message::default()
        .varint(1, found.size)
        .bytes(2, found.root.as_bytes());
    message.bytes(3, &boot_before).bytes(4, &boot_now).0
}

impl Writer {
    /// Seals and commits one entry of the ledger's own chain, before the queue is open.
    ///
    /// # Errors
    /// [`Refused`]; after [`Refused::InDoubt`] it may be stored.
    pub(super) fn append_own(&mut self, kind: EntryKind, event: Vec<u8>) -> Result<(), Refused> {
        let origin = &self.shared.origin;
        let tag: ChainTag = match kind.chain() {
            Chain::Ledger => origin.ledger_tag(),
            Chain::Access => origin.access_tag(),
            Chain::Registry | Chain::Case => origin.registry_tag(),
        };
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = prepare::random()?;
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
            secret: Secret::new(prepare::random()?).map_err(|error| failed(error.to_string()))?,
            event,
            ingest: Ingest::Live,
            authenticated: Authenticated::Ledger,
        };
        // Fields 1 to 4 of these messages occur once.
        let singular = Singular::new((1..=4).map(|number| (0, number)));
        let sealable = unsealed
            .prepare(&singular)
            .map_err(|error| failed(error.to_string()))?;
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
        self.make_durable(Overlay {
            staged: vec![staged],
            ..Overlay::default()
        })
    }
}
