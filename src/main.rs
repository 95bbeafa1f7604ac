//! The `caseledger` binary.

fn main() {}
