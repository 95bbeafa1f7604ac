//! What is compared: links and times, checkpoints, receipts, refusals, entries, and every stored byte.

use caseledger::domain::id::EventId;
use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::digest::{Link, TreeHash};
use caseledger::ledger::entry::{EntryKind, SealedEntry};
use caseledger::ledger::own::OwnEvent;
use caseledger::ledger::receipt;
use caseledger::ledger::tree::{TreeHead, verify_consistency};
use caseledger::verify::{Checker, KeyState, Outcome};
use data_encoding::HEXLOWER;
use tonic::Code;

use super::{Teller, Witnessed};
use crate::disk::ORIGIN;
use crate::line::{Receipt, Refused, Seen, bytes, case_name, event_id};
use crate::model::{Chain, Kept, Model, Place, Refusal};

impl Teller {
    pub(super) fn link_of(&mut self, position: u64) -> Vec<u8> {
        if !self.witnessed.contains_key(&position) {
            let seen = self.line().position(position).unwrap();
            self.witness(position, &seen.link, seen.appended);
        }
        self.witnessed[&position].link.clone()
    }

    /// An entry's link and time are the same whoever shows them, whenever.
    pub(super) fn witness(&mut self, position: u64, link: &[u8], appended: u64) {
        let link = link.to_vec();
        let now = Witnessed { link, appended };
        let first = self
            .witnessed
            .entry(position)
            .or_insert_with(|| now.clone());
        assert_eq!(*first, now, "position {position} changed");
    }

    pub(super) fn checkpoint(&mut self, note: &str) -> SignedCheckpoint {
        if let Some(known) = self.notes.get(note) {
            return known.clone();
        }
        let signed = SignedCheckpoint::open(note, &self.key).unwrap();
        self.notes.insert(note.to_owned(), signed.clone());
        let said = signed.checkpoint();
        let first = self
            .checkpoints
            .entry(said.size)
            .or_insert_with(|| signed.clone());
        assert_eq!(first.checkpoint().root, said.root, "two roots of one size");
        signed
    }

    pub(super) fn check_head(&mut self, model: &Model) {
        let note = self.line().note();
        let signed = self.checkpoint(&note);
        assert_eq!(signed.checkpoint().size, model.size(), "the ledger's size");
    }

    /// The receipt says what is due, and proves it.
    pub(super) fn check_receipt(&mut self, found: &Receipt, due: &Place, model: &Model) {
        let kept = model.at(due.position);
        assert_eq!((found.position, found.repeat), (due.position, due.repeat));
        assert_eq!(found.case_seq, kept.seq, "the number in the case");
        self.witness(found.position, &found.link, found.appended);
        let signed = self.checkpoint(&found.note);
        let seen = self.line().position(found.position).unwrap();
        let proof = receipt::Receipt {
            position: found.position,
            case_seq: found.case_seq,
            link: Link::new(found.link.as_slice().try_into().unwrap()),
            appended: found.appended,
            checkpoint: signed,
            proof: found.path.clone(),
        };
        proof.check(&seen.header).unwrap();
        self.same_entry(&seen, due.position, model);
    }

    pub(super) fn same_refusal(&mut self, found: &Refused, due: &Refusal, in_full: bool) {
        assert_eq!(found.reason, due.reason);
        assert_eq!(found.code, code(due.reason), "{}", due.reason);
        if in_full {
            let said = (found.index, found.position, found.actual_seq);
            assert_eq!(
                said,
                (due.index, due.position, due.actual_seq),
                "{}",
                due.reason
            );
            if due.head_gone {
                return;
            }
            let head = due.actual_head.map(|at| self.link_of(at));
            let due = due
                .actual_seq
                .map(|_| HEXLOWER.encode(&head.unwrap_or_default()));
            assert_eq!(found.actual_link, due, "the actual head");
        }
    }

    pub(super) fn same_entry(&mut self, seen: &Seen, position: u64, model: &Model) {
        assert_eq!(seen.position, position, "the next entry");
        self.witness(position, &seen.link, seen.appended);
        let kept = model.at(position);
        let case = match kept.chain {
            Chain::Case(case) => Some(case_name(case)),
            Chain::Registry | Chain::Ledger => None,
        };
        assert_eq!((seen.case_seq, &seen.case), (kept.seq, &case));
        assert_eq!(seen.kind, u32::from(kind(kept).number()));
        self.same_content(&seen.event, position, kept);
        if let Some(sent) = kept.sent {
            assert_eq!(seen.agency, kept.by.name());
            assert_eq!(seen.event_id, event_id(sent.id).to_string());
            assert_eq!(seen.imported, sent.imported);
        } else {
            assert_eq!((seen.agency.as_str(), seen.imported), ("ledger", false));
        }
    }

