//! Admission: one event after another, against what is durable and what this commit has staged so far.
//!
//! Order matters: a repeat is settled before anything else, so that sending again what was already taken gets the same
//! answer even when the case has moved on or the clock is refused.

use crate::domain::id::CaseId;
use crate::ledger::chain::ChainHead;
use crate::ledger::commitment::{Secret, fields_root};
use crate::ledger::digest::{ChainTag, FieldsRoot};
use crate::ledger::entry::{self, Chain, Ingest, Place};
use crate::ledger::statement::Seen;

use super::append::{Placement, Writer};
use super::clock::ClockFault;
use super::error::Refused;
use super::overlay::{Overlay, Staged};
use super::prepare::{self, Prepared, Route};
use super::random::random;
use super::shared::timestamp;

impl Writer {
    /// Stages every event of a request, or none.
    ///
    /// # Errors
    /// [`Refused`]; for a batch, [`Refused::Batch`] naming the event.
    pub(super) fn stage(
        &self,
        items: &[Prepared],
        is_batch: bool,
        time: Result<i64, ClockFault>,
        commit: &mut Overlay,
    ) -> Result<Vec<Placement>, Refused> {
        let mark = commit.begin();
        let mut placements = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match self.place(item, time, commit) {
                Ok(placement) => placements.push(placement),
                Err(cause) => {
                    commit.take_back(&mark);
                    return Err(if is_batch {
                        let cause = Box::new(cause);
                        Refused::Batch { index, cause }
                    } else {
                        cause
                    });
                }
            }
        }
        Ok(placements)
    }

    fn place(
        &self,
        item: &Prepared,
        time: Result<i64, ClockFault>,
        commit: &mut Overlay,
    ) -> Result<Placement, Refused> {
        if let Some(same) = self.settle_repeat(item, commit)? {
            return Ok(same);
        }
        let tag = self.chain_of(item, commit)?;
        let head = self.head_of(tag, commit)?;
        check_expected(item, &head)?;
        self.check_seen(item, &head, commit)?;
        let appended = u64::try_from(time.map_err(Refused::Clock)?)
            .map_err(|_before_1970| Refused::Clock(ClockFault::Behind { by_ms: i64::MAX }))?;
        let (staged, head) = self.seal(item, &head, appended, commit)?;
        let placed = staged.placement();
        commit.add(staged, head);
        match &item.route {
            Route::Case { id, opens: true } => commit.open(id.clone(), tag),
            Route::Case { .. } => {}
            Route::Registry(event) => {
                let base = commit.registry.clone();
                let mut registry = base.unwrap_or_else(|| self.shared.registry());
                registry.apply(event, timestamp(appended));
                commit.register(registry);
            }
        }
        Ok(placed)
    }

    /// The earlier placement if this agency sent this event id before with the same content.
    fn settle_repeat(
        &self,
        item: &Prepared,
        commit: &Overlay,
    ) -> Result<Option<Placement>, Refused> {
        let found = commit.find(&item.agency, item.event_id).cloned();
        let (entry, secret) = if let Some(staged) = found {
            (staged.entry, staged.secret)
        } else {
            let found = self
                .shared
                .journal
                .find(item.agency.as_str(), &item.event_id)?;
            let Some(position) = found else {
                return Ok(None);
            };
            let entry = self.shared.entry(position)?;
            let Some(content) = self.shared.open(&entry)? else {
                return Err(Refused::OriginalErased { position });
            };
            (entry, content.secret)
        };
        let kept = entry.parsed().statement.fields_root;
        let sent = self.root_under(item, &secret)?;
        if sent != kept {
            return Err(Refused::OtherContent {
                position: entry.position(),
                kept_root: kept.as_bytes().to_vec(),
                sent_root: sent.as_bytes().to_vec(),
            });
        }
        Ok(Some(Placement {
            repeat: true,
            ..Placement::of(&entry)
        }))
    }

    /// The fields root that this event would have under another secret.
    fn root_under(&self, item: &Prepared, secret: &Secret) -> Result<FieldsRoot, Refused> {
        fields_root(item.sealable.event(), secret, &self.shared.singular)
            .map_err(prepare::not_fields)
    }

    /// The tag of the chain this event goes to; of a new chain for `case.opened`.
    fn chain_of(&self, item: &Prepared, commit: &Overlay) -> Result<ChainTag, Refused> {
        let (id, opens) = match &item.route {
            Route::Registry(_) => return Ok(self.shared.origin.registry_tag()),
            Route::Case { id, opens } => (id, *opens),
        };
        match (self.known_case(id, commit), opens) {
            (Some(_), true) => Err(Refused::CaseExists),
            (Some(tag), false) => Ok(tag),
            (None, false) => Err(Refused::UnknownCase),
            (None, true) => {
                let tag = match item.case_tag {
                    Some(tag) => tag,
                    None => ChainTag::new(random()?),
                };
                let is_case = Chain::of(&self.shared.origin, &tag) == Chain::Case;
                if !is_case || tag == ChainTag::ZERO || self.head_of(tag, commit)?.case_seq() > 0 {
                    let reason = "is taken; send 32 random bytes, or none";
                    return Err(Refused::field("case_tag", reason));
                }
                Ok(tag)
            }
        }
    }

    fn known_case(&self, id: &CaseId, commit: &Overlay) -> Option<ChainTag> {
        commit.case(id).or_else(|| self.shared.case_tag(id))
    }

    fn head_of(&self, tag: ChainTag, commit: &Overlay) -> Result<ChainHead, Refused> {
        match commit.head(&tag).or_else(|| self.heads.get(&tag)) {
            Some(head) => Ok(head.clone()),
            None => self.shared.chain_head(tag),
        }
    }

    /// What the author says it had been shown must be a link of this very chain.
    fn check_seen(
        &self,
        item: &Prepared,
        head: &ChainHead,
        commit: &Overlay,
    ) -> Result<(), Refused> {
        let Seen::Entry { case_seq, link } = item.sealable.statement().seen else {
            return Ok(());
        };
        if case_seq > head.case_seq() {
            let reason = format!("is no entry of this case, which has {}", head.case_seq());
            return Err(Refused::field("seen_seq", reason));
        }
        let is_seen = |staged: &&Staged| {
            staged.entry.tag() == head.tag() && staged.entry.case_seq() == case_seq
        };
        let real = match commit.staged.iter().rev().find(is_seen) {
            Some(staged) => staged.entry.link(),
            None if case_seq == head.case_seq() => head.link(),
            None => self.shared.link_at(head.tag(), case_seq)?,
        };
        if link == real {
            Ok(())
        } else {
            Err(Refused::field(
                "seen_head",
                "is not the link of that entry of this case",
            ))
        }
    }

    fn seal(
        &self,
        item: &Prepared,
        head: &ChainHead,
        appended: u64,
        commit: &Overlay,
    ) -> Result<(Staged, ChainHead), Refused> {
        let waiting = commit.staged.len() as u64;
        let position = self.shared.size().saturating_add(waiting);
        let backload = match &commit.registry {
            Some(registry) => registry.is_backload(&item.agency, &item.reported),
            None => self.shared.is_backload(&item.agency, &item.reported),
        };
        let ingest = if backload {
            Ingest::Backload
        } else {
            Ingest::Live
        };
        let sealable = item.sealable_for(*head.tag(), ingest)?;
        let key = self.shared.key_to_seal(position)?;
        let place = Place {
            position,
            appended,
            head,
            key: &key,
        };
        let (entry, head) =
            entry::seal(&sealable, &place).map_err(|error| Refused::Store(error.to_string()))?;
        Ok((
            Staged {
                entry,
                secret: sealable.secret().clone(),
            },
            head,
        ))
    }
}

/// Refuses when the chain is not as the sender believes.
fn check_expected(item: &Prepared, head: &ChainHead) -> Result<(), Refused> {
    let Some(expected) = &item.expected else {
        return Ok(());
    };
    let link = if head.case_seq() == 0 {
        Vec::new()
    } else {
        head.link().as_bytes().to_vec()
    };
    let same_link = expected.link.is_empty() || expected.link == link;
    if expected.seq == head.case_seq() && same_link {
        Ok(())
    } else {
        Err(Refused::HeadMoved {
            actual_seq: head.case_seq(),
            actual_link: link,
        })
    }
}
