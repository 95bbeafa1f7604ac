//! A client that is not ours writes and reads over gRPC, and a verifier that is not ours judges what it was given.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::question::Question;
use crate::running::{Place, Server};
use crate::tools::{go_verifies, have, have_go, say, tell};

/// Python with `grpcio` and `grpcio-reflection`: `CASELEDGER_PYTHON`, or `python3`.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("CASELEDGER_PYTHON").unwrap_or_else(|| "python3".into());
    let there = Command::new(&python)
        .args(["-c", "import grpc, grpc_reflection"])
        .output()
        .is_ok_and(|output| output.status.success());
    have("Python with grpcio and grpcio-reflection", there).then(|| python.into())
}

#[test]
fn a_python_client_by_reflection_pushes_reads_and_replays_and_go_verifies_all_it_was_given() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let server = Server::over(&place);
    let given = place.path("given.jsonl");
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/strangers/client.py"
        ))
        .arg(server.address.trim_start_matches("http://"))
        .arg(&given)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    say(&format!("Python: {told}"));
    assert_eq!(
        (&told["pushed"], &told["replayed"]),
        (&61.into(), &60.into())
    );

    let text = fs::read_to_string(&given).unwrap();
    let right: Vec<Question> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for question in right
        .iter()
        .filter(|it| !matches!(it.kind.as_str(), "chain" | "fields"))
    {
        assert!(question.accepted(), "{question:?}");
    }
    if have_go() {
        let all: Vec<Question> = right
            .iter()
            .flat_map(|it| [it.wrong(), vec![it.clone()]].concat())
            .collect();
        let kinds = ["note", "inclusion", "consistency", "chain", "fields"];
        tell("Go on what Python was given", &go_verifies(&all), &kinds);
    }
    server.stop();
    let verified = place.verify_store();
    assert_eq!(verified.code, 0, "{}", verified.err);
}
