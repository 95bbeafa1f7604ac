//! Reads a trace of strace (`-f -y -xx`) into what happened to the files below one directory, in the order of the trace.
//!
//! strace stops a process before and after each call, so the order of its lines is the order of what happened: a call has
//! had no effect before its line begins and all of it once its end is printed. Whatever this reader does not understand
//! and that touches the directory ends the test: a write that is not seen would make every result worthless.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A change of the directory, or an acknowledgement; paths are below the directory, which itself is "".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The file is made unless it is there.
    Create(String),
    Write {
        path: String,
        at: u64,
        bytes: Arc<[u8]>,
    },
    Truncate {
        path: String,
        length: u64,
    },
    /// fsync or fdatasync of a file or a directory.
    Sync(String),
    Mkdir(String),
    Unlink(String),
    Rename {
        from: String,
        to: String,
    },
    /// A line that says what a client was told.
    Ack(String),
}

/// One moment of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// This call begins.
    Start(usize),
    /// This call has had its effect.
    End(usize),
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) calls: Vec<Call>,
    pub(crate) steps: Vec<Step>,
}

impl Trace {
    /// The same run, had these files and directories not been synced.
    pub(crate) fn without_syncs(&self, paths: &[&str]) -> Self {
        let omitted = |call: usize| matches!(&self.calls[call], Call::Sync(path) if paths.contains(&path.as_str()));
        let steps = self.steps.iter().copied();
        let steps = steps.filter(|step| {
            let (Step::Start(call) | Step::End(call)) = step;
            !omitted(*call)
        });
        Self {
            calls: self.calls.clone(),
            steps: steps.collect(),
        }
    }
}

/// One line that begins a call, with what its end says.
struct Line<'t> {
    name: &'t str,
    /// Everything between the parentheses that was printed when it began.
    arguments: &'t str,
    /// What stands behind the equals sign; `None` if the call never ended.
    result: Option<&'t str>,
    /// The line at which it ended.
    end: usize,
}

/// Reads the text of a trace. `root` is the directory, `acks` beside it the file of acknowledgements.
pub(crate) fn read(text: &str, root: &Path) -> Trace {
    let mut reader = Reader {
        root: root.to_str().unwrap().to_owned(),
        acks: root.with_file_name("acks").to_str().unwrap().to_owned(),
        offsets: BTreeMap::new(),
    };
    let (mut trace, mut ends) = (Trace::default(), BTreeMap::new());
    let lines: Vec<&str> = text.lines().collect();
    let mut begun = begun(&lines);
    for at in 0..lines.len() {
        if let Some(line) = begun.remove(&at) {
            for call in reader.calls(&line) {
                let number = trace.calls.len();
                trace.calls.push(call);
                trace.steps.push(Step::Start(number));
                if line.result.is_some() {
                    ends.entry(line.end).or_insert_with(Vec::new).push(number);
                }
            }
        }
        for number in ends.remove(&at).unwrap_or_default() {
            trace.steps.push(Step::End(number));
        }
    }
    trace
}

/// Every call by the line at which it begins, joined with its end.
fn begun<'t>(lines: &[&'t str]) -> BTreeMap<usize, Line<'t>> {
    let mut begun: BTreeMap<usize, Line<'t>> = BTreeMap::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let (pid, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if rest.starts_with("<... ") {
            let first = open.remove(pid).unwrap();
            let line = begun.get_mut(&first).unwrap();
            line.result = result(rest);
            line.end = at;
            continue;
        }
        let (name, rest) = rest.split_once('(').unwrap();
        let (arguments, result) = match rest.strip_suffix("<unfinished ...>") {
            Some(arguments) => {
                open.insert(pid, at);
                (arguments.trim_end().trim_end_matches(','), None)
            }
            None => (rest.rsplit_once(')').unwrap().0, result(rest)),
        };
        let line = Line {
            name,
            arguments,
            result,
            end: at,
        };
        begun.insert(at, line);
    }
    begun
}

