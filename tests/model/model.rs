//! A naive ledger: lists, and loops over them. What it answers is what a real one must answer.

mod read;

use crate::command::{Agency, Belief, CASES, Command, Event, How, Item};

/// The chain that an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    Case(u8),
    Registry,
    Ledger,
}

/// An event as it was first sent under its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) id: u64,
    pub(crate) event: Event,
    /// Who a registration names.
    pub(crate) names: Agency,
    /// Tells the words of one from those of another.
    pub(crate) words: u64,
    pub(crate) reordered: bool,
    pub(crate) imported: bool,
}

/// The head that a request expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) seq: u64,
    pub(crate) link: ExpectedLink,
}

/// The link in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedLink {
    /// Not compared.
    None,
    /// That of the entry at this position.
    Of(u64),
    /// That of nothing.
    Wrong,
}

/// One event of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) sent: Sent,
    pub(crate) expected: Option<Expected>,
}

/// An entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) chain: Chain,
    pub(crate) seq: u64,
    pub(crate) by: Agency,
    /// None for what the ledger wrote itself.
    pub(crate) sent: Option<Sent>,
}

/// Why a request is refused, in the words of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    /// Which event of a batch.
    pub(crate) index: Option<u64>,
    /// Where the other content stands.
    pub(crate) position: Option<u64>,
    /// How many entries the case has.
    pub(crate) actual_seq: Option<u64>,
    /// The link of the last of them is that of the entry here.
    pub(crate) actual_head: Option<u64>,
    /// The last of them would have been an entry of the refused batch itself: nobody knows its link.
    pub(crate) head_gone: bool,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) repeat: bool,
}

/// The answer that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// One for each event; for a refused batch one in all.
    Sent(Vec<Request>, Vec<Result<Place, Refusal>>),
    /// One event, which is refused; its commit fails, unless one failed before.
    Doubted {
        request: Request,
        refusal: Refusal,
        first: bool,
    },
    /// The entries at these positions, in this order.
    Entries(Result<Vec<u64>, Refusal>),
    /// The subscription begins, or is refused.
    Follows(Option<Refusal>),
    /// The position asked as at, and the positions that the answer rests on.
    Told(Option<u64>, Result<Vec<u64>, Refusal>),
    /// What each subscriber is still given before the stop, and whether that is a clean one.
    Stopped {
        drained: [Vec<u64>; 2],
        clean: bool,
    },
}

/// A subscriber: what it takes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) next: u64,
    pub(crate) only: Option<u8>,
}

/// Whether a commit ended in doubt, and what the store has of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doubt {
    #[default]
    No,
    Lost,
    Kept(Kept),
}

/// The naive ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) entries: Vec<Kept>,
    /// Everything that was ever sent, taken or not.
    pub(crate) sent: Vec<Sent>,
    pub(crate) slots: [Option<Slot>; 2],
    pub(crate) doubt: Doubt,
    /// The answer to the last command.
    pub(crate) due: Option<Due>,
}

fn refusal(reason: &'static str) -> Refusal {
    Refusal {
        reason,
        index: None,
        position: None,
        actual_seq: None,
        actual_head: None,
        head_gone: false,
    }
}

impl Model {
    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn positions(&self, wanted: impl Fn(u64, &Kept) -> bool) -> Vec<u64> {
        let numbered = (0..).zip(&self.entries);
        numbered
            .filter(|(position, kept)| wanted(*position, kept))
            .map(|(position, _)| position)
            .collect()
    }

    pub(crate) fn chain(&self, chain: Chain) -> Vec<u64> {
        self.positions(|_, kept| kept.chain == chain)
    }

    fn has(&self, case: u8) -> bool {
        !self.chain(Chain::Case(case)).is_empty()
    }

