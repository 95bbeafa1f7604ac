//! What is to come back: feedback on a referral and answers to requests; and what is no share, no sure gap.

use crate::knowledge_history::{Entry, History, agency, concern, disclosure, entry, staff, when};
use caseledger::domain::event::allocation::{AllocationContent, HandoverCompleted};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::concern::{ConcernContent, IncidentKind, PoliceIncident};
use caseledger::domain::event::enquiry::{EnquiryContent, StrategyHeld};
use caseledger::domain::event::involvement::{
    InvolvementContent, InvolvementKind, InvolvementStarted,
};
use caseledger::domain::event::record::{
    CorrectionKind, EventRetracted, RecordContent, RetractionReason,
};
use caseledger::domain::event::referral::{
    ReferralContent, ReferralDecided, ReferralFeedbackGiven, ReferralOutcome, ReferralReceived,
};
use caseledger::domain::event::sharing::{
    InfoRequested, InfoResponded, ShareWithheld, SharingContent, WithholdReason,
};
use caseledger::domain::event::{
    AssertionKind, Attendance, Channel, Content, FeedKind, Harm, Level, Presence, Role, Tri,
};
use caseledger::projection::coverage::{Absence, Reason};
use caseledger::projection::cut::Basis;
use caseledger::projection::knowledge::{CellState, Timing, who_knew_what};
use caseledger::projection::sharing::{RowKind, SharingAnswer, SharingRow, sharing};
use caseledger::rules::{Pack, Tier};

fn answer(history: &History, basis: Basis, day: &str) -> SharingAnswer {
    sharing(&history.cut(basis, day), Pack::england(), false)
}

fn row_of(history: &History, day: &str, item: u64) -> Option<SharingRow> {
    let rows = answer(history, Basis::Then, day).rows;
    let mut rows = rows.into_iter().filter(|row| row.matter.contains(&item));
    let row = rows.next();
    assert!(rows.next().is_none(), "one row an item");
    row
}

fn says(history: &History, day: &str, item: u64) -> String {
    row_of(history, day, item)
        .map_or_else(String::new, |row| format!("{:?} {}", row.kind, row.days))
}

fn share_content(content: SharingContent) -> Content {
    Content::Sharing(content)
}

// Requests.

fn request(to: &str, on: &str, due: Option<&str>) -> Entry {
    let request = InfoRequested {
        to: agency(to),
        what: "attendance".to_owned(),
        about: Vec::new(),
        due: due.map(when),
    };
    entry(
        "csc",
        on,
        share_content(SharingContent::InfoRequested(request)),
    )
}

fn respond(history: &History, request: u64, on: &str) -> Entry {
    let answer = InfoResponded {
        request: history.refer(request),
        to: agency("csc"),
        items: Vec::new(),
        complete: Tri::Yes,
        reason: String::new(),
    };
    entry(
        "school",
        on,
        share_content(SharingContent::InfoResponded(answer)),
    )
}

/// Asked on Thursday 3 January 2013, and received by the school's own record on the same day: ten working days end
/// on 17 January.
fn asked() -> (History, u64) {
    let mut history = History::new();
    let asked = history.push(request("school", "2013-01-03", None));
    let ack = history.acknowledge("school", asked, "2013-01-03");
    history.push(ack);
    (history, asked)
}

#[test]
fn a_request_without_an_answer_is_listed_from_the_day_after_its_limit() {
    let (history, asked) = asked();
    assert_eq!(says(&history, "2013-01-17", asked), "");
    let row = row_of(&history, "2013-01-18", asked).unwrap();
    assert_eq!(row.kind, RowKind::RequestWithoutAnswer);
    assert_eq!((row.days, row.days_past_limit), (15, 1));
    assert_eq!(row.due, "2013-01-17".parse().unwrap());
    assert_eq!(
        (row.agency, row.from),
        (agency("csc"), vec![agency("school")])
    );
    assert_eq!((row.outcome, row.on_word_of), (Absence::NoRecord, None));
    assert_eq!(row.rules[0].id, "RSP-REQUEST");
    assert_eq!(row.rules[0].tier, Tier::Default);
    assert!(
        row.sentence
            .contains("within 10 working days (this review's setting)"),
        "{}",
        row.sentence
    );
    assert_eq!(row.evidence, vec![asked, asked + 1]);
    let figures = answer(&history, Basis::Then, "2013-01-18").figures;
    assert_eq!((figures.requests, figures.unconfirmed), (1, 0));
}

