//! V-information against the reference values, where they are at hand.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use glotrace_model::TokenScore;
use glotrace_model::score::{VInformation, v_information, v_information_ki2026};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn numbers(row: &Value, field: &str) -> Vec<f64> {
    row[field].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The scores of the answer's tokens, the list of the likeliest with the first.
fn scores(row: &Value, side: &str) -> Vec<TokenScore> {
    let id = |v: &Value| u32::try_from(v.as_u64().unwrap()).unwrap();
    let pair = |v: &Value| (id(&v[0]), v[1].as_f64().unwrap());
    let top: Vec<_> = row[format!("first_pos_top20_{side}")].as_array().unwrap().iter().map(pair).collect();
    let answer = row["answer_ids"].as_array().unwrap().iter().map(id);
    answer
        .zip(numbers(row, &format!("lp_{side}")))
        .enumerate()
        .map(|(i, (id, logprob))| TokenScore {
            id,
            token: String::new(),
            logprob: Some(logprob),
            rank: None,
            entropy: None,
            top: if i == 0 { top.clone() } else { Vec::new() },
        })
        .collect()
}

fn near(row: &Value, field: &str, got: f64) {
    let expected = row[field].as_f64().unwrap();
    assert!((got - expected).abs() <= TOLERANCE, "{}: {field}: {got}, expected {expected}", row["id"]);
}

#[test]
fn both_definitions_equal_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/golden/vinfo.jsonl");
    let Ok(file) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: ../shared/golden/vinfo.jsonl is absent");
        return;
    };
    for line in file.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (with, without) = (scores(&row, "with"), scores(&row, "without"));
        let VInformation { vi, logprob_with, logprob_without, .. } = v_information(&with, &without);
        near(&row, "vi", vi);
        near(&row, "logprob_with", logprob_with);
        near(&row, "logprob_without", logprob_without);

        let ki = v_information_ki2026(&with, &without);
        near(&row, "ki_vi", ki.vi);
        near(&row, "ki_logprob_with", ki.logprob_with);
        near(&row, "ki_logprob_without", ki.logprob_without);
        near(&row, "ki_mean_entropy_with", ki.entropy_with.unwrap());
        near(&row, "ki_mean_entropy_without", ki.entropy_without.unwrap());
    }
    assert_eq!(file.lines().count(), 120);
}
