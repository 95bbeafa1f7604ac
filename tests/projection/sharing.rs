//! Need and sharing gaps: the worked histories, and the traps in which a gap would be wrong.

use crate::knowledge_history::{History, agency, concern, disclosure, entry};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::concern::{ConcernContent, HealthMissed, PoliceIntelligence};
use caseledger::domain::event::contact::{ContactContent, VisitMade};
use caseledger::domain::event::enquiry::{EnquiryContent, StrategyHeld, StrategyNotHeld};
use caseledger::domain::event::feed::FeedContent;
use caseledger::domain::event::record::{
    CorrectionKind, IdentityLinked, MatterLinked, RecordContent,
};
use caseledger::domain::event::referral::{ReferralContent, ReferralReceived};
use caseledger::domain::event::sharing::{ShareWithheld, SharingContent, WithholdReason};
use caseledger::domain::event::{
    AssertionKind, Attendance, Channel, Content, FeedKind, Handling, HandlingCode, Harm, Presence,
    SourceKind, Tri,
};
use caseledger::domain::time::AsAt;
use caseledger::projection::coverage::Absence;
use caseledger::projection::cut::{Basis, cut};
use caseledger::projection::knowledge::{Cell, CellState, Timing, who_knew_what};
use caseledger::projection::placed::Log;
use caseledger::projection::sharing::{RowKind, SharingAnswer, SharingRow, sharing};
use caseledger::rules::Pack;

fn answer(history: &History, day: &str) -> SharingAnswer {
    sharing(&history.cut(Basis::Then, day), Pack::england(), false)
}

fn rows(history: &History, day: &str, item: u64, to: &str) -> Vec<SharingRow> {
    let rows = answer(history, day).rows;
    rows.into_iter()
        .filter(|row| row.matter.contains(&item) && row.agency.as_str() == to)
        .collect()
}

/// `NotShared 28` for each row of an item and an agency.
fn says(history: &History, day: &str, item: u64, to: &str) -> String {
    let rows = rows(history, day, item, to);
    rows.iter()
        .map(|row| format!("{:?} {}", row.kind, row.days))
        .collect::<Vec<_>>()
        .join(", ")
}

fn cell_in(history: &History, basis: Basis, day: &str, item: u64, to: &str) -> Option<Cell> {
    let answer = who_knew_what(&history.cut(basis, day), Pack::england(), false);
    answer
        .cells
        .into_iter()
        .find(|cell| cell.item == item && cell.agency.as_str() == to)
}

fn cell(history: &History, day: &str, item: u64, to: &str) -> CellState {
    cell_in(history, Basis::Then, day, item, to).unwrap().state
}

fn k1() -> (History, u64) {
    let mut history = History::new();
    let item = history.push(
        disclosure("school", "2013-01-09", "T1")
            .told("school", Some("DSL1"), Channel::InPerson, "2013-01-09")
            .told("police", None, Channel::Telephone, "2013-01-09"),
    );
    let share = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::Email, "2013-01-10"),
    );
    let share = history.push(share);
    let ack = history.acknowledge("csc", share, "2013-01-15");
    history.push(ack);
    (history, item)
}

#[test]
fn k1_the_sender_is_judged_on_sent_and_the_receiver_on_knows() {
    let (history, item) = k1();
    let state = cell(&history, "2013-01-12", item, "csc");
    assert_eq!(state, CellState::Sent("2013-01-10".parse().unwrap()));
    let state = cell(&history, "2013-01-18", item, "csc");
    let CellState::Knows { days, timing, .. } = state else {
        panic!("{state:?}")
    };
    assert_eq!((days, timing), (6, Timing::InTime));
    assert_eq!(says(&history, "2013-01-21", item, "csc"), "");
    // Five working days from 15 January end on 22 January.
    assert_eq!(says(&history, "2013-01-22", item, "csc"), "");
    assert_eq!(says(&history, "2013-01-23", item, "csc"), "NoActRecorded 8");
    let row = &rows(&history, "2013-01-23", item, "csc")[0];
    assert_eq!(row.start, "2013-01-15".parse().unwrap());
    assert_eq!(row.outcome, Absence::NoRecord);
    assert!(!says(&history, "2013-03-01", item, "police").contains("NoAct"));
}