#[test]
fn an_answer_on_the_limit_day_is_in_time_and_one_on_the_day_after_is_named_with_its_day() {
    let (history, asked) = asked();
    let mut in_time = history.clone();
    in_time.push(respond(&history, asked, "2013-01-17"));
    assert_eq!(says(&in_time, "2013-03-01", asked), "");
    let kept = answer(&in_time, Basis::Then, "2013-03-01").kept;
    assert!(kept.iter().any(|row| row.item == asked && !row.may_be));
    let mut late = history.clone();
    let answered = late.push(respond(&history, asked, "2013-01-18"));
    let row = row_of(&late, "2013-03-01", asked).unwrap();
    assert_eq!(row.done, Some("2013-01-18".parse().unwrap()));
    assert_eq!((row.days, row.days_past_limit), (15, 1));
    assert_eq!(row.counter_evidence, vec![answered]);
}

#[test]
fn an_answer_that_was_recorded_late_counts_by_the_day_on_which_it_was_given() {
    let (mut history, asked) = asked();
    let late = respond(&history, asked, "2013-01-10")
        .recorded("2013-06-03")
        .appended("2013-06-03T09:00:00Z");
    history.push(late);
    assert_eq!(says(&history, "2013-02-01", asked), "");
    // As the record stood in May nothing showed it.
    let mut live = History::new();
    let asked = live.push(request("school", "2013-01-03", None).appended("2013-01-03T12:00:00Z"));
    let late = respond(&live, asked, "2013-01-10")
        .recorded("2013-06-03")
        .appended("2013-06-03T09:00:00Z");
    live.push(late);
    let rows = |day| answer(&live, Basis::Ledger, day).rows;
    assert!(rows("2013-05-01").iter().any(|row| row.item == asked));
    assert!(!rows("2013-07-01").iter().any(|row| row.item == asked));
}

#[test]
fn a_request_that_was_taken_back_asks_nothing() {
    let (mut history, asked) = asked();
    let retracted = EventRetracted {
        target: history.refer(asked),
        reason: RetractionReason::WrongChild,
        words: String::new(),
    };
    let content = Content::Record(RecordContent::EventRetracted(retracted));
    history.push(entry("csc", "2013-02-01", content));
    assert_eq!(
        says(&history, "2013-01-25", asked),
        "RequestWithoutAnswer 22"
    );
    assert_eq!(says(&history, "2013-02-10", asked), "");
}

#[test]
fn a_request_whose_receiver_has_no_connected_feed_cannot_be_determined() {
    let mut history = History::registered();
    history.connect("csc");
    let asked = history.push(request("school", "2013-01-03", None));
    let row = row_of(&history, "2013-03-01", asked).unwrap();
    assert_eq!(row.outcome, Absence::Undeterminable(Reason::NotConnected));
    let figures = answer(&history, Basis::Then, "2013-03-01").figures;
    assert_eq!((figures.requests, figures.undeterminable), (0, 1));
    let mut other = History::registered();
    other.connect("csc");
    other.connect_with("school", &[FeedKind::Concern]);
    let asked = other.push(request("school", "2013-01-03", None));
    let row = row_of(&other, "2013-03-01", asked).unwrap();
    assert_eq!(row.outcome, Absence::Undeterminable(Reason::KindNotCarried));
}

#[test]
fn a_request_of_which_its_receiver_has_no_record_rests_on_the_word_of_who_asked() {
    let mut history = History::new();
    let asked = history.push(request("school", "2013-01-03", None));
    let row = row_of(&history, "2013-03-01", asked).unwrap();
    assert_eq!(row.on_word_of, Some(agency("csc")));
    assert!(
        row.sentence
            .contains("According to csc; school has no record of the request."),
        "{}",
        row.sentence
    );
    let figures = answer(&history, Basis::Then, "2013-03-01").figures;
    assert_eq!((figures.requests, figures.unconfirmed), (0, 1));
}

#[test]
fn the_limit_runs_from_receipt_by_the_receivers_own_record_and_a_day_in_the_request_goes_before_it()
{
    let mut history = History::new();
    let asked = history.push(request("school", "2013-01-03", None));
    let ack = history.acknowledge("school", asked, "2013-01-31");
    history.push(ack);
    assert_eq!(says(&history, "2013-02-14", asked), "");
    assert_eq!(
        says(&history, "2013-02-15", asked),
        "RequestWithoutAnswer 15"
    );
    let mut dated = History::new();
    let asked = dated.push(request("school", "2013-01-03", Some("2013-02-28")));
    assert_eq!(says(&dated, "2013-02-28", asked), "");
    let row = row_of(&dated, "2013-03-01", asked).unwrap();
    assert_eq!(row.due, "2013-02-28".parse().unwrap());
    assert!(row.sentence.contains("by the day that the request gives"));
}

