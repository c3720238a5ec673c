//! Continuous batching: many requests over one set of weights.
//!
//! Equal prompts are prefilled once and their samples start from copies of that cache. Each step is one
//! forward pass over the last token of every row that is being completed, and a piece of the prompts that
//! come next; a row that finishes leaves, and a waiting one takes its place. No number that a row is made of
//! depends on what else a step holds, so that a statement that was interrupted goes on with the same outputs
//! that it would have had.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use super::{LocalModel, cache::KvCache, decoder::Span, sample::Sampler};
use crate::{Cancel, Completion, Error, FinishReason, Kind, Request, Result, Sampling, Sink, thinking};

/// Completes `requests` on `model`; see [`Generate::generate`](crate::Generate::generate).
pub(super) fn run(model: &LocalModel, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>) {
    let mut batch = Batch {
        model,
        prompts: queue(model, requests, cancel, sink),
        filling: VecDeque::new(),
        filled: VecDeque::new(),
        rows: Vec::new(),
    };
    let outcome = loop {
        if cancel.is_cancelled() {
            break Err(Error::cancelled());
        }
        match batch.step(sink) {
            Ok(true) => {}
            other => break other.map(drop),
        }
    };
    if let Err(error) = outcome {
        batch.fail(&error, sink);
    }
}

/// A request whose prompt is already tokens.
struct Job {
    /// Position of the request.
    index: usize,
    sample: u64,
    sampling: Sampling,
    /// The prompt ends within thinking.
    opened: bool,
}

/// A prompt and the requests for it.
struct Prompt {
    ids: Vec<u32>,
    jobs: VecDeque<Job>,
}

/// A prompt on its way through the model.
struct Filling {
    prompt: Prompt,
    cache: KvCache,
    started: Instant,
}

/// A prompt that the model has read.
struct Filled {
    prompt: Prompt,
    cache: KvCache,
    /// Logits of the token that comes first.
    logits: Vec<f32>,
    /// When work on the prompt began, until its first request has taken it.
    started: Option<Instant>,
}

/// A completion on its way.
struct Row {
    job: Job,
    cache: KvCache,
    sampler: Sampler,
    prompt_tokens: usize,
    /// Tokens that may still be drawn.
    left: usize,
    /// The last token, which the model has not seen yet.
    last: u32,
    drawn: u64,
    bytes: Vec<u8>,
    started: Instant,
}

struct Batch<'a> {
    model: &'a LocalModel,
    prompts: VecDeque<Prompt>,
    filling: VecDeque<Filling>,
    filled: VecDeque<Filled>,
    rows: Vec<Row>,
}

/// Turns requests into prompts, equal ones together, in the order in which they first appear.
fn queue(model: &LocalModel, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>) -> VecDeque<Prompt> {
    let mut prompts: VecDeque<Prompt> = VecDeque::new();
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        if cancel.is_cancelled() {
            sink(index, Err(Error::cancelled()));
            continue;
        }
        let encoded = match model.encode(&request.prompt, request.sampling.enable_thinking) {
            Ok(encoded) => encoded,
            Err(error) => {
                sink(index, Err(error));
                continue;
            }
        };
        let job = Job { index, sample: request.sample, sampling: request.sampling.clone(), opened: encoded.opened };
        let place = *known.entry(encoded.ids).or_insert_with_key(|ids| {
            prompts.push_back(Prompt { ids: ids.clone(), jobs: VecDeque::new() });
            prompts.len() - 1
        });
        prompts[place].jobs.push_back(job);
    }
    prompts
}

