//! Tiny checkpoints against references from `transformers`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod common;

use std::{collections::HashMap, fs, path::Path};

use candle_core::{Device, IndexOp, Tensor, quantized::gguf_file::Value};
use common::{converted, greedy, ids, jsonl, logits, max_difference, shared, text, texts};
use glotrace_model::{
    Cancel, Kind, LocalModel, LocalOptions, Precision, TokenScore,
    local::{
        cpu::Cpu,
        decoder::{Decoder, Place},
        folder::Folder,
        gguf::Gguf,
        tokenizer::Tokenizer,
        weights,
    },
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
/// The largest difference of a logit.
fn agrees(decoder: &Decoder, reference: &Path) -> f32 {
    let expected = tensors(&reference.join("logits.safetensors"));
    let prompts = jsonl(&reference.join("prompts.jsonl"));
    let mut all_ids = Vec::new();
    let mut worst = 0.0f32;
    for prompt in &prompts {
        let name = prompt["id"].as_str().unwrap();
        let ids = ids(&prompt["input_ids"]);
        let expected = floats(&expected[&format!("{name}.logits")]);
        for piece in [ids.len(), 3, 1] {
            let difference = max_difference(&logits(decoder, &ids, piece), &expected);
            assert!(difference <= TOLERANCE, "{name} in pieces of {piece}: {difference}");
            worst = worst.max(difference);
        }
        all_ids.push(ids);
    }
    let expected: Vec<Vec<u32>> =
        jsonl(&reference.join("greedy.jsonl")).iter().map(|row| ids(&row["continuation_ids"])).collect();
    assert_eq!(greedy(decoder, &all_ids, 32), expected, "in one batch");
    for (prompt, expected) in all_ids.iter().zip(&expected) {
        assert_eq!(&greedy(decoder, std::slice::from_ref(prompt), 32)[0], expected, "alone");
    }
    worst
}

fn load(path: &str) -> Option<LocalModel> {
    Some(LocalModel::load(&shared(path)?, LocalOptions::default()).unwrap())
}

/// All six checkpoints, and those two that are there as GGUF, too.
fn models() -> impl Iterator<Item = (&'static str, LocalModel)> {
    let folders = MODELS.into_iter().map(|name| (name, format!("fixtures/causal/{name}")));
    let files = ["llama_smol", "qwen3"].into_iter().map(|name| (name, format!("fixtures/gguf/{name}.f32.gguf")));
    folders.chain(files).filter_map(|(name, path)| Some((name, load(&path)?)))
}

#[test]
fn logits_and_tokens_are_those_of_the_reference() {
    for (name, model) in models() {
        let reference = shared(&format!("fixtures/causal/{name}/ref")).unwrap();
        let worst = agrees(model.decoder(), &reference);
        eprintln!("{name} ({}): logits within {worst:.1e}", model.architecture());
    }
}

/// Covers GGUF's names and orders for biases, an untied output, Llama 3's rope scaling and an explicit head width,
/// for which there is no ready file.
#[test]
fn converted_checkpoints_give_the_reference_logits_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    for name in MODELS {
        let Some(checkpoint) = shared(&format!("fixtures/causal/{name}")) else {
            return;
        };
        let path = folder.path().join(name);
        converted(&checkpoint).write(&path);
        let decoder = weights::gguf::decoder(
            &mut Gguf::open(&path).unwrap(),
            None,
            Place::Host(Cpu::new().unwrap(), Precision::F32),
        )
        .unwrap();
        agrees(&decoder, &checkpoint.join("ref"));
    }
}