/// What a call answered; `None` if it did not come back.
fn result(text: &str) -> Option<&str> {
    let (_, result) = text.rsplit_once(" = ").unwrap();
    (!result.starts_with('?')).then_some(result)
}

struct Reader {
    root: String,
    acks: String,
    /// Where the next `write` of a descriptor goes. One program at a time is traced, and its threads share descriptors.
    offsets: BTreeMap<String, u64>,
}

/// An argument that is a descriptor: its number and its path.
fn descriptor(argument: &str) -> Option<(String, String)> {
    let (number, path) = argument.split_once('<')?;
    let path = unescape(path.strip_suffix('>').unwrap_or("deleted"));
    Some((number.to_owned(), String::from_utf8(path).unwrap()))
}

/// Bytes printed as `\x..` or as they are.
fn unescape(text: &str) -> Vec<u8> {
    if text.starts_with("\\x") {
        let digits = text.replace("\\x", "");
        return data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap();
    }
    assert!(!text.contains('\\'), "{text}");
    text.as_bytes().to_vec()
}

/// An argument that is a string.
fn string(argument: &str) -> Vec<u8> {
    let inner = argument.strip_prefix('"').and_then(|a| a.strip_suffix('"'));
    unescape(inner.unwrap_or_else(|| panic!("cut short: {argument:.80}")))
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:.80}"))
}

impl Reader {
    /// What a path below the directory is called there.
    fn below(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(&self.root)?;
        if rest.is_empty() {
            return Some(String::new());
        }
        rest.strip_prefix('/').map(str::to_owned)
    }

    /// The path that a descriptor or a string of a path names.
    fn path(&self, argument: &str) -> Option<String> {
        if argument.starts_with('"') {
            // Longer than any path, or not of text: bytes that are written.
            let is_short = argument.len() <= 4 * 4_096;
            let path = String::from_utf8(if is_short {
                string(argument)
            } else {
                Vec::new()
            });
            return self.below(&path.ok()?);
        }
        descriptor(argument).and_then(|(_, path)| self.below(&path))
    }

    /// The changes of one call, in order.
    fn calls(&mut self, line: &Line<'_>) -> Vec<Call> {
        if line.result.is_some_and(|result| result.starts_with('-')) {
            return Vec::new();
        }
        let arguments: Vec<&str> = line.arguments.split(", ").collect();
        let touched = arguments.iter().find_map(|argument| self.path(argument));
        match line.name {
            "open" | "openat" | "creat" => self.open(line, &arguments),
            "close" => {
                if let Some((number, _)) = descriptor(arguments[0]) {
                    self.offsets.remove(&number);
                }
                Vec::new()
            }
            "lseek" | "read" | "write" => self.stream(line, &arguments),
            "sync" | "syncfs" | "io_uring_setup" => panic!("{} is not understood", line.name),
            // Says nothing about the disk: not even that the file's length is there.
            "sync_file_range" => Vec::new(),
            // Copies out of the directory.
            "copy_file_range" if self.path(arguments[2]).is_none() => Vec::new(),
            "sendfile" if self.path(arguments[0]).is_none() => Vec::new(),
            "fcntl" if !line.arguments.contains("F_DUPFD") => Vec::new(),
            _ => match touched {
                Some(path) => vec![self.change(line, &arguments, path)],
                None => Vec::new(),
            },
        }
    }

    fn change(&self, line: &Line<'_>, arguments: &[&str], path: String) -> Call {
        let second = || self.path(arguments[1]).unwrap();
        match (line.name, arguments.len()) {
            ("pwrite64", 4) => {
                let mut bytes = string(arguments[1]);
                if let Some(result) = line.result {
                    bytes.truncate(usize::try_from(number(result)).unwrap());
                }
                let (at, bytes) = (number(arguments[3]), bytes.into());
                Call::Write { path, at, bytes }
            }
            ("ftruncate" | "truncate", 2) => {
                let length = number(arguments[1]);
                Call::Truncate { path, length }
            }
            ("fsync" | "fdatasync", 1) => Call::Sync(path),
            ("mkdir", 2) => Call::Mkdir(path),
            ("unlink", 1) => Call::Unlink(path),
            ("rename", 2) => {
                let to = second();
                Call::Rename { from: path, to }
            }
            _ => panic!("{}({:.200}) is not understood", line.name, line.arguments),
        }
    }

