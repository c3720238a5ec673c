//! The reference data of `../shared/golden` against the functions on traces, languages and tokens.
//!
//! Each test prints how many rows agree and says how many must. Where the data are absent it says so and passes.
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use glotrace_text::{lang, token, trace};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// A file of the shared folder beside the workspace, or `None` with a line on stderr.
fn shared(path: &str) -> Option<String> {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../../shared", path].iter().collect();
    let text = fs::read_to_string(file).ok();
    if text.is_none() {
        eprintln!("skipped: ../shared/{path} is absent");
    }
    text
}

/// The rows of a golden file, which are separated by U+000A alone.
fn golden(file: &str) -> Option<Vec<Value>> {
    let text = shared(&format!("golden/{file}"))?;
    Some(text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_else(|| panic!("{column} is no text in {row}"))
}

/// Asserts that all rows agree and prints the ids of those that do not.
fn all_agree(what: &str, rows: &[Value], agrees: impl Fn(&Value) -> bool) {
    let wrong: Vec<_> = rows.iter().filter(|row| !agrees(row)).map(|row| row["id"].to_string()).collect();
    eprintln!("{what}: {} of {} agree", rows.len() - wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{what}: ids {}", wrong.join(", "));
}

#[test]
fn the_published_split_is_reproduced() {
    let Some(rows) = golden("think.jsonl") else { return };
    for (qwen, column) in [(false, "answer"), (true, "answer_qwen")] {
        all_agree(&format!("think.jsonl thinking and {column}"), &rows, |row| {
            let split = trace::split_ki2026(text(row, "raw"), qwen);
            split.thinking == row["thinking"].as_str() && split.response == row[column].as_str()
        });
    }
}

#[test]
fn the_default_split_loses_no_letter() {
    let Some(rows) = golden("think.jsonl") else { return };
    let letters = |text: &str| text.replace("<think>", "").replace("</think>", "").split_whitespace().collect::<String>();
    all_agree("think.jsonl letters of the default split", &rows, |row| {
        let split = trace::split(text(row, "raw"));
        let parts = [split.thinking, split.response].map(Option::unwrap_or_default).concat();
        letters(&parts) == letters(text(row, "raw"))
    });
}

#[test]
fn the_published_segmentation_is_reproduced_at_blank_lines() {
    let Some(rows) = golden("segments.jsonl") else { return };
    all_agree("segments.jsonl agnostic", &rows, |row| trace::steps_paragraph(text(row, "trace")) == strings(&row["agnostic"]));
}

#[test]
fn the_published_segmentation_is_reproduced_at_given_markers() {
    let (Some(rows), Some(separators)) = (golden("segments.jsonl"), shared("data/ki2026/separators.json")) else { return };
    let separators: Value = serde_json::from_str(&separators).unwrap();
    for family in ["distill", "qwen"] {
        let column = format!("specific_{family}");
        all_agree(&format!("segments.jsonl {column}"), &rows, |row| {
            let markers = trace::MarkerSet::new(strings(&separators[text(row, "lang")][family]));
            trace::steps_marker(text(row, "trace"), &markers) == strings(&row[&column])
        });
    }
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn languages_are_those_of_lingua() {
    let Some(rows) = golden("lang.jsonl") else { return };
    let fourteen = lang::Candidates::supported().collect::<Vec<_>>().join(",");
    for (n, candidates) in [(12, lang::Candidates::default()), (14, fourteen.parse().unwrap())] {
        let detector = lang::Detector::new(candidates);
        let clear: Vec<_> = rows.iter().filter(|row| row[format!("margin{n}")].as_f64().is_some_and(|m| m >= 0.01)).cloned().collect();
        all_agree(&format!("lang.jsonl lang{n} where the margin is at least 0.01"), &clear, |row| {
            let got = lang::detect(text(row, "text"), &detector);
            if got != row[format!("lang{n}")].as_str() { eprintln!("{got:?} {row}"); }
            got == row[format!("lang{n}")].as_str()
        });
        all_agree(&format!("lang.jsonl conf{n} within 1e-4"), &rows, |row| {
            let best = lang::confidence(text(row, "text"), &detector).first().map_or(0.0, |best| best.1);
            if !row[format!("conf{n}")].as_f64().is_none_or(|expected| (best - expected).abs() <= 1e-4) { eprintln!("{best} {row}"); }
            row[format!("conf{n}")].as_f64().is_none_or(|expected| (best - expected).abs() <= 1e-4)
        });
    }
}

#[test]
fn tokens_are_those_of_tiktoken() {
    let Some(rows) = golden("tokens.jsonl") else { return };
    for encoding in token::Encoding::ALL {
        all_agree(&format!("tokens.jsonl {}", encoding.name()), &rows, |row| {
            row[encoding.name()].as_u64() == Some(token::count(text(row, "text"), encoding) as u64)
        });
    }
}