#[test]
fn something_told_about_the_child_within_the_limit_may_be_the_answer_and_later_it_stands_beside() {
    let (history, asked) = asked();
    let call = |on: &str| {
        history
            .share("csc", &[("csc", None)], &[], (Channel::Telephone, on))
            .with(|event| {
                if let Content::Sharing(SharingContent::ShareMade(share)) = &mut event.content {
                    share.from = Some(agency("school"));
                }
            })
    };
    let mut in_time = history.clone();
    in_time.push(call("2013-01-17"));
    assert_eq!(says(&in_time, "2013-03-01", asked), "");
    let kept = answer(&in_time, Basis::Then, "2013-03-01").kept;
    let kept = kept.iter().find(|row| row.item == asked).unwrap();
    assert!(kept.may_be && kept.sentence.contains("may be the answer"));
    let mut late = history.clone();
    let told = late.push(call("2013-01-18"));
    let row = row_of(&late, "2013-03-01", asked).unwrap();
    assert_eq!((row.done, row.counter_evidence), (None, vec![told]));
    let mut of_child = History::new();
    of_child.push(request("school", "2013-01-03", None).with(|event| {
        event.children = vec!["C1".parse().unwrap()];
    }));
    let other = call("2013-01-10").with(|event| event.children = vec!["C9".parse().unwrap()]);
    of_child.push(other);
    let rows = answer(&of_child, Basis::Then, "2013-03-01").rows;
    assert!(
        rows.iter()
            .any(|row| row.kind == RowKind::RequestWithoutAnswer),
        "a call about another child"
    );
}

#[test]
fn an_answer_in_a_month_that_straddles_the_limit_settles_nothing_and_a_reasoned_refusal_answers() {
    let (history, asked) = asked();
    let mut uncertain = history.clone();
    uncertain.push(respond(&history, asked, "2013-01"));
    let row = row_of(&uncertain, "2013-03-01", asked).unwrap();
    assert_eq!(row.outcome, Absence::Undeterminable(Reason::DateStraddles));
    let mut refused = history.clone();
    let held = ShareWithheld {
        item: history.refer(asked),
        to: agency("csc"),
        reason: WithholdReason::LegalPrivilege,
        reason_text: String::new(),
        decided_by: None,
        review: None,
    };
    let held = share_content(SharingContent::ShareWithheld(held));
    refused.push(entry("school", "2013-01-10", held));
    assert_eq!(says(&refused, "2013-03-01", asked), "");
}

// Referrals.

/// Referred by the school on 3 January 2013, decided by social care on Monday 7 January: five working days end on
/// 14 January.
fn decided(referrer: Option<&str>) -> (History, u64, u64) {
    let mut history = History::new();
    let received = ReferralReceived {
        referrer: referrer.map(agency),
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralReceived(received));
    let referral = history.push(entry("csc", "2013-01-03", content));
    let decided = ReferralDecided {
        referral: Some(history.refer(referral)),
        outcome: ReferralOutcome::NoFurtherAction,
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralDecided(decided));
    let decision = history.push(entry("csc", "2013-01-07", content));
    (history, referral, decision)
}

fn feedback(history: &History, referral: Option<u64>, on: &str) -> Entry {
    let given = ReferralFeedbackGiven {
        referral: referral.map(|referral| history.refer(referral)),
        to: agency("school"),
        channel: Channel::Telephone,
    };
    let content = Content::Referral(ReferralContent::ReferralFeedbackGiven(given));
    entry("csc", on, content)
}

