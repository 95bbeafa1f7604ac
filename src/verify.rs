//! Checks records from their stored bytes. Checking nothing is never a pass.
