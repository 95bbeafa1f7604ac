//! What the ledger writes of itself: the content of entry kinds 3 to 10 (FORMAT.md section 10). A protobuf message with
//! every field written, in order, so that it is split and committed like any other event.

mod read;

use super::digest::{ChainTag, Link, TreeHash};
use super::entry::EntryKind;
use super::fields::Singular;

/// Why a stream's count was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The reader closed it.
    Closed,
    /// The hour was up; the stream goes on.
    Hourly,
    /// It broke off.
    Broken,
}

/// What an erasure order destroys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// The whole entry.
    Entry,
    /// Fields of it: the disclosure of what stays, encoded.
    Fields(Vec<u8>),
}

/// What happens to a checkpoint key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFate {
    /// It begins.
    Added,
    /// It ends in order.
    Retired,
    /// It ends because it can no longer be trusted.
    Revoked,
}

/// An event that the ledger itself writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnEvent {
    /// A question by a person.
    Question {
        /// Who asked.
        person: String,
        /// In which role.
        role: String,
        /// For what purpose.
        purpose: String,
        /// The method called.
        method: String,
        /// The cases asked about.
        cases: Vec<ChainTag>,
        /// The request's bytes.
        request: Vec<u8>,
        /// Ledger size the answer was pinned at.
        pinned: u64,
    },
    /// A stream opened.
    Open {
        /// Names the stream.
        stream: [u8; 16],
        /// Who reads.
        reader: String,
        /// The method called.
        method: String,
        /// First position to be delivered.
        from: u64,
    },
    /// A stream closed, or its hourly count.
    Close {
        /// Names the stream.
        stream: [u8; 16],
        /// Why this was written.
        reason: CloseReason,
        /// Delivered up to this position.
        up_to: u64,
        /// Entries delivered since the last count.
        delivered: u64,
    },
    /// The key of an entry is to be destroyed.
    ErasureOrder {
        /// The entry.
        position: u64,
        /// Its link.
        link: Link,
        /// What goes.
        what: Erased,
        /// On whose authority.
        authority: String,
        /// On what legal basis.
        basis: String,
        /// The two who approved.
        approvers: [String; 2],
        /// How many fields went.
        fields_gone: u64,
    },
    /// All chains and their last links.
    Heads {
        /// All positions below this are covered.
        size: u64,
        /// Number of chains.
        chains: u64,
        /// Root over them (FORMAT.md section 10).
        root: TreeHash,
    },
    /// Opened after an unclean stop.
    Reopened {
        /// Size found.
        size: u64,
        /// Root found at that size.
        root: TreeHash,
        /// Boot id in the head file.
        boot_before: [u8; 16],
        /// Boot id now.
        boot_now: [u8; 16],
    },
    /// A checkpoint key begins or ends.
    KeyChange {
        /// What happens to it.
        fate: KeyFate,
        /// The key.
        vkey: String,
        /// In force from this position.
        from: u64,
    },
    /// An operator accepted a clock step. Times in microseconds since 1970 UTC.
    ClockAcceptance {
        /// Last appended time.
        last: u64,
        /// Clock reading accepted.
        accepted: u64,
        /// Who.
        operator: String,
        /// Why.
        reason: String,
    },
}