#[test]
fn a_window_hides_what_lies_before_it() {
    let Some(checkpoint) = shared("fixtures/causal/mistral") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("config.swa.json", "config.json"),
        ("model.safetensors", "model.safetensors"),
        ("tokenizer.json", "tokenizer.json"),
        ("tokenizer_config.json", "tokenizer_config.json"),
    ] {
        fs::copy(checkpoint.join(from), folder.path().join(to)).unwrap();
    }
    let windowed = LocalModel::load(folder.path(), LocalOptions::default()).unwrap();
    // The same in GGUF.
    let mut draft = converted(&checkpoint);
    draft.set("llama.attention.sliding_window", Value::U32(12));
    draft.write(&folder.path().join("gguf"));
    let gguf = &mut Gguf::open(&folder.path().join("gguf")).unwrap();
    let from_gguf = weights::gguf::decoder(gguf, None, Place::Host(Cpu::new().unwrap(), Precision::F32)).unwrap();

    let reference = tensors(&checkpoint.join("ref/swa.safetensors"));
    let numbers = |name: &str| -> Vec<u32> {
        reference[name].to_vec1::<i64>().unwrap().into_iter().map(|id| id.try_into().unwrap()).collect()
    };
    let ids = numbers("input_ids");
    for decoder in [windowed.decoder(), &from_gguf] {
        let vocab = decoder.config().vocab_size;
        for piece in [ids.len(), 5, 1] {
            let all = logits(decoder, &ids, piece);
            let row = max_difference(&all[12 * vocab..13 * vocab], &floats(&reference["logits_row12"]));
            let last = max_difference(&all[all.len() - 4 * vocab..], &floats(&reference["logits_last4"]));
            assert!(row.max(last) <= TOLERANCE, "in pieces of {piece}: {row} {last}");
        }
        assert_eq!(greedy(decoder, std::slice::from_ref(&ids), 16)[0], numbers("greedy_ids"));
    }
}

/// By how much logits may differ from those of dequantized weights and exact activations, and from which margin between the
/// two best on the most probable token has to be the same.
fn tolerance(precision: Precision) -> (f32, f32) {
    match precision {
        Precision::F32 => (2e-4, 0.0),
        Precision::Int16 => (5e-3, 0.01),
        Precision::Int8 => (0.8, 0.5),
    }
}

#[test]
fn quantized_files_agree_with_their_dequantized_weights() {
    for (name, precision) in ["llama_smol", "qwen3"]
        .into_iter()
        .flat_map(|name| [Precision::F32, Precision::Int16, Precision::Int8].map(|precision| (name, precision)))
    {
        let Some(reference) = shared(&format!("fixtures/gguf/{name}.q8_0.ref.safetensors")) else {
            return;
        };
        let Some(path) = shared(&format!("fixtures/gguf/{name}.q8_0.gguf")) else {
            return;
        };
        let model = LocalModel::load(&path, LocalOptions { precision, ..LocalOptions::default() }).unwrap();
        let (most, sure) = tolerance(precision);
        let reference = tensors(&reference);
        let mut prompts = Vec::new();
        for k in 0..6 {
            let get = |part: &str| &reference[&format!("p{k}.{part}")];
            let ids: Vec<u32> = get("input_ids").to_vec1::<i64>().unwrap().iter().map(|&id| id as u32).collect();
            let all = logits(model.decoder(), &ids, ids.len());
            let last = &all[all.len() - model.decoder().config().vocab_size..];
            let difference = max_difference(last, &floats(get("logits_last")));
            assert!(difference <= most, "{name} {precision} p{k}: {difference}");
            if ids.len() > 1 {
                let scores = model.score(&ids[..1], &ids[1..]).unwrap();
                let scores: Vec<f32> = scores.iter().map(|s| s.logprob.unwrap() as f32).collect();
                let expected = floats(&get("logprob_next").i(..ids.len() - 1).unwrap());
                let difference = max_difference(&scores, &expected);
                assert!(difference <= most, "{name} {precision} p{k}: {difference}");
            }
            prompts.push(ids);
        }
        for (k, tokens) in greedy(model.decoder(), &prompts, 32).iter().enumerate() {
            let expected = reference[&format!("p{k}.greedy_ids")].to_vec1::<i64>().unwrap();
            let margins = floats(&reference[&format!("p{k}.greedy_margins")]);
            let n = margins.iter().take_while(|&&margin| margin > sure).count();
            let tokens: Vec<i64> = tokens.iter().map(|&id| id.into()).collect();
            assert_eq!(tokens[..n], expected[..n], "{name} {precision} p{k}");
        }
    }
}

#[test]
fn the_decoder_of_other_devices_gives_the_reference_logits_and_tokens() {
    for name in ["llama_smol", "qwen3"] {
        let Some(reference) = shared(&format!("fixtures/causal/{name}/ref")) else {
            return;
        };
        let Some(path) = shared(&format!("fixtures/gguf/{name}.f32.gguf")) else {
            return;
        };
        let place = Place::Tensors(Device::Cpu);
        agrees(&weights::gguf::decoder(&mut Gguf::open(&path).unwrap(), None, place).unwrap(), &reference);
    }
}

