//! `case …`: the questions about a case, and how a date, a basis and a window are written.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::domain::event::Role;
use crate::domain::time::AsAt as Moment;

/// When, on which basis and through whose eyes a question is asked.
#[derive(Args, Clone, Debug)]
pub struct AsAt {
    /// The date the answer stands at: 2013-03-14, 14/3/2013, "14 mar 2013", 2013-03-14T09:00, 2013-03. Default: now.
    #[arg(long = "as-at", value_name = "DATE", value_parser = date)]
    pub date: Option<String>,
    /// Which record the answer rests on.
    #[arg(long, value_enum, default_value_t)]
    pub basis: Basis,
    /// Whose eyes: an agency (school) or a practitioner (csc/SW2). Default: all agencies together.
    #[arg(long = "by", value_name = "AGENCY")]
    pub eyes: Option<String>,
}

/// Which record an answer rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Basis {
    /// What some agency knew by the date, by the best record there is today.
    #[default]
    Then,
    /// What had been recorded by the date, in the agencies' own systems.
    Recorded,
    /// What this ledger held at the date: provable.
    Ledger,
    /// Everything in the ledger today about what had happened by the date.
    Now,
}

/// First and last day of a window, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: Date,
    /// The last day, included.
    pub to: Date,
}

/// `case …`.
#[derive(Debug, Subcommand)]
pub enum Case {
    /// The cases of this ledger.
    List,
    /// One case: its people, its agencies, and what its record can show.
    Show {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
    },
    /// Every entry of a case, in the order it was sealed.
    Entries {
        /// The case.
        case: String,
    },
    /// The case on one screen at a date.
    At {
        /// The case.
        case: String,
        /// The date; "now" is the newest moment there is.
        #[arg(value_parser = date)]
        date: String,
        /// Which record the answer rests on.
        #[arg(long, value_enum, default_value_t)]
        basis: Basis,
        /// Whose eyes: an agency or a practitioner (csc/SW2).
        #[arg(long = "by", value_name = "AGENCY")]
        eyes: Option<String>,
    },
    /// Who held the case, from when to when, and when nobody did.
    Allocation {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
        /// Only this role: social-worker, team-manager, …
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// Count over this window only: 2012..2015 (whole years) or 2012-01-01..2015-12-31.
        #[arg(long, value_name = "FROM..TO", value_parser = window)]
        window: Option<Window>,
        /// List gaps from this many working days on, instead of the rule pack's figures.
        #[arg(long, value_name = "DAYS")]
        min_gap: Option<u32>,
        /// Exit with status 8 when there are gaps.
        #[arg(long)]
        fail_on_gaps: bool,
    },
    /// Who knew what, since when and how.
    Knowledge {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
        /// Only items with a cell that is other than in time.
        #[arg(long)]
        only_problems: bool,
        /// Only this item, by the position of its entry, with a line for each holder.
        #[arg(long, value_name = "POSITION")]
        item: Option<u64>,
    },
    /// Where the record shows no sharing with an agency that needed to know.
    Sharing {
        /// The case.
        case: String,
        /// As at.
        #[command(flatten)]
        as_at: AsAt,
        /// Only what this agency needed to know.
        #[arg(long, value_name = "AGENCY")]
        needing: Option<String>,
        /// Exit with status 8 when there are gaps.
        #[arg(long)]
        fail_on_gaps: bool,
    },
}

/// Checks a date before any server is asked; what is sent is what was written.
fn date(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("latest") {
        return Ok("latest".to_owned());
    }
    match text.parse::<Moment>() {
        Ok(_moment) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn role(text: &str) -> Result<Role, String> {
    let name = text.trim().to_lowercase().replace(['-', ' '], "_");
    let found = Role::ALL.iter().find(|role| role.name() == name);
    found.copied().ok_or_else(|| {
        let all: Vec<String> = Role::ALL
            .iter()
            .map(|role| role.name().replace('_', "-"))
            .collect();
        format!("the roles are {}", all.join(", "))
    })
}

fn window(text: &str) -> Result<Window, String> {
    const FORM: &str = "write it as 2012..2015 or 2012-01-01..2015-12-31";
    let (from, to) = text.split_once("..").ok_or(FORM)?;
    let day = |text: &str, month: i8, day: i8| -> Result<Date, String> {
        let found = match text.parse::<i16>() {
            Ok(year) if text.len() == 4 => Date::new(year, month, day),
            _ => text.parse::<Date>(),
        };
        found.map_err(|_no_day| FORM.to_owned())
    };
    let window = Window {
        from: day(from.trim(), 1, 1)?,
        to: day(to.trim(), 12, 31)?,
    };
    if window.to < window.from {
        return Err("it ends before it begins".to_owned());
    }
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_years_takes_both_years_whole() {
        let found = window("2012..2015").unwrap();
        assert_eq!(found, window("2012-01-01..2015-12-31").unwrap());
        assert!(window("2015..2012").is_err());
        assert!(window("2012").is_err());
        assert!(window("2012-02-30..2013").is_err());
    }

    #[test]
    fn a_date_in_american_order_is_refused_with_the_remedy() {
        let refused = date("03/14/2013").unwrap_err();
        assert!(refused.contains("14/3/2013"), "{refused}");
        for accepted in [
            "2013-03-14",
            "14/3/2013",
            "14 mar 2013",
            "2013-03-14T09:00",
            "2013-03",
            "now",
        ] {
            assert!(date(accepted).is_ok(), "{accepted}");
        }
    }

    #[test]
    fn a_role_is_found_by_its_name_and_another_word_lists_the_roles() {
        assert_eq!(role("social-worker"), Ok(Role::SocialWorker));
        assert_eq!(role("iro"), Ok(Role::Iro));
        assert!(role("worker").unwrap_err().contains("team-manager"));
    }
}
