//! What local models say of given texts, in SQL: `llm_logprob` against the reference, and what is made of it.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Per token, of the reference and of sums of a few tokens.
const TOLERANCE: f64 = 1e-4;

/// The small model of the fixtures, where it is at hand.
fn fixtures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    if folder.join("gguf/llama_smol.f32.gguf").exists() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared/fixtures/gguf is absent");
    None
}

/// The rows of a query that names the model `m`.
fn rows(fixtures: &Path, sql: &str) -> Vec<Value> {
    let model = format!("CREATE MODEL m FROM 'file:{}';", fixtures.join("gguf/llama_smol.f32.gguf").display());
    let run = Command::new(env!("CARGO_BIN_EXE_glotrace"))
        .args(["--format", "json", "-c", &format!("{model} {sql}")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}\n{said}", String::from_utf8_lossy(&run.stdout)))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn llm_logprob_equals_the_reference_token_by_token() {
    let Some(fixtures) = fixtures() else { return };
    let path = fixtures.join("causal/llama_smol/ref/scores.jsonl");
    let sql = format!(
        "SELECT s.logprob AS logprob, s.tokens AS tokens FROM
            (SELECT id, llm_logprob('m', prompt, continuation) AS s FROM '{}') ORDER BY substr(id, 2)::INT",
        path.display()
    );
    let references = std::fs::read_to_string(&path).unwrap();
    let references: Vec<Value> = references.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows = rows(&fixtures, &sql);
    assert_eq!(rows.len(), references.len());
    for (row, reference) in rows.iter().zip(&references) {
        let id = &reference["id"];
        if reference["prompt"].is_null() {
            assert!(row["logprob"].is_null() && row["tokens"].is_null(), "{id}: NULL in, NULL out");
            continue;
        }
        let tokens = row["tokens"].as_array().unwrap();
        assert_eq!(tokens.len(), reference["logprobs"].as_array().unwrap().len(), "{id}");
        for (i, token) in tokens.iter().enumerate() {
            let of = |list: &str| &reference[list][i];
            if of("logprobs").is_null() {
                assert!(token["logprob"].is_null() && token["rank"].is_null() && token["entropy"].is_null(), "{id}");
                continue;
            }
            assert!((number(&token["logprob"]) - number(of("logprobs"))).abs() < TOLERANCE, "{id}, token {i}: {token}");
            assert!(
                (number(&token["entropy"]) - number(of("entropies"))).abs() < TOLERANCE,
                "{id}, token {i}: {token}"
            );
            let rank = number(&token["rank"]);
            assert!((number(of("rank_lo"))..=number(of("rank_hi"))).contains(&rank), "{id}, token {i}: {token}");
        }
        let sum = number(&reference["sum_logprob"]);
        assert!((number(&row["logprob"]) - sum).abs() < TOLERANCE * tokens.len() as f64, "{id}: {row}");
    }
}

#[test]
fn an_empty_continuation_is_certain_and_has_no_tokens() {
    let Some(fixtures) = fixtures() else { return };
    let row =
        &rows(&fixtures, "SELECT llm_logprob('m', 'x', '').logprob AS p, llm_logprob('m', 'x', '').tokens AS t")[0];
    assert_eq!((number(&row["p"]), row["t"].as_array().unwrap().len()), (0.0, 0));
}

#[test]
fn v_information_is_the_difference_of_the_documented_log_probabilities() {
    let Some(fixtures) = fixtures() else { return };
    let sql = r"
        WITH q(question, trace, answer) AS (VALUES ('6 × 3?', 'Six and six is 12.' || chr(10) || chr(10) || '12 + 6 = 18.', '18'),
                                                   ('গাছে কয়টি পাখি?', 'পাখি ৭টি।', '7'), ('?', '', '7'), ('?', 't', '')),
             p AS (SELECT *, 'Please answer the following question.' || chr(10) || chr(10) || 'Question: ' || question || chr(10) || chr(10)
                   AS head FROM q)
        SELECT v.vi AS vi, v.logprob_with AS w, v.logprob_without AS wo, v.entropy_with AS entropy,
               l.logprob AS with_, lo.logprob AS without_, k.vi AS ki_vi, k.logprob_without AS ki_without,
               k.entropy_without AS ki_entropy, lo.tokens AS tokens
        FROM (SELECT v_information('m', question, trace, answer) AS v,
                     v_information('m', question, trace, answer, compat => 'ki2026') AS k,
                     llm_logprob('m', head || '<think>' || chr(10) || trace || chr(10) || '</think>' || chr(10) || chr(10) || 'Answer: ',
                                 answer) AS l,
                     llm_logprob('m', head || 'Answer: ', answer) AS lo FROM p)";
    let rows = rows(&fixtures, sql);
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let is = |field: &str, expected: f64| {
            let got = number(&row[field]);
            assert!((got - expected).abs() < TOLERANCE, "{field}: {got}, expected {expected}: {row}");
        };
        is("w", number(&row["with_"]));
        is("wo", number(&row["without_"]));
        is("vi", number(&row["with_"]) - number(&row["without_"]));

        // As published: each token by the 20 likeliest at the first position, which are those of the first token.
        let tokens = row["tokens"].as_array().unwrap();
        if let [only] = tokens.as_slice() {
            let is_listed = number(&only["rank"]) < 20.0;
            is("ki_without", if is_listed { number(&only["logprob"]) } else { 1e-8_f64.ln() });
        }
        assert!((0.0..=20_f64.ln()).contains(&number(&row["ki_entropy"])), "{row}");
        assert_eq!(row["entropy"].is_null(), tokens.is_empty(), "{row}");
    }
}

#[test]
fn a_local_model_always_gives_one_of_the_labels() {
    let Some(fixtures) = fixtures() else { return };
    let sql = "SELECT llm_classify('m', text, ['ดี', 'แย่', 'ดีมาก']) AS label FROM (VALUES ('หนังดี'), (''), ('x'), ('\"'), (NULL)) t(text)";
    let labels: Vec<Value> = rows(&fixtures, sql).into_iter().map(|row| row["label"].clone()).collect();
    assert!(labels[..4].iter().all(|label| ["ดี", "แย่", "ดีมาก"].contains(&label.as_str().unwrap())), "{labels:?}");
    assert!(labels[4].is_null());
}
