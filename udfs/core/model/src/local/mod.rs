//! Models that run in this process.
//!
//! In the order in which files become a completion: [`gguf`] or [`folder`] reads them, [`tokenizer`] and [`chat`]
//! turn a prompt into tokens, [`arch`] says what kind of [`decoder`] turns tokens into logits over [`pages`] of keys
//! and values with the [`weights`] in the files, [`sample`] draws from logits, `scheduler` does this for many requests at
//! once, and `score` asks for the probabilities of given tokens instead. What reads texts without continuing them is an
//! [`encoder`] with a `head` for what is asked of it, together an [`encoder_model`]. Underneath, a [`matrix`] is packed into a
//! `weight`, with which [`cpu`] multiplies `rows`, by the vector instructions in `kernel`.

pub mod arch;
pub mod chat;
pub mod cpu;
pub mod decoder;
mod dtype;
pub mod encoder;
pub mod encoder_model;
pub mod folder;
pub mod gguf;
mod head;
mod kernel;
pub mod matrix;
mod options;
pub mod pages;
mod rows;
pub mod sample;
mod scheduler;
mod score;
pub mod tokenizer;
mod weight;
pub mod weights;

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Map, Value};

use self::{chat::ChatTemplate, decoder::Decoder, pages::Pages, tokenizer::Tokenizer};
pub use self::{
    decoder::Precision,
    dtype::WeightDtype,
    encoder_model::{Ability, EncoderModel, EncoderOptions, LayerMix, Overlong},
    kernel::Level,
    options::LocalOptions,
};
use crate::{
    Answer, Cancel, Error, Generate, Kind, Prompt, Queue, Request, Result, Sink, Task, Work, device::DeviceChoice,
    thinking,
};

/// A causal language model in memory.
pub struct LocalModel {
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    decoder: Decoder,
    pages: Mutex<Pages>,
    /// Tokens that have gone through the decoder.
    computed: AtomicU64,
    architecture: String,
    identity: String,
    options: LocalOptions,
}

/// What a checkpoint becomes, whatever its layout.
struct Parts {
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    decoder: Decoder,
    architecture: String,
    identity: String,
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
    /// Loads the model at `path`, a GGUF file or a folder in Hugging Face layout.
    ///
    /// On the CPU, weights stay as the file has them where that is a form that products are fast in (`Q4_0`, `Q4_1`, `Q8_0`,
    /// `F16`, `BF16`); else they are held in f32. On a GPU they are held in f32.
    ///
    /// # Errors
    /// [`Kind::Io`] for a file that is missing or cannot be read, [`Kind::Model`] for one that is damaged, does not fit
    /// the others, or asks for something that is not built, [`Kind::Parameter`] for an option outside its range.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self> {
        options.check()?;
        let place = options.place()?;
        let Parts { tokenizer, chat, decoder, architecture, mut identity } = match path.is_dir() {
            true => folder::load(path, &options, place)?,
            false => weights::gguf::load(path, &options, place)?,
        };
        let (tokens, embeddings) = (tokenizer.len(), decoder.config().vocab_size);
        if tokens > embeddings {
            let message = format!("{}: {tokens} tokens but only {embeddings} embeddings", path.display());
            return Err(Error::new(Kind::Model, message)
                .with_hint("its tokenizer belongs to another checkpoint, or its embeddings were never resized"));
        }
        // Rounded weights are other weights.
        if let Some(dtype) = options.dtype {
            identity = format!("{identity}:{dtype}");
        }
        // So are other numbers to compute in, though their names say that the difference is small.
        if options.precision != Precision::default() && options.device == DeviceChoice::Cpu {
            identity = format!("{identity}:{}", options.precision);
        }
        // Prompts of another day are other prompts, which a call's key would not tell.
        if let Some(now) = options.now.filter(|_| chat.as_ref().is_some_and(ChatTemplate::is_dated)) {
            identity = format!("{identity}:{}", now.format("%Y-%m-%dT%H:%M:%S"));
        }
        let pages = Mutex::new(decoder.pages(options.kv_cache_mb << 20));
        let computed = AtomicU64::new(0);
        Ok(Self { tokenizer, chat, decoder, pages, computed, architecture, identity, options })
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

    /// How many pages the key-value cache may have, how many of them nothing holds now, and the bytes that all take.
    pub fn cache_pages(&self) -> (usize, usize, usize) {
        let pages = self.lock_pages();
        (pages.limit(), pages.available(), pages.size())
    }

    /// How many tokens, of prompts and of completions, have gone through the decoder since the model was loaded. What
    /// was found in the key-value cache is not among them.
    pub fn computed_tokens(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    fn lock_pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_length(&self, tokens: usize) -> Result<()> {
        let context = self.context_length();
        if tokens <= context {
            return Ok(());
        }
        let message = format!("{tokens} tokens do not fit into the model's context of {context}");
        Err(Error::new(Kind::Truncated, message).with_hint("nothing is cut off silently: shorten the prompt"))
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

    fn can_score(&self) -> bool {
        true
    }
}
