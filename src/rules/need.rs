//! Who needed to know: the rows of `semantics.md` 7.3 and the filters on items that they use.
//!
//! A rule asks that an item of a certain kind goes *from* any agency that knows it *to* an agency that needs
//! it, *while* a condition holds, within a limit. This module decides whether an item matches; who knows it,
//! and whether the condition holds, is worked out by the projections.

use jiff::civil::Date;
use serde::Deserialize;

use super::limit::{Limit, Tier};
use super::role::is_event_name;
use crate::domain::event::allocation::AllocationBasis;
use crate::domain::event::concern::IncidentKind;
use crate::domain::event::record::CorrectionKind;
use crate::domain::event::registry::AgencyKind;
use crate::domain::event::{Harm, Level, Role, Tri};

/// The event name that stands for every item of `semantics.md` 7.2.
pub const ANY_ITEM: &str = "item.any";

const NOT_STATED: &str = "not_stated";
/// What a filter reads of an item, as it stood. Code names as in the event; an empty text is *not stated*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFacts<'a> {
    /// Dotted name of the event type.
    pub event: &'a str,
    /// Kind of harm.
    pub harm: &'a str,
    /// Level of concern.
    pub level: &'a str,
    /// Whether it may be an offence: yes, no, ….
    pub possible_offence: &'a str,
    /// Whether the explanation of an injury fits.
    pub explanation_consistent: &'a str,
    /// Whether a child was present.
    pub child_present: &'a str,
    /// Kind of a police incident.
    pub incident_kind: &'a str,
    /// The police force's own grade.
    pub force_grade: &'a str,
    /// Whether a health entry was marked safeguarding.
    pub safeguarding: &'a str,
    /// Whether intelligence bears on the child.
    pub bears_on_child: &'a str,
    /// Which kind of correction a correction is.
    pub correction_kind: &'a str,
    /// Role that an allocation is for.
    pub role: &'a str,
    /// Basis of an allocation.
    pub basis: &'a str,
    /// Whether the other person said to be involved is identified.
    pub other_person_identified: bool,
    /// Whether the incident concerns the household in which a child of the case lives.
    pub child_lives_there: bool,
    /// Whether the person who joined the household is an adult.
    pub adult: bool,
    /// How many days before this item each earlier one of the same type about the child happened; those further back
    /// than any filter counts may be left out.
    pub earlier_same_type_days_ago: Vec<u32>,
}

impl ItemFacts<'_> {
    /// Whether the level is significant harm suspected, or immediate.
    pub fn is_significant(&self) -> bool {
        matches!(self.level, "immediate" | "significant_harm_suspected")
    }
}

/// Conditions on an item. All that are given must hold; a rule's filters are alternatives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ItemFilter {
    /// Event types, or [`ANY_ITEM`].
    pub events: Vec<String>,
    /// Event types left out of [`ANY_ITEM`].
    pub except: Vec<String>,
    /// One of these kinds of harm.
    pub harm: Vec<String>,
    /// One of these levels.
    pub level: Vec<String>,
    /// One of these answers to *may be an offence*.
    pub possible_offence: Vec<String>,
    /// One of these answers to *explanation fits*.
    pub explanation_consistent: Vec<String>,
    /// One of these answers to *child present*.
    pub child_present: Vec<String>,
    /// One of these kinds of police incident.
    pub incident_kind: Vec<String>,
    /// None of these grades of the force.
    pub force_grade_not: Vec<String>,
    /// One of these answers to *marked safeguarding*.
    pub safeguarding: Vec<String>,
    /// One of these answers to *bears on the child*.
    pub bears_on_child: Vec<String>,
    /// One of these kinds of correction.
    pub correction_kind: Vec<String>,
    /// An allocation for one of these roles.
    pub role: Vec<String>,
    /// An allocation on one of these bases.
    pub basis: Vec<String>,
    /// The other person must be identified.
    pub other_person_identified: bool,
    /// A child must live in the household concerned.
    pub child_lives_there: bool,
    /// The person who joined must be an adult.
    pub adult: bool,
    /// The item must be at least this one of its type within `within_days`. 0: any.
    pub nth: u32,
    /// The days back from the item that `nth` counts in.
    pub within_days: u32,
}

