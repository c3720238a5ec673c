//! The reference data of `../shared/golden` against the functions on traces, languages and tokens.
//!
//! Each test prints how many rows agree and says how many must. Where the data are absent it says
//! so and passes.
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
    let Some(rows) = golden("think.jsonl") else {
        return;
    };
    for (qwen, column) in [(false, "answer"), (true, "answer_qwen")] {
        all_agree(&format!("think.jsonl thinking and {column}"), &rows, |row| {
            let split = trace::split_ki2026(text(row, "raw"), qwen);
            split.thinking == row["thinking"].as_str() && split.response == row[column].as_str()
        });
    }
}

#[test]
fn the_default_split_loses_no_letter() {
    let Some(rows) = golden("think.jsonl") else {
        return;
    };
    let letters =
        |text: &str| text.replace("<think>", "").replace("</think>", "").split_whitespace().collect::<String>();
    all_agree("think.jsonl letters of the default split", &rows, |row| {
        let split = trace::split(text(row, "raw"));
        let parts = [split.thinking, split.response].map(Option::unwrap_or_default).concat();
        letters(&parts) == letters(text(row, "raw"))
    });
}

#[test]
fn the_published_segmentation_is_reproduced_at_blank_lines() {
    let Some(rows) = golden("segments.jsonl") else {
        return;
    };
    all_agree("segments.jsonl agnostic", &rows, |row| {
        trace::steps_paragraph(text(row, "trace")) == strings(&row["agnostic"])
    });
}

#[test]
fn the_published_segmentation_is_reproduced_at_given_markers() {
    let (Some(rows), Some(separators)) = (golden("segments.jsonl"), shared("data/ki2026/separators.json")) else {
        return;
    };
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
    let Some(rows) = golden("lang.jsonl") else {
        return;
    };
    for (n, candidates) in [(12, lang::Candidates::default()), (14, all_candidates())] {
        let detector = lang::Detector::new(candidates);
        let (label, margin, best) = (format!("lang{n}"), format!("margin{n}"), format!("conf{n}"));
        let clear: Vec<_> =
            rows.iter().filter(|row| row[&margin].as_f64().is_some_and(|m| m >= 0.01)).cloned().collect();
        all_agree(&format!("lang.jsonl {label} where the margin is at least 0.01"), &clear, |row| {
            lang::detect(text(row, "text"), &detector) == row[&label].as_str()
        });
        all_agree(&format!("lang.jsonl {best} within 1e-4"), &rows, |row| {
            let got = lang::confidence(text(row, "text"), &detector);
            row[&best].as_f64().is_none_or(|expected| (got[0].1 - expected).abs() <= 1e-4)
        });
    }
}

fn all_candidates() -> lang::Candidates {
    lang::Candidates::supported().collect::<Vec<_>>().join(",").parse().unwrap()
}

#[test]
fn a_long_text_gets_the_language_that_lingua_gives_to_all_of_it() {
    let Some(rows) = golden("lang.jsonl") else {
        return;
    };
    let mut texts: Vec<String> = real_traces();
    // Mixtures of two to five texts, some said many times over.
    for (i, step) in (0..rows.len()).zip([1, 7, 31, 64].into_iter().cycle()) {
        let part = |k: usize| text(&rows[(i + k * step) % rows.len()], "text");
        texts.push((0..5).map(|k| format!("{}\n", part(k)).repeat(1 + (i + k) % 7)).collect());
        texts.push((0..2).map(|k| format!("{} ", part(k)).repeat(9 + i % 20)).collect());
    }
    let languages = [
        lingua::Language::Bengali,
        lingua::Language::German,
        lingua::Language::English,
        lingua::Language::Spanish,
        lingua::Language::French,
        lingua::Language::Japanese,
        lingua::Language::Korean,
        lingua::Language::Russian,
        lingua::Language::Swahili,
        lingua::Language::Telugu,
        lingua::Language::Thai,
        lingua::Language::Chinese,
    ];
    let lingua = lingua::LanguageDetectorBuilder::from_languages(&languages).build();
    let detector = lang::Detector::default();
    let long: Vec<_> = texts.iter().filter(|text| text.len() >= 1_000).collect();
    let same = long.iter().filter(|text| {
        let whole = lingua.compute_language_confidence_values(text.as_str());
        lang::confidence(text, &detector).iter().all(|&(code, value)| {
            whole.iter().any(|(l, w)| l.iso_code_639_1().to_string() == code && (w - value).abs() <= 1e-6)
        })
    });
    let same = same.count();
    eprintln!("long texts with lingua's confidence: {same} of {}", long.len());
    assert_eq!(same, long.len());
}

/// The model outputs of `../shared/data/traces`; none where they are absent.
fn real_traces() -> Vec<String> {
    let mut traces = Vec::new();
    for (code, column) in [("bn", "native_response"), ("en", "english_response"), ("ja", "native_response")] {
        let Some(file) = shared(&format!("data/traces/qwen3_1.7b_mgsm_{code}.jsonl")) else {
            continue;
        };
        for line in file.split('\n').filter(|line| !line.is_empty()) {
            traces.push(text(&serde_json::from_str(line).unwrap(), column).to_owned());
        }
    }
    traces
}

#[test]
fn real_traces_have_the_language_and_the_steps_of_their_file() {
    let traces = real_traces();
    let detector = lang::Detector::default();
    for (i, (trace, code)) in traces
        .chunks(200)
        .zip(["bn", "en", "ja"])
        .flat_map(|(file, code)| file.iter().map(move |t| (t, code)))
        .enumerate()
    {
        assert_eq!(lang::detect(trace, &detector), Some(code), "trace {i}");
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        let markers = trace::MarkerSet::of_language(code).unwrap();
        let (paragraphs, steps) = (trace::steps_paragraph(trace), trace::steps_marker(trace, &markers));
        assert_eq!(letters(&paragraphs.concat()), letters(&steps.concat()), "trace {i}");
    }
    let count = |code: usize| {
        let markers = trace::MarkerSet::of_language(["bn", "en", "ja"][code]).unwrap();
        traces.iter().skip(200 * code).take(200).map(|t| trace::steps_marker(t, &markers).len()).sum::<usize>()
    };
    if !traces.is_empty() {
        eprintln!("steps at default markers in 200 traces each: bn {}, en {}, ja {}", count(0), count(1), count(2));
    }
}

#[test]
fn tokens_are_those_of_tiktoken() {
    let Some(rows) = golden("tokens.jsonl") else {
        return;
    };
    for encoding in token::Encoding::ALL {
        all_agree(&format!("tokens.jsonl {}", encoding.name()), &rows, |row| {
            row[encoding.name()].as_u64() == Some(token::count(text(row, "text"), encoding).unwrap() as u64)
        });
    }
}
