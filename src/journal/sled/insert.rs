//! Writing many values at the end of a range of keys, each of them once.
//!
//! sled divides a page of more than 16 keys and writes both halves anew: values written key by key in rising order are
//! written three times. So the keys are written first, with nothing under them. The pages divide while they are small,
//! each keeps 9 keys, and 9 values are fewer changes than the 10 at which sled writes a page anew.

use ::sled::Tree;

/// Values from which on their keys are written first.
const KEYS_FIRST: usize = 10;

/// Writes keys that follow all others near them, in rising order, with their values. Cut off in the middle it leaves keys
/// with empty values, and behind them nothing else: the reader must know a key with an empty value for an unfinished one.
pub(super) fn insert(
    tree: &Tree,
    rows: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)],
) -> ::sled::Result<()> {
    if rows.len() >= KEYS_FIRST {
        for (key, _) in rows {
            tree.insert(key, &[])?;
        }
    }
    for (key, value) in rows {
        tree.insert(key, value.as_ref())?;
    }
    Ok(())
}
