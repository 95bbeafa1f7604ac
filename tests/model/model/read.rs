//! What the naive ledger shows.

use super::{Chain, Kept, Model, Refusal, Slot, refusal};
use crate::command::{Agency, Which};

impl Model {
    pub(super) fn read_case(&self, case: u8, from: u8, most: u8) -> Result<Vec<u64>, Refusal> {
        let chain = self.chain(Chain::Case(case));
        if chain.is_empty() {
            return Err(refusal("UNKNOWN_CASE"));
        }
        let skipped = self.seq_in(case, from).saturating_sub(1);
        let most = if most == 0 {
            usize::MAX
        } else {
            usize::from(most)
        };
        let skipped = usize::try_from(skipped).unwrap();
        Ok(chain.into_iter().skip(skipped).take(most).collect())
    }

    /// A number in a case, from 1 up to two beyond its end.
    pub(crate) fn seq_in(&self, case: u8, number: u8) -> u64 {
        u64::from(number) % (self.chain(Chain::Case(case)).len() as u64 + 2) + 1
    }

    /// The id of something that was sent.
    pub(crate) fn id_of(&self, number: u8) -> u64 {
        self.earlier(number).map_or(u64::MAX, |sent| sent.id)
    }

    pub(super) fn get(&self, by: Agency, which: Which) -> Result<Vec<u64>, Refusal> {
        let found = match which {
            Which::Position(number) => {
                let wanted = self.up_to(number);
                self.positions(|position, _| position == wanted)
            }
            Which::InCase(case, number) => {
                if !self.has(case) {
                    return Err(refusal("UNKNOWN_CASE"));
                }
                let seq = self.seq_in(case, number);
                self.positions(|_, kept| kept.chain == Chain::Case(case) && kept.seq == seq)
            }
            Which::Sent(number) => {
                let id = self.id_of(number);
                let is = |kept: &Kept| kept.by == by && kept.sent.is_some_and(|it| it.id == id);
                self.positions(|_, kept| is(kept))
            }
        };
        if found.is_empty() {
            return Err(refusal("UNKNOWN_ENTRY"));
        }
        Ok(found)
    }

    pub(super) fn follow(&mut self, slot: u8, from: u8, only: Option<u8>) -> Option<Refusal> {
        let unknown = only.is_some_and(|case| !self.has(case));
        let next = self.up_to(from);
        self.slots[usize::from(slot)] = (!unknown).then_some(Slot { next, only });
        unknown.then(|| refusal("UNKNOWN_CASE"))
    }

    pub(super) fn take(&mut self, slot: u8, most: u64) -> Vec<u64> {
        let Some(of) = self.slots[usize::from(slot)] else {
            return Vec::new();
        };
        let mut due = self.wanted(of);
        due.truncate(usize::try_from(most).unwrap());
        if let Some(last) = due.last() {
            let next = last + 1;
            self.slots[usize::from(slot)] = Some(Slot { next, ..of });
        }
        due
    }

    /// What there is for a subscriber.
    pub(crate) fn wanted(&self, of: Slot) -> Vec<u64> {
        let is = |kept: &Kept| of.only.is_none_or(|case| kept.chain == Chain::Case(case));
        self.positions(|position, kept| position >= of.next && is(kept))
    }

    pub(super) fn told(&self, case: u8, position: Option<u64>) -> Result<Vec<u64>, Refusal> {
        if !self.has(case) {
            return Err(refusal("UNKNOWN_CASE"));
        }
        if position.is_some_and(|position| position > self.size()) {
            return Err(refusal("INVALID_FIELD"));
        }
        let end = position.unwrap_or(self.size());
        let of_it =
            |kept: &Kept| matches!(kept.chain, Chain::Registry) || kept.chain == Chain::Case(case);
        Ok(self.positions(|position, kept| position < end && of_it(kept)))
    }
}
