//! Gathers proofs by holder and statement, and applies the three rules that hold for every one:
//! no fact is earlier than anything it rests on, whoever learns by a carrier knows the carrier,
//! and an agency knows what its practitioners know in that employment.

use std::collections::BTreeMap;

use crate::domain::id::{AgencyId, Practitioner, StaffId};
use crate::domain::time::Interval;

use super::fact::{Effect, Fact, Grade, Holder, How, Promptness, Proof, StatementId};

/// All proofs found so far.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    by: BTreeMap<Holder, BTreeMap<StatementId, Vec<Proof>>>,
}

/// What one entry shows about one telling, before it is laid on an item and a holder.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    pub(super) effect: Effect,
    /// The claimed time.
    pub(super) at: Interval,
    /// The earliest that the entries it rests on were known to anybody (κ), together.
    pub(super) floor: Interval,
    pub(super) how: How,
    pub(super) grade: Grade,
    pub(super) promptness: Promptness,
    pub(super) own_date: bool,
    pub(super) on_file: bool,
    pub(super) carrier: Option<StatementId>,
    pub(super) evidence: Vec<u64>,
}

impl Telling {
    /// The proof for an item whose own κ is `kappa`.
    fn proof(&self, kappa: Interval, through: Option<Practitioner>) -> Proof {
        let mut evidence = self.evidence.clone();
        evidence.sort_unstable();
        evidence.dedup();
        Proof {
            effect: self.effect,
            since: self.at.max(self.floor).max(kappa),
            claimed: self.at,
            how: self.how,
            grade: self.grade,
            promptness: self.promptness,
            own_date: self.own_date,
            on_file: self.on_file,
            through,
            carrier: self.carrier,
            evidence,
        }
    }
}

impl Proofs {
    /// Adds one telling of `statement` (κ = `kappa`) to an agency and, where one is named, its
    /// practitioner. What is only *sent* or disputed says nothing about a person.
    pub(super) fn tell(
        &mut self,
        (agency, staff): (&AgencyId, Option<&StaffId>),
        (statement, kappa): (StatementId, Interval),
        telling: &Telling,
    ) {
        let person = staff.map(|staff| Practitioner {
            agency: agency.clone(),
            staff: staff.clone(),
        });
        self.push(
            Holder::Agency(agency.clone()),
            statement,
            telling.proof(kappa, person.clone()),
        );
        if let Some(person) = person
            && matches!(telling.effect, Effect::Knows | Effect::Possible)
        {
            self.push(
                Holder::Practitioner(person),
                statement,
                telling.proof(kappa, None),
            );
        }
    }

    /// Adds a telling to a practitioner alone.
    pub(super) fn tell_person(
        &mut self,
        person: &Practitioner,
        (statement, kappa): (StatementId, Interval),
        telling: &Telling,
    ) {
        let holder = Holder::Practitioner(person.clone());
        self.push(holder, statement, telling.proof(kappa, None));
    }

    /// Marks what an agency and its practitioners had by one share as disputed by that agency.
    pub(super) fn dispute(&mut self, by: &AgencyId, share: StatementId, position: u64) {
        let theirs = self
            .by
            .iter_mut()
            .filter(|(holder, _)| holder.agency() == by)
            .flat_map(|(_, of_statement)| of_statement.values_mut());
        for proof in theirs.flatten() {
            if proof.carrier == Some(share) {
                proof.effect = Effect::Disputed;
                proof.evidence.push(position);
                proof.evidence.sort_unstable();
            }
        }
    }

    fn push(&mut self, holder: Holder, statement: StatementId, proof: Proof) {
        let of_holder = self.by.entry(holder).or_default();
        // Most are the only one: four times the room would stand empty.
        let one = || Vec::with_capacity(1);
        let list = of_holder.entry(statement).or_insert_with(one);
        if !list.contains(&proof) {
            list.push(proof);
        }
    }

    /// The proofs of one agency, by statement.
    pub(super) fn of_agency<'a>(
        &'a self,
        agency: &AgencyId,
    ) -> impl Iterator<Item = (StatementId, &'a [Proof])> + use<'a> {
        let theirs = self.by.get(&Holder::Agency(agency.clone()));
        let theirs = theirs.into_iter().flatten();
        theirs.map(|(statement, proofs)| (*statement, proofs.as_slice()))
    }

    /// The facts of each holder by statement, each with its proofs in order of since.
    pub(super) fn into_facts(self) -> BTreeMap<Holder, Vec<Fact>> {
        let by = self.by.into_iter();
        by.map(|(holder, of_statement)| {
            let facts = of_statement.into_iter().map(|(statement, mut proofs)| {
                proofs.sort_by(|a, b| a.since.cmp(&b.since).then(a.evidence.cmp(&b.evidence)));
                Fact {
                    holder: holder.clone(),
                    statement,
                    proofs,
                }
            });
            let facts = facts.collect();
            (holder, facts)
        })
        .collect()
    }
}