#[test]
fn k2_a_limit_on_hearsay_runs_from_its_recording() {
    let mut history = History::new();
    let item = history.push(
        concern("school", "2012-12-25", Harm::Physical)
            .recorded("2013-03-11")
            .with(|event| {
                event.assertion = AssertionKind::Hearsay;
                event.source.kind = SourceKind::Parent;
            }),
    );
    assert_eq!(cell(&history, "2013-03-11", item, "csc"), CellState::Due(1));
    assert_eq!(says(&history, "2013-03-12", item, "csc"), "");
    assert_eq!(says(&history, "2013-03-13", item, "csc"), "NotShared 2");
    let row = &rows(&history, "2013-03-13", item, "csc")[0];
    assert_eq!(row.due, "2013-03-12".parse().unwrap());
    assert_eq!(row.days_past_limit, 1);
    assert!(
        row.sentence.contains("not shared, 2 days so far"),
        "{}",
        row.sentence
    );
    assert!(
        row.sentence
            .contains("within 1 working day (this review's setting)")
    );
}

#[test]
fn k3_what_was_in_the_room_is_counted_apart_from_what_was_recorded_as_considered() {
    let mut history = History::new();
    let i31 = history.push(disclosure("csc", "2013-01-20", "SW2"));
    let i35 = history.push(concern("school", "2013-01-21", Harm::Neglect));
    let i36 = history.push(concern("police", "2013-02-02", Harm::Neglect));
    let i40 = history.push(concern("health", "2013-02-03", Harm::Neglect));
    let part = |id: &str, presence| Attendance {
        agency: agency(id),
        staff: None,
        presence,
        report_received: Tri::NotStated,
        report_items: Vec::new(),
    };
    let mut report = part("school", Presence::ReportOnly);
    report.report_received = Tri::Yes;
    report.report_items = history.refers(&[i31, i35]);
    let held = StrategyHeld {
        attendance: vec![
            part("police", Presence::Part),
            part("health", Presence::Absent),
            report,
        ],
        items_considered: history.refers(&[i31, i36]),
        ..Default::default()
    };
    let content = Content::Enquiry(EnquiryContent::StrategyHeld(held));
    let meeting = history.push(entry("csc", "2013-02-05T14:00", content));
    let cut = history.cut(Basis::Then, "2013-02-28");
    let answer = who_knew_what(&cut, Pack::england(), false);
    let picture = answer
        .meetings
        .iter()
        .find(|m| m.position == meeting)
        .unwrap();
    assert_eq!(picture.considered, Some(vec![i31, i36]));
    assert!(
        [i31, i35, i36]
            .iter()
            .all(|item| picture.in_the_room.contains(item))
    );
    assert_eq!(picture.not_in_the_room, vec![i40]);
    assert_eq!(picture.in_part, vec![agency("police")]);
}

#[test]
fn k5_a_correction_that_was_not_passed_on_runs_from_the_day_of_the_new_understanding() {
    let (mut history, item) = k1();
    let correction = history.correct(item, CorrectionKind::NewUnderstanding, "2013-07-04");
    let correction = history.push(correction);
    let rows = rows(&history, "2013-08-01", correction, "csc");
    let row = rows
        .iter()
        .find(|row| row.kind == RowKind::CorrectionNotPassedOn)
        .unwrap();
    assert_eq!((row.days, row.due), (28, "2013-07-11".parse().unwrap()));
    assert!(
        row.sentence
            .contains("correction not passed on, 28 days so far"),
        "{}",
        row.sentence
    );
    assert!(says(&history, "2013-07-11", correction, "csc").is_empty());
    assert!(says(&history, "2013-08-01", correction, "health").is_empty());
    let answer = who_knew_what(
        &history.cut(Basis::Then, "2013-08-01"),
        Pack::england(),
        false,
    );
    let wording = answer
        .first_wordings
        .iter()
        .find(|w| w.correction == correction)
        .unwrap();
    assert!(wording.agencies.contains(&agency("csc")));
}

