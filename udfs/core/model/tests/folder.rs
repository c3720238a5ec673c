//! Claims about folders in Hugging Face layout, on tiny random checkpoints that need no reference data.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::{collections::BTreeMap, fs, path::Path};

use candle_core::{DType, Device, Tensor};
use common::{logits, outcomes};
use glotrace_model::{
    Cancel, Error, FinishReason, Generate, Kind, LocalModel, LocalOptions, LogProb, Params, Prompt, Request,
    TokenScore, WeightDtype, local::tokenizer::Tokenizer,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokenizers::{AddedToken, models::bpe::BPE, pre_tokenizers::byte_level::ByteLevel};

const HIDDEN: usize = 32;
const INNER: usize = 48;
/// All bytes, `<|im_start|>` (256), `<|im_end|>` (257) and two rows that no token has.
const VOCAB: usize = 260;
const IDS: [u32; 12] = [97, 98, 99, 1, 2, 3, 200, 100, 50, 7, 8, 9];

/// A folder in the making.
struct Checkpoint {
    files: BTreeMap<&'static str, Value>,
    weights: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// A tied Llama of two layers.
    fn new() -> Self {
        let config = json!({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "tie_word_embeddings": true, "vocab_size": VOCAB, "eos_token_id": 257, "torch_dtype": "float32",
        });
        let settings = json!({
            "eos_token": "<|im_end|>",
            "chat_template": "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}",
        });
        let mut rng = StdRng::seed_from_u64(3);
        let mut weights = BTreeMap::new();
        let mut add = |name: String, rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|_| rng.random::<f32>() - 0.5).collect();
            weights.insert(name, Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap());
        };
        add("model.embed_tokens.weight".into(), VOCAB, HIDDEN);
        for i in 0..2 {
            for (part, rows, columns) in [
                ("self_attn.q_proj", HIDDEN, HIDDEN),
                ("self_attn.k_proj", HIDDEN / 2, HIDDEN),
                ("self_attn.v_proj", HIDDEN / 2, HIDDEN),
                ("self_attn.o_proj", HIDDEN, HIDDEN),
                ("mlp.gate_proj", INNER, HIDDEN),
                ("mlp.up_proj", INNER, HIDDEN),
                ("mlp.down_proj", HIDDEN, INNER),
            ] {
                add(format!("model.layers.{i}.{part}.weight"), rows, columns);
            }
        }
        let ones = Tensor::ones(HIDDEN, DType::F32, &Device::Cpu).unwrap();
        for norm in ["norm", "layers.0.input_layernorm", "layers.1.input_layernorm"] {
            weights.insert(format!("model.{norm}.weight"), ones.clone());
        }
        for i in 0..2 {
            weights.insert(format!("model.layers.{i}.post_attention_layernorm.weight"), ones.clone());
        }
        let files = [("config.json", config), ("tokenizer_config.json", settings), ("tokenizer.json", tokenizer())];
        Self { files: files.into(), weights }
    }

    /// With `key` of `config.json` set.
    fn with(mut self, key: &str, value: Value) -> Self {
        self.files.get_mut("config.json").unwrap()[key] = value;
        self
    }

    fn without(mut self, key: &str) -> Self {
        self.files.get_mut("config.json").unwrap().as_object_mut().unwrap().remove(key);
        self
    }

    /// With `key` of `tokenizer_config.json` set.
    fn setting(mut self, key: &str, value: Value) -> Self {
        self.files.get_mut("tokenizer_config.json").unwrap()[key] = value;
        self
    }

    /// A Qwen 2, which has biases.
    fn qwen2() -> Self {
        let mut checkpoint =
            Self::new().with("model_type", json!("qwen2")).with("architectures", json!(["Qwen2ForCausalLM"]));
        for (part, width) in [("q", HIDDEN), ("k", HIDDEN / 2), ("v", HIDDEN / 2)] {
            for i in 0..2 {
                let bias = Tensor::arange(0f32, width as f32, &Device::Cpu).unwrap().affine(0.01, -0.1).unwrap();
                checkpoint.weights.insert(format!("model.layers.{i}.self_attn.{part}_proj.bias"), bias);
            }
        }
        checkpoint
    }

    fn write_small(&self, folder: &Path) {
        for (name, value) in &self.files {
            fs::write(folder.join(name), value.to_string()).unwrap();
        }
    }

    fn write(&self, folder: &Path) {
        self.write_small(folder);
        save(self.weights.iter(), &folder.join("model.safetensors"));
    }

    /// In a folder of its own, with what `change` does to it.
    fn load_with(&self, options: LocalOptions, change: impl FnOnce(&Path)) -> Result<LocalModel, Error> {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        change(folder.path());
        LocalModel::load(folder.path(), options)
    }

    fn load(&self) -> Result<LocalModel, Error> {
        self.load_with(LocalOptions::default(), |_| {})
    }

    fn logits(&self) -> Vec<f32> {
        said(&self.load().unwrap())
    }

    fn error(&self) -> Error {
        self.load().err().unwrap()
    }
}

