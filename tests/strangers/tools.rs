//! The tools, and what they say.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::question::Question;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers");

/// How many of a kind a tool accepted and refused.
pub(crate) type Counts = BTreeMap<String, (usize, usize)>;

/// Tells it also when the test passes: the harness keeps back only what is printed.
pub(crate) fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Whether a tool is there; a test that lacks one says so, and fails where it is required.
pub(crate) fn have(tool: &str, said: bool) -> bool {
    if !said {
        assert!(
            std::env::var_os("STRANGERS_REQUIRED").is_none(),
            "{tool} is required and is not here"
        );
        say(&format!("not run: {tool} is not here"));
    }
    said
}

fn go(arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    // The packages are Debian's; nothing is fetched.
    command
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode");
    command
        .args(["run", "check.go", "format.go"])
        .args(arguments)
        .current_dir(HERE);
    command
}

/// Go with its two packages.
pub(crate) fn have_go() -> bool {
    let packages = ["golang.org/x/mod/sumdb/tlog", "lukechampine.com/blake3"];
    let there = Command::new("go").arg("version").output().is_ok()
        && packages
            .iter()
            .all(|name| Path::new("/usr/share/gocode/src").join(name).exists());
    have(
        "Go with golang.org/x/mod and lukechampine.com/blake3",
        there,
    )
}

/// What Go says of these questions; it must agree with each.
pub(crate) fn go_verifies(questions: &[Question]) -> Counts {
    let mut file = NamedTempFile::new().unwrap();
    for question in questions {
        serde_json::to_writer(&mut file, question).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.flush().unwrap();
    let output = go(&["verify", file.path().to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let counts = String::from_utf8(output.stdout).unwrap();
    let counts = counts.lines().map(|line| {
        let [kind, accepted, refused] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        (
            kind.to_owned(),
            (accepted.parse().unwrap(), refused.parse().unwrap()),
        )
    });
    counts.collect()
}

/// What Go makes.
pub(crate) fn go_makes() -> Vec<Question> {
    let output = go(&["make"]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Adds one verdict.
pub(crate) fn count(counts: &mut Counts, kind: &str, accepted: bool) {
    let (yes, no) = counts.entry(kind.to_owned()).or_default();
    *(if accepted { yes } else { no }) += 1;
}

/// Prints the counts; neither may be zero for any of these kinds.
pub(crate) fn tell(who: &str, counts: &Counts, kinds: &[&str]) {
    for (kind, (accepted, refused)) in counts {
        say(&format!(
            "{who}: {kind}: {accepted} accepted, {refused} refused"
        ));
    }
    for kind in kinds {
        let (accepted, refused) = counts.get(*kind).copied().unwrap_or_default();
        assert!(
            accepted > 0 && refused > 0,
            "{who}: {kind}: {accepted} and {refused}"
        );
    }
}
