//! Claims about many requests over one set of weights, on a tiny random model that needs no reference data.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use candle_core::quantized::{GgmlDType, gguf_file::Value};
use common::{assert_rows_are_independent, logits, max_difference, outcomes, text, tiny_llama};
use glotrace_model::{
    Cancel, Completion, Error, FinishReason, Generate, Kind, LocalModel, LocalOptions, LogProb, Params, Precision,
    Prompt, Request,
};

fn write(dtype: GgmlDType) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    tiny_llama(dtype).write(file.path());
    file
}

fn load(path: &Path, max_batch: usize, prefill_tokens: usize) -> LocalModel {
    let options = LocalOptions { max_batch, prefill_tokens, ..LocalOptions::default() };
    LocalModel::load(path, options).unwrap()
}

fn model() -> LocalModel {
    load(write(GgmlDType::F32).path(), 4, 8)
}

/// 20 tokens at temperature 1.5, at which the tiny model speaks of many things.
fn warm() -> Params {
    Params { temperature: 1.5, max_tokens: 20, ..Params::default() }
}

fn ask(prompt: &str, sample: u64, params: &Params) -> Request {
    Request::new(Prompt::Raw(prompt.into()), sample, params.clone().check().unwrap())
}

/// Prompts of several lengths, some with several samples, more than fit into the batch.
fn requests(params: &Params) -> Vec<Request> {
    let prompts = ["a", "Wie viele?", "รวมกันได้กี่ผล", "one more prompt that takes several pieces", "q"];
    let samples = |prompt| (0..3).map(move |sample| (prompt, sample));
    prompts.into_iter().flat_map(samples).map(|(p, s)| ask(p, s, params)).collect()
}

/// What can be compared of an outcome: all but the time it took.
fn said(outcome: &Result<Completion, Error>) -> (String, FinishReason, Option<u64>, Option<u64>) {
    let c = outcome.as_ref().unwrap();
    (c.text.clone(), c.finish_reason, c.prompt_tokens, c.completion_tokens)
}

#[test]
fn a_row_says_the_same_alone_and_among_others() {
    let model = model();
    let requests = requests(&warm());
    let together: Vec<_> = outcomes(&model, &requests).iter().map(said).collect();
    for (request, together) in requests.iter().zip(&together) {
        let alone = outcomes(&model, std::slice::from_ref(request));
        assert_eq!(&said(&alone[0]), together, "{:?} {}", request.prompt, request.sample);
    }
}

#[test]
fn the_numbers_of_a_row_do_not_depend_on_other_rows() {
    assert_rows_are_independent(model().decoder());
}

#[test]
fn a_run_repeats_itself() {
    let file = write(GgmlDType::F32);
    let run = || -> Vec<_> { outcomes(&load(file.path(), 3, 5), &requests(&warm())).iter().map(said).collect() };
    assert_eq!(run(), run());
}

#[test]
fn the_size_of_the_batch_and_of_its_pieces_changes_nothing() {
    let file = write(GgmlDType::F32);
    let run = |max_batch, prefill_tokens| -> Vec<_> {
        let model = load(file.path(), max_batch, prefill_tokens);
        outcomes(&model, &requests(&warm())).iter().map(said).collect()
    };
    let plain = run(1, 1000);
    for (max_batch, prefill_tokens) in [(1, 1), (2, 7), (5, 3), (64, 64)] {
        assert_eq!(run(max_batch, prefill_tokens), plain, "{max_batch} {prefill_tokens}");
    }
}

#[test]
fn logits_do_not_depend_on_the_pieces_in_which_a_prompt_is_read() {
    let model = model();
    let ids: Vec<u32> = (0..60).map(|i| i * 37 % 256).collect();
    let whole = logits(model.decoder(), &ids, 60);
    assert_eq!(logits(model.decoder(), &ids, 60), whole, "the same pass twice, to the bit");
    for piece in [1, 7, 32] {
        // Logits here are of the order of 10.
        assert!(max_difference(&logits(model.decoder(), &ids, piece), &whole) < 1e-4);
    }
}

#[test]
fn samples_of_a_prompt_differ_by_index_and_seed_and_not_by_what_else_is_asked() {
    let model = model();
    let some = outcomes(&model, &[ask("a", 2, &warm()), ask("a", 0, &warm())]);
    let all = outcomes(&model, &[ask("a", 0, &warm()), ask("a", 1, &warm()), ask("a", 2, &warm())]);
    assert_eq!(said(&some[0]), said(&all[2]));
    assert_eq!(said(&some[1]), said(&all[0]));
    assert_ne!(said(&all[0]).0, said(&all[1]).0);
    let reseeded = Params { seed: 1, ..warm() };
    assert_ne!(said(&outcomes(&model, &[ask("a", 0, &reseeded)])[0]), said(&all[0]));
}

