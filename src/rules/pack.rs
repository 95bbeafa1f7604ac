//! A rule pack: loaded, checked, and named in every answer by id, version and digest.
//!
//! The pack `england` and the bank holidays are compiled in; another pack is a text that the caller has read.
//! An unknown key, section or code is an error that names the rule and the field.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::calendar::{Calendar, CalendarError};
use super::need::{ItemFacts, ItemFilter, NeedRule, any_matches};
pub use super::parameters::{AllocationParameters, TurnoverParameters};
use super::response::{ResponseRule, ResponseTo};
use super::role::{RoleWindow, StatusRule};

const ENGLAND: &str = include_str!("packs/england.toml");
const DIGEST_CONTEXT: &str = "caseledger v1 rule pack";

/// Why a pack was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackError {
    /// Not TOML.
    #[error("the rule pack is not TOML: {0}")]
    Toml(String),
    /// A key at the top level that no pack has.
    #[error("the rule pack has an unknown key {0:?}")]
    UnknownKey(String),
    /// A section or one of the keys id, version, title, calendar is missing or of the wrong form.
    #[error("the rule pack's {section}: {reason}")]
    Section {
        /// Key of the section.
        section: &'static str,
        /// What is wrong, naming the field.
        reason: String,
    },
    /// A rule is wrong.
    #[error("rule {rule} in [[{section}]]: {reason}")]
    Rule {
        /// Key of the section.
        section: &'static str,
        /// Id of the rule, or its number from 1 when it has none.
        rule: String,
        /// What is wrong, naming the field.
        reason: String,
    },
    /// The bank holidays are wrong.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// BLAKE3 digest of a pack and its bank holidays. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackDigest([u8; 32]);