impl Batch<'_> {
    /// One forward pass, and what follows from it. `false` where nothing is left to do.
    fn step(&mut self, sink: &mut Sink<'_>) -> Result<bool> {
        self.start_rows(sink)?;
        self.start_prompts()?;
        let pieces = self.pieces();

        let mut spans = Vec::with_capacity(self.rows.len() + pieces.len());
        for row in &mut self.rows {
            spans.push(Span { tokens: std::slice::from_ref(&row.last), cache: &mut row.cache });
        }
        // Positions in the pass whose logits are wanted: every row's, and the last one of each prompt that is through.
        let mut wanted: Vec<u32> = (0..spans.len() as u32).collect();
        let mut end = spans.len();
        let mut through = 0;
        for (filling, &piece) in self.filling.iter_mut().zip(&pieces) {
            let seen = filling.cache.len();
            end += piece;
            if seen + piece == filling.prompt.ids.len() {
                wanted.push(end as u32 - 1);
                through += 1;
            }
            spans.push(Span { tokens: &filling.prompt.ids[seen..seen + piece], cache: &mut filling.cache });
        }
        if spans.is_empty() {
            return Ok(false);
        }
        let decoder = &self.model.decoder;
        let hidden = decoder.forward(&mut spans)?;
        if wanted.is_empty() {
            return Ok(true);
        }
        let mut logits = decoder.logits(&hidden, &wanted)?.flatten_all()?.to_vec1::<f32>()?;
        let mut logits = logits.chunks_exact_mut(decoder.config().vocab_size);

        let mut going = Vec::with_capacity(self.rows.len());
        for (mut row, logits) in self.rows.drain(..).zip(&mut logits) {
            match row.advance(self.model, logits) {
                Ok(None) => going.push(row),
                Ok(Some(reason)) => sink(row.job.index, Ok(row.finish(reason))),
                Err(error) => sink(row.job.index, Err(error)),
            }
        }
        self.rows = going;
        // Prompts are read in order, so those that are through stand first.
        for (Filling { prompt, cache, started }, logits) in self.filling.drain(..through).zip(logits) {
            let logits = logits.to_vec();
            self.filled.push_back(Filled { prompt, cache, logits, started: Some(started) });
        }
        Ok(true)
    }

    /// Starts completions of prompts that are through, as far as there is room.
    fn start_rows(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        while self.rows.len() < self.model.options.max_batch {
            let Some(mut filled) = self.filled.pop_front() else {
                break;
            };
            // Every request but the last works on a copy.
            let copy = match filled.prompt.jobs.len() > 1 {
                true => match filled.cache.fork() {
                    Ok(copy) => Some(copy),
                    Err(error) => {
                        self.filled.push_front(filled);
                        return Err(error.into());
                    }
                },
                false => None,
            };
            let Some(job) = filled.prompt.jobs.pop_front() else {
                continue;
            };
            let started = filled.started.take().unwrap_or_else(Instant::now);
            let prompt_tokens = filled.prompt.ids.len();
            let sampler = Sampler::new(&job.sampling, job.sample, &filled.prompt.ids);
            let room = self.model.context_length() - prompt_tokens;
            let left = job.sampling.max_tokens.min(room);
            let (cache, mut logits) = match copy {
                Some(copy) => {
                    let logits = filled.logits.clone();
                    self.filled.push_front(filled);
                    (copy, logits)
                }
                None => (filled.cache, filled.logits),
            };
            let mut row =
                Row { job, cache, sampler, prompt_tokens, left, last: 0, drawn: 0, bytes: Vec::new(), started };
            match row.advance(self.model, &mut logits) {
                Ok(None) => self.rows.push(row),
                Ok(Some(reason)) => sink(row.job.index, Ok(row.finish(reason))),
                Err(error) => sink(row.job.index, Err(error)),
            }
        }
        Ok(())
    }

    /// Takes up waiting prompts, as far as there are rows and tokens for them in this step.
    fn start_prompts(&mut self) -> Result<()> {
        let options = &self.model.options;
        let mut tokens: usize = self.filling.iter().map(Filling::left).sum();
        while tokens < options.prefill_tokens
            && self.filled.is_empty()
            && self.rows.len() + self.filling.len() < options.max_batch
        {
            let Some(prompt) = self.prompts.pop_front() else {
                break;
            };
            let cache = match self.model.decoder.cache(prompt.ids.len() + 1) {
                Ok(cache) => cache,
                Err(error) => {
                    self.prompts.push_front(prompt);
                    return Err(error.into());
                }
            };
            tokens += prompt.ids.len();
            let started = Instant::now();
            self.filling.push_back(Filling { prompt, cache, started });
        }
        Ok(())
    }

    /// How many tokens of each prompt that is being read this step takes. A prompt is cut at the same places
    /// whatever else the step holds, so that its numbers are the same; the last piece may therefore exceed
    /// what a step is meant to read.
    fn pieces(&self) -> Vec<usize> {
        let size = self.model.options.prefill_tokens;
        let mut taken = 0;
        let piece = |filling: &Filling| {
            let piece = filling.left().min(size);
            let fits = taken < size;
            taken += piece;
            fits.then_some(piece)
        };
        self.filling.iter().map_while(piece).collect()
    }

    /// Hands `error` over for everything that is not finished.
    fn fail(self, error: &Error, sink: &mut Sink<'_>) {
        let prompts = (self.filled.into_iter().map(|f| f.prompt))
            .chain(self.filling.into_iter().map(|f| f.prompt))
            .chain(self.prompts);
        let waiting = prompts.flat_map(|prompt| prompt.jobs);
        for job in self.rows.into_iter().map(|row| row.job).chain(waiting) {
            sink(job.index, Err(error.clone()));
        }
    }
}

