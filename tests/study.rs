//! The study runs offline: queries/ over recorded completions, whose right and wrong answers are known.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn glotrace(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glotrace")).current_dir(root()).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The four questions in three languages that data/replay has completions of.
fn recorded_questions(into: &Path) -> PathBuf {
    let folder = into.join("questions");
    std::fs::create_dir(&folder).unwrap();
    for lang in ["en", "bn", "ja"] {
        let all = std::fs::read_to_string(root().join(format!("data/questions/{lang}.jsonl"))).unwrap();
        let some: Vec<&str> =
            all.lines().filter(|l| [5, 7, 9, 16].iter().any(|id| l.starts_with(&format!("{{\"id\": {id},")))).collect();
        assert_eq!(some.len(), 4);
        std::fs::write(folder.join(format!("{lang}.jsonl")), some.join("\n") + "\n").unwrap();
    }
    folder
}

#[test]
fn the_study_gives_the_known_table_and_then_finds_itself_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let questions = format!("questions={}", recorded_questions(folder.path()).display());
    let out = format!("out={}", folder.path().join("results").display());
    let database = folder.path().join("db");
    let database = database.to_str().unwrap();
    let model = "model=replay:data/replay/questions_en_bn_ja.jsonl";
    // Without weights to fetch: what needs them is NULL, and says so.
    let bare = ["-p", "encoder=", "-p", "reasoner="];
    let study = [&["-p", &questions, "-p", &out, "-p", model], &bare[..], &["run", database, "queries"]].concat();
    let run = glotrace(&study);
    assert!(run.status.success(), "{}{}", text(&run.stdout), text(&run.stderr));

    let summary = glotrace(&[
        database,
        "--format",
        "csv",
        "-c",
        "SELECT lang, questions, traces, accuracy, in_language, finished FROM summary ORDER BY lang",
    ]);
    // data/replay/README.md says which are wrong, which one thinks in English, and which one is cut off.
    assert_eq!(
        text(&summary.stdout),
        "lang,questions,traces,accuracy,in_language,finished\n\
         bn,4,8,75.0,87.5,100.0\n\
         en,4,8,75.0,100.0,100.0\n\
         ja,4,8,75.0,100.0,87.5\n",
        "{}",
        text(&summary.stderr)
    );
    for file in ["traces.parquet", "evaluated.parquet", "summary.parquet", "summary.tex"] {
        assert!(folder.path().join("results").join(file).is_file(), "{file} is missing");
    }

    let again = glotrace(&study);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let calls = glotrace(&[database, "--format", "csv", "-c", "SELECT count(*) FROM system.runs WHERE calls > 0"]);
    assert_eq!(text(&calls.stdout), "count(*)\n1\n", "the second run called the model again");
}

#[test]
fn the_same_queries_read_the_published_questions_and_recorded_traces() {
    let shared = root().join("../shared/data");
    if !shared.is_dir() {
        eprintln!("skipped: ../shared/data is absent");
        return;
    }
    for (set, languages, rows) in [("ki2026/mgsm_revised", 12, 250), ("ki2026/aime", 12, 60)] {
        let questions = format!("questions={}", shared.join(set).display());
        let run = glotrace(&[
            "-p",
            &questions,
            "-p",
            "per_language=1000",
            "--format",
            "csv",
            "-f",
            "queries/10_questions.sql",
            "-c",
            "SELECT count(DISTINCT lang), count(*) // count(DISTINCT lang), count(question), count(answer) FROM questions",
        ]);
        let n = languages * rows;
        assert_eq!(
            text(&run.stdout).lines().last(),
            Some(format!("{languages},{rows},{n},{n}").as_str()),
            "{}",
            text(&run.stderr)
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let recorded = format!("recorded={}", shared.join("traces").display());
    let run = glotrace(&[
        database.to_str().unwrap(),
        "-p",
        &recorded,
        "--format",
        "csv",
        "-f",
        "queries/recorded/20_traces.sql",
        "-f",
        "queries/30_evaluated.sql",
        "-f",
        "queries/40_summary.sql",
    ]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    // The recorded files carry the answer that their authors' pattern took out of each output, empty where it found none.
    // Wherever it found one, math_correct must come to the same verdict; where it did not, math_correct reads on.
    let agree = glotrace(&[
        database.to_str().unwrap(),
        "--format",
        "csv",
        "-p",
        &recorded,
        "-c",
        "SELECT count(*), count(*) FILTER (WHERE said <> '' AND e.correct <> math_equal(g.ground_truth, g.said)),
                count(*) FILTER (WHERE said = '' AND e.correct)
         FROM evaluated AS e JOIN (
             SELECT regexp_match(filename, '_([a-z]+)\\.jsonl')[1] AS lang, question_index::BIGINT AS id, ground_truth,
                    coalesce(native_answer, english_answer) AS said
             FROM read_json($recorded || '/*.jsonl', filename => true)) AS g ON e.lang = g.lang AND e.id = g.id",
    ]);
    assert_eq!(text(&agree.stdout).lines().last(), Some("600,0,30"), "{}", text(&agree.stderr));
}

#[test]
fn published_translation_scores_have_their_published_means() {
    let data = root().join("../shared/data/ki2026");
    if !data.is_dir() {
        eprintln!("skipped: ../shared/data/ki2026 is not there");
        return;
    }
    let mgsm = "bn .8741 .0260,de .8468 .0286,es .8648 .0280,fr .8642 .0287,ja .8660 .0254,ru .8548 .0303,sw .8254 .0605,te .8501 .0289,\
                th .8329 .0310,zh .8477 .0250";
    let aime = "bn .8144 .0557,de .8148 .0466,es .8204 .0838,fr .8337 .0466,ja .8198 .0525,ko .8032 .0657,ru .8219 .0470,sw .7903 .0546,\
                te .7877 .0460,th .7950 .0545,zh .8088 .0555";
    for (name, count, means) in [("mgsm_revised", 250, mgsm), ("aime", 60, aime)] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("db");
        let database = database.to_str().unwrap();
        let questions = format!("questions={}", data.join(name).display());
        let scores = format!("comet_scores={}", data.join("comet_qe").join(name).display());
        let given = ["-p", &questions, "-p", &scores, "-p", "per_language=250"];
        let files = ["run", database, "queries/10_questions.sql", "queries/imported/33_comet_scores.sql"];
        let run = glotrace(&[&given[..], &files].concat());
        assert!(run.status.success(), "{}", text(&run.stderr));
        let sql = "SELECT lang, count(*), avg(q_comet), stddev_samp(q_comet) FROM question_quality GROUP BY lang ORDER BY lang";
        let found = text(&glotrace(&[database, "--format", "csv", "-c", sql]).stdout);
        let found: Vec<&str> = found.lines().skip(1).collect();
        let means: Vec<&str> = means.split(',').collect();
        assert_eq!(found.len(), means.len());
        for (found, means) in found.iter().zip(means) {
            let cells: Vec<&str> = found.split(',').collect();
            let listed: Vec<&str> = means.split(' ').collect();
            assert_eq!((cells[0], cells[1]), (listed[0], count.to_string().as_str()));
            for (cell, listed) in cells[2..].iter().zip(&listed[1..]) {
                // Listed with four digits, some of them cut off and some rounded.
                let apart = cell.parse::<f64>().unwrap() - listed.parse::<f64>().unwrap();
                assert!(apart.abs() < 1e-4, "{found} {means}");
            }
        }
    }
}
