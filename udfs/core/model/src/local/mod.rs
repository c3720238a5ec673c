//! Models that run in this process.
//!
//! In the order in which a file becomes a completion: [`gguf`] reads the file, [`tokenizer`] and [`chat`]
//! turn a prompt into tokens, [`arch`] says what kind of [`decoder`] turns tokens into logits over a [`cache`] with
//! the [`weights`] in the file, [`sample`] draws from logits, and `batch` does this for many requests at once.

pub mod arch;
mod attention;
mod batch;
pub mod cache;
pub mod chat;
pub mod decoder;
pub mod gguf;
mod product;
pub mod sample;
pub mod tokenizer;
pub mod weights;

use std::path::Path;

use candle_core::{Device, IndexOp, Tensor};
use serde_json::{Map, Value};

use self::{
    chat::ChatTemplate,
    decoder::{Decoder, Span},
    gguf::Gguf,
    tokenizer::Tokenizer,
};
use crate::{Cancel, Error, Generate, Kind, LogProb, Prompt, Request, Result, Sink, TokenScore, digest, thinking};

/// How a local model works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOptions {
    /// How many completions run side by side. At least 1; default 32.
    pub max_batch: usize,
    /// How many tokens of prompts a step reads beside the completions. At least 1; default 64, at which a
    /// step takes about as long as one of a full batch without prompts.
    pub prefill_tokens: usize,
    /// SHA-256 of the file in hexadecimal, where the caller has it already; else it is computed.
    pub sha256: Option<String>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { max_batch: 32, prefill_tokens: 64, sha256: None }
    }
}

/// A causal language model in memory.
pub struct LocalModel {
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    decoder: Decoder,
    architecture: String,
    identity: String,
    options: LocalOptions,
}

/// A prompt as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The text, after the chat template.
    pub text: String,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// It ends within thinking, which the completion has to close.
    pub opened: bool,
}

impl LocalModel {
    /// Loads the GGUF file at `path` onto the CPU, weights dequantized to f32: 4 bytes a parameter. A product
    /// of f32 matrices is several times faster on a CPU than one of quantized ones, in batches most of all.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self> {
        for (name, value) in [("max_batch", options.max_batch), ("prefill_tokens", options.prefill_tokens)] {
            if value == 0 {
                return Err(Error::new(Kind::Parameter, format!("parameter {name} must be 1 or more, got 0")));
            }
        }
        let mut gguf = Gguf::open(path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let chat = gguf
            .text("tokenizer.chat_template")?
            .map(|source| ChatTemplate::new(source, tokenizer.bos(), tokenizer.eos()))
            .transpose()?;
        let decoder = weights::gguf::decoder(&mut gguf, &Device::Cpu)?;
        let (tokens, embeddings) = (tokenizer.len(), decoder.config().vocab_size);
        if tokens > embeddings {
            return Err(gguf.invalid(format!("{tokens} tokens but only {embeddings} embeddings")));
        }
        let sha256 = match &options.sha256 {
            Some(sha256) => sha256.clone(),
            None => digest::sha256_file(path)?,
        };
        Ok(Self {
            tokenizer,
            chat,
            decoder,
            architecture: gguf.architecture().to_owned(),
            identity: format!("gguf:sha256:{sha256}"),
            options,
        })
    }

