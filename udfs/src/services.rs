//! What the functions need from the engine.

use datafusion_common::{Result, exec_err};
use std::fmt::Debug;
use std::sync::Arc;

/// What the functions need from the engine; the default has none of it.
#[derive(Clone, Debug)]
pub struct Services {
    /// The tokenizers of models, for `token_count(text, model)`.
    pub tokenizers: Arc<dyn Tokenizers>,
}

impl Default for Services {
    fn default() -> Self {
        Self { tokenizers: Arc::new(NoTokenizers) }
    }
}

/// The tokenizers of models, by the model's name or URI.
pub trait Tokenizers: Debug + Send + Sync {
    /// The number of tokens of `text` in the vocabulary of `model`, without the special tokens that a chat template adds.
    ///
    /// # Errors
    /// Where there is no such model, or it has no tokenizer at hand. The message goes on after
    /// ``token_count: argument 2 `encoding`: ``.
    fn count(&self, model: &str, text: &str) -> Result<usize>;
}

/// No models.
#[derive(Clone, Copy, Debug)]
pub struct NoTokenizers;

impl Tokenizers for NoTokenizers {
    fn count(&self, model: &str, _text: &str) -> Result<usize> {
        exec_err!(
            "'{model}' is no encoding, and there is no model of this name\n\nhint: 'o200k_base' and 'cl100k_base' need no model"
        )
    }
}
