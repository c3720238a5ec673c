//! Models that run in this process.
//!
//! In the order in which a file becomes a completion: [`gguf`] reads the file, [`tokenizer`] and [`chat`]
//! turn a prompt into tokens, [`arch`] says what kind of [`decoder`] turns tokens into logits over [`pages`] of keys
//! and values with the [`weights`] in the file, [`sample`] draws from logits, and `scheduler` does this for many
//! requests at once. Underneath, [`matrix`] is packed into `weight`, which [`cpu`] multiplies `rows` with, by the
//! vector instructions in `kernel`.

pub mod arch;
pub mod chat;
pub mod cpu;
pub mod decoder;
pub mod gguf;
mod kernel;
pub mod matrix;
pub mod pages;
mod rows;
pub mod sample;
mod scheduler;
pub mod tokenizer;
mod weight;
pub mod weights;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};

use self::{
    chat::ChatTemplate,
    cpu::Cpu,
    decoder::Decoder,
    gguf::Gguf,
    pages::Pages,
    tokenizer::Tokenizer,
};
pub use self::{decoder::Precision, kernel::Level};
use crate::{
    Answer, Cancel, Error, Generate, Kind, LogProb, Prompt, Queue, Request, Result, Sink, Task, TokenScore, Work, digest,
    thinking,
};

/// How a local model works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOptions {
    /// How many completions run side by side. At least 1; default 64.
    pub max_batch: usize,
    /// How many tokens of prompts a step reads beside the completions. At least 1; default 128.
    pub prefill_tokens: usize,
    /// Megabytes (2^20 bytes) that keys and values of tokens may take. At least 1; default 2,048.
    pub kv_cache_mb: usize,
    /// In which numbers products are computed.
    pub precision: Precision,
    /// Completions go on past the end of their turn, up to `max_tokens`: for measurements.
    pub ignore_eos: bool,
    /// Threads; `None` takes one for each physical core.
    pub threads: Option<usize>,
    /// SHA-256 of the file in hexadecimal, where the caller has it already; else it is computed.
    pub sha256: Option<String>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            max_batch: 64,
            prefill_tokens: 128,
            kv_cache_mb: 2048,
            precision: Precision::default(),
            ignore_eos: false,
            threads: None,
            sha256: None,
        }
    }
}

/// A causal language model in memory.
pub struct LocalModel {
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    decoder: Decoder,
    pages: Mutex<Pages>,
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
    /// Loads the GGUF file at `path`. Weights stay as the file has them where that is a form that products are fast in
    /// (`Q4_0`, `Q4_1`, `Q8_0`, `F16`, `BF16`); else they are held in f32.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self> {
        for (name, value) in [
            ("max_batch", options.max_batch),
            ("prefill_tokens", options.prefill_tokens),
            ("kv_cache_mb", options.kv_cache_mb),
            ("threads", options.threads.unwrap_or(1)),
        ] {
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
        let cpu = match options.threads {
            Some(threads) => Cpu::with(Level::best(), threads)?,
            None => Cpu::new()?,
        };
        let decoder = weights::gguf::decoder(&mut gguf, cpu, options.precision)?;
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
            pages: Mutex::new(decoder.pages(options.kv_cache_mb << 20)),
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
        scheduler::score(self, prompt, continuation)
    }

    /// How many pages the key-value cache may have, how many of them nothing holds now, and the bytes that all take.
    pub fn cache_pages(&self) -> (usize, usize, usize) {
        let pages = self.lock_pages();
        (pages.limit(), pages.available(), pages.size())
    }

    fn lock_pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prompt and continuation in tokens, each tokenized by itself.
    fn encode_pair(&self, prompt: &Prompt, continuation: &str) -> Result<(Vec<u32>, Vec<u32>)> {
        let prompt = match prompt {
            // Nothing before the continuation is a question one may ask of a score, though not of a completion.
            Prompt::Raw(text) => self.tokenizer.encode_whole(text)?,
            chat => self.encode(chat, None)?.ids,
        };
        Ok((prompt, self.tokenizer.encode(continuation)?))
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
    fn scored(&self, id: u32, logits: &[f32]) -> TokenScore {
        let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let (mut sum, mut weighted) = (0.0, 0.0);
        for &logit in logits {
            let shifted = f64::from(logit) - max;
            sum += shifted.exp();
            weighted += shifted * shifted.exp();
        }
        let own = logits[id as usize];
        TokenScore {
            logprob: Some(f64::from(own) - max - sum.ln()),
            rank: Some(logits.iter().filter(|&&logit| logit > own).count() as u64),
            entropy: Some(sum.ln() - weighted / sum),
            ..self.unscored(id)
        }
    }
}

impl Generate for LocalModel {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn generate(&self, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>) {
        /// Requests that are all there from the beginning.
        struct Listed<'a, 'b> {
            requests: std::iter::Enumerate<std::slice::Iter<'a, Request>>,
            cancel: &'a Cancel,
            sink: &'a mut Sink<'b>,
        }

        impl Queue for Listed<'_, '_> {
            fn next(&mut self, _: bool) -> Option<Work> {
                let (i, request) = self.requests.next()?;
                Some(Work { ticket: i as u64, task: Task::Complete(request.clone()), cancel: self.cancel.clone() })
            }

            fn done(&mut self, ticket: u64, outcome: Result<Answer>) {
                let outcome = outcome.and_then(|answer| match answer {
                    Answer::Completion(completion) => Ok(completion),
                    Answer::Scores(_) => Err(Error::new(Kind::Model, "scores for a completion")),
                });
                (self.sink)(ticket as usize, outcome);
            }
        }

        self.serve(&mut Listed { requests: requests.iter().enumerate(), cancel, sink });
    }

    fn serve(&self, queue: &mut dyn Queue) {
        scheduler::serve(self, queue);
    }
}

impl LogProb for LocalModel {
    fn log_prob(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<TokenScore>> {
        let (prompt, continuation) = self.encode_pair(prompt, continuation)?;
        self.score(&prompt, &continuation)
    }
}
