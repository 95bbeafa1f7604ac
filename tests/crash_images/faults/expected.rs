//! What is expected of a ledger after each kind of fault.

use super::run::{After, How, Kind, Outcome};

/// Whether the ledger goes on or is poisoned, or the start is refused.
pub(crate) fn expected(kind: &Kind, _how: How) -> After {
    let Kind { step, file, .. } = kind;
    match (step.as_str(), file.as_str()) {
        ("start", "copy") => After::GoesOn,
        ("start", _) => After::Refused,
        ("append" | "index" | "linger", _) => After::Poisoned,
        _stop => After::Unclean,
    }
}

/// Whether a person is told which file, what was tried and what the system said, and nothing is called damaged.
pub(crate) fn is_clear(outcome: &Outcome) -> bool {
    let is_clear = |words: &String| {
        words.starts_with("refused 1 ") && words.contains("os error") && !words.contains("damaged")
    };
    outcome.words.iter().all(is_clear)
}
