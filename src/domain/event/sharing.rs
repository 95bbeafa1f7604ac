//! Sharing of information, and not sharing it.

use super::coded::coded;
use super::{Channel, EntryRef, Recipient, Tri};
use crate::domain::id::{AgencyId, StaffId};
use crate::domain::time::When;

coded! {
    /// Why something is withheld. Mandatory.
    WithholdReason {
        /// It would harm the child.
        DetrimentToChild = 1 => "detriment_to_child",
        /// It would prejudice an investigation.
        PrejudiceToInvestigation = 2 => "prejudice_to_investigation",
        /// Legal privilege.
        LegalPrivilege = 3 => "legal_privilege",
        /// It is a third party's.
        ThirdParty = 4 => "third_party",
        /// It would reveal a source.
        SourceProtection = 5 => "source_protection",
        /// It does not bear on the recipient's task.
        NotRelevant = 6 => "not_relevant",
        /// Consent was refused.
        ConsentRefused = 7 => "consent_refused",
        /// Any other, named in the text.
        Other = 8 => "other",
    }
}

coded! {
    /// What the sender knows of receipt.
    ReceiptState {
        /// The recipient confirmed.
        Confirmed = 1 => "confirmed",
        /// Delivered, nobody recorded as reading.
        Delivered = 2 => "delivered",
        /// Nothing came back.
        NotConfirmed = 3 => "not_confirmed",
    }
}

coded! {
    /// Who acknowledged.
    AcknowledgementKind {
        /// A person.
        Person = 1 => "person",
        /// An automatic notice of delivery.
        Automatic = 2 => "automatic",
    }
}

/// `share.made`: the author agency passed information on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ShareMade {
    /// To whom.
    pub to: Vec<Recipient>,
    /// Which entries.
    pub items: Vec<EntryRef>,
    /// How.
    pub channel: Channel,
    /// What the sender knows of receipt.
    pub receipt: ReceiptState,
    /// The sender, when not the author.
    pub from: Option<AgencyId>,
    /// What was said.
    pub words: String,
}

/// `share.acknowledged`: the author agency acknowledges a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareAcknowledged {
    /// The share.
    pub share: EntryRef,
    /// By a person or a machine.
    pub by: AcknowledgementKind,
    /// The person.
    pub staff: Option<StaffId>,
    /// The entries received, when listed.
    pub items: Vec<EntryRef>,
}

/// `share.withheld`: it was decided not to share something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareWithheld {
    /// The entry withheld.
    pub item: EntryRef,
    /// From which agency.
    pub to: AgencyId,
    /// Why.
    pub reason: WithholdReason,
    /// Why, in words.
    pub reason_text: String,
    /// Who decided.
    pub decided_by: Option<StaffId>,
    /// When it will be looked at again.
    pub review: Option<When>,
}

/// `share.receipt_disputed`: the named recipient says that it did not receive a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareReceiptDisputed {
    /// The share.
    pub share: EntryRef,
    /// What it says.
    pub words: String,
}

/// `info.requested`: the author agency asked another for information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoRequested {
    /// Whom.
    pub to: AgencyId,
    /// What.
    pub what: String,
    /// About which entries.
    pub about: Vec<EntryRef>,
    /// By when.
    pub due: Option<When>,
}

/// `info.responded`: the author agency answered a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoResponded {
    /// The request.
    pub request: EntryRef,
    /// Whom.
    pub to: AgencyId,
    /// The entries given.
    pub items: Vec<EntryRef>,
    /// Whether all was given.
    pub complete: Tri,
    /// Why not all.
    pub reason: String,
}

/// Sharing of information, and not sharing it. One variant a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharingContent {
    /// `share.made`.
    ShareMade(ShareMade),
    /// `share.acknowledged`.
    ShareAcknowledged(ShareAcknowledged),
    /// `share.withheld`.
    ShareWithheld(ShareWithheld),
    /// `share.receipt_disputed`.
    ShareReceiptDisputed(ShareReceiptDisputed),
    /// `info.requested`.
    InfoRequested(InfoRequested),
    /// `info.responded`.
    InfoResponded(InfoResponded),
}

impl SharingContent {
    /// The dotted name of the kind.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::ShareMade(_) => "share.made",
            Self::ShareAcknowledged(_) => "share.acknowledged",
            Self::ShareWithheld(_) => "share.withheld",
            Self::ShareReceiptDisputed(_) => "share.receipt_disputed",
            Self::InfoRequested(_) => "info.requested",
            Self::InfoResponded(_) => "info.responded",
        }
    }
}
