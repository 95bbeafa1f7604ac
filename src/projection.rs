//! Pure folds over a sealed cut of a case: no I/O, no clock, no floats; equal input gives equal answers.
//!
//! A question goes [`placed::Log`] → [`cut::cut`] → [`cut::Cut`] → an answer. A projection takes a
//! [`cut::Cut`] and nothing else that holds entries, and only `cut` can make one, so nothing later than
//! the as-at moment can enter an answer (the as-at law, `semantics.md` 3.4).

pub mod allocation;
pub mod clock;
pub mod coverage;
pub mod cut;
pub mod knowledge;
pub mod late;
pub mod need;
pub mod placed;
pub mod sharing;
pub mod statement;
pub mod status;
