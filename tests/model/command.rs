//! What can happen to a ledger. A command names things by a number that is taken modulo what there is, so a story stays
//! a story when commands are struck out of it.

use proptest::collection::vec;
use proptest::prelude::*;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Agency {
    Csc,
    Police,
    School,
}

impl Agency {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csc => "csc",
            Self::Police => "police",
            Self::School => "school",
        }
    }
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The case opens.
    Open(u8),
    /// A concern in a case.
    Concern(u8),
    /// The sender registers itself.
    Register,
    /// A concern that names no source of information, which no ledger takes.
    Sourceless(u8),
}

/// What the sender believes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    /// It says nothing about it.
    None,
    /// The number of entries and the last link, both right.
    Right,
    /// The right number alone.
    Number,
    /// One entry fewer than there are, with its link.
    Stale,
    /// One entry more than there are.
    Ahead,
    /// The right number and the link of nothing.
    OtherLink,
}

/// One event of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// It was never sent before.
    Fresh(Event, Belief),
    /// It comes from an import.
    Imported(Event),
    /// One that was sent before: the same id and the same bytes.
    Again(u8),
    /// One that was sent before: the same id, the same fields in another order.
    Reordered(u8),
    /// The id of one that was sent before, and other content.
    Changed(u8),
}

/// In which form events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Each is its own request, and the next one waits for its answer.
    Singly,
    /// All or none.
    Batch,
    /// One after the other without waiting for answers.
    Stream,
}

/// How an entry is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// By its number in the ledger; up to two beyond the end.
    Position(u8),
    /// By its number in a case.
    InCase(u8, u8),
    /// By the id of something that was sent, as the agency that asks gave it.
    Sent(u8),
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Somebody sends events.
    Send(Agency, How, Vec<Item>),
    /// A case is read from a number on, at most so many (0: all).
    ReadCase { case: u8, from: u8, most: u8 },
    /// One entry is asked for.
    Get(Agency, Which),
    /// A subscription in this slot begins anew at a position (up to two beyond the end), of one case or of all.
    Follow {
        slot: u8,
        from: u8,
        only: Option<u8>,
    },
    /// What waits for a subscriber is taken, at most so many, and it must be the next ones.
    Take { slot: u8, most: u8 },
    /// A subscriber vanishes and comes back where it was.
    Resume(u8),
    /// A case is asked about as at a position (up to two beyond the end), or now.
    Ask { case: u8, position: Option<u8> },
    /// All stored bytes are checked, against every checkpoint that was ever given out.
    Verify,
    /// An event is sent and its commit fails: the store kept it, or lost it.
    Doubt { by: Agency, case: u8, kept: bool },
    /// The ledger is stopped and started.
    Restart,
    /// The ledger goes away without a stop and is started; its unsynced head file is kept, or lost.
    Crash { head_lost: bool },
}

/// Cases in a story.
pub(crate) const CASES: u8 = 3;

fn agency() -> impl Strategy<Value = Agency> {
    prop_oneof![
        3 => Just(Agency::Csc),
        1 => Just(Agency::Police),
        1 => Just(Agency::School)
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        10 => (0..CASES).prop_map(Event::Concern),
        4 => (0..CASES).prop_map(Event::Open),
        1 => Just(Event::Register),
        1 => (0..CASES).prop_map(Event::Sourceless),
    ]
}

fn belief() -> impl Strategy<Value = Belief> {
    prop_oneof![
        6 => Just(Belief::None),
        3 => Just(Belief::Right),
        1 => Just(Belief::Number),
        2 => Just(Belief::Stale),
        1 => Just(Belief::Ahead),
        1 => Just(Belief::OtherLink),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        8 => (event(), belief()).prop_map(|(event, belief)| Item::Fresh(event, belief)),
        1 => event().prop_map(Item::Imported),
        3 => any::<u8>().prop_map(Item::Again),
        1 => any::<u8>().prop_map(Item::Reordered),
        2 => any::<u8>().prop_map(Item::Changed),
    ]
}

/// Mostly plain appends, because everything else needs some.
fn send() -> impl Strategy<Value = Command> {
    let how = prop_oneof![
        4 => (Just(How::Singly), vec(item(), 1..3)),
        2 => (Just(How::Batch), vec(item(), 1..5)),
        2 => (Just(How::Stream), vec(item(), 1..8)),
        // Whole pages: a subscriber's buffer and the page of a catch-up are crossed.
        1 => (Just(How::Batch), (0..CASES, 60_usize..140)
            .prop_map(|(case, n)| vec![Item::Fresh(Event::Concern(case), Belief::None); n])),
    ];
    (agency(), how).prop_map(|(by, (how, items))| Command::Send(by, how, items))
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        any::<u8>().prop_map(Which::Position),
        (0..CASES, any::<u8>()).prop_map(|(case, seq)| Which::InCase(case, seq)),
        any::<u8>().prop_map(Which::Sent),
    ]
}

/// What a story mostly begins with: without a case there is little to tell.
fn beginning() -> impl Strategy<Value = Command> {
    let open = |case| Item::Fresh(Event::Open(case), Belief::None);
    let how = prop_oneof![Just(How::Singly), Just(How::Batch), Just(How::Stream)];
    let send = move |(by, how)| Command::Send(by, how, vec![open(0), open(1)]);
    (agency(), how).prop_map(send)
}

/// A command for a ledger that is empty or not, in which a failed commit can be lost or not.
pub(crate) fn next(is_empty: bool, can_lose: bool) -> BoxedStrategy<Command> {
    let any = command(can_lose);
    if is_empty {
        prop_oneof![3 => beginning(), 1 => any].boxed()
    } else {
        any
    }
}

fn command(can_lose: bool) -> BoxedStrategy<Command> {
    let only = || proptest::option::weighted(0.4, 0..CASES);
    let kept = if can_lose {
        any::<bool>().boxed()
    } else {
        Just(true).boxed()
    };
    prop_oneof![
        40 => send(),
        8 => (0..CASES, any::<u8>(), 0..6_u8)
            .prop_map(|(case, from, most)| Command::ReadCase { case, from, most }),
        8 => (agency(), which()).prop_map(|(by, which)| Command::Get(by, which)),
        12 => (0..2_u8, any::<u8>(), only())
            .prop_map(|(slot, from, only)| Command::Follow { slot, from, only }),
        14 => (0..2_u8, 1..90_u8).prop_map(|(slot, most)| Command::Take { slot, most }),
        3 => (0..2_u8).prop_map(Command::Resume),
        12 => (0..CASES, proptest::option::weighted(0.8, any::<u8>()))
            .prop_map(|(case, position)| Command::Ask { case, position }),
        3 => Just(Command::Verify),
        2 => (agency(), 0..CASES, kept)
            .prop_map(|(by, case, kept)| Command::Doubt { by, case, kept }),
        3 => Just(Command::Restart),
        3 => any::<bool>().prop_map(|head_lost| Command::Crash { head_lost }),
    ]
    .boxed()
}