fn save<'a>(weights: impl Iterator<Item = (&'a String, &'a Tensor)>, path: &Path) {
    let weights = weights.map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    candle_core::safetensors::save(&weights, path).unwrap();
}

fn said(model: &LocalModel) -> Vec<f32> {
    logits(model.decoder(), &IDS, IDS.len())
}

fn tokenizer() -> Value {
    let mut alphabet: Vec<String> = ByteLevel::alphabet().into_iter().map(String::from).collect();
    alphabet.sort();
    let vocabulary = alphabet.into_iter().zip(0..).collect::<tokenizers::models::bpe::Vocab>();
    let bpe = BPE::builder().vocab_and_merges(vocabulary, Vec::new()).build().unwrap();
    let mut tokenizer = tokenizers::Tokenizer::new(bpe);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true))).with_decoder(Some(ByteLevel::default()));
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"].map(|text| AddedToken::from(text, true))).unwrap();
    serde_json::to_value(&tokenizer).unwrap()
}

#[test]
fn a_completion_comes_from_a_folder_as_from_a_file() {
    let model = Checkpoint::new().load().unwrap();
    assert_eq!((model.architecture(), model.context_length()), ("llama", 64));
    let params = Params { max_tokens: 8, temperature: 1.0, ..Params::default() }.check().unwrap();
    let encoded = model.encode(&Prompt::user(None, "Wie?"), None).unwrap();
    assert_eq!((encoded.text.as_str(), encoded.ids.len()), ("<|im_start|>Wie?<|im_end|>", 6));
    let completion = outcomes(&model, &[Request::new(Prompt::user(None, "Wie?"), 0, params)]).remove(0).unwrap();
    assert_eq!(completion.prompt_tokens, Some(6));
    assert!(completion.finish_reason == FinishReason::Stop || completion.completion_tokens == Some(8));
}

#[test]
fn shards_say_the_same_as_a_whole_with_an_index_and_without() {
    let checkpoint = Checkpoint::new();
    let whole = checkpoint.logits();
    let folder = tempfile::tempdir().unwrap();
    checkpoint.write_small(folder.path());
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let mut map = serde_json::Map::new();
    for (i, shard) in shards.into_iter().enumerate() {
        let own = || checkpoint.weights.iter().enumerate().filter(move |(at, _)| at % 2 == i).map(|(_, kv)| kv);
        save(own(), &folder.path().join(shard));
        map.extend(own().map(|(name, _)| (name.clone(), json!(shard))));
    }
    let load = || LocalModel::load(folder.path(), LocalOptions::default());
    assert_eq!(said(&load().unwrap()), whole, "without an index");
    let index = folder.path().join("model.safetensors.index.json");
    fs::write(&index, json!({ "metadata": {}, "weight_map": map }).to_string()).unwrap();
    assert_eq!(said(&load().unwrap()), whole, "with an index");

    fs::remove_file(folder.path().join(shards[1])).unwrap();
    for with_index in [true, false] {
        let error = load().err().unwrap();
        assert_eq!(error.kind(), Kind::Io);
        assert!(error.message().contains("model-00002-of-00002.safetensors is missing"), "{error}");
        if with_index {
            fs::remove_file(&index).unwrap();
        }
    }
    fs::write(&index, json!({ "weight_map": { "lm_head.weight": "../secret" } }).to_string()).unwrap();
    assert!(load().err().unwrap().message().contains("no file name"));
}

