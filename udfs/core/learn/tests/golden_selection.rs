//! Test-time selection (`../shared/golden/selection*`): the policies of the study, written as the queries write them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use common::{Row, Worst, csv, number, parquet, text};
use glotrace_learn::stat::{majority_vote, pass_at_k};
use std::collections::BTreeMap;

const TEMPERATURES: [&str; 4] = ["0.3", "0.6", "0.8", "1.0"];
const FEATURES: [&str; 7] = [
    "num_steps",
    "semantic_similarity",
    "structural_similarity",
    "direct_utility",
    "indirect_utility",
    "result_consolidation",
    "uncertainty_management",
];

/// Candidates of a question in a language: temperature ascending, candidate ascending.
type Questions = BTreeMap<(String, u64), Vec<Row>>;

fn read() -> Option<Questions> {
    let mut questions = Questions::new();
    for row in parquet("selection.parquet")? {
        let key = (text(&row, "language").to_owned(), number(&row, "question_id").unwrap() as u64);
        questions.entry(key).or_default().push(row);
    }
    for rows in questions.values_mut() {
        rows.sort_by(|a, b| {
            let key = |row: &Row| (number(row, "temperature").unwrap(), number(row, "candidate").unwrap());
            key(a).partial_cmp(&key(b)).unwrap()
        });
    }
    Some(questions)
}

fn at<'a>(rows: &'a [Row], temperature: &str) -> Vec<&'a Row> {
    let wanted = temperature.parse::<f64>().ok();
    rows.iter().filter(|row| wanted.is_none() || number(row, "temperature") == wanted).collect()
}

/// The first of the largest; a missing value is −1.
fn argmax(rows: &[&Row], feature: &str) -> usize {
    let value = |i: usize| number(rows[i], feature).unwrap_or(-1.0);
    (1..rows.len()).fold(0, |best, i| if value(i) > value(best) { i } else { best })
}

fn is_right(row: &Row) -> f64 {
    number(row, "acc").unwrap()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// The accuracy of a policy on one question.
fn score(policy: &str, temperature: &str, all: &[Row]) -> f64 {
    let rows = at(all, temperature);
    match policy.split_once(':') {
        Some(("argmax" | "argmax32", feature)) => is_right(rows[argmax(&rows, feature)]),
        Some(("seed_combine_expectation", "random")) => mean(rows.iter().map(|row| is_right(row))),
        Some(("seed_combine_expectation", feature)) => mean(TEMPERATURES.iter().map(|t| {
            let rows = at(all, t);
            is_right(rows[argmax(&rows, feature)])
        })),
        _ => {
            let right = rows.iter().filter(|row| is_right(row) == 1.0).count() as u64;
            match policy {
                "random_expectation" | "mean_pass@1" => mean(rows.iter().map(|row| is_right(row))),
                "oracle" => f64::from(u8::from(right > 0)),
                "majority_vote" => vote(&rows),
                _ => {
                    let k = policy.trim_start_matches("pass@").trim_end_matches("_unbiased").parse().unwrap();
                    pass_at_k(rows.len() as u64, right, k).unwrap()
                }
            }
        }
    }
}

fn vote(rows: &[&Row]) -> f64 {
    let mut votes: BTreeMap<String, u64> = BTreeMap::new();
    for answer in rows.iter().filter_map(|row| number(row, "answer")) {
        *votes.entry(answer.to_string()).or_default() += 1;
    }
    let winner = majority_vote(votes.iter().map(|(answer, count)| (answer.as_str(), *count)));
    let gold = number(rows[0], "gold").unwrap();
    f64::from(u8::from(winner.is_some_and(|answer| answer.parse::<f64>().unwrap() == gold)))
}

#[test]
fn policies_have_the_published_accuracy() {
    let (Some(questions), Some(expected)) = (read(), csv("selection_expected.csv")) else { return };
    let mut worst = Worst::default();
    for line in &expected {
        let (language, policy) = (line["language"].as_str(), line["policy"].as_str());
        let temperature = line["temperature"].as_str();
        let is_in = |l: &str| if language == "non-en" { l != "en" } else { l == language };
        // Every language has the same questions: the mean of the languages is the mean of their questions.
        let scores = questions.iter().filter(|((l, _), _)| is_in(l)).map(|(_, rows)| score(policy, temperature, rows));
        let accuracy = mean(scores);
        let known: f64 = line["accuracy"].parse().unwrap();
        worst.note("accuracy", (accuracy - known).abs(), || format!("{language} {policy} {temperature}"));
    }
    worst.hold("selection", &[("accuracy", 1e-12)]);
}

#[test]
fn picks_are_the_published_ones() {
    let (Some(questions), Some(picks)) = (read(), csv("selection_picks.csv")) else { return };
    let mut compared = 0;
    for line in &picks {
        let key = (line["language"].clone(), line["question_id"].parse().unwrap());
        let (all, feature) = (&questions[&key], line["policy"].as_str());
        assert!(FEATURES.contains(&feature), "{line:?}");
        let columns = ["idx_t03", "idx_t06", "idx_t08", "idx_t10", "idx32"];
        for (column, temperature) in columns.into_iter().zip(TEMPERATURES.into_iter().chain(["all"])) {
            let pick = argmax(&at(all, temperature), feature);
            assert_eq!(pick, line[column].parse::<usize>().unwrap(), "{line:?} {column}");
            compared += 1;
        }
    }
    eprintln!("selection: {compared} picks equal");
    assert_eq!(compared, picks.len() * 5);
}
