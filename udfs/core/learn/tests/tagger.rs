//! The built-in tagger on its own data and, where present, on real traces.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod tagger_data;

use std::fs;

use glotrace_learn::tagger::{Tag, Tagged, Tagger};
use tagger_data::{data, real, rows};

fn annotate(steps: &[&str], lang: &str) -> Vec<Tagged> {
    Tagger::builtin().unwrap().annotate(steps, Some(lang))
}

#[test]
fn the_labelled_steps_are_whole() {
    let rows = rows().unwrap();
    for lang in ["bn", "de", "en", "es", "fr", "ja", "ko", "ru", "sw", "te", "th", "zh"] {
        let of_lang: Vec<_> = rows.iter().filter(|row| row.lang == lang).collect();
        assert!(of_lang.len() >= 60, "{lang}: {}", of_lang.len());
        for tag in Tag::CHOICES {
            assert!(of_lang.iter().any(|row| row.tag == tag), "{lang} has no {}", tag.as_str());
        }
        for row in of_lang {
            assert!(!row.text.trim().is_empty(), "{lang} {}", row.problem);
        }
    }
}

#[test]
fn the_bundled_weights_know_what_they_were_fitted_to() {
    let rows = rows().unwrap();
    let mut right = 0;
    for trace in rows.chunk_by(|a, b| (&a.lang, a.problem) == (&b.lang, b.problem)) {
        let texts: Vec<&str> = trace.iter().map(|row| row.text.as_str()).collect();
        let tagged = annotate(&texts, &trace[0].lang);
        right += trace.iter().zip(&tagged).filter(|(row, t)| row.tag == t.tags[0]).count();
    }
    assert!(right * 100 >= rows.len() * 98, "{right} of {}: train again", rows.len());
}

#[test]
fn the_readme_names_the_weights_that_are_there() {
    use sha2::{Digest, Sha256};
    let sha = format!("{:x}", Sha256::digest(fs::read(data().join("weights.bin")).unwrap()));
    assert!(fs::read_to_string(data().join("README.md")).unwrap().contains(&sha), "README.md lacks {sha}");
}

#[test]
fn a_trace_that_was_not_learned_is_understood() {
    let steps = [
        "Okay, so a gardener has 8 rows with 15 tulips each, and 23 of them were cut. How many are left?",
        "First I'll compute how many tulips there were at the beginning.",
        "8 * 15 = 120",
        "---",
        "Then 120 - 23 = 97.",
        "Let me double-check: 97 + 23 = 120, which is correct.",
        "So the final answer is \\boxed{97}.",
    ];
    let tagged = annotate(&steps, "en");
    use Tag::{
        ActiveComputation as C, FinalAnswerEmission as A, PlanGeneration as P, ProblemSetup as S, SelfChecking as K,
        Unknown as N,
    };
    assert_eq!(tagged.iter().map(|t| t.tags[0]).collect::<Vec<_>>(), [S, P, C, N, C, K, A]);
    let depends_on: Vec<_> = tagged.into_iter().map(|t| t.depends_on).collect();
    assert_eq!(depends_on, [vec![], vec![0], vec![0], vec![], vec![0, 2], vec![0, 2, 4], vec![5]]);
}

#[test]
fn anything_can_be_annotated() {
    assert!(annotate(&[], "en").is_empty());
    let long = "1,2.3 4\u{a0}567 \\frac{1}{ = x^{ ".repeat(5000);
    let steps = ["", "   ", "\u{301}", "---", "****", "\\", "$$", "\\boxed{", "0", "١٢", "e\u{301}a = 🙂", &long];
    for lang in [None, Some("de"), Some("??")] {
        let tagged = Tagger::builtin().unwrap().annotate(&steps, lang);
        assert_eq!(tagged.len(), steps.len());
        for (id, t) in tagged.iter().enumerate() {
            assert!(!t.tags.is_empty() && t.depends_on.iter().all(|&s| s < id));
        }
        for blank in [0, 1, 3, 4, 6] {
            assert_eq!(tagged[blank], Tagged { tags: vec![Tag::Unknown], depends_on: vec![] });
        }
    }
}

#[test]
fn real_traces_agree_with_hand_made_labels() {
    let Some(traces) = real().unwrap() else {
        eprintln!("skipped: ../shared/data/traces is absent");
        return;
    };
    // What it reached when the labels were made, less a little: a baseline that gets worse must be noticed.
    for (unseen, least) in [(false, 70), (true, 66)] {
        let of_set: Vec<_> = traces.iter().filter(|trace| trace.unseen == unseen).collect();
        let (mut right, mut steps) = (0, 0);
        for trace in &of_set {
            let texts: Vec<&str> = trace.texts.iter().map(String::as_str).collect();
            let tagged = annotate(&texts, &trace.lang);
            for (step, tags) in trace.labels.iter().filter(|(_, tags)| tags[0] != Tag::Unknown) {
                steps += 1;
                right += usize::from(tagged[*step].tags[0] == tags[0]);
            }
        }
        eprintln!("unseen {unseen}: {right} of {steps} steps agree");
        assert!(of_set.len() >= 12 && steps >= 120);
        assert!(right * 100 >= steps * least, "{right} of {steps}");
    }
}
