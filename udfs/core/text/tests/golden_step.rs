//! The reference data of `../shared/golden` against the functions on annotations: every column, default and as published.
//!
//! Each test prints how many rows agree; all must. Where the data are absent it says so and passes.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use glotrace_text::step::{
    self, AnnotatedStep, Scoring, Script, Tag, TagFrequencies, Utility, Verdict, align, ancestors, lend, parse_ki2026,
};
use glotrace_text::trace;
use serde_json::Value;
use std::{fs, path::PathBuf};

/// The rows of a golden file, which are separated by U+000A alone; `None` with a line on stderr where it is absent.
fn golden(file: &str) -> Option<Vec<Value>> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../../shared/golden", file].iter().collect();
    let Ok(text) = fs::read_to_string(path) else {
        eprintln!("skipped: ../shared/golden/{file} is absent");
        return None;
    };
    Some(text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Counts agreement, keeps the largest deviation of numbers, and remembers who disagrees.
struct Tally {
    what: String,
    rows: usize,
    worst: f64,
    wrong: Vec<String>,
}

impl Tally {
    fn of(what: &str, rows: &[Value], mut agrees: impl FnMut(&Value, &mut f64) -> bool) {
        let mut tally = Self { what: what.to_owned(), rows: rows.len(), worst: 0.0, wrong: Vec::new() };
        for row in rows {
            if !agrees(row, &mut tally.worst) {
                tally.wrong.push(format!("{} ({})", row["id"], row["kind"].as_str().unwrap_or_default()));
            }
        }
        let Self { what, rows, worst, wrong } = tally;
        eprintln!("{what}: {} of {rows} agree, largest deviation {worst:.1e}", rows - wrong.len());
        assert!(wrong.is_empty(), "{what}: {}", wrong.join(", "));
    }
}

/// Equal within 1e-12; no number is no number.
fn near(got: Option<f64>, expected: &Value, worst: &mut f64) -> bool {
    match (got, expected.as_f64()) {
        (Some(got), Some(expected)) => {
            *worst = worst.max((got - expected).abs());
            (got - expected).abs() <= 1e-12
        }
        (None, None) => true,
        _ => false,
    }
}

fn frequencies_near(got: Option<TagFrequencies>, expected: &Value, worst: &mut f64) -> bool {
    match got {
        None => expected.is_null(),
        Some(got) => Tag::FUNCTIONS
            .iter()
            .zip(got.functions)
            .all(|(tag, share)| near(Some(share), &expected[tag.name()], worst) && !expected.is_null()),
    }
}

fn n_steps(row: &Value) -> usize {
    row["n_steps"].as_u64().unwrap() as usize
}

fn raw(row: &Value) -> &str {
    row["raw"].as_str().unwrap()
}

fn ids(tags: &[Tag]) -> Vec<i64> {
    tags.iter().map(|tag| tag.function().map_or(-1, |place| place as i64)).collect()
}

fn integers(list: &Value) -> Option<Vec<i64>> {
    Some(list.as_array()?.iter().map(|item| item.as_i64().unwrap()).collect())
}

fn parsed(row: &Value) -> Option<Vec<Option<AnnotatedStep>>> {
    step::parse(raw(row), n_steps(row)).ok()
}

#[test]
fn annotations_are_read_as_defined() {
    let Some(rows) = golden("annotations.jsonl") else { return };
    Tally::of("annotations.jsonl fix_tags", &rows, |row, _| {
        parsed(row).map(|annotation| ids(&step::first_tags(&lend(&annotation)))) == integers(&row["fix_tags"])
    });
    Tally::of("annotations.jsonl fix_freq, fix_unknown", &rows, |row, worst| {
        let got = parsed(row).and_then(|annotation| step::tag_frequencies(&lend(&annotation)));
        frequencies_near(got, &row["fix_freq"], worst)
            && near(got.map(|got| got.unknown), &row["fix_unknown"], worst)
            && got.is_none_or(|got| (got.functions.iter().sum::<f64>() + got.unknown - 1.0).abs() < 1e-12)
    });
    Tally::of("annotations.jsonl fix_final, fix_ancestors", &rows, |row, _| {
        let annotation = parsed(row).unwrap_or_default();
        let steps = lend(&annotation);
        let last = step::utility(&steps).final_step;
        let before = last.map(|last| ancestors(&steps, last).iter().map(|&id| id as i64).collect::<Vec<_>>());
        last.map(|last| last as u64) == row["fix_final"].as_u64() && before == integers(&row["fix_ancestors"])
    });
    Tally::of("annotations.jsonl fix_direct_utility, fix_indirect_utility", &rows, |row, worst| {
        let utility = step::utility(&lend(&parsed(row).unwrap_or_default()));
        near(utility.direct, &row["fix_direct_utility"], worst)
            && near(utility.indirect, &row["fix_indirect_utility"], worst)
    });
}

#[test]
fn annotations_are_read_as_published() {
    let Some(rows) = golden("annotations.jsonl") else { return };
    let published = |row: &Value, script| parse_ki2026(raw(row), n_steps(row), script);
    Tally::of("annotations.jsonl ki_tags, ki_tags_error", &rows, |row, _| {
        let tags = step::first_tags_ki2026(&lend(&published(row, Script::Feature))).map(|tags| ids(&tags));
        tags == integers(&row["ki_tags"]) && tags.is_none() == row["ki_tags_error"].is_string()
    });
    for (script, column) in [(Script::Feature, "ki_freq"), (Script::Steer, "ki_freq_steer")] {
        Tally::of(&format!("annotations.jsonl {column}"), &rows, |row, worst| {
            let got = step::tag_frequencies_ki2026(&lend(&published(row, script)), script);
            frequencies_near(got, &row[column], worst)
        });
    }
    Tally::of("annotations.jsonl ki_unknown", &rows, |row, worst| {
        let got = step::tag_frequencies_ki2026(&lend(&published(row, Script::Feature)), Script::Feature);
        near(got.map(|got| got.unknown), &row["ki_unknown"], worst)
    });
    for (script, suffix) in [(Script::Feature, ""), (Script::Steer, "_steer")] {
        Tally::of(
            &format!("annotations.jsonl ki_direct_utility{suffix}, ki_indirect_utility{suffix}"),
            &rows,
            |row, worst| {
                let Utility { direct, indirect, .. } = step::utility_ki2026(&lend(&published(row, script)), script);
                near(direct, &row[format!("ki_direct_utility{suffix}")], worst)
                    && near(indirect, &row[format!("ki_indirect_utility{suffix}")], worst)
            },
        );
    }
}

#[test]
fn alignments_are_those_of_the_published_code() {
    let Some(rows) = golden("alignment.jsonl") else { return };
    let sequence = |row: &Value, column: &str| integers(&row[column]).unwrap();
    let known = |ids: Vec<i64>, unknown_matches: bool| -> Vec<Option<i64>> {
        ids.into_iter().map(|id| Some(id).filter(|&id| unknown_matches || id >= 0)).collect()
    };
    for (unknown_matches, column) in [(true, "score"), (false, "score_unknown_nomatch")] {
        Tally::of(&format!("alignment.jsonl {column}"), &rows, |row, _| {
            let [a, b] = ["a", "b"].map(|column| known(sequence(row, column), unknown_matches));
            align(&a, &b, Scoring::default()).score == row[column].as_i64().unwrap()
        });
    }
    Tally::of("alignment.jsonl ratio", &rows, |row, worst| {
        let [a, b] = ["a", "b"].map(|column| known(sequence(row, column), true));
        near(align(&a, &b, Scoring::default()).ratio, &row["ratio"], worst)
    });
    Tally::of("alignment.jsonl ratio, over annotations", &rows, |row, worst| {
        let [a, b] = ["a", "b"].map(|column| {
            let tag = |&id: &i64| Tag::FUNCTIONS.get(usize::try_from(id).unwrap_or(usize::MAX)).copied();
            let step = |id| Some(AnnotatedStep { tags: tag(id).into_iter().collect(), depends_on: None });
            sequence(row, column).iter().map(step).collect::<Vec<_>>()
        });
        let most = 2.0 * a.len().min(b.len()) as f64;
        let default = row["score_unknown_nomatch"].as_f64().filter(|_| most > 0.0).map(|score| score / most);
        near(step::similarity_ki2026(&lend(&a), &lend(&b)), &row["ratio"], worst)
            && near(step::similarity(&lend(&a), &lend(&b)), &default.into(), worst)
    });
}

/// What a small model writes when it calculates is mostly right, and what is held against it must be wrong. The 18 steps that
/// were held against it when this was written were looked at: 17 are wrong, and one writes 1,287,988 as `1,287, 988`.
#[test]
fn calculations_in_real_traces_are_mostly_right() {
    let (mut right, mut wrong) = (0, Vec::new());
    for (code, column) in [("bn", "native_response"), ("en", "english_response"), ("ja", "native_response")] {
        let file = format!("../../../../shared/data/traces/qwen3_1.7b_mgsm_{code}.jsonl");
        let Ok(text) = fs::read_to_string([env!("CARGO_MANIFEST_DIR"), &file].iter().collect::<PathBuf>()) else {
            eprintln!("skipped: ../shared/data/traces is absent");
            return;
        };
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap();
            for step in trace::steps_paragraph(row[column].as_str().unwrap()) {
                match step::arithmetic(&step) {
                    Verdict::Entailment => right += 1,
                    Verdict::Contradiction => wrong.push(step),
                    Verdict::Neutral => {}
                }
            }
        }
    }
    eprintln!("steps of real traces whose equations hold: {right}; with a wrong one: {}", wrong.len());
    assert!(right >= 3_000 && wrong.len() <= 25, "{}", wrong.join("\n---\n"));
}

