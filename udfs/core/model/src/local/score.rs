//! How probable given tokens are: one teacher-forced pass, many continuations side by side.
//!
//! What a prompt's continuations have in common, all of it but its last token, is read once; each continuation goes on
//! from a copy of that cache.

use std::collections::HashMap;

use super::{LocalModel, cache::KvCache, decoder::Span};
use crate::{Cancel, Error, Kind, LogProb, Prompt, Result, ScoreSink, TokenScore, score};

/// Tokens to read behind what a cache holds.
struct Stream<'a> {
    tokens: Vec<u32>,
    cache: KvCache,
    read: usize,
    /// What the state after each token is to predict; empty where no state is asked for.
    targets: &'a [u32],
    scores: Vec<TokenScore>,
}

/// A prompt's tokens and a continuation's.
type Pair = (Vec<u32>, Vec<u32>);

/// Where scores of tokens go: position of the pair, outcome.
type Scored<'a> = &'a mut dyn FnMut(usize, Result<Vec<TokenScore>>);

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
    pub fn score_all(&self, pairs: &[Pair], cancel: &Cancel, sink: Scored<'_>) {
        let mut waiting = Vec::new();
        for (i, pair) in pairs.iter().enumerate() {
            match self.check_pair(pair) {
                Ok(()) => waiting.push(i),
                Err(error) => sink(i, Err(error)),
            }
        }
        // Pairs with one beginning stand together, in the order in which the beginnings appear.
        let mut first: HashMap<&[u32], usize> = HashMap::new();
        waiting.sort_by_cached_key(|&i| *first.entry(shared(&pairs[i])).or_insert(i));
        let mut kept = HashMap::new();
        let mut done = 0;
        while done < waiting.len() {
            let some = &waiting[done..waiting.len().min(done + self.options.max_batch)];
            match self.score_some(pairs, &waiting[done..], some.len(), &mut kept, cancel) {
                Ok(scores) => some.iter().zip(scores).for_each(|(&i, scores)| sink(i, Ok(scores))),
                Err(error) => return waiting[done..].iter().for_each(|&i| sink(i, Err(error.clone()))),
            }
            done += some.len();
        }
    }

    /// Scores the first `n` of `waiting`. `kept` is the cache of a beginning that more pairs go on from.
    fn score_some<'a>(
        &self,
        pairs: &'a [Pair],
        waiting: &[usize],
        n: usize,
        kept: &mut HashMap<&'a [u32], KvCache>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<TokenScore>>> {
        let mut beginnings: Vec<(&'a [u32], Stream<'a>)> = Vec::new();
        for &i in &waiting[..n] {
            let tokens = shared(&pairs[i]);
            if !kept.contains_key(tokens) && beginnings.last().is_none_or(|(known, _)| *known != tokens) {
                let cache = self.decoder.cache(pairs[i].0.len() + pairs[i].1.len())?;
                beginnings.push((
                    tokens,
                    Stream { tokens: tokens.to_vec(), cache, read: 0, targets: &[], scores: Vec::new() },
                ));
            }
        }
        let (keys, mut streams): (Vec<_>, Vec<_>) = beginnings.into_iter().unzip();
        self.read(&mut streams, cancel)?;
        kept.extend(keys.into_iter().zip(streams.into_iter().map(|stream| stream.cache)));

        let mut streams = Vec::with_capacity(n);
        for (at, &i) in waiting[..n].iter().enumerate() {
            let (prompt, continuation) = &pairs[i];
            let beginning = shared(&pairs[i]);
            // Pairs with one beginning are neighbours: the last of them works on the cache itself.
            let more = waiting.get(at + 1).is_some_and(|&next| shared(&pairs[next]) == beginning);
            let cache = match more {
                true => kept.get(beginning).map(KvCache::fork).transpose()?,
                false => kept.remove(beginning),
            };
            let cache = cache.ok_or_else(|| Error::new(Kind::Model, "a prompt was scored before it was read"))?;
            // The state after a token predicts the next; the first token of all has nothing before it.
            let (unscored, targets) = continuation.split_at(usize::from(prompt.is_empty()).min(continuation.len()));
            let states = continuation.iter().take(continuation.len().saturating_sub(1));
            let tokens =
                prompt.last().into_iter().filter(|_| !continuation.is_empty()).chain(states).copied().collect();
            let scores = unscored.iter().map(|&id| self.unscored(id)).collect();
            streams.push(Stream { tokens, cache, read: 0, targets, scores });
        }
        self.read(&mut streams, cancel)?;
        Ok(streams.into_iter().map(|stream| stream.scores).collect())
    }

    /// Runs all tokens of `streams`. Each is cut at the same places whatever else a step holds.
    fn read(&self, streams: &mut [Stream<'_>], cancel: &Cancel) -> Result<()> {
        let size = self.options.prefill_tokens;
        loop {
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let mut room = size;
            let mut wanted: Vec<u32> = Vec::new();
            let mut pieces = Vec::new();
            let mut spans = Vec::new();
            let mut end = 0;
            for (i, stream) in streams.iter_mut().enumerate() {
                let piece = (stream.tokens.len() - stream.read).min(size);
                if piece == 0 || room == 0 {
                    continue;
                }
                room = room.saturating_sub(piece);
                if !stream.targets.is_empty() {
                    wanted.extend((end..end + piece).map(|row| row as u32));
                    pieces.push((i, piece));
                }
                end += piece;
                let tokens = &stream.tokens[stream.read..stream.read + piece];
                spans.push(Span { tokens, cache: &mut stream.cache });
                stream.read += piece;
            }
            if spans.is_empty() {
                return Ok(());
            }
            let hidden = self.decoder.forward(&mut spans)?;
            if wanted.is_empty() {
                continue;
            }
            let logits = self.decoder.logits(&hidden, &wanted)?.flatten_all()?.to_vec1::<f32>()?;
            let mut rows = logits.chunks_exact(self.decoder.config().vocab_size);
            for (i, piece) in pieces {
                let stream = &mut streams[i];
                let targets = &stream.targets[stream.read - piece..stream.read];
                for (&id, row) in targets.iter().zip(&mut rows) {
                    let is_first = stream.scores.is_empty();
                    let mut score = self.scored(id, row);
                    if is_first {
                        score.top = score::top(row, score::KI2026_TOP);
                    }
                    stream.scores.push(score);
                }
            }
        }
    }

    fn check_pair(&self, (prompt, continuation): &Pair) -> Result<()> {
        self.check_length(prompt.len() + continuation.len())?;
        let vocab = self.decoder.config().vocab_size;
        match prompt.iter().chain(continuation).find(|&&id| id as usize >= vocab) {
            Some(id) => Err(Error::new(Kind::Parameter, format!("token {id} lies outside the vocabulary of {vocab}"))),
            None => Ok(()),
        }
    }

    fn unscored(&self, id: u32) -> TokenScore {
        let token = self.tokenizer.token(id);
        TokenScore { id, token, logprob: None, rank: None, entropy: None, top: Vec::new() }
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

    fn pair(&self, prompt: &Prompt, continuation: &str) -> Result<Pair> {
        let prompt = match prompt {
            // Nothing before the continuation is a question one may ask of a score, though not of a completion.
            Prompt::Raw(text) => self.tokenizer.encode_whole(text)?,
            chat => self.encode(chat, None)?.ids,
        };
        Ok((prompt, self.tokenizer.encode(continuation)?))
    }
}

/// What all continuations of a prompt have before them, apart from the state that predicts their first token.
fn shared((prompt, _): &Pair) -> &[u32] {
    prompt.split_last().map_or(&[], |(_, before)| before)
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
