//! The traps of `semantics.md` section 9 for allocation, and the rules of 5.1 that no worked history reaches.

use crate::history::*;
use caseledger::domain::event::allocation::{
    AbsenceKind, AllocationBasis, AllocationContent, AllocationTransferred, ChangeReason, Cover,
    CoverKind, Explained, UnallocatedReasonRecorded, WorkerAbsent,
};
use caseledger::domain::event::case::{CaseContent, PersonRecorded, PersonRole};
use caseledger::domain::event::contact::{ContactContent, SeenChild, VisitMade};
use caseledger::domain::event::feed::{FeedContent, FeedDeclared};
use caseledger::domain::event::plan::{ActionAssigned, ActionOwner, PlanContent};
use caseledger::domain::event::referral::{ReferralContent, ReferralDecided, ReferralOutcome};
use caseledger::domain::event::registry::AgencyKind;
use caseledger::domain::event::{CaseEvent, Content, Employment, FeedKind, Role, Tri};
use caseledger::domain::time::Interval;
use caseledger::projection::allocation::change::ExplainedState;
use caseledger::projection::allocation::gap::{GapEnd, GapKind};
use caseledger::projection::allocation::succession::{effective_holders, holder_changes};
use caseledger::projection::allocation::{Question, Row, allocation};
use caseledger::projection::coverage::Reason;
use caseledger::projection::cut::{Basis, cut};
use caseledger::projection::placed::{Log, Unseen, UnseenReason};
use caseledger::rules::pack::Pack;
use jiff::civil::date;

const LATEST: &str = "2014-06-30";

fn row(h: &History, day: &str) -> Row {
    row_in(&h.log(), day, Role::SocialWorker)
}

fn row_in(log: &Log, day: &str, role: Role) -> Row {
    let cut = cut(log, Basis::Then, &at(day));
    let answer = allocation(&cut, &Question::new(Pack::england()));
    answer
        .rows
        .into_iter()
        .find(|row| row.role == role)
        .unwrap()
}

/// A child protection plan from 4 February 2013, held by SW1, with a live feed.
fn plan() -> History {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.confirm_to("csc", LATEST);
    h
}

fn referral() -> History {
    let mut h = social_care(&["C1"], "2013-02-04");
    let decided = ReferralDecided {
        outcome: ReferralOutcome::Section17,
        ..Default::default()
    };
    let content = Content::Referral(ReferralContent::ReferralDecided(decided));
    h.same_day("csc", "2013-02-04", fact("2013-02-04", content));
    h.confirm_to("csc", LATEST);
    h
}

fn absent(day: &str, kind: AbsenceKind, cover: Option<Cover>) -> CaseEvent {
    let absent = WorkerAbsent {
        worker: staff("SW1"),
        kind,
        from: None,
        until: None,
        cover,
    };
    fact(
        day,
        Content::Allocation(AllocationContent::WorkerAbsent(absent)),
    )
}

fn visit(day: &str, worker: &str, role: Role) -> CaseEvent {
    let seen = SeenChild {
        child: child("C1"),
        seen: Tri::Yes,
        alone: Tri::NotStated,
        declined: Tri::NotStated,
        words: String::new(),
    };
    let visit = VisitMade {
        worker: Some(staff(worker)),
        role,
        seen: vec![seen],
        ..Default::default()
    };
    fact(day, Content::Contact(ContactContent::VisitMade(visit)))
}

#[test]
fn two_weeks_of_annual_leave_make_no_gap_and_a_day_more_does() {
    let mut h = plan();
    h.same_day(
        "csc",
        "2013-07-01",
        absent("2013-07-01", AbsenceKind::AnnualLeave, None),
    );
    let mut back = h.clone();
    back.same_day(
        "csc",
        "2013-07-15",
        visit("2013-07-15", "SW1", Role::SocialWorker),
    );
    let leave = row(&back, LATEST);
    assert_eq!(leave.spells[0].absences[0].working_days, 10);
    assert_eq!(leave.gaps, []);
    h.same_day(
        "csc",
        "2013-07-16",
        visit("2013-07-16", "SW1", Role::SocialWorker),
    );
    let longer = row(&h, LATEST);
    assert_eq!(longer.gaps[0].at_least.working_days, 11);
    assert_eq!(
        (longer.totals.absent_days, longer.totals.nobody_days),
        (15, 0)
    );
}