impl ItemFilter {
    /// Whether an item matches. `any_item` says whether its type is one of the pack's items.
    fn matches(&self, facts: &ItemFacts<'_>, any_item: bool) -> bool {
        let named = |list: &[String]| list.iter().any(|e| e == facts.event);
        let by_type = named(&self.events)
            || (any_item && self.events.iter().any(|e| e == ANY_ITEM) && !named(&self.except));
        if !by_type {
            return false;
        }
        let codes = [
            (&self.harm, facts.harm),
            (&self.level, facts.level),
            (&self.possible_offence, facts.possible_offence),
            (&self.explanation_consistent, facts.explanation_consistent),
            (&self.child_present, facts.child_present),
            (&self.incident_kind, facts.incident_kind),
            (&self.safeguarding, facts.safeguarding),
            (&self.bears_on_child, facts.bears_on_child),
            (&self.correction_kind, facts.correction_kind),
            (&self.role, facts.role),
            (&self.basis, facts.basis),
        ];
        codes
            .iter()
            .all(|(accepted, value)| accepts(accepted, value))
            && (self.force_grade_not.is_empty()
                || !accepts(&self.force_grade_not, facts.force_grade))
            && (!self.other_person_identified || facts.other_person_identified)
            && (!self.child_lives_there || facts.child_lives_there)
            && (!self.adult || facts.adult)
            && self.often_enough(facts)
    }

    fn often_enough(&self, facts: &ItemFacts<'_>) -> bool {
        let earlier = facts
            .earlier_same_type_days_ago
            .iter()
            .filter(|d| **d <= self.within_days)
            .count();
        u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1) >= self.nth
    }

    /// What is wrong with the filter, naming the field.
    pub(super) fn fault(&self) -> Option<String> {
        if self.events.is_empty() {
            return Some("events: names no event type".to_owned());
        }
        if let Some(e) = self
            .events
            .iter()
            .chain(&self.except)
            .find(|e| e.as_str() != ANY_ITEM && !is_event_name(e))
        {
            return Some(format!("events: {e:?} is no event type"));
        }
        if (self.nth > 1) != (self.within_days > 0) {
            return Some("nth: 2 or more, together with within_days".to_owned());
        }
        let tri = |code: &str| Tri::from_name(code).is_some();
        let harm = |code: &str| Harm::from_name(code).is_some();
        let level = |code: &str| Level::from_name(code).is_some();
        let incident = |code: &str| IncidentKind::from_name(code).is_some();
        let correction = |code: &str| CorrectionKind::from_name(code).is_some();
        let role = |code: &str| Role::from_name(code).is_some();
        let basis = |code: &str| AllocationBasis::from_name(code).is_some();
        odd_code("harm", &self.harm, harm)
            .or_else(|| odd_code("level", &self.level, level))
            .or_else(|| odd_code("possible_offence", &self.possible_offence, tri))
            .or_else(|| odd_code("explanation_consistent", &self.explanation_consistent, tri))
            .or_else(|| odd_code("child_present", &self.child_present, tri))
            .or_else(|| odd_code("safeguarding", &self.safeguarding, tri))
            .or_else(|| odd_code("bears_on_child", &self.bears_on_child, tri))
            .or_else(|| odd_code("incident_kind", &self.incident_kind, incident))
            .or_else(|| odd_code("correction_kind", &self.correction_kind, correction))
            .or_else(|| odd_code("role", &self.role, role))
            .or_else(|| odd_code("basis", &self.basis, basis))
    }
}

