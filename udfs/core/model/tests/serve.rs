//! Claims about work that comes while other work runs, and about the memory that it runs in, on a tiny random model.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::VecDeque;

use candle_core::quantized::{GgmlDType, gguf_file::Value};
use common::{Draft, outcomes, tiny_llama};
use glotrace_model::{
    Answer, Cancel, Error, Generate, Kind, LocalModel, LocalOptions, LogProb, Params, Prompt, Queue, Replay, Request,
    Result, Task, Work,
};

fn load(draft: &Draft, options: LocalOptions) -> LocalModel {
    let file = tempfile::NamedTempFile::new().unwrap();
    draft.write(file.path());
    LocalModel::load(file.path(), options).unwrap()
}

/// A model that may say up to 4,096 tokens.
fn long() -> Draft {
    let mut draft = tiny_llama(GgmlDType::Q8_0);
    draft.metadata.retain(|(key, _)| key != "llama.context_length");
    draft.set("llama.context_length", Value::U32(4096));
    draft
}

fn model() -> LocalModel {
    load(&long(), LocalOptions { max_batch: 4, prefill_tokens: 8, ..LocalOptions::default() })
}

fn ask(prompt: &str, sample: u64, max_tokens: i64) -> Request {
    let params = Params { temperature: 1.5, max_tokens, ..Params::default() };
    Request::new(Prompt::Raw(prompt.into()), sample, params.check().unwrap())
}

fn texts(model: &LocalModel, requests: &[Request]) -> Vec<String> {
    outcomes(model, requests).into_iter().map(|outcome| outcome.unwrap().text).collect()
}

/// Nothing is held when nothing runs.
fn assert_all_pages_are_back(model: &LocalModel) {
    let (limit, available, _) = model.cache_pages();
    assert_eq!(available, limit);
}

/// What a script does between the steps of a model that serves it.
type Event = Box<dyn FnMut(&mut Script)>;

/// A queue that does one thing each time it is looked at.
#[derive(Default)]
struct Script {
    ready: VecDeque<Work>,
    events: VecDeque<Event>,
    outcomes: Vec<(u64, Result<Answer>)>,
    unwanted: Vec<u64>,
}

impl Queue for Script {
    fn next(&mut self, _: bool) -> Option<Work> {
        if self.ready.is_empty()
            && let Some(mut event) = self.events.pop_front()
        {
            event(self);
        }
        self.ready.pop_front()
    }

    fn done(&mut self, ticket: u64, outcome: Result<Answer>) {
        assert!(self.outcomes.iter().all(|(t, _)| *t != ticket), "{ticket} was handed over twice");
        self.outcomes.push((ticket, outcome));
    }

    fn wanted(&self, ticket: u64) -> bool {
        !self.unwanted.contains(&ticket)
    }
}

impl Script {
    fn submit(&mut self, ticket: u64, task: Task, cancel: &Cancel) {
        self.ready.push_back(Work { ticket, task, cancel: cancel.clone() });
    }

    /// Lets `n` steps pass.
    fn wait(&mut self, n: usize) {
        self.events.extend((0..n).map(|_| Box::new(|_: &mut Self| {}) as Event));
    }

    fn then(&mut self, event: impl FnMut(&mut Self) + 'static) {
        self.events.push_back(Box::new(event));
    }

    fn text(&self, ticket: u64) -> Result<String, Kind> {
        match &self.outcomes.iter().find(|(t, _)| *t == ticket).unwrap().1 {
            Ok(Answer::Completion(completion)) => Ok(completion.text.clone()),
            Ok(other) => Ok(format!("{other:?}")),
            Err(error) => Err(error.kind()),
        }
    }
}

#[test]
fn work_that_comes_later_joins_and_says_the_same() {
    let model = model();
    let requests = [ask("first", 0, 40), ask("second", 0, 20), ask("third one", 1, 5)];
    let alone = texts(&model, &requests);
    let mut script = Script::default();
    script.submit(0, Task::Complete(requests[0].clone()), &Cancel::new());
    for (i, request) in requests.iter().enumerate().skip(1) {
        script.wait(6);
        let request = request.clone();
        script.then(move |script| script.submit(i as u64, Task::Complete(request.clone()), &Cancel::new()));
    }
    model.serve(&mut script);
    assert_eq!((0..3).map(|i| script.text(i).unwrap()).collect::<Vec<_>>(), alone);
    // The first came first and ended last.
    assert_eq!(script.outcomes.last().unwrap().0, 0);
    assert_all_pages_are_back(&model);
}

#[test]
fn a_cancelled_row_stops_at_once_and_its_neighbours_do_not() {
    let model = model();
    let kept = ask("kept", 0, 30);
    let alone = texts(&model, std::slice::from_ref(&kept));
    let stop = Cancel::new();
    let mut script = Script::default();
    script.submit(0, Task::Complete(ask("stopped", 0, 4000)), &stop);
    script.submit(1, Task::Complete(kept), &Cancel::new());
    script.submit(2, Task::Complete(ask("nobody waits", 0, 4000)), &Cancel::new());
    script.wait(4);
    script.then(move |script| {
        stop.cancel();
        script.unwanted.push(2);
    });
    // The next look at the queue comes a step later, and by then the two are gone.
    script.wait(1);
    script.then(|script| {
        let gone: Vec<u64> = script.outcomes.iter().map(|(ticket, _)| *ticket).collect();
        assert_eq!(gone, [0, 2]);
    });
    model.serve(&mut script);
    assert_eq!(script.text(1).unwrap(), alone[0]);
    assert_eq!((script.text(0), script.text(2)), (Err(Kind::Cancelled), Err(Kind::Cancelled)));
    assert_all_pages_are_back(&model);
}

