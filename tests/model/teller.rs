//! Plays commands on a ledger and compares every answer with the model's.

mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::note::VerifierKey;
use tonic::Code;

use crate::command::{Agency, Command, How, Which};
use crate::direct::Direct;
use crate::disk::{Disk, Kind, Open};
use crate::line::{Feed, Line, Positions, Raw, bytes, case_name, event_id};
use crate::model::{Chain, Due, Expected, ExpectedLink, Model, Place, Refusal, Request};
use crate::wire::Wire;

/// What was said of an entry when it was first shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Witnessed {
    link: Vec<u8>,
    appended: u64,
}

/// A ledger that a story is told to, and what it has ever said.
pub(crate) struct Teller {
    disk: Disk,
    wire: bool,
    line: Option<Box<dyn Line>>,
    ports: Option<Open>,
    key: VerifierKey,
    feeds: [Option<Box<dyn Feed>>; 2],
    witnessed: BTreeMap<u64, Witnessed>,
    checkpoints: BTreeMap<u64, SignedCheckpoint>,
    /// Checkpoints whose signature was checked: receipts of one commit carry the same one.
    notes: BTreeMap<String, SignedCheckpoint>,
    /// What was answered of a case as at a position.
    answers: BTreeMap<(u8, u64), String>,
}

