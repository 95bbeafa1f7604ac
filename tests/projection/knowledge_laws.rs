//! Laws 4 (closed) and 5 (closed eyes) of the as-at law, over random histories.

use std::cell::RefCell;
use std::collections::BTreeMap;

use caseledger::domain::event::allocation::{AllocationContent, HandoverCompleted};
use caseledger::domain::event::enquiry::{EnquiryContent, StrategyHeld};
use caseledger::domain::event::meeting::{MeetingContent, MinutesSent};
use caseledger::domain::event::record::{CorrectionKind, MatterLinked, RecordContent};
use caseledger::domain::event::sharing::{
    AcknowledgementKind, ShareReceiptDisputed, SharingContent,
};
use caseledger::domain::event::{
    AssertionKind, Attendance, Channel, Content, Harm, Presence, Recipient, Role, SourceKind, Tri,
};
use caseledger::domain::time::AsAt;
use caseledger::projection::cut::{Basis, Cut, cut};
use caseledger::projection::knowledge::{Effect, Grade, Holder, Knowledge, State, through_eyes_of};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::knowledge_history::{Entry, History, agency, concern, entry, staff, when};

const AGENCIES: [&str; 4] = ["csc", "police", "school", "health"];
const CHANNELS: [Channel; 4] = [
    Channel::Telephone,
    Channel::Email,
    Channel::NotStated,
    Channel::InPerson,
];

type Step = (u8, usize, usize, u16, usize, usize);