#[test]
fn a_completion_ends_at_its_limit_and_at_the_context() {
    let model = model();
    let long = Params { max_tokens: 1000, ..Params::default() };
    for (prompt, max_tokens, drawn) in [("ab", 5, 5), ("ab", 1, 1), (&"x".repeat(90), 1000, 6)] {
        let params = Params { max_tokens, ..long.clone() };
        let completion = outcomes(&model, &[ask(prompt, 0, &params)]).remove(0).unwrap();
        assert_eq!(completion.finish_reason, FinishReason::Length);
        assert_eq!(completion.completion_tokens, Some(drawn));
        assert_eq!(completion.prompt_tokens, Some(prompt.len() as u64));
    }
}

#[test]
fn a_prompt_that_leaves_no_room_is_an_error_and_its_neighbours_are_not() {
    let model = model();
    let requests = [ask(&"x".repeat(96), 0, &warm()), ask("", 0, &warm()), ask("fine", 0, &warm())];
    let outcomes = outcomes(&model, &requests);
    let error = outcomes[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    assert_eq!(error.message(), "97 tokens do not fit into the model's context of 96");
    assert_eq!(outcomes[1].as_ref().unwrap_err().kind(), Kind::Parameter);
    assert!(outcomes[2].is_ok());
}

#[test]
fn a_stop_text_is_cut_off_with_all_that_follows() {
    let model = model();
    let free = outcomes(&model, &[ask("a", 0, &warm())]).remove(0).unwrap();
    let characters: Vec<char> = free.text.chars().collect();
    let stop: String = characters[4..6].iter().collect();
    let at = free.text.find(&stop).unwrap();
    let params = Params { stop: vec!["never to be seen".into(), stop], ..warm() };
    let stopped = outcomes(&model, &[ask("a", 0, &params)]).remove(0).unwrap();
    assert_eq!(stopped.text, free.text[..at]);
    assert_eq!(stopped.finish_reason, FinishReason::Stop);
    assert!(stopped.completion_tokens < free.completion_tokens);
}

#[test]
fn a_raised_flag_ends_everything_and_hands_every_request_over_once() {
    let model = model();
    let endless = Params { max_tokens: 80, ..warm() };
    let mut requests = requests(&endless);
    requests.insert(0, ask("short", 0, &Params { max_tokens: 1, ..warm() }));
    let cancel = Cancel::new();
    let mut kinds = vec![Vec::new(); requests.len()];
    model.generate(&requests, &cancel, &mut |i, outcome| {
        // The first to finish raises the flag; nothing may finish after it.
        kinds[i].push(outcome.map(|c| c.completion_tokens).map_err(|e| e.kind()));
        cancel.cancel();
    });
    assert_eq!(kinds[0], [Ok(Some(1))]);
    assert!(kinds[1..].iter().all(|kinds| *kinds == [Err(Kind::Cancelled)]), "{kinds:?}");
}

#[test]
fn nothing_to_do_is_done_at_once() {
    assert!(outcomes(&model(), &[]).is_empty());
}

#[test]
fn a_chat_goes_through_the_template_and_raw_text_does_not() {
    let model = model();
    let chat = model.encode(&Prompt::user(Some("Be brief."), "Hi"), None).unwrap();
    assert_eq!(
        chat.text,
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    );
    assert_eq!(chat.ids.iter().filter(|&&id| id == 256).count(), 3);
    let raw = model.encode(&Prompt::Raw("Hi".into()), None).unwrap();
    assert_eq!((raw.text.as_str(), raw.ids.len()), ("Hi", 2));
}

#[test]
fn a_template_that_opens_the_thinking_makes_an_unclosed_output_all_thinking() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut draft = tiny_llama(GgmlDType::F32);
    draft.metadata.retain(|(key, _)| key != "tokenizer.chat_template");
    draft.set("tokenizer.chat_template", text("{{ messages[0].content }}<think>\n"));
    draft.write(file.path());
    let request = Request::new(Prompt::user(None, "a"), 0, Params { max_tokens: 3, ..warm() }.check().unwrap());
    let completion = outcomes(&load(file.path(), 1, 64), &[request]).remove(0).unwrap();
    assert_eq!(completion.thinking.as_deref(), Some(completion.text.trim()));
    assert_eq!(completion.response, None);
}