impl Teller {
    pub(crate) fn new<K: Kind>() -> Self {
        let mut disk = Disk::new(K::SLED);
        let ports = disk.open();
        let key = ports.service.verifier_key().parse().unwrap();
        let mut teller = Self {
            disk,
            wire: K::WIRE,
            line: None,
            ports: None,
            key,
            feeds: [None, None],
            witnessed: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            notes: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        teller.connect(ports);
        teller
    }

    fn connect(&mut self, ports: Open) {
        let service = Arc::clone(&ports.service);
        self.line = Some(if self.wire {
            Wire::over(service)
        } else {
            Direct::over(service)
        });
        self.ports = Some(ports);
    }

    fn line(&mut self) -> &mut dyn Line {
        self.line.as_mut().unwrap().as_mut()
    }

    /// Plays a command; the model has just taken it.
    pub(crate) fn play(&mut self, command: &Command, model: &Model) {
        let due = model.due.as_ref().unwrap();
        match (command, due) {
            (Command::Send(by, how, _), Due::Sent(requests, answers)) => {
                self.send(*by, *how, (requests, answers), model);
            }
            (
                Command::Doubt { by, kept, .. },
                Due::Doubted {
                    request,
                    refusal,
                    first,
                },
            ) => {
                if *first {
                    self.disk.fail_next(*kept);
                }
                let answers = [Err(refusal.clone())];
                self.send(*by, How::Singly, (&[*request], &answers), model);
            }
            (Command::ReadCase { case, from, most }, Due::Entries(due)) => {
                let from = model.seq_in(*case, *from);
                let found = self
                    .line()
                    .read_case(&case_name(*case), from, u64::from(*most));
                self.compare(found, due, model);
            }
            (Command::Get(by, which), Due::Entries(due)) => {
                let found = match *which {
                    Which::Position(number) => self.line().position(model.up_to(number)),
                    Which::InCase(case, number) => {
                        let seq = model.seq_in(case, number);
                        self.line().in_case(&case_name(case), seq)
                    }
                    Which::Sent(number) => self.line().sent(*by, event_id(model.id_of(number))),
                };
                self.compare(found.map(|seen| vec![seen]), due, model);
            }
            (Command::Follow { slot, from, only }, Due::Follows(due)) => {
                let only = only.map(case_name);
                let feed = self.line().follow(model.up_to(*from), only.as_deref());
                match (feed, due) {
                    (Ok(feed), None) => self.feeds[usize::from(*slot)] = Some(feed),
                    (Err(found), Some(due)) => {
                        self.feeds[usize::from(*slot)] = None;
                        self.same_refusal(&found, due, true);
                    }
                    (found, due) => panic!("subscribed: {}, due {due:?}", found.is_ok()),
                }
            }
            (Command::Take { slot, .. }, Due::Entries(Ok(due))) => self.take(*slot, due, model),
            (Command::Resume(slot), Due::Nothing) => {
                self.feeds[usize::from(*slot)] = None;
                self.resume(*slot, model);
            }
            (Command::Ask { case, .. }, Due::Told(position, due)) => {
                self.ask(*case, *position, due, model);
            }
            (Command::Verify, Due::Nothing) => self.verify(model),
            (Command::Restart, Due::Stopped { drained, clean }) => {
                self.restart(drained, *clean, model);
            }
            (Command::Crash { head_lost }, Due::Nothing) => self.crash(*head_lost, model),
            (command, due) => panic!("{command:?} with {due:?}"),
        }
        self.check_head(model);
    }

    fn raw(&mut self, request: &Request) -> Raw {
        let expected = request.expected.map(|Expected { seq, link }| {
            let link = match link {
                ExpectedLink::None => Vec::new(),
                ExpectedLink::Of(position) => self.link_of(position),
                ExpectedLink::Wrong => vec![0xee; 32],
            };
            (seq, link)
        });
        Raw {
            id: event_id(request.sent.id),
            event: bytes(&request.sent),
            expected,
            imported: request.sent.imported,
        }
    }

    fn send(
        &mut self,
        by: Agency,
        how: How,
        (requests, due): (&[Request], &[Result<Place, Refusal>]),
        model: &Model,
    ) {
        let last = self.witnessed.values().map(|it| it.appended).max();
        let raws: Vec<Raw> = requests.iter().map(|request| self.raw(request)).collect();
        let found = self.line().send(by, how, raws);
        assert_eq!(found.len(), due.len(), "answers: {found:?}");
        let mut times = Vec::new();
        for ((found, due), request) in found.iter().zip(due).zip(requests) {
            match (found, due) {
                (Ok(found), Ok(due)) => {
                    self.check_receipt(found, due, model);
                    times.extend((!due.repeat).then_some(found.appended));
                }
                (Err(found), Err(due)) => self.same_refusal(found, due, how != How::Stream),
                (found, due) => panic!("{request:?}: answered {found:?}, due {due:?}"),
            }
        }
        let later = times
            .first()
            .zip(last)
            .is_none_or(|(first, last)| *first > last);
        assert!(
            later,
            "an appended time is not later than the commit before"
        );
        let step = |pair: &[u64]| match how {
            How::Singly => pair[0] < pair[1],
            How::Batch => pair[0] == pair[1],
            How::Stream => pair[0] <= pair[1],
        };
        assert!(times.windows(2).all(step), "appended times: {times:?}");
    }

    fn take(&mut self, slot: u8, due: &[u64], model: &Model) {
        let slot = usize::from(slot);
        let Some(mut feed) = self.feeds[slot].take() else {
            assert!(due.is_empty());
            return;
        };
        for position in due {
            let seen = feed.next().expect("the subscription ended").unwrap();
            self.same_entry(&seen, *position, model);
        }
        let rest = model.slots[slot].map_or(0, |of| model.wanted(of).len());
        assert!(rest > 0 || !feed.waits(), "more is delivered than there is");
        self.feeds[slot] = Some(feed);
    }

    /// A subscriber comes back where it was.
    fn resume(&mut self, slot: u8, model: &Model) {
        if let Some(of) = model.slots[usize::from(slot)] {
            let only = of.only.map(case_name);
            let feed = self.line().follow(of.next, only.as_deref());
            self.feeds[usize::from(slot)] = feed.ok();
            assert!(self.feeds[usize::from(slot)].is_some(), "not resumed");
        }
    }

    fn ask(
        &mut self,
        case: u8,
        position: Option<u64>,
        due: &Result<Vec<u64>, Refusal>,
        model: &Model,
    ) {
        let found = self.line().ask(&case_name(case), position);
        let (told, due) = match (found, due) {
            (Ok(told), Ok(due)) => (told, due),
            (Err(found), Err(due)) => return self.same_refusal(&found, due, true),
            (found, due) => panic!("answered {found:?}, due {due:?}"),
        };
        let now = model.chain(Chain::Case(case));
        assert_eq!((told.size, told.case_seq), (model.size(), now.len() as u64));
        assert_eq!(told.case_head, self.link_of(*now.last().unwrap()));
        let of_case = |at: &&u64| model.at(**at).chain == Chain::Case(case);
        let due = match told.positions {
            Positions::All(_) => Positions::All(due.clone()),
            Positions::Newest(..) => {
                let own: Vec<u64> = due.iter().filter(of_case).copied().collect();
                let newest = own.iter().rev().take(20).copied().collect();
                Positions::Newest(own.len() as u64, newest)
            }
        };
        assert_eq!(told.positions, due, "what the answer rests on");
        if let Some(position) = position {
            let first = self.answers.entry((case, position));
            let first = first.or_insert_with(|| told.whole.clone());
            assert_eq!(*first, told.whole, "the answer as at {position} changed");
        }
    }

    /// A clean stop: every subscriber gets what there is, then the word that the ledger stops, and nothing else.
    fn restart(&mut self, drained: &[Vec<u64>; 2], clean: bool, model: &Model) {
        for (slot, due) in (0..).zip(drained) {
            self.take(slot, due, model);
        }
        self.line().begin_stop();
        for mut feed in std::mem::take(&mut self.feeds).into_iter().flatten() {
            let last = feed.next().expect("no word of the stop").unwrap_err();
            assert_eq!(
                (last.reason.as_str(), last.code),
                ("STOPPING", Code::Unavailable)
            );
            assert!(feed.next().is_none());
        }
        self.ports = None;
        let stopped = self.line.take().unwrap().end_stop();
        let due = if clean {
            Ok(())
        } else {
            Err("COMMIT_IN_DOUBT".to_owned())
        };
        assert_eq!(stopped, due, "how it stopped");
        self.reopen(model);
    }

    fn crash(&mut self, head_lost: bool, model: &Model) {
        self.feeds = [None, None];
        self.ports = None;
        self.line.take().unwrap().crash();
        if head_lost {
            self.disk.lose_head();
        }
        self.reopen(model);
    }

    fn reopen(&mut self, model: &Model) {
        let ports = self.disk.open();
        self.connect(ports);
        self.resume(0, model);
        self.resume(1, model);
    }

    /// Every story ends with a check, a clean stop and another check.
    pub(crate) fn end(&mut self, model: Model) {
        self.verify(&model);
        let model = model.step(&Command::Restart);
        self.play(&Command::Restart, &model);
        self.verify(&model);
    }
}
