//! One case as a server shows it: its chain, its content and its place under one signed checkpoint. Nothing here asks
//! anybody; whoever fetched the entries and proofs may be distrusted.

use super::{Contents, FAULTS_MAX, Fault, FaultKind, Outcome};
use crate::domain::id::CaseId;
use crate::ledger::chain::ChainWalk;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::commitment::{Secret, fields_root};
use crate::ledger::digest::TreeHash;
use crate::ledger::entry::{EntryKind, Header};
use crate::ledger::fields::Singular;
use crate::ledger::tree::{leaf_hash, verify_inclusion};

/// What a server shows of an entry's content.
#[derive(Clone, Debug)]
pub enum Shown<'a> {
    /// The event and its secret.
    Opened {
        /// The exact event bytes.
        event: &'a [u8],
        /// The secret that its salts are made from.
        secret: &'a [u8],
        /// The case that these bytes name, when they can be read.
        names: Option<CaseId>,
    },
    /// It says that the key was destroyed. Nothing here can prove that.
    Erased,
    /// It does not show it.
    Withheld,
}

/// Is this the content that this header commits to?
///
/// # Errors
/// Why not, in words, without anything from the content.
pub fn committed(
    header: &Header,
    event: &[u8],
    secret: &[u8],
    singular: &Singular,
) -> Result<(), String> {
    let secret: [u8; 32] = secret
        .try_into()
        .map_err(|_length| "its secret is not 32 bytes".to_owned())?;
    let secret = Secret::new(secret).map_err(|error| error.to_string())?;
    let root = fields_root(event, &secret, singular).map_err(|error| error.to_string())?;
    if root == header.statement.fields_root {
        Ok(())
    } else {
        Err("the content is not what the header commits to".to_owned())
    }
}

/// Checks the entries of one case in order.
#[derive(Debug)]
pub struct CaseChecker<'a> {
    case: CaseId,
    checkpoint: &'a Checkpoint,
    singular: &'a Singular,
    walk: Option<ChainWalk>,
    report: CaseReport,
}

/// What a check of a case found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Entries checked.
    pub entries: u64,
    /// Entries whose place under the checkpoint was proven.
    pub included: u64,
    /// Contents: `no_key` counts those that were not shown.
    pub contents: Contents,
    /// Signed statements; this version has no agency keys to check them with.
    pub signatures_unchecked: u64,
    /// What does not hold, at most [`FAULTS_MAX`]; positions are those of the ledger.
    pub faults: Vec<Fault>,
    /// Further faults that were only counted.
    pub faults_more: u64,
}

impl CaseReport {
    /// The result in one word. Content that was not shown, or is said to be erased, was not checked.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if !self.faults.is_empty() {
            Outcome::Failed
        } else if self.entries == 0 {
            Outcome::Nothing
        } else if self.contents.proven == self.entries
            && self.included == self.entries
            && self.signatures_unchecked == 0
        {
            Outcome::Verified
        } else {
            Outcome::Partial
        }
    }
}

impl<'a> CaseChecker<'a> {
    /// Before the first entry. The checkpoint's signature has been verified.
    #[must_use]
    pub fn new(case: CaseId, checkpoint: &'a Checkpoint, singular: &'a Singular) -> Self {
        Self {
            case,
            checkpoint,
            singular,
            walk: None,
            report: CaseReport::default(),
        }
    }

    /// Checks the next entry. `position` is where the server says that it stands; `proof` is the inclusion proof under the checkpoint.
    pub fn entry(
        &mut self,
        position: u64,
        header: &[u8],
        shown: Shown<'_>,
        proof: Option<&[TreeHash]>,
    ) {
        self.report.entries = self.report.entries.saturating_add(1);
        let parsed = match Header::decode(header) {
            Ok(parsed) => parsed,
            Err(error) => return self.fault(position, FaultKind::Form, error.to_string()),
        };
        if parsed.fields.position != position {
            let says = format!("its header says position {}", parsed.fields.position);
            self.fault(position, FaultKind::Position, says);
        }
        if parsed.fields.kind != EntryKind::CaseEvent {
            let says = "its kind does not belong to a case".to_owned();
            self.fault(position, FaultKind::Chain, says);
        }
        if parsed.signature.is_some() {
            self.report.signatures_unchecked = self.report.signatures_unchecked.saturating_add(1);
        }
        self.chain(position, &parsed);
        self.content(position, &parsed, shown);
        self.inclusion(position, header, proof);
    }

    fn chain(&mut self, position: u64, header: &Header) {
        let origin = &self.checkpoint.origin;
        let walk = self
            .walk
            .get_or_insert_with(|| ChainWalk::new(origin, header.statement.tag));
        if let Err(broken) = walk.next(header) {
            self.fault(position, FaultKind::Chain, broken.to_string());
        }
    }

    fn content(&mut self, position: u64, header: &Header, shown: Shown<'_>) {
        let contents = &mut self.report.contents;
        let (event, secret, names) = match shown {
            Shown::Opened {
                event,
                secret,
                names,
            } => (event, secret, names),
            Shown::Erased => {
                contents.erased = contents.erased.saturating_add(1);
                return;
            }
            Shown::Withheld => {
                contents.no_key = contents.no_key.saturating_add(1);
                return;
            }
        };
        if let Err(why) = committed(header, event, secret, self.singular) {
            self.fault(position, FaultKind::Content, why);
        } else if names.as_ref() != Some(&self.case) {
            let says = "it is an entry of another case".to_owned();
            self.fault(position, FaultKind::Content, says);
        } else {
            self.report.contents.proven = self.report.contents.proven.saturating_add(1);
        }
    }

    fn inclusion(&mut self, position: u64, header: &[u8], proof: Option<&[TreeHash]>) {
        let Some(proof) = proof else { return };
        let Checkpoint { size, root, .. } = self.checkpoint;
        if verify_inclusion(&leaf_hash(header), position, *size, proof, root) {
            self.report.included = self.report.included.saturating_add(1);
        } else {
            let says = format!("it is not in the ledger of {size} entries that was signed");
            self.fault(position, FaultKind::Checkpoint, says);
        }
    }

    fn fault(&mut self, position: u64, kind: FaultKind, what: String) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(Fault {
                position,
                kind,
                what,
            });
        } else {
            self.report.faults_more = self.report.faults_more.saturating_add(1);
        }
    }

    /// Ends the check.
    #[must_use]
    pub fn finish(self) -> CaseReport {
        self.report
    }
}
