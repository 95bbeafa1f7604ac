//! The chain of a case (or of the registry, of access, of the ledger itself): one BLAKE3 link an entry
//! (FORMAT.md section 7).

use std::collections::BTreeMap;

use super::digest::{ChainTag, Deriver, EventDigest, Link, Purpose};
use super::entry::Header;
use super::statement::{Origin, Seen};

/// The end of a chain as it stands: what the next entry must follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    origin: Origin,
    tag: ChainTag,
    case_seq: u64,
    link: Link,
    last_leaf: Option<u64>,
    last_appended: u64,
}

/// Why an entry does not follow the one before it in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Another ledger's entry.
    #[error("the entry belongs to another ledger")]
    Origin,
    /// Another chain's entry.
    #[error("the entry belongs to another chain")]
    Tag,
    /// An entry is missing, repeated or out of order.
    #[error("number {found} in the chain where {expected} is due")]
    Number {
        /// The number that is due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// It names another entry as the one before.
    #[error("the entry names another position as the one before it in the chain")]
    PreviousLeaf,
    /// Its position is not after the one before.
    #[error("the entry's position is not after the one before it in the chain")]
    Position,
    /// It is older than the one before.
    #[error("the entry's appended time is before that of the one before it in the chain")]
    Time,
    /// Statement, signature, ledger fields or an earlier entry were changed.
    #[error("the link does not fit: this entry or one before it was changed")]
    Link,
    /// Its author claims to have seen an entry that this chain does not have.
    #[error("the entry that its author had seen is not in this chain")]
    Seen,
}

impl ChainHead {
    /// A chain without entries; its link is `link_0`.
    #[must_use]
    pub fn genesis(origin: &Origin, tag: ChainTag) -> Self {
        let mut link = Deriver::new(Purpose::Genesis);
        link.lp(origin.as_str().as_bytes()).bytes(tag.as_bytes());
        let link = Link::new(link.finish());
        let origin = origin.clone();
        Self {
            origin,
            tag,
            case_seq: 0,
            link,
            last_leaf: None,
            last_appended: 0,
        }
    }

    /// The head after an entry that is already known to be good (read back from a verified store).
    #[must_use]
    pub fn at(header: &Header) -> Self {
        Self {
            origin: header.statement.origin.clone(),
            tag: header.statement.tag,
            case_seq: header.fields.case_seq,
            link: header.link,
            last_leaf: Some(header.fields.position),
            last_appended: header.fields.appended,
        }
    }

    /// The chain's tag.
    #[must_use]
    pub const fn tag(&self) -> &ChainTag {
        &self.tag
    }

    /// The ledger it is in.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Goes behind an entry that follows.
    fn pass(&mut self, header: &Header) {
        self.case_seq = header.fields.case_seq;
        self.link = header.link;
        self.last_leaf = Some(header.fields.position);
        self.last_appended = header.fields.appended;
    }

    /// How many entries the chain has.
    #[must_use]
    pub const fn case_seq(&self) -> u64 {
        self.case_seq
    }

    /// Link of its last entry; `link_0` of an empty chain.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.link
    }

    /// Position of its last entry.
    #[must_use]
    pub const fn last_leaf(&self) -> Option<u64> {
        self.last_leaf
    }

    /// Appended time of its last entry, microseconds; 0 of an empty chain.
    #[must_use]
    pub const fn last_appended(&self) -> u64 {
        self.last_appended
    }

    /// `link_{n+1}` for the next entry's `E`.
    #[must_use]
    pub fn next_link(&self, event_digest: &EventDigest) -> Link {
        let number = self.case_seq.saturating_add(1);
        let mut hash = Deriver::new(Purpose::Link);
        hash.bytes(self.link.as_bytes())
            .bytes(&number.to_be_bytes())
            .bytes(event_digest.as_bytes());
        Link::new(hash.finish())
    }
}

