//! What a model can be asked, as far as keeping, counting and paying are concerned.

use std::future::Future;
use std::sync::Arc;

use glotrace_model::{Cancel, Completion, Error, Prompt, Reply, Request, TokenScore};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::budget::Use;
use crate::models::{Model, Read, Reading};

/// A finished call with what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Made<O> {
    pub output: O,
    pub attempts: u32,
    pub usd: Option<f64>,
    /// Tokens that were billed.
    pub tokens: Option<u64>,
}

/// What is to be known of an output besides itself: the store keeps it, but for `cut`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Facts {
    pub finish_reason: Option<&'static str>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub seconds: Option<f64>,
    /// Tokens at the ends of texts that the model did not read.
    pub cut: u64,
}

/// Where outcomes go: position of the task, outcome.
pub type Sink<'a, O> = dyn FnMut(usize, Result<Made<O>, Error>) + Send + 'a;

/// One kind of call. Its serialized form is canonical: it goes into the key.
pub trait Task: Serialize + Clone + Send + Sync + 'static {
    type Output: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// Goes into the key and into `system.calls`.
    fn name(&self) -> &'static str;

    /// What was asked, for people.
    fn input(&self) -> &str;

    fn sample(&self) -> u64 {
        0
    }

    /// The most that it may take. Tokens of the prompt are estimated.
    fn at_most(&self) -> Use;

    /// Whether who asked will try otherwise after this failure: it is then no failure of the row.
    fn is_tried_again(&self, _: &Error) -> bool {
        false
    }

    fn facts(output: &Self::Output) -> Facts;

    /// Makes the calls; each outcome goes to `sink` as soon as it is there, each position once.
    fn run(
        model: &Arc<Model>,
        tasks: Vec<Self>,
        cancel: Cancel,
        sink: &mut Sink<'_, Self::Output>,
    ) -> impl Future<Output = ()> + Send;

    /// What a finished or failed call took.
    fn spent(made: &Result<Made<Self::Output>, Error>) -> Use {
        match made {
            Ok(made) => {
                let facts = Self::facts(&made.output);
                let both = facts.prompt_tokens.unwrap_or(0) + facts.completion_tokens.unwrap_or(0);
                let completion = facts.completion_tokens.unwrap_or(0);
                Use {
                    calls: 1,
                    // Samples of one request share the prompt's tokens.
                    prompt_tokens: made.tokens.unwrap_or(both).saturating_sub(completion),
                    completion_tokens: completion,
                    usd: made.usd.unwrap_or(0.0),
                }
            }
            Err(error) => Use { calls: 1, usd: error.usd().unwrap_or(0.0), ..Use::default() },
        }
    }
}

/// About how many tokens a text has: a token is three bytes or more in nearly every tokenizer and script.
fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(3)
}

fn prompt_tokens(prompt: &Prompt) -> u64 {
    match prompt {
        // A turn has some tokens of its own.
        Prompt::Chat(messages) => messages.iter().map(|m| tokens(&m.content) + 8).sum(),
        Prompt::Raw(text) => tokens(text),
    }
}

impl Task for Request {
    type Output = Completion;

    fn name(&self) -> &'static str {
        "generate"
    }

    fn input(&self) -> &str {
        self.prompt.text()
    }

    fn sample(&self) -> u64 {
        self.sample
    }

    fn at_most(&self) -> Use {
        Use {
            calls: 1,
            prompt_tokens: prompt_tokens(&self.prompt),
            completion_tokens: self.sampling.max_tokens as u64,
            usd: 0.0,
        }
    }

    fn facts(output: &Completion) -> Facts {
        Facts {
            finish_reason: Some(output.finish_reason.as_str()),
            prompt_tokens: output.prompt_tokens,
            completion_tokens: output.completion_tokens,
            seconds: Some(output.seconds),
            cut: 0,
        }
    }

    async fn run(model: &Arc<Model>, tasks: Vec<Self>, cancel: Cancel, sink: &mut Sink<'_, Completion>) {
        let made = |reply: Reply| Made {
            attempts: reply.attempts,
            usd: reply.usd,
            tokens: reply.tokens,
            output: reply.completion,
        };
        model.generate_samples(tasks, cancel, |i, outcome| sink(i, outcome.map(made))).await;
    }
}

impl Task for Reading {
    type Output = Read;

    fn name(&self) -> &'static str {
        match self {
            Self::Embed { .. } => "embed",
            Self::Infer { .. } => "infer",
            Self::Score { .. } => "score",
            Self::Match { .. } => "match",
        }
    }

    fn input(&self) -> &str {
        match self {
            Self::Embed { text } | Self::Score { text, .. } => text,
            Self::Infer { hypothesis: text, .. } | Self::Match { candidate: text, .. } => text,
        }
    }

    fn at_most(&self) -> Use {
        let tokens_in = match self {
            Self::Embed { text } => tokens(text),
            Self::Infer { premise: a, hypothesis: b } | Self::Match { candidate: a, reference: b } => {
                tokens(a) + tokens(b)
            }
            Self::Score { text, source, reference } => {
                tokens(text) + [source, reference].into_iter().flatten().map(|text| tokens(text)).sum::<u64>()
            }
        };
        Use { calls: 1, prompt_tokens: tokens_in, ..Use::default() }
    }

    fn facts(output: &Read) -> Facts {
        Facts { prompt_tokens: output.tokens, cut: output.cut, ..Facts::default() }
    }

    async fn run(model: &Arc<Model>, tasks: Vec<Self>, cancel: Cancel, sink: &mut Sink<'_, Read>) {
        let read = tasks.into_iter().map(|task| model.read(task, cancel.clone()));
        for (i, read) in futures::future::join_all(read).await.into_iter().enumerate() {
            sink(i, read.map(|(output, usd)| Made { tokens: output.tokens, output, attempts: 1, usd }));
        }
    }
}

/// How probable a continuation is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogProbTask {
    pub prompt: Prompt,
    pub continuation: String,
}

impl Task for LogProbTask {
    type Output = Vec<TokenScore>;

    fn name(&self) -> &'static str {
        "log_prob"
    }

    fn input(&self) -> &str {
        self.prompt.text()
    }

    fn at_most(&self) -> Use {
        let prompt_tokens = prompt_tokens(&self.prompt) + tokens(&self.continuation);
        Use { calls: 1, prompt_tokens, ..Use::default() }
    }

    fn facts(output: &Vec<TokenScore>) -> Facts {
        Facts { completion_tokens: Some(output.len() as u64), ..Facts::default() }
    }

    async fn run(model: &Arc<Model>, tasks: Vec<Self>, cancel: Cancel, sink: &mut Sink<'_, Vec<TokenScore>>) {
        for (i, task) in tasks.into_iter().enumerate() {
            let scored = model.log_prob(task.prompt, task.continuation, cancel.clone()).await;
            sink(i, scored.map(|output| Made { output, attempts: 1, usd: None, tokens: None }));
        }
    }
}
