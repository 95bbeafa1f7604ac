//! Where in an event the conversion is, and the conversions that every kind uses.

use std::str::FromStr;

use crate::domain::check::{self, Refusal};
use crate::domain::id::IdError;
use crate::domain::time::When;
use crate::grpc::pb;

/// Makes a domain value from its wire form.
pub(super) trait FromWire<M>: Sized {
    /// Converts, refusing what is missing or malformed.
    fn from_wire(message: M, at: &At<'_>) -> Result<Self, Refusal>;
}

/// A place in the event, for naming the field of a refusal.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> At<'a> {
    /// The event itself.
    pub(super) const ROOT: At<'static> = At {
        parent: None,
        name: "",
        index: None,
    };

    /// A field of this place.
    pub(super) fn inside(&'a self, name: &'a str) -> At<'a> {
        At {
            parent: Some(self),
            name,
            index: None,
        }
    }

    fn member(&'a self, name: &'a str, index: usize) -> At<'a> {
        At {
            parent: Some(self),
            name,
            index: Some(index),
        }
    }

    /// The dotted path: `share_made.to[1].agency`.
    fn path(&self) -> String {
        let mut path = self.parent.map(Self::path).unwrap_or_default();
        if !path.is_empty() && !self.name.is_empty() {
            path.push('.');
        }
        let index = self
            .index
            .map(|index| format!("[{index}]"))
            .unwrap_or_default();
        path + self.name + &index
    }

    /// A refusal of this place.
    pub(super) fn refuse(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Refusal {
        Refusal::new(self.path(), problem, remedy)
    }

    /// Words of any length up to the limit.
    pub(super) fn text(&self, name: &str, text: String) -> Result<String, Refusal> {
        if text.len() > check::TEXT_MAX {
            check::text(&self.inside(name).path(), &text, check::TEXT_MAX)?;
        }
        Ok(text)
    }

    /// One line: a code or a name.
    pub(super) fn line(&self, name: &str, text: String) -> Result<String, Refusal> {
        if text.len() > check::LINE_MAX {
            check::text(&self.inside(name).path(), &text, check::LINE_MAX)?;
        }
        if text.chars().any(char::is_control) {
            return Err(self
                .inside(name)
                .refuse("holds a control character", "send one line of plain text"));
        }
        Ok(text)
    }

    /// A mandatory identifier.
    pub(super) fn id<T: FromStr<Err = IdError>>(
        &self,
        name: &str,
        text: &str,
    ) -> Result<T, Refusal> {
        text.parse().map_err(|problem: IdError| match problem {
            IdError::Empty { .. } => self.inside(name).refuse("is missing", "name it"),
            other @ (IdError::TooLong { .. } | IdError::Charset { .. }) => {
                self.inside(name).refuse("is malformed", other.to_string())
            }
        })
    }

    /// An identifier that may be missing.
    pub(super) fn opt_id<T: FromStr<Err = IdError>>(
        &self,
        name: &str,
        text: &str,
    ) -> Result<Option<T>, Refusal> {
        if text.is_empty() {
            Ok(None)
        } else {
            self.id(name, text).map(Some)
        }
    }

    /// A mandatory message.
    pub(super) fn msg<M, T: FromWire<M>>(
        &self,
        name: &str,
        message: Option<M>,
    ) -> Result<T, Refusal> {
        let at = self.inside(name);
        match message {
            Some(message) => T::from_wire(message, &at),
            None => Err(at.refuse("is missing", "send it")),
        }
    }

    /// A message that may be missing.
    pub(super) fn opt_msg<M, T: FromWire<M>>(
        &self,
        name: &str,
        message: Option<M>,
    ) -> Result<Option<T>, Refusal> {
        message
            .map(|message| T::from_wire(message, &self.inside(name)))
            .transpose()
    }

    /// A time that may be unknown.
    pub(super) fn when(&self, name: &str, when: Option<pb::When>) -> Result<When, Refusal> {
        Ok(self.opt_msg(name, when)?.unwrap_or_default())
    }

    /// A list.
    pub(super) fn list<M, T: FromWire<M>>(
        &self,
        name: &str,
        messages: Vec<M>,
    ) -> Result<Vec<T>, Refusal> {
        if messages.len() > check::LIST_MAX {
            check::count(&self.inside(name).path(), messages.len())?;
        }
        messages
            .into_iter()
            .enumerate()
            .map(|(index, message)| T::from_wire(message, &self.member(name, index)))
            .collect()
    }
}