#[test]
fn a_named_cover_is_an_effective_holder_and_no_change() {
    let mut h = plan();
    let cover = Cover {
        kind: CoverKind::Named,
        worker: Some(staff("SW7")),
    };
    let sick = absent("2013-07-01", AbsenceKind::Sickness, Some(cover));
    h.same_day("csc", "2013-07-01", sick);
    let row = row(&h, LATEST);
    assert_eq!(
        (row.gaps.len(), row.totals.changes, row.totals.distinct),
        (0, 0, 1)
    );
}

#[test]
fn days_held_by_a_manager_are_shown_and_totalled_apart() {
    let mut h = plan();
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    let holding = nobody("2013-03-11", AllocationBasis::ManagerHolding);
    h.same_day("csc", "2013-03-11", holding);
    h.same_day("csc", "2013-03-18", started("2013-03-18", "SW2"));
    let row = row(&h, LATEST);
    let kinds: Vec<_> = row.gaps[0]
        .stretches
        .iter()
        .map(|s| (s.kind, s.extent.days))
        .collect();
    assert_eq!(
        kinds,
        [(GapKind::BetweenHolders, 10), (GapKind::HeldByManager, 7)]
    );
    assert_eq!((row.totals.nobody_days, row.totals.manager_days), (10, 7));
    let whole = row.gaps[0].at_least;
    let parts: u32 = row.gaps[0]
        .stretches
        .iter()
        .map(|s| s.extent.working_days)
        .sum();
    assert_eq!((whole.days, whole.working_days), (17, parts));
}

#[test]
fn one_threshold_serves_list_and_total_and_depends_on_what_protects_the_child() {
    let gap_of = |h: &mut History, back: &str| {
        h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
        h.same_day("csc", back, started(back, "SW2"));
        let row = row(h, LATEST);
        (row.gaps.len(), row.totals.nobody_days)
    };
    // Friday 1 March to Tuesday 5 March: one working day inside.
    assert_eq!(gap_of(&mut plan(), "2013-03-05"), (1, 4));
    assert_eq!(gap_of(&mut plan(), "2013-03-04"), (0, 0));
    let mut held = referral();
    held.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    assert_eq!(gap_of(&mut held.clone(), "2013-03-08"), (0, 0));
    assert_eq!(gap_of(&mut held, "2013-03-11"), (1, 10));
}

#[test]
fn nobody_ever_allocated_is_a_gap_from_the_opening_once_grace_is_over() {
    let h = referral();
    assert_eq!(row(&h, "2013-02-05").gaps, []);
    let row = row(&h, "2013-02-15");
    assert_eq!(row.gaps[0].at_least.from, date(2013, 2, 4));
    assert_eq!(row.gaps[0].at_least.to, GapEnd::SoFar(date(2013, 2, 15)));
    assert_eq!(row.gaps[0].stretches[0].kind, GapKind::NeverAllocated);
    assert_eq!(
        (row.gaps[0].at_least.days, row.gaps[0].at_least.working_days),
        (11, 9)
    );
}

#[test]
fn a_feed_that_fell_silent_makes_no_gap_that_grows() {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    h.confirm_to("csc", "2013-03-29");
    let row = row(&h, "2023-03-29");
    assert_eq!(row.gaps[0].at_least.to, GapEnd::Covered(date(2013, 3, 29)));
    assert_eq!(row.gaps[0].at_least.days, 28);
    assert_eq!(row.unknown[0].reason, Reason::NotConnected);
    assert_eq!(row.unknown[0].from, date(2013, 3, 30));
}

