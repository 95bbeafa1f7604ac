//! A long case: pushed by four agencies, then asked who held it and who knew what.
//!
//! Every answer is made from stored bytes: read, checked, decrypted, decoded, cut and folded anew, for each question; no
//! server keeps anything of a case between two. The two together are two calls, so the case is read twice; the state on
//! one screen, which shows the holders, gaps and open sharing that they show, reads it once.

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::machine::{Busy, own_cpu};
use super::place::Place;
use super::server::Server;
use crate::cli::args::Global;
use crate::cli::entry::checks;
use crate::cli::entry::send::{Answer, Sender};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::json_lines::Lines;
use crate::grpc::client::Client;
use crate::grpc::pb;
use crate::service::clock::Clock;

const CASE: &str = "BENCH-LONG";
const REGISTRY: &str = include_str!("../sample/registry.jsonl");
/// Each question is asked so often; the median counts.
const ASKED: usize = 5;
/// Entries of a week: the pattern repeats.
const WEEK: u64 = 20;
/// Weeks after which the social worker changes.
const TENURE: u64 = 10;

/// How long the questions took.
pub(super) struct Answered {
    pub(super) entries: u64,
    pub(super) allocation: Duration,
    pub(super) knowledge: Duration,
    /// The state of the case on one screen: holders, open gaps and open sharing, of one reading.
    pub(super) screen: Duration,
    /// Why it cannot be judged.
    pub(super) busy: Option<String>,
}

/// Pushes a case of so many entries to a server of its own and asks it.
pub(super) async fn ask(
    global: &Global,
    place: &Place,
    entries: u64,
    clock: &Arc<dyn Clock>,
) -> Result<Answered, Failure> {
    let server = Server::ours(&place.path("case"))?;
    push(global, &server.address, REGISTRY).await?;
    push(global, &server.address, &story(entries)).await?;
    let mut client = Client::connect(&server.address, None)
        .await?
        .with_deadline(Duration::from_mins(1));
    let (mut allocation, mut knowledge, mut screen) = (Vec::new(), Vec::new(), Vec::new());
    let own = || own_cpu(&[server.pid()]);
    let watch = Busy::with(own());
    for _ in 0..ASKED {
        let question = client.request(pb::AllocationQuestion {
            case_id: CASE.to_owned(),
            ..Default::default()
        });
        let start = clock.monotonic();
        let answer = client.inquiry.allocation(question).await?.into_inner();
        allocation.push(clock.monotonic().saturating_sub(start));
        whole(answer.stamp.map_or(0, |stamp| stamp.case_seq), entries)?;
        let question = client.request(pb::KnowledgeQuestion {
            case_id: CASE.to_owned(),
            ..Default::default()
        });
        let start = clock.monotonic();
        let answer = client.inquiry.knowledge(question).await?.into_inner();
        knowledge.push(clock.monotonic().saturating_sub(start));
        whole(answer.stamp.map_or(0, |stamp| stamp.case_seq), entries)?;
        let question = client.request(pb::CaseQuestion {
            case_id: CASE.to_owned(),
            ..Default::default()
        });
        let start = clock.monotonic();
        let answer = client.inquiry.at(question).await?.into_inner();
        screen.push(clock.monotonic().saturating_sub(start));
        whole(answer.stamp.map_or(0, |stamp| stamp.case_seq), entries)?;
    }
    Ok(Answered {
        entries,
        allocation: median(allocation),
        knowledge: median(knowledge),
        screen: median(screen),
        busy: watch.reason(own()),
    })
}

