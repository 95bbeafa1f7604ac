//! The walls of a single crate: who may name whom, read from the sources.
//!
//! The compiler cannot refuse a module naming its neighbour, so this test does. The table is the one of `src/lib.rs`.
#![expect(clippy::unwrap_used, reason = "a test helper may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer, then every layer it may name besides itself.
const MAY_NAME: &[(&str, &str)] = &[
    ("domain", ""),
    ("rules", "domain"),
    ("ledger", "domain"),
    ("verify", "domain ledger"),
    ("projection", "domain rules ledger"),
    ("journal", "ledger"),
    ("vault", "ledger"),
    (
        "service",
        "domain rules ledger verify projection journal vault",
    ),
    ("grpc", "domain rules ledger verify projection service"),
    (
        "cli",
        "domain rules ledger verify projection journal vault service grpc",
    ),
];

/// Crate, then the layers that may use it.
const CRATE_USERS: &[(&str, &str)] = &[
    ("sled", "journal"),
    ("tonic", "grpc"),
    ("tonic_types", "grpc"),
    ("prost", "grpc"),
    ("prost_types", "grpc"),
    ("prost_reflect", "grpc"),
    ("clap", "cli"),
    ("comfy_table", "cli"),
    ("indicatif", "cli"),
    ("tokio", "service grpc cli"),
    ("tracing", "journal service grpc cli"),
    ("serde", "rules cli"),
];

/// Word, then the only files below `src/` it may stand in.
const WORD_PLACES: &[(&str, &str)] = &[
    ("SystemTime::now", "service/clock.rs"),
    ("Instant::now", "service/clock.rs"),
    ("Timestamp::now", "service/clock.rs"),
    ("println!", "cli/output.rs"),
    ("eprintln!", "cli/output.rs"),
    ("HashMap", "grpc/status.rs"),
    ("HashSet", ""),
];

const FILE_LINES_MAX: usize = 500;

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Path below `src/` and text of every source file.
fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let named = found.into_iter().map(|path| {
        let name = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.collect()
}

/// The text without line comments; block comments are not used in this project.
fn code(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn layer(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// The first path segment after each `crate::`, grouped imports (`crate::{a, b::c}`) included.
fn named_layers(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            named.push(rest.to_owned());
            continue;
        };
        let mut depth = 0_i32;
        let mut word = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => named.push(std::mem::take(&mut word)),
                c if depth == 0 => word.push(c),
                _ => {}
            }
        }
        named.push(word);
    }
    let first = |path: &String| {
        let word = path.trim_start().chars();
        word.take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    named.iter().map(first).collect()
}

fn allows(list: &str, word: &str) -> bool {
    list.split(' ').any(|allowed| allowed == word)
}

fn wall_breaks(file: &str, text: &str) -> Vec<String> {
    let from = layer(file);
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == from) else {
        return Vec::new();
    };
    let is_layer = |to: &String| MAY_NAME.iter().any(|(name, _)| name == to);
    let named = named_layers(&code(text)).into_iter();
    named
        .filter(|to| to != from && is_layer(to) && !allows(allowed, to))
        .map(|to| format!("{file}: {from} must not name {to}"))
        .collect()
}

fn uses_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':'))
    })
}

#[test]
fn no_layer_names_a_layer_it_must_not() {
    let breaks: Vec<_> = files()
        .iter()
        .flat_map(|(f, t)| wall_breaks(f, t))
        .collect();
    assert!(breaks.is_empty(), "{}", breaks.join("\n"));
}

#[test]
fn the_wall_test_finds_a_planted_break() {
    let planted = "use crate::{ledger::digest::Hash, service::limits};\nuse crate::domain::id;";
    assert_eq!(
        wall_breaks("journal/sled.rs", planted),
        [
            "journal/sled.rs: journal must not name service",
            "journal/sled.rs: journal must not name domain"
        ]
    );
    assert!(uses_crate("let db = sled::Config::new();", "sled"));
    assert!(!uses_crate("use crate::journal::sled::Adapter;", "sled"));
}

#[test]
fn each_outside_crate_stays_in_its_layer() {
    let mut breaks = Vec::new();
    for (file, text) in files() {
        let from = layer(&file);
        let code = code(&text);
        for (name, layers) in CRATE_USERS {
            if uses_crate(&code, name) && !allows(layers, from) {
                breaks.push(format!("{file}: {from} must not use the crate {name}"));
            }
        }
    }
    assert!(breaks.is_empty(), "{}", breaks.join("\n"));
}

#[test]
fn time_output_and_hash_maps_stay_in_their_places() {
    let mut breaks = Vec::new();
    for (file, text) in files() {
        let code = code(&text);
        for (word, place) in WORD_PLACES {
            if code.contains(word) && *place != file {
                breaks.push(format!("{file}: {word}"));
            }
        }
    }
    assert!(breaks.is_empty(), "{}", breaks.join("\n"));
}

#[test]
fn every_module_says_what_it_is_and_stays_readable() {
    for (file, text) in files() {
        assert!(
            text.starts_with("//!"),
            "{file} does not begin with a module doc"
        );
        assert!(!file.ends_with("/mod.rs"), "{file}: use foo.rs beside foo/");
        let lines = text.lines().count();
        assert!(
            lines <= FILE_LINES_MAX,
            "{file} has {lines} lines: is it one concept?"
        );
    }
}

#[test]
fn the_core_is_built_without_the_server_stack() {
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--no-default-features",
            "--edges",
            "normal",
        ])
        .args(["--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.lines().count() > 5, "the tree was read");
    for forbidden in ["tokio", "tonic", "prost", "sled", "clap"] {
        let found = tree.lines().any(|l| l.split(' ').next() == Some(forbidden));
        assert!(!found, "the core depends on {forbidden}");
    }
}