#[test]
fn weights_in_half_the_bytes_are_what_they_were_rounded_to() {
    let whole = Checkpoint::new();
    for (stored, dtype) in [(DType::BF16, WeightDtype::Bf16), (DType::F16, WeightDtype::F16)] {
        let mut halved = Checkpoint::new();
        for tensor in halved.weights.values_mut() {
            *tensor = tensor.to_dtype(stored).unwrap();
        }
        let options = LocalOptions { dtype: Some(dtype), ..LocalOptions::default() };
        let rounded = said(&whole.load_with(options.clone(), |_| {}).unwrap());
        assert_eq!(halved.logits(), rounded);
        assert_eq!(said(&halved.load_with(options, |_| {}).unwrap()), rounded, "rounding twice changes nothing");
        assert_ne!(rounded, whole.logits());
    }
}

#[test]
fn a_tied_output_is_the_embedding_whatever_else_the_file_holds() {
    let tied = Checkpoint::new();
    let expected = tied.logits();
    let mut untied = Checkpoint::new().with("tie_word_embeddings", json!(false));
    assert!(untied.error().message().ends_with("tensor lm_head.weight is missing"), "{}", untied.error());
    let embedding = untied.weights["model.embed_tokens.weight"].clone();
    untied.weights.insert("lm_head.weight".into(), embedding.clone());
    assert_eq!(untied.logits(), expected);

    let other = embedding.affine(2.0, 0.0).unwrap();
    untied.weights.insert("lm_head.weight".into(), other.clone());
    assert_ne!(untied.logits(), expected);
    let mut both = tied;
    both.weights.insert("lm_head.weight".into(), other);
    assert_eq!(both.logits(), expected);
    // Where the file does not say, what it holds says it.
    assert_eq!(Checkpoint::new().without("tie_word_embeddings").logits(), expected);
    assert_ne!(both.without("tie_word_embeddings").logits(), expected);
}

#[test]
fn newer_keys_say_what_older_ones_said() {
    let llama3 = json!({
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    });
    for scaling in [Value::Null, json!({ "rope_type": "linear", "factor": 2.0 }), llama3] {
        let older = Checkpoint::new().with("rope_theta", json!(500.0)).with("rope_scaling", scaling.clone());
        let mut parameters = scaling.clone();
        parameters["rope_theta"] = json!(500.0);
        if scaling.is_null() {
            parameters["rope_type"] = json!("default");
        }
        let newer = Checkpoint::new().without("rope_theta").without("torch_dtype").with("dtype", json!("float32"));
        assert_eq!(newer.with("rope_parameters", parameters).logits(), older.logits(), "{scaling}");
        if !scaling.is_null() {
            assert_ne!(older.logits(), Checkpoint::new().with("rope_theta", json!(500.0)).logits());
        }
    }
    // The oldest files call the type `type`.
    let oldest = Checkpoint::new().with("rope_scaling", json!({ "type": "linear", "factor": 2.0 }));
    let older = Checkpoint::new().with("rope_scaling", json!({ "rope_type": "linear", "factor": 2.0 }));
    assert_eq!(oldest.logits(), older.logits());
}