    /// What the ledger does next.
    pub(crate) fn step(mut self, command: &Command) -> Self {
        let due = match command {
            Command::Send(by, how, items) => {
                let requests: Vec<Request> =
                    items.iter().map(|item| self.ask(*by, *item)).collect();
                let answers = self.send(*by, *how, &requests);
                Due::Sent(requests, answers)
            }
            Command::ReadCase { case, from, most } => {
                Due::Entries(self.read_case(*case, *from, *most))
            }
            Command::Get(by, which) => Due::Entries(self.get(*by, *which)),
            Command::Follow { slot, from, only } => Due::Follows(self.follow(*slot, *from, *only)),
            Command::Take { slot, most } => Due::Entries(Ok(self.take(*slot, u64::from(*most)))),
            Command::Ask { case, position } => {
                let position = position.map(|number| self.up_to(number));
                Due::Told(position, self.told(*case, position))
            }
            Command::Verify | Command::Resume(_) => Due::Nothing,
            Command::Doubt { by, case, kept } => self.fail(*by, *case, *kept),
            Command::Restart => {
                let drained = [0, 1].map(|slot| self.take(slot, u64::MAX));
                let clean = self.doubt == Doubt::No;
                self.reopen(clean);
                Due::Stopped { drained, clean }
            }
            Command::Crash { .. } => {
                self.reopen(false);
                Due::Nothing
            }
        };
        self.due = Some(due);
        self
    }

    /// A position, up to two beyond the end.
    pub(crate) fn up_to(&self, number: u8) -> u64 {
        u64::from(number) % (self.size() + 3)
    }

    fn earlier(&self, number: u8) -> Option<Sent> {
        let count = self.sent.len();
        (count > 0).then(|| self.sent[usize::from(number) % count])
    }

    /// The request that an item stands for.
    fn ask(&mut self, by: Agency, item: Item) -> Request {
        let fresh = Sent {
            id: self.sent.len() as u64,
            event: Event::Concern(0),
            names: by,
            words: 0,
            reordered: false,
            imported: false,
        };
        let (sent, belief) = match item {
            Item::Fresh(event, belief) => (Sent { event, ..fresh }, belief),
            Item::Imported(event) => {
                let imported = true;
                (
                    Sent {
                        event,
                        imported,
                        ..fresh
                    },
                    Belief::None,
                )
            }
            Item::Again(number) => (self.earlier(number).unwrap_or(fresh), Belief::None),
            Item::Reordered(number) => {
                let earlier = self.earlier(number).unwrap_or(fresh);
                let reordered = true;
                (
                    Sent {
                        reordered,
                        ..earlier
                    },
                    Belief::None,
                )
            }
            Item::Changed(number) => {
                let earlier = self.earlier(number).unwrap_or(fresh);
                let words = earlier.words + 1;
                (Sent { words, ..earlier }, Belief::None)
            }
        };
        if sent.id == fresh.id {
            self.sent.push(sent);
        }
        let chain = self.chain(chain_of(&sent));
        let (seq, last) = (chain.len() as u64, chain.last().copied());
        let of = |position: Option<u64>| position.map_or(ExpectedLink::None, ExpectedLink::Of);
        let before = chain.len().checked_sub(2).map(|index| chain[index]);
        let expected = |seq, link| Some(Expected { seq, link });
        let expected = match belief {
            Belief::None => None,
            Belief::Right => expected(seq, of(last)),
            Belief::Number => expected(seq, ExpectedLink::None),
            Belief::Stale if seq > 0 => expected(seq - 1, of(before)),
            Belief::Stale | Belief::Ahead => expected(seq + 1, of(last)),
            Belief::OtherLink => expected(seq, ExpectedLink::Wrong),
        };
        Request { sent, expected }
    }

    fn send(&mut self, by: Agency, how: How, requests: &[Request]) -> Vec<Result<Place, Refusal>> {
        if self.doubt != Doubt::No {
            let answers = if how == How::Batch { 1 } else { requests.len() };
            return vec![Err(refusal("COMMIT_IN_DOUBT")); answers];
        }
        if how != How::Batch {
            let each = requests.iter();
            return each
                .map(|request| {
                    wrong_in_itself(by, &request.sent)?;
                    self.place(by, request)
                })
                .collect();
        }
        // What is wrong in itself is found before anything is placed.
        let mut whole = self.clone();
        let mut places = Vec::new();
        let checked = (0..).zip(requests).try_for_each(|(index, request)| {
            wrong_in_itself(by, &request.sent).map_err(|refused| (index, refused))
        });
        let placed = checked.and_then(|()| {
            (0..).zip(requests).try_for_each(|(index, request)| {
                let place = whole.place(by, request);
                places.push(Ok(place.map_err(|refused| (index, refused))?));
                Ok(())
            })
        });
        match placed {
            Ok(()) => {
                *self = whole;
                places
            }
            Err((index, refused)) => {
                let (index, size) = (Some(index), self.size());
                let head_gone = refused.actual_head.is_some_and(|head| head >= size);
                vec![Err(Refusal {
                    index,
                    head_gone,
                    ..refused
                })]
            }
        }
    }

