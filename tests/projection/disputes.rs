//! A recipient's dispute of receipt belongs to the share: it stands and falls with it, also where the share is out of
//! view (`semantics.md` 2, and laws 5 and 6 of 3.4).

use crate::knowledge_history::{Entry, History, agency, concern, entry, holder};
use caseledger::domain::event::record::{EventRetracted, RecordContent, RetractionReason};
use caseledger::domain::event::sharing::{InfoResponded, ShareReceiptDisputed, SharingContent};
use caseledger::domain::event::{Channel, Content, Harm, Tri};
use caseledger::domain::time::When;
use caseledger::projection::cut::{Basis, ReadingKind};
use caseledger::projection::knowledge::{Holder, Knowledge, State, through_eyes_of};

fn dispute(history: &History, by: &'static str, share: u64, on: &str) -> Entry {
    let dispute = ShareReceiptDisputed {
        share: history.refer(share),
        words: String::new(),
    };
    let content = SharingContent::ShareReceiptDisputed(dispute);
    entry(by, on, Content::Sharing(content))
}

fn state(history: &History, basis: Basis, who: &str, item: u64) -> Option<State> {
    let knowledge = history.knowledge(basis, "2013-06-01");
    let standing = knowledge.standing(&holder(who), item);
    standing.map(|standing| standing.state)
}

/// A concern of the school's, shared with social care by e-mail on the day given.
fn shared(on: &str) -> (History, u64, u64) {
    let mut history = History::new();
    let item = history.push(concern("school", "2013-02-01", Harm::Neglect));
    let to = [("csc", None)];
    let share = history.share("school", &to, &[item], (Channel::Telephone, on));
    let share = history.push(share);
    (history, item, share)
}

#[test]
fn a_share_that_is_not_in_the_cut_moves_no_dispute_of_it() {
    // The share is dated after its dispute: a messy record is still a record.
    let (mut history, _, share) = shared("2013-03-10");
    let by = dispute(&history, "csc", share, "2013-03-05");
    let by = history.push(by);
    let mut without = history.clone();
    without.entries.retain(|placed| placed.position != share);
    for basis in [Basis::Then, Basis::Now] {
        let (with, without) = (
            history.cut(basis, "2013-03-07"),
            without.cut(basis, "2013-03-07"),
        );
        assert!(with.reading(share).is_none());
        assert_eq!(with, without, "{basis:?}");
        let reading = with.reading(by).unwrap();
        assert_eq!(reading.kind(), ReadingKind::AboutRecord);
        assert!(!with.facts().any(|fact| fact.position() == by));
        let known = Knowledge::of(&with);
        assert!(known.holders_of(by).is_empty(), "nobody's knowledge");
        assert_eq!(known, Knowledge::of(&without));
        // With the share it is part of the share's statement.
        let later = history.cut(basis, "2013-03-12");
        assert_eq!(later.reading(by).unwrap().position(), share);
    }
}

#[test]
fn through_eyes_from_which_the_share_is_hidden_a_dispute_of_it_is_nobodys_knowledge() {
    let (mut history, item, share) = shared("2013-03-01");
    for by in ["csc", "police"] {
        let made = dispute(&history, by, share, "2013-03-05").with(|event| {
            event.occurred = When::unknown();
            event.recorded = None;
        });
        history.push(made);
    }
    for basis in [Basis::Then, Basis::Now, Basis::Recorded, Basis::Ledger] {
        let all = history.cut(basis, "2030-01-01");
        let known = Knowledge::of(&all);
        for who in ["csc", "police", "school", "health"] {
            let who = Holder::Agency(agency(who));
            let eyes = through_eyes_of(&all, &who);
            let theirs = Knowledge::of(&eyes);
            assert_eq!(
                theirs.known_to(&who),
                known.known_to(&who),
                "{basis:?} {who}"
            );
            for fact in theirs.facts().filter(|fact| fact.holder == who) {
                assert_eq!(
                    Some(fact),
                    known.fact(&who, fact.statement),
                    "{basis:?} {who}"
                );
            }
            let shown = eyes.reading(share).is_some();
            let kept = eyes.log().entries().iter().filter(|placed| {
                matches!(
                    placed.event.content,
                    Content::Sharing(SharingContent::ShareReceiptDisputed(_))
                )
            });
            let expected = if shown { 2 } else { 0 };
            assert_eq!(
                kept.count(),
                expected,
                "{basis:?} {who}: with the share or not at all"
            );
        }
    }
    // What social care had by the share is disputed; the police's word changes nothing, and stands with the share.
    assert_eq!(
        state(&history, Basis::Then, "csc", item),
        Some(State::Disputed)
    );
    let cut = history.cut(Basis::Then, "2030-01-01");
    assert_eq!(cut.reading(share).unwrap().disputes().len(), 1);
}

#[test]
fn who_was_sent_an_answer_may_dispute_its_receipt_too() {
    let mut history = History::new();
    let item = history.push(concern("school", "2013-02-01", Harm::Neglect));
    let answer = InfoResponded {
        request: history.refer(0),
        to: agency("csc"),
        items: history.refers(&[item]),
        complete: Tri::Yes,
        reason: String::new(),
    };
    let content = Content::Sharing(SharingContent::InfoResponded(answer));
    let answer = history.push(entry("school", "2013-02-04", content));
    assert_eq!(state(&history, Basis::Then, "csc", item), Some(State::Sent));
    let by = dispute(&history, "csc", answer, "2013-02-20");
    history.push(by);
    assert_eq!(
        state(&history, Basis::Then, "csc", item),
        Some(State::Disputed)
    );
}

#[test]
fn a_dispute_that_is_taken_back_as_never_made_disputes_nothing() {
    let (mut history, item, share) = shared("2013-03-01");
    let by = dispute(&history, "csc", share, "2013-03-05");
    let by = history.push(by);
    assert_eq!(
        state(&history, Basis::Then, "csc", item),
        Some(State::Disputed)
    );
    let taken = EventRetracted {
        target: history.refer(by),
        reason: RetractionReason::NeverHappened,
        words: String::new(),
    };
    let content = Content::Record(RecordContent::EventRetracted(taken));
    history.push(entry("csc", "2013-03-20", content));
    assert_eq!(
        state(&history, Basis::Then, "csc", item),
        Some(State::Knows)
    );
}