#[test]
fn biases_are_read_where_the_configuration_says_so() {
    let attention = [("self_attn.q_proj", HIDDEN), ("self_attn.k_proj", HIDDEN / 2), ("self_attn.v_proj", HIDDEN / 2)];
    let attention: Vec<_> = attention.into_iter().chain([("self_attn.o_proj", HIDDEN)]).collect();
    let mlp = vec![("mlp.gate_proj", INNER), ("mlp.up_proj", INNER), ("mlp.down_proj", HIDDEN)];
    let plain = Checkpoint::new().logits();
    for (key, parts) in [("attention_bias", attention), ("mlp_bias", mlp)] {
        // All zero but the one of `biased`.
        let with = |biased: &str| {
            let mut checkpoint = Checkpoint::new();
            for (part, width) in &parts {
                let value = if *part == biased { 0.5f32 } else { 0.0 };
                for i in 0..2 {
                    let bias = Tensor::full(value, *width, &Device::Cpu).unwrap();
                    checkpoint.weights.insert(format!("model.layers.{i}.{part}.bias"), bias);
                }
            }
            checkpoint
        };
        assert_eq!(with("").with(key, json!(true)).logits(), plain, "{key}");
        for (part, _) in &parts {
            // The same number added to every key moves all scores of a query alike, so only rotation tells.
            assert_ne!(with(part).with(key, json!(true)).logits(), plain, "{part}");
            assert_eq!(with(part).logits(), plain, "{part} is not asked for");
        }
        let missing = Checkpoint::new().with(key, json!(true)).error();
        assert!(missing.message().contains(".bias is missing"), "{missing}");
        assert_eq!(with(parts[0].0).with(key, json!(true)).with("model_type", json!("mistral")).logits(), plain);
    }
}

#[test]
fn a_window_counts_only_where_it_is_switched_on() {
    let window =
        |checkpoint: Checkpoint| checkpoint.with("sliding_window", json!(4)).with("max_window_layers", json!(1));
    let plain = Checkpoint::qwen2().logits();
    let off = window(Checkpoint::qwen2()).with("use_sliding_window", json!(false)).logits();
    assert_eq!(off, plain);
    assert_eq!(window(Checkpoint::qwen2()).logits(), plain);
    let on = window(Checkpoint::qwen2()).with("use_sliding_window", json!(true));
    assert_ne!(on.logits(), plain);
    // The first four tokens see all there is.
    assert_eq!(on.logits()[..4 * VOCAB], plain[..4 * VOCAB]);
    let by_type = Checkpoint::qwen2()
        .with("use_sliding_window", json!(true))
        .with("sliding_window", json!(4))
        .with("layer_types", json!(["full_attention", "sliding_attention"]));
    assert_eq!(by_type.logits(), on.logits());
    // Mistral has no switch, and Llama no window.
    let mistral = window(Checkpoint::new()).with("model_type", json!("mistral"));
    assert_ne!(mistral.logits(), Checkpoint::new().logits());
    assert_eq!(window(Checkpoint::new()).logits(), Checkpoint::new().logits());
}

#[test]
fn the_template_may_stand_in_several_places() {
    let text = |checkpoint: &Checkpoint, change: &dyn Fn(&Path)| {
        let model = checkpoint.load_with(LocalOptions::default(), change)?;
        model.encode(&Prompt::user(None, "x"), None).map(|encoded| encoded.text)
    };
    let none = Checkpoint::new().setting("chat_template", Value::Null);
    let error = text(&none, &|_| {}).unwrap_err();
    assert_eq!(error.message(), "this model has no chat template");
    let file = |folder: &Path| fs::write(folder.join("chat_template.jinja"), "file").unwrap();
    assert_eq!(text(&none, &file).unwrap(), "file");
    assert_eq!(text(&Checkpoint::new(), &file).unwrap(), "file");
    let named = |names: [&str; 2]| {
        let templates = names.map(|name| json!({ "name": name, "template": name }));
        Checkpoint::new().setting("chat_template", json!(templates))
    };
    assert_eq!(text(&named(["tool_use", "default"]), &|_| {}).unwrap(), "default");
    let error = text(&named(["tool_use", "rag"]), &|_| {}).unwrap_err();
    assert!(error.message().contains("tool_use, rag"), "{error}");
}