fn odd_code(field: &str, given: &[String], known: impl Fn(&str) -> bool) -> Option<String> {
    let odd = given.iter().find(|code| !known(code))?;
    Some(format!("{field}: {odd:?} is no code of this field"))
}

/// Whether any of the filters takes the item.
pub(super) fn any_matches<'a>(
    mut filters: impl Iterator<Item = &'a ItemFilter>,
    facts: &ItemFacts<'_>,
    is_item: bool,
) -> bool {
    filters.any(|f| f.matches(facts, is_item))
}

fn accepts(accepted: &[String], value: &str) -> bool {
    let value = if value.is_empty() { NOT_STATED } else { value };
    accepted.is_empty() || accepted.iter().any(|a| a == value)
}

/// A date written as text, `YYYY-MM-DD`.
fn date<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(from)?;
    text.parse()
        .map(Some)
        .map_err(|e| serde::de::Error::custom(format!("{text:?} is no date (YYYY-MM-DD): {e}")))
}

/// Who holds or needs an item, other than by the kind of agency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Every agency.
    Any,
    /// Agencies of one kind, by its code name, e.g. `police`.
    Kind(String),
    /// The author of the item.
    Author,
    /// The school on whose roll the child is.
    ChildsSchool,
    /// The school that the child left.
    OldSchool,
    /// The school that the child joined.
    NewSchool,
    /// The child's general practice.
    ChildsGp,
    /// The child's health visiting service.
    HealthVisitor,
    /// The members of the child's plan.
    PlanMembers,
    /// The agencies of the core group.
    CoreGroup,
    /// The agencies invited to the conference.
    ConferenceInvited,
    /// The agency that referred.
    Referrer,
    /// The agency that just became involved.
    JoiningAgency,
    /// Every agency that knows the item or was sent it.
    KnowsOrSent,
}

/// A condition on the case while which a rule asks. Statuses are rows of the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// On a child protection plan.
    CpPlan,
    /// On a child in need plan.
    CinPlan,
    /// Looked after.
    LookedAfter,
    /// A section 47 enquiry is open.
    S47,
    /// Care or supervision proceedings are open.
    Proceedings,
    /// Any plan is open: child in need, child protection, looked after.
    PlanOpen,
    /// Children's social care has the child open.
    SocialCareOpen,
    /// The level of the item is significant or immediate.
    LevelSignificant,
    /// The handling code of the item permits sharing with the agency that needs it.
    HandlingPermits,
    /// Police were at a strategy discussion on the matter.
    PoliceAtStrategyOnMatter,
    /// The child is of school age, reception to 17.
    SchoolAge,
    /// The school that the child left holds a child protection file.
    CpFileExists,
    /// The item is of significance key and not older than `look_back_months`.
    KeyItem,
}

/// When a rule asks: all of `all_of`, at least one of `any_of` (if any), and none of `unless`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct While {
    /// Each must hold.
    pub all_of: Vec<Condition>,
    /// One must hold, unless empty.
    pub any_of: Vec<Condition>,
    /// None may hold.
    pub unless: Vec<Condition>,
}

impl While {
    /// Whether the rule asks, given which conditions hold.
    pub fn holds(&self, is: impl Fn(Condition) -> bool) -> bool {
        self.all_of.iter().all(|c| is(*c))
            && (self.any_of.is_empty() || self.any_of.iter().any(|c| is(*c)))
            && !self.unless.iter().any(|c| is(*c))
    }

    /// Whether the rule asks whatever the state of the case.
    pub fn is_always(&self) -> bool {
        self.all_of.is_empty() && self.any_of.is_empty() && self.unless.is_empty()
    }
}

/// The figure that a missed need counts in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// A sharing gap.
    #[default]
    Gap,
    /// A figure of its own, apart from the gaps.
    Separate,
    /// The referral loop, no gap.
    ReferralLoop,
    /// A correction not passed on.
    Correction,
}

