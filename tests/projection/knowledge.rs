//! Knowledge facts: the worked histories K1 to K7 of the semantics, and the laws that hold for them.

use crate::knowledge_history::{
    Entry, History, agency, concern, disclosure, entry, holder, say, staff,
};
use caseledger::domain::event::allocation::{
    AllocationBasis, AllocationContent, AllocationEnded, AllocationStarted,
};
use caseledger::domain::event::enquiry::{EnquiryContent, StrategyHeld};
use caseledger::domain::event::meeting::{MeetingContent, MinutesSent};
use caseledger::domain::event::record::CorrectionKind;
use caseledger::domain::event::sharing::{
    AcknowledgementKind, ShareReceiptDisputed, SharingContent,
};
use caseledger::domain::event::{
    AssertionKind, Attendance, CaseEvent, Channel, Content, Harm, Presence, Recipient, Role,
    Significance, SourceKind, Tri,
};
use caseledger::domain::id::Practitioner;
use caseledger::domain::time::When;
use caseledger::projection::cut::Basis;
use caseledger::projection::knowledge::{
    Grade, HolderChange, Knowledge, through_eyes_of, turnover,
};
use caseledger::projection::need::Case;
use caseledger::rules::Pack;

struct K1 {
    history: History,
    item: u64,
    share: u64,
}

fn k1() -> K1 {
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
    K1 {
        history,
        item,
        share,
    }
}

#[test]
fn k1_everybody_knows_from_their_own_date_and_a_mail_is_only_sent_until_a_person_acknowledges() {
    let K1 {
        history,
        item,
        share,
    } = k1();
    assert_eq!(
        history.says("2013-01-12", "school", item),
        "knows 2013-01-09"
    );
    assert_eq!(
        history.says("2013-01-12", "school/DSL1", item),
        "knows 2013-01-09"
    );
    assert_eq!(
        history.says("2013-01-12", "school/T1", item),
        "knows 2013-01-09"
    );
    assert_eq!(
        history.says("2013-01-12", "police", item),
        "knows 2013-01-09"
    );
    assert_eq!(
        history.fact("2013-01-12", "police", item).unwrap().grade,
        Grade::SenderOnly
    );
    assert_eq!(history.says("2013-01-12", "csc", item), "sent 2013-01-10");
    assert_eq!(history.says("2013-01-14", "csc", item), "sent 2013-01-10");
    assert_eq!(history.says("2026-01-01", "csc", item), "knows 2013-01-15");
    assert_eq!(history.says("2026-01-01", "csc", share), "knows 2013-01-15");
    let standing = history.fact("2026-01-01", "csc", item).unwrap();
    assert_eq!(standing.grade, Grade::BothSides);
    assert_eq!(standing.evidence.len(), 2);
    assert_eq!(history.says("2013-01-08", "school", item), "none");
}

#[test]
fn k2_hearsay_is_known_from_its_recording_and_never_from_what_it_is_about() {
    let mut history = History::new();
    let item = history.push(
        concern("school", "2012-12-25", Harm::Physical)
            .recorded("2013-03-11")
            .with(|event| {
                event.assertion = AssertionKind::Hearsay;
                event.source.kind = SourceKind::Parent;
            }),
    );
    assert_eq!(
        history.says("2026-01-01", "school", item),
        "knows 2013-03-11"
    );
    assert_eq!(history.says("2012-12-31", "school", item), "none");
    let now = history.cut(Basis::Now, "2012-12-31");
    assert!(now.reading(item).is_some());
    assert!(
        history
            .cut(Basis::Then, "2012-12-31")
            .reading(item)
            .is_none()
    );
    assert_eq!(
        say(Knowledge::of(&now)
            .standing(&holder("school"), item)
            .as_ref()),
        "none"
    );
}

fn part(id: &str, who: Option<&str>, presence: Presence) -> Attendance {
    Attendance {
        agency: agency(id),
        staff: who.map(staff),
        presence,
        report_received: Tri::NotStated,
        report_items: Vec::new(),
    }
}

struct K3 {
    history: History,
    i31: u64,
    i35: u64,
    i36: u64,
}

