//! Random bytes from the operating system. Each thread asks for some in advance: asking for every event takes as long as
//! committing to ten of its fields.

use std::cell::RefCell;

use zeroize::Zeroizing;

use super::error::Refused;

/// Secrets that a thread has in advance.
const AHEAD: usize = 32;

/// What was asked for and is not yet handed out. What is handed out is gone from here.
type Pool = Zeroizing<Vec<[u8; 32]>>;

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// 32 bytes from the operating system, never all zero.
///
/// # Errors
/// [`Refused::Store`] when the system gives none.
pub(super) fn random() -> Result<[u8; 32], Refused> {
    let bytes = POOL.with_borrow_mut(|pool| {
        if pool.is_empty() {
            fill(pool)?;
        }
        let next = pool.last_mut().map(std::mem::take);
        pool.pop();
        Ok::<_, Refused>(next.unwrap_or_default())
    })?;
    if bytes == [0; 32] {
        return Err(Refused::Store(
            "the system's random bytes are all zero".to_owned(),
        ));
    }
    Ok(bytes)
}

fn fill(pool: &mut Pool) -> Result<(), Refused> {
    pool.resize(AHEAD, [0; 32]);
    let filled = getrandom::fill(pool.as_flattened_mut());
    filled.map_err(|error| {
        pool.clear();
        Refused::Store(format!("no random bytes from the system: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_handed_out_twice_and_none_stays_behind() {
        let mut seen: Vec<[u8; 32]> = (0..3 * AHEAD).map(|_| random().unwrap()).collect();
        let last = seen.last().copied().unwrap();
        POOL.with_borrow(|pool| assert!(!pool.contains(&last)));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 3 * AHEAD);
    }
}
