//! The worked cut of `semantics.md` 3.6: nine entries, four bases; and the blanks of section 4.

use crate::history::*;
use caseledger::domain::event::contact::{ContactContent, VisitMade};
use caseledger::domain::event::feed::{FeedContent, RecordsConfirmed};
use caseledger::domain::event::record::{
    CorrectionKind, DisputedBy, EventDisputed, EventRetracted, MatterLinked, RecordContent,
    RetractionReason,
};
use caseledger::domain::event::registry::AgencyKind;
use caseledger::domain::event::sharing::{ShareMade, SharingContent};
use caseledger::domain::event::{
    AssertionKind, CaseEvent, Channel, Content, FeedKind, Recipient, SourceKind,
};
use caseledger::projection::coverage::{Absence, Cover, Coverage, Reason};
use caseledger::projection::cut::{At, Basis, Cut, ReadingKind, cut};
use caseledger::projection::placed::{Log, Unseen, UnseenReason};
use jiff::civil::date;

fn visit(day: &str, words: &str) -> CaseEvent {
    fact(
        day,
        Content::Contact(ContactContent::VisitMade(VisitMade {
            words: words.to_owned(),
            ..Default::default()
        })),
    )
}

fn words(event: &CaseEvent) -> String {
    if let Content::Contact(ContactContent::VisitMade(visit)) = &event.content {
        visit.words.clone()
    } else {
        String::new()
    }
}

fn disclosure(day: &str) -> CaseEvent {
    let mut event = visit(day, "first words");
    event.assertion = AssertionKind::Disclosure;
    event.source.kind = SourceKind::Child;
    event
}