fn k3() -> K3 {
    let mut history = History::new();
    let i31 = history.push(disclosure("csc", "2013-01-20", "SW2"));
    let i35 = history.push(concern("school", "2013-01-21", Harm::Neglect));
    let i36 = history.push(concern("police", "2013-02-02", Harm::Neglect));
    let mut report = part("school", None, Presence::ReportOnly);
    report.report_received = Tri::Yes;
    report.report_items = history.refers(&[i31, i35]);
    let held = StrategyHeld {
        attendance: vec![
            part("csc", Some("SW2"), Presence::Full),
            part("police", Some("PO1"), Presence::Part),
            part("health", None, Presence::Absent),
            report,
        ],
        items_considered: history.refers(&[i31, i36]),
        ..Default::default()
    };
    let content = Content::Enquiry(EnquiryContent::StrategyHeld(held));
    let meeting = history.push(entry("csc", "2013-02-05T14:00", content));
    let sent = MinutesSent {
        meeting: history.refer(meeting),
        to: ["health", "school"]
            .map(|id| Recipient {
                agency: agency(id),
                staff: None,
            })
            .to_vec(),
        channel: Channel::Email,
        items: history.refers(&[i31, i36]),
    };
    let content = Content::Meeting(MeetingContent::MinutesSent(sent));
    let minutes = history.push(entry("csc", "2013-02-12", content));
    let ack = history.acknowledge("health", minutes, "2013-02-14");
    history.push(ack);
    K3 {
        history,
        i31,
        i35,
        i36,
    }
}

#[test]
fn k3_a_meeting_gives_what_it_considered_to_who_was_there_and_minutes_to_who_acknowledges() {
    let K3 {
        history,
        i31,
        i35,
        i36,
    } = k3();
    assert_eq!(history.says("2013-02-05", "csc", i36), "knows 2013-02-05");
    assert_eq!(history.says("2013-02-05", "csc", i35), "knows 2013-02-05");
    assert_eq!(
        history.says("2013-02-05", "csc/SW2", i36),
        "knows 2013-02-05"
    );
    assert_eq!(
        history.says("2013-02-05", "police", i36),
        "knows 2013-02-02"
    );
    assert_eq!(
        history.says("2013-02-05", "police", i31),
        "possible 2013-02-05"
    );
    assert_eq!(
        history.says("2013-02-05", "police/PO1", i31),
        "possible 2013-02-05"
    );
    assert_eq!(history.says("2013-02-05", "police", i35), "none");
    assert_eq!(history.says("2013-02-05", "health", i31), "none");
    assert_eq!(history.says("2013-02-13", "health", i31), "sent 2013-02-12");
    assert_eq!(
        history.says("2013-02-14", "health", i31),
        "knows 2013-02-14"
    );
    assert_eq!(
        history.says("2013-02-14", "health", i36),
        "knows 2013-02-14"
    );
    assert_eq!(history.says("2013-02-14", "health", i35), "none");
    assert_eq!(history.says("2013-02-14", "school", i36), "sent 2013-02-12");
}

fn allocated(worker: &str, from: &str) -> Entry {
    let started = AllocationStarted {
        role: Role::SocialWorker,
        basis: AllocationBasis::Named,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    entry(
        "csc",
        from,
        Content::Allocation(AllocationContent::AllocationStarted(started)),
    )
}

fn ended(worker: &str, on: &str) -> Entry {
    let ended = AllocationEnded {
        role: Role::SocialWorker,
        worker: Some(staff(worker)),
        ..Default::default()
    };
    entry(
        "csc",
        on,
        Content::Allocation(AllocationContent::AllocationEnded(ended)),
    )
}

struct K4 {
    history: History,
    i31: u64,
    i36: u64,
}

fn k4() -> K4 {
    let K1 {
        mut history,
        item: i31,
        ..
    } = k1();
    history.push(allocated("SW2", "2013-01-02"));
    let key = |event: &mut CaseEvent| event.significance = Significance::Key;
    let i36 = history.push(concern("police", "2013-02-02", Harm::Neglect).with(key));
    let share = history.share(
        "police",
        &[("csc", Some("SW2"))],
        &[i36],
        (Channel::Telephone, "2013-02-19"),
    );
    history.push(share);
    history.push(ended("SW2", "2013-03-01"));
    history.push(allocated("SW3", "2013-03-04"));
    let read = History::attest("csc", "SW3", "2013-03-20");
    history.push(read);
    K4 { history, i31, i36 }
}

#[test]
fn k4_reading_the_file_gives_what_is_on_the_agencys_own_record_and_no_more() {
    let K4 { history, i31, i36 } = k4();
    let known = history.fact("2013-03-20", "csc", i36).unwrap();
    assert_eq!(say(Some(&known)), "knows 2013-02-19");
    assert_eq!(known.grade, Grade::SenderOnly);
    assert!(!known.on_file);
    assert_eq!(
        history.says("2013-03-20", "csc/SW2", i36),
        "knows 2013-02-19"
    );
    assert_eq!(history.says("2013-03-19", "csc/SW3", i31), "none");
    assert_eq!(
        history.says("2013-03-20", "csc/SW3", i31),
        "knows 2013-03-20"
    );
    assert_eq!(history.says("2026-01-01", "csc/SW3", i36), "none");
}

#[test]
fn k4_what_only_the_worker_who_left_was_told_left_with_the_person() {
    let K4 { history, i31, i36 } = k4();
    let sw = |id: &str| -> Practitioner { id.parse().unwrap() };
    let change = HolderChange {
        role: Role::SocialWorker,
        children: Vec::new(),
        from: sw("csc/SW2"),
        ended: "2013-03-01".parse().unwrap(),
        to: Some((sw("csc/SW3"), "2013-03-04".parse().unwrap())),
    };
    let asked = |day: &str| {
        let cut = history.cut(Basis::Then, day);
        let case = Case::of(&cut, Pack::england());
        turnover(
            &case,
            std::slice::from_ref(&change),
            &[sw("csc/SW3")].into(),
        )
    };
    let left = asked("2013-03-10").left;
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].item, left[0].since),
        (i36, "2013-03-01".parse().unwrap())
    );
    assert!(left[0].unconfirmed);
    assert_eq!(left[0].known_to, vec![sw("csc/SW2")]);
    // SW2 is not recorded as knowing I31, so nothing of it was on file through SW2; read on 20 March.
    assert!(
        asked("2026-01-01")
            .on_file
            .iter()
            .all(|row| !row.items.contains(&i31))
    );
    assert_eq!(asked("2026-01-01").left.len(), 1);
}