#[test]
fn k6_a_duty_about_a_child_of_another_record_starts_when_the_link_is_known() {
    let mut history = History::new();
    let born = PersonRecorded {
        person: "CH-1".parse().unwrap(),
        role: PersonRole::SubjectChild,
        born: None,
        school_stage: String::new(),
    };
    history.push(entry(
        "csc",
        "2012-01-01",
        Content::Case(CaseContent::PersonRecorded(born)),
    ));
    let missed = HealthMissed {
        in_a_row: Some(3),
        ..Default::default()
    };
    let item = history.push(
        entry(
            "health",
            "2013-02-20",
            Content::Concern(ConcernContent::HealthMissed(missed)),
        )
        .with(|event| {
            event.assertion = AssertionKind::Fact;
            event.children = vec!["CH-2".parse().unwrap()];
        }),
    );
    let link = IdentityLinked {
        person: "CH-1".parse().unwrap(),
        other_case: None,
        other_person: "CH-2".to_owned(),
        other_agency: None,
        method: String::new(),
        decided_by: None,
    };
    let content = Content::Record(RecordContent::IdentityLinked(link));
    let link = history.push(entry("csc", "2014-06-03", content));
    let ack = history.acknowledge("health", link, "2014-06-05");
    history.push(ack);
    assert!(cell_in(&history, Basis::Then, "2013-03-14", item, "csc").is_none());
    let now = cell_in(&history, Basis::Now, "2013-03-14", item, "csc").unwrap();
    assert_eq!(now.state, CellState::NoRule);
    assert_eq!(cell(&history, "2014-06-10", item, "csc"), CellState::Due(2));
    assert_eq!(says(&history, "2014-06-12", item, "csc"), "");
    assert_eq!(says(&history, "2014-06-13", item, "csc"), "NotShared 8");
}

fn incident(id: &'static str, on: &str) -> crate::knowledge_history::Entry {
    let kind = caseledger::domain::event::concern::PoliceIncident::default();
    entry(
        id,
        on,
        Content::Concern(ConcernContent::PoliceIncident(kind)),
    )
    .with(|event| {
        event.assertion = AssertionKind::Fact;
        event.codes.child_present = Tri::Yes;
    })
}

#[test]
fn k7_an_agency_with_its_own_entry_of_the_matter_has_no_gap_for_it() {
    let mut history = History::new();
    let theirs = history.push(incident("police", "2013-02-02"));
    let own = history.push(concern("csc", "2013-02-04", Harm::DomesticAbuse));
    assert_eq!(says(&history, "2013-03-01", theirs, "csc"), "NotShared 27");
    let link = MatterLinked {
        a: history.refer(theirs),
        b: history.refer(own),
    };
    history.push(entry(
        "csc",
        "2026-01-01",
        Content::Record(RecordContent::MatterLinked(link)),
    ));
    assert_eq!(says(&history, "2013-03-01", theirs, "csc"), "");
    assert_eq!(
        cell(&history, "2013-03-01", theirs, "csc"),
        CellState::OwnEntry(own)
    );
}

#[test]
fn an_unlinked_entry_of_the_same_kind_two_days_apart_is_offered_as_an_explanation() {
    let mut history = History::new();
    let theirs = history.push(incident("police", "2013-02-02"));
    let own = history.push(incident("csc", "2013-02-04"));
    let row = &rows(&history, "2013-03-01", theirs, "csc")[0];
    assert_eq!(row.counter_evidence, vec![own]);
    let said = format!("csc's own entry {own} may be of the same happening; no entry links them.");
    assert!(row.sentence.contains(&said), "{}", row.sentence);
}

#[test]
fn a_telephone_call_that_only_the_receiver_wrote_down_is_no_gap() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    assert_eq!(says(&history, "2013-01-11", item, "csc"), "NotShared 2");
    let call = history
        .share(
            "csc",
            &[("csc", None)],
            &[item],
            (Channel::Telephone, "2013-01-10"),
        )
        .with(|event| {
            if let Content::Sharing(SharingContent::ShareMade(share)) = &mut event.content {
                share.from = Some(agency("school"));
            }
        });
    history.push(call);
    assert_eq!(says(&history, "2013-01-11", item, "csc"), "");
    let mut referred = History::new();
    let item = referred.push(disclosure("school", "2013-01-09", "T1"));
    let received = ReferralReceived {
        referrer: Some(agency("school")),
        about: referred.refers(&[item]),
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralReceived(received));
    referred.push(entry("csc", "2013-01-10", content));
    assert_eq!(says(&referred, "2013-01-11", item, "csc"), "");
}

