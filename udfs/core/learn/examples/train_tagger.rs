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
use std::time::Instant;

use glotrace_learn::tagger::{Step, Tag, Tagger, fit};
use sha2::{Digest, Sha256};
use tagger_data::{Real, Row, data, real, rows};

/// The strength of the penalty. Scores hardly depend on it: `--tune` shows them from 0.005 to 0.1.
const L2: f64 = 0.025;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = rows()?;
    if std::env::args().any(|a| a == "--tune") {
        for l2 in [0.005, 0.0125, 0.025, 0.05, 0.1] {
            let held_out = held_out(&rows, l2);
            println!("l2 {l2}: {}", Scores::of(&held_out.iter().collect::<Vec<_>>()).line());
        }
        return Ok(());
    }
    if !std::env::args().any(|a| a == "--check") {
        report(&held_out(&rows, L2));
    }
    let bytes = fit(&traces(&rows), L2).to_bytes();
    println!("sha256 {:x}, {} bytes", Sha256::digest(&bytes), bytes.len());
    let file = data().join("weights.bin");
    if std::env::args().any(|a| a == "--check") {
        return if fs::read(file)? == bytes { Ok(()) } else { Err("data/tagger/weights.bin differs".into()) };
    }
    fs::write(file, &bytes)?;
    report_real(&Tagger::from_bytes(&bytes)?)?;
    report_speed(&Tagger::from_bytes(&bytes)?, &rows);
    Ok(())
}

fn report_real(tagger: &Tagger) -> Result<(), Box<dyn Error>> {
    let Some(traces) = real()? else {
        println!("real traces: skipped, ../shared is absent");
        return Ok(());
    };
    for (set, unseen) in [("looked at while the tagger was made", false), ("labelled after it was finished", true)] {
        println!("\nreal traces {set}");
        agreement(tagger, traces.iter().filter(|trace| trace.unseen == unseen));
    }
    Ok(())
}

/// Agreement of the main tag with the hand-made one, rulers left out.
fn agreement<'a>(tagger: &Tagger, traces: impl Iterator<Item = &'a Real>) {
    let mut guesses = Vec::new();
    let (mut among, mut rulers, mut count) = (0, 0, 0);
    for trace in traces {
        count += 1;
        let texts: Vec<&str> = trace.texts.iter().map(String::as_str).collect();
        let tagged = tagger.annotate(&texts, Some(&trace.lang));
        for (step, tags) in &trace.labels {
            let guess = &tagged[*step].tags;
            if tags[0] == Tag::Unknown {
                rulers += usize::from(guess[0] == Tag::Unknown);
                continue;
            }
            among += usize::from(guess.iter().any(|tag| tags.contains(tag)));
            if guess[0] != tags[0] && std::env::args().any(|a| a == "--errors") {
                println!(
                    "{} {}.{step}: {} for {}: {:.90}",
                    trace.lang,
                    trace.question,
                    guess[0].as_str(),
                    tags[0].as_str(),
                    texts[*step].replace('\n', " ")
                );
            }
            guesses.push((trace.lang.clone(), tags[0], guess[0]));
        }
    }
    println!("traces {count}, labelled steps {}, and {rulers} rulers known as unknown", guesses.len());
    println!("one of the given tags is one of the hand-made: {:.3}", among as f64 / guesses.len() as f64);
    report(&guesses);
}

fn report_speed(tagger: &Tagger, rows: &[Row]) {
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let start = Instant::now();
    let mut steps = 0;
    for trace in texts.chunks(10).cycle().take(3000) {
        steps += tagger.annotate(trace, None).len();
    }
    println!("{:.0} steps a second", steps as f64 / start.elapsed().as_secs_f64());
}

/// The rows as traces that a tagger learns from.
fn traces<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Vec<Step<'a>>> {
    let rows: Vec<&Row> = rows.into_iter().collect();
    let traces = rows.chunk_by(|a, b| a.lang == b.lang && a.problem == b.problem);
    traces.map(|trace| trace.iter().map(|row| Step { text: &row.text, tag: row.tag }).collect()).collect()
}

/// Language, true tag and guessed tag of each step, guessed by a tagger that saw no step of the same problem in any language.
fn held_out(rows: &[Row], l2: f64) -> Vec<(String, Tag, Tag)> {
    let mut problems: Vec<u64> = rows.iter().map(|row| row.problem).collect();
    problems.sort_unstable();
    problems.dedup();
    let mut guesses = Vec::new();
    for problem in problems {
        let (test, train): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.problem == problem);
        let tagger = fit(&traces(train), l2);
        for trace in test.chunk_by(|a, b| a.lang == b.lang) {
            let lang = &trace[0].lang;
            let texts: Vec<&str> = trace.iter().map(|row| row.text.as_str()).collect();
            let tagged = tagger.annotate(&texts, Some(lang));
            let known = trace.iter().zip(tagged).filter(|(row, _)| row.tag != Tag::Unknown);
            guesses.extend(known.map(|(row, t)| (lang.clone(), row.tag, t.tags[0])));
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
        // Over the tags that were given or guessed at all.
        let f1 = |tag: Tag| {
            let hit = guesses.iter().filter(|g| g.1 == tag && g.2 == tag).count() as f64;
            let either = guesses.iter().map(|g| usize::from(g.1 == tag) + usize::from(g.2 == tag)).sum::<usize>();
            (either > 0).then(|| 2.0 * hit / either as f64)
        };
        let f1: Vec<f64> = Tag::CHOICES.into_iter().filter_map(f1).collect();
        Self {
            steps: guesses.len(),
            accuracy: right as f64 / guesses.len().max(1) as f64,
            macro_f1: f1.iter().sum::<f64>() / f1.len().max(1) as f64,
        }
    }

    fn line(&self) -> String {
        format!("{} | {:.3} | {:.3}", self.steps, self.accuracy, self.macro_f1)
    }
}