#[test]
fn tokens_are_named_in_several_places() {
    let tokenizer = |checkpoint: &Checkpoint| {
        let folder = tempfile::tempdir().unwrap();
        checkpoint.write_small(folder.path());
        Tokenizer::load(folder.path())
    };
    let object = Checkpoint::new().setting("bos_token", json!({ "content": "<|im_start|>", "special": true }));
    let read = tokenizer(&object).unwrap();
    assert_eq!((read.bos().unwrap().as_str(), read.eos().unwrap().as_str()), ("<|im_start|>", "<|im_end|>"));
    // tokenizer.json has no rule for BOS, and only one class makes its own.
    assert_eq!(read.encode_whole("a").unwrap(), read.encode("a").unwrap());
    let adds = object.setting("tokenizer_class", json!("LlamaTokenizerFast"));
    assert_eq!(tokenizer(&adds).unwrap().encode_whole("a").unwrap()[0], 256);
    let adds = adds.setting("add_bos_token", json!(false)).setting("add_eos_token", json!(true));
    assert_eq!(tokenizer(&adds).unwrap().encode_whole("a").unwrap().last(), Some(&257));

    let mut older = Checkpoint::new();
    older.files.insert("special_tokens_map.json", json!({ "bos_token": "<|im_start|>", "eos_token": "<|im_start|>" }));
    let read = tokenizer(&older).unwrap();
    assert_eq!((read.bos().unwrap().as_str(), read.eos().unwrap().as_str()), ("<|im_start|>", "<|im_end|>"));

    let added = |id: &str| {
        let tokens = json!({ id: { "content": "<think>", "special": false }, "257": { "content": "<|im_end|>", "special": true } });
        tokenizer(&Checkpoint::new().setting("added_tokens_decoder", tokens))
    };
    let read = added("258").unwrap();
    assert_eq!(read.encode("<think>").unwrap(), [258]);
    assert_eq!(read.decode(&[258, 257]).unwrap(), "<think>");
    assert!(added("259").err().unwrap().message().contains("leave a gap"));
    let error = tokenizer(&Checkpoint::new().setting("eos_token", json!("<eos>"))).err().unwrap();
    assert!(error.message().contains("\"<eos>\""), "{error}");
}

#[test]
fn generation_settings_say_what_ends_a_completion() {
    let ends = |checkpoint: Checkpoint| -> Vec<u32> {
        let folder = tempfile::tempdir().unwrap();
        checkpoint.write_small(folder.path());
        let tokenizer = Tokenizer::load(folder.path()).unwrap();
        (0..VOCAB as u32).filter(|&id| tokenizer.ends(id)).collect()
    };
    assert_eq!(ends(Checkpoint::new()), [257]);
    assert_eq!(ends(Checkpoint::new().with("eos_token_id", json!([1, 2]))), [1, 2, 257]);
    let mut generation = Checkpoint::new().with("eos_token_id", json!(1));
    generation.files.insert("generation_config.json", json!({ "eos_token_id": [3, 256] }));
    assert_eq!(ends(generation), [3, 256, 257]);
}

#[test]
fn the_identity_changes_with_every_file_that_counts_and_with_no_other() {
    let checkpoint = Checkpoint::new();
    let identity =
        |options: LocalOptions, change: &dyn Fn(&Path)| checkpoint.load_with(options, change).unwrap().identity();
    let plain = identity(LocalOptions::default(), &|_| {});
    assert!(plain.starts_with("hf:sha256:") && plain.len() == 10 + 64, "{plain}");
    let unrelated = |folder: &Path| fs::write(folder.join("README.md"), "about").unwrap();
    assert_eq!(identity(LocalOptions::default(), &unrelated), plain);
    let mut seen = vec![plain.clone()];
    let append = |name: &'static str| {
        move |folder: &Path| {
            let path = folder.join(name);
            let mut text = fs::read(&path).unwrap_or_default();
            text.push(b'\n');
            fs::write(path, text).unwrap();
        }
    };
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] {
        seen.push(identity(LocalOptions::default(), &append(name)));
    }
    seen.push(identity(LocalOptions::default(), &|folder| {
        let mut weights = checkpoint.weights.clone();
        let norm = weights.get_mut("model.norm.weight").unwrap();
        *norm = norm.affine(1.0, 0.5).unwrap();
        save(weights.iter(), &folder.join("model.safetensors"));
    }));
    seen.push(identity(LocalOptions { dtype: Some(WeightDtype::Bf16), ..LocalOptions::default() }, &|_| {}));
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "{seen:#?}");
    let known = LocalOptions { sha256: Some("abc".into()), ..LocalOptions::default() };
    assert_eq!(identity(known, &|_| {}), "hf:sha256:abc");
}