    fn place(&mut self, by: Agency, request: &Request) -> Result<Place, Refusal> {
        let sent = &request.sent;
        let same_id = |kept: &Kept| kept.by == by && kept.sent.is_some_and(|it| it.id == sent.id);
        if let Some(position) = self.positions(|_, kept| same_id(kept)).first().copied() {
            let first = self.at(position).sent;
            let same = first.is_some_and(|first| {
                (first.event, first.names, first.words) == (sent.event, sent.names, sent.words)
            });
            return if same {
                let repeat = true;
                Ok(Place { position, repeat })
            } else {
                let position = Some(position);
                Err(Refusal {
                    position,
                    ..refusal("EVENT_ID_REUSED")
                })
            };
        }
        let chain = chain_of(sent);
        if let Chain::Case(case) = chain {
            match (sent.event, self.has(case)) {
                (Event::Open(_), true) => return Err(refusal("CASE_EXISTS")),
                (Event::Open(_), false) | (_, true) => {}
                (_, false) => return Err(refusal("UNKNOWN_CASE")),
            }
        }
        let before = self.chain(chain);
        let seq = before.len() as u64;
        if let Some(expected) = request.expected {
            let link = match expected.link {
                ExpectedLink::None => true,
                ExpectedLink::Of(position) => before.last() == Some(&position),
                ExpectedLink::Wrong => false,
            };
            if expected.seq != seq || !link {
                return Err(Refusal {
                    actual_seq: Some(seq),
                    actual_head: before.last().copied(),
                    ..refusal("HEAD_MOVED")
                });
            }
        }
        let (position, repeat) = (self.size(), false);
        self.entries.push(Kept {
            chain,
            seq: seq + 1,
            by,
            sent: Some(*sent),
        });
        Ok(Place { position, repeat })
    }

    pub(crate) fn at(&self, position: u64) -> &Kept {
        &self.entries[usize::try_from(position).unwrap()]
    }

    /// An event that would be taken is sent, and its commit fails.
    fn fail(&mut self, by: Agency, case: u8, kept: bool) -> Due {
        let event = if self.has(case) {
            Event::Concern(case)
        } else {
            Event::Open(case)
        };
        let request = self.ask(by, Item::Fresh(event, Belief::None));
        let first = self.doubt == Doubt::No;
        if first {
            let placed = self.place(by, &request);
            let entry = self.entries.pop().filter(|_| placed.is_ok() && kept);
            self.doubt = entry.map_or(Doubt::Lost, Doubt::Kept);
        }
        let refusal = refusal("COMMIT_IN_DOUBT");
        Due::Doubted {
            request,
            refusal,
            first,
        }
    }

    /// What the store kept shows after a start; one after a stop that was not clean is noted in the ledger.
    fn reopen(&mut self, clean: bool) {
        if let Doubt::Kept(entry) = std::mem::take(&mut self.doubt) {
            self.entries.push(entry);
        }
        if !clean && self.size() > 0 {
            let seq = self.chain(Chain::Ledger).len() as u64 + 1;
            self.entries.push(Kept {
                chain: Chain::Ledger,
                seq,
                by: Agency::Csc,
                sent: None,
            });
        }
    }
}

/// The chain that an event belongs to.
pub(crate) fn chain_of(sent: &Sent) -> Chain {
    match sent.event {
        Event::Open(case) | Event::Concern(case) | Event::Sourceless(case) => {
            Chain::Case(case % CASES)
        }
        Event::Register => Chain::Registry,
    }
}

fn wrong_in_itself(by: Agency, sent: &Sent) -> Result<(), Refusal> {
    match sent.event {
        Event::Sourceless(_) => Err(refusal("INVALID_FIELD")),
        Event::Register if sent.names != by => Err(refusal("OTHER_AGENCY")),
        Event::Open(_) | Event::Concern(_) | Event::Register => Ok(()),
    }
}