impl Filling {
    fn left(&self) -> usize {
        self.prompt.ids.len() - self.cache.len()
    }
}

impl Row {
    /// Draws the next token, and says whether the completion ends with it.
    fn advance(&mut self, model: &LocalModel, logits: &mut [f32]) -> Result<Option<FinishReason>> {
        let token = self.sampler.draw(logits).ok_or_else(|| {
            Error::new(Kind::Model, "the model's logits are not numbers")
                .with_hint("its file may be damaged: fetch it again")
        })?;
        self.last = token;
        self.drawn += 1;
        self.left -= 1;
        if model.tokenizer.ends(token) {
            return Ok(Some(FinishReason::Stop));
        }
        let before = self.bytes.len();
        model.tokenizer.decode_into(token, &mut self.bytes);
        if let Some(at) = first_stop(&self.bytes, before, &self.job.sampling.stop) {
            self.bytes.truncate(at);
            return Ok(Some(FinishReason::Stop));
        }
        Ok((self.left == 0).then_some(FinishReason::Length))
    }

    fn finish(self, finish_reason: FinishReason) -> Completion {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let parts = thinking::split(&text, self.job.opened);
        Completion {
            text,
            thinking: parts.thinking,
            response: parts.response,
            finish_reason,
            prompt_tokens: Some(self.prompt_tokens as u64),
            completion_tokens: Some(self.drawn),
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }
}

/// Where the first stop text begins, given that none lies within the first `before` bytes. Bytes serve as
/// well as characters: in UTF-8 no character's bytes begin inside another's.
fn first_stop(bytes: &[u8], before: usize, stops: &[String]) -> Option<usize> {
    let begin = |stop: &String| {
        let from = (before + 1).saturating_sub(stop.len());
        let at = bytes[from..].windows(stop.len()).position(|window| window == stop.as_bytes())?;
        Some(from + at)
    };
    stops.iter().filter_map(begin).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&s| s.to_owned()).collect()
    }

    #[test]
    fn a_stop_text_may_begin_in_an_earlier_token() {
        assert_eq!(first_stop("a\n\nb".as_bytes(), 2, &stops(&["\n\n"])), Some(1));
        assert_eq!(first_stop("จบ".as_bytes(), 4, &stops(&["จบ"])), Some(0));
    }

    #[test]
    fn the_first_of_several_stop_texts_ends_the_text() {
        assert_eq!(first_stop(b"one two", 0, &stops(&["two", "ne", "x"])), Some(1));
        assert_eq!(first_stop(b"one two", 0, &stops(&["three"])), None);
        assert_eq!(first_stop(b"", 0, &stops(&["three"])), None);
    }
}
