//! A sealed ledger of invented entries, for tests and benches of what is stored.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "a test helper may panic"
)]

use std::collections::BTreeMap;

use caseledger::ledger::chain::ChainHead;
use caseledger::ledger::checkpoint::Checkpoint;
use caseledger::ledger::commitment::Secret;
use caseledger::ledger::digest::{ChainTag, FieldsRoot, Link};
use caseledger::ledger::entry::{
    Authenticated, EntryKind, Ingest, Place, SealedEntry, Unsealed, seal,
};
use caseledger::ledger::fields::Singular;
use caseledger::ledger::own::{Erased, OwnEvent};
use caseledger::ledger::statement::{AgencyName, Origin, Seen, Statement};
use caseledger::ledger::tree::MemoryTree;
use caseledger::vault::derive::{KeyNodes, KeyWalk, SEGMENT};

pub const ORIGIN: &str = "ledger.example/test";

pub fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

/// An event of 20 fields and some 700 bytes.
pub fn event(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in 1..=20_u8 {
        let tag = u16::from(field) << 3 | 2;
        // A protobuf varint: above 127 the low seven bits come first.
        if tag < 128 {
            bytes.push(u8::try_from(tag).unwrap());
        } else {
            bytes.extend([
                u8::try_from(tag & 127).unwrap() | 128,
                u8::try_from(tag >> 7).unwrap(),
            ]);
        }
        bytes.push(32);
        bytes.extend([field; 24]);
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// `size` entries over `chains` cases, one after the other in turn.
pub struct SealedLedger {
    pub entries: Vec<SealedEntry>,
    pub keys: KeyNodes,
    pub tree: MemoryTree,
}

impl SealedLedger {
    pub fn new(size: u64, chains: u64) -> Self {
        let mut keys = KeyNodes::new();
        for segment in 0..=size / SEGMENT {
            let mut seed = [7; 32];
            seed[..8].copy_from_slice(&segment.to_be_bytes());
            keys.add_segment(seed);
        }
        let (mut walk, mut tree) = (KeyWalk::new(), MemoryTree::new());
        let mut heads: BTreeMap<ChainTag, ChainHead> = BTreeMap::new();
        let mut entries = Vec::new();
        for position in 0..size {
            let mut tag = [1; 32];
            tag[..8].copy_from_slice(&(position % chains).to_be_bytes());
            let tag = ChainTag::new(tag);
            let head = heads
                .entry(tag)
                .or_insert_with(|| ChainHead::genesis(&origin(), tag));
            let key = walk.key(&keys, position).unwrap();
            let place = Place {
                position,
                appended: 1_000 + position,
                head,
                key: &key,
            };
            let prepared = unsealed(position, tag)
                .prepare(&Singular::default())
                .unwrap();
            let (entry, next) = seal(&prepared, &place).unwrap();
            *head = next;
            tree.append(entry.leaf_hash());
            entries.push(entry);
        }
        Self {
            entries,
            keys,
            tree,
        }
    }

    /// Appends an order to destroy the key of the entry at a position, which names this link.
    pub fn order(&mut self, target: u64, link: Link) {
        let (position, tag) = (self.entries.len() as u64, origin().ledger_tag());
        let before = self.entries.iter().rfind(|entry| *entry.tag() == tag);
        let head = before.map_or_else(
            || ChainHead::genesis(&origin(), tag),
            |before| ChainHead::at(before.parsed()),
        );
        let order = OwnEvent::ErasureOrder {
            position: target,
            link,
            what: Erased::Entry,
            authority: "court order".to_owned(),
            basis: "invented".to_owned(),
            approvers: ["A1".to_owned(), "A2".to_owned()],
            fields_gone: 20,
        };
        let mut unsealed = unsealed(position, tag);
        unsealed.kind = EntryKind::ErasureOrder;
        unsealed.statement.agency = AgencyName::ledger();
        unsealed.authenticated = Authenticated::Ledger;
        unsealed.event = order.encode();
        let place = Place {
            position,
            appended: 1_000 + position,
            head: &head,
            key: &self.keys.key(position).unwrap(),
        };
        let prepared = unsealed.prepare(&Singular::default()).unwrap();
        let (entry, _) = seal(&prepared, &place).unwrap();
        self.tree.append(entry.leaf_hash());
        self.entries.push(entry);
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint {
            origin: origin(),
            size,
            root: self.tree.root_at(size).unwrap(),
        }
    }
}

fn unsealed(position: u64, tag: ChainTag) -> Unsealed {
    let mut id = [3; 16];
    id[..8].copy_from_slice(&position.to_be_bytes());
    let mut secret = [5; 32];
    secret[..8].copy_from_slice(&position.to_be_bytes());
    Unsealed {
        kind: EntryKind::CaseEvent,
        statement: Statement {
            origin: origin(),
            tag,
            event_id: id,
            agency: "school".parse().unwrap(),
            key_id: None,
            seen: Seen::Blind,
            fields_root: FieldsRoot::ZERO,
        },
        signature: None,
        secret: Secret::new(secret).unwrap(),
        event: event(position),
        ingest: Ingest::Live,
        authenticated: Authenticated::Certificate,
    }
}
