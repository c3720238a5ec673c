//! How probable given tokens are: one teacher-forced pass, many continuations side by side, in the batches in which
//! completions are made.

use super::{LocalModel, scheduler};
use crate::{Cancel, Error, Kind, LogProb, Prompt, Result, ScoreSink, TokenScore};

/// A prompt's tokens and a continuation's.
pub(super) type Pair = (Vec<u32>, Vec<u32>);

impl LocalModel {
    /// Scores the tokens `continuation` after the tokens `prompt`, one put after the other.
    ///
    /// # Errors
    /// [`Kind::Truncated`] where they do not fit into the context, [`Kind::Parameter`] for a number outside the vocabulary.
    pub fn score(&self, prompt: &[u32], continuation: &[u32]) -> Result<Vec<TokenScore>> {
        let mut scores = Err(Error::cancelled());
        let pair = (prompt.to_vec(), continuation.to_vec());
        self.score_all(&[pair], &Cancel::new(), &mut |_, outcome| scores = outcome);
        scores
    }

    /// Scores many continuations; what [`score`](Self::score) says of each, to the bit.
    pub fn score_all(&self, pairs: &[(Vec<u32>, Vec<u32>)], cancel: &Cancel, sink: &mut ScoreSink<'_>) {
        scheduler::score(self, pairs, cancel, sink);
    }

    pub(super) fn check_pair(&self, (prompt, continuation): &Pair) -> Result<()> {
        self.check_length(prompt.len() + continuation.len())?;
        let vocab = self.decoder.config().vocab_size;
        match prompt.iter().chain(continuation).find(|&&id| id as usize >= vocab) {
            Some(id) => Err(Error::new(Kind::Parameter, format!("token {id} lies outside the vocabulary of {vocab}"))),
            None => Ok(()),
        }
    }

    pub(super) fn unscored(&self, id: u32) -> TokenScore {
        let token = self.tokenizer.token(id);
        TokenScore { id, token, logprob: None, rank: None, entropy: None, top: Vec::new() }
    }

    /// What `logits`, `[vocab]`, say about `id`: log p = l - ln Σ exp l, H = ln Σ exp l - Σ p l.
    pub(super) fn scored(&self, id: u32, logits: &[f32]) -> TokenScore {
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

    /// Prompt and continuation in tokens, each tokenized by itself.
    pub(super) fn pair(&self, prompt: &Prompt, continuation: &str) -> Result<Pair> {
        let prompt = match prompt {
            // Nothing before the continuation is a question one may ask of a score, though not of a completion.
            Prompt::Raw(text) => self.tokenizer.encode_whole(text)?,
            chat => self.encode(chat, None)?.ids,
        };
        Ok((prompt, self.tokenizer.encode(continuation)?))
    }
}

impl LogProb for LocalModel {
    fn log_prob(&self, prompt: &Prompt, continuation: &str) -> Result<Vec<TokenScore>> {
        let (prompt, continuation) = self.pair(prompt, continuation)?;
        self.score(&prompt, &continuation)
    }

    fn log_probs(&self, pairs: &[(Prompt, String)], cancel: &Cancel, sink: &mut ScoreSink<'_>) {
        let mut encoded = Vec::new();
        let mut places = Vec::new();
        for (i, (prompt, continuation)) in pairs.iter().enumerate() {
            match self.pair(prompt, continuation) {
                Ok(pair) => {
                    encoded.push(pair);
                    places.push(i);
                }
                Err(error) => sink(i, Err(error)),
            }
        }
        self.score_all(&encoded, cancel, &mut |i, outcome| sink(places[i], outcome));
    }
}
