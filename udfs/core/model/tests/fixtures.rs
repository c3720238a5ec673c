//! Tiny checkpoints against references from `transformers`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{collections::HashMap, path::Path};

use candle_core::{Device, IndexOp, Tensor};
use common::{converted, greedy, ids, jsonl, logits, max_difference, shared, spelled};
use glotrace_model::{
    Kind, LocalModel, LocalOptions, Precision,
    local::{chat::ChatTemplate, cpu::Cpu, decoder::Decoder, gguf::Gguf, weights},
};

const MODELS: [&str; 6] = ["llama_smol", "llama3_rope", "mistral", "qwen2_r1", "qwen2_tied", "qwen3"];

/// The fixtures' tolerance for logits and log-probabilities in f32.
const TOLERANCE: f32 = 1e-4;

fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Logits, whole and read in pieces, and greedy tokens, alone and in a batch, agree with the references in `reference`.
fn agrees(decoder: &Decoder, reference: &Path) {
    let expected = tensors(&reference.join("logits.safetensors"));
    let prompts = jsonl(&reference.join("prompts.jsonl"));
    let mut all_ids = Vec::new();
    for prompt in &prompts {
        let name = prompt["id"].as_str().unwrap();
        let ids = ids(&prompt["input_ids"]);
        let expected = floats(&expected[&format!("{name}.logits")]);
        for piece in [ids.len(), 3, 1] {
            let difference = max_difference(&logits(decoder, &ids, piece), &expected);
            assert!(difference <= TOLERANCE, "{name} in pieces of {piece}: {difference}");
        }
        all_ids.push(ids);
    }
    let expected: Vec<Vec<u32>> =
        jsonl(&reference.join("greedy.jsonl")).iter().map(|row| ids(&row["continuation_ids"])).collect();
    assert_eq!(greedy(decoder, &all_ids, 32), expected, "in one batch");
    for (prompt, expected) in all_ids.iter().zip(&expected) {
        assert_eq!(&greedy(decoder, std::slice::from_ref(prompt), 32)[0], expected, "alone");
    }
}

fn load(name: &str) -> Option<LocalModel> {
    let path = shared(&format!("fixtures/gguf/{name}.gguf"))?;
    Some(LocalModel::load(&path, LocalOptions::default()).unwrap())
}

#[test]
fn f32_files_give_the_reference_logits_and_tokens() {
    for name in ["llama_smol", "qwen3"] {
        let Some(reference) = shared(&format!("fixtures/causal/{name}/ref")) else {
            return;
        };
        let Some(model) = load(&format!("{name}.f32")) else {
            return;
        };
        agrees(model.decoder(), &reference);
    }
}

/// Covers biases, an untied output, Llama 3's rope scaling and an explicit head width, for which there is no
/// ready GGUF file.
#[test]
fn converted_checkpoints_give_the_reference_logits_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    for name in MODELS {
        let Some(checkpoint) = shared(&format!("fixtures/causal/{name}")) else {
            return;
        };
        let path = folder.path().join(name);
        converted(&checkpoint).write(&path);
        let decoder = weights::gguf::decoder(&mut Gguf::open(&path).unwrap(), Cpu::new().unwrap(), Precision::F32).unwrap();
        agrees(&decoder, &checkpoint.join("ref"));
    }
}

#[test]
fn quantized_files_agree_with_their_dequantized_weights() {
    const DEQUANTIZED: f32 = 2e-4;
    for name in ["llama_smol", "qwen3"] {
        let Some(reference) = shared(&format!("fixtures/gguf/{name}.q8_0.ref.safetensors")) else {
            return;
        };
        let Some(model) = load(&format!("{name}.q8_0")) else {
            return;
        };
        let reference = tensors(&reference);
        let mut prompts = Vec::new();
        for k in 0..6 {
            let get = |part: &str| &reference[&format!("p{k}.{part}")];
            let ids: Vec<u32> = get("input_ids").to_vec1::<i64>().unwrap().iter().map(|&id| id as u32).collect();
            let all = logits(model.decoder(), &ids, ids.len());
            let last = &all[all.len() - model.decoder().config().vocab_size..];
            let difference = max_difference(last, &floats(get("logits_last")));
            assert!(difference <= DEQUANTIZED, "{name} p{k}: {difference}");
            if ids.len() > 1 {
                let scores = model.score(&ids[..1], &ids[1..]).unwrap();
                let scores: Vec<f32> = scores.iter().map(|s| s.logprob.unwrap() as f32).collect();
                let expected = floats(&get("logprob_next").i(..ids.len() - 1).unwrap());
                let difference = max_difference(&scores, &expected);
                assert!(difference <= DEQUANTIZED, "{name} p{k}: {difference}");
            }
            prompts.push(ids);
        }
        for (k, tokens) in greedy(model.decoder(), &prompts, 32).iter().enumerate() {
            let expected = reference[&format!("p{k}.greedy_ids")].to_vec1::<i64>().unwrap();
            let tokens: Vec<i64> = tokens.iter().map(|&id| id.into()).collect();
            assert_eq!(tokens, expected, "{name} p{k}");
        }
    }
}

