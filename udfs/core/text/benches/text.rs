//! Rows a second of the functions on text, on real reasoning traces.
//!
//! A row is one of the model outputs of `../shared/data/traces`, taken in turn, so that a rate here
//! says how long a table of 100,000 such rows takes on one core. Where the folder is absent the
//! bench says so and does nothing.
//!
//! `cargo bench -p glotrace-text`
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use glotrace_text::{lang, math, prompt, step, token, trace};
use std::{fs, hint::black_box, path::PathBuf, time::Duration};

/// The language of the questions with the model outputs; empty where the folder is absent.
fn traces() -> Vec<(&'static str, Vec<String>)> {
    let mut files = Vec::new();
    for (code, column) in [("bn", "native_response"), ("en", "english_response"), ("ja", "native_response")] {
        let path = format!("shared/data/traces/qwen3_1.7b_mgsm_{code}.jsonl");
        let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../..", &path].iter().collect();
        let Ok(text) = fs::read_to_string(file) else {
            eprintln!("skipped: ../{path} is absent");
            continue;
        };
        let rows = text.split('\n').filter(|line| !line.is_empty()).map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row[column].as_str().unwrap().to_owned()
        });
        files.push((code, rows.collect()));
    }
    files
}

/// Measures `function` on the rows of each language.
fn rows<T>(c: &mut Criterion, name: &str, function: impl Fn(&'static str, &str) -> T) {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for (code, rows) in traces() {
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(code), &rows, |b, rows| {
            b.iter(|| {
                for row in rows {
                    black_box(function(code, black_box(row)));
                }
            });
        });
    }
    group.finish();
}

fn trace(c: &mut Criterion) {
    rows(c, "trace_split", |_, output| trace::split(output).closed);
    rows(c, "trace_split ki2026", |_, output| trace::split_ki2026(output, true).closed);
    rows(c, "trace_steps paragraph", |_, output| trace::steps_paragraph(output));
    let sets = ["bn", "en", "ja"].map(|code| (code, trace::MarkerSet::of_language(code).unwrap()));
    rows(c, "trace_steps marker", |code, output| {
        sets.iter().find(|set| set.0 == code).map(|(_, set)| trace::steps_marker(output, set))
    });
}

fn lang(c: &mut Criterion) {
    let detector = lang::Detector::default();
    rows(c, "lang_detect", |_, output| lang::detect(output, &detector));
    rows(c, "lang_confidence", |_, output| lang::confidence(output, &detector));
    rows(c, "lang_name", |code, _| lang::name(code));
}

fn token(c: &mut Criterion) {
    for encoding in token::Encoding::ALL {
        rows(c, &format!("token_count {}", encoding.name()), |_, output| token::count(output, encoding));
    }
}

fn prompt(c: &mut Criterion) {
    rows(c, "reason_prompt", prompt::reason);
}

fn math(c: &mut Criterion) {
    rows(c, "math_boxed", |_, output| math::boxed(output).map(str::len));
    rows(c, "math_answer", |_, output| math::answer(output).map(str::len));
    rows(c, "math_last_number", |_, output| math::last_number(output, None));
    rows(c, "math_equal", |_, output| math::answer(output).is_some_and(|answer| math::equal("18", answer)));
    rows(c, "math_correct", |_, output| {
        let split = trace::split(output);
        math::correct("18", split.thinking, split.response)
    });
}

fn steps(c: &mut Criterion) {
    rows(c, "step_validity builtin:arithmetic", |_, output| {
        trace::steps_paragraph(output)
            .into_iter()
            .filter(|text| step::arithmetic(text) != step::Verdict::Neutral)
            .count()
    });
    // What an annotator replies to a trace of so many steps, and the features of it.
    for n_steps in [20, 200, 2_000] {
        let annotation = annotation(n_steps);
        let reply = reply(&annotation);
        let steps = step::lend(&annotation);
        let tags: Vec<_> = step::first_tags(&steps).into_iter().map(step::Tag::function).collect();
        let other: Vec<_> = tags.iter().map(|tag| tag.map(|place| (place * 5 + 3) % 7)).collect();
        let mut group = c.benchmark_group(format!("{n_steps} steps"));
        group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
        group.bench_function("step_parse", |b| b.iter(|| step::parse(black_box(&reply), n_steps).unwrap()));
        group.bench_function("step_tag_frequencies", |b| b.iter(|| step::tag_frequencies(black_box(&steps))));
        group.bench_function("step_utility", |b| b.iter(|| step::utility(black_box(&steps))));
        group.throughput(Throughput::Elements((n_steps * n_steps) as u64));
        group.bench_function("seq_align", |b| {
            b.iter(|| step::align(black_box(&tags), black_box(&other), step::Scoring::default()));
        });
        group.finish();
    }
}

/// Tags and dependencies that look like an annotator's.
fn annotation(n_steps: usize) -> Vec<Option<step::AnnotatedStep>> {
    let tag = |id: usize| step::Tag::FUNCTIONS[(id * id + id / 3) % 8];
    let depends_on =
        |id: usize| (1..=2).filter_map(move |back| (id as i64).checked_sub(back * 3).filter(|&id| id >= 0));
    (0..n_steps)
        .map(|id| Some(step::AnnotatedStep { tags: vec![tag(id)], depends_on: Some(depends_on(id).collect()) }))
        .collect()
}

fn reply(annotation: &[Option<step::AnnotatedStep>]) -> String {
    let entry = |(id, step): (usize, &step::AnnotatedStep)| {
        let depends_on: Vec<_> = step.depends_on.iter().flatten().map(i64::to_string).collect();
        let entry = serde_json::json!({"function_tags": [step.tags[0].name()], "depends_on": depends_on});
        format!("\"{id}\": {entry}")
    };
    format!("{{{}}}", annotation.iter().flatten().enumerate().map(entry).collect::<Vec<_>>().join(", "))
}

criterion_group!(benches, trace, math, lang, token, prompt, steps);
criterion_main!(benches);
