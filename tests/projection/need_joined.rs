//! Since when an agency needed to know: from the day on which it became involved, in whatever part (`semantics.md` 7.1).

use std::sync::LazyLock;

use crate::knowledge_history::{Entry, History, agency, concern, entry, staff};
use caseledger::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationStarted,
};
use caseledger::domain::event::court::{
    CourtApplicationIssued, CourtContent, CourtWithdrawn, OrderKind,
};
use caseledger::domain::event::involvement::{
    InvolvementContent, InvolvementEnded, InvolvementKind, InvolvementStarted,
};
use caseledger::domain::event::meeting::{ConferenceOutcome, CoreGroupHeld, MeetingContent};
use caseledger::domain::event::plan::{PlanChanged, PlanContent, PlanMember, PlanType};
use caseledger::domain::event::record::CorrectionKind;
use caseledger::domain::event::registry::{AgencyKind, AgencyRegistered, RegistryContent};
use caseledger::domain::event::{
    Attendance, Channel, Content, Harm, Presence, Role, Significance, Tri,
};
use caseledger::projection::cut::Basis;
use caseledger::projection::need::{Case, Need};
use caseledger::rules::Pack;
use caseledger::rules::calendar::Calendar;

/// The histories' case, with this agency registered and connected as well.
fn with(id: &'static str, kind: AgencyKind) -> History {
    let mut history = History::new();
    let registered = RegistryContent::AgencyRegistered(AgencyRegistered {
        agency: agency(id),
        kind,
        name: String::new(),
        signs: Tri::No,
    });
    history.push(entry("csc", "2010-01-01", Content::Registry(registered)));
    history.connect(id);
    history
}

fn started(by: &'static str, of: &str, kind: InvolvementKind, on: &str) -> Entry {
    let started = InvolvementContent::InvolvementStarted(InvolvementStarted {
        agency: agency(of),
        kind,
    });
    entry(by, on, Content::Involvement(started))
}

fn ended(of: &'static str, kind: InvolvementKind, on: &str) -> Entry {
    let ended = InvolvementContent::InvolvementEnded(InvolvementEnded {
        agency: agency(of),
        kind,
        reason: String::new(),
    });
    entry(of, on, Content::Involvement(ended))
}

fn holds(by: &'static str, role: Role, worker: &str, on: &str) -> Entry {
    let started = AllocationContent::AllocationStarted(AllocationStarted {
        role,
        basis: AllocationBasis::Named,
        worker: Some(staff(worker)),
        ..Default::default()
    });
    entry(by, on, Content::Allocation(started))
}

/// Care proceedings opened.
fn proceedings(on: &str) -> Entry {
    let issued = CourtContent::CourtApplicationIssued(CourtApplicationIssued {
        order_sought: OrderKind::Care,
        ..Default::default()
    });
    entry("csc", on, Content::Court(issued))
}

fn outcome(on: &str) -> Entry {
    let outcome = MeetingContent::ConferenceOutcome(ConferenceOutcome::default());
    entry("csc", on, Content::Meeting(outcome))
}

/// From when to when an agency needed to know an item; otherwise why not.
fn needed_by(pack: &Pack, history: &History, item: u64, (who, day): (&str, &str)) -> String {
    let cut = history.cut(Basis::Then, day);
    let case = Case::of(&cut, pack);
    match case.need(case.item(item).unwrap(), &agency(who)) {
        Need::Required(duty) => format!("{} to {}", duty.start, duty.due),
        Need::NotInvolved => "not involved".to_owned(),
        Need::NoRule => "no rule asks".to_owned(),
        other
        @ (Need::Source | Need::Withheld(_) | Need::Restricted | Need::Undeterminable(..)) => {
            format!("{other:?}")
        }
    }
}

fn needed(history: &History, item: u64, who: &str) -> String {
    needed_by(Pack::england(), history, item, (who, "2014-12-31"))
}

/// The case in proceedings since January 2013; social care knows of harm on 4 March; then this entry.
fn guardian(then: Option<Entry>) -> (History, u64) {
    let mut history = with("cafcass", AgencyKind::Cafcass);
    history.push(proceedings("2013-01-02"));
    let item = history.push(concern("csc", "2013-03-04", Harm::Neglect));
    if let Some(entry) = then {
        history.push(entry);
    }
    (history, item)
}

#[test]
fn an_agency_that_became_involved_later_needed_to_know_from_then_on_however_it_did() {
    let service = InvolvementKind::Service;
    let ways = [
        started("cafcass", "cafcass", service, "2013-03-20"),
        started("csc", "cafcass", service, "2013-03-20"),
        holds("cafcass", Role::ChildrensGuardian, "G1", "2013-03-20"),
        concern("cafcass", "2013-03-20", Harm::NotStated),
        changed(&["cafcass"], "2013-03-20"),
    ];
    for way in ways {
        let kind = way.event.content.type_name();
        let (history, item) = guardian(Some(way));
        // Not to 11 March, five working days after social care knew.
        let whole = needed(&history, item, "cafcass");
        assert_eq!(whole, "2013-03-20 to 2013-03-27", "{kind}");
        let before = (("cafcass"), "2013-03-19");
        let before = needed_by(Pack::england(), &history, item, before);
        assert_eq!(before, "not involved", "{kind}");
    }
    let (history, item) = guardian(None);
    assert_eq!(needed(&history, item, "cafcass"), "not involved");
}

