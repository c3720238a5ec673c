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
    /// The likeliest tokens of that distribution with their log-probabilities, [`KI2026_TOP`](crate::score::KI2026_TOP) of
    /// them. Only of a continuation's first token, and where something precedes it; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<(u32, f64)>,
}