impl OwnEvent {
    /// The entry kind it is sealed as.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Question { .. } => EntryKind::AccessQuestion,
            Self::Open { .. } => EntryKind::AccessOpen,
            Self::Close { .. } => EntryKind::AccessClose,
            Self::ErasureOrder { .. } => EntryKind::ErasureOrder,
            Self::Heads { .. } => EntryKind::Heads,
            Self::Reopened { .. } => EntryKind::Reopened,
            Self::KeyChange { .. } => EntryKind::KeyChange,
            Self::ClockAcceptance { .. } => EntryKind::ClockAcceptance,
        }
    }

    /// The event bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Message(Vec::new());
        match self {
            Self::Question { .. } | Self::Open { .. } | Self::Close { .. } => {
                self.encode_access(&mut out);
            }
            Self::ErasureOrder { .. } => self.encode_erasure(&mut out),
            Self::Heads { size, chains, root } => {
                out.varint(1, *size);
                out.varint(2, *chains);
                out.bytes(3, root.as_bytes());
            }
            Self::Reopened {
                size,
                root,
                boot_before,
                boot_now,
            } => {
                out.varint(1, *size);
                out.bytes(2, root.as_bytes());
                out.bytes(3, boot_before);
                out.bytes(4, boot_now);
            }
            Self::KeyChange { fate, vkey, from } => {
                let fate = match fate {
                    KeyFate::Added => 1,
                    KeyFate::Retired => 2,
                    KeyFate::Revoked => 3,
                };
                out.varint(1, fate);
                out.bytes(2, vkey.as_bytes());
                out.varint(3, *from);
            }
            Self::ClockAcceptance {
                last,
                accepted,
                operator,
                reason,
            } => {
                out.varint(1, *last);
                out.varint(2, *accepted);
                out.bytes(3, operator.as_bytes());
                out.bytes(4, reason.as_bytes());
            }
        }
        out.0
    }

    fn encode_access(&self, out: &mut Message) {
        match self {
            Self::Question {
                person,
                role,
                purpose,
                method,
                cases,
                request,
                pinned,
            } => {
                for (number, text) in (1..).zip([person, role, purpose, method]) {
                    out.bytes(number, text.as_bytes());
                }
                for tag in cases {
                    out.bytes(5, tag.as_bytes());
                }
                out.bytes(6, request);
                out.varint(7, *pinned);
            }
            Self::Open {
                stream,
                reader,
                method,
                from,
            } => {
                out.bytes(1, stream);
                out.bytes(2, reader.as_bytes());
                out.bytes(3, method.as_bytes());
                out.varint(4, *from);
            }
            Self::Close {
                stream,
                reason,
                up_to,
                delivered,
            } => {
                out.bytes(1, stream);
                let reason = match reason {
                    CloseReason::Closed => 1,
                    CloseReason::Hourly => 2,
                    CloseReason::Broken => 3,
                };
                out.varint(2, reason);
                out.varint(3, *up_to);
                out.varint(4, *delivered);
            }
            Self::ErasureOrder { .. }
            | Self::Heads { .. }
            | Self::Reopened { .. }
            | Self::KeyChange { .. }
            | Self::ClockAcceptance { .. } => {}
        }
    }

    fn encode_erasure(&self, out: &mut Message) {
        let Self::ErasureOrder {
            position,
            link,
            what,
            authority,
            basis,
            approvers,
            fields_gone,
        } = self
        else {
            return;
        };
        out.varint(1, *position);
        out.bytes(2, link.as_bytes());
        out.varint(3, if *what == Erased::Entry { 1 } else { 2 });
        out.bytes(4, authority.as_bytes());
        out.bytes(5, basis.as_bytes());
        for approver in approvers {
            out.bytes(6, approver.as_bytes());
        }
        out.varint(7, *fields_gone);
        match what {
            Erased::Entry => out.bytes(8, &[]),
            Erased::Fields(kept) => out.bytes(8, kept),
        }
    }
}

/// Numbers known to be singular in the ledger's own kinds; empty for kinds 1 and 2, whose schema is the proto's.
#[must_use]
pub fn singular(kind: EntryKind) -> Singular {
    let numbers: &[u32] = match kind {
        EntryKind::CaseEvent | EntryKind::RegistryEvent => &[],
        EntryKind::AccessQuestion => &[1, 2, 3, 4, 6, 7],
        EntryKind::AccessOpen
        | EntryKind::AccessClose
        | EntryKind::Reopened
        | EntryKind::ClockAcceptance => &[1, 2, 3, 4],
        EntryKind::ErasureOrder => &[1, 2, 3, 4, 5, 7, 8],
        EntryKind::Heads | EntryKind::KeyChange => &[1, 2, 3],
    };
    Singular::new(numbers.iter().map(|number| (0, *number)))
}

/// A protobuf message with field numbers below 16.
struct Message(Vec<u8>);

impl Message {
    fn bytes(&mut self, number: u8, value: &[u8]) {
        self.0.push(number << 3 | 2);
        self.raw(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn varint(&mut self, number: u8, value: u64) {
        self.0.push(number << 3);
        self.raw(value);
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }
}
