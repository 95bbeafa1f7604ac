//! One pass over the store's file: what is read is scanned for blocks and written to the copy, and read only once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::cli::args::Global;
use crate::cli::output;
use crate::journal::scan::{Scan, ScanError, scan};

/// Bytes read at once.
const CHUNK_BYTES: u64 = 1024 * 1024;

/// Chunks that were read and not scanned yet.
const CHUNKS_AHEAD: usize = 4;

/// Scans the file for blocks of this ledger. One thread reads, and writes what it read to `copy`; the other scans. Says
/// also whether the copy was written: what goes wrong there does not stop the scan.
///
/// # Errors
/// [`ScanError::Read`].
pub(super) fn pass(
    global: &Global,
    blocks: &File,
    origin: &str,
    copy: Option<File>,
) -> Result<(Scan, io::Result<()>), ScanError> {
    let bar = output::progress(global, "reading");
    let all = blocks.metadata()?.len();
    let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
    let (used, again) = channel();
    let (found, copied) = thread::scope(|scope| {
        let reader = scope.spawn(move || read(blocks, copy, &sender, &again));
        let chunks = Chunks {
            full: chunks,
            used,
            current: Vec::new(),
            at: 0,
        };
        let found = scan(chunks, origin, |done| {
            bar.to(done, all);
            ControlFlow::Continue(())
        });
        let copied = reader.join();
        (
            found,
            copied.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    bar.finish();
    Ok((found?, copied))
}

/// Reads to the end, or until nobody listens. Answers how writing the copy went.
fn read(
    blocks: &File,
    mut copy: Option<File>,
    chunks: &SyncSender<io::Result<Vec<u8>>>,
    again: &Receiver<Vec<u8>>,
) -> io::Result<()> {
    let mut copied = Ok(());
    loop {
        let mut chunk = again.try_recv().unwrap_or_default();
        chunk.clear();
        let read = blocks.take(CHUNK_BYTES).read_to_end(&mut chunk);
        if matches!(read, Ok(0)) {
            return copied;
        }
        if let (Some(file), Ok(_)) = (&mut copy, &read)
            && let Err(error) = file.write_all(&chunk)
        {
            copied = Err(error);
            copy = None;
        }
        let failed = read.is_err();
        if chunks.send(read.map(|_length| chunk)).is_err() || failed {
            return copied;
        }
    }
}

/// What the reading thread sends, as one stream.
struct Chunks {
    full: Receiver<io::Result<Vec<u8>>>,
    /// Where chunks go back to, to be filled again.
    used: Sender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.current.len() {
            // No more chunks: this is the end.
            let Ok(next) = self.full.recv() else {
                return Ok(0);
            };
            let old = std::mem::replace(&mut self.current, next?);
            self.at = 0;
            // Nobody wants it when everything has been read.
            drop(self.used.send(old));
        }
        let mut rest = self.current.get(self.at..).unwrap_or_default();
        let read = rest.read(bytes)?;
        self.at = self.at.saturating_add(read);
        Ok(read)
    }
}
