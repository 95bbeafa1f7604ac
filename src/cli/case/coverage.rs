//! What a blank on a page is worth, agency by agency.

use crate::grpc::pb;

use super::page::Section;
use super::words::{and, date, feed_kind};

/// The spans in which agencies' records say as much as each other, joined.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    agencies: Vec<String>,
    kinds: Vec<String>,
    from: String,
    to: String,
    state: pb::CoverageState,
}

/// The section, or none when the answer has no coverage at all. Through the eyes of one agency, the records of
/// another are there only as far as that one knew them, whatever their feed.
pub(super) fn section(rows: &[pb::Coverage], stamp: Option<&pb::Stamp>) -> Option<Section> {
    let eyes = stamp.map_or("", |stamp| stamp.eyes.as_str());
    let (own, others): (Vec<pb::Coverage>, Vec<pb::Coverage>) = rows
        .iter()
        .cloned()
        .partition(|row| eyes.is_empty() || row.agency == eyes);
    let (lines, others) = (lines(&own), unseen(&others, eyes));
    if lines.is_empty() && others.is_none() {
        return None;
    }
    let one = lines
        .iter()
        .all(|line| Some(&line.kinds) == lines.first().map(|first| &first.kinds));
    let kinds = lines
        .first()
        .map(|line| and(&line.kinds))
        .unwrap_or_default();
    let title = if one && !kinds.is_empty() {
        format!("What a blank is worth (records of {kinds})")
    } else {
        "What a blank is worth".to_owned()
    };
    let notes = lines.iter().map(|line| sentence(line, !one));
    let notes = notes.chain(others).collect();
    Some(Section::of(&title, notes))
}

/// What a blank in the records of other agencies is worth to these eyes.
fn unseen(rows: &[pb::Coverage], eyes: &str) -> Option<String> {
    let mut agencies: Vec<String> = Vec::new();
    for row in rows {
        if !agencies.contains(&row.agency) {
            agencies.push(row.agency.clone());
        }
    }
    let records = match agencies.as_slice() {
        [] => return None,
        [one] => format!("the records of {one}"),
        _ => "their records".to_owned(),
    };
    let agencies = and(&agencies);
    Some(format!(
        "{agencies}: seen through the eyes of {eyes}; a blank in {records} says nothing"
    ))
}

fn lines(rows: &[pb::Coverage]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let kind = feed_kind(row.kind);
        let same = lines.iter_mut().find(|line| {
            line.state == row.state()
                && line.from == row.from
                && line.to == row.to
                && line.agencies == [row.agency.as_str()]
        });
        match same {
            Some(line) => line.kinds.push(kind),
            None => lines.push(Line {
                agencies: vec![row.agency.clone()],
                kinds: vec![kind],
                from: row.from.clone(),
                to: row.to.clone(),
                state: row.state(),
            }),
        }
    }
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        let same = joined.iter_mut().find(|other| {
            other.state == line.state
                && other.from == line.from
                && other.to == line.to
                && other.kinds == line.kinds
        });
        match same {
            Some(other) => other.agencies.extend(line.agencies),
            None => joined.push(line),
        }
    }
    joined
}

fn sentence(line: &Line, with_kinds: bool) -> String {
    let until = match line.to.as_str() {
        "" => "on".to_owned(),
        to => format!("to {}", date(to)),
    };
    let kinds = if with_kinds {
        format!(" [{}]", line.kinds.join(", "))
    } else {
        String::new()
    };
    format!(
        "{}, from {} {until}{kinds}: {}",
        and(&line.agencies),
        date(&line.from),
        worth(line.state)
    )
}

/// What an absence of records is worth in this state.
pub(super) fn worth(state: pb::CoverageState) -> &'static str {
    match state {
        pb::CoverageState::Unspecified => "not stated what its record covers",
        pb::CoverageState::Live => "feed live; a blank means no record",
        pb::CoverageState::Confirmed => "confirmed complete by the agency; a blank means no record",
        pb::CoverageState::Backloaded => {
            "old records loaded, not confirmed complete; a blank may be a record not sent"
        }
        pb::CoverageState::KindNotCarried => "feed does not carry this kind; a blank says nothing",
        pb::CoverageState::NotConnected => "feed not connected; a blank says nothing",
    }
}
