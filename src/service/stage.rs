//! Admission: one event after another, against what is durable and what this commit has staged so far.
//!
//! Order matters: a repeat is settled before anything else, so that sending again what was already taken gets the same
//! answer even when the case has moved on or the clock is refused.

use crate::domain::id::CaseId;
use crate::ledger::digest::ChainTag;

use super::append::{Placement, Writer};
use super::clock::ClockFault;
use super::error::Refused;
use super::overlay::{ChainHead, Overlay, Staged};
use super::prepare::{self, Prepared, Route};
use super::sealing;

/// What stands below the request being staged: the commit so far, and the request so far.
struct Ground<'a> {
    commit: &'a Overlay,
    local: &'a mut Overlay,
}

impl Writer {
    /// Stages every event of a request, or none: on a refusal the caller drops `local`.
    ///
    /// # Errors
    /// [`Refused`]; for a batch, [`Refused::Batch`] naming the event.
    pub(super) fn stage(
        &self,
        items: Vec<Prepared>,
        is_batch: bool,
        time: Result<i64, ClockFault>,
        (commit, local): (&Overlay, &mut Overlay),
    ) -> Result<Vec<Placement>, Refused> {
        let mut ground = Ground { commit, local };
        let mut placements = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match self.place(&item, time, &mut ground) {
                Ok(placement) => placements.push(placement),
                Err(cause) if is_batch => {
                    return Err(Refused::Batch { index, cause: Box::new(cause) });
                }
                Err(refused) => return Err(refused),
            }
        }
        Ok(placements)
    }

    fn place(
        &self,
        item: &Prepared,
        time: Result<i64, ClockFault>,
        ground: &mut Ground<'_>,
    ) -> Result<Placement, Refused> {
        if let Some(same) = self.settle_repeat(item, ground)? {
            return Ok(same);
        }
        let tag = self.chain_of(item, ground)?;
        let head = self.head_of(&tag, ground)?;
        if let Some(expected) = &item.expected
            && (expected.seq != head.seq
                || (!expected.link.is_empty() && expected.link != head.link))
        {
            let actual_link = if head.seq == 0 { Vec::new() } else { head.link.to_vec() };
            return Err(Refused::HeadMoved { actual_seq: head.seq, actual_link });
        }
        self.check_seen(item, &tag, head, ground)?;
        let appended = u64::try_from(time.map_err(Refused::Clock)?)
            .map_err(|_before_1970| Refused::Clock(ClockFault::Behind { by_ms: i64::MAX }))?;
        let staged = self.seal(item, (tag, head), appended, ground)?;
        let placed = staged.placed.clone();
        let local = &mut ground.local;
        local.heads.insert(
            tag,
            ChainHead { seq: placed.case_seq, link: placed.link, position: Some(placed.position) },
        );
        local.ids.insert((item.agency.clone(), item.event_id), local.staged.len());
        if let Route::Case { id, opens: true } = &item.route {
            local.cases.insert(id.clone(), tag);
        }
        if matches!(item.route, Route::Registry) {
            let base = local.registry.as_ref().or(ground.commit.registry.as_ref()).cloned();
            let mut registry = base.unwrap_or_else(|| self.shared.registry());
            registry.apply(&item.event, sealing::timestamp(appended));
            local.registry = Some(registry);
        }
        local.staged.push(staged);
        Ok(placed)
    }

    /// The earlier placement if this agency sent this event id before with the same content.
    fn settle_repeat(
        &self,
        item: &Prepared,
        ground: &Ground<'_>,
    ) -> Result<Option<Placement>, Refused> {
        let key = (item.agency.clone(), item.event_id);
        let at = |overlay: &Overlay| {
            overlay.ids.get(&key).and_then(|index| overlay.staged.get(*index)).cloned()
        };
        if let Some(staged) = at(ground.local).or_else(|| at(ground.commit)) {
            let sent = prepare::root_under(&item.bytes, &self.shared.singular, &staged.secret)?;
            if sent != staged.root {
                return Err(Refused::OtherContent {
                    position: staged.placed.position,
                    kept_root: staged.root.to_vec(),
                    sent_root: sent.to_vec(),
                });
            }
            return Ok(Some(Placement { repeat: true, ..staged.placed }));
        }
        let found = self.shared.journal.find(item.agency.as_str(), &item.event_id);
        let Some(position) = found.map_err(Refused::from)? else { return Ok(None) };
        let entry = self.shared.entry(position)?;
        let Some(secret) = self.shared.open(&entry)?.map(|opened| opened.secret) else {
            return Err(Refused::OriginalErased { position });
        };
        let kept = entry.fields_root();
        let sent = prepare::root_under(&item.bytes, &self.shared.singular, &secret)?;
        if sent != kept {
            let (kept_root, sent_root) = (kept.to_vec(), sent.to_vec());
            return Err(Refused::OtherContent { position, kept_root, sent_root });
        }
        Ok(Some(Placement { repeat: true, ..sealing::placement(&entry) }))
    }

    /// The tag of the chain this event goes to; of a new chain for `case.opened`.
    fn chain_of(&self, item: &Prepared, ground: &Ground<'_>) -> Result<[u8; 32], Refused> {
        let (id, opens) = match &item.route {
            Route::Registry => return Ok(*self.shared.registry_tag.as_bytes()),
            Route::Case { id, opens } => (id, *opens),
        };
        match (self.known_case(id, ground), opens) {
            (Some(_), true) => Err(Refused::CaseExists),
            (Some(tag), false) => Ok(tag),
            (None, false) => Err(Refused::UnknownCase),
            (None, true) => {
                let tag = item.case_tag.map_or_else(prepare::random, Ok)?;
                let head = self.head_of(&tag, ground)?;
                let reserved = sealing::is_reserved(&self.shared.origin, &ChainTag::new(tag));
                if reserved || head.seq > 0 || tag == [0; 32] {
                    let reason = "is taken; send 32 random bytes, or none";
                    return Err(Refused::field("case_tag", reason));
                }
                Ok(tag)
            }
        }
    }

    fn known_case(&self, id: &CaseId, ground: &Ground<'_>) -> Option<[u8; 32]> {
        let staged = ground.local.cases.get(id).or_else(|| ground.commit.cases.get(id)).copied();
        staged.or_else(|| self.shared.case_tag(id))
    }

    fn head_of(&self, tag: &[u8; 32], ground: &Ground<'_>) -> Result<ChainHead, Refused> {
        match ground.local.heads.get(tag).or_else(|| ground.commit.heads.get(tag)) {
            Some(head) => Ok(*head),
            None => self.shared.chain_head(tag),
        }
    }

    /// What the author says it had been shown must be a link of this very chain.
    fn check_seen(
        &self,
        item: &Prepared,
        tag: &[u8; 32],
        head: ChainHead,
        ground: &Ground<'_>,
    ) -> Result<(), Refused> {
        let Some(seen) = item.seen else { return Ok(()) };
        if seen.seq == 0 || seen.seq > head.seq {
            let reason = format!("is no entry of this case, which has {}; leave it out for none", head.seq);
            return Err(Refused::field("seen.case_seq", reason));
        }
        let of_tag = |staged: &&Staged| {
            staged.placed.tag == *tag && staged.placed.case_seq == seen.seq
        };
        let (local, commit) = (ground.local.staged.iter(), ground.commit.staged.iter());
        let link = match commit.chain(local).find(of_tag) {
            Some(staged) => staged.placed.link,
            None if seen.seq == head.seq => head.link,
            None => self.shared.link_at(tag, seen.seq)?,
        };
        if link == seen.link {
            Ok(())
        } else {
            Err(Refused::field("seen.link", "is not the link of that entry of this case"))
        }
    }

    fn seal(
        &self,
        item: &Prepared,
        (tag, head): ([u8; 32], ChainHead),
        appended: u64,
        ground: &Ground<'_>,
    ) -> Result<Staged, Refused> {
        let waiting = ground.commit.staged.len().saturating_add(ground.local.staged.len());
        let position = self.shared.size().saturating_add(sealing::count(waiting));
        let registry = ground.local.registry.as_ref().or(ground.commit.registry.as_ref());
        let backload = match registry {
            Some(registry) => registry.is_backload(&item.agency, &item.event, item.imported),
            None => self.shared.is_backload(&item.agency, &item.event, item.imported),
        };
        let place = sealing::Place { position, tag, head, appended, backload };
        sealing::seal(&self.shared, item, &place)
    }
}
