//! The answer functions against the reference data beside the repository, with the agreement that is claimed.
//!
//! `cargo test -p glotrace-text --test golden_math -- --nocapture` prints the counts by kind.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use glotrace_text::math;
use serde_json::Value;

/// The rows of a reference file, or `None` where the file is not there.
fn rows(name: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/golden").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: ../shared/golden/{name} is absent");
        return None;
    };
    // Only "\n" separates rows; the texts hold other line separators.
    Some(text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// Counts agreement by kind, prints it, and gives the total.
struct Tally {
    what: &'static str,
    kinds: BTreeMap<String, (usize, usize)>,
}

impl Tally {
    fn new(what: &'static str) -> Self {
        Self { what, kinds: BTreeMap::new() }
    }

    fn count(&mut self, row: &Value, agrees: bool, say: impl FnOnce() -> String) {
        let entry = self.kinds.entry(text(row, "kind").to_owned()).or_default();
        entry.1 += 1;
        entry.0 += usize::from(agrees);
        if !agrees {
            eprintln!("{} {} {} {}: {}", self.what, row["id"], text(row, "kind"), text(row, "lang"), say());
        }
    }

    fn total(&self) -> (usize, usize) {
        let total = self.kinds.values().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
        let short: Vec<String> = self
            .kinds
            .iter()
            .filter(|(_, (agree, all))| agree < all)
            .map(|(kind, (agree, all))| format!("{kind} {agree}/{all}"))
            .collect();
        eprintln!("{}: {} of {} rows agree; not all of: {}", self.what, total.0, total.1, short.join(", "));
        total
    }
}

/// At most 160 characters, for messages.
fn short(text: &str) -> String {
    text.chars().take(160).collect()
}

#[test]
fn boxes_are_cut_out_exactly() {
    let Some(rows) = rows("answers.jsonl") else { return };
    let mut tally = Tally::new("boxed");
    for row in &rows {
        let (trace, response) = (text(row, "trace"), text(row, "response"));
        let both = format!("{trace}\n{response}");
        for (input, field) in [
            (both.as_str(), "boxed_last_balanced"),
            (trace, "boxed_last_balanced_trace"),
            (response, "boxed_last_balanced_response"),
        ] {
            // The reference knows \boxed only; here \fbox is a box too.
            let input = input.replace(r"\fbox", "");
            let found = math::boxed(&input);
            tally.count(row, found == row[field].as_str(), || format!("{field} {found:?}"));
        }
    }
    let (agree, all) = tally.total();
    assert_eq!(agree, all);
}

#[test]
fn the_first_box_is_the_published_one() {
    let Some(rows) = rows("answers.jsonl") else { return };
    let mut tally = Tally::new("boxed_first");
    for row in &rows {
        let trace = text(row, "trace").replace("<think>\n", "").replace("\n</think>", "");
        let found = math::boxed_first(&trace).unwrap_or(trace.trim());
        tally.count(row, found == text(row, "ki_boxed_trace"), || short(found));
    }
    let (agree, all) = tally.total();
    assert_eq!(agree, all);
}

#[test]
fn correctness_agrees_with_people_better_than_the_published_verdict_does() {
    let Some(rows) = rows("answers.jsonl") else { return };
    let mut plain = Tally::new("correct = human_acc");
    let mut told = Tally::new("correct_in = human_acc");
    let mut published = Tally::new("correct_ki2026 = ki_acc");
    let (mut ki, mut differ) = (0, 0);
    for row in &rows {
        let (gold, trace, response) = (text(row, "gold"), text(row, "trace"), text(row, "response"));
        let (human, released) = (row["human_acc"] == 1, row["ki_acc"] == 1);
        let say = || format!("gold {gold:?} trace {:?} response {:?}", short(trace), short(response));
        let found = math::correct(gold, Some(trace), Some(response));
        plain.count(row, found == human, || format!("{found} {}", say()));
        let found_in = math::correct_in(gold, Some(trace), Some(response), text(row, "lang"));
        told.count(row, found_in == human, || format!("{found_in} {}", say()));
        let compat = math::correct_ki2026(gold, Some(trace), Some(response));
        published.count(row, compat == released, || format!("{compat} {}", say()));
        ki += usize::from(human == released);
        if found != released {
            differ += 1;
            let right = if found == human { "correct" } else { "ki_acc" };
            eprintln!("correct ≠ ki_acc {} {}: {right} is right", row["id"], text(row, "kind"));
        }
    }
    eprintln!("ki_acc = human_acc: {ki} of {}; correct ≠ ki_acc on {differ}", rows.len());
    let ((agree, all), (agree_in, _), (compat, _)) = (plain.total(), told.total(), published.total());
    assert!(agree >= ki);
    assert_eq!((agree, agree_in), (all, all));
    assert!(compat * 100 >= all * 99, "{compat} of {all}");
}

#[test]
fn the_last_number_is_read_in_the_language_of_the_text() {
    let Some(rows) = rows("lastnum.jsonl") else { return };
    let mut told = Tally::new("last_number with the language");
    let mut alone = Tally::new("last_number without the language");
    let mut seed = Tally::new("last_number_highmath");
    for row in &rows {
        let input = text(row, "text");
        let near = |found: Option<f64>, field: &str| match (found, row[field].as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
            (a, b) => a.is_none() && b.is_none(),
        };
        let found = math::last_number(input, Some(text(row, "lang")));
        told.count(row, near(found, "fix_value"), || format!("{found:?} {input}"));
        let found = math::last_number(input, None);
        alone.count(row, near(found, "fix_value"), || format!("{found:?} {input}"));
        let found = math::last_number_highmath(input);
        seed.count(row, Some(found) == row["seed_value"].as_f64(), || format!("{found} {input}"));
    }
    for tally in [told, alone, seed] {
        let (agree, all) = tally.total();
        assert_eq!(agree, all);
    }
}

#[test]
fn no_input_panics_or_hangs() {
    let Some(rows) = rows("answers.jsonl") else { return };
    // A fixed generator (Knuth's MMIX constants): the same mutations on every run.
    let mut state = 42u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below.max(1)
    };
    let pieces = [
        r"\frac",
        r"\boxed{",
        "{",
        "}",
        "(",
        ")",
        "[",
        "|",
        "^",
        "_",
        "$",
        r"\",
        "!",
        "%",
        "-",
        "±",
        ",",
        ".",
        "e",
        "9999999",
        "٣",
        "万",
        "三",
        r"\sqrt[",
        r"\text{",
        r"\left(",
        r"\begin{pmatrix}",
        "&",
        r"\\",
        r"\infty",
        r"\cup",
        "<",
        "=",
        "x",
        " ",
        "\n",
        "\u{301}",
        "é",
        "ก",
        "½",
        "²",
        "****",
        r"\log_",
        "1e99",
        "/0",
        r"\{",
        r"\pm",
    ];
    for row in rows.iter().filter(|row| text(row, "trace").len() < 4_000) {
        for _ in 0..6 {
            let mut mutate = |source: &str| {
                let mut chars: Vec<char> = source.chars().collect();
                for _ in 0..=random(4) {
                    let at = random(chars.len() + 1);
                    match random(3) {
                        0 if at < chars.len() => {
                            chars.remove(at);
                        }
                        1 => chars.truncate(at.max(1)),
                        _ => {
                            let piece = pieces[random(pieces.len())];
                            for (offset, c) in piece.chars().enumerate() {
                                chars.insert((at + offset).min(chars.len()), c);
                            }
                        }
                    }
                }
                chars.into_iter().collect::<String>()
            };
            let (gold, trace, response) =
                (mutate(text(row, "gold")), mutate(text(row, "trace")), mutate(text(row, "response")));
            math::correct(&gold, Some(&trace), Some(&response));
            math::correct_ki2026(&gold, Some(&trace), Some(&response));
            math::equal(&gold, &response);
            math::equal(&response, &gold);
            math::answer(&response);
            math::last_number(&trace, None);
            math::last_number_highmath(&response);
        }
    }
}
