//! Identifiers. Each is checked once, at construction, and can then be trusted everywhere.
//!
//! The text is shared by its copies: answers hold the same few identifiers many times.
//!
//! None is derived from anything about a person. Errors never repeat the refused value, which
//! might hold personal data.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;

/// Why a text is not an identifier. Names the rule, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// Which identifier.
        what: &'static str,
    },
    /// The text is longer than the limit.
    #[error("{what} is longer than {max} bytes")]
    TooLong {
        /// Which identifier.
        what: &'static str,
        /// The limit in bytes.
        max: usize,
    },
    /// The text holds a character that is not allowed.
    #[error("{what} may hold only {allowed}")]
    Charset {
        /// Which identifier.
        what: &'static str,
        /// The allowed characters, in words.
        allowed: &'static str,
    },
}

fn checked(
    text: &str,
    what: &'static str,
    max: usize,
    allowed: &'static str,
    ok: fn(&str) -> bool,
) -> Result<Arc<str>, IdError> {
    if text.is_empty() {
        Err(IdError::Empty { what })
    } else if text.len() > max {
        Err(IdError::TooLong { what, max })
    } else if ok(text) {
        Ok(text.into())
    } else {
        Err(IdError::Charset { what, allowed })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $allowed:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The most bytes one may have.
            pub const MAX_LEN: usize = $max;

            /// Checks and keeps the text.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, too long or holds another character.
            pub fn new(text: &str) -> Result<Self, IdError> {
                checked(text, $what, $max, $allowed, $ok).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// An organisation with its own record: `csc`, `police`, `school-1`.
    AgencyId, "an agency id", 32, "a-z, 0-9, '-' and '_', beginning with a letter", |text| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_'
            })
    }
);
text_id!(
    /// A case: chosen at random by the author of `case.opened`, derived from nothing.
    CaseId, "a case id", 40, "A-Z, a-z, 0-9 and '-'",
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
text_id!(
    /// A member of staff, by the agency's own stable id. The same human in two agencies has two.
    StaffId, "a staff id", 40, "printable characters without '/'",
    |text| text.trim() == text && text.chars().all(|c| !c.is_control() && c != '/')
);
text_id!(
    /// A person of the case, by a code: `C1`, `MOTHER`.
    PersonRef, "a person reference", 40, "printable characters without '/'",
    |text| text.trim() == text && text.chars().all(|c| !c.is_control() && c != '/')
);

/// A member of staff of an agency, written `csc/SW2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Practitioner {
    /// The employing agency.
    pub agency: AgencyId,
    /// That agency's own id of the person.
    pub staff: StaffId,
}

impl fmt::Display for Practitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.staff)
    }
}

impl FromStr for Practitioner {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (agency, staff) = text.split_once('/').ok_or(IdError::Charset {
            what: "a practitioner",
            allowed: "an agency id, '/', and a staff id",
        })?;
        Ok(Self {
            agency: agency.parse()?,
            staff: staff.parse()?,
        })
    }
}

/// The random id that an agency gives to one event: 16 bytes, shown as a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written as one text: answers name thousands of entries.
        let (mut hex, mut text) = ([0; 32], [b'-'; 36]);
        HEXLOWER.encode_mut(&self.0, &mut hex);
        for (digits, place) in [
            (0..8, 0),
            (8..12, 9),
            (12..16, 14),
            (16..20, 19),
            (20..32, 24),
        ] {
            let group = hex.get(digits).unwrap_or_default();
            if let Some(place) = text.get_mut(place..place + group.len()) {
                place.copy_from_slice(group);
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_not_text| fmt::Error)?)
    }
}

impl FromStr for EventId {
    type Err = IdError;

    /// Reads a UUID: 32 hexadecimal digits, with the usual hyphens or none.
    fn from_str(text: &str) -> Result<Self, IdError> {
        const WHAT: &str = "an event id";
        if text.is_empty() {
            return Err(IdError::Empty { what: WHAT });
        }
        let wrong = IdError::Charset {
            what: WHAT,
            allowed: "a UUID (32 hexadecimal digits)",
        };
        let hyphens = [8, 13, 18, 23];
        let places_right = match text.len() {
            32 => text.bytes().all(|b| b != b'-'),
            36 => text
                .bytes()
                .enumerate()
                .all(|(i, b)| (b == b'-') == hyphens.contains(&i)),
            _ => false,
        };
        if !places_right {
            return Err(wrong);
        }
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| *c != '-')
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect();
        let Some(digits) = digits else {
            return Err(wrong);
        };
        let mut bytes = [0_u8; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0, |sum, digit| (sum << 4) | digit);
        }
        Ok(Self(bytes))
    }
}