    /// The name of the architecture, as the file gives it.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The most tokens that prompt and completion may have together.
    pub fn context_length(&self) -> usize {
        self.decoder.config().max_position_embeddings
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The decoder.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// `prompt` as the model reads it. A chat goes through the template, which writes BOS itself where it
    /// wants it; raw text is tokenized as the checkpoint's tokenizer does by default.
    ///
    /// # Errors
    /// [`Kind::Truncated`] where the context has no room left for a completion, [`Kind::Parameter`] where there is nothing
    /// to read, and what [`ChatTemplate::render`] says.
    pub fn encode(&self, prompt: &Prompt, enable_thinking: Option<bool>) -> Result<Encoded> {
        let (text, ids) = match prompt {
            Prompt::Raw(text) => (text.clone(), self.tokenizer.encode_whole(text)?),
            Prompt::Chat(messages) => {
                let template = self.chat.as_ref().ok_or_else(|| {
                    Error::new(Kind::Model, "this model has no chat template")
                        .with_hint("raw => true sends the prompt without a template")
                })?;
                let mut variables = Map::new();
                variables.insert("add_generation_prompt".into(), Value::Bool(true));
                if let Some(on) = enable_thinking {
                    variables.insert("enable_thinking".into(), Value::Bool(on));
                }
                let text = template.render(messages, &variables)?;
                let ids = self.tokenizer.encode(&text)?;
                (text, ids)
            }
        };
        if ids.is_empty() {
            return Err(Error::new(Kind::Parameter, "the prompt is empty, and the model needs a token to start from"));
        }
        self.check_length(ids.len() + 1)?;
        let opened = thinking::is_open(&text);
        Ok(Encoded { text, ids, opened })
    }

    /// Scores `continuation` after `prompt`, both tokens below the vocabulary's size, one put after the other.
    pub fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Vec<TokenScore>> {
        let all = [prompt, continuation].concat();
        self.check_length(all.len())?;
        if let Some(id) = all.iter().find(|&&id| id as usize >= self.decoder.config().vocab_size) {
            return Err(Error::new(Kind::Parameter, format!("token {id} lies outside the vocabulary")));
        }
        let mut scores = Vec::with_capacity(continuation.len());
        // The state after token i predicts token i + 1; the first token of all has nothing before it.
        if prompt.is_empty()
            && let Some(&first) = all.first()
        {
            scores.push(self.unscored(first));
        }
        let mut cache = self.decoder.cache(all.len())?;
        let read = all.len().saturating_sub(1);
        let first_wanted = prompt.len().saturating_sub(1);
        while cache.len() < read {
            let from = cache.len();
            let to = read.min(from + self.options.prefill_tokens);
            let mut spans = [Span { tokens: &all[from..to], cache: &mut cache }];
            let hidden = self.decoder.forward(&mut spans)?;
            let wanted: Vec<u32> = (first_wanted.max(from)..to).map(|i| (i - from) as u32).collect();
            if wanted.is_empty() {
                continue;
            }
            let logits = self.decoder.logits(&hidden, &wanted)?;
            for (row, &at) in wanted.iter().enumerate() {
                let next = all[from + at as usize + 1];
                scores.push(self.scored(next, &logits.i(row)?)?);
            }
        }
        Ok(scores)
    }

    fn check_length(&self, tokens: usize) -> Result<()> {
        let context = self.context_length();
        if tokens <= context {
            return Ok(());
        }
        let message = format!("{tokens} tokens do not fit into the model's context of {context}");
        Err(Error::new(Kind::Truncated, message).with_hint("nothing is cut off silently: shorten the prompt"))
    }

    fn unscored(&self, id: u32) -> TokenScore {
        let token = self.tokenizer.token(id);
        TokenScore { id, token, logprob: None, rank: None, entropy: None }
    }

    /// What `logits`, `[vocab]`, say about `id`: log p = l - ln Σ exp l, H = ln Σ exp l - Σ p l.
    fn scored(&self, id: u32, logits: &Tensor) -> Result<TokenScore> {
        let logits = logits.to_vec1::<f32>()?;
        let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let (mut sum, mut weighted) = (0.0, 0.0);
        for &logit in &logits {
            let shifted = f64::from(logit) - max;
            sum += shifted.exp();
            weighted += shifted * shifted.exp();
        }
        let own = logits[id as usize];
        Ok(TokenScore {
            logprob: Some(f64::from(own) - max - sum.ln()),
            rank: Some(logits.iter().filter(|&&logit| logit > own).count() as u64),
            entropy: Some(sum.ln() - weighted / sum),
            ..self.unscored(id)
        })
    }
}

impl Generate for LocalModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn generate(&self, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>) {
        batch::run(self, requests, cancel, sink);
    }
}

impl LogProb for LocalModel {
    fn log_prob(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<TokenScore>> {
        let prompt = match prompt {
            // Nothing before the continuation is a question one may ask of a score, though not of a completion.
            Prompt::Raw(text) => self.tokenizer.encode_whole(text)?,
            chat => self.encode(chat, None)?.ids,
        };
        self.score(&prompt, &self.tokenizer.encode(continuation)?)
    }
}
