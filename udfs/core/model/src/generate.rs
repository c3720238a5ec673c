//! Prompt in, completion out: what every model that generates offers, wherever it runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Cancel, LogProb, Result, Sampling};

/// A model that completes prompts.
pub trait Generate: Send + Sync {
    /// What these weights or recordings are, as a text that changes when they change (`gguf:sha256:…`). Part
    /// of each call's key.
    fn identity(&self) -> String;

    /// Completes `requests`, in whatever order is fastest, and hands each outcome with the position of its request to
    /// `sink` as soon as it is there: every position once.
    ///
    /// A request that fails is an `Err` for its position and leaves the others alone. After `cancel` is raised, every
    /// request that has not been handed over is handed over as [`Kind::Cancelled`](crate::Kind::Cancelled) within one
    /// decoding step; a part of a completion is never handed over as a completion.
    fn generate(&self, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>);

    /// The model as one that scores given texts, where it is one: endpoints and recordings are not.
    fn scorer(&self) -> Option<&dyn LogProb> {
        None
    }
}

/// Where outcomes go: position of the request, outcome.
pub type Sink<'a> = dyn FnMut(usize, Result<Completion>) + 'a;

/// One completion to make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// What the model is told.
    pub prompt: Prompt,
    /// Which of several samples of this prompt this is, from 0. Samples with the same seed draw from different streams.
    pub sample: u64,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// JSON schema that an endpoint is to hold the reply to. Local models do not read it: who asks checks the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Arc<serde_json::Value>>,
}

impl Request {
    /// A request for free text.
    pub fn new(prompt: Prompt, sample: u64, sampling: Sampling) -> Self {
        Self { prompt, sample, sampling, schema: None }
    }
}

/// What a model is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Messages that the model's chat template turns into text.
    Chat(Vec<Message>),
    /// Text that the model continues as it stands, without a template.
    Raw(String),
}

impl Prompt {
    /// A chat of one user message, after a system message where there is one.
    pub fn user(system: Option<&str>, text: &str) -> Self {
        let system = system.map(|content| Message::new("system", content));
        let user = Message::new("user", text);
        Self::Chat(system.into_iter().chain([user]).collect())
    }

    /// What was asked: the last message, or the raw text.
    pub fn text(&self) -> &str {
        match self {
            Self::Chat(messages) => messages.last().map_or("", |m| &m.content),
            Self::Raw(text) => text,
        }
    }
}

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What it says.
    pub content: String,
}

impl Message {
    /// A message of `role` that says `content`.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// A finished completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The whole output, without the stop text or end-of-turn token that ended it.
    pub text: String,
    /// What stands before the first `</think>`, or everything where the thinking was never closed. `None`
    /// where there is none.
    pub thinking: Option<String>,
    /// What stands after the thinking. `None` where the thinking was never closed.
    pub response: Option<String>,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens of the prompt, the template's included. `None` where the source does not tell.
    pub prompt_tokens: Option<u64>,
    /// Tokens that were drawn, the one that ended the turn included. `None` where the source does not tell.
    pub completion_tokens: Option<u64>,
    /// Wall time from the start of this request's work to its end, in seconds; 0 for a recording.
    pub seconds: f64,
}

/// Why a completion ended. A cancelled one is no completion but an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended its turn, or a stop text appeared.
    Stop,
    /// `max_tokens` or the context was used up.
    Length,
}

impl FinishReason {
    /// The name that the field uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
        }
    }
}

/// A completion and what it took to get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What was said.
    pub completion: Completion,
    /// How many requests it took; 1 for models that run in this process.
    pub attempts: u32,
    /// Its share of what those requests cost, in US dollars. `None` where the model has no price.
    pub usd: Option<f64>,
    /// Its share of the tokens that were billed, the prompt's included: what a budget counts. Samples of one request share the
    /// prompt's tokens and, where nobody counts them apart, the completions'.
    pub tokens: Option<u64>,
    /// The tokens of the completion with their log-probabilities, where the model was asked for them and gives them.
    pub logprobs: Option<Vec<TokenLogProb>>,
}

impl Reply {
    /// A completion that was made in one go and cost nothing.
    pub fn free(completion: Completion) -> Self {
        let tokens = match (completion.prompt_tokens, completion.completion_tokens) {
            (None, None) => None,
            (prompt, drawn) => Some(prompt.unwrap_or(0) + drawn.unwrap_or(0)),
        };
        Self { completion, attempts: 1, usd: None, tokens, logprobs: None }
    }
}

/// One token of a completion as an endpoint tells of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogProb {
    /// The token's text.
    pub token: String,
    /// Natural logarithm of its probability.
    pub logprob: f64,
}