#[test]
fn a_date_is_part_of_the_identity_only_where_the_template_asks_for_it() {
    let now = chrono::NaiveDate::from_ymd_opt(2025, 3, 9).and_then(|day| day.and_hms_opt(0, 0, 0));
    let options = LocalOptions { now, ..LocalOptions::default() };
    let undated = Checkpoint::new();
    assert_eq!(undated.load_with(options.clone(), |_| {}).unwrap().identity(), undated.load().unwrap().identity());
    let dated = Checkpoint::new().setting("chat_template", json!("{{ strftime_now('%Y') }}"));
    let model = dated.load_with(options, |_| {}).unwrap();
    assert!(model.identity().ends_with(":2025-03-09T00:00:00"), "{}", model.identity());
    assert_eq!(model.encode(&Prompt::user(None, "x"), None).unwrap().text, "2025");
}

#[test]
fn what_is_not_as_it_should_be_is_named() {
    let says = |checkpoint: Checkpoint, expected: &str| {
        let error = checkpoint.error();
        assert_eq!(error.kind(), Kind::Model, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    says(Checkpoint::new().with("model_type", json!("mamba")), "its architecture is \"mamba\", which is not built");
    says(Checkpoint::new().with("model_type", json!("mamba")), "hint: built are llama, mistral, qwen2, qwen3");
    says(Checkpoint::new().with("architectures", json!(["LlamaForSequenceClassification"])), "predicts no tokens");
    says(Checkpoint::new().with("quantization_config", json!({ "quant_method": "gptq" })), "quantized (gptq)");
    says(Checkpoint::new().with("hidden_act", json!("gelu")), "\"gelu\"");
    says(Checkpoint::new().with("rope_scaling", json!({ "rope_type": "yarn", "factor": 4.0 })), "type \"yarn\"");
    says(Checkpoint::new().with("rope_scaling", json!({ "rope_type": "linear" })), "rope_scaling.factor is missing");
    let by_kind = json!({ "full_attention": { "rope_theta": 1e6 }, "sliding_attention": { "rope_theta": 1e4 } });
    says(Checkpoint::new().with("rope_parameters", by_kind), "full_attention");
    says(Checkpoint::new().with("hidden_size", json!("wide")), "config.json: hidden_size must be a whole number");
    says(Checkpoint::new().without("num_hidden_layers"), "num_hidden_layers is missing");
    says(Checkpoint::new().with("num_key_value_heads", json!(3)), "4 query heads cannot share 3 key heads");
    says(Checkpoint::new().with("num_hidden_layers", json!(3)), "model.layers.2.self_attn.q_proj.weight is missing");
    says(Checkpoint::new().with("intermediate_size", json!(47)), "mlp.gate_proj.weight must be [47, 32], got [48, 32]");
    says(Checkpoint::new().with("model_type", json!("qwen2")), "self_attn.q_proj.bias is missing");
    says(Checkpoint::new().with("model_type", json!("qwen3")), "self_attn.q_proj.weight must be [512, 32]");

    let mut small = Checkpoint::new().with("vocab_size", json!(200));
    let embedding = small.weights.get_mut("model.embed_tokens.weight").unwrap();
    *embedding = embedding.narrow(0, 0, 200).unwrap();
    says(small, "258 tokens but only 200 embeddings");
    let mut integers = Checkpoint::new();
    let norm = integers.weights.get_mut("model.norm.weight").unwrap();
    *norm = norm.to_dtype(DType::U8).unwrap();
    says(integers, "is stored as u8");
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let fails = |change: &dyn Fn(&Path)| Checkpoint::new().load_with(LocalOptions::default(), change).err().unwrap();
    let weights = "model.safetensors";
    let cut = |bytes: usize| {
        move |folder: &Path| {
            let whole = fs::read(folder.join(weights)).unwrap();
            fs::write(folder.join(weights), &whole[..whole.len().min(bytes)]).unwrap();
        }
    };
    for bytes in [0, 4, 100, 20_000] {
        let error = fails(&cut(bytes));
        assert_eq!(error.kind(), Kind::Model, "{bytes}");
        assert!(error.message().contains("model.safetensors is not a readable safetensors file"), "{bytes}: {error}");
    }
    let scribble = |folder: &Path| {
        let mut whole = fs::read(folder.join(weights)).unwrap();
        whole[8..40].fill(b'#');
        fs::write(folder.join(weights), whole).unwrap();
    };
    assert!(fails(&scribble).message().contains("is not a readable safetensors file"));

    let remove = |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).unwrap();
    for name in ["config.json", "tokenizer.json", weights] {
        let error = fails(&remove(name));
        assert_eq!(error.kind(), Kind::Io);
        assert!(error.message().contains(name) && error.hint().is_some(), "{error}");
    }
    let other = |folder: &Path| fs::rename(folder.join(weights), folder.join("pytorch_model.bin")).unwrap();
    assert!(fails(&other).hint().unwrap().contains("pytorch_model.bin is another format"));
    for name in ["config.json", "tokenizer_config.json"] {
        let error = fails(&|folder| fs::write(folder.join(name), "{").unwrap());
        assert!(error.message().contains(&format!("{name} is not JSON")), "{error}");
    }
    let error = fails(&|folder| fs::write(folder.join("tokenizer.json"), "{}").unwrap());
    assert!(error.message().contains("tokenizer.json: it is no tokenizer"), "{error}");
}

#[test]
fn continuations_are_scored_together_as_alone() {
    let options = LocalOptions { max_batch: 3, prefill_tokens: 5, ..LocalOptions::default() };
    let model = Checkpoint::new().load_with(options, |_| {}).unwrap();
    let raw = |text: &str| Prompt::Raw(text.into());
    let mut pairs = Vec::new();
    for continuation in ["a", "ein zweiter", "", "drei"] {
        for prompt in ["", "p", "Ein langer Anfang, den viele teilen", "รวม"] {
            pairs.push((raw(prompt), continuation.to_owned()));
        }
    }
    pairs.insert(5, (raw(&"x".repeat(60)), "too long".into()));
    let scores = |cancel: &Cancel| {
        let mut outcomes: Vec<Option<Result<Vec<TokenScore>, Error>>> = vec![None; pairs.len()];
        model.log_probs(&pairs, cancel, &mut |i, outcome| assert!(outcomes[i].replace(outcome).is_none()));
        outcomes.into_iter().map(Option::unwrap).collect::<Vec<_>>()
    };
    for (i, ((prompt, continuation), together)) in pairs.iter().zip(scores(&Cancel::new())).enumerate() {
        let alone = model.log_prob(prompt, continuation);
        assert_eq!(alone, together, "{prompt:?} {continuation}");
        match i {
            5 => assert_eq!(alone.unwrap_err().kind(), Kind::Truncated),
            _ => assert_eq!(alone.unwrap().len(), continuation.len()),
        }
    }
    let cancelled = Cancel::new();
    cancelled.cancel();
    let kinds: Vec<Kind> = scores(&cancelled).into_iter().map(|outcome| outcome.unwrap_err().kind()).collect();
    assert_eq!(kinds.iter().filter(|&&kind| kind == Kind::Cancelled).count(), pairs.len() - 1);
    assert_eq!(kinds[5], Kind::Truncated);
}
