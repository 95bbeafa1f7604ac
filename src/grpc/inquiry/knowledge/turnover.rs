//! What changes of holder left behind, as messages (`semantics.md` 6.4).

use super::super::allocation::{Wanted, ask};
use super::super::parts::{Names, people, worth};
use crate::domain::id::{AgencyId, Practitioner};
use crate::grpc::pb;
use crate::projection::allocation::Allocation;
use crate::projection::allocation::change::Change;
use crate::projection::allocation::sentence::date;
use crate::projection::allocation::succession::{effective_holders, holder_changes};
use crate::projection::coverage::Absence;
use crate::projection::knowledge::{LeftWithPerson, OnFile, Turnover, turnover, turnover_of_both};
use crate::projection::late::{Dependence, Earlier};
use crate::projection::need::Case;
use crate::rules::pack::Pack;

/// What the rows share.
struct Page<'a> {
    names: &'a Names,
    found: Allocation,
    case: &'a Case<'a>,
}

/// What the changes of holders left behind at the agencies that `named` takes, of the items that `of_item` takes; with
/// late corrections, by both readings.
pub(super) fn left_behind(
    (case, earlier): (&Case<'_>, Option<&Earlier<Case<'_>>>),
    names: &Names,
    pack: &Pack,
    (named, of_item): (impl Fn(&AgencyId) -> bool, impl Fn(u64) -> bool),
) -> (Vec<pb::NotShownAsRead>, Vec<pb::LeftWithPerson>) {
    let (found, left) = behind(case, pack);
    let current = Page { names, found, case };
    let (left, first) = match earlier {
        Some(cases) => {
            let before = cases.map(|case| behind(case, pack));
            let left = turnover_of_both(left, &before.map(|(_, left)| left.clone()));
            let first = Page {
                names,
                found: before.first.0,
                case: &cases.first,
            };
            (left, Some(first))
        }
        None => (left, None),
    };
    let page = |depends: &Dependence| {
        let first = first.as_ref().filter(|_| depends.first_words);
        first.unwrap_or(&current)
    };
    let on_file = left.on_file.iter().filter(|row| {
        named(&row.change.from.agency) && row.items.iter().any(|item| of_item(*item))
    });
    let lost = left.left.iter();
    let lost = lost.filter(|row| named(&row.agency) && of_item(row.item));
    (
        on_file
            .filter_map(|row| page(&row.depends_on).on_file(row))
            .collect(),
        lost.map(|row| page(&row.depends_on).left(row)).collect(),
    )
}

/// Who held the case, and what the changes left behind.
fn behind(case: &Case<'_>, pack: &Pack) -> (Allocation, Turnover) {
    let found = ask(case, pack, &Wanted::default());
    let left = turnover(case, &holder_changes(&found), &effective_holders(&found));
    (found, left)
}

impl Page<'_> {
    fn person(&self, person: &Practitioner) -> pb::Holder {
        pb::Holder {
            agency: person.agency.to_string(),
            staff: person.staff.to_string(),
            role_code: self.names.code(&person.agency, &person.staff),
        }
    }

    fn on_file(&self, row: &OnFile) -> Option<pb::NotShownAsRead> {
        let change = &row.change;
        let (next, began) = change.to.as_ref()?;
        let mut evidence = row.items.clone();
        for of in self.found.rows.iter().filter(|of| of.role == change.role) {
            let same = |one: &&Change| one.from == change.from.staff && one.to == next.staff;
            if of.agency == next.agency {
                let changes = of.changes.iter().filter(same);
                evidence.extend(changes.flat_map(|one| one.evidence.iter().copied()));
            }
        }
        evidence.sort_unstable();
        evidence.dedup();
        let unknown = matches!(row.outcome, Absence::Undeterminable(_));
        Some(pb::NotShownAsRead {
            children: people(&change.children),
            role: change.role.code(),
            from: Some(self.person(&change.from)),
            to: Some(self.person(next)),
            began: began.to_string(),
            items: row.items.clone(),
            due: row.due.to_string(),
            finding: row.is_finding && !unknown,
            outcome: worth(row.outcome),
            evidence,
            sentence: format!("{}{}", self.read_sentence(row), row.depends_on.clause()),
            depends_on_corrections: row.depends_on.corrections.clone(),
            first_words_only: row.depends_on.first_words,
        })
    }

    fn read_sentence(&self, row: &OnFile) -> String {
        let items = match row.items.len() {
            1 => "1 item on file".to_owned(),
            n => format!("{n} items on file"),
        };
        let due = date(row.due);
        match row.outcome {
            Absence::Undeterminable(_) => format!(
                "{items}; whether the next holder read them cannot be known: {}",
                worth(row.outcome)
            ),
            Absence::NoRecord | Absence::Unconfirmed if !row.is_finding => format!(
                "{items}; no record of handover or reading so far, up to {}; looked for until {due}",
                date(self.case.day())
            ),
            Absence::NoRecord => format!("{items}; no record of handover or reading by {due}"),
            Absence::Unconfirmed => format!(
                "{items}; no record of handover or reading by {due}; the agency has not confirmed \
                 that it sent everything"
            ),
        }
    }

    fn left(&self, row: &LeftWithPerson) -> pb::LeftWithPerson {
        let known = format!(
            "known to {} only through staff none of whom has held the case since {}",
            row.agency,
            date(row.since)
        );
        let word = if row.unconfirmed {
            "; according to another agency only"
        } else {
            ""
        };
        let worth = worth(row.outcome);
        let unknown = matches!(row.outcome, Absence::Undeterminable(_));
        let said = |words: String| format!("{words}{}", row.depends_on.clause());
        pb::LeftWithPerson {
            item: row.item,
            agency: row.agency.to_string(),
            known_to: row.known_to.iter().map(|who| self.person(who)).collect(),
            since: row.since.to_string(),
            unconfirmed: row.unconfirmed,
            evidence: row.evidence.clone(),
            sentence: said(if unknown {
                format!(
                    "{known}, as far as is recorded{word}; whether anybody else read it cannot be known: {worth}"
                )
            } else {
                format!("{known}, with no entry of its own{word}")
            }),
            depends_on_corrections: row.depends_on.corrections.clone(),
            first_words_only: row.depends_on.first_words,
            finding: !unknown,
            outcome: worth,
        }
    }
}
