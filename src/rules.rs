//! Dated rules as data: time limits, need-to-know rules, working days.
//!
//! [`pack::Pack`] is the loaded and checked rule data: the need table of `semantics.md` 7.3, what waits for a
//! response, the expected
//! windows of the roles of 5.2, and the parameters of allocation and turnover. [`calendar::Calendar`]
//! counts its limits. Nothing here reads a file, a clock or a case.

pub mod calendar;
pub mod limit;
pub mod need;
pub mod pack;
pub mod parameters;
pub mod response;
pub mod role;

pub use calendar::Calendar;
pub use limit::{Limit, Tier, Unit};
pub use need::{ItemFacts, ItemFilter, NeedRule};
pub use pack::{Pack, PackError};
pub use parameters::{AllocationParameters, TurnoverParameters};
pub use response::{ResponseRule, ResponseTo};
pub use role::{RoleWindow, WindowEvent};
