//! Tests and bootstraps against scipy and statsmodels (`../shared/golden`).

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use common::{Worst, jsonl};
use glotrace_learn::stat::{mann_whitney, mcnemar, paired_bootstrap};
use serde_json::Value;

fn numbers(row: &Value, column: &str) -> Vec<f64> {
    row[column].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn mann_whitney_agrees_with_scipy() {
    let Some(rows) = jsonl("mannwhitney.jsonl") else { return };
    let mut worst = Worst::default();
    for row in &rows {
        let place = || format!("row {} {}", row["id"], row["kind"]);
        let (x, y) = (numbers(row, "x"), numbers(row, "y"));
        let (Some(u), Some(p)) = (row["U"].as_f64(), row["p"].as_f64()) else {
            assert_eq!(mann_whitney(&x, &y), None, "{}", place());
            continue;
        };
        let test = mann_whitney(&x, &y).unwrap();
        worst.note("u", (test.u - u).abs(), place);
        let kind = if row["method"] == "exact" { "p_value, exact" } else { "p_value, approximate" };
        worst.note(kind, (test.p_value - p).abs(), place);
    }
    worst.hold("Mann-Whitney", &[("u", 0.0), ("p_value, exact", 1e-9), ("p_value, approximate", 1e-9)]);
}

#[test]
fn paired_bootstraps_lie_within_their_sampling_error() {
    let Some(rows) = jsonl("paired_bootstrap.jsonl") else { return };
    let mut worst = Worst::default();
    for row in &rows {
        let place = || format!("row {} {}", row["id"], row["kind"]);
        let of = |column: &str| row[column].as_f64().unwrap();
        let (policy, baseline) = (numbers(row, "policy"), numbers(row, "baseline"));
        let differences: Vec<f64> = policy.iter().zip(&baseline).map(|(a, b)| a - b).collect();
        let test = paired_bootstrap(&differences, None, 1000, 42).unwrap();
        worst.note("diff", (test.diff - of("boot_expectation")).abs(), place);
        // The published p is not held to 1.
        let p = of("exact_p").min(1.0);
        worst.note("p_value, in tolerances", (test.p_value - p).abs() / of("tol_p"), place);
        for (end, column) in [(test.low, "exact_ci_low"), (test.high, "exact_ci_high")] {
            worst.note("interval, in tolerances", (end - of(column)).abs() / of("tol_ci"), place);
        }
        let only = |first: &[f64], second: &[f64]| first.iter().zip(second).filter(|(a, b)| a > b).count() as u64;
        let exact = mcnemar(only(&policy, &baseline), only(&baseline, &policy));
        worst.note("McNemar's p_value", (exact.p_value - of("mcnemar_exact_p")).abs(), place);
    }
    worst.hold(
        "paired bootstrap",
        &[
            ("diff", 1e-9),
            ("p_value, in tolerances", 1.0),
            ("interval, in tolerances", 1.0),
            ("McNemar's p_value", 1e-9),
        ],
    );
}
