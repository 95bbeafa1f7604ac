//! The journal and the vault: one contract for every adapter, the block format, the scanner, sled.

mod journal_contract;
mod journal_foresee;
mod journal_formats;
mod journal_merge;
mod journal_scan;
mod journal_see;
mod journal_sled;
mod vault_contract;
