//! What is expected of a ledger after each kind of fault.

use super::run::{After, Fault, How, Kind, Outcome};

/// Whether the ledger goes on or is poisoned, or the start is refused.
pub(crate) fn expected(fault: &Fault) -> After {
    let Fault { kind, number, how } = fault;
    let (number, how) = (*number, *how);
    let Kind {
        step, call, file, ..
    } = kind;
    // The store's file is looked into before, whether it has entries.
    let copied_at = if file == "journal/db" { 2 } else { 1 };
    let is_for_copy = call == "open" && number == copied_at && !kind.new;
    match (step.as_str(), file.as_str()) {
        // A copy that cannot be tried is no reason not to start; nor is one that cannot be made. An old
        // snapshot may stay.
        ("start", "copy") => After::GoesOn,
        // It is there already, and the system says so: no fault at all.
        ("start", _) if call == "mkdir" && !kind.new && how == How::Kept => After::GoesOn,
        ("start", "journal/snap") if call == "unlink" => After::GoesOn,
        ("start", "journal/snap" | "journal/conf" | "journal/db") if is_for_copy => After::GoesOn,
        ("start", _) => After::Refused,
        ("append" | "index" | "linger", _) => After::Poisoned,
        // Every commit was synced when it was made.
        ("stop", "journal/db") => After::Clean,
        _stop => After::Unclean,
    }
}

/// Whether the operator is told which file, what was tried and what the system said, an agency that the store failed, and
/// nothing is called damaged.
pub(crate) fn is_clear(outcome: &Outcome) -> bool {
    let is_clear = |words: &String| {
        let to_operator = words.starts_with("refused 1 ") && words.contains("os error");
        let to_agency = words.starts_with("no ") && words.contains("the store failed");
        (to_operator || to_agency) && !words.contains("damaged")
    };
    outcome.words.iter().all(is_clear)
}
