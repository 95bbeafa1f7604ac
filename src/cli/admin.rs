//! `admin …`: what an operator does to the files of a ledger. The ledger is not served meanwhile.

mod chains;
mod rebuild;
mod salvage;

pub(super) use self::salvage::salvage;
