//! Events on their way to a server: one stream for each run of events of one author, an answer for each event.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::json_lines::Line;
use crate::domain::id::{AgencyId, EventId};
use crate::grpc::client::{Client, Streaming, append_request};
use crate::grpc::pb;
use crate::grpc::pb::append_outcome::Outcome;

/// Most events that are sent and not yet answered: enough to fill commits, few enough to tell soon what was refused.
const IN_FLIGHT: usize = 128;

/// What became of one event.
pub(in crate::cli) struct Answer {
    /// Its line in the file.
    pub(in crate::cli) line: u64,
    /// Its author.
    pub(in crate::cli) agency: AgencyId,
    /// Its id.
    pub(in crate::cli) event_id: EventId,
    /// The receipt, or why it was refused.
    pub(in crate::cli) outcome: Result<pb::Receipt, pb::AppendRefusal>,
}

struct Waiting {
    line: u64,
    event_id: EventId,
}

/// The stream that is open.
struct Run {
    agency: AgencyId,
    /// `None` once everything is sent.
    to: Option<mpsc::Sender<pb::AppendRequest>>,
    answers: Streaming<pb::AppendOutcome>,
    waiting: VecDeque<Waiting>,
}

/// Sends events in the order given, each as its author.
pub(in crate::cli) struct Sender {
    clients: BTreeMap<AgencyId, Client>,
    any: Client,
    patience: Duration,
    run: Option<Run>,
}

impl Sender {
    /// Over a connection; each answer may take so long.
    pub(in crate::cli) fn new(any: Client, patience: Duration) -> Self {
        Self {
            clients: BTreeMap::new(),
            any,
            patience,
            run: None,
        }
    }

    /// Gives an agency a connection of its own.
    pub(in crate::cli) fn with(mut self, agency: AgencyId, client: Client) -> Self {
        self.clients.insert(agency, client);
        self
    }

    /// Sends one event; gives the answers that came meanwhile.
    pub(in crate::cli) async fn send(&mut self, line: Line) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        if self
            .run
            .as_ref()
            .is_some_and(|run| run.agency != line.agency)
        {
            answers = self.finish().await?;
        }
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.open(line.agency).await?,
        };
        while run.waiting.len() >= IN_FLIGHT {
            answers.extend(run.answer(self.patience).await?);
        }
        let request = pb::AppendRequest {
            by_import: true,
            ..append_request(line.event_id, line.event)
        };
        run.waiting.push_back(Waiting {
            line: line.number,
            event_id: line.event_id,
        });
        let sent = match &run.to {
            Some(to) => to.send(request).await.is_ok(),
            None => false,
        };
        if !sent {
            // The stream has ended; its status says why.
            answers.extend(run.answer(self.patience).await?);
        }
        self.run = Some(run);
        Ok(answers)
    }

    /// Waits for what is still unanswered, and closes the stream.
    pub(in crate::cli) async fn finish(&mut self) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        let Some(mut run) = self.run.take() else {
            return Ok(answers);
        };
        run.to = None;
        while !run.waiting.is_empty() {
            answers.extend(run.answer(self.patience).await?);
        }
        run.end(self.patience).await?;
        Ok(answers)
    }

    async fn open(&mut self, agency: AgencyId) -> Result<Run, Failure> {
        let mut client = match self.clients.get(&agency) {
            Some(client) => client.clone(),
            None => self.any.as_agency(&agency)?,
        };
        let (to, events) = mpsc::channel(IN_FLIGHT);
        let answers = client.append_stream(ReceiverStream::new(events)).await?;
        self.clients.insert(agency.clone(), client);
        Ok(Run {
            agency,
            to: Some(to),
            answers,
            waiting: VecDeque::new(),
        })
    }
}

impl Run {
    /// Waits for the end of a stream to which nothing more is sent. One that is let go before counts as broken off, and a
    /// connection bears only some of those: a file whose authors take turns would break it.
    async fn end(mut self, patience: Duration) -> Result<(), Failure> {
        match tokio::time::timeout(patience, self.answers.message()).await {
            Ok(ended) => Ok(ended.map(drop)?),
            // Everything is answered: that the server does not end the stream is no failure of the events.
            Err(_elapsed) => Ok(()),
        }
    }

    /// The answer to the oldest event.
    async fn answer(&mut self, patience: Duration) -> Result<Option<Answer>, Failure> {
        let line = self.waiting.front().map_or(0, |waiting| waiting.line);
        let late = |_elapsed| {
            Failure::new(
                Exit::Unavailable,
                format!("no answer to line {line} in time"),
            )
            .advise("send the file again: what is already there is not stored twice")
        };
        let answer = tokio::time::timeout(patience, self.answers.message());
        let Some(answer) = answer.await.map_err(late)?? else {
            let what = format!("the server ended the stream before it answered line {line}");
            return Err(Failure::new(Exit::Unavailable, what)
                .advise("send the file again: what is already there is not stored twice"));
        };
        let Some(waiting) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let outcome = match answer.outcome {
            Some(Outcome::Receipt(receipt)) => Ok(receipt),
            Some(Outcome::Refusal(refusal)) => Err(refusal),
            None => return Err(Failure::new(Exit::Other, "an answer without an outcome")),
        };
        Ok(Some(Answer {
            line: waiting.line,
            agency: self.agency.clone(),
            event_id: waiting.event_id,
            outcome,
        }))
    }
}