#[test]
fn a_feed_that_fell_silent_makes_no_spell_that_grows() {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.confirm_to("csc", "2013-03-29");
    let shown = |day| {
        let row = row(&h, day);
        let spell = &row.spells[0];
        assert_eq!(spell.to, None, "it is not known to have ended: {day}");
        let days = spell.days.unwrap();
        let years: Vec<i16> = row.totals.changes_by_year.keys().copied().collect();
        assert_eq!(years, [2013], "of later years nothing is said: {day}");
        (days.at_least, spell.counted_to, row.totals.held_days)
    };
    assert_eq!(shown("2013-03-20"), (44, None, 45), "so far");
    assert_eq!(shown("2013-03-29"), (53, None, 54), "the last day itself");
    let last = Some(date(2013, 3, 29));
    assert_eq!(shown("2013-03-30"), (53, last, 54));
    assert_eq!(shown("2023-03-29"), (53, last, 54));
}

/// A plan, SW1 for the child, and nothing after 29 March 2013.
fn silent_since_march() -> History {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.confirm_to("csc", "2013-03-29");
    h
}

#[test]
fn after_the_last_day_covered_it_cannot_be_known_whether_the_last_holder_still_held_the_role() {
    let h = silent_since_march();
    assert_eq!(row(&h, "2013-03-29").unknown, [], "the last day covered");
    for basis in [Basis::Then, Basis::Now, Basis::Recorded, Basis::Ledger] {
        let log = h.log();
        let day = "2014-03-29";
        let answer = allocation(&cut(&log, basis, &at(day)), &Question::new(Pack::england()));
        let row = &answer.rows[0];
        assert_eq!(row.role, Role::SocialWorker);
        assert_eq!(row.unknown.len(), 1, "{basis:?} {:?}", row.unknown);
        let unknown = &row.unknown[0];
        assert_eq!(unknown.from, date(2013, 3, 30), "{basis:?}");
        assert_eq!(unknown.to, GapEnd::SoFar(date(2014, 3, 29)));
        assert_eq!(unknown.reason, Reason::NotConnected);
        assert_eq!(unknown.last_holder, Some("SW1".parse().unwrap()));
        assert!(
            row.spells[0]
                .evidence
                .iter()
                .all(|entry| unknown.evidence.contains(entry)),
            "{unknown:?}"
        );
        // Neither days with nobody, nor a gap, nor an end, nor a change.
        assert_eq!(
            (row.gaps.len(), row.maybe.len(), row.changes.len()),
            (0, 0, 0)
        );
        let totals = &row.totals;
        assert_eq!((totals.nobody_days, totals.nobody_days_at_most), (0, 0));
        assert_eq!((totals.held_days, totals.unknown_days), (54, 365));
        assert_eq!(row.spells[0].to, None);
        assert_eq!(holder_changes(&answer), []);
        let holders: Vec<String> = effective_holders(&answer)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(holders, ["csc/SW1"], "who may hold it still");
    }
}

#[test]
fn what_cannot_be_known_of_the_last_holder_is_listed_from_the_length_of_a_gap_on() {
    let h = silent_since_march();
    // 29 March was Good Friday, 1 April Easter Monday: no working day before Tuesday.
    assert_eq!(row(&h, "2013-04-01").unknown, []);
    assert_eq!(row(&h, "2013-04-02").unknown.len(), 1);
}

#[test]
fn a_holder_whose_end_is_recorded_leaves_no_unknown_time_of_their_own() {
    let mut h = silent_since_march();
    h.same_day("csc", "2013-03-04", started("2013-03-04", "SW2"));
    let answer = row(&h, "2014-03-29");
    let last: Vec<_> = answer
        .unknown
        .iter()
        .map(|one| one.last_holder.clone())
        .collect();
    assert_eq!(
        last,
        [Some("SW2".parse().unwrap())],
        "SW1 was followed by SW2"
    );
    assert_eq!(answer.changes.len(), 1);
    let mut h = silent_since_march();
    h.same_day("csc", "2013-03-04", ended("2013-03-04", "SW1"));
    let answer = row(&h, "2014-03-29");
    let last: Vec<_> = answer
        .unknown
        .iter()
        .map(|one| one.last_holder.clone())
        .collect();
    assert_eq!(last, [None], "nobody held it on the last day covered");
    assert_eq!(answer.totals.unknown_days, 365);
}

