//! What the sample must answer, as its own file says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cli::error::Failure;
use crate::cli::exit::Exit;

const FILE: &str = include_str!("../sample/expected.toml");

/// Lines by the name of the answer.
pub(super) type Answers = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct File {
    answer: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    name: String,
    title: String,
    is: Vec<String>,
}

/// One answer that must come out.
pub(super) struct Expected {
    /// Its name.
    pub(super) name: String,
    /// What it is, in words.
    pub(super) title: String,
    /// Its lines.
    pub(super) is: Vec<String>,
}

/// Every answer that must come out of FAMILY-A.
pub(super) fn expected() -> Result<Vec<Expected>, Failure> {
    let file: File = toml::from_str(FILE)
        .map_err(|error| Failure::new(Exit::Other, format!("the built-in answers: {error}")))?;
    let answers = file.answer.into_iter().map(|answer| Expected {
        name: answer.name,
        title: answer.title,
        is: answer.is,
    });
    Ok(answers.collect())
}
