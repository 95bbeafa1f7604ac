//! Allocation asked through one holder's eyes (`semantics.md` 3.3 with 4): what others recorded and it did not know
//! is no absence.

use crate::history::*;
use caseledger::domain::event::registry::AgencyKind;
use caseledger::domain::event::{Channel, Role, Told};
use caseledger::projection::allocation::{Question, allocation};
use caseledger::projection::coverage::Reason;
use caseledger::projection::cut::{Basis, Cut, cut};
use caseledger::projection::knowledge::{Holder, through_eyes_of};
use caseledger::rules::pack::Pack;

/// Social care's records of a plan with a worker, of which the school was told the plan alone.
#[test]
fn through_the_eyes_of_another_agency_an_unknown_holder_is_no_gap_and_through_its_own_a_gap_stays()
{
    let mut h = social_care(&["C1"], "2013-01-01");
    h.register("school", AgencyKind::School, "2005-01-03");
    h.feed("school", "2005-01-03");
    let mut plan = children(cp_plan("2013-01-02"), &["C1"]);
    plan.told.push(Told {
        agency: agency("school"),
        staff: None,
        channel: Channel::InPerson,
        when: when("2013-01-02"),
    });
    h.same_day("csc", "2013-01-02", plan);
    h.same_day("csc", "2013-01-03", started("2013-01-03", "SW1"));
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    for id in ["csc", "school"] {
        h.confirm_to(id, "2013-06-30");
    }
    for basis in [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now] {
        let all = cut(&h.log(), basis, &at("2013-06-30"));
        let gaps = |cut: &Cut| -> (usize, Vec<Reason>) {
            let answer = allocation(cut, &Question::new(Pack::england()));
            let mut rows = answer
                .rows
                .iter()
                .filter(|row| row.agency.as_str() == "csc" && row.role == Role::SocialWorker);
            let row = rows.next_back().unwrap();
            assert_eq!(row.totals.nobody_gaps, row.gaps.len());
            (
                row.gaps.len(),
                row.unknown.iter().map(|unknown| unknown.reason).collect(),
            )
        };
        let seen_by = |eyes: Holder| gaps(&through_eyes_of(&all, &eyes));
        assert_eq!(gaps(&all), (1, vec![]), "{basis:?}");
        assert_eq!(
            seen_by(Holder::Agency(agency("csc"))),
            (1, vec![]),
            "{basis:?}"
        );
        assert_eq!(
            seen_by(Holder::Agency(agency("school"))),
            (0, vec![Reason::NotKnownToEyes]),
            "{basis:?}"
        );
    }
}