#[test]
fn scores_ranks_and_entropies_agree() {
    for name in ["llama_smol", "qwen3"] {
        let Some(reference) = shared(&format!("fixtures/causal/{name}/ref/scores.jsonl")) else {
            return;
        };
        let Some(model) = load(&format!("{name}.f32")) else {
            return;
        };
        for row in jsonl(&reference) {
            let (prompt, continuation) = (ids(&row["prompt_ids"]), ids(&row["continuation_ids"]));
            // A null prompt is a chat whose text is not given.
            if let Some(text) = row["prompt"].as_str() {
                assert_eq!(model.tokenizer().encode(text).unwrap(), prompt);
            }
            let scores = model.score(&prompt, &continuation).unwrap();
            assert_eq!(scores.len(), continuation.len());
            for (i, score) in scores.iter().enumerate() {
                let close = |got: Option<f64>, name: &str| match (got, row[name][i].as_f64()) {
                    (Some(got), Some(expected)) => {
                        assert!(
                            (got - expected).abs() <= TOLERANCE.into(),
                            "{} {name} {i}: {got} {expected}",
                            row["id"]
                        );
                    }
                    (None, None) => {}
                    other => panic!("{} {name} {i}: {other:?}", row["id"]),
                };
                close(score.logprob, "logprobs");
                close(score.entropy, "entropies");
                let rank = |name: &str| row[name][i].as_u64();
                assert!(score.rank >= rank("rank_lo") && score.rank <= rank("rank_hi"), "{} rank {i}", row["id"]);
            }
        }
    }
}

#[test]
fn odd_texts_are_tokenized_as_the_checkpoint_does() {
    for name in ["llama_smol", "qwen3"] {
        let Some(reference) = shared(&format!("fixtures/causal/{name}/ref")) else {
            return;
        };
        let Some(model) = load(&format!("{name}.f32")) else {
            return;
        };
        let tokenizer = model.tokenizer();
        for row in jsonl(&reference.join("tokenize.jsonl")) {
            let text = row["text"].as_str().unwrap();
            assert_eq!(tokenizer.encode_whole(text).unwrap(), ids(&row["ids"]), "{text:?}");
            assert_eq!(tokenizer.encode(text).unwrap(), ids(&row["ids_without_special"]), "{text:?}");
            // The references spell control tokens out.
            let spelled: String = spelled(tokenizer, &ids(&row["ids"]));
            assert_eq!(spelled, row["decoded"].as_str().unwrap(), "{text:?}");
        }
        for row in jsonl(&reference.join("prompts.jsonl")) {
            assert_eq!(tokenizer.encode_whole(row["text"].as_str().unwrap()).unwrap(), ids(&row["input_ids"]));
        }
        for row in jsonl(&reference.join("chat.jsonl")) {
            assert_eq!(tokenizer.encode(row["text"].as_str().unwrap()).unwrap(), ids(&row["ids"]), "{}", row["id"]);
        }
    }
}

#[test]
fn templates_render_to_the_character() {
    for name in MODELS {
        let Some(folder) = shared(&format!("fixtures/causal/{name}")) else {
            return;
        };
        let config: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("tokenizer_config.json")).unwrap()).unwrap();
        let source = match config["chat_template"].as_str() {
            Some(source) => source.to_owned(),
            None => std::fs::read_to_string(folder.join("chat_template.jinja")).unwrap(),
        };
        let token = |name: &str| config[name].as_str().map(str::to_owned);
        let template = ChatTemplate::new(&source, token("bos_token"), token("eos_token")).unwrap();
        for row in jsonl(&folder.join("ref/chat.jsonl")) {
            let rendered = template.render(&row["messages"], row["kwargs"].as_object().unwrap());
            match row["error"].as_str() {
                None => assert_eq!(rendered.unwrap(), row["text"].as_str().unwrap(), "{name} {}", row["id"]),
                Some(expected) => {
                    let error = rendered.unwrap_err();
                    assert_eq!(error.kind(), Kind::Refused);
                    assert!(error.message().ends_with(expected), "{name} {}: {error}", row["id"]);
                }
            }
        }
    }
}
