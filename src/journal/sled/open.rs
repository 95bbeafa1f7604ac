//! Opening sled, and the log in it.

use std::path::Path;
use std::time::Duration;

use ::sled::{Config, Db, Mode};

use super::log::{Log, cause};
use super::sync::clear;
use super::{INDEX_TREE, LOG_TREE, Options};
use crate::journal::OpenError;

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Opens sled and its trees, and brings the tail of the log in order.
pub(super) fn open_trees(
    dir: &Path,
    options: &Options,
) -> Result<(Db, Log, ::sled::Tree, u64), OpenError> {
    let store = |doing: &'static str| {
        move |error: ::sled::Error| OpenError::Store {
            path: dir.to_path_buf(),
            doing,
            source: cause(error),
        }
    };
    let db = open_db(dir, options)?;
    let log = db.open_tree(LOG_TREE).map_err(store("opening the log"))?;
    let log = Log::new(log, options.origin.clone());
    let size = log.recover()?;
    let index = db
        .open_tree(INDEX_TREE)
        .map_err(store("opening the indexes"))?;
    db.flush().map_err(store("flushing after the start"))?;
    Ok((db, log, index, size))
}

/// Removes what sled cannot start with. Who only reads the files holds their lock for a moment: wait for that.
pub(super) fn clear_store(dir: &Path, after_power_cut: bool) -> Result<(), OpenError> {
    for tried in 1..=LOCK_TRIES {
        let cleared = clear(dir, after_power_cut).map_err(|error| OpenError::Store {
            path: dir.to_path_buf(),
            doing: "removing what sled did not sync",
            source: error.into(),
        })?;
        if cleared {
            return Ok(());
        }
        if tried < LOCK_TRIES {
            std::thread::sleep(LOCK_PAUSE);
        }
    }
    Err(OpenError::Locked {
        path: dir.to_path_buf(),
    })
}

/// Opens sled. Its lock is let go by threads of its own, a little after the last handle is dropped: wait for that.
fn open_db(dir: &Path, options: &Options) -> Result<Db, OpenError> {
    let config = Config::new()
        .path(dir)
        .mode(Mode::HighThroughput)
        .flush_every_ms(None)
        .cache_capacity(options.cache_bytes)
        .use_compression(false);
    let mut tries = 0;
    loop {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(error) if error.to_string().contains("could not acquire lock") => {
                tries += 1;
                if tries == LOCK_TRIES {
                    return Err(OpenError::Locked {
                        path: dir.to_path_buf(),
                    });
                }
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(error) => {
                let (path, source) = (dir.to_path_buf(), cause(error));
                return Err(OpenError::Store {
                    path,
                    doing: "opening sled",
                    source,
                });
            }
        }
    }
}