    pub(super) fn same_content(&self, event: &[u8], position: u64, kept: &Kept) {
        if let Some(sent) = kept.sent {
            assert_eq!(event, bytes(&sent), "the bytes at {position}");
            return;
        }
        let own = OwnEvent::decode(EntryKind::Reopened, event).unwrap();
        let OwnEvent::Reopened { size, root, .. } = own else {
            panic!("{own:?}");
        };
        assert_eq!(size, position, "what was found");
        let known = self.checkpoints.get(&size);
        assert!(known.is_none_or(|known| known.checkpoint().root == root));
    }

    pub(super) fn compare(
        &mut self,
        found: Result<Vec<Seen>, Refused>,
        due: &Result<Vec<u64>, Refusal>,
        model: &Model,
    ) {
        match (found, due) {
            (Ok(found), Ok(due)) => {
                let positions: Vec<u64> = found.iter().map(|seen| seen.position).collect();
                assert_eq!(positions, *due, "the entries read");
                for seen in &found {
                    self.same_entry(seen, seen.position, model);
                }
            }
            (Err(found), Err(due)) => self.same_refusal(&found, due, true),
            (found, due) => panic!("read {found:?}, due {due:?}"),
        }
    }

    /// Every stored byte, by the checker that anybody can run, and once more against the model.
    pub(crate) fn verify(&mut self, model: &Model) {
        let note = self.line().note();
        let newest = self.checkpoint(&note);
        let mut checker = Checker::new(ORIGIN.parse().unwrap());
        let ports = self.ports.as_ref().unwrap();
        let (mut next, size) = (0, model.size());
        while next < size {
            let page = ports.journal.read(next, 50).unwrap();
            assert!(!page.is_empty(), "the store ends at {next} of {size}");
            for stored in page {
                let key = ports.vault.key(next).unwrap();
                checker.entry(&stored.bytes, |_| KeyState::Key(key.clone()));
                let entry = SealedEntry::decode(&stored.bytes).unwrap();
                let kept = model.at(next);
                assert_eq!((entry.position(), entry.case_seq()), (next, kept.seq));
                let id = kept.sent.map(|sent| event_id(sent.id));
                assert!(id.is_none_or(|id| id == EventId(entry.event_id())));
                self.same_content(&entry.open(&key).unwrap().event, next, kept);
                next += 1;
            }
        }
        assert!(ports.journal.read(size, 1).unwrap().is_empty());
        for earlier in self.checkpoints.values() {
            checker.holds(earlier.checkpoint());
        }
        let report = checker.finish(Some(newest.checkpoint()));
        let outcome = if size == 0 {
            Outcome::Nothing
        } else {
            Outcome::Verified
        };
        assert_eq!(report.outcome, outcome, "{report:?}");
        assert_eq!((report.size, report.contents.proven), (size, size));
        self.prove_consistency(size, newest.checkpoint().root);
    }

    pub(super) fn prove_consistency(&mut self, size: u64, root: TreeHash) {
        let new = TreeHead { size, root };
        let earlier: Vec<TreeHead> = self
            .checkpoints
            .values()
            .map(|signed| TreeHead {
                size: signed.checkpoint().size,
                root: signed.checkpoint().root,
            })
            .collect();
        for old in earlier {
            let proof = self.line().consistency(old.size, size);
            assert_eq!((proof.from_root, proof.to_root), (old.root, new.root));
            assert!(verify_consistency(&old, &new, &proof.path), "{old:?}");
        }
    }
}

fn kind(kept: &Kept) -> EntryKind {
    match kept.chain {
        Chain::Case(_) => EntryKind::CaseEvent,
        Chain::Registry => EntryKind::RegistryEvent,
        Chain::Ledger => EntryKind::Reopened,
    }
}

/// The status code of a refusal.
fn code(reason: &str) -> Code {
    match reason {
        "INVALID_FIELD" => Code::InvalidArgument,
        "OTHER_AGENCY" => Code::PermissionDenied,
        "UNKNOWN_CASE" | "UNKNOWN_ENTRY" => Code::NotFound,
        "CASE_EXISTS" | "EVENT_ID_REUSED" => Code::AlreadyExists,
        "HEAD_MOVED" => Code::Aborted,
        "COMMIT_IN_DOUBT" => Code::Unavailable,
        other => panic!("{other} is no refusal of a story"),
    }
}