impl PackDigest {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(pack: &str, holidays: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        for text in [pack, holidays] {
            hasher.update(&(text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for PackDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PackDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackDigest({self})")
    }
}

/// The rules that one set of answers rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    id: String,
    version: String,
    title: String,
    digest: PackDigest,
    calendar: Calendar,
    allocation: AllocationParameters,
    turnover: TurnoverParameters,
    items: Vec<ItemFilter>,
    answers: Vec<ItemFilter>,
    statuses: Vec<StatusRule>,
    roles: Vec<RoleWindow>,
    needs: Vec<NeedRule>,
    responses: Vec<ResponseRule>,
}

impl Pack {
    /// The pack `england`, with the bank holidays of England and Wales, that is compiled in.
    pub fn england() -> &'static Self {
        static PACK: LazyLock<Pack> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled-in data; a test loads it")]
            Pack::parse(ENGLAND, Calendar::england_wales_source())
                .expect("the compiled-in rule pack is well formed")
        });
        &PACK
    }

    /// The text of [`Pack::england`], from which a local pack can be made.
    pub fn england_source() -> &'static str {
        ENGLAND
    }

    /// Reads and checks a pack and its bank holidays, both TOML.
    ///
    /// # Errors
    /// [`PackError`], naming the rule and the field.
    pub fn parse(text: &str, holidays: &str) -> Result<Self, PackError> {
        let mut table: toml::Table =
            toml::from_str(text).map_err(|e| PackError::Toml(e.message().to_owned()))?;
        let calendar = Calendar::parse(holidays)?;
        let wanted: String = section(&mut table, "calendar")?;
        if wanted != calendar.name() {
            let reason = format!("asks for {wanted:?}, given is {:?}", calendar.name());
            return Err(PackError::Section {
                section: "calendar",
                reason,
            });
        }
        let pack = Self {
            id: section(&mut table, "id")?,
            version: section(&mut table, "version")?,
            title: section(&mut table, "title")?,
            digest: PackDigest::of(text, holidays),
            calendar,
            allocation: section(&mut table, "allocation")?,
            turnover: section(&mut table, "turnover")?,
            items: rules(&mut table, "item")?,
            answers: rules(&mut table, "answer")?,
            statuses: rules(&mut table, "status")?,
            roles: resolve_windows(rules(&mut table, "role")?)?,
            needs: rules(&mut table, "need")?,
            responses: rules(&mut table, "response")?,
        };
        match table.keys().next() {
            Some(key) => Err(PackError::UnknownKey(key.clone())),
            None => pack.checked(),
        }
    }

    fn checked(self) -> Result<Self, PackError> {
        let fault = |section, rule: &str, reason: Option<String>| match reason {
            Some(reason) => Err(PackError::Rule {
                section,
                rule: rule.to_owned(),
                reason,
            }),
            None => Ok(()),
        };
        for (i, item) in self.items.iter().enumerate() {
            fault("item", &(i + 1).to_string(), item.fault())?;
        }
        for (i, answer) in self.answers.iter().enumerate() {
            fault("answer", &(i + 1).to_string(), answer.fault())?;
        }
        for (i, status) in self.statuses.iter().enumerate() {
            let twice = self.statuses.iter().take(i).any(|s| s.id == status.id);
            fault(
                "status",
                &status.id,
                status.fault().or_else(|| twice.then(given_twice)),
            )?;
        }
        for (i, role) in self.roles.iter().enumerate() {
            let twice = self.roles.iter().take(i).any(|r| r.id == role.id);
            fault(
                "role",
                &role.id,
                role.fault().or_else(|| twice.then(given_twice)),
            )?;
        }
        for (i, need) in self.needs.iter().enumerate() {
            let before = self
                .needs
                .iter()
                .take(i)
                .any(|n| n.id == need.id && n.overlaps(need));
            let overlap =
                before.then(|| "valid_from: two editions are in force on one day".to_owned());
            fault("need", &need.id, need.fault().or(overlap))?;
        }
        for (i, response) in self.responses.iter().enumerate() {
            let before = self.responses.iter().take(i);
            let twice = before.clone().any(|r| r.id == response.id);
            let both = before.clone().any(|r| r.to == response.to);
            let both = both.then(|| "to: two rules are about one thing".to_owned());
            let fault_of = response.fault().or_else(|| twice.then(given_twice));
            fault("response", &response.id, fault_of.or(both))?;
        }
        let odd = self
            .allocation
            .protected
            .iter()
            .find(|p| self.status(p).is_none());
        match odd {
            Some(status) => Err(PackError::Section {
                section: "allocation",
                reason: format!("protected: {status:?} is no [[status]] of this pack"),
            }),
            None => Ok(self),
        }
    }

    /// Id of the pack, e.g. `england`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Version of the pack.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Title for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Digest of the pack and its bank holidays.
    pub fn digest(&self) -> PackDigest {
        self.digest
    }

    /// How an answer names the pack: id, version and digest.
    pub fn stamp(&self) -> String {
        format!("{} {} (blake3 {})", self.id, self.version, self.digest)
    }

    /// The calendar that its working days are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Parameters of allocation.
    pub fn allocation(&self) -> &AllocationParameters {
        &self.allocation
    }

    /// Parameters of turnover.
    pub fn turnover(&self) -> &TurnoverParameters {
        &self.turnover
    }

    /// The expected window of a role by its code name. `None`: the role has spells but no gaps.
    pub fn role(&self, id: &str) -> Option<&RoleWindow> {
        self.roles.iter().find(|r| r.id == id)
    }

    /// All expected windows, in the order of the pack.
    pub fn roles(&self) -> &[RoleWindow] {
        &self.roles
    }

    /// A status by its code name, e.g. `cp_plan`.
    pub fn status(&self, id: &str) -> Option<&StatusRule> {
        self.statuses.iter().find(|s| s.id == id)
    }

    /// All statuses, in the order of the pack.
    pub fn statuses(&self) -> &[StatusRule] {
        &self.statuses
    }

    /// Every edition of every need rule, on or off, in the order of the pack.
    pub fn needs(&self) -> &[NeedRule] {
        &self.needs
    }

    /// The edition of a need rule in force on `date`.
    pub fn need(&self, id: &str, date: Date) -> Option<&NeedRule> {
        self.needs.iter().find(|n| n.id == id && n.in_force(date))
    }

    /// Whether an event is an item: it carries information that somebody else may need (`semantics.md` 7.2).
    pub fn is_item(&self, facts: &ItemFacts<'_>) -> bool {
        any_matches(self.items.iter(), facts, false)
    }

    /// Whether an event is an answer that somebody waits for, and no information about the child: the decision on a
    /// referral. Only rules that name its type ask for it.
    pub fn is_answer(&self, facts: &ItemFacts<'_>) -> bool {
        any_matches(self.answers.iter(), facts, false)
    }

    /// The rule about what is to come back, when the pack has one and it is computed by default.
    pub fn response(&self, to: ResponseTo) -> Option<&ResponseRule> {
        self.responses.iter().find(|r| r.on && r.to == to)
    }

    /// All rules about what is to come back, on or off, in the order of the pack.
    pub fn responses(&self) -> &[ResponseRule] {
        &self.responses
    }

    /// Whether one of a rule's filters takes the item. Says nothing of dates, conditions or *on*.
    pub fn takes(&self, rule: &NeedRule, facts: &ItemFacts<'_>) -> bool {
        any_matches(rule.items.iter(), facts, self.is_item(facts))
    }

    /// The rules computed by default that were in force on `date` and take the item.
    pub fn needs_for<'p>(
        &'p self,
        facts: &ItemFacts<'_>,
        date: Date,
    ) -> impl Iterator<Item = &'p NeedRule> {
        let is_item = self.is_item(facts);
        self.needs.iter().filter(move |n| {
            n.on && n.in_force(date) && any_matches(n.items.iter(), facts, is_item)
        })
    }

    /// The days back from an item in which a filter of the pack counts earlier ones of its type, at most.
    pub fn counts_back_days(&self) -> u32 {
        let items = self.items.iter().chain(&self.answers);
        let filters = items.chain(self.needs.iter().flat_map(|need| &need.items));
        filters.map(|filter| filter.within_days).max().unwrap_or(0)
    }
}