fn whole(found: u64, entries: u64) -> Result<(), Failure> {
    if found == entries {
        return Ok(());
    }
    let what = format!("the answer rests on {found} of {entries} entries");
    Err(Failure::new(Exit::Other, what))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn push(global: &Global, address: &str, lines: &str) -> Result<(), Failure> {
    let checks = checks()?;
    let any = Client::connect(address, None).await?;
    let mut sender = Sender::new(any, global.timeout);
    let mut lines = Lines::new(lines.as_bytes(), &checks);
    while let Some(line) = lines.next()? {
        let line = line.map_err(|problem| refused(lines.number(), &problem.to_string()))?;
        taken(sender.send(line).await?)?;
    }
    taken(sender.finish().await?)
}

fn taken(answers: Vec<Answer>) -> Result<(), Failure> {
    for answer in answers {
        if let Err(refusal) = answer.outcome {
            return Err(refused(answer.line, &refusal.message));
        }
    }
    Ok(())
}

fn refused(line: u64, what: &str) -> Failure {
    Failure::new(
        Exit::Other,
        format!("the bench's case, line {line}: {what}"),
    )
}

/// The lines of the case: twenty entries a week, from 2004 on.
fn story(entries: u64) -> String {
    let mut text = String::new();
    for number in 0..entries {
        let (agency, body) = body(number);
        let day = day(number);
        let line = format!(
            r#"{{"agency":"{agency}","eventId":"{}","event":{{"caseId":"{CASE}","children":[{{"person":"C1"}}],"occurred":{{"edtf":"{day}"}},"recorded":{{"edtf":"{day}"}},"source":{{"kind":"SOURCE_KIND_OWN_STAFF","text":"invented"}},"assertion":"ASSERTION_KIND_OBSERVATION",{body}}}}}"#,
            id(number)
        );
        text.push_str(&line.replace('\n', ""));
        text.push('\n');
    }
    text
}

/// Five entries a day, from Monday to Thursday.
fn day(number: u64) -> Date {
    let first = date(2004, 1, 5);
    let days = (number / WEEK) * 7 + (number % WEEK) / 5;
    let days = i64::try_from(days).unwrap_or(0).days();
    first.checked_add(days).unwrap_or(first)
}

fn id(number: u64) -> String {
    format!("be000000-0000-4000-8000-{number:012x}")
}

fn body(number: u64) -> (&'static str, String) {
    let (week, turn) = (number / WEEK, number % WEEK);
    let tenure = week / TENURE;
    let worker = format!("SW{tenure}");
    let item = |agency: &str, back: u64| {
        let id = id(number.saturating_sub(back));
        format!(r#"{{"agency":"{agency}","eventId":"{id}"}}"#)
    };
    match turn {
        0 if number == 0 => ("csc", r#""caseOpened":{"reason":"referral"}"#.to_owned()),
        1 if week % TENURE == 0 => (
            "csc",
            format!(
                r#""allocationStarted":{{"role":"ROLE_SOCIAL_WORKER","basis":"ALLOCATION_BASIS_NAMED","worker":"{worker}"}}"#
            ),
        ),
        11 if week % TENURE == TENURE - 1 => (
            "csc",
            format!(
                r#""allocationEnded":{{"role":"ROLE_SOCIAL_WORKER","worker":"{worker}","reason":"CHANGE_REASON_MOVED_TEAM"}}"#
            ),
        ),
        4 => (
            "csc",
            format!(
                r#""managementOversight":{{"manager":"TM1","decision":"continue the plan, week {week}"}}"#
            ),
        ),
        12 => (
            "school",
            format!(
                r#""concernRaised":{{"words":"late and tired in week {week}","topic":"neglect"}}"#
            ),
        ),
        13 => (
            "school",
            format!(
                r#""shareMade":{{"to":[{{"agency":"csc"}}],"items":[{}],"channel":"CHANNEL_EMAIL","receipt":"RECEIPT_STATE_DELIVERED"}}"#,
                item("school", 1)
            ),
        ),
        14 => (
            "school",
            format!(r#""educationAbsence":{{"words":"two days in week {week}"}}"#),
        ),
        15 => (
            "police",
            format!(
                r#""policeIncident":{{"kind":"INCIDENT_KIND_DOMESTIC_ABUSE","words":"called in week {week}"}}"#
            ),
        ),
        16 => (
            "health",
            r#""healthMissed":{"kind":"APPOINTMENT_KIND_GP"}"#.to_owned(),
        ),
        17 => (
            "csc",
            format!(
                r#""shareAcknowledged":{{"share":{},"by":"ACKNOWLEDGEMENT_KIND_PERSON","staff":"{worker}","items":[{}]}}"#,
                item("school", 4),
                item("school", 5)
            ),
        ),
        _ => (
            "csc",
            format!(
                r#""visitMade":{{"worker":"{worker}","role":"ROLE_SOCIAL_WORKER","place":"home","seen":[{{"child":"C1","seen":"TRI_YES"}}],"words":"visit {number}"}}"#
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_case_is_an_event_that_the_ledger_takes() {
        let checks = checks().unwrap();
        let story = story(2 * WEEK * TENURE);
        let mut lines = Lines::new(story.as_bytes(), &checks);
        let mut count = 0;
        while let Some(line) = lines.next().unwrap() {
            assert!(line.is_ok(), "{line:?}");
            count += 1;
        }
        assert_eq!(count, 2 * WEEK * TENURE);
    }
}