#[test]
fn a_decision_that_the_referrer_was_not_told_of_is_a_referral_without_feedback() {
    let (history, referral, decision) = decided(Some("school"));
    assert_eq!(says(&history, "2013-01-14", decision), "");
    let row = row_of(&history, "2013-01-15", decision).unwrap();
    assert_eq!(row.kind, RowKind::ReferralWithoutFeedback);
    assert_eq!((row.days, row.days_past_limit), (8, 1));
    assert_eq!(row.rules[0].id, "NTK-REFERRER");
    assert_eq!(row.rules[0].tier, Tier::StatutoryGuidance);
    assert_eq!(
        (row.agency, row.from),
        (agency("school"), vec![agency("csc")])
    );
    assert_eq!(row.outcome, Absence::NoRecord);
    assert!(
        row.sentence
            .contains("no feedback to the referrer, 8 days so far"),
        "{}",
        row.sentence
    );
    let figures = answer(&history, Basis::Then, "2013-01-15").figures;
    assert_eq!((figures.referral_loop, figures.not_shared), (1, 0));
    let mut told = history.clone();
    told.push(feedback(&history, Some(referral), "2013-01-14"));
    assert_eq!(says(&told, "2013-03-01", decision), "");
    let mut late = history.clone();
    late.push(feedback(&history, Some(referral), "2013-01-15"));
    assert_eq!(says(&late, "2013-03-01", decision), "Late 8");
    assert_eq!(
        answer(&late, Basis::Then, "2013-03-01")
            .figures
            .referral_loop,
        1
    );
    let (public, _, decision) = decided(None);
    assert_eq!(says(&public, "2013-03-01", decision), "");
}

#[test]
fn feedback_that_does_not_say_on_which_referral_may_be_the_answer() {
    let (history, _, decision) = decided(Some("school"));
    let mut unlinked = history.clone();
    unlinked.push(feedback(&history, None, "2013-01-14"));
    assert_eq!(says(&unlinked, "2013-03-01", decision), "");
    let kept = answer(&unlinked, Basis::Then, "2013-03-01").kept;
    assert!(kept.iter().any(|row| row.item == decision && row.may_be));
    let mut late = history.clone();
    let given = late.push(feedback(&history, None, "2013-01-15"));
    let row = row_of(&late, "2013-03-01", decision).unwrap();
    assert_eq!(row.kind, RowKind::ReferralWithoutFeedback);
    assert_eq!(row.counter_evidence, vec![given]);
    // Of another referral it is no answer to this one.
    let mut other = history.clone();
    let second = ReferralReceived {
        referrer: Some(agency("school")),
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralReceived(second));
    let second = other.push(entry("csc", "2013-01-08", content));
    let given = feedback(&other, Some(second), "2013-01-10");
    other.push(given);
    assert_eq!(
        row_of(&other, "2013-03-01", decision).unwrap().kind,
        RowKind::ReferralWithoutFeedback
    );
}

#[test]
fn feedback_that_social_cares_feed_would_not_show_cannot_be_determined() {
    let without: Vec<FeedKind> = FeedKind::ALL
        .iter()
        .copied()
        .filter(|kind| *kind != FeedKind::Referral)
        .collect();
    let mut other = History::registered();
    other.connect_with("csc", &without);
    for id in ["police", "school", "health"] {
        other.connect(id);
    }
    let received = ReferralReceived {
        referrer: Some(agency("school")),
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralReceived(received));
    let referral = other.push(entry("csc", "2013-01-03", content));
    let decided = ReferralDecided {
        referral: Some(other.refer(referral)),
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralDecided(decided));
    let decision = other.push(entry("csc", "2013-01-07", content));
    let row = row_of(&other, "2013-03-01", decision).unwrap();
    assert!(
        matches!(
            row.outcome,
            Absence::Undeterminable(_) | Absence::Unconfirmed
        ),
        "{:?}",
        row.outcome
    );
}

#[test]
fn a_decision_on_a_referral_is_in_no_count_of_what_was_known() {
    let (history, _, decision) = decided(Some("school"));
    let cut = history.cut(Basis::Then, "2013-03-01");
    let answer = who_knew_what(&cut, Pack::england(), false);
    let item = answer.items.iter().find(|item| item.position == decision);
    assert!(!item.unwrap().informs);
    let mut without = history.clone();
    without.entries.retain(|placed| placed.position != decision);
    let before = who_knew_what(
        &without.cut(Basis::Then, "2013-03-01"),
        Pack::england(),
        false,
    );
    assert_eq!(answer.existed, before.existed);
}

// One row for several rules.