    fn open(&mut self, line: &Line<'_>, arguments: &[&str]) -> Vec<Call> {
        let opened = line.result.and_then(descriptor);
        if let Some((number, _)) = &opened {
            self.offsets.insert(number.clone(), 0);
        }
        let flags = arguments[2];
        let path = self.path(arguments[1]);
        let Some(path) = path.or_else(|| opened.and_then(|(_, path)| self.below(&path))) else {
            return Vec::new();
        };
        assert_eq!(line.name, "openat");
        let mut calls = Vec::new();
        if flags.contains("O_CREAT") {
            calls.push(Call::Create(path.clone()));
        }
        if flags.contains("O_TRUNC") {
            calls.push(Call::Truncate { path, length: 0 });
        }
        calls
    }

    /// Calls that use and move a descriptor's offset.
    fn stream(&mut self, line: &Line<'_>, arguments: &[&str]) -> Vec<Call> {
        let Some((key, path)) = descriptor(arguments[0]) else {
            return Vec::new();
        };
        let result = line.result.map(number);
        if line.name == "lseek" {
            self.offsets.insert(key, result.unwrap());
            return Vec::new();
        }
        if line.name == "read" {
            if let (Some(offset), Some(read)) = (self.offsets.get_mut(&key), result) {
                *offset += read;
            }
            return Vec::new();
        }
        if path == self.acks {
            let said = String::from_utf8(string(arguments[1])).unwrap();
            return vec![Call::Ack(said.trim_end_matches('\n').to_owned())];
        }
        let Some(path) = self.below(&path) else {
            return Vec::new();
        };
        let mut bytes = string(arguments[1]);
        let written = result.unwrap_or(bytes.len() as u64);
        bytes.truncate(usize::try_from(written).unwrap());
        let offset = self.offsets.get_mut(&key).unwrap();
        let at = *offset;
        *offset += written;
        let bytes = bytes.into();
        vec![Call::Write { path, at, bytes }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_in_the_order_in_which_things_happened() {
        let text = r#"7 openat(AT_FDCWD</>, "/d/f", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5</d/f>
7 write(5</d/f>, "\x61\x62", 2 <unfinished ...>
8 fdatasync(5</d/f>) = 0
7 <... write resumed>) = 2
7 write(5</d/f>, "\x63", 1) = 1
8 write(6</acks>, "\x6f\x6b\x0a", 3) = 3
8 pwrite64(5</d/f>, "\x64", 1, 9) = -1 ENOSPC (No space left on device)
9 +++ killed by SIGKILL +++"#;
        let trace = read(text, Path::new("/d"));
        let write = |at, bytes: &[u8]| Call::Write {
            path: "f".to_owned(),
            at,
            bytes: bytes.into(),
        };
        assert_eq!(
            trace.calls,
            [
                Call::Create("f".to_owned()),
                write(0, b"ab"),
                Call::Sync("f".to_owned()),
                write(2, b"c"),
                Call::Ack("ok".to_owned()),
            ]
        );
        let (start, end) = (Step::Start, Step::End);
        assert_eq!(
            trace.steps[2..6],
            [start(1), start(2), end(2), end(1)],
            "the sync ended inside the write"
        );
    }

    #[test]
    #[should_panic(expected = "is not understood")]
    fn a_call_that_is_not_understood_ends_the_test() {
        read("7 fallocate(5</d/f>, 0, 0, 4096) = 0", Path::new("/d"));
    }
}
