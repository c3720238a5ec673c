//! What the tests share: reference data where it is present, a tiny model that needs none, and comparisons
//! through a tolerance.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
};
use glotrace_model::{
    Cancel, Completion, Generate, Request, Result,
    local::{
        decoder::{Decoder, Logits, Span},
        pages::{Pages, Sequence},
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// The reference data at `path` beside the workspace, or `None` and a line that says so.
pub fn shared(path: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    let file = workspace?.join("../shared").join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped: ../shared/{path} is absent");
    None
}

/// The lines of a JSONL file.
pub fn jsonl(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A list of token numbers.
pub fn ids(value: &serde_json::Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The largest absolute difference of two lists of equal length.
pub fn max_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The logits of the last token of each of `texts`, read in one pass after what `sequences` have seen.
pub fn pass(decoder: &Decoder, pages: &mut Pages, sequences: &mut [Sequence], texts: &[&[u32]]) -> Vec<Vec<f32>> {
    let mut end = 0;
    let last: Vec<usize> = texts
        .iter()
        .map(|tokens| {
            end += tokens.len();
            end - 1
        })
        .collect();
    for (sequence, tokens) in sequences.iter_mut().zip(texts) {
        pages.grow(sequence, tokens.len()).unwrap();
    }
    let mut spans: Vec<Span> =
        texts.iter().zip(sequences).map(|(tokens, sequence)| Span { tokens, sequence }).collect();
    let mut logits = Logits::default();
    decoder.forward(pages, &mut spans, &last, decoder.precision(), &mut logits).unwrap();
    (0..texts.len()).map(|row| logits.row(row)).collect()
}

/// Room for whatever the tests do.
fn pages(decoder: &Decoder) -> Pages {
    decoder.pages(1 << 30)
}

/// All logits of `ids`, row by row, from a prompt read in pieces of `piece` tokens.
pub fn logits(decoder: &Decoder, ids: &[u32], piece: usize) -> Vec<f32> {
    let mut pages = pages(decoder);
    let mut sequence = Sequence::default();
    let mut all = Vec::new();
    for tokens in ids.chunks(piece) {
        pages.grow(&mut sequence, tokens.len()).unwrap();
        let mut spans = [Span { tokens, sequence: &mut sequence }];
        let rows: Vec<usize> = (0..tokens.len()).collect();
        let mut logits = Logits::default();
        decoder.forward(&mut pages, &mut spans, &rows, decoder.precision(), &mut logits).unwrap();
        all.extend(rows.into_iter().flat_map(|row| logits.row(row)));
    }
    all
}

/// Reads prompts of different lengths side by side, and again each alone, then three tokens more of each, and
/// demands the same logits each time, to the bit.
pub fn assert_rows_are_independent(decoder: &Decoder) {
    let prompts: Vec<Vec<u32>> =
        [11u32, 5, 40, 1, 2, 3, 70, 8].iter().map(|&n| (0..n).map(|i| i * 37 % 250).collect()).collect();
    let states = |prompts: &[Vec<u32>]| -> Vec<Vec<Vec<f32>>> {
        let mut pages = pages(decoder);
        let mut sequences: Vec<_> = prompts.iter().map(|_| Sequence::default()).collect();
        let steps = (0..4).map(|step| {
            let next = [200 + step];
            let texts: Vec<&[u32]> = prompts.iter().map(|prompt| if step == 0 { prompt } else { &next[..] }).collect();
            pass(decoder, &mut pages, &mut sequences, &texts)
        });
        let steps: Vec<_> = steps.collect();
        (0..prompts.len()).map(|row| steps.iter().map(|step| step[row].clone()).collect()).collect()
    };
    let together = states(&prompts);
    for (prompt, together) in prompts.iter().zip(together) {
        assert!(states(std::slice::from_ref(prompt)) == [together], "a prompt of {} tokens", prompt.len());
    }
}

/// The most probable continuation of each prompt by `n` tokens, all prompts in one batch, without stopping.
pub fn greedy(decoder: &Decoder, prompts: &[Vec<u32>], n: usize) -> Vec<Vec<u32>> {
    let mut pages = pages(decoder);
    let mut sequences: Vec<_> = prompts.iter().map(|_| Sequence::default()).collect();
    let mut next: Vec<Vec<u32>> = prompts.to_vec();
    let mut drawn = vec![Vec::new(); prompts.len()];
    for _ in 0..n {
        let texts: Vec<&[u32]> = next.iter().map(|tokens| &tokens[..]).collect();
        let logits = pass(decoder, &mut pages, &mut sequences, &texts);
        for (i, row) in logits.into_iter().enumerate() {
            let best = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as u32;
            drawn[i].push(best);
            next[i] = vec![best];
        }
    }
    drawn
}

/// What `model` makes of `requests`, in their order; fails where an outcome is missing or comes twice.
pub fn outcomes(model: &dyn Generate, requests: &[Request]) -> Vec<Result<Completion>> {
    let mut outcomes: Vec<Option<Result<Completion>>> = requests.iter().map(|_| None).collect();
    model.generate(requests, &Cancel::new(), &mut |i, outcome| {
        assert!(outcomes[i].replace(outcome).is_none(), "request {i} was handed over twice");
    });
    outcomes.into_iter().map(|outcome| outcome.unwrap()).collect()
}

/// A GGUF file in the making.
#[derive(Default)]
pub struct Draft {
    pub metadata: Vec<(String, Value)>,
    pub tensors: Vec<(String, QTensor)>,
}

impl Draft {
    pub fn set(&mut self, key: &str, value: Value) {
        self.metadata.push((key.into(), value));
    }

    pub fn tensor(&mut self, name: &str, tensor: &Tensor, dtype: GgmlDType) {
        self.tensors.push((name.into(), QTensor::quantize(tensor, dtype).unwrap()));
    }

    pub fn write(&self, path: &Path) {
        let metadata: Vec<_> = self.metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
        let tensors: Vec<_> = self.tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
        gguf_file::write(&mut File::create(path).unwrap(), &metadata, &tensors).unwrap();
    }
}

pub fn text(s: &str) -> Value {
    Value::String(s.into())
}

pub fn texts<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Value {
    Value::Array(items.into_iter().map(|s| text(s.as_ref())).collect())
}

/// A Llama of two layers with random weights and a vocabulary of all bytes, `<|im_start|>` (256) and
/// `<|im_end|>` (257). Its matrices have `dtype`.
pub fn tiny_llama(dtype: GgmlDType) -> Draft {
    const HIDDEN: usize = 256;
    const INNER: usize = 256;
    let mut draft = Draft::default();
    draft.set("general.architecture", text("llama"));
    for (name, n) in [
        ("context_length", 96),
        ("embedding_length", HIDDEN as u32),
        ("block_count", 2),
        ("feed_forward_length", INNER as u32),
        ("attention.head_count", 4),
        ("attention.head_count_kv", 2),
    ] {
        draft.set(&format!("llama.{name}"), Value::U32(n));
    }
    draft.set("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5));
    draft.set("llama.rope.freq_base", Value::F32(10_000.0));
    draft.set("tokenizer.ggml.model", text("gpt2"));
    draft.set("tokenizer.ggml.pre", text("smollm"));
    let bytes = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
    let mut tokens: Vec<String> = bytes.into_iter().map(String::from).collect();
    tokens.sort();
    tokens.extend(["<|im_start|>".to_owned(), "<|im_end|>".to_owned()]);
    let kinds = (0..tokens.len()).map(|i| Value::I32(if i < 256 { 1 } else { 3 }));
    draft.set("tokenizer.ggml.token_type", Value::Array(kinds.collect()));
    draft.set("tokenizer.ggml.tokens", texts(&tokens));
    draft.set("tokenizer.ggml.merges", Value::Array(Vec::new()));
    draft.set("tokenizer.ggml.bos_token_id", Value::U32(256));
    draft.set("tokenizer.ggml.eos_token_id", Value::U32(257));
    draft.set(
        "tokenizer.chat_template",
        text("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{{ '<|im_start|>assistant\n' }}"),
    );
    let mut rng = StdRng::seed_from_u64(11);
    let mut random = |shape: &[usize], scale: f32| {
        let n = shape.iter().product();
        let values: Vec<f32> = (0..n).map(|_| (rng.random::<f32>() - 0.5) * scale).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    draft.tensor("token_embd.weight", &random(&[tokens.len(), HIDDEN], 1.0), dtype);
    let ones = Tensor::ones(HIDDEN, candle_core::DType::F32, &Device::Cpu).unwrap();
    draft.tensor("output_norm.weight", &ones, GgmlDType::F32);
    for i in 0..2 {
        for (name, rows, columns) in [
            ("attn_q", HIDDEN, HIDDEN),
            ("attn_k", HIDDEN / 2, HIDDEN),
            ("attn_v", HIDDEN / 2, HIDDEN),
            ("attn_output", HIDDEN, HIDDEN),
            ("ffn_gate", INNER, HIDDEN),
            ("ffn_up", INNER, HIDDEN),
            ("ffn_down", HIDDEN, INNER),
        ] {
            draft.tensor(&format!("blk.{i}.{name}.weight"), &random(&[rows, columns], 0.4), dtype);
        }
        draft.tensor(&format!("blk.{i}.attn_norm.weight"), &ones, GgmlDType::F32);
        draft.tensor(&format!("blk.{i}.ffn_norm.weight"), &ones, GgmlDType::F32);
    }
    draft
}

/// The Hugging Face checkpoint in `folder` as GGUF, without its tokenizer, written the way llama.cpp's
/// converter writes it.
pub fn converted(folder: &Path) -> Draft {
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let size = |name: &str| config[name].as_u64().map(|n| n as usize);
    let (hidden, heads) = (size("hidden_size").unwrap(), size("num_attention_heads").unwrap());
    let kv_heads = size("num_key_value_heads").unwrap();
    let head_dim = size("head_dim").unwrap_or(hidden / heads);
    let architecture = match config["model_type"].as_str().unwrap() {
        "mistral" => "llama",
        other => other,
    };
    let mut draft = Draft::default();
    draft.set("general.architecture", text(architecture));
    for (name, n) in [
        ("context_length", size("max_position_embeddings").unwrap()),
        ("embedding_length", hidden),
        ("block_count", size("num_hidden_layers").unwrap()),
        ("feed_forward_length", size("intermediate_size").unwrap()),
        ("attention.head_count", heads),
        ("attention.head_count_kv", kv_heads),
        ("attention.key_length", head_dim),
        ("attention.value_length", head_dim),
    ] {
        draft.set(&format!("{architecture}.{name}"), Value::U32(n as u32));
    }
    let eps = config["rms_norm_eps"].as_f64().unwrap() as f32;
    draft.set(&format!("{architecture}.attention.layer_norm_rms_epsilon"), Value::F32(eps));
    let theta = config["rope_theta"].as_f64().unwrap();
    draft.set(&format!("{architecture}.rope.freq_base"), Value::F32(theta as f32));
    if let Some(divisors) = llama3_divisors(&config["rope_scaling"], theta, head_dim) {
        let divisors = Tensor::new(divisors, &Device::Cpu).unwrap();
        draft.tensor("rope_freqs.weight", &divisors, GgmlDType::F32);
    }

    let weights: HashMap<String, Tensor> =
        candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu).unwrap();
    for (name, tensor) in &weights {
        let (stem, kind) = name.rsplit_once('.').unwrap();
        let part = stem.trim_start_matches("model.");
        let gguf = match part {
            "embed_tokens" => "token_embd".to_owned(),
            "norm" => "output_norm".to_owned(),
            "lm_head" => "output".to_owned(),
            part => {
                let part = part.trim_start_matches("layers.");
                let (layer, part) = part.split_once('.').unwrap();
                let part = match part {
                    "self_attn.q_proj" => "attn_q",
                    "self_attn.k_proj" => "attn_k",
                    "self_attn.v_proj" => "attn_v",
                    "self_attn.o_proj" => "attn_output",
                    "self_attn.q_norm" => "attn_q_norm",
                    "self_attn.k_norm" => "attn_k_norm",
                    "mlp.gate_proj" => "ffn_gate",
                    "mlp.up_proj" => "ffn_up",
                    "mlp.down_proj" => "ffn_down",
                    "input_layernorm" => "attn_norm",
                    "post_attention_layernorm" => "ffn_norm",
                    other => panic!("unknown part {other}"),
                };
                format!("blk.{layer}.{part}")
            }
        };
        let interleaved = architecture == "llama" && (gguf.ends_with("attn_q") || gguf.ends_with("attn_k"));
        let tensor = match interleaved {
            true => tensor
                .reshape(((), 2, head_dim / 2, hidden))
                .and_then(|x| x.transpose(1, 2)?.contiguous()?.reshape(tensor.shape()))
                .unwrap(),
            false => tensor.clone(),
        };
        draft.tensor(&format!("{gguf}.{kind}"), &tensor, GgmlDType::F32);
    }
    draft
}

/// By how much Llama 3's rope scaling divides each frequency.
fn llama3_divisors(scaling: &serde_json::Value, theta: f64, head_dim: usize) -> Option<Vec<f32>> {
    let number = |name: &str| scaling[name].as_f64();
    let (factor, old) = (number("factor")?, number("original_max_position_embeddings")?);
    let (low, high) = (number("low_freq_factor")?, number("high_freq_factor")?);
    let divisor = |i: usize| {
        let wavelength = std::f64::consts::TAU * theta.powf(2.0 * i as f64 / head_dim as f64);
        if wavelength < old / high {
            1.0
        } else if wavelength > old / low {
            factor
        } else {
            let smooth = (old / wavelength - low) / (high - low);
            1.0 / ((1.0 - smooth) / factor + smooth)
        }
    };
    Some((0..head_dim / 2).map(|i| divisor(i) as f32).collect())
}