#[test]
fn a_correction_that_a_plan_rule_asks_for_too_is_one_row_that_names_both_rules() {
    let mut history = History::new();
    let item = history.push(concern("school", "2013-01-09", Harm::Neglect).told(
        "csc",
        None,
        Channel::Telephone,
        "2013-01-09",
    ));
    let correction = history.correct(item, CorrectionKind::NewUnderstanding, "2013-07-04");
    let correction = history.push(correction);
    let row = row_of(&history, "2013-08-01", correction).unwrap();
    assert_eq!(row.kind, RowKind::CorrectionNotPassedOn);
    let ids: Vec<&str> = row.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["NTK-CORRECTION", "NTK-PLAN-IN"]);
    assert_eq!((row.days, row.due), (28, "2013-07-11".parse().unwrap()));
    assert!(row.sentence.contains("; also within"), "{}", row.sentence);
    let figures = answer(&history, Basis::Then, "2013-08-01").figures;
    assert_eq!((figures.corrections, figures.not_shared), (1, 0));
    // An item of significant harm is due within one working day by the plan's rule: the earlier day governs.
    let mut significant = History::new();
    let item = significant.push(
        concern("school", "2013-01-09", Harm::Neglect)
            .told("csc", None, Channel::Telephone, "2013-01-09")
            .with(|event| event.codes.level = Level::SignificantHarmSuspected),
    );
    let made = significant.correct(item, CorrectionKind::NewUnderstanding, "2013-07-04");
    let made = significant.push(made);
    let row = row_of(&significant, "2013-08-01", made).unwrap();
    assert_eq!(row.kind, RowKind::CorrectionNotPassedOn);
    assert_eq!(
        (row.due, row.rules.len()),
        ("2013-07-05".parse().unwrap(), 2)
    );
    assert_eq!(row.rules[0].id, "NTK-PLAN-IN");
}

// What is no share.

fn handover(history: &History, item: u64, on: &str) -> Entry {
    let handover = HandoverCompleted {
        role: Role::SocialWorker,
        from: staff("SW1"),
        to: staff("SW2"),
        items: history.refers(&[item]),
        open_actions: Vec::new(),
        documents: Vec::new(),
        joint_visit: Tri::NotStated,
        child_introduced: Tri::NotStated,
    };
    let content = AllocationContent::HandoverCompleted(handover);
    entry("csc", on, Content::Allocation(content))
}

fn own_meeting(history: &History, item: u64, on: &str, with: &[&str]) -> Entry {
    let part = |id: &&str| Attendance {
        agency: agency(id),
        staff: None,
        presence: Presence::Full,
        report_received: Tri::NotStated,
        report_items: Vec::new(),
    };
    let held = StrategyHeld {
        attendance: with.iter().map(part).collect(),
        items_considered: history.refers(&[item]),
        ..Default::default()
    };
    entry(
        "csc",
        on,
        Content::Enquiry(EnquiryContent::StrategyHeld(held)),
    )
}

#[test]
fn an_agencys_own_handover_or_meeting_is_no_share_and_makes_nothing_late() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    assert_eq!(says(&history, "2013-03-01", item), "NotShared 51");
    for own in [
        handover(&history, item, "2013-02-04"),
        own_meeting(&history, item, "2013-02-04", &[]),
    ] {
        let mut with = history.clone();
        let own = with.push(own);
        let rows = answer(&with, Basis::Then, "2013-03-01").rows;
        let row = rows
            .iter()
            .find(|row| row.item == item && row.agency == agency("csc"))
            .unwrap();
        assert_eq!((row.kind, row.done), (RowKind::NotShared, None));
        // It had it by then: in time or not is not recorded.
        assert_eq!(row.outcome, Absence::Undeterminable(Reason::DateStraddles));
        assert!(row.counter_evidence.contains(&own));
        let cell = who_knew_what(&with.cut(Basis::Then, "2013-03-01"), Pack::england(), false);
        let cell = cell
            .cells
            .into_iter()
            .find(|cell| cell.item == item && cell.agency == agency("csc"))
            .unwrap();
        let CellState::Knows { timing, .. } = cell.state else {
            panic!("{:?}", cell.state)
        };
        assert_eq!(timing, Timing::Unclear);
    }
    // Within the limit it shows that social care had it in time.
    let mut in_time = history.clone();
    in_time.push(handover(&history, item, "2013-01-10"));
    let rows = answer(&in_time, Basis::Then, "2013-03-01").rows;
    assert!(
        !rows
            .iter()
            .any(|row| row.kind == RowKind::NotShared && row.agency == agency("csc")),
        "{rows:?}"
    );
    // A meeting at which the school was is where it can have told.
    let mut told = history.clone();
    told.push(own_meeting(&history, item, "2013-02-04", &["school"]));
    let rows = answer(&told, Basis::Then, "2013-03-01").rows;
    assert!(
        rows.iter()
            .any(|row| row.kind == RowKind::Late && row.days == 26)
    );
}