/// Each type's numbers come back as they were rounded, and rounding loses no more than it should.
#[test]
fn every_quantization_is_read() {
    let ids = [97, 98, 99];
    let whole = tiny_llama(GgmlDType::F32);
    let expected = logits(written(&whole).decoder(), &ids, 3);
    let spread = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
    // By how much logits may move, relative to their size. Logits of other weights would be off by 1.4.
    for (dtype, tolerance) in [
        (GgmlDType::F16, 0.002),
        (GgmlDType::BF16, 0.02),
        (GgmlDType::Q8_0, 0.03),
        (GgmlDType::Q6K, 0.1),
        (GgmlDType::Q5K, 0.3),
        (GgmlDType::Q5_0, 0.3),
        (GgmlDType::Q5_1, 0.3),
        (GgmlDType::Q4K, 0.5),
        (GgmlDType::Q4_0, 0.5),
        (GgmlDType::Q4_1, 0.5),
    ] {
        let quantized = tiny_llama(dtype);
        let got = logits(written(&quantized).decoder(), &ids, 3);
        let difference: Vec<f32> = got.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let relative = spread(&difference) / spread(&expected);
        assert!(relative > 0.0 && relative < tolerance, "{dtype:?}: {relative}");

        // The same numbers in f32.
        let mut rounded = common::Draft { metadata: whole.metadata.clone(), tensors: Vec::new() };
        for (name, tensor) in &quantized.tensors {
            let tensor = tensor.dequantize(&candle_core::Device::Cpu).unwrap();
            rounded.tensor(name, &tensor, GgmlDType::F32);
        }
        assert_eq!(logits(written(&rounded).decoder(), &ids, 3), got, "{dtype:?}");
    }
}

fn written(draft: &common::Draft) -> LocalModel {
    let file = tempfile::NamedTempFile::new().unwrap();
    draft.write(file.path());
    LocalModel::load(file.path(), LocalOptions { precision: Precision::F32, ..LocalOptions::default() }).unwrap()
}

#[test]
fn scores_of_a_continuation_add_up_to_what_sampling_sees() {
    let model = model();
    let scores = model.log_prob(&Prompt::Raw("ab".into()), "cd").unwrap();
    assert_eq!(scores.iter().map(|s| s.token.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    let vocab = model.decoder().config().vocab_size;
    let ids = model.tokenizer().encode("abc").unwrap();
    let all = logits(model.decoder(), &ids, 3);
    for (row, score) in all.chunks_exact(vocab).skip(1).zip(&scores) {
        let sum: f64 = row.iter().map(|&l| f64::from(l).exp()).sum();
        let own = f64::from(row[score.id as usize]);
        assert!((score.logprob.unwrap() - (own - sum.ln())).abs() < 1e-5);
        assert_eq!(score.rank, Some(row.iter().filter(|&&l| f64::from(l) > own).count() as u64));
    }
    // Of the first token of all nothing can be said.
    let alone = model.log_prob(&Prompt::Raw(String::new()), "cd").unwrap();
    assert_eq!((alone[0].logprob, alone[0].rank, alone[0].entropy), (None, None, None));
    assert!(alone[1].logprob.is_some());
}

#[test]
fn a_file_that_is_not_what_it_should_be_says_so() {
    let fails = |change: &dyn Fn(&mut common::Draft)| {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut draft = tiny_llama(GgmlDType::F32);
        change(&mut draft);
        draft.write(file.path());
        let error = LocalModel::load(file.path(), LocalOptions::default()).err().unwrap();
        assert_eq!(error.kind(), Kind::Model);
        error.to_string()
    };
    let replace = |draft: &mut common::Draft, key: &str, value: Value| {
        draft.metadata.retain(|(k, _)| k != key);
        draft.set(key, value);
    };
    let message = fails(&|draft| replace(draft, "general.architecture", text("mamba")));
    assert!(message.contains("\"mamba\"") && message.contains("hint: built are llama"), "{message}");
    let message = fails(&|draft| replace(draft, "tokenizer.ggml.model", text("t5")));
    assert!(message.contains("byte-level BPE"), "{message}");
    let message = fails(&|draft| replace(draft, "tokenizer.ggml.pre", text("tekken")));
    assert!(message.contains("\"tekken\""), "{message}");
    let message = fails(&|draft| replace(draft, "llama.block_count", text("two")));
    assert!(message.contains("llama.block_count must be a whole number"), "{message}");
    let message = fails(&|draft| replace(draft, "llama.block_count", Value::U32(3)));
    assert!(message.contains("blk.2.attn_q.weight is missing"), "{message}");
    let message = fails(&|draft| replace(draft, "llama.feed_forward_length", Value::U32(64)));
    assert!(message.contains("must be [64, 256], got [256, 256]"), "{message}");
    let message = fails(&|draft| draft.set("llama.rope.scaling.type", text("yarn")));
    assert!(message.contains("\"yarn\""), "{message}");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "<html>not found</html>").unwrap();
    let error = LocalModel::load(file.path(), LocalOptions::default()).err().unwrap();
    assert!(error.message().contains("is not a readable GGUF file"), "{error}");
    let error = LocalModel::load(Path::new("no/such.gguf"), LocalOptions::default()).err().unwrap();
    assert_eq!(error.kind(), Kind::Io);
}
