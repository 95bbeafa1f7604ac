//! What is said of a role after the last day that the agency's records cover (`semantics.md` 1.7 and 4).

use super::absence::Absence;
use super::days::{Span, day_after};
use super::gap::Unknown;
use super::judge::{Judge, Judged};
use super::spell::Spell;

impl Judge<'_> {
    /// After the last day covered it cannot be known whether a holder without a recorded end still holds the role. While
    /// they are away, the hole of their absence says so already.
    pub(super) fn beyond_the_record(&self, spells: &[Spell], judged: &mut Judged) {
        for spell in spells.iter().filter(|spell| spell.to.is_none()) {
            let (Some(holder), Some(last)) = (spell.holder.named(), spell.counted_to) else {
                continue;
            };
            let away = |away: &Absence| away.counted && away.to.is_none();
            let Some(rest) = Span::new(day_after(last), day_after(self.today)) else {
                continue;
            };
            if spell.absences.iter().any(away) || !self.long_enough(self.extent(rest, true), true) {
                continue;
            }
            let found = self.unknown(rest, self.outcome(rest), spells);
            judged.unknown.push(Unknown {
                last_holder: Some(holder.clone()),
                ..found
            });
        }
    }
}