#[test]
fn a_share_after_the_limit_stays_late_beside_an_earlier_handover_that_names_the_item() {
    let mut history = History::new();
    let item = history.push(disclosure("school", "2013-01-09", "T1"));
    let own = handover(&history, item, "2013-01-15");
    let own = history.push(own);
    let call = history.share(
        "school",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-01-28"),
    );
    history.push(call);
    let rows = answer(&history, Basis::Then, "2013-02-01").rows;
    let row = rows
        .iter()
        .find(|row| row.item == item && row.kind == RowKind::Late)
        .unwrap();
    assert_eq!(row.done, Some("2013-01-28".parse().unwrap()));
    assert_eq!(row.counter_evidence, vec![own]);
}

// What is no sure gap.

/// A domestic abuse incident of 1 December 2025 and a child on the school's roll, born then.
fn incident(born: &str) -> (History, u64) {
    let mut history = History::new();
    let person = PersonRecorded {
        person: "C1".parse().unwrap(),
        role: PersonRole::SubjectChild,
        born: Some(when(born)),
        school_stage: String::new(),
    };
    let content = Content::Case(CaseContent::PersonRecorded(person));
    history.push(entry("csc", "2025-11-10", content));
    let enrolled = InvolvementStarted {
        agency: agency("school"),
        kind: InvolvementKind::Enrolled,
    };
    let content = Content::Involvement(InvolvementContent::InvolvementStarted(enrolled));
    history.push(entry("school", "2025-11-10", content));
    let incident = PoliceIncident {
        kind: IncidentKind::DomesticAbuse,
        ..Default::default()
    };
    let content = Content::Concern(ConcernContent::PoliceIncident(incident));
    let item = history.push(
        entry("police", "2025-12-15", content)
            .with(|event| {
                event.assertion = AssertionKind::Fact;
                event.children = vec!["C1".parse().unwrap()];
                event.codes.child_present = Tri::Yes;
            })
            .told("csc", None, Channel::Telephone, "2025-12-15"),
    );
    (history, item)
}

#[test]
fn a_date_of_birth_that_is_only_a_month_makes_no_sure_gap_where_the_age_hangs_on_it() {
    let outcome = |born: &str| {
        let (history, item) = incident(born);
        let rows = answer(&history, Basis::Then, "2025-12-31").rows;
        let row = rows
            .into_iter()
            .find(|row| row.matter.contains(&item) && row.agency == agency("school"));
        row.map(|row| row.outcome)
    };
    // Four on 1 December, on 31 December, and on some day of that month.
    assert_eq!(outcome("2021-12-01"), Some(Absence::NoRecord));
    assert_eq!(outcome("2021-12-31"), None);
    let straddles = Some(Absence::Undeterminable(Reason::DateStraddles));
    assert_eq!(outcome("2021-12"), straddles);
    // Eighteen in that month, likewise; ten whichever day it was.
    assert_eq!(outcome("2007-12"), straddles);
    assert_eq!(outcome("2007-11"), None);
    assert_eq!(outcome("2015-12"), Some(Absence::NoRecord));
    assert_eq!(outcome("2021"), straddles);
}

#[test]
fn a_plan_that_began_on_some_day_of_the_month_makes_no_sure_gap_in_that_month() {
    use caseledger::domain::event::plan::{PlanContent, PlanMember, PlanStarted, PlanType};
    let outcome = |started: &str| {
        let mut history = History::registered();
        for id in ["csc", "police", "school", "health"] {
            history.connect(id);
        }
        let member = PlanMember {
            agency: agency("school"),
            staff: None,
            role: Role::NotStated,
        };
        let plan = PlanContent::PlanStarted(PlanStarted {
            plan_type: PlanType::ChildInNeed,
            members: vec![member],
            ..Default::default()
        });
        history.push(entry("csc", started, Content::Plan(plan)));
        let item = history.push(concern("school", "2013-03-12", Harm::Neglect));
        row_of(&history, "2013-04-30", item).map(|row| row.outcome)
    };
    assert_eq!(outcome("2013-03-04"), Some(Absence::NoRecord));
    assert_eq!(
        outcome("2013-03"),
        Some(Absence::Undeterminable(Reason::DateStraddles))
    );
    assert_eq!(outcome("2013-03-20"), None);
}
