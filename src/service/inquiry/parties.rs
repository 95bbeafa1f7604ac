//! Whom a question may name: an agency or practitioner of whom nobody has heard is refused, because an empty answer
//! would read like an absence of records.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::event::Content;
use crate::domain::event::allocation::AllocationContent;
use crate::domain::id::{AgencyId, Practitioner};
use crate::projection::cut::{Basis, cut};
use crate::projection::knowledge::{Holder, Knowledge};
use crate::projection::placed::{Log, Placed};
use crate::service::error::Refused;
use crate::service::registry::Registry;

/// Who may be asked about: everybody in the registry or in the case today, whatever the date of the question. Names
/// stand outside the as-at law.
pub(super) struct Parties<'a> {
    registry: Registry,
    log: &'a Log,
    now: Timestamp,
}

impl<'a> Parties<'a> {
    pub(super) fn new(registry: Registry, log: &'a Log, now: Timestamp) -> Self {
        Self { registry, log, now }
    }

    /// Refuses a holder of whom nothing is known.
    pub(super) fn check(&self, field: &str, holder: &Holder) -> Result<(), Refused> {
        let agency = match holder {
            Holder::Agency(agency) => agency,
            Holder::Practitioner(person) => &person.agency,
        };
        if !self.is_agency(agency) {
            let mut here: BTreeSet<&AgencyId> =
                self.log.entries().iter().map(|e| &e.agency).collect();
            here.extend(self.registry.agencies().map(|agency| &agency.agency));
            let here: Vec<&str> = here.into_iter().map(AgencyId::as_str).collect();
            let reason = format!(
                "is no agency of this ledger or case; it is one of {}",
                here.join(", ")
            );
            return Err(Refused::field(field, reason));
        }
        match holder {
            Holder::Practitioner(person) if !self.is_practitioner(person) => Err(Refused::field(
                field,
                "is no practitioner who is registered or named in this case; ShowCase lists them",
            )),
            Holder::Practitioner(_) | Holder::Agency(_) => Ok(()),
        }
    }

    fn is_agency(&self, agency: &AgencyId) -> bool {
        self.registry.agencies().any(|one| one.agency == *agency)
            || self.log.entries().iter().any(|one| one.agency == *agency)
            || self.holders().iter().any(|holder| match holder {
                Holder::Agency(one) => one == agency,
                Holder::Practitioner(person) => person.agency == *agency,
            })
    }

    fn is_practitioner(&self, person: &Practitioner) -> bool {
        let registered = self
            .registry
            .practitioners()
            .any(|one| one.agency == person.agency && one.staff == person.staff);
        let allocated = |entry: &Placed| {
            let worker = if let Content::Allocation(AllocationContent::AllocationStarted(started)) =
                &entry.event.content
            {
                started.worker.as_ref()
            } else if let Content::Allocation(AllocationContent::AllocationTransferred(moved)) =
                &entry.event.content
            {
                Some(&moved.to)
            } else {
                None
            };
            entry.agency == person.agency && worker == Some(&person.staff)
        };
        registered
            || self.log.entries().iter().any(allocated)
            || self
                .holders()
                .contains(&Holder::Practitioner(person.clone()))
    }

    /// Everybody of whom the record says, today, that they knew or were told something.
    fn holders(&self) -> BTreeSet<Holder> {
        let today = cut(self.log, Basis::Now, self.now);
        let knowledge = Knowledge::of(&today);
        knowledge.holders().cloned().collect()
    }
}
