//! The one state machine: stories are made with the model, played on a ledger, and shrunk when an answer differs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use crate::command::{Command, next};
use crate::disk::Kind;
use crate::model::{Due, Model};
use crate::teller::Teller;

/// Most commands in a story.
const LENGTH: usize = 40;

/// Longest that shrinking may take, in milliseconds.
const SHRINKING: u32 = 120_000;

/// Stories told to one kind of ledger.
#[derive(Debug)]
pub(crate) struct Story<K>(PhantomData<K>);

thread_local! {
    /// How often which command had which answer.
    static TALLY: RefCell<BTreeMap<String, u64>> = const { RefCell::new(BTreeMap::new()) };
}

impl<K: Kind> ReferenceStateMachine for Story<K> {
    type State = Model;
    type Transition = Command;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Command> {
        next(model.entries.is_empty(), !K::SLED)
    }

    fn apply(model: Model, command: &Command) -> Model {
        model.step(command)
    }
}

impl<K: Kind> StateMachineTest for Story<K> {
    type SystemUnderTest = Teller;
    type Reference = Self;

    fn init_test(_model: &Model) -> Teller {
        Teller::new::<K>()
    }

    fn apply(mut teller: Teller, model: &Model, command: Command) -> Teller {
        teller.play(&command, model);
        count(&command, model.due.as_ref().unwrap());
        teller
    }

    fn teardown(mut teller: Teller, model: Model) {
        teller.end(model);
    }
}

/// Tells stories; the first that fails is printed, as short as it could be made.
pub(crate) fn tell<K: Kind>() {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_time: SHRINKING,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    if !asked {
        config.cases = K::STORIES;
    }
    let stories = Story::<K>::sequential_strategy(1..=LENGTH);
    let told = TestRunner::new(config.clone()).run(&stories, |(model, commands, seen)| {
        Story::<K>::test_sequential(config.clone(), model, commands, seen);
        Ok(())
    });
    match told {
        Ok(()) => {}
        Err(TestError::Fail(why, (_, commands, _))) => {
            let lines: Vec<String> = commands.iter().map(|it| format!("    {it:?},")).collect();
            let story = lines.join("\n");
            panic!("{}: {why}\nthe story:\nvec![\n{story}\n]", K::NAME);
        }
        Err(TestError::Abort(why)) => panic!("{}: {why}", K::NAME),
    }
    let tally = TALLY.take();
    for (what, times) in &tally {
        println!("{}: {times:>6}  {what}", K::NAME);
    }
    let usual = USUAL.iter().all(|what| tally.contains_key(*what));
    assert!(asked || usual, "the stories had too little in them");
}

/// Plays a story that somebody wrote down, and tells what was in it.
pub(crate) fn play<K: Kind>(commands: Vec<Command>) -> BTreeMap<String, u64> {
    let config = Config::default();
    Story::<K>::test_sequential(config, Model::default(), commands, None);
    TALLY.take()
}

/// What a few random stories always have in them; the rest is in the one that was written down ([`EVERYTHING`]).
const USUAL: [&str; 3] = ["send Singly: placed", "send Batch: placed", "read: entries"];

/// What a story with everything has in it.
pub(crate) const EVERYTHING: [&str; 23] = [
    "doubt, kept: true",
    "send Singly: placed",
    "send Singly: repeat",
    "send Singly: EVENT_ID_REUSED",
    "send Singly: HEAD_MOVED",
    "send Batch: placed",
    "send Batch: repeat",
    "send Batch: HEAD_MOVED",
    "send Stream: placed",
    "send Stream: repeat",
    "send Singly: COMMIT_IN_DOUBT",
    "send Singly: UNKNOWN_CASE",
    "send Singly: CASE_EXISTS",
    "send Singly: INVALID_FIELD",
    "read: entries",
    "read: UNKNOWN_ENTRY",
    "subscribe: begins",
    "take: entries",
    "ask as at a position: told",
    "verify",
    "restart",
    "crash, head kept",
    "crash, head lost",
];

fn count(command: &Command, due: &Due) {
    let mut words = Vec::new();
    match (command, due) {
        (Command::Send(_, how, _), Due::Sent(_, answers)) => {
            words.extend(answers.iter().map(|answer| match answer {
                Ok(place) if place.repeat => format!("send {how:?}: repeat"),
                Ok(_) => format!("send {how:?}: placed"),
                Err(refused) => format!("send {how:?}: {}", refused.reason),
            }));
        }
        (Command::Doubt { kept, .. }, _) => words.push(format!("doubt, kept: {kept}")),
        (Command::ReadCase { .. } | Command::Get(..), Due::Entries(due)) => {
            words.push(match due {
                Ok(_) => "read: entries".to_owned(),
                Err(refused) => format!("read: {}", refused.reason),
            });
        }
        (Command::Follow { .. }, Due::Follows(refused)) => words.push(match refused {
            None => "subscribe: begins".to_owned(),
            Some(refused) => format!("subscribe: {}", refused.reason),
        }),
        (Command::Take { .. }, Due::Entries(Ok(due))) => {
            let what = if due.is_empty() { "nothing" } else { "entries" };
            words.push(format!("take: {what}"));
        }
        (Command::Ask { .. }, Due::Told(position, due)) => {
            let when = position.map_or("now", |_| "as at a position");
            let what = due
                .as_ref()
                .map_or_else(|refused| refused.reason, |_| "told");
            words.push(format!("ask {when}: {what}"));
        }
        (Command::Verify, _) => words.push("verify".to_owned()),
        (Command::Restart, _) => words.push("restart".to_owned()),
        (Command::Crash { head_lost }, _) => {
            let head = if *head_lost { "lost" } else { "kept" };
            words.push(format!("crash, head {head}"));
        }
        (_, _) => {}
    }
    TALLY.with_borrow_mut(|tally| {
        for word in words {
            *tally.entry(word).or_default() += 1;
        }
    });
}
