//! Closing sled, which may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::sled::Db;

/// The handle of sled that is dropped last: sled syncs its file then, and panics when that fails. Nothing rests on that
/// sync: every commit was synced when it was made.
pub(super) struct LastHandle(pub(super) Option<Db>);

impl Drop for LastHandle {
    fn drop(&mut self) {
        let last = self.0.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(last))) {
            let error = panic_text(&*panic);
            tracing::warn!(error, "the store could not be synced when it was closed");
        }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "sled panicked".to_owned())
}