#[test]
fn an_absence_that_goes_on_past_the_record_is_unknown_once_and_not_twice() {
    let mut h = silent_since_march();
    let sick = absent("2013-03-04", AbsenceKind::Sickness, None);
    h.same_day("csc", "2013-03-04", sick);
    let row = row(&h, "2014-03-29");
    assert_eq!(row.unknown.len(), 1, "{:?}", row.unknown);
    assert_eq!(row.totals.unknown_days, 365);
}

#[test]
fn a_holder_counts_in_no_window_after_the_last_day_covered() {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.confirm_to("csc", "2013-03-29");
    let log = h.log();
    let cut = cut(&log, Basis::Then, &at(LATEST));
    let distinct = |from, to| {
        let mut question = Question::new(Pack::england());
        question.window = Some((from, to));
        allocation(&cut, &question).rows[0].totals.distinct
    };
    assert_eq!(distinct(date(2013, 3, 29), date(2013, 5, 1)), 1);
    assert_eq!(distinct(date(2013, 3, 30), date(2013, 5, 1)), 0);
}

#[test]
fn a_spell_that_no_record_covers_is_counted_to_its_first_day() {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.same_day("csc", "2013-02-04", started("2013-05-01", "SW2"));
    let row = row(&h, LATEST);
    let last = &row.spells[1];
    assert_eq!(last.days.unwrap().at_least, 0);
    assert_eq!(last.counted_to, Some(date(2013, 5, 1)));
    assert_eq!(row.spells[0].counted_to, None, "it has an end");
}

#[test]
fn an_absence_that_goes_on_is_over_its_limit_only_by_days_covered() {
    let mut h = social_care(&["C1"], "2013-02-04");
    h.same_day("csc", "2013-02-04", cp_plan("2013-02-04"));
    h.same_day("csc", "2013-02-04", started("2013-02-04", "SW1"));
    h.same_day(
        "csc",
        "2013-03-04",
        absent("2013-03-04", AbsenceKind::Sickness, None),
    );
    let seen = |to: &str, day: &str| {
        let mut h = h.clone();
        h.confirm_to("csc", to);
        let row = row(&h, day);
        let away = &row.spells[0].absences[0];
        let ends: Vec<GapEnd> = row.gaps.iter().map(|gap| gap.at_least.to).collect();
        (away.working_days, away.counted, away.counted_to, ends)
    };
    let friday = date(2013, 3, 8);
    assert_eq!(
        seen("2013-03-08", LATEST),
        (5, false, Some(friday), vec![]),
        "five working days are not over the limit, however long ago"
    );
    let monday = date(2013, 3, 11);
    assert_eq!(
        seen("2013-03-11", LATEST),
        (6, true, Some(monday), vec![GapEnd::Covered(monday)])
    );
    assert_eq!(
        seen(LATEST, "2013-03-11"),
        (6, true, None, vec![GapEnd::SoFar(monday)])
    );
}

#[test]
fn a_hidden_or_erased_entry_turns_a_gap_into_what_cannot_be_known() {
    let mut h = plan();
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    h.same_day("csc", "2013-04-08", started("2013-04-08", "SW2"));
    assert_eq!(row(&h, LATEST).gaps.len(), 1);
    let unseen = Unseen {
        position: 99,
        reason: UnseenReason::Erased,
        agency: Some(agency("csc")),
        kind: Some(FeedKind::Allocation),
        month: Some(date(2013, 3, 1)),
        appended: instant("2013-03-15"),
    };
    let log = Log::with_unseen(h.entries.clone(), vec![unseen]);
    let row = row_in(&log, LATEST, Role::SocialWorker);
    assert_eq!(row.gaps, []);
    assert_eq!(row.unknown[0].reason, Reason::Erased(1));
}

#[test]
fn the_same_practitioner_starting_again_next_day_is_the_same_spell() {
    let mut h = plan();
    h.same_day("csc", "2013-05-31", ended("2013-05-31", "SW1"));
    h.same_day("csc", "2013-06-01", started("2013-06-01", "SW1"));
    let row = row(&h, LATEST);
    assert_eq!(
        (row.spells.len(), row.totals.changes, row.gaps.len()),
        (1, 0, 0)
    );
    assert_eq!(row.spells[0].to, None);
}

