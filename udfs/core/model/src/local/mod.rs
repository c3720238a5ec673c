//! Models that run in this process.
//!
//! In the order in which files become a completion: [`gguf`] or [`folder`] reads them, [`tokenizer`] and [`chat`]
//! turn a prompt into tokens, [`arch`] says what kind of [`decoder`] turns tokens into logits over a [`cache`] with
//! the [`weights`] in the files, [`sample`] draws from logits, `batch` does this for many requests at once, and `score`
//! asks for the probabilities of given tokens instead.

pub mod arch;
mod attention;
mod batch;
pub mod cache;
pub mod chat;
pub mod decoder;
mod dtype;
pub mod folder;
pub mod gguf;
mod options;
mod product;
pub mod sample;
mod score;
pub mod tokenizer;
pub mod weights;

use std::path::Path;

use serde_json::{Map, Value};

use self::{chat::ChatTemplate, decoder::Decoder, tokenizer::Tokenizer};
pub use self::{dtype::WeightDtype, options::LocalOptions};
use crate::{Cancel, Error, Generate, Kind, LogProb, Prompt, Request, Result, Sink, thinking};

/// A causal language model in memory.
pub struct LocalModel {
    tokenizer: Tokenizer,
    chat: Option<ChatTemplate>,
    decoder: Decoder,
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
    /// Weights are held in f32, 4 bytes a parameter: a product of f32 matrices is several times faster on a CPU than one
    /// of quantized ones, in batches most of all.
    ///
    /// # Errors
    /// [`Kind::Io`] for a file that is missing or cannot be read, [`Kind::Model`] for one that is damaged, does not fit
    /// the others, or asks for something that is not built, [`Kind::Parameter`] for an option outside its range.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self> {
        options.check()?;
        let device = options.device.open()?;
        let Parts { tokenizer, chat, decoder, architecture, mut identity } = match path.is_dir() {
            true => folder::load(path, &options, &device)?,
            false => weights::gguf::load(path, &options, &device)?,
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
        // Prompts of another day are other prompts, which a call's key would not tell.
        if let Some(now) = options.now.filter(|_| chat.as_ref().is_some_and(ChatTemplate::is_dated)) {
            identity = format!("{identity}:{}", now.format("%Y-%m-%dT%H:%M:%S"));
        }
        Ok(Self { tokenizer, chat, decoder, architecture, identity, options })
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
        batch::run(self, requests, cancel, sink);
    }

    fn scorer(&self) -> Option<&dyn LogProb> {
        Some(self)
    }
}