#[test]
fn an_agency_that_was_involved_already_needed_to_know_from_the_day_that_social_care_did() {
    let earlier = started("cafcass", "cafcass", InvolvementKind::Service, "2013-01-09");
    let (mut history, item) = guardian(Some(earlier));
    assert_eq!(
        needed(&history, item, "cafcass"),
        "2013-03-04 to 2013-03-11"
    );
    // The next holder of its role starts no limit anew.
    history.push(holds(
        "cafcass",
        Role::ChildrensGuardian,
        "G1",
        "2013-02-01",
    ));
    history.push(holds(
        "cafcass",
        Role::ChildrensGuardian,
        "G2",
        "2013-03-06",
    ));
    assert_eq!(
        needed(&history, item, "cafcass"),
        "2013-03-04 to 2013-03-11"
    );
}

#[test]
fn what_an_agency_did_before_and_no_more_is_no_involvement() {
    let service = InvolvementKind::Service;
    let (mut history, item) = guardian(Some(started("cafcass", "cafcass", service, "2011-05-02")));
    history.push(ended("cafcass", service, "2011-08-01"));
    assert_eq!(needed(&history, item, "cafcass"), "not involved");
    history.push(started("cafcass", "cafcass", service, "2013-04-10"));
    assert_eq!(
        needed(&history, item, "cafcass"),
        "2013-04-10 to 2013-04-17"
    );
}

#[test]
fn a_start_on_no_certain_day_counts_from_the_last_day_that_it_may_have_been() {
    let some_day = started("cafcass", "cafcass", InvolvementKind::Service, "2013-04");
    let (mut history, item) = guardian(Some(some_day));
    // An entry of that month about others does not make it certain.
    history.push(changed(&[], "2013-04-10"));
    assert_eq!(
        needed(&history, item, "cafcass"),
        "2013-04-30 to 2013-05-08"
    );
}

#[test]
fn a_sibling_s_involvement_is_not_the_child_s() {
    let sibling = started("cafcass", "cafcass", InvolvementKind::Service, "2013-03-20");
    let sibling = sibling.with(|event| event.children = vec!["C2".parse().unwrap()]);
    let mut history = with("cafcass", AgencyKind::Cafcass);
    history.push(proceedings("2013-01-02"));
    let about = concern("csc", "2013-03-04", Harm::Neglect);
    let item = history.push(about.with(|event| event.children = vec!["C1".parse().unwrap()]));
    history.push(sibling);
    assert_eq!(needed(&history, item, "cafcass"), "not involved");
}

#[test]
fn a_need_that_was_over_when_the_agency_came_is_not_its_need() {
    let later = started("cafcass", "cafcass", InvolvementKind::Service, "2013-03-20");
    let (mut history, item) = guardian(Some(later));
    let withdrawn = CourtContent::CourtWithdrawn(CourtWithdrawn::default());
    history.push(entry("csc", "2013-03-15", Content::Court(withdrawn)));
    assert_eq!(needed(&history, item, "cafcass"), "no rule asks");
}

fn member(id: &str) -> PlanMember {
    PlanMember {
        agency: agency(id),
        staff: None,
        role: Role::NotStated,
    }
}

/// The plan's members are from now on the four of the histories and these.
fn changed(more: &[&str], on: &str) -> Entry {
    let members = ["csc", "police", "school", "health"].iter().chain(more);
    let plan = PlanContent::PlanChanged(PlanChanged {
        plan_type: PlanType::ChildProtection,
        members: members.map(|id| member(id)).collect(),
        ..Default::default()
    });
    entry("csc", on, Content::Plan(plan))
}

fn core_group(of: &str, on: &str) -> Entry {
    let part = Attendance {
        agency: agency(of),
        staff: None,
        presence: Presence::Full,
        report_received: Tri::NotStated,
        report_items: Vec::new(),
    };
    let held = MeetingContent::CoreGroupHeld(CoreGroupHeld {
        attendance: vec![part],
        ..Default::default()
    });
    entry("csc", on, Content::Meeting(held))
}

/// Social care's own item for the core group on 4 March 2013, then this entry; what the nursery needed.
fn nursery(then: Entry) -> String {
    use caseledger::domain::event::enquiry::{EnquiryContent, S47Ended};
    let mut history = with("nursery", AgencyKind::EarlyHelp);
    let s47 = EnquiryContent::S47Ended(S47Ended::default());
    let item = history.push(entry("csc", "2013-03-04", Content::Enquiry(s47)));
    history.push(then);
    needed(&history, item, "nursery")
}