#[test]
fn scores_run_beside_completions() {
    let model = model();
    let (request, prompt) = (ask("first", 0, 30), Prompt::Raw("a prompt".into()));
    let alone = (texts(&model, std::slice::from_ref(&request)), model.log_prob(&prompt, " and more").unwrap());
    let mut script = Script::default();
    script.submit(0, Task::Complete(request), &Cancel::new());
    script.submit(1, Task::Score { prompt, continuation: " and more".into() }, &Cancel::new());
    model.serve(&mut script);
    assert_eq!(script.text(0).unwrap(), alone.0[0]);
    assert!(matches!(&script.outcomes[0], (1, Ok(Answer::Scores(scores))) if *scores == alone.1));
}

/// More work than a cache of 1 MiB, 32 pages of 16 tokens, holds at once: rows give up their pages and come back.
#[test]
fn a_small_cache_changes_no_word() {
    let requests: Vec<Request> = ["a", "b", "ein Anfang, der länger ist", "a"]
        .iter()
        .zip(0..)
        .flat_map(|(p, i)| [ask(p, i, 150), ask(p, i + 9, 90)])
        .collect();
    let large = load(&long(), LocalOptions { ignore_eos: true, ..LocalOptions::default() });
    let expected = texts(&large, &requests);
    for max_batch in [1, 3, 8] {
        let options = LocalOptions { kv_cache_mb: 1, max_batch, ignore_eos: true, ..LocalOptions::default() };
        let small = load(&long(), options);
        assert_eq!(texts(&small, &requests), expected, "{max_batch} at a time");
        let (limit, available, bytes) = small.cache_pages();
        assert_eq!((limit, available), (32, 32));
        assert!(bytes <= 1 << 20);
        if max_batch == 8 {
            assert!(small.computed_tokens() > large.computed_tokens(), "nothing had to be done again");
        }
    }
}

#[test]
fn what_can_never_fit_is_an_error_that_names_the_setting() {
    let model = load(&long(), LocalOptions { kv_cache_mb: 1, ..LocalOptions::default() });
    let mut all = outcomes(&model, &[ask("a", 0, 520), ask("b", 0, 20), ask("c", 0, 495)]);
    let error = all.remove(0).unwrap_err();
    assert_eq!(error.kind(), Kind::Truncated);
    assert!(error.hint().unwrap().contains("glotrace.kv_cache_mb"), "{error}");
    assert!(all.iter().all(Result::is_ok));
}

#[test]
fn a_common_beginning_is_read_once() {
    let beginning = "The same instructions stand before each question, and nobody reads them twice. ".repeat(3);
    let requests: Vec<Request> = (0..10).map(|i| ask(&format!("{beginning}{i}?"), 0, 1)).collect();
    let model = load(&long(), LocalOptions::default());
    let expected: Vec<String> =
        requests.iter().map(|r| texts(&model_alone(), std::slice::from_ref(r))[0].clone()).collect();
    assert_eq!(texts(&model, &requests), expected);
    // Whole pages are shared; what is behind them each prompt reads itself.
    let own = (beginning.len() % 16 + 2) as u64;
    let shared = (beginning.len() / 16 * 16) as u64;
    assert_eq!(model.computed_tokens(), shared + 10 * own);
    // So are samples of a prompt, to its last token.
    let before = model.computed_tokens();
    outcomes(&model, &(0..5).map(|sample| ask(&"x".repeat(40), sample, 1)).collect::<Vec<_>>());
    assert_eq!(model.computed_tokens() - before, 40);
    assert_all_pages_are_back(&model);
}

fn model_alone() -> LocalModel {
    load(&long(), LocalOptions { max_batch: 1, prefill_tokens: 1000, ..LocalOptions::default() })
}

#[test]
fn a_recording_serves_a_queue_as_it_answers_a_list() {
    let record = glotrace_model::Record { prompt: "a".into(), text: "b".into(), ..Default::default() };
    let replay = Replay::new("replay:test", [record]).unwrap();
    let cancelled = Cancel::new();
    cancelled.cancel();
    let mut script = Script::default();
    script.submit(0, Task::Complete(ask("a", 0, 1)), &Cancel::new());
    script.submit(1, Task::Complete(ask("c", 0, 1)), &Cancel::new());
    script.submit(2, Task::Complete(ask("a", 0, 1)), &cancelled);
    script.submit(3, Task::Score { prompt: Prompt::Raw("a".into()), continuation: "b".into() }, &Cancel::new());
    script.unwanted.push(4);
    script.submit(4, Task::Complete(ask("a", 0, 1)), &Cancel::new());
    replay.serve(&mut script);
    assert_eq!(script.text(0).unwrap(), "b");
    let kinds: Vec<_> = (1..5).map(|i| script.text(i).unwrap_err()).collect();
    assert_eq!(kinds, [Kind::Missing, Kind::Cancelled, Kind::Refused, Kind::Cancelled]);
}

/// The options of a model are checked before its file is read.
#[test]
fn an_option_outside_its_range_is_named() {
    let load = |options| LocalModel::load(std::path::Path::new("no/such.gguf"), options).err();
    let error: Error = load(LocalOptions { kv_cache_mb: 0, ..LocalOptions::default() }).unwrap();
    assert_eq!(error.message(), "parameter kv_cache_mb must be 1 or more, got 0");
    assert_eq!(load(LocalOptions { threads: Some(0), ..LocalOptions::default() }).unwrap().kind(), Kind::Parameter);
}
