//! The stories: random ones for each kind of ledger, and one that has every command in it.

use crate::command::Agency::{Csc, Police};
use crate::command::{Belief, Command, Event, How, Item, Which};
use crate::disk::Kind;
use crate::machine::{EVERYTHING, play, tell};

/// The service, everything in memory.
struct Memory;

impl Kind for Memory {
    const NAME: &'static str = "memory";
    const SLED: bool = false;
    const WIRE: bool = false;
    const STORIES: u32 = 30;
}

/// The service on sled and a key file.
struct Sled;

impl Kind for Sled {
    const NAME: &'static str = "sled";
    const SLED: bool = true;
    const WIRE: bool = false;
    const STORIES: u32 = 15;
}

/// A client of a server on sled.
struct Client;

impl Kind for Client {
    const NAME: &'static str = "client";
    const SLED: bool = true;
    const WIRE: bool = true;
    const STORIES: u32 = 15;
}

#[test]
fn the_service_in_memory_answers_as_the_model() {
    tell::<Memory>();
}

#[test]
fn the_service_on_sled_answers_as_the_model() {
    tell::<Sled>();
}

#[test]
fn a_client_of_a_server_is_answered_as_by_the_model() {
    tell::<Client>();
}

fn concern(belief: Belief) -> Item {
    Item::Fresh(Event::Concern(0), belief)
}

fn open(case: u8) -> Item {
    Item::Fresh(Event::Open(case), Belief::Right)
}

/// Every command, in an order in which each has something to do.
fn all_commands() -> Vec<Command> {
    [sending(), reading(), falling()].concat()
}

/// Events are sent, and subscribers take them.
fn sending() -> Vec<Command> {
    vec![
        Command::Send(
            Csc,
            How::Singly,
            vec![open(0), concern(Belief::None), Item::Again(1)],
        ),
        Command::Follow {
            slot: 0,
            from: 0,
            only: None,
        },
        Command::Follow {
            slot: 1,
            from: 1,
            only: Some(0),
        },
        Command::Send(Csc, How::Singly, vec![Item::Changed(1), Item::Reordered(1)]),
        Command::Send(
            Police,
            How::Singly,
            vec![Item::Again(1), concern(Belief::Stale)],
        ),
        Command::Ask {
            case: 0,
            position: Some(3),
        },
        Command::Ask {
            case: 0,
            position: Some(1),
        },
        Command::Send(
            Police,
            How::Batch,
            vec![open(1), Item::Imported(Event::Concern(1))],
        ),
        Command::Send(
            Csc,
            How::Batch,
            vec![concern(Belief::None), concern(Belief::Ahead)],
        ),
        Command::Take { slot: 0, most: 2 },
        Command::Send(Csc, How::Batch, vec![concern(Belief::None); 130]),
        Command::Take { slot: 1, most: 90 },
        Command::Resume(1),
        Command::Send(
            Csc,
            How::Stream,
            vec![concern(Belief::None), Item::Again(0)],
        ),
        Command::Send(
            Csc,
            How::Singly,
            vec![Item::Fresh(Event::Register, Belief::None)],
        ),
    ]
}

/// What is there is read, and what is wrong is sent.
fn reading() -> Vec<Command> {
    vec![
        Command::ReadCase {
            case: 0,
            from: 2,
            most: 5,
        },
        Command::Get(Csc, Which::Position(4)),
        Command::Get(Csc, Which::InCase(1, 2)),
        Command::Get(Police, Which::Sent(1)),
        Command::Send(
            Csc,
            How::Batch,
            vec![Item::Again(1), concern(Belief::Right), Item::Again(0)],
        ),
        Command::Send(
            Csc,
            How::Singly,
            vec![open(0), Item::Changed(0), concern(Belief::Ahead)],
        ),
        Command::Send(
            Csc,
            How::Singly,
            vec![
                Item::Fresh(Event::Sourceless(0), Belief::None),
                Item::Fresh(Event::Concern(2), Belief::None),
            ],
        ),
        Command::Get(Police, Which::Sent(2)),
        Command::Verify,
    ]
}

/// The ledger goes away, and comes back.
fn falling() -> Vec<Command> {
    vec![
        Command::Crash { head_lost: true },
        Command::Ask {
            case: 0,
            position: Some(3),
        },
        Command::Doubt {
            by: Csc,
            case: 2,
            kept: true,
        },
        Command::Send(Csc, How::Singly, vec![Item::Again(1)]),
        Command::Restart,
        Command::Send(
            Csc,
            How::Stream,
            vec![Item::Again(1), concern(Belief::Number)],
        ),
        Command::Take { slot: 0, most: 89 },
        Command::Crash { head_lost: false },
        Command::Ask {
            case: 0,
            position: None,
        },
        Command::Take { slot: 1, most: 89 },
    ]
}

#[test]
fn a_story_with_every_command_is_the_same_on_all_three() {
    let tallies = [
        play::<Memory>(all_commands()),
        play::<Sled>(all_commands()),
        play::<Client>(all_commands()),
    ];
    for tally in &tallies {
        assert_eq!(tally, &tallies[0]);
        for what in EVERYTHING {
            assert!(tally.contains_key(what), "the story has no: {what}");
        }
    }
}