/// One rule of who needs to know what, in one edition. An id may have several editions, whose dates do not
/// overlap: each item is judged by the edition in force on its date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedRule {
    /// Id, e.g. `NTK-HARM`.
    pub id: String,
    /// Version of the rule's wording, from 1.
    pub version: u32,
    /// What it asks, in a line.
    pub title: String,
    /// Whether it is computed by default.
    pub on: bool,
    /// The standing of the duty to share, strongest first.
    pub tiers: Vec<Tier>,
    /// The standing of the number of the limit.
    pub number_tier: Tier,
    /// The items; one filter must match.
    pub items: Vec<ItemFilter>,
    /// Whose knowledge starts the limit.
    pub from: Vec<Party>,
    /// Who needs to know.
    pub to: Vec<Party>,
    /// When the rule asks.
    #[serde(rename = "while", default)]
    pub while_: While,
    /// By when.
    pub limit: Limit,
    /// By when if the level of the item is significant or immediate.
    pub limit_if_significant: Option<Limit>,
    /// How many months an item reaches forward to an agency that becomes one of `to` by its part in the case. None: for
    /// as long as the limit runs.
    pub look_back_months: Option<u32>,
    /// What a missed need counts as.
    #[serde(default)]
    pub figure: Figure,
    /// First day in force; none: always.
    #[serde(default, deserialize_with = "date")]
    pub valid_from: Option<Date>,
    /// First day no longer in force; none: still in force.
    #[serde(default, deserialize_with = "date")]
    pub valid_to: Option<Date>,
    /// Where the rule comes from.
    pub source: String,
}

impl NeedRule {
    /// The standing by which the rule is named: the weakest given, so that nothing is worded as more of a duty
    /// than it is everywhere.
    pub fn tier(&self) -> Tier {
        self.tiers.iter().copied().max().unwrap_or(Tier::Default)
    }

    /// Whether this edition was in force on `date`.
    pub fn in_force(&self, date: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= date) && self.valid_to.is_none_or(|to| date < to)
    }

    /// The limit for an item.
    pub fn limit_for(&self, facts: &ItemFacts<'_>) -> Limit {
        match self.limit_if_significant {
            Some(limit) if facts.is_significant() => limit,
            _ => self.limit,
        }
    }

    /// The limit for an item in words, e.g. `within 1 working day (this review's setting)`.
    pub fn wording(&self, facts: &ItemFacts<'_>) -> String {
        self.limit_for(facts).wording(self.number_tier)
    }

    /// What is wrong with the rule, naming the field.
    pub(super) fn fault(&self) -> Option<String> {
        let empty = [
            ("title", self.title.is_empty()),
            ("tiers", self.tiers.is_empty()),
            ("items", self.items.is_empty()),
            ("from", self.from.is_empty()),
            ("to", self.to.is_empty()),
            ("source", self.source.is_empty()),
            ("version", self.version == 0),
            ("limit", self.limit.n == 0),
        ];
        if let Some((field, _)) = empty.iter().find(|(_, is_empty)| *is_empty) {
            return Some(format!("{field}: is empty"));
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to)
            && from >= to
        {
            return Some("valid_to: is not after valid_from".to_owned());
        }
        for (field, parties) in [("from", &self.from), ("to", &self.to)] {
            let odd = parties
                .iter()
                .find(|p| matches!(p, Party::Kind(kind) if AgencyKind::from_name(kind).is_none()));
            if let Some(party) = odd {
                return Some(format!("{field}: {party:?} is no kind of agency"));
            }
        }
        self.items
            .iter()
            .find_map(ItemFilter::fault)
            .map(|f| format!("items: {f}"))
    }

    /// Whether this edition and another were in force on a common day.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: Option<Date>, b: Option<Date>| match (a, b) {
            (Some(start), Some(end)) => start < end,
            _ => true,
        };
        starts_before_end(self.valid_from, other.valid_to)
            && starts_before_end(other.valid_from, self.valid_to)
    }
}
