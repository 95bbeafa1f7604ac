//! The totals of an allocation page, in sentences.

use crate::grpc::pb;

use super::super::words::{and, capital, count, length, role};

/// The totals of each role and agency; where children differ, of each child too.
pub(super) fn totals(of: &[pb::AllocationTotal]) -> Vec<String> {
    let mut sentences = Vec::new();
    for whole in of.iter().filter(|total| total.child.is_empty()) {
        let mut each: Vec<(Vec<String>, &pb::AllocationTotal)> = Vec::new();
        let own = |total: &&pb::AllocationTotal| {
            !total.child.is_empty() && (&total.agency, total.role) == (&whole.agency, whole.role)
        };
        for of_child in of.iter().filter(own).filter(|total| says_something(total)) {
            match each.iter_mut().find(|(_, other)| alike(other, of_child)) {
                Some((children, _)) => children.push(of_child.child.clone()),
                None => each.push((vec![of_child.child.clone()], of_child)),
            }
        }
        match each.as_slice() {
            [(children, only)] => {
                sentences.push(sentence(only, &format!(", for {}", and(children))));
            }
            several => {
                sentences.push(sentence(whole, ""));
                let of_children = several.iter();
                sentences.extend(
                    of_children
                        .map(|(names, total)| sentence(total, &format!(", for {}", and(names)))),
                );
            }
        }
    }
    sentences
}

/// Somebody held the role for the child, or ought to have.
fn says_something(of: &pb::AllocationTotal) -> bool {
    let days = [of.gaps, of.manager_days, of.absent_days, of.unknown_days];
    of.distinct > 0 || days.iter().any(|days| days.is_some_and(|days| days > 0))
}

/// The same figures, whatever entries they rest on.
fn alike(a: &pb::AllocationTotal, b: &pb::AllocationTotal) -> bool {
    let bare = |total: &pb::AllocationTotal| pb::AllocationTotal {
        child: String::new(),
        evidence: Vec::new(),
        ..total.clone()
    };
    bare(a) == bare(b)
}

fn sentence(of: &pb::AllocationTotal, children: &str) -> String {
    let holders = match of.holders.as_slice() {
        [] => String::new(),
        holders => format!(" ({})", holders.join(", ")),
    };
    let mut parts = vec![
        format!(
            "{}{holders}",
            count(of.distinct, "different holder", "different holders")
        ),
        match of.changes {
            0 => "no change".to_owned(),
            n => count(n, "change", "changes"),
        },
    ];
    if of.changes_possible > 0 {
        parts.push(format!("{} more by uncertain dates", of.changes_possible));
    }
    if of.changes > 0 {
        parts.extend(explained("child", of.explained_to_child.as_ref()));
        parts.extend(explained("family", of.explained_to_family.as_ref()));
    }
    parts.extend(gaps(of));
    if let Some(median) = of.median_days {
        let n = count(of.completed_spells, "ended spell", "ended spells");
        parts.push(format!("median of {n} {}", count(median, "day", "days")));
    }
    parts.extend(of.agency_staff.as_ref().and_then(staff));
    format!(
        "{} ({}){children}: {}.",
        capital(&role(of.role)),
        of.agency,
        parts.join("; ")
    )
}

/// Days with nobody and the days apart from them; nothing where they are not known.
fn gaps(of: &pb::AllocationTotal) -> Vec<String> {
    let mut parts = Vec::new();
    match (of.gaps, &of.days_with_nobody) {
        // Where a part cannot be known, that no gap was found is not that there was none.
        (Some(0), _) if of.unknown_days.is_some_and(|days| days > 0) => {
            parts.push("no gap found".to_owned());
        }
        (Some(0), _) => parts.push("no gap with nobody".to_owned()),
        (Some(n), Some(days)) => parts.push(format!(
            "{} with nobody in {}",
            length(Some(days)),
            count(n, "gap", "gaps")
        )),
        _ => {}
    }
    let apart = [
        (of.manager_days, "held by a manager"),
        (
            of.absent_days,
            "with the holder absent and no record of cover",
        ),
        (of.unknown_days, "of which it cannot be known"),
    ];
    for (days, what) in apart {
        if let Some(days) = days.filter(|days| *days > 0) {
            parts.push(format!("besides {} {what}", count(days, "day", "days")));
        }
    }
    parts
}

fn explained(to: &str, of: Option<&pb::ExplainedCount>) -> Option<String> {
    let of = of?;
    let counts = [
        (of.yes, "yes"),
        (of.unexplained, "no or no record"),
        (of.undeterminable, "cannot be told"),
        (of.not_applicable, "does not arise"),
    ];
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| format!("{what} {n}")).collect();
    (!counts.is_empty()).then(|| format!("explained to the {to}: {}", counts.join(", ")))
}

fn staff(of: &pb::AgencyStaffShare) -> Option<String> {
    if of.days == 0 {
        return None;
    }
    let share = match of.percent {
        Some(percent) => format!("{percent} percent"),
        None => of.undeterminable.clone(),
    };
    Some(format!(
        "staff from staffing agencies held it on {} of {} days ({share})",
        of.days, of.of_days
    ))
}
