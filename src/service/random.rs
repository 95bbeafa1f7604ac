//! Random bytes from the operating system. Each thread asks for some in advance: asking for every event takes as long as
//! committing to ten of its fields.

use std::cell::RefCell;

use zeroize::Zeroizing;

use super::error::Refused;

/// Secrets that a thread has in advance.
const AHEAD: usize = 32;

/// What was asked for, and how much of it is not yet handed out. What is handed out is gone from here: from `left` on all
/// is zero.
#[derive(Default)]
struct Pool {
    blocks: Zeroizing<[[u8; 32]; AHEAD]>,
    left: usize,
}

impl Pool {
    /// The next block, wiped here; all zero when the system gave that.
    fn take(&mut self) -> Result<[u8; 32], Refused> {
        if self.left == 0 {
            let filled = getrandom::fill(self.blocks.as_flattened_mut());
            filled.map_err(|error| {
                Refused::Store(format!("no random bytes from the system: {error}"))
            })?;
            self.left = AHEAD;
        }
        self.left = self.left.saturating_sub(1);
        let next = self.blocks.get_mut(self.left).map(std::mem::take);
        Ok(next.unwrap_or_default())
    }
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// 32 bytes from the operating system, never all zero.
///
/// # Errors
/// [`Refused::Store`] when the system gives none.
pub(super) fn random() -> Result<[u8; 32], Refused> {
    let bytes = POOL.with_borrow_mut(Pool::take)?;
    if bytes == [0; 32] {
        return Err(Refused::Store(
            "the system's random bytes are all zero".to_owned(),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_handed_out_twice_and_none_stays_behind() {
        let mut seen = Vec::new();
        for _ in 0..3 * AHEAD {
            seen.push(random().unwrap());
            POOL.with_borrow(|pool| {
                let (waiting, gone) = pool.blocks.split_at(pool.left);
                assert!(waiting.iter().all(|block| *block != [0; 32]));
                assert!(gone.iter().all(|block| *block == [0; 32]));
                assert!(!gone.is_empty());
            });
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 3 * AHEAD);
    }
}
