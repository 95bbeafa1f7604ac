//! The exit codes: stable, printed in `--help`, one meaning each.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked was done; for `verify`: everything asked was checked and holds.
    Done,
    /// It did not work for a reason without a code of its own.
    Other,
    /// The command line itself was wrong.
    Usage,
    /// A stored record does not verify. Alarms key on this.
    IntegrityBroken,
    /// Signed out, or not permitted.
    NotPermitted,
    /// No such case, entry or checkpoint.
    NotFound,
    /// The server cannot be reached or the deadline passed: try again.
    Unavailable,
    /// Nothing was checked, or not all of it. Never reported as success.
    NotAllChecked,
    /// Findings exist, and `--fail-on` asked to be told.
    FindingsExist,
    /// Input was rejected: at least one event.
    InputRejected,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::IntegrityBroken => 3,
            Self::NotPermitted => 4,
            Self::NotFound => 5,
            Self::Unavailable => 6,
            Self::NotAllChecked => 7,
            Self::FindingsExist => 8,
            Self::InputRejected => 9,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table shown under `--help`.
pub(super) const HELP: &str = "\
Exit codes:
  0  done; for verify: everything asked was checked and holds
  1  failed for another reason
  2  wrong use of the command line
  3  integrity failed: a stored record does not verify
  4  signed out or not permitted
  5  not found
  6  server unavailable or deadline passed: try again
  7  nothing checked, or not all of it
  8  findings exist (only with --fail-on)
  9  input rejected (import, append): at least one event
  130, 143  stopped by a signal; serve and entry tail, which end in no other way, tidy up and give 0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code_once() {
        let all = [
            Exit::Done,
            Exit::Other,
            Exit::Usage,
            Exit::IntegrityBroken,
            Exit::NotPermitted,
            Exit::NotFound,
            Exit::Unavailable,
            Exit::NotAllChecked,
            Exit::FindingsExist,
            Exit::InputRejected,
        ];
        for exit in all {
            let line = format!("\n  {}  ", exit.code());
            assert_eq!(HELP.matches(&line).count(), 1, "{exit:?}");
        }
    }
}
