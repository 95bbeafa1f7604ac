//! Every bound of the service, each with its unit and its reason. Nothing here is a guess hidden in a loop.

use std::time::Duration;

/// Largest event accepted, in bytes. A case event is a form, not a document store; a statement of 1 MiB is a whole
/// report typed in. Above it: `RESOURCE_EXHAUSTED`.
pub const EVENT_BYTES: usize = 1024 * 1024;

/// Largest gRPC message in either direction, in bytes: a batch of some events, or a page of entries.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Largest answer to a question, in bytes: a matrix of some hundred items by some ten agencies, with evidence, is a few
/// megabytes.
pub const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Appends that may wait for the writer, in requests (a batch counts once). At a commit of about 5 ms per 256 events
/// this is some tens of milliseconds of work, so a full queue means the disk is not keeping up: callers are told at once
/// (`RESOURCE_EXHAUSTED` with a delay) instead of waiting past their deadlines.
pub const QUEUE_REQUESTS: usize = 4096;

/// Bytes of events that may wait for the writer. Bounds memory when every waiting event is large.
pub const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Events the writer seals in one commit. Throughput is flat above about a thousand, and answers wait for the whole
/// commit.
pub const COMMIT_EVENTS: usize = 1024;

/// Bytes of events in one commit, so that one commit stays one block of reasonable size.
pub const COMMIT_BYTES: usize = 16 * 1024 * 1024;

/// Events in one `AppendBatch` request: less than a commit, because a batch is all or nothing in one commit.
pub const BATCH_EVENTS: usize = 512;

/// Entries in one page when the caller names no size.
pub const PAGE_DEFAULT: usize = 50;

/// Entries in one page at most; a larger request is answered with this many.
pub const PAGE_MAX: usize = 1_000;

/// Bytes of entries in one page, so that a page fits into one message with room for its wrapping.
pub const PAGE_BYTES: usize = 3 * 1024 * 1024;

/// Entries of one case that a question reads at most. Eight years of one child are some hundreds of entries; fifty
/// thousand is a mistake of a feed, and is refused with that reason rather than answered late.
pub const CASE_ENTRIES: usize = 50_000;

/// Threads that read one case for a question at most, that of the question included; never more than processors.
pub const REPLAY_THREADS: usize = 4;

/// Entries a subscription reads from the journal at a time while it catches up.
pub const SUBSCRIBE_PAGE: usize = 256;

/// Entries that may wait for one subscriber. A slower reader holds back only itself.
pub const SUBSCRIBE_BUFFER: usize = 64;

/// Heads of chains that the writer keeps in memory, some 250 bytes each: cases that are written to again and again. More
/// are read from the journal.
pub const HEADS_KEPT: usize = 65_536;

/// Events of one `AppendStream` that may be in flight before the server stops reading from that client: two commits, so
/// that one is filled while the other is synced.
pub const STREAM_IN_FLIGHT: usize = 2 * COMMIT_EVENTS;

/// Longest a unary call may take, whatever deadline the client names.
pub const UNARY_CEILING: Duration = Duration::from_mins(1);

/// Longest a graceful stop may take; then the server stops, open streams or not.
pub const STOP_CEILING: Duration = Duration::from_secs(20);

/// What a caller is told to wait before it tries again when the queue is full.
pub const RETRY_QUEUE: Duration = Duration::from_millis(250);

/// Longest single wait of the writer for room in the indexes, before it looks after the head file; shorter when that is due.
pub const INDEX_WAIT: Duration = Duration::from_millis(250);

/// Waits of the writer, one after the other, until it refuses a commit because the indexes do not get on: ten seconds. The
/// commits after it have one wait each, until there was room again. While the indexes get on, appends are slowed to their
/// pace and none is refused: they make room for a commit in a fraction of that.
pub const INDEX_WAITS: u32 = 40;

/// What a caller is told to wait when the server is stopping or refuses appends.
pub const RETRY_UNAVAILABLE: Duration = Duration::from_secs(5);

/// How far the wall clock may be behind the last appended time and still be used (as that time plus 1 µs).
pub const CLOCK_BEHIND: Duration = Duration::from_secs(1);

/// How far the wall clock may move against the monotonic clock between two commits. More is a step: somebody set the
/// clock, and an appended time is the one time that is witnessed.
pub const CLOCK_STEP: Duration = Duration::from_secs(10);

/// How far in the future an agency's claimed time may lie (`semantics.md` 1.2): clocks of feeds differ.
pub const CLAIM_AHEAD: Duration = Duration::from_mins(5);

/// Longest time the head file may stay unsynced while the server runs.
pub const HEAD_SYNC: Duration = Duration::from_secs(1);

/// Entries that start-up reads and checks at a time, on all cores: enough to be worth the threads.
pub const START_PAGE: usize = 4_096;

/// Events up to this many bytes are checked on the task that received them; larger ones on a thread for blocking work.
pub const PREPARE_INLINE_BYTES: usize = 16 * 1024;
