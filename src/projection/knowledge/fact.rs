//! One knowledge fact: who, what, since when, how it is shown, and how good that is.
//!
//! A fact is kept as its proofs. Its state at a moment is resolved from the proofs that reach
//! back to before that moment, so a later proof never changes what an earlier question is told
//! (law 4 of `semantics.md` 3.4).

use std::fmt;

use jiff::Timestamp;

use crate::domain::id::{AgencyId, Practitioner};
use crate::domain::time::{Interval, days_between, london_date};

/// A statement, named by the position of its original entry.
pub type StatementId = u64;

/// Somebody who can know something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// An organisation with its own record.
    Agency(AgencyId),
    /// A member of its staff.
    Practitioner(Practitioner),
}

impl Holder {
    /// The agency, or the practitioner's employer.
    pub fn agency(&self) -> &AgencyId {
        match self {
            Self::Agency(agency) => agency,
            Self::Practitioner(person) => &person.agency,
        }
    }
}

impl fmt::Display for Holder {
    /// `school`, or `csc/SW2` for a practitioner.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => agency.fmt(f),
            Self::Practitioner(person) => person.fmt(f),
        }
    }
}

/// By what the record shows that somebody knew (`semantics.md` 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It is their own entry.
    Author,
    /// The entry itself says they were told.
    Told,
    /// A share, spoken.
    SharedSpoken,
    /// A share in writing, or by a channel that was not stated.
    SharedWritten,
    /// An acknowledgement of a share by a person.
    Acknowledged,
    /// An automatic notice of delivery.
    Delivered,
    /// Present at a meeting that recorded the item as considered.
    Present,
    /// The written report of an agency that was not at the meeting.
    Report,
    /// A referral that it received.
    Referral,
    /// Its own later entry says that it used the item.
    Used,
    /// The minutes of a meeting.
    Minutes,
    /// A handover that lists the item.
    Handover,
    /// An attestation that the agency's file was read.
    FileRead,
}

/// How good the evidence is, best first (`semantics.md` 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Sender and receiver both recorded it.
    BothSides,
    /// The knower's own record.
    OwnRecord,
    /// Recorded by a third party that was present.
    ThirdPartyPresent,
    /// Delivered; no person is recorded as reading.
    Delivered,
    /// The sender's word only; the receiver has no record.
    SenderOnly,
    /// A third party's word, afterwards.
    ThirdPartyAfterwards,
}

impl Grade {
    /// Whether the knower's own side shows it. Findings about the receiver need this.
    pub fn receiver_side(self) -> bool {
        matches!(self, Self::BothSides | Self::OwnRecord)
    }

    /// The words shown beside a fact.
    pub fn words(self) -> &'static str {
        match self {
            Self::BothSides => "recorded by both sides",
            Self::OwnRecord => "own record",
            Self::ThirdPartyPresent => "recorded by a third party that was present",
            Self::Delivered => "delivered, no person recorded as reading",
            Self::SenderOnly => "sender only; receiver has no record",
            Self::ThirdPartyAfterwards => "third party, afterwards",
        }
    }
}

/// How soon the evidence was written down, by the agency's own recorded time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promptness {
    /// Within five working days.
    AtTheTime,
    /// Later.
    Later,
    /// After the incident was known to the authority or a review was commissioned.
    AfterReviewBegan,
    /// The agency did not say when it recorded it.
    NotStated,
}

/// What one proof shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// They knew.
    Knows,
    /// They may have known: present for part of the meeting.
    Possible,
    /// It was sent to them; nothing shows that it arrived.
    Sent,
    /// They say that they did not receive it.
    Disputed,
}

/// One reason to say that a holder knew (or was sent) a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What it shows.
    pub effect: Effect,
    /// Since when: never earlier than anything it rests on.
    pub since: Interval,
    /// The date as claimed, before that rule.
    pub claimed: Interval,
    /// By what.
    pub how: How,
    /// How good it is, taken alone.
    pub grade: Grade,
    /// How soon it was written down.
    pub promptness: Promptness,
    /// Whether the knower itself stated the date.
    pub own_date: bool,
    /// Whether what was received stands on the agency's own record, not in one person's memory.
    pub on_file: bool,
    /// For an agency: the member of staff through whom it knew, if it rests on one.
    pub through: Option<Practitioner>,
    /// The share, meeting or entry that carried it, when not the item itself.
    pub carrier: Option<StatementId>,
    /// Positions of the entries it rests on, ascending.
    pub evidence: Vec<u64>,
}

/// The state of a fact at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing shows it.
    None,
    /// Perhaps: an uncertain date, or present for part.
    Possible,
    /// Sent to them, not acknowledged.
    Sent,
    /// They say they did not receive it.
    Disputed,
    /// They knew.
    Knows,
}

/// What the record shows of one holder and one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Who.
    pub holder: Holder,
    /// What.
    pub statement: StatementId,
    /// Everything that shows it, in order of `since`.
    pub proofs: Vec<Proof>,
}