#[test]
fn a_transfer_ends_one_spell_and_starts_the_next_without_a_gap() {
    let mut h = plan();
    let moved = AllocationTransferred {
        role: Role::SocialWorker,
        from: Some(staff("SW1")),
        to: staff("SW2"),
        team: String::new(),
        employment: Employment::Agency,
        reason: ChangeReason::default(),
        reason_text: String::new(),
        explained_to_child: None,
        explained_to_family: Some(Explained {
            explained: Tri::No,
            ..Default::default()
        }),
    };
    let content = Content::Allocation(AllocationContent::AllocationTransferred(moved));
    h.same_day("csc", "2013-05-31", fact("2013-05-31", content));
    let row = row(&h, LATEST);
    assert_eq!(
        (row.spells.len(), row.gaps.len(), row.changes.len()),
        (2, 0, 1)
    );
    assert_eq!(row.changes[0].family.state, ExplainedState::No);
    assert!(row.changes[0].family.fires());
    // 31 May 2013 to 30 June 2014, both days included.
    assert_eq!(row.totals.agency_staff_days, 396);
    assert_eq!(row.totals.median_tenure_days, Some(116));
}

fn changed(h: &mut History) -> Row {
    h.same_day("csc", "2013-06-07", ended("2013-06-07", "SW1"));
    h.same_day("csc", "2013-06-10", started("2013-06-10", "SW2"));
    row(h, LATEST)
}

#[test]
fn a_change_without_a_word_is_no_record_only_when_its_time_is_over() {
    let mut h = plan();
    let change = changed(&mut h).changes[0].clone();
    assert_eq!(change.child.state, ExplainedState::NoRecord);
    assert!(change.child.fires() && change.family.fires());
    assert_eq!(
        row(&h, "2013-06-24").changes[0].child.state,
        ExplainedState::NotYet
    );
    assert_eq!(
        row(&h, "2013-06-25").changes[0].child.state,
        ExplainedState::NoRecord
    );
}

#[test]
fn a_change_told_at_an_introductory_visit_is_explained() {
    let mut h = plan();
    h.same_day(
        "csc",
        "2013-06-05",
        visit("2013-06-05", "SW2", Role::SocialWorker),
    );
    let change = changed(&mut h).changes[0].clone();
    assert_eq!(
        (change.child.state, change.family.state),
        (ExplainedState::Yes, ExplainedState::Yes)
    );
    assert!(!change.child.fires());
}

#[test]
fn a_field_that_the_feed_does_not_collect_and_a_baby_are_no_findings() {
    let mut h = plan();
    let declared = FeedDeclared {
        agency: agency("csc"),
        kinds: FeedKind::ALL.to_vec(),
        fields_not_collected: ["started", "ended", "transferred"]
            .map(|kind| format!("allocation.{kind}.explained_to_family"))
            .to_vec(),
        live_from: when("2013-02-05"),
    };
    let content = Content::Feed(FeedContent::FeedDeclared(declared));
    h.same_day("csc", "2013-02-05", fact("2013-02-05", content));
    let person = PersonRecorded {
        person: child("C1"),
        role: PersonRole::SubjectChild,
        born: Some(when("2011-01-01")),
        school_stage: String::new(),
    };
    let content = Content::Case(CaseContent::PersonRecorded(person));
    h.same_day("csc", "2013-02-05", fact("2013-02-05", content));
    let change = changed(&mut h).changes[0].clone();
    assert_eq!(change.family.state, ExplainedState::FieldNotCollected);
    assert_eq!(change.child.state, ExplainedState::NotApplicable);
    assert!(!change.child.fires() && !change.family.fires());
}

