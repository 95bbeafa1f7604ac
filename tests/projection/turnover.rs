//! What a change of holder leaves behind (`semantics.md` 6.4), and what the absence in it is worth (section 4).

use crate::knowledge_history::{Entry, History, agency, concern, disclosure, entry, when};
use caseledger::domain::event::feed::{FeedConfirmedTo, FeedContent, FeedDeclared};
use caseledger::domain::event::{Channel, Content, FeedKind, Harm, Role, Significance};
use caseledger::domain::id::Practitioner;
use caseledger::domain::time::AsAt;
use caseledger::projection::coverage::{Absence, Reason};
use caseledger::projection::cut::{Basis, cut};
use caseledger::projection::knowledge::{HolderChange, Turnover, turnover};
use caseledger::projection::need::Case;
use caseledger::projection::placed::{Log, Unseen, UnseenReason};
use caseledger::rules::Pack;

fn practitioner(text: &str) -> Practitioner {
    text.parse().unwrap()
}

/// SW2 held until 1 March 2013, SW3 from Monday 4 March.
fn asked(log: &Log, day: &str) -> Turnover {
    let change = HolderChange {
        role: Role::SocialWorker,
        children: Vec::new(),
        from: practitioner("csc/SW2"),
        ended: "2013-03-01".parse().unwrap(),
        to: Some((practitioner("csc/SW3"), "2013-03-04".parse().unwrap())),
    };
    let cut = cut(log, Basis::Then, &day.parse::<AsAt>().unwrap());
    let case = Case::of(&cut, Pack::england());
    turnover(&case, &[change], &[practitioner("csc/SW3")].into())
}

fn key(entry: Entry) -> Entry {
    entry.with(|event| event.significance = Significance::Key)
}

/// The police tell somebody of social care of an item on 19 February, by telephone.
fn tell(history: &mut History, item: u64, who: &str) -> u64 {
    let to = [("csc", Some(who))];
    let share = history.share("police", &to, &[item], (Channel::Telephone, "2013-02-19"));
    history.push(share)
}

/// The four agencies; social care's feed carries these kinds, and the records are there up to that day.
fn live(kinds: &[FeedKind], through: &str) -> History {
    let mut history = History::registered();
    for id in ["police", "school", "health"] {
        history.connect(id);
    }
    let declared = FeedContent::FeedDeclared(FeedDeclared {
        agency: agency("csc"),
        kinds: kinds.to_vec(),
        fields_not_collected: Vec::new(),
        live_from: when("2010-01-01"),
    });
    let through = FeedContent::FeedConfirmedTo(FeedConfirmedTo {
        agency: agency("csc"),
        kinds: Vec::new(),
        through: when(through),
    });
    history.push(entry("csc", "2010-01-01", Content::Feed(declared)));
    history.push(entry("csc", "2010-01-01", Content::Feed(through)));
    history.plan();
    history
}

fn left(turnover: &Turnover) -> Vec<(u64, Absence)> {
    let rows = turnover.left.iter();
    rows.map(|row| (row.item, row.outcome)).collect()
}

#[test]
fn only_listed_kinds_and_key_items_leave_with_a_person() {
    let mut history = History::new();
    let plain = history.push(concern("police", "2013-02-02", Harm::Neglect));
    let significant = history.push(key(concern("police", "2013-02-03", Harm::Neglect)));
    let listed = history.push(disclosure("police", "2013-02-04", "PO1"));
    for item in [plain, significant, listed] {
        tell(&mut history, item, "SW2");
    }
    let mut items: Vec<u64> = left(&asked(&history.log(), "2013-03-10"))
        .into_iter()
        .map(|(item, _)| item)
        .collect();
    items.sort_unstable();
    assert_eq!(items, [significant, listed]);
}

