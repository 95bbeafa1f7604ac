//! Dated rules as data: time limits, need-to-know rules, working days.