/// A day of 2013, a month of it, or a day that is only about right.
fn date(day: u16, exactness: usize) -> String {
    let first: jiff::civil::Date = "2013-01-01".parse().unwrap();
    let date = first.saturating_add(jiff::Span::new().days(i64::from(day)));
    match exactness % 7 {
        0 => date.strftime("%Y-%m").to_string(),
        1 => format!("{date}~"),
        _ => date.to_string(),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a kind of step")]
fn build(steps: &[Step], seen: &mut BTreeMap<&'static str, u32>) -> History {
    let mut history = History::registered();
    let mut entries: Vec<u64> = Vec::new();
    let mut shares: Vec<u64> = Vec::new();
    let mut meetings: Vec<u64> = Vec::new();
    for (op, a, b, day, x, y) in steps.iter().copied() {
        let (from, to) = (AGENCIES[a % 4], AGENCIES[b % 4]);
        let on = date(day, x);
        let item = (!entries.is_empty()).then(|| entries[y % entries.len()]);
        let mut note = |what| *seen.entry(what).or_default() += 1;
        if x % 7 < 2 {
            note("uncertain dates");
        }
        let made: Option<Entry> = match (op % 10, item) {
            (0 | 1, _) | (_, None) => {
                let mut made = concern(from, &on, Harm::Neglect).by("W1");
                if y % 3 == 0 {
                    note("hearsay");
                    made = made.with(|event| {
                        event.assertion = AssertionKind::Hearsay;
                        event.source.kind = SourceKind::Parent;
                        event.recorded = (y % 2 == 0).then(|| when(&date(day + 20, 5)));
                    });
                } else if y % 3 == 1 && from != to {
                    note("told");
                    made = made.told(to, Some("T1"), CHANNELS[x % 4], &on);
                }
                Some(made)
            }
            (2 | 3, Some(item)) if from != to => {
                let made =
                    history.share(from, &[(to, Some("R1"))], &[item], (CHANNELS[x % 4], &on));
                Some(match y % 4 {
                    0 => third_party(made, AGENCIES[(b + 1) % 4], from, day + 40),
                    1 => third_party(made, to, from, day),
                    _ => made,
                })
            }
            (4, Some(_)) if !shares.is_empty() => {
                let kind = if x % 5 == 0 {
                    AcknowledgementKind::Automatic
                } else {
                    AcknowledgementKind::Person
                };
                note("acknowledgements");
                Some(
                    history
                        .acknowledge_by(to, shares[y % shares.len()], &on, kind)
                        .by("R2"),
                )
            }
            (5, Some(item)) => Some(meeting(&history, (from, to), item, &on)),
            (6, Some(item)) => {
                note("corrections");
                let kind = if x % 2 == 0 {
                    CorrectionKind::RecordError
                } else {
                    CorrectionKind::NewUnderstanding
                };
                Some(history.correct(item, kind, &on).with(|event| {
                    if let Content::Record(RecordContent::EventCorrected(correction)) =
                        &mut event.content
                    {
                        correction.corrected.occurred = when(&date(day, y));
                    }
                }))
            }
            (7, Some(_)) if !shares.is_empty() => {
                note("disputes of receipt");
                let share = history.refer(shares[y % shares.len()]);
                let dispute = ShareReceiptDisputed {
                    share,
                    words: String::new(),
                };
                let content = SharingContent::ShareReceiptDisputed(dispute);
                Some(entry(to, &on, Content::Sharing(content)))
            }
            (8, Some(item)) => Some(if y % 2 == 0 {
                History::attest(from, "W2", &on)
            } else {
                let handover = HandoverCompleted {
                    role: Role::SocialWorker,
                    from: staff("W1"),
                    to: staff("W2"),
                    items: history.refers(&[item]),
                    open_actions: Vec::new(),
                    documents: Vec::new(),
                    joint_visit: Tri::NotStated,
                    child_introduced: Tri::NotStated,
                };
                let content = AllocationContent::HandoverCompleted(handover);
                entry(from, &on, Content::Allocation(content))
            }),
            (_, Some(_)) if !meetings.is_empty() => {
                let minutes = MinutesSent {
                    meeting: history.refer(meetings[y % meetings.len()]),
                    to: vec![Recipient {
                        agency: agency(to),
                        staff: None,
                    }],
                    channel: Channel::Email,
                    items: Vec::new(),
                };
                Some(entry(
                    from,
                    &on,
                    Content::Meeting(MeetingContent::MinutesSent(minutes)),
                ))
            }
            _ => None,
        };
        let Some(made) = made else { continue };
        let content = made.event.content.clone();
        let position = history.push(made);
        if matches!(
            content,
            Content::Sharing(SharingContent::ShareMade(_))
                | Content::Meeting(MeetingContent::MinutesSent(_))
        ) {
            shares.push(position);
        } else if matches!(content, Content::Enquiry(_)) {
            meetings.push(position);
        }
        // A dispute is no entry that anybody shares or corrects.
        if !matches!(
            content,
            Content::Sharing(SharingContent::ShareReceiptDisputed(_))
        ) {
            entries.push(position);
        }
    }
    history
}

/// The share as somebody else recorded it, who learned of it on another day.
fn third_party(share: Entry, author: &'static str, sender: &str, known: u16) -> Entry {
    let mut share = share.with(|event| {
        event.known = Some(when(&date(known, 5)));
        if let Content::Sharing(SharingContent::ShareMade(share)) = &mut event.content {
            share.from = Some(agency(sender));
        }
    });
    share.agency = author;
    share
}

fn meeting(history: &History, (from, to): (&'static str, &str), item: u64, on: &str) -> Entry {
    let part = |id: &str, presence| Attendance {
        agency: agency(id),
        staff: Some(staff("M1")),
        presence,
        report_received: Tri::Yes,
        report_items: history.refers(&[item]),
    };
    let held = StrategyHeld {
        attendance: vec![part(to, Presence::Full), part("health", Presence::Part)],
        items_considered: history.refers(&[item]),
        ..Default::default()
    };
    entry(
        from,
        on,
        Content::Enquiry(EnquiryContent::StrategyHeld(held)),
    )
}

type Known = (State, Option<Timestamp>, Timestamp, Grade, Vec<u64>);

/// What is certainly or possibly known at an instant, fact by fact.
fn known(knowledge: &Knowledge, t: Timestamp) -> BTreeMap<(Holder, u64), Known> {
    knowledge
        .facts()
        .filter_map(|fact| {
            let mut standing = fact.standing(t)?;
            if matches!(standing.state, State::Sent | State::Disputed) {
                // Beside a sending or a dispute there is perhaps a possible knowledge.
                let mut fact = fact.clone();
                fact.proofs
                    .retain(|p| matches!(p.effect, Effect::Knows | Effect::Possible));
                standing = fact.standing(t)?;
            }
            let since = standing.since;
            let known = (
                standing.state,
                since.earliest,
                since.latest,
                standing.grade,
                standing.evidence,
            );
            Some(((fact.holder.clone(), fact.statement), known))
        })
        .collect()
}

type Facts = BTreeMap<(Holder, u64), Known>;

/// The facts that are not the same in both.
fn differ(a: &Facts, b: &Facts) -> Vec<(String, u64, Option<Known>, Option<Known>)> {
    let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    keys.into_iter()
        .filter(|key| a.get(key) != b.get(key))
        .map(|key| {
            (
                key.0.to_string(),
                key.1,
                a.get(key).cloned(),
                b.get(key).cloned(),
            )
        })
        .collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(
        (
            any::<u8>(),
            0..4_usize,
            0..4_usize,
            0..300_u16,
            0..28_usize,
            0..60_usize,
        ),
        1..40,
    )
}

thread_local! {
    static SEEN: RefCell<BTreeMap<&'static str, u32>> = const { RefCell::new(BTreeMap::new()) };
}

fn at(day: u16) -> Timestamp {
    date(day, 5).parse::<AsAt>().unwrap().instant()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_4_a_fact_clipped_at_the_moment_is_the_fact_of_the_cut(steps in steps(), day in 0..360_u16) {
        let history = SEEN.with_borrow_mut(|seen| build(&steps, seen));
        let log = history.log();
        let t = at(day);
        for basis in [Basis::Then, Basis::Now] {
            let whole = Knowledge::of(&cut(&log, basis, at(2000)));
            let part = cut(&log, basis, t);
            let in_cut = |statement: &u64| {
                part.readings().iter().any(|reading| reading.position() == *statement)
            };
            let mut expected = known(&whole, t);
            expected.retain(|(_, statement), _| in_cut(statement));
            let part = known(&Knowledge::of(&part), t);
            prop_assert!(differ(&expected, &part).is_empty(), "{basis:?} {:#?}", differ(&expected, &part));
        }
    }

    #[test]
    fn law_5_what_a_holder_knew_is_the_same_through_their_own_eyes(steps in steps(), day in 0..360_u16) {
        let history = SEEN.with_borrow_mut(|seen| build(&steps, seen));
        let log = history.log();
        let t = at(day);
        for basis in [Basis::Then, Basis::Now] {
            let all = cut(&log, basis, t);
            let facts = known(&Knowledge::of(&all), t);
            let holders: std::collections::BTreeSet<&Holder> =
                facts.keys().map(|(holder, _)| holder).collect();
            for holder in holders {
                let eyes = through_eyes_of(&all, holder);
                let mut theirs = known(&Knowledge::of(&eyes), t);
                theirs.retain(|(who, _), _| who == holder);
                let mut expected = facts.clone();
                expected.retain(|(who, _), _| who == holder);
                prop_assert!(
                    differ(&expected, &theirs).is_empty(),
                    "{holder} {basis:?} {:#?}",
                    differ(&expected, &theirs)
                );
            }
        }
    }
}

#[test]
fn the_random_histories_hold_every_kind_of_trouble() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..100 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        build(&steps, &mut seen);
    }
    for what in [
        "uncertain dates",
        "hearsay",
        "told",
        "acknowledgements",
        "corrections",
        "disputes of receipt",
    ] {
        assert!(
            seen.get(what).copied().unwrap_or(0) > 20,
            "{what}: {seen:?}"
        );
    }
}

#[test]
fn law_5_a_link_is_known_since_the_same_day_through_eyes_that_see_one_of_its_ends_alone() {
    let mut history = History::new();
    let theirs = history.push(concern("school", "2013-03-05", Harm::Neglect));
    let own = history.push(concern("csc", "2013-02-01", Harm::Neglect));
    let link = MatterLinked {
        a: history.refer(own),
        b: history.refer(theirs),
    };
    let content = Content::Record(RecordContent::MatterLinked(link));
    let link = history.push(entry("csc", "2013-02-01", content));
    for basis in [Basis::Then, Basis::Recorded, Basis::Ledger, Basis::Now] {
        let all = history.cut(basis, "2026-06-01");
        let csc = Holder::Agency(agency("csc"));
        let eyes = through_eyes_of(&all, &csc);
        assert!(eyes.reading(theirs).is_none(), "{basis:?}");
        let since = |cut: &Cut| Knowledge::of(cut).standing(&csc, link).unwrap().since;
        assert_eq!(since(&all), since(&eyes), "{basis:?}");
    }
}