#[test]
fn late_sharing_counts_the_days_past_the_limit() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let call = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-01-28"),
    );
    history.push(call);
    let row = &rows(&history, "2013-02-01", item, "csc")[0];
    assert_eq!(
        (row.kind, row.days, row.days_past_limit),
        (RowKind::Late, 19, 18)
    );
    assert_eq!(says(&history, "2013-01-20", item, "csc"), "NotShared 11");
}

#[test]
fn withheld_with_a_reason_before_the_due_date_is_no_gap_and_after_it_is_late() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let held = |history: &History, on: &str, reason| {
        let held = ShareWithheld {
            item: history.refer(item),
            to: agency("csc"),
            reason,
            reason_text: "r".to_owned(),
            decided_by: None,
            review: None,
        };
        entry(
            "school",
            on,
            Content::Sharing(SharingContent::ShareWithheld(held)),
        )
    };
    let mut in_time = history.clone();
    in_time.push(held(
        &history,
        "2013-01-10",
        WithholdReason::DetrimentToChild,
    ));
    let row = &rows(&in_time, "2013-02-01", item, "csc")[0];
    assert_eq!((row.kind, row.days_past_limit), (RowKind::Withheld, 0));
    let mut late = history.clone();
    late.push(held(
        &history,
        "2013-01-15",
        WithholdReason::DetrimentToChild,
    ));
    assert_eq!(rows(&late, "2013-02-01", item, "csc")[0].days_past_limit, 5);
    let mut refused = history.clone();
    refused.push(held(&history, "2013-01-10", WithholdReason::ConsentRefused));
    assert!(says(&refused, "2013-02-01", item, "csc").starts_with("NotShared"));
}

#[test]
fn intelligence_that_may_not_go_on_is_restricted_and_nobody_else_is_due_it() {
    let mut history = History::new();
    let intelligence = PoliceIntelligence {
        bears_on_child: Tri::Yes,
        ..Default::default()
    };
    let content = Content::Concern(ConcernContent::PoliceIntelligence(intelligence));
    let item = history.push(entry("police", "2013-02-02", content).with(|event| {
        event.assertion = AssertionKind::Intelligence;
        event.handling = Some(Handling {
            code: HandlingCode::None,
            ..Default::default()
        });
    }));
    assert_eq!(
        cell(&history, "2013-03-14", item, "csc"),
        CellState::Restricted
    );
    assert_eq!(
        cell(&history, "2013-03-14", item, "school"),
        CellState::NoRule
    );
    assert_eq!(says(&history, "2013-03-14", item, "csc"), "");
}

#[test]
fn removing_the_coverage_of_either_side_never_makes_a_gap_and_unmakes_this_one() {
    let mut full = History::new();
    let item = full.push(disclosure("school", "2013-01-09", "T1"));
    assert_eq!(answer(&full, "2013-03-01").figures.not_shared, 1);
    for silent in ["csc", "school"] {
        let without = full.entries.iter().filter(|entry| {
            let feed = matches!(&entry.event.content, Content::Feed(feed) if match feed {
                FeedContent::FeedDeclared(declared) => declared.agency.as_str() == silent,
                FeedContent::FeedConfirmedTo(confirmed) => confirmed.agency.as_str() == silent,
                FeedContent::FeedInterrupted(_)
                | FeedContent::FeedResumed(_)
                | FeedContent::RecordsConfirmed(_) => false,
            });
            !feed
        });
        let log = Log::new(without.cloned().collect());
        let at = cut(&log, Basis::Then, &"2013-03-01".parse::<AsAt>().unwrap());
        let answer = sharing(&at, Pack::england(), false);
        assert_eq!(answer.figures.not_shared, 0, "{silent}");
        assert!(answer.figures.undeterminable > 0, "{silent}");
        assert!(answer.rows.iter().any(|row| row.matter.contains(&item)));
    }
}

#[test]
fn a_feed_that_does_not_carry_sharing_makes_the_absence_undeterminable() {
    let mut history = History::registered();
    history.connect("csc");
    history.connect_with("school", &[FeedKind::Concern]);
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let row = &rows(&history, "2013-03-01", item, "csc")[0];
    assert!(matches!(row.outcome, Absence::Undeterminable(_)));
    assert!(matches!(
        cell(&history, "2013-03-01", item, "csc"),
        CellState::Undeterminable(_)
    ));
}

