//! How probable a model finds a given continuation, token by token (teacher forcing).

use serde::{Deserialize, Serialize};

use crate::Result;

/// A model that scores a continuation.
pub trait LogProb: Send + Sync {
    /// Scores `continuation` after `prompt`. The two are tokenized apart and their tokens put one after the
    /// other, so that scores of one continuation after different prompts are scores of the same tokens.
    fn log_prob(&self, prompt: &crate::Prompt, continuation: &str) -> Result<Vec<TokenScore>>;
}

/// What the model made of one token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenScore {
    /// The token's number in the vocabulary.
    pub id: u32,
    /// The token's text; a part of a character is shown as U+FFFD.
    pub token: String,
    /// Natural logarithm of the token's probability. `None` for a token that nothing precedes.
    pub logprob: Option<f64>,
    /// How many tokens were more probable. `None` as above.
    pub rank: Option<u64>,
    /// Entropy of the distribution that predicts the token, in nats. `None` as above.
    pub entropy: Option<f64>,
}