#[test]
fn items_on_file_are_a_finding_only_after_twenty_working_days_without_a_sign_of_reading() {
    let mut history = History::new();
    let item = history.push(disclosure("csc", "2013-01-10", "SW2"));
    let sw = |id: &str| -> Practitioner { id.parse().unwrap() };
    let change = HolderChange {
        role: Role::SocialWorker,
        children: Vec::new(),
        from: sw("csc/SW2"),
        ended: "2013-03-01".parse().unwrap(),
        to: Some((sw("csc/SW3"), "2013-03-04".parse().unwrap())),
    };
    let asked = |history: &History, day: &str| {
        let cut = history.cut(Basis::Then, day);
        let case = Case::of(&cut, Pack::england());
        turnover(
            &case,
            std::slice::from_ref(&change),
            &[sw("csc/SW3")].into(),
        )
        .on_file
    };
    let before = asked(&history, "2013-03-15");
    assert_eq!((before.len(), before[0].is_finding), (1, false));
    // Twenty working days after 4 March 2013, over Good Friday and Easter Monday, end on 3 April.
    assert!(!asked(&history, "2013-04-03")[0].is_finding);
    let after = asked(&history, "2013-04-04");
    assert!(after[0].is_finding);
    assert_eq!(after[0].items, vec![item]);
    let read = History::attest("csc", "SW3", "2013-03-20");
    history.push(read);
    assert!(asked(&history, "2013-04-04").is_empty());
}

#[test]
fn k5_a_new_understanding_is_an_item_of_its_own_that_nobody_else_knows() {
    let K1 {
        mut history, item, ..
    } = k1();
    let correction = history
        .correct(item, CorrectionKind::NewUnderstanding, "2013-07-04")
        .by("DSL1");
    let correction = history.push(correction);
    assert_eq!(history.says("2013-03-01", "school", correction), "none");
    assert_eq!(
        history.says("2013-08-01", "school", correction),
        "knows 2013-07-04"
    );
    assert_eq!(history.says("2013-08-01", "csc", correction), "none");
    assert_eq!(history.says("2013-08-01", "csc", item), "knows 2013-01-15");
}

#[test]
fn k5_as_a_record_error_the_correction_is_no_item_and_holds_from_the_start() {
    let K1 {
        mut history, item, ..
    } = k1();
    let mut correction = history.correct(item, CorrectionKind::RecordError, "2013-07-04");
    correction = correction.with(|event| {
        if let Content::Record(caseledger::domain::event::record::RecordContent::EventCorrected(
            correction,
        )) = &mut event.content
        {
            correction.corrected.codes.harm = Harm::Sexual;
        }
    });
    let correction = history.push(correction);
    assert_eq!(history.says("2013-08-01", "school", correction), "none");
    let cut = history.cut(Basis::Then, "2013-01-12");
    assert_eq!(cut.reading(item).unwrap().event().codes.harm, Harm::Sexual);
    assert_eq!(history.says("2026-01-01", "csc", item), "knows 2013-01-15");
}

