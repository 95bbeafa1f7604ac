//! Events, times, rules and calendars.

mod event;
mod rules_calendar;
mod rules_pack;
mod time;