#[test]
fn validity_is_as_defined_and_as_published() {
    let Some(rows) = golden("validity.jsonl") else { return };
    let verdicts = |row: &Value| -> Vec<(usize, usize, Verdict)> {
        let number = |value: &Value| value.as_u64().unwrap() as usize;
        let label = |value: &Value| Verdict::read(value.as_str().unwrap()).unwrap();
        let table = row["nli"].as_array().unwrap();
        table.iter().map(|row| (number(&row["step"]), number(&row["dep"]), label(&row["label"]))).collect()
    };
    let verdict = |table: &[(usize, usize, Verdict)], step, dependency| {
        table.iter().find(|row| (row.0, row.1) == (step, dependency)).map(|row| row.2)
    };
    let annotation = |row: &Value| row["annotation"].as_str().unwrap().to_owned();
    let steps_near = |got: &step::Validity, expected: &Value, worst: &mut f64| {
        let scored = got.steps.iter().flatten().count();
        let is_near = |(id, step): (usize, &Option<step::StepValidity>)| {
            near(step.map(|step| step.validity), &expected[id.to_string()], worst)
        };
        scored == expected.as_object().unwrap().len() && got.steps.iter().enumerate().all(is_near)
    };
    Tally::of("validity.jsonl fix_step_validity, fix_validity", &rows, |row, worst| {
        let table = verdicts(row);
        let parsed = step::parse(&annotation(row), n_steps(row)).unwrap_or_default();
        let got = step::validity(&lend(&parsed), |step, dependency| verdict(&table, step, dependency));
        steps_near(&got, &row["fix_step_validity"], worst) && near(got.score, &row["fix_validity"], worst)
    });
    Tally::of("validity.jsonl fix_validity_with_deps", &rows, |row, worst| {
        let table = verdicts(row);
        let parsed = step::parse(&annotation(row), n_steps(row)).unwrap_or_default();
        let got = step::validity(&lend(&parsed), |step, dependency| verdict(&table, step, dependency));
        let steps = lend(&parsed);
        let with: Vec<f64> = (0..steps.len())
            .filter(|&id| steps[id].is_some_and(|step| !step.dependencies(id).is_empty()))
            .filter_map(|id| got.steps[id].map(|step| step.validity))
            .collect();
        let mean = (!with.is_empty()).then(|| with.iter().sum::<f64>() / with.len() as f64);
        near(mean, &row["fix_validity_with_deps"], worst)
    });
    Tally::of("validity.jsonl ki_step_validity, ki_validity", &rows, |row, worst| {
        let table = verdicts(row);
        let parsed = parse_ki2026(&annotation(row), n_steps(row), Script::Feature);
        let got = step::validity_ki2026(&lend(&parsed), |step, dependency| verdict(&table, step, dependency));
        steps_near(&got, &row["ki_step_validity"], worst) && near(got.score, &row["ki_validity"], worst)
    });
    Tally::of("validity.jsonl ki_validity_as_released", &rows, |row, worst| {
        let parsed = parse_ki2026(&annotation(row), n_steps(row), Script::Feature);
        // The released model says entailment or contradiction.
        [Verdict::Entailment, Verdict::Contradiction].into_iter().all(|said| {
            let got = step::validity_ki2026(&lend(&parsed), |_, _| Some(said.misread_ki2026()));
            near(got.score, &row["ki_validity_as_released"], worst)
        })
    });
}