#[test]
fn received_on_the_senders_word_alone_asks_for_no_act() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let call = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-01-09"),
    );
    history.push(call);
    assert_eq!(says(&history, "2013-06-01", item, "csc"), "");
}

#[test]
fn a_visit_under_the_existing_plan_is_an_act_though_nothing_links_it() {
    let (mut history, item) = k1();
    let visit = Content::Contact(ContactContent::VisitMade(VisitMade::default()));
    history.push(entry("csc", "2013-01-18", visit));
    assert_eq!(says(&history, "2013-03-01", item, "csc"), "");
}

#[test]
fn a_reasoned_decision_not_to_hold_a_strategy_discussion_is_an_act() {
    let (mut history, item) = k1();
    let not_held = StrategyNotHeld {
        reason: "r".to_owned(),
        ..Default::default()
    };
    history.push(entry(
        "csc",
        "2013-01-21",
        Content::Enquiry(EnquiryContent::StrategyNotHeld(not_held)),
    ));
    assert_eq!(says(&history, "2013-03-01", item, "csc"), "");
}

#[test]
fn an_act_after_the_limit_is_shown_beside_the_row() {
    let (mut history, item) = k1();
    let visit = Content::Contact(ContactContent::VisitMade(VisitMade::default()));
    let visit = history.push(entry("csc", "2013-02-18", visit));
    let row = &rows(&history, "2013-03-01", item, "csc")[0];
    assert_eq!(
        (row.kind, row.days, &row.counter_evidence),
        (RowKind::NoActRecorded, 34, &vec![visit])
    );
}

#[test]
fn a_share_without_acknowledgement_is_listed_after_five_working_days() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let share = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::Email, "2013-01-10"),
    );
    history.push(share);
    assert_eq!(says(&history, "2013-01-17", item, "csc"), "");
    assert_eq!(
        says(&history, "2013-01-18", item, "csc"),
        "SentWithoutReceipt 8"
    );
}

#[test]
fn an_agency_that_does_not_deal_with_the_child_is_not_due_and_the_word_never_is_not_used() {
    let mut history = History::registered();
    for id in ["csc", "police", "school", "health"] {
        history.connect(id);
    }
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    assert_eq!(
        cell(&history, "2013-03-01", item, "health"),
        CellState::NoRule
    );
    let at = history.cut(Basis::Then, "2013-03-01");
    let latest = sharing(&at, Pack::england(), true);
    assert!(!latest.rows.is_empty());
    for row in &latest.rows {
        assert!(!row.sentence.to_lowercase().contains("never"));
        assert!(!row.sentence.contains("failed"));
    }
    let row = latest
        .rows
        .iter()
        .find(|row| row.agency.as_str() == "csc")
        .unwrap();
    assert!(
        row.sentence
            .contains("no record of sharing, up to 1 March 2013"),
        "{}",
        row.sentence
    );
}

#[test]
fn an_agency_present_for_part_of_a_meeting_on_the_item_has_neither_a_gap_nor_a_late_share() {
    let mut history = History::new();
    let item = history.push(disclosure("csc", "2013-01-20", "SW2").with(|event| {
        event.codes.possible_offence = Tri::Yes;
    }));
    assert_eq!(says(&history, "2013-02-10", item, "police"), "NotShared 21");
    let part = Attendance {
        agency: agency("police"),
        staff: None,
        presence: Presence::Part,
        report_received: Tri::NotStated,
        report_items: Vec::new(),
    };
    let meeting = |attendance| {
        let items_considered = history.refers(&[item]);
        let held = caseledger::domain::event::meeting::CoreGroupHeld {
            attendance,
            items_considered,
            ..Default::default()
        };
        let held = caseledger::domain::event::meeting::MeetingContent::CoreGroupHeld(held);
        entry("csc", "2013-02-05", Content::Meeting(held))
    };
    let (present, elsewhere) = (meeting(vec![part]), meeting(Vec::new()));
    let mut with = history.clone();
    with.push(present);
    assert_eq!(says(&with, "2013-02-10", item, "police"), "");
    assert_eq!(
        cell(&with, "2013-02-10", item, "police"),
        CellState::Possible
    );
    let mut without = history.clone();
    without.push(elsewhere);
    assert!(says(&without, "2013-02-10", item, "police").starts_with("NotShared"));
}