#[test]
fn without_read_events_in_the_feed_what_left_with_a_person_cannot_be_known() {
    let of = |kinds: &[FeedKind]| {
        let mut history = live(kinds, "2013-12-31");
        let item = history.push(key(concern("police", "2013-02-03", Harm::Neglect)));
        tell(&mut history, item, "SW2");
        (item, left(&asked(&history.log(), "2013-03-10")))
    };
    let (item, known) = of(FeedKind::ALL);
    assert_eq!(known, [(item, Absence::NoRecord)]);
    let without: Vec<FeedKind> = FeedKind::ALL
        .iter()
        .copied()
        .filter(|kind| *kind != FeedKind::Reads)
        .collect();
    let (item, unknown) = of(&without);
    let outcome = Absence::Undeterminable(Reason::KindNotCarried);
    assert_eq!(unknown, [(item, outcome)]);
}

#[test]
fn erasing_the_agencys_own_receipt_finds_nothing_that_left_with_a_person() {
    let mut history = History::new();
    let item = history.push(key(concern("police", "2013-02-03", Harm::Neglect)));
    let share = tell(&mut history, item, "SW2");
    let received = history.acknowledge("csc", share, "2013-02-20").by("SW2");
    let received = history.push(received);
    assert_eq!(left(&asked(&history.log(), "2013-03-10")), []);
    history.entries.retain(|entry| entry.position != received);
    let erased = Unseen {
        position: received,
        reason: UnseenReason::Erased,
        agency: Some(agency("csc")),
        kind: None,
        month: None,
        appended: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let log = Log::with_unseen(history.entries, vec![erased]);
    let outcome = Absence::Undeterminable(Reason::Erased(1));
    assert_eq!(left(&asked(&log, "2013-03-10")), [(item, outcome)]);
}

#[test]
fn an_item_told_to_a_holder_who_left_and_to_somebody_who_holds_nothing_left_with_the_person() {
    let mut history = History::new();
    let item = history.push(key(concern("police", "2013-02-03", Harm::Neglect)));
    tell(&mut history, item, "SW2");
    tell(&mut history, item, "D1");
    let found = asked(&history.log(), "2013-03-10").left;
    assert_eq!(found.len(), 1);
    let both = vec![practitioner("csc/D1"), practitioner("csc/SW2")];
    assert_eq!(found[0].known_to, both);
    assert_eq!(found[0].since, "2013-03-01".parse().unwrap());
    // Somebody who holds nothing, alone, is no change of holder.
    let mut other = History::new();
    let item = other.push(key(concern("police", "2013-02-03", Harm::Neglect)));
    tell(&mut other, item, "D1");
    assert_eq!(asked(&other.log(), "2013-03-10").left, []);
}

#[test]
fn before_its_time_is_over_an_absence_of_reading_is_judged_up_to_the_as_at_date_only() {
    // The feed of social care reaches to the day asked, as a feed does.
    let mut history = live(FeedKind::ALL, "2013-03-10");
    history.push(disclosure("csc", "2013-01-10", "SW2"));
    let rows = asked(&history.log(), "2013-03-10").on_file;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].is_finding, rows[0].outcome),
        (false, Absence::NoRecord)
    );
}

#[test]
fn k4_an_item_acknowledged_by_the_one_before_is_on_file_until_the_next_attests_the_file() {
    let mut history = History::new();
    let i31 = history.push(disclosure("school", "2013-01-09", "T1"));
    let share = history.share(
        "school",
        &[("csc", None)],
        &[i31],
        (Channel::Email, "2013-01-10"),
    );
    let share = history.push(share);
    let received = history.acknowledge("csc", share, "2013-01-15").by("SW2");
    history.push(received);
    history.push(History::attest("csc", "SW3", "2013-03-20"));
    for day in ["2013-03-04", "2013-03-19"] {
        let rows = asked(&history.log(), day).on_file;
        assert_eq!((rows.len(), &rows[0].items[..]), (1, &[i31][..]), "{day}");
        assert!(!rows[0].is_finding, "within twenty working days");
    }
    assert_eq!(asked(&history.log(), "2013-03-20").on_file, []);
    assert_eq!(asked(&history.log(), "2026-01-01").on_file, []);
    assert_eq!(left(&asked(&history.log(), "2026-01-01")), []);
}