#[test]
fn scores_ranks_and_entropies_agree_alone_and_together() {
    for (name, model) in models() {
        let rows = jsonl(&shared(&format!("fixtures/causal/{name}/ref/scores.jsonl")).unwrap());
        let pairs: Vec<_> = rows.iter().map(|row| (ids(&row["prompt_ids"]), ids(&row["continuation_ids"]))).collect();
        let mut together: Vec<Option<Vec<TokenScore>>> = vec![None; rows.len()];
        model.score_all(&pairs, &Cancel::new(), &mut |i, scores| {
            assert!(together[i].replace(scores.unwrap()).is_none());
        });
        let (mut worst, mut tokens) = (0.0f64, 0);
        for ((row, (prompt, continuation)), together) in rows.iter().zip(&pairs).zip(together) {
            // A null prompt is a chat whose text is not given; others are chats in which the template wrote BOS.
            if let Some(text) = row["prompt"].as_str() {
                let tokenizer = model.tokenizer();
                let encoded = match tokenizer.bos().is_some_and(|bos| text.starts_with(&bos)) {
                    true => tokenizer.encode(text),
                    false => tokenizer.encode_whole(text),
                };
                assert_eq!(encoded.unwrap(), *prompt);
            }
            let scores = model.score(prompt, continuation).unwrap();
            assert_eq!(Some(&scores), together.as_ref(), "{name} {} alone and among others", row["id"]);
            assert_eq!(scores.len(), continuation.len());
            for (i, score) in scores.iter().enumerate() {
                let mut close = |got: Option<f64>, column: &str| match (got, row[column][i].as_f64()) {
                    (Some(got), Some(expected)) => {
                        let difference = (got - expected).abs();
                        assert!(difference <= TOLERANCE.into(), "{name} {} {column} {i}: {difference}", row["id"]);
                        worst = worst.max(difference);
                    }
                    (None, None) => {}
                    other => panic!("{name} {} {column} {i}: {other:?}", row["id"]),
                };
                close(score.logprob, "logprobs");
                close(score.entropy, "entropies");
                let rank = |name: &str| row[name][i].as_u64();
                assert!(score.rank >= rank("rank_lo") && score.rank <= rank("rank_hi"), "{} rank {i}", row["id"]);
                tokens += 1;
            }
        }
        eprintln!("{name} ({}): {} rows, {tokens} scores within {worst:.1e}", model.architecture(), rows.len());
    }
}

fn tokenizes(tokenizer: &Tokenizer, reference: &Path) {
    for row in jsonl(&reference.join("tokenize.jsonl")) {
        let text = row["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode_whole(text).unwrap(), ids(&row["ids"]), "{text:?}");
        let plain = ids(&row["ids_without_special"]);
        assert_eq!(tokenizer.encode(text).unwrap(), plain, "{text:?}");
        // The references spell control tokens out.
        assert_eq!(tokenizer.spell(&plain).unwrap(), row["decoded"].as_str().unwrap(), "{text:?}");
        // Token by token, as a completion is put together.
        let mut bytes = Vec::new();
        plain.iter().for_each(|&id| tokenizer.decode_into(id, &mut bytes));
        tokenizer.trim_start(&mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), tokenizer.decode(&plain).unwrap(), "{text:?}");
    }
    for row in jsonl(&reference.join("prompts.jsonl")) {
        assert_eq!(tokenizer.encode_whole(row["text"].as_str().unwrap()).unwrap(), ids(&row["input_ids"]));
    }
    for row in jsonl(&reference.join("greedy.jsonl")) {
        let spelled = tokenizer.spell(&ids(&row["continuation_ids"])).unwrap();
        assert_eq!(spelled, row["text"].as_str().unwrap(), "{}", row["id"]);
    }
    for row in jsonl(&reference.join("chat.jsonl")).iter().filter(|row| row["error"].is_null()) {
        assert_eq!(tokenizer.encode(row["text"].as_str().unwrap()).unwrap(), ids(&row["ids"]), "{}", row["id"]);
    }
}

#[test]
fn odd_texts_are_tokenized_as_the_checkpoint_does() {
    for (name, model) in models() {
        tokenizes(model.tokenizer(), &shared(&format!("fixtures/causal/{name}/ref")).unwrap());
    }
}