/// The entries of the table; `rows[n]` is the position of row n.
#[expect(clippy::too_many_lines, reason = "the table of the page, row by row")]
fn table() -> (History, [u64; 10]) {
    let mut h = History::default();
    for (id, kind) in [
        ("csc", AgencyKind::ChildrenSocialCare),
        ("school", AgencyKind::School),
        ("police", AgencyKind::Police),
        ("health", AgencyKind::Health),
    ] {
        h.register(id, kind, "2012-12-03");
    }
    h.feed("csc", "2013-01-01");
    let mut rows = [0_u64; 10];
    rows[8] = h.live("health", "2013-04-02", {
        let mut missed = visit("2013-03", "missed");
        missed.recorded = Some(when("2013-04-02"));
        missed
    });
    rows[4] = h.live(
        "csc",
        "2013-03-06",
        recorded(visit("2013-03-05", "visit"), "2013-03-06"),
    );
    rows[3] = h.live(
        "csc",
        "2013-03-20",
        recorded(visit("2013-03-01", "late"), "2013-03-20"),
    );
    let fourth = h.reference(rows[4]);
    rows[6] = h.live(
        "csc",
        "2013-07-04",
        recorded(
            correction(
                "2013-07-04",
                CorrectionKind::RecordError,
                fourth,
                visit("2013-03-15", "visit"),
            ),
            "2013-07-04",
        ),
    );
    rows[2] = h.back(
        "police",
        "2014-06-03",
        recorded(visit("2013-02-02", "incident"), "2013-02-05"),
    );
    rows[1] = h.back(
        "school",
        "2014-09-02",
        recorded(disclosure("2013-01-09"), "2013-01-10"),
    );
    let first = h.reference(rows[1]);
    let mut second_words = disclosure("2013-01-09");
    if let Content::Contact(ContactContent::VisitMade(visit)) = &mut second_words.content {
        "words of 7".clone_into(&mut visit.words);
    }
    rows[7] = h.back(
        "school",
        "2014-09-10",
        recorded(
            correction(
                "2013-07-04",
                CorrectionKind::NewUnderstanding,
                first,
                second_words,
            ),
            "2013-07-04",
        ),
    );
    let mut told = fact(
        "2013-03-06",
        Content::Sharing(SharingContent::ShareMade(ShareMade {
            to: vec![Recipient {
                agency: agency("school"),
                staff: None,
            }],
            items: vec![h.reference(rows[2])],
            channel: Channel::Telephone,
            from: Some(agency("police")),
            ..Default::default()
        })),
    );
    told.assertion = AssertionKind::Hearsay;
    told.source.kind = SourceKind::OtherAgency;
    told.source.agency = Some(agency("health"));
    told.known = Some(when("2015-05-01"));
    rows[9] = h.live("csc", "2015-05-01", recorded(told, "2015-05-01"));
    let mut aunt = visit("2012-11-12", "aunt");
    aunt.assertion = AssertionKind::Hearsay;
    aunt.source.kind = SourceKind::Relative;
    aunt.known = Some(when("2015-06-08"));
    rows[5] = h.live("csc", "2015-06-09", recorded(aunt, "2015-06-08"));
    (h, rows)
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Place {
    In,
    Possible,
    Out,
    /// In the cut, not as a statement of its own: part of the statement of another.
    Part,
}
use Place::{In, Out, Part, Possible};

fn place(cut: &Cut, position: u64) -> Place {
    match cut.reading(position) {
        None => Out,
        Some(reading) if reading.position() != position => Part,
        Some(reading) if reading.certain() => In,
        Some(_) => Possible,
    }
}

#[test]
fn the_worked_cut_of_14_march_2013_in_every_basis() {
    let (h, rows) = table();
    // Rows 1 to 9 of the table.
    let expected = [
        (Basis::Then, [In, In, In, Out, Out, Out, Out, Possible, In]),
        (Basis::Recorded, [In, In, Out, In, Out, Out, Out, Out, Out]),
        (Basis::Ledger, [Out, Out, Out, In, Out, Out, Out, Out, Out]),
        (Basis::Now, [In, In, In, Out, In, Out, Part, Possible, In]),
    ];
    for (basis, places) in expected {
        let cut = cut(&h.log(), basis, &at("2013-03-14"));
        let found: Vec<Place> = rows[1..].iter().map(|row| place(&cut, *row)).collect();
        assert_eq!(found, places, "{basis:?}");
    }
}

#[test]
fn a_new_understanding_changes_the_words_from_its_own_clock_on_and_in_now_at_once() {
    let (h, rows) = table();
    let text = |basis, day| {
        let cut = cut(&h.log(), basis, &at(day));
        cut.reading(rows[1]).map(|reading| words(reading.event()))
    };
    assert_eq!(
        text(Basis::Then, "2013-03-14").as_deref(),
        Some("first words")
    );
    assert_eq!(
        text(Basis::Now, "2013-03-14").as_deref(),
        Some("words of 7")
    );
    assert_eq!(
        text(Basis::Then, "2013-07-04").as_deref(),
        Some("words of 7")
    );
    assert_eq!(
        text(Basis::Then, "2013-07-03").as_deref(),
        Some("first words")
    );
    assert_eq!(
        text(Basis::Recorded, "2013-07-04").as_deref(),
        Some("words of 7")
    );
    assert_eq!(
        text(Basis::Ledger, "2014-09-09").as_deref(),
        Some("first words")
    );
    assert_eq!(
        text(Basis::Ledger, "2014-09-10").as_deref(),
        Some("words of 7")
    );
}

#[test]
fn a_record_error_is_cut_with_its_entry_never_by_its_own_clock() {
    let (h, rows) = table();
    // The visit was on 15 March: the corrected statement appears with that day, long before the correction.
    let then = cut(&h.log(), Basis::Then, &at("2013-03-15"));
    let reading = then.reading(rows[4]).unwrap();
    assert_eq!(reading.members(), [rows[4], rows[6]]);
    assert!(reading.corrections()[0].applied && reading.corrections()[0].late);
    assert_eq!(place(&then, rows[6]), Part);
    let ledger = cut(&h.log(), Basis::Ledger, &at("2013-07-03"));
    assert!(ledger.reading(rows[4]).unwrap().corrections().is_empty());
}

#[test]
fn nobody_knew_of_what_was_learned_afterwards() {
    let (h, rows) = table();
    let now = cut(&h.log(), Basis::Now, &at("2013-03-14"));
    let aunt = now.reading(rows[5]).unwrap();
    assert!(!aunt.known_since().may_precede(now.at().instant));
}

#[test]
fn a_bound_after_the_as_at_moment_is_not_shown() {
    let (h, rows) = table();
    let then = cut(&h.log(), Basis::Then, &at("2013-03-14"));
    let missed = then.reading(rows[8]).unwrap();
    let shown = then.shown(missed.occurred());
    assert!(shown.earliest.is_some());
    assert_eq!(shown.latest, None);
}

#[test]
fn a_position_cuts_the_ledger_into_its_prefix() {
    let (h, rows) = table();
    let instant = at("2016-01-01").instant();
    let prefix = cut(
        &h.log(),
        Basis::Ledger,
        At {
            instant,
            position: Some(rows[2]),
        },
    );
    assert_eq!(
        prefix.log().entries(),
        &h.entries[..usize::try_from(rows[2]).unwrap()]
    );
}

#[test]
fn a_correction_by_another_agency_is_a_dispute_and_changes_nothing() {
    let (mut h, rows) = table();
    let target = h.reference(rows[3]);
    let wrong = correction(
        "2013-03-02",
        CorrectionKind::RecordError,
        target,
        visit("2011-01-01", "x"),
    );
    let other = h.live("police", "2015-07-01", wrong);
    let cut = cut(&h.log(), Basis::Then, &at("2013-03-14"));
    let reading = cut.reading(rows[3]).unwrap();
    assert_eq!(words(reading.event()), "late");
    assert_eq!(reading.disputes(), [other]);
    assert_eq!(cut.reading(other).unwrap().kind(), ReadingKind::AboutRecord);
}

#[test]
fn a_retraction_as_duplicate_strikes_at_every_moment_one_as_wrong_child_from_its_own_clock() {
    let retract = |reason| {
        let (mut h, rows) = table();
        let target = h.reference(rows[4]);
        let content = Content::Record(RecordContent::EventRetracted(EventRetracted {
            target,
            reason,
            words: String::new(),
        }));
        h.same_day("csc", "2013-08-01", fact("2013-08-01", content));
        (h, rows[4])
    };
    let struck = |(h, row): &(History, u64), basis, day| {
        cut(&h.log(), basis, &at(day))
            .reading(*row)
            .map(|reading| reading.struck().is_some())
    };
    let duplicate = retract(RetractionReason::Duplicate);
    assert_eq!(struck(&duplicate, Basis::Then, "2013-03-20"), Some(true));
    assert_eq!(struck(&duplicate, Basis::Ledger, "2013-03-20"), Some(false));
    let wrong = retract(RetractionReason::WrongChild);
    assert_eq!(struck(&wrong, Basis::Then, "2013-03-20"), Some(false));
    assert_eq!(struck(&wrong, Basis::Then, "2013-08-01"), Some(true));
    assert_eq!(struck(&wrong, Basis::Now, "2013-03-20"), Some(true));
}

#[test]
fn a_dispute_is_shown_with_the_entry_and_a_link_is_in_the_cut_when_both_ends_are() {
    let (mut h, rows) = table();
    let dispute = EventDisputed {
        target: h.reference(rows[2]),
        by: DisputedBy::DataSubject,
        words: "not so".to_owned(),
    };
    let content = Content::Record(RecordContent::EventDisputed(dispute));
    let dispute = h.same_day("police", "2013-03-10", fact("2013-03-10", content));
    let link = MatterLinked {
        a: h.reference(rows[2]),
        b: h.reference(rows[3]),
    };
    let content = Content::Record(RecordContent::MatterLinked(link));
    let link = h.same_day("csc", "2015-08-01", fact("2015-08-01", content));
    let early = cut(&h.log(), Basis::Then, &at("2013-02-28"));
    assert_eq!((early.matters().len(), place(&early, link)), (0, Out));
    let then = cut(&h.log(), Basis::Then, &at("2013-03-14"));
    assert_eq!(then.matters().len(), 1);
    assert_eq!(then.reading(rows[2]).unwrap().disputes(), [dispute]);
    assert_eq!(words(then.reading(rows[2]).unwrap().event()), "incident");
    let ledger = cut(&h.log(), Basis::Ledger, &at("2015-07-31"));
    assert_eq!(ledger.matters().len(), 0);
}

#[test]
fn a_correction_whose_target_has_not_arrived_stands_alone() {
    let mut h = social_care(&["C1"], "2013-01-01");
    let target = caseledger::domain::event::EntryRef::Source {
        agency: agency("csc"),
        record_id: "R-1".to_owned(),
    };
    let early = correction(
        "2013-02-01",
        CorrectionKind::RecordError,
        target,
        visit("2013-01-20", "corrected"),
    );
    let correction = h.same_day("csc", "2013-02-01", early);
    let mut original = visit("2013-01-19", "original");
    original.source_record_id = "R-1".to_owned();
    let original = h.back("csc", "2013-03-01", recorded(original, "2013-01-19"));
    let before = cut(&h.log(), Basis::Ledger, &at("2013-02-02"));
    assert_eq!(
        words(before.reading(correction).unwrap().event()),
        "corrected"
    );
    assert_eq!(
        before.reading(correction).unwrap().kind(),
        ReadingKind::Fact
    );
    let after = cut(&h.log(), Basis::Ledger, &at("2013-03-02"));
    assert_eq!(words(after.reading(original).unwrap().event()), "corrected");
    assert_eq!(place(&after, correction), Part);
}

#[expect(clippy::too_many_lines, reason = "one history, five blanks")]
#[test]
fn the_five_blanks_of_coverage_stay_different() {
    let mut h = History::default();
    h.register("csc", AgencyKind::ChildrenSocialCare, "2012-01-02");
    h.live(
        "csc",
        "2012-01-02",
        fact(
            "2012-01-02",
            Content::Feed(FeedContent::FeedDeclared(
                caseledger::domain::event::feed::FeedDeclared {
                    agency: agency("csc"),
                    kinds: vec![FeedKind::Allocation, FeedKind::Contact],
                    fields_not_collected: vec!["visit.made.alone".to_owned()],
                    live_from: when("2013-01-01"),
                },
            )),
        ),
    );
    h.back(
        "csc",
        "2013-01-02",
        recorded(visit("2011-05-01", "old"), "2011-05-01"),
    );
    h.live(
        "csc",
        "2013-02-02",
        fact(
            "2013-02-02",
            Content::Feed(FeedContent::RecordsConfirmed(RecordsConfirmed {
                agency: agency("csc"),
                for_children: Vec::new(),
                kinds: vec![FeedKind::Allocation],
                from: when("2012-01-01"),
                to: when("2012-12-31"),
                by: "records manager".to_owned(),
            })),
        ),
    );
    h.confirm_to("csc", "2013-06-30");
    let coverage = Coverage::of(&cut(&h.log(), Basis::Then, &at("2014-01-01")));
    let csc = agency("csc");
    let cover = |kind, day| coverage.cover(&csc, kind, day);
    assert_eq!(cover(FeedKind::Allocation, date(2013, 3, 1)), Cover::Live);
    assert_eq!(
        cover(FeedKind::Allocation, date(2012, 3, 1)),
        Cover::Confirmed
    );
    assert_eq!(
        cover(FeedKind::Allocation, date(2011, 3, 1)),
        Cover::NotConnected
    );
    assert_eq!(
        cover(FeedKind::Contact, date(2012, 3, 1)),
        Cover::Backloaded
    );
    assert_eq!(
        cover(FeedKind::Supervision, date(2013, 3, 1)),
        Cover::KindNotCarried
    );
    assert_eq!(
        cover(FeedKind::Contact, date(2013, 7, 1)),
        Cover::NotConnected
    );
    assert_eq!(
        coverage.cover(&agency("police"), FeedKind::Contact, date(2013, 3, 1)),
        Cover::NotConnected
    );
    let absence = |kind, a, b| coverage.absence(&csc, kind, a, b);
    let days = (date(2012, 6, 1), date(2013, 3, 1));
    assert_eq!(
        absence(FeedKind::Allocation, days.0, days.1),
        Absence::NoRecord
    );
    assert_eq!(
        absence(FeedKind::Contact, days.0, days.1),
        Absence::Unconfirmed
    );
    assert_eq!(
        absence(FeedKind::Supervision, date(2013, 2, 1), date(2013, 3, 1)),
        Absence::Undeterminable(Reason::KindNotCarried)
    );
    assert_eq!(
        absence(FeedKind::Contact, date(2013, 6, 1), date(2013, 8, 1)),
        Absence::Undeterminable(Reason::NotConnected)
    );
    assert_eq!(
        coverage.blank_field(
            &csc,
            FeedKind::Contact,
            "visit.made.alone",
            date(2013, 3, 1)
        ),
        Absence::Undeterminable(Reason::FieldNotCollected)
    );
    assert_eq!(
        coverage.covered_to(&csc, FeedKind::Contact, None, date(2013, 3, 1)),
        Some(date(2013, 6, 30))
    );
}

#[test]
fn a_hidden_or_erased_entry_in_the_window_makes_an_absence_undeterminable() {
    let mut h = social_care(&["C1"], "2013-01-01");
    h.confirm_to("csc", "2013-12-31");
    let unseen = |reason, month| Unseen {
        position: 99,
        reason,
        agency: Some(agency("csc")),
        kind: Some(FeedKind::Contact),
        month,
        appended: instant("2013-03-15"),
    };
    let outcome = |unseen: Unseen| {
        let log = Log::with_unseen(h.entries.clone(), vec![unseen]);
        let coverage = Coverage::of(&cut(&log, Basis::Then, &at("2014-01-01")));
        coverage.absence(
            &agency("csc"),
            FeedKind::Contact,
            date(2013, 3, 1),
            date(2013, 4, 1),
        )
    };
    let march = Some(date(2013, 3, 1));
    assert_eq!(
        outcome(unseen(UnseenReason::Erased, march)),
        Absence::Undeterminable(Reason::Erased(1))
    );
    assert_eq!(
        outcome(unseen(UnseenReason::Hidden, None)),
        Absence::Undeterminable(Reason::Hidden(1))
    );
    assert_eq!(
        outcome(unseen(UnseenReason::Erased, Some(date(2013, 5, 1)))),
        Absence::NoRecord
    );
}

#[test]
fn hearsay_is_known_from_its_recording_never_from_what_it_speaks_of() {
    let mut h = social_care(&["C1"], "2013-01-01");
    let mut heard = visit("2012-12-25", "heard");
    heard.assertion = AssertionKind::Hearsay;
    heard.source.kind = SourceKind::Parent;
    let heard = h.live("csc", "2013-03-11", recorded(heard, "2013-03-11"));
    let cut = cut(&h.log(), Basis::Then, &at("2013-03-10"));
    assert_eq!(place(&cut, heard), Out);
}

#[test]
fn law_7_an_erased_entry_that_the_prefix_did_not_hold_makes_nothing_undeterminable_in_basis_ledger()
{
    let mut h = social_care(&["C1"], "2013-01-01");
    h.confirm_to("csc", "2013-01-31");
    let erased = Unseen {
        position: 90,
        reason: UnseenReason::Erased,
        agency: Some(agency("csc")),
        kind: None,
        month: None,
        appended: instant("2013-03-01"),
    };
    let log = Log::with_unseen(h.entries.clone(), vec![erased.clone()]);
    let prefix = cut(&h.log(), Basis::Ledger, &at("2013-02-01"));
    assert_eq!(cut(&log, Basis::Ledger, &at("2013-02-01")), prefix);
    let below = At {
        instant: instant("2013-06-01"),
        position: Some(90),
    };
    assert_eq!(cut(&log, Basis::Ledger, below).log().unseen(), []);
    // Afterwards, and in a basis that knows the past by the record of today, it is counted.
    for (basis, day) in [(Basis::Ledger, "2013-03-01"), (Basis::Then, "2013-02-01")] {
        assert_eq!(
            cut(&log, basis, &at(day)).log().unseen(),
            std::slice::from_ref(&erased)
        );
    }
}