#[test]
fn who_joins_the_core_group_while_the_limit_runs_needs_to_know_from_then_on() {
    // Ten working days from 4 March end on 18 March.
    assert_eq!(
        nursery(changed(&["nursery"], "2013-02-20")),
        "2013-03-04 to 2013-03-18"
    );
    assert_eq!(
        nursery(changed(&["nursery"], "2013-03-12")),
        "2013-03-12 to 2013-03-26"
    );
    assert_eq!(
        nursery(changed(&["nursery"], "2013-03-18")),
        "2013-03-18 to 2013-04-03"
    );
    assert_eq!(
        nursery(core_group("nursery", "2013-03-12")),
        "2013-03-12 to 2013-03-26"
    );
    // What a later comer is to be given of the past is another rule's (NTK-JOIN), which is off.
    assert_eq!(nursery(changed(&["nursery"], "2013-03-19")), "no rule asks");
}

#[test]
fn a_school_practice_or_health_visitor_of_after_the_decision_needs_it_from_its_own_first_day() {
    let mut history = with("school2", AgencyKind::School);
    for (id, kind) in [("gp", AgencyKind::Gp), ("hv", AgencyKind::Health)] {
        let registered = RegistryContent::AgencyRegistered(AgencyRegistered {
            agency: agency(id),
            kind,
            name: String::new(),
            signs: Tri::No,
        });
        history.push(entry("csc", "2010-01-01", Content::Registry(registered)));
        history.connect(id);
    }
    let item = history.push(outcome("2013-03-04"));
    for id in ["school2", "gp", "hv"] {
        assert_eq!(needed(&history, item, id), "no rule asks", "{id}");
    }
    history.push(started(
        "school2",
        "school2",
        InvolvementKind::Enrolled,
        "2013-03-06",
    ));
    history.push(started(
        "gp",
        "gp",
        InvolvementKind::Registered,
        "2013-03-07",
    ));
    history.push(holds("hv", Role::HealthVisitor, "HV1", "2013-03-08"));
    assert_eq!(
        needed(&history, item, "school2"),
        "2013-03-06 to 2013-03-13"
    );
    assert_eq!(needed(&history, item, "gp"), "2013-03-07 to 2013-03-14");
    assert_eq!(needed(&history, item, "hv"), "2013-03-08 to 2013-03-15");
}

#[test]
fn a_correction_is_due_to_who_had_the_first_words_only_afterwards_from_that_day() {
    let mut history = History::new();
    let item = history.push(concern("school", "2013-03-04", Harm::Neglect));
    let renewed = history.correct(item, CorrectionKind::NewUnderstanding, "2013-07-04");
    let renewed = history.push(renewed);
    let told = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::InPerson, "2013-07-10"),
    );
    let day = "2014-12-31";
    let before = needed_by(Pack::england(), &history, renewed, ("csc", day));
    assert!(!before.contains("2013-07-10"), "{before}");
    history.push(told);
    let cut = history.cut(Basis::Then, day);
    let case = Case::of(&cut, Pack::england());
    let need = case.need(case.item(renewed).unwrap(), &agency("csc"));
    let rules = &need.duty().unwrap().rules;
    let correction = rules.iter().find(|rule| rule.id == "NTK-CORRECTION");
    assert_eq!(correction.unwrap().due.to_string(), "2013-07-17");
}

/// The pack with the rule for joining agencies switched on.
static JOINING: LazyLock<Pack> = LazyLock::new(|| {
    let (before, rule) = Pack::england_source()
        .split_once("id = \"NTK-JOIN\"")
        .unwrap();
    let rule = rule.replacen("on = false", "on = true", 1);
    let text = format!("{before}id = \"NTK-JOIN\"{rule}");
    Pack::parse(&text, Calendar::england_wales_source()).unwrap()
});

#[test]
fn an_agency_that_joins_is_due_the_key_items_of_twelve_months_where_that_rule_is_on() {
    let joins = |on: &str, significance| {
        let mut history = with("nursery", AgencyKind::EarlyHelp);
        let item = concern("csc", "2013-03-04", Harm::Neglect);
        let item = history.push(item.with(|event| event.significance = significance));
        history.push(started("nursery", "nursery", InvolvementKind::Service, on));
        let off = needed(&history, item, "nursery");
        assert_eq!(off, "no rule asks", "by default: {on}");
        needed_by(&JOINING, &history, item, ("nursery", "2014-12-31"))
    };
    let key = Significance::Key;
    assert_eq!(joins("2013-09-02", key), "2013-09-02 to 2013-09-16");
    assert_eq!(joins("2014-03-04", key), "2014-03-04 to 2014-03-18");
    assert_eq!(
        joins("2014-03-05", key),
        "no rule asks",
        "more than twelve months"
    );
    assert_eq!(joins("2013-09-02", Significance::NotStated), "no rule asks");
    assert_eq!(
        joins("2013-03-04", key),
        "no rule asks",
        "it was there already"
    );
}
