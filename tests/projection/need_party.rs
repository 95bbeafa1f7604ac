//! Who is involved, and who cannot be told to be (`semantics.md` 7.1, step 3).

use crate::knowledge_history::{History, agency, concern, entry};
use caseledger::domain::event::court::{CourtApplicationIssued, CourtContent, OrderKind};
use caseledger::domain::event::registry::{AgencyKind, AgencyRegistered, RegistryContent};
use caseledger::domain::event::{Channel, Content, Harm, Tri};
use caseledger::projection::coverage::Reason;
use caseledger::projection::cut::Basis;
use caseledger::projection::need::{Case, Need};
use caseledger::rules::Pack;

/// Care proceedings; Cafcass is registered, and connected or not, and was told of one thing or not.
fn need(connected: bool, named: bool) -> Need {
    let mut history = History::new();
    let cafcass = AgencyRegistered {
        agency: agency("cafcass"),
        kind: AgencyKind::Cafcass,
        name: String::new(),
        signs: Tri::No,
    };
    let registered = RegistryContent::AgencyRegistered(cafcass);
    history.push(entry("csc", "2010-01-01", Content::Registry(registered)));
    if connected {
        history.connect("cafcass");
    }
    let issued = CourtApplicationIssued {
        order_sought: OrderKind::Care,
        ..Default::default()
    };
    let issued = Content::Court(CourtContent::CourtApplicationIssued(issued));
    history.push(entry("csc", "2013-01-02", issued));
    if named {
        let told = concern("csc", "2013-01-03", Harm::Neglect);
        history.push(told.told("cafcass", None, Channel::InPerson, "2013-01-03"));
    }
    let item = history.push(concern("csc", "2013-03-04", Harm::Neglect));
    let cut = history.cut(Basis::Then, "2013-06-01");
    let case = Case::of(&cut, Pack::england());
    case.need(case.item(item).unwrap(), &agency("cafcass"))
}

#[test]
fn an_agency_without_a_feed_is_not_said_to_be_uninvolved_even_where_an_entry_names_it() {
    for named in [false, true] {
        assert_eq!(need(true, named), Need::NotInvolved, "named {named}");
        assert!(
            matches!(
                need(false, named),
                Need::Undeterminable(Reason::NotConnected, Some(_))
            ),
            "named {named}"
        );
    }
}