#[test]
fn k9_a_third_partys_late_report_of_a_telling_holds_from_its_date_with_its_own_grade() {
    let mut history = History::new();
    let item = history.push(concern("police", "2013-02-02", Harm::Neglect));
    let report = history
        .share(
            "csc",
            &[("school", None)],
            &[item],
            (Channel::Telephone, "2013-03-06"),
        )
        .with(|event| {
            event.assertion = AssertionKind::Hearsay;
            event.known = Some(When::edtf("2015-05-01").unwrap());
            if let Content::Sharing(SharingContent::ShareMade(share)) = &mut event.content {
                share.from = Some(agency("police"));
            }
        });
    let report = history.push(report);
    assert_eq!(
        history.says("2013-03-14", "school", item),
        "knows 2013-03-06"
    );
    assert_eq!(
        history.fact("2013-03-14", "school", item).unwrap().grade,
        Grade::ThirdPartyAfterwards
    );
    assert_eq!(history.says("2013-03-14", "csc", report), "none");
    assert_eq!(
        history.says("2015-05-01", "csc", report),
        "knows 2015-05-01"
    );
}

#[test]
fn a_fact_is_no_earlier_than_the_share_it_rests_on_nor_than_the_item() {
    let mut history = History::new();
    let item = history.push(concern("police", "2013-05-01", Harm::Neglect));
    let early = history.share(
        "police",
        &[("csc", None)],
        &[item],
        (Channel::Email, "2013-04-01"),
    );
    let share = history.push(early);
    let ack = history.acknowledge("csc", share, "2013-03-01");
    history.push(ack);
    assert_eq!(history.says("2026-01-01", "csc", share), "knows 2013-04-01");
    assert_eq!(history.says("2026-01-01", "csc", item), "knows 2013-05-01");
}

#[test]
fn an_automatic_notice_of_delivery_gives_no_person_and_no_receiver_side() {
    let K1 {
        mut history, item, ..
    } = {
        let mut history = History::new();
        let item = history.push(disclosure("school", "2013-01-09", "T1"));
        let share = history.share(
            "school",
            &[("csc", Some("SW1"))],
            &[item],
            (Channel::Email, "2013-01-10"),
        );
        let share = history.push(share);
        K1 {
            history,
            item,
            share,
        }
    };
    let share = item + 1;
    let notice = history.acknowledge_by("csc", share, "2013-01-10", AcknowledgementKind::Automatic);
    history.push(notice);
    let fact = history.fact("2026-01-01", "csc", item).unwrap();
    assert_eq!(say(Some(&fact)), "knows 2013-01-10");
    assert_eq!(fact.grade, Grade::Delivered);
    assert!(!fact.grade.receiver_side());
    assert_eq!(history.says("2026-01-01", "csc/SW1", item), "none");
}

#[test]
fn a_disputed_receipt_makes_what_came_by_that_share_disputed_and_nothing_else() {
    let mut history = History::new();
    let item = history.push(concern("police", "2013-02-02", Harm::Neglect));
    let call = history.share(
        "police",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-02-03"),
    );
    let call = history.push(call);
    let dispute = ShareReceiptDisputed {
        share: history.refer(call),
        words: String::new(),
    };
    let content = Content::Sharing(SharingContent::ShareReceiptDisputed(dispute));
    history.push(entry("csc", "2014-01-01", content));
    assert_eq!(
        history.says("2013-03-01", "csc", item),
        "disputed 2013-02-03"
    );
    let again = history.share(
        "police",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-04-03"),
    );
    history.push(again);
    assert_eq!(history.says("2013-05-01", "csc", item), "knows 2013-04-03");
}

#[test]
fn the_receivers_own_date_governs_and_the_difference_is_shown() {
    let mut history = History::new();
    let item = history.push(concern("police", "2013-01-02", Harm::Neglect));
    let call = history.share(
        "police",
        &[("csc", None)],
        &[item],
        (Channel::Telephone, "2013-01-10"),
    );
    history.push(call);
    let theirs = history
        .share(
            "csc",
            &[("csc", None)],
            &[item],
            (Channel::Telephone, "2013-01-28"),
        )
        .with(|event| {
            if let Content::Sharing(SharingContent::ShareMade(share)) = &mut event.content {
                share.from = Some(agency("police"));
            }
        });
    history.push(theirs);
    assert_eq!(history.says("2013-01-20", "csc", item), "knows 2013-01-10");
    let fact = history.fact("2013-02-20", "csc", item).unwrap();
    assert_eq!(say(Some(&fact)), "knows 2013-01-28");
    assert_eq!(fact.grade, Grade::BothSides);
    assert_eq!(fact.dates_differ_by, 18);
}

#[test]
fn eyes_see_only_what_their_holder_knew_or_may_have_known() {
    let K3 {
        history,
        i31,
        i35,
        i36,
    } = k3();
    let cut = history.cut(Basis::Then, "2013-02-20");
    let police = through_eyes_of(&cut, &holder("police"));
    assert!(police.reading(i36).is_some());
    assert!(police.reading(i31).is_some());
    assert!(police.reading(i35).is_none());
    let school = through_eyes_of(&cut, &holder("school"));
    assert!(school.reading(i36).is_none());
}
