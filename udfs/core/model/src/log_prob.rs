//! How probable a model finds a given continuation, token by token (teacher forcing).

use serde::{Deserialize, Serialize};

use crate::{Cancel, Error, Prompt, Result};

/// A model that scores a continuation.
pub trait LogProb: Send + Sync {
    /// Scores `continuation` after `prompt`. The two are tokenized apart and their tokens put one after the
    /// other, so that scores of one continuation after different prompts are scores of the same tokens.
    ///
    /// # Errors
    /// [`Kind::Truncated`](crate::Kind::Truncated) where the two together do not fit into the context: nothing is cut off.
    fn log_prob(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<TokenScore>>;

    /// Scores many continuations, in whatever order is fastest, and hands each outcome with its position to `sink` as
    /// soon as it is there: every position once, and as [`log_prob`](Self::log_prob) would give it, to the bit. After
    /// `cancel` is raised, what has not been handed over is handed over as cancelled.
    fn log_probs(&self, pairs: &[(Prompt, String)], cancel: &Cancel, sink: &mut ScoreSink<'_>) {
        for (i, (prompt, continuation)) in pairs.iter().enumerate() {
            match cancel.is_cancelled() {
                true => sink(i, Err(Error::cancelled())),
                false => sink(i, self.log_prob(prompt, continuation)),
            }
        }
    }
}

/// Where scores go: position of the pair, outcome.
pub type ScoreSink<'a> = dyn FnMut(usize, Result<Vec<TokenScore>>) + 'a;

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
