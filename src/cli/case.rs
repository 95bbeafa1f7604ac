//! `case …`: questions about a case, and the page that answers each.

mod allocation;
mod at;
mod coverage;
mod entries;
mod knowledge;
mod list;
mod page;
mod sharing;
mod show;
mod stamp;
mod words;

use super::args::{AsAt, Case, Global};
use super::error::Failure;
use super::exit::Exit;

/// Asks the server and prints the answer.
pub(super) async fn answer(global: &Global, case: Case) -> Result<Exit, Failure> {
    match case {
        Case::List => list::list(global).await,
        Case::Show { case, as_at } => show::show(global, &case, &as_at).await,
        Case::Entries { case } => entries::entries(global, &case).await,
        Case::At {
            case,
            date,
            basis,
            eyes,
        } => {
            let as_at = AsAt {
                date: Some(date),
                basis,
                eyes,
            };
            at::at(global, &case, &as_at).await
        }
        Case::Allocation {
            case,
            as_at,
            role,
            window,
            min_gap,
            fail_on_gaps,
        } => {
            let only = allocation::Only {
                role,
                window,
                min_gap,
                fail_on_gaps,
            };
            allocation::allocation(global, (&case, &as_at), only).await
        }
        Case::Knowledge {
            case,
            as_at,
            only_problems,
            item,
        } => knowledge::knowledge(global, (&case, &as_at), only_problems, item).await,
        Case::Sharing {
            case,
            as_at,
            needing,
            fail_on_gaps,
        } => sharing::sharing(global, (&case, &as_at), needing, fail_on_gaps).await,
    }
}
