//! Trains the built-in tagger and says how good it is.
//!
//! ```text
//! cargo run -p glotrace-learn --release --example train_tagger            # scores, then data/tagger/weights.bin
//! cargo run -p glotrace-learn --release --example train_tagger -- --check # fails where the committed bytes differ
//! ```
#![expect(clippy::print_stdout, clippy::indexing_slicing, reason = "a command")]

#[path = "../tests/tagger_data/mod.rs"]
mod tagger_data;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use glotrace_learn::tagger::{Tag, fit};
use sha2::{Digest, Sha256};
use tagger_data::{Row, data, rows, step};

/// The strength of the penalty, chosen by the cross-validation below.
const L2: f64 = 0.05;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = rows()?;
    if std::env::args().any(|a| a == "--tune") {
        for l2 in [0.005, 0.01, 0.02, 0.05, 0.1, 0.2] {
            let held_out = held_out(&rows, l2);
            println!("l2 {l2}: {}", Scores::of(&held_out.iter().collect::<Vec<_>>()).line());
        }
        return Ok(());
    }
    if !std::env::args().any(|a| a == "--check") {
        report(&held_out(&rows, L2));
    }
    let bytes = fit(&rows.iter().map(step).collect::<Vec<_>>(), L2).to_bytes();
    println!("sha256 {:x}, {} bytes", Sha256::digest(&bytes), bytes.len());
    let file = data().join("weights.bin");
    if std::env::args().any(|a| a == "--check") {
        return if fs::read(file)? == bytes { Ok(()) } else { Err("data/tagger/weights.bin differs".into()) };
    }
    Ok(fs::write(file, bytes)?)
}

/// Language, true tag and guessed tag of each step, guessed by a tagger that saw no step of the same problem in any language.
fn held_out(rows: &[Row], l2: f64) -> Vec<(String, Tag, Tag)> {
    let mut problems: Vec<u64> = rows.iter().map(|row| row.problem).collect();
    problems.sort_unstable();
    problems.dedup();
    let mut guesses = Vec::new();
    for problem in problems {
        let (test, train): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.problem == problem);
        let tagger = fit(&train.into_iter().map(step).collect::<Vec<_>>(), l2);
        let mut traces: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in test {
            traces.entry(&row.lang).or_default().push(row);
        }
        for (lang, trace) in traces {
            let texts: Vec<&str> = trace.iter().map(|row| row.text.as_str()).collect();
            let tagged = tagger.annotate(&texts, Some(lang));
            guesses.extend(trace.iter().zip(tagged).map(|(row, t)| (lang.to_owned(), row.tag, t.tags[0])));
        }
    }
    guesses
}

fn report(held_out: &[(String, Tag, Tag)]) {
    println!("| language | steps | accuracy | macro-F1 |\n|---|---|---|---|");
    let mut langs: BTreeMap<&str, Vec<&(String, Tag, Tag)>> = BTreeMap::new();
    for guess in held_out {
        langs.entry(&guess.0).or_default().push(guess);
    }
    for (lang, guesses) in &langs {
        println!("| {lang} | {} |", Scores::of(guesses).line());
    }
    let all: Vec<_> = held_out.iter().collect();
    println!("| all | {} |\n", Scores::of(&all).line());
    println!("| tag | steps | precision | recall | F1 |\n|---|---|---|---|---|");
    for tag in Tag::CHOICES {
        let count = |f: &dyn Fn(&(String, Tag, Tag)) -> bool| all.iter().filter(|g| f(g)).count() as f64;
        let (hit, is, said) = (count(&|g| g.1 == tag && g.2 == tag), count(&|g| g.1 == tag), count(&|g| g.2 == tag));
        let f1 = 2.0 * hit / (is + said).max(1.0);
        println!("| {} | {is} | {:.3} | {:.3} | {f1:.3} |", tag.as_str(), hit / said.max(1.0), hit / is.max(1.0));
    }
    println!();
}

struct Scores {
    steps: usize,
    accuracy: f64,
    macro_f1: f64,
}

impl Scores {
    fn of(guesses: &[&(String, Tag, Tag)]) -> Self {
        let right = guesses.iter().filter(|g| g.1 == g.2).count();
        let f1 = |tag: Tag| {
            let hit = guesses.iter().filter(|g| g.1 == tag && g.2 == tag).count() as f64;
            let either = guesses.iter().map(|g| usize::from(g.1 == tag) + usize::from(g.2 == tag)).sum::<usize>() as f64;
            if either > 0.0 { 2.0 * hit / either } else { 1.0 }
        };
        Self {
            steps: guesses.len(),
            accuracy: right as f64 / guesses.len().max(1) as f64,
            macro_f1: Tag::CHOICES.into_iter().map(f1).sum::<f64>() / Tag::COUNT as f64,
        }
    }

    fn line(&self) -> String {
        format!("{} | {:.3} | {:.3}", self.steps, self.accuracy, self.macro_f1)
    }
}
