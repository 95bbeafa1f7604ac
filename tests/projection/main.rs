//! The projections as pure functions of a cut: allocation, knowledge, need, sharing, turnover, and the as-at law.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected, and counts aloud"
)]

mod allocation;
mod allocation_eyes;
mod allocation_order;
mod allocation_roles;
mod allocation_traps;
mod as_at_answers;
mod as_at_law;
mod cut;
mod disputes;
mod history;
mod knowledge;
mod knowledge_history;
mod knowledge_laws;
mod late;
mod need_joined;
mod need_party;
mod random;
mod sharing;
mod sharing_loops;
mod turnover;