/// Does this header follow this head? Gives the head after it. The same function is used before an entry is stored,
/// at every start, by `verify`, and while reading. An entry that names an *earlier* entry as seen is checked
/// against the chain's links by [`ChainWalk`].
///
/// # Errors
/// The first [`Break`] found.
pub fn check_next(head: &ChainHead, next: &Header) -> Result<ChainHead, Break> {
    follows(head, next)?;
    Ok(ChainHead::at(next))
}

fn follows(head: &ChainHead, next: &Header) -> Result<(), Break> {
    let expected = head.case_seq.saturating_add(1);
    let fields = &next.fields;
    if next.statement.origin != head.origin {
        return Err(Break::Origin);
    }
    if next.statement.tag != head.tag {
        return Err(Break::Tag);
    }
    if fields.case_seq != expected {
        return Err(Break::Number {
            expected,
            found: fields.case_seq,
        });
    }
    if fields.previous_leaf != head.last_leaf {
        return Err(Break::PreviousLeaf);
    }
    if head.last_leaf.is_some_and(|last| fields.position <= last) {
        return Err(Break::Position);
    }
    if fields.appended < head.last_appended {
        return Err(Break::Time);
    }
    if head.next_link(&next.event_digest) != next.link {
        return Err(Break::Link);
    }
    match next.statement.seen {
        Seen::Blind => {}
        Seen::Entry { case_seq, .. } if case_seq < head.case_seq => {}
        Seen::Entry { case_seq, link } => {
            if case_seq != head.case_seq || link != head.link {
                return Err(Break::Seen);
            }
        }
    }
    Ok(())
}

/// Walks a whole chain from its first entry and keeps every link, so that what authors had seen is checked too.
#[derive(Clone, Debug)]
pub struct ChainWalk {
    head: ChainHead,
    /// Link of each number from 1 on, up to the first that was passed over by [`ChainWalk::resume_at`].
    links: Vec<Link>,
    /// Links after that.
    later: BTreeMap<u64, Link>,
}

impl ChainWalk {
    /// Starts before the first entry.
    #[must_use]
    pub fn new(origin: &Origin, tag: ChainTag) -> Self {
        Self {
            head: ChainHead::genesis(origin, tag),
            links: Vec::new(),
            later: BTreeMap::new(),
        }
    }

    /// The head so far.
    #[must_use]
    pub const fn head(&self) -> &ChainHead {
        &self.head
    }

    /// Link of an entry that was passed; numbers start at 1.
    #[must_use]
    pub fn link_of(&self, case_seq: u64) -> Option<Link> {
        let index = usize::try_from(case_seq.checked_sub(1)?).ok()?;
        let link = self.links.get(index).or_else(|| self.later.get(&case_seq));
        link.copied()
    }

    fn keep(&mut self, case_seq: u64, link: Link) {
        if self.later.is_empty() && case_seq == (self.links.len() as u64).saturating_add(1) {
            self.links.push(link);
        } else {
            self.later.insert(case_seq, link);
        }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`Break`]; the walk stays where it was.
    pub fn next(&mut self, header: &Header) -> Result<(), Break> {
        follows(&self.head, header)?;
        if let Seen::Entry { case_seq, link } = header.statement.seen
            && self.link_of(case_seq) != Some(link)
            && !self.passed_over(case_seq)
        {
            return Err(Break::Seen);
        }
        self.keep(header.fields.case_seq, header.link);
        self.head.pass(header);
        Ok(())
    }

    /// After a [`Break`] that was reported: goes on behind an entry that does not follow, so that one fault is told once
    /// and not for every entry after it. Only forwards; the caller bounds how far.
    pub fn resume_at(&mut self, header: &Header) {
        if header.fields.case_seq > self.head.case_seq {
            self.keep(header.fields.case_seq, header.link);
            self.head = ChainHead::at(header);
        }
    }

    fn passed_over(&self, case_seq: u64) -> bool {
        (1..=self.head.case_seq).contains(&case_seq) && self.link_of(case_seq).is_none()
    }
}
