//! The words of the field: identifiers, times, events. Nothing of ours lies below it.
//!
//! Pure: no I/O, no clock, no async. [`event::CaseEvent`] is what an agency says happened;
//! [`time`] keeps the four clocks apart; [`check`] refuses what can never be right.

pub mod check;
pub mod event;
pub mod id;
pub mod time;