/// A fact as it stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Since when, by the proof that governs. With [`State::None`] there is no standing.
    pub since: Interval,
    /// By what, of the proof that governs.
    pub how: How,
    /// The best grade among the proofs of that state.
    pub grade: Grade,
    /// The soonest written down among the proofs of that state.
    pub promptness: Promptness,
    /// Whether it is on the agency's own record (otherwise only in somebody's memory).
    pub on_file: bool,
    /// Days between the earliest and the latest certain date claimed for it; 0 when they agree.
    pub dates_differ_by: i64,
    /// Positions of every entry that shows it, ascending.
    pub evidence: Vec<u64>,
}

impl Proof {
    /// The state this proof alone gives at the exclusive instant `t`.
    pub fn state_at(&self, t: Timestamp) -> State {
        if !self.since.may_precede(t) {
            return State::None;
        }
        match self.effect {
            Effect::Knows if self.since.certain_before(t) => State::Knows,
            Effect::Knows | Effect::Possible => State::Possible,
            Effect::Sent => State::Sent,
            Effect::Disputed => State::Disputed,
        }
    }
}

impl Proof {
    /// How a fact stands, in a state, that nothing else shows.
    fn alone(&self, state: State) -> Standing {
        let mut evidence = self.evidence.clone();
        evidence.dedup();
        Standing {
            state,
            since: self.since,
            how: self.how,
            grade: self.grade,
            promptness: self.promptness,
            on_file: self.on_file,
            dates_differ_by: 0,
            evidence,
        }
    }
}

impl Fact {
    /// The state of the fact at the exclusive instant `t`.
    pub fn state(&self, t: Timestamp) -> State {
        let states = self.proofs.iter().map(|proof| proof.state_at(t));
        states.max().unwrap_or(State::None)
    }

    /// How the fact stood at the exclusive instant `t`; none when nothing yet showed it.
    pub fn standing(&self, t: Timestamp) -> Option<Standing> {
        let state = self.state(t);
        if state == State::None {
            return None;
        }
        if let [only] = self.proofs.as_slice() {
            return Some(only.alone(state));
        }
        let of_state: Vec<&Proof> = self
            .proofs
            .iter()
            .filter(|proof| proof.state_at(t) == state)
            .collect();
        let governs = of_state
            .iter()
            .filter(|proof| proof.own_date)
            .min_by_key(|proof| proof.since)
            .or_else(|| of_state.iter().min_by_key(|proof| proof.since))?;
        let mut evidence: Vec<u64> = of_state
            .iter()
            .flat_map(|proof| proof.evidence.iter().copied())
            .collect();
        evidence.sort_unstable();
        evidence.dedup();
        Some(Standing {
            state,
            since: governs.since,
            how: governs.how,
            grade: self.grade(&of_state, t),
            promptness: of_state.iter().map(|proof| proof.promptness).min()?,
            on_file: of_state.iter().any(|proof| proof.on_file),
            dates_differ_by: differ(&of_state),
            evidence,
        })
    }

    /// Whether the holder knew it, certainly or possibly, before `t`: what their eyes may see.
    pub fn visible(&self, t: Timestamp) -> bool {
        self.proofs
            .iter()
            .any(|proof| matches!(proof.state_at(t), State::Knows | State::Possible))
    }

    /// The earliest proof by the holder's own side that they certainly knew: the receiver's clock.
    pub fn received(&self, t: Timestamp) -> Option<&Proof> {
        self.proofs
            .iter()
            .filter(|proof| proof.state_at(t) == State::Knows && proof.grade.receiver_side())
            .min_by_key(|proof| proof.since)
    }

    /// Best of the proofs; a sender's record beside the receiver's own makes both sides.
    fn grade(&self, of_state: &[&Proof], t: Timestamp) -> Grade {
        let best = of_state
            .iter()
            .map(|proof| proof.grade)
            .min()
            .unwrap_or(Grade::ThirdPartyAfterwards);
        let received =
            |proof: &&&Proof| proof.grade == Grade::OwnRecord && proof.how != How::Author;
        // What was only sent counts as the sender's side where its receipt is what shows the
        // knowledge: a share that the receiver has no sign of is not part of what it knew.
        let own: Vec<Option<StatementId>> = of_state
            .iter()
            .filter(received)
            .map(|proof| proof.carrier)
            .collect();
        let sender = self.proofs.iter().any(|proof| {
            proof.grade == Grade::SenderOnly
                && match proof.state_at(t) {
                    State::Knows => true,
                    State::Sent => own.contains(&proof.carrier),
                    State::None | State::Possible | State::Disputed => false,
                }
        });
        let received = !own.is_empty();
        if sender && received {
            Grade::BothSides.min(best)
        } else {
            best
        }
    }
}

/// Days between the earliest and the latest claimed date of proofs that date one telling.
fn differ(proofs: &[&Proof]) -> i64 {
    let days = proofs
        .iter()
        .filter(|proof| !matches!(proof.how, How::FileRead | How::Handover))
        .filter_map(|proof| proof.claimed.earliest)
        .map(london_date);
    match (days.clone().min(), days.max()) {
        (Some(first), Some(last)) => days_between(first, last),
        _ => 0,
    }
}