/// What llama.cpp's converter makes of a tokenizer of pieces, whose merges it writes as scores.
#[test]
fn pieces_in_a_gguf_file_are_tokenized_as_in_the_folder() {
    let Some(checkpoint) = shared("fixtures/causal/mistral") else {
        return;
    };
    let tokenizer: serde_json::Value =
        serde_json::from_slice(&fs::read(checkpoint.join("tokenizer.json")).unwrap()).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut tokens = vec![String::new(); vocabulary.len()];
    for (text, id) in vocabulary {
        tokens[id.as_u64().unwrap() as usize].clone_from(text);
    }
    let mut scores: HashMap<String, f32> = HashMap::new();
    for (rank, merge) in tokenizer["model"]["merges"].as_array().unwrap().iter().enumerate() {
        let whole = match merge.as_str() {
            Some(merge) => merge.replacen(' ', "", 1),
            None => merge[0].as_str().unwrap().to_owned() + merge[1].as_str().unwrap(),
        };
        scores.entry(whole).or_insert(-(rank as f32));
    }
    let control: Vec<&str> =
        tokenizer["added_tokens"].as_array().unwrap().iter().map(|t| t["content"].as_str().unwrap()).collect();
    let kinds = tokens.iter().map(|token| match token.as_str() {
        "<unk>" => 2,
        token if control.contains(&token) => 3,
        token if token.starts_with("<0x") => 6,
        _ => 1,
    });
    let mut draft = converted(&checkpoint);
    draft.set("tokenizer.ggml.model", text("llama"));
    draft.set("tokenizer.ggml.token_type", Value::Array(kinds.map(Value::I32).collect()));
    let scores = tokens.iter().map(|token| Value::F32(scores.get(token).copied().unwrap_or(-1e9)));
    draft.set("tokenizer.ggml.scores", Value::Array(scores.collect()));
    draft.set("tokenizer.ggml.tokens", texts(&tokens));
    for (name, id) in [("bos", 1), ("eos", 2), ("unknown", 0)] {
        draft.set(&format!("tokenizer.ggml.{name}_token_id"), Value::U32(id));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    draft.write(file.path());
    let model = LocalModel::load(file.path(), LocalOptions::default()).unwrap();
    tokenizes(model.tokenizer(), &checkpoint.join("ref"));
}

#[test]
fn templates_render_to_the_character_and_their_text_to_the_token() {
    for name in MODELS {
        let Some(path) = shared(&format!("fixtures/causal/{name}")) else {
            return;
        };
        let folder = Folder::open(&path).unwrap();
        let tokenizer = folder.tokenizer().unwrap();
        let template = folder.chat_template(&tokenizer, None).unwrap().unwrap();
        let (mut rendered, mut refused) = (0, 0);
        for row in jsonl(&path.join("ref/chat.jsonl")) {
            let text = template.render(&row["messages"], row["kwargs"].as_object().unwrap());
            match row["error"].as_str() {
                None => {
                    let text = text.unwrap();
                    assert_eq!(text, row["text"].as_str().unwrap(), "{name} {}", row["id"]);
                    assert_eq!(tokenizer.encode(&text).unwrap(), ids(&row["ids"]), "{name} {}", row["id"]);
                    rendered += 1;
                }
                Some(expected) => {
                    let error = text.unwrap_err();
                    assert_eq!(error.kind(), Kind::Refused);
                    assert!(error.message().ends_with(expected), "{name} {}: {error}", row["id"]);
                    refused += 1;
                }
            }
        }
        eprintln!("{name}: {rendered} chats rendered, {refused} refused");
    }
}

/// Whatever `generation_config.json` lists ends a completion, and the token that the tokenizer names, too.
#[test]
fn every_token_that_ends_a_turn_is_known() {
    for (name, expected) in
        [("llama3_rope", vec![572, 575]), ("qwen2_tied", vec![565, 567]), ("mistral", vec![2]), ("qwen2_r1", vec![548])]
    {
        let Some(path) = shared(&format!("fixtures/causal/{name}")) else {
            return;
        };
        let tokenizer = Tokenizer::load(&path).unwrap();
        let ends: Vec<u32> = (0..tokenizer.len() as u32).filter(|&id| tokenizer.ends(id)).collect();
        assert_eq!(ends, expected, "{name}");
    }
}