#[test]
fn the_row_of_a_gap_lists_what_arrived_what_fell_due_and_what_softens_it() {
    let mut h = plan();
    let action = ActionAssigned {
        words: String::new(),
        owner: Some(ActionOwner {
            agency: Some(agency("csc")),
            role: Role::SocialWorker,
            staff: None,
        }),
        due: Some(when("2013-03-15")),
        origin: None,
    };
    let content = Content::Plan(PlanContent::ActionAssigned(action));
    let action = h.same_day("csc", "2013-02-20", fact("2013-02-20", content));
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    let reason = UnallocatedReasonRecorded {
        role: Role::SocialWorker,
        ..Default::default()
    };
    let content = Content::Allocation(AllocationContent::UnallocatedReasonRecorded(reason));
    let reason = h.same_day("csc", "2013-03-06", fact("2013-03-06", content));
    let duty = h.same_day(
        "csc",
        "2013-03-12",
        visit("2013-03-12", "D1", Role::DutyWorker),
    );
    h.same_day("csc", "2013-04-08", started("2013-04-08", "SW2"));
    let cut = cut(&h.log(), Basis::Then, &at(LATEST));
    let known = |_: &_, _: &_| {
        vec![
            (7, Interval::instant(instant("2013-03-20"))),
            (8, Interval::instant(instant("2013-05-20"))),
        ]
    };
    let question = Question {
        items_known: &known,
        ..Question::new(Pack::england())
    };
    let answer = allocation(&cut, &question);
    let row = answer
        .rows
        .iter()
        .find(|row| row.role == Role::SocialWorker)
        .unwrap();
    let gap = &row.gaps[0];
    assert_eq!(gap.arrived, [(7, date(2013, 3, 20))]);
    assert_eq!(gap.due, [(action, date(2013, 3, 15))]);
    assert_eq!(gap.softening, [reason, duty]);
}

#[test]
fn key_workers_of_two_agencies_changing_together_are_listed() {
    let mut h = plan();
    h.register("school", AgencyKind::School, "2013-02-04");
    let mut lead = started("2013-02-04", "DSL1");
    let mut next = started("2013-06-28", "DSL2");
    for event in [&mut lead, &mut next] {
        if let Content::Allocation(AllocationContent::AllocationStarted(started)) =
            &mut event.content
        {
            started.role = Role::SafeguardingLead;
        }
    }
    h.same_day("school", "2013-02-04", lead);
    h.same_day("school", "2013-06-28", next);
    changed(&mut h);
    let cut = cut(&h.log(), Basis::Then, &at(LATEST));
    let answer = allocation(&cut, &Question::new(Pack::england()));
    assert_eq!(
        answer
            .simultaneous
            .iter()
            .map(|s| s.days)
            .collect::<Vec<_>>(),
        [18]
    );
}

#[test]
fn a_count_over_a_window_takes_only_its_days() {
    let mut h = plan();
    changed(&mut h);
    h.same_day("csc", "2014-01-06", started("2014-01-06", "SW3"));
    let cut = cut(&h.log(), Basis::Then, &at(LATEST));
    let question = Question {
        window: Some((date(2013, 1, 1), date(2013, 12, 31))),
        ..Question::new(Pack::england())
    };
    let answer = allocation(&cut, &question);
    let row = answer
        .rows
        .iter()
        .find(|row| row.role == Role::SocialWorker)
        .unwrap();
    assert_eq!((row.totals.changes, row.totals.distinct), (1, 2));
    assert_eq!(row.totals.changes_by_year.get(&2014), Some(&1));
    assert_eq!(row.changes.len(), 2);
}

#[test]
fn taking_coverage_away_never_adds_a_gap() {
    let mut h = plan();
    h.same_day("csc", "2013-03-01", ended("2013-03-01", "SW1"));
    h.same_day("csc", "2013-04-08", started("2013-04-08", "SW2"));
    let full = row(&h, LATEST);
    for entry in 0..h.entries.len() {
        if !matches!(h.entries[entry].event.content, Content::Feed(_)) {
            continue;
        }
        let mut less = h.clone();
        less.entries.remove(entry);
        let row = row(&less, LATEST);
        assert!(row.gaps.len() <= full.gaps.len());
        assert!(row.totals.nobody_days <= full.totals.nobody_days);
    }
}
