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

fn scores(row: &Value, field: &str) -> Vec<TokenScore> {
    let score = |logprob| TokenScore { id: 0, token: String::new(), logprob: Some(logprob), rank: None, entropy: None };
    numbers(row, field).into_iter().map(score).collect()
}

fn list(row: &Value, field: &str) -> Vec<(u32, f64)> {
    let pair = |v: &Value| (u32::try_from(v[0].as_u64().unwrap()).unwrap(), v[1].as_f64().unwrap());
    row[field].as_array().unwrap().iter().map(pair).collect()
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
        let VInformation { vi, logprob_with, logprob_without, .. } =
            v_information(&scores(&row, "lp_with"), &scores(&row, "lp_without"));
        near(&row, "vi", vi);
        near(&row, "logprob_with", logprob_with);
        near(&row, "logprob_without", logprob_without);

        let answer: Vec<u32> =
            row["answer_ids"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
        let ki =
            v_information_ki2026(&answer, &list(&row, "first_pos_top20_with"), &list(&row, "first_pos_top20_without"));
        near(&row, "ki_vi", ki.vi);
        near(&row, "ki_logprob_with", ki.logprob_with);
        near(&row, "ki_logprob_without", ki.logprob_without);
        near(&row, "ki_mean_entropy_with", ki.entropy_with.unwrap());
        near(&row, "ki_mean_entropy_without", ki.entropy_without.unwrap());
    }
    assert_eq!(file.lines().count(), 120);
}