fn given_twice() -> String {
    "id: is given twice".to_owned()
}

fn section<T: DeserializeOwned>(
    table: &mut toml::Table,
    section: &'static str,
) -> Result<T, PackError> {
    let fail = |reason: String| PackError::Section { section, reason };
    let value = table
        .remove(section)
        .ok_or_else(|| fail("is missing".to_owned()))?;
    value
        .try_into()
        .map_err(|e: toml::de::Error| fail(one_line(&e)))
}

fn rules<T: DeserializeOwned>(
    table: &mut toml::Table,
    section: &'static str,
) -> Result<Vec<T>, PackError> {
    let fail = |reason: &str| PackError::Section {
        section,
        reason: reason.to_owned(),
    };
    let Some(toml::Value::Array(rows)) = table.remove(section) else {
        return Err(fail("is missing or no list of tables"));
    };
    let mut found = Vec::with_capacity(rows.len());
    for (i, row) in rows.into_iter().enumerate() {
        let rule = row
            .get("id")
            .and_then(toml::Value::as_str)
            .map_or_else(|| (i + 1).to_string(), str::to_owned);
        found.push(
            row.try_into()
                .map_err(|e: toml::de::Error| PackError::Rule {
                    section,
                    rule,
                    reason: one_line(&e),
                })?,
        );
    }
    Ok(found)
}

fn one_line(error: &toml::de::Error) -> String {
    error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Gives the roles that name another role's window that window.
fn resolve_windows(mut roles: Vec<RoleWindow>) -> Result<Vec<RoleWindow>, PackError> {
    let given = roles.clone();
    for role in &mut roles {
        let Some(other) = &role.same_window_as else {
            continue;
        };
        let source = given
            .iter()
            .find(|r| &r.id == other && r.same_window_as.is_none());
        match source {
            Some(source) if role.opens.is_empty() && role.closes.is_empty() => {
                role.opens.clone_from(&source.opens);
                role.closes.clone_from(&source.closes);
            }
            _ => {
                return Err(PackError::Rule {
                    section: "role",
                    rule: role.id.clone(),
                    reason: "same_window_as: names no role with a window of its own, \
                             or opens and closes are given too"
                        .to_owned(),
                });
            }
        }
    }
    Ok(roles)
}
